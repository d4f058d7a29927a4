#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""libkam as a stranger gets it: installed somewhere, compiled against with what pkg-config says and nothing else, speaking to a real kamd.

    libkam_test.py BUILD-DIRECTORY [SANITIZERS]
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
import kamtest

BUILD = sys.argv.pop(1)
SANITIZE = ["-fsanitize=" + sys.argv.pop(1)] if len(sys.argv) > 1 else []
SOURCES = os.path.join(os.path.dirname(os.path.realpath(__file__)), "libkam")
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def run(*words, **options):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
    assert done.returncode == 0, "%s\n%s%s" % (" ".join(words), done.stdout, done.stderr)
    return done.stdout


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.folder = tempfile.mkdtemp(prefix="kam-install-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        run("cmake", "--install", BUILD, "--prefix", folder + "/first")
        os.rename(folder + "/first", folder + "/moved")  # kam.pc says where things are now
        cls.prefix = folder + "/moved"
        cls.library = os.path.dirname(next(os.path.join(path, name) for path, _, names in os.walk(cls.prefix) for name in names if name == "libkam.so"))
        cls.environment = {**os.environ, "PKG_CONFIG_PATH": cls.library + "/pkgconfig", "LD_LIBRARY_PATH": cls.library}

    def flags(self, *packages):
        return run("pkg-config", "--cflags", "--libs", *packages, env=self.environment).split()

    def compile(self, name, compiler="cc", standard="-std=c11", packages=("kam",)):
        program = os.path.join(self.folder, name.split(".")[0])
        run(compiler, standard, *STRICT, *SANITIZE, os.path.join(SOURCES, name), "-o", program, *self.flags(*packages))
        return program

    def test_what_is_installed(self):
        header = open(self.prefix + "/include/kam/kam.h").read()
        self.assertEqual(re.findall(r"#\s*include\s*(\S+)", header), ["<stdbool.h>", "<stddef.h>", "<stdint.h>"])
        declared = set(re.findall(r"^[a-z].*?\b(kam_\w+)\(", header, re.M))
        exported = {line.split()[2].split("@")[0] for line in run("nm", "--dynamic", "--defined-only", self.library + "/libkam.so").splitlines()
                    if " T " in line}
        self.assertGreater(len(declared), 15)
        self.assertEqual(exported, declared)
        version = run("pkg-config", "--modversion", "kam", env=self.environment).strip()
        self.assertIn(version, run(self.prefix + "/bin/kam", "--version"))
        protos = run("pkg-config", "--variable=protodir", "kam", env=self.environment).strip()
        run("protoc", "-I" + protos, "--descriptor_set_out=/dev/null", "kam/v1/account.proto")
        for name in ("bin/kam", "sbin/kamd"):
            self.assertTrue(os.access(os.path.join(self.prefix, name), os.X_OK), name)
        run("bash", "-n", self.prefix + "/share/bash-completion/completions/kam")

    def test_cplusplus(self):
        run(self.compile("header.cc", "c++", "-std=c++17"), env=self.environment)

    def test_blocking(self):
        program = self.compile("blocking.c")
        with kamtest.Server() as server, kamtest.Server() as other:
            client = subprocess.Popen([program, server.address, server.ca, server.password, other.ca], env=self.environment, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
            with client:
                self.assertEqual(client.stdout.readline(), "stop it\n")
                self.assertEqual(server.stop(), 0)
                print("stopped", file=client.stdin, flush=True)
                self.assertEqual(client.stdout.readline(), "start it\n")
                print("starting", file=client.stdin, flush=True)
                server.start()
                self.assertEqual(client.stdout.readline(), "done\n")
            self.assertEqual(client.returncode, 0)
            self.assertIn("blocking/1 kam-c/", server.admin().run("call", "SessionService/ListSessions", '{"parent": "users/admin"}').out)

    def test_async(self):
        program = self.compile("async.c", packages=("kam", "libevent_core"))
        with kamtest.Server() as server:
            token = server.admin().token
            self.assertEqual(run(program, server.address, server.ca, token, env=self.environment, timeout=100 * kamtest.PATIENCE), "done\n")


if __name__ == "__main__":
    unittest.main()
