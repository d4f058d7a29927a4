# SPDX-License-Identifier: Apache-2.0
"""Attacks by the number of connections."""

import socket
import struct
import time

import measure
import slow
import wire
from protobytes import field


def open_many(target, count, source, first=b""):
    """As many connections as the server takes, each of which says `first`; answers them and how many were refused."""
    peers, refused = [], 0
    for _ in range(count):
        try:
            peers.append(wire.Peer(target, source=source))
        except wire.Cut:
            refused += 1
        else:
            peers[-1].send(first)
    return peers, refused


def idle(target, seconds):
    """2,000 connections that say what they must and then nothing."""
    peers, refused = open_many(target, 2000, "127.0.0.2")
    time.sleep(seconds)
    for peer in peers:
        peer.close()
    return None, "%d taken, %d refused" % (len(peers), refused)


def too_many(target, _):
    """More from one address than are allowed; another address is not affected, and once some close the address is served again."""
    call = wire.call(1, wire.request("AccountService/GetAccount", target.token), field(1, "accounts/a0"))  # without one they are cut off while others still come
    peers, refused = open_many(target, target.per_address + 50, "127.0.0.3", call)
    if len(peers) != target.per_address or refused != 50:
        raise AssertionError("%d taken, %d refused; the bound is %d" % (len(peers), refused, target.per_address))
    wire.Peer(target, source="127.0.0.4").close()
    for peer in peers:
        peer.close()
    end = time.monotonic() + 5
    while True:
        try:
            wire.Peer(target, source="127.0.0.3").close()
            break
        except wire.Cut:
            if time.monotonic() > end:
                raise AssertionError("the address is still refused after its connections were closed") from None
            time.sleep(0.05)
    return None, "%d taken, %d refused" % (len(peers), refused)


def churn(target, seconds):
    """Connections that are closed as soon as they are open, some of them by a reset."""
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        connection = target.connect()
        if count % 2:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        count += 1
        time.sleep(0.0005)
    return None, "%d connections" % count


def handshakes(target, seconds):
    """Handshakes that lead to nothing, 100 a second."""
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        wire.Peer(target, start=False).close()
        count += 1
        time.sleep(0.01)
    return None, "%d handshakes" % count


def out_of_files(target, pid):
    """Connections until the server has no file descriptor left; answers how much of a second of the processor it then takes in one second."""
    block, payload = wire.request("AccountService/GetAccount", target.token), field(1, "accounts/a0")
    old = slow.opened(target, 1, wire.call(1, block, payload), source="127.0.0.5")[0]
    waiting = [target.connect() for _ in range(100)]
    time.sleep(0.5)
    before = measure.processor_seconds(pid)
    for at in range(1, 11):
        old.send(wire.call(2 * at + 1, block, payload))
        if old.answer(2 * at + 1, 5).get("grpc-status") != "0":
            raise AssertionError("an old connection fails: %s" % old.fields)
        time.sleep(0.1)
    took = measure.processor_seconds(pid) - before
    for connection in waiting:
        connection.close()
    begun = time.monotonic()
    with wire.Peer(target, source="127.0.0.6") as new:
        new.send(wire.call(1, block, payload))
        if new.answer(1, 10).get("grpc-status") != "0":
            raise AssertionError("a new connection fails once there is room: %s" % new.fields)
    old.close()
    return took, time.monotonic() - begun
