#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Choosing key accounts at the command line: from no criteria to a recorded decision, questions at a terminal, drawings on wide and narrow ones, as SVG, and what is refused."""

import fcntl
import os
import re
import signal
import struct
import subprocess
import sys
import termios
import unittest
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest
from kamtest import CONFLICT, DECLINED, NOT_FOUND, OK, USAGE

SVG = "{http://www.w3.org/2000/svg}"
PEOPLE = {"anna": "EXECUTIVE", "bert": "EXECUTIVE", "carla": "MIDDLE_MANAGEMENT"}


class Terminal:
    """kam on a terminal of its own: what it asks is waited for, what is answered is typed."""

    def __init__(self, user, *words, columns=80, **environment):
        self.reader, writer = os.openpty()
        fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.text, self.seen = "", 0
        self.process = subprocess.Popen([kamtest.KAM, *words], env={**user.environment, "TERM": "xterm", **environment}, stdin=writer, stdout=writer, stderr=writer,
                                        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(writer)

    def read(self):
        try:
            chunk = os.read(self.reader, 65536)
        except OSError:  # the other end is closed
            chunk = b""
        self.text += chunk.decode("utf-8", "replace")
        return chunk

    def wait_for(self, text):
        """Reads up to the next `text`; answers what came before it."""
        while text not in self.text[self.seen:]:
            if not self.read():
                raise AssertionError("%r did not come:\n%s" % (text, self.text))
        start, self.seen = self.seen, self.text.index(text, self.seen) + len(text)
        return self.text[start:self.seen]

    def type(self, text):
        os.write(self.reader, text.encode())

    def answer(self, *lines, prompt="]: "):
        """Each line is typed when it is asked for."""
        for line in lines:
            self.wait_for(prompt)
            self.type(line + "\n")

    def end(self):
        while self.read():
            pass
        os.close(self.reader)
        return self.process.wait(30 * kamtest.PATIENCE)


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text.replace("\r\n", "\n"))


