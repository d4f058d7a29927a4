# SPDX-License-Identifier: Apache-2.0
"""Imports for interference_test.py: made up at random of rows that name what is seen, what is hidden and what is not there; and how they are sent."""

import collections

import grpc
import kamtest
import stubs  # makes kam.v1
from kam.v1 import import_pb2

METHOD = "ImportService/Import"
SYSTEM = "crm"
OUTCOMES = ("created", "updated", "unchanged", "failed")
# External ids that the stores begin with; twist.py gives more to what is hidden. The administrator sets them: (service, field, name, id).
KNOWN = tuple((noun + "Service/Update" + noun, noun.lower(), name, key) for noun, name, key in (
    ("Account", "accounts/own", "k1"), ("Account", "accounts/team", "k2"), ("Account", "accounts/other", "k3"),
    ("Contact", "contacts/own-c", "k1"), ("Contact", "contacts/other-c", "k3"), ("Product", "products/p", "k1"),
    ("Opportunity", "accounts/own/opportunities/o", "k1"), ("Opportunity", "accounts/team/opportunities/o", "k2"), ("Opportunity", "accounts/other/opportunities/o", "k3"),
    ("Stakeholder", "accounts/own/stakeholders/s", "k1"), ("Stakeholder", "accounts/other/stakeholders/s", "k3")))
KEYS = ("k1", "k1", "k2", "k3", "dark", "veil", "new-1", "new-2")

# Texts for references, by the way of looking up: names and ids, external ids, titles. What is seen comes first, and half of the time.
ACCOUNTS = (("own", "team", "accounts/other", "own-gone", "dark", "veil", "missing"), ("k1", "k2", "k3", "dark", "veil", "missing"),
            ("Own", "Team", "Other", "Dark", "Veil", "New", "Missing"))
CONTACTS = (("own-c", "contacts/other-c", "dark", "veil", "own-gone-c", "missing"), ("k1", "k3", "dark", "veil", "missing"), ("own-c", "other-c", "Dark", "Veil", "New", "Missing"))
USERS = (("kam", "users/else", "missing"), ("", "missing"), ("Kam", "Else", "Missing"))
PRODUCTS = (("p", "gone", "products/missing"), ("k1", "missing"), ("P", "Gone", "New", "Missing"))
STAKEHOLDERS = (("s", "s2", "gone", "dark", "veil", "accounts/other/stakeholders/s", "missing"), ("k1", "k3", "dark", "missing"), ("Buyer", "Nobody", "Left", "Missing"))
OPPORTUNITIES = (("o", "dark2", "veil2", "accounts/other/opportunities/dark", "missing"), ("k1", "k2", "dark", "veil", "missing"), ("Deal", "Dark", "Veil", "Missing"))
NUMBERS, TITLES, TEXTS = ("7", "70", "1,234.5", "many", ""), ("New", "Own", "Dark", "Veil", "Deal"), ("x", "attack", "poke 1", "")

# What is imported: the field that each row needs and others, with the texts for its cells, of a reference by the way of looking up.
FIELDS = {
    "accounts": {"display_name": TITLES, "parent_account": ACCOUNTS, "region": ("EMEA", "APAC"), "owner": USERS, "annual_revenue": NUMBERS, "description": TEXTS, "strategy.text": TEXTS},
    "contacts": {"display_name": TITLES, "company": ACCOUNTS, "emails": ("x@example.com", "dark@example.com", "none"), "notes": TEXTS},
    "opportunities": {"title": TITLES, "value": NUMBERS, "owner": USERS, "products": PRODUCTS, "stage": ("PROSPECTING", "PROPOSAL", "odd"), "description": TEXTS},
    "stakeholders": {"title": TITLES, "contact": CONTACTS, "reports_to": STAKEHOLDERS, "power": ("1", "5", "6"), "notes": TEXTS},
    "interactions": {"time": ("2026-03-01T10:00:00Z", "2026-03-01", "soon"), "kind": ("CALL", "CALL"), "opportunity": OPPORTUNITIES, "stakeholders": STAKEHOLDERS, "summary": TEXTS},
    "financials": {"id": ("2026-Q1", "2026-Q2", "2026-Q3", "2024-Q1", "2024-Q2"), "revenue": NUMBERS, "notes": TEXTS},
    "whitespace": {"unit": ("Plant", "Dark", "Veil", "Yard"), "product": PRODUCTS, "opportunity": OPPORTUNITIES, "spend": NUMBERS, "notes": TEXTS},
    "members": {"id": ("kam", "rep", "else", "nobody", "nobody2", "missing"), "responsibility": TEXTS},
    "products": {"display_name": TITLES, "list_price": NUMBERS},
    "users": {"display_name": TITLES},
}
NEEDED = ("display_name", "title", "time", "kind", "id", "unit", "product")
TOP = ("accounts", "contacts", "products", "users")
IDS = ("own", "dark", "veil", "missing", "mine", "")


