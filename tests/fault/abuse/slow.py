# SPDX-License-Identifier: Apache-2.0
"""Attacks that do little, for as long as they may: whoever holds a connection, a message or a reply without going on is cut off in time."""

import select
import time

import wire
from wire import END_HEADERS, HEADERS
from protobytes import field

SIGN_IN = "SessionService/SignIn"
CREATE = "AccountService/CreateAccount"
LIST = "AccountService/ListAccounts"
REFLECT = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
MESSAGE_BYTES, STRANGER_MESSAGE_BYTES = 4 << 20, 32 << 10  # the longest that kamd takes


def opened(target, count, first, kind=wire.Peer, **options):
    """Connections that each say `first` as soon as they stand: a stranger who asks for nothing is soon cut off."""
    peers = []
    for _ in range(count):
        peers.append(kind(target, **options))
        peers[-1].send(first)
    return peers


def until_cut(peers, most_s, step=lambda peer: None):
    """Waits until the server has ended all of these connections; answers the last one's seconds and reason."""
    begun, note, left = time.monotonic(), "", list(peers)
    while left and time.monotonic() - begun < most_s:
        for peer in list(left):
            try:
                step(peer)
                peer.wait(0.002)
            except wire.Cut as cut:
                note = str(cut)
                left.remove(peer)
        time.sleep(0.01)
    for peer in peers:
        peer.close()
    if left:
        raise AssertionError("%d of %d connections are still there after %d s" % (len(left), len(peers), most_s))
    return time.monotonic() - begun, "%s; %d connections" % (note, len(peers))


def raw_until_end(target, count, first, most_s):
    """Connections that send `first` instead of a TLS handshake, or nothing."""
    begun, left = time.monotonic(), {}
    for _ in range(count):
        connection = target.connect()
        connection.sendall(first)
        left[connection.fileno()] = connection
    poll = select.poll()
    for number in left:
        poll.register(number, select.POLLIN)
    while left and time.monotonic() - begun < most_s:
        for number, _ in poll.poll(100):
            try:
                ended = not left[number].recv(4096)
            except OSError:
                ended = True
            if ended:
                poll.unregister(number)
                left.pop(number).close()
    if left:
        raise AssertionError("%d of %d connections are still there after %d s" % (len(left), count, most_s))
    return time.monotonic() - begun, "closed; %d connections" % count


def handshake(target, _):
    return raw_until_end(target, 200, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 15)


def silence(target, _):
    return raw_until_end(target, 200, b"", 15)


def no_settings(target, _):
    peers = opened(target, 50, wire.PREFACE, start=False) + opened(target, 50, b"", start=False)
    return until_cut(peers, 15)


def no_call(target, _):
    """All is well but nothing is asked for."""
    return until_cut([wire.Peer(target) for _ in range(100)], 15)


def headers(target, _):
    """A header block that is never finished, a byte now and then."""
    return until_cut(opened(target, 50, wire.frame(HEADERS, 0, 1, wire.request(SIGN_IN))), 15)


def frame_part(target, _):
    """A frame that is never finished, a byte now and then."""
    return until_cut(opened(target, 50, wire.frame(HEADERS, END_HEADERS, 1, wire.request(SIGN_IN))[:-1]), 15)


def body(target, method, token, connections, size=MESSAGE_BYTES):
    """Each connection holds a message of this size that lacks its last bytes; answers how long the last was held."""
    block, held, longest = wire.request(method, token), 0, 0
    peers = opened(target, connections, wire.frame(HEADERS, END_HEADERS, 1, block) + wire.frame(wire.DATA, 0, 1, wire.message(b"", size=size)))
    for peer in peers:
        try:
            held += peer.send_body(1, size - 16384, 1)
        except wire.Cut:  # so long did the others before it take
            pass
    begun = time.monotonic()
    for peer in peers:
        try:
            if not peer.wait(15, lambda peer=peer: 1 in peer.ended or 1 in peer.resets):
                raise AssertionError("an unfinished message is held for more than 15 s")
        except wire.Cut:
            pass
        longest = time.monotonic() - begun
    outcomes = [peer.fields.get(1, {}).get("grpc-status", "cut") for peer in peers]
    for peer in peers:
        peer.close()
    return longest, "%d MiB sent; status %s" % (held >> 20, " ".join("%s: %d" % (code, outcomes.count(code)) for code in sorted(set(outcomes))))


