#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Roles as an admin meets them: copying, asking who may do what and why, and comparing."""

import csv
import io
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest

BUILT_IN = ("admin", "auditor", "executive", "kam", "marketing", "sales", "sponsor")


class Access(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = kamtest.Server.of_class(cls)
        admin = cls.admin
        for user in ("ann", "bob", "cat"):
            setattr(cls, user, server.new_user(user))
        admin.run("accounts", "create", "acme", "--set", "display_name=Acme", "--set", "owner=ann", "--set", "region=EMEA", "--set", "annual_revenue=5 EUR")
        admin.run("accounts", "create", "acme-nl", "--set", "display_name=Acme NL", "--set", "parent_account=acme", "--set", "region=EMEA")
        admin.run("accounts", "create", "bolt", "--set", "display_name=Bolt", "--set", "executive_sponsor=cat", "--set", "region=APAC")
        for user, role in (("ann", "kam"), ("bob", "executive"), ("cat", "sponsor")):
            admin.run("bindings", "create", user, "--set", "user=" + user, "--set", "role=" + role)


class Copy(Access):
    def test_a_copy_differs_only_where_it_is_told(self):
        self.admin.run("roles", "copy", "sponsor", "sponsor-lite", "--set", "display_name=Sponsor without figures", "--set", "field_groups=PUBLIC",
                       "--set", "field_groups=STRATEGY")
        source, copy = (self.admin.json("roles", "get", role) for role in ("sponsor", "sponsor-lite"))
        for field in ("permissions", "scope", "description"):
            self.assertEqual(source[field], copy[field])
        self.assertEqual(copy["fieldGroups"], ["FIELD_GROUP_PUBLIC", "FIELD_GROUP_STRATEGY"])
        self.assertNotIn("builtIn", copy)
        self.assertNotEqual(source["uid"], copy["uid"])
        self.admin.run("roles", "update", "sponsor-lite", "--set", "scope=ALL")
        self.admin.run("roles", "delete", "sponsor-lite", "--yes")

    def test_what_can_be_wrong(self):
        self.admin.run("roles", "copy", "sponsor", "kam", expect=kamtest.CONFLICT)
        self.admin.run("roles", "copy", "nobody", "x", expect=kamtest.NOT_FOUND)
        self.admin.run("roles", "copy", "sponsor", expect=kamtest.USAGE)
        self.admin.run("roles", "copy", "sponsor", "x", "--set", "permissions=accounts.fly", expect=kamtest.OTHER)
        self.bob.run("roles", "copy", "sponsor", "x", expect=kamtest.DENIED)
        self.admin.run("roles", "copy", "sponsor", "dry", "--dry-run")
        self.admin.run("roles", "get", "dry", expect=kamtest.NOT_FOUND)
        self.admin.run("roles", "copy", "sponsor", "gone")
        self.admin.run("roles", "delete", "gone", "--yes")
        self.assertIn("RESOURCE_DELETED", self.admin.run("roles", "copy", "gone", "x", "-o", "json", expect=kamtest.CONFLICT).err)

    def test_ids_in_other_systems_stay_with_the_source(self):
        self.admin.run("roles", "copy", "sponsor", "linked", "--set", "external_ids.crm=7", "--set", "labels.team=north")
        self.admin.run("roles", "copy", "linked", "twin")
        twin = self.admin.json("roles", "get", "twin")
        self.assertNotIn("externalIds", twin)
        self.assertEqual(twin["labels"], {"team": "north"})

    def test_built_in_roles_stay_as_they_are(self):
        for role in BUILT_IN:
            with self.subTest(role):
                before = self.admin.json("roles", "get", role)
                self.assertTrue(before["builtIn"])
                for words in (("update", role, "--set", "scope=ALL"), ("update", role, "--set", "display_name=X"), ("update", role, "--set", "permissions=*"),
                              ("delete", role, "--yes"), ("delete", role, "--force", "--yes")):
                    result = self.admin.run("roles", *words, expect=kamtest.CONFLICT)
                    self.assertRegex(result.err, "comes with kam|referred to")
                self.assertEqual(self.admin.json("roles", "get", role), before)
                self.admin.run("roles", "copy", role, "my-" + role)
                self.assertEqual(self.admin.json("roles", "get", "my-" + role)["permissions"], before["permissions"])


class Check(Access):
    def check(self, *words, expect=kamtest.OK):
        return self.admin.run("access", "check", *words, expect=expect).out

    def test_yes_with_the_chain(self):
        text = self.check("--user", "cat", "--permission", "accounts.read", "accounts/bolt")
        self.assertRegex(text, r"(?s)^Yes: users/cat may accounts.read on accounts/bolt through bindings/cat\n"
                               r"  \+ bindings/cat -> roles/sponsor -> scope assigned -> hides nothing\n.*executive sponsor of the account\n")
        self.admin.run("roles", "copy", "executive", "plain", "--set", "field_groups=PUBLIC")
        user = self.server.new_user("dan")
        self.admin.run("bindings", "create", "--user", "dan", "--role", "plain", "--account", "acme")
        text = self.check("--user", "dan", "--permission", "accounts.read", "accounts/acme-nl")
        self.assertIn("bindings/dan-plain -> roles/plain -> scope all -> hides commercial, financial, personal, strategy", text)
        self.assertIn("narrowed to", text)
        self.assertNotIn("annualRevenue", user.json("accounts", "get", "acme"))

    def test_no_with_the_reason(self):
        for user, permission, resource, reason in (
                ("cat", "accounts.read", "accounts/acme", "not owner, executive sponsor or member"), ("cat", "accounts.update", "accounts/bolt", "does not have this permission"),
                ("ann", "accounts.update", "accounts/bolt", "not owner"), ("bob", "bindings.read", "bindings/ann", "does not have this permission")):
            with self.subTest((user, permission, resource)):
                text = self.check("--user", user, "--permission", permission, resource, expect=kamtest.DENIED)
                self.assertTrue(text.startswith("No: users/%s may not %s on %s" % (user, permission, resource)), text)
                self.assertIn(reason, text)
        self.check("--user", "ann", "--permission", "users.create", expect=kamtest.DENIED)
        self.check("--user", "ann", "--permission", "accounts.update")

    def test_an_unknown_permission_is_refused_with_the_nearest(self):
        for words, near in ((("accounts.raed",), "accounts.read"), (("account.update", "accounts/acme"), "accounts.update"), (("users.resetpassword",), "users.resetPassword")):
            error = self.admin.run("access", "check", "--permission", *words, expect=kamtest.OTHER).err
            self.assertIn("is no permission", error)
            self.assertIn(near, error)
        for word in ("accounts.*", "*", "*.read", "zzz.qqq"):
            self.assertIn("is no permission", self.admin.run("access", "check", "--permission", word, expect=kamtest.OTHER).err)
            self.assertIn("is no permission", self.admin.run("access", "who", "--permission", word, expect=kamtest.OTHER).err)

    def test_what_is_not_there_is_not_found_for_admins_too(self):
        self.check("--permission", "accounts.read", "accounts/none", expect=kamtest.NOT_FOUND)
        self.check("--user", "bob", "--permission", "accounts.read", "accounts/none", expect=kamtest.NOT_FOUND)
        self.check("--user", "bob", "--permission", "ties.read", "accounts/acme/ties/none", expect=kamtest.NOT_FOUND)
        self.check("--user", "nobody", "--permission", "accounts.read", expect=kamtest.NOT_FOUND)
        self.check("--permission", "accounts.read", "nothing/acme", expect=kamtest.USAGE)
        hidden, missing = (self.ann.run("access", "check", "--permission", "accounts.read", "accounts/" + account, expect=kamtest.NOT_FOUND).err
                           for account in ("bolt", "none"))
        self.assertEqual(hidden.replace("bolt", "X"), missing.replace("none", "X"))
        self.ann.run("access", "check", "--permission", "accounts.update", "accounts/acme")

    def test_others_need_the_permission_to_ask(self):
        error = self.ann.run("access", "check", "--user", "bob", "--permission", "accounts.read", expect=kamtest.DENIED).err
        self.assertIn("access.check", error)
        self.ann.run("access", "check", "--user", "nobody", "--permission", "accounts.read", expect=kamtest.DENIED)
        self.ann.run("access", "who", "--permission", "accounts.read", expect=kamtest.DENIED)
        self.assertIn("0 yes, 5 no", " ".join(self.admin.run("access", "check", "--help").out.split()))


class Who(Access):
    def rows(self, *words):
        return self.admin.json("access", "who", *words)

    def test_everybody_who_may_and_through_what(self):
        rows = self.rows("accounts/acme", "--permission", "accounts.read")
        self.assertEqual([(row["user"], row["binding"], row["scope"]) for row in rows],
                         [("users/admin", "bindings/admin", "all"), ("users/ann", "bindings/ann", "assigned"), ("users/bob", "bindings/bob", "all")])
        self.assertIn("owner of the account", rows[1]["reason"])
        self.assertEqual([row["user"] for row in self.rows("accounts/acme", "--permission", "accounts.update")], ["users/admin", "users/ann"])
        self.assertEqual([row["user"] for row in self.rows("--permission", "scorecards.agree")], ["users/admin", "users/ann", "users/cat"])
        self.assertIn("users/ann", [row["user"] for row in self.rows("users/ann", "--permission", "users.read")])
        self.admin.run("access", "who", "accounts/none", "--permission", "accounts.read", expect=kamtest.NOT_FOUND)

    def test_it_is_what_check_says_and_what_holds(self):
        for permission, resource in (("accounts.read", "accounts/bolt"), ("accounts.update", "accounts/acme"), ("opportunities.create", "accounts/acme-nl")):
            may = {row["user"] for row in self.rows(resource, "--permission", permission)}
            for user in ("admin", "ann", "bob", "cat"):
                result = self.admin.try_run("access", "check", "--user", user, "--permission", permission, resource)
                self.assertEqual(result.status, kamtest.OK if "users/" + user in may else kamtest.DENIED, result)
                if permission == "accounts.read":
                    got = self.server.user(user).try_run("accounts", "get", resource).status
                    self.assertEqual(got, kamtest.OK if "users/" + user in may else kamtest.NOT_FOUND)

    def test_pages_and_the_disabled(self):
        for number in range(7):
            self.admin.run("users", "create", "x%d" % number, "--set", "display_name=X")
            self.admin.run("bindings", "create", "--user", "x%d" % number, "--role", "executive")
        self.admin.run("users", "update", "x3", "--set", "disabled=true")
        request, names = {"permission": "accounts.read", "resource": "accounts/cork", "pageSize": 2}, []
        self.admin.run("accounts", "create", "cork", "--set", "display_name=Cork")
        while True:
            reply = self.admin.call("AccessService/ListPermittedUsers", request)
            self.assertLessEqual(len(reply["users"]), 2)
            names += [user["user"] for user in reply["users"]]
            if "nextPageToken" not in reply:
                break
            request["pageToken"] = reply["nextPageToken"]
        self.assertEqual(names, ["users/admin", "users/bob"] + ["users/x%d" % number for number in range(7) if number != 3])
        request["permission"] = "accounts.update"
        self.assertIn("page_token", self.admin.call("AccessService/ListPermittedUsers", request, expect=kamtest.OTHER).err)


class MatrixAndDiff(Access):
    def test_the_matrix_is_what_the_server_does(self):
        rows = list(csv.DictReader(io.StringIO(self.admin.run("access", "matrix", "-o", "csv").out)))
        by_method = {row["method"]: row for row in rows}
        self.assertGreater(len(rows), 100)
        self.assertEqual(set(BUILT_IN) - set(rows[0]), set())
        self.assertEqual((by_method["AccountService/GetAccount"]["permission"], by_method["AccountService/GetAccount"]["kam"]), ("accounts.read", "yes"))
        self.assertEqual(by_method["AccountService/CreateAccount"]["kam"], "")
        self.assertEqual((by_method["SessionService/SignIn"]["anonymous"], by_method["SessionService/WhoAmI"]["anonymous"]), ("yes", ""))
        self.assertEqual((by_method["SessionService/ListSessions"]["kam"], by_method["SessionService/ListSessions"]["admin"]), ("own", "yes"))
        for user, role in (("ann", "kam"), ("cat", "sponsor")):
            token = getattr(self, user).token
            for row in rows:
                service, method = row["method"].split("/")
                if service.startswith("grpc.") or row["permission"] == "" or row[role] == "own" or method in ("Watch", "Import"):
                    continue
                status, reply = kamtest.connect(self.server, row["method"], {}, token=token)
                denied = status == 403 and "none of your roles has the permission" in reply.get("message", "")
                self.assertEqual(denied, row[role] == "", (user, row, status, reply))

    def test_a_role_of_our_own_has_a_column(self):
        self.admin.run("roles", "copy", "auditor", "eye", "--set", "permissions=accounts.*")
        rows = {row["method"]: row for row in csv.DictReader(io.StringIO(self.admin.run("access", "matrix", "-o", "csv").out))}
        self.assertEqual(rows["AccountService/DeleteAccount"]["eye"], "yes")
        self.assertEqual(rows["TieService/GetTie"]["eye"], "")

    def test_how_two_roles_differ(self):
        self.admin.run("roles", "copy", "sponsor", "lite", "--set", "scope=ALL", "--set", "field_groups=PUBLIC", "--set", "permissions=accounts.read",
                       "--set", "permissions=competitors.*")
        rows = [tuple(row.get(key, "") for key in ("what", "which", "sponsor", "lite")) for row in self.admin.json("access", "diff", "sponsor", "lite")]
        self.assertIn(("scope", "", "assigned", "all"), rows)
        self.assertIn(("field group", "financial", "yes", ""), rows)
        self.assertIn(("permission", "scorecards.agree", "yes", ""), rows)
        self.assertIn(("permission", "competitors.delete", "", "yes"), rows)
        self.assertNotIn("accounts.read", [row[1] for row in rows])
        self.assertNotIn("public", [row[1] for row in rows])
        self.assertEqual(self.admin.json("access", "diff", "sponsor", "sponsor"), [])
        self.admin.run("access", "diff", "sponsor", "none", expect=kamtest.NOT_FOUND)


if __name__ == "__main__":
    unittest.main()
