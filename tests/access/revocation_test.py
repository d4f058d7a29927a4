#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rights that are taken away hold from the next message on, on many open streams at once: a role without the permission, a disabled user, an ended session.

    KAM_STREAMS=1000   how many watches are open; 400 without it

After each, a change that all of them would have been told of is made and told to a witness: none of the others gets it, then or a second later. How soon the streams of those who may do nothing
any more have ended is printed, and with KAM_REVOKED_WITHIN_S=1 asserted.
"""

import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import grpc
import kamtest
import stubs
import wire
import world

STREAMS = int(os.environ.get("KAM_STREAMS", "400"))
CONNECTIONS = 10  # a connection has 100 streams at once
LIMIT_S = float(os.environ.get("KAM_REVOKED_WITHIN_S", "0"))


class Streams:
    """Many watches of one user, on a few connections."""

    def __init__(self, server, token, count):
        self.lock = threading.Lock()
        self.told, self.begun, self.ended, self.codes = 0, 0, [], {}
        self.connections = [stubs.Api(server, token) for _ in range(min(CONNECTIONS, count))]
        self.calls = [self.connections[number % len(self.connections)].watch.Watch(stubs.Api.WatchRequest(names=["accounts"])) for number in range(count)]
        self.threads = [threading.Thread(target=self.read, args=(call,), daemon=True) for call in self.calls]
        for thread in self.threads:
            thread.start()

    def read(self, call):
        try:
            for reply in call:
                with self.lock:
                    self.begun += not reply.changes
                    self.told += len(reply.changes) > 0
        except grpc.RpcError as error:
            with self.lock:
                self.ended.append(time.monotonic())
                self.codes[error.code().name] = self.codes.get(error.code().name, 0) + 1

    def close(self):
        for connection in self.connections:
            connection.close()
        for thread in self.threads:
            thread.join()


class Revocation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Several ways to take rights away, one server; each way has its own user with all of the streams.
        kamtest.Server.of_class(cls)
        cls.admin = world.Admin(cls.server, world.sign_in(cls.server, "admin", cls.server.password))
        cls.admin("AccountService/CreateAccount", {"accountId": "acme", "account": {"displayName": "Acme"}})
        cls.admin("UserService/CreateUser", {"userId": "witness", "user": {"displayName": "Witness"}, "password": world.PASSWORD})
        cls.admin("BindingService/CreateBinding", {"bindingId": "witness", "binding": {"user": "users/witness", "role": "roles/executive"}})
        cls.witness = world.sign_in(cls.server, "witness")

    @classmethod
    def tearDownClass(cls):
        cls.admin.connection.close()

    def until(self, condition, what, timeout_s=60):
        end = time.monotonic() + timeout_s * kamtest.PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), end, what())
            time.sleep(0.005)

    def touch(self, text):
        """A change that everybody with a role is told of."""
        self.admin("AccountService/UpdateAccount", {"account": {"name": "accounts/acme", "description": text}})

    def revoke(self, user, take_away, ends_with):
        """`ends_with`: the codes that the streams end with; none where they stay open and say nothing."""
        admin = self.admin
        admin("RoleService/CopyRole", {"name": "roles/executive", "roleId": user})
        admin("UserService/CreateUser", {"userId": user, "user": {"displayName": user}, "password": world.PASSWORD})
        admin("BindingService/CreateBinding", {"bindingId": user, "binding": {"user": "users/" + user, "role": "roles/" + user}})
        streams = Streams(self.server, world.sign_in(self.server, user), STREAMS)
        try:
            self.until(lambda: streams.begun >= STREAMS, lambda: "%d of %d watches have begun" % (streams.begun, STREAMS))
            witness = Streams(self.server, self.witness, 1)
            self.until(lambda: witness.begun, lambda: "the witness does not begin")
            self.touch("seen by all of " + user)
            self.until(lambda: streams.told >= STREAMS, lambda: "%d of %d watches were told" % (streams.told, STREAMS))
            before = streams.told
            started = time.monotonic()
            take_away()
            self.touch("a secret from " + user)
            self.until(lambda: witness.told >= 2, lambda: "the witness is not told")
            if ends_with:
                self.until(lambda: len(streams.ended) >= STREAMS, lambda: "%d of %d watches have ended" % (len(streams.ended), STREAMS))
                took_s = max(streams.ended) - started
                self.assertEqual(set(streams.codes), {ends_with})
                print("%s: %d of %d open watches ended within %.2f s of the call that took the rights away" % (user, len(streams.ended), STREAMS, took_s), flush=True)
                if LIMIT_S:
                    self.assertLess(took_s, LIMIT_S)
            else:
                time.sleep(1)
                print("%s: none of %d open watches was told of what came after" % (user, STREAMS), flush=True)
            self.assertEqual(streams.told, before)
            witness.close()
        finally:
            streams.close()

    def test_a_disabled_user(self):
        self.revoke("disabled", lambda: self.admin("UserService/DisableUser", {"name": "users/disabled"}), "UNAUTHENTICATED")

    def test_an_ended_session(self):
        def end():
            for session in self.admin("SessionService/ListSessions", {"parent": "users/ended"})["sessions"]:
                self.admin("SessionService/DeleteSession", {"name": session["name"]})
        self.revoke("ended", end, "UNAUTHENTICATED")

    def test_a_binding_taken_away(self):
        self.revoke("unbound", lambda: self.admin("BindingService/DeleteBinding", {"name": "bindings/unbound"}), "PERMISSION_DENIED")

    def test_a_role_without_the_permission(self):
        self.revoke("poor", lambda: self.admin("RoleService/UpdateRole", {"role": {"name": "roles/poor", "permissions": ["users.read"]}}), "")


if __name__ == "__main__":
    unittest.main(warnings="ignore")
