#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The record: who did, tried and read what, from where, and when; a flood of refusals that is counted whole and does not fill the disk.

KAM_REFUSALS=100000 in the environment says how many refusals the flood has; 10000 without it."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import grpc
import kamtest
import stubs

REFUSALS = int(os.environ.get("KAM_REFUSALS", "10000"))
STRANGER_CALLS = 90  # on one connection: at 100 refusals kamd cuts it
GROWTH_BYTES = 1 << 20  # what the store may grow by, however many they are


def entries(user, *filters):
    text = " AND ".join("(%s)" % one for one in filters)
    return user.json("audit", "list", "--filter", text, "--page-size", "1000").get("auditEntries", [])


def wait_for(user, count, *filters):
    """Refusals and exports go on record just after their answer."""
    end = time.monotonic() + 10 * kamtest.PATIENCE
    while True:
        found = entries(user, *filters)
        if len(found) >= count or time.monotonic() > end:
            return found
        time.sleep(0.05)


class Record(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = kamtest.Server()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.admin = cls.server.admin()
        cls.jane = cls.server.new_user("jane", "marketing")
        for number in range(60):
            cls.admin.call("ProductService/CreateProduct", {"productId": "p%02d" % number, "product": {"displayName": "P%d" % number}})

    def one(self, *filters):
        found = wait_for(self.admin, 1, *filters)
        self.assertEqual(len(found), 1, found)
        entry = found[0]
        self.assertRegex(entry["peer"], r"^(127\.0\.0\.1|::1)$")
        self.assertTrue(entry["client"].startswith("kam/"), entry)
        self.assertTrue(entry["time"])
        self.assertEqual(entry["name"], "auditEntries/" + entry["revision"])
        return entry

    def test_a_change(self):
        self.admin.run("products", "update", "p07", "--set", "display_name=Seven", "--set", "family=Odd")
        entry = self.one('resources:"products/p07"', 'method:"UpdateProduct"')
        self.assertEqual((entry["actor"], entry["outcome"], entry["events"]), ("users/admin", "OK", "1"))
        self.assertEqual(set(entry["note"].split(",")), {"display_name", "family"})
        self.assertEqual(entry["changes"][0]["operation"], "OPERATION_UPDATE")
        self.assertEqual([one["method"].split("/")[1] for one in entries(self.admin, 'changes.name = "products/p07"')], ["UpdateProduct", "CreateProduct"])
        self.assertIn("products/p07", self.admin.run("audit", "list", "--filter", 'resources:"products/p07"').out)

    def test_a_refusal(self):
        self.jane.run("roles", "create", "mine", "--set", "display_name=Mine", expect=kamtest.DENIED)
        entry = self.one('actor = "users/jane"', "outcome = PERMISSION_DENIED", 'method:"CreateRole"')
        self.assertIn("roles.create", entry["note"])
        self.jane.run("audit", "list", expect=kamtest.DENIED)
        self.one('actor = "users/jane"', 'method:"ListAuditEntries"')

    def test_signing_in_and_out_and_passwords(self):
        joe = self.server.new_user("joe", "sales")
        joe.sign_in("not the password", expect=kamtest.SIGNED_OUT)
        self.assertIn("joe", self.one("outcome = UNAUTHENTICATED", 'method:"SignIn"')["note"])
        joe.sign_in(joe.password)
        joe.run("passwd", "--password-file", "-", "--old-password-file", kamtest.write_private(self.server.folder + "/old", "wrong again\n"),
                stdin="a new password\n", expect=kamtest.DENIED)
        self.one('actor = "users/joe"', "outcome = PERMISSION_DENIED", 'method:"ChangePassword"')
        joe.run("passwd", "--password-file", "-", "--old-password-file", kamtest.write_private(self.server.folder + "/old", joe.password + "\n"),
                stdin="a new password\n")
        self.assertEqual(self.one('actor = "users/joe"', 'method:"ChangePassword"', "outcome = OK")["note"], "password")
        joe.run("logout")
        self.assertEqual(self.one('actor = "users/joe"', 'method:"SignOut"')["changes"][0]["operation"], "OPERATION_PURGE")
        self.assertEqual(len(entries(self.admin, 'actor = "users/joe"', 'method:"SignIn"', "outcome = OK")), 2)

    def test_exports(self):
        self.jane.run("products", "list")
        self.jane.run("products", "get", "p01")
        self.jane.run("products", "list", "--all", "-o", "csv")
        entry = self.one('actor = "users/jane"', 'method:"ListProducts"')
        self.assertEqual((entry["outcome"], entry["note"]), ("OK", "export of 60 resources: all"))
        self.assertEqual(entries(self.admin, 'actor = "users/jane"', 'method:"GetProduct"'), [])
        # Page by page it is one too, at the second.
        page = self.admin.call("ProductService/ListProducts", {"pageSize": 40, "filter": 'display_name != ""'})
        self.admin.call("ProductService/ListProducts", {"pageSize": 40, "filter": 'display_name != ""', "pageToken": page["nextPageToken"]})
        self.assertEqual(self.one('actor = "users/admin"', 'method:"ListProducts"')["note"], 'export of 20 resources: all where display_name != ""')
        watch = self.jane.spawn("products", "watch")
        try:
            self.assertIn("watch of", self.one('actor = "users/jane"', 'method:"Watch"')["note"])
        finally:
            watch.kill()
            watch.communicate()


class Questions(unittest.TestCase):
    """What an auditor asks, in the filters that the help of kam audit list tells."""

    @classmethod
    def setUpClass(cls):
        cls.server = kamtest.Server.of_class(cls)
        cls.admin = cls.server.admin()
        cls.admin.run("accounts", "create", "acme", "--set", "display_name=Acme")
        cls.admin.run("accounts", "create", "bolt", "--set", "display_name=Bolt")
        cls.jane, cls.sam = cls.server.new_user("jane", "kam"), cls.server.new_user("sam", "marketing")
        cls.admin.run("accounts", "update", "acme", "--set", "owner=jane")
        cls.jane.run("stakeholders", "create", "boss", "--account", "acme", "--set", "title=Chief")
        cls.jane.run("accounts", "update", "acme", "--set", "phase=KEY", "--set", "industry=Steel")
        cls.admin.run("accounts", "delete", "bolt", "--yes")
        cls.jane.run("accounts", "delete", "acme", "--yes", expect=kamtest.DENIED)
        cls.sam.sign_in("not the password", expect=kamtest.SIGNED_OUT)
        api = stubs.Api(cls.server, cls.admin.token)
        for number in range(55):
            api.accounts.CreateAccount(api.CreateAccountRequest(account_id="c%02d" % number, account=api.Account(display_name="Cork %d" % number)))
        api.close()
        cls.sam.run("accounts", "list", "--all", "-o", "csv", "--filter", 'display_name:"Cork"')

    def ask(self, question, count, *columns):
        """Each of the entries as a line of the columns, the newest first."""
        found = wait_for(self.admin, count, question)
        return [" ".join(column in one and str(one[column]).split("/")[-1] or "-" for column in columns) for one in found]

    def test_who_changed_what(self):
        self.assertEqual(self.ask('resources:"accounts/acme"', 3, "actor", "method", "note"),
                         ["jane UpdateAccount industry,phase", "admin UpdateAccount owner", "admin CreateAccount -"])
        self.assertEqual(self.ask('resources:"accounts/acme/*"', 1, "actor", "method"), ["jane CreateStakeholder"])
        self.assertEqual(self.ask('note:"owner" AND method:"Account"', 1, "actor", "note"), ["admin owner"])
        self.assertEqual(self.ask("changes.operation = DELETE", 1, "actor", "method"), ["admin DeleteAccount"])
        self.assertEqual(self.ask('(resources:"roles/*" OR resources:"bindings/*") AND actor != ""', 2, "actor", "method"), ["admin CreateBinding"] * 2)

    def test_what_somebody_did_and_when(self):
        day = self.admin.json("audit", "list", "--page-size", "1")["auditEntries"][0]["time"][:10]
        self.assertEqual(self.ask('actor = "users/jane" AND outcome = OK AND time >= "%s"' % day, 3, "method"), ["UpdateAccount", "CreateStakeholder", "SignIn"])
        self.assertEqual(self.ask('actor = "users/jane" AND time < "%s"' % day, 0, "method"), [])
        moments = [one["time"] for one in entries(self.admin, 'actor = "users/jane"', "outcome = OK")]
        self.assertEqual(self.ask('time >= "%s" AND time <= "%s" AND outcome = OK AND actor = "users/jane"' % (moments[1], moments[0]), 2, "method"),
                         ["UpdateAccount", "CreateStakeholder"])

    def test_what_was_refused(self):
        self.assertEqual(self.ask("outcome = PERMISSION_DENIED", 1, "actor", "method"), ["jane DeleteAccount"])
        failed = self.ask('outcome = UNAUTHENTICATED AND method:"SignIn" AND peer = "127.0.0.1"', 1, "actor", "method", "note", "events")
        self.assertEqual(len(failed), 1)
        self.assertIn("sam", failed[0])
        self.assertEqual(self.ask("outcome != OK", 2, "method"), ["SignIn", "DeleteAccount"])

    def test_who_read_much(self):
        self.assertEqual(self.ask('note:"export of" AND method:"ListAccounts"', 1, "actor", "method", "note"),
                         ['sam ListAccounts export of 55 resources: all where display_name:"Cork"'])

    def test_how_many(self):
        counted = self.admin.call("AuditService/ListAuditEntries", {"filter": 'resources:"accounts/c*"', "pageSize": 10, "count": True})
        self.assertEqual((int(counted["totalSize"]), len(counted["auditEntries"])), (55, 10))
        second = self.admin.call("AuditService/ListAuditEntries",
                                 {"filter": 'resources:"accounts/c*"', "pageSize": 10, "count": True, "pageToken": counted["nextPageToken"]})
        self.assertEqual(int(second["totalSize"]), 55)
        self.assertIn("55", self.admin.run("audit", "list", "--filter", 'resources:"accounts/c*"', "--page-size", "1", "--count").err)

    def test_the_help_tells(self):
        said = self.admin.run("audit", "list", "--help").out
        for text in ('resources:"contacts/jane"', 'note:"export of"', "outcome != OK", "kam audit-entries list --filter 'time >="):
            self.assertIn(text, said)
        self.assertNotIn("update_time", said)
        self.assertRegex(self.admin.run("audit", "--help").out, r"(?m)^ +verify +")

    def test_who_may_ask(self):
        self.jane.run("audit", "list", expect=kamtest.DENIED)
        auditor = self.server.new_user("alex", "auditor")
        found = auditor.json("audit", "list", "--filter", 'resources:"accounts/acme"')["auditEntries"]
        self.assertEqual([one.get("peer") for one in found], [None] * 3)  # addresses are personal
        auditor.run("accounts", "update", "acme", "--set", "phase=KEY", expect=kamtest.DENIED)


class Heads(unittest.TestCase):
    def kamd_check(self, server, *words):
        return subprocess.run([kamtest.KAMD, "check", "--data", server.data, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60 * kamtest.PATIENCE)

    def test_a_head_kept_elsewhere(self):
        with kamtest.Server() as server:
            admin, store, old = server.admin(), server.data + "/store/data.mdb", server.folder + "/old.mdb"
            self.assertEqual(os.stat(server.data + "/audit.key").st_mode & 0o777, 0o600)
            admin.run("products", "create", "one", "--set", "display_name=One")
            server.stop()
            shutil.copy(store, old)
            server.start()
            admin.run("products", "create", "two", "--set", "display_name=Two")
            head = admin.run("audit", "head", "-o", "json").out
            kept = kamtest.write_private(server.folder + "/head.json", head)
            head = json.loads(head)
            self.assertEqual(admin.run("audit", "key").out.strip(), head["publicKey"])
            self.assertEqual(admin.json("audit", "verify")["hash"], head["hash"])
            admin.run("products", "create", "three", "--set", "display_name=Three")
            self.assertGreater(int(admin.json("audit", "verify", "--head", kept)["revision"]), int(head["revision"]))
            sales = server.new_user("sam", "sales")
            sales.run("audit", "head", expect=kamtest.DENIED)
            forged = kamtest.write_private(server.folder + "/forged.json", json.dumps({**head, "hash": "0" * 64}))
            self.assertIn("signed", admin.run("audit", "verify", "--head", forged, expect=kamtest.OTHER).err)
            admin.run("audit", "verify", "--head", kamtest.write_private(server.folder + "/no.json", "{}"), expect=kamtest.OTHER)
            server.stop()
            self.assertTrue(server.log(r"event=audit_head .*signature="), "the head is signed at the end")
            done = self.kamd_check(server, "--head", kept)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotEqual(self.kamd_check(server, "--head", forged).returncode, 0)

            # The older file, put back, is sound in itself; used on it even gets past the revision.
            shutil.copy(old, store)
            self.assertEqual(self.kamd_check(server).returncode, 0)
            done = self.kamd_check(server, "--head", kept)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("cut off or an older file", done.stderr)
            server.start()
            self.assertIn("older file", admin.run("audit", "verify", "--head", kept, expect=kamtest.OTHER).err)
            for number in range(6):
                admin.run("products", "create", "n%d" % number, "--set", "display_name=N")
            admin.run("audit", "verify")
            self.assertIn("another record", admin.run("audit", "verify", "--head", kept, expect=kamtest.OTHER).err)


class Flood(unittest.TestCase):
    def send(self, api, method, request, code, count):
        """Calls on one connection that must all be refused with `code`."""
        waits, wrong = threading.Semaphore(200), set()

        def ended(call):
            if call.code() != code:
                wrong.add("%s %s" % (call.code(), call.details()))
            waits.release()

        try:
            for _ in range(count):
                waits.acquire()
                method(api).future(request).add_done_callback(ended)
            for _ in range(200):
                waits.acquire()
        finally:
            api.close()
        self.assertEqual(wrong, set())

    def flood(self, server, known, strangers):
        """Of a user who may not, and of nobody, whose connections bear fewer than 100 refusals each."""
        jane = stubs.Api(server, server.new_user("jane", "sales").token)
        list(jane.every_account())  # from here on it is no stranger's connection
        self.send(jane, lambda api: api.audit.VerifyAudit, jane.VerifyAuditRequest(), grpc.StatusCode.PERMISSION_DENIED, known)
        for _ in range(strangers // STRANGER_CALLS):
            nobody = stubs.Api(server, "kam~nobody~0123456789abcdef~" + "x" * 43)
            self.send(nobody, lambda api: api.accounts.GetAccount, nobody.GetRequest(name="accounts/acme"), grpc.StatusCode.UNAUTHENTICATED, STRANGER_CALLS)

    def test_refusals_are_counted_and_take_no_room(self):
        with kamtest.Server() as server:
            admin, data = server.admin(), server.data + "/store/data.mdb"
            admin.run("whoami")
            before = os.stat(data).st_size
            strangers = 10 * STRANGER_CALLS
            self.flood(server, REFUSALS - strangers, strangers)
            server.restart()  # what is still counted goes on record now
            found = entries(admin, "outcome != OK")
            counts = {code: sum(int(one["events"]) for one in found if one["outcome"] == code) for code in ("UNAUTHENTICATED", "PERMISSION_DENIED")}
            self.assertEqual(counts, {"UNAUTHENTICATED": strangers, "PERMISSION_DENIED": REFUSALS - strangers})
            self.assertEqual({one["actor"] for one in found if one["outcome"] == "PERMISSION_DENIED"}, {"users/jane"})
            self.assertTrue(any("more since" in one["note"] for one in found))
            self.assertLess(len(found), 30)
            grown = os.stat(data).st_size - before
            print("%d refusals: %d entries, the store grew by %d bytes" % (REFUSALS, len(found), grown))
            self.assertLess(grown, GROWTH_BYTES)


if __name__ == "__main__":
    unittest.main()
