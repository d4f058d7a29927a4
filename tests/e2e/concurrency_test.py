#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Eight connections at once: writers of one account whose etags collide, readers, reports and watches. Each watch sees every change once, in order."""

import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import grpc
import kamtest
import stubs

WRITERS, READERS, WATCHES, SECONDS = 4, 2, 2, float(os.environ.get("KAM_SECONDS", "3"))


class Work:
    def __init__(self, server):
        self.server, self.token = server, server.admin().token
        self.stop, self.lock, self.faults = threading.Event(), threading.Lock(), []
        self.written, self.collisions, self.reads, self.seen, self.watches = 0, 0, 0, [[] for _ in range(WATCHES)], []

    def run(self, function, *arguments):
        api = stubs.Api(self.server, self.token)
        try:
            function(api, *arguments)
        except Exception as fault:  # shown by main, whatever it is
            self.faults.append(fault)
        finally:
            api.close()

    def write(self, api, number):
        while not self.stop.is_set():
            account = api.accounts.GetAccount(api.GetRequest(name="accounts/shared"), timeout=30 * kamtest.PATIENCE)
            change = api.Account(name=account.name, employees=account.employees + 1, etag=account.etag)
            try:
                api.accounts.UpdateAccount(api.UpdateAccountRequest(account=change), timeout=30 * kamtest.PATIENCE)
                with self.lock:
                    self.written += 1
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.ABORTED, error
                with self.lock:
                    self.collisions += 1
            api.accounts.CreateAccount(api.CreateAccountRequest(account=api.Account(display_name="own %d" % number)), timeout=30 * kamtest.PATIENCE)

    def read(self, api):
        while not self.stop.is_set():
            first = api.accounts.ListAccounts(api.ListRequest(page_size=20, order_by="display_name"), timeout=30 * kamtest.PATIENCE)
            assert first.accounts
            api.portfolio.GetPortfolio(api.GetPortfolioRequest(page_size=10), timeout=30 * kamtest.PATIENCE)
            api.audit.VerifyAudit(api.VerifyAuditRequest(), timeout=30 * kamtest.PATIENCE)
            self.reads += 3

    def follow(self, api, number):
        call = api.watch.Watch(api.WatchRequest(names=["accounts/shared"], from_revision=1))
        self.watches.append(call)
        try:
            for event in call:
                for change in event.changes:
                    account = api.Account()
                    change.resource.Unpack(account)
                    self.seen[number].append(account.employees)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.CANCELLED, error


def main():
    with kamtest.Server() as server:
        server.admin().run("accounts", "create", "shared", "--set", "display_name=Shared")
        work = Work(server)
        threads = [threading.Thread(target=work.run, args=(work.write, number)) for number in range(WRITERS)]
        threads += [threading.Thread(target=work.run, args=(work.read,)) for _ in range(READERS)]
        followers = [threading.Thread(target=work.run, args=(work.follow, number)) for number in range(WATCHES)]
        for thread in threads + followers:
            thread.start()
        time.sleep(SECONDS * kamtest.PATIENCE)
        work.stop.set()
        for thread in threads:
            thread.join()
        end = time.monotonic() + 60 * kamtest.PATIENCE
        while not work.faults and any(len(seen) <= work.written for seen in work.seen) and time.monotonic() < end:
            time.sleep(0.05)  # until the watches were told of the last change
        for call in work.watches:
            call.cancel()
        for thread in followers:
            thread.join()
        assert not work.faults, work.faults
        final = server.admin().json("accounts", "get", "shared")
    assert int(final["employees"]) == work.written > 0, (final, work.written)
    for seen in work.seen:
        assert seen == list(range(work.written + 1)), "a watch had a gap: %s" % seen[:50]
    print("%d changes, %d collisions told as ABORTED, %d reads, each watch saw every change once" % (work.written, work.collisions, work.reads))


main()
