# SPDX-License-Identifier: Apache-2.0
"""What an attack is judged by: how long an honest client's calls take beside it, and how much memory and time of the processor kamd takes."""

import ctypes
import mmap
import os
import signal
import struct
import sys
import time
import traceback

import slow
import wire
from protobytes import field

CALLS_PER_SECOND = 200
CALLS_MAX = 1 << 16


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else float("inf")


def end_with_parent():
    """A child that its parent left behind would go on for ever."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Healthy:
    """A process that calls GetAccount at a steady pace, by turns on two connections, so that each of kamd's two workers has one. It notes when each call
    began and how long it took in memory that both processes see."""

    def __init__(self, target, name):
        self.shared = mmap.mmap(-1, 8 + 16 * CALLS_MAX)
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                end_with_parent()
                self.run(target, name)
            except wire.Cut as cut:
                print("the healthy client was cut off: %s" % cut, file=sys.stderr)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)

    def run(self, target, name):
        block = wire.request("AccountService/GetAccount", target.token)
        payload = field(1, name)
        peers = slow.opened(target, 2, wire.call(1, block, payload), source="127.0.0.1", initial_window_size=1 << 20)
        count, stream, due = 0, 3, time.monotonic()
        while True:
            for peer in peers:
                begun = time.monotonic()
                peer.send(wire.call(stream, block, payload))
                fields = peer.answer(stream)
                took = time.monotonic() - begun
                if fields.get("grpc-status") != "0":
                    raise AssertionError("GetAccount fails beside the attack: %s" % fields)
                for known in (peer.fields, peer.ended, peer.windows):
                    known.pop(stream, None)
                peer.send(wire.window_update(0, peer.bytes_in) if peer.bytes_in else b"")
                peer.bytes_in = 0
                struct.pack_into("dd", self.shared, 8 + 16 * (count % CALLS_MAX), begun, took)
                count += 1
                struct.pack_into("Q", self.shared, 0, count)
                due = max(due + 1 / CALLS_PER_SECOND, time.monotonic() - 1)
                time.sleep(max(0, due - time.monotonic()))
            stream += 2

    def alive(self):
        return os.waitpid(self.pid, os.WNOHANG) == (0, 0)

    def count(self):
        return struct.unpack_from("Q", self.shared, 0)[0]

    def since(self, begin):
        """How long the calls took that began at this count or later."""
        return [struct.unpack_from("dd", self.shared, 8 + 16 * (at % CALLS_MAX))[1] for at in range(begin, self.count())]

    def stop(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def memory_bytes(pid):
    with open("/proc/%d/status" % pid) as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:")) << 10


def processor_seconds(pid):
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
