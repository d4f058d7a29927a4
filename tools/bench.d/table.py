# SPDX-License-Identifier: Apache-2.0
"""The table of tools/bench: one row a load, kamd beside its floor, and the targets."""

import os
import resource

import common
import kamtest
import loads

ACCOUNTS, IDLE_CONNECTIONS, WATCHES = 100000, 5000, 1000
SHAPES = ((1, 1), (8, 1), (8, 32))
WRITERS = (1, 16, 64, 256)


def number(value):
    return "" if value is None else "{:,.0f}".format(value) if value >= 100 else "{:.1f}".format(value)


def row(name, ours, floor=None):
    floor = floor or loads.Measure()
    cells = [name, number(ours.rate), number(ours.cpu), number(ours.p50), number(ours.p99), number(floor.rate), number(floor.cpu)]
    cells.append("%.0f %%" % (100 * ours.rate / floor.rate) if floor.rate else "")
    return cells


HEAD = ["load", "per second", "CPU us", "p50 us", "p99 us", "floor/s", "floor CPU us", "of the floor"]
TARGET_HEAD = ["target", "found", "to reach", ""]


def target(name, found, limit, unit, at_least=False):
    """A row, and whether the target is met. `unit` is a format of both numbers."""
    met = found >= limit if at_least else found <= limit
    return [name, unit % found, ("at least " if at_least else "at most ") + unit % limit, "met" if met else "SHORT"], met


def sharing(one, many):
    """The targets of how well 64 writers share their commits."""
    return [
        target("64 writers, of one", many.rate / one.rate, 8, "%.1f x", at_least=True),
        target("p99 of 64 writers, of one writer's p50", many.p99 / one.p50, 10, "%.1f x"),
    ]


def show(head, rows, markdown):
    if markdown:
        print("| %s |\n|%s|" % (" | ".join(head), "|".join("---" if i == 0 else "---:" for i in range(len(head)))))
        for cells in rows:
            print("| %s |" % " | ".join(cells))
    else:
        widths = [max(len(cells[i]) for cells in [head, *rows]) for i in range(len(head))]
        for cells in [head, *rows]:
            print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(cells, widths))).rstrip())
    print(flush=True)


def measure(server, nghttpd, quick):
    """Answers the rows of the table, and the targets as target() makes them. Every number is of the best of some rounds: whatever else runs only ever adds."""
    rounds, seconds, part = (2, 0.5, 5) if quick else (6, 1, 1)
    rows, updates = [], {}
    idle = loads.idle_bytes(server, server.port, server.process.pid, IDLE_CONNECTIONS) / 1024
    nghttpd.serve("GetAccount", 200)
    idle_floor = loads.idle_bytes(server, nghttpd.port, nghttpd.process.pid, IDLE_CONNECTIONS) / 1024
    writes = loads.Writes(server, ACCOUNTS, 4 * seconds)
    reads = loads.Reads(server, nghttpd, ACCOUNTS)
    get = None
    for protocol in ("gRPC", "JSON"):
        for connections, streams in SHAPES:
            count = (5000 if connections == 1 else 20000 if streams == 1 else 100000) // part
            found = reads.measure("GetAccount", protocol, connections, streams, count, rounds)
            get = found if (protocol, streams) == ("gRPC", 32) else get
            rows.append(row("GetAccount, %s, %d x %d" % (protocol, connections, streams), *found))
        found = reads.measure("ListAccounts", protocol, 8, 32, 5000 // part, rounds)
        rows.append(row("ListAccounts of 50 by region, %s, 8 x 32" % protocol, *found))
        updates[protocol] = writes.measure(WRITERS, seconds, rounds, protocol)
        for writers, found in updates[protocol].items():
            rows.append(row("UpdateAccount, %s, %d writer%s" % (protocol, writers, "s" * (writers > 1)), *found))
    watch = loads.watch(server, WATCHES, 100 // part, rounds, ACCOUNTS)
    rows.append(row("Watch, {:,} streams: reply to last event".format(WATCHES), watch))
    (one, one_floor), (many, _) = updates["gRPC"][1], updates["gRPC"][64]
    return rows, [
        target("GetAccount, 8 x 32, of nghttpd's file of the same size", 100 * get[0].rate / get[1].rate, 60, "%.0f %%", at_least=True),
        target("CPU of kamd per GetAccount, 8 x 32, of nghttpd's per file", get[0].cpu / get[1].cpu, 2, "%.2f x"),
        target("UpdateAccount, one writer, of LMDB with the same puts", 100 * one.rate / one_floor.rate, 70, "%.0f %%", at_least=True),
        *sharing(one, many),
        target("idle TLS connection (nghttpd: %.0f KiB)" % idle_floor, idle, 32, "%.0f KiB"),
        target("Watch, 1,000 streams, p99 from the reply to the last event", watch.p99 / 1000, 20, "%.1f ms"),
    ]


def main(quick, markdown):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with kamtest.Server(config="[limits]\nconnections_per_address = %d\n" % (2 * IDLE_CONNECTIONS)) as server:
        print("{:,} accounts imported in {:.1f} s; {} cores, shared by server and load.\n".format(ACCOUNTS, common.fill(server, ACCOUNTS), os.cpu_count()), flush=True)
        server.restart()
        nghttpd = loads.Nghttpd(server)
        try:
            rows, targets = measure(server, nghttpd, quick)
        finally:
            nghttpd.close()
    show(HEAD, rows, markdown)
    show(TARGET_HEAD, [cells for cells, _ in targets], markdown)
    met = sum(ok for _, ok in targets)
    print("%d targets met, %d short" % (met, len(targets) - met))
    return met < len(targets)
