#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Files that nobody here wrote, with their check numbers; skipped where ../shared/data is absent."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest


def units(money):
    return int((money or {}).get("units", 0))


class RealData(unittest.TestCase):
    def setUp(self):
        self.server = kamtest.Server()
        self.addCleanup(self.server.close)
        self.server.init()
        self.server.start()
        self.admin = self.server.admin()

    def load(self, resource, path, map_name, *words, expect=kamtest.OK):
        result = self.admin.run("import", resource, kamtest.data_file(*path), "--map", map_name, *words, "-o", "json", expect=expect, timeout=300)
        return result.json()

    def counts(self, reply):
        return tuple(int(reply.get(name, 0)) for name in ("created", "updated", "unchanged", "failed"))

    def names(self, *words):
        return self.admin.run(*words, "--all", "-o", "name").out.split()

    @unittest.skipUnless(kamtest.data_file("maven-crm"), "../shared/data/maven-crm is absent")
    def test_maven(self):
        steps = (
            ("products", "products.csv", "maven-products", kamtest.OK, (7, 0, 0, 0)),
            ("users", "sales_teams.csv", "maven-managers", kamtest.OK, None),
            ("users", "sales_teams.csv", "maven-agents", kamtest.OK, (35, 0, 0, 0)),
            ("accounts", "accounts.csv", "maven-accounts", kamtest.OK, (85, 0, 0, 0)),
            ("opportunities", "sales_pipeline.csv", "maven-opportunities", kamtest.PARTLY, (7375, 0, 0, 1425)),
        )
        self.admin.run("programme", "update", "--set", "reporting_currency=USD")
        for resource, file, map_name, status, expected in steps:
            reply = self.load(resource, ("maven-crm", file), map_name, expect=status)
            if expected:
                self.assertEqual(self.counts(reply), expected, map_name)
            if map_name == "maven-managers":
                self.assertEqual(int(reply["created"]), 6)
        with open(kamtest.data_file("maven-crm", "sales_pipeline.csv")) as file:
            blank = [number for number, line in enumerate(file, 1) if number > 1 and line.split(",")[3] == ""]
        self.assertEqual([int(result["line"]) for result in reply["results"]], blank)
        self.assertTrue(all(result["column"] == "account" for result in reply["results"]))
        self.assertEqual(len(self.names("users", "list", "--filter", 'name != "users/admin"')), 41)

        portfolio = self.admin.json("portfolio", "--order-by", "won_value desc", "--page-size", "5")
        totals = portfolio["totals"]
        self.assertEqual(units(totals["wonValue"]), 10005534)
        self.assertEqual(round(totals["winRateByCount"]["value"] * 10000), 6315)
        self.assertEqual((totals["wonCount"], totals["lostCount"]), (4238, 2473))
        self.assertEqual([(row["displayName"], units(row["wonValue"])) for row in portfolio["rows"]],
                         [("Kan-code", 341455), ("Konex", 269245), ("Condax", 206410), ("Cheers", 198020), ("Hottechi", 194957)])
        self.assertEqual((portfolio["rows"][0]["wonCount"], portfolio["rows"][0]["lostCount"]), (115, 72))
        for quarter, won in (("2017-Q1", 1134672), ("2017-Q2", 3086111), ("2017-Q3", 2982255), ("2017-Q4", 2802496)):
            self.assertEqual(units(self.admin.json("portfolio", "--period", quarter)["totals"]["wonValue"]), won, quarter)
        children = self.names("accounts", "list", "--filter", 'parent_account != ""')
        self.assertEqual(len(children), 15)

        for resource, file, map_name, status, expected in steps:
            created, updated, unchanged, failed = self.counts(self.load(resource, ("maven-crm", file), map_name, expect=status))
            self.assertEqual((created, updated), (0, 0), map_name)

    @unittest.skipUnless(kamtest.data_file("salesforce-devorg"), "../shared/data/salesforce-devorg is absent")
    def test_salesforce(self):
        self.admin.run("programme", "update", "--set", "reporting_currency=USD")
        steps = (("accounts", "Account.csv", "salesforce-accounts", 18), ("contacts", "Contact.csv", "salesforce-contacts-people", 25),
                 ("stakeholders", "Contact.csv", "salesforce-contacts", 25), ("opportunities", "Opportunity.csv", "salesforce-opportunities", 36))
        for resource, file, map_name, count in steps:
            self.assertEqual(self.counts(self.load(resource, ("salesforce-devorg", file), map_name)), (count, 0, 0, 0), map_name)
        totals = self.admin.json("portfolio")["totals"]
        self.assertEqual((units(totals["wonValue"]), totals["wonCount"], totals["lostCount"], totals["openCount"]), (2815000, 12, 8, 16))
        self.assertEqual(len({name.rsplit("/", 2)[0] for name in self.names("stakeholders", "list")}), 17)
        for resource, file, map_name, count in steps:
            self.assertEqual(self.counts(self.load(resource, ("salesforce-devorg", file), map_name)), (0, 0, count, 0), map_name)

    @unittest.skipUnless(kamtest.data_file("uk-organograms"), "../shared/data/uk-organograms is absent")
    def test_organogram(self):
        file = ("uk-organograms", "department_for_transport-2011-03-31-senior.csv")
        self.admin.run("accounts", "create", "transport", "--set", "display_name=Department for Transport")
        reply = self.load("stakeholders", file, "organogram-stakeholders", "--account", "transport")
        self.assertEqual(self.counts(reply), (117, 0, 0, 0))
        chart = self.admin.json("map", "transport")
        nodes = chart["nodes"]
        self.assertEqual(len(nodes), 117)
        self.assertEqual(max(node.get("depth", 0) for node in nodes) + 1, 4)
        self.assertEqual(self.counts(self.load("stakeholders", file, "organogram-stakeholders", "--account", "transport")), (0, 0, 117, 0))
        later = ("uk-organograms", "department_for_transport-2011-09-30-senior.csv")
        created, updated, unchanged, failed = self.counts(self.load("stakeholders", later, "organogram-stakeholders", "--account", "transport"))
        self.assertEqual(created + updated + unchanged + failed, 114)
        self.assertEqual(failed, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
