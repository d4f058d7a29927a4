# SPDX-License-Identifier: Apache-2.0
"""A small firm for every role to look at: three accounts (own, team, other: whose they are, seen from somebody who has one) with one of everything below, some of it deleted.

The user of a role is named as the role. `own` is owned by kam, sponsored by sponsor, and sales is on its team; `team` is owned by rep, whom sales manages; `other` is
nobody's of these. Everybody else sees them, or not, by their role alone. Rounds are one of each kind: p in preparation, open with the ballots of everybody who has a role, decided
with these and a decision about each account, gone deleted. Names are samples."""

import os
import shutil

import kamtest
import table
import wire

TARGETS = ("own", "team", "other")
STILL = os.environ.get("KAM_STILL", os.path.join(kamtest.ROOT, "build/release/tests/access/libaccess-still.so"))
PASSWORD = "a sample of a password"

# Below an account: collection, method noun, id field, id, the resource. "%s" is the account's name.
BELOW = (
    ("stakeholders", "Stakeholder", "stakeholder", "s", {"contact": "contacts/%s-c", "title": "Buyer", "power": 3, "buyingRoles": ["BUYING_ROLE_CHAMPION"], "desiredLevel": "RELATIONSHIP_LEVEL_VENDOR"}),
    ("stakeholders", "Stakeholder", "stakeholder", "s2", {"title": "User", "notes": "careful", "reportsTo": "accounts/%s/stakeholders/s"}),
    ("ties", "Tie", "tie", "t", {"fromStakeholder": "accounts/%s/stakeholders/s", "toStakeholder": "accounts/%s/stakeholders/s2", "kind": "TIE_KIND_ALLIED"}),
    ("opportunities", "Opportunity", "opportunity", "o", {"title": "Deal", "stage": "OPPORTUNITY_STAGE_PROSPECTING", "value": {"currencyCode": "EUR", "units": "70"}}),
    ("interactions", "Interaction", "interaction", "i", {"time": "2026-03-01T10:00:00Z", "kind": "INTERACTION_KIND_CALL", "stakeholders": ["accounts/%s/stakeholders/s"], "summary": "Talked"}),
    ("members", "Member", "member", "nobody", {"user": "users/nobody", "responsibility": "Reports"}),
    ("financials", "Financials", "financials", "2026-Q1", {"period": "2026-Q1", "revenue": {"currencyCode": "EUR", "units": "900"}}),
    ("financials", "Financials", "financials", "2025-Q4", {"period": "2025-Q4", "revenue": {"currencyCode": "EUR", "units": "800"}}),
    ("scorecards", "Scorecard", "scorecard", "c", {"title": "Card", "metrics": [{"id": "m", "title": "On time", "better": "METRIC_DIRECTION_UP", "floor": 1, "target": 9, "weight": 1}]}),
    ("entries", "Entry", "entry", "", {"period": "2026-01", "metric": "m", "value": 5}),
    ("ratings", "Rating", "rating", "", {"period": "2026-Q1", "side": "SIDE_CLIENT", "rating": 7}),
    ("assessments", "Assessment", "assessment", "a", {"criteriaSet": "criteriaSets/p", "assessor": "users/kam", "scores": {"growth": 8, "size": 5, "fit": 6}, "summary": "They grow"}),
    ("assessments", "Assessment", "assessment", "a2", {"criteriaSet": "criteriaSets/p", "perspective": "PERSPECTIVE_CLIENT", "scores": {"growth": 4, "fit": 3}, "respondent": "The buyer"}),
    ("whitespace", "WhitespaceCell", "whitespaceCell", "w", {"unit": "Plant", "product": "products/p", "holder": "WHITESPACE_HOLDER_US", "spend": {"currencyCode": "EUR", "units": "10"},
                                                             "potential": {"currencyCode": "EUR", "units": "40"}}),
)
# The same again, to be deleted.
GONE = (
    ("ties", "Tie", "tie", "gone", {"fromStakeholder": "accounts/%s/stakeholders/s", "toStakeholder": "accounts/%s/stakeholders/s2", "kind": "TIE_KIND_ALLIED"}),
    ("stakeholders", "Stakeholder", "stakeholder", "gone", {"title": "Left"}),
    ("opportunities", "Opportunity", "opportunity", "gone", {"title": "Lost", "stage": "OPPORTUNITY_STAGE_PROSPECTING"}),
    ("interactions", "Interaction", "interaction", "gone", {"time": "2026-03-01T10:00:00Z", "kind": "INTERACTION_KIND_CALL"}),
    ("members", "Member", "member", "gone", {"user": "users/gone"}),
    ("financials", "Financials", "financials", "2025-Q1", {"period": "2025-Q1"}),
    ("scorecards", "Scorecard", "scorecard", "gone", {"title": "Old"}),
    ("entries", "Entry", "entry", "", {"period": "2026-02", "metric": "m", "value": 6}),
    ("ratings", "Rating", "rating", "", {"period": "2025-Q1", "side": "SIDE_CLIENT", "rating": 6}),
    ("assessments", "Assessment", "assessment", "gone", {"criteriaSet": "criteriaSets/p", "assessor": "users/else", "scores": {"growth": 1, "fit": 1}}),
    ("whitespace", "WhitespaceCell", "whitespaceCell", "gone", {"unit": "Office", "product": "products/p"}),
)
IDS = {"members": ("nobody", "gone"), "financials": ("2026-Q1", "2025-Q1"), "entries": ("2026-01-m", "2026-02-m"), "ratings": ("2026-Q1-client", "2025-Q1-client"),
       "stakeholders": ("s", "gone"), "ties": ("t", "gone"), "opportunities": ("o", "gone"), "interactions": ("i", "gone"), "scorecards": ("c", "gone"), "assessments": ("a", "gone"),
       "whitespace": ("w", "gone")}
