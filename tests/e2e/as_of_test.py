#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reading the past: a resource, a list and the portfolio as of a revision or a moment answer as they would have then."""

import datetime
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest


def deal(admin, account, name, stage, units):
    admin.call("OpportunityService/CreateOpportunity", {"parent": account, "opportunityId": name, "opportunity": {
        "title": name, "stage": "OPPORTUNITY_STAGE_" + stage, "value": {"currencyCode": "EUR", "units": str(units)}, "closeOn": "2026-03-01"}})


def portfolio(admin, *words):
    reply = admin.json("portfolio", "--all", *words)
    return reply, {row["account"]: int(row.get("wonValue", {}).get("units", 0)) for row in reply.get("rows", [])}


class AsOf(unittest.TestCase):
    def test_the_past_adds_up(self):
        with kamtest.Server() as server:
            admin = server.admin()
            admin.run("programme", "update", "--set", "reporting_currency=EUR")
            for name in ("acme", "bolt"):
                admin.run("accounts", "create", name, "--set", "display_name=" + name.capitalize(), "--set", "region=EMEA")
            deal(admin, "accounts/acme", "d1", "WON", 100)
            deal(admin, "accounts/bolt", "d2", "WON", 50)
            deal(admin, "accounts/bolt", "d3", "LOST", 20)
            then, won = portfolio(admin)
            revision = then["revision"]
            self.assertEqual(won, {"accounts/acme": 100, "accounts/bolt": 50})
            time.sleep(0.05)
            moment = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
            time.sleep(0.05)

            admin.run("accounts", "update", "acme", "--set", "region=APAC", "--set", "display_name=Acme Two")
            admin.run("opportunities", "update", "accounts/acme/opportunities/d1", "--set", "stage=LOST")
            admin.run("opportunities", "delete", "accounts/bolt/opportunities/d2", "--yes")
            deal(admin, "accounts/bolt", "d4", "WON", 7)
            admin.run("accounts", "create", "later", "--set", "display_name=Later")

            self.assertEqual(admin.json("accounts", "get", "acme")["region"], "APAC")
            for when in (revision, moment):
                old = admin.json("accounts", "get", "acme", "--as-of", when)
                self.assertEqual((old["region"], old["displayName"]), ("EMEA", "Acme"))
                admin.run("accounts", "get", "later", "--as-of", when, expect=kamtest.NOT_FOUND)
                self.assertEqual(admin.run("accounts", "list", "--as-of", when, "-o", "name").out.split(), ["accounts/acme", "accounts/bolt"])
                self.assertEqual(admin.run("accounts", "list", "--as-of", when, "--filter", 'region = "EMEA"', "-o", "name").out.split(),
                                 ["accounts/acme", "accounts/bolt"])
                again, won = portfolio(admin, "--as-of", when)
                self.assertEqual(won, {"accounts/acme": 100, "accounts/bolt": 50})
                self.assertEqual({**again, "revision": 0}, {**then, "revision": 0})
            _, now = portfolio(admin)
            self.assertEqual(now, {"accounts/acme": 0, "accounts/bolt": 7, "accounts/later": 0})
            _, emea = portfolio(admin, "--filter", 'region = "EMEA"', "--as-of", revision)
            self.assertEqual(sorted(emea), ["accounts/acme", "accounts/bolt"])

            admin.run("accounts", "get", "acme", "--as-of", "99999999", expect=kamtest.OTHER)
            result = admin.try_run("accounts", "update", "acme", "--set", "region=X", "--as-of", revision)
            self.assertNotEqual(result.status, 0, "nothing is written into the past")
            versions = admin.json("accounts", "history", "acme")["versions"]
            self.assertEqual([version["operation"] for version in versions], ["OPERATION_UPDATE", "OPERATION_CREATE"])
            self.assertEqual(sorted(versions[0]["changedFields"]), ["display_name", "region"])


if __name__ == "__main__":
    unittest.main()
