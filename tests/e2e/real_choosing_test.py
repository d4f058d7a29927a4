#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Choosing key accounts among those of a real export, against figures computed here from its files; skipped where ../shared/data is absent."""

import collections
import csv
import datetime
import decimal
import itertools
import json
import os
import secrets
import statistics
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest
from choosing import Caller, Choosing, criterion

EXECUTIVE, MIDDLE = "PARTICIPANT_LEVEL_EXECUTIVE", "PARTICIPANT_LEVEL_MIDDLE_MANAGEMENT"
LISTED = 10          # how many accounts each ballot names
JUDGED_FROM = 60     # deals closed, from which on the win rate in an account is judged
MINIMUM_COVERAGE = 0.7


def rows_of(*path):
    with open(kamtest.data_file(*path), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def units(money):
    return int((money or {}).get("units", 0))


def overlap(one, other):
    return len(set(one) & set(other)) / len(set(one) | set(other))


class Deals:
    """What the files say of each account, by its name there."""

    def __init__(self):
        managers = {row["sales_agent"]: row["manager"] for row in rows_of("maven-crm", "sales_teams.csv")}
        accounts = rows_of("maven-crm", "accounts.csv")
        self.client_revenue = {row["account"]: float(row["revenue"]) for row in accounts}
        self.employees = {row["account"]: int(row["employees"]) for row in accounts}
        self.value, self.won, self.closed, self.first_half, self.second_half = (collections.Counter({name: 0 for name in self.employees}) for _ in range(5))
        self.by_manager = collections.defaultdict(collections.Counter)
        self.products = collections.defaultdict(set)
        self.quarters = collections.Counter()
        for deal in rows_of("maven-crm", "sales_pipeline.csv"):
            account, month = deal["account"], deal["close_date"][5:7]
            if not account or deal["deal_stage"] not in ("Won", "Lost"):
                continue
            self.closed[account] += 1
            if deal["deal_stage"] == "Won":
                value = int(deal["close_value"])
                self.value[account] += value
                self.won[account] += 1
                (self.first_half if month <= "06" else self.second_half)[account] += value
                self.quarters[(int(month) + 2) // 3] += value
                self.by_manager[managers[deal["sales_agent"]]][account] += value
                self.products[account].add(deal["product"])
        self.win_rate = {name: self.won[name] / self.closed[name] for name in self.employees}
        self.growth = {name: self.second_half[name] / self.first_half[name] - 1 for name in self.employees}

    def ballots(self):
        """A manager names the ten accounts that brought most to the manager's own team; each executive the ten that lead by one figure of the whole company:
        value won, deals won, share of deals won, the client's own revenue. Equal ones go by name."""
        figures = {**self.by_manager, "Ed Value": self.value, "Eva Deals": self.won, "Eli Rate": self.win_rate, "Ella Client": self.client_revenue}
        return {who: sorted(figure, key=lambda name: (-figure[name], name))[:LISTED] for who, figure in figures.items()}

    def scores(self):
        """From 1 to 10 by the share of the other accounts that this one is ahead of: in the client's revenue, in growth from the first half of 2017 to the
        second, and in the share of deals won, which is judged only where enough were closed."""
        figures = {"size": self.client_revenue, "growth": self.growth, "rate": self.win_rate}
        scores = {name: {key: 1 + 9 * sum(other < figure[name] for other in figure.values()) / (len(figure) - 1) for key, figure in figures.items()}
                  for name in self.employees}
        for name in scores:
            if self.closed[name] < JUDGED_FROM:
                del scores[name]["rate"]
        return scores


@unittest.skipUnless(kamtest.data_file("maven-crm"), "../shared/data/maven-crm is absent")
class Maven(Choosing):
    """Six managers and four executives choose among 85 accounts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin.run("programme", "update", "--set", "reporting_currency=USD")
        for resource, file, map_name, expect in (
                ("products", "products.csv", "maven-products", kamtest.OK), ("users", "sales_teams.csv", "maven-managers", kamtest.OK),
                ("users", "sales_teams.csv", "maven-agents", kamtest.OK), ("accounts", "accounts.csv", "maven-accounts", kamtest.OK),
                ("opportunities", "sales_pipeline.csv", "maven-opportunities", kamtest.PARTLY)):
            cls.admin.run("import", resource, kamtest.data_file("maven-crm", file), "--map", map_name, expect=expect, timeout=300)
        cls.deals = Deals()
        cls.names = {row["displayName"]: row["name"] for row in cls.admin.call("AccountService/ListAccounts", {"pageSize": 1000})["accounts"]}
        cls.users = {row["displayName"]: row["name"] for row in cls.admin.call("UserService/ListUsers", {"pageSize": 1000})["users"]}

    def voter(self, display_name):
        """An imported manager gets a password and a role; an executive is in no file and is made up here."""
        if display_name not in self.users:
            name = display_name.lower().replace(" ", "-")
            self.users[display_name] = "users/" + name
            return self.new_user(name, "executive")
        name, password = self.users[display_name], secrets.token_urlsafe(12)
        token = self.admin.call("UserService/ResetUserPassword", {"name": name})["token"]
        self.admin.call("SessionService/SetPassword", {"token": token, "newPassword": password})
        self.admin.call("BindingService/CreateBinding", {"binding": {"user": name, "role": "roles/executive"}})
        caller = Caller(self.server.user(name.split("/")[1], password))
        self.addClassCleanup(caller.connection.close)
        return caller

    def test_1_figures(self):
        """What the deals say of losing accounts, of growth by quarter, and of accounts by products, against the check numbers."""
        top = sorted(self.deals.value, key=lambda name: -self.deals.value[name])[:5]
        self.assertEqual([(name, self.deals.value[name]) for name in top],
                         [("Kan-code", 341455), ("Konex", 269245), ("Condax", 206410), ("Cheers", 198020), ("Hottechi", 194957)])
        for lost, share in ((top[:1], 3.41), (top, 12.09)):
            impact = self.admin.call("ChoiceService/GetImpact", {"accounts": [self.names[name] for name in lost]})
            self.assertEqual((impact["basis"], units(impact["totals"]["revenue"])), ("REVENUE_BASIS_WON_DEALS", sum(self.deals.value[name] for name in lost)))
            self.assertEqual(round(impact["totals"]["share"]["value"] * 100, 2), share)
            self.assertEqual(units(impact["portfolioRevenue"]), 10005534)
            kept = [value for name, value in self.deals.value.items() if name not in lost]
            self.assertAlmostEqual(impact["before"]["index"]["value"], sum((100 * value / 10005534) ** 2 for value in self.deals.value.values()))
            self.assertAlmostEqual(impact["after"]["index"]["value"], sum((100 * value / sum(kept)) ** 2 for value in kept))
        quarters = [self.deals.quarters[number] for number in (1, 2, 3, 4)]
        self.assertEqual(quarters, [1134672, 3086111, 2982255, 2802496])
        for number in (2, 3, 4):
            growth = self.admin.call("ChoiceService/GetGrowth", {"period": "2017-Q%d" % number, "fromPeriod": "2017-Q%d" % (number - 1), "pageSize": 1})
            self.assertEqual([units(growth["earlierRevenue"]), units(growth["revenue"])], quarters[number - 2:number])
            self.assertAlmostEqual(growth["ourGrowth"]["value"], quarters[number - 1] / quarters[number - 2] - 1)
        whitespace = self.admin.call("ChoiceService/GetWhitespace", {"includeDeals": True, "pageSize": 1000})
        self.assertEqual((units(whitespace["totals"]["spend"]), whitespace["accountCount"]), (10005534, 85))
        spends = {row["account"]: sum(units(cell["spend"]) for cell in row["cells"]) for row in whitespace["rows"]}
        self.assertEqual(spends, {self.names[name]: value for name, value in self.deals.value.items()})

    def test_2_matrix(self):
        """Two criteria of either axis; how much of our range an account buys is not judged but taken from its deals."""
        criteria = [criterion("size", "ATTRACTIVENESS", 40), criterion("growth", "ATTRACTIVENESS", 60), criterion("rate", "STRENGTH", 60),
                    criterion("range", "STRENGTH", 40, source="CRITERION_SOURCE_PORTFOLIO_LEVERAGE",
                              bands=[{"atLeast": 0, "score": 5}, {"atLeast": 1, "score": 9}])]
        self.criteria_set("deals", title="By the deals", criteria=criteria, minimumCoverage=MINIMUM_COVERAGE)
        scores = self.deals.scores()
        for name, given in scores.items():
            self.assess(self.names[name].split("/")[1], given, set="deals")
        expected, quadrants = {}, collections.Counter()
        for name, given in scores.items():
            attractiveness = (40 * given["size"] + 60 * given["growth"]) / 100
            fed = 9 if len(self.deals.products[name]) == 7 else 5
            strength, coverage = ((60 * given["rate"] + 40 * fed) / 100, 1) if "rate" in given else (fed, 0.4)
            quadrant = ("UNSPECIFIED" if coverage < MINIMUM_COVERAGE else ("INVEST" if strength >= 5.5 else "DEVELOP") if attractiveness >= 5.5
                        else "MAINTAIN" if strength >= 5.5 else "KEEP_LEAN")
            quadrants["MATRIX_QUADRANT_" + quadrant] += 1
            expected[self.names[name]] = (round(attractiveness, 9), round(strength, 9), coverage, quadrant, self.deals.value[name])
        matrix = self.admin.call("ChoiceService/GetMatrix", {"criteriaSet": "criteriaSets/deals", "period": "2017"})
        found = {point["account"]: (*(round(point[name]["value"], 9) for name in ("attractiveness", "strength", "strengthCoverage")),
                                    point.get("quadrant", "MATRIX_QUADRANT_UNSPECIFIED")[16:], units(point["revenue"])) for point in matrix["points"]}
        self.assertEqual(matrix["basis"], "REVENUE_BASIS_WON_DEALS")
        self.assertEqual(found, expected)
        self.assertEqual({total.get("quadrant", "MATRIX_QUADRANT_UNSPECIFIED"): total.get("accountCount", 0) for total in matrix["quadrants"]
                          if total.get("accountCount")}, dict(quadrants))
        self.assertEqual((sum(units(point["revenue"]) for point in matrix["points"]), matrix["accountCount"]), (10005534, 85))
        ranked = [point for point in matrix["points"] if not point.get("unrankedReason")]
        self.assertEqual((len(ranked), matrix["rankedCount"]), (85 - quadrants["MATRIX_QUADRANT_UNSPECIFIED"],) * 2)
        self.assertEqual(ranked, matrix["points"][:len(ranked)])
        order = [(point["attractiveness"]["value"], point["strength"]["value"]) for point in ranked]
        self.assertEqual(order, sorted(order, reverse=True))
        self.assertGreater(quadrants["MATRIX_QUADRANT_UNSPECIFIED"], 0)

    def test_3_alignment(self):
        ballots = self.deals.ballots()
        voters = {who: self.voter(who) for who in ballots}
        levels = {who: MIDDLE if who in self.deals.by_manager else EXECUTIVE for who in ballots}
        self.assertEqual(collections.Counter(levels.values()), {MIDDLE: 6, EXECUTIVE: 4})
        first = voters["Ed Value"]
        first.call("RoundService/CreateRound", {"roundId": "2018", "round": {
            "title": "2018", "year": 2018, "criteriaSet": "criteriaSets/deals",
            "participants": [{"user": self.users[who], "level": level} for who, level in levels.items()]}})
        first.call("RoundService/OpenRound", {"name": "rounds/2018"})
        for who, named in ballots.items():
            voters[who].call("BallotService/CastBallot", {"parent": "rounds/2018", "accounts": [self.names[name] for name in named]})
        first.call("RoundService/CloseRound", {"name": "rounds/2018"})
        alignment = first.call("ChoiceService/GetAlignment", {"name": "rounds/2018"})

        named = collections.Counter(name for ballot in ballots.values() for name in ballot)
        by_level = {level: collections.Counter(name for who, ballot in ballots.items() if levels[who] == level for name in ballot)
                    for level in (EXECUTIVE, MIDDLE)}
        found = {row["account"]: (row["namedCount"], row["support"]["value"], row["executiveSupport"]["value"], row["middleManagementSupport"]["value"],
                                  row.get("splits", False)) for row in alignment["accounts"]}
        self.assertEqual(found, {self.names[name]: (count, count / 10, by_level[EXECUTIVE][name] / 4, by_level[MIDDLE][name] / 6, 10 / 3 <= count <= 20 / 3)
                                 for name, count in named.items()})
        self.assertEqual([row["namedCount"] for row in alignment["accounts"]], sorted(named.values(), reverse=True))
        self.assertEqual((alignment["ballotCount"], alignment.get("missing", []), sum(named.values())), (10, [], 10 * LISTED))

        def mean(*wanted):
            return statistics.mean(overlap(ballots[one], ballots[other]) for one, other in itertools.combinations(ballots, 2)
                                   if not wanted or sorted((levels[one], levels[other])) == sorted(wanted))
        self.assertAlmostEqual(alignment["overlap"]["value"], mean())
        pairs = {tuple(sorted((row["level"], row["otherLevel"]))): (row["pairCount"], round(row["overlap"]["value"], 9)) for row in alignment["levels"]
                 if row.get("pairCount")}
        self.assertEqual(pairs, {tuple(sorted(wanted)): (count, round(mean(*wanted), 9))
                                 for wanted, count in (((EXECUTIVE, EXECUTIVE), 6), ((MIDDLE, MIDDLE), 15), ((EXECUTIVE, MIDDLE), 24))})
        self.assertAlmostEqual(alignment["crossOverlap"]["value"], mean(EXECUTIVE, MIDDLE))
        self.assertEqual(alignment["misaligned"], mean(EXECUTIVE, MIDDLE) < 0.5)
        of_one = {who: statistics.mean(overlap(ballots[who], ballots[other]) for other in ballots if other != who) for who in ballots}
        for voter in alignment["voters"]:
            self.assertAlmostEqual(voter["meanOverlap"]["value"], next(of_one[who] for who in ballots if self.users[who] == voter["user"]))
        (least, _), (_, next_least) = sorted(((who, value) for who, value in of_one.items()), key=lambda pair: pair[1])[:2]
        self.assertLess(of_one[least], next_least, "the rule names nobody who is furthest alone")
        self.assertEqual(alignment["furthest"], self.users[least])


class Orders:
    """What the orders say of each customer: revenue by quarter, net of discount and exact, and the first order."""

    def __init__(self):
        self.customers = [row["customer_id"] for row in rows_of("northwind", "customers.csv")]
        orders = {row["order_id"]: row for row in rows_of("northwind", "orders.csv")}
        self.first_day, self.last_day = (choose(row["order_date"] for row in orders.values()) for choose in (min, max))
        self.by_quarter, self.first = collections.Counter(), {}
        for item in rows_of("northwind", "order_details.csv"):
            order = orders[item["order_id"]]
            customer, day = order["customer_id"], order["order_date"]
            price, quantity, discount = (decimal.Decimal(item[name]) for name in ("unit_price", "quantity", "discount"))
            self.by_quarter[customer, "%s-Q%d" % (day[:4], (int(day[5:7]) + 2) // 3)] += price * quantity * (1 - discount)
            self.first[customer] = min(day, self.first.get(customer, day))

    def revenue(self, customer, period):
        """Of one customer, or of all (None), in a year or a quarter."""
        return sum(value for (who, quarter), value in self.by_quarter.items() if customer in (None, who) and quarter.startswith(period))


@unittest.skipUnless(kamtest.data_file("northwind"), "../shared/data/northwind is absent")
class Northwind(Choosing):
    """Orders of 22 months: one whole year between two parts of one."""

    YEARS, QUARTERS = ("1996", "1997", "1998"), ("1996-Q4", "1997-Q1", "1997-Q4", "1998-Q1")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin.run("programme", "update", "--set", "reporting_currency=USD")
        cls.orders = Orders()
        customer = {"column": "customer_id", "lookup": "LOOKUP_EXTERNAL_ID", "required": True}
        cls.load("accounts", kamtest.data_file("northwind", "customers.csv"), ["customer_id"], {"display_name": {"column": "company_name"}})
        cls.load("accounts", cls.table("first", ("customer_id", "first_order"), cls.orders.first.items()), ["customer_id"],
                 {"customer_since": {"column": "first_order"}})
        # A customer without orders in a period brought nothing in it; what the files do not cover is another matter.
        first, last = {"1996": cls.orders.first_day}, {"1998": cls.orders.last_day}
        rows = [(who, period, cls.orders.revenue(who, period), first.get(period, ""), last.get(period, ""))
                for who in cls.orders.customers for period in cls.YEARS + cls.QUARTERS]
        cls.load("financials", cls.table("revenue", ("customer_id", "period", "revenue", "from", "until"), rows), ["customer_id", "period"],
                 {"parent": customer, "id": {"column": "period"}, "revenue": {"column": "revenue", "currency_code": "USD"}, "covered_from": {"column": "from"},
                  "covered_until": {"column": "until"}})
        accounts = cls.admin.call("AccountService/ListAccounts", {"pageSize": 1000})["accounts"]
        cls.names = {account["externalIds"]["northwind"]: account["name"] for account in accounts}

    @classmethod
    def table(cls, name, columns, rows):
        path = os.path.join(cls.server.folder, name + ".csv")
        with open(path, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([columns, *rows])
        return path

    @classmethod
    def load(cls, resource, path, keys, fields):
        map_path = os.path.join(cls.server.folder, "map.json")
        with open(map_path, "w", encoding="utf-8") as file:
            json.dump({"resource": resource, "system": "northwind", "key_columns": keys,
                       "fields": [{"field": field, **mapping} for field, mapping in fields.items()]}, file)
        cls.admin.run("import", resource, path, "--map", map_path)

    def growth(self, period, before):
        reply = self.admin.call("ChoiceService/GetGrowth", {"period": period, "fromPeriod": before, "pageSize": 1000})
        self.assertEqual((len(reply["rows"]), reply["basis"]), (91, "REVENUE_BASIS_FINANCIALS"))
        return reply, {row["account"]: row for row in reply["rows"]}

    def test_the_files_are_those_meant(self):
        self.assertEqual([round(self.orders.revenue(None, year), 2) for year in ("1996", "1997", "1998", "")],
                         [decimal.Decimal(text) for text in ("208083.97", "617085.20", "440623.87", "1265793.04")])
        self.assertEqual(set(self.orders.customers) - set(self.orders.first), {"PARIS", "FISSA"})

    def test_no_growth_from_a_part_of_a_year(self):
        for period, before, words in (("1997", "1996", "begin on 1996-07-04"), ("1998", "1997", "end on 1998-05-06")):
            reply, rows = self.growth(period, before)
            for who in self.orders.customers:
                row = rows[self.names[who]]
                self.assertNotIn("value", row["ourGrowth"], who)
                self.assertIn(words, row["ourGrowth"]["undefinedReason"])
                self.assertAlmostEqual(self.money(row["revenue"]), float(self.orders.revenue(who, period)))  # what is known is shown all the same
            for figure in ("ourGrowth", "companyGrowth"):
                self.assertIn(words, reply[figure]["undefinedReason"])
            self.assertIn("91 of 91 accounts are left out", reply["undefinedReason"])
        text = self.admin.run("growth", self.names["QUICK"].split("/")[1], "--period", "1998").out
        self.assertIn("end on 1998-05-06", text)

    def test_growth_over_whole_quarters(self):
        for period, before in (("1997-Q4", "1996-Q4"), ("1998-Q1", "1997-Q1")):
            reply, rows = self.growth(period, before)
            for who in self.orders.customers:
                now, then = (float(self.orders.revenue(who, each)) for each in (period, before))
                growth = rows[self.names[who]]["ourGrowth"]
                if then > 0:
                    self.assertAlmostEqual(growth["value"], now / then - 1)
                else:
                    self.assertIn("nothing to grow from", growth["undefinedReason"])
            expected = float(self.orders.revenue(None, period) / self.orders.revenue(None, before) - 1)
            self.assertAlmostEqual(reply["ourGrowth"]["value"], expected)
            self.assertAlmostEqual(reply["companyGrowth"]["value"], expected)

    def test_tenure(self):
        """Years since the first order; a band tells the customers of 1996 from those who came after."""
        def years(day):
            return (datetime.datetime.now(datetime.timezone.utc).date() - datetime.date.fromisoformat(day)).days / 365.2425
        bands = [{"atLeast": 0, "score": 4}, {"atLeast": years("1997-01-01") + 0.5 / 365, "score": 8}]
        tenure = criterion("tenure", "STRENGTH", source="CRITERION_SOURCE_TENURE", bands=bands)
        self.criteria_set("tenure", criteria=[criterion("size", "ATTRACTIVENESS"), tenure])
        matrix = self.admin.call("ChoiceService/GetMatrix", {"criteriaSet": "criteriaSets/tenure", "details": True, "period": "1997"})
        points = {point["account"]: point for point in matrix["points"]}
        for who in self.orders.customers:
            point, first = points[self.names[who]], self.orders.first.get(who)
            tenure = point["criteria"][1]
            self.assertAlmostEqual(self.money(point["revenue"]), float(self.orders.revenue(who, "1997")))
            if first:
                self.assertAlmostEqual(tenure["sourceValue"]["value"], years(first), delta=0.01)
                self.assertEqual(point["strength"]["value"], 8 if first < "1997" else 4, who)
            else:
                self.assertIn("undefinedReason", tenure["sourceValue"])
                self.assertIn("undefinedReason", point["strength"])

    @staticmethod
    def money(money):
        return int(money.get("units", 0)) + money.get("nanos", 0) / 1e9


if __name__ == "__main__":
    unittest.main(verbosity=2)
