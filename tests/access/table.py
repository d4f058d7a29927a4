# SPDX-License-Identifier: Apache-2.0
"""Who may do what, as the design says it: written by hand and read by nothing of kamd, so that the tests have something to hold the server against.

A new RPC has no row here, and then the build stops (covered.py). Give it one, and with it a place in the matrix."""

from dataclasses import dataclass

GROUPS = ("PUBLIC", "COMMERCIAL", "FINANCIAL", "PERSONAL", "STRATEGY")

_COMMON = ("users.read", "roles.read", "products.read", "competitors.read", "programme.read", "portfolio.read", "criteriaSets.read", "rounds.read", "ballots.read",
           "ballots.cast", "decisions.read")
_ACCOUNT = tuple(noun + ".read" for noun in ("accounts", "members", "financials", "contacts", "stakeholders", "ties", "opportunities", "interactions", "scorecards",
                                             "entries", "ratings", "assessments", "whitespace"))
_ASSESS = ("assessments.create", "assessments.update")


@dataclass(frozen=True)
class Role:
    permissions: tuple
    scope: str  # ALL, TEAM: accounts of the people I manage; ASSIGNED: accounts where I am owner, sponsor or member
    groups: tuple

    def may(self, permission):
        noun, verb = permission.split(".")
        return any(word in self.permissions for word in ("*", "*." + verb, noun + ".*", permission))

    def reaches(self, target):
        """`target` is own, team (of somebody I manage) or other."""
        return self.scope == "ALL" or target == "own" or (self.scope == "TEAM" and target == "team")

    def sees(self, group):
        return group in self.groups


ROLES = {
    "admin": Role(("*",), "ALL", GROUPS),
    "executive": Role(_COMMON + _ACCOUNT + _ASSESS + ("rounds.*",), "ALL", GROUPS),
    "sponsor": Role(_COMMON + _ACCOUNT + _ASSESS + ("interactions.create", "interactions.update", "scorecards.agree", "ratings.create", "ratings.update"), "ASSIGNED", GROUPS),
    "kam": Role(_COMMON + _ACCOUNT + ("accounts.update", "contacts.create", "contacts.update", "contacts.delete") + tuple(
        noun + ".*" for noun in ("members", "financials", "stakeholders", "ties", "opportunities", "interactions", "scorecards", "entries", "ratings", "assessments", "whitespace")),
                "ASSIGNED", GROUPS),
    "sales": Role(_COMMON + _ACCOUNT + tuple(noun + verb for noun in ("contacts", "stakeholders", "opportunities", "interactions", "whitespace") for verb in (".create", ".update")),
                  "TEAM", ("PUBLIC", "COMMERCIAL", "PERSONAL")),
    "marketing": Role(_COMMON + ("accounts.read", "members.read", "stakeholders.read", "contacts.read", "interactions.read", "interactions.create", "competitors.create",
                                 "competitors.update"), "ALL", ("PUBLIC", "STRATEGY")),
    "auditor": Role(("*.read", "access.check"), "ALL", ("PUBLIC", "COMMERCIAL", "FINANCIAL", "STRATEGY")),
}

# What a noun belongs to decides whom it is for: an account, a contact by the maps it stands on, everybody, or only those who reach everything. A decision is for whoever sees
# the account that it is about, whose id it has; a ballot for its author, and once its round is closed for those who reach everything.
ACCOUNT, CONTACT, EVERYBODY, ALL_ONLY, SESSION, DECISION, BALLOT = "account", "contact", "everybody", "all only", "session", "decision", "ballot"

# Singular and plural as in the names of its methods: plural as in its permissions, where it belongs, the verbs that it has.
NOUNS = {
    ("Account", "Accounts"): ("accounts", ACCOUNT, "GLCUDNV"),
    ("Assessment", "Assessments"): ("assessments", ACCOUNT, "GLCUDNV"),
    ("AuditEntry", "AuditEntries"): ("auditEntries", ALL_ONLY, "GL"),
    ("Ballot", "Ballots"): ("ballots", BALLOT, "GLV"),
    ("Binding", "Bindings"): ("bindings", ALL_ONLY, "GLCUDNV"),
    ("Competitor", "Competitors"): ("competitors", EVERYBODY, "GLCUDNV"),
    ("Contact", "Contacts"): ("contacts", CONTACT, "GLCUDNV"),
    ("CriteriaSet", "CriteriaSets"): ("criteriaSets", EVERYBODY, "GLCUDNV"),
    ("Decision", "Decisions"): ("decisions", DECISION, "GLV"),
    ("Entry", "Entries"): ("entries", ACCOUNT, "GLCUDNV"),
    ("Financials", "Financials"): ("financials", ACCOUNT, "GLCUDNV"),
    ("Import", "Imports"): ("imports", ALL_ONLY, "GLDV"),
    ("Interaction", "Interactions"): ("interactions", ACCOUNT, "GLCUDNV"),
    ("Member", "Members"): ("members", ACCOUNT, "GLCUDNV"),
    ("Opportunity", "Opportunities"): ("opportunities", ACCOUNT, "GLCUDNV"),
    ("Product", "Products"): ("products", EVERYBODY, "GLCUDNV"),
    ("Programme", ""): ("programme", EVERYBODY, "GUV"),
    ("Rating", "Ratings"): ("ratings", ACCOUNT, "GLCUDNV"),
    ("Role", "Roles"): ("roles", EVERYBODY, "GLCUDNV"),
    ("Round", "Rounds"): ("rounds", EVERYBODY, "GLCUDNV"),
    ("Scorecard", "Scorecards"): ("scorecards", ACCOUNT, "GLCUDNV"),
    ("Session", "Sessions"): ("sessions", SESSION, "GLDV"),
    ("Stakeholder", "Stakeholders"): ("stakeholders", ACCOUNT, "GLCUDNV"),
    ("Tie", "Ties"): ("ties", ACCOUNT, "GLCUDNV"),
    ("Token", "Tokens"): ("tokens", SESSION, "GLCDV"),
    ("User", "Users"): ("users", EVERYBODY, "GLCUDNV"),
    ("WhitespaceCell", "Whitespace"): ("whitespace", ACCOUNT, "GLCUDNV"),
}
SERVICES = {"AuditEntry": "AuditService", "WhitespaceCell": "WhitespaceService"}  # otherwise the noun's own


