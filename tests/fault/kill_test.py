#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 during eight writers, KAM_KILLS times (50 without it): nothing acknowledged is lost, nothing is there in part, the log's chain verifies."""

import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import grpc
import kamtest
import stubs

WRITERS = 8


class Writer(threading.Thread):
    """Creates an account, changes it, and notes what kamd said is done."""

    def __init__(self, api, number, round_number, acknowledged):
        super().__init__(daemon=True)
        self.api, self.prefix, self.acknowledged = api, "r%d-w%d" % (round_number, number), acknowledged
        self.other_errors = []

    def run(self):
        try:
            for count in range(1 << 30):
                name = "%s-%d" % (self.prefix, count)
                account = self.api.Account(display_name=name, region="new", employees=count)
                made = self.api.accounts.CreateAccount(self.api.CreateAccountRequest(account_id=name, account=account), timeout=20)
                self.acknowledged[made.name] = "new"
                change = self.api.Account(name=made.name, region="changed", etag=made.etag)
                self.api.accounts.UpdateAccount(self.api.UpdateAccountRequest(account=change), timeout=20)
                self.acknowledged[made.name] = "changed"
        except grpc.RpcError as error:
            if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL):
                self.other_errors.append(error)


def one_round(server, api, number, acknowledged, dice):
    writers = [Writer(api, writer, number, acknowledged) for writer in range(WRITERS)]
    for writer in writers:
        writer.start()
    time.sleep(dice.uniform(0.02, 0.35) * kamtest.PATIENCE)
    server.kill()
    for writer in writers:
        writer.join()
        assert not writer.other_errors, writer.other_errors
    started = time.monotonic()
    server.start()
    return time.monotonic() - started


def check(api, acknowledged):
    there = {}
    for account in api.every_account():
        assert account.display_name == account.name.split("/")[1] and account.etag, account
        assert account.region in ("new", "changed") and account.employees == int(account.name.rsplit("-", 1)[1]), account
        there[account.name] = account.region
    for name, region in acknowledged.items():
        assert name in there, "%s was acknowledged and is lost" % name
        assert not (region == "changed" and there[name] == "new"), "the change of %s was acknowledged and is lost" % name
    return len(there)


def main():
    rounds, seed = int(os.environ.get("KAM_KILLS", "50")), int(os.environ.get("KAM_SEED", str(random.randrange(1 << 32))))
    print("seed %d (KAM_SEED repeats it)" % seed)
    dice, acknowledged, slowest = random.Random(seed), {}, 0
    with kamtest.Server() as server:
        token = server.admin().token
        for number in range(rounds):
            api = stubs.Api(server, token)
            slowest = max(slowest, one_round(server, api, number, acknowledged, dice))
            api.close()
            api = stubs.Api(server, token)
            count = check(api, acknowledged)
            verified = api.audit.VerifyAudit(api.VerifyAuditRequest(), timeout=60)
            api.close()
            assert verified.revision >= len(acknowledged), verified
    assert len(acknowledged) > rounds, "hardly anything was written: %d" % len(acknowledged)
    print("%d kills: %d acknowledged accounts, none lost (%d there), the chain of %d entries verifies, ready again within %.0f ms" %
          (rounds, len(acknowledged), count, verified.entries, slowest * 1000))


main()
