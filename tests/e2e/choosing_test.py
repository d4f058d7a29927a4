#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Choosing key accounts over the wire: from a proposal of criteria to a recorded decision, each rule's own error, and that a ballot is blind."""

import base64
import http.client
import json
import os
import ssl
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest
import stubs


def criterion(name, axis, weight=10, **more):
    return {"id": name, "title": name.capitalize(), "axis": "CRITERION_AXIS_" + axis, "weight": weight, **more}


SMALL_SET = {"title": "Small", "year": 2026, "state": "CRITERIA_SET_STATE_ACTIVE",
             "criteria": [criterion("growth", "ATTRACTIVENESS", 15), criterion("size", "ATTRACTIVENESS", 35), criterion("process", "ATTRACTIVENESS", 20),
                          criterion("name", "ATTRACTIVENESS", 30), criterion("fit", "STRENGTH")]}


class Caller:
    """A user on one connection: Connect with JSON over HTTP/1.1. Hundreds of calls are made here, and a program for each would take a minute."""

    def __init__(self, user):
        self.user, self.name, self.token, self.run, self.json, self.try_run = user, user.name, user.token, user.run, user.json, user.try_run
        self.connection = http.client.HTTPSConnection("localhost", user.server.port, context=ssl.create_default_context(cafile=user.server.ca),
                                                      timeout=60 * kamtest.PATIENCE)

    def ask(self, method, request, as_of=None):
        headers = {"content-type": "application/json", "authorization": "Bearer " + self.token, **({"kam-as-of": str(as_of)} if as_of else {})}
        self.connection.request("POST", "/kam.v1." + method, json.dumps(request), headers)
        response = self.connection.getresponse()
        reply = json.loads(response.read())
        for detail in reply.get("details", []) if response.status != 200 else []:
            detail["value"] = base64.b64decode(detail["value"] + "==").decode("latin-1")  # its texts can be read in it
        return response.status, reply

    def call(self, method, request):
        status, reply = self.ask(method, request)
        if status != 200:
            raise AssertionError("%s: %s" % (method, reply))
        return reply


class Choosing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        kamtest.Server.of_class(cls)
        cls.admin = Caller(cls.admin)
        cls.addClassCleanup(cls.admin.connection.close)

    @classmethod
    def new_user(cls, name, role):
        caller = Caller(cls.server.new_user(name, role))
        cls.addClassCleanup(caller.connection.close)
        return caller

    def refused(self, user, method, request, code, *words):
        """The call fails with this status, and its error has these words."""
        status, error = user.ask(method, request)
        self.assertNotEqual(status, 200, "it was accepted: %s" % error)
        self.assertEqual(error.get("code"), code, error)
        for word in words:
            self.assertIn(word, json.dumps(error))
        return error

    def account(self, name, **fields):
        self.admin.call("AccountService/CreateAccount", {"accountId": name, "account": {"displayName": name.capitalize(), **fields}})

    def criteria_set(self, name, **fields):
        return self.admin.call("CriteriaSetService/CreateCriteriaSet", {"criteriaSetId": name, "criteriaSet": {**SMALL_SET, **fields}})

    def assess(self, account, scores, by="", set="small", user=None, **fields):
        assessment = {"criteriaSet": "criteriaSets/" + set, "scores": scores, **fields}
        if by:
            assessment["assessor"] = "users/" + by
        return (user or self.admin).call("AssessmentService/CreateAssessment", {"parent": "accounts/" + account, "assessment": assessment})


INVALID, NOT_FOUND, DENIED, PRECONDITION = "invalid_argument", "not_found", "permission_denied", "failed_precondition"


