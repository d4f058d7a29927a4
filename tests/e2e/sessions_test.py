#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sessions: seen and ended by their owner and by administrators, at once and on open streams; over by themselves, and then removed."""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import grpc
import kamtest
from streams import Stream

CHEAP = "[password]\nmemory_mib = 7\npasses = 5\n"


class Sessions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        kamtest.Server.of_class(cls, CHEAP)
        cls.jane, cls.joe = (cls.server.new_user(user, role) for user, role in (("jane", "kam"), ("joe", None)))

    def names(self, user, *words):
        return user.run("sessions", "list", *words, "-o", "name").out.split()

    def second(self, user):
        other = kamtest.User(self.server, user.name, "%s/home-%s-2" % (self.server.folder, user.name))
        other.sign_in(user.password)
        return other

    def test_whose_sessions_one_sees(self):
        self.assertEqual([name.split("/")[1] for name in self.names(self.joe)], ["joe"], "without any role")
        self.assertEqual({name.split("/")[1] for name in self.names(self.admin)}, {"admin", "jane", "joe"})
        theirs = self.names(self.joe)[0]
        self.assertEqual(self.names(self.admin, "--parent", "users/joe"), self.names(self.joe))
        self.assertEqual(self.names(self.jane, "--parent", "users/joe"), [])
        self.jane.run("sessions", "get", theirs, expect=kamtest.NOT_FOUND)
        hidden = self.jane.run("sessions", "delete", theirs, "--yes", expect=kamtest.NOT_FOUND).err
        missing = self.jane.run("sessions", "delete", "users/joe/sessions/none", "--yes", expect=kamtest.NOT_FOUND).err
        self.assertEqual(hidden.replace(theirs, "X"), missing.replace("users/joe/sessions/none", "X"))
        self.joe.run("whoami")

    def test_ending_one_holds_at_once_and_on_open_streams(self):
        for who in (self.jane, self.admin):
            other = self.second(self.jane)
            own = self.jane.json("whoami")["session"]["name"]
            session = next(name for name in self.names(self.jane) if name != own)
            stream = Stream(self, self.server, other.token)
            # The id alone is one of one's own.
            who.run("sessions", "delete", session.split("/")[-1] if who is self.jane else session, "--yes")
            self.assertEqual(stream.end(), grpc.StatusCode.UNAUTHENTICATED)
            other.run("whoami", expect=kamtest.SIGNED_OUT)
            self.assertEqual(self.names(self.jane), [own])
        self.jane.run("whoami")
        self.assertIn("users/jane/sessions/", self.admin.run("audit", "list", "--filter", 'method : "DeleteSession"', "-o", "json").out)


class Over(unittest.TestCase):
    def records(self, admin, word):
        return len(admin.json("audit", "list", "--filter", 'method = "kam/%s"' % word, "--all").get("auditEntries", []))

    def until(self, what):
        end = time.monotonic() + 60 * kamtest.PATIENCE
        while not what() and time.monotonic() < end:
            time.sleep(0.2)
        self.assertTrue(what())

    def test_an_idle_session_ends_and_is_removed(self):
        with kamtest.Server(config=CHEAP + "[sessions]\nidle_seconds = %d\n" % (6 * kamtest.PATIENCE)) as server:
            jane, admin = server.new_user("jane", "kam"), server.admin()
            # Two others are not: one of a name that could be taken for something else.
            busy = server.new_user("tokens")
            self.until(lambda: busy.run("whoami") and "users/jane" not in admin.run("sessions", "list", "-o", "name").out)
            jane.run("whoami", expect=kamtest.SIGNED_OUT)
            self.assertEqual(self.records(admin, "SweepSessions"), 1, "one record, and none where nothing is over")

    def test_a_session_ends_after_its_lifetime_however_much_it_is_used(self):
        with kamtest.Server(config=CHEAP + "[sessions]\nlifetime_seconds = %d\nidle_seconds = 8\n" % (10 * kamtest.PATIENCE)) as server:
            jane = server.new_user("jane", "kam")
            stream = Stream(self, server, jane.token)
            self.until(lambda: jane.try_run("whoami").status == kamtest.SIGNED_OUT)
            self.assertEqual(stream.end(), grpc.StatusCode.UNAUTHENTICATED)
            jane.sign_in(jane.password)
            jane.run("whoami")


if __name__ == "__main__":
    unittest.main()
