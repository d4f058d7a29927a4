#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a role may not see has no effect on anything it can observe.

Two kamds start from copies of one store. To each is done what the role cannot see (twist.py), one commit for one commit but never the same, before and while it looks on. Then seeded random sequences of
calls run in step against both, on a clock that stands still (still.c), and every answer must be the same bytes: status line, headers with kam-revision, length, lists, totals, page
tokens, order, etags, history, reports, error texts and details; and at the end a watch from the first revision on.

What is taken out before comparing: the hashes of the audit record, for whoever reads it. They are keyed with random bytes that nobody is shown, so they differ wherever
anything was written, and say nothing of what it was.

    KAM_SEQUENCES=1000   how many for each role; KAM_SEED=… to repeat a run; KAM_ROLE=… for one role alone
"""

import collections
import os
import random
import re
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import contract
import imports
import kamtest
import table
import twist
import wire
import world

SEQUENCES = int(os.environ.get("KAM_SEQUENCES", "1000"))
SEED = int(os.environ.get("KAM_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
ROLES = {**table.ROLES, **twist.OWN_ROLES}
HASHES = re.compile(rb'"(hash|previousHash|signature|publicKey)":"[^"]*"')
SEQUENCES_BETWEEN_POKES = 50
PLACES_OF_THE_TALLY = 124  # kinds of refusals that kamd counts apart, of signed-in callers

IDS = ("own", "team", "other", "own-gone", "dark", "veil", "missing")
TOP = {"Account": ("account", "accounts", IDS), "Contact": ("contact", "contacts", ("own-c", "team-c", "other-c", "own-gone-c", "dark", "veil", "p", "missing")),
       "Product": ("product", "products", ("p", "gone", "missing")), "Competitor": ("competitor", "competitors", ("p", "gone", "missing")),
       "Role": ("role", "roles", ("kam", "plain", "gone", "missing")), "User": ("user", "users", ("kam", "rep", "else", "nobody", "spare", "missing")),
       "Binding": ("binding", "bindings", ("kam", "dark", "veil", "else", "gone", "missing")), "CriteriaSet": ("criteriaSet", "criteriaSets", ("p", "gone", "missing")),
       "Round": ("round", "rounds", ("p", "open", "decided", "closing", "hush", "gone", "missing")),
       "Ballot": ("ballot", "rounds", tuple("%s/ballots/%s" % (one, user) for one in ("open", "decided", "closing", "hush") for user in ("kam", "sales", "executive", "admin", "missing"))),
       "Decision": ("decision", "rounds", tuple("decided/decisions/" + account for account in IDS))}
BELOW = {noun: (field, collection) for collection, noun, field, _, _ in world.BELOW}
BELOW_IDS = {"stakeholders": ("s", "s2", "gone", "dark", "veil"), "opportunities": ("o", "gone", "dark", "dark2", "veil2"), "ties": ("t", "gone"), "interactions": ("i", "gone"),
             "members": ("nobody", "gone", "gone2"), "financials": ("2026-Q1", "2026-Q2", "2026-Q3", "2025-Q1"), "scorecards": ("c", "gone", "dark"),
             "entries": ("2026-01-m", "2026-02-m"), "ratings": ("2026-Q1-client", "2025-Q1-client"), "assessments": ("a", "a2", "gone", "dark", "veil", "mute"),
             "whitespace": ("w", "gone", "dark", "veil", "mute")}
FILTERS = ("", "", "", 'display_name = "Own"', 'name != "x"', 'update_time > "2026-01-01T00:00:00Z"', "annual_revenue.units > 10", "annual_revenue > 10 EUR", 'strategy.text = "attack"', "power > 2",
           "value.units > 10", "dark", "veil", "poke", 'region = "APAC"', 'owner = "users/else"', "strategy:*", 'emails:"dark"', "revenue.units > 2", "rating > 2", 'summary:"leave"',
           'executive_sponsor = "users/sponsor"', 'parent_account = "accounts/own"', "nonsense >", 'contact = "contacts/own-c"', 'user = "users/nobody2"', "create_time < 2027-01-01",
           'user = "users/admin"', 'accounts:"accounts/other"', "cast_count > 1", 'state = "OPEN"', 'verdict = "KEEP"', 'account = "accounts/other"', 'assessor = "users/else"',
           'summary:"shrink"', 'unit = "Yard"', "potential.units > 100", 'competitor = "competitors/p"', 'description:"agreed"')
ORDERS = ("", "", "", "name desc", "display_name", "display_name desc", "update_time desc", "update_time", "annual_revenue desc", "power desc", "value desc", "value.units", "create_time desc", "revenue",
          "strategy.text", "title", "rating desc", "emails", "user", "cast_count desc", "verdict",
          "potential.units desc", "unit", "summary", "state")
FIELDS = {"Account": ({"region": "NEW"}, {"annualRevenue": {"currencyCode": "EUR", "units": "77"}}, {"description": "new"}, {"strategy": {"text": "hold"}}, {"parentAccount": "accounts/team"},
                      {"owner": "users/else"}, {"displayName": "Other"}),
          "Contact": ({"displayName": "New"}, {"notes": "new"}, {"emails": ["x@example.com"]}, {"company": "accounts/dark"}),
          "Opportunity": ({"title": "New"}, {"value": {"currencyCode": "EUR", "units": "1000000"}}, {"owner": "users/rep"}),
          "Stakeholder": ({"title": "New"}, {"power": 5}, {"contact": "contacts/dark"}, {"reportsTo": "accounts/own/stakeholders/dark"}, {"contact": "contacts/other-c"}),
          "Interaction": ({"subject": "New"}, {"summary": "They will leave"}, {"opportunity": "accounts/own/opportunities/dark2"}, {"opportunity": "accounts/own/opportunities/missing"}),
          "Financials": ({"notes": "x"}, {"revenue": {"currencyCode": "EUR", "units": "1"}}), "Scorecard": ({"title": "New"}, {"description": "long"}),
          "Entry": ({"comment": "x"},), "Rating": ({"reason": "x"}, {"rating": 1}), "Tie": ({"strength": 2}, {"note": "x"}), "Member": ({"responsibility": "x"},),
          "Assessment": ({"summary": "x"}, {"scores": {"growth": 3}}, {"respondent": "x"}, {"assessor": "users/else"}), "Round": ({"description": "x"},), "CriteriaSet": ({"description": "x"},),
          "WhitespaceCell": ({"notes": "x"}, {"spend": {"currencyCode": "EUR", "units": "30"}}, {"opportunity": "accounts/own/opportunities/dark2"}),
          "Product": ({"unit": "hour"},), "Competitor": ({"website": "https://example.com"}, {"strengths": "cheap"})}
# What may be asked of each noun; now and then anything is asked of any.
OF_NOUN = {noun: tuple([text for text in texts if not re.match(r"[a-z]", text) or re.match(r"[a-z_]+", text).group(0) in contract.fields(noun)] for texts in (FILTERS, ORDERS))
           for noun in [*TOP, *BELOW]}
PLURALS = {one: many for one, many in table.NOUNS}
CHOICES = ("ExplainScore", "GetAlignment", "GetBacktest", "GetCandidates", "GetGap", "GetGrowth", "GetImpact", "GetMatrix", "GetWhitespace")
VERDICTS = ["CANDIDATE_VERDICT_" + verdict for verdict in ("CANDIDATE", "CONFIRMED", "IN_DOUBT", "NOT_A_CANDIDATE", "UNKNOWN")]
QUARTERS = {"fromPeriod": "2025-Q4", "period": "2026-Q1"}
BASES = ("REVENUE_BASIS_UNSPECIFIED", "REVENUE_BASIS_FINANCIALS", "REVENUE_BASIS_WON_DEALS")
NOW_US = int(time.time()) // 3600 * 3600000000  # of the clocks that stand still: no pair of them has midnight between
TODAY = time.strftime("%Y-%m-%d", time.gmtime(NOW_US // 1000000))


class Calls:
    """Makes up calls; the same for the same seed."""

    def __init__(self, seed, role, revisions, base_revisions):
        self.random, self.revisions = random.Random(seed), revisions
        self.imports = role.may("imports.create") and role.scope != "ALL"  # whoever sees everything learns nothing by them
        self.base_revisions = base_revisions  # before anything hidden was done
        self.pages, self.etags, self.number = [], [], 0

    def noun(self):
        return self.random.choice(list(TOP) + list(BELOW))

    def name(self, noun):
        pick = self.random.choice
        if noun in TOP:
            _, collection, ids = TOP[noun]
            return "%s/%s" % (collection, pick(ids))
        collection = BELOW[noun][1]
        return "%s/%s/%s" % (world.parent_of(collection, pick(IDS)), collection, pick(BELOW_IDS[collection]))

    def field(self, noun):
        return (TOP.get(noun) or BELOW[noun])[0]

    def get(self):
        noun = self.noun()
        return "%s/Get%s" % (table.service(noun), noun), {"name": self.name(noun)}

    def versions(self):
        noun = self.noun()
        return "%s/List%sVersions" % (table.service(noun), noun), {"name": self.name(noun), "pageSize": self.random.choice((0, 0, 1, 2))}

    def list(self):
        pick, noun = self.random.choice, self.noun()
        filters, orders = (FILTERS, ORDERS) if self.random.random() < 0.1 else OF_NOUN[noun]
        request = {"pageSize": pick((0, 0, 1, 2, 3, 1000)), "filter": pick(filters), "orderBy": pick(orders), "showDeleted": pick((False, True)), "count": pick((False, True))}
        if noun in BELOW:
            request["parent"] = pick(("", world.parent_of(BELOW[noun][1], pick(IDS)), world.parent_of(BELOW[noun][1], "-")))
        return "%s/List%s" % (table.service(noun), PLURALS[noun]), request

    def page(self):
        if not self.pages:
            return self.list()
        return self.random.choice(self.pages)

    def report(self):
        pick = self.random.choice
        return pick((
            ("PortfolioService/GetPortfolio", {"orderBy": pick(("", "won_value desc", "display_name", "annual_revenue desc")), "explain": pick((False, True)), "pageSize": pick((0, 1, 2)),
                                               "filter": pick(("", 'region = "EMEA"', "annual_revenue.units > 10", 'owner = "users/else"'))}),
            ("StakeholderService/GetStakeholderMap", {"parent": "accounts/" + pick(IDS)}),
            ("ScorecardService/GetScorecardReport", {"name": "accounts/%s/scorecards/%s" % (pick(IDS), pick(("c", "dark", "gone")))}),
            ("AccessService/CompareRoles", {"roleA": "roles/kam", "roleB": "roles/" + pick(("plain", "gone", "missing"))}),
            ("SessionService/WhoAmI", {}),
            ("SessionService/ListSessions", {"parent": "users/" + pick(("kam", "else", "rep", "missing"))}),
            ("AuditService/ListAuditEntries", {"pageSize": pick((0, 5)), "filter": pick(("", 'method:"UpdateAccount"', 'actor = "users/else"'))}),
            ("AuditService/GetAuditEntry", {"name": "auditEntries/%d" % self.random.randrange(1, self.revisions + 20)}),
            ("AuditService/VerifyAudit", {}), ("AuditService/GetAuditHead", {}),
            ("ImportService/ListImports", {}), ("AccessService/GetAccessMatrix", {}),
        ))

    def choice(self):
        """A report on choosing key accounts."""
        name = self.random.choice(CHOICES)
        pick, explain = self.random.choice, self.random.choice((False, True))
        page = {"filter": pick(("", "", 'region = "EMEA"', 'phase = "KEY"', 'strategy.text = "hold"', 'owner = "users/else"')), "pageSize": pick((0, 1, 2))}
        account, judged = "accounts/" + pick(IDS), {"explain": explain, "perspective": pick(("PERSPECTIVE_SELF", "PERSPECTIVE_CLIENT"))}
        return "ChoiceService/" + name, {
            "ExplainScore": {"name": account, "since": pick(("", TODAY)), "perspective": judged["perspective"]},
            "GetAlignment": {"name": "rounds/" + pick(("open", "decided", "closing", "hush", "missing")), "explain": explain},
            "GetBacktest": {"fromDate": TODAY, "details": explain, "filter": page["filter"], "basis": pick(BASES), **pick((QUARTERS, QUARTERS, {}))},
            "GetCandidates": {**page, "explain": explain, "basis": pick(BASES), "verdicts": pick(([], ["CANDIDATE_VERDICT_CONFIRMED"], ["CANDIDATE_VERDICT_UNKNOWN"], VERDICTS))},
            "GetGap": {"name": account},
            "GetGrowth": {"explain": explain, "basis": pick(BASES), **pick(({}, QUARTERS, {"period": "2026-Q2"})), **pick((page, {"account": account}))},
            "GetImpact": {"accounts": pick(([account], ["accounts/own", account])), "explain": explain, "topCount": pick((0, 1, 3)), "period": pick(("", "2026-Q1"))},
            "GetMatrix": {**page, **judged, "details": explain, **pick(({}, {"round": "rounds/" + pick(("decided", "closing"))}, {"since": TODAY}))},
            "GetWhitespace": {"explain": explain, "includeDeals": pick((False, True)), **pick((page, {"account": account}))},
        }[name]

    def check(self):
        noun = self.noun()
        verb = self.random.choice(("read", "update", "create", "delete"))
        permission = "%s.%s" % (table.NOUNS[(noun, PLURALS[noun])][0], verb)
        if self.random.random() < 0.2:
            return "AccessService/ListPermittedUsers", {"permission": permission, "resource": self.name(noun)}
        return "AccessService/CheckAccess", {"permission": permission, "resource": self.name(noun), "user": self.random.choice(("", "", "users/else", "users/missing"))}

    def write(self):
        """Half of them only to be checked."""
        pick, noun = self.random.choice, pick_noun(self.random)
        field, verb = self.field(noun), pick(("Update", "Update", "Create", "Delete", "Undelete", "Own"))
        request = {"validateOnly": pick((True, False))}
        self.number += 1
        if pick((False, False, True)):
            request["requestId"] = pick(("of the twist", "own-%d" % self.number, "own-%d" % self.random.randrange(1, self.number + 1)))
        if verb == "Create":
            request[field] = {**dict(pick(FIELDS[noun])), **REQUIRED.get(noun, {})}
            if noun in BELOW:
                request["parent"] = world.parent_of(BELOW[noun][1], pick(IDS))
            if pick((True, False)):
                request[field + "Id"] = pick(("dark", "veil", "p", "missing", "mine-%d" % self.number))
        elif verb == "Update":
            request[field] = {"name": self.name(noun), **pick(FIELDS[noun])}
            if pick((False, False, True)):
                request["allowMissing"] = True
            if pick((False, True)):
                name, etag = pick(self.etags) if self.etags else ("", "stale")
                request[field]["etag"] = etag if name == request[field]["name"] else "stale"
        elif verb == "Own":
            return pick((("ScorecardService/SupersedeScorecard", {"name": self.name("Scorecard"), "validateOnly": True}),
                         ("BallotService/CastBallot", {"parent": "rounds/" + pick(("open", "closing")), "accounts": ["accounts/" + pick(IDS)], **request}),
                         ("RoundService/DecideRound", {"name": self.name("Round"), "validateOnly": True, "verdicts": [
                             {"account": "accounts/" + pick(IDS), "verdict": "DECISION_VERDICT_KEEP", "reason": "R"}]}),
                         ("RoundService/CopyRound", {"name": self.name("Round"), "validateOnly": True})))
        else:
            request.update(name=self.name(noun), validateOnly=True)
            request.update(force=pick((True, False))) if verb == "Delete" else None
        return "%s/%s%s" % (table.service(noun), verb, noun), request

    def load(self):
        return imports.METHOD, imports.make(self.random)

    def sequence(self):
        """Three to six calls as bytes, with what they were for the report."""
        made = []
        for _ in range(self.random.randrange(3, 7)):
            make = self.random.choices((self.get, self.list, self.page, self.versions, self.report, self.choice, self.check, self.write, self.load),
                                       (20, 25, 15, 12, 6, 10, 8, 14, 12 if self.imports else 0))[0]
            method, request = make()
            headers = []
            if make == self.load:
                made.append((method, request, headers))
                continue
            if make != self.write and self.random.random() < 0.3:
                # A report as of a revision counts its days up to the time of that commit, and when commits were made is no secret (proto/README.md).
                revisions = self.base_revisions if make == self.report or re.search("ChoiceService|/GetPortfolio", method) else self.revisions
                headers.append("kam-as-of: %s" % self.random.choice([self.random.randrange(1, revisions + 1) for _ in range(8)] + ["2026-01-01", "2099-01-01"]))
            if self.random.random() < 0.03:
                headers.append("kam-min-revision: %d" % self.random.randrange(1, 2 * self.revisions))
            made.append((method, request, headers))
        return made

    def learn(self, made, answer):
        """Page tokens and etags, for later calls."""
        method, request, headers = made
        if method == imports.METHOD or answer.status != 200 or len(answer.body) > 20000:
            return
        reply = answer.json()
        if reply.get("nextPageToken") and not headers:
            self.pages = self.pages[-40:] + [(method, {**request, "pageToken": reply["nextPageToken"]})]
        if method.split("/")[1].startswith("Get") and reply.get("etag"):
            self.etags = self.etags[-40:] + [(reply["name"], reply["etag"])]


REQUIRED = {"Opportunity": {"title": "T"}, "Account": {"displayName": "N"}, "Contact": {"displayName": "N"}, "Product": {"displayName": "N"}, "Competitor": {"displayName": "N"},
            "Interaction": {"time": "2026-03-01T10:00:00Z", "kind": "INTERACTION_KIND_CALL"}, "Entry": {"period": "2026-03", "metric": "m"}, "Financials": {"period": "2026-Q4"},
            "Rating": {"period": "2026-Q2", "side": "SIDE_US", "rating": 3}, "Scorecard": {"title": "S"}, "Member": {"user": "users/rep"},
            "Assessment": {"criteriaSet": "criteriaSets/p"}, "WhitespaceCell": {"unit": "U", "product": "products/p"}, "CriteriaSet": {"title": "T"},
            "Round": {"title": "T", "criteriaSet": "criteriaSets/p"},
            "Tie": {"fromStakeholder": "accounts/own/stakeholders/s", "toStakeholder": "accounts/own/stakeholders/s2", "kind": "TIE_KIND_ALLIED"}}


def pick_noun(generator):
    return generator.choice(list(FIELDS))


class Pair:
    """Two kamds from copies of one store, with what the role cannot see done to each."""

    def __init__(self, test, base, name):
        self.role = ROLES[name]
        # Hidden changes are made at hidden times too, for all but those who read the record of them.
        on_record = self.role.may("auditEntries.read")
        self.servers = [world.Still(base.us + (1 if on_record else 1 + number) * 1000000, seed=2) for number in (0, 1)]
        self.token, self.admin_token = base.tokens[name], base.tokens["admin"]
        for number, server in enumerate(self.servers):
            test.addCleanup(server.close)
            base.server.copy_to(server)
            server.start()
            admin = world.Admin(server, self.admin_token)
            for variants in twist.steps(self.role):
                admin(*variants[number])
            admin.connection.close()
            server.stop()
            server.seed, server.us = 3, base.us + 4000000
            server.start()
        self.admins = [world.Admin(server, self.admin_token) for server in self.servers]
        for variants in twist.steps(self.role, twist.SEEN_STEPS):
            for admin, variant in zip(self.admins, variants):
                admin(*variant)
        self.connections = [wire.Connection(server) for server in self.servers]
        for server, connection in zip(self.servers, self.connections):
            crowd_tally(server, connection, base.tokens["nobody"], self.token)
        self.importers = [imports.Importer(server, self.token) for server in self.servers]
        self.revisions = [self.settled(number) for number in (0, 1)]

    def settled(self, number):
        return settled(self.connections[number], self.token)

    def poke(self, number):
        for admin, (method, request) in zip(self.admins, twist.poke(self.role, number)):
            admin(method, request)

    def ask(self, made):
        """Both answer the same calls; yields the call and both answers."""
        requests = [b"" if method == imports.METHOD else wire.post(method, request, self.token, headers) for method, request, headers in made]
        at = 0
        while at < len(requests):
            if not requests[at]:
                yield made[at], [importer(made[at][1]) for importer in self.importers]
                at += 1
                continue
            end, size = at, 0
            while end < len(requests) and requests[end] and (end == at or size + len(requests[end]) <= wire.WINDOW_BYTES):
                size += len(requests[end])
                end += 1
            for connection in self.connections:
                connection.send(b"".join(requests[at:end]))
            for call in made[at:end]:
                yield call, [connection.answer() for connection in self.connections]
            at = end

    def close(self):
        for connection in self.connections + self.importers + [admin.connection for admin in self.admins]:
            connection.close()


def settled(connection, token):
    """The revision, once nothing is put on record any more."""
    last, since = None, 0
    while since < 3:
        now = re.search(rb"kam-revision: (\d+)", connection.call("SessionService/WhoAmI", {}, token).head).group(1)
        since = since + 1 if now == last else 0
        last = now
        time.sleep(0.02)
    return int(last)


def crowd_tally(server, connection, nobody, token):
    """Refusals and exports go on record on their own time, the first of each kind and, as the clock stands still, no other. Here every place for a kind is taken, so that what follows
    adds to the record only what it changes."""
    refused = [path for path, method in sorted(table.METHODS.items()) if "." in method.permission and method.belongs != table.SESSION and path != "ImportService/Import"]
    other = wire.Connection(server)
    other.call("SessionService/WhoAmI", {}, nobody)  # who is refused only is cut off after a while
    other.calls([wire.post(path, {}, nobody) for path in refused[:PLACES_OF_THE_TALLY]])
    settled(other, nobody)
    for path in refused[PLACES_OF_THE_TALLY:][:1]:
        other.calls([wire.post(path, {}, nobody)])
    other.close()
    page = connection.call("UserService/ListUsers", {"pageSize": 1}, token).json()
    connection.call("UserService/ListUsers", {"pageSize": 1, "pageToken": page["nextPageToken"]}, token)
    settled(connection, token)


class Base:
    """The store that all copies are made of."""

    def __init__(self):
        self.us = NOW_US
        self.server = world.Still(self.us)
        self.server.init()
        self.server.start()
        admin = world.furnish(self.server)
        for user in ("nobody2", "gone2", *twist.OWN_ROLES):
            admin("UserService/CreateUser", {"userId": user, "user": {"displayName": user}, "password": world.PASSWORD})
        admin("BindingService/CreateBinding", {"bindingId": "plain", "binding": {"user": "users/plain", "role": "roles/plain"}})
        admin("BindingService/CreateBinding", {"bindingId": "narrow", "binding": {"user": "users/narrow", "role": "roles/executive", "accounts": ["accounts/own"]}})
        role = twist.OWN_ROLES["importer"]
        admin("RoleService/CreateRole", {"roleId": "importer", "role": {"displayName": "Importer", "scope": "SCOPE_ALL", "permissions": role.permissions,
                                                                         "fieldGroups": ["FIELD_GROUP_" + group for group in role.groups]}})
        admin("BindingService/CreateBinding", {"bindingId": "importer", "binding": {"user": "users/importer", "role": "roles/importer", "accounts": ["accounts/own"]}})
        for method, field, name, key in imports.KNOWN:
            admin(method, {field: {"name": name, "externalIds": {imports.SYSTEM: key}}})
        admin("OpportunityService/CreateOpportunity", {"parent": "accounts/other", "opportunityId": "gone3", "opportunity": {"title": "Third"}})
        self.tokens = {name: world.sign_in(self.server, name) for name in [*ROLES, "nobody"] if name != "admin"}
        self.tokens["admin"] = admin.token
        world.vote(self.server, admin, self.tokens)
        for one in ("closing", "hush"):
            world.add_round(admin, one)
            admin("RoundService/OpenRound", {"name": "rounds/" + one})
        self.revisions = settled(admin.connection, admin.token)
        admin.connection.close()
        self.server.stop()

    def close(self):
        self.server.close()


class NonInterference(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print("seed %d: KAM_SEED=%d repeats it" % (SEED, SEED), flush=True)
        cls.base = Base()
        cls.addClassCleanup(cls.base.close)

    def same(self, name, call, answers):
        one, other = (answer.raw for answer in answers)
        if one != other and ROLES[name].may("auditEntries.read"):
            one, other = HASHES.sub(b"", one), HASHES.sub(b"", other)
        if one != other:
            self.fail("%s tells the stores apart by %s %s %s (seed %d)\n--- one\n%s\n--- other\n%s" % (name, *call, SEED, *answers))

    def run_role(self, name):
        started, calls_made, codes, rows = time.monotonic(), 0, collections.Counter(), collections.Counter()
        pair = Pair(self, self.base, name)
        try:
            self.assertEqual(*pair.revisions)
            calls = Calls("%d %s" % (SEED, name), pair.role, pair.revisions[0], self.base.revisions)
            for first in range(0, SEQUENCES, SEQUENCES_BETWEEN_POKES):
                made = [call for _ in range(min(SEQUENCES_BETWEEN_POKES, SEQUENCES - first)) for call in calls.sequence()]
                for call, answers in pair.ask(made):
                    self.same(name, call, answers)
                    calls.learn(call, answers[0])
                    if call[0] == imports.METHOD:
                        rows.update(answers[0].rows)
                    else:
                        codes[answers[0].status] += 1
                calls_made += len(made)
                pair.poke(first // SEQUENCES_BETWEEN_POKES)
            self.watch(name, pair)
        finally:
            pair.close()
        met = ["%d of HTTP %d" % (codes[status], status) for status in sorted(codes)] + ["%d rows %s" % (rows[outcome], outcome) for outcome in sorted(rows)]
        print("%-9s %6d sequences, %6d calls in step, %s: the same bytes, in %.1f s" % (name, SEQUENCES, calls_made, ", ".join(met), time.monotonic() - started), flush=True)
        self.assertGreater(codes[200], SEQUENCES // 2)
        if calls.imports:
            self.assertGreater(min(rows[outcome] for outcome in imports.OUTCOMES), SEQUENCES // 100, rows)

    def watch(self, name, pair):
        """All that was ever changed, as this role is told of it."""
        for admin in pair.admins:
            admin("CompetitorService/CreateCompetitor", {"competitorId": "the-end", "competitor": {"displayName": "The end"}})
        told = [list(wire.watch(server, {"fromRevision": "1"}, pair.token, b"competitors/the-end")) for server in pair.servers]
        self.assertGreater(len(told[0]), 10)
        for one, other in zip(*told):
            self.assertEqual(one, other)
        self.assertEqual(len(told[0]), len(told[1]))

    def test_the_difference_is_there(self):
        """Whoever may see all of it does tell the copies apart, by nearly every step."""
        pair = Pair(self, self.base, "kam")
        try:
            self.assertEqual(*pair.revisions)
            differ = sum(one.raw != other.raw for _, (one, other) in
                         [(call, [connection.call(call[0], call[1], pair.admin_token, expect=None) for connection in pair.connections])
                          for call in (("AccountService/GetAccount", {"name": "accounts/other"}), ("AccountService/ListAccounts", {}), ("ContactService/ListContacts", {}),
                                       ("OpportunityService/ListOpportunities", {}), ("BindingService/ListBindings", {}), ("FinancialsService/ListFinancials", {}),
                                       ("AssessmentService/ListAssessments", {}), ("WhitespaceService/ListWhitespace", {}), ("BallotService/ListBallots", {"parent": "rounds/open"}),
                                       ("DecisionService/ListDecisions", {}), ("ChoiceService/GetMatrix", {}), ("ChoiceService/GetWhitespace", {}),
                                       ("ChoiceService/GetAlignment", {"name": "rounds/closing"}))])
            self.assertEqual(differ, 13)
        finally:
            pair.close()


def add_role(name):
    setattr(NonInterference, "test_" + name, lambda self: self.run_role(name))


for role in ROLES:
    if os.environ.get("KAM_ROLE", role) == role:
        add_role(role)

if __name__ == "__main__":
    unittest.main(warnings="ignore")
