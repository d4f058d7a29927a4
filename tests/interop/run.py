#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""run.py COMMAND…: starts a kamd with a fresh store and runs another people's client against it.

The client finds in its environment: KAM_ADDRESS (host:port), KAM_CA, KAM_USER, KAM_PASSWORD (the user's, of this store only), KAM_NAME (an id that
is free), KAM_PROTO (the folder of the contract) and KAM_SET (the contract as a descriptor set). Each does the same eight things and prints a line
for each: sign in, create, read, list, start to watch, update, see the change arrive, update with a stale etag (ABORTED).
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest

STEPS = ["sign in", "create", "read", "list", "watch", "update", "change arrived", "stale etag"]


def descriptor_set(folder):
    path = folder + "/kam.binpb"
    proto = os.path.join(kamtest.ROOT, "proto")
    files = sorted("kam/v1/" + name for name in os.listdir(proto + "/kam/v1") if name.endswith(".proto"))
    subprocess.run(["protoc", "-I" + proto, "--include_imports", "--descriptor_set_out=" + path, *files], check=True)
    return path


def main():
    with kamtest.Server() as server:
        environment = dict(os.environ, KAM_ADDRESS=server.address, KAM_CA=server.ca, KAM_USER="users/admin", KAM_PASSWORD=server.password,
                           KAM_NAME="interop-1", KAM_PROTO=os.path.join(kamtest.ROOT, "proto"), KAM_SET=descriptor_set(server.folder),
                           KAM_SCRATCH=server.folder, HOME=server.folder, NODE_EXTRA_CA_CERTS=server.ca)
        done = subprocess.run(sys.argv[1:], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=400)
        sys.stdout.write(done.stdout)
        seen = [line[4:] for line in done.stdout.splitlines() if line.startswith("ok: ")]
        if done.returncode != 0 or seen != STEPS:
            print("expected these steps: " + ", ".join(STEPS))
            return 1
    return 0


sys.exit(main())
