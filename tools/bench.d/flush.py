# SPDX-License-Identifier: Apache-2.0
"""tools/bench flush [US]: how do writers share a commit on a disk whose flush takes 2,000 microseconds longer (or US)? Status 1 where 64 writers do not reach what is asked.

Group commit shares the flush among the writers, so what it gains is what a flush costs whatever was written: little on a virtual disk with a cache, milliseconds on an SSD or volume that
waits for its cells. One machine cannot have both disks; here every fdatasync(2) of kamd is made longer.
"""

import os

import common
import kamtest
import loads
import table

ACCOUNTS, SECONDS, ROUNDS = 100000, 2, 3


def main(longer_us=2000):
    os.environ.update(LD_PRELOAD=loads.BUILT + "libbench-flush.so", KAM_BENCH_FLUSH_US=str(longer_us))
    best = {writers: None for writers in table.WRITERS}
    with kamtest.Server() as server:
        del os.environ["LD_PRELOAD"]
        common.fill(server, ACCOUNTS)
        for _ in range(ROUNDS):
            for writers, found in best.items():
                run = loads.bench_load(server, "update", writers, SECONDS, ACCOUNTS)
                best[writers] = loads.Measure(run["requests"] / run["seconds"], None, run["p50"], run["p99"]).best(found)
    print("{:,} accounts; every flush takes {:,} us longer than this disk's.\n".format(ACCOUNTS, longer_us))
    table.show(["UpdateAccount, gRPC", "per second", "p50 us", "p99 us"],
               [["%d writer%s" % (writers, "s" * (writers > 1)), *map(table.number, (found.rate, found.p50, found.p99))] for writers, found in best.items()], False)
    targets = table.sharing(best[1], best[64])
    table.show(table.TARGET_HEAD, [cells for cells, _ in targets], False)
    return not all(met for _, met in targets)
