#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every RPC, for every built-in role and whoever has none or is not signed in, on what is theirs, their team's and others', in every way in which it can be asked.

What must come of each cell follows from table.py, which is written from the design and shares nothing with kamd; each is asserted over the wire. The RPCs are those of the contract
that the build made, and one without a row there does not build. The number of cells is printed.
"""

import concurrent.futures
import json
import os
import re
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import choosing_cells
import contract
import grpc
import kamtest
import table
import wire
import world

RPCS = contract.read()
DAY_US = 86400 * 1000000
NOBODY = table.Role((), "ASSIGNED", ())
ROLES = {**table.ROLES, "nobody": NOBODY}
STRANGERS = ("anonymous", "disabled", "expired")
PERMITTED = ("OK", "FAILED_PRECONDITION")  # a rule of the noun may stand in the way of whoever got as far as that

# One field of each group that a resource holds: (as JSON shows it, its group).
GROUPED = {
    "accounts": (("annualRevenue", "FINANCIAL"), ("strategy", "STRATEGY"), ("displayName", "PUBLIC")), "contacts": (("emails", "PERSONAL"), ("displayName", "PUBLIC")),
    "stakeholders": (("power", "PERSONAL"), ("buyingRoles", "COMMERCIAL"), ("desiredLevel", "STRATEGY"), ("title", "PUBLIC")), "ties": (("kind", "PERSONAL"),),
    "opportunities": (("value", "COMMERCIAL"), ("stage", "COMMERCIAL"), ("title", "PUBLIC")), "interactions": (("summary", "COMMERCIAL"), ("kind", "PUBLIC")),
    "financials": (("revenue", "FINANCIAL"), ("period", "PUBLIC")), "scorecards": (("metrics", "STRATEGY"), ("title", "PUBLIC")), "entries": (("value", "STRATEGY"), ("metric", "PUBLIC")),
    "ratings": (("rating", "STRATEGY"), ("side", "PUBLIC")), "members": (("responsibility", "PUBLIC"),),
    "assessments": (("scores", "STRATEGY"), ("summary", "STRATEGY"), ("perspective", "PUBLIC")), "whitespace": (("unit", "COMMERCIAL"), ("spend", "COMMERCIAL"), ("name", "PUBLIC")),
    "criteriaSets": (("criteria", "STRATEGY"), ("title", "PUBLIC")), "rounds": (("title", "PUBLIC"),),
    "decisions": (("verdict", "STRATEGY"), ("support", "STRATEGY"), ("attractiveness", "STRATEGY"), ("account", "PUBLIC")),
}
# A field to filter by and to set, by group.
ASKED = {
    "accounts": (("annual_revenue.units > 0", "FINANCIAL", {"annualRevenue": {"currencyCode": "EUR", "units": "6"}}), ('strategy.text = "x"', "STRATEGY", {"strategy": {"text": "x"}})),
    "contacts": (('notes = "x"', "PERSONAL", {"notes": "x"}),), "stakeholders": (("power > 1", "PERSONAL", {"power": 2}), ('current_level = "VENDOR"', "STRATEGY", {"currentLevel": "RELATIONSHIP_LEVEL_VENDOR"})),
    "ties": (("strength > 1", "PERSONAL", {"strength": 2}),), "opportunities": (("value.units > 1", "COMMERCIAL", {"nextStep": "x"}),),
    "interactions": (('summary = "x"', "COMMERCIAL", {"summary": "x"}), ('sentiment = "NEUTRAL"', "PERSONAL", {"sentiment": "SENTIMENT_NEUTRAL"})),
    "financials": (("revenue.units > 1", "FINANCIAL", {"notes": "x"}),), "scorecards": (('description = "x"', "STRATEGY", {"description": "x"}),),
    "entries": (("value > 1", "STRATEGY", {"comment": "x"}),), "ratings": (("rating > 1", "STRATEGY", {"reason": "x"}),),
    "assessments": (('summary = "x"', "STRATEGY", {"summary": "x"}), ('respondent = "x"', "PERSONAL", {"respondent": "x"})),
    "whitespace": (("spend.units > 1", "COMMERCIAL", {"notes": "x"}),), "criteriaSets": (('description = "x"', "STRATEGY", {"description": "x"}),),
    "decisions": (('reason = "x"', "STRATEGY", {}),),
    "products": (("list_price.units > 1", "COMMERCIAL", {"listPrice": {"currencyCode": "EUR", "units": "3"}}),), "competitors": (('strengths = "x"', "COMMERCIAL", {"strengths": "x"}),),
}
REQUIRED = {"opportunities": {"title": "T"}, "accounts": {"displayName": "N"}, "contacts": {"displayName": "N"}, "products": {"displayName": "N"}, "competitors": {"displayName": "N"},
            "interactions": {"time": "2026-03-01T10:00:00Z", "kind": "INTERACTION_KIND_CALL"}, "entries": {"period": "2026-03", "metric": "m"}, "financials": {"period": "2026-Q4"},
            "ratings": {"period": "2026-Q2", "side": "SIDE_US", "rating": 3}, "scorecards": {"title": "S"}, "members": {}, "stakeholders": {"title": "T"},
            "assessments": {"criteriaSet": "criteriaSets/p"}, "whitespace": {"unit": "U", "product": "products/p"}, "criteriaSets": {"title": "T"},
            "rounds": {"title": "T", "criteriaSet": "criteriaSets/p"},
            "bindings": {"user": "users/nobody", "role": "roles/kam"}, "users": {"displayName": "N"},
            "roles": {"displayName": "N", "permissions": ["users.read"], "scope": "SCOPE_ALL", "fieldGroups": ["FIELD_GROUP_PUBLIC"]}}
NEW_IDS = {"financials": "2026-Q4", "members": "kam"}
MADE_IDS = ("entries", "ratings")
ONES = {many: one for one, (many, _, _) in ((one, row) for (one, _), row in table.NOUNS.items())}


class Cell:
    __slots__ = ("path", "caller", "target", "variant", "request", "headers", "expected", "check")

    def __init__(self, path, caller, target, variant, request, expected, headers=(), check=None):
        self.path, self.caller, self.target, self.variant = path, caller, target, variant
        self.request, self.headers, self.check = request, headers, check
        self.expected = (expected,) if isinstance(expected, str) else tuple(expected)


class Caller:
    """Somebody who asks: as whom, and what the table gives them."""

    def __init__(self, name, token, session, imported, furnished_on):
        self.name, self.token, self.session, self.imported, self.furnished_on = name, token, session, imported, furnished_on
        self.role = ROLES.get(name)


def parent_of(noun, target):
    return world.parent_of(noun, target)


def name_of(caller, method, target, gone=False):
    """The resource that a call is about."""
    noun = method.noun
    if method.belongs == table.ACCOUNT:
        return ("accounts/%s%s" % (target, "-gone" if gone else "")) if noun == "accounts" else world.name_below(noun, target, gone)
    if method.belongs == table.CONTACT:
        return "contacts/gone" if gone else "contacts/%s-c" % target
    if method.belongs == table.DECISION:
        return "rounds/decided/decisions/" + target
    if noun == "programme":
        return "programme"
    if noun in ("users", "bindings"):
        return noun + "/" + (("spare" if noun == "users" else "gone") if gone else {"own": caller.name if caller.role and caller.name != "nobody" else "kam", "team": "rep", "other": "else"}[target])
    if noun == "auditEntries":
        return "auditEntries/%d" % {"own": 3, "team": 4, "other": 5}[target]
    if noun == "imports":
        return caller.imported
    return "%s/%s" % (noun, "gone" if gone else "plain" if noun == "roles" else "p")


def visible(caller, method, target):
    role = caller.role
    if method.belongs in (table.ACCOUNT, table.CONTACT, table.DECISION):
        return role.reaches(target)
    if method.noun == "users" and target == "own" and caller.name != "nobody":
        return True
    return method.belongs == table.EVERYBODY or role.scope == "ALL"


def denied(caller, method):
    """The method as a whole is not theirs."""
    return "." in method.permission and method.belongs != table.SESSION and not caller.role.may(method.permission)


def shows_groups(caller, method):
    def check(test, cell, answer):
        reply = answer.json()
        for field, group in GROUPED.get(method.noun, ()):
            test.assertEqual(field in reply, caller.role.sees(group), "%s of the group %s" % (field, group))
    return check


# ---- the standard methods ----

def read_cells(caller, method, revision):
    for target in world.TARGETS:
        request = {"name": name_of(caller, method, target)}
        expected = "PERMISSION_DENIED" if denied(caller, method) else "OK" if visible(caller, method, target) else "NOT_FOUND"
        check = shows_groups(caller, method) if expected == "OK" and method.verb == "get" else None
        yield Cell(method.path, caller, target, "unary", request, expected, check=check)
        yield Cell(method.path, caller, target, "as of", request, expected, ["kam-as-of: %d" % revision], check)
        missing = {"name": "imports/x" if method.noun == "imports" else request["name"] + "-x" if "/" in request["name"] and method.noun != "auditEntries" else request["name"]}
        if missing != request:
            yield Cell(method.path, caller, target, "missing", missing, "PERMISSION_DENIED" if expected == "PERMISSION_DENIED" else "NOT_FOUND")


def only_theirs(caller, method, whole, target):
    """The names in the answer: all that are there and visible, and no other."""
    def check(test, cell, answer):
        reply = answer.json()
        rows = next((value for value in reply.values() if isinstance(value, list)), [])
        names = {row["name"] for row in rows}
        mine = {name for name in whole if sees_name(caller, method, name) and (target is None or name.startswith(parent_of(method.noun, target) + "/"))}
        test.assertEqual(names, mine)
        if cell.request.get("count"):
            test.assertEqual(int(reply.get("totalSize", 0)), len(mine))
    return check


def sees_name(caller, method, name):
    role = caller.role
    found = re.match(r"(?:accounts|contacts)/(own|team|other)\b", name)
    if method.belongs == table.DECISION:
        return role.reaches(name.split("/")[-1])
    if method.belongs in (table.ACCOUNT, table.CONTACT):
        return role.scope == "ALL" or bool(found) and role.reaches(found.group(1)) and (method.belongs == table.ACCOUNT or name.endswith("-c"))
    return method.belongs == table.EVERYBODY or role.scope == "ALL"


def list_cells(caller, method, revision, whole):
    below = method.belongs == table.ACCOUNT and method.noun != "accounts"
    for target in world.TARGETS:
        parent = {"parent": parent_of(method.noun, target)} if below else {"parent": "rounds/decided"} if method.belongs == table.DECISION else {}
        expected = "PERMISSION_DENIED" if denied(caller, method) else "NOT_FOUND" if below and not caller.role.reaches(target) else "OK"
        check = only_theirs(caller, method, whole, target if below else None) if expected == "OK" and method.noun != "auditEntries" else None
        name = name_of(caller, method, target)
        if method.noun == "auditEntries":
            yield Cell(method.path, caller, target, "list", {"filter": 'name = "%s"' % name}, expected)
            continue
        yield Cell(method.path, caller, target, "list", {**parent, "filter": 'name = "%s"' % name, "orderBy": "update_time desc"}, expected)
        yield Cell(method.path, caller, target, "count", {**parent, "count": True, "pageSize": 1000}, expected, check=check)
        yield Cell(method.path, caller, target, "export", {**parent, "pageSize": 1000, "orderBy": "create_time"}, expected, check=check)
        yield Cell(method.path, caller, target, "as of", {**parent, "pageSize": 1000}, expected, ["kam-as-of: %d" % revision], check)
        for text, group, _ in ASKED.get(method.noun, ()):
            refused = expected if expected == "PERMISSION_DENIED" else expected if caller.role.sees(group) else "INVALID_ARGUMENT"
            yield Cell(method.path, caller, target, "filter by " + group, {**parent, "filter": text}, refused)
            yield Cell(method.path, caller, target, "order by " + group, {**parent, "orderBy": text.split()[0]}, refused)
    if below:
        expected = "PERMISSION_DENIED" if denied(caller, method) else "OK"
        check = only_theirs(caller, method, whole, None) if expected == "OK" else None
        dash = "accounts/-/scorecards/-" if method.noun in ("entries", "ratings") else "accounts/-"
        for variant, parent in (("across", {"parent": dash}), ("all of them", {})):
            yield Cell(method.path, caller, "any", variant, {**parent, "pageSize": 1000, "count": True}, expected, check=check)


def create_cells(caller, method, revision):
    field = field_of(method)
    for target in world.TARGETS:
        below = method.belongs == table.ACCOUNT and method.noun != "accounts"
        resource = dict(REQUIRED.get(method.noun, {}))
        if method.noun == "ties":
            resource = {"fromStakeholder": "accounts/%s/stakeholders/s" % target, "toStakeholder": "accounts/%s/stakeholders/s2" % target, "kind": "TIE_KIND_ALLIED"}
        request = {"validateOnly": True, field: resource, **({"parent": parent_of(method.noun, target)} if below else {})}
        chosen = {} if method.noun in MADE_IDS else {field + "Id": NEW_IDS.get(method.noun, "new-one")}
        expected = "PERMISSION_DENIED" if denied(caller, method) else "NOT_FOUND" if below and not caller.role.reaches(target) else "OK"
        narrow = "PERMISSION_DENIED" if expected == "OK" and method.belongs == table.CONTACT and caller.role.scope != "ALL" else expected
        yield Cell(method.path, caller, target, "validate only", {**request, **chosen}, narrow)
        if method.noun not in NEW_IDS:
            yield Cell(method.path, caller, target, "validate only, no id", request, expected)
        if method.noun not in MADE_IDS:
            taken = name_of(caller, method, target).split("/")[-1]
            yield Cell(method.path, caller, target, "taken id", {**request, field + "Id": taken}, "ALREADY_EXISTS" if narrow == "OK" else narrow)
        yield Cell(method.path, caller, target, "as of", request, "PERMISSION_DENIED" if expected == "PERMISSION_DENIED" else "INVALID_ARGUMENT", ["kam-as-of: %d" % revision])
        for _, group, value in ASKED.get(method.noun, ()):
            if method.noun not in NEW_IDS:
                yield Cell(method.path, caller, target, "set " + group, {**request, field: {**resource, **value}},
                           expected if expected != "OK" or caller.role.sees(group) else "PERMISSION_DENIED")


def field_of(method):
    one = ONES[method.noun]
    return one[0].lower() + one[1:]


def update_cells(caller, method, revision, replayed):
    field = field_of(method)
    for target in world.TARGETS:
        name = name_of(caller, method, target)
        request = {"validateOnly": True, field: {"name": name, "labels": {"k": "v"}}}
        expected = "PERMISSION_DENIED" if denied(caller, method) else "OK" if visible(caller, method, target) else "NOT_FOUND"
        may = PERMITTED if expected == "OK" else expected
        yield Cell(method.path, caller, target, "validate only", request, may)
        yield Cell(method.path, caller, target, "field mask", {**request, "updateMask": "labels"}, may)
        yield Cell(method.path, caller, target, "etag probe", {**request, field: {**request[field], "etag": "0"}}, "ABORTED" if expected == "OK" else expected)
        yield Cell(method.path, caller, target, "as of", request, "PERMISSION_DENIED" if expected == "PERMISSION_DENIED" else "INVALID_ARGUMENT", ["kam-as-of: %d" % revision])
        for _, group, value in ASKED.get(method.noun, ()):
            yield Cell(method.path, caller, target, "field mask of " + group, {**request, field: {"name": name, **value}, "updateMask": list(value)[0]},
                       expected if expected != "OK" or caller.role.sees(group) else "PERMISSION_DENIED")
        if (method.path, target) in replayed:
            yield Cell(method.path, caller, target, "replay", replayed[method.path, target], expected if name == replayed[method.path, target][field]["name"] else may)


def delete_cells(caller, method, revision):
    for target in world.TARGETS:
        gone = method.verb == "undelete"
        name = name_of(caller, method, target, gone)
        seen = visible(caller, method, target) and not (gone and method.belongs == table.CONTACT and caller.role.scope != "ALL")
        expected = "PERMISSION_DENIED" if denied(caller, method) else PERMITTED if seen else "NOT_FOUND"
        request = {"name": name, "validateOnly": True, **({} if gone else {"force": True})}
        unseen = "PERMISSION_DENIED" if expected == PERMITTED and method.belongs == table.CONTACT and caller.role.scope != "ALL" else expected
        yield Cell(method.path, caller, target, "validate only", request, unseen)
        yield Cell(method.path, caller, target, "etag probe", {**request, "etag": "0"}, "ABORTED" if expected == PERMITTED else expected)
        yield Cell(method.path, caller, target, "as of", request, "PERMISSION_DENIED" if expected == "PERMISSION_DENIED" else "INVALID_ARGUMENT", ["kam-as-of: %d" % revision])


def ballot_cells(caller, method, revision):
    """Of a round that is open: one's own, and nobody else's, whoever asks; of one that was closed: those who reach everything see all."""
    role, denies = caller.role, denied(caller, method)
    voters = [user for user in ("sales", "executive", "admin") if user != caller.name]
    for stage in ("open", "decided"):
        reach = stage == "decided" and role.scope == "ALL"
        theirs = {"rounds/%s/ballots/%s" % (stage, user) for user in world.VOTERS if reach or user == caller.name}
        if method.verb == "list":
            def check(test, cell, answer, theirs=theirs):
                reply = answer.json()
                test.assertEqual({row["name"] for row in reply.get("ballots", ())}, theirs)
                test.assertEqual(int(reply.get("totalSize", 0)), len(theirs))

            def none(test, cell, answer):
                test.assertEqual(answer.json().get("ballots", []), [])
            expected = "PERMISSION_DENIED" if denies else "OK"
            request = {"parent": "rounds/" + stage, "count": True, "orderBy": "update_time desc"}
            yield Cell(method.path, caller, stage, "count", request, expected, check=None if denies else check)
            yield Cell(method.path, caller, stage, "as of", request, expected, ["kam-as-of: %d" % revision], None if denies else check)
            yield Cell(method.path, caller, stage, "everywhere", {"filter": 'name != "x"', "pageSize": 1000}, expected)
            for user in voters:
                hidden = None if denies or reach else none
                yield Cell(method.path, caller, stage, "filter by user", {"parent": "rounds/" + stage, "filter": 'user = "users/%s"' % user}, expected, check=hidden)
                yield Cell(method.path, caller, stage, "filter by name", {"filter": 'name = "rounds/%s/ballots/%s"' % (stage, user)}, expected, check=hidden)
            continue
        for user in [caller.name, *voters, "missing"]:
            name = "rounds/%s/ballots/%s" % (stage, user)
            expected = "PERMISSION_DENIED" if denies else "OK" if name in theirs else "NOT_FOUND"

            def groups(test, cell, answer, user=user):
                test.assertEqual("accounts" in answer.json(), user == caller.name or role.sees("STRATEGY"))
            check = groups if expected == "OK" and method.verb == "get" else None
            yield Cell(method.path, caller, stage, "unary", {"name": name}, expected, check=check)
            yield Cell(method.path, caller, stage, "as of", {"name": name}, expected, ["kam-as-of: %d" % revision], check)


def session_cells(caller, method, sessions):
    """Of sessions and of API tokens, which are their user's whatever the role, and of those who may do the same to everybody's."""
    for target in world.TARGETS:
        owner = {"own": caller.name, "team": "rep", "other": "else"}[target]
        parent = "users/" + owner
        reached = target == "own" or (caller.role.may(method.permission) and caller.role.scope == "ALL")
        sees_owner = target == "own" or caller.role.may("users.read")
        if method.noun == "tokens" and target == "own" and caller.role is NOBODY:
            continue  # may do nothing that a token could do, and so has none
        name = parent + "/tokens/t" if method.noun == "tokens" else caller.session if target == "own" else sessions[owner]
        if method.verb == "list":
            def check(test, cell, answer, reached=reached):
                test.assertEqual(bool(answer.json().get(method.noun)), reached)
            yield Cell(method.path, caller, target, "list", {"parent": parent}, "OK" if sees_owner else "NOT_FOUND", check=check if sees_owner else None)
        elif method.verb == "create":
            request = {"parent": parent, "tokenId": "new", "token": {"permissions": ["users.read"], "expire": "2099-01-01"}, "validateOnly": True}
            yield Cell(method.path, caller, target, "validate only", request, "OK" if target == "own" else "INVALID_ARGUMENT")
        else:
            request = {"name": name, **({"validateOnly": True} if method.verb == "delete" else {})}
            yield Cell(method.path, caller, target, "unary", request, "OK" if reached else "NOT_FOUND")


# ---- methods of their own ----

def custom_cells(caller, method, revision):
    role, path = caller.role, method.path
    allowed = not denied(caller, method)
    for target in world.TARGETS:
        account, card = "accounts/" + target, "accounts/%s/scorecards/c" % target
        there = "OK" if role.reaches(target) and role.may("accounts.read") else "NOT_FOUND"
        everything = role.may("access.check") and role.scope == "ALL"
        requests = {
            "AccessService/CheckAccess": [("unary", {"permission": "accounts.update", "resource": account}, there),
                                          ("of another", {"permission": "accounts.read", "resource": account, "user": "users/else"}, "PERMISSION_DENIED" if there == "OK" and not everything else there),
                                          ("missing", {"permission": "accounts.read", "resource": "accounts/missing"}, "NOT_FOUND")],
            "AccessService/CompareRoles": [("unary", {"roleA": "roles/kam", "roleB": "roles/sales"}, "OK")],
            "AccessService/GetAccessMatrix": [("unary", {}, "OK")],
            "AccessService/ListPermittedUsers": [("unary", {"permission": "accounts.read", "resource": account}, "OK")],
            "AuditService/GetAuditHead": [("unary", {}, "OK")],
            "AuditService/VerifyAudit": [("unary", {}, "OK")],
            **choosing_cells.requests(caller, target, there),
            "ContactService/EraseContact": [("validate only", {"name": "contacts/%s-c" % target, "validateOnly": True}, "OK")],
            "PortfolioService/GetPortfolio": [("report", {"explain": True}, "OK"), ("report as of", {}, "OK")],
            "RoleService/CopyRole": [("validate only", {"name": "roles/kam", "roleId": "copy", "validateOnly": True}, "OK")],
            "ScorecardService/AgreeScorecard": [("validate only", {"name": card, "side": "SIDE_US", "signatory": "S", "validateOnly": True}, there),
                                                ("etag probe", {"name": card, "side": "SIDE_US", "signatory": "S", "etag": "0", "validateOnly": True}, "ABORTED" if there == "OK" else there)],
            "ScorecardService/GetScorecardReport": [("report", {"name": card}, there)],
            "ScorecardService/ProposeScorecard": [("validate only", {"name": card, "validateOnly": True}, there)],
            "ScorecardService/SupersedeScorecard": [("validate only", {"name": card, "validateOnly": True}, there)],
            "SessionService/ChangePassword": [("unary", {"oldPassword": "not theirs", "newPassword": "another sample of one"}, "PERMISSION_DENIED")],
            "SessionService/SetPassword": [("unary", {"token": "kam_else_x", "newPassword": "another sample of one"}, "UNAUTHENTICATED")],
            "SessionService/SignIn": [("unary", {"user": "else", "password": "not theirs"}, "UNAUTHENTICATED")],
            "SessionService/SignInWithIdToken": [("no issuer", {"idToken": "no.to.ken"}, "FAILED_PRECONDITION")],
            "SessionService/WhoAmI": [("unary", {}, "OK")],
            "StakeholderService/GetStakeholderMap": [("report", {"parent": account}, there)],
            "UserService/DisableUser": [("validate only", {"name": "users/else", "validateOnly": True}, "OK")],
            "UserService/EnableUser": [("validate only", {"name": "users/else", "validateOnly": True}, "OK")],
            "UserService/EraseUser": [("validate only", {"name": "users/else", "validateOnly": True}, "FAILED_PRECONDITION")],
            "UserService/HandOverUser": [("validate only", {"name": "users/else", "to": "users/kam", "validateOnly": True}, "OK")],
            "UserService/ResetUserPassword": [("unary", {"name": "users/else"}, "OK")],
        }.get(path, [])
        if path in HASHING and target != "own":
            continue
        for variant, request, expected in requests:
            if not allowed:
                expected = "PERMISSION_DENIED"
            elif path.startswith("ScorecardService/") and expected == "OK" and RPCS[path].fields.get("validate_only"):
                expected = PERMITTED
            headers = ["kam-as-of: %d" % revision] if variant == "report as of" else ()
            check = portfolio_of(caller) if path.endswith("/GetPortfolio") else choosing_cells.check_of(caller, path) if path.startswith("ChoiceService/") else None
            yield Cell(path, caller, target, variant, request, expected, headers, check=check if expected == "OK" else None)


def portfolio_of(caller):
    def check(test, cell, answer):
        shown = {row["account"] for row in answer.json().get("rows", ())}
        test.assertEqual(shown, {"accounts/" + target for target in world.TARGETS if caller.role.reaches(target)})
    return check


HASHING = ("SessionService/ChangePassword", "SessionService/SetPassword", "SessionService/SignIn", "SessionService/SignInWithIdToken")  # slow by design, and about no account
OTHERWISE = ("ImportService/Import", "WatchService/Watch", "SessionService/SignOut")  # streams, and what ends a session


def cells_of(caller, revision, whole, replayed, sessions):
    for path in sorted(RPCS):
        method = table.METHODS[path]
        if path in OTHERWISE:
            continue
        if method.belongs == table.BALLOT:
            yield from ballot_cells(caller, method, revision)
        elif method.verb and method.belongs == table.SESSION:
            yield from session_cells(caller, method, sessions)
        elif method.verb in ("get", "versions"):
            yield from read_cells(caller, method, revision)
        elif method.verb == "list":
            yield from list_cells(caller, method, revision, whole[path])
        elif method.verb == "create":
            yield from create_cells(caller, method, revision)
        elif method.verb == "update":
            yield from update_cells(caller, method, revision, replayed)
        elif method.verb:
            yield from delete_cells(caller, method, revision)
        else:
            yield from custom_cells(caller, method, revision)


class Matrix(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.started = time.monotonic()
        cls.server = server = world.Still(int(time.time()) * 1000000)
        cls.addClassCleanup(server.close)
        server.init()
        server.start()
        furnished_on = time.strftime("%Y-%m-%d", time.gmtime(server.us // 1000000))
        admin = world.furnish(server)
        tokens = {"expired": world.sign_in(server, "expired"), "anonymous": ""}
        admin.connection.close()
        cls.import_product()
        server.stop()
        server.us, server.seed = server.us + 400 * DAY_US, 2
        server.start()
        cls.admin = admin = world.Admin(server, world.sign_in(server, "admin", server.password))
        tokens["admin"] = admin.token
        for user in [*ROLES, "disabled", "rep", "else"]:
            tokens.setdefault(user, world.sign_in(server, user) if user != "admin" else "")
        world.vote(server, admin, tokens)
        admin("UserService/DisableUser", {"name": "users/disabled"})
        for user in [*table.ROLES, "rep", "else"]:
            world.Admin(server, tokens[user])("TokenService/CreateToken", {"parent": "users/" + user, "tokenId": "t", "token": {"permissions": ["users.read"], "expire": "2099-01-01"}})
        cls.sessions = {user: admin("SessionService/ListSessions", {"parent": "users/" + user})["sessions"][-1]["name"] for user in [*ROLES, "rep", "else"]}
        cls.imported = admin("ImportService/ListImports", {})["imports"][0]["name"]
        cls.callers = {name: Caller(name, tokens[name], cls.sessions.get(name), cls.imported, furnished_on) for name in [*ROLES, *STRANGERS]}
        cls.whole = {path: cls.names(path) for path, method in table.METHODS.items() if method.verb == "list" and method.belongs != table.SESSION}
        cls.revision = int(re.search(rb"kam-revision: (\d+)", admin.connection.call("SessionService/WhoAmI", {}, admin.token).head).group(1))
        cls.replayed = cls.replays()
        cls.cells = 0

    @classmethod
    def import_product(cls):
        """An import by the administrator, so that there is one to be seen."""
        files = {"rows.csv": "id,name\n1,Bolt\n", "map.json": json.dumps({"resource": "products", "system": "crm", "keyColumns": ["id"], "fields": [{"field": "display_name", "column": "name", "required": True}]})}
        for name, text in files.items():
            with open(os.path.join(cls.server.folder, name), "w") as file:
                file.write(text)
        rows, mapping = (os.path.join(cls.server.folder, name) for name in files)
        cls.server.admin().run("import", "products", rows, "--map", mapping)

    @classmethod
    def tearDownClass(cls):
        cls.admin.connection.close()
        print("%d cells of the access matrix (%d RPCs, %d callers) in %.1f s" % (cls.cells, len(RPCS), len(cls.callers), time.monotonic() - cls.started))

    @classmethod
    def names(cls, path):
        """All that there is, as the administrator lists it."""
        reply = cls.admin(path, {"pageSize": 1000} if "Audit" not in path else {})
        return {row["name"] for row in next((value for value in reply.values() if isinstance(value, list)), [])}

    @classmethod
    def replays(cls):
        """A change of everything by the administrator, with a request id: others will send the same again."""
        made = {}
        for path, method in table.METHODS.items():
            if method.verb != "update" or method.belongs not in (table.ACCOUNT, table.CONTACT):
                continue
            for target in world.TARGETS:
                name = name_of(cls.callers["admin"], method, target)
                request = {field_of(method): {"name": name, "labels": {"replay": "yes"}}, "requestId": "replay %s" % name[-40:]}
                cls.admin(path, request)
                made[path, target] = request
        return made

    def assert_cell(self, cell, answer):
        if answer.code not in cell.expected:
            self.wrong.append("%s by %s on %s, %s: %s instead of %s\n  %s\n  %s" %
                              (cell.path, cell.caller.name, cell.target, cell.variant, answer.code, " or ".join(cell.expected), cell.request, answer.body[:300].decode()))
        elif cell.check:
            try:
                cell.check(self, cell, answer)
            except AssertionError as fault:
                self.wrong.append("%s by %s on %s, %s: %s\n  %s" % (cell.path, cell.caller.name, cell.target, cell.variant, fault, cell.request))

    def finish(self, count):
        Matrix.cells += count
        self.assertGreater(count, 0)
        if self.wrong:
            self.fail("%d cells of %d are wrong:\n%s" % (len(self.wrong), count, "\n".join(self.wrong[:12])))

    def setUp(self):
        self.wrong = []

    def run_caller(self, name):
        caller = self.callers[name]
        cells = list(cells_of(caller, self.revision, self.whole, self.replayed, self.sessions))
        self.assertEqual({cell.path for cell in cells} | set(OTHERWISE), set(RPCS))
        connection = wire.Connection(self.server)
        connection.call("SessionService/WhoAmI", {}, caller.token)
        answers = connection.calls([wire.post(cell.path, cell.request, caller.token, cell.headers) for cell in cells])
        connection.close()
        for cell, answer in zip(cells, answers):
            self.assert_cell(cell, answer)
        self.finish(len(cells))

    def run_stranger(self, name):
        """Not signed in, or no more: no method but those that sign in, whatever it is asked."""
        stranger, asked = self.callers[name], self.callers["kam"]
        # A connection each, for kamd closes it: so one way of asking for each method and target, as no more than the head of a call is looked at.
        cells = list({(cell.path, cell.target): cell for cell in cells_of(asked, self.revision, self.whole, self.replayed, self.sessions)}.values())
        for cell in cells:
            for_anybody = table.METHODS[cell.path].permission == table.ANYBODY
            cell.caller, cell.expected, cell.check = stranger, cell.expected if for_anybody else ("UNAUTHENTICATED",), None

        def ask(cell):
            connection = wire.Connection(self.server)
            try:
                return connection.call(cell.path, cell.request, stranger.token, cell.headers, expect=None)
            finally:
                connection.close()

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for cell, answer in zip(cells, pool.map(ask, cells)):
                self.assert_cell(cell, answer)
        self.finish(len(cells))

    def test_watch(self):
        """A watch from the first revision on tells of what is theirs, and of nothing else."""
        self.admin("CompetitorService/CreateCompetitor", {"competitorId": "the-end", "competitor": {"displayName": "The end"}})
        count = 0
        for name, caller in self.callers.items():
            told = b"".join(wire.watch(self.server, {"fromRevision": "1"}, caller.token, b"competitors/the-end"))
            if name in STRANGERS or caller.role is NOBODY:
                self.assertIn(b'"code":"unauthenticated"' if name in STRANGERS else b'"permission_denied"', told, name)
                self.assertNotIn(b"accounts/", told)
                count += 1
                continue
            for noun in ("accounts", "contacts", *world.IDS):
                for target in world.TARGETS:
                    resource = "contacts/%s-c" % target if noun == "contacts" else "accounts/" + target if noun == "accounts" else world.name_below(noun, target)
                    theirs = caller.role.may(noun + ".read") and caller.role.reaches(target)
                    if (b'"changes":[{"name":"%s"' % resource.encode() in told) != theirs:
                        self.wrong.append("Watch by %s: %s %s told" % (name, resource, "is not" if theirs else "is"))
                    count += 1
            told_of = [("rounds/decided/decisions/" + target, "decisions.read", caller.role.reaches(target)) for target in world.TARGETS]
            told_of += [("rounds/open/ballots/" + user, "ballots.read", user == name) for user in world.VOTERS]
            for resource, permission, reached in told_of:
                theirs = caller.role.may(permission) and reached
                if (b'{"name":"%s"' % resource.encode() in told) != theirs:
                    self.wrong.append("Watch by %s: %s %s told" % (name, resource, "is not" if theirs else "is"))
                count += 1
            for noun, shown in (("bindings", "bindings/kam"), ("users", "users/rep"), ("roles", "roles/plain")):
                theirs = caller.role.may(noun + ".read") and (noun != "bindings" or caller.role.scope == "ALL")
                if (b'{"name":"%s"' % shown.encode() in told) != theirs:
                    self.wrong.append("Watch by %s: %s %s told" % (name, shown, "is not" if theirs else "is"))
                count += 1
        self.finish(count)

    def import_nothing(self, token):
        """An import whose first message says nothing; streams in both directions are gRPC's alone."""
        with open(self.server.ca, "rb") as file:
            credentials = grpc.ssl_channel_credentials(file.read())
        with grpc.secure_channel(self.server.address, credentials, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            calls = channel.stream_stream("/kam.v1.ImportService/Import")(iter([b""]), metadata=[("authorization", "Bearer " + token)] if token else [], timeout=60 * kamtest.PATIENCE)
            try:
                return "OK, %d answers" % len(list(calls))
            except grpc.RpcError as error:
                return error.code().name

    def test_import_and_sign_out(self):
        count = 0
        for name, caller in self.callers.items():
            came = self.import_nothing(caller.token)
            wanted = "UNAUTHENTICATED" if name in STRANGERS else "INVALID_ARGUMENT" if caller.role.may("imports.create") else "PERMISSION_DENIED"
            if came != wanted:
                self.wrong.append("Import by %s: %s instead of %s" % (name, came, wanted))
            token = "" if name in STRANGERS else world.sign_in(self.server, name, self.server.password if name == "admin" else world.PASSWORD)
            connection = wire.Connection(self.server)
            connection.call("SessionService/SignOut", {}, token, expect="OK" if token else "UNAUTHENTICATED")
            if token:
                connection.call("SessionService/WhoAmI", {}, token, expect="UNAUTHENTICATED")
            connection.close()
            count += 2
        self.finish(count)


for one in ROLES:
    setattr(Matrix, "test_role_" + one, lambda self, one=one: self.run_caller(one))
for one in STRANGERS:
    setattr(Matrix, "test_stranger_" + one, lambda self, one=one: self.run_stranger(one))

if __name__ == "__main__":
    unittest.main(warnings="ignore")
