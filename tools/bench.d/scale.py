# SPDX-License-Identifier: Apache-2.0
"""tools/bench scale [N]: does kam cost the same with 100,000 accounts (or N) as with 1,000? Ends with status 1 where it does not.

Measured on the server's own CPU clock, not on the wall: the time per GetAccount, and per page of 50 accounts found by an indexed field, must grow by
no more than half. `kam accounts list --all -o csv` must write the 100,000 in under 3 s.
"""

import subprocess
import time

import common
import kamtest
import stubs

SMALL, GROWTH, CSV_SECONDS, CALLS, ROUNDS = 1000, 1.5, 3.0, 2000, 5


def cost(server, call):
    """CPU time of the server per call, in microseconds."""
    before = common.cpu_seconds(server.process.pid)
    for number in range(CALLS):
        call(number)
    return (common.cpu_seconds(server.process.pid) - before) / CALLS * 1e6


def page_of(api, number, most):
    page = api.accounts.ListAccounts(api.ListRequest(page_size=50, filter='region = "r%d"' % (number % most)))
    assert len(page.accounts) == 50 and page.next_page_token, len(page.accounts)


class Store:
    """One server with its accounts, and the least that each call cost so far."""

    def __init__(self, server, count):
        self.server, self.count, self.get, self.page = server, count, float("inf"), float("inf")
        seconds = common.fill(server, count)
        print("%7d accounts: imported in %.1f s, %.0f rows/s" % (count, seconds, count / seconds), flush=True)
        self.api = stubs.Api(server, server.admin().token)

    def measure(self):
        api, count = self.api, self.count
        self.get = min(self.get, cost(self.server, lambda number: api.accounts.GetAccount(api.GetRequest(name="accounts/a%06d" % (number * 7919 % count)))))
        self.page = min(self.page, cost(self.server, lambda number: page_of(api, number, count // 500)))

    def csv(self):
        path, started = self.server.folder + "/all.csv", time.monotonic()
        with open(path, "wb") as file:
            subprocess.run([kamtest.KAM, "accounts", "list", "--all", "-o", "csv"], env=self.server.admin().environment, stdout=file, check=True)
        seconds = time.monotonic() - started
        with open(path, "rb") as file:
            lines = file.read().count(b"\n")
        assert lines == self.count + 1, lines
        return seconds

    def report(self):
        own = common.own_bytes(self.server.process.pid) / 2**20
        print("%7d accounts: GetAccount %.0f us, page of 50 by region %.0f us of the server's CPU; %.0f MiB of its own memory" %
              (self.count, self.get, self.page, own), flush=True)


def main(count=100000):
    with kamtest.Server() as first, kamtest.Server() as second:
        small, large = Store(first, SMALL), Store(second, count)
        for _ in range(ROUNDS):  # in turns, so that a busy machine is busy for both
            small.measure()
            large.measure()
        small.report()
        large.report()
        growth, csv = (large.get / small.get, large.page / small.page), min(large.csv() for _ in range(2))
    print("growth: GetAccount %.2fx, page %.2fx (at most %.1fx); all as CSV in %.2f s (under %.0f s)" % (*growth, GROWTH, csv, CSV_SECONDS))
    return max(growth) > GROWTH or csv >= CSV_SECONDS

