#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""table.py OUTPUT: one table of all cases and clients, from what interop.py left in INTEROP_RESULTS. Fails where a case did or a client is missing."""

import os
import sys
import textwrap

import cases


def results(client):
    """case -> outcome; empty where the client did not run."""
    try:
        with open(os.path.join(os.environ["INTEROP_RESULTS"], client)) as file:
            return dict(line.rstrip("\n").split(" ", 1) for line in file)
    except FileNotFoundError:
        return {}


def main():
    found = {client: results(client) for client in cases.ALL}
    faults = ["%s by %s: %s" % (case, client, found[client].get(case, "did not run"))
              for client, wanted in cases.ALL.items() for case in wanted if found[client].get(case) != "ok"]
    total = sum(len(wanted) for wanted in cases.ALL.values())

    def row(first, cells):
        return ("%-28s" % first + "".join("%-*s" % (len(client) + 2, cell) for client, cell in zip(cases.CLIENTS, cells))).rstrip()

    def cell(client, case):
        return "-" if case not in cases.CLIENTS[client] else "ok" if found[client].get(case) == "ok" else "FAIL"

    lines = [row("", cases.CLIENTS)] + [row(case, [cell(client, case) for client in cases.CLIENTS]) for case in cases.CONNECT]
    for client, wanted in cases.RAW.items():
        passed = [case for case in wanted if found[client].get(case) == "ok"]
        text = "%s, %d of %d: %s" % (client, len(passed), len(wanted), ", ".join(passed))
        lines += ["", *textwrap.wrap(text, 118, subsequent_indent="  ")]
    lines += ["", "%d of %d cases pass" % (total - len(faults), total), *faults]
    with open(sys.argv[1], "w") as file:
        file.write("\n".join(lines) + "\n")
    print("\n".join(lines))
    return bool(faults)


sys.exit(main())
