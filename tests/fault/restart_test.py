#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""New certificates (SIGHUP) and restarts (SIGTERM, and again on the same port) under 100 calls a second from grpcio, grpc-js and libkam.

No call fails once its client has tried again as its own policy says, what was acknowledged is there, and every watch, going on where it broke off, has seen
each change once. Every tenth pair of certificate and key is a bad one: it is refused, logged, and the old one stays.

    restart_test.py LOAD      the program made of restart/load.c

KAM_RESTARTS and KAM_ROTATIONS say how often; 50 and 200 without them.
"""

import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest

HERE = os.path.dirname(os.path.realpath(__file__))
RESTARTS, ROTATIONS = int(os.environ.get("KAM_RESTARTS", "50")), int(os.environ.get("KAM_ROTATIONS", "200"))
CALL_SECONDS = 30 * kamtest.PATIENCE
CLIENTS = {
    "grpcio": (["/usr/bin/python3", HERE + "/restart/load.py"], 40),
    "grpc-js": (["node", HERE + "/restart/load.mjs"], 30),
    "libkam": ([sys.argv[1]], 30),
}


class Client:
    """A program that calls steadily, and at its end says how it went."""

    def __init__(self, server, name, token):
        self.name, self.lines = name, []
        words, rate = CLIENTS[name]
        prefix = name.replace("-", "")
        self.process = subprocess.Popen([*words, server.address, server.ca, token, prefix, str(rate), str(CALL_SECONDS)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env={**os.environ, "KAM_TREE": kamtest.ROOT})
        self.reader = threading.Thread(target=lambda: self.lines.extend(line.rstrip("\n").split(" ", 1) for line in self.process.stdout), daemon=True)
        self.reader.start()

    def wait_until_ready(self):
        while ["ready"] not in self.lines:
            assert self.process.poll() is None, "%s ended before it began" % self.name
            time.sleep(0.05)

    def said(self, kind):
        return [line[1] for line in self.lines if line[0] == kind]

    def end(self):
        self.process.stdin.close()
        status = self.process.wait(4 * CALL_SECONDS)
        self.reader.join()
        assert status == 0, "%s ended with %d" % (self.name, status)
        self.calls, self.acknowledged, saw = int(self.said("calls")[0]), self.said("acknowledged"), self.said("saw")
        assert not self.said("failed"), "%s: %d calls failed:\n%s" % (self.name, len(self.said("failed")), "\n".join(self.said("failed")[:20]))
        assert len(saw) == len(set(saw)), "%s: the watch saw a change twice" % self.name
        assert set(saw) == set(self.acknowledged), "%s: the watch missed or made up %s" % (self.name, sorted(set(saw) ^ set(self.acknowledged))[:20])


class Certificates:
    """New pairs for the server, signed by its authority, put where it reads them."""

    def __init__(self, server):
        self.server, self.folder, self.refused = server, server.data + "/tls/", 0
        self.shown = self.make()
        self.put()

    def make(self):
        """A new pair beside the one in use; answers its certificate as a client sees it."""
        subprocess.run(["openssl", "req", "-x509", "-CA", self.folder + "ca.pem", "-CAkey", self.folder + "ca.key", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-days", "30", "-keyout", self.folder + "new.key", "-out", self.folder + "new.pem"], check=True, stderr=subprocess.DEVNULL)
        with open(self.folder + "new.pem") as file:
            return ssl.PEM_cert_to_DER_cert(file.read())

    def put(self, certificate=True, key=True):
        for name, wanted in (("pem", certificate), ("key", key)):
            if wanted:
                with open(self.folder + "new." + name) as new, open(self.folder + "server." + name, "w") as file:
                    file.write(new.read())

    def reload(self, event):
        """SIGHUP, and the line of the log that must follow."""
        count = lambda: sum("event=" + event in line for line in list(self.server.lines))
        before, end = count(), time.monotonic() + 20 * kamtest.PATIENCE
        self.server.process.send_signal(signal.SIGHUP)
        while count() == before:
            assert time.monotonic() < end, "no line event=%s" % event
            time.sleep(0.002)

    def check(self):
        context = ssl.create_default_context(cafile=self.server.ca)
        with socket.create_connection(("127.0.0.1", self.server.port)) as plain, context.wrap_socket(plain, server_hostname="localhost") as secure:
            assert secure.getpeercert(binary_form=True) == self.shown, "not the certificate that was expected"

    def rotate(self, bad):
        new = self.make()
        if bad:
            # The certificate is there and its key is not yet; a key that is none; a certificate that is none.
            kind = self.refused % 3
            self.put(key=False)
            if kind > 0:
                with open(self.folder + ("server.key" if kind == 1 else "server.pem"), "w") as file:
                    file.write("nothing of use\n")
            self.reload("certificates_refused")
            self.refused += 1
            self.check()
            self.put()
        else:
            self.put()
        self.reload("certificates_read")
        self.shown = new
        self.check()


def main():
    seed = int(os.environ.get("KAM_SEED", str(random.randrange(1 << 32))))
    dice, slowest = random.Random(seed), 0
    with kamtest.Server() as server:
        token = server.admin().token
        certificates = Certificates(server)
        certificates.reload("certificates_read")
        clients = [Client(server, name, token) for name in CLIENTS]
        for client in clients:
            client.wait_until_ready()
        started = time.monotonic()
        done = 0
        for number in range(RESTARTS):
            while done < ROTATIONS * (number + 1) // RESTARTS:
                done += 1
                certificates.rotate(done % 10 == 0)
            time.sleep(dice.uniform(0.1, 0.4))
            away = time.monotonic()
            assert server.stop() == 0
            server.start()
            slowest = max(slowest, time.monotonic() - away)
        time.sleep(0.5)
        took = time.monotonic() - started
        for client in clients:
            client.end()
        there = set(server.admin().run("accounts", "list", "--all", "-o", "name").out.split())
        for client in clients:
            lost = set(client.acknowledged) - there
            assert not lost, "%s: acknowledged and lost: %s" % (client.name, sorted(lost)[:20])
        assert not [line for line in server.lines if "event=cut" in line], "a connection was cut"
    calls = ", ".join("%s %d" % (client.name, client.calls) for client in clients)
    print("%d certificates, %d bad ones between, and %d restarts (the longest %.0f ms) in %.0f s under %.0f calls a second (%s): none failed, "
          "the %d acknowledged accounts are there" % (done, certificates.refused, RESTARTS, slowest * 1000, took, sum(client.calls for client in clients) / took,
                                                      calls, sum(len(client.acknowledged) for client in clients)))


main()
