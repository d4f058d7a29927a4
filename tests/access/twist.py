# SPDX-License-Identifier: Apache-2.0
"""What is done to two copies of a store where a role cannot see it. Each step is done to both, one commit each, but not the same: whoever cannot see the difference must not be
able to tell the copies apart. A step says for which roles it is hidden."""

import table


def hides_account(account):
    return lambda role: not role.reaches("other" if account in ("other", "veil") else account)


def hides_group(*groups):
    return lambda role: not any(role.sees(group) for group in groups)


def hides_noun(*permissions):
    return lambda role: not any(role.may(permission) for permission in permissions)


def hides_all_only(permission):
    return lambda role: not role.may(permission) or role.scope != "ALL"


def update(noun, field, name, *variants):
    return [("%s/Update%s" % (table.service(noun), noun), {field: {"name": name, **variant}}) for variant in variants]


def create(noun, field, parent, *variants):
    return [("%s/Create%s" % (table.service(noun), noun), {**({"parent": parent} if parent else {}), field + "Id": one, field: resource}) for one, resource in variants]


def delete(*names):
    return [("%s/Delete%s" % (table.service(noun), noun), {"name": name}) for noun, name in names]


def hides_open_ballot(role):
    """From all but its author, the administrator."""
    return "*" not in role.permissions


def hides_closed_ballots(role):
    return role.scope != "ALL"


def hides_named(role):
    """They see the ballots of a closed round, and not what these name."""
    return role.scope == "ALL" and not role.sees("STRATEGY")


def cast(name, *lists):
    return [("BallotService/CastBallot", {"parent": "rounds/" + name, "accounts": ["accounts/" + account for account in accounts]}) for accounts in lists]


def decide(name, account, *verdicts):
    return [("RoundService/DecideRound", {"name": "rounds/" + name, "verdicts": [{"account": "accounts/" + account, "verdict": "DECISION_VERDICT_" + verdict, "reason": reason, "phase": phase}]})
            for verdict, reason, phase in verdicts]


def sign_in(*users):
    return [("SessionService/SignIn", {"user": user, "password": "a sample of a password"}) for user in users]


EUR = lambda units: {"currencyCode": "EUR", "units": str(units)}

