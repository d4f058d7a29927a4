# SPDX-License-Identifier: Apache-2.0
"""The cells of the matrix about choosing key accounts: the steps of rounds, ballots being cast, and the reports, with what may stand in these."""

import re

import world

VERDICTS = ["CANDIDATE_VERDICT_" + verdict for verdict in ("CANDIDATE", "CONFIRMED", "IN_DOUBT", "NOT_A_CANDIDATE", "UNKNOWN")]


def requests(caller, target, there):
    """Choosing key accounts: rounds and their steps, and the reports."""
    role, account = caller.role, "accounts/" + target
    steps = {"RoundService/" + verb: {"name": "rounds/" + name, "validateOnly": True, **more} for verb, name, more in
             (("OpenRound", "p", {}), ("CloseRound", "open", {}),
              ("DecideRound", "decided", {"verdicts": [{"account": account, "verdict": "DECISION_VERDICT_KEEP", "reason": "R"}]}))}
    reports = {
        "ExplainScore": [("report", {"name": account}, there), ("missing", {"name": "accounts/missing"}, "NOT_FOUND")],
        "GetAlignment": [("report", {"name": "rounds/decided", "explain": True}, "OK" if role.scope == "ALL" else "PERMISSION_DENIED"),
                         ("blind", {"name": "rounds/open"}, "FAILED_PRECONDITION"), ("missing", {"name": "rounds/missing"}, "NOT_FOUND")],
        "GetBacktest": [("report", {"fromDate": caller.furnished_on, "details": True}, "OK")],
        "GetCandidates": [("report", {"verdicts": VERDICTS, "explain": True}, "OK")],
        "GetGap": [("report", {"name": account}, there), ("missing", {"name": "accounts/missing"}, "NOT_FOUND")],
        "GetGrowth": [("report", {"explain": True}, "OK"), ("of one", {"account": account}, there), ("missing", {"account": "accounts/missing"}, "NOT_FOUND")],
        "GetImpact": [("report", {"accounts": [account], "explain": True}, there), ("missing", {"accounts": ["accounts/missing"]}, "NOT_FOUND")],
        "GetMatrix": [("report", {"details": True, "explain": True}, "OK"), ("in the client's eyes", {"perspective": "PERSPECTIVE_CLIENT", "explain": True}, "OK"),
                      ("of a round", {"round": "rounds/decided"}, "OK")],
        "GetWhitespace": [("report", {"explain": True, "includeDeals": True}, "OK"), ("of one", {"account": account}, there), ("missing", {"account": "accounts/missing"}, "NOT_FOUND")],
    }
    for report in ("GetBacktest", "GetCandidates", "GetGrowth", "GetMatrix", "GetWhitespace"):
        request = reports[report][0][1]
        reports[report] += [("filter by FINANCIAL", {**request, "filter": "annual_revenue.units > 0"}, "OK" if role.sees("FINANCIAL") else "INVALID_ARGUMENT"),
                            ("filter by STRATEGY", {**request, "filter": 'strategy.text != "x"'}, "OK" if role.sees("STRATEGY") else "INVALID_ARGUMENT")]
    for rows in reports.values():
        rows.append(("report as of", *rows[0][1:]))
    ballot = {"parent": "rounds/open", "accounts": [account], "validateOnly": True}
    return {
        "BallotService/CastBallot": [("validate only", ballot, "OK" if there == "OK" else "INVALID_ARGUMENT"), ("missing", {**ballot, "accounts": ["accounts/missing"]}, "INVALID_ARGUMENT"),
                                     ("no round", {**ballot, "parent": "rounds/missing"}, "NOT_FOUND"), ("too late", {**ballot, "parent": "rounds/decided"}, "FAILED_PRECONDITION"),
                                     ("too early", {**ballot, "parent": "rounds/p"}, "FAILED_PRECONDITION")],
        "CriteriaSetService/AdoptCriteriaSet": [("validate only", {"proposal": "balanced", "criteriaSetId": "new-one", "validateOnly": True}, "OK")],
        "CriteriaSetService/ListCriteriaSetProposals": [("unary", {}, "OK")],
        "RoundService/CopyRound": [("validate only", {"name": "rounds/decided", "roundId": "new-one", "validateOnly": True}, "OK")],
        **{path: [("validate only", request, "OK"), ("etag probe", {**request, "etag": "0"}, "ABORTED")] for path, request in steps.items()},
        **{"ChoiceService/" + name: rows for name, rows in reports.items()},
    }


# Fields of a report's rows, each with its group: (list in the answer, fields). "" is the answer itself.
SHOWN = {
    "GetAlignment": ("", (("accounts", "STRATEGY"), ("overlap", "STRATEGY"), ("voters", "PERSONAL"), ("ballotCount", "PUBLIC"))),
    "GetBacktest": ("pairs", (("attractiveness", "STRATEGY"), ("growth", "FINANCIAL"), ("account", "PUBLIC"))),
    "GetCandidates": ("rows", (("attractiveness", "STRATEGY"), ("verdict", "STRATEGY"), ("growth", "FINANCIAL"), ("leverage", "COMMERCIAL"), ("account", "PUBLIC"))),
    "GetGap": ("", (("meanGap", "STRATEGY"), ("criteria", "STRATEGY"), ("account", "PUBLIC"))),
    "GetGrowth": ("rows", (("flags", "FINANCIAL"), ("account", "PUBLIC"))),
    "GetImpact": ("rows", (("account", "PUBLIC"),)),
    "GetMatrix": ("points", (("attractiveness", "STRATEGY"), ("strength", "STRATEGY"), ("account", "PUBLIC"))),
    "GetWhitespace": ("rows", (("cells", "COMMERCIAL"), ("account", "PUBLIC"))),
    "ExplainScore": ("", (("axes", "STRATEGY"), ("contributions", "STRATEGY"), ("account", "PUBLIC"))),
}


def check_of(caller, path):
    """Of a report: an account that is not theirs is nowhere in it, all that are have a row, and fields are those of their groups."""
    rows, fields = SHOWN[path.split("/")[1]]

    def check(test, cell, answer):
        reply, reached = answer.json(), {target for target in world.TARGETS if caller.role.reaches(target)}
        test.assertLessEqual({found.decode() for found in re.findall(rb"accounts/(own|team|other)\b", answer.body)}, reached)
        if rows and not {"account", "accounts"} & set(cell.request):
            test.assertEqual({row["account"] for row in reply.get(rows, ())}, {"accounts/" + target for target in reached})
        if cell.variant == "report":
            for shown in reply[rows] if rows else (reply,):
                for field, group in fields:
                    test.assertEqual(field in shown, caller.role.sees(group), "%s of the group %s" % (field, group))
    return check
