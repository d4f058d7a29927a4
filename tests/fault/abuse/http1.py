# SPDX-License-Identifier: Apache-2.0
"""The same over HTTP/1.1: slow lines, slow headers, slow bodies, and requests sent faster than they are answered."""

import time

import floods
import slow
import wire
from protobytes import field

SIGN_IN = b"POST /kam.v1.SessionService/SignIn HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/proto\r\n"
CREATE = b"POST /kam.v1.AccountService/CreateAccount HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/proto\r\nauthorization: Bearer "
GET = b"POST /kam.v1.AccountService/GetAccount HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/proto\r\nauthorization: Bearer "


class Plain(wire.Peer):
    """A peer that speaks HTTP/1.1: what comes back is kept as it is."""

    def __init__(self, target):
        super().__init__(target, alpn="http/1.1", start=False)

    def parse(self):
        pass


def drip(peer):
    """A byte now and then keeps no connection."""
    if int(time.monotonic() * 5) % 5 == 0:
        peer.send(b"x")


def line(target, _):
    return slow.until_cut(slow.opened(target, 50, b"POST /kam.v1.Sess", Plain), 15, drip)


def headers(target, _):
    return slow.until_cut(slow.opened(target, 50, SIGN_IN + b"x-slow: ", Plain), 15, drip)


def body(target, head, size):
    """40 connections hold a body of this size that lacks its end."""
    peers, held = slow.opened(target, 40, head + b"content-length: %d\r\n\r\n" % size, Plain), 0
    for peer in peers:
        try:
            for _ in range(size // 16384 - 1):
                peer.send(bytes(16384), 0.5)
                held += 16384
        except wire.Cut:
            pass
    took, note = slow.until_cut(peers, 15)
    return took, "%d MiB sent; %s" % (held >> 20, note)


def body_anonymous(target, _):
    return body(target, SIGN_IN, slow.STRANGER_MESSAGE_BYTES)


def body_signed_in(target, _):
    return body(target, CREATE + target.token.encode() + b"\r\n", slow.MESSAGE_BYTES)


def pipelining(target, seconds):
    """Requests without waiting for their answers, which are not read either."""
    request = GET + target.token.encode() + b"\r\ncontent-length: %d\r\n\r\n" % len(field(1, "accounts/a0")) + field(1, "accounts/a0")
    end, worst, note, times = time.monotonic() + seconds, 0, "", 0
    while times == 0 or time.monotonic() < end:
        with Plain(target) as peer:
            begun = time.monotonic()
            try:
                while time.monotonic() - begun < floods.FLOOD_MOST_S:
                    peer.send(request * 64, reading=False)
                raise AssertionError("it was not cut off within %d s" % floods.FLOOD_MOST_S)
            except wire.Cut as cut:
                worst, note, times = max(worst, time.monotonic() - begun), str(cut), times + 1
        time.sleep(0.05)
    return worst, "%s; %d times" % (note, times)
