# SPDX-License-Identifier: Apache-2.0
"""Many Connect calls (JSON) on one connection of HTTP/1.1, sent ahead of their answers: kamd takes them one after the other, so they need no waiting in between and
their order is known. Answers are kept as they came, byte for byte."""

import base64
import json
import re
import socket
import ssl
import struct

import kamtest

# Fewer bytes than kamd keeps of what is sent ahead (LIMIT_PIPELINED_BYTES).
WINDOW_BYTES = 48 << 10


def post(method, request, token="", headers=()):
    """A call as it stands on the wire. `request` is a dict, or JSON."""
    body = request if isinstance(request, bytes) else json.dumps(request, separators=(",", ":")).encode()
    lines = ["POST /kam.v1.%s HTTP/1.1" % method, "host: kam", "content-type: application/json", "content-length: %d" % len(body), *headers]
    if token:
        lines.append("authorization: Bearer " + token)
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class Answer:
    """One answer: its bytes, and what they say."""

    __slots__ = ("head", "body")

    def __init__(self, head, body):
        self.head, self.body = head, body

    @property
    def raw(self):
        return self.head + self.body

    @property
    def status(self):
        return int(self.head[9:12])

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """"OK", or the gRPC code."""
        return "OK" if self.status == 200 else self.json()["code"].upper()

    @property
    def reason(self):
        for detail in self.json().get("details", ()):
            if detail["type"] == "google.rpc.ErrorInfo":
                value = base64.b64decode(detail["value"] + "==")
                return value[2:2 + value[1]].decode()
        return ""

    def __str__(self):
        return self.raw.decode("utf-8", "replace")


class Connection:
    def __init__(self, server):
        context = ssl.create_default_context(cafile=server.ca)
        context.set_alpn_protocols(["http/1.1"])
        plain = socket.create_connection(("127.0.0.1", server.port), timeout=60 * kamtest.PATIENCE)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(plain, server_hostname="localhost")
        self.buffer = bytearray()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        data = self.socket.recv(1 << 18)
        if not data:
            raise AssertionError("kamd closed the connection; it had said:\n%s" % self.buffer.decode("utf-8", "replace")[-2000:])
        self.buffer += data

    def answer(self):
        """The next answer. Its length is known: unary calls have no other."""
        end = self.buffer.find(b"\r\n\r\n")
        while end < 0:
            self._more()
            end = self.buffer.find(b"\r\n\r\n")
        size = re.search(rb"\r\ncontent-length: (\d+)", self.buffer[:end + 2])
        if not size:
            raise AssertionError("an answer without content-length:\n%s" % self.buffer[:end].decode())
        whole = end + 4 + int(size.group(1))
        while len(self.buffer) < whole:
            self._more()
        answer = Answer(bytes(self.buffer[:end + 4]), bytes(self.buffer[end + 4:whole]))
        del self.buffer[:whole]
        return answer

    def calls(self, requests):
        """Answers to many requests, in order."""
        answers, waiting, unread = [], 0, []
        for request in requests:
            if unread and waiting + len(request) > WINDOW_BYTES:
                answers += [self.answer() for _ in unread]
                waiting, unread = 0, []
            self.send(request)
            unread.append(len(request))
            waiting += len(request)
        return answers + [self.answer() for _ in unread]

    def call(self, method, request, token="", headers=(), expect="OK"):
        self.send(post(method, request, token, headers))
        answer = self.answer()
        if expect and answer.code != expect:
            raise AssertionError("%s %s: expected %s\n%s" % (method, request, expect, answer))
        return answer


def watch(server, request, token, until, headers=(), method="WatchService/Watch"):
    """The messages of a watch as they come (bytes), until one that holds `until`; the connection is closed then. A watch that ends gives what it ended with."""
    connection = Connection(server)
    body = json.dumps(request).encode()
    lines = ["POST /kam.v1.%s HTTP/1.1" % method, "host: kam", "content-type: application/connect+json", "transfer-encoding: chunked", *headers]
    if token:
        lines.append("authorization: Bearer " + token)
    envelope = struct.pack(">BI", 0, len(body)) + body
    connection.send(("\r\n".join(lines) + "\r\n\r\n%x\r\n" % len(envelope)).encode() + envelope + b"\r\n0\r\n\r\n")
    try:
        yield from _envelopes(connection, until)
    finally:
        connection.close()


def _envelopes(connection, until):
    while b"\r\n\r\n" not in connection.buffer:
        connection._more()
    end = connection.buffer.find(b"\r\n\r\n") + 4
    known = re.search(rb"\r\ncontent-length: (\d+)", connection.buffer[:end])
    del connection.buffer[:end]
    data = bytearray()
    while True:
        piece = _piece(connection, int(known.group(1)) if known else _chunk_size(connection))
        data += piece
        while len(data) >= 5 and len(data) >= 5 + struct.unpack(">I", data[1:5])[0]:
            length = 5 + struct.unpack(">I", data[1:5])[0]
            message = bytes(data[:length])
            del data[:length]
            yield message
            if until in message or message[0] & 2:
                return
        if known or not piece:
            if data:
                yield bytes(data)  # an error that is no envelope
            return


def _chunk_size(connection):
    while b"\r\n" not in connection.buffer:
        connection._more()
    line = bytes(connection.buffer).split(b"\r\n", 1)[0]
    del connection.buffer[:len(line) + 2]
    return int(line, 16)


def _piece(connection, size):
    while len(connection.buffer) < size:
        connection._more()
    piece = bytes(connection.buffer[:size])
    del connection.buffer[:size]
    if connection.buffer[:2] == b"\r\n":
        del connection.buffer[:2]
    return piece
