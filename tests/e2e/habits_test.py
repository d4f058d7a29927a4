#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What people do in their first hour: give passwords, remove administrators, write amounts as they are used to, ask for a day, mistype a name."""

import datetime
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest

MAP = """{"resource": "accounts", "system": "crm", "key_columns": ["no"], "fields": [{"field": "id", "column": "no"}, {"field": "display_name", "column": "no"},
  {"field": "annual_revenue", "column": "revenue", "currency_code": "EUR"%s}]}"""


def revenue_of(admin, server, text, comma=False):
    """What a cell is imported as, or None where the row is refused."""
    rows, mapping = server.folder + "/rows.csv", server.folder + "/map.json"
    with open(rows, "w") as file:
        file.write('no,revenue\na1,"%s"\n' % text)
    with open(mapping, "w") as file:
        file.write(MAP % (', "decimal_comma": true' if comma else ""))
    done = admin.try_run("import", "accounts", rows, "--map", mapping, "-o", "json")
    if done.status != kamtest.OK:
        return None
    amount = admin.json("accounts", "get", "a1").get("annualRevenue", {})
    return int(amount.get("units", 0)) + amount.get("nanos", 0) / 1e9


class Habits(unittest.TestCase):
    def test_amounts_are_never_wrong_by_a_thousand(self):
        with kamtest.Server() as server:
            admin = server.admin()
            for text, wanted in (("1,234.50", 1234.5), ("1234.5", 1234.5), ("12,345,678", 12345678), ("-5", -5), ("(12)", -12), ("$ 99", 99), ("€ 7.25", 7.25)):
                self.assertEqual(revenue_of(admin, server, text), wanted, text)
            for text in ("1.234,50", "1,5", "612,4", "1,23,456", "10-20", "1.2.3", "twelve", ",5"):
                self.assertIsNone(revenue_of(admin, server, text), text)
            for text, wanted in (("1.234,50", 1234.5), ("1,5", 1.5), ("612,4", 612.4), ("1.234.567", 1234567)):
                self.assertEqual(revenue_of(admin, server, text, comma=True), wanted, text)

    def test_somebody_can_always_administer(self):
        with kamtest.Server() as server:
            admin = server.admin()
            for words in (("bindings", "delete", "admin", "--yes"), ("bindings", "update", "admin", "--set", "until=2020-01-01"),
                          ("bindings", "update", "admin", "--set", "role=roles/kam"), ("users", "update", "admin", "--set", "disabled=true")):
                self.assertIn("nobody would be left who can administer", admin.run(*words, expect=kamtest.CONFLICT).err)
            server.new_user("ida", "admin")
            admin.run("bindings", "delete", "admin", "--yes")

    def test_passwords(self):
        with kamtest.Server() as server:
            admin = server.admin()
            admin.run("users", "create", "jane", "--set", "display_name=Jane")
            new = server.folder + "/new"
            kamtest.write_private(new, "quiet harbour lantern\n")
            kamtest.write_private(new + "-token", admin.json("users", "reset-password", "jane")["token"] + "\n")
            jane = server.user("jane")
            jane.run("passwd", "--reset-file", new + "-token", "--password-file", new)
            jane.sign_in("quiet harbour lantern")
            kamtest.write_private(new + "2", "another harbour lantern\n")
            jane.run("passwd", "--old-password-file", new + "2", "--password-file", new + "2", expect=kamtest.DENIED)
            jane.run("passwd", "--old-password-file", new, "--password-file", new + "2")
            jane.run("whoami")
            admin.run("users", "update", "jane", "--set", "disabled=true")
            admin.run("users", "update", "jane", "--set", "disabled=false")
            jane.run("whoami", expect=kamtest.SIGNED_OUT)  # what was ended stays ended

    def test_an_address_is_one_users(self):
        with kamtest.Server() as server:
            admin = server.admin()
            admin.run("users", "create", "e1", "--set", "display_name=E1", "--set", "email=e@example.com")
            self.assertIn("users/e1", admin.run("users", "create", "e2", "--set", "display_name=E2", "--set", "email=E@Example.com", expect=kamtest.OTHER).err)
            admin.run("users", "update", "e1", "--set", "email=E@example.com")

    def test_asking(self):
        with kamtest.Server() as server:
            admin = server.admin()
            admin.run("accounts", "create", "acme", "--set", "display_name=Acme", "--set", "owner=admin", "--set", "customer_since=2020-02-03")
            self.assertEqual(admin.run("accounts", "list", "--filter", "owner = admin", "-o", "name").out.split(), ["accounts/acme"])
            for text in ('customer_since > "2020-13-01"', 'customer_since > "foo"'):
                self.assertIn("filter: column", admin.run("accounts", "list", "--filter", text, expect=kamtest.OTHER).err)
            today = datetime.datetime.now(datetime.timezone.utc).date()
            self.assertEqual(admin.json("accounts", "get", "acme", "--as-of", today.isoformat())["displayName"], "Acme")
            admin.run("accounts", "get", "acme", "--as-of", (today + datetime.timedelta(days=2)).isoformat(), expect=kamtest.OTHER)
            admin.run("accounts", "get", "acme", "--as-of", "2001-01-01", expect=kamtest.OTHER)
            # A reference that is there stays found beside another fault.
            wrong = admin.run("accounts", "update", "acme", "--set", "owner=admin", "--set", "executive_sponsor=admin", "--set", "employees=-5", expect=kamtest.OTHER).err
            self.assertIn("employees", wrong)
            self.assertNotIn("not found", wrong)


if __name__ == "__main__":
    unittest.main()
