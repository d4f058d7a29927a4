#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A full map and a full disk: changes are refused with a sentence, nothing is half done, reads go on, and room made again is used again."""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import grpc
import kamtest
import stubs


def fill(api, most, prefix="a"):
    """Creates accounts until one is refused; answers how many there are and the refusal."""
    for number in range(most):
        account = api.Account(display_name="%s%d" % (prefix, number), description="x" * 8000)
        try:
            api.accounts.CreateAccount(api.CreateAccountRequest(account_id="%s%d" % (prefix, number), account=account), timeout=30 * kamtest.PATIENCE)
        except grpc.RpcError as error:
            return number, error
    return most, None


class Full(unittest.TestCase):
    @staticmethod
    def audit(api):
        page_token = ""
        while True:
            page = api.audit.ListAuditEntries(api.ListRequest(page_size=1000, page_token=page_token), timeout=60 * kamtest.PATIENCE)
            yield from page.audit_entries
            page_token = page.next_page_token
            if not page_token:
                return

    def check(self, server, most):
        api = stubs.Api(server, server.admin().token)
        self.addCleanup(api.close)
        count, error = fill(api, most)
        self.assertIsNotNone(error, "it never got full")
        self.assertEqual(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED, error)
        self.assertGreater(count, 10)
        self.assertTrue(error.details())
        self.assertEqual(len(list(api.every_account())), count, "a refused change is half there, or an acknowledged one is not")
        api.accounts.GetAccount(api.GetRequest(name="accounts/a0"), timeout=10)
        # What goes on record meanwhile (the list above) lets LMDB use again what was freed before: there may be room for a few more.
        more, error = fill(api, 100, "b")
        self.assertEqual(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
        count += more
        self.assertEqual(len(list(api.every_account())), count)
        created = set()
        for entry in self.audit(api):
            created.update(entry.resources if entry.method.endswith("/CreateAccount") and entry.outcome == "OK" else ())
        self.assertEqual(len(created), count, "a change is not on record, or one is that did not happen")
        self.assertEqual(api.audit.VerifyAudit(api.VerifyAuditRequest(), timeout=30).revision > count, True)
        return api, count

    def test_the_map_is_full(self):
        with kamtest.Server(config="[store]\nsize_mib = 4\n") as server:
            _, count = self.check(server, 5000)
            server.config = "[store]\nsize_mib = 64\n"
            server.restart()
            api = stubs.Api(server, server.admin().token)
            api.accounts.CreateAccount(api.CreateAccountRequest(account_id="more", account=api.Account(display_name="x")), timeout=30)
            self.assertEqual(len(list(api.every_account())), count + 1)
            api.close()

    def test_the_disk_is_full(self):
        server = kamtest.Server()
        disk = server.folder + "/disk"
        os.makedirs(disk)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "kam-test", disk], capture_output=True).returncode != 0:
            server.close()
            self.skipTest("only root can mount a small disk")
        try:
            server.data = disk + "/data"
            server.ca = server.data + "/tls/ca.pem"
            with server:
                api, count = self.check(server, 5000)
                subprocess.run(["mount", "-o", "remount,size=32m", disk], check=True)
                api.accounts.CreateAccount(api.CreateAccountRequest(account_id="more", account=api.Account(display_name="x")), timeout=30)
                self.assertEqual(len(list(api.every_account())), count + 1)
                self.assertIsNone(server.process.poll())
        finally:
            subprocess.run(["umount", disk], check=True)
            server.close()


if __name__ == "__main__":
    unittest.main()
