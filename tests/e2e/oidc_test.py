#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Signing in with ID tokens: of an issuer that is here, in this test, and whose keys change, or who is gone; and with all that is wrong with a token."""

import base64
import hashlib
import hmac
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import issuer as issuers
import kamtest

METHOD = "SessionService/SignInWithIdToken"
ADDRESS = "jane@example.com"


def sign_in(server, token):
    return kamtest.connect(server, METHOD, {"idToken": token})


def whoami(server, token):
    return kamtest.connect(server, "SessionService/WhoAmI", {}, token=token)


class Case(unittest.TestCase):
    """One issuer and one server for all tests of a class; its configuration is in `settings`."""

    settings = ""
    fetches = True

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="kam-issuer-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.issuer = issuers.Issuer(cls.folder)
        cls.prepare()
        cls.server = kamtest.Server(config="[oidc]\nissuer = %s\nclient_id = kam\nca = %s\n%s" % (cls.issuer.name, cls.issuer.authority.pem, cls.settings))
        cls.addClassCleanup(cls.server.close)
        cls.server.init()
        cls.server.start()
        cls.admin = cls.server.admin()
        if cls.fetches:
            cls.wait_for_keys()
        cls.admin.run("users", "create", "jane", "--set", "display_name=Jane", "--set", "sign_in_names=oidc:" + ADDRESS, "--set", "sign_in_names=oidc:user-1")

    @classmethod
    def reads(cls):
        """How often the server has read the keys."""
        return sum("event=issuer_keys_read" in line for line in list(cls.server.lines))

    @classmethod
    def wait_for_keys(cls, before=0):
        end = time.monotonic() + 30 * kamtest.PATIENCE
        while cls.reads() <= before and time.monotonic() < end:
            time.sleep(0.02)
        assert cls.reads() > before, "".join(cls.server.lines[-20:])

    @classmethod
    def prepare(cls):
        cls.issuer.start()
        cls.addClassCleanup(cls.issuer.stop)

    def token(self, **changes):
        return self.issuer.token(**{"email": ADDRESS, "email_verified": True, **changes})

    def accept(self, token):
        status, reply = sign_in(self.server, token)
        self.assertEqual(status, 200, reply)
        self.assertTrue(reply["session"]["name"].startswith("users/jane/sessions/"))
        self.assertEqual(whoami(self.server, reply["token"])[1]["user"]["name"], "users/jane")
        return reply["token"]

    def accept_soon(self):
        """A token by a new key: there is at most one fetch a second, so perhaps not at once."""
        end = time.monotonic() + 30 * kamtest.PATIENCE
        while sign_in(self.server, self.token())[0] != 200:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.2)

    def refusal(self, token):
        status, reply = sign_in(self.server, token)
        self.assertEqual(status, 401, reply)
        return json.dumps(reply)

    def notes(self, outcome="UNAUTHENTICATED"):
        entries = self.admin.json("audit-entries", "list", "--all")["auditEntries"]
        return [entry.get("note", "") for entry in entries if entry["method"].endswith("/SignInWithIdToken") and entry.get("outcome", "OK") == outcome]


