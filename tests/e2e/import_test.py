#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Bringing data in: bad rows are told by line, column and reason and the rest goes in; twice is the same as once; a dry run says what would happen."""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest

MAP = {
    "resource": "accounts", "system": "erp", "keyColumns": ["no"],
    "fields": [
        {"field": "display_name", "column": "name", "required": True},
        {"field": "employees", "column": "staff"},
        {"field": "customer_since", "column": "since", "dateFormat": "DD.MM.YYYY"},
        {"field": "annual_revenue", "column": "revenue", "scale": 1000000, "currencyCode": "EUR"},
        {"field": "phase", "column": "status", "values": [{"from": "Top", "to": "KEY"}, {"from": "Other", "to": "NONE"}], "valuesOnly": True},
        {"field": "parent_account", "column": "group", "lookup": "LOOKUP_DISPLAY_NAME", "emptyValues": ["-"]},
    ],
}
HEAD = "no,name,staff,since,revenue,status,group\n"


class Import(unittest.TestCase):
    def setUp(self):
        self.server = kamtest.Server()
        self.addCleanup(self.server.close)
        self.server.init()
        self.server.start()
        self.admin = self.server.admin()
        self.map = self.write("map.json", json.dumps(MAP).encode())

    def write(self, name, data):
        path = os.path.join(self.server.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def load(self, data, *words, expect=kamtest.OK):
        path = self.write("rows.csv", data if isinstance(data, bytes) else data.encode())
        return self.admin.run("import", "accounts", path, "--map", self.map, *words, "-o", "json", expect=expect).json()

    def counts(self, reply):
        return tuple(int(reply.get(name, 0)) for name in ("created", "updated", "unchanged", "failed"))

    def accounts(self):
        return {account["displayName"]: account for account in self.admin.json("accounts", "list", "--all")["accounts"]}

    def test_good_rows_twice(self):
        rows = HEAD + ('1,"Müller, ""Söhne"" & Co",12,28.03.2015,1.5,Top,Holding\n'  # its group comes two lines below
                       '2,"Two\nlines",,,,Other,-\n'
                       '3,Holding,100000,01.01.1999,"1,200",Top,\n')
        self.assertEqual(self.counts(self.load(rows)), (3, 0, 0, 0))
        accounts = self.accounts()
        first = accounts['Müller, "Söhne" & Co']
        self.assertEqual((first["employees"], first["customerSince"], first["phase"]), ("12", "2015-03-28", "PHASE_KEY"))
        self.assertEqual(first["annualRevenue"], {"currencyCode": "EUR", "units": "1500000"})
        self.assertEqual(first["parentAccount"], accounts["Holding"]["name"])
        self.assertEqual(first["externalIds"], {"erp": "1"})
        self.assertIn("Two\nlines", accounts)
        revision = self.admin.json("portfolio")["revision"]
        self.assertEqual(self.counts(self.load(rows)), (0, 0, 3, 0))
        self.assertEqual(self.accounts(), accounts)
        versions = self.admin.json("accounts", "history", first["name"])["versions"]
        self.assertEqual(len(versions), 1, "an unchanged row makes no version")
        self.assertEqual(self.counts(self.load(rows.replace("12,28", "13,28"))), (0, 1, 2, 0))
        self.assertEqual(self.accounts()['Müller, "Söhne" & Co']["employees"], "13")
        self.assertTrue(int(revision))

    def test_every_bad_row_is_told_and_the_rest_goes_in(self):
        rows = HEAD + ("1,Good,12,,,Top,\n"
                       "2,,12,,,Top,\n"
                       "3,Staff,many,,,Top,\n"
                       "4,Since,1,31.02.2015,,Top,\n"
                       "5,Status,1,,,Odd,\n"
                       "6,Group,1,,,Top,Nobody\n"
                       "7,Short,1\n"
                       "8,Long,1,,,Top,,more\n"
                       ",Nameless,1,,,Top,\n"
                       "10,Negative,-1,,,Top,\n"
                       "11," + "x" * 300 + ",1,,,Top,\n"
                       "12,Also good,1,,,Top,\n")
        reply = self.load(rows, expect=kamtest.PARTLY)
        self.assertEqual(self.counts(reply), (2, 0, 0, 10))
        faults = {int(result["line"]): (result.get("column", ""), result.get("reason", "")) for result in reply["results"]}
        columns = {line: column for line, (column, _) in faults.items()}
        self.assertEqual({line: columns[line] for line in (3, 4, 5, 6, 7, 11, 12)},
                         {3: "name", 4: "staff", 5: "since", 6: "status", 7: "group", 11: "staff", 12: "name"})
        self.assertIn("3 cells where the header has 7", faults[8][1])
        self.assertEqual(sorted(faults), [3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
        self.assertTrue(all(reason for _, reason in faults.values()), faults)
        self.assertEqual(sorted(self.accounts()), ["Also good", "Good"])

    def test_files_as_other_programs_write_them(self):
        plain = HEAD + '1,"Grün & Co",12,28.03.2015,1.5,Top,\n2,"Two\nlines",3,,,Other,\n'
        forms = {
            "CRLF": plain.replace("\n", "\r\n").encode(),
            "BOM": b"\xef\xbb\xbf" + plain.encode(),
            "no newline at the end": plain.rstrip("\n").encode(),
            "empty lines at the end": plain.encode() + b"\n\n",
        }
        self.assertEqual(self.counts(self.load(plain)), (2, 0, 0, 0))
        expected = self.accounts()
        for title, data in forms.items():
            with self.subTest(title):
                # A line break within a cell is part of the text, so CRLF is another text there.
                self.assertEqual(self.counts(self.load(data)), (0, 1, 1, 0) if title == "CRLF" else (0, 0, 2, 0))
                self.load(plain)
        with self.subTest("semicolons"):
            data = plain.replace(",", ";").encode()
            self.assertEqual(self.counts(self.load(data)), (0, 0, 2, 0))
        self.assertEqual({title: account["employees"] for title, account in self.accounts().items()},
                         {title: account["employees"] for title, account in expected.items()})
        with self.subTest("Windows code page"):
            self.assertEqual(self.counts(self.load(plain.encode("cp1252"), "--encoding", "CP1252"))[3], 0)
        with self.subTest("bytes that are not UTF-8"):
            path = self.write("bad.csv", plain.encode("cp1252"))
            result = self.admin.try_run("import", "accounts", path, "--map", self.map)
            self.assertNotEqual(result.status, 0)
            self.assertIn("UTF-8", result.err + result.out)

    def test_a_dry_run_says_what_would_happen(self):
        rows = HEAD + "1,One,1,,,Top,\n2,Two,x,,,Top,\n3,Three,1,,,Top,One\n"
        dry = self.load(rows, "--dry-run", expect=kamtest.PARTLY)
        self.assertEqual(self.accounts(), {})
        real = self.load(rows, expect=kamtest.PARTLY)
        self.assertEqual(self.counts(dry), self.counts(real))
        self.assertEqual(self.counts(real), (2, 0, 0, 1))
        failed = [result for result in dry["results"] if result["outcome"] == "IMPORT_OUTCOME_FAILED"]
        self.assertEqual([(result["line"], result["column"], result["reason"]) for result in failed],
                         [(result["line"], result["column"], result["reason"]) for result in real["results"]])
        changed = rows.replace("1,One,1", "1,One,2")
        self.assertEqual(self.counts(self.load(changed, "--dry-run", expect=kamtest.PARTLY)), (0, 1, 1, 1))
        self.assertEqual(self.accounts()["One"]["employees"], "1")

    def test_circles_are_reported_and_cut(self):
        rows = HEAD + ("1,Hen,1,,,Top,Egg\n2,Egg,1,,,Top,Hen\n3,Chick,1,,,Top,Hen\n4,Self,1,,,Top,Self\n"
                       "5,A,1,,,Top,B\n6,B,1,,,Top,C\n7,C,1,,,Top,A\n8,Orphan,1,,,Top,Nobody\n9,Child,1,,,Top,Orphan\n")
        dry = self.load(rows, "--dry-run", expect=kamtest.PARTLY)
        self.assertEqual(self.counts(dry), (7, 0, 0, 2))
        reply = self.load(rows, expect=kamtest.PARTLY)
        self.assertEqual(self.counts(reply), (7, 0, 0, 2))
        accounts = self.accounts()
        self.assertEqual(sorted(accounts), ["A", "B", "C", "Chick", "Egg", "Hen", "Self"])
        above = {title: title for title, account in accounts.items() if "parentAccount" not in account}
        self.assertEqual(len(above), 3, "each circle is cut once")
        told = [result["line"] for result in reply["results"] if "left out" in result.get("reason", "")]
        self.assertEqual(len(told), 3, reply)
        self.assertEqual(self.counts(self.load(rows, expect=kamtest.PARTLY)), (0, 0, 7, 2))

    def test_maps_that_do_not_fit(self):
        for title, change, word in (("unknown field", {"fields": [{"field": "colour", "column": "name"}]}, "colour"),
                                    ("unknown column", {"fields": [{"field": "region", "column": "nowhere"}]}, "nowhere"),
                                    ("a field of the server's", {"fields": [{"field": "uid", "column": "name"}]}, "uid"),
                                    ("unknown key column", {"keyColumns": ["nowhere"]}, "nowhere"),
                                    ("unknown resource", {"resource": "planets"}, None)):
            with self.subTest(title):
                path = self.write("wrong.json", json.dumps({**MAP, **change}).encode())
                rows = self.write("rows.csv", (HEAD + "1,One,1,,,Top,\n").encode())
                resource = "accounts" if title != "unknown resource" else "planets"
                result = self.admin.try_run("import", resource, rows, "--map", path)
                self.assertNotEqual(result.status, 0)
                if word:
                    self.assertIn(word, result.err)
        self.assertEqual(self.accounts(), {})

    def test_only_who_may(self):
        user = self.server.new_user("mara", "marketing")
        rows = self.write("rows.csv", (HEAD + "1,One,1,,,Top,\n").encode())
        user.run("import", "accounts", rows, "--map", self.map, expect=kamtest.DENIED)

    def reading_less(self):
        """Somebody who may import anything, and accounts of their own alone; of the others there is one, "Dark", that the ERP knows as 1."""
        self.admin.run("accounts", "create", "dark", "--set", "display_name=Dark", "--set", "external_ids=erp=1", "--set", "owner=users/admin")
        self.admin.run("roles", "create", "own-accounts", "--set", "display_name=Own", "--set", "permissions=accounts.*", "--set", "scope=ASSIGNED",
                       *[word for group in ("PUBLIC", "COMMERCIAL", "FINANCIAL", "STRATEGY", "PERSONAL") for word in ("--set", "field_groups=" + group)])
        self.admin.run("roles", "create", "importing", "--set", "display_name=Importing", "--set", "permissions=imports.*", "--set", "scope=ALL",
                       "--set", "field_groups=PUBLIC")
        lee = self.server.new_user("lee")
        for role in ("own-accounts", "importing"):
            self.admin.run("bindings", "create", role, "--set", "user=users/lee", "--set", "role=roles/" + role)
        return lee

    def test_what_is_hidden_is_not_told_by_an_import(self):
        """Each pair of rows differs in what the one meets and the other does not: an external id, a name that a title makes, a chosen id, a reference."""
        lee = self.reading_less()
        fields = [{"field": "display_name", "column": "name"}, {"field": "owner", "constant": "users/lee"}, {"field": "parent_account", "column": "above"},
                  {"field": "id", "column": "id"}]
        self.write("map.json", json.dumps({"resource": "accounts", "system": "erp", "keyColumns": ["no"], "fields": fields}).encode())
        rows = self.write("rows.csv", b"no,name,above,id\n1,Fresh,,\n2,Fresh,,\n3,Dark,,\n4,Dork,,\n5,Fresh,,dark\n6,Fresh,,dork\n7,Fresh,accounts/dark,\n8,Fresh,accounts/dork,\n")
        for words in (("--dry-run",), ()):
            done = lee.run("import", "accounts", rows, "--map", self.map, *words, "-o", "json", expect=kamtest.PARTLY).json()
            told = {int(row["line"]): (row["outcome"], row.get("column"), row.get("reason", "").replace("dark", "dork")) for row in done["results"]}
            for hidden, missing in ((2, 3), (4, 5), (6, 7), (8, 9)):
                self.assertEqual(told.get(hidden), told.get(missing), words)
            self.assertIn(told.get(2), (("IMPORT_OUTCOME_CREATED", None, ""), None), "what went in has no fault")
            self.assertIn("you may not choose the id", told[6][2])
            self.assertIn("import it first", told[8][2])
            self.assertEqual((int(done["created"]), int(done["failed"])), (4, 4))
        names = lee.run("accounts", "list", "-o", "name").out.split()
        self.assertEqual(len(names), 4)
        self.assertFalse([name for name in names if "dark" in name or "dork" in name], "a name that says whether another is taken")
        again = lee.run("import", "accounts", rows, "--map", self.map, "-o", "json", expect=kamtest.PARTLY).json()
        self.assertEqual((int(again.get("created", 0)), int(again["unchanged"])), (0, 4))
        self.assertEqual(self.admin.json("accounts", "get", "dark")["displayName"], "Dark")

    def test_hidden_namesakes_hide_nothing_that_is_seen(self):
        """However many of the same external id and title there are before it: one is theirs, and found by both."""
        lee = self.reading_less()
        fields = [{"field": "display_name", "constant": "Twin"}, {"field": "external_ids.erp", "constant": "7"}, {"field": "id", "column": "no"}]
        self.write("map.json", json.dumps({"resource": "accounts", "system": "twins", "keyColumns": ["no"], "fields": fields}).encode())
        twins = "no\n" + "".join("twin-%03d\n" % number for number in range(200))
        self.assertEqual(self.counts(self.load(twins)), (200, 0, 0, 0))
        self.admin.run("accounts", "update", "twin-199", "--set", "owner=users/lee")
        fields = [{"field": "region", "column": "region"}, {"field": "parent_account", "column": "above", "lookup": "LOOKUP_DISPLAY_NAME"},
                  {"field": "display_name", "column": "name"}, {"field": "owner", "constant": "users/lee"}]
        self.write("map.json", json.dumps({"resource": "accounts", "system": "erp", "keyColumns": ["no"], "fields": fields}).encode())
        rows = self.write("rows.csv", b"no,region,above,name\n7,EMEA,,Twin\n8,EMEA,Twin,Below\n")
        done = lee.run("import", "accounts", rows, "--map", self.map, "-o", "json").json()
        self.assertEqual(self.counts(done), (1, 1, 0, 0))
        self.assertEqual(self.admin.json("accounts", "get", "twin-199")["region"], "EMEA")

    def seconds_of_processor(self):
        with open("/proc/%d/stat" % self.server.process.pid) as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_hidden_namesakes_take_no_time(self):
        """Time that told of them would also be time that all others who write wait. What a row of the same message makes is found all the same."""
        lee = self.reading_less()
        self.write("map.json", json.dumps({"resource": "accounts", "system": "many", "keyColumns": ["no"],
                                           "fields": [{"field": "display_name", "constant": "Same"}]}).encode())
        self.assertEqual(self.counts(self.load("no\n" + "".join("%d\n" % number for number in range(1000)))), (1000, 0, 0, 0))
        fields = [{"field": "display_name", "column": "name"}, {"field": "owner", "constant": "users/lee"},
                  {"field": "parent_account", "column": "above", "lookup": "LOOKUP_DISPLAY_NAME"}]
        self.write("map.json", json.dumps({"resource": "accounts", "system": "own", "keyColumns": ["no"], "fields": fields}).encode())
        took = {}
        for above in ("None", "Same"):
            rows = self.write("rows.csv", ("no,name,above\n" + "".join("%d,Mine,%s\n" % (number, above) for number in range(500))).encode())
            before = self.seconds_of_processor()
            done = lee.run("import", "accounts", rows, "--map", self.map, "--dry-run", "-o", "json", expect=kamtest.PARTLY).json()
            took[above] = self.seconds_of_processor() - before
            self.assertEqual(self.counts(done), (0, 0, 0, 500))
        self.assertLess(took["Same"], 5 * took["None"] + 0.5)
        rows = b"no,name,above\n1,First,Same\n2,Same,\n3,Third,Same\n4,Fourth,Same\n"
        for data, words, told in ((rows, ("--dry-run",), (4, 0, 0, 0)), (rows + b"2,Other,\n5,Fifth,Same\n6,Sixth,Other\n", (), (4, 1, 0, 2))):
            path = self.write("rows.csv", data)
            done = lee.try_run("import", "accounts", path, "--map", self.map, *words, "-o", "json").json()
            self.assertEqual(self.counts(done), told, done)
        mine = {account["displayName"]: account for account in lee.json("accounts", "list")["accounts"]}
        self.assertEqual({name: mine[name].get("parentAccount") for name in mine},
                         {**dict.fromkeys(("Third", "Fourth", "Sixth"), mine["Other"]["name"]), "Other": None})

    def test_namesakes_elsewhere_are_not_meant(self):
        """Each account has a head to report to, and the names of the accounts begin alike."""
        accounts = ("acme", "acme-east", "acme1", "acne")
        for account in accounts:
            self.admin.run("accounts", "create", account, "--set", "display_name=" + account)
        fields = [{"field": "parent", "column": "account"}, {"field": "title", "column": "name"},
                  {"field": "reports_to", "column": "above", "lookup": "LOOKUP_DISPLAY_NAME"}]
        path = self.write("people.json", json.dumps({"resource": "stakeholders", "system": "erp", "keyColumns": ["no"], "fields": fields}).encode())
        heads = "".join("%s-1,%s,Head,\n" % (account, account) for account in accounts)
        others = "".join("%s-2,%s,Clerk,Head\n" % (account, account) for account in accounts)
        for title, parts in (("in one message", (heads + others,)), ("one after the other", [
                part.replace("-1,", "-3,").replace("-2,", "-4,").replace("Head", "Lead") for part in (heads, others)])):
            with self.subTest(title):
                for part in parts:
                    rows = self.write("rows.csv", ("no,account,name,above\n" + part).encode())
                    done = self.admin.run("import", "stakeholders", rows, "--map", path, "-o", "json").json()
                    self.assertEqual(self.counts(done), (part.count("\n"), 0, 0, 0), done)
        for account in accounts:
            people = self.admin.json("stakeholders", "list", "--parent", "accounts/" + account)["stakeholders"]
            names = {person["name"]: person["title"] for person in people}
            self.assertEqual(sorted(names.get(person.get("reportsTo"), "") for person in people), ["", "", "Head", "Lead"])
            self.assertTrue(all(name.startswith("accounts/%s/" % account) for name in names), names)


if __name__ == "__main__":
    unittest.main()
