#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Roles as an admin meets them: copying, asking who may do what and why, and comparing."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest

BUILT_IN = ("admin", "auditor", "executive", "kam", "marketing", "sales", "sponsor")


class Access(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = server = kamtest.Server()
        cls.addClassCleanup(server.close)
        server.init()
        server.start()
        cls.admin = admin = server.admin()
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


if __name__ == "__main__":
    unittest.main()
