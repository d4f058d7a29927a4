#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who is bound to what: narrowed to accounts, regions and days, by the hierarchy of managers; and a change that holds at once, on open streams too."""

import datetime
import json
import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest


def today():
    """As kamd counts days: UTC's."""
    return datetime.datetime.now(datetime.timezone.utc).date()


class Bindings(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        kamtest.Server.of_class(cls)
        admin = cls.admin
        for account, words in {"acme": ("region=EMEA",), "acme-nl": ("parent_account=acme", "region=EMEA"), "acme-us": ("parent_account=acme", "region=AMER"),
                               "bolt": ("region=EMEA",), "cork": ("region=AMER",)}.items():
            admin.run("accounts", "create", account, "--set", "display_name=" + account, *(word for text in words for word in ("--set", text)))
            admin.run("opportunities", "create", "deal", "--account", account, "--set", "title=Deal", "--set", "stage=PROSPECTING")

    def seen(self, user):
        accounts = user.run("accounts", "list", "-o", "name").out.split()
        deals = user.run("opportunities", "list", "--parent", "accounts/-", "-o", "name").out.split()
        self.assertEqual([name + "/opportunities/deal" for name in accounts], deals)
        return [name.split("/")[1] for name in accounts]

    def bind(self, user, role, *words):
        self.admin.run("bindings", "create", "--user", user, "--role", role, *words)

    def test_narrowed_to_a_list_a_subtree_and_a_region(self):
        user = self.server.new_user("lister")
        self.bind("lister", "executive", "--account", "acme", "--account", "cork")
        self.assertEqual(self.seen(user), ["acme", "acme-nl", "acme-us", "cork"])
        self.admin.run("bindings", "update", "lister-executive", "--account", "acme-nl", "--account", "bolt")
        self.assertEqual(self.seen(user), ["acme-nl", "bolt"])
        self.admin.run("bindings", "update", "lister-executive", "--account", "acme", "--account", "cork", "--region", "AMER")
        self.assertEqual(self.seen(user), ["acme-us", "cork"])
        self.admin.run("accounts", "update", "acme-us", "--set", "parent_account=bolt")
        self.assertEqual(self.seen(user), ["cork"])
        self.admin.run("accounts", "update", "acme-us", "--set", "parent_account=acme")
        self.admin.run("bindings", "update", "lister-executive", "--set", "accounts=", "--set", "region=")
        self.assertEqual(len(self.seen(user)), 5)
        user.run("bindings", "list", "-o", "name", expect=kamtest.DENIED)

    def test_the_last_day_counts(self):
        user = self.server.new_user("brief")
        self.bind("brief", "executive", "--until", "2099-03-31")
        while True:
            day = today()
            self.admin.run("bindings", "update", "brief-executive", "--until", day.isoformat())
            listed = user.try_run("accounts", "list", "-o", "name")
            if today() == day:  # else midnight came between, and kamd may rightly have answered either way
                break
        self.assertEqual((listed.status, len(listed.out.split())), (kamtest.OK, 5), listed.err)
        self.admin.run("bindings", "update", "brief-executive", "--until", (day - datetime.timedelta(days=2)).isoformat())
        user.run("accounts", "list", expect=kamtest.DENIED)

    def test_a_list_is_read_by_people(self):
        self.server.new_user("reader")
        self.bind("reader", "sponsor", "--account", "acme", "--account", "bolt", "--until", "2099-03-31")
        text = self.admin.run("bindings", "list", "--filter", 'user = "users/reader"').out
        self.assertRegex(text, r"(?i)name +user +role +accounts +region +until")
        for word in ("reader-sponsor", "accounts/acme, accounts/bolt", "2099-03-31"):
            self.assertIn(word, text)
        self.assertIn("below accounts/acme or accounts/bolt, until 2099-03-31", self.server.user("reader").run("whoami").out)
        self.bind("reader", "sponsor")
        names = self.admin.run("bindings", "list", "--filter", 'user = "users/reader"', "-o", "name").out.split()
        self.assertEqual(len(names), 2)
        self.assertTrue(all(name.startswith("bindings/reader-sponsor") for name in names), names)
        found = self.admin.run("bindings", "list", "--filter", 'accounts:"accounts/acme" AND user = "users/reader"', "-o", "name").out.split()
        self.assertEqual(found, ["bindings/reader-sponsor"])
        self.admin.run("bindings", "create", "--user", "reader", "--role", "sponsor", "--account", "nowhere", expect=kamtest.OTHER)
        self.admin.run("bindings", "create", "--user", "reader", "--role", "sponsor", "--until", "tomorrow", expect=kamtest.OTHER)
        self.admin.run("accounts", "create", "doomed", "--set", "display_name=D")
        self.bind("reader", "kam", "--account", "doomed")
        self.assertIn("bindings/reader-kam", self.admin.run("accounts", "delete", "doomed", "--yes", expect=kamtest.CONFLICT).err)
        self.admin.run("bindings", "delete", "reader-kam", "--yes")
        self.admin.run("accounts", "delete", "doomed", "--yes")

    def test_managers_see_what_their_people_have(self):
        chief = self.server.new_user("chief")
        self.server.new_user("lead", manager="users/chief")
        rep = self.server.new_user("rep", manager="users/lead")
        self.server.new_user("other")
        for user in ("chief", "lead", "rep"):
            self.bind(user, "sales")
        self.admin.run("accounts", "update", "bolt", "--set", "owner=rep")
        self.admin.run("accounts", "update", "cork", "--set", "owner=other")
        self.admin.run("members", "create", "rep", "--account", "acme-nl")
        self.assertEqual(self.seen(rep), ["acme-nl", "bolt"])
        self.assertEqual(self.seen(chief), ["acme-nl", "bolt"])
        self.admin.run("users", "update", "other", "--set", "manager=lead")
        self.assertEqual(self.seen(chief), ["acme-nl", "bolt", "cork"])
        self.admin.run("users", "update", "lead", "--set", "manager=")
        self.assertEqual(self.seen(chief), [])
        self.assertEqual(self.seen(self.server.user("lead")), ["acme-nl", "bolt", "cork"])
        self.admin.run("users", "update", "lead", "--set", "manager=rep", expect=kamtest.OTHER)
        self.admin.run("accounts", "update", "bolt", "--set", "owner=")
        self.admin.run("accounts", "update", "cork", "--set", "owner=")


class Watcher:
    """kam watch, with what it has printed and how it ended."""

    def __init__(self, user):
        self.process = user.spawn("accounts", "watch", "-o", "jsonl")
        self.lines = []
        self.ended = None
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))
        self.process.wait()
        self.ended = time.monotonic()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.thread.join()
        self.process.stdout.close()
        self.process.stderr.close()


