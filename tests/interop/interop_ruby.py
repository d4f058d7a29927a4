#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""gRPC's own interop client in Ruby, as Debian ships it with ruby-grpc: one process for each case."""

import glob
import os
import subprocess


CLIENT = glob.glob("/usr/lib/*/rubygems-integration/*/gems/grpc-*/src/ruby/pb/test/client.rb")[0]
ENVIRONMENT = dict(os.environ, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH=os.environ["INTEROP_CA"])

for case in os.environ["INTEROP_CASES"].split():
    words = ["ruby", CLIENT, "--server_host", os.environ["INTEROP_HOST"], "--server_port", os.environ["INTEROP_PORT"], "--use_tls", "true",
             "--test_case", case]
    done = subprocess.run(words, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    passed = done.returncode == 0 and done.stdout.rstrip().endswith('"OK: %s"' % case)
    print("ok: " + case if passed else "failed: %s: %s" % (case, " ".join((done.stdout + done.stderr).split())[-300:]), flush=True)
