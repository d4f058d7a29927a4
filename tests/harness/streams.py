# SPDX-License-Identifier: Apache-2.0
"""A stream that is left open, for tests of what ends it."""

import queue
import threading

import grpc
import kamtest
import stubs


class Stream:
    """A watch that is open, and what becomes of it."""

    def __init__(self, case, server, token):
        self.api = stubs.Api(server, token)
        case.addCleanup(self.api.close)
        self.call = self.api.watch.Watch(self.api.WatchRequest())
        self.ended = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()
        self.api.accounts.ListAccounts(self.api.ListRequest(), timeout=60 * kamtest.PATIENCE)

    def read(self):
        try:
            for _ in self.call:
                pass
            self.ended.put(None)
        except grpc.RpcError as error:
            self.ended.put(error.code())

    def end(self):
        return self.ended.get(timeout=60 * kamtest.PATIENCE)
