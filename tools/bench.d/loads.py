# SPDX-License-Identifier: Apache-2.0
"""The loads of tools/bench, each against kamd or against a floor: nghttpd for the transport, LMDB alone for the commits."""

import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import time

import common
import kamtest
from protobytes import field

BUILT = os.path.join(kamtest.ROOT, "build/release/tools/bench.d/")
SERVICE = "/kam.v1.AccountService/"
IDLE_SECONDS = 8
TYPES = {"gRPC": "application/grpc", "JSON": "application/json"}


class Measure:
    """Requests per second, CPU microseconds of the server per request, and how long requests took, in microseconds. None: not measured."""

    def __init__(self, rate=None, cpu=None, p50=None, p99=None, worst=None):
        self.rate, self.cpu, self.p50, self.p99, self.worst = rate, cpu, p50, p99, worst

    def best(self, other):
        """Of two rounds the better: what else runs on the machine only ever adds. The times are those of the faster round."""
        if other is None:
            return self
        fast = self if (self.rate or 0) >= (other.rate or 0) else other
        cpus = [cpu for cpu in (self.cpu, other.cpu) if cpu is not None]
        return Measure(fast.rate, min(cpus) if cpus else None, fast.p50, fast.p99, fast.worst)


class Nghttpd:
    """nghttpd with as many threads as kamd has workers, with kamd's certificate, serving files under the paths of kamd's methods."""

    def __init__(self, server):
        self.root = server.folder + "/htdocs"
        os.makedirs(self.root + SERVICE)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(["nghttpd", "-a", "127.0.0.1", "-n", str(os.cpu_count()), "-d", self.root, str(self.port), server.data + "/tls/server.key",
                                         server.data + "/tls/server.pem"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("nghttpd does not listen")

    def serve(self, method, size):
        with open(self.root + SERVICE + method, "wb") as file:
            file.write(os.urandom(size))

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def h2load(process, port, method, connections, streams, count, post=(), log=None):
    """One run of h2load; answers a Measure and the bytes of one answer's body."""
    words = ["h2load", "-n", str(count), "-c", str(connections), "-m", str(streams), *post]
    if log:
        words += ["--log-file", log]
    before = common.cpu_seconds(process.pid)
    done = subprocess.run([*words, "https://127.0.0.1:%d%s%s" % (port, SERVICE, method)], capture_output=True, text=True, check=True).stdout
    cpu = (common.cpu_seconds(process.pid) - before) / count * 1e6
    rate = float(re.search(r"finished in [^,]*, ([0-9.]+) req/s", done).group(1))
    size = int(re.search(r"\((\d+)\) data", done).group(1)) // count
    if not re.search(r"status codes: %d 2xx" % count, done):
        raise AssertionError(done)
    measure = Measure(rate, cpu)
    if log:
        with open(log) as file:
            times = sorted(int(line.split("\t")[2]) for line in file)
        os.remove(log)
        measure.p50, measure.p99, measure.worst = times[len(times) // 2], times[len(times) * 99 // 100], times[-1]
    return measure, size


class Reads:
    """GetAccount and ListAccounts by h2load, beside nghttpd's file of the same size."""

    def __init__(self, server, nghttpd, accounts):
        self.server, self.nghttpd = server, nghttpd
        self.token = server.admin().token
        name, region = "accounts/a%06d" % (accounts // 2), 'region = "r%d"' % (accounts // 1000)
        requests = {"GetAccount": (field(1, name), {"name": name}), "ListAccounts": (field(2, 50) + field(4, region), {"pageSize": 50, "filter": region})}
        self.files = {}
        for method, (proto, fields) in requests.items():
            for protocol, body in (("gRPC", b"\0" + len(proto).to_bytes(4, "big") + proto), ("JSON", json.dumps(fields).encode())):
                self.files[method, protocol] = "%s/%s-%s" % (server.folder, method, protocol)
                with open(self.files[method, protocol], "wb") as file:
                    file.write(body)

    def kamd(self, method, protocol, connections, streams, count, log=None):
        post = ["-d", self.files[method, protocol], "-H", "content-type: " + TYPES[protocol], "-H", "te: trailers", "-H", "authorization: Bearer " + self.token]
        return h2load(self.server.process, self.server.port, method, connections, streams, count, post, log)

    def measure(self, method, protocol, connections, streams, count, rounds):
        """In turns, so that a busy machine is busy for both. The percentiles come from a run of their own, for writing them down takes h2load time."""
        ours = floor = None
        log = self.server.folder + "/times"
        size = self.kamd(method, protocol, 1, 1, 1)[1]
        self.nghttpd.serve(method, size)
        for _ in range(rounds):
            ours = self.kamd(method, protocol, connections, streams, count)[0].best(ours)
            floor = h2load(self.nghttpd.process, self.nghttpd.port, method, connections, streams, count)[0].best(floor)
        timed = self.kamd(method, protocol, connections, streams, count // 2, log)[0]
        ours.p50, ours.p99, ours.worst = timed.p50, timed.p99, timed.worst
        return ours, floor


def bench_load(server, *words, protocol="gRPC"):
    environment = dict(os.environ, BENCH_ADDRESS=server.address, BENCH_CA=server.ca, BENCH_TOKEN=server.admin().token)
    if protocol == "JSON":
        environment["BENCH_JSON"] = "1"
    return json.loads(subprocess.run([BUILT + "bench-load", *map(str, words)], env=environment, stdout=subprocess.PIPE, check=True).stdout)


class Writes:
    """UpdateAccount by bench-load, beside LMDB that does the same to a copy of the store, as many updates to a commit as kamd had."""

    def __init__(self, server, accounts, seconds):
        """Takes a copy of the store, then writes down what kamd does to it for a while. Leaves kamd running without the recorder."""
        self.server, self.accounts = server, accounts
        self.store, self.before, self.replayed, self.trace = (server.folder + name for name in ("/data/store", "/before", "/replayed", "/trace"))
        server.stop()
        shutil.copytree(self.store, self.before)
        os.environ.update(LD_PRELOAD=BUILT + "libbench-record.so", KAM_BENCH_TRACE=self.trace)
        server.start()
        del os.environ["LD_PRELOAD"], os.environ["KAM_BENCH_TRACE"]
        bench_load(server, "update", 64, seconds, accounts)
        server.restart()
        self.rewind()

    def rewind(self):
        shutil.rmtree(self.replayed, ignore_errors=True)
        shutil.copytree(self.before, self.replayed)
        os.sync()  # or the first commit would pay for the copying
        self.skip = 0

    def commits(self):
        """The number of LMDB's last transaction, from its two meta pages (lmdb 0.9: MDB_meta.mm_txnid)."""
        with open(self.store + "/data.mdb", "rb") as file:
            pages = file.read(2 * 4096)
        return max(struct.unpack_from("=Q", pages, page * 4096 + 144)[0] for page in (0, 1))

    def kamd(self, writers, seconds, protocol):
        commits, cpu = self.commits(), common.cpu_seconds(self.server.process.pid)
        found = bench_load(self.server, "update", writers, seconds, self.accounts, protocol=protocol)
        cpu = (common.cpu_seconds(self.server.process.pid) - cpu) / found["requests"] * 1e6
        batch = found["requests"] / (self.commits() - commits)
        return Measure(found["requests"] / found["seconds"], cpu, found["p50"], found["p99"], found["max"]), batch

    def lmdb(self, batch, seconds):
        words = [BUILT + "bench-lmdb", self.replayed, self.trace, self.skip, batch, seconds]
        found = json.loads(subprocess.run(list(map(str, words)), stdout=subprocess.PIPE, check=True).stdout)
        self.skip += found["requests"]
        if found["left"] < 0.3:
            self.rewind()
        return Measure(found["requests"] / found["seconds"], found["cpu"])

    def measure(self, numbers, seconds, rounds, protocol):
        """Each number of writers in turns, for they are held against each other; answers a pair for each."""
        best = {writers: (None, None) for writers in numbers}
        for _ in range(rounds):
            for writers, (ours, floor) in best.items():
                found, batch = self.kamd(writers, seconds, protocol)
                best[writers] = found.best(ours), self.lmdb(max(1, round(batch)), seconds).best(floor)
        return best


def watch(server, streams, changes, rounds, accounts):
    """How long after a change's reply the last of the streams has seen it: of the round with the least p99."""
    found = min((bench_load(server, "watch", streams, changes, accounts) for _ in range(rounds)), key=lambda found: found["p99"])
    return Measure(None, None, found["p50"], found["p99"], found["max"])


def idle_bytes(server, port, pid, connections):
    """What a connection costs that has made one call and then nothing for some seconds: long enough for kamd to give back what the call took."""
    environment = dict(os.environ, BENCH_ADDRESS="localhost:%d" % port, BENCH_CA=server.ca, BENCH_TOKEN=server.admin().token)
    before = common.own_bytes(pid)
    load = subprocess.Popen([BUILT + "bench-load", "idle", str(connections)], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if load.stdout.readline() != "open\n":
        raise AssertionError("bench-load could not open %d connections" % connections)
    time.sleep(IDLE_SECONDS)
    grown = common.own_bytes(pid) - before
    load.communicate("")
    return grown / connections