class Tokens(Case):
    settings = "retry_seconds = 1\n"

    def test_signs_in_and_is_on_record(self):
        self.accept(self.token())
        self.assertIn("sign-in by ID token as oidc:" + ADDRESS, self.notes("OK"))
        entry = next(entry for entry in self.admin.json("audit-entries", "list", "--all")["auditEntries"] if entry["method"].endswith("/SignInWithIdToken"))
        self.assertEqual((entry["actor"], entry["peer"]), ("users/jane", "127.0.0.1"))

    def test_by_the_command_line(self):
        jane = self.server.user("jane")
        file = kamtest.write_private(self.folder + "/token", self.token() + "\n")
        said = jane.run("login", "--id-token-file", file)
        self.assertIn("as jane", said.out)
        self.assertIn("users/jane", jane.run("whoami").out)
        jane.run("logout")
        jane.run("login", "--id-token-file", "-", stdin=self.token() + "\n")
        jane.run("whoami")
        refused = jane.run("login", "--id-token-file", file, expect=kamtest.SIGNED_OUT)
        self.assertIn("the ID token is not accepted", refused.err)
        self.assertIn("--id-token-file", jane.run("login", "--id-token-file", file, "jane", expect=kamtest.USAGE).err)

    def browser_login(self, *words, person=None, before=None):
        """kam login --oidc with a browser beside it, which this test is. Answers kam's exit status and what it said."""
        self.issuer.person = person or {"email": ADDRESS, "email_verified": True}
        kam = self.server.user("browser").spawn("login", "--oidc", "--issuer", self.issuer.name, "--client-id", "kam", "--issuer-ca",
            self.issuer.authority.pem, *words)
        self.addCleanup(kam.communicate)
        self.addCleanup(kam.kill)
        address = None
        while not address:
            line = kam.stderr.readline()
            self.assertTrue(line, "kam has ended")
            address = line.strip() if line.startswith("https://") else None
        if before:
            before(address)
        context = ssl.create_default_context(cafile=self.issuer.authority.pem)
        with urllib.request.urlopen(address, context=context, timeout=30 * kamtest.PATIENCE) as page:
            self.assertIn("You may close this page", page.read().decode())
        out, err = kam.communicate(timeout=60 * kamtest.PATIENCE)
        return kam.returncode, out + err

    def test_in_a_browser(self):
        status, said = self.browser_login()
        self.assertEqual((status, "as jane" in said), (kamtest.OK, True), said)
        self.assertIn("users/jane", self.server.user("browser").run("whoami").out)
        status, said = self.browser_login(person={"email": "tom@example.com", "email_verified": True})
        self.assertEqual((status, "the ID token is not accepted" in said), (kamtest.SIGNED_OUT, True), said)
        status, said = self.browser_login(person={"email": ADDRESS, "email_verified": True, "nonce": "another"})
        self.assertEqual((status, "(nonce)" in said), (kamtest.SIGNED_OUT, True), said)
        self.issuer.denies = True
        status, said = self.browser_login()
        self.issuer.denies = False
        self.assertEqual((status, "access_denied: not today" in said), (kamtest.SIGNED_OUT, True), said)

    def test_in_a_browser_beside_others_who_call(self):
        def others(address):
            place = dict(urllib.parse.parse_qsl(address.split("?", 1)[1]))["redirect_uri"]
            for path, status in (("/favicon.ico", 404), ("/callback?code=x&state=y", 400), ("/callback?code=x", 400), ("/callback", 404),
                                 ("/callback?state=%s&iss=x&code=y" % dict(urllib.parse.parse_qsl(address))["state"], 400)):
                with self.assertRaises(urllib.error.HTTPError) as refused:
                    urllib.request.urlopen(place.replace("/callback", path), timeout=30 * kamtest.PATIENCE)
                refused.exception.close()
                self.assertEqual(refused.exception.code, status)
            port = int(place.split(":")[2].split("/")[0])
            socket.create_connection(("127.0.0.1", port)).close()

        status, said = self.browser_login(before=others)
        self.assertEqual((status, "as jane" in said), (kamtest.OK, True), said)

    def test_in_a_browser_with_what_is_wrong(self):
        kam = self.server.user("browser")
        common = ["login", "--oidc", "--client-id", "kam", "--issuer-ca", self.issuer.authority.pem]
        self.assertIn("--issuer URL", kam.run(*common, expect=kamtest.USAGE).err)
        self.assertIn("is no https address", kam.run(*common, "--issuer", "http://localhost", expect=kamtest.UNAVAILABLE).err)
        self.assertIn("describes itself", kam.run(*common, "--issuer", self.issuer.name + "/", expect=kamtest.OTHER).err)
        self.assertIn("certificate", kam.run("login", "--oidc", "--client-id", "kam", "--issuer", self.issuer.name, expect=kamtest.UNAVAILABLE).err)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.assertIn("cannot wait", kam.run(*common, "--issuer", self.issuer.name, "--callback-port", port, expect=kamtest.UNAVAILABLE).err)

    def test_refuses_all_else_with_the_same_answer(self):
        now, key = int(time.time()), self.issuer.keys[0]
        other = issuers.Key(self.folder, key.id)
        rsa = issuers.Key(self.folder, "two", "RS256")
        self.issuer.keys.append(rsa)
        self.accept_soon()  # which makes the key known
        good = self.token(key=key)
        head, body, signature = good.split(".")
        forged = "%s.%s" % (issuers.encode({"alg": "HS256", "kid": "two"}), body)
        forged += "." + issuers.encode(hmac.new(rsa.public_pem(), forged.encode(), hashlib.sha256).digest())
        none = "%s.%s." % (issuers.encode({"alg": "none"}), body)
        swapped = "%s.%s.%s" % (head, issuers.encode(self.issuer.claims(email="admin@example.com", email_verified=True)), signature)
        wrong = {
            "expired": self.token(exp=now - 120, iat=now - 600), "not yet": self.token(nbf=now + 600), "of the future": self.token(iat=now + 600),
            "old": self.token(iat=now - 90000), "no exp": self.token(exp=None), "no iat": self.token(iat=None), "exp as text": self.token(exp=str(now + 60)),
            "exp too large": self.token(exp=1e300), "wrongly signed": self.token(key=other), "swapped": swapped, "cut": good[:-4],
                "no signature": head + "." + body + ".",
            "none": none, "None": none.replace(issuers.encode({"alg": "none"}), issuers.encode({"alg": "None"})), "hs256": forged,
            "alg of another key": self.token(key=key, header={"kid": "two"}), "alg that lies": self.token(key=key, header={"alg": "RS256"}),
            "es384": self.token(header={"alg": "ES384"}), "no alg": self.token(header={"alg": None}), "crit": self.token(header={"crit": ["b64"], "b64": True}),
            "access token": self.token(header={"typ": "at+jwt"}), "kid no text": self.token(header={"kid": 1}),
                "no kid of one": self.token(header={"kid": "three"}),
            "wrong audience": self.token(aud="other"), "no audience": self.token(aud=None), "empty audience": self.token(aud=[]),
                "audience of numbers": self.token(aud=["kam", 1]),
            "of several": self.token(aud=["kam", "other"]), "given to another": self.token(azp="other"), "azp no text": self.token(aud=["kam", "x"],
                azp=["kam"]),
            "wrong issuer": self.token(iss="https://evil.example"), "issuer with a slash": self.token(iss=self.issuer.name + "/"),
                "no issuer": self.token(iss=None),
            "not verified": self.token(email_verified=False), "verified as text": self.token(email_verified="true"), "no email": self.token(email=None),
            "no subject": self.token(sub=None), "nobody": self.token(email="tom@example.com"), "another case": self.token(email="Jane@example.com"),
            "twice": self.issuer.token(payload=json.dumps(self.issuer.claims(email="x", email_verified=True))[:-1] + ',"email":"%s"}' % ADDRESS),
            "no json": self.issuer.token(payload="[1]"), "no token": "x", "two parts": "a.b", "four parts": good + ".x", "padded": good + "=",
                "five dots": ".....",
        }
        answers = {self.refusal(token) for token in wrong.values()}
        self.assertEqual(len(answers), 1, answers)
        answers.add(self.refusal(self.accepted_before(good)))
        self.admin.run("users", "disable", "jane")
        answers.add(self.refusal(self.token()))
        self.admin.run("users", "enable", "jane")
        self.assertEqual(len(answers), 1, answers)
        self.accept(self.token(aud=["kam", "other"], azp="kam"))
        self.accept(self.token(key=rsa))

    def accepted_before(self, token):
        """Used once, and then with its signature written otherwise."""
        self.accept(token)
        self.assertEqual(sign_in(self.server, token)[0], 401)
        last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        return token[:-1] + last[last.index(token[-1]) ^ 1]  # the bits behind the last byte say nothing

    def test_used_tokens_stay_used_over_a_restart(self):
        token = self.token()
        session = self.accept(token)
        before = self.reads()
        self.server.restart()
        self.assertEqual(whoami(self.server, session)[0], 200)
        self.wait_for_keys(before)
        self.refusal(token)
        self.accept(self.token())

    def test_a_new_key_is_fetched_when_it_is_first_seen(self):
        self.issuer.keys = [issuers.Key(self.folder, "next-%d" % len(self.issuer.requests))]
        self.accept_soon()

    def test_a_user_does_not_name_themselves(self):
        tom = self.server.new_user("tom", "kam")
        self.assertIn("permission", tom.run("users", "update", "tom", "--set", "sign_in_names=oidc:tom@example.com", expect=kamtest.DENIED).err)
        self.assertIn("is a sign-in name of users/jane already",
                      self.admin.run("users", "update", "tom", "--set", "sign_in_names=oidc:" + ADDRESS, expect=kamtest.OTHER).err)
        self.assertIn("oidc: or certificate:", self.admin.run("users", "update", "tom", "--set", "sign_in_names=tom", expect=kamtest.OTHER).err)
        self.admin.call("RoleService/CreateRole", {"roleId": "people", "role": {"displayName": "People", "permissions": ["users.read", "users.update"],
                                                                               "fieldGroups": ["FIELD_GROUP_PUBLIC", "FIELD_GROUP_PERSONAL"],
                                                                                   "scope": "SCOPE_ALL"}})
        clerk = self.server.new_user("clerk", "people")
        clerk.run("users", "update", "tom", "--set", "title=Clerk")
        self.assertIn("users.resetPassword", clerk.run("users", "update", "admin", "--set", "sign_in_names=oidc:clerk@example.com", expect=kamtest.DENIED).err)


