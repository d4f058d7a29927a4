# SPDX-License-Identifier: Apache-2.0
"""What the benches share: a kamd with a store full of accounts, and what its process used."""

import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "tests", "harness"))
import kamtest

MAP = """{"resource": "accounts", "system": "bench", "key_columns": ["no"], "fields": [{"field": "id", "column": "no"},
  {"field": "display_name", "column": "name"}, {"field": "region", "column": "region"}, {"field": "industry", "column": "industry"},
  {"field": "employees", "column": "staff"}, {"field": "phase", "constant": "NONE"}]}"""


def fill(server, count):
    """Imports `count` accounts; every 500 share a region, so that a page of it is 50 of 500 whatever the count. Answers the seconds it took."""
    rows, mapping = server.folder + "/rows.csv", server.folder + "/map.json"
    with open(rows, "w") as file:
        file.write("no,name,region,industry,staff\n")
        for number in range(count):
            file.write("a%06d,Company %d,r%d,Industry %d,%d\n" % (number, number, number * 7919 % count // 500, number % 40, number % 5000))
    with open(mapping, "w") as file:
        file.write(MAP)
    started = time.monotonic()
    server.admin().run("import", "accounts", rows, "--map", mapping, "-o", "json", timeout=600)
    return time.monotonic() - started


def cpu_seconds(pid):
    """CPU time of all threads to the nanosecond: the ticks of /proc/PID/stat are as long as hundreds of calls."""
    total, tasks = 0, "/proc/%d/task" % pid
    for task in os.listdir(tasks):
        with open(os.path.join(tasks, task, "schedstat")) as file:
            total += int(file.read().split()[0])
    return total / 1e9


def own_bytes(pid):
    """Memory that is the process's alone: without files, and without what is shared."""
    with open("/proc/%d/status" % pid) as file:
        return int(re.search(r"RssAnon:\s+(\d+)", file.read()).group(1)) * 1024
