# SPDX-License-Identifier: Apache-2.0
"""What a client that is a command is put through: sign in, create, read, list, watch, change, and a change that comes too late."""

import os
import subprocess

ENV = os.environ


def tell(headers, sign_in, call, refuse, watch, events):
    """`headers`: the file that the command takes its header fields from. `sign_in` and `call` answer what a call says, `refuse` makes one that must be
    refused as aborted, `watch` gives the words of a command that watches, and `events` the messages of one that runs."""
    session = sign_in("SessionService/SignIn", {"user": ENV["KAM_USER"], "password": ENV["KAM_PASSWORD"]})
    with open(headers, "w") as file:
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

    with subprocess.Popen(watch({"names": [made["name"]]}), stdout=subprocess.PIPE) as watching:
        arriving = events(watching)
        first = next(arriving)
        assert int(first["revision"]) > 0 and not first.get("changes"), first
        print("ok: watch")

        change = {"name": made["name"], "displayName": "Grün", "etag": made["etag"]}
        updated = call("AccountService/UpdateAccount", {"account": change, "updateMask": "displayName"})
        assert updated["displayName"] == "Grün" and updated["region"] == "EMEA", updated
        print("ok: update")

        event = next(event for event in arriving if event.get("changes"))
        assert event["changes"][0]["resource"] == {"@type": "type.googleapis.com/kam.v1.Account", **updated}, event
        watching.terminate()
    print("ok: change arrived")

    refuse("AccountService/UpdateAccount", {"account": change})
    print("ok: stale etag")
