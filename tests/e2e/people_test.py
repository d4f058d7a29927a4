#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""People come, lose their password, and leave: disable, one-time tokens, handing over; and there is always an administrator."""

import datetime
import glob
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest

DAY = datetime.timedelta(days=1)
TODAY = datetime.datetime.now(datetime.timezone.utc).date()


class People(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        kamtest.Server.of_class(cls)

    def file(self, name, text):
        return kamtest.write_private(os.path.join(self.server.folder, name), text + "\n")

    # ---- disable ----

    def test_disable_ends_every_session(self):
        user = self.server.new_user("temp", "executive")
        second = kamtest.User(self.server, "temp", self.server.folder + "/home-temp-2")
        second.sign_in(user.password)
        self.admin.run("users", "disable", "temp", "--dry-run")
        user.run("whoami")
        self.assertIn("users/temp", self.admin.run("users", "disable", "temp").out)
        for session in (user, second):
            session.run("whoami", expect=kamtest.SIGNED_OUT)
            session.run("accounts", "list", expect=kamtest.SIGNED_OUT)
        user.sign_in(user.password, expect=kamtest.SIGNED_OUT)
        self.admin.run("users", "enable", "temp")
        second.run("whoami", expect=kamtest.SIGNED_OUT)
        user.sign_in(user.password)
        user.run("users", "disable", "admin", expect=kamtest.DENIED)
        self.admin.run("users", "disable", "nobody", expect=kamtest.NOT_FOUND)

    # ---- reset-password ----

    def reset(self, user):
        return self.admin.json("users", "reset-password", user)["token"]

    def exchange(self, user, token, password, expect=kamtest.OK):
        return user.run("passwd", "--reset-file", self.file("token", token), "--password-file", self.file("new", password), expect=expect)

    def test_a_one_time_token_gives_a_password_of_ones_own(self):
        user = self.server.new_user("lost", "executive")
        reply = self.admin.json("users", "reset-password", "lost")
        left = datetime.datetime.fromisoformat(reply["expireTime"].replace("Z", "+00:00")) - datetime.datetime.now(datetime.timezone.utc)
        self.assertTrue(0.9 * DAY < left <= DAY, left)
        user.run("whoami")
        self.exchange(user, reply["token"], "short", expect=kamtest.OTHER)
        self.assertIn("users/lost", user.run("whoami").out)
        self.assertIn("lost", self.exchange(user, reply["token"], "quiet harbour lantern").out)
        user.run("whoami", expect=kamtest.SIGNED_OUT)
        user.sign_in(user.password, expect=kamtest.SIGNED_OUT)
        user.sign_in("quiet harbour lantern")
        self.assertIn("unknown, used or past", self.exchange(user, reply["token"], "another harbour lantern", expect=kamtest.SIGNED_OUT).err)
        user.run("whoami")

    def test_a_user_may_be_called_like_a_collection(self):
        user = self.server.new_user("sessions")
        self.exchange(user, self.reset("sessions"), "quiet harbour lantern")
        user.sign_in("quiet harbour lantern")

    def test_only_the_last_token_counts_and_none_of_somebody_else(self):
        user, other = self.server.new_user("twice"), self.server.new_user("other")
        first, second = self.reset("twice"), self.reset("twice")
        swapped = second.replace("~twice~", "~other~")
        messages = {self.exchange(user, token, "quiet harbour lantern", expect=kamtest.SIGNED_OUT).err for token in (first, swapped, "kam~nobody~x~" + "A" * 43, user.token, "x")}
        self.assertEqual(len(messages), 1, messages)
        user.run("whoami")
        other.run("whoami")
        user.sign_in("wrong", expect=kamtest.SIGNED_OUT)
        status, _ = kamtest.connect(self.server, "SessionService/WhoAmI", {}, token=second)
        self.assertEqual(status, 401, "a reset token is no session")
        user.run("passwd", "--old-password-file", self.file("old", user.password), "--password-file", self.file("new", "changed harbour lantern"))
        self.exchange(user, second, "quiet harbour lantern", expect=kamtest.SIGNED_OUT)
        third = self.reset("twice")
        self.admin.run("users", "disable", "twice")
        self.exchange(user, third, "quiet harbour lantern", expect=kamtest.SIGNED_OUT)

    def test_nobody_reads_it_and_nobody_else_may_ask(self):
        user = self.server.new_user("plain", "executive")
        token = self.reset("plain")
        user.run("users", "reset-password", "admin", expect=kamtest.DENIED)
        for words in (("users", "get", "plain"), ("users", "history", "plain"), ("audit-entries", "list", "--all")):
            text = self.admin.run(*words, "-o", "json").out
            for secret in (token, "resetHash", "passwordHash", "reset_hash"):
                self.assertNotIn(secret, text)
        secret = token.rsplit("~", 1)[1].encode()
        for path in glob.glob(self.server.data + "/**", recursive=True):
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    self.assertNotIn(secret, file.read(), path)
        self.assertNotIn("user", self.admin.run("passwd", "--help").out.split("\n")[0])

    # ---- hand-over ----

    def test_hand_over_moves_all_that_is_open(self):
        admin = self.admin
        for user in ("leaver", "heir", "boss"):
            self.server.new_user(user)
        for user in ("leaver", "heir"):
            admin.run("bindings", "create", "--user", user, "--role", "kam")
        admin.run("accounts", "create", "own", "--set", "display_name=Own", "--set", "owner=leaver", "--set", "executive_sponsor=boss")
        admin.run("accounts", "create", "back", "--set", "display_name=Back", "--set", "owner=boss", "--set", "executive_sponsor=leaver")
        admin.run("members", "create", "leaver", "--account", "back", "--set", "responsibility=Technical lead")
        admin.run("members", "create", "leaver", "--account", "own")
        admin.run("members", "create", "heir", "--account", "own", "--set", "responsibility=Contracts")
        for deal, stage in (("open", "PROPOSAL"), ("won", "WON")):
            admin.run("opportunities", "create", deal, "--account", "own", "--set", "title=Deal", "--set", "stage=" + stage, "--set", "owner=leaver",
                      "--set", "close_on=2026-03-01")
        admin.run("stakeholders", "create", "cfo", "--account", "own", "--set", "title=CFO", "--set", "counterpart=leaver")
        for name, due in (("soon", TODAY + 3 * DAY), ("past", TODAY - 30 * DAY)):
            admin.run("interactions", "create", name, "--account", "own", "--set", "time=2026-01-05T10:00:00Z", "--set", "kind=CALL", "--set", "summary=Talk", "--set",
                      "next_step=Send offer", "--set", "next_step_owner=leaver", "--set", "next_step_due_on=%s" % due, "--set", "users=leaver")
        admin.run("scorecards", "create", "s", "--account", "own", "--set", "title=S", "--set",
                  'metrics=[{"id": "m", "title": "M", "better": "METRIC_DIRECTION_UP", "weight": 1, "owner": "users/leaver"}]')
        leaver, heir = self.server.user("leaver"), self.server.user("heir")
        self.assertEqual(heir.run("accounts", "list", "-o", "name").out.split(), ["accounts/own"])

        words = ("users", "hand-over", "leaver", "--to", "heir")
        dry = admin.json(*words, "--dry-run")["moves"]
        self.assertEqual(admin.json("accounts", "get", "own")["owner"], "users/leaver")
        entries = len(admin.json("audit-entries", "list", "--all")["auditEntries"])
        moves = admin.json(*words)["moves"]
        self.assertEqual(dry, moves)
        self.assertEqual([(move["resource"], move["what"]) for move in moves], [
            ("accounts/back", "executive_sponsor"), ("accounts/back/members/heir", "member"), ("accounts/own", "owner"),
            ("accounts/own/interactions/soon", "next_step_owner"), ("accounts/own/members/heir", "member"), ("accounts/own/opportunities/open", "owner"),
            ("accounts/own/scorecards/s", "metrics[0].owner"), ("accounts/own/stakeholders/cfo", "counterpart")])
        self.assertEqual(len(admin.json("audit-entries", "list", "--all")["auditEntries"]), entries + 1, "one change, one entry")

        self.assertEqual(heir.run("accounts", "list", "-o", "name").out.split(), ["accounts/back", "accounts/own"])
        self.assertEqual(leaver.run("accounts", "list", "-o", "name").out.split(), [])
        self.assertEqual(admin.json("members", "get", "accounts/back/members/heir")["responsibility"], "Technical lead")
        self.assertEqual(admin.json("members", "get", "accounts/own/members/heir")["responsibility"], "Contracts")
        self.assertEqual(admin.run("members", "list", "--account", "own", "-o", "name").out.split(), ["accounts/own/members/heir"])
        self.assertEqual(admin.json("opportunities", "get", "accounts/own/opportunities/won")["owner"], "users/leaver")
        past = admin.json("interactions", "get", "accounts/own/interactions/past")
        self.assertEqual((past["nextStepOwner"], past["users"]), ("users/leaver", ["users/leaver"]))
        self.assertEqual(admin.json(*words).get("moves", []), [])
        # Back again: the deleted memberships come to life.
        admin.run("users", "hand-over", "heir", "--to", "leaver")
        self.assertEqual(leaver.run("accounts", "list", "-o", "name").out.split(), ["accounts/back", "accounts/own"])
        self.assertRegex(admin.run(*words).out, r"(?s)accounts/own +owner.*Done: hand-over 8 moves")

    def test_who_cannot_take_over(self):
        self.server.new_user("a", "kam")
        self.server.new_user("b", "kam")
        self.admin.run("users", "hand-over", "a", "--to", "a", expect=kamtest.OTHER)
        self.admin.run("users", "hand-over", "a", "--to", "nobody", expect=kamtest.NOT_FOUND)
        self.admin.run("users", "hand-over", "nobody", "--to", "a", expect=kamtest.NOT_FOUND)
        self.server.user("a").run("users", "hand-over", "b", "--to", "a", expect=kamtest.DENIED)
        self.admin.run("users", "disable", "b")
        self.admin.run("users", "hand-over", "a", "--to", "b", expect=kamtest.CONFLICT)
        self.admin.run("users", "hand-over", "b", "--to", "a")

    # ---- the last administrator ----

    def test_the_last_admin_stays(self):
        with kamtest.Server() as server:
            admin = server.admin()
            server.new_user("ida", "kam")
            admin.run("accounts", "create", "acme", "--set", "display_name=Acme", "--set", "owner=admin")
            for words in (("users", "disable", "admin"), ("users", "delete", "admin", "--yes"), ("users", "delete", "admin", "--force", "--yes"),
                          ("users", "update", "admin", "--set", "disabled=true"), ("bindings", "delete", "admin", "--yes"),
                          ("bindings", "update", "admin", "--account", "acme"), ("bindings", "update", "admin", "--region", "EMEA"),
                          ("bindings", "update", "admin", "--until", "2099-01-01"), ("bindings", "update", "admin", "--role", "kam"),
                          ("bindings", "update", "admin", "--user", "ida"), ("roles", "update", "admin", "--set", "permissions=users.read")):
                admin.run(*words, expect=kamtest.CONFLICT)
            admin.run("users", "hand-over", "admin", "--to", "ida")
            self.assertEqual(admin.json("accounts", "get", "acme")["owner"], "users/ida")
            self.assertEqual(admin.json("bindings", "get", "admin")["user"], "users/admin")
            admin.run("users", "reset-password", "admin")
            admin.run("whoami")
            # Somebody who cannot sign in is no administrator that remains.
            admin.run("users", "create", "ghost", "--set", "display_name=Ghost")
            admin.run("bindings", "create", "--user", "ghost", "--role", "admin")
            admin.run("users", "disable", "admin", expect=kamtest.CONFLICT)
            admin.run("bindings", "create", "--user", "ida", "--role", "admin")
            admin.run("users", "disable", "admin")
            server.user("ida").run("users", "disable", "ida", expect=kamtest.CONFLICT)


if __name__ == "__main__":
    unittest.main()