# Who does not see it, and what is done to the one copy and to the other.
STEPS = (
    # Accounts that are not theirs, and all below these.
    (hides_account("other"), update("Account", "account", "accounts/other", {"displayName": "Dark", "region": "APAC", "parentAccount": "accounts/team"}, {"displayName": "Veil", "employees": "7", "externalIds": {"crm": "dark"}})),
    (hides_account("other"), create("Account", "account", "", ("dark", {"displayName": "Dark", "externalIds": {"crm": "dark"}}),
                                    ("veil", {"displayName": "Veil", "parentAccount": "accounts/team", "owner": "users/else", "externalIds": {"crm": "veil"}}))),
    (hides_account("other"), create("Opportunity", "opportunity", "accounts/other", ("dark", {"title": "Dark", "value": EUR(1000), "externalIds": {"crm": "dark"}}),
                                    ("veil", {"title": "Veil", "value": EUR(2), "externalIds": {"crm": "veil"}}))),
    (hides_account("other"), create("Stakeholder", "stakeholder", "accounts/other", ("dark", {"contact": "contacts/own-c", "externalIds": {"crm": "dark"}}), ("veil", {"title": "Nobody"}))),
    (hides_account("other"), create("Contact", "contact", "", ("dark", {"displayName": "Dark", "company": "accounts/own", "externalIds": {"crm": "dark"}}),
                                    ("veil", {"displayName": "Veil", "externalIds": {"crm": "veil"}}))),
    (hides_account("other"), delete(("Opportunity", "accounts/other/opportunities/o"), ("Tie", "accounts/other/ties/t"))),
    (hides_account("other"), create("Financials", "financials", "accounts/other", ("2026-Q2", {"period": "2026-Q2", "revenue": EUR(7000)}), ("2026-Q3", {"period": "2026-Q3", "revenue": EUR(9)}))),
    (hides_account("other"), create("Member", "member", "accounts/other", ("gone2", {}), ("nobody2", {}))),
    (hides_account("other"), update("Assessment", "assessment", "accounts/other/assessments/a", {"scores": {"growth": 10, "size": 10, "fit": 10}}, {"scores": {"fit": 1}})),
    (hides_account("other"), create("Assessment", "assessment", "accounts/other", ("dark", {"criteriaSet": "criteriaSets/p", "assessor": "users/else", "scores": {"growth": 2}}),
                                    ("veil", {"criteriaSet": "criteriaSets/p", "perspective": "PERSPECTIVE_CLIENT", "scores": {"fit": 10}}))),
    (hides_account("other"), create("WhitespaceCell", "whitespaceCell", "accounts/other", ("dark", {"unit": "Dark", "product": "products/p", "potential": EUR(5000)}),
                                    ("veil", {"unit": "Veil", "product": "products/p", "holder": "WHITESPACE_HOLDER_COMPETITOR", "competitor": "competitors/p"}))),
    (hides_account("other"), delete(("WhitespaceCell", "accounts/other/whitespace/w"), ("Assessment", "accounts/other/assessments/a2"))),
    (hides_account("team"), update("WhitespaceCell", "whitespaceCell", "accounts/team/whitespace/w", {"spend": EUR(39), "potential": EUR(500)}, {"unit": "Yard"})),
    (hides_account("team"), update("Assessment", "assessment", "accounts/team/assessments/a", {"scores": {"growth": 10, "size": 9}}, {"summary": "They shrink"})),
    (hides_account("team"), update("Account", "account", "accounts/team", {"executiveSponsor": "users/executive", "employees": "9"}, {"description": "x"})),
    # Fields that their groups do not have.
    (hides_group("FINANCIAL"), update("Account", "account", "accounts/own", {"annualRevenue": EUR(11)}, {"annualRevenue": EUR(7777)})),
    (hides_group("FINANCIAL"), update("Account", "account", "accounts/team", {"annualRevenue": EUR(3)}, {"annualRevenue": EUR(123456)})),
    (hides_group("FINANCIAL"), update("Financials", "financials", "accounts/own/financials/2026-Q1", {"revenue": EUR(1)}, {"costOfGoods": EUR(5), "notes": "dear"})),
    (hides_group("FINANCIAL"), update("Programme", "programme", "programme", {"discountRate": 0.125}, {"discountRate": 0.5})),
    (hides_group("STRATEGY"), update("Account", "account", "accounts/own", {"strategy": {"kind": "STRATEGY_KIND_UP_SELL", "text": "attack"}}, {"optIn": {"signatory": "Somebody"}})),
    (hides_group("STRATEGY"), update("Scorecard", "scorecard", "accounts/own/scorecards/c", {"description": "long"}, {"description": "x"})),
    (hides_group("STRATEGY"), update("Entry", "entry", "accounts/own/scorecards/c/entries/2026-01-m", {"value": 9}, {"comment": "late"})),
    (hides_group("STRATEGY"), update("Rating", "rating", "accounts/own/scorecards/c/ratings/2026-Q1-client", {"rating": 1}, {"reason": "because"})),
    (hides_group("STRATEGY"), update("Stakeholder", "stakeholder", "accounts/own/stakeholders/s", {"desiredLevel": "RELATIONSHIP_LEVEL_TRUSTED_ADVISOR"},
                                     {"currentLevel": "RELATIONSHIP_LEVEL_VENDOR"})),
    (hides_group("PERSONAL"), update("Contact", "contact", "contacts/own-c", {"emails": ["dark@example.com"], "notes": "plays golf"}, {"emails": ["x@example.com", "y@example.com"], "notes": "x"})),
    (hides_group("PERSONAL"), update("Stakeholder", "stakeholder", "accounts/own/stakeholders/s", {"power": 5, "notes": "bitter"}, {"power": 1, "notes": "sweet of late"})),
    (hides_group("PERSONAL"), update("Tie", "tie", "accounts/own/ties/t", {"note": "since school"}, {"note": "x"})),
    (hides_group("PERSONAL"), update("Interaction", "interaction", "accounts/own/interactions/i", {"sentiment": "SENTIMENT_POSITIVE"}, {"sentiment": "SENTIMENT_NEGATIVE"})),
    (hides_group("COMMERCIAL"), update("Opportunity", "opportunity", "accounts/own/opportunities/o", {"value": EUR(10 ** 6)}, {"nextStep": "call"})),
    (hides_group("COMMERCIAL"), update("Product", "product", "products/p", {"listPrice": EUR(8)}, {"listPrice": EUR(80)})),
    (hides_group("COMMERCIAL"), update("Competitor", "competitor", "competitors/p", {"strengths": "cheap"}, {"description": "near"})),
    (hides_group("COMMERCIAL"), update("Interaction", "interaction", "accounts/own/interactions/i", {"summary": "They will leave"}, {"nextStep": "write"})),
    (hides_group("COMMERCIAL"), update("Stakeholder", "stakeholder", "accounts/own/stakeholders/s", {"buyingRoles": ["BUYING_ROLE_BLOCKER"]}, {"buyingRoles": ["BUYING_ROLE_GATEKEEPER", "BUYING_ROLE_BLOCKER"]})),
    (hides_group("STRATEGY"), update("Assessment", "assessment", "accounts/own/assessments/a", {"scores": {"growth": 1, "size": 1, "fit": 10}}, {"scores": {"growth": 10, "size": 10, "fit": 1}})),
    (hides_group("STRATEGY"), update("Assessment", "assessment", "accounts/team/assessments/a", {"notes": {"fit": "why"}}, {"scores": {"size": 9}})),
    (hides_group("STRATEGY"), update("CriteriaSet", "criteriaSet", "criteriaSets/p", {"attractivenessCut": 9, "minimumCoverage": 0.9}, {"strengthCut": 2, "minimumLeverage": 0.5})),
    (hides_group("PERSONAL"), update("Assessment", "assessment", "accounts/own/assessments/a2", {"respondent": "Their chief"}, {"respondent": "Their clerk"})),
    (hides_group("COMMERCIAL"), update("WhitespaceCell", "whitespaceCell", "accounts/own/whitespace/w", {"spend": EUR(20)}, {"unit": "Yard", "holder": "WHITESPACE_HOLDER_NONE"})),
    # Ballots: of a round that stays open, and of one that is closed then; whether there is one at all.
    (hides_open_ballot, cast("open", ("own", "team"), ("other",))),
    (hides_closed_ballots, cast("closing", ("own",), ("other", "team"))),
    (lambda role: hides_open_ballot(role) and hides_all_only("auditEntries.read")(role), [*cast("hush", ("own",)), ("UserService/ResetUserPassword", {"name": "users/nobody2"})]),
    # What is of no type that they read.
    (hides_noun("assessments.read"), create("Assessment", "assessment", "accounts/own", ("dark", {"criteriaSet": "criteriaSets/p", "scores": {"growth": 2}}),
                                            ("veil", {"criteriaSet": "criteriaSets/p", "assessor": "users/else", "scores": {"fit": 9}}))),
    (hides_noun("whitespace.read"), delete(("WhitespaceCell", "accounts/own/whitespace/w"), ("WhitespaceCell", "accounts/team/whitespace/w"))),
    (hides_noun("opportunities.read"), create("Opportunity", "opportunity", "accounts/own", ("dark2", {"title": "Dark"}), ("veil2", {"title": "Veil", "value": EUR(9)}))),
    (hides_noun("ties.read"), delete(("Tie", "accounts/own/ties/t"), ("Tie", "accounts/team/ties/t"))),
    (hides_noun("financials.read"), create("Financials", "financials", "accounts/own", ("2026-Q2", {"period": "2026-Q2", "revenue": EUR(7000)}), ("2026-Q3", {"period": "2026-Q3"}))),
    (hides_noun("scorecards.read"), create("Scorecard", "scorecard", "accounts/own", ("dark", {"title": "Dark"}), ("veil", {"title": "Veil"}))),
    (hides_all_only("bindings.read"), create("Binding", "binding", "", ("dark", {"user": "users/nobody2", "role": "roles/kam"}), ("veil", {"user": "users/gone2", "role": "roles/sales", "region": "EMEA"}))),
    (hides_all_only("bindings.read"), update("Binding", "binding", "bindings/else", {"until": "2099-01-01"}, {"region": "APAC"})),
    # Other people's doings, and secrets.
    (hides_all_only("sessions.read"), sign_in("else", "rep")),
    (hides_all_only("auditEntries.read"), [("UserService/ResetUserPassword", {"name": "users/nobody2"}), ("UserService/ResetUserPassword", {"name": "users/gone2"})]),
    (lambda role: True, [("UserService/ResetUserPassword", {"name": "users/nobody"})] * 2),
)

