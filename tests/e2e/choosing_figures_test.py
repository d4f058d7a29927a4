#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The reports on key accounts, against figures computed by hand."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
from choosing import DENIED, INVALID, NOT_FOUND, Choosing, criterion


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
            "title": name, "stage": "OPPORTUNITY_STAGE_" + stage, "value": self.eur(value),
            "products": ["products/" + product], "closeOn": "2025-03-01", **fields}})

    def units(self, money):
        return int(money.get("units", 0)) + money.get("nanos", 0) / 1e9

    def test_pages_of_the_matrix_count_the_same(self):
        """An account without financials comes on a page of its own, and is not counted by its deals there."""
        self.account("echo", owner="users/kim")
        self.deal("echo", "won", 900, "pump")
        self.assess("echo", {"growth": 9, "size": 9, "process": 9, "name": 9, "fit": 9})
        token, bases, revenues = "", set(), {}
        for _ in range(10):
            page = self.admin.call("ChoiceService/GetMatrix", {"period": "2025", "pageSize": 1, "pageToken": token})
            bases.add(page["basis"])
            revenues.update({point["account"]: point.get("revenueUndefinedReason") or self.units(point["revenue"]) for point in page["points"]})
            token = page.get("nextPageToken", "")
            if not token:
                break
        self.assertEqual(bases, {"REVENUE_BASIS_FINANCIALS"})
        self.assertEqual(revenues["accounts/acme"], 500)
        self.assertRegex(str(revenues["accounts/echo"]), "financials")
        self.admin.call("AccountService/DeleteAccount", {"name": "accounts/echo", "force": True})

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
        # Ours in total stands beside that of one account, for those who see all of it.
        one = self.admin.call("ChoiceService/GetGrowth", {"period": "2025", "account": "accounts/crane"})
        self.assertEqual((one["accountCount"], "value" in one["ourGrowth"]), (1, False))
        self.assertAlmostEqual(one["companyGrowth"]["value"], 800 / 700 - 1)
        self.assertEqual([call["companyGrowth"] for call in (reply, self.admin.call("ChoiceService/GetGrowth", {"period": "2025", "filter": 'region = "APAC"'}))],
                         [one["companyGrowth"]] * 2)
        part = self.people["kim"].call("ChoiceService/GetGrowth", {"period": "2025", "account": "accounts/acme"})
        self.assertAlmostEqual(part["ourGrowth"]["value"], 0.25)
        self.assertIn("all accounts", part["companyGrowth"]["undefinedReason"])
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
        impact = self.admin.call("ChoiceService/GetImpact", {"accounts": ["accounts/acme"], "period": "2025", "discountRate": 0.1, "topCount": 2,
                                                             "explain": True})
        row = impact["rows"][0]
        self.assertEqual((self.units(row["revenue"]), self.units(row["margin"]), self.units(row["openValue"]), self.units(row["weightedValue"])),
                         (500, 200, 1000, 250))
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
        self.refused(self.admin, ask, {"accounts": ["accounts/acme"], "likelihoods": [{"account": "accounts/bolt", "likelihood": 0.1}]}, INVALID,
                     "likelihoods[0]")

    def test_gap(self):
        self.assess("dyno", {"growth": 8, "fit": 9})
        self.assess("dyno", {"growth": 5, "fit": 8, "size": 1}, perspective="PERSPECTIVE_CLIENT")
        gap = self.admin.call("ChoiceService/GetGap", {"name": "accounts/dyno"})
        self.assertEqual((gap["meanGap"]["value"], gap["alarm"]), (2, True))
        rows = {row["criterion"]: row for row in gap["criteria"]}
        self.assertEqual((rows["growth"]["gap"]["value"], rows["size"]["clients"]["value"]), (3, 1))
        self.assertIn("nobody scored it", rows["size"]["gap"]["undefinedReason"])
        # A criterion that a figure answers has a view only where somebody scored it all the same.
        fed = criterion("tenure", "STRENGTH", source="CRITERION_SOURCE_TENURE", bands=[{"atLeast": 0, "score": 7}])
        self.criteria_set("tenured", year=2001, criteria=[criterion("growth", "ATTRACTIVENESS"), fed])
        self.assess("dyno", {"growth": 5}, set="tenured", perspective="PERSPECTIVE_CLIENT")
        tenure = self.admin.call("ChoiceService/GetGap", {"name": "accounts/dyno", "criteriaSet": "criteriaSets/tenured"})["criteria"][1]
        for figure in ("ours", "ourSpread", "clients", "gap"):
            self.assertIn("taken from a figure", tenure[figure]["undefinedReason"])
        self.assess("dyno", {"tenure": 9}, set="tenured", perspective="PERSPECTIVE_CLIENT", by="kim")
        self.assess("dyno", {"tenure": 8}, set="tenured")
        tenure = self.admin.call("ChoiceService/GetGap", {"name": "accounts/dyno", "criteriaSet": "criteriaSets/tenured"})["criteria"][1]
        self.assertEqual([tenure[figure]["value"] for figure in ("ours", "clients", "gap")], [8, 9, -1])
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
        self.assertEqual((bolt["verdict"], bolt["growth"]["state"], bolt["leverage"]["state"]),
                         ("CANDIDATE_VERDICT_NOT_A_CANDIDATE", "GATE_STATE_FAILED", "GATE_STATE_PASSED"))
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
        for fields, word in ((dict(spend=self.eur(-1)), "spend"), (dict(competitor="competitors/rival"), "holder"),
                             (dict(ourRank=3, supplierCount=2), "only 2"),
                             (dict(spend=self.eur(10), totalSpend=self.eur(5)), "total_spend"), (dict(opportunity="accounts/bolt/opportunities/won"),
                                                                                                 "another account"),
                             (dict(holder="WHITESPACE_HOLDER_NOT_APPLICABLE", spend=self.eur(1)), "NOT_APPLICABLE")):
            self.refused(self.admin, create, {"parent": "accounts/acme", "whitespaceCell": {"unit": "X", "product": "products/pump", **fields}}, INVALID, word)
        self.refused(self.people["mia"], "ChoiceService/GetWhitespace", {}, DENIED)

    def test_figures_answer_criteria(self):
        bands = [{"atLeast": 0, "score": 1}, {"atLeast": 450, "score": 8}]
        self.criteria_set("fed", state="CRITERIA_SET_STATE_DRAFT", criteria=[criterion("money", "ATTRACTIVENESS", source="CRITERION_SOURCE_REVENUE",
                                                                                       bands=bands),
                                                 criterion("leverage", "STRENGTH", source="CRITERION_SOURCE_PORTFOLIO_LEVERAGE",
                                                           bands=[{"atLeast": 0.9, "score": 10}])])
        # Revenue of the last year that has ended counts; the year in which this runs has the same, as it may end meanwhile.
        year = int(self.admin.call("CriteriaSetService/GetCriteriaSet", {"name": "criteriaSets/fed"})["createTime"][:4])
        for name, revenue in (("rich", 500), ("poor", 300)):
            self.account(name)
            for period in (year - 1, year):
                self.money(name, str(period), revenue=revenue)
        matrix = self.admin.call("ChoiceService/GetMatrix", {"criteriaSet": "criteriaSets/fed", "details": True})
        points = {point["account"][9:]: point for point in matrix["points"]}
        self.assertEqual([points[name]["attractiveness"]["value"] for name in ("rich", "poor")], [8, 1])
        self.assertEqual(points["acme"]["strength"]["value"], 10)
        self.assertIn("below every band", points["bolt"]["criteria"][1]["score"]["undefinedReason"])
        self.assertEqual(points["rich"]["criteria"][0]["sourceValue"]["value"], 500)
        self.assess("rich", {"money": 3}, set="fed")
        points = self.admin.call("ChoiceService/GetMatrix", {"criteriaSet": "criteriaSets/fed", "filter": 'display_name = "Rich"'})["points"]
        self.assertEqual(points[0]["attractiveness"]["value"], 3)
        for name in ("rich", "poor"):
            self.admin.call("AccountService/DeleteAccount", {"name": "accounts/" + name, "force": True})
        self.refused(self.admin, "FinancialsService/CreateFinancials", {"parent": "accounts/acme", "financialsId": "2023",
                                                                        "financials": {"coveredUntil": "2025-01-01"}}, INVALID,
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
        # The day of the newest commit, by the end of which all was there that the class set up, whether midnight came between or not.
        today = self.admin.call("ContactService/CreateContact", {"contactId": "newest", "contact": {"displayName": "Newest"}})["createTime"][:10]
        self.refused(self.admin, "ChoiceService/GetBacktest", {"fromDate": today}, INVALID, "nothing can have grown since")
        reply = self.admin.call("ChoiceService/GetBacktest", {"fromDate": today, "fromPeriod": "2024", "period": "2025", "details": True,
                                                              "criteriaSet": "criteriaSets/small"})
        self.assertEqual([row["criterion"] for row in reply["criteria"]], ["growth", "size", "process", "name", "fit", "attractiveness", "strength"])
        self.assertIn("fewer than three", reply["criteria"][0]["correlation"]["undefinedReason"])
        pairs = {pair["account"]: pair for pair in reply["pairs"]}
        self.assertAlmostEqual(pairs["accounts/acme"]["growth"]["value"], 0.25)


if __name__ == "__main__":
    unittest.main()
