# SPDX-License-Identifier: Apache-2.0
"""What the tests that speak to the real programs share: a kamd of one's own on a free port with a fresh store, and kam as somebody.

    with Server() as server:
        admin = server.admin()
        admin.run("accounts", "create", "acme", "--set", "display_name=Acme")

Everything lies in one temporary folder (KAM_TEST_KEEP=1 keeps it). The programs are found by KAMD and KAM in the environment, which ctest
sets, otherwise in build/release. Nothing but Python's own library is needed.
"""

import faulthandler
import json
import os
import re
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
KAMD = os.environ.get("KAMD", os.path.join(ROOT, "build/release/server/kamd"))
KAM = os.environ.get("KAM", os.path.join(ROOT, "build/release/client/cli/kam"))
SHARED_DATA = os.path.join(ROOT, "..", "shared", "data")
MAPS = os.path.join(ROOT, "client", "cli", "maps")

# Sanitizers make programs slower; a test that waits, waits this many times longer.
PATIENCE = int(os.environ.get("KAM_TEST_PATIENCE", "1"))

# The servers that run. What they logged is shown where a test fails, and where it takes so long that ctest is about to end it.
running = []
TIMEOUT_S = int(os.environ.get("KAM_TEST_TIMEOUT", "0"))


def show_logs(what):
    for server in list(running):
        sys.stderr.write("\n%s; the log of kamd at port %d:\n%s" % (what, server.port, server.tail()))
    sys.stderr.flush()


def _show_logs_of_failures():
    def showing(report):
        def shown(result, test, *error):
            if error[-1]:
                show_logs("failed: %s" % test)
            report(result, test, *error)
        return shown
    for name in ("addError", "addFailure", "addSubTest"):
        setattr(unittest.TestResult, name, showing(getattr(unittest.TestResult, name)))


def _out_of_time():
    faulthandler.dump_traceback()
    show_logs("out of time")


_show_logs_of_failures()
if TIMEOUT_S:
    _timer = threading.Timer(TIMEOUT_S - 5, _out_of_time)
    _timer.daemon = True
    _timer.start()

# What a command's exit status means (kam --help).
OK, OTHER, USAGE, NOT_FOUND, SIGNED_OUT, DENIED, CONFLICT, UNAVAILABLE, PARTLY, DECLINED = range(10)


def data_file(*path):
    """A file of the shared data, or None where that folder is absent."""
    name = os.path.join(SHARED_DATA, *path)
    return name if os.path.exists(name) else None


def write_private(path, text):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    return path


class Result:
    """What a command printed and how it ended."""

    def __init__(self, words, status, out, err):
        self.words, self.status, self.out, self.err = words, status, out, err

    def json(self):
        return json.loads(self.out)

    def error(self):
        """The error as google.rpc.Status, where the command was run with -o json."""
        return json.loads(self.err)

    def __str__(self):
        return "kam %s\n-> %d\n%s%s" % (" ".join(self.words), self.status, self.out, self.err)