CRITERIA = [{"id": name, "title": name.capitalize(), "axis": "CRITERION_AXIS_" + axis, "weight": weight} for name, axis, weight in
            (("growth", "ATTRACTIVENESS", 60), ("size", "ATTRACTIVENESS", 40), ("fit", "STRENGTH", 10))]
VOTERS = [role for role in table.ROLES if table.ROLES[role].may("ballots.cast")]


def fill(value, account):
    if isinstance(value, str):
        return value.replace("%s", account)
    if isinstance(value, list):
        return [fill(one, account) for one in value]
    return {key: fill(one, account) for key, one in value.items()} if isinstance(value, dict) else value


def parent_of(collection, account):
    return "accounts/%s%s" % (account, "/scorecards/c" if collection in ("entries", "ratings") else "")


def name_below(collection, account, gone=False):
    return "%s/%s/%s" % (parent_of(collection, account), collection, IDS[collection][gone])


class Admin:
    """The administrator on one connection: each call must succeed."""

    def __init__(self, server, token):
        self.connection, self.token = wire.Connection(server), token

    def __call__(self, method, request):
        return self.connection.call(method, request, self.token).json()

    def below(self, row, account):
        collection, noun, field, resource_id, resource = row
        request = {"parent": parent_of(collection, account), field: fill(resource, account)}
        if resource_id:
            request[field + "Id"] = resource_id
        return self("%s/Create%s" % (table.service(noun), noun), request)["name"]


def sign_in(server, user, password=PASSWORD):
    connection = wire.Connection(server)
    try:
        return connection.call("SessionService/SignIn", {"user": user, "password": password}).json()["token"]
    finally:
        connection.close()


def furnish(server):
    """Fills a fresh store. Answers the administrator."""
    admin = Admin(server, sign_in(server, "admin", server.password))
    people = [role for role in table.ROLES if role != "admin"] + ["rep", "else", "gone", "disabled", "expired", "nobody"]
    for user in people:
        admin("UserService/CreateUser", {"userId": user, "password": PASSWORD, "user": {"displayName": user.capitalize(), "email": user + "@example.com",
                                                                                       "manager": "users/sales" if user == "rep" else ""}})
    admin("UserService/CreateUser", {"userId": "spare", "user": {"displayName": "Spare"}})
    admin("UserService/DeleteUser", {"name": "users/spare"})
    for user, role in [(role, role) for role in table.ROLES if role != "admin"] + [("rep", "sales"), ("else", "kam"), ("disabled", "executive"), ("expired", "executive")]:
        admin("BindingService/CreateBinding", {"bindingId": user, "binding": {"user": "users/" + user, "role": "roles/" + role}})
    admin("BindingService/CreateBinding", {"bindingId": "gone", "binding": {"user": "users/nobody", "role": "roles/kam"}})
    admin("BindingService/DeleteBinding", {"name": "bindings/gone"})
    admin("RoleService/CopyRole", {"name": "roles/executive", "roleId": "plain", "role": {"displayName": "Plain", "fieldGroups": ["FIELD_GROUP_PUBLIC"]}})
    admin("RoleService/CopyRole", {"name": "roles/executive", "roleId": "gone"})
    admin("RoleService/DeleteRole", {"name": "roles/gone"})
    for noun, field in (("Product", "product"), ("Competitor", "competitor"), ("Contact", "contact")):
        for one in ("p", "gone"):
            admin("%sService/Create%s" % (noun, noun), {field + "Id": one, field: {"displayName": one.capitalize()}})
        admin("%sService/Delete%s" % (noun, noun), {"name": field + "s/gone"})
    for one in ("p", "gone"):
        admin("CriteriaSetService/CreateCriteriaSet", {"criteriaSetId": one, "criteriaSet": {"title": one.capitalize(), "state": "CRITERIA_SET_STATE_ACTIVE", "criteria": CRITERIA,
                                                                                             "description": "As agreed"}})
    admin("CriteriaSetService/DeleteCriteriaSet", {"name": "criteriaSets/gone"})
    for one in ("p", "open", "decided", "gone"):
        add_round(admin, one)
    admin("RoundService/DeleteRound", {"name": "rounds/gone"})
    for account, owner in (("own", "kam"), ("team", "rep"), ("other", "else")):
        add_account(admin, account, {"owner": "users/" + owner, "executiveSponsor": "users/sponsor" if account == "own" else ""})
    admin("MemberService/CreateMember", {"parent": "accounts/own", "memberId": "sales", "member": {"user": "users/sales"}})
    for one in ("open", "decided"):
        admin("RoundService/OpenRound", {"name": "rounds/" + one})
    return admin


