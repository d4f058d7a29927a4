# SPDX-License-Identifier: Apache-2.0
"""Attacks that send much of what is cheap to send and dear to take: every flood must end the connection that sends it."""

import gzip
import time

import wire
from wire import ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PRIORITY, SETTINGS
from protobytes import field

GET = "AccountService/GetAccount"
SIGN_IN = "SessionService/SignIn"
FLOOD_MOST_S = 8 # past it the flood was not cut


def once(target, pieces, **options):
    """Sends what `pieces` yields on one connection until it is cut; answers after how many seconds that was, and how."""
    with wire.Peer(target, **options) as peer:
        peer.wait(1, lambda: peer.windows[0] > 65535) # the server's first words are here
        begun = time.monotonic()
        try:
            for piece in pieces:
                if not peer.send(piece, FLOOD_MOST_S) or time.monotonic() - begun > FLOOD_MOST_S:
                    raise AssertionError("it was not cut off within %d s" % FLOOD_MOST_S)
            peer.wait(FLOOD_MOST_S, lambda: False)
            raise AssertionError("it was not cut off though all was sent")
        except wire.Cut as cut:
            return time.monotonic() - begun, str(cut)


def again(target, seconds, pieces, **options):
    """The same on new connections until `seconds` are over; answers the worst of them."""
    end, worst, note, times = time.monotonic() + seconds, 0, "", 0
    while times == 0 or time.monotonic() < end:
        took, how = once(target, pieces(), **options)
        worst, note, times = max(worst, took), how, times + 1
        time.sleep(0.05)
    return worst, "%s; %d times" % (note, times)


