#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plain curl --json, over Connect: a POST of JSON for each call, and for the watch Connect's stream of enveloped JSON. curl_client.py --http1.1 or --http2."""

import json
import os
import struct
import subprocess
import sys

import story

ENV = os.environ
HEADERS = ENV["KAM_SCRATCH"] + "/curl-headers"
REQUEST = ENV["KAM_SCRATCH"] + "/curl-request"


def curl(*words):
    return ["curl", sys.argv[1], "--silent", "--show-error", "--cacert", ENV["KAM_CA"], "--header", "@" + HEADERS, *words]


def call(method, request, expect=200):
    with open(REQUEST, "w") as file:
        json.dump(request, file)
    words = curl("--json", "@" + REQUEST, "--write-out", "\n%{http_code}", "https://%s/kam.v1.%s" % (ENV["KAM_ADDRESS"], method))
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    body, status = done.stdout.rsplit("\n", 1)
    assert int(status) == expect, (method, status, body)
    return json.loads(body)


def enveloped(watching):
    """Messages of a Connect stream: one byte of flags (2 marks the end), four of length, JSON."""
    while len(head := watching.stdout.read(5)) == 5:
        flags, size = struct.unpack(">BI", head)
        message = json.loads(watching.stdout.read(size))
        assert flags == 0, message
        yield message


def refuse(method, request):
    error = call(method, request, expect=409)
    assert error["code"] == "aborted" and error["message"], error


def watch(request):
    body = json.dumps(request).encode()
    envelope = ENV["KAM_SCRATCH"] + "/curl-envelope"
    with open(envelope, "wb") as file:
        file.write(struct.pack(">BI", 0, len(body)) + body)
    return curl("--no-buffer", "--header", "content-type: application/connect+json", "--data-binary", "@" + envelope,
                "https://%s/kam.v1.WatchService/Watch" % ENV["KAM_ADDRESS"])


open(HEADERS, "w").close()
story.tell(HEADERS, call, call, refuse, watch, enveloped)
