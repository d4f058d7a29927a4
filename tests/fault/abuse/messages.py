# SPDX-License-Identifier: Apache-2.0
"""Attacks by what a message says or holds: each is refused with an answer, and costs no more than it is."""

import time
import zlib

import wire
from wire import DATA, END_HEADERS, END_STREAM, HEADERS
from protobytes import field

CREATE = "AccountService/CreateAccount"
SIGN_IN = "SessionService/SignIn"


def refused(target, seconds, block, make_body, statuses, pause=0.02):
    """Sends a request again and again, each time answered with one of these statuses."""
    end, count, worst, stream, seen = time.monotonic() + seconds, 0, 0, 1, set()
    with wire.Peer(target) as peer:
        while count == 0 or time.monotonic() < end:
            peer.send(wire.frame(HEADERS, END_HEADERS, stream, block))
            body = memoryview(make_body())
            while body and stream not in peer.ended and stream not in peer.resets:
                room = min(peer.windows[0], peer.windows.setdefault(stream, peer.first_window), 16384)
                if room <= 0:
                    if not peer.wait(10, lambda: peer.windows[0] > 0 and peer.windows[stream] > 0 or stream in peer.ended or stream in peer.resets):
                        raise AssertionError("neither an answer nor room for more")
                    continue
                piece, body = body[:room], body[room:]
                peer.send(wire.frame(DATA, 0 if body else END_STREAM, stream, piece))
                peer.windows[0] -= len(piece)
                peer.windows[stream] -= len(piece)
            begun = time.monotonic()
            status = peer.answer(stream).get("grpc-status")
            if status not in statuses:
                raise AssertionError("answered with %s" % peer.fields.get(stream))
            worst, count, stream = max(worst, time.monotonic() - begun), count + 1, stream + 2
            seen.add(status)
            time.sleep(pause)
    return worst, "%d times status %s" % (count, ", ".join(sorted(seen)))


def gzip_bomb(target, seconds):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()
    block = wire.request(SIGN_IN, "", ("grpc-encoding", "gzip"))
    return refused(target, seconds, block, lambda: wire.message(bomb, 1), {"8"})


def huge_prefix(target, seconds):
    return refused(target, seconds, wire.request(SIGN_IN), lambda: wire.message(b"x", size=0xFFFFFFFF), {"8"})


def deep(target, seconds):
    """A message within a message, 20,000 times."""
    body = b""
    for _ in range(20000):
        body = field(2, body)
    return refused(target, seconds, wire.request(CREATE, target.token), lambda: wire.message(body), {"3", "8", "13"})


def wide(target, seconds):
    """A message of 4 MB that holds two million fields of two bytes."""
    body = field(2, field(8, b"") * 2000000)
    return refused(target, seconds, wire.request(CREATE, target.token), lambda: wire.message(body), {"3", "8", "13"}, 0.2)


def many(target, seconds):
    """As many elements as are let through, each of which takes far more memory than bytes."""
    body = field(2, field(8, b"") * 260000)
    return refused(target, seconds, wire.request(CREATE, target.token), lambda: wire.message(body), {"3", "8", "13"}, 0.2)
