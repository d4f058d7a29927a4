#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Client certificates: whom they sign in, what decides beside a token, when they stop counting, and what a client is told. By kam, curl and grpcio."""

import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

import grpc

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import issuer as issuers
import kamtest

NAME = "https://jobs.example.com/sync"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def grpcio(server, pair=None):
    """A channel of its own, with a certificate or none."""
    parts = [read(server.ca)] + ([read(pair[1]), read(pair[0])] if pair else [])
    return grpc.secure_channel(server.address, grpc.ssl_channel_credentials(*parts), options=[("grpc.use_local_subchannel_pool", 1)])


def call(channel, method, request=b"", token=None):
    """The reply's bytes, or the status code where it failed."""
    metadata = [("authorization", "Bearer " + token)] if token else []
    try:
        return channel.unary_unary("/kam.v1." + method)(request, metadata=metadata, timeout=30 * kamtest.PATIENCE, wait_for_ready=True)
    except grpc.RpcError as error:
        return error.code()


def whoami(channel, token=None):
    return call(channel, "SessionService/WhoAmI", token=token)


class Certificates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="kam-certificates-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.authority = issuers.Authority(cls.folder, "clients")
        cls.sync = cls.authority.issue("sync", "URI:%s,email:other@example.com" % NAME)
        cls.jane = cls.authority.issue("jane", "email:jane@example.com")
        cls.server = kamtest.Server(config="[tls]\nclient_ca = %s\n" % cls.authority.pem)
        cls.addClassCleanup(cls.server.close)
        cls.server.init()
        cls.server.start()
        cls.admin = cls.server.admin()
        cls.person("sync", "certificate:" + NAME)
        cls.person("jane", "certificate:jane@example.com")

    @classmethod
    def person(cls, name, sign_in_name):
        cls.admin.run("users", "create", name, "--set", "display_name=" + name.capitalize(), "--set", "sign_in_names=" + sign_in_name)
        cls.admin.run("bindings", "create", "--user", name, "--role", "admin")

    def channel(self, pair=None):
        channel = grpcio(self.server, pair)
        self.addCleanup(channel.close)
        return channel

    def curl(self, pair, method, request, *words):
        done = subprocess.run(["curl", "--silent", "--show-error", "--cacert", self.server.ca, "--cert", pair[0], "--key", pair[1], "--json",
            json.dumps(request), *words,
                               "https://%s/kam.v1.%s" % (self.server.address, method)], capture_output=True, text=True, timeout=60 * kamtest.PATIENCE)
        return done.stdout or done.stderr

    def entries(self, method):
        return [entry for entry in self.admin.json("audit-entries", "list", "--all")["auditEntries"] if entry["method"].endswith("/" + method)]

    def serial(self, pair):
        return issuers.openssl("x509", "-in", pair[0], "-noout", "-serial").decode().strip().split("=")[1]

    def refused(self, channel):
        self.assertEqual(whoami(channel), grpc.StatusCode.UNAUTHENTICATED)

    def test_signs_in_by_whatever_client(self):
        self.assertIn(b"users/sync", whoami(self.channel(self.sync)))
        self.assertIn(b"users/jane", whoami(self.channel(self.jane)))
        for version in ("--http2", "--http1.1"):
            self.assertIn('"users/jane"', self.curl(self.jane, "SessionService/WhoAmI", {}, version))
        self.assertIn("users/sync", self.admin.run("whoami", "--cert", self.sync[0], "--key", self.sync[1]).out)

    def test_stays_optional_and_a_token_decides(self):
        nobody = self.channel()
        self.refused(nobody)
        self.assertIn(b"users/admin", whoami(nobody, self.admin.token))
        sync = self.channel(self.sync)
        self.assertIn(b"users/admin", whoami(sync, self.admin.token))
        self.assertIn(b"users/sync", whoami(sync))
        self.assertEqual(whoami(sync, self.admin.token[:-1] + "!"), grpc.StatusCode.UNAUTHENTICATED)
        self.assertEqual(whoami(sync, "certificate:jane@example.com"), grpc.StatusCode.UNAUTHENTICATED)
        self.assertIn(b"users/sync", whoami(sync))
        self.assertIn("unauthenticated", self.curl(self.jane, "SessionService/WhoAmI", {}, "--header", "authorization: Basic eDp5"))

    def test_names_that_are_nobodys(self):
        texts = set()
        for name in (None, "email:tom@example.com", "email:jane@example.com,email:tom@example.com", "URI:jane@example.com,URI:x:y", "DNS:jane.example.com",
            "URI:JANE@example.com"):
            self.refused(self.channel(self.authority.issue("nobody", name)))
            texts.add(self.curl(self.authority.issue("nobody", name), "SessionService/WhoAmI", {}))
        self.admin.run("users", "create", "tom", "--set", "display_name=Tom", "--set", "sign_in_names=certificate:off@example.com")
        self.admin.run("users", "disable", "tom")
        texts.add(self.curl(self.authority.issue("off", "email:off@example.com"), "SessionService/WhoAmI", {}))
        self.admin.run("users", "delete", "tom", "--yes")
        texts.add(self.curl(self.authority.issue("off", "email:off@example.com"), "SessionService/WhoAmI", {}))
        self.assertEqual(len(texts), 1, texts)
        self.assertIn("nobody who may sign in has the name in your client certificate", texts.pop())

    def test_what_an_administrator_changes_holds_from_the_next_call(self):
        pair = self.authority.issue("kim", "email:kim@example.com")
        self.person("kim", "certificate:kim@example.com")
        channel = self.channel(pair)
        page = lambda: call(channel, "UserService/ListUsers")
        self.assertIn(b"users/kim", page())
        kam = self.server.user("kim")
        kam.run("login", "--server", self.server.address, "--ca", self.server.ca, "--cert", pair[0], "--key", pair[1])
        watching = kam.spawn("accounts", "watch", "-o", "jsonl")
        self.addCleanup(watching.communicate)
        self.admin.run("bindings", "delete", "kim-admin", "--yes")
        self.assertEqual(page(), grpc.StatusCode.PERMISSION_DENIED)
        self.admin.run("bindings", "create", "--user", "kim", "--role", "admin")
        self.assertIn(b"users/kim", page())
        self.admin.run("users", "disable", "kim")
        self.refused(channel)
        self.assertIn(watching.wait(30 * kamtest.PATIENCE), (kamtest.SIGNED_OUT, kamtest.DENIED))
        self.admin.run("users", "enable", "kim")
        self.assertIn(b"users/kim", whoami(channel))
        self.admin.run("users", "update", "kim", "--set", "sign_in_names=")
        self.refused(channel)
        self.admin.run("users", "update", "kim", "--set", "sign_in_names=certificate:kim@example.com")
        self.assertIn(b"users/kim", whoami(channel))

    def test_expires_while_the_connection_stands(self):
        margin = 4
        while True:  # long enough for this machine to connect
            day = 86400
            with open(self.folder + "/short.ext", "w") as file:
                file.write("subjectAltName=email:jane@example.com\n")
            pem, key = self.folder + "/short.pem", self.jane[1]
            issuers.openssl("req", "-new", "-key", key, "-subj", "/CN=short", "-out", self.folder + "/short.csr")
            subprocess.run(["faketime", "-f", "-%ds" % (day - margin), "openssl", "x509", "-req", "-in", self.folder + "/short.csr", "-CA",
                self.authority.pem, "-CAkey",
                            self.authority.key, "-CAcreateserial", "-extfile", self.folder + "/short.ext", "-days", "1", "-out", pem], check=True,
                                capture_output=True)
            ends = ssl.cert_time_to_seconds(issuers.openssl("x509", "-in", pem, "-noout", "-enddate").decode().strip().split("=")[1])
            channel = grpcio(self.server, (pem, key))
            first = call(channel, "SessionService/WhoAmI") if time.time() < ends - 1 else None
            if isinstance(first, bytes):
                break
            channel.close()
            margin *= 2
            self.assertLess(margin, 200)
        self.assertIn(b"users/jane", first)
        time.sleep(max(0, ends + 1.5 - time.time()))
        self.refused(channel)
        channel.close()

    def test_is_on_record(self):
        pair, serial = self.jane, self.serial(self.jane)
        self.assertIn(b"users/jane", whoami(self.channel(pair)))
        self.assertIn("accounts/record", self.curl(pair, "AccountService/CreateAccount", {"accountId": "record", "account": {"displayName": "Record"}}))
        entry = self.entries("CreateAccount")[0]
        self.assertEqual((entry["actor"], entry["peer"]), ("users/jane", "127.0.0.1"))
        self.assertIn("by certificate " + serial, entry["note"])
        end = time.monotonic() + 30 * kamtest.PATIENCE
        while not any("as certificate:jane@example.com, serial " in entry["note"] for entry in self.entries("SignInByCertificate")):
            self.assertLess(time.monotonic(), end, self.entries("SignInByCertificate"))
            time.sleep(0.1)
        self.curl(self.authority.issue("stranger", "email:stranger@example.com"), "SessionService/WhoAmI", {})
        self.assertIn("no session to end", self.curl(pair, "SessionService/SignOut", {}))

    def test_the_command_line(self):
        kam = self.server.user("sync-cli")
        said = kam.run("login", "--server", self.server.address, "--ca", self.server.ca, "--cert", self.sync[0], "--key", self.sync[1])
        self.assertIn("as sync by certificate", said.out)
        self.assertIn("users/sync", kam.run("whoami").out)
        self.assertIn("no session to end", kam.run("logout", expect=kamtest.CONFLICT).err)
        self.assertIn("who?", kam.run("login", "--context", "none", expect=kamtest.USAGE).err)
        self.assertIn("cannot be used", kam.run("whoami", "--cert", self.sync[0], "--key", self.jane[1], expect=kamtest.CONFLICT).err)

    def test_says_why_a_certificate_is_not_accepted(self):
        foreign = issuers.Authority(self.folder, "foreign").issue("foreign", "email:jane@example.com")
        with open(self.folder + "/eku.ext", "w") as file:
            file.write("subjectAltName=email:jane@example.com\nextendedKeyUsage=serverAuth\n")
        issuers.openssl("x509", "-req", "-in", self.folder + "/jane.csr", "-CA", self.authority.pem, "-CAkey", self.authority.key, "-CAcreateserial",
            "-extfile",
                        self.folder + "/eku.ext", "-days", "2", "-out", self.folder + "/eku.pem")
        for name, pair in {"foreign": foreign, "server only": (self.folder + "/eku.pem", self.jane[1])}.items():
            with self.subTest(name):
                for _ in range(2):
                    result = self.admin.run("whoami", "--cert", pair[0], "--key", pair[1], expect=kamtest.UNAVAILABLE)
                    self.assertIn("the server does not accept the client certificate (", result.err)
        self.assertTrue(self.server.log("event=certificate_refused .*the client's certificate is not accepted"))

    def test_revoked_ones_and_other_authorities_from_the_next_connection_on(self):
        pair = self.authority.issue("lost", "email:jane@example.com")
        self.assertIn(b"users/jane", whoami(self.channel(pair)))
        folder = self.folder + "/ca"
        os.mkdir(folder)
        open(folder + "/index", "w").close()
        with open(folder + "/config", "w") as file:
            file.write("[ca]\ndefault_ca=one\n[one]\ndatabase=%s/index\ndefault_md=sha256\ndefault_crl_days=1\n" % folder)
        own = ["-config", folder + "/config", "-cert", self.authority.pem, "-keyfile", self.authority.key]
        issuers.openssl("ca", *own, "-revoke", pair[0])
        issuers.openssl("ca", *own, "-gencrl", "-out", folder + "/crl.pem")
        whole = read(self.authority.pem)
        self.addCleanup(self.reload_with, whole)
        self.reload_with(whole + read(folder + "/crl.pem"))
        self.assertIn("does not accept", self.admin.run("whoami", "--cert", pair[0], "--key", pair[1], expect=kamtest.UNAVAILABLE).err)
        self.assertIn(b"users/jane", whoami(self.channel(self.jane)))

    def reload_with(self, text):
        with open(self.authority.pem, "wb") as file:
            file.write(text)
        before = sum("event=certificates_read" in line for line in self.server.lines)
        self.server.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 20 * kamtest.PATIENCE
        while sum("event=certificates_read" in line for line in self.server.lines) == before:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)


class Unasked(unittest.TestCase):
    def test_without_client_ca_a_certificate_says_nothing(self):
        folder = tempfile.mkdtemp(prefix="kam-certificates-")
        self.addCleanup(shutil.rmtree, folder, True)
        pair = issuers.Authority(folder, "clients").issue("jane", "email:jane@example.com")
        with kamtest.Server() as server:
            server.admin().run("users", "create", "jane", "--set", "display_name=Jane", "--set", "sign_in_names=certificate:jane@example.com")
            self.assertEqual(whoami(grpcio(server, pair)), grpc.StatusCode.UNAUTHENTICATED)


if __name__ == "__main__":
    unittest.main()
