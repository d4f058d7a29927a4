#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What kamd speaks below HTTP: TLS 1.3 alone, with `intermediate` 1.2 as well, and in each only what Mozilla's guidelines list. OpenSSL's own client asks
for what must be refused, for Python's does not offer it any more."""

import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest

# Mozilla's guidelines 6.0, for a server whose key is ECDSA.
CIPHERS_1_3 = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
CIPHERS_1_2 = {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"}
GROUPS = {"X25519", "P-256", "P-384"}


def s_client(server, *options, command=None):
    """Answers what OpenSSL's client says of a connection, which it ends after the handshake; with a command, once that has made the server end it."""
    words = ["openssl", "s_client", "-connect", server.address, "-CAfile", server.ca, "-servername", "localhost", "-alpn", "h2", *options]
    with subprocess.Popen(words, stdin=subprocess.PIPE if command else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace") as client:
        timer = threading.Timer(20 * kamtest.PATIENCE, client.kill)
        timer.start()
        if command:
            client.stdin.write(command)
            client.stdin.flush()  # and left open, for its end would end the client before the answer
        text = client.stdout.read()
        timer.cancel()
    return text


def cipher_of(text):
    """The cipher that was agreed upon, None where the handshake failed."""
    found = re.search(r"^New, (\S+), Cipher is (\S+)$", text, re.M)
    return found.group(2) if found and found.group(2) != "(NONE)" else None


def ciphers_of_the_client(version):
    listed = subprocess.run(["openssl", "ciphers", "-s", version, "ALL:COMPLEMENTOFALL:@SECLEVEL=0"], capture_output=True, text=True, check=True).stdout
    return listed.strip().split(":")


class Any:
    """What holds for both profiles."""

    config = ""

    @classmethod
    def setUpClass(cls):
        cls.server = kamtest.Server(config=cls.config)
        cls.server.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def connect(self, versions=(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3), alpn=("h2",), session=None, context=None):
        if not context:
            context = ssl.create_default_context(cafile=self.server.ca)
            context.minimum_version, context.maximum_version = versions
            context.set_alpn_protocols(list(alpn))
        plain = socket.create_connection(("127.0.0.1", self.server.port), timeout=10 * kamtest.PATIENCE)
        self.addCleanup(plain.close)
        return context.wrap_socket(plain, server_hostname="localhost", session=session)

    def ticket_of(self, secure):
        """In TLS 1.3 a session comes after the handshake, so something is read first: HTTP/2's settings."""
        secure.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
        self.assertTrue(secure.recv(9))
        return secure.session

    def test_old_versions_are_refused(self):
        for version in ("-tls1", "-tls1_1"):
            text = s_client(self.server, version, "-cipher", "ALL:@SECLEVEL=0")
            self.assertIsNone(cipher_of(text), text)
            self.assertIn("alert protocol version", text)

    def test_ciphers_of_1_3(self):
        for cipher in CIPHERS_1_3:
            self.assertEqual(cipher_of(s_client(self.server, "-tls1_3", "-ciphersuites", cipher)), cipher)
        for cipher in ("TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"):
            self.assertIsNone(cipher_of(s_client(self.server, "-tls1_3", "-ciphersuites", cipher)))

    def test_groups(self):
        for group in sorted(GROUPS) + ["P-521", "X448", "ffdhe2048"]:
            agreed = cipher_of(s_client(self.server, "-tls1_3", "-groups", group))
            self.assertEqual(agreed is not None, group in GROUPS, group)

    def test_no_compression_and_no_early_data(self):
        text = s_client(self.server, "-comp")
        self.assertIn("Compression: NONE", text)
        self.assertIn("Early data was not sent", text)
        self.assertNotRegex(text, r"Max Early Data: [1-9]")

    def test_only_known_protocols(self):
        with self.connect(alpn=("h2", "http/1.1")) as secure:
            self.assertEqual(secure.selected_alpn_protocol(), "h2")
        with self.connect(alpn=("http/1.1",)) as secure:
            self.assertEqual(secure.selected_alpn_protocol(), "http/1.1")
        with self.assertRaises(ssl.SSLError) as refusal:
            self.connect(alpn=("spdy/3",))
        self.assertIn("NO_APPLICATION_PROTOCOL", str(refusal.exception).upper().replace(" ", "_"))

    def test_the_certificate(self):
        with self.connect() as secure:
            certificate = secure.getpeercert()
        self.assertIn(("DNS", "localhost"), certificate["subjectAltName"])
        days = (ssl.cert_time_to_seconds(certificate["notAfter"]) - ssl.cert_time_to_seconds(certificate["notBefore"])) / 86400
        self.assertLess(days, 825, "the most that Apple's clients take from an authority of one's own")


class Modern(Any, unittest.TestCase):
    def test_a_session_is_resumed_for_some_hours_at_most(self):
        with self.connect() as secure:
            first, context = self.ticket_of(secure), secure.context
        self.assertTrue(first.has_ticket)
        self.assertLessEqual(first.ticket_lifetime_hint, 2 * 3600)
        with self.connect(session=first, context=context) as secure:
            self.ticket_of(secure)
            self.assertTrue(secure.session_reused)

    def test_1_2_is_refused(self):
        text = s_client(self.server, "-tls1_2")
        self.assertIsNone(cipher_of(text), text)
        self.assertIn("alert protocol version", text)


class Intermediate(Any, unittest.TestCase):
    config = "[tls]\nintermediate = yes\n"

    def test_ciphers_of_1_2(self):
        agreed = {cipher for cipher in ciphers_of_the_client("-tls1_2") if cipher_of(s_client(self.server, "-tls1_2", "-cipher", cipher + ":@SECLEVEL=0"))}
        self.assertEqual(agreed, CIPHERS_1_2)

    def test_whose_order_counts(self):
        """Ours; but who begins with ChaCha20 has no AES in hardware, and gets it."""
        for first, agreed in (("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"), ("ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-CHACHA20-POLY1305")):
            self.assertEqual(cipher_of(s_client(self.server, "-tls1_2", "-cipher", ":".join([first, *sorted(CIPHERS_1_2 - {first})]))), agreed)

    def test_no_renegotiation(self):
        text = s_client(self.server, "-tls1_2", "-alpn", "http/1.1", command="R\n")  # where the server speaks first, its words could come between
        self.assertIn(cipher_of(text), CIPHERS_1_2)
        self.assertRegex(text, r"RENEGOTIATING[\s\S]*no.renegotiation")

    def test_1_2_has_no_tickets(self):
        """Their key would be kept as long as kamd runs; a session is resumed by its number."""
        with self.connect(versions=(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)) as secure:
            first = self.ticket_of(secure)
            self.assertFalse(first.has_ticket)
            with self.connect(session=first, context=secure.context) as second:  # once the first is cut off, its session is forgotten
                self.assertTrue(second.session_reused)

    def test_extended_master_secret(self):
        self.assertIn("Extended master secret: yes", s_client(self.server, "-tls1_2"))


if __name__ == "__main__":
    unittest.main()
