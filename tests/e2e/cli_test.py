#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kam as scripts and people meet it: exit statuses, errors as text and as JSON, formats, data that would trick a terminal."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest


class Cli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = kamtest.Server()
        cls.addClassCleanup(cls.server.close)
        cls.server.init()
        cls.server.start()
        cls.admin = cls.server.admin()
        cls.admin.run("accounts", "create", "acme", "--set", "display_name=Acme", "--set", "region=EMEA")

    def test_statuses(self):
        admin = self.admin
        etag = admin.json("accounts", "get", "acme")["etag"]
        admin.run("accounts", "update", "acme", "--set", "region=APAC")
        admin.run("accounts", "get", "nothing", expect=kamtest.NOT_FOUND)
        admin.run("accounts", "create", "acme", "--set", "display_name=Acme", expect=kamtest.CONFLICT)
        admin.run("accounts", "update", "acme", "--set", "region=X", "--etag", etag, expect=kamtest.CONFLICT)
        admin.run("accounts", "update", "acme", "--set", "employees=-3", expect=kamtest.OTHER)
        self.assertEqual(admin.json("accounts", "get", "acme")["region"], "APAC")

        auditor = self.server.new_user("alba", "auditor")
        auditor.run("accounts", "update", "acme", "--set", "region=X", expect=kamtest.DENIED)
        auditor.run("accounts", "create", "acme2", "--set", "display_name=X", expect=kamtest.DENIED)

        stranger = self.server.user("nobody")
        stranger.run("accounts", "list", expect=kamtest.SIGNED_OUT)
        stranger.sign_in("wrong-password", expect=kamtest.SIGNED_OUT)
        # A token goes to its own server only; nobody listens on port 1.
        admin.run("accounts", "list", "--server", "localhost:1", expect=kamtest.SIGNED_OUT)
        started = time.monotonic()
        stranger.run("login", "--server", "localhost:1", "--ca", self.server.ca, "--password-file", "-", "admin", stdin="x\n", expect=kamtest.UNAVAILABLE)
        self.assertLess(time.monotonic() - started, 30, "it goes on trying")

    def test_usage(self):
        for words in (["fly"], ["accounts", "fly"], ["accounts", "list", "--fly"], ["accounts", "get"], ["accounts", "get", "a", "b"],
                      ["accounts", "list", "-o", "fly"], ["accounts", "create", "x", "--set", "colour=red"], ["accounts", "create", "x", "--set", "employees"],
                      ["import", "accounts"], ["accounts", "delete", "x"], ["portfolio", "--page-size", "x"]):
            with self.subTest(" ".join(words)):
                result = self.admin.run(*words, expect=kamtest.USAGE)
                self.assertEqual(result.out, "")
                self.assertTrue(result.err.startswith("kam: "), result.err)
        self.assertIn("did you mean accounts", self.admin.run("acounts", expect=kamtest.USAGE).err)

    def test_help_on_everything(self):
        text = self.admin.run("--help").out
        self.assertIn("portfolio", text)
        for words in (["accounts"], ["accounts", "list"], ["import"], ["portfolio"], ["scorecards", "agree"], ["stakeholders", "create"]):
            with self.subTest(" ".join(words)):
                result = self.admin.run(*words, "--help")
                self.assertIn("kam " + words[0], result.out)
                self.assertEqual(result.err, "")
        self.assertIn("KEY", self.admin.run("explain", "accounts.phase").out)
        script = self.admin.run("completion", "bash").out
        self.assertEqual(subprocess.run(["bash", "-n"], input=script, text=True).returncode, 0)

    def test_errors_obey_the_format(self):
        error = self.admin.run("accounts", "get", "nothing", "-o", "json", expect=kamtest.NOT_FOUND).error()
        self.assertEqual(error["code"], 5)
        self.assertIn("accounts/nothing", error["message"])
        error = self.admin.run("accounts", "update", "acme", "--set", "country=Germany", "-o", "json", expect=kamtest.OTHER).error()
        self.assertEqual(error["code"], 3)
        details = [detail for detail in error["details"] if detail["@type"].endswith("BadRequest")]
        self.assertEqual(details[0]["fieldViolations"][0]["field"], "account.country")
        self.assertEqual(self.admin.run("fly", "-o", "json", expect=kamtest.USAGE).error()["code"], 3)

    def test_formats_say_the_same(self):
        admin = self.admin
        for name, title in (("f1", "Ärger & Söhne"), ("f2", "日本電子, Ltd."), ("f3", 'He said "no"'), ("f4", "=1+1")):
            admin.run("accounts", "create", name, "--set", "display_name=" + title, "--set", "region=formats")
        words = ["accounts", "list", "--filter", 'region = "formats"', "--order-by", "name"]
        whole = admin.run(*words, "-o", "json").json()["accounts"]
        lines = [json.loads(line) for line in admin.run(*words, "-o", "jsonl").out.splitlines()]
        self.assertEqual(lines, whole)
        self.assertEqual(admin.run(*words, "-o", "name").out.split(), [account["name"] for account in whole])
        rows = list(csv.DictReader(io.StringIO(admin.run(*words, "-o", "csv", "--columns", "name,display_name").out)))
        self.assertEqual([row["name"] for row in rows], [account["name"] for account in whole])
        self.assertEqual(rows[1]["display_name"], "日本電子, Ltd.")
        self.assertEqual(rows[2]["display_name"], 'He said "no"')
        self.assertNotEqual(rows[3]["display_name"][0], "=", "a spreadsheet would run it")
        self.assertIn("日本電子", admin.run(*words, "-o", "yaml").out)
        for style in ("table", "wide"):
            text = admin.run(*words, "-o", style).out
            self.assertIn("日本電子, Ltd.", text)
            self.assertNotIn("\033", text, "no decoration into a pipe")

    def test_columns_line_up_in_any_script(self):
        admin = self.admin
        for name, title in (("w1", "short"), ("w2", "日本電子株式会社"), ("w3", "Ünïcödé"), ("w4", "\u05e9\u05dc\u05d5\u05dd")):
            admin.run("accounts", "create", name, "--set", "display_name=" + title, "--set", "region=widths")
        lines = admin.run("accounts", "list", "--filter", 'region = "widths"', "--columns", "display_name,name", "-o", "table").out.splitlines()[1:]
        import unicodedata
        columns = {sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in line[:line.index("accounts/")])
                   for line in lines if "accounts/" in line}
        self.assertEqual(len(columns), 1, "\n".join(lines))

    def test_hostile_data_never_reaches_a_terminal_raw(self):
        hostile = "a\033[31mred\033]0;title\007\u202ertl\u0085\r\nb\tc"
        self.admin.call("AccountService/CreateAccount", {"accountId": "hostile", "account": {"displayName": hostile, "region": "h"}})
        for words in (["accounts", "get", "hostile"], ["accounts", "list", "--filter", 'region = "h"'], ["accounts", "history", "hostile"],
                      ["portfolio", "--filter", 'region = "h"'], ["accounts", "get", "hostile", "-o", "yaml"], ["accounts", "get", "hostile", "-o", "json"],
                      ["accounts", "list", "--filter", 'region = "h"', "-o", "jsonl"]):
            with self.subTest(" ".join(words)):
                text = self.admin.run(*words).out
                bad = re.findall(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069]", text)
                self.assertEqual(bad, [], repr(text))
        self.assertEqual(self.admin.json("accounts", "get", "hostile")["displayName"], hostile, "JSON keeps it, escaped")
        for style in ("csv", "table", "yaml"):
            with self.subTest("on a terminal, -o " + style):
                text = self.on_terminal("accounts", "list", "--filter", 'region = "h"', "-o", style)
                self.assertIn("red", text)
                plain = re.sub(r"\x1b\[[0-9;]*m", "", text)  # colours of kam's own
                self.assertNotIn("\x1b", plain, repr(text))
                self.assertNotIn("\x1b[31mred", text, repr(text))
                self.assertEqual(re.findall(r"[\x07\x80-\x9f\u202e]", plain), [], repr(text))

    def on_terminal(self, *words):
        """What kam writes to a terminal of its own."""
        reader, writer = os.openpty()
        process = subprocess.Popen([kamtest.KAM, *words], env={**self.admin.environment, "TERM": "xterm"}, stdin=writer, stdout=writer, stderr=writer)
        os.close(writer)
        text = b""
        try:
            while chunk := os.read(reader, 65536):
                text += chunk
        except OSError:  # the other end is closed
            pass
        os.close(reader)
        self.assertEqual(process.wait(60 * kamtest.PATIENCE), 0)
        return text.decode()

    def test_a_page_and_all_pages(self):
        for number in range(7):
            self.admin.run("products", "create", "p%d" % number, "--set", "display_name=P%d" % number)
        page = self.admin.run("products", "list", "--page-size", "3", "-o", "json").json()
        self.assertEqual(len(page["products"]), 3)
        following = self.admin.run("products", "list", "--page-size", "3", "--page-token", page["nextPageToken"], "-o", "json").json()
        self.assertNotEqual(page["products"][0], following["products"][0])
        every = self.admin.run("products", "list", "--page-size", "3", "--all", "-o", "name").out.split()
        self.assertEqual(every, ["products/p%d" % number for number in range(7)])

    def test_a_dry_run_changes_nothing(self):
        admin = self.admin
        admin.run("competitors", "create", "dry", "--set", "display_name=Dry", "--dry-run")
        admin.run("competitors", "get", "dry", expect=kamtest.NOT_FOUND)
        admin.run("competitors", "create", "dry", "--set", "display_name=Dry")
        admin.run("competitors", "delete", "dry", "--dry-run")
        admin.run("competitors", "get", "dry")
        admin.run("competitors", "delete", "dry", "--yes")
        admin.run("competitors", "get", "dry")  # still there to be read, marked as deleted
        self.assertNotIn("competitors/dry", admin.run("competitors", "list", "-o", "name").out)
        self.assertIn("competitors/dry", admin.run("competitors", "list", "--show-deleted", "-o", "name").out)
        admin.run("competitors", "undelete", "dry")
        history = admin.run("competitors", "history", "dry", "-o", "json").json()["versions"]
        self.assertEqual([version["operation"] for version in history], ["OPERATION_UNDELETE", "OPERATION_DELETE", "OPERATION_CREATE"])

    def test_watch_prints_changes_as_they_come(self):
        watching, line = self.admin.watch("accounts", touch=lambda number: self.admin.run("accounts", "create", "watched-%d" % number, "--set", "display_name=W"))
        try:
            self.assertIn("accounts/watched-", line)
            self.admin.run("accounts", "create", "watched", "--set", "display_name=Watched")
            self.assertTrue(any('"accounts/watched"' in line for line in watching.stdout))
        finally:
            watching.send_signal(signal.SIGINT)
            self.assertEqual(watching.wait(60 * kamtest.PATIENCE), 130)
            watching.stdout.close()
            watching.stderr.close()

    def test_secrets_are_private(self):
        for folder, _, files in os.walk(self.admin.home):
            for name in files:
                mode = os.stat(os.path.join(folder, name)).st_mode & 0o777
                self.assertEqual(mode & 0o077, 0, os.path.join(folder, name))
        self.assertNotIn("passwordHash", self.admin.run("users", "get", "admin", "-o", "json").out)

    def test_signing_out(self):
        user = self.server.new_user("leaver", "executive")
        token = user.token
        self.assertIn("users/leaver", user.run("whoami").out)
        user.run("logout")
        user.run("whoami", expect=kamtest.SIGNED_OUT)
        status, _ = kamtest.connect(self.server, "SessionService/WhoAmI", {}, token=token)
        self.assertEqual(status, 401, "the token is dead, not only forgotten")

    def test_access_is_explained(self):
        self.server.new_user("mara", "marketing")
        text = self.admin.run("access", "check", "--user", "mara", "--permission", "opportunities.read", "accounts/acme", expect=kamtest.DENIED).out
        self.assertIn("marketing", text)

    def test_nothing_is_asked_without_a_terminal(self):
        reader, writer = os.pipe()  # whoever asked would wait
        with open(reader) as silent, open(writer, "w"):
            done = subprocess.run([kamtest.KAM, "accounts", "delete", "acme"], env=self.admin.environment, stdin=silent, capture_output=True,
                                  timeout=60 * kamtest.PATIENCE)
        self.assertEqual(done.returncode, kamtest.USAGE, done.stderr)


if __name__ == "__main__":
    unittest.main()
