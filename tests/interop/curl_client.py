#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plain curl --json, over Connect: a POST of JSON for each call, and for the watch Connect's stream of enveloped JSON. curl_client.py --http1.1 or --http2."""

import json
import os
import struct
import subprocess
import sys

ENV = os.environ
HEADERS = ENV["KAM_SCRATCH"] + "/curl-headers"
REQUEST = ENV["KAM_SCRATCH"] + "/curl-request"


def curl(*words):
    return ["curl", sys.argv[1], "--silent", "--show-error", "--cacert", ENV["KAM_CA"], "--header", "@" + HEADERS, *words]


def call(method, request, expect=200):
    with open(REQUEST, "w") as file:
        json.dump(request, file)
    words = curl("--json", "@" + REQUEST, "--write-out", "\n%{http_code}", "https://%s/kam.v1.%s" % (ENV["KAM_ADDRESS"], method))
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=True)
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


def main():
    open(HEADERS, "w").close()
    session = call("SessionService/SignIn", {"user": ENV["KAM_USER"], "password": ENV["KAM_PASSWORD"]})
    with open(HEADERS, "w") as file:
        file.write("authorization: Bearer %s\n" % session["token"])
    print("ok: sign in")

    made = call("AccountService/CreateAccount", {"accountId": ENV["KAM_NAME"], "account": {"displayName": "Grün & Söhne", "region": "EMEA"}})
    assert made["name"] == "accounts/" + ENV["KAM_NAME"], made
    print("ok: create")

    assert call("AccountService/GetAccount", {"name": made["name"]}) == made
    print("ok: read")

    page = call("AccountService/ListAccounts", {"filter": 'region = "EMEA"', "pageSize": 10})
    assert [account["name"] for account in page["accounts"]] == [made["name"]], page
    print("ok: list")

    body = json.dumps({"names": [made["name"]]}).encode()
    envelope = ENV["KAM_SCRATCH"] + "/curl-envelope"
    with open(envelope, "wb") as file:
        file.write(struct.pack(">BI", 0, len(body)) + body)
    words = curl("--no-buffer", "--header", "content-type: application/connect+json", "--data-binary", "@" + envelope,
                 "https://%s/kam.v1.WatchService/Watch" % ENV["KAM_ADDRESS"])
    with subprocess.Popen(words, stdout=subprocess.PIPE) as watching:
        events = enveloped(watching)
        first = next(events)
        assert int(first["revision"]) > 0 and not first.get("changes"), first
        print("ok: watch")

        change = {"name": made["name"], "displayName": "Grün", "etag": made["etag"]}
        updated = call("AccountService/UpdateAccount", {"account": change, "updateMask": "displayName"})
        assert updated["displayName"] == "Grün" and updated["region"] == "EMEA", updated
        print("ok: update")

        event = next(event for event in events if event.get("changes"))
        assert event["changes"][0]["resource"] == {"@type": "type.googleapis.com/kam.v1.Account", **updated}, event
        watching.terminate()
    print("ok: change arrived")

    error = call("AccountService/UpdateAccount", {"account": change}, expect=409)
    assert error["code"] == "aborted" and error["message"], error
    print("ok: stale etag")


main()