def _pick(random, texts):
    return texts[0] if random.random() < 0.5 else random.choice(texts)


def _key(random):
    return random.choice(KEYS) if random.random() < 0.8 else "new-%d" % random.randrange(10000)


def _mapping(random, field, texts):
    """One field of the map, and the texts for its column."""
    way = 0
    if isinstance(texts[0], tuple):
        way = random.randrange(3)
        texts = texts[way]
    return import_pb2.FieldMapping(field=field, column=field, lookup=way, currency_code="EUR"), texts


def make(random):
    """One import: one message or two, most of them only to be checked. Most take a few fields, so that what they hide behind no other fault."""
    plural = random.choice(list(FIELDS))
    fields = FIELDS[plural]
    chosen = [field for field in fields if field in NEEDED or random.random() < 0.25]
    columns = [_mapping(random, field, fields[field]) for field in chosen]
    parent = ""
    if plural not in TOP:
        if random.random() < 0.5:
            parent = "accounts/" + random.choice(("own", "own", "own", "team", "other", "own-gone", "dark", "missing"))
        else:
            columns.append(_mapping(random, "parent", ACCOUNTS))
    if "id" not in chosen and random.random() < 0.1:
        columns.append(_mapping(random, "id", IDS))
    start = import_pb2.ImportStart(map=import_pb2.ImportMap(resource=plural, system=SYSTEM, key_columns=["key"], fields=[mapping for mapping, _ in columns]), parent=parent,
                                   columns=["key"] + [mapping.column for mapping, _ in columns], validate_only=random.random() < 0.7)
    rows = [import_pb2.ImportRow(line=line, cells=[_key(random)] + [_pick(random, texts) for _, texts in columns]) for line in range(2, 2 + random.randrange(1, 6))]
    cut = random.randrange(len(rows) + 1)
    return [import_pb2.ImportRequest(start=start, rows=rows[:cut])] + ([import_pb2.ImportRequest(rows=rows[cut:])] if rows[cut:] else [])


class Answer:
    """All that an import is answered with, as bytes: messages, status, metadata."""

    def __init__(self, call):
        messages = []
        try:
            messages.extend(call)
        except grpc.RpcError:
            pass  # call.code() says so
        self.messages = [import_pb2.ImportResponse.FromString(message) for message in messages]
        self.rows = collections.Counter()
        if call.code() == grpc.StatusCode.OK:
            self.rows.update({outcome: getattr(self.messages[-1], outcome) for outcome in OUTCOMES})
        self.raw = repr((call.code(), call.details(), messages, list(call.initial_metadata()), list(call.trailing_metadata()))).encode()

    def __str__(self):
        return "%s\n%s" % (self.raw.decode(), "\n".join(str(message) for message in self.messages))


class Importer:
    """A connection for imports; streams in both directions are gRPC's alone."""

    def __init__(self, server, token):
        with open(server.ca, "rb") as file:
            self.channel = grpc.secure_channel(server.address, grpc.ssl_channel_credentials(file.read()), options=[("grpc.use_local_subchannel_pool", 1)])
        self.metadata = [("authorization", "Bearer " + token)]

    def __call__(self, requests):
        call = self.channel.stream_stream("/kam.v1." + METHOD, request_serializer=import_pb2.ImportRequest.SerializeToString)
        return Answer(call(iter(requests), metadata=self.metadata, timeout=60 * kamtest.PATIENCE))

    def close(self):
        self.channel.close()