# What is seen to happen, and when, but not what it says; so it is done to both at the same time.
SEEN_STEPS = (
    (hides_account("other"), decide("decided", "other", ("DESELECT", "They left", "PHASE_DESELECTED"), ("WATCH", "They may come", "PHASE_CANDIDATE"))),
    (hides_group("STRATEGY"), create("Assessment", "assessment", "accounts/own", ("mute", {"criteriaSet": "criteriaSets/p", "assessor": "users/rep", "scores": {"growth": 10}}),
                                     ("mute", {"criteriaSet": "criteriaSets/p", "assessor": "users/rep", "scores": {"fit": 10}, "summary": "x"}))),
    (hides_group("STRATEGY"), decide("decided", "own", ("SELECT", "They grow", "PHASE_KEY"), ("KEEP", "They stay", "PHASE_KEY"))),
    (hides_group("COMMERCIAL"), create("WhitespaceCell", "whitespaceCell", "accounts/team", ("mute", {"unit": "A", "product": "products/p", "potential": EUR(7)}),
                                       ("mute", {"unit": "B", "product": "products/p", "ourRank": 2}))),
    (hides_named, cast("closing", ("own",), ("other", "team"))),
    (lambda role: hides_closed_ballots(role) or hides_named(role), [("RoundService/CloseRound", {"name": "rounds/closing"})] * 2),
)


