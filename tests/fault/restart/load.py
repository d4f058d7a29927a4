#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Steady calls by grpcio, which retries UNAVAILABLE as its service config says. What load.c says of its lines holds here too.

    load.py SERVER CA TOKEN PREFIX CALLS-PER-SECOND SECONDS-PER-CALL
"""

import json
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "harness"))
import grpc
import stubs
from kam.v1 import account_pb2_grpc, watch_pb2_grpc

address, ca, token, prefix, rate, patience = sys.argv[1:4] + [sys.argv[4], float(sys.argv[5]), float(sys.argv[6])]
METADATA = [("authorization", "Bearer " + token)]
POLICY = {"methodConfig": [{"name": [{}], "waitForReady": True,
                            "retryPolicy": {"maxAttempts": 5, "initialBackoff": "0.1s", "maxBackoff": "2s", "backoffMultiplier": 2,
                                            "retryableStatusCodes": ["UNAVAILABLE"]}}]}
with open(ca, "rb") as file:
    channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(file.read()),
                                  options=[("grpc.service_config", json.dumps(POLICY)), ("grpc.initial_reconnect_backoff_ms", 100),
                                           ("grpc.min_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 500)])
accounts, watches = account_pb2_grpc.AccountServiceStub(channel), watch_pb2_grpc.WatchServiceStub(channel)
acknowledged, failed, seen = [], [], []
started, done, watching, all_seen = 0, 0, threading.Event(), threading.Event()
changed = threading.Condition()


def watch():
    revision = 0
    while not all_seen.is_set():
        try:
            for response in watches.Watch(stubs.Api.WatchRequest(from_revision=revision, collections=["accounts"]), metadata=METADATA):
                revision = response.revision
                watching.set()
                for change in response.changes:
                    if change.name.startswith("accounts/%s-" % prefix):
                        seen.append(change.name)
                        if change.name.endswith("-end"):
                            all_seen.set()
                            return
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                failed.append("watch: %s: %s" % (error.code(), error.details()))
            time.sleep(0.05)


def finished(future, name):
    global done
    error = future.exception()
    with changed:
        done += 1
        if error:
            failed.append("%s: %s: %s" % (name or "read", error.code(), error.details()))
        elif name:
            acknowledged.append("accounts/" + name)
        changed.notify()


def create(name):
    account = stubs.Api.Account(display_name=name)
    request = stubs.Api.CreateAccountRequest(account_id=name, account=account, request_id=name)
    accounts.CreateAccount.future(request, metadata=METADATA, timeout=patience).add_done_callback(lambda future: finished(future, name))


def read():
    request = stubs.Api.GetRequest(name=acknowledged[started % len(acknowledged)])
    accounts.GetAccount.future(request, metadata=METADATA, timeout=patience).add_done_callback(lambda future: finished(future, None))


def wait_for_all():
    with changed:
        changed.wait_for(lambda: done == started)


def one():
    global started
    number = started
    started += 1
    if number % 3 == 0 or not acknowledged:
        create("%s-%d" % (prefix, number))
    else:
        read()


threading.Thread(target=watch, daemon=True).start()
watching.wait()
print("ready", flush=True)
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
begin = time.monotonic()
while not stop.wait(max(0, begin + started / rate - time.monotonic())):
    one()
wait_for_all()
calls, started = started, started + 1
create(prefix + "-end")
wait_for_all()
if not all_seen.wait(patience):
    failed.append("the watch did not come to the end")
print("calls %d" % calls)
for kind, values in (("failed", failed), ("acknowledged", acknowledged), ("saw", seen)):
    for value in values:
        print(kind, value)
sys.stdout.flush()
os._exit(0)
