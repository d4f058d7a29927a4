#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 byte by byte: connections that are used again, chunks, pipelines, and the requests that proxies and attackers disagree about."""

import gzip
import json

import report
from messages import RESPONSE_SIZES, OutputRequest, OutputResponse, ResponseParameters, SimpleRequest, SimpleResponse, output_request
from wire import frame, frames, secure_socket

SERVICE = "/grpc.testing.TestService/"


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


class Client:
    """One connection; `call` sends a request and reads its answer, `send` and `read` do half of it each."""

    def __init__(self):
        self.socket = secure_socket(["http/1.1"])
        assert self.socket.selected_alpn_protocol() == "http/1.1"
        self.file = self.socket.makefile("rb")

    def send(self, text):
        self.socket.sendall(text.encode() if isinstance(text, str) else text)

    def line(self):
        return self.file.readline().decode().rstrip("\r\n")

    def read(self, bodiless=False):
        version, status, _ = self.line().split(" ", 2)
        assert version == "HTTP/1.1", version
        headers = {}
        while line := self.line():
            name, value = line.split(":", 1)
            assert name.lower() not in headers, "%s came twice" % name
            headers[name.lower()] = value.strip()
        assert not ("content-length" in headers and "transfer-encoding" in headers), headers
        if bodiless or int(status) in (100, 204, 304):
            body = b""
        elif headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self.line(), 16):
                body += self.file.read(size)
                assert self.line() == ""
            assert self.line() == ""
        else:
            body = self.file.read(int(headers["content-length"]))
        return Reply(int(status), headers, body)

    def call(self, method, body=b"", *headers, kind="application/json", verb="POST"):
        self.send(request(method, body, *headers, kind=kind, verb=verb))
        return self.read(bodiless=verb == "HEAD")

    def closed(self):
        """The server ended the connection, and said nothing more."""
        return self.file.read(1) == b""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()
        self.socket.close()


def request(method, body=b"", *headers, kind="application/json", verb="POST"):
    lines = ["%s %s HTTP/1.1" % (verb, SERVICE + method), "host: localhost", "content-type: " + kind, *headers]
    if body is not None:
        lines.append("content-length: %d" % len(body))
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + (body or b"")


