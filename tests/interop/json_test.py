#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""json_test.py PROGRAM: common/schema's JSON (PROGRAM is interop_json) beside buf convert, which is Go's own mapping.

Texts written by hand (json/cases.py), then messages of chance there and back: those of every.proto, which has every kind of field, and those of
kam's own contract. SEED=n tries other messages.
"""

import os
import re
import sys

from google.protobuf import json_format

FOLDER = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(FOLDER, "json"))
import cases
import chance
import reference

SEED = int(os.environ.get("SEED", "20260930"))
# We escape what acts on a terminal; Go lets it stand.
ACTS = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]")
faults = []


def check(good, *what):
    if not good:
        faults.append(" ".join(str(part) for part in what))


def flat(table):
    """The (type, text) pairs of a table."""
    return [("every." + holder.capitalize(), text if isinstance(text, bytes) else text.encode()) for holder, texts in table.items() for text in texts]


def valid_texts(ours, buf):
    pairs = flat(cases.VALID)
    batch = b",".join(b'{"%s":%s}' % (name[len("every."):].lower().encode(), text) for name, text in pairs)
    packed = buf.read("every.Batch", b'{"every":[%s]}' % batch)
    if packed is None:
        theirs = buf.read_each(pairs)
    else:
        theirs = [getattr(every, name[len("every."):].lower()).SerializeToString() for (name, _), every
                  in zip(pairs, buf.kind("every.Batch").FromString(packed).every)]
    for (name, text), their in zip(pairs, theirs):
        our, fault = ours.read(name, text)
        check(their is not None, "buf refuses", name, text)
        check(our is not None, "refused:", name, text, fault)
        if our is not None and their is not None:
            check(buf.canonical(name, our) == buf.canonical(name, their), "not the same:", name, text, our.hex(), their.hex())
    return len(pairs)


def refused_texts(ours, buf):
    pairs = flat(cases.INVALID)
    for (name, text), their in zip(pairs, buf.read_each(pairs)):
        check(their is None, "buf takes", name, text)
        check(ours.read(name, text)[0] is None, "not refused:", name, text)
    return len(pairs)


def unknown_names(ours, buf):
    pairs = flat(cases.UNKNOWN)
    paths = [path for table in cases.UNKNOWN.values() for path in table.values()]
    for (name, text), path, their in zip(pairs, paths, buf.read_each(pairs)):
        our, fault = ours.read(name, text)
        check(their is not None, "buf refuses too", name, text)
        check(our is None and fault.startswith(path + ":" if path else "no such field"), "not refused by its path:", name, text, fault)
        try:
            json_format.Parse(text, buf.kind(name)(), descriptor_pool=buf.pool)
            check(False, "json_format takes", name, text)
        except json_format.ParseError:
            pass
    return len(pairs)


def differences(ours, buf):
    count = 0
    for title, table in (("stricter", cases.STRICTER), ("looser", cases.LOOSER), ("otherwise", cases.OTHERWISE)):
        for reason, texts in table.items():
            pairs = flat(texts)
            for (name, text), their in zip(pairs, buf.read_each(pairs)):
                our, fault = ours.read(name, text)
                check((our is None) == (title == "stricter") and (their is None) == (title == "looser") and our != their, "no longer", title, name, text, fault)
            count += len(pairs)
            print("    %s: %s" % (title, reason))
    return count


def there_and_back(ours, buf, name, message):
    packed = message.SerializeToString(deterministic=True)
    wanted = buf.canonical(name, packed)
    our, their = ours.write(name, packed), buf.write(name, packed)
    if their is None:
        return check(False, name, "buf cannot write", packed.hex())
    mine, other = reference.tokens(our), reference.tokens(their, ACTS)
    for at, (left, right) in enumerate(zip(mine, other)):
        if left != right:
            check(False, name, "is written", "".join(mine[max(at - 8, 0):at + 4]), "by us, and by buf", "".join(other[max(at - 8, 0):at + 4]))
            break
    check(len(mine) == len(other), name, "is written with more or less than by buf")
    again = buf.read(name, our)
    check(again is not None and buf.canonical(name, again) == wanted, name, "is another message to buf:", our.decode()[:2000])
    again, fault = ours.read(name, their)
    check(again is not None and buf.canonical(name, again) == wanted, name, "is another message to us:", fault, their.decode()[:2000])


def chance_messages(ours, buf):
    some = chance.Chance(SEED, buf.kind, ["every.Leaf", "every.Scalars", "every.Known", "every.Maps", "every.Choices"])
    total = 0
    for _ in range(4):
        batch = buf.kind("every.Batch")()
        for _ in range(150):
            some.fill(batch.every.add())
        there_and_back(ours, buf, "every.Batch", batch)
        total += len(batch.every)
    return total


def contract_messages(ours, buf):
    resources = ["kam.v1.Account", "kam.v1.Scorecard", "kam.v1.Interaction", "kam.v1.Money"]
    some = chance.Chance(SEED, buf.kind, resources + ["google.rpc.ErrorInfo", "google.rpc.BadRequest"])
    names = ["kam.v1.ListAccountsResponse", "kam.v1.ImportRequest", "kam.v1.ImportResponse", "kam.v1.Scorecard", "kam.v1.ListVersionsResponse", "kam.v1.WatchResponse",
             "kam.v1.AuditEntry", "google.rpc.Status"]
    for name in names:
        for _ in range(2):
            there_and_back(ours, buf, name, some.fill(buf.kind(name)()))
    return 2 * len(names)


def main():
    proto = os.path.join(reference.ROOT, "proto")
    contract = ["kam/v1/" + name for name in sorted(os.listdir(proto + "/kam/v1")) if name.endswith(".proto")]
    wellknown = ["google/protobuf/%s.proto" % name for name in ("duration", "empty", "wrappers")]
    ours = reference.Ours(sys.argv[1])
    buf = reference.Reference([os.path.join(FOLDER, "json")], ["every.proto"])
    kam = reference.Reference([proto], contract + ["google/rpc/status.proto", "google/rpc/error_details.proto", *wellknown])
    print("%4d texts that both read as the same message" % valid_texts(ours, buf))
    print("%4d texts that both refuse" % refused_texts(ours, buf))
    print("%4d texts with something unknown, refused by its path" % unknown_names(ours, buf))
    print("%4d texts that differ as intended" % differences(ours, buf))
    print("%4d messages of every kind of field, there and back" % chance_messages(ours, buf))
    print("%4d messages of the contract, there and back" % contract_messages(ours, kam))
    ours.close()
    for fault in faults:
        print(fault[:3000])
    print("%d faults" % len(faults))
    return 1 if faults else 0


sys.exit(main())