def service(noun):
    return SERVICES.get(noun, noun + "Service")


VERBS = {"G": "get", "L": "list", "C": "create", "U": "update", "D": "delete", "N": "undelete", "V": "versions"}
PERMISSION_VERBS = {"G": "read", "L": "read", "C": "create", "U": "update", "D": "delete", "N": "delete", "V": "read"}

ANYBODY, SIGNED_IN = "anybody", "signed in"  # instead of a permission

# Methods of their own: permission or audience, where they belong.
CUSTOM = {
    "AccessService/CheckAccess": (SIGNED_IN, EVERYBODY),
    "AccessService/CompareRoles": ("roles.read", EVERYBODY),
    "AccessService/GetAccessMatrix": ("roles.read", EVERYBODY),
    "AccessService/ListPermittedUsers": ("access.check", ALL_ONLY),
    "AuditService/GetAuditHead": ("auditEntries.read", ALL_ONLY),
    "AuditService/VerifyAudit": ("auditEntries.read", ALL_ONLY),
    "BallotService/CastBallot": ("ballots.cast", EVERYBODY),
    "ChoiceService/ExplainScore": ("assessments.read", ACCOUNT),
    "ChoiceService/GetAlignment": ("ballots.read", ALL_ONLY),
    "ChoiceService/GetBacktest": ("assessments.read", ACCOUNT),
    "ChoiceService/GetCandidates": ("assessments.read", ACCOUNT),
    "ChoiceService/GetGap": ("assessments.read", ACCOUNT),
    "ChoiceService/GetGrowth": ("financials.read", ACCOUNT),
    "ChoiceService/GetImpact": ("financials.read", ACCOUNT),
    "ChoiceService/GetMatrix": ("assessments.read", ACCOUNT),
    "ChoiceService/GetWhitespace": ("whitespace.read", ACCOUNT),
    "ContactService/EraseContact": ("contacts.erase", ALL_ONLY),
    "CriteriaSetService/AdoptCriteriaSet": ("criteriaSets.create", EVERYBODY),
    "CriteriaSetService/ListCriteriaSetProposals": ("criteriaSets.read", EVERYBODY),
    "ImportService/Import": ("imports.create", ALL_ONLY),
    "PortfolioService/GetPortfolio": ("portfolio.read", EVERYBODY),
    "RoleService/CopyRole": ("roles.create", EVERYBODY),
    "RoundService/CloseRound": ("rounds.close", EVERYBODY),
    "RoundService/CopyRound": ("rounds.create", EVERYBODY),
    "RoundService/DecideRound": ("rounds.decide", EVERYBODY),
    "RoundService/OpenRound": ("rounds.open", EVERYBODY),
    "ScorecardService/AgreeScorecard": ("scorecards.agree", ACCOUNT),
    "ScorecardService/GetScorecardReport": ("scorecards.read", ACCOUNT),
    "ScorecardService/ProposeScorecard": ("scorecards.update", ACCOUNT),
    "ScorecardService/SupersedeScorecard": ("scorecards.update", ACCOUNT),
    "SessionService/ChangePassword": (SIGNED_IN, SESSION),
    "SessionService/SetPassword": (ANYBODY, SESSION),
    "SessionService/SignIn": (ANYBODY, SESSION),
    "SessionService/SignInWithIdToken": (ANYBODY, SESSION),
    "SessionService/SignOut": (SIGNED_IN, SESSION),
    "SessionService/WhoAmI": (SIGNED_IN, SESSION),
    "StakeholderService/GetStakeholderMap": ("stakeholders.read", ACCOUNT),
    "UserService/DisableUser": ("users.update", EVERYBODY),
    "UserService/EnableUser": ("users.update", EVERYBODY),
    "UserService/EraseUser": ("users.erase", EVERYBODY),
    "UserService/HandOverUser": ("users.handOver", EVERYBODY),
    "UserService/ResetUserPassword": ("users.resetPassword", EVERYBODY),
    "WatchService/Watch": (SIGNED_IN, EVERYBODY),
}


@dataclass(frozen=True)
class Method:
    path: str        # AccountService/GetAccount
    permission: str  # or ANYBODY, SIGNED_IN
    belongs: str
    verb: str        # of VERBS, or "" for a method of its own
    noun: str        # plural, as in permissions; "" for a method of its own


def _standard():
    names = {"get": "Get%(one)s", "list": "List%(many)s", "create": "Create%(one)s", "update": "Update%(one)s", "delete": "Delete%(one)s", "undelete": "Undelete%(one)s",
             "versions": "List%(one)sVersions"}
    for (one, many), (plural, belongs, verbs) in NOUNS.items():
        for letter in verbs:
            path = "%s/%s" % (service(one), names[VERBS[letter]] % {"one": one, "many": many})
            yield Method(path, "%s.%s" % (plural, PERMISSION_VERBS[letter]), belongs, VERBS[letter], plural)


METHODS = {method.path: method for method in _standard()}
METHODS.update({path: Method(path, permission, belongs, "", "") for path, (permission, belongs) in CUSTOM.items()})