def add_round(admin, name):
    people = [{"user": "users/" + user, "level": "PARTICIPANT_LEVEL_" + ("EXECUTIVE" if user == "executive" else "MIDDLE_MANAGEMENT")} for user in VOTERS]
    admin("RoundService/CreateRound", {"roundId": name, "round": {"title": name.capitalize(), "year": 2026, "criteriaSet": "criteriaSets/p", "participants": people}})


def vote(server, admin, tokens):
    """Everybody who has a role that votes casts a ballot in both rounds; then one is closed, and each account decided about."""
    for user in VOTERS:
        role, caster = table.ROLES[user], Admin(server, tokens[user])
        for one in ("open", "decided"):
            caster("BallotService/CastBallot", {"parent": "rounds/" + one, "accounts": ["accounts/" + target for target in TARGETS if role.reaches(target)]})
        caster.connection.close()
    admin("RoundService/CloseRound", {"name": "rounds/decided"})
    admin("RoundService/DecideRound", {"name": "rounds/decided", "verdicts": [{"account": "accounts/" + target, "verdict": "DECISION_VERDICT_KEEP", "reason": "It grows"}
                                                                              for target in TARGETS]})


def add_account(admin, account, fields):
    """An account with one of everything, and a second one that is deleted."""
    resource = {"displayName": account.capitalize(), "region": "EMEA", "phase": "PHASE_KEY", "annualRevenue": {"currencyCode": "EUR", "units": "5"},
                "strategy": {"kind": "STRATEGY_KIND_DEFEND", "text": "hold"}, **fields}
    admin("AccountService/CreateAccount", {"accountId": account, "account": resource})
    admin("AccountService/CreateAccount", {"accountId": account + "-gone", "account": resource})
    admin("AccountService/DeleteAccount", {"name": "accounts/%s-gone" % account})
    for contact in (account + "-c", account + "-gone-c"):
        admin("ContactService/CreateContact", {"contactId": contact, "contact": {"displayName": contact, "emails": [contact + "@example.com"], "notes": "likes tea"}})
    for row in BELOW:
        admin.below(row, account)
    for row in GONE:
        admin("%s/Delete%s" % (table.service(row[1]), row[1]), {"name": admin.below(row, account)})
    # A deleted contact that is on their map still: undeleted, it would be seen.
    stakeholder = admin("StakeholderService/CreateStakeholder", {"parent": "accounts/" + account, "stakeholderId": "s3", "stakeholder": {"contact": "contacts/%s-gone-c" % account}})
    admin("StakeholderService/UpdateStakeholder", {"stakeholder": {"name": stakeholder["name"], "title": "Former"}})


class Still(kamtest.Server):
    """A kamd whose clock stands still; see still.c. `data` may be a copy of another's."""

    def __init__(self, us, seed=1, data=None):
        super().__init__(data=data)
        self.us, self.seed = us, seed

    def copy_to(self, other):
        """The stopped store, for another to start from."""
        shutil.copytree(self.data, other.data)

    def start(self, timeout=60):
        settings = {"LD_PRELOAD": STILL, "KAM_STILL_US": str(self.us), "KAM_STILL_SEED": str(self.seed)}
        os.environ.update(settings)
        try:
            super().start(timeout)
        finally:
            for key in settings:
                del os.environ[key]