class Revocation(unittest.TestCase):
    """A change of role, binding or user holds from the next message on. Each way of taking rights away meets several open watches."""

    @classmethod
    def setUpClass(cls):
        kamtest.Server.of_class(cls)
        for account in ("acme", "bolt"):
            cls.admin.run("accounts", "create", account, "--set", "display_name=" + account, "--set", "annual_revenue=5 EUR")

    def touch(self, text, account="acme"):
        self.admin.run("accounts", "update", account, "--set", "description=" + text)

    def watched(self, user, count=3):
        watchers = [Watcher(user) for _ in range(count)]
        for watcher in watchers:
            self.addCleanup(watcher.close)
        deadline = time.monotonic() + 20 * kamtest.PATIENCE
        number = 0
        while not all(watcher.lines for watcher in watchers):
            self.assertLess(time.monotonic(), deadline, "the watches do not begin")
            number += 1
            self.touch("%s %d" % (user.name, number))
            time.sleep(0.1)
        return watchers

    def settled(self, condition, what):
        deadline = time.monotonic() + 20 * kamtest.PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    def revoked(self, name, revoke):
        """After `revoke`, nothing that changes reaches the watches; a watch of somebody else does not feel it."""
        user, witness = self.server.new_user(name), self.server.new_user(name + "-witness", "executive")
        self.admin.run("roles", "copy", "executive", "r-" + name)
        self.admin.run("bindings", "create", "--user", name, "--role", "r-" + name)
        watchers, other = self.watched(user), self.watched(witness, 1)[0]
        revoke(user)
        self.touch("secret of " + name)
        self.settled(lambda: "secret of " + name in json.dumps(other.lines), "the witness sees no change")
        self.touch("later secret of " + name)
        self.settled(lambda: "later secret of " + name in json.dumps(other.lines), "the witness sees no later change")
        for watcher in watchers:
            self.assertNotIn("secret of", json.dumps(watcher.lines))
        return watchers

    def test_a_disabled_user(self):
        for watcher in self.revoked("gone", lambda user: self.admin.run("users", "update", user.name, "--set", "disabled=true")):
            self.settled(lambda: watcher.ended, "the watch of a disabled user goes on")
            self.assertEqual(watcher.process.returncode, kamtest.SIGNED_OUT)

    def test_a_deleted_binding(self):
        for watcher in self.revoked("unbound", lambda user: self.admin.run("bindings", "delete", user.name + "-r-" + user.name, "--yes")):
            self.settled(lambda: watcher.ended, "the watch of a user without a role goes on")
            self.assertEqual(watcher.process.returncode, kamtest.DENIED)

    def test_a_binding_that_has_run_out_or_is_narrowed(self):
        self.revoked("late", lambda user: self.admin.run("bindings", "update", user.name + "-r-" + user.name, "--until", "2020-01-01"))
        self.revoked("narrowed", lambda user: self.admin.run("bindings", "update", user.name + "-r-" + user.name, "--account", "bolt"))

    def test_a_role_without_the_permission(self):
        self.revoked("poor", lambda user: self.admin.run("roles", "update", "r-" + user.name, "--set", "permissions=users.read"))

    def test_an_ended_session(self):
        def end(user):
            for session in self.admin.json("sessions", "list", "--parent", "users/" + user.name)["sessions"]:
                self.admin.run("sessions", "delete", session["name"], "--yes")
        for watcher in self.revoked("ended", end):
            self.settled(lambda: watcher.ended, "the watch of an ended session goes on")

    def test_a_role_without_the_group(self):
        user = self.server.new_user("blind")
        self.admin.run("roles", "copy", "executive", "r-blind")
        self.admin.run("bindings", "create", "--user", "blind", "--role", "r-blind")
        watchers = self.watched(user)
        for watcher in watchers:
            self.assertIn("annualRevenue", json.dumps(watcher.lines))
        self.admin.run("roles", "update", "r-blind", "--set", "field_groups=PUBLIC")
        self.touch("after the change")
        for watcher in watchers:
            self.settled(lambda: "after the change" in json.dumps(watcher.lines), "the change is not told")
            told = [line for line in watcher.lines if "after the change" in json.dumps(line)]
            self.assertNotIn("annualRevenue", json.dumps(told))


if __name__ == "__main__":
    unittest.main()
