#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The web side of kamd's one port, as curl and Python's own HTTP client see it over HTTP/1.1 and HTTP/2: the page's files, other sites' pages, compressed
replies, and calls by Connect over HTTP/1.1."""

import gzip
import http.client
import json
import os
import ssl
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "harness"))
from kamtest import Server  # noqa: E402

PAGE = "<!doctype html><title>kam</title>" + "<p>An invented page.</p>" * 200
ORIGIN = "https://pages.example"


class Web(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.page = cls.server.folder + "/page"
        os.makedirs(cls.page + "/static")
        os.makedirs(cls.page + "/.hidden")
        for name, text in {"index.html": PAGE, "static/app.js": "export {}\n", ".hidden/secret.txt": "no", "static/index.html": "below"}.items():
            with open(os.path.join(cls.page, name), "w") as file:
                file.write(text)
        cls.server.config = "[web]\ndirectory = %s/\norigins = https://kam.example %s\n" % (cls.page, ORIGIN)
        cls.server.__enter__()
        cls.token = cls.server.admin().token
        cls.tls = ssl.create_default_context(cafile=cls.server.ca)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def connect(self):
        host, port = self.server.address.split(":")
        connection = http.client.HTTPSConnection(host, int(port), context=self.tls, timeout=20)
        self.addCleanup(connection.close)
        return connection

    def ask(self, verb, path, body=None, **headers):
        connection = self.connect()
        connection.request(verb, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        reply = connection.getresponse()
        return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()

    def curl(self, *words):
        done = subprocess.run(["curl", "--silent", "--show-error", "--cacert", self.server.ca, *words], capture_output=True, timeout=60, check=True)
        return done.stdout

    def test_files_are_served(self):
        for version in "--http1.1", "--http2":
            self.assertEqual(self.curl(version, "https://%s/" % self.server.address).decode(), PAGE)
            self.assertEqual(self.curl(version, "--compressed", "https://%s/index.html?x=1" % self.server.address).decode(), PAGE)
        status, headers, body = self.ask("GET", "/")
        self.assertEqual((status, headers["content-type"], int(headers["content-length"])), (200, "text/html; charset=utf-8", len(PAGE)))
        self.assertEqual(headers["x-content-type-options"], "nosniff")
        self.assertEqual(headers["strict-transport-security"], "max-age=63072000")
        self.assertEqual(self.ask("GET", "/static/")[2], b"below")
        self.assertEqual(self.ask("GET", "/static/app.js")[1]["content-type"], "text/javascript; charset=utf-8")

    def test_files_are_not_sent_twice(self):
        tag = self.ask("GET", "/")[1]["etag"]
        status, headers, body = self.ask("GET", "/", if_none_match='"other", W/' + tag)
        self.assertEqual((status, headers["etag"], body), (304, tag, b""))
        status, headers, body = self.ask("GET", "/", accept_encoding="gzip, br")
        self.assertEqual(headers["content-encoding"], "gzip")
        self.assertEqual(gzip.decompress(body).decode(), PAGE)
        status, headers, body = self.ask("HEAD", "/")
        self.assertEqual((status, headers["content-length"], body), (200, str(len(PAGE)), b""))

    def test_nothing_else_is_served(self):
        for path in "/nothing", "/.hidden/secret.txt", "/../data/tls/ca.key", "/static/../../data/tls/ca.key", "/%2e%2e/data/tls/ca.key", "/static":
            status, headers, _ = self.ask("GET", path)
            self.assertEqual((status, headers["strict-transport-security"], headers["x-content-type-options"]), (404, "max-age=63072000", "nosniff"), path)
        status, headers, body = self.ask("DELETE", "/")
        self.assertEqual((status, headers["allow"]), (405, "GET, HEAD"))

    def test_calls_over_http1(self):
        connection = self.connect()
        headers = {"content-type": "application/json", "authorization": "Bearer " + self.token}
        for number in range(3):  # on one connection
            account = {"accountId": "a%d" % number, "account": {"displayName": "Grün %d" % number}}
            connection.request("POST", "/kam.v1.AccountService/CreateAccount", json.dumps(account), headers)
            reply = connection.getresponse()
            self.assertEqual(reply.status, 200)
            self.assertEqual(json.loads(reply.read())["displayName"], "Grün %d" % number)
        parts = iter([b'{"name":', b'"accounts/', b'a1"}'])  # http.client sends an iterator in chunks
        connection.request("POST", "/kam.v1.AccountService/GetAccount", parts, headers)
        self.assertEqual(json.loads(connection.getresponse().read())["name"], "accounts/a1")
        connection.request("POST", "/kam.v1.AccountService/GetAccount", '{"name":"accounts/none"}', headers)
        reply = connection.getresponse()
        self.assertEqual((reply.status, json.loads(reply.read())["code"]), (404, "not_found"))
        status, headers, body = self.ask("POST", "/kam.v1.AccountService/GetAccount", '{"name":"accounts/a1"}', content_type="application/json")
        self.assertEqual((status, json.loads(body)["code"]), (401, "unauthenticated"))
        status, headers, body = self.ask("POST", "/kam.v1.AccountService/GetAccount", b"\0\0\0\0\0", content_type="application/grpc")
        self.assertEqual(status, 505)

    def test_other_sites_pages(self):
        path = "/kam.v1.AccountService/GetAccount"
        status, headers, body = self.ask("OPTIONS", path, origin=ORIGIN, access_control_request_method="POST",
                                         access_control_request_headers="authorization,content-type")
        self.assertEqual((status, headers["access-control-allow-origin"]), (204, ORIGIN))
        self.assertEqual(headers["access-control-allow-headers"], "authorization,content-type")
        status, headers, body = self.ask("POST", path, '{"name":"accounts/none"}', origin=ORIGIN, content_type="application/json",
                                         authorization="Bearer " + self.token)
        self.assertEqual((status, headers["access-control-allow-origin"]), (404, ORIGIN))
        self.assertIn("kam-revision", headers["access-control-expose-headers"])
        for other in "https://evil.example", "null":
            status, headers, body = self.ask("OPTIONS", path, origin=other, access_control_request_method="POST")
            self.assertNotIn("access-control-allow-origin", headers)

    def test_large_replies_are_compressed(self):
        admin = self.server.admin()
        for number in range(3):
            admin.run("accounts", "create", "large%d" % number, "--set", "display_name=" + "Large and invented %d " % number * 5)
        ask = dict(content_type="application/json", authorization="Bearer " + self.token)
        small = self.ask("POST", "/kam.v1.AccountService/GetAccount", '{"name":"accounts/large0"}', accept_encoding="gzip", **ask)
        self.assertNotIn("content-encoding", small[1])
        self.server.config += "[server]\ncompress_bytes = 500\n"
        self.server.restart()
        plain = self.ask("POST", "/kam.v1.AccountService/ListAccounts", "{}", **ask)
        status, headers, body = self.ask("POST", "/kam.v1.AccountService/ListAccounts", "{}", accept_encoding="gzip", **ask)
        self.assertEqual(headers["content-encoding"], "gzip")
        self.assertLess(len(body), len(plain[2]))
        self.assertEqual(gzip.decompress(body), plain[2])


class BadSettings(unittest.TestCase):
    def test_they_are_named(self):
        for config, word in ("[web]\ndirectory = /nowhere\n", "web.directory"), ("[web]\norigins = kam.example\n", "web.origins"):
            server = Server(config=config)
            try:
                server.init()
                with self.assertRaisesRegex(AssertionError, word):
                    server.start()
            finally:
                server.process = None
                server.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
