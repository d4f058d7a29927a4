#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Google's gRPC for Python (python3-grpcio, C core), with stubs that its own generator makes from proto/."""

import glob
import os
import queue
import subprocess
import sys
import threading

import grpc

TIMEOUT_S = 30 * int(os.environ.get("KAM_TEST_PATIENCE", "1"))


def generate(proto, folder):
    os.makedirs(folder)
    files = [os.path.relpath(path, proto) for path in sorted(glob.glob(proto + "/kam/v1/*.proto"))]
    subprocess.run(["protoc", "-I" + proto, "--python_out=" + folder, "--grpc_python_out=" + folder,
                    "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin", *files], check=True)
    sys.path.insert(0, folder)


generate(os.environ["KAM_PROTO"], os.environ["KAM_SCRATCH"] + "/python")
from google.protobuf import field_mask_pb2
from kam.v1 import account_pb2, account_pb2_grpc, session_pb2, session_pb2_grpc, standard_pb2, watch_pb2, watch_pb2_grpc


def follow(watching, events):
    try:
        for event in watching:
            events.put(event)
    except grpc.RpcError as error:
        events.put(error)


def main():
    with open(os.environ["KAM_CA"], "rb") as file:
        channel = grpc.secure_channel(os.environ["KAM_ADDRESS"], grpc.ssl_channel_credentials(file.read()))
    accounts, watch = account_pb2_grpc.AccountServiceStub(channel), watch_pb2_grpc.WatchServiceStub(channel)
    sessions = session_pb2_grpc.SessionServiceStub(channel)

    signed_in = sessions.SignIn(session_pb2.SignInRequest(user=os.environ["KAM_USER"], password=os.environ["KAM_PASSWORD"]), timeout=TIMEOUT_S)
    metadata = [("authorization", "Bearer " + signed_in.token)]
    print("ok: sign in")

    account = account_pb2.Account(display_name="Grün & Söhne", region="EMEA")
    made = accounts.CreateAccount(account_pb2.CreateAccountRequest(account_id=os.environ["KAM_NAME"], account=account), metadata=metadata, timeout=TIMEOUT_S)
    assert made.name == "accounts/" + os.environ["KAM_NAME"] and made.etag, made
    print("ok: create")

    reading = accounts.GetAccount.with_call(standard_pb2.GetRequest(name=made.name), metadata=metadata, timeout=TIMEOUT_S)
    assert reading[0] == made, reading[0]
    headers = dict(reading[1].initial_metadata()) | dict(reading[1].trailing_metadata())
    revision = int(headers["kam-revision"])
    print("ok: read")

    page = accounts.ListAccounts(standard_pb2.ListRequest(filter='region = "EMEA"', page_size=10, count=True), metadata=metadata, timeout=TIMEOUT_S)
    assert [item.name for item in page.accounts] == [made.name] and page.total_size == 1, page
    print("ok: list")

    events = queue.Queue()
    watching = watch.Watch(watch_pb2.WatchRequest(from_revision=revision, collections=["accounts"]), metadata=metadata)
    threading.Thread(target=follow, args=(watching, events), daemon=True).start()
    print("ok: watch")

    change = account_pb2.Account(name=made.name, display_name="Grün", etag=made.etag)
    updated = accounts.UpdateAccount(account_pb2.UpdateAccountRequest(account=change, update_mask=field_mask_pb2.FieldMask(paths=["display_name"])),
                                     metadata=metadata, timeout=TIMEOUT_S)
    assert updated.display_name == "Grün" and updated.region == "EMEA" and updated.etag != made.etag, updated
    print("ok: update")

    while True:
        event = events.get(timeout=TIMEOUT_S)
        if isinstance(event, grpc.RpcError):
            raise event
        if event.changes:
            break
    seen = account_pb2.Account()
    assert event.changes[0].resource.Unpack(seen) and seen == updated, event
    watching.cancel()
    print("ok: change arrived")

    try:
        accounts.UpdateAccount(account_pb2.UpdateAccountRequest(account=change), metadata=metadata, timeout=TIMEOUT_S)
        raise AssertionError("a stale etag was accepted")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.ABORTED and error.details(), error
    print("ok: stale etag")


main()
