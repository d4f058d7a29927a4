#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Bad input, and what it gets: a precise code, a sentence that names the field, nothing half done, and a server that lives."""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest
from protobytes import field


def account(**fields):
    return {"accountId": "new", "account": {"displayName": "New", **fields}}


CREATE, UPDATE, LIST = "AccountService/CreateAccount", "AccountService/UpdateAccount", "AccountService/ListAccounts"
INVALID, MISSING = "invalid_argument", "not_found"

# what is wrong: method, request, code, words that the message must have
CASES = {
    "an unknown field": (CREATE, account(colour="red"), INVALID, ["colour"]),
    "text for a number": (CREATE, account(employees="many"), INVALID, ["employees"]),
    "a number for text": (CREATE, account(region=7), INVALID, ["region"]),
    "a number below its minimum": (CREATE, account(employees=-1), INVALID, ["employees", "0"]),
    "a number above its maximum": (CREATE, account(foundedYear=10000), INVALID, ["founded_year", "9999"]),
    "a number that does not fit": (CREATE, account(foundedYear=99999999999), INVALID, ["founded"]),
    "a text too long": (CREATE, account(displayName="x" * 257), INVALID, ["display_name", "256"]),
    "a required field that is missing": (CREATE, {"accountId": "new", "account": {}}, INVALID, ["display_name"]),
    "a resource that is missing": (CREATE, {"accountId": "new"}, INVALID, ["account"]),
    "NUL in a text": (CREATE, account(displayName="a\0b"), INVALID, ["U+0000"]),
    "an unknown word of an enum": (CREATE, account(phase="GREAT"), INVALID, ["phase", "GREAT"]),
    "an unknown number of an enum": (CREATE, account(phase=99), INVALID, ["phase"]),
    "a day that is none": (CREATE, account(customerSince="2026-02-30"), INVALID, ["customer_since"]),
    "a country that is none": (CREATE, account(country="Germany"), INVALID, ["country"]),
    "an address that is none": (CREATE, account(website="not a page"), INVALID, ["website"]),
    "a reference to nothing": (CREATE, account(owner="users/nobody"), INVALID, ["owner", "users/nobody"]),
    "a reference of the wrong kind": (CREATE, account(owner="accounts/acme"), INVALID, ["owner"]),
    "a parent that is the account itself": (UPDATE, {"account": {"name": "accounts/acme", "parentAccount": "accounts/acme"}}, INVALID,
                                            ["parent_account"]),
    "a circle of parents": (UPDATE, {"account": {"name": "accounts/acme", "parentAccount": "accounts/child"}}, INVALID, ["parent_account"]),
    "a stale etag": (UPDATE, {"account": {"name": "accounts/acme", "etag": "stale", "region": "X"}}, "aborted", ["etag"]),
    "a mask with an unknown field": (UPDATE, {"account": {"name": "accounts/acme"}, "updateMask": "colour"}, INVALID, ["colour"]),
    "a mask with a field of the server's": (UPDATE, {"account": {"name": "accounts/acme"}, "updateMask": "uid"}, INVALID, ["uid"]),
    "a name that is none": (UPDATE, {"account": {"name": "accounts/a/b", "region": "X"}}, INVALID, ["name"]),
    "an id that is taken": (CREATE, {"accountId": "acme", "account": {"displayName": "Acme"}}, "already_exists", ["accounts/acme"]),
    "an id with bad characters": (CREATE, {"accountId": "a b/c", "account": {"displayName": "Acme"}}, INVALID, ["account_id"]),
    "an id too long": (CREATE, {"accountId": "a" * 64, "account": {"displayName": "Acme"}}, INVALID, ["account_id"]),
    "a page token that is none": (LIST, {"pageToken": "????"}, INVALID, ["page_token"]),
    "a page size below 0": (LIST, {"pageSize": -1}, INVALID, ["page_size"]),
    "a filter that ends early": (LIST, {"filter": 'region = "EMEA" AND'}, INVALID, ["filter", "column 20"]),
    "a filter on an unknown field": (LIST, {"filter": "colour = 3"}, INVALID, ["filter", "colour"]),
    "a filter with a wrong value": (LIST, {"filter": "employees > many"}, INVALID, ["filter"]),
    "an order by an unknown field": (LIST, {"orderBy": "colour"}, INVALID, ["order_by", "colour"]),
    "deleting what others refer to": ("UserService/DeleteUser", {"name": "users/olga"}, "failed_precondition", ["accounts/acme"]),
    "deleting what has something below it": ("AccountService/DeleteAccount", {"name": "accounts/acme"}, "failed_precondition", ["force"]),
    "reading what is not there": ("AccountService/GetAccount", {"name": "accounts/nothing"}, MISSING, ["accounts/nothing"]),
    "a parent that is not there": ("TieService/ListTies", {"parent": "accounts/nothing"}, MISSING, ["accounts/nothing"]),
    "JSON that is none": (CREATE, "{", INVALID, []),
    "JSON with a key twice": (CREATE, '{"accountId": "a", "accountId": "b", "account": {"displayName": "x"}}', INVALID, []),
    "JSON nested too deep": (CREATE, '{"account":' * 200 + "1" + "}" * 200, INVALID, []),
    "a tie from somebody to themselves": ("TieService/CreateTie", {"parent": "accounts/acme", "tie": {
        "fromStakeholder": "accounts/acme/stakeholders/boss", "toStakeholder": "accounts/acme/stakeholders/boss", "kind": "TIE_KIND_ALLIED"}}, INVALID,
        ["to_stakeholder"]),
    "a permission that is none": ("RoleService/CreateRole", {"roleId": "r", "role": {"displayName": "R", "permissions": ["accounts.fly"],
                                                                                     "scope": "SCOPE_ALL", "fieldGroups": ["FIELD_GROUP_PUBLIC"]}},
                                  INVALID, ["accounts.fly"]),
    "changing a role that comes with kam": ("RoleService/UpdateRole", {"role": {"name": "roles/kam", "displayName": "X"}}, "failed_precondition",
                                            ["roles/kam"]),
    "a password too short": ("UserService/CreateUser", {"userId": "p", "user": {"displayName": "P"}, "password": "short"}, INVALID, ["password"]),
    "money without a currency": ("OpportunityService/CreateOpportunity", {"parent": "accounts/acme", "opportunity": {
        "title": "T", "value": {"units": "5"}}}, INVALID, ["value.currency_code"]),
    "money with the signs apart": ("OpportunityService/CreateOpportunity", {"parent": "accounts/acme", "opportunity": {
        "title": "T", "value": {"currencyCode": "EUR", "units": "5", "nanos": -1}}}, INVALID, ["value"]),
    "a rating above 10": ("RatingService/CreateRating", {"parent": "accounts/acme/scorecards/s", "rating": {
        "period": "2026-Q1", "side": "SIDE_US", "rating": 11}}, INVALID, ["rating"]),
    "an entry of an unknown metric": ("EntryService/CreateEntry", {"parent": "accounts/acme/scorecards/s", "entry": {
        "period": "2026-Q1", "metric": "none", "value": 1}}, INVALID, ["metric"]),
}


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = kamtest.Server()
        try:
            cls.server.init()
            cls.server.start()
            cls.fill(cls.server.admin())
        except BaseException:
            cls.server.close()
            raise
        cls.addClassCleanup(cls.server.close)
        cls.token = cls.server.admin().token

    @staticmethod
    def fill(admin):
        admin.call("UserService/CreateUser", {"userId": "olga", "user": {"displayName": "Olga"}})
        admin.call(CREATE, {"accountId": "acme", "account": {"displayName": "Acme", "owner": "users/olga", "region": "EMEA"}})
        admin.call(CREATE, {"accountId": "child", "account": {"displayName": "Child", "parentAccount": "accounts/acme"}})
        admin.call("StakeholderService/CreateStakeholder", {"parent": "accounts/acme", "stakeholderId": "boss", "stakeholder": {"title": "Boss"}})
        metric = {"id": "m", "title": "M", "better": "METRIC_DIRECTION_UP", "floor": 0, "target": 1, "weight": 1}
        admin.call("ScorecardService/CreateScorecard", {"parent": "accounts/acme", "scorecardId": "s", "scorecard": {"title": "S", "metrics": [metric]}})

    def call(self, method, request, **options):
        return kamtest.connect(self.server, method, request, token=self.token, **options)

    def test_each_has_its_code_and_names_the_field(self):
        before = self.server.admin().run("accounts", "list", "--all", "-o", "csv").out
        for title, (method, request, code, words) in CASES.items():
            with self.subTest(title):
                _, error = self.call(method, request)
                self.assertEqual(error.get("code"), code, error)
                for word in words:
                    self.assertIn(word, error["message"])
        self.assertEqual(self.server.admin().run("accounts", "list", "--all", "-o", "csv").out, before, "something was half done")

    def test_a_revision_yet_to_come(self):
        for revision in ("999999999", "yesterday", "-1"):
            with self.subTest(revision):
                _, error = self.call("AccountService/GetAccount", {"name": "accounts/acme"}, headers=["kam-as-of: " + revision])
                self.assertIn(error.get("code"), ("invalid_argument", "out_of_range", "failed_precondition"), error)
                self.assertIn("kam-as-of", error["message"])

    def post(self, body, method=CREATE, content_type="application/proto"):
        path = self.server.folder + "/bytes"
        with open(path, "wb") as file:
            file.write(body)
        status, _, reply = kamtest.curl(self.server, "kam.v1." + method, path, content_type=content_type, token=self.token)
        return status, reply.decode("utf-8", "replace")

    def test_bytes_that_are_no_message(self):
        name = field(1, b"acme2")
        bodies = {
            "invalid UTF-8": name + field(2, field(16, b"a\xff\xfeb")),
            "an overlong UTF-8 sequence": name + field(2, field(16, b"a\xc0\xafb")),
            "NUL in a string": name + field(2, field(16, b"a\0b")),
            "a message cut off": name + b"\x12\x7f\x01",
            "a varint without an end": b"\xff" * 20,
            "a field number 0": b"\x02\x00",
            "noise": bytes(range(256)),
        }
        for title, body in bodies.items():
            with self.subTest(title):
                status, reply = self.post(body)
                self.assertEqual(status, 400, reply)
                self.assertIn('"invalid_argument"', reply)

    def nghttp(self, path, body):
        """A POST of proto by nghttp: Debian's curl takes an answer that comes before the request is whole (RFC 9113 section 8.1) for an error."""
        words = ["nghttp", "--verbose", "--data=" + body, "-H:method: POST", "-Hcontent-type: application/proto", "-Hauthorization: Bearer " + self.token,
                 "https://%s/kam.v1.%s" % (self.server.address, path)]
        return subprocess.run(words, capture_output=True, text=True, timeout=30 * kamtest.PATIENCE).stdout

    def test_a_body_over_the_limit(self):
        body = self.server.folder + "/large"
        with open(body, "wb") as file:
            file.truncate(5 << 20)
        answer = self.nghttp(CREATE, body)
        self.assertIn(":status: 429", answer)
        self.assertIn('"resource_exhausted"', answer)

    def test_an_unknown_method(self):
        body = self.server.folder + "/empty"
        open(body, "w").close()
        for method in ("AccountService/Fly", "Nothing/Get"):
            answer = self.nghttp(method, body)
            self.assertIn(":status: 404", answer)
            self.assertIn('"unimplemented"', answer)

    def test_a_foreign_page_token(self):
        _, page = self.call(LIST, {"pageSize": 1})
        self.assertTrue(page["nextPageToken"])
        _, error = self.call(LIST, {"pageSize": 1, "pageToken": page["nextPageToken"], "filter": 'region = "EMEA"'})
        self.assertEqual(error.get("code"), INVALID, error)
        self.assertIn("page_token", error["message"])
        _, error = self.call("UserService/ListUsers", {"pageSize": 1, "pageToken": page["nextPageToken"]})
        self.assertEqual(error.get("code"), INVALID, error)

    def test_the_same_request_id_gives_the_same_reply(self):
        request = {"accountId": "once", "account": {"displayName": "Once"}, "requestId": "r-1"}
        _, first = self.call(CREATE, request)
        _, second = self.call(CREATE, request)
        self.assertEqual(first, second)
        _, error = self.call(CREATE, {"accountId": "once", "account": {"displayName": "Once"}, "requestId": "r-2"})
        self.assertEqual(error["code"], "already_exists")
        self.call("AccountService/DeleteAccount", {"name": "accounts/once"})

    def test_nobody_is_deduced_by_a_wrong_password(self):
        answers = []
        for user in ("users/olga", "users/admin", "users/nobody", "nobody"):
            _, error = kamtest.connect(self.server, "SessionService/SignIn", {"user": user, "password": "wrong-password"})
            answers.append(error)
            self.assertEqual(error.get("code"), "unauthenticated", error)
        self.assertEqual([answers[0]] * len(answers), answers)

    def test_no_token_and_wrong_tokens(self):
        for token in ("", "x", "kam_" + "a" * 60, self.token[:-1] + ("a" if self.token[-1] != "a" else "b")):
            with self.subTest(token[:8]):
                status, error = kamtest.connect(self.server, "AccountService/GetAccount", {"name": "accounts/acme"}, token=token)
                self.assertEqual((status, error.get("code")), (401, "unauthenticated"), error)

    def tearDown(self):
        self.assertIsNone(self.server.process.poll(), "kamd has ended")


if __name__ == "__main__":
    unittest.main()
