# SPDX-License-Identifier: Apache-2.0
"""How a client in Python runs its cases: functions of their names, one line printed for each."""

import os


def run(functions, after_failure=lambda: None):
    for name in os.environ["INTEROP_CASES"].split():
        try:
            functions[name]()
            print("ok: " + name, flush=True)
        except Exception as error:
            print("failed: %s: %s" % (name, " ".join(repr(error).split())[:400]), flush=True)
            after_failure()
