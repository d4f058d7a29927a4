#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The four ways in which a store's access control was gone round in 2026 (etcd: GHSA-rfx7-8w68-q57q, CVE-2026-44283, GHSA-xg4h-6gfc-h4m8, GHSA-q8m4-xhhv-38mg), tried on kamd: what one
call holds inside another, what a reply says beside its answer, a range that is open at its end, and a method that nobody thought of."""

import json
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import contract
import kamtest
import table
import wire
import world

SECRET = "sample-of-a-secret"


class Shapes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = kamtest.Server()
        cls.server = server
        cls.addClassCleanup(server.close)
        server.init()
        server.start()
        cls.admin = admin = world.furnish(server)
        cls.addClassCleanup(admin.connection.close)
        cls.furnished = re.search(rb"kam-revision: (\d+)", admin.connection.call("SessionService/WhoAmI", {}, admin.token).head).group(1).decode()
        admin("AccountService/UpdateAccount", {"account": {"name": "accounts/other", "description": SECRET, "region": SECRET}})
        admin("AccountService/UpdateAccount", {"account": {"name": "accounts/own", "strategy": {"text": SECRET}, "annualRevenue": {"currencyCode": "EUR", "units": "424242"}}})
        cls.connection = wire.Connection(server)
        cls.addClassCleanup(cls.connection.close)
        cls.kam, cls.sales, cls.marketing = (world.sign_in(server, user) for user in ("kam", "sales", "marketing"))

    def ask(self, method, request, token, headers=()):
        return self.connection.call(method, request, token, headers, expect=None)

    # ---- a call inside another (nested transactions that no range was checked for) ----

    def test_composite_call(self):
        """A forced delete, a hand-over, an import, an update that creates: what they touch is asked for as if it were called alone."""
        admin = self.admin
        admin("RoleService/CreateRole", {"roleId": "mover", "role": {"displayName": "M", "scope": "SCOPE_ASSIGNED", "fieldGroups": ["FIELD_GROUP_PUBLIC"],
                                                                   "permissions": ["accounts.read", "accounts.update", "accounts.delete", "users.read", "users.handOver", "imports.create", "stakeholders.create",
                                                                                   "contacts.create", "contacts.read", "stakeholders.read"]}})
        admin("UserService/CreateUser", {"userId": "mover", "user": {"displayName": "M"}, "password": world.PASSWORD})
        admin("BindingService/CreateBinding", {"binding": {"user": "users/mover", "role": "roles/mover"}})
        admin("AccountService/CreateAccount", {"accountId": "moved", "account": {"displayName": "Moved", "owner": "users/mover"}})
        token = world.sign_in(self.server, "mover")
        # Handing over moves what its caller may not see as well, so it takes a role that reaches everything.
        answer = self.ask("UserService/HandOverUser", {"name": "users/else", "to": "users/mover"}, token)
        self.assertEqual(answer.code, "PERMISSION_DENIED")
        self.assertEqual(admin("AccountService/GetAccount", {"name": "accounts/other"})["owner"], "users/else")
        # A delete with force, of what they may not see.
        self.assertEqual(self.ask("AccountService/DeleteAccount", {"name": "accounts/other", "force": True}, token).code, "NOT_FOUND")
        # A reference out of their own account into a hidden one, at any depth.
        for request in ({"contact": "contacts/other-c"}, {"reportsTo": "accounts/other/stakeholders/s"}, {"counterpart": "users/else", "contact": "contacts/other-c"}):
            answer = self.ask("StakeholderService/CreateStakeholder", {"parent": "accounts/moved", "stakeholder": {"title": "T", **request}}, token)
            missing = self.ask("StakeholderService/CreateStakeholder",
                               {"parent": "accounts/moved", "stakeholder": {"title": "T", **json.loads(re.sub(r"contacts/other-c|other/stakeholders/s", lambda m: m.group(0)[:-1] + "x", json.dumps(request)))}},
                               token)
            self.assertEqual((answer.code, missing.code), ("INVALID_ARGUMENT",) * 2)
            self.assertEqual(answer.json()["message"].replace("other-c", "X").replace("stakeholders/s", "X"), missing.json()["message"].replace("other-x", "X").replace("stakeholders/x", "X"))
        # An update that would create, below a hidden account and beside it.
        for name in ("accounts/other", "accounts/none"):
            self.assertEqual(self.ask("AccountService/UpdateAccount", {"account": {"name": name, "displayName": "Mine"}, "allowMissing": True}, token).reason, "NAME_DENIED")

    # ---- what a reply says beside its answer (the previous value of a put) ----

    def test_previous_value_in_a_reply(self):
        """Answers to writes, refusals, etags, histories, replays: none holds a value that Get would not show."""
        asked = [("AccountService/UpdateAccount", {"account": {"name": name, "displayName": "X", "etag": etag}, "validateOnly": dry, **mask})
                 for name in ("accounts/own", "accounts/other") for etag in ("", "0") for dry in (True, False) for mask in ({}, {"updateMask": "displayName"}, {"updateMask": "*"})]
        asked += [("%s/%s" % (service, verb), {"name": name}) for service, verb in (("AccountService", "DeleteAccount"), ("AccountService", "UndeleteAccount"), ("AccountService", "ListAccountVersions"))
                  for name in ("accounts/own", "accounts/other")]
        asked += [("OpportunityService/CreateOpportunity", {"parent": "accounts/own", "opportunityId": "shape", "opportunity": {"title": "T"}, "requestId": "shape-1"})] * 2
        asked += [("StakeholderService/UpdateStakeholder", {"stakeholder": {"name": "accounts/own/stakeholders/s", "title": "Buyer of all"}})]
        for token in (self.sales, self.marketing):
            for method, request in asked:
                answer = self.ask(method, request, token)
                self.assertNotIn(b"424242", answer.body, (method, request))
                if token is self.sales:
                    self.assertNotIn(SECRET.encode(), answer.body, (method, request))
        # A request id is its sender's: whoever sends another's gets an answer of their own.
        request = {"account": {"name": "accounts/own", "labels": {"a": "b"}}, "requestId": "shape-2"}
        self.admin("AccountService/UpdateAccount", request)
        self.assertEqual(self.ask("AccountService/UpdateAccount", request, self.sales).code, "PERMISSION_DENIED")
        self.assertEqual(self.ask("AccountService/UpdateAccount", {**request, "account": {"name": "accounts/other", "labels": {"a": "b"}}}, self.kam).code, "NOT_FOUND")

    def test_a_replay_shows_no_more_than_now(self):
        """The same request again gets the same reply, of which only what its sender may see today."""
        admin = self.admin
        admin("RoleService/CopyRole", {"name": "roles/kam", "roleId": "fading"})
        admin("UserService/CreateUser", {"userId": "fading", "user": {"displayName": "F"}, "password": world.PASSWORD})
        admin("BindingService/CreateBinding", {"binding": {"user": "users/fading", "role": "roles/fading"}})
        admin("AccountService/CreateAccount", {"accountId": "fading", "account": {"displayName": "F", "owner": "users/fading", "strategy": {"text": SECRET}}})
        token = world.sign_in(self.server, "fading")
        request = {"account": {"name": "accounts/fading", "displayName": "Faded"}, "requestId": "shape-3"}
        first = self.ask("AccountService/UpdateAccount", request, token)
        self.assertIn(SECRET.encode(), first.body)
        self.assertEqual(self.ask("AccountService/UpdateAccount", request, token).body, first.body)
        admin("RoleService/UpdateRole", {"role": {"name": "roles/fading", "fieldGroups": ["FIELD_GROUP_PUBLIC"]}})
        again = self.ask("AccountService/UpdateAccount", request, token)
        self.assertEqual(again.code, "OK")
        self.assertNotIn(SECRET.encode(), again.body)
        admin("AccountService/UpdateAccount", {"account": {"name": "accounts/fading", "owner": "users/else"}})
        self.assertEqual(self.ask("AccountService/UpdateAccount", request, token).code, "NOT_FOUND")

    # ---- a range that is open at its end (a watch from one key on that told of every later one) ----

    def test_range_to_the_end(self):
        """Lists, watches and reports from anywhere to the end hold what is theirs, though what is not lies right behind it."""
        for method, request in (("AccountService/ListAccounts", {"pageSize": 1000}), ("OpportunityService/ListOpportunities", {"pageSize": 1000}),
                                ("OpportunityService/ListOpportunities", {"parent": "accounts/-", "pageSize": 1000}), ("EntryService/ListEntries", {"parent": "accounts/-/scorecards/-"}),
                                ("AccountService/ListAccounts", {"orderBy": "name desc", "filter": 'name > "accounts/a"'}), ("PortfolioService/GetPortfolio", {})):
            for headers in ((), ("kam-as-of: " + self.furnished,)):
                body = self.ask(method, request, self.kam, headers).body
                self.assertIn(b"accounts/own", body, (method, request))
                for hidden in (b"accounts/other", b"accounts/team", SECRET.encode() if "Portfolio" in method else b"accounts/team"):
                    self.assertNotIn(hidden, body, (method, request))
        # A page token is a place in one list of one caller: moved to another list or caller, it opens nothing.
        page = self.ask("OpportunityService/ListOpportunities", {"pageSize": 1, "showDeleted": True}, self.kam).json()["nextPageToken"]
        for request in ({"pageSize": 1, "pageToken": page}, {"pageSize": 1, "pageToken": page, "showDeleted": True, "parent": "accounts/-"}):
            self.assertEqual(self.ask("OpportunityService/ListOpportunities", request, self.kam).code, "INVALID_ARGUMENT")
        self.assertEqual(self.ask("OpportunityService/ListOpportunities", {"pageSize": 1, "pageToken": page, "showDeleted": True}, self.sales).code, "INVALID_ARGUMENT")
        # Watches from the first revision: of everything, of one name that is a beginning of others, of hidden names.
        self.admin("CompetitorService/CreateCompetitor", {"competitorId": "shape-end", "competitor": {"displayName": "End"}})
        for names in ([], ["accounts/own"], ["accounts/o"], ["accounts"], ["accounts/other"], ["accounts/team", "accounts/own"]):
            names += ["competitors/shape-end"] if names else []
            told = b"".join(wire.watch(self.server, {"fromRevision": "1", "names": names}, self.kam, b"competitors/shape-end"))
            self.assertEqual(b"accounts/own" in told, not names or bool({"accounts", "accounts/own"} & set(names)), names)
            self.assertNotIn(b"accounts/other", told, names)
            self.assertNotIn(b"accounts/team", told, names)

    # ---- a method that nobody thought of (members, alarms, leases without any check) ----

    def test_method_without_a_check(self):
        """Every method but those that sign in refuses whoever is not signed in, and every one that names a permission whoever has no role."""
        admin = self.admin
        nobody = world.sign_in(self.server, "nobody")
        for path, rpc in sorted(contract.read().items()):
            method = table.METHODS[path]
            if rpc.streaming:
                continue
            connection = wire.Connection(self.server)
            answer = connection.call(path, {}, expect=None)
            connection.close()
            if method.permission != table.ANYBODY:
                self.assertEqual((answer.code, answer.reason), ("UNAUTHENTICATED", "NOT_SIGNED_IN"), path)
            if "." in method.permission and method.belongs != table.SESSION:
                answer = self.ask(path, {}, nobody)
                self.assertEqual((answer.code, answer.reason), ("PERMISSION_DENIED", "PERMISSION_DENIED"), path)
        # What is beside the API: other services of the same port say nothing of what is stored.
        for path in ("grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "grpc.health.v1.Health/Check"):
            status, reply = kamtest.connect(self.server, "../" + path, {})
            self.assertNotIn("accounts/", json.dumps(reply), (path, status))
        self.assertGreater(len(admin("AccessService/GetAccessMatrix", {})["rows"]), 148)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
