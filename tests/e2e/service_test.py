#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kamd under a service manager, played by this test: what it is told and when, the watchdog, a socket that is handed over; the unit file; and what the
kernel says of the sandbox.

    service_test.py KAMD.SERVICE [SANITIZER…]
"""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest
import lmdb

UNIT = sys.argv.pop(1) if len(sys.argv) > 1 else os.path.join(kamtest.ROOT, "build/release/server/kamd.service")
SANITIZED = len(sys.argv) > 1
del sys.argv[1:]


class Managed(kamtest.Server):
    """A kamd with variables of its own; the manager's variables name a process, which a shell puts in."""

    def __init__(self, environment, listening=None, config=""):
        super().__init__(config)
        self.environment, self.listening = environment, listening
        self.pass_fds = (listening.fileno(),) if listening else ()

    def command(self):
        words = ["%s=%s" % pair for pair in self.environment.items()]
        handing = "exec 3<&%d; " % self.pass_fds[0] if self.pass_fds else ""
        return ["/bin/sh", "-c", handing + "exec env %s \"$@\"" % " ".join(words), "sh"] + super().command()


class Manager:
    """The socket that NOTIFY_SOCKET names."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)

    def hear(self, timeout=30):
        """The next thing that is told, None where nothing comes."""
        self.socket.settimeout(timeout * kamtest.PATIENCE)
        try:
            return self.socket.recv(4096).decode()
        except socket.timeout:
            return None

    def wait_for(self, text, timeout=60):
        end = time.monotonic() + timeout * kamtest.PATIENCE
        while time.monotonic() < end:
            heard = self.hear(max(0.01, (end - time.monotonic()) / kamtest.PATIENCE))
            if heard and text in heard:
                return heard
        raise AssertionError("%s was not told" % text)


class Notify(unittest.TestCase):
    def managed(self, path=None, config="", **environment):
        folder = tempfile.mkdtemp(prefix="kam-test-")
        self.addCleanup(shutil.rmtree, folder)
        manager = Manager(path or folder + "/notify")
        self.addCleanup(manager.socket.close)
        return manager, Managed({"NOTIFY_SOCKET": path.replace("\0", "@") if path else folder + "/notify", **environment}, config=config)

    def test_start_reload_and_stop_are_told(self):
        manager, server = self.managed()
        with server:
            self.assertEqual(manager.hear(), "READY=1")
            server.admin().run("whoami")
            server.process.send_signal(signal.SIGHUP)
            self.assertRegex(manager.hear(), r"^RELOADING=1\nMONOTONIC_USEC=\d+$")
            self.assertEqual(manager.hear(), "READY=1")
            self.assertEqual(server.stop(), 0)
            self.assertEqual(manager.hear(), "STOPPING=1")
            self.assertIsNone(manager.hear(0.2), "nothing follows: no watchdog was asked for")

    def test_an_abstract_socket(self):
        manager, server = self.managed(path="\0kam-test-%d" % os.getpid())
        with server:
            self.assertEqual(manager.hear(), "READY=1")

    def test_a_manager_that_is_gone_is_no_reason_to_stop(self):
        with Managed({"NOTIFY_SOCKET": "/nowhere/notify"}) as server:
            self.assertIsNotNone(server.log("event=service_manager_unreachable"))
            server.admin().run("whoami")

    def test_the_watchdog_is_told_while_all_is_well(self):
        manager, server = self.managed(WATCHDOG_USEC=2000000)
        with server:
            for _ in range(3):
                manager.wait_for("WATCHDOG=1")

    def test_the_watchdog_of_another_process_is_not_ours(self):
        manager, server = self.managed(WATCHDOG_USEC=400000, WATCHDOG_PID=1)
        with server:
            self.assertEqual(manager.hear(), "READY=1")
            self.assertIsNone(manager.hear(1.5))

    def test_the_watchdog_is_not_told_while_the_writer_hangs(self):
        manager, server = self.managed(WATCHDOG_USEC=2000000)
        with server:
            manager.wait_for("WATCHDOG=1")
            store = lmdb.open(server.data + "/store", map_size=1 << 30, max_dbs=16)
            with store.begin(write=True):  # whoever holds this lets no other write, in any process
                self.assertIsNotNone(server.log("event=watchdog_not_told"))
                while manager.hear(0.1):
                    pass
                self.assertIsNone(manager.hear(1.5), "told though the writer cannot begin")
            store.close()
            manager.wait_for("WATCHDOG=1")


class SocketActivation(unittest.TestCase):
    def listening(self):
        handed = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(handed.close)
        return handed

    def managed(self, handed, count=1):
        server = Managed({"LISTEN_FDS": count, "LISTEN_PID": "$$"}, handed)
        self.addCleanup(server.close)
        server.init()
        return server

    def test_a_socket_is_served(self):
        handed = self.listening()
        port = handed.getsockname()[1]
        early = socket.create_connection(("127.0.0.1", port))  # waits for kamd to come
        server = self.managed(handed)
        server.start()
        self.assertEqual(server.port, port)
        context = ssl.create_default_context(cafile=server.ca)
        context.set_alpn_protocols(["h2"])
        early.settimeout(10 * kamtest.PATIENCE)
        with context.wrap_socket(early, server_hostname="localhost") as secure:
            self.assertEqual(secure.version(), "TLSv1.3")
        server.admin().run("whoami")
        # While it is restarted nobody is refused: the manager keeps the socket.
        self.assertEqual(server.stop(), 0)
        waiting = socket.create_connection(("127.0.0.1", port))
        server.start()
        waiting.settimeout(10 * kamtest.PATIENCE)
        with context.wrap_socket(waiting, server_hostname="localhost"):
            pass
        server.admin().run("whoami")

    def test_for_another_process_it_is_not(self):
        handed = self.listening()
        server = Managed({"LISTEN_FDS": 1, "LISTEN_PID": 1}, handed)
        with server:
            self.assertNotEqual(server.port, handed.getsockname()[1])

    def refused(self, server, words):
        done = subprocess.run(server.command(), capture_output=True, text=True, pass_fds=server.pass_fds, stdin=subprocess.DEVNULL, timeout=20 * kamtest.PATIENCE)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(words, done.stderr)

    def test_what_is_no_listening_socket_is_refused(self):
        with open("/dev/null") as null:
            self.refused(self.managed(null), "no TCP socket that listens")
        with socket.socket() as idle:
            self.refused(self.managed(idle), "no TCP socket that listens")

    def test_two_sockets_are_refused(self):
        self.refused(self.managed(self.listening(), count=2), "2 sockets")


class Sandbox(unittest.TestCase):
    def status(self, task):
        with open("/proc/%s/status" % task) as file:
            return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)

    def test_it_holds_for_every_thread(self):
        with kamtest.Server() as server:
            self.assertIsNotNone(server.log("event=sandbox state=%s" % ("partly" if SANITIZED else "on")))
            server.admin().run("whoami")
            tasks = os.listdir("/proc/%d/task" % server.process.pid)
            self.assertGreater(len(tasks), 4)
            for task in tasks:
                status = self.status("%d/task/%s" % (server.process.pid, task))
                self.assertEqual(status["NoNewPrivs"], "1")
                self.assertEqual(status["CapEff"], "0000000000000000")
                self.assertEqual(status["Seccomp"], "0" if SANITIZED else "2")

    @unittest.skipIf(SANITIZED, "a sanitizer needs more than is left")
    def test_required(self):
        with kamtest.Server(config="[server]\nsandbox = require\n") as server:
            self.assertIsNotNone(server.log("event=sandbox state=on seccomp=on"))

    def test_off(self):
        with kamtest.Server(config="[server]\nsandbox = off\n") as server:
            self.assertIsNotNone(server.log("event=sandbox state=off"))
            self.assertEqual(self.status(server.process.pid)["NoNewPrivs"], "0")

    def test_other_words_are_refused(self):
        server = kamtest.Server(config="[server]\nsandbox = maybe\n")
        self.addCleanup(server.close)
        server.init()
        done = subprocess.run(server.command(), capture_output=True, text=True, timeout=20 * kamtest.PATIENCE)
        self.assertEqual(done.returncode, 2)
        self.assertIn("server.sandbox", done.stderr)

    def test_certificates_elsewhere_are_read_again(self):
        """Also where they are links that are set anew, and their directory is nobody else's."""
        server = kamtest.Server()
        self.addCleanup(server.close)
        server.init()
        for folder in ("live", "archive"):
            os.mkdir(server.folder + "/" + folder)
        server.config = "[tls]\n"
        for setting, name in (("certificate", "server.pem"), ("key", "server.key")):
            for version in ("1", "2"):
                shutil.copy(server.data + "/tls/" + name, server.folder + "/archive/" + version + name)
            os.symlink("../archive/1" + name, server.folder + "/live/" + name)
            server.config += "%s = %s/live/%s\n" % (setting, server.folder, name)
        server.start()
        for name in ("server.pem", "server.key"):
            os.symlink("../archive/2" + name, server.folder + "/live/new")
            os.rename(server.folder + "/live/new", server.folder + "/live/" + name)
        server.process.send_signal(signal.SIGHUP)
        self.assertIsNotNone(server.log("event=certificates_read"))
        server.admin().run("whoami")


class Unit(unittest.TestCase):
    def test_its_exposure_is_at_most_1_5(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", UNIT], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout[-300:] + done.stderr)
        self.assertEqual(done.stderr, "", "a line that systemd does not know counts for nothing")


if __name__ == "__main__":
    unittest.main()