class ChooseCli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = kamtest.Server.of_class(cls)
        admin = cls.admin
        for account in ("acme", "bolt", "crane", "dust"):
            admin.run("accounts", "create", account, "--set", "display_name=" + account.capitalize())
        for period, units in (("2023", 400), ("2024", 500)):
            admin.run("financials", "create", period, "--account", "acme", "--set", "revenue=%d EUR" % (units * 1000))
            admin.run("financials", "create", period, "--account", "bolt", "--set", "revenue=%d EUR" % (units * 100))
        cls.people = {name: server.new_user(name, "executive") for name in PEOPLE}

    def test_from_nothing_to_a_decision(self):
        """What README's tour tells, by kam alone."""
        admin = self.admin
        proposals = admin.run("criteria-sets", "list-proposals").out
        for part in ("PROPOSAL", "product-fit", "attractiveness", "balanced: "):
            self.assertIn(part, proposals)
        self.assertIn("balanced", admin.run("criteria-sets", "list-proposals", "-o", "name").out.split())
        criteria = admin.run("criteria-sets", "list-proposals", "-o", "csv").out
        self.assertTrue(criteria.startswith("proposal,criterion,axis,weight,asks\n"), criteria)
        self.assertNotIn("balanced: ", criteria)
        self.assertIn("balanced,Balanced", admin.run("criteria-sets", "list-proposals", "--columns", "id,criteria_set.title", "-o", "csv").out.splitlines())
        admin.run("criteria-sets", "adopt", "tour", "--proposal", "balanced", "--set", "title=Tour", "--set", "year=2030")
        before = {item["id"]: item for item in admin.json("criteria-sets", "get", "tour")["criteria"]}
        admin.run("criteria-sets", "update", "tour", "--set", "criteria.product-fit.weight=40", "--set", "criteria.tenure=", "--set", "criteria.own.title=Our own",
                  "--set", "criteria.own.axis=STRENGTH", "--set", "criteria.own.weight=5")
        after = {item["id"]: item for item in admin.json("criteria-sets", "get", "tour")["criteria"]}
        self.assertEqual(set(after) ^ set(before), {"tenure", "own"})
        self.assertEqual((after["product-fit"]["weight"], after["product-fit"]["title"]), (40, before["product-fit"]["title"]))
        self.assertEqual(after["solvency"], before["solvency"])
        admin.run("criteria-sets", "update", "tour", "--set", "state=ACTIVE")
        for account, score in (("acme", 8), ("bolt", 4)):
            admin.run("assess", account, "--criteria-set", "tour", *["--set=%s=%d" % (item, score) for item in after])
        self.assertIn("Acme  8.0 / 8.0", admin.run("matrix", "--criteria-set", "tour").out)
        admin.run("rounds", "create", "tour", "--set", "title=Tour", "--set", "year=2030", "--set", "criteria_set=tour",
                  *["--set=participants.%s.level=%s" % person for person in PEOPLE.items()])
        self.assertIn("not open yet", self.people["anna"].run("rounds", "vote", "tour", "acme", expect=CONFLICT).err)
        admin.run("rounds", "open", "tour")
        for name, ballot in (("anna", ["acme", "bolt"]), ("bert", ["bolt", "acme"]), ("carla", ["acme", "crane"])):
            self.assertIn("nobody else can read it", self.people[name].run("rounds", "vote", "tour", *ballot).out)
        self.people["anna"].run("rounds", "vote", "tour", "acme", "bolt")
        self.assertEqual(admin.run("ballots", "list", "--parent", "tour", "-o", "name").out, "")
        self.assertIn("blind until it is closed", admin.run("alignment", "tour", expect=CONFLICT).err)
        self.assertIn("still open", admin.run("rounds", "decide", "tour", "--select", "acme", "--reason", "x", expect=CONFLICT).err)
        admin.run("rounds", "close", "tour")
        late = self.people["carla"].run("rounds", "vote", "tour", "acme", expect=CONFLICT)
        self.assertIn("a late ballot does not count", late.err)
        self.assertIn("closed already", admin.run("rounds", "close", "tour", expect=CONFLICT).err)
        text = admin.run("alignment", "tour").out
        for part in ("3 of 3 cast a ballot", "100.00 %  3 of 3", "66.67 %  2 of 3, splits the room", "1 anna", "55.56 %"):
            self.assertIn(part, text)
        self.assertIn("Would have decided about 1 account", admin.run("rounds", "decide", "tour", "--select", "acme", "--reason", "All name it", "--dry-run").out)
        admin.run("rounds", "decide", "tour", "--select", "acme", "--reason", "All name it")
        admin.run("rounds", "decide", "tour", "--watch", "bolt", "--reason", "Not yet")
        decision = admin.json("decisions", "get", "tour/acme")
        self.assertEqual((decision["verdict"], decision["reason"], decision["support"]["value"], decision["attractiveness"]["value"]),
                         ("DECISION_VERDICT_SELECT", "All name it", 1, 8))
        self.assertEqual(admin.json("accounts", "get", "acme")["phase"], "PHASE_KEY")
        self.assertEqual(admin.json("accounts", "get", "bolt")["phase"], "PHASE_CANDIDATE")
        admin.run("rounds", "copy", "tour", "tour-2031")
        self.assertEqual(admin.json("rounds", "get", "tour-2031")["year"], 2031)

    # ---- assessing ----

    def criteria_set(self, name):
        """Three criteria, in use."""
        self.admin.run("criteria-sets", "create", name, "--set", "title=" + name, "--set", "criteria.fit.title=Product fit", "--set", "criteria.fit.axis=STRENGTH",
                       "--set", "criteria.fit.weight=2", "--set", "criteria.fit.low_guide=Needs what we do not have", "--set", "criteria.fit.high_guide=Made for it",
                       "--set", "criteria.size.title=Size", "--set", "criteria.size.axis=ATTRACTIVENESS", "--set", "criteria.size.weight=1",
                       "--set", "criteria.growth.title=Growth", "--set", "criteria.growth.axis=ATTRACTIVENESS", "--set", "criteria.growth.weight=1")
        self.admin.run("criteria-sets", "update", name, "--set", "state=ACTIVE")
        return name

    def assessments(self, account, name):
        return [item for item in self.admin.json("assessments", "list", "--account", account)["assessments"] if item["criteriaSet"] == "criteriaSets/" + name]

    def test_questions_at_a_terminal(self):
        name = self.criteria_set("asked")
        terminal = Terminal(self.admin, "assess", "crane", "--criteria-set", name)
        first = plain(terminal.wait_for("]: "))
        for part in ("1 of 3  Product fit (strength, weight 2)", "   1  Needs what we do not have", "  10  Made for it", "Score [none"):
            self.assertIn(part, first)
        terminal.type("11\n")
        self.assertNotIn("Product fit", terminal.wait_for("]: "))
        terminal.type("?\n")
        self.assertIn("Product fit", terminal.wait_for("]: "))
        terminal.type("7.5\n")
        self.assertIn("2 of 3  Size", terminal.wait_for("]: "))
        terminal.type("-\n")
        self.assertIn("Score [7.5", terminal.wait_for("]: "))
        terminal.type("\n")
        terminal.answer("", "9")
        summary = plain(terminal.wait_for("[y/N] "))
        for part in ("Product fit  7.5", "Size         unscored", "Growth       9", "Write 2 scores?"):
            self.assertIn(part, summary)
        self.assertEqual(self.assessments("crane", name), [])
        terminal.type("y\n")
        self.assertEqual(terminal.end(), OK, terminal.text)
        self.assertEqual([item["scores"] for item in self.assessments("crane", name)], [{"fit": 7.5, "growth": 9}])
        self.admin.run("assess", "crane", "--criteria-set", name, "--perspective", "client", "--set", "fit=4", "--respondent", "Head of purchasing")

        again = Terminal(self.admin, "assess", "crane", "--criteria-set", name)
        shown = plain(again.wait_for("]: "))
        for part in ("We score 7.5 so far: mean of 1", "The client scores 4: mean of 1", "Score [7.5"):
            self.assertIn(part, shown)
        again.type("8\n")
        again.answer("", "x")
        self.assertIn("Growth       unscored, before 9", plain(again.wait_for("[y/N] ")))
        again.type("y\n")
        self.assertEqual(again.end(), OK, again.text)
        mine = [item for item in self.assessments("crane", name) if item["perspective"] == "PERSPECTIVE_SELF"]
        self.assertEqual([item["scores"] for item in mine], [{"fit": 8}])

    def test_nothing_is_written_before_the_last_question(self):
        name = self.criteria_set("unwritten")
        for ending, status in (("n\n", DECLINED), ("\n", DECLINED), ("\x03", 130), ("\x04", DECLINED)):
            with self.subTest(ending):
                terminal = Terminal(self.admin, "assess", "dust", "--criteria-set", name)
                terminal.answer("5", "5", "5")
                terminal.wait_for("[y/N] ")
                terminal.type(ending)
                self.assertEqual(terminal.end(), status, terminal.text)
        for ending, status in (("\x03", 130), ("\x04", DECLINED)):
            with self.subTest(ending):
                terminal = Terminal(self.admin, "assess", "dust", "--criteria-set", name)
                terminal.answer("5")
                terminal.wait_for("]: ")
                if ending == "\x03":  # typed, it may make the terminal throw away what kam then says
                    os.kill(terminal.process.pid, signal.SIGINT)
                else:
                    terminal.type(ending)
                self.assertEqual(terminal.end(), status, terminal.text)
                self.assertIn("nothing was written", terminal.text)
        terminal = Terminal(self.admin, "assess", "dust", "--criteria-set", name)
        terminal.answer("", "", "")
        self.assertEqual(terminal.end(), DECLINED, terminal.text)
        self.assertEqual(self.assessments("dust", name), [])

    def test_assessing_without_a_terminal(self):
        name = self.criteria_set("flags")
        admin = self.admin
        for words, says in (((), "--set CRITERION=SCORE"), (("--no-input",), "--set CRITERION=SCORE"), (("--set", "fit"), "write CRITERION=SCORE"), (("--set", "fit=11"), "1 to 10"),
                            (("--set", "fit=many"), "1 to 10"), (("--set", "fti=5"), "did you mean fit?"), (("--note", "fit"), "write CRITERION=TEXT"),
                            (("--set", "fit=5", "--perspective", "theirs"), "--perspective")):
            with self.subTest(words):
                self.assertIn(says, admin.run("assess", "dust", "--criteria-set", name, *words, expect=USAGE).err)
        admin.run("assess", "nobody", "--criteria-set", name, "--set", "fit=5", expect=NOT_FOUND)
        admin.run("assess", "dust", "--criteria-set", "none", "--set", "fit=5", expect=NOT_FOUND)
        admin.run("assess", "dust", "--criteria-set", name, "--set", "fit=5", "--dry-run")
        self.assertEqual(self.assessments("dust", name), [])
        file = kamtest.write_private(self.server.folder + "/dust.json", '{"scores": {"fit": 6, "size": 2}, "notes": {"fit": "as told"}, "summary": "Small"}')
        reply = admin.json("assess", "dust", "--criteria-set", name, "--file", file, "--set", "size=3")
        self.assertEqual((reply["scores"], reply["notes"], reply["summary"]), ({"fit": 6, "size": 3}, {"fit": "as told"}, "Small"))
        admin.run("assess", "dust", "--criteria-set", name, "--set", "fit=", "--set", "size=4")
        self.assertEqual([item["scores"] for item in self.assessments("dust", name)], [{"size": 4}])
        self.assertIn("nothing to write", admin.run("assess", "dust", "--criteria-set", name, "--set", "size=4", expect=USAGE).err)

    def test_scores_of_a_portfolio_from_a_spreadsheet(self):
        name, admin = self.criteria_set("sheet"), self.admin
        rows = "account,criteria_set,assessor,scores.fit,scores.size,notes.fit\nacme,sheet,anna,%s,8,good\naccounts/bolt,criteriaSets/sheet,anna,3,,\ndust,sheet,anna,11,2,\n"
        file = kamtest.write_private(self.server.folder + "/scores.csv", rows % 7)
        tried = admin.run("import", "assessments", file, "--dry-run", expect=kamtest.PARTLY)
        self.assertIn("3 rows: 2 would be created, 0 would be updated, 0 unchanged, 1 failed", tried.out + tried.err)
        self.assertEqual(self.assessments("acme", name), [])
        admin.run("import", "assessments", file, expect=kamtest.PARTLY)
        kamtest.write_private(file, rows % 9)
        again = admin.run("import", "assessments", file, expect=kamtest.PARTLY)
        self.assertIn("3 rows: 0 created, 1 updated, 1 unchanged, 1 failed", again.out + again.err)
        self.assertEqual([(item["assessor"], item["scores"], item["notes"]) for item in self.assessments("acme", name)], [("users/anna", {"fit": 9, "size": 8}, {"fit": "good"})])
        self.assertEqual([item["scores"] for item in self.assessments("bolt", name)], [{"fit": 3}])
        self.assertEqual([item["name"] for item in self.assessments("acme", name)], ["accounts/acme/assessments/sheet-self-anna"])  # as kam assess names it
        kamtest.write_private(file, "account,scors\n")
        self.assertIn("did you mean scores?", admin.run("import", "assessments", file, expect=USAGE).err)
        kamtest.write_private(file, "display_name\nNew\n")
        self.assertIn("--key A,B", admin.run("import", "accounts", file, expect=USAGE).err)
        self.assertIn("leave out one of the two", admin.run("import", "accounts", file, "--map", "maven-accounts", "--key", "id", expect=USAGE).err)

    # ---- drawing ----

    def judged(self, name):
        """Every account judged by everybody's favourite set, one with a name that means harm."""
        self.criteria_set(name)
        admin = self.admin
        if admin.try_run("accounts", "get", "hostile").status == NOT_FOUND:
            admin.call("AccountService/CreateAccount", {"accountId": "hostile", "account": {"displayName": "<b>\"A\" & 'B'\x1b[3m\u202e"}})
        for account, fit, size in (("acme", 9, 8), ("bolt", 2, 9), ("crane", 8, 2), ("dust", 2, 2), ("hostile", 6, 6)):
            admin.run("assess", account, "--criteria-set", name, "--set", "fit=%d" % fit, "--set", "size=%d" % size, "--set", "growth=%d" % size)
        return name

    def svg(self, *words):
        """The drawing, checked as XML: no script, nothing from elsewhere, text as text."""
        text = self.admin.run(*words, "-o", "svg").out
        self.assertEqual(text, self.admin.run(*words, "-o", "svg").out)
        root = xml.etree.ElementTree.fromstring(text)
        self.assertEqual((root.tag, root.get("role"), root[0].tag, root[1].tag), (SVG + "svg", "img", SVG + "title", SVG + "desc"))
        self.assertTrue(root[0].text and root[1].text)
        for element in root.iter():
            self.assertIn(element.tag[len(SVG):], ("svg", "title", "desc", "style", "rect", "line", "circle", "text"))
            self.assertFalse([key for key in element.attrib if key.startswith("on") or "href" in key], element.attrib)
        for forbidden in ("url(", "@import", "<!"):
            self.assertNotIn(forbidden, text)
        return root

    def test_the_matrix_is_drawn(self):
        name = self.judged("drawn")
        admin = self.admin
        text = admin.run("matrix", "--criteria-set", name, "--period", "2024").out
        for part in ("develop", "invest", "keep lean", "maintain", "Acme", "8.0 / 9.0  500,000 EUR", "attractiveness", "strength \u2192"):
            self.assertIn(part, text)
        self.assertNotIn("\x1b", text)
        root = self.svg("matrix", "--criteria-set", name, "--period", "2024")
        words = [element.text for element in root.iter(SVG + "text")]
        self.assertIn("Acme", words)
        self.assertIn("<b>\"A\" & 'B'\\u001b[3m\\u202e", words)
        same = admin.json("matrix", "--criteria-set", name, "--period", "2024")
        self.assertEqual({point["account"] for point in same["points"] if "quadrant" in point} >= {"accounts/acme", "accounts/bolt"}, True)
        self.assertEqual([line.split(",")[0] for line in admin.run("matrix", "--criteria-set", name, "-o", "csv").out.splitlines()][1:], [point["account"] for point in same["points"]])
        self.assertIn("accounts/acme\n", admin.run("matrix", "--criteria-set", name, "-o", "name").out)
        self.assertIn("account: accounts/acme", admin.run("matrix", "--criteria-set", name, "-o", "yaml").out)
        self.assertIn("attractiveness of accounts/acme = 8", admin.run("matrix", "--criteria-set", name, "--explain").out)

    def test_drawings_fit_the_terminal(self):
        name = self.judged("fits")
        for columns in (60, 100):
            with self.subTest(columns):
                terminal = Terminal(self.admin, "matrix", "--criteria-set", name, columns=columns)
                self.assertEqual(terminal.end(), OK, terminal.text)
                self.assertIn("\x1b[", terminal.text)
                lines = plain(terminal.text).split("\n")
                self.assertLessEqual(max(len(line) for line in lines), columns)
                self.assertNotIn("\u202e", terminal.text)
        for environment, words in (({"NO_COLOR": "1"}, ()), ({"TERM": "dumb"}, ()), ({}, ("--no-color",))):
            with self.subTest(environment):
                terminal = Terminal(self.admin, "matrix", "--criteria-set", name, *words, **environment)
                self.assertEqual(terminal.end(), OK, terminal.text)
                self.assertNotIn("\x1b", terminal.text)
                self.assertIn("Acme", terminal.text)

    def test_movement_and_the_past(self):
        name = self.judged("moved")
        admin = self.admin
        revision = admin.json("matrix", "--criteria-set", name)["revision"]
        admin.run("assess", "acme", "--criteria-set", name, "--set", "fit=3")
        self.assertIn("8.0 / 3.0", admin.run("matrix", "--criteria-set", name).out)
        self.assertIn("8.0 / 9.0", admin.run("matrix", "--criteria-set", name, "--as-of", revision).out)

    def test_gap_and_why_a_score_is_what_it_is(self):
        name = self.judged("gapped")
        admin = self.admin
        admin.run("assess", "acme", "--criteria-set", name, "--perspective", "CLIENT", "--set", "fit=4", "--set", "size=7")
        text = admin.run("gap", "acme", "--criteria-set", name).out
        for part in ("+5.0  we 9.0, they 4.0", "+1.0  we 8.0, they 7.0", "Mean gap: 3; alarm from 2.0 on", "! ", "\u25cb the client", "undefined: "):
            self.assertIn(part, text)
        self.assertNotIn("mean_gap of", text)
        self.assertIn("mean_gap of accounts/acme = 3", admin.run("gap", "acme", "--criteria-set", name, "--explain").out)
        self.svg("gap", "acme", "--criteria-set", name)
        text = admin.run("explain", "score", "acme", "--criteria-set", name).out
        for part in ("Strength 9", "Attractiveness 8", "9.0  weight 2"):
            self.assertIn(part, text)
        self.svg("explain", "score", "acme", "--criteria-set", name)

    def test_alignment_as_svg(self):
        name, admin = self.criteria_set("ballots"), self.admin
        admin.run("rounds", "create", "svg", "--set", "title=<Round> & \"co\"", "--set", "criteria_set=" + name, *["--set=participants.%s.level=%s" % item for item in PEOPLE.items()])
        admin.run("rounds", "open", "svg")
        for person, ballot in (("anna", "acme bolt"), ("bert", "acme crane"), ("carla", "dust")):
            self.people[person].run("rounds", "vote", "svg", *ballot.split())
        admin.run("rounds", "close", "svg")
        root = self.svg("alignment", "svg")
        self.assertIn("<Round> & \"co\"", root[0].text)
        reply = admin.json("alignment", "svg")
        self.assertAlmostEqual(reply["overlap"]["value"], 1 / 9)
        self.assertIn("11.11 %", admin.run("alignment", "svg").out)

    def test_growth_and_impact(self):
        admin = self.admin
        text = admin.run("growth", "acme", "--period", "2024").out
        for part in ("Growth at Acme from 2023 to 2024", "500,000 EUR, before 400,000 EUR", "we there", "+25.00 %", "the client      undefined: ", "competitor has more: "):
            self.assertIn(part, text)
        self.assertRegex(text, r"we in total +\S* *\+25.00 %")
        text = admin.run("growth", "--period", "2024").out
        for part in ("Acme ", "all accounts", "+25.00 %", "Crane", "undefined: ", "550,000 EUR, before 440,000 EUR"):
            self.assertIn(part, text)
        self.svg("growth", "--period", "2024")
        text = admin.run("impact", "acme", "bolt", "--period", "2024", "--likelihood", "acme=0.1", "--likelihood", "bolt=0.2").out
        for part in ("Lost: 100.00 % of our revenue of 550,000 EUR", "Acme ", "90.91 %  500,000 EUR", "8347 of 10000, 2 accounts", "Expected loss of revenue: 60,000 EUR", "Margin: \u2013"):
            self.assertIn(part, text)
        self.svg("impact", "acme", "--period", "2024")
        self.assertEqual(admin.json("impact", "acme", "--period", "2024")["rows"][0]["revenue"]["units"], "500000")
        for wrong in ("acme", "=0.5", "acme=", "acme=2", "acme=x", "acme=nan"):
            self.assertIn("write ACCOUNT=SHARE", admin.run("impact", "acme", "--likelihood", wrong, expect=USAGE).err)
        admin.run("impact", expect=USAGE)
        admin.run("impact", "none", expect=NOT_FOUND)

    def test_whitespace_and_its_cells(self):
        admin = self.admin
        for product in ("pump", "valve"):
            admin.run("products", "create", product, "--set", "display_name=" + product.capitalize())
        self.assertIn("No cell is there", admin.run("whitespace").out)
        admin.run("whitespace", "create", "--account", "acme", "--set", "unit=Plant A", "--set", "product=pump", "--set", "holder=US", "--set", "spend=100000 EUR",
                  "--set", "potential=220000 EUR")
        admin.run("whitespace", "create", "--account", "acme", "--set", "unit=<B>", "--set", "product=valve", "--set", "holder=NONE", "--set", "potential=1500000 EUR")
        admin.run("whitespace", "create", "--account", "acme", "--set", "unit=<B>", "--set", "product=pump", "--set", "holder=NOT_APPLICABLE")
        self.assertEqual(len(admin.run("whitespace", "list", "--account", "acme", "-o", "name").out.split()), 3)
        text = admin.run("whitespace", "acme").out
        for part in ("Whitespace 1,620,000 EUR", "we sell in 1 of 2 cells", "120 k u", "1.5 M n", "n/a"):
            self.assertIn(part, text)
        self.assertIn("1.5 M", admin.run("whitespace").out)
        words = [element.text for element in self.svg("whitespace", "acme").iter(SVG + "text")]
        self.assertIn("<B>", words)

    def test_candidates_and_backtest(self):
        name, admin = self.judged("gates"), self.admin
        admin.run("criteria-sets", "update", name, "--set", "minimum_growth=0.2")
        text = admin.run("candidates", "--criteria-set", name, "--period", "2024", "--verdicts", "CANDIDATE", "--verdicts", "CONFIRMED", "--verdicts", "UNKNOWN").out
        for part in ("Candidates among 5 accounts by criteriaSets/gates, 2024", "Acme ", "Data lacks to say so", "Revenue by volume", "A  ", "(not known)"):
            self.assertIn(part, text)
        self.assertIn("Of no account is that said", admin.run("candidates", "--criteria-set", name, "--period", "2024", "--verdicts", "NOT_A_CANDIDATE").out)
        self.svg("candidates", "--criteria-set", name, "--period", "2024")
        self.assertIn("--from is needed", admin.run("backtest", expect=USAGE).err)
        self.assertIn("nothing was recorded yet", admin.run("backtest", "--from", "2001-01-01", expect=kamtest.OTHER).err)
        today = admin.json("criteria-sets", "get", name)["updateTime"][:10]
        words = ("backtest", "--from", today, "--criteria-set", name, "--from-period", "2023", "--period", "2024")
        text = admin.run(*words).out
        for part in ("foretold growth from 2023 to 2024", "Product fit", "undefined: fewer than three accounts have both", "Strength as a whole"):
            self.assertIn(part, text)
        self.svg(*words)

    # ---- what is refused ----

    def test_refusals(self):
        admin = self.admin
        name = self.criteria_set("refusing")
        admin.run("rounds", "create", "refusing", "--set", "title=R", "--set", "criteria_set=" + name, "--set", "participants.anna.level=EXECUTIVE")
        admin.run("rounds", "open", "refusing")
        anna = self.people["anna"]
        cases = [
            (admin, ("alignment", "nowhere"), NOT_FOUND, "rounds/nowhere not found"),
            (admin, ("alignment",), USAGE, "kam alignment ROUND"),
            (admin, ("matrix", "--criteria-set", "none"), NOT_FOUND, "criteriaSets/none not found"),
            (admin, ("matrix", "--period", "20245"), None, "period"),
            (admin, ("matrix", "acme"), USAGE, "does not take"),
            (admin, ("accounts", "list", "-o", "svg"), USAGE, "has no drawing"),
            (admin, ("rounds", "vote", "refusing"), USAGE, "kam rounds vote ROUND ACCOUNT..."),
            (admin, ("rounds", "vote", "refusing", "acme"), None, ""),
            (anna, ("rounds", "vote", "refusing", "acme", "bolt", "acme"), None, "named already"),
            (anna, ("rounds", "vote", "refusing", "acme", "none"), None, "accounts/none not found"),
            (admin, ("rounds", "decide", "refusing"), USAGE, "nothing is decided"),
            (admin, ("rounds", "decide", "refusing", "--select", "acme"), USAGE, "--reason"),
            (admin, ("rounds", "decide", "refusing", "--select", "acme", "--reason", "x", "--phase", "up"), USAGE, "--phase"),
            (admin, ("rounds", "decide", "refusing", "--select", "acme", "--reason", "x"), CONFLICT, "still open"),
            (admin, ("criteria-sets", "adopt", "x", "--proposal", "none"), None, "there are balanced"),
            (admin, ("criteria-sets", "update", name, "--set", "criteria.fit.weight=-1"), None, "weight"),
            (admin, ("criteria-sets", "update", name, "--set", "criteria.fit.wieght=1"), USAGE, "did you mean weight?"),
            (admin, ("criteria-sets", "update", name, "--set", "criteria.none="), USAGE, "none such"),
        ]
        for user, words, status, says in cases:
            with self.subTest(words):
                result = user.try_run(*words)
                self.assertNotEqual(result.status, OK, result)
                if status is not None:
                    self.assertEqual(result.status, status, result)
                self.assertIn(says, result.err)
                self.assertEqual(result.out, "")

    def test_a_change_of_one_weight_does_not_undo_anothers(self):
        name = self.criteria_set("shared")
        etag = self.admin.json("criteria-sets", "get", name)["etag"]
        self.admin.run("criteria-sets", "update", name, "--set", "criteria.fit.weight=3")
        self.admin.run("criteria-sets", "update", name, "--set", "criteria.size.weight=4")
        self.admin.run("criteria-sets", "update", name, "--set", "criteria.size.weight=5", "--etag", etag, expect=CONFLICT)
        weights = {item["id"]: item["weight"] for item in self.admin.json("criteria-sets", "get", name)["criteria"]}
        self.assertEqual(weights, {"fit": 3, "size": 4, "growth": 1})


if __name__ == "__main__":
    unittest.main()
