#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kamd as whoever runs it meets it: init, settings, signals, a second one on the same store, a damaged store."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest

FAKETIME = next((path for path in ("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
                                   "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1") if os.path.exists(path)), None)


def kamd(*words, timeout=20, **environment):
    done = subprocess.run([kamtest.KAMD, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout * kamtest.PATIENCE,
                          env={**os.environ, **environment})
    return done.returncode, done.stdout, done.stderr


class Init(unittest.TestCase):
    def setUp(self):
        self.server = kamtest.Server()
        self.addCleanup(self.server.close)

    def test_a_password_is_printed_once(self):
        status, out, err = kamd("init", "--data", self.server.data)
        self.assertEqual((status, err), (0, ""))
        password = out.split("shown only now: ")[1].split()[0]
        self.server.start()
        self.server.user("admin", password).run("whoami")
        for folder, _, files in os.walk(self.server.data):
            for name in files:
                path = os.path.join(folder, name)
                if not path.endswith("ca.pem") and not path.endswith("server.pem"):
                    self.assertEqual(os.stat(path).st_mode & 0o077, 0, path)
                with open(path, "rb") as file:
                    self.assertNotIn(password.encode(), file.read(), path)

    def test_only_into_an_empty_folder(self):
        os.makedirs(self.server.data)
        with open(self.server.data + "/something", "w") as file:
            file.write("mine\n")
        status, _, err = kamd("init", "--data", self.server.data)
        self.assertNotEqual(status, 0)
        self.assertIn(self.server.data, err)
        self.assertEqual(os.listdir(self.server.data), ["something"])
        status, _, err = kamd("serve", "--data", self.server.folder + "/nowhere")
        self.assertNotEqual(status, 0)
        self.assertIn("kamd init", err)

    def test_usage_and_settings(self):
        for words in ([], ["fly"], ["serve"], ["init"], ["serve", "--data", "x", "--fly"]):
            status, _, err = kamd(*words)
            self.assertEqual(status, 2, (words, err))
            if words:
                self.assertRegex(err, "(?m)^kamd: .* see kamd --help$")
        status, out, _ = kamd("--help")
        self.assertEqual(status, 0)
        self.server.init()
        sample = out[out.index("[server]"):]
        for text, word in (("[server]\nfly = 1\n", "fly"), ("[server]\nworkers = many\n", "workers"), ("nonsense\n", "line 1"),
                           ("[log]\nlevel = loud\n", "level")):
            with open(self.server.folder + "/bad.ini", "w") as file:
                file.write(text)
            status, _, err = kamd("serve", "--data", self.server.data, "--listen", "127.0.0.1:0", "--config", self.server.folder + "/bad.ini")
            self.assertNotEqual(status, 0, text)
            self.assertIn(word, err)
        self.server.config = sample  # what --help prints is a settings file
        self.server.start()
        self.server.admin().run("whoami")


class Running(unittest.TestCase):
    def setUp(self):
        self.server = kamtest.Server()
        self.addCleanup(self.server.close)
        self.server.init()
        self.server.start()

    def test_a_second_one_is_refused(self):
        status, _, err = kamd("serve", "--data", self.server.data, "--listen", "127.0.0.1:0")
        self.assertNotEqual(status, 0)
        self.assertIn("already running", err)
        self.server.admin().run("whoami")

    def test_a_port_in_use_is_told(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            other = kamtest.Server()
            self.addCleanup(other.close)
            other.init()
            port = taken.getsockname()[1]
            status, _, err = kamd("serve", "--data", other.data, "--listen", "127.0.0.1:%d" % port)
            self.assertNotEqual(status, 0)
            self.assertIn(str(port), err)

    def certificate(self):
        done = subprocess.run(["openssl", "s_client", "-connect", self.server.address, "-CAfile", self.server.ca, "-alpn", "h2"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", timeout=20 * kamtest.PATIENCE)
        self.assertIn("Verify return code: 0 (ok)", done.stdout)
        return subprocess.run(["openssl", "x509", "-noout", "-serial"], input=done.stdout, capture_output=True, text=True, check=True).stdout

    def test_certificates_are_read_again_on_sighup(self):
        admin = self.server.admin()
        watching, _ = admin.watch("accounts", touch=lambda number: admin.run("accounts", "create", "a%d" % number, "--set", "display_name=A"))
        try:
            old = self.certificate()
            other = kamtest.Server()
            self.addCleanup(other.close)
            other.init()
            tls = self.server.data + "/tls/"
            for name in ("server.pem", "server.key", "ca.pem"):
                shutil.copy(other.data + "/tls/" + name, tls + name)
            self.server.process.send_signal(signal.SIGHUP)
            self.assertTrue(self.server.log("event=certificates_read"))
            new = self.certificate()
            self.assertNotEqual(old, new)
            with open(tls + "server.key", "w") as file:
                file.write("no key\n")
            self.server.process.send_signal(signal.SIGHUP)
            self.assertRegex(self.server.log("event=certificates_refused") or "", r"server\.key", "it is told")
            self.assertEqual(self.certificate(), new, "a bad key leaves the old one in use")
            admin.run("accounts", "create", "acme", "--set", "display_name=Acme")
            self.assertTrue(any("accounts/acme" in line for line in watching.stdout), "what was open stays open")
        finally:
            watching.kill()
            watching.communicate()

    def test_sigterm_lets_open_calls_end(self):
        admin = self.server.admin()
        self.server.lines.clear()
        stop = threading.Event()
        done, failed = [], []

        def write(number):
            count = 0
            while not stop.is_set():
                count += 1
                name = "w%d-%d" % (number, count)
                result = admin.try_run("products", "create", name, "--set", "display_name=" + name)
                if result.status != 0:
                    failed.append(result)
                    return
                done.append("products/" + name)

        writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for writer in writers:
            writer.start()
        while len(done) < 20 and not failed:
            time.sleep(0.01)
        self.assertEqual(self.server.stop(), 0)
        for writer in writers:
            writer.join()
        stop.set()
        for result in failed:
            self.assertEqual(result.status, kamtest.UNAVAILABLE, str(result))
        self.assertTrue(done)
        self.server.start()
        there = set(admin.run("products", "list", "--all", "-o", "name").out.split())
        self.assertEqual(set(done) - there, set(), "acknowledged and lost")

    def test_a_watch_ends_with_sigterm(self):
        admin = self.server.admin()
        watching, _ = admin.watch("accounts", touch=lambda number: admin.run("accounts", "create", "a%d" % number, "--set", "display_name=A"))
        self.assertEqual(self.server.stop(), 0)
        self.assertFalse([line for line in self.server.lines if "event=cut" in line], "it ended by itself")
        _, err = watching.communicate(timeout=15 * kamtest.PATIENCE)
        self.assertNotEqual(watching.returncode, 0, err)

    @unittest.skipUnless(kamtest.PATIENCE == 1, "libfaketime goes with no sanitizer")
    def test_sessions_end(self):
        self.assertTrue(FAKETIME, "libfaketime is not there: tools/deps --tests installs it")
        admin = self.server.admin()
        self.server.stop()
        for days, status in ((0, kamtest.OK), (1, kamtest.SIGNED_OUT)):
            os.environ.update(LD_PRELOAD=FAKETIME, FAKETIME="+%dd" % days, FAKETIME_DONT_FAKE_MONOTONIC="1")
            try:
                self.server.start()
            finally:
                for name in ("LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC"):
                    del os.environ[name]
            admin.run("whoami", expect=status)
            self.server.stop()

    def test_many_wrong_passwords_are_held_off(self):
        statuses = [self.server.user("admin").try_run("login", "--server", self.server.address, "--ca", self.server.ca, "--password-file", "-", "admin",
                                                      stdin="wrong-password\n").status for _ in range(14)]
        self.assertEqual(statuses[0], kamtest.SIGNED_OUT)
        self.assertNotIn(0, statuses)

    def test_only_who_shows_a_token_may_send_much(self):
        """The very first request of a connection is judged by its own token, by either version of HTTP."""
        def post(version, method, body, *words):
            return subprocess.run(["curl", "-sS", version, "--cacert", self.server.ca, "-H", "content-type: application/json", *words, "--data-binary", "@-",
                                   "https://%s/kam.v1.%s" % (self.server.address, method)], input=body + b" " * 100000, capture_output=True, timeout=20 * kamtest.PATIENCE).stdout
        signed_in = ("-H", "authorization: Bearer " + self.server.admin().token)
        for version in ("--http1.1", "--http2"):
            self.assertIn(b"larger than the limit of 32768 bytes", post(version, "SessionService/SignIn", b'{"user": "admin", "password": "x"}'), version)
            self.assertEqual(b'{}', post(version, "AccountService/ListAccounts", b"{}", *signed_in), version)
            self.assertEqual(b'{}', post(version, "AccountService/ListAccounts", b"{}" + b" " * 4000000, *signed_in), "a request as large as may be, " + version)

    def test_what_is_no_http2_is_dropped(self):
        for noise in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\0" * 1000, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100):
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=5 * kamtest.PATIENCE) as plain:
                plain.sendall(noise)
                try:
                    self.assertNotIn(b"200", plain.recv(1000))
                except OSError:
                    pass
        self.server.admin().run("whoami")

    def test_log_lines_are_structured(self):
        self.server.admin().run("whoami")
        self.assertTrue(self.server.lines)
        for line in self.server.lines:
            self.assertRegex(line, r"^(<\d>)?(\w+=(\"[^\"]*\"|\S*) ?)+\n$")
            self.assertNotIn(self.server.password, line)


class Damage(unittest.TestCase):
    def setUp(self):
        self.server = kamtest.Server()
        self.addCleanup(self.server.close)
        self.server.init()
        self.server.start()
        self.admin = self.server.admin()
        self.admin.run("accounts", "create", "victim", "--set", "display_name=Victim", "--set", "description=" + "needle" * 40)
        self.admin.run("accounts", "create", "other", "--set", "display_name=Other")
        self.server.stop()

    def flip(self, needle):
        """Changes a byte of every place in the store that holds `needle`."""
        count = 0
        path = self.server.data + "/store/data.mdb"
        with open(path, "r+b") as file:
            data = file.read()
            at = data.find(needle)
            while at >= 0:
                file.seek(at)
                file.write(bytes([needle[0] ^ 1]))
                count, at = count + 1, data.find(needle, at + len(needle))
        self.assertGreater(count, 0)

    def test_a_damaged_record_is_never_answered(self):
        self.flip(b"needle" * 3)
        status, out, err = kamd("check", "--data", self.server.data)
        self.assertNotEqual(status, 0)
        self.assertIn("accounts/victim", out + err)
        self.server.start()
        error = self.admin.run("accounts", "get", "victim", "-o", "json", expect=kamtest.OTHER).error()
        self.assertEqual(error["code"], 15, error)
        self.assertIn("accounts/victim", error["message"])
        self.admin.run("accounts", "get", "other")
        self.admin.run("accounts", "create", "third", "--set", "display_name=Third")
        error = self.admin.call("AuditService/VerifyAudit", {}, expect=kamtest.OTHER).error()
        self.assertEqual(error["code"], 15)

    def test_a_sound_store_checks_out(self):
        status, out, err = kamd("check", "--data", self.server.data)
        self.assertEqual(status, 0, out + err)

    def test_a_store_that_is_no_store(self):
        path = self.server.data + "/store/data.mdb"
        for title, change in (("cut", lambda data: data[:5000]), ("cut by half", lambda data: data[:len(data) // 8192 * 4096]),
                              ("overwritten", lambda data: b"\xff" * len(data)), ("empty", lambda data: b"x")):
            with self.subTest(title):
                with open(path, "rb") as file:
                    data = file.read()
                with open(path, "wb") as file:
                    file.write(change(data))
                status, _, err = kamd("serve", "--data", self.server.data, "--listen", "127.0.0.1:0")
                self.assertEqual(status, 1, err)
                self.assertIn("kamd: ", err)
                with open(path, "wb") as file:
                    file.write(data)
        self.server.start()
        self.admin.run("accounts", "get", "victim")


if __name__ == "__main__":
    unittest.main()
