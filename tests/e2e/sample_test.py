#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tools/sample loads, loads again without a change, and has the shapes that it is there to show."""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest


class Sample(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = kamtest.Server()
        cls.addClassCleanup(cls.server.close)
        cls.server.init()
        cls.server.start()
        cls.admin = cls.server.admin()
        cls.load()

    @classmethod
    def load(cls):
        done = subprocess.run([os.path.join(kamtest.ROOT, "tools/sample/load"), "--kam", kamtest.KAM], env=cls.admin.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120 * kamtest.PATIENCE)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        return done.stdout

    def map(self, account):
        return self.admin.json("map", account)

    def gaps(self, account):
        return {gap["kind"].replace("STAKEHOLDER_GAP_KIND_", ""): gap for gap in self.map(account).get("gaps", [])}

    def test_key_accounts_can_be_chosen(self):
        admin = self.admin
        admin.run("criteria-sets", "adopt", "2026", "--proposal", "balanced", "--set", "year=2026", "--set", "title=Key accounts 2026")
        admin.run("criteria-sets", "update", "2026", "--set", "state=ACTIVE")
        admin.run("import", "assessments", os.path.join(kamtest.ROOT, "tools/sample/scores.csv"))
        points = {point["account"]: point for point in admin.json("matrix", "--period", "2025")["points"]}
        self.assertEqual({account for account, point in points.items() if point["quadrant"] == "MATRIX_QUADRANT_INVEST"},
                         {"accounts/" + account for account in ("quellhaven", "isenfeld", "velmora", "castrel")})
        self.assertEqual(points["accounts/quellhaven"]["assessorCount"], 2)
        self.assertIn("Quellhaven Foods in our eyes and in theirs", admin.run("gap", "quellhaven").out)

    def test_twice_changes_nothing(self):
        names = ("accounts", "users", "contacts", "stakeholders", "opportunities", "interactions", "entries", "ratings", "scorecards", "bindings")
        before = {name: self.admin.run(name, "list", "--all", "-o", "jsonl").out for name in names}
        self.load()
        for name in names:
            self.assertEqual(self.admin.run(name, "list", "--all", "-o", "jsonl").out, before[name], name)

    def test_a_bow_tie_that_should_be_a_diamond(self):
        chart = self.map("isenfeld")
        self.assertEqual((chart["derivedModel"], chart["expectedModel"], chart["modelAlarm"]),
                         ("RELATIONSHIP_MODEL_BOW_TIE", "RELATIONSHIP_MODEL_DIAMOND", True))
        self.assertIn("SINGLE_THREAD", self.gaps("isenfeld"))
        self.assertEqual(self.map("quellhaven")["derivedModel"], "RELATIONSHIP_MODEL_DIAMOND")
        self.assertEqual(self.map("marrowgate")["derivedModel"], "RELATIONSHIP_MODEL_ONE_TO_MANY")

    def test_a_lost_champion(self):
        gaps = self.gaps("velmora")
        self.assertIn("LEAVER", gaps)
        self.assertTrue(gaps["LEAVER"]["stakeholder"].endswith("/quality"))
        self.assertIn("NO_CHAMPION", gaps)
        self.assertIn("PLACEHOLDER", gaps)

    def test_a_blocker_without_an_owner(self):
        self.assertTrue(self.gaps("castrel")["BLOCKER_WITHOUT_OWNER"]["stakeholder"].endswith("/standards"))

    def test_complacency(self):
        report = self.admin.json("scorecard", "quellhaven")
        self.assertTrue(report["complacency"])
        self.assertEqual((report["perceptionGap"]["value"], report["perceptionPeriod"]), (3, "2026-Q3"))
        self.assertEqual([period["period"] for period in report["trend"]], ["2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3"])
        self.assertEqual(len(report["disputedEntries"]), 1)
        self.assertTrue(all(agreement["current"] for agreement in report["agreements"]))

    def test_views_are_reports(self):
        """The map, the scorecard and the portfolio list, name and explain as every report does."""
        run = self.admin.run
        people = run("map", "isenfeld", "-o", "name").out.split()
        self.assertEqual(people, [node["stakeholder"] for node in self.map("isenfeld")["nodes"]])
        self.assertEqual(run("map", "isenfeld", "--columns", "stakeholder", "-o", "csv").out.split(), ["stakeholder"] + people)
        self.assertEqual(run("scorecard", "quellhaven", "-o", "name").out, "accounts/quellhaven/scorecards/2026\n")
        metrics = run("scorecard", "quellhaven", "--period", "2026-Q1", "--columns", "metric,latest_period", "-o", "csv").out.splitlines()
        self.assertEqual((metrics[0], {line.split(",")[1] for line in metrics[1:]}), ("metric,latest_period", {"2026-Q1"}))
        for words, figures in ((("map", "isenfeld"), ("strength of %s = " % people[0], "silent_days of %s = " % people[0])),
                               (("scorecard", "quellhaven"), ("perception_gap of accounts/quellhaven/scorecards/2026 = 3",)),
                               (("portfolio", "-o", "wide"), ("won_value of accounts/castrel = 642000",))):
            plain, explained = run(*words).out, run(*words, "--explain").out
            self.assertTrue(explained.startswith(plain.splitlines()[0]), explained)
            for figure in figures:
                self.assertNotIn(figure, plain)
                self.assertIn(figure, explained)
        self.assertIn("no drawing", run("map", "isenfeld", "-o", "svg", expect=kamtest.USAGE).err)

    def test_people_in_every_role(self):
        roles = {line for line in self.admin.run("bindings", "list", "--all", "--columns", "role", "--no-headers", "-o", "csv").out.split()}
        self.assertEqual(roles, {"roles/" + role for role in ("admin", "executive", "sponsor", "kam", "sales", "marketing", "auditor")})


if __name__ == "__main__":
    unittest.main()