class Outage(Case):
    settings = "retry_seconds = 1\nrefresh_seconds = 1\n"

    def test_who_is_signed_in_goes_on_and_keys_that_were_read_count(self):
        session = self.accept(self.token())
        self.issuer.stop()
        self.assertTrue(self.server.log("event=issuer_keys_failed"))
        self.assertEqual(whoami(self.server, session)[0], 200)
        self.accept(self.token())
        self.refusal(self.token(header={"kid": "unknown"}))
        self.issuer.answer = lambda path: (500, {})
        self.issuer.start()
        self.assertTrue(self.server.log("it answers with status 500"))
        self.issuer.answer = lambda path: (200, {"issuer": "https://evil.example", "jwks_uri": self.issuer.name + "/keys"})
        self.assertTrue(self.server.log("it describes itself as the issuer"))
        self.accept(self.token())


class Subject(Case):
    """Keys from a file, and users by their subject."""

    fetches = False

    @classmethod
    def prepare(cls):
        cls.issuer.port = 1  # nobody is there, and nobody is asked
        cls.file = cls.folder + "/keys.json"
        cls.settings = "claim = sub\nkeys = %s\n" % cls.file
        cls.write()

    @classmethod
    def write(cls):
        weak = issuers.Key(cls.folder, "weak", "RS256", 1024)
        document = cls.issuer.key_set()
        document["keys"] += [weak.public, {"kty": "oct", "k": "AAAA"}, {**cls.issuer.keys[0].public, "kid": "enc", "use": "enc"}]
        with open(cls.file, "w") as file:
            json.dump(document, file)
        cls.weak = weak

    def test_by_subject_and_read_again_on_a_signal(self):
        self.refusal(self.token(aud="other"))  # the first of its minute is on record in full
        end = time.monotonic() + 30 * kamtest.PATIENCE
        while not any(note.startswith("ID token: it is for another client (aud)") for note in self.notes()):
            self.assertLess(time.monotonic(), end, self.notes())
            time.sleep(0.1)
        self.accept(self.token(email=None, email_verified=None))
        self.accept(self.token(header={"kid": None}))  # the only key of its kind
        self.refusal(self.token(key=self.weak))
        self.refusal(self.token(header={"kid": "enc"}))
        self.refusal(self.token(sub="user-2"))
        old = self.issuer.keys[0]
        self.issuer.keys = [issuers.Key(self.folder, "new")]
        self.refusal(self.token())
        self.write()
        before = self.reads()
        self.server.process.send_signal(signal.SIGHUP)
        self.wait_for_keys(before)
        self.accept(self.token())
        self.refusal(self.token(key=old))


