#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A person asks to be forgotten: nothing that can be asked shows them any more, now or as of any past day; the record still verifies, says who erased, and the
file holds no byte of them once it is written anew. All names are samples."""

import json
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import grpc
import kamtest
import stubs

# Each means the person; none may be left anywhere. The other Jane has the same first name.
SECRETS = ("jane-doe", "Doeling", "doeling", "DOELING", "555 0199", "loves orchids", "orchid", "crm-0815", "Kanzlerin", "wants the board seat")

COMPANY = {"contact": {"name": "contacts/jane-doe", "company": "Acme"}, "updateMask": "company", "requestId": "again"}


def kamd(server, *words):
    return subprocess.run([kamtest.KAMD, *words, "--data", server.data], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60 * kamtest.PATIENCE)


def file_bytes(server):
    with open(server.data + "/store/data.mdb", "rb") as file:
        return file.read()


class Erase(unittest.TestCase):
    """Each test begins with the same store."""

    @classmethod
    def setUpClass(cls):
        cls.server = kamtest.Server(config="[server]\nworkers = 1\n")  # all watches of one thread: what it keeps from one is there for the next
        cls.addClassCleanup(cls.server.close)
        cls.server.init()
        cls.server.start()
        cls.admin = cls.server.admin()
        cls.fill(cls.admin.run)
        cls.before = int(cls.admin.json("audit", "verify")["revision"])
        cls.server.stop()
        shutil.copytree(cls.server.data + "/store", cls.server.folder + "/kept")

    @classmethod
    def fill(cls, run):
        run("accounts", "create", "acme", "--set", "display_name=Acme")
        run("contacts", "create", "jane-doe", "--set", "display_name=Jane Doeling", "--set", "emails=jane.doeling@example.com", "--set", "phones=+1 555 0199",
            "--set", "notes=loves orchids", "--set", "external_ids=crm=crm-0815")
        run("contacts", "create", "jane-other", "--set", "display_name=Jane Other")
        run("contacts", "update", "jane-doe", "--set", "notes=orchids and tea")
        cls.admin.call("ContactService/UpdateContact", COMPANY)
        run("stakeholders", "create", "jane-doe", "--account", "acme", "--set", "contact=contacts/jane-doe", "--set", "title=Kanzlerin", "--set",
            "priorities=wants the board seat")
        run("stakeholders", "create", "boss", "--account", "acme", "--set", "title=Chief", "--set", "reports_to=accounts/acme/stakeholders/jane-doe")
        # A role that she filled, and somebody else fills now.
        run("stakeholders", "create", "buyer", "--account", "acme", "--set", "contact=contacts/jane-doe", "--set", "title=Buyer of orchids")
        run("stakeholders", "update", "accounts/acme/stakeholders/buyer", "--set", "contact=contacts/jane-other", "--set", "title=Buyer")
        run("interactions", "create", "i1", "--account", "acme", "--set", "kind=MEETING", "--set", "time=2026-09-01T10:00:00Z", "--set",
            "stakeholders=accounts/acme/stakeholders/jane-doe", "--set", "summary=Met JANE DOELING (jane.doeling@example.com), and Jane Other")

    def setUp(self):
        if self.server.process:
            self.server.stop()
        shutil.rmtree(self.server.data + "/store")
        shutil.copytree(self.server.folder + "/kept", self.server.data + "/store")
        self.server.start()

    def revision(self):
        return int(self.admin.json("audit", "verify")["revision"])

    def erase(self, *words, **options):
        return self.admin.json("contacts", "erase", *words, **options)

    def everything(self, *more):
        """All that can be read; of now its history as well."""
        said = []
        for noun in ("contacts", "accounts", "stakeholders", "interactions"):
            found = self.admin.run(noun, "list", "--show-deleted", "--all", "-o", "json", *more)
            said.append(found.out)
            for one in found.json().get(noun, []) if not more else []:
                said.append(self.admin.run(noun, "history", one["name"], "-o", "json").out)
        said.append(self.admin.run("map", "acme", *more).out)
        if not more:
            said.append(self.admin.run("contacts", "list", "--show-deleted", "--all", "-o", "csv").out)
            said.append(self.admin.run("audit", "list", "--page-size", "1000", "-o", "json").out)
        return "\n".join(said)

    def watched(self, revision):
        """What a watch from a revision to now says."""
        api = stubs.Api(self.server, self.admin.token)
        try:
            said, now = [], self.revision()
            for message in api.watch.Watch(api.WatchRequest(from_revision=revision), timeout=30 * kamtest.PATIENCE):
                said.append(message)
                if message.revision >= now:
                    return said
        finally:
            api.close()

    def assert_gone(self, text, secrets=SECRETS):
        for secret in secrets:
            self.assertNotIn(secret, text)

    def test_preview_and_who_may(self):
        sales = self.server.new_user("sam", "sales")
        sales.run("contacts", "erase", "jane-doe", "--yes", expect=kamtest.DENIED)
        self.admin.run("roles", "create", "eraser", "--set", "display_name=Eraser", "--set", "permissions=contacts.*", "--set", "permissions=accounts.read", "--set",
                       "scope=ASSIGNED", "--set", "field_groups=PUBLIC")
        narrow = self.server.new_user("nora", "eraser")
        narrow.run("contacts", "erase", "jane-doe", "--yes", expect=kamtest.NOT_FOUND)
        self.admin.run("contacts", "erase", "jane-doe", expect=kamtest.USAGE)  # nobody there to ask
        self.admin.run("contacts", "erase", "nobody", "--yes", expect=kamtest.NOT_FOUND)
        self.admin.run("contacts", "erase", "jane-doe", "--yes", "--texts", "al", expect=kamtest.OTHER)
        revision = self.revision()
        preview = self.erase("jane-doe", "--dry-run")
        self.assertEqual((preview["name"], preview["resources"]), ("contacts/jane-doe", ["accounts/acme/stakeholders/jane-doe"]))
        self.assertEqual(preview["mentions"], [{"resource": "accounts/acme/interactions/i1", "field": "summary", "versions": 1, "current": True}])
        self.assertTrue(self.erase("jane-doe", "--dry-run", "--replace-texts")["mentions"][0]["replaced"])
        self.assertEqual(self.revision(), revision)
        self.assertIn("Jane Doeling", self.admin.run("contacts", "get", "jane-doe").out)
        done = self.erase("jane-doe", "--yes")
        self.assertEqual({key: done[key] for key in ("versions", "references", "entries")}, {key: preview[key] for key in ("versions", "references", "entries")})
        self.assertEqual(self.revision(), revision + 1)

    def test_no_answer_has_them(self):
        head = kamtest.write_private(self.server.folder + "/head.json", self.admin.run("audit", "head", "-o", "json").out)
        self.assertIn("Doeling", self.everything() + str(self.watched(self.before - 1)))
        done = self.erase("jane-doe", "--yes", "--replace-texts", "--texts", "orchids")
        name, stakeholder = done["name"], done["resources"][0]
        self.assertRegex(name, r"^contacts/erased-[0-9a-f]{12}$")
        self.assertRegex(stakeholder, r"^accounts/acme/stakeholders/erased-[0-9a-f]{12}$")

        self.admin.run("contacts", "get", "jane-doe", expect=kamtest.NOT_FOUND)
        self.admin.run("contacts", "get", "jane-doe", "--as-of", self.before, expect=kamtest.NOT_FOUND)
        for text in ('display_name = "Jane Doeling"', 'emails:"jane.doeling@example.com"', 'external_ids.crm = "crm-0815"', 'notes:"orchids"'):
            for more in ((), ("--as-of", self.before)):
                self.assertEqual(self.admin.json("contacts", "list", "--show-deleted", "--filter", text, *more).get("contacts", []), [], text)
        self.assert_gone(self.everything())
        for revision in (self.before - 4, self.before):
            self.assert_gone(self.everything("--as-of", revision))
        self.assertEqual(self.admin.json("contacts", "get", name, "--as-of", self.before)["displayName"], "[erased]")
        self.assertEqual(self.admin.json("contacts", "get", "jane-other")["displayName"], "Jane Other")

        # There was something, and it says since when it is gone.
        versions = self.admin.json("contacts", "history", name)["versions"]
        self.assertEqual([one["operation"] for one in versions], ["OPERATION_" + word for word in ("DELETE", "UPDATE", "UPDATE", "CREATE")])
        erasure = versions[0]["revision"]
        self.assertEqual([one.get("erasedRevision") for one in versions], [None, erasure, erasure, erasure])
        reader = self.server.new_user("rosa", "marketing")  # who does not see all fields is not told that one of them was erased
        for one in reader.json("contacts", "history", name)["versions"]:
            self.assertNotIn("erasedRevision", one)
        # What others said stays; of the role that she filled only her time.
        self.assertEqual(self.admin.json("stakeholders", "get", "accounts/acme/stakeholders/boss")["reportsTo"], stakeholder)
        self.assertEqual(self.admin.json("interactions", "get", "accounts/acme/interactions/i1")["summary"], "Met [erased] ([erased]), and Jane Other")
        self.assertEqual(self.admin.json("stakeholders", "get", "accounts/acme/stakeholders/buyer")["contact"], "contacts/jane-other")
        buyer = self.admin.json("stakeholders", "history", "accounts/acme/stakeholders/buyer")["versions"]
        self.assertEqual([(one["resource"]["contact"], one["resource"].get("title")) for one in buyer], [("contacts/jane-other", "Buyer"), (name, None)])
        # The rest of life goes on.
        self.admin.run("stakeholders", "update", "accounts/acme/stakeholders/boss", "--set", "title=Head")
        self.admin.run("map", "acme")

        watched = self.watched(1)
        self.assert_gone(str(watched))
        self.assertIn(name, [change.name for message in watched for change in message.changes])
        self.admin.call("ContactService/UpdateContact", COMPANY, expect=kamtest.NOT_FOUND)

        entry = self.admin.json("audit", "list", "--filter", 'method:"EraseContact"')["auditEntries"][0]
        self.assertEqual((entry["actor"], entry["changes"][0]["name"]), ("users/admin", name))
        self.assertRegex(entry["note"], r"^erased: 5 states")
        self.admin.run("audit", "verify", "--head", head)
        self.compacted(head)

    def compacted(self, head):
        self.assertIn("is already running", kamd(self.server, "compact").stderr)
        self.server.stop()
        done = kamd(self.server, "compact")
        self.assertEqual(done.returncode, 0, done.stderr)
        held = file_bytes(self.server)
        self.assertEqual([secret for secret in SECRETS if secret.encode() in held], [])
        self.assertIn(b"Jane Other", held)
        done = kamd(self.server, "check", "--head", head)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.server.start()
        self.assert_gone(self.everything())

    def test_a_second_look(self):
        """What was only listed at first is replaced when somebody has decided."""
        done = self.erase("jane-doe", "--yes")
        self.assertIn("DOELING", self.admin.run("interactions", "get", "accounts/acme/interactions/i1").out)
        done = self.erase(done["name"], "--yes", "--replace-texts", "--texts", "Jane Doeling", "--texts", "jane.doeling@example.com")
        self.assertTrue(done["mentions"][0]["replaced"])
        self.assertEqual(self.admin.json("interactions", "get", "accounts/acme/interactions/i1")["summary"], "Met [erased] ([erased]), and Jane Other")
        self.assert_gone(self.everything(), ("DOELING", "doeling", "Doeling"))
        self.admin.run("audit", "verify")
        # The name is free, and whoever has it next has no past.
        self.admin.run("contacts", "create", "jane-doe", "--set", "display_name=Somebody Else")
        self.assertEqual(len(self.admin.json("contacts", "history", "jane-doe")["versions"]), 1)
        self.admin.run("contacts", "get", "jane-doe", "--as-of", self.before, expect=kamtest.NOT_FOUND)

    def test_what_a_watch_has_read_before(self):
        """A thread keeps the revision that its watches read last, and reads it again once something of it was erased."""
        self.watched(self.before)  # goes on record; the next ones of this minute do not, and so make no revision
        self.admin.run("contacts", "update", "jane-doe", "--set", "notes=orchids again")
        newest = self.revision()
        self.assertIn("orchids again", str(self.watched(newest - 1)))
        self.erase("jane-doe", "--yes")
        self.assert_gone(str(self.watched(newest - 1)), ("orchids", "jane-doe", "Jane Doeling"))

    def test_foreign_client(self):
        api = stubs.Api(self.server, self.admin.token)
        try:
            reply = api.contacts.EraseContact(api.EraseRequest(name="contacts/jane-doe", validate_only=True))
            self.assertEqual((reply.name, reply.versions), ("contacts/jane-doe", 5))
            with self.assertRaises(grpc.RpcError) as refused:
                api.contacts.EraseContact(api.EraseRequest(name="contacts/jane-doe", etag="0"))
            self.assertEqual(refused.exception.code(), grpc.StatusCode.ABORTED)
            reply = api.contacts.EraseContact(api.EraseRequest(name="contacts/jane-doe"))
            self.assertTrue(reply.name.startswith("contacts/erased-"))
            with self.assertRaises(grpc.RpcError) as refused:
                api.contacts.GetContact(api.GetRequest(name="contacts/jane-doe"))
            self.assertEqual(refused.exception.code(), grpc.StatusCode.NOT_FOUND)
        finally:
            api.close()

    def test_a_kill_in_the_middle(self):
        """All of it or nothing: kamd is killed while it erases, at whatever moment that is."""
        api = stubs.Api(self.server, self.admin.token)
        done = api.contacts.EraseContact.future(api.EraseRequest(name="contacts/jane-doe"))
        self.server.kill()
        done.exception()
        api.close()
        self.assertEqual(kamd(self.server, "check").returncode, 0)
        self.server.start()
        gone = self.admin.try_run("contacts", "get", "jane-doe").status == kamtest.NOT_FOUND
        said = self.everything()
        self.assertEqual((gone, "jane-doe" in said, "Jane Doeling" in said), (gone, not gone, not gone))
        self.admin.run("audit", "verify")


class Leaver(unittest.TestCase):
    def test_a_user(self):
        with kamtest.Server() as server:
            admin = server.admin()
            jim = server.new_user("jim", "kam", email="jim.hopper@example.com", title="Seller of Tents")
            admin.run("accounts", "create", "acme", "--set", "display_name=Acme", "--set", "owner=jim")
            admin.run("members", "create", "jim", "--account", "acme")
            jim.run("accounts", "update", "acme", "--set", "industry=Camping")
            jim.run("roles", "create", "mine", "--set", "display_name=Mine", expect=kamtest.DENIED)
            jim.sign_in("not the password", expect=kamtest.SIGNED_OUT)
            admin.run("users", "create", "tom", "--display-name", "Tom")
            self.assertIn("disable them first", admin.run("users", "erase", "jim", "--yes", expect=kamtest.CONFLICT).err)
            admin.run("users", "hand-over", "jim", "--to", "tom")
            admin.run("users", "disable", "jim")
            done = admin.json("users", "erase", "jim", "--yes")
            name = done["name"]
            self.assertRegex(name, r"^users/erased-[0-9a-f]{12}$")
            record = admin.run("audit", "list", "--page-size", "1000", "-o", "json").out
            said = record + admin.run("users", "list", "--show-deleted", "-o", "json").out + admin.run("members", "list", "--account", "-", "--show-deleted", "-o", "json").out
            said += admin.run("accounts", "history", "acme", "-o", "json").out + admin.run("bindings", "list", "--show-deleted", "-o", "json").out
            self.assertEqual(re.findall(r'.*(?:\bjim\b|hopper|Tents).*', said), [])
            # Who did it is still one and the same person.
            done = {entry["method"].split("/")[1]: entry["outcome"] for entry in json.loads(record)["auditEntries"] if entry.get("actor") == name}
            self.assertEqual((done["UpdateAccount"], done["CreateRole"]), ("OK", "PERMISSION_DENIED"))
            admin.run("audit", "verify")
            jim.run("whoami", expect=kamtest.SIGNED_OUT)
            self.assertEqual(admin.json("accounts", "get", "acme")["owner"], "users/tom")
            server.stop()
            self.assertEqual(kamd(server, "compact").returncode, 0)
            held = file_bytes(server)
            self.assertEqual([secret for secret in (b"users/jim", b"users\0jim", b"hopper", b"Tents", b'"jim"') if secret in held], [])
            self.assertEqual(kamd(server, "check").returncode, 0)


if __name__ == "__main__":
    unittest.main()
