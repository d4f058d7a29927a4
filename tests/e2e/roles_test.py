#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who sees what: the same portfolio as executive, sponsor, key account manager, marketer and auditor; what is hidden looks like what is missing."""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest

MONEY = ("wonValue", "openValue", "lostValue", "weightedValue", "wonCount", "winRateByCount")


class Roles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = kamtest.Server.of_class(cls)
        admin = cls.admin
        cls.users = {role: server.new_user("u-" + role, role) for role in ("executive", "sponsor", "kam", "sales", "marketing", "auditor")}
        admin.run("programme", "update", "--set", "reporting_currency=EUR")
        admin.run("accounts", "create", "acme", "--set", "display_name=Acme", "--set", "owner=users/u-kam", "--set", "executive_sponsor=users/u-sponsor",
                  "--set", "strategy.text=Hold it", "--set", "annual_revenue=5000000 EUR", "--set", "region=EMEA")
        admin.run("accounts", "create", "bolt", "--set", "display_name=Bolt", "--set", "executive_sponsor=users/u-sponsor", "--set", "region=APAC")
        admin.run("accounts", "create", "cork", "--set", "display_name=Cork", "--set", "owner=users/u-sales", "--set", "region=EMEA")
        for account, units in (("acme", 100), ("bolt", 40), ("cork", 10)):
            admin.call("OpportunityService/CreateOpportunity", {"parent": "accounts/" + account, "opportunityId": "d", "opportunity": {
                "title": "Deal", "stage": "OPPORTUNITY_STAGE_WON", "value": {"currencyCode": "EUR", "units": str(units)}, "closeOn": "2026-03-01"}})
            admin.call("StakeholderService/CreateStakeholder", {"parent": "accounts/" + account, "stakeholderId": "boss", "stakeholder": {
                "title": "Boss", "power": 5, "notes": "Plays golf", "buyingRoles": ["BUYING_ROLE_ECONOMIC_BUYER"]}})

    def portfolio(self, role, *words):
        return self.users[role].json("portfolio", *words)

    def test_each_sees_exactly_their_accounts_and_fields(self):
        expected = {
            "executive": ({"accounts/acme": "100", "accounts/bolt": "40", "accounts/cork": "10"}, "150"),
            "sponsor": ({"accounts/acme": "100", "accounts/bolt": "40"}, "140"),
            "kam": ({"accounts/acme": "100"}, "100"),
            "sales": ({"accounts/cork": "10"}, "10"),
            "auditor": ({"accounts/acme": "100", "accounts/bolt": "40", "accounts/cork": "10"}, "150"),
        }
        for role, (rows, total) in expected.items():
            with self.subTest(role):
                reply = self.portfolio(role)
                self.assertEqual({row["account"]: row["wonValue"]["units"] for row in reply["rows"]}, rows)
                self.assertEqual(reply["totals"]["wonValue"]["units"], total)
                self.assertEqual(reply["accountCount"], len(rows))
        reply = self.portfolio("marketing")
        self.assertEqual([row["account"] for row in reply["rows"]], ["accounts/acme", "accounts/bolt", "accounts/cork"])
        for row in [*reply["rows"], reply["totals"]]:
            for name in MONEY:
                self.assertFalse(row.get(name), (name, row))

    def test_what_is_hidden_neither_sorts_nor_filters(self):
        marketing = self.users["marketing"]
        for words, field in ((("portfolio", "--order-by", "won_value desc"), "won_value"), (("accounts", "list", "--filter", "annual_revenue.units > 1000"), "annual_revenue")):
            self.users["executive"].run(*words)
            result = marketing.run(*words, expect=kamtest.OTHER)
            self.assertEqual(result.out, "")
            self.assertIn("no such field: " + field, result.err)

    def test_fields(self):
        def seen(role):
            account = self.users[role].json("accounts", "get", "acme")
            return "annualRevenue" in account, "strategy" in account
        self.assertEqual({role: seen(role) for role in self.users if role != "sales"},
                         {"executive": (True, True), "sponsor": (True, True), "kam": (True, True), "marketing": (False, True), "auditor": (True, True)})
        self.assertNotIn("annualRevenue", self.users["sales"].json("accounts", "get", "cork"))
        boss = {role: self.users[role].json("stakeholders", "get", "accounts/acme/stakeholders/boss") for role in ("kam", "marketing", "auditor")}
        self.assertEqual(("notes" in boss["kam"], "notes" in boss["marketing"], "notes" in boss["auditor"]), (True, False, False))
        self.assertEqual(("buyingRoles" in boss["kam"], "buyingRoles" in boss["marketing"], "buyingRoles" in boss["auditor"]), (True, False, True))

    def test_hidden_and_missing_are_the_same_bytes(self):
        token = self.users["kam"].token
        methods = {
            "AccountService/GetAccount": {"name": "accounts/%s"},
            "AccountService/ListAccountVersions": {"name": "accounts/%s"},
            "AccountService/UpdateAccount": {"account": {"name": "accounts/%s", "region": "X"}},
            "AccountService/DeleteAccount": {"name": "accounts/%s"},
            "AccountService/UndeleteAccount": {"name": "accounts/%s"},
            "StakeholderService/ListStakeholders": {"parent": "accounts/%s"},
            "StakeholderService/GetStakeholder": {"name": "accounts/%s/stakeholders/boss"},
            "StakeholderService/CreateStakeholder": {"parent": "accounts/%s", "stakeholder": {"title": "X"}},
            "StakeholderService/GetStakeholderMap": {"parent": "accounts/%s"},
            "OpportunityService/UpdateOpportunity": {"opportunity": {"name": "accounts/%s/opportunities/d", "title": "X"}},
            "ScorecardService/GetScorecardReport": {"name": "accounts/%s/scorecards/s"},
        }
        for method, request in methods.items():
            with self.subTest(method):
                replies = []
                for account in ("bolt", "none"):
                    status, reply = kamtest.connect(self.server, method, json.dumps(request) % account, token=token)
                    self.assertNotEqual(status, 200, reply)
                    replies.append((status, json.dumps(reply).replace("accounts/" + account, "accounts/ACCOUNT")))
                self.assertEqual(replies[0], replies[1])

    def test_lists_and_watches_are_cut(self):
        user = self.users["kam"]
        self.assertEqual(user.run("accounts", "list", "-o", "name").out.split(), ["accounts/acme"])
        self.assertEqual(user.json("accounts", "list", "--count").get("totalSize"), "1")
        self.assertEqual(user.run("opportunities", "list", "--parent", "accounts/-", "-o", "name").out.split(), ["accounts/acme/opportunities/d"])

        def touch(number):
            for account in ("bolt", "acme"):
                self.admin.run("accounts", "update", account, "--set", "description=change %s" % number)

        watching, line = user.watch("accounts", touch=touch)
        try:
            touch("last")
            while "change last" not in line:
                self.assertIn("accounts/acme", line)
                line = watching.stdout.readline()
            self.assertIn("accounts/acme", line)
        finally:
            watching.kill()
            watching.communicate()

    def test_a_refusal_of_a_kind(self):
        self.users["marketing"].run("opportunities", "list", "--account", "acme", expect=kamtest.DENIED)
        self.users["executive"].run("accounts", "update", "acme", "--set", "region=X", expect=kamtest.DENIED)
        self.users["kam"].run("users", "create", "x", "--set", "display_name=X", expect=kamtest.DENIED)
        self.users["executive"].run("audit-entries", "list", expect=kamtest.DENIED)
        self.users["auditor"].run("audit-entries", "list")

    def test_a_role_that_ends_ends_at_once(self):
        user = self.server.new_user("shortly", "executive")
        user.run("accounts", "get", "acme")
        self.admin.run("bindings", "delete", "shortly-executive", "--yes")
        self.assertIn(user.try_run("accounts", "get", "acme").status, (kamtest.DENIED, kamtest.NOT_FOUND))
        self.admin.run("bindings", "undelete", "shortly-executive")
        user.run("accounts", "get", "acme")
        self.admin.run("users", "update", "shortly", "--set", "disabled=true")
        user.run("accounts", "get", "acme", expect=kamtest.SIGNED_OUT)

    def test_a_binding_can_be_narrowed(self):
        user = self.server.new_user("narrow")
        self.admin.run("bindings", "create", "narrow-emea", "--set", "user=users/narrow", "--set", "role=roles/executive", "--set", "region=EMEA")
        self.assertEqual(user.run("accounts", "list", "-o", "name").out.split(), ["accounts/acme", "accounts/cork"])
        self.admin.run("bindings", "update", "narrow-emea", "--set", "until=2020-01-01")
        self.assertEqual(user.try_run("accounts", "list", "-o", "name").out, "")


if __name__ == "__main__":
    unittest.main()