class User:
    """kam as one user: settings and token in a folder of their own."""

    def __init__(self, server, name, home):
        self.server, self.name, self.home = server, name, home
        os.makedirs(home, exist_ok=True)

    @property
    def environment(self):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("KAM_")}
        environment.update(HOME=self.home, XDG_CONFIG_HOME=self.home + "/config", XDG_STATE_HOME=self.home + "/state",
                           XDG_CACHE_HOME=self.home + "/cache", LC_ALL="C.UTF-8", KAM_SERVER=self.server.address, KAM_CA=self.server.ca)
        return environment

    def try_run(self, *words, stdin="", timeout=120):
        """Runs a command to its end, whatever that is."""
        words = [str(word) for word in words]
        done = subprocess.run([KAM, *words], input=stdin, env=self.environment, capture_output=True, text=True, encoding="utf-8",
                              errors="surrogateescape", timeout=timeout * PATIENCE)
        return Result(words, done.returncode, done.stdout, done.stderr)

    def run(self, *words, expect=OK, stdin="", timeout=120):
        """Runs a command that must end with `expect`."""
        result = self.try_run(*words, stdin=stdin, timeout=timeout)
        if result.status != expect:
            raise AssertionError("expected status %d\n%s" % (expect, result))
        return result

    def json(self, *words, **options):
        return self.run(*words, "-o", "json", **options).json()

    def spawn(self, *words):
        """Starts a command that goes on; the caller ends it."""
        return subprocess.Popen([KAM, *[str(word) for word in words]], env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def watch(self, *words, touch):
        """Starts to watch. It is open once it tells of what `touch` changes, which is called with 0, 1 and so on until then. Answers it and its first line."""
        watching, end, count = self.spawn(*words, "watch", "-o", "jsonl"), time.monotonic() + 60 * PATIENCE, 0
        while not select.select([watching.stdout], [], [], 0.1)[0]:
            if time.monotonic() > end:
                watching.kill()
                raise AssertionError("the watch does not begin: %s" % watching.communicate()[1])
            touch(count)
            count += 1
        return watching, watching.stdout.readline()

    def call(self, method, request, expect=OK):
        """Any method, with the request as JSON on stdin."""
        result = self.run("call", method, "-", "-o", "json", stdin=json.dumps(request), expect=expect)
        return result.json() if expect == OK and result.out.strip() else result

    def sign_in(self, password, expect=OK):
        return self.run("login", "--server", self.server.address, "--ca", self.server.ca, "--password-file", "-", self.name, stdin=password + "\n",
                        expect=expect)

    @property
    def token(self):
        folder = self.home + "/state/kam/tokens"
        with open(os.path.join(folder, os.listdir(folder)[0])) as file:
            return file.read().strip()


class Server:
    """One kamd with a store of its own."""

    def __init__(self, config="", data=None):
        self.folder = tempfile.mkdtemp(prefix="kam-test-")
        self.data = data or self.folder + "/data"
        self.ca = self.data + "/tls/ca.pem"
        self.config = config
        self.password = secrets.token_urlsafe(12)
        self.process, self.port, self.lines, self.users = None, 0, [], {}
        self.pass_fds = ()

    def __enter__(self):
        try:
            self.init()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.close()
            return
        show_logs("failed")
        try:
            self.close()
        except AssertionError as fault:
            sys.stderr.write("%s\n" % fault)

    @classmethod
    def of_class(cls, case, config=""):
        """One for all tests of a unittest class: it is case.server, its administrator case.admin."""
        case.server = server = cls(config)
        case.addClassCleanup(server.close)
        server.init()
        server.start()
        case.admin = server.admin()
        return server

    @property
    def address(self):
        return "localhost:%d" % self.port

    def init(self):
        file = write_private(self.folder + "/admin-password", self.password + "\n")
        subprocess.run([KAMD, "init", "--data", self.data, "--admin-password-file", file], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    def command(self):
        words = [KAMD, "serve", "--data", self.data, "--listen", "127.0.0.1:%d" % self.port]
        if self.config:
            with open(self.folder + "/kamd.ini", "w") as file:
                file.write(self.config)
            words += ["--config", self.folder + "/kamd.ini"]
        return words

    def start(self, timeout=60):
        """Starts kamd and waits until it listens. A restart takes the same port."""
        if self not in running:
            running.append(self)
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                        errors="replace", pass_fds=self.pass_fds)
        self.listens, spoken = False, threading.Event()
        threading.Thread(target=self._read_log, args=(self.process, spoken), daemon=True).start()
        if not spoken.wait(timeout * PATIENCE) or not self.listens:
            raise AssertionError("kamd does not listen:\n" + self.tail())

    def _read_log(self, process, spoken):
        with process.stderr:
            for line in process.stderr:
                self.lines.append(line)
                port = re.search(r"\bevent=listen\b.*\bport=(\d+)", line)
                if port:
                    self.port = int(port.group(1))
                    self.listens = True
                    spoken.set()
        spoken.set()

    def log(self, pattern, timeout=30):
        """Waits for a line of the log; None where it does not come."""
        end = time.monotonic() + timeout * PATIENCE
        while True:
            found = next((line for line in list(self.lines) if re.search(pattern, line)), None)
            if found or time.monotonic() > end:
                return found
            time.sleep(0.02)

    def tail(self):
        """The end of the log, and before it the last lines that warn."""
        lines = list(self.lines)
        return "".join([line for line in lines[:-20] if re.search(r"\blevel=(warn|error)", line)][-20:] + lines[-20:])

    def stop(self, timeout=60):
        """SIGTERM; answers the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout * PATIENCE)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def restart(self):
        self.stop()
        self.start()

    def close(self):
        """Ends it and removes its folder. That it ends well is part of every test: a sanitizer speaks at the end."""
        status = 0
        if self.process and self.process.poll() is None:
            try:
                status = self.stop()
            except subprocess.TimeoutExpired:
                self.kill()
                status = "killed: it did not stop on SIGTERM"
        elif self.process:
            status = self.process.returncode
        self.process = None
        if self in running:
            running.remove(self)
        if os.environ.get("KAM_TEST_KEEP") != "1":
            shutil.rmtree(self.folder, ignore_errors=True)
        if status != 0:
            raise AssertionError("kamd ended with status %s:\n%s" % (status, "".join(self.lines[-120:])))

    def user(self, name, password=None):
        """kam as this user, signed in where a password is given."""
        user = self.users.get(name)
        if not user:
            user = self.users[name] = User(self, name, "%s/home-%s" % (self.folder, name))
        if password:
            user.sign_in(password)
        return user

    def admin(self):
        known = self.users.get("admin")
        return known or self.user("admin", self.password)

    def new_user(self, name, role=None, **fields):
        """Creates a user with a role, signs in as them."""
        password = secrets.token_urlsafe(12)
        self.admin().call("UserService/CreateUser", {"userId": name, "user": {"displayName": name.capitalize(), **fields}, "password": password})
        if role:
            self.admin().call("BindingService/CreateBinding", {"bindingId": "%s-%s" % (name, role),
                                                               "binding": {"user": "users/" + name, "role": "roles/" + role}})
        user = self.user(name, password)
        user.password = password
        return user


def curl(server, path, body, content_type="application/json", token="", headers=(), timeout=30):
    """One POST over HTTP/2, as curl does it. Answers the HTTP status, the headers and the body's bytes."""
    words = ["curl", "--silent", "--show-error", "--http2", "--cacert", server.ca, "--max-time", str(timeout * PATIENCE), "--dump-header",
             "/dev/stderr", "--header", "content-type: " + content_type, "--header", "@-", "--data-binary", "@" + body,
             "https://%s/%s" % (server.address, path)]
    lines = list(headers) + (["authorization: Bearer " + token] if token else [])
    done = subprocess.run(words, input=("\n".join(lines) + "\n").encode(), capture_output=True, timeout=(timeout + 10) * PATIENCE)
    head = done.stderr.decode("latin-1")
    status = re.findall(r"^HTTP/2 (\d+)", head, re.M)
    return (int(status[-1]) if status else 0), head, done.stdout


def connect(server, method, request, token="", headers=()):
    """A Connect unary call with JSON (text where `request` is a str). Answers the HTTP status and the reply or error as a dict."""
    body = server.folder + "/request-%d" % threading.get_ident()
    text = request if isinstance(request, (str, bytes)) else json.dumps(request)
    with open(body, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    status, _, reply = curl(server, "kam.v1." + method, body, token=token, headers=headers)
    try:
        return status, json.loads(reply)
    except ValueError:
        return status, {"raw": reply}