class Spine(Choosing):
    """One story, told in order: what each step leaves behind the next one needs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = {name: cls.new_user(name, role) for name, role in (("ed", "executive"), ("eve", "executive"), ("kim", "kam"), ("kurt", "kam"))}
        for name in ("acme", "bolt", "crane", "dyno", "eagle"):
            cls.account(cls, name, owner="users/kim")
        cls.admin.call("MemberService/CreateMember", {"parent": "accounts/acme", "memberId": "kurt", "member": {}})

    def test_1_criteria(self):
        proposals = self.admin.call("CriteriaSetService/ListCriteriaSetProposals", {})["proposals"]
        self.assertEqual([proposal["id"] for proposal in proposals], ["balanced", "growth", "retention"])
        for proposal in proposals:
            for one in proposal["criteriaSet"]["criteria"]:
                for guide in ("lowGuide", "middleGuide", "highGuide", "description", "title"):
                    self.assertTrue(one[guide])
        adopted = self.admin.call("CriteriaSetService/AdoptCriteriaSet", {"proposal": "balanced", "criteriaSetId": "balanced", "criteriaSet": {"year": 2026}})
        self.assertEqual((adopted["state"], adopted["proposal"], adopted["year"]), ("CRITERIA_SET_STATE_DRAFT", "balanced", 2026))
        changed = self.admin.call("CriteriaSetService/UpdateCriteriaSet", {"criteriaSet": {"name": adopted["name"], "state": "CRITERIA_SET_STATE_ACTIVE", "title": "Ours"}, "updateMask": "state,title"})
        self.assertEqual(changed["title"], "Ours")
        self.admin.call("CriteriaSetService/UpdateCriteriaSet", {"criteriaSet": {"name": adopted["name"], "state": "CRITERIA_SET_STATE_RETIRED"}, "updateMask": "state"})
        self.refused(self.admin, "CriteriaSetService/UpdateCriteriaSet", {"criteriaSet": {"name": adopted["name"], "title": "Other"}, "updateMask": "title"}, PRECONDITION, "retired")
        self.refused(self.admin, "CriteriaSetService/AdoptCriteriaSet", {"proposal": "magic"}, INVALID, "balanced, growth, retention")
        self.refused(self.people["ed"], "CriteriaSetService/AdoptCriteriaSet", {"proposal": "growth"}, DENIED)

    def test_2_what_a_set_may_not_say(self):
        create = "CriteriaSetService/CreateCriteriaSet"
        for criteria, words in (([criterion("a", "STRENGTH", -1)], ["criteria[0].weight"]),
                                ([criterion("a", "STRENGTH", 0), criterion("b", "STRENGTH", 0)], ["all weights of strength are 0"]),
                                ([criterion("a", "STRENGTH"), criterion("a", "ATTRACTIVENESS")], ["criteria[1].id", "another criterion"]),
                                ([criterion("a", "STRENGTH")], ["none is about attractiveness"]),
                                ([criterion("a", "STRENGTH", source="CRITERION_SOURCE_TENURE")], ["bands", "missing"]),
                                ([criterion("a", "STRENGTH", bands=[{"atLeast": 1, "score": 5}])], ["criteria[0].source"]),
                                ([criterion("a", "STRENGTH", source="CRITERION_SOURCE_TENURE", bands=[{"atLeast": 5, "score": 5}, {"atLeast": 1, "score": 1}])], ["must rise"]),
                                ([criterion("a", "STRENGTH", source="CRITERION_SOURCE_TENURE", bands=[{"atLeast": 5, "score": 11}])], ["bands[0].score"]),
                                ([criterion("a", "AXIS_LESS")], ["axis"])):
            self.refused(self.admin, create, {"criteriaSet": {"title": "x", "state": "CRITERIA_SET_STATE_ACTIVE", "criteria": criteria}}, INVALID, *words)
        self.criteria_set("small")

    def test_3_assessments(self):
        scores = {"growth": 8, "size": 6, "process": 7, "fit": 9}
        first = self.assess("acme", scores, by="kim")
        self.assertTrue(first["name"].endswith("/small-self-kim"))
        self.assertEqual((first["perspective"], first["assessor"]), ("PERSPECTIVE_SELF", "users/kim"))
        self.assess("acme", {"growth": 10, "fit": 7}, by="ed")
        self.assess("acme", {"fit": 4, "growth": 8, "size": 2}, perspective="PERSPECTIVE_CLIENT", respondent="the buyer")
        self.assess("bolt", {"growth": 9, "size": 9, "process": 9, "name": 9, "fit": 2}, user=self.people["ed"])
        self.assess("crane", {"growth": 9})
        create = "AssessmentService/CreateAssessment"
        for field, words in ((dict(scores={"fit": 11}), ["assessment.scores.fit", "is 11", "1 to 10"]), (dict(scores={"fit": 0.5}), ["is 0.5"]),
                             (dict(scores={"shoes": 5}), ["assessment.scores.shoes", "no criterion", "growth, size"]), (dict(notes={"shoes": "x"}), ["assessment.notes.shoes"]),
                             (dict(assessedOn="2099-01-01"), ["assessed_on"]), (dict(criteriaSet="criteriaSets/balanced"), ["retired"])):
            self.refused(self.admin, create, {"parent": "accounts/dyno", "assessment": {"criteriaSet": "criteriaSets/small", **field}}, INVALID, *words)
        self.refused(self.people["kurt"], create, {"parent": "accounts/bolt", "assessment": {"criteriaSet": "criteriaSets/small"}}, NOT_FOUND)

    def test_4_matrix(self):
        matrix = self.admin.call("ChoiceService/GetMatrix", {"details": True, "explain": True})
        self.assertEqual(matrix["criteriaSet"], "criteriaSets/small")
        self.assertEqual((matrix["accountCount"], matrix["rankedCount"]), (5, 2))
        points = {point["account"]: point for point in matrix["points"]}
        acme, bolt, crane, dyno = (points["accounts/" + name] for name in ("acme", "bolt", "crane", "dyno"))
        self.assertEqual([point["account"] for point in matrix["points"]][:2], ["accounts/bolt", "accounts/acme"])
        # The first assessment alone would be 470 / 70; with the second, growth is 9: (135 + 210 + 140) / 70.
        self.assertAlmostEqual(acme["attractiveness"]["value"], 485 / 70)
        self.assertAlmostEqual(acme["attractivenessCoverage"]["value"], 0.7)
        self.assertEqual((acme["strength"]["value"], acme["quadrant"], acme["assessorCount"]), (8, "MATRIX_QUADRANT_INVEST", 2))
        self.assertEqual(bolt["quadrant"], "MATRIX_QUADRANT_DEVELOP")
        self.assertIn("strength is not scored", crane["unrankedReason"])
        self.assertIn("undefinedReason", dyno["attractiveness"])
        self.assertNotIn("value", dyno["attractiveness"])
        growth = acme["criteria"][0]
        self.assertEqual((growth["criterion"], growth["score"]["value"], growth["scoreCount"]), ("growth", 9, 2))
        self.assertAlmostEqual(growth["spread"]["value"], 2 ** 0.5)
        self.assertIn("accounts/acme/assessments/small-self-kim", [i.get("resource") for e in acme["explanation"] for i in e["inputs"]])
        counts = {total.get("quadrant", "none"): total.get("accountCount", 0) for total in matrix["quadrants"]}
        self.assertEqual((counts["MATRIX_QUADRANT_INVEST"], counts["MATRIX_QUADRANT_DEVELOP"]), (1, 1))
        # Page by page it is the same.
        pages, token = [], ""
        while True:
            page = self.admin.call("ChoiceService/GetMatrix", {"pageSize": 2, "pageToken": token})
            pages += [point["account"] for point in page["points"]]
            token = page.get("nextPageToken", "")
            if not token:
                break
        self.assertEqual(pages, [point["account"] for point in matrix["points"]])
        client = self.admin.call("ChoiceService/GetMatrix", {"perspective": "PERSPECTIVE_CLIENT", "filter": "display_name = \"Acme\""})
        self.assertEqual(client["points"][0]["strength"]["value"], 4)
        # Kurt is on the team of one account: he sees that one.
        mine = self.people["kurt"].call("ChoiceService/GetMatrix", {})
        self.assertEqual(([point["account"] for point in mine["points"]], mine["accountCount"]), (["accounts/acme"], 1))
        self.refused(self.admin, "ChoiceService/GetMatrix", {"since": "2020-01-01"}, INVALID, "nothing was recorded yet")
        self.refused(self.admin, "ChoiceService/GetMatrix", {"period": "2020-13"}, INVALID, "period")

    def test_5_round(self):
        rounds, ed = "RoundService/", self.people["ed"]
        create = {"roundId": "2026", "round": {"title": "2026", "year": 2026, "criteriaSet": "criteriaSets/small", "participants": []}}
        self.refused(self.people["kim"], rounds + "CreateRound", create, DENIED)
        ed.call(rounds + "CreateRound", create)
        self.refused(ed, rounds + "OpenRound", {"name": "rounds/2026"}, PRECONDITION, "asks nobody yet")
        self.refused(ed, rounds + "UpdateRound", {"round": {"name": "rounds/2026", "participants": [{"user": "users/ed"}, {"user": "users/ed"}]}}, INVALID, "twice")
        people = [{"user": "users/ed", "level": "PARTICIPANT_LEVEL_EXECUTIVE"}, {"user": "users/eve", "level": "PARTICIPANT_LEVEL_EXECUTIVE"}, {"user": "users/kim", "level": "PARTICIPANT_LEVEL_MIDDLE_MANAGEMENT"}]
        ed.call(rounds + "UpdateRound", {"round": {"name": "rounds/2026", "participants": people}})
        self.refused(ed, rounds + "CloseRound", {"name": "rounds/2026"}, PRECONDITION, "not opened yet")
        self.refused(ed, rounds + "DecideRound", {"name": "rounds/2026", "verdicts": [{"account": "accounts/acme", "verdict": "DECISION_VERDICT_SELECT", "reason": "x"}]}, PRECONDITION, "not opened yet")
        self.refused(ed, "BallotService/CastBallot", {"parent": "rounds/2026", "accounts": ["accounts/acme"]}, PRECONDITION, "not open yet")
        ed.call(rounds + "OpenRound", {"name": "rounds/2026"})
        self.refused(ed, rounds + "OpenRound", {"name": "rounds/2026"}, PRECONDITION, "open already")
        self.refused(ed, rounds + "UpdateRound", {"round": {"name": "rounds/2026", "participants": people[:1]}}, INVALID, "users/eve", "cannot be taken away")
        self.refused(ed, rounds + "DecideRound", {"name": "rounds/2026", "verdicts": [{"account": "accounts/acme", "verdict": "DECISION_VERDICT_SELECT", "reason": "x"}]}, PRECONDITION, "still open")
        self.refused(self.admin, rounds + "DeleteRound", {"name": "rounds/2026"}, PRECONDITION, "stays on record")
        ed.call(rounds + "UpdateRound", {"round": {"name": "rounds/2026", "participants": people + [{"user": "users/kurt", "level": "PARTICIPANT_LEVEL_OTHER"}]}})

    def test_6_ballots(self):
        cast = "BallotService/CastBallot"
        def ballot(*names):
            return {"parent": "rounds/2026", "accounts": ["accounts/" + name for name in names]}
        self.refused(self.admin, cast, ballot("acme"), DENIED, "not among the participants")
        self.refused(self.people["ed"], cast, ballot("acme", "bolt", "acme"), INVALID, "accounts[2]", "named already", "place 1")
        hidden = self.refused(self.people["kurt"], cast, ballot("bolt"), INVALID, "accounts[0]", "not found")
        missing = self.refused(self.people["kurt"], cast, ballot("nope"), INVALID, "accounts[0]", "not found")
        self.assertEqual(json.dumps(hidden).replace("bolt", "nope"), json.dumps(missing))
        self.refused(self.people["ed"], cast, ballot(), INVALID, "accounts")
        self.refused(self.people["ed"], cast, {"parent": "accounts/acme", "accounts": ["accounts/acme"]}, INVALID, "parent")
        self.refused(self.people["ed"], cast, {"parent": "rounds/1999", "accounts": ["accounts/acme"]}, NOT_FOUND)
        self.refused(self.people["ed"], cast, {"parent": "rounds/2026", "accounts": ["users/ed"]}, INVALID, "accounts[0]")
        first = self.people["ed"].call(cast, ballot("eagle", "dyno", "crane"))
        self.assertEqual((first["name"], first["user"], first["castCount"]), ("rounds/2026/ballots/ed", "users/ed", 1))
        again = self.people["ed"].call(cast, {**ballot("acme", "bolt", "crane"), "requestId": "once"})
        self.assertEqual((again["castCount"], again["uid"]), (2, first["uid"]))
        self.assertEqual(self.people["ed"].call(cast, {**ballot("acme", "bolt", "crane"), "requestId": "once"}), again)
        self.people["eve"].call(cast, ballot("acme", "bolt", "dyno"))
        self.people["kim"].call(cast, ballot("acme", "crane", "eagle"))
        self.assertEqual(self.people["kim"].call("BallotService/GetBallot", {"name": "rounds/2026/ballots/kim"})["accounts"][0], "accounts/acme")
        only = self.people["kim"].call("BallotService/ListBallots", {"parent": "rounds/2026", "count": True})
        self.assertEqual(([b["user"] for b in only["ballots"]], int(only["totalSize"])), (["users/kim"], 1))

    def test_7_close_and_compare(self):
        ed, get = self.people["ed"], "ChoiceService/GetAlignment"
        self.refused(ed, get, {"name": "rounds/2026"}, PRECONDITION, "blind until it is closed")
        closed = ed.call("RoundService/CloseRound", {"name": "rounds/2026"})
        self.assertGreater(int(closed["criteriaSetRevision"]), 0)
        self.refused(ed, "RoundService/CloseRound", {"name": "rounds/2026"}, PRECONDITION, "closed already")
        self.refused(ed, "RoundService/OpenRound", {"name": "rounds/2026"}, PRECONDITION, "opened once")
        self.refused(ed, "BallotService/CastBallot", {"parent": "rounds/2026", "accounts": ["accounts/acme"]}, PRECONDITION, "late ballot")
        self.refused(ed, "RoundService/UpdateRound", {"round": {"name": "rounds/2026", "year": 2027}}, PRECONDITION, "round.year")
        self.refused(self.people["kim"], get, {"name": "rounds/2026"}, DENIED)
        alignment = ed.call(get, {"name": "rounds/2026", "explain": True})
        self.assertAlmostEqual(alignment["overlap"]["value"], 0.4)
        self.assertEqual((alignment["participantCount"], alignment["ballotCount"], alignment["missing"]), (4, 3, ["users/kurt"]))
        support = {row["account"]: row for row in alignment["accounts"]}
        self.assertEqual(alignment["accounts"][0]["account"], "accounts/acme")
        self.assertEqual((support["accounts/acme"]["support"]["value"], support["accounts/acme"].get("splits", False)), (1, False))
        self.assertAlmostEqual(support["accounts/bolt"]["support"]["value"], 2 / 3)
        self.assertTrue(support["accounts/bolt"]["splits"])
        self.assertEqual(support["accounts/bolt"]["executiveSupport"]["value"], 1)
        self.assertEqual(support["accounts/bolt"]["middleManagementSupport"]["value"], 0)
        levels = {(row["level"], row["otherLevel"]): row for row in alignment["levels"]}
        self.assertAlmostEqual(levels["PARTICIPANT_LEVEL_EXECUTIVE", "PARTICIPANT_LEVEL_EXECUTIVE"]["overlap"]["value"], 0.5)
        self.assertIn("undefinedReason", levels["PARTICIPANT_LEVEL_OTHER", "PARTICIPANT_LEVEL_OTHER"]["overlap"])
        self.assertAlmostEqual(alignment["crossOverlap"]["value"], 0.35)
        self.assertTrue(alignment["misaligned"])
        self.assertIn("35 %", alignment["misalignedText"])
        self.assertEqual(len(alignment["voters"][0]["overlaps"]), 3)
        self.assertEqual([point["round"] for point in alignment["trend"]], ["rounds/2026"])
        self.assertEqual(len(self.admin.call("BallotService/ListBallots", {"parent": "rounds/2026"})["ballots"]), 3)
        self.assertEqual([b["user"] for b in self.people["kim"].call("BallotService/ListBallots", {})["ballots"]], ["users/kim"])

    def test_8_decide(self):
        ed, decide = self.people["ed"], "RoundService/DecideRound"
        def verdicts(*rows):
            return {"name": "rounds/2026", "verdicts": [{"account": "accounts/" + row[0], "verdict": "DECISION_VERDICT_" + row[1], "reason": row[2],
                                                         **({"phase": "PHASE_" + row[3]} if row[3:] else {})} for row in rows]}
        self.refused(self.people["kim"], decide, verdicts(("acme", "SELECT", "x")), DENIED)
        self.refused(ed, decide, verdicts(("acme", "KEEP", "x")), INVALID, "no key account")
        self.refused(ed, decide, verdicts(("acme", "SELECT", "x", "MAINTENANCE")), INVALID, "phase")
        self.refused(ed, decide, verdicts(("acme", "SELECT", "x"), ("acme", "WATCH", "y")), INVALID, "verdicts[1].account", "twice")
        self.refused(ed, decide, verdicts(("acme", "SELECT", "")), INVALID, "reason")
        self.refused(ed, decide, verdicts(("acme", "SELECT", "x"), ("nobody", "SELECT", "y")), INVALID, "verdicts[1].account", "not found")
        decided = ed.call(decide, verdicts(("acme", "SELECT", "all name it"), ("bolt", "WATCH", "we are weak there")))
        self.assertEqual(decided["state"], "ROUND_STATE_DECIDED")
        decision = ed.call("DecisionService/GetDecision", {"name": "rounds/2026/decisions/acme"})
        self.assertAlmostEqual(decision["attractiveness"]["value"], 485 / 70)
        self.assertEqual((decision["support"]["value"], decision["namedCount"], decision["ballotCount"], decision["phase"]), (1, 3, 3, "PHASE_KEY"))
        account = self.admin.call("AccountService/GetAccount", {"name": "accounts/acme"})
        self.assertEqual((account["phase"], account["decision"]), ("PHASE_KEY", "rounds/2026/decisions/acme"))
        self.refused(self.admin, "AccountService/UpdateAccount", {"account": {"name": "accounts/acme", "phase": "PHASE_DESELECTED"}}, PRECONDITION, "another decision only")
        # Whoever sees the account sees what was decided about it, and nothing else.
        seen = self.people["kurt"].call("DecisionService/ListDecisions", {"parent": "rounds/2026"})
        self.assertEqual([row["account"] for row in seen["decisions"]], ["accounts/acme"])
        # Decided again: replaced, and both are kept.
        ed.call(decide, verdicts(("acme", "DESELECT", "it left the business")))
        versions = ed.call("DecisionService/ListDecisionVersions", {"name": "rounds/2026/decisions/acme"})["versions"]
        self.assertEqual([version["resource"]["verdict"] for version in versions], ["DECISION_VERDICT_DESELECT", "DECISION_VERDICT_SELECT"])
        self.assertEqual(self.admin.call("AccountService/GetAccount", {"name": "accounts/acme"})["phase"], "PHASE_DESELECTED")

    def test_9_next_year(self):
        ed = self.people["ed"]
        copy = ed.call("RoundService/CopyRound", {"name": "rounds/2026", "roundId": "2027"})
        self.assertEqual((copy["state"], copy["year"], copy["copiedFrom"], len(copy["participants"])), ("ROUND_STATE_DRAFT", 2027, "rounds/2026", 4))
        ed.call("RoundService/OpenRound", {"name": "rounds/2027"})
        ed.call("RoundService/CloseRound", {"name": "rounds/2027"})
        alignment = ed.call("ChoiceService/GetAlignment", {"name": "rounds/2027"})
        self.assertIn("no ballot", alignment["overlap"]["undefinedReason"])
        self.assertEqual([point["round"] for point in alignment["trend"]], ["rounds/2026", "rounds/2027"])
        # The closed round keeps the version of its set.
        before = ed.call("ChoiceService/GetMatrix", {"round": "rounds/2026"})
        self.admin.call("CriteriaSetService/UpdateCriteriaSet", {"criteriaSet": {"name": "criteriaSets/small", "criteria": SMALL_SET["criteria"][1:]}})
        after = ed.call("ChoiceService/GetMatrix", {"round": "rounds/2026"})
        self.assertEqual((before["points"], before["criteriaSetRevision"]), (after["points"], after["criteriaSetRevision"]))
        self.assertNotEqual(ed.call("ChoiceService/GetMatrix", {})["points"], after["points"])


class Blind(Choosing):
    """Until the round closes nobody but its author learns what a ballot says, or by any answer but the audit's that it is there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ed, cls.eve, cls.auditor = (cls.new_user(name, role) for name, role in (("ed", "executive"), ("eve", "executive"), ("ann", "auditor")))
        for name in ("acme", "bolt"):
            cls.account(cls, name)
        cls.criteria_set(cls, "small")
        cls.ed.call("RoundService/CreateRound", {"roundId": "r", "round": {"title": "R", "criteriaSet": "criteriaSets/small", "participants": [
            {"user": "users/ed", "level": "PARTICIPANT_LEVEL_EXECUTIVE"}, {"user": "users/eve", "level": "PARTICIPANT_LEVEL_MIDDLE_MANAGEMENT"}]}})
        cls.ed.call("RoundService/OpenRound", {"name": "rounds/r"})
        cls.before = int(cls.admin.json("rounds", "history", "r")["versions"][0]["revision"])
        cls.ed.call("BallotService/CastBallot", {"parent": "rounds/r", "accounts": ["accounts/acme"], "requestId": "mine"})

    def others(self):
        return (("admin", self.admin), ("eve", self.eve), ("ann", self.auditor))

    def watched(self, user):
        """The ballots that a watch of everything since the round was opened has told of, up to a change made now."""
        marker = "mark%d" % len(self.server.users) + user.name
        api = stubs.Api(self.server, user.token)
        self.addCleanup(api.close)
        self.account(marker)
        seen = set()
        for reply in api.watch.Watch(api.WatchRequest(from_revision=self.before), timeout=60 * kamtest.PATIENCE):
            names = {change.name for change in reply.changes}
            seen |= {name for name in names if "/ballots/" in name}
            if "accounts/" + marker in names:
                return seen

    def answer(self, user, method, request, as_of=None):
        status, reply = user.ask(method, request, as_of)
        return status, json.dumps(reply)

    def test_1_no_path_tells(self):
        """Every answer about ed's ballot is the same, byte for byte, as about one of a user who cast none."""
        for name, user in self.others():
            for method, request in (("BallotService/GetBallot", {"name": "rounds/r/ballots/ed"}),
                                    ("BallotService/ListBallotVersions", {"name": "rounds/r/ballots/ed"})):
                for as_of in (None, self.before + 1):
                    there = self.answer(user, method, request, as_of)
                    missing = self.answer(user, method, {"name": "rounds/r/ballots/xx"}, as_of)
                    self.assertEqual((there[0], there[1].replace("ballots/ed", "ballots/xx")), missing, (name, method))
                    self.assertEqual(there[0], 404)
            for request in ({"parent": "rounds/r"}, {}, {"parent": "rounds/-"}, {"filter": 'accounts:"accounts/acme"'}, {"filter": 'user = "users/ed"'},
                            {"orderBy": "cast_count desc"}, {"showDeleted": True}, {"parent": "rounds/r", "count": True}):
                for as_of in (None, self.before + 1):
                    reply = self.answer(user, "BallotService/ListBallots", request, as_of)
                    self.assertEqual(reply[0], 200, reply)
                    self.assertNotIn("acme", reply[1])
                    self.assertNotIn("/ed", reply[1])
                    self.assertEqual(int(json.loads(reply[1]).get("totalSize", 0)), 0)
            self.refused(user, "ChoiceService/GetAlignment", {"name": "rounds/r"}, PRECONDITION, "blind")
            _, growth = self.answer(user, "ChoiceService/GetGrowth", {})
            self.assertNotIn("alignment", growth)
        self.assertEqual(self.answer(self.ed, "BallotService/ListBallots", {})[1].count("accounts/acme"), 1)

    def test_2_no_change_and_no_refusal_tells(self):
        # Another's ballot cannot be written, and the refusal is the same whether there is one.
        self.refused(self.admin, "BallotService/CastBallot", {"parent": "rounds/r", "accounts": ["accounts/acme"]}, DENIED)
        # An account that a ballot names can be deleted: a refusal would tell that somebody named it.
        self.admin.call("AccountService/DeleteAccount", {"name": "accounts/acme", "validateOnly": True})
        told = self.refused(self.admin, "UserService/DeleteUser", {"name": "users/ed", "validateOnly": True}, PRECONDITION, "referred to")
        self.assertNotIn("ballots", json.dumps(told))
        # One's request ids are one's own.
        replayed = self.answer(self.eve, "BallotService/CastBallot", {"parent": "rounds/r", "accounts": ["accounts/bolt"], "requestId": "mine"})
        self.assertNotIn("acme", replayed[1])
        self.assertIn("accounts/bolt", replayed[1])

    def test_3_watch_and_audit(self):
        for name, user in (("admin", self.admin), ("ann", self.auditor)):
            self.assertEqual(self.watched(user), set())
            entries = user.json("audit-entries", "list", "--all")
            text = json.dumps(entries)
            cast = [entry for entry in entries["auditEntries"] if entry["method"].endswith("CastBallot") and entry["outcome"] == "OK"]
            self.assertTrue(cast, "that it was cast is on record")
            self.assertNotIn("accounts/acme", json.dumps(cast))
            self.assertNotIn("accounts/bolt", json.dumps(cast))
        self.assertEqual(self.watched(self.ed), {"rounds/r/ballots/ed"})
        self.admin.run("access", "check", "--user", "admin", "--permission", "ballots.read", "rounds/r/ballots/ed", expect=kamtest.NOT_FOUND)

    def test_4_after_it_closes(self):
        self.ed.call("RoundService/CloseRound", {"name": "rounds/r"})
        self.assertEqual(self.admin.call("BallotService/GetBallot", {"name": "rounds/r/ballots/ed"})["accounts"], ["accounts/acme"])
        # Permissions are those of now: what was blind then can be read as of then.
        status, text = self.answer(self.admin, "BallotService/GetBallot", {"name": "rounds/r/ballots/ed"}, self.before + 1)
        self.assertEqual(status, 200)
        self.assertIn("accounts/acme", text)
        self.assertEqual(len(self.auditor.call("BallotService/ListBallots", {"parent": "rounds/r"})["ballots"]), 2)
        self.refused(self.admin, "AccountService/DeleteAccount", {"name": "accounts/acme"}, PRECONDITION, "rounds/r/ballots/ed")


