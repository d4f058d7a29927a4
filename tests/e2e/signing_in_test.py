#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Signing in: failures are throttled and nobody is locked out; which passwords are taken; what hashing costs."""

import os
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest
import wire_sign_in

CHEAP = "[password]\nmemory_mib = 7\npasses = 5\n"
# No allowance fills again while a test runs.
LIMITS = CHEAP + "[limits]\nsign_in_failures = 4\nsign_in_failures_per_user = 8\nsign_in_failures_per_address = 12\nsign_in_failures_seconds = 86400\n"
RIGHT = "quiet harbour lantern"


class Throttle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        kamtest.Server.of_class(cls, LIMITS)

    def create(self, *users):
        for user in users:
            self.admin.call("UserService/CreateUser", {"userId": user, "user": {"displayName": "Sample"}, "password": RIGHT})

    # Each test has addresses of its own, but for 127.0.0.1, which is kam's.
    def address(self, number):
        return "127.%d.%d.%d" % (1 + sorted(name for name in dir(self) if name.startswith("test_")).index(self._testMethodName), 0, number)

    def sign_in(self, user, password, address):
        return wire_sign_in.sign_in(self.server, user, password, self.address(address))[0]

    def fail(self, user, address, times):
        for _ in range(times):
            self.assertEqual(self.sign_in(user, "another lantern", address), 401)

    def test_too_many_failures_refuse_the_right_password_there(self):
        self.create("jane", "joe")
        self.fail("jane", 2, 3)
        self.assertEqual(self.sign_in("jane", RIGHT, 3), 200)
        self.fail("jane", 2, 1)
        self.assertEqual(self.sign_in("jane", RIGHT, 2), 401)
        self.assertEqual(self.sign_in("users/jane", RIGHT, 2), 401, "the same user, spelled otherwise")
        self.assertEqual(self.sign_in("joe", RIGHT, 2), 200)
        self.assertEqual(self.sign_in("jane", RIGHT, 4), 200)

    def test_who_is_signed_in_or_known_is_not_kept_out(self):
        self.create("ann")
        ann = self.server.user("ann", RIGHT)
        for address in (2, 3, 4):
            self.fail("ann", address, 4)
        self.assertEqual(self.sign_in("ann", RIGHT, 5), 401, "all strangers' addresses together are bounded")
        ann.run("whoami")
        ann.sign_in(RIGHT)
        # After a restart the session says where she is known.
        self.server.restart()
        for address in (2, 3, 4):
            self.fail("ann", address, 4)
        self.assertEqual(self.sign_in("ann", RIGHT, 5), 401)
        ann.sign_in(RIGHT)
        # There she is guessed at no more often than from anywhere.
        for _ in range(8):
            self.assertEqual(wire_sign_in.sign_in(self.server, "ann", "another lantern")[0], 401)
        ann.sign_in(RIGHT, expect=kamtest.SIGNED_OUT)
        ann.run("whoami")

    def test_an_administrator_lets_in_who_was_kept_out(self):
        self.create("bea")
        for address in (2, 3, 4):
            self.fail("bea", address, 4)
        token = self.admin.json("users", "reset-password", "bea")["token"]
        with wire_sign_in.Caller(self.server, self.address(5)) as caller:
            self.assertEqual(caller.call("SessionService/SetPassword", {"token": token, "newPassword": "new harbour lantern"})[0], 200)
        self.assertEqual(self.sign_in("bea", "new harbour lantern", 5), 200)
        self.assertEqual(self.sign_in("bea", "new harbour lantern", 6), 401)

    def test_one_address_is_bounded_whoever_it_tries(self):
        self.create("cat")
        for i in range(6):
            self.fail("nobody%d" % i, 2, 2)
        self.assertEqual(self.sign_in("cat", RIGHT, 2), 401)
        self.fail("cat", 2, 20)
        self.assertEqual(self.sign_in("cat", RIGHT, 3), 200)

    def test_changing_a_password_is_throttled_on_its_own(self):
        self.create("dora")
        dora = self.server.user("dora", RIGHT)
        for address in (2, 3, 4):
            self.fail("dora", address, 4)
        with wire_sign_in.Caller(self.server, "127.0.0.1") as caller:
            def change(old, new):
                return caller.call("SessionService/ChangePassword", {"oldPassword": old, "newPassword": new}, dora.token)
            self.assertEqual(change(RIGHT, "second harbour lantern")[0], 200, "others' failures are not hers")
            wrong = [change("another lantern", "third harbour lantern") for _ in range(4)]
            self.assertEqual(wrong[0][0], 403)
            over = change("second harbour lantern", "third harbour lantern")
            self.assertEqual({repr(answer) for answer in wrong}, {repr(over)})
        dora.run("whoami")
        self.assertEqual(self.sign_in("dora", "second harbour lantern", 9), 401)


