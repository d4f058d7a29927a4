#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""interop.py CLIENT COMMAND…: starts interop-server and runs other people's client against it, over TLS.

The client finds in its environment: INTEROP_HOST, INTEROP_PORT, INTEROP_CA, INTEROP_PID (the server), INTEROP_SET (the test service as a
descriptor set), INTEROP_ORIGIN (whose pages may call), INTEROP_CASES (with blanks between). It prints `ok: CASE` or `failed: CASE: why` for each.
What came of each goes into a file of INTEROP_RESULTS, from which table.py makes one table; all cases that cases.py says the client has must be
there, and no other.
"""

import os
import signal
import subprocess
import sys
import tempfile

import cases

PATIENCE = int(os.environ.get("KAM_TEST_PATIENCE", "1"))
ORIGIN = "https://pages.example"


class Server:
    """One interop-server with certificates of its own."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="kam-interop-")
        self.ca = self.folder.name + "/ca.pem"
        words = [os.environ["INTEROP_SERVER"], "--tls", self.folder.name, "--origin", ORIGIN]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on port "), line
        self.port = line.split()[-1]
        return self

    def __exit__(self, kind, value, trace):
        """That it ends well is part of every test: a sanitizer speaks at the end."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(20 * PATIENCE)
        self.process.stdout.close()
        self.folder.cleanup()
        assert status == 0, "interop-server ended with status %d" % status


def outcomes(text):
    """case -> "ok" or why not, from what a client printed."""
    found = {}
    for line in text.splitlines():
        word, _, rest = line.partition(": ")
        if word in ("ok", "failed"):
            case, _, why = rest.partition(": ")
            found[case] = "ok" if word == "ok" else why or "failed"
    return found


def descriptor_set(folder):
    """The test service and the details that errors carry."""
    path = folder + "/set.binpb"
    own = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "proto")
    subprocess.run(["protoc", "-I" + os.environ["INTEROP_PROTO"], "-I" + own, "--include_imports", "--descriptor_set_out=" + path,
                    "grpc/testing/test.proto", "google/rpc/status.proto", "google/rpc/error_details.proto"], check=True)
    return path


def run(command, environment):
    """What the client printed, and whether it ended well; one that hangs is ended."""
    try:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=400)
        return done.stdout.decode(), done.returncode == 0
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(), False


def main():
    client, command = sys.argv[1], sys.argv[2:]
    wanted = cases.ALL[client]
    results = os.path.join(os.environ["INTEROP_RESULTS"], client)
    os.makedirs(os.environ["INTEROP_RESULTS"], exist_ok=True)
    if os.path.exists(results):
        os.remove(results)
    with Server() as server:
        environment = dict(os.environ, INTEROP_HOST="localhost", INTEROP_PORT=server.port, INTEROP_CA=server.ca, INTEROP_ORIGIN=ORIGIN,
                           INTEROP_PID=str(server.process.pid), INTEROP_SET=descriptor_set(server.folder.name), INTEROP_CASES=" ".join(wanted),
                           HOME=server.folder.name)
        text, ended = run(command, environment)
    sys.stdout.write(text)
    found = outcomes(text)
    with open(results, "w") as file:
        file.writelines("%s %s\n" % (case, found.get(case, "did not run")) for case in wanted)
    missing = [case for case in wanted if case not in found]
    unknown = [case for case in found if case not in wanted]
    if missing or unknown:
        print("did not run: %s; in no list: %s" % (", ".join(missing) or "none", ", ".join(unknown) or "none"))
    return not ended or missing != [] or unknown != [] or any(outcome != "ok" for outcome in found.values())


if __name__ == "__main__":
    sys.exit(main())
