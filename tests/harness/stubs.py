# SPDX-License-Identifier: Apache-2.0
"""The API for tests that make many calls on one connection: stubs that gRPC's own generator makes from proto/ (python3-grpcio)."""

import atexit
import glob
import os
import shutil
import subprocess
import sys
import tempfile

import grpc
import kamtest


def _generate():
    folder = tempfile.mkdtemp(prefix="kam-stubs-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    proto = os.path.join(kamtest.ROOT, "proto")
    files = [os.path.relpath(path, proto) for path in sorted(glob.glob(proto + "/kam/v1/*.proto"))]
    subprocess.run(["protoc", "-I" + proto, "--python_out=" + folder, "--grpc_python_out=" + folder,
                    "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin", *files], check=True)
    sys.path.insert(0, folder)


_generate()
from kam.v1 import (account_pb2, account_pb2_grpc, audit_pb2, audit_pb2_grpc, contact_pb2_grpc, portfolio_pb2, portfolio_pb2_grpc, standard_pb2, watch_pb2,
                    watch_pb2_grpc)


class _Signed(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Puts the token on every call."""

    def __init__(self, token):
        self.metadata = [("authorization", "Bearer " + token)]

    def _signed(self, proceed, details, request):
        return proceed(details._replace(metadata=[*(details.metadata or []), *self.metadata]), request)

    intercept_unary_unary = _signed
    intercept_unary_stream = _signed


class Api:
    """One connection, signed in by a token, with the services that tests use."""

    Account, CreateAccountRequest, UpdateAccountRequest = account_pb2.Account, account_pb2.CreateAccountRequest, account_pb2.UpdateAccountRequest
    GetRequest, ListRequest, EraseRequest = standard_pb2.GetRequest, standard_pb2.ListRequest, standard_pb2.EraseRequest
    VerifyAuditRequest, WatchRequest, GetPortfolioRequest = audit_pb2.VerifyAuditRequest, watch_pb2.WatchRequest, portfolio_pb2.GetPortfolioRequest

    def __init__(self, server, token):
        with open(server.ca, "rb") as file:
            # A pool of one's own: without it, channels to the same address share one connection.
            channel = grpc.secure_channel(server.address, grpc.ssl_channel_credentials(file.read()), options=[("grpc.use_local_subchannel_pool", 1)])
        self.channel = channel
        signed = grpc.intercept_channel(channel, _Signed(token))
        self.accounts, self.audit = account_pb2_grpc.AccountServiceStub(signed), audit_pb2_grpc.AuditServiceStub(signed)
        self.contacts = contact_pb2_grpc.ContactServiceStub(signed)
        self.portfolio, self.watch = portfolio_pb2_grpc.PortfolioServiceStub(signed), watch_pb2_grpc.WatchServiceStub(signed)

    def every_account(self):
        page_token = ""
        while True:
            page = self.accounts.ListAccounts(self.ListRequest(page_size=1000, page_token=page_token), timeout=60 * kamtest.PATIENCE)
            yield from page.accounts
            page_token = page.next_page_token
            if not page_token:
                return

    def close(self):
        self.channel.close()
