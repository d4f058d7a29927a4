#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""buf curl, in Go: buf_client.py grpc|grpcweb|connect. It signs in by the contract's files and finds everything else by reflection."""

import json
import os
import subprocess
import sys

import story

ENV = os.environ
BUF = os.path.join(os.path.dirname(os.path.realpath(__file__)), "node_modules/@bufbuild",
                   "buf-linux-aarch64" if os.uname().machine == "aarch64" else "buf-linux-x64", "bin/buf")
HEADERS = ENV["KAM_SCRATCH"] + "/headers"
ABORTED = 10


def words(method, request, by=("--reflect-header", "@" + HEADERS, "--header", "@" + HEADERS)):
    return [BUF, "curl", "--protocol", sys.argv[1], "--cacert", ENV["KAM_CA"], *by, "--data", json.dumps(request),
            "https://%s/kam.v1.%s" % (ENV["KAM_ADDRESS"], method)]


def call(method, request, expect=0, **options):
    done = subprocess.run(words(method, request, **options), capture_output=True, text=True, timeout=60)
    # buf's own convention: the exit status is the gRPC code times eight.
    assert done.returncode == expect * 8, (method, done.returncode, done.stdout, done.stderr)
    return json.loads(done.stdout) if expect == 0 else done.stderr


def arriving(watching):
    """The messages of a stream of JSON objects, as they come."""
    decoder, text = json.JSONDecoder(), ""
    while chunk := os.read(watching.stdout.fileno(), 65536).decode():
        text += chunk
        while text := text.lstrip():
            try:
                message, end = decoder.raw_decode(text)
            except ValueError:
                break
            text = text[end:]
            yield message


def sign_in(method, request):
    return call(method, request, by=("--schema", ENV["KAM_PROTO"]))


def refuse(method, request):
    error = call(method, request, expect=ABORTED)
    assert "etag" in error, error


def watch(request):
    return words("WatchService/Watch", request)


story.tell(HEADERS, sign_in, call, refuse, watch, arriving)
