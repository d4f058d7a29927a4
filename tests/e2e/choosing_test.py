#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Choosing key accounts over the wire: from a proposal of criteria to a recorded decision, with the error of each rule."""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
from choosing import DENIED, INVALID, NOT_FOUND, PRECONDITION, SMALL_SET, Choosing, criterion


class Spine(Choosing):
    """One story, told in order: what each step leaves behind the next one needs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = {name: cls.new_user(name, role) for name, role in (("ed", "executive"), ("eve", "executive"), ("kim", "kam"), ("kurt", "kam"))}
        for name in ("acme", "bolt", "crane", "dyno", "eagle"):
            cls.account(cls, name, owner="users/kim")
        cls.admin.call("MemberService/CreateMember", {"parent": "accounts/acme", "memberId": "kurt", "member": {}})

    def test_1_criteria(self):
        proposals = self.admin.call("CriteriaSetService/ListCriteriaSetProposals", {})["proposals"]
        self.assertEqual([proposal["id"] for proposal in proposals], ["balanced", "growth", "retention"])
        for proposal in proposals:
            for one in proposal["criteriaSet"]["criteria"]:
                for guide in ("lowGuide", "middleGuide", "highGuide", "description", "title"):
                    self.assertTrue(one[guide])
        adopted = self.admin.call("CriteriaSetService/AdoptCriteriaSet", {"proposal": "balanced", "criteriaSetId": "balanced", "criteriaSet": {"year": 2026}})
        self.assertEqual((adopted["state"], adopted["proposal"], adopted["year"]), ("CRITERIA_SET_STATE_DRAFT", "balanced", 2026))
        changed = self.admin.call("CriteriaSetService/UpdateCriteriaSet", {"criteriaSet": {"name": adopted["name"], "state": "CRITERIA_SET_STATE_ACTIVE",
                                                                                           "title": "Ours"}, "updateMask": "state,title"})
        self.assertEqual(changed["title"], "Ours")
        self.admin.call("CriteriaSetService/UpdateCriteriaSet", {"criteriaSet": {"name": adopted["name"], "state": "CRITERIA_SET_STATE_RETIRED"},
                                                                 "updateMask": "state"})
        self.refused(self.admin, "CriteriaSetService/UpdateCriteriaSet", {"criteriaSet": {"name": adopted["name"], "title": "Other"},
                                                                          "updateMask": "title"}, PRECONDITION, "retired")
        self.refused(self.admin, "CriteriaSetService/AdoptCriteriaSet", {"proposal": "magic"}, INVALID, "balanced, growth, retention")
        self.refused(self.people["ed"], "CriteriaSetService/AdoptCriteriaSet", {"proposal": "growth"}, DENIED)

    def test_2_what_a_set_may_not_say(self):
        create = "CriteriaSetService/CreateCriteriaSet"
        for criteria, words in (([criterion("a", "STRENGTH", -1)], ["criteria[0].weight"]),
                                ([criterion("a", "STRENGTH", 0), criterion("b", "STRENGTH", 0)], ["all weights of strength are 0"]),
                                ([criterion("a", "STRENGTH"), criterion("a", "ATTRACTIVENESS")], ["criteria[1].id", "another criterion"]),
                                ([criterion("a", "STRENGTH")], ["none is about attractiveness"]),
                                ([criterion("a", "STRENGTH", source="CRITERION_SOURCE_TENURE")], ["bands", "missing"]),
                                ([criterion("a", "STRENGTH", bands=[{"atLeast": 1, "score": 5}])], ["criteria[0].source"]),
                                ([criterion("a", "STRENGTH", source="CRITERION_SOURCE_TENURE",
                                            bands=[{"atLeast": 5, "score": 5}, {"atLeast": 1, "score": 1}])], ["must rise"]),
                                ([criterion("a", "STRENGTH", source="CRITERION_SOURCE_TENURE", bands=[{"atLeast": 5, "score": 11}])], ["bands[0].score"]),
                                ([criterion("a", "AXIS_LESS")], ["axis"])):
            self.refused(self.admin, create, {"criteriaSet": {"title": "x", "state": "CRITERIA_SET_STATE_ACTIVE", "criteria": criteria}}, INVALID, *words)
        self.criteria_set("small")

    def test_3_assessments(self):
        scores = {"growth": 8, "size": 6, "process": 7, "fit": 9}
        first = self.assess("acme", scores, by="kim")
        self.assertTrue(first["name"].endswith("/small-self-kim"))
        self.assertEqual((first["perspective"], first["assessor"]), ("PERSPECTIVE_SELF", "users/kim"))
        self.assess("acme", {"growth": 10, "fit": 7}, by="ed")
        self.assess("acme", {"fit": 4, "growth": 8, "size": 2}, perspective="PERSPECTIVE_CLIENT", respondent="the buyer")
        self.assess("bolt", {"growth": 9, "size": 9, "process": 9, "name": 9, "fit": 2}, user=self.people["ed"])
        self.assess("crane", {"growth": 9})
        create = "AssessmentService/CreateAssessment"
        for field, words in ((dict(scores={"fit": 11}), ["assessment.scores.fit", "is 11", "1 to 10"]), (dict(scores={"fit": 0.5}), ["is 0.5"]),
                             (dict(scores={"shoes": 5}), ["assessment.scores.shoes", "no criterion", "growth, size"]), (dict(notes={"shoes": "x"}),
                                                                                                                        ["assessment.notes.shoes"]),
                             (dict(assessedOn="2099-01-01"), ["assessed_on"]), (dict(criteriaSet="criteriaSets/balanced"), ["retired"])):
            self.refused(self.admin, create, {"parent": "accounts/dyno", "assessment": {"criteriaSet": "criteriaSets/small", **field}}, INVALID, *words)
        self.refused(self.people["kurt"], create, {"parent": "accounts/bolt", "assessment": {"criteriaSet": "criteriaSets/small"}}, NOT_FOUND)

    def test_4_matrix(self):
        matrix = self.admin.call("ChoiceService/GetMatrix", {"details": True, "explain": True})
        self.assertEqual(matrix["criteriaSet"], "criteriaSets/small")
        self.assertEqual((matrix["accountCount"], matrix["rankedCount"]), (5, 2))
        points = {point["account"]: point for point in matrix["points"]}
        acme, bolt, crane, dyno = (points["accounts/" + name] for name in ("acme", "bolt", "crane", "dyno"))
        self.assertEqual([point["account"] for point in matrix["points"]][:2], ["accounts/bolt", "accounts/acme"])
        # The first assessment alone would be 470 / 70; with the second, growth is 9: (135 + 210 + 140) / 70.
        self.assertAlmostEqual(acme["attractiveness"]["value"], 485 / 70)
        self.assertAlmostEqual(acme["attractivenessCoverage"]["value"], 0.7)
        self.assertEqual((acme["strength"]["value"], acme["quadrant"], acme["assessorCount"]), (8, "MATRIX_QUADRANT_INVEST", 2))
        self.assertEqual(bolt["quadrant"], "MATRIX_QUADRANT_DEVELOP")
        self.assertIn("strength is not scored", crane["unrankedReason"])
        self.assertIn("undefinedReason", dyno["attractiveness"])
        self.assertNotIn("value", dyno["attractiveness"])
        growth = acme["criteria"][0]
        self.assertEqual((growth["criterion"], growth["score"]["value"], growth["scoreCount"]), ("growth", 9, 2))
        self.assertAlmostEqual(growth["spread"]["value"], 2 ** 0.5)
        self.assertIn("accounts/acme/assessments/small-self-kim", [i.get("resource") for e in acme["explanation"] for i in e["inputs"]])
        counts = {total.get("quadrant", "none"): total.get("accountCount", 0) for total in matrix["quadrants"]}
        self.assertEqual((counts["MATRIX_QUADRANT_INVEST"], counts["MATRIX_QUADRANT_DEVELOP"]), (1, 1))
        # Page by page it is the same.
        pages, token = [], ""
        while True:
            page = self.admin.call("ChoiceService/GetMatrix", {"pageSize": 2, "pageToken": token})
            pages += [point["account"] for point in page["points"]]
            token = page.get("nextPageToken", "")
            if not token:
                break
        self.assertEqual(pages, [point["account"] for point in matrix["points"]])
        client = self.admin.call("ChoiceService/GetMatrix", {"perspective": "PERSPECTIVE_CLIENT", "filter": "display_name = \"Acme\""})
        self.assertEqual(client["points"][0]["strength"]["value"], 4)
        # Kurt is on the team of one account: he sees that one.
        mine = self.people["kurt"].call("ChoiceService/GetMatrix", {})
        self.assertEqual(([point["account"] for point in mine["points"]], mine["accountCount"]), (["accounts/acme"], 1))
        self.refused(self.admin, "ChoiceService/GetMatrix", {"since": "2020-01-01"}, INVALID, "nothing was recorded yet")
        self.refused(self.admin, "ChoiceService/GetMatrix", {"period": "2020-13"}, INVALID, "period")

    def test_5_round(self):
        rounds, ed = "RoundService/", self.people["ed"]
        create = {"roundId": "2026", "round": {"title": "2026", "year": 2026, "criteriaSet": "criteriaSets/small", "participants": []}}
        self.refused(self.people["kim"], rounds + "CreateRound", create, DENIED)
        ed.call(rounds + "CreateRound", create)
        self.refused(ed, rounds + "OpenRound", {"name": "rounds/2026"}, PRECONDITION, "asks nobody yet")
        self.refused(ed, rounds + "UpdateRound", {"round": {"name": "rounds/2026", "participants": [{"user": "users/ed"}, {"user": "users/ed"}]}}, INVALID,
                     "twice")
        people = [{"user": "users/ed", "level": "PARTICIPANT_LEVEL_EXECUTIVE"}, {"user": "users/eve", "level": "PARTICIPANT_LEVEL_EXECUTIVE"},
                  {"user": "users/kim", "level": "PARTICIPANT_LEVEL_MIDDLE_MANAGEMENT"}]
        ed.call(rounds + "UpdateRound", {"round": {"name": "rounds/2026", "participants": people}})
        self.refused(ed, rounds + "CloseRound", {"name": "rounds/2026"}, PRECONDITION, "not opened yet")
        self.refused(ed, rounds + "DecideRound", {"name": "rounds/2026", "verdicts": [{"account": "accounts/acme", "verdict": "DECISION_VERDICT_SELECT",
                                                                                       "reason": "x"}]}, PRECONDITION, "not opened yet")
        self.refused(ed, "BallotService/CastBallot", {"parent": "rounds/2026", "accounts": ["accounts/acme"]}, PRECONDITION, "not open yet")
        ed.call(rounds + "OpenRound", {"name": "rounds/2026"})
        self.refused(ed, rounds + "OpenRound", {"name": "rounds/2026"}, PRECONDITION, "open already")
        self.refused(ed, rounds + "UpdateRound", {"round": {"name": "rounds/2026", "participants": people[:1]}}, INVALID, "users/eve", "cannot be taken away")
        self.refused(ed, rounds + "DecideRound", {"name": "rounds/2026", "verdicts": [{"account": "accounts/acme", "verdict": "DECISION_VERDICT_SELECT",
                                                                                       "reason": "x"}]}, PRECONDITION, "still open")
        self.refused(self.admin, rounds + "DeleteRound", {"name": "rounds/2026"}, PRECONDITION, "stays on record")
        ed.call(rounds + "UpdateRound", {"round": {"name": "rounds/2026", "participants": people + [{"user": "users/kurt",
                                                                                                     "level": "PARTICIPANT_LEVEL_OTHER"}]}})

    def test_6_ballots(self):
        cast = "BallotService/CastBallot"
        def ballot(*names):
            return {"parent": "rounds/2026", "accounts": ["accounts/" + name for name in names]}
        self.refused(self.admin, cast, ballot("acme"), DENIED, "not among the participants")
        self.refused(self.people["ed"], cast, ballot("acme", "bolt", "acme"), INVALID, "accounts[2]", "named already", "place 1")
        hidden = self.refused(self.people["kurt"], cast, ballot("bolt"), INVALID, "accounts[0]", "not found")
        missing = self.refused(self.people["kurt"], cast, ballot("nope"), INVALID, "accounts[0]", "not found")
        self.assertEqual(json.dumps(hidden).replace("bolt", "nope"), json.dumps(missing))
        self.refused(self.people["ed"], cast, ballot(), INVALID, "accounts")
        self.refused(self.people["ed"], cast, {"parent": "accounts/acme", "accounts": ["accounts/acme"]}, INVALID, "parent")
        self.refused(self.people["ed"], cast, {"parent": "rounds/1999", "accounts": ["accounts/acme"]}, NOT_FOUND)
        self.refused(self.people["ed"], cast, {"parent": "rounds/2026", "accounts": ["users/ed"]}, INVALID, "accounts[0]")
        first = self.people["ed"].call(cast, ballot("eagle", "dyno", "crane"))
        self.assertEqual((first["name"], first["user"], first["castCount"]), ("rounds/2026/ballots/ed", "users/ed", 1))
        again = self.people["ed"].call(cast, {**ballot("acme", "bolt", "crane"), "requestId": "once"})
        self.assertEqual((again["castCount"], again["uid"]), (2, first["uid"]))
        self.assertEqual(self.people["ed"].call(cast, {**ballot("acme", "bolt", "crane"), "requestId": "once"}), again)
        self.people["eve"].call(cast, ballot("acme", "bolt", "dyno"))
        self.people["kim"].call(cast, ballot("acme", "crane", "eagle"))
        self.assertEqual(self.people["kim"].call("BallotService/GetBallot", {"name": "rounds/2026/ballots/kim"})["accounts"][0], "accounts/acme")
        only = self.people["kim"].call("BallotService/ListBallots", {"parent": "rounds/2026", "count": True})
        self.assertEqual(([b["user"] for b in only["ballots"]], int(only["totalSize"])), (["users/kim"], 1))

    def test_7_close_and_compare(self):
        ed, get = self.people["ed"], "ChoiceService/GetAlignment"
        self.refused(ed, get, {"name": "rounds/2026"}, PRECONDITION, "blind until it is closed")
        closed = ed.call("RoundService/CloseRound", {"name": "rounds/2026"})
        self.assertGreater(int(closed["criteriaSetRevision"]), 0)
        self.refused(ed, "RoundService/CloseRound", {"name": "rounds/2026"}, PRECONDITION, "closed already")
        self.refused(ed, "RoundService/OpenRound", {"name": "rounds/2026"}, PRECONDITION, "opened once")
        self.refused(ed, "BallotService/CastBallot", {"parent": "rounds/2026", "accounts": ["accounts/acme"]}, PRECONDITION, "late ballot")
        self.refused(ed, "RoundService/UpdateRound", {"round": {"name": "rounds/2026", "year": 2027}}, PRECONDITION, "round.year")
        self.refused(self.people["kim"], get, {"name": "rounds/2026"}, DENIED)
        alignment = ed.call(get, {"name": "rounds/2026", "explain": True})
        self.assertAlmostEqual(alignment["overlap"]["value"], 0.4)
        self.assertEqual((alignment["participantCount"], alignment["ballotCount"], alignment["missing"]), (4, 3, ["users/kurt"]))
        support = {row["account"]: row for row in alignment["accounts"]}
        self.assertEqual(alignment["accounts"][0]["account"], "accounts/acme")
        self.assertEqual((support["accounts/acme"]["support"]["value"], support["accounts/acme"].get("splits", False)), (1, False))
        self.assertAlmostEqual(support["accounts/bolt"]["support"]["value"], 2 / 3)
        self.assertTrue(support["accounts/bolt"]["splits"])
        self.assertEqual(support["accounts/bolt"]["executiveSupport"]["value"], 1)
        self.assertEqual(support["accounts/bolt"]["middleManagementSupport"]["value"], 0)
        levels = {(row["level"], row["otherLevel"]): row for row in alignment["levels"]}
        self.assertAlmostEqual(levels["PARTICIPANT_LEVEL_EXECUTIVE", "PARTICIPANT_LEVEL_EXECUTIVE"]["overlap"]["value"], 0.5)
        self.assertIn("undefinedReason", levels["PARTICIPANT_LEVEL_OTHER", "PARTICIPANT_LEVEL_OTHER"]["overlap"])
        self.assertAlmostEqual(alignment["crossOverlap"]["value"], 0.35)
        self.assertTrue(alignment["misaligned"])
        self.assertIn("35 %", alignment["misalignedText"])
        self.assertEqual(len(alignment["voters"][0]["overlaps"]), 3)
        self.assertEqual([point["round"] for point in alignment["trend"]], ["rounds/2026"])
        self.assertEqual(len(self.admin.call("BallotService/ListBallots", {"parent": "rounds/2026"})["ballots"]), 3)
        self.assertEqual([b["user"] for b in self.people["kim"].call("BallotService/ListBallots", {})["ballots"]], ["users/kim"])

    def test_8_decide(self):
        ed, decide = self.people["ed"], "RoundService/DecideRound"
        def verdicts(*rows):
            return {"name": "rounds/2026", "verdicts": [{"account": "accounts/" + row[0], "verdict": "DECISION_VERDICT_" + row[1], "reason": row[2],
                                                         **({"phase": "PHASE_" + row[3]} if row[3:] else {})} for row in rows]}
        self.refused(self.people["kim"], decide, verdicts(("acme", "SELECT", "x")), DENIED)
        self.refused(ed, decide, verdicts(("acme", "KEEP", "x")), INVALID, "no key account")
        self.refused(ed, decide, verdicts(("acme", "SELECT", "x", "MAINTENANCE")), INVALID, "phase")
        self.refused(ed, decide, verdicts(("acme", "SELECT", "x"), ("acme", "WATCH", "y")), INVALID, "verdicts[1].account", "twice")
        self.refused(ed, decide, verdicts(("acme", "SELECT", "")), INVALID, "reason")
        self.refused(ed, decide, verdicts(("acme", "SELECT", "x"), ("nobody", "SELECT", "y")), INVALID, "verdicts[1].account", "not found")
        decided = ed.call(decide, verdicts(("acme", "SELECT", "all name it"), ("bolt", "WATCH", "we are weak there")))
        self.assertEqual(decided["state"], "ROUND_STATE_DECIDED")
        decision = ed.call("DecisionService/GetDecision", {"name": "rounds/2026/decisions/acme"})
        self.assertAlmostEqual(decision["attractiveness"]["value"], 485 / 70)
        self.assertEqual((decision["support"]["value"], decision["namedCount"], decision["ballotCount"], decision["phase"]), (1, 3, 3, "PHASE_KEY"))
        account = self.admin.call("AccountService/GetAccount", {"name": "accounts/acme"})
        self.assertEqual((account["phase"], account["decision"]), ("PHASE_KEY", "rounds/2026/decisions/acme"))
        self.refused(self.admin, "AccountService/UpdateAccount", {"account": {"name": "accounts/acme", "phase": "PHASE_DESELECTED"}}, PRECONDITION,
                     "another decision only")
        # Whoever sees the account sees what was decided about it, and nothing else.
        seen = self.people["kurt"].call("DecisionService/ListDecisions", {"parent": "rounds/2026"})
        self.assertEqual([row["account"] for row in seen["decisions"]], ["accounts/acme"])
        # Decided again: replaced, and both are kept.
        ed.call(decide, verdicts(("acme", "DESELECT", "it left the business")))
        versions = ed.call("DecisionService/ListDecisionVersions", {"name": "rounds/2026/decisions/acme"})["versions"]
        self.assertEqual([version["resource"]["verdict"] for version in versions], ["DECISION_VERDICT_DESELECT", "DECISION_VERDICT_SELECT"])
        self.assertEqual(self.admin.call("AccountService/GetAccount", {"name": "accounts/acme"})["phase"], "PHASE_DESELECTED")

    def test_9_next_year(self):
        ed = self.people["ed"]
        copy = ed.call("RoundService/CopyRound", {"name": "rounds/2026", "roundId": "2027"})
        self.assertEqual((copy["state"], copy["year"], copy["copiedFrom"], len(copy["participants"])), ("ROUND_STATE_DRAFT", 2027, "rounds/2026", 4))
        ed.call("RoundService/OpenRound", {"name": "rounds/2027"})
        ed.call("RoundService/CloseRound", {"name": "rounds/2027"})
        alignment = ed.call("ChoiceService/GetAlignment", {"name": "rounds/2027"})
        self.assertIn("no ballot", alignment["overlap"]["undefinedReason"])
        self.assertEqual([point["round"] for point in alignment["trend"]], ["rounds/2026", "rounds/2027"])
        # The closed round keeps the version of its set.
        before = ed.call("ChoiceService/GetMatrix", {"round": "rounds/2026"})
        self.admin.call("CriteriaSetService/UpdateCriteriaSet", {"criteriaSet": {"name": "criteriaSets/small", "criteria": SMALL_SET["criteria"][1:]}})
        after = ed.call("ChoiceService/GetMatrix", {"round": "rounds/2026"})
        self.assertEqual((before["points"], before["criteriaSetRevision"]), (after["points"], after["criteriaSetRevision"]))
        self.assertNotEqual(ed.call("ChoiceService/GetMatrix", {})["points"], after["points"])


if __name__ == "__main__":
    unittest.main()