def flood(piece, **options):
    """An attack that repeats frames of the connection, or of one stream that `before` opens."""
    before = options.pop("before", b"")
    piece = piece * max(1, 8192 // len(piece))

    def pieces():
        yield before
        while True:
            yield piece
    return lambda target, seconds: again(target, seconds, pieces, **options)


def on_streams(make, count=60000, at_once=50):
    """An attack that opens stream after stream; `make` gives the frames for a stream's number."""
    def attack(target, seconds):
        def pieces():
            for first in range(0, count, at_once):
                yield b"".join(make(target, 2 * at + 1) for at in range(first, first + at_once))
        return again(target, seconds, pieces)
    return attack


blocks = {}


def block_of(method, token=""):
    if (method, token) not in blocks:
        blocks[method, token] = wire.request(method, token)
    return blocks[method, token]


def by_reference(target, stream):
    """GetAccount in seven bytes of headers: the first call puts its fields into the table of RFC 7541 2.3.2, and the others refer to them there."""
    known = wire.fields(GET, target.token)
    if stream == 1:
        return b"".join(b"\x40" + wire.literal(*field)[1:] for field in known)
    return bytes(0x80 | 61 + len(known) - at for at in range(len(known)))


rapid_reset = on_streams(lambda target, stream: wire.frame(HEADERS, END_HEADERS, stream, block_of(GET, target.token)) + wire.rst_stream(stream))
rapid_reset_by_reference = on_streams(lambda target, stream: wire.frame(HEADERS, END_HEADERS, stream, by_reference(target, stream)) + wire.rst_stream(stream), at_once=500)
rapid_reset_anonymous = on_streams(lambda _, stream: wire.frame(HEADERS, END_HEADERS, stream, block_of(GET)) + wire.rst_stream(stream))
# CVE-2025-8671: the server is made to reset its own streams.
reset_by_window = on_streams(lambda _, stream: wire.frame(HEADERS, END_HEADERS, stream, block_of(SIGN_IN)) + wire.window_update(stream, 0x7FFFFFFF))
reset_by_zero_update = on_streams(lambda _, stream: wire.frame(HEADERS, END_HEADERS, stream, block_of(SIGN_IN)) + wire.window_update(stream, 0))
reset_by_half_closed = on_streams(lambda target, stream: wire.call(stream, block_of(GET, target.token), field(1, "accounts/a0")) +
                                  wire.frame(DATA, 0, stream, b"more"))
reset_by_self_priority = on_streams(lambda _, stream: wire.frame(HEADERS, END_HEADERS, stream, block_of(SIGN_IN)) +
                                    wire.frame(PRIORITY, 0, stream, stream.to_bytes(4, "big") + b"\0"))
empty_headers = on_streams(lambda _, stream: wire.frame(HEADERS, END_HEADERS | END_STREAM, stream, b""))

def inflating(target, stream):
    """A sign-in that is 300 bytes on the wire and 30 KB of JSON to read."""
    fields = [(name, "application/json" if name == "content-type" else value) for name, value in wire.fields(SIGN_IN)]
    block = b"".join(wire.literal(*one) for one in [*fields, ("content-encoding", "gzip")])
    body = gzip.compress(b'{"user":"' + b"\xc3\xa9" * 15000 + b'"}', 9)
    return wire.frame(HEADERS, END_HEADERS, stream, block) + wire.frame(DATA, END_STREAM, stream, body)


inflated_json = on_streams(inflating, at_once=8)

open_stream = wire.frame(HEADERS, END_HEADERS, 1, wire.request(SIGN_IN))
ping = flood(wire.frame(PING, 0, 0, b"12345678"))
settings = flood(wire.settings(initial_window_size=65535))
settings_ack = flood(wire.frame(SETTINGS, ACK))
empty_data = flood(wire.frame(DATA, 0, 1), before=open_stream)
padded_data = flood(wire.frame(DATA, 0x8, 1, b"\x40" + b"\0" * 0x40), before=open_stream)
priority = flood(wire.frame(PRIORITY, 0, 3, b"\0\0\0\1\0"))
window_update = flood(wire.window_update(0, 1))
stream_window_update = flood(wire.window_update(1, 1), before=open_stream)
unknown_type = flood(wire.frame(0xBE, 0, 0, b"?"))
goaway = flood(wire.frame(wire.GOAWAY, 0, 0, b"\0" * 8))
continuation = flood(wire.frame(CONTINUATION, 0, 1, b"\0\1x\1y"), before=wire.frame(HEADERS, 0, 1, block_of(SIGN_IN)))
empty_continuation = flood(wire.frame(CONTINUATION, 0, 1), before=wire.frame(HEADERS, 0, 1, block_of(SIGN_IN)))


# ---- headers that are more than they look -------------------------------------------------------------------------------------------

def refused_headers(target, seconds, make):
    """Sends header blocks that the server must refuse, each with an answer, until it cuts the connection or the time is over."""
    end, sent, stream = time.monotonic() + seconds, 0, 1
    peer = wire.Peer(target)
    with peer:
        try:
            while time.monotonic() < end:
                begun = time.monotonic()
                peer.send(make(stream))
                peer.wait(5, lambda: stream in peer.ended or stream in peer.resets)
                fields = peer.fields.get(stream, {})
                if fields.get("grpc-status", "8") != "8" or (stream not in peer.ended and stream not in peer.resets):
                    raise AssertionError("too many headers were answered with %s" % fields)
                worst, sent, stream = time.monotonic() - begun, sent + 1, stream + 2
        except wire.Cut as cut:
            return time.monotonic() - begun, "%s after %d" % (cut, sent + 1)
    return worst, "%d refused" % sent


def hpack_bomb(target, seconds):
    """One header of 4,000 bytes is put into the table, then each byte of a block refers to it: 64 MB a frame."""
    request = wire.request(SIGN_IN)
    plant = b"\x40" + wire.literal("x", "a" * 4000)[1:]
    bomb = wire.frame(HEADERS, END_HEADERS, 1, request + plant + b"\xbe" * (16384 - len(request) - len(plant)))
    return again(target, seconds, lambda: [bomb])


def header_list(target, seconds):
    """60 KB of distinct headers in HEADERS and CONTINUATION frames."""
    def make(stream):
        more = b"".join(wire.literal("x-%d-%d" % (stream, at), "y" * 200) for at in range(280))
        pieces = [more[at:at + 16000] for at in range(0, len(more), 16000)]
        frames = [wire.frame(HEADERS, 0, stream, block_of(SIGN_IN))]
        frames += [wire.frame(CONTINUATION, 0, stream, piece) for piece in pieces[:-1]]
        return b"".join(frames) + wire.frame(CONTINUATION, END_HEADERS, stream, pieces[-1])
    return refused_headers(target, seconds, make)
