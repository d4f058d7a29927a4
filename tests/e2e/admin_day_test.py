#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A day in an administrator's life, as the README tells it, line by line. KAM_TEST_SHOW=1 prints it."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest


class AdminDay(unittest.TestCase):
    def kam(self, user, line, *contained, expect=kamtest.OK):
        """One line as it is typed. Each of `contained` stands in what it prints."""
        words = [word.strip("'") for word in line.split(" ")]
        self.assertEqual(words.pop(0), "kam")
        result = user.run(*words, expect=expect)
        if os.environ.get("KAM_TEST_SHOW"):
            print("$ %s\n%s%s" % (line, result.out, result.err))
        for text in contained:
            self.assertIn(text, result.out + result.err)
        return result.out

    def test_the_day(self):
        with kamtest.Server() as server:
            admin = server.admin()
            for account in ("acme", "bolt", "cork"):
                admin.run("accounts", "create", account, "--set", "display_name=" + account.capitalize(), "--set", "annual_revenue=5000000 EUR",
                          "--set", "strategy.text=Hold it")
            admin.run("opportunities", "create", "renewal", "--account", "acme", "--set", "title=Renewal", "--set", "owner=admin")
            self.people(server, admin)
            self.questions(server, admin)
            self.leaving(server, admin)
            self.record(admin)

    def people(self, server, admin):
        self.kam(admin, "kam users create jane --display-name Jane --email jane@example.com", "Created users/jane")
        self.kam(admin, "kam users create tom --display-name Tom", "Created users/tom")
        for name in ("jane", "tom"):
            token = admin.json("users", "reset-password", name)["token"]
            home = server.user(name)
            files = [kamtest.write_private(server.folder + "/" + part, text + "\n") for part, text in (("token", token), ("new", "quiet harbour " + name))]
            home.run("passwd", "--reset-file", files[0], "--password-file", files[1])
            home.sign_in("quiet harbour " + name)
        self.kam(admin, "kam roles copy sponsor sponsor-lite --set field_groups=PUBLIC --set field_groups=STRATEGY --set scope=ALL", "roles/sponsor-lite")
        self.kam(admin, "kam roles update sponsor --set scope=ALL", "comes with kam and cannot be changed or deleted, only copied", expect=kamtest.CONFLICT)
        self.kam(admin, "kam access diff sponsor sponsor-lite", "financial", "assigned")
        self.kam(admin, "kam bindings create --user jane --role sponsor-lite --account acme --account bolt --until 2099-03-31", "bindings/jane-sponsor-lite")
        self.kam(admin, "kam bindings create --user tom --role kam", "bindings/tom-kam")
        self.kam(admin, "kam bindings list", "bindings/jane-sponsor-lite", "accounts/acme, accounts/bolt", "2099-03-31")
        jane = server.user("jane")
        self.assertEqual(jane.run("accounts", "list", "-o", "name").out.split(), ["accounts/acme", "accounts/bolt"])
        account = jane.json("accounts", "get", "acme")
        self.assertEqual(("annualRevenue" in account, account["strategy"]["text"]), (False, "Hold it"))

    def questions(self, server, admin):
        self.kam(admin, "kam access check --user jane --permission accounts.read accounts/acme", "Yes: users/jane may accounts.read",
                 "bindings/jane-sponsor-lite -> roles/sponsor-lite -> scope all -> hides commercial, financial, personal")
        self.kam(admin, "kam access check --user jane --permission accounts.read accounts/cork", "No: ", "narrowed to other accounts", expect=kamtest.DENIED)
        self.kam(admin, "kam access check --user jane --permission accounts.raed accounts/acme", "did you mean accounts.read", expect=kamtest.OTHER)
        self.kam(admin, "kam access check --user jane --permission accounts.read accounts/dent", "not found", expect=kamtest.NOT_FOUND)
        text = self.kam(admin, "kam access who accounts/acme --permission accounts.read", "users/admin", "users/jane")
        self.assertNotIn("users/tom", text)
        self.assertGreater(self.kam(admin, "kam access matrix -o csv", "AccountService/GetAccount,accounts.read").count("\n"), 100)

    def leaving(self, server, admin):
        admin.run("accounts", "update", "acme", "--set", "owner=jane")
        admin.run("opportunities", "update", "acme/renewal", "--set", "owner=jane")
        jane, tom = server.user("jane"), server.user("tom")
        watching = jane.spawn("accounts", "watch", "-o", "jsonl")
        self.addCleanup(watching.communicate)
        self.kam(admin, "kam users disable jane", "users/jane")
        self.assertEqual(watching.wait(30 * kamtest.PATIENCE), kamtest.SIGNED_OUT)
        jane.run("whoami", expect=kamtest.SIGNED_OUT)
        dry = self.kam(admin, "kam users hand-over jane --to tom --dry-run", "accounts/acme", "owner", "opportunities/renewal")
        self.assertEqual(tom.run("accounts", "list", "-o", "name").out, "")
        done = self.kam(admin, "kam users hand-over jane --to tom", "Done: hand-over 2 moves")
        self.assertEqual(dry.splitlines()[:3], done.splitlines()[:3])
        self.assertEqual(tom.run("accounts", "list", "-o", "name").out.split(), ["accounts/acme"])
        self.kam(admin, "kam bindings delete jane-sponsor-lite --yes", "Deleted bindings/jane-sponsor-lite")
        self.kam(admin, "kam users disable admin", "nobody would be left who can administer", expect=kamtest.CONFLICT)

    def record(self, admin):
        entries = admin.json("audit-entries", "list", "--all")["auditEntries"]
        methods = [entry["method"].split("/")[-1] for entry in entries]
        for method in ("CreateUser", "ResetUserPassword", "SetPassword", "CopyRole", "CreateBinding", "DisableUser", "HandOverUser", "DeleteBinding"):
            self.assertIn(method, methods)
        self.kam(admin, "kam audit-entries list --page-size 5")


if __name__ == "__main__":
    unittest.main()
