#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A ballot is blind: until the round closes no path tells what it says."""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest
import stubs
from choosing import DENIED, NOT_FOUND, PRECONDITION, Choosing


class Blind(Choosing):
    """Until the round closes nobody but its author learns what a ballot says, or by any answer but the audit's that it is there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ed, cls.eve, cls.auditor = (cls.new_user(name, role) for name, role in (("ed", "executive"), ("eve", "executive"), ("ann", "auditor")))
        for name in ("acme", "bolt"):
            cls.account(cls, name)
        cls.criteria_set(cls, "small")
        cls.ed.call("RoundService/CreateRound", {"roundId": "r", "round": {"title": "R", "criteriaSet": "criteriaSets/small", "participants": [
            {"user": "users/ed", "level": "PARTICIPANT_LEVEL_EXECUTIVE"}, {"user": "users/eve", "level": "PARTICIPANT_LEVEL_MIDDLE_MANAGEMENT"}]}})
        cls.ed.call("RoundService/OpenRound", {"name": "rounds/r"})
        cls.before = int(cls.admin.json("rounds", "history", "r")["versions"][0]["revision"])
        cls.ed.call("BallotService/CastBallot", {"parent": "rounds/r", "accounts": ["accounts/acme"], "requestId": "mine"})
        refused, _ = cls.ed.ask("BallotService/CastBallot", {"parent": "rounds/r", "accounts": ["accounts/acme", "accounts/acme"]})
        assert refused == 400
        cls.ed.call("BallotService/CastBallot", {"parent": "rounds/r", "accounts": ["accounts/acme"]})

    def others(self):
        return (("admin", self.admin), ("eve", self.eve), ("ann", self.auditor))

    def watched(self, user):
        """The ballots that a watch of everything since the round was opened has told of, up to a change made now."""
        marker = "mark%d" % len(self.server.users) + user.name
        api = stubs.Api(self.server, user.token)
        self.addCleanup(api.close)
        self.account(marker)
        seen = set()
        for reply in api.watch.Watch(api.WatchRequest(from_revision=self.before), timeout=60 * kamtest.PATIENCE):
            names = {change.name for change in reply.changes}
            seen |= {name for name in names if "/ballots/" in name}
            if "accounts/" + marker in names:
                return seen

    def answer(self, user, method, request, as_of=None):
        status, reply = user.ask(method, request, as_of)
        return status, json.dumps(reply)

    def test_1_no_path_tells(self):
        """Every answer about ed's ballot is the same, byte for byte, as about one of a user who cast none."""
        for name, user in self.others():
            for method, request in (("BallotService/GetBallot", {"name": "rounds/r/ballots/ed"}),
                                    ("BallotService/ListBallotVersions", {"name": "rounds/r/ballots/ed"})):
                for as_of in (None, self.before + 1):
                    there = self.answer(user, method, request, as_of)
                    missing = self.answer(user, method, {"name": "rounds/r/ballots/xx"}, as_of)
                    self.assertEqual((there[0], there[1].replace("ballots/ed", "ballots/xx")), missing, (name, method))
                    self.assertEqual(there[0], 404)
            for request in ({"parent": "rounds/r"}, {}, {"parent": "rounds/-"}, {"filter": 'accounts:"accounts/acme"'}, {"filter": 'user = "users/ed"'},
                            {"orderBy": "cast_count desc"}, {"showDeleted": True}, {"parent": "rounds/r", "count": True}):
                for as_of in (None, self.before + 1):
                    reply = self.answer(user, "BallotService/ListBallots", request, as_of)
                    self.assertEqual(reply[0], 200, reply)
                    self.assertNotIn("acme", reply[1])
                    self.assertNotIn("/ed", reply[1])
                    self.assertEqual(int(json.loads(reply[1]).get("totalSize", 0)), 0)
            self.refused(user, "ChoiceService/GetAlignment", {"name": "rounds/r"}, PRECONDITION, "blind")
            _, growth = self.answer(user, "ChoiceService/GetGrowth", {})
            self.assertNotIn("alignment", growth)
        self.assertEqual(self.answer(self.ed, "BallotService/ListBallots", {})[1].count("accounts/acme"), 1)

    def test_2_no_change_and_no_refusal_tells(self):
        # Another's ballot cannot be written, and the refusal is the same whether there is one.
        self.refused(self.admin, "BallotService/CastBallot", {"parent": "rounds/r", "accounts": ["accounts/acme"]}, DENIED)
        # An account that a ballot names can be deleted: a refusal would tell that somebody named it.
        self.admin.call("AccountService/DeleteAccount", {"name": "accounts/acme", "validateOnly": True})
        told = self.refused(self.admin, "UserService/DeleteUser", {"name": "users/ed", "validateOnly": True}, PRECONDITION, "referred to")
        self.assertNotIn("ballots", json.dumps(told))
        # One's request ids are one's own.
        replayed = self.answer(self.eve, "BallotService/CastBallot", {"parent": "rounds/r", "accounts": ["accounts/bolt"], "requestId": "mine"})
        self.assertNotIn("acme", replayed[1])
        self.assertIn("accounts/bolt", replayed[1])

    def test_3_watch_and_audit(self):
        for name, user in (("admin", self.admin), ("ann", self.auditor)):
            self.assertEqual(self.watched(user), set())
            entries = user.json("audit-entries", "list", "--all")
            text = json.dumps(entries)
            cast = [entry for entry in entries["auditEntries"] if entry["method"].endswith("CastBallot") and entry["outcome"] == "OK"]
            self.assertTrue(cast, "that it was cast is on record")
            self.assertEqual({entry["note"] for entry in cast}, {"cast"})
            said = [entry for entry in entries["auditEntries"] if "CastBallot" in entry["method"]]
            self.assertNotIn("acme", json.dumps(said))
            self.assertNotIn("bolt", json.dumps(said))
        self.assertEqual(self.watched(self.ed), {"rounds/r/ballots/ed"})
        self.admin.run("access", "check", "--user", "admin", "--permission", "ballots.read", "rounds/r/ballots/ed", expect=kamtest.NOT_FOUND)

    def test_4_after_it_closes(self):
        self.ed.call("RoundService/CloseRound", {"name": "rounds/r"})
        self.assertEqual(self.admin.call("BallotService/GetBallot", {"name": "rounds/r/ballots/ed"})["accounts"], ["accounts/acme"])
        # Permissions are those of now: what was blind then can be read as of then.
        status, text = self.answer(self.admin, "BallotService/GetBallot", {"name": "rounds/r/ballots/ed"}, self.before + 1)
        self.assertEqual(status, 200)
        self.assertIn("accounts/acme", text)
        self.assertEqual(len(self.auditor.call("BallotService/ListBallots", {"parent": "rounds/r"})["ballots"]), 2)
        self.refused(self.admin, "AccountService/DeleteAccount", {"name": "accounts/acme"}, PRECONDITION, "rounds/r/ballots/ed")


if __name__ == "__main__":
    unittest.main()
