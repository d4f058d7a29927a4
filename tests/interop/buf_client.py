#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""buf curl, in Go: buf_client.py grpc|grpcweb|connect. It signs in by the contract's files and finds everything else by reflection."""

import json
import os
import subprocess
import sys

ENV = os.environ
BUF = os.path.join(os.path.dirname(os.path.realpath(__file__)), "node_modules/@bufbuild",
                   "buf-linux-aarch64" if os.uname().machine == "aarch64" else "buf-linux-x64", "bin/buf")
HEADERS = ENV["KAM_SCRATCH"] + "/headers"
ABORTED = 10


def words(method, request, by=("--reflect-header", "@" + HEADERS, "--header", "@" + HEADERS)):
    return [BUF, "curl", "--protocol", sys.argv[1], "--cacert", ENV["KAM_CA"], *by, "--data", json.dumps(request),
            "https://%s/kam.v1.%s" % (ENV["KAM_ADDRESS"], method)]


def call(method, request, expect=0, **options):
    done = subprocess.run(words(method, request, **options), capture_output=True, text=True, timeout=30)
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


def main():
    session = call("SessionService/SignIn", {"user": ENV["KAM_USER"], "password": ENV["KAM_PASSWORD"]}, by=("--schema", ENV["KAM_PROTO"]))
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

    request = {"names": [made["name"]]}
    with subprocess.Popen(words("WatchService/Watch", request), stdout=subprocess.PIPE) as watching:
        events = arriving(watching)
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

    error = call("AccountService/UpdateAccount", {"account": change}, expect=ABORTED)
    assert "etag" in error, error
    print("ok: stale etag")


main()