def streams(target, method, token):
    """Calls that are begun and not gone on with."""
    block, peers = wire.request(method, token), [wire.Peer(target) for _ in range(2)]
    cut = 0
    for peer in peers:
        try:
            peer.send(b"".join(wire.frame(HEADERS, END_HEADERS, 2 * at + 1, block) for at in range(1000)))
            peer.wait(0.3)
        except wire.Cut:
            cut += 1
    time.sleep(0.5)
    for peer in peers:
        peer.close()
    return None, "%d answered, %d connections cut off" % (sum(len(peer.ended) for peer in peers), cut)


def streams_anonymous(target, _):
    return streams(target, SIGN_IN, "")


def streams_signed_in(target, _):
    return streams(target, CREATE, target.token)


def body_anonymous(target, _):
    return body(target, SIGN_IN, "", 40, STRANGER_MESSAGE_BYTES)


def body_refused(target, _):
    """The same to a method that needs a token, without one: refused before any of it is kept."""
    took, note = body(target, CREATE, "", 20)
    if "16: 20" not in note:
        raise AssertionError("not refused at once: " + note)
    return took, note


def body_signed_in(target, _):
    return body(target, CREATE, target.token, 40)


# ---- crowds --------------------------------------------------------------------------------------------------------------------------

def crowd(target, connections, streams, method, token, payload=None, **settings):
    """Connections that each begin many calls with as many headers as may be, and take no answer; with a payload the calls are whole."""
    block = wire.request(method, token, ("x-a", "b" * (15500 if payload is None else 1)))
    rest = b"" if payload is None else wire.message(payload)
    peers, answered, cut = [wire.Peer(target, **settings) for _ in range(connections)], 0, 0
    for peer in peers:
        try:
            for at in range(streams):
                peer.send(wire.frame(HEADERS, END_HEADERS, 2 * at + 1, block) + (wire.frame(wire.DATA, 0, 2 * at + 1, rest) if rest else b""))
        except wire.Cut:
            cut += 1
    time.sleep(0.5)
    for peer in peers:
        answered += len(peer.ended)
        peer.close()
    return None, "%d answered, %d connections cut off" % (answered, cut)


def headers_anonymous(target, _):
    return crowd(target, 40, 16, SIGN_IN, "")


def headers_signed_in(target, _):
    return crowd(target, 4, 1000, LIST, target.token)


def replies_signed_in(target, _):
    return crowd(target, 40, 12, REFLECT, target.token, field(4, b"kam.v1.AccountService"), initial_window_size=0)


# ---- readers -------------------------------------------------------------------------------------------------------------------------

def ask(target, streams, **settings):
    """A connection that has asked for large lists on many streams."""
    block, payload = wire.request(LIST, target.token), field(2, 1000)
    peer = wire.Peer(target, **settings)
    for first in range(0, streams, 50):
        peer.send(b"".join(wire.call(2 * at + 1, block, payload) for at in range(first, min(first + 50, streams))), reading=False)
    return peer


def zero_window(target, _):
    peer = ask(target, 1000, initial_window_size=0)
    return until_cut([peer], 20)


def takes_nothing(target, _):
    """Windows as wide as can be, but the socket is never read."""
    peer = ask(target, 1000, initial_window_size=0x7FFFFFFF)
    peer.send(wire.window_update(0, 0x7FFFFFFF - 65535), reading=False)
    time.sleep(6)
    return until_cut([peer], 20)


def byte_by_byte(target, seconds):
    """One byte of window at a time, on many streams."""
    begun = time.monotonic()
    peer = ask(target, 200, initial_window_size=1)
    at = 0
    try:
        while time.monotonic() - begun < max(seconds, 4):
            peer.send(wire.window_update(2 * (at % 200) + 1, 1))
            peer.wait(0.02)
            at += 1
    except wire.Cut as cut:
        return time.monotonic() - begun, str(cut)
    peer.close()
    return None, "%d bytes taken" % peer.bytes_in