class Hashers(unittest.TestCase):
    def test_a_flood_from_one_address_leaves_the_hashers_to_others(self):
        # Some 100 ms each, so that a flood is there at once.
        with kamtest.Server(config="[password]\nmemory_mib = 16\npasses = 20\n") as server:
            token = server.admin().token
            ends, answers = threading.Event(), []

            def flood():
                with wire_sign_in.Caller(server, "127.0.0.2") as caller:
                    while not ends.is_set():
                        answers.append(caller.call("SessionService/SignIn", {"user": "nobody", "password": "another lantern"})[0])

            threads = [threading.Thread(target=flood) for _ in range(24)]
            for thread in threads:
                thread.start()
            try:
                for number in range(3):
                    self.assertEqual(wire_sign_in.sign_in(server, "admin", "another lantern", "127.0.0.%d" % (3 + number))[0], 401)
                with wire_sign_in.Caller(server) as caller:
                    self.assertEqual(caller.call("SessionService/ChangePassword", {"oldPassword": "x", "newPassword": "third harbour lantern"}, token)[0], 403)
            finally:
                ends.set()
                for thread in threads:
                    thread.join()
            self.assertEqual(set(answers), {401, 429}, "some were checked, those past the share of one address were told to come again")


class Passwords(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        kamtest.Server.of_class(cls, CHEAP)

    def test_the_commonest_and_ones_own_name_are_refused(self):
        user = self.server.new_user("priya", email="p.vandermoor@example.com")
        with wire_sign_in.Caller(self.server) as caller:
            for password in ("PassWord1", "qwertyuiop", "priya2026", "Vandermoor1", "kam12345", "seven77"):
                for method, request, token, field in (
                        ("SessionService/ChangePassword", {"oldPassword": user.password, "newPassword": password}, user.token, b"new_password: "),
                        ("UserService/CreateUser", {"userId": "x", "user": {"displayName": "Vandermoor", "email": "priya@example.com"},
                                                      "password": password}, self.admin.token, b"password: ")):
                    status, _, body = caller.call(method, request, token)
                    self.assertEqual(status, 400, password)
                    self.assertIn(b'"message":"' + field, body, password)
        old, new = (kamtest.write_private(self.server.folder + "/" + name, text + "\n") 
                    for name, text in (("old", user.password), ("new", "vandermoor of the lantern")))
        user.run("passwd", "--old-password-file", old, "--password-file", new)
        error = user.run("passwd", "--old-password-file", old, "--password-file", new, expect=kamtest.DENIED).err
        self.assertIn("old_password: is not your password", error)

    def test_init_refuses_them_too(self):
        file = kamtest.write_private(self.server.folder + "/first", "administrator1\n")
        done = subprocess.run([kamtest.KAMD, "init", "--data", self.server.folder + "/other", "--admin-password-file", file], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("everybody tries first", done.stderr)


class Cost(unittest.TestCase):
    def test_a_hash_grows_with_the_configuration_at_the_next_sign_in(self):
        with kamtest.Server(config=CHEAP) as server:
            admin = server.admin()
            user = server.new_user("jane")

            def anew(name):
                return len(admin.json("audit", "list", "--filter", 'note : "hashed anew" AND actor = "users/%s"' % name).get("auditEntries", []))

            # kamd init hashes at the usual cost, before there is a configuration.
            self.assertEqual((anew("admin"), anew("jane")), (1, 0))
            server.config = CHEAP.replace("passes = 5", "passes = 6")
            server.restart()
            user.run("whoami")
            user.sign_in("another lantern", expect=kamtest.SIGNED_OUT)
            self.assertEqual(anew("jane"), 0)
            for _ in range(2):
                user.sign_in(user.password)
                self.assertEqual(anew("jane"), 1)
            self.assertNotIn("argon2", admin.run("users", "history", "jane", "-o", "json").out)

    def test_what_costs_too_little_is_refused(self):
        with kamtest.Server(config=CHEAP) as server:
            server.stop()
            for text, words in (("memory_mib = 7\npasses = 4\n", "password.memory_mib times password.passes is 28"), 
                                ("memory_mib = 0\n", "password.memory_mib"), ("passes = 0\n", "password.passes")):
                server.config = "[password]\n" + text
                done = subprocess.run(server.command(), capture_output=True, text=True)
                self.assertEqual(done.returncode, 1)
                self.assertIn(words, done.stderr)
            server.config = CHEAP
            server.start()


if __name__ == "__main__":
    unittest.main()