def chunked(*pieces):
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def sized(size):
    return {"payload": {"body": "A" * (size * 4 // 3)}}


def ok(reply):
    assert reply.status == 200, (reply.status, reply.headers, reply.body)
    return reply


# ---- connections -------------------------------------------------------------------------------------------------


def keep_alive():
    with Client() as client:
        for _ in range(50):
            assert json.loads(ok(client.call("UnaryCall", b'{"responseSize":3}')).body) == sized(3)
        assert client.call("UnaryCall", b'{"responseSize":-1}').status == 400  # an error is no reason to part
        reply = ok(client.call("EmptyCall", b"{}", "connection: close"))
        assert reply.headers["connection"] == "close" and client.closed(), reply.headers


def http_1_0():
    with Client() as client:
        client.send(request("EmptyCall", b"{}").replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert json.loads(ok(client.read()).body) == {} and client.closed()


def pipelined():
    """Answers come in the order of the requests, also where a later one would be ready earlier."""
    with Client() as client:
        slow = OutputRequest(response_parameters=[ResponseParameters(size=5, interval_us=50000)])
        client.send(request("StreamingOutputCall", frame(slow.SerializeToString()), kind="application/connect+proto") +
                    b"".join(request("UnaryCall", b'{"responseSize":%d}' % size) for size in (3, 6, 9)))
        assert len(OutputResponse.FromString(frames(ok(client.read()).body)[0][1]).payload.body) == 5
        assert [json.loads(ok(client.read()).body) for _ in range(3)] == [sized(3), sized(6), sized(9)]


def one_byte_at_a_time():
    with Client() as client:
        for byte in request("UnaryCall", b'{"responseSize":3}'):
            client.send(bytes([byte]))
        assert json.loads(ok(client.read()).body) == sized(3)


# ---- bodies ------------------------------------------------------------------------------------------------------


def chunked_requests():
    with Client() as client:
        for pieces in ([b'{"responseSize":3}'], [b'{"respon', b'seSize"', b":3}"], [bytes([byte]) for byte in b'{"responseSize":3}']):
            client.send(request("UnaryCall", None, "transfer-encoding: chunked") + chunked(*pieces))
            assert json.loads(ok(client.read()).body) == sized(3)


def expect_continue():
    with Client() as client:
        client.send(request("UnaryCall", None, "content-length: 18", "expect: 100-continue"))
        assert client.read().status == 100
        client.send(b'{"responseSize":3}')
        assert json.loads(ok(client.read()).body) == sized(3)


def streamed_replies():
    """What is sent as it comes has no length that could be said before: chunks, each as soon as it is there."""
    with Client() as client:
        body = frame(OutputRequest(response_parameters=[ResponseParameters(size=size) for size in RESPONSE_SIZES]).SerializeToString())
        for _ in range(2):
            reply = ok(client.call("StreamingOutputCall", body, kind="application/grpc-web+proto"))
            assert reply.headers["transfer-encoding"] == "chunked", reply.headers
            *messages, (flags, trailer) = frames(reply.body)
            assert [len(OutputResponse.FromString(message).payload.body) for _, message in messages] == RESPONSE_SIZES
            assert flags == 0x80 and trailer.startswith(b"grpc-status:"), trailer
        sleeping = [ResponseParameters(size=5), ResponseParameters(size=5, interval_us=600000000)]
        client.send(request("StreamingOutputCall", frame(OutputRequest(response_parameters=sleeping).SerializeToString()),
                            kind="application/grpc-web+proto"))
        assert client.line() == "HTTP/1.1 200 OK"
        while client.line():
            pass
        assert int(client.line(), 16) > 5  # the first, while the second is far


def grpc_web():
    with Client() as client:
        reply = ok(client.call("UnaryCall", frame(SimpleRequest(response_size=9).SerializeToString()), kind="application/grpc-web+proto"))
        (_, message), (flags, trailer) = frames(reply.body)
        assert len(SimpleResponse.FromString(message).payload.body) == 9 and flags == 0x80 and trailer.startswith(b"grpc-status:"), reply.body
        reply = ok(client.call("UnimplementedCall", frame(b""), kind="application/grpc-web"))
        assert reply.headers["grpc-status"] == "12", reply.headers


def compressed():
    with Client() as client:
        reply = ok(client.call("UnaryCall", b'{"responseSize":999,"responseCompressed":{"value":true}}', "accept-encoding: gzip"))
        assert reply.headers["content-encoding"] == "gzip" and json.loads(gzip.decompress(reply.body)) == sized(999)
        body = gzip.compress(b'{"responseSize":3,"expectCompressed":{"value":true}}')
        assert json.loads(ok(client.call("UnaryCall", body, "content-encoding: gzip")).body) == sized(3)


def get_and_head():
    with Client() as client:
        path = "CacheableUnaryCall?connect=v1&encoding=json&message=%7B%7D"
        reply = ok(client.call(path, None, verb="GET"))
        assert json.loads(reply.body)["payload"] and "max-age" in reply.headers["cache-control"]
        assert client.call("CacheableUnaryCall", None, verb="HEAD").status in (404, 405)
        assert json.loads(ok(client.call("EmptyCall", b"{}")).body) == {}


# ---- refusals ----------------------------------------------------------------------------------------------------


def needs_http2():
    """gRPC has trailers and streams of the client go on beside their replies: both are refused with 505, not left hanging."""
    for method, kind in (("EmptyCall", "application/grpc"), ("FullDuplexCall", "application/connect+proto"), ("StreamingInputCall", "application/grpc-web")):
        with Client() as client:
            assert client.call(method, frame(b""), kind=kind).status == 505, (method, kind)


def refused_whole():
    """Requests whose end two readers could see in different places, and what is no HTTP, are answered with an error and the connection is closed."""
    body = b"{}"
    for text in (request("EmptyCall", body, "transfer-encoding: chunked"),                      # both lengths
                 request("EmptyCall", body, "content-length: 5"),                               # two lengths
                 request("EmptyCall", None, "transfer-encoding: chunked, identity") + chunked(body),
                 request("EmptyCall", None, "transfer-encoding: xchunked") + chunked(body),
                 request("EmptyCall", None, "content-length: +2") + body,
                 request("EmptyCall", None, "content-length : 2") + body,
                 request("EmptyCall", body, "x y: z"),
                 request("EmptyCall", None, "transfer-encoding: chunked") + b"zz\r\n{}\r\n0\r\n\r\n",
                 b"nonsense\r\n\r\n", b"\x16\x03\x01\x02\x00", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"POST  / HTTP/1.1\r\n\r\n",
                 b"POST %sEmptyCall HTTP/3.0\r\n\r\n" % SERVICE.encode()):
        with Client() as client:
            client.send(text + b"\r\n\r\n")
            reply = client.read()
            assert 400 <= reply.status <= 505 and client.closed(), (text, reply.status)


def too_large():
    with Client() as client:
        client.send(request("EmptyCall", b"{}", *["x-%d: %s" % (i, "a" * 1000) for i in range(40)]))
        assert client.read().status == 431
    whole, parts = request("UnaryCall", bytes(5 << 20)), request("UnaryCall", None, "transfer-encoding: chunked") + chunked(*[bytes(65536)] * 80)
    for text in (whole, parts):
        with Client() as client:
            try:
                client.send(text)
            except OSError:
                pass  # the answer came before the request was whole
            reply = client.read()
            assert reply.status == 429 and json.loads(reply.body)["code"] == "resource_exhausted", (reply.status, reply.body)


report.run(globals())
