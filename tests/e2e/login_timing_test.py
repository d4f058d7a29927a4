#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Unknown user, wrong password, disabled, too many failures: nobody can tell one from the other by the answer's bytes, its size, its code or its time.

    KAM_LOGIN_TRIES=2000    tries of each; from 1,000 on the times are compared too, by Welch's t-test, two by two
"""

import math
import os
import random
import statistics
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest
import wire_sign_in

TRIES = int(os.environ.get("KAM_LOGIN_TRIES", "12"))
PER_USER = 100
T_MOST = 4.5
CONFIG = """[password]
memory_mib = 7
passes = 5
[limits]
sign_in_failures = %d
sign_in_failures_per_user = 1000000
sign_in_failures_per_address = 1000000
sign_in_failures_seconds = 86400
""" % PER_USER


def welch(a, b):
    return (statistics.fmean(a) - statistics.fmean(b)) / math.sqrt(statistics.variance(a) / len(a) + statistics.variance(b) / len(b))


class LoginTiming(unittest.TestCase):
    def test_nobody_is_deduced(self):
        with kamtest.Server(config=CONFIG) as server:
            admin = server.admin()
            # One user takes so many wrong passwords, and no more; tries are spread so that none is over but the one that is to be.
            wrong = ["wrong%04d" % i for i in range(TRIES // (PER_USER - 1) + 1)]
            for user in ("locked", "disabled", *wrong):
                admin.call("UserService/CreateUser", {"userId": user, "user": {"displayName": "Sample"}, "password": "quiet harbour lantern"})
            admin.run("users", "disable", "disabled")
            with wire_sign_in.Caller(server, "127.0.0.2") as caller:
                def attempt(user, password):
                    start = time.perf_counter()
                    answer = caller.call("SessionService/SignIn", {"user": user, "password": password})
                    return time.perf_counter() - start, answer

                for _ in range(PER_USER):
                    attempt("locked", "another harbour lantern")
                # Names and passwords of one length each, so that the requests have one length too.
                kinds = {"unknown": lambda i: ("nobody%03d" % (i % 1000), "quiet harbour lantern"),
                         "wrong": lambda i: (wrong[i % len(wrong)], "wrong harbour lantern"),
                         "disabled": lambda i: ("disabled", "quiet harbour lantern"), "locked": lambda i: ("locked", "quiet harbour lantern"),
                         "locked, wrong": lambda i: ("locked", "wrong harbour lantern")}
                order = [(kind, i) for kind in kinds for i in range(TRIES)]
                random.Random(1).shuffle(order)
                times, answers = {kind: [] for kind in kinds}, {}
                for kind, i in order:
                    took, answer = attempt(*kinds[kind](i))
                    times[kind].append(took)
                    answers.setdefault(repr(answer), set()).add(kind)
                self.assertEqual(len(answers), 1, answers)
                self.assertEqual(answer[0], 401)
                self.assertIn(b"user or password is wrong", answer[2])
                attempt("locked", "quiet harbour lantern")
            self.assertEqual(wire_sign_in.sign_in(server, "locked", "quiet harbour lantern", "127.0.0.3")[0], 200)
            server.restart()  # what was counted goes on record
            self.assertIn("sign-in as locked, after too many failures", admin.run("audit", "list", "--filter", 'note : "too many failures"').out)
            if TRIES >= 1000:
                self.compare(times)

    def compare(self, times):
        kinds = list(times)
        values = {(a, b): welch(times[a], times[b]) for i, a in enumerate(kinds) for b in kinds[i + 1:]}
        for kind in kinds:
            print("%-14s %d tries, mean %.3f ms" % (kind, len(times[kind]), 1000 * statistics.fmean(times[kind])))
        for (a, b), t in values.items():
            print("Welch's t of %s against %s: %+.2f" % (a, b, t))
        self.assertLess(max(map(abs, values.values())), T_MOST, values)


if __name__ == "__main__":
    unittest.main()