class Figures(Choosing):
    """Reports against figures computed by hand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = {"kim": cls.new_user("kim", "kam"), "sam": cls.new_user("sam", "sales"), "mia": cls.new_user("mia", "marketing")}
        cls.admin.run("programme", "update", "--set", "reporting_currency=EUR")
        for name, region in (("acme", "EMEA"), ("bolt", "EMEA"), ("crane", "APAC"), ("dyno", "")):
            cls.account(cls, name, owner="users/kim", region=region)
        cls.admin.call("CompetitorService/CreateCompetitor", {"competitorId": "rival", "competitor": {"displayName": "Rival"}})
        for name in ("pump", "valve"):
            cls.admin.call("ProductService/CreateProduct", {"productId": name, "product": {"displayName": name}})
        cls.criteria_set(cls, "small", minimumGrowth=0.1, minimumLeverage=0.5)
        full = {"growth": 9, "size": 9, "process": 9, "name": 9, "fit": 9}
        for name in ("acme", "bolt", "crane"):
            cls.assess(cls, name, full)
        cls.money(cls, "acme", "2024", revenue=400, clientRevenue=1000, costOfGoods=100, costToServe=100)
        cls.money(cls, "acme", "2025", revenue=500, clientRevenue=900, costOfGoods=200, costToServe=100, categorySpend=2000, upForRenewal=100, renewed=80,
                  competitorRevenues=[{"competitor": "competitors/rival", "revenue": cls.eur(600)}])
        cls.money(cls, "acme", "2026", plannedRevenue=600)
        cls.money(cls, "bolt", "2024", revenue=300)
        for quarter, revenue in (("Q1", 50), ("Q2", 100), ("Q3", 100), ("Q4", 50)):
            cls.money(cls, "bolt", "2025-" + quarter, revenue=revenue)
        cls.money(cls, "crane", "2024", revenue=100)
        cls.money(cls, "crane", "2025", revenue=200, coveredUntil="2025-05-06", ourRank=1, supplierCount=2)
        cls.deal(cls, "acme", "won", 100, "pump")
        cls.deal(cls, "acme", "other", 50, "valve")
        cls.deal(cls, "bolt", "won", 70, "pump")
        cls.deal(cls, "acme", "open", 1000, "valve", stage="NEGOTIATION", probability=0.25)

    @staticmethod
    def eur(amount, currency="EUR"):
        return {"currencyCode": currency, "units": str(amount)}

    def money(self, account, period, **fields):
        fields = {name: self.eur(value) if isinstance(value, int) and name not in ("ourRank", "supplierCount") else value for name, value in fields.items()}
        self.admin.call("FinancialsService/CreateFinancials", {"parent": "accounts/" + account, "financialsId": period, "financials": fields})

    def deal(self, account, name, value, product, stage="WON", **fields):
        self.admin.call("OpportunityService/CreateOpportunity", {"parent": "accounts/" + account, "opportunityId": name, "opportunity": {
            "title": name, "stage": "OPPORTUNITY_STAGE_" + stage, "value": self.eur(value), "products": ["products/" + product], "closeOn": "2025-03-01", **fields}})

    def units(self, money):
        return int(money.get("units", 0)) + money.get("nanos", 0) / 1e9

    def test_growth(self):
        reply = self.admin.call("ChoiceService/GetGrowth", {"period": "2025", "explain": True})
        rows = {row["account"][9:]: row for row in reply["rows"]}
        acme, bolt, crane, dyno = (rows[name] for name in ("acme", "bolt", "crane", "dyno"))
        self.assertEqual([row["account"][9:] for row in reply["rows"]][:2], ["acme", "bolt"])
        self.assertAlmostEqual(acme["ourGrowth"]["value"], 0.25)
        self.assertAlmostEqual(acme["clientGrowth"]["value"], -0.1)
        self.assertAlmostEqual(acme["plannedGrowth"]["value"], 0.2)
        self.assertAlmostEqual(acme["shareOfWallet"]["value"], 0.25)
        flags = {flag["kind"][17:]: (flag["state"][11:], flag["text"]) for flag in acme["flags"]}
        self.assertEqual(flags["CLIENT_SHRINKS"][0], "UP")
        self.assertIn("-10.0 %", flags["CLIENT_SHRINKS"][1])
        self.assertEqual(flags["COMPETITOR_GROWS_FASTER"][0], "UNKNOWN")
        self.assertEqual(flags["COMPETITOR_HAS_MORE"][0], "UP")
        self.assertIn("1.2 times", flags["COMPETITOR_HAS_MORE"][1])
        self.assertIn("accounts/acme/financials/2025", [i.get("resource") for e in acme["explanation"] for i in e["inputs"]])
        # Quarters make the year; a part of a year makes no growth, and says so; nothing makes nothing.
        self.assertEqual((bolt["ourGrowth"]["value"], self.units(bolt["revenue"])), (0, 300))
        self.assertIn("end on 2025-05-06", crane["ourGrowth"]["undefinedReason"])
        self.assertEqual((round(crane["shareOfWallet"]["value"], 4), crane["shareEstimated"]), (0.6667, True))
        self.assertIn("no financials", dyno["ourGrowth"]["undefinedReason"])
        self.assertAlmostEqual(reply["ourGrowth"]["value"], 800 / 700 - 1)
        self.assertIn("2 of 4 accounts are left out", reply["undefinedReason"])
        deals = self.admin.call("ChoiceService/GetGrowth", {"period": "2025-Q1", "basis": "REVENUE_BASIS_WON_DEALS", "account": "accounts/acme"})
        self.assertEqual(self.units(deals["rows"][0]["revenue"]), 150)
        self.assertIn("nothing to grow from", deals["rows"][0]["ourGrowth"]["undefinedReason"])
        self.refused(self.admin, "ChoiceService/GetGrowth", {"period": "2025", "fromPeriod": "2024-Q1"}, INVALID, "same length")
        self.refused(self.admin, "ChoiceService/GetGrowth", {"period": "2024", "fromPeriod": "2025"}, INVALID, "before")
        self.refused(self.admin, "ChoiceService/GetGrowth", {"period": "next year"}, INVALID, "period")
        # Sales sees no figures of accounts, marketing may not even ask.
        self.assertEqual(self.people["sam"].call("ChoiceService/GetGrowth", {"period": "2025"}).get("rows", []), [])
        self.refused(self.people["mia"], "ChoiceService/GetGrowth", {}, DENIED)

    def test_a_quarter_that_is_missing_leaves_the_year_undefined(self):
        self.account("few")
        self.money("few", "2024", revenue=100)
        self.money("few", "2025-Q1", revenue=100)
        self.money("few", "2025-Q3", revenue=100)
        row = self.admin.call("ChoiceService/GetGrowth", {"period": "2025", "account": "accounts/few"})["rows"][0]
        self.assertIn("no financials of 2025-Q2", row["ourGrowth"]["undefinedReason"])
        self.admin.call("AccountService/DeleteAccount", {"name": "accounts/few", "force": True})

    def test_a_currency_without_a_rate_is_said(self):
        self.account("swiss")
        self.money("swiss", "2024", revenue=self.eur(100, "CHF"))
        self.money("swiss", "2025", revenue=self.eur(120, "CHF"))
        row = self.admin.call("ChoiceService/GetGrowth", {"period": "2025", "account": "accounts/swiss"})["rows"][0]
        self.assertIn("no exchange rate for CHF", row["ourGrowth"]["undefinedReason"])
        self.assertNotIn("revenue", row)
        own = self.admin.call("ChoiceService/GetGrowth", {"period": "2025", "account": "accounts/swiss", "currencyCode": "CHF"})["rows"][0]
        self.assertAlmostEqual(own["ourGrowth"]["value"], 0.2)
        impact = self.admin.call("ChoiceService/GetImpact", {"accounts": ["accounts/swiss"], "period": "2025"})
        self.assertIn("CHF", impact["totals"]["undefinedReason"])
        self.assertNotIn("revenue", impact["totals"])
        self.admin.call("AccountService/DeleteAccount", {"name": "accounts/swiss", "force": True})

    def test_impact(self):
        impact = self.admin.call("ChoiceService/GetImpact", {"accounts": ["accounts/acme"], "period": "2025", "discountRate": 0.1, "topCount": 2, "explain": True})
        row = impact["rows"][0]
        self.assertEqual((self.units(row["revenue"]), self.units(row["margin"]), self.units(row["openValue"]), self.units(row["weightedValue"])), (500, 200, 1000, 250))
        self.assertAlmostEqual(row["share"]["value"], 0.5)
        self.assertAlmostEqual(self.units(row["lifetimeValue"]), 200 * 0.8 / (1 + 0.1 - 0.8), 6)
        self.assertAlmostEqual(row["likelihood"]["value"], 0.2)
        self.assertAlmostEqual(self.units(row["expectedLoss"]), 100, 6)
        self.assertAlmostEqual(impact["before"]["index"]["value"], 3800)  # 500, 300, 200
        self.assertAlmostEqual(impact["after"]["index"]["value"], 5200)
        self.assertAlmostEqual(impact["before"]["topShare"]["value"], 0.8)
        self.assertEqual((impact["before"]["accountCount"], impact["after"]["accountCount"]), (3, 2))
        both = self.admin.call("ChoiceService/GetImpact", {"accounts": ["accounts/acme", "accounts/bolt"], "period": "2025",
                                                            "likelihoods": [{"account": "accounts/bolt", "likelihood": 0.5}]})
        self.assertEqual((self.units(both["totals"]["revenue"]), self.units(both["totals"]["expectedLoss"])), (800, 250))
        self.assertIn("cost of goods is not entered", both["totals"]["undefinedReason"])
        self.assertNotIn("margin", both["totals"])
        deals = self.admin.call("ChoiceService/GetImpact", {"accounts": ["accounts/bolt"], "basis": "REVENUE_BASIS_WON_DEALS"})
        self.assertAlmostEqual(deals["totals"]["share"]["value"], 70 / 220)
        ask = "ChoiceService/GetImpact"
        self.refused(self.admin, ask, {}, INVALID, "accounts")
        self.refused(self.admin, ask, {"accounts": ["accounts/acme", "accounts/acme"]}, INVALID, "accounts[1]")
        self.refused(self.admin, ask, {"accounts": ["accounts/nobody"]}, NOT_FOUND)
        self.refused(self.admin, ask, {"accounts": ["accounts/acme"], "likelihoods": [{"account": "accounts/bolt", "likelihood": 0.1}]}, INVALID, "likelihoods[0]")

    def test_gap(self):
        self.assess("dyno", {"growth": 8, "fit": 9})
        self.assess("dyno", {"growth": 5, "fit": 8, "size": 1}, perspective="PERSPECTIVE_CLIENT")
        gap = self.admin.call("ChoiceService/GetGap", {"name": "accounts/dyno"})
        self.assertEqual((gap["meanGap"]["value"], gap["alarm"]), (2, True))
        rows = {row["criterion"]: row for row in gap["criteria"]}
        self.assertEqual((rows["growth"]["gap"]["value"], rows["size"]["clients"]["value"]), (3, 1))
        self.assertIn("nobody scored it", rows["size"]["gap"]["undefinedReason"])
        none = self.admin.call("ChoiceService/GetGap", {"name": "accounts/acme"})
        self.assertIn("undefinedReason", none["meanGap"])
        self.assertFalse(none.get("alarm", False))
        self.refused(self.people["sam"], "ChoiceService/GetGap", {"name": "accounts/acme"}, NOT_FOUND)

    def test_candidates(self):
        ask = "ChoiceService/GetCandidates"
        everything = ["CANDIDATE_VERDICT_" + word for word in ("CANDIDATE", "CONFIRMED", "IN_DOUBT", "NOT_A_CANDIDATE", "UNKNOWN")]
        reply = self.admin.call(ask, {"period": "2025", "verdicts": everything, "explain": True})
        rows = {row["account"][9:]: row for row in reply["rows"]}
        acme, bolt, crane = rows["acme"], rows["bolt"], rows["crane"]
        self.assertEqual(acme["verdict"], "CANDIDATE_VERDICT_CANDIDATE")
        self.assertAlmostEqual(acme["growth"]["value"]["value"], 0.2)
        self.assertEqual(acme["leverage"]["value"]["value"], 1)
        self.assertEqual((bolt["verdict"], bolt["growth"]["state"], bolt["leverage"]["state"]), ("CANDIDATE_VERDICT_NOT_A_CANDIDATE", "GATE_STATE_FAILED", "GATE_STATE_PASSED"))
        self.assertEqual((crane["growth"]["state"], crane["leverage"]["state"]), ("GATE_STATE_UNKNOWN", "GATE_STATE_FAILED"))
        self.admin.call("AccountService/UpdateAccount", {"account": {"name": "accounts/bolt", "phase": "PHASE_KEY"}})
        usual = self.admin.call(ask, {"period": "2025"})
        self.assertEqual({row["account"]: row["verdict"][18:] for row in usual["rows"]}, {"accounts/acme": "CANDIDATE", "accounts/bolt": "IN_DOUBT"})
        segments = {(segment["kind"][13:], segment.get("label", "")): segment for segment in usual["segments"]}
        self.assertEqual((segments["REGION", "EMEA"]["accountCount"], segments["REGION", "EMEA"]["keyCount"]), (2, 1))
        self.assertAlmostEqual(segments["REGION", "EMEA"]["share"]["value"], 0.8)
        self.assertEqual((segments["VOLUME", "A"]["accountCount"], segments["VOLUME", "B"]["accountCount"]), (2, 1))

    def test_whitespace(self):
        create = "WhitespaceService/CreateWhitespaceCell"
        def cell(unit, product, **fields):
            return self.admin.call(create, {"parent": "accounts/acme", "whitespaceCell": {"unit": unit, "product": "products/" + product, **fields}})
        first = cell("North Plant", "pump", holder="WHITESPACE_HOLDER_US", spend=self.eur(30), potential=self.eur(100), totalSpend=self.eur(60))
        self.assertEqual(first["name"], "accounts/acme/whitespace/north-plant-pump")
        cell("North Plant", "valve", holder="WHITESPACE_HOLDER_COMPETITOR", competitor="competitors/rival", potential=self.eur(50), ourRank=2, supplierCount=2)
        cell("South Plant", "pump", holder="WHITESPACE_HOLDER_NOT_APPLICABLE")
        cell("South Plant", "valve")
        reply = self.admin.call("ChoiceService/GetWhitespace", {"account": "accounts/acme", "explain": True})
        row = reply["rows"][0]
        self.assertEqual((self.units(row["spend"]), self.units(row["potential"]), self.units(row["whitespace"])), (30, 150, 120))
        self.assertEqual((row["soldCount"], row["addressableCount"]), (1, 3))
        self.assertAlmostEqual(row["penetration"]["value"], 1 / 3)
        self.assertIn("2 amounts are left out", row["undefinedReason"])
        shares = {(c["unit"], c["product"]): c for c in row["cells"]}
        self.assertEqual(shares["North Plant", "products/pump"]["shareOfWallet"]["value"], 0.5)
        self.assertTrue(shares["North Plant", "products/valve"]["shareEstimated"])
        everywhere = self.admin.call("ChoiceService/GetWhitespace", {"includeDeals": True})
        bolt = next(r for r in everywhere["rows"] if r["account"] == "accounts/bolt")
        self.assertEqual((bolt["cells"][0]["product"], self.units(bolt["cells"][0]["spend"])), ("products/pump", 70))
        for fields, word in ((dict(spend=self.eur(-1)), "spend"), (dict(competitor="competitors/rival"), "holder"), (dict(ourRank=3, supplierCount=2), "only 2"),
                             (dict(spend=self.eur(10), totalSpend=self.eur(5)), "total_spend"), (dict(opportunity="accounts/bolt/opportunities/won"), "another account"),
                             (dict(holder="WHITESPACE_HOLDER_NOT_APPLICABLE", spend=self.eur(1)), "NOT_APPLICABLE")):
            self.refused(self.admin, create, {"parent": "accounts/acme", "whitespaceCell": {"unit": "X", "product": "products/pump", **fields}}, INVALID, word)
        self.refused(self.people["mia"], "ChoiceService/GetWhitespace", {}, DENIED)

    def test_figures_answer_criteria(self):
        bands = [{"atLeast": 0, "score": 1}, {"atLeast": 450, "score": 8}]
        self.criteria_set("fed", state="CRITERIA_SET_STATE_DRAFT", criteria=[criterion("money", "ATTRACTIVENESS", source="CRITERION_SOURCE_REVENUE", bands=bands),
                                                 criterion("leverage", "STRENGTH", source="CRITERION_SOURCE_PORTFOLIO_LEVERAGE", bands=[{"atLeast": 0.9, "score": 10}])])
        matrix = self.admin.call("ChoiceService/GetMatrix", {"criteriaSet": "criteriaSets/fed", "details": True})
        points = {point["account"][9:]: point for point in matrix["points"]}
        self.assertEqual((points["acme"]["attractiveness"]["value"], points["acme"]["strength"]["value"]), (8, 10))
        self.assertEqual(points["bolt"]["attractiveness"]["value"], 1)
        self.assertIn("below every band", points["bolt"]["criteria"][1]["score"]["undefinedReason"])
        self.assertEqual(points["acme"]["criteria"][0]["sourceValue"]["value"], 500)
        self.assess("acme", {"money": 3}, set="fed")
        points = self.admin.call("ChoiceService/GetMatrix", {"criteriaSet": "criteriaSets/fed", "filter": 'display_name = "Acme"'})["points"]
        self.assertEqual(points[0]["attractiveness"]["value"], 3)
        self.refused(self.admin, "FinancialsService/CreateFinancials", {"parent": "accounts/acme", "financialsId": "2023", "financials": {"coveredUntil": "2025-01-01"}}, INVALID,
                     "no day of 2023")

    def test_why_a_score_changed(self):
        self.account("moved")
        made = self.assess("moved", {"growth": 4, "size": 6, "fit": 5})
        today = self.admin.call("AssessmentService/GetAssessment", {"name": made["name"]})["createTime"][:10]
        plain = self.admin.call("ChoiceService/ExplainScore", {"name": "accounts/moved"})
        self.assertEqual(plain["axes"][0]["score"]["value"], (4 * 15 + 6 * 35) / 50)
        self.assertIn("no earlier day", plain["axes"][0]["earlier"]["undefinedReason"])
        since = self.admin.call("ChoiceService/ExplainScore", {"name": "accounts/moved", "since": today})
        self.assertAlmostEqual(since["axes"][0]["change"]["value"], 0)
        self.assertEqual(since.get("changed", []), [])
        self.refused(self.admin, "ChoiceService/ExplainScore", {"name": "accounts/moved", "since": "2020-01-01"}, INVALID, "since")
        self.refused(self.admin, "ChoiceService/ExplainScore", {"name": "accounts/moved", "since": "soon"}, INVALID, "since")
        self.admin.call("AccountService/DeleteAccount", {"name": "accounts/moved", "force": True})

    def test_backtest(self):
        self.refused(self.admin, "ChoiceService/GetBacktest", {"fromDate": "2020-01-01"}, INVALID, "from_date")
        self.refused(self.admin, "ChoiceService/GetBacktest", {}, INVALID, "from_date")
        today = self.admin.call("AccountService/GetAccount", {"name": "accounts/acme"})["createTime"][:10]
        self.refused(self.admin, "ChoiceService/GetBacktest", {"fromDate": today}, INVALID, "nothing can have grown since")
        reply = self.admin.call("ChoiceService/GetBacktest", {"fromDate": today, "fromPeriod": "2024", "period": "2025", "details": True, "criteriaSet": "criteriaSets/small"})
        self.assertEqual([row["criterion"] for row in reply["criteria"]], ["growth", "size", "process", "name", "fit", "attractiveness", "strength"])
        self.assertIn("fewer than three", reply["criteria"][0]["correlation"]["undefinedReason"])
        pairs = {pair["account"]: pair for pair in reply["pairs"]}
        self.assertAlmostEqual(pairs["accounts/acme"]["growth"]["value"], 0.25)


if __name__ == "__main__":
    unittest.main()