# While the role looks on: again and again, so in words that are new each time.
def poke(role, number):
    """A hidden change to each copy; not of the same resource where the role cannot see which it is."""
    text = "poke %d" % number
    choices = []
    if not role.reaches("other"):
        choices += [(update("Account", "account", "accounts/other", {"description": text})[0], update("Opportunity", "opportunity", "accounts/other/opportunities/gone3", {"description": text})[0]),
                    (update("Contact", "contact", "contacts/other-c", {"displayName": text})[0], update("Account", "account", "accounts/other", {"website": "https://example.com/%d" % number})[0])]
    if hides_all_only("auditEntries.read")(role):
        choices.append((("UserService/ResetUserPassword", {"name": "users/nobody2"}), ("UserService/ResetUserPassword", {"name": "users/gone2"})))
        if not role.sees("FINANCIAL"):
            choices.append((update("Account", "account", "accounts/own", {"annualRevenue": EUR(number + 20)})[0],
                            update("Financials", "financials", "accounts/own/financials/2026-Q1", {"costToServe": EUR(number + 1)})[0]))
        if not role.sees("COMMERCIAL"):
            choices.append((update("Product", "product", "products/p", {"listPrice": EUR(number + 1)})[0], update("Competitor", "competitor", "competitors/p", {"weaknesses": text})[0]))
    if hides_open_ballot(role):
        choices.append(tuple(cast("open", ("own", "other")[:1 + number % 2], ("team",))))
    if not role.reaches("other"):
        choices.append((update("Assessment", "assessment", "accounts/other/assessments/a", {"scores": {"growth": 1 + number % 9}, "summary": text})[0],
                        update("WhitespaceCell", "whitespaceCell", "accounts/other/whitespace/veil", {"notes": text})[0]))
    if not role.sees("STRATEGY"):
        choices.append(tuple(update("Assessment", "assessment", "accounts/own/assessments/a", {"scores": {"growth": 1 + number % 9}}, {"summary": text})))
    if not choices:
        secret = ("UserService/ResetUserPassword", {"name": "users/nobody"})
        choices.append((secret, secret))
    return choices[number % len(choices)]


def steps(role, of=STEPS):
    return [variants for hidden, variants in of if hidden(role)]


# Of our own, for what no built-in role is: one that sees names and structure alone, one that is narrowed to one account, and one that imports and is both in part.
OWN_ROLES = {
    "plain": table.Role(table.ROLES["executive"].permissions, "ALL", ("PUBLIC",)),
    "narrow": table.Role(table.ROLES["executive"].permissions, "NARROWED", table.GROUPS),
    "importer": table.Role(("imports.create", "users.read", "roles.read", "programme.read", "portfolio.read", "scorecards.read", "competitors.read", *(
        "%s.%s" % (noun, verb) for noun in ("accounts", "contacts", "financials", "interactions", "members", "opportunities", "products", "stakeholders", "whitespace")
        for verb in ("read", "create", "update"))), "NARROWED", ("PUBLIC", "COMMERCIAL")),
}