class Settings(unittest.TestCase):
    def test_says_what_is_wrong_with_them(self):
        server = kamtest.Server()
        self.addCleanup(server.close)
        server.init()
        wrong = {
            "issuer = https://i.example": "oidc.issuer and oidc.client_id", "client_id = kam": "oidc.issuer and oidc.client_id",
            "issuer = http://i.example\nclient_id = kam": '"http://i.example" is no https address',
            "issuer = https://i.example\nclient_id = kam\nclaim = name": "oidc.claim is email or sub, not name",
            "issuer = x\nclient_id = kam\nkeys = /nowhere.json": "oidc.keys: /nowhere.json: No such file",
            "issuer = x\nclient_id = kam\nkeys = %s" % server.ca: "JSON, line 1",
            "issuer = https://i.example\nclient_id = kam\nca = /nowhere.pem": "/nowhere.pem cannot be used",
            "issuer = https://i.example\nclient_id = kam\nretry_seconds = 0": "oidc.retry_seconds",
        }
        for text, said in wrong.items():
            server.config = "[oidc]\n" + text + "\n"
            with self.subTest(text):
                done = subprocess.run(server.command(), capture_output=True, text=True, timeout=60 * kamtest.PATIENCE)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(said, done.stderr)


class Off(unittest.TestCase):
    def test_says_that_there_is_no_issuer(self):
        with kamtest.Server() as server:
            self.assertEqual(sign_in(server, "x")[1]["code"], "failed_precondition")
            self.assertIn("knows no issuer", sign_in(server, "x")[1]["message"])


if __name__ == "__main__":
    unittest.main()
