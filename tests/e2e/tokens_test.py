#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""API tokens: made by their owner, shown once, never more than a part of what the owner may at that moment, and ended at once."""

import glob
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import grpc
import kamtest
from streams import Stream

CHEAP = "[password]\nmemory_mib = 7\npasses = 5\n"
UNTIL = "2099-03-31"


class Bot(kamtest.User):
    """kam as a script that has a token in its environment, and nothing else."""

    def __init__(self, server, secret):
        super().__init__(server, "bot", server.folder + "/home-bot")
        self.secret = secret

    @property
    def environment(self):
        return {**super().environment, "KAM_TOKEN": self.secret}


class Tokens(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = kamtest.Server.of_class(cls, CHEAP)
        cls.jane, cls.joe = server.new_user("jane", "kam"), server.new_user("joe")
        for account, owner in (("acme", "jane"), ("bolt", "joe")):
            cls.admin.run("accounts", "create", account, "--set", "display_name=" + account, "--set", "owner=" + owner)

    def make(self, name, *permissions, user=None):
        words = [word for permission in permissions for word in ("--permission", permission)]
        return (user or self.jane).json("tokens", "create", name, *words, "--expire", UNTIL)["secret"]

    def test_made_shown_once_and_listed(self):
        text = self.jane.run("tokens", "create", "nightly", "--permission", "accounts.read", "--expire", UNTIL, "--set", "display_name=Nightly report").out
        self.assertRegex(text, r"^Its secret, shown only now: kamapi~jane~nightly~[\w-]{43}\nCreated users/jane/tokens/nightly \(revision \d+\)\.\n$")
        secret = text.split()[5]
        listed = self.jane.json("tokens", "get", "nightly")
        self.assertEqual((listed["displayName"], listed["permissions"], listed["expire"]), ("Nightly report", ["accounts.read"], UNTIL))
        self.assertNotIn("lastUsedTime", listed)
        bot = Bot(self.server, secret)
        self.assertIn("By the API token nightly, until %s, only for accounts.read" % UNTIL, bot.run("whoami").out)
        self.assertEqual(bot.run("accounts", "list", "-o", "name").out.split(), ["accounts/acme"])
        self.assertIn("lastUsedTime", self.jane.json("tokens", "get", "nightly"))
        file = kamtest.write_private(self.server.folder + "/token", secret + "\n")
        self.assertEqual(self.server.user("nobody").run("accounts", "list", "-o", "name", "--token-file", file).out.split(), ["accounts/acme"])
        for words in (("tokens", "get", "users/jane/tokens/nightly"), ("tokens", "history", "users/jane/tokens/nightly"), ("tokens", "list"),
                      ("audit", "list", "--all")):
            text = self.admin.run(*words, "-o", "json").out
            for hidden in (secret, "tokenHash", "token_hash", '"secret"'):
                self.assertNotIn(hidden, text)
        for path in glob.glob(self.server.data + "/**", recursive=True):
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    self.assertNotIn(secret.rsplit("~", 1)[1].encode(), file.read(), path)
        self.assertNotIn("secret", self.jane.run("tokens", "create", "dry", "--permission", "accounts.read", "--expire", UNTIL, "--dry-run", "-o", "json").out)
        self.jane.run("tokens", "get", "dry", expect=kamtest.NOT_FOUND)

    def test_a_part_of_what_its_owner_may_at_that_moment(self):
        bot = Bot(self.server, self.make("part", "accounts.*", "sessions.read"))
        bot.run("accounts", "get", "acme")
        bot.run("accounts", "get", "bolt", expect=kamtest.NOT_FOUND)
        bot.run("accounts", "update", "acme", "--set", "website=https://acme.example")
        bot.run("sessions", "list")
        for words in (("accounts", "create", "new", "--set", "display_name=New"), ("members", "list", "--account", "acme"), ("users", "list"),
                      ("roles", "list"),
                      ("sessions", "delete", self.jane.json("whoami")["session"]["name"], "--yes"), ("tokens", "list"),
                      ("tokens", "delete", "users/jane/tokens/part", "--yes")):
            bot.run(*words, expect=kamtest.DENIED)
        self.admin.run("bindings", "delete", "jane-kam", "--yes")
        bot.run("accounts", "get", "acme", expect=kamtest.DENIED)
        bot.run("sessions", "list")
        self.admin.run("bindings", "undelete", "jane-kam")
        bot.run("accounts", "get", "acme")
        all_of_it = Bot(self.server, self.make("all", "*", user=self.admin))
        all_of_it.run("users", "list")
        for method, request in (("TokenService/CreateToken", {"parent": "users/admin", "token": {"permissions": ["*"], "expire": UNTIL}}),
                                ("SessionService/SignOut", {}),
                                ("SessionService/ChangePassword", {"oldPassword": self.server.password, "newPassword": "quiet harbour lantern"}),
                                ("UserService/ResetUserPassword", {"name": "users/admin"})):
            self.assertIn("an API token may not call", all_of_it.call(method, request, expect=kamtest.DENIED).err)

    def test_what_cannot_be_made(self):
        def refused(*words, user=None, expect=kamtest.OTHER):
            return (user or self.jane).run("tokens", "create", "bad", *words, expect=expect).err
        self.assertIn("token.permissions: is required", refused("--expire", UNTIL))
        self.assertIn("token.expire: is required", refused("--permission", "accounts.read"))
        error = refused("--permission", "accounts.read", "--permission", "users.create", "--expire", UNTIL)
        self.assertIn('token.permissions[1]: "users.create" is nothing that you may do', error)
        self.assertIn("is nothing that you may do", refused("--permission", "accounts.raed", "--expire", UNTIL))
        self.assertIn("token.expire: 2020-01-01 is past", refused("--permission", "accounts.read", "--expire", "2020-01-01"))
        for user in (self.admin, self.joe):
            self.assertIn("is not you", refused("--parent", "users/jane", "--permission", "sessions.read", "--expire", UNTIL, user=user))
        self.jane.run("tokens", "get", "bad", expect=kamtest.NOT_FOUND)
        self.make("twice", "accounts.read")
        refused_again = self.jane.run("tokens", "create", "twice", "--permission", "accounts.read", "--expire", UNTIL, expect=kamtest.CONFLICT)
        self.assertIn("users/jane/tokens/twice", refused_again.err)

    def test_revoked_by_owner_or_administrator_at_once_and_on_open_streams(self):
        for number, who in enumerate((self.jane, self.admin)):
            secret = self.make("stream%d" % number, "accounts.read")
            stream, name = Stream(self, self.server, secret), "users/jane/tokens/stream%d" % number
            self.assertIn(name, self.admin.run("tokens", "list", "-o", "name").out)
            self.joe.run("tokens", "get", name, expect=kamtest.NOT_FOUND)
            self.joe.run("tokens", "delete", name, "--yes", expect=kamtest.NOT_FOUND)
            who.run("tokens", "delete", name, "--yes")
            self.assertEqual(stream.end(), grpc.StatusCode.UNAUTHENTICATED)
            self.assertIn("unknown or was revoked", Bot(self.server, secret).run("accounts", "list", expect=kamtest.SIGNED_OUT).err)
        self.jane.run("whoami")

    def test_it_ends_with_its_owner(self):
        kit = self.server.new_user("kit", "executive")
        secret = self.make("ci", "accounts.read", user=kit)
        stream = Stream(self, self.server, secret)
        password = kamtest.write_private(self.server.folder + "/old", kit.password + "\n")
        kit.run("passwd", "--old-password-file", password, "--password-file", kamtest.write_private(self.server.folder + "/new", "quiet harbour lantern\n"))
        Bot(self.server, secret).run("accounts", "list")
        self.admin.run("users", "disable", "kit")
        self.assertEqual(stream.end(), grpc.StatusCode.UNAUTHENTICATED)
        Bot(self.server, secret).run("accounts", "list", expect=kamtest.SIGNED_OUT)
        self.admin.run("users", "enable", "kit")
        Bot(self.server, secret).run("accounts", "list", expect=kamtest.SIGNED_OUT)
        self.assertEqual(self.admin.run("tokens", "list", "--parent", "users/kit", "-o", "name").out, "")

    def test_what_it_does_is_on_record_as_its_owners_with_its_name(self):
        bot = Bot(self.server, self.make("writer", "accounts.update", "accounts.read"))
        bot.run("accounts", "update", "acme", "--set", "website=https://www.acme.example")
        bot.run("users", "list", expect=kamtest.DENIED)
        self.jane.run("users", "disable", "joe", expect=kamtest.DENIED)
        entries = self.admin.json("audit", "list", "--filter", 'actor = "users/jane" AND note : "API token writer"')["auditEntries"]
        self.assertEqual({(entry["method"], entry.get("outcome", "")) for entry in entries},
                         {("kam.v1.AccountService/UpdateAccount", "OK"), ("kam.v1.UserService/ListUsers", "PERMISSION_DENIED")}, json.dumps(entries))


if __name__ == "__main__":
    unittest.main()
