#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The letter of gRPC and gRPC-Web, byte by byte: what clients do not show (flags, encodings, Trailers-Only) and what only bad ones do."""

import base64
import gzip
import os
import time

import report
from messages import (LARGE_RESPONSE, RESPONSE_SIZES, SPECIAL_MESSAGE, BoolValue, EchoStatus, Empty, InputRequest, InputResponse, OutputRequest,
                      OutputResponse, ResponseParameters, SimpleRequest, SimpleResponse, large_request, output_request, payload)
from wire import PATIENCE, Connection, frame, inflated

SERVICE = "/grpc.testing.TestService/"
GRPC = [("content-type", "application/grpc"), ("te", "trailers")]
TAKES_GZIP, SENDS_GZIP = ("grpc-accept-encoding", "identity,gzip"), ("grpc-encoding", "gzip")
WEB = [("content-type", "application/grpc-web+proto"), ("x-grpc-web", "1")]
TRAILING = "x-grpc-test-echo-trailing-bin"
DEADLINE_EXCEEDED, INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL = 4, 3, 8, 12, 13
EMPTY = frame(b"")
NO_ERROR, PROTOCOL_ERROR, CANCEL = 0, 1, 8

connection = Connection()


def connect_again():
    global connection
    connection = Connection()


def call(method, body, *headers, base=GRPC):
    reply = connection.call(SERVICE + method, body, [*base, *headers])
    assert reply.status == 200, reply.headers
    return reply


def zipped(message):
    return frame(gzip.compress(message.SerializeToString()), flags=1)


def plain(message):
    return frame(message.SerializeToString())


def expect(reply, code):
    assert reply.grpc_status == code, (reply.headers, reply.trailers)
    return reply


def decoded(reply, kind):
    return [kind.FromString(inflated(*message)) for message in reply.messages]


# ---- gRPC's own cases, looked at from below ----------------------------------------------------------------------


def server_compressed_unary():
    for compressed in (True, False):
        reply = expect(call("UnaryCall", plain(large_request(response_compressed=BoolValue(value=compressed))), TAKES_GZIP), 0)
        [(flags, _)] = reply.messages
        assert flags == compressed, flags
        assert not compressed or reply.headers["grpc-encoding"] == "gzip", reply.headers
        assert decoded(reply, SimpleResponse)[0].payload == payload(LARGE_RESPONSE)
    [(flags, _)] = call("UnaryCall", plain(large_request(response_compressed=BoolValue(value=True)))).messages
    assert flags == 0, "compressed for a client that takes no gzip"


def server_compressed_streaming():
    wanted = [ResponseParameters(size=31415, compressed=BoolValue(value=True)), ResponseParameters(size=92653, compressed=BoolValue(value=False))]
    reply = expect(call("StreamingOutputCall", plain(OutputRequest(response_parameters=wanted)), TAKES_GZIP), 0)
    assert [flags for flags, _ in reply.messages] == [1, 0] and reply.headers["grpc-encoding"] == "gzip", reply.headers
    assert [len(response.payload.body) for response in decoded(reply, OutputResponse)] == [31415, 92653]


def client_compressed_unary():
    request = large_request(expect_compressed=BoolValue(value=True))
    expect(call("UnaryCall", plain(request)), INVALID_ARGUMENT)
    expect(call("UnaryCall", plain(request), SENDS_GZIP), INVALID_ARGUMENT)  # that gzip may come does not mean that it came
    assert decoded(expect(call("UnaryCall", zipped(request), SENDS_GZIP), 0), SimpleResponse)[0].payload == payload(LARGE_RESPONSE)
    request = large_request(expect_compressed=BoolValue(value=False))
    expect(call("UnaryCall", plain(request), SENDS_GZIP), 0)
    expect(call("UnaryCall", zipped(request), SENDS_GZIP), INVALID_ARGUMENT)


def client_compressed_streaming():
    first = InputRequest(payload=payload(27182), expect_compressed=BoolValue(value=True))
    second = InputRequest(payload=payload(45904), expect_compressed=BoolValue(value=False))
    expect(call("StreamingInputCall", plain(first), SENDS_GZIP), INVALID_ARGUMENT)
    reply = expect(call("StreamingInputCall", zipped(first) + plain(second), SENDS_GZIP), 0)
    assert decoded(reply, InputResponse)[0].aggregated_payload_size == 73086


def special_status_message():
    """In the header it is percent-encoded UTF-8: what is not printable ASCII, and '%'."""
    for text, header in ((SPECIAL_MESSAGE, "%09%0Atest with whitespace%0D%0Aand Unicode BMP %E2%98%BA and non-BMP %F0%9F%98%88%09%0A"),
                         ("100%", "100%25"), ("~ |", "~ |")):
        reply = expect(call("UnaryCall", plain(SimpleRequest(response_status=EchoStatus(code=2, message=text)))), 2)
        assert reply.headers["grpc-message"] == header, reply.headers


# ---- the shape of answers ----------------------------------------------------------------------------------------


def trailers_only():
    """An error before any message is one block of headers that ends the stream."""
    for path in (SERVICE + "UnimplementedCall", SERVICE + "NoSuchCall", "/no.such.Service/Call", "/nonsense"):
        reply = connection.call(path, EMPTY, GRPC)
        assert (reply.status, reply.grpc_status, reply.body, reply.trailers) == (200, UNIMPLEMENTED, b"", None), (path, reply.headers)
        assert reply.headers["content-type"].startswith("application/grpc"), reply.headers


def content_types():
    for kind in ("application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8", "APPLICATION/GRPC"):
        reply = connection.call(SERVICE + "EmptyCall", EMPTY, [("content-type", kind)])  # without `te`: forgiven
        assert reply.status == 200 and reply.grpc_status == 0, (kind, reply.headers)
    for kind in ("application/grpc+json", "application/grpc+thrift", "application/grpcx", "application/grpc-web-text", "text/plain", "application/xml",
                 "application/x-www-form-urlencoded", "multipart/form-data"):
        reply = connection.call(SERVICE + "EmptyCall", EMPTY, [("content-type", kind)])
        assert reply.status == 415 and "grpc-status" not in reply.headers, (kind, reply.headers)
    for method in ("GET", "PUT", "DELETE"):
        reply = connection.call(SERVICE + "EmptyCall", headers=GRPC, method=method)
        assert reply.status == 405 and reply.headers["allow"] == "POST", (method, reply.headers)


def binary_metadata():
    """Padded or not, several in one header or in several: each comes back as it was."""
    values = [b"\xab\xab\xab", b"\x00\xff", b"\n"]
    padded = [base64.b64encode(value).decode() for value in values]
    bare = [text.rstrip("=") for text in padded]
    for headers in ([(TRAILING, text) for text in padded], [(TRAILING, text) for text in bare], [(TRAILING, ",".join(bare))], [(TRAILING, ", ".join(padded))]):
        reply = expect(call("UnaryCall", plain(SimpleRequest()), *headers), 0)
        found = [base64.b64decode(text.strip() + "==") for text in reply.trailers[TRAILING].split(",")]
        assert found == values, (headers, reply.trailers)


def odd_metadata():
    """Metadata that no text should be must not hurt the call, nor others."""
    for value in ("é", "", "a\tb", "a" * 4000):
        expect(call("EmptyCall", EMPTY, ("x-anything", value)), 0)
    reply = expect(call("EmptyCall", EMPTY, ("x-grpc-test-echo-initial", "one"), ("x-grpc-test-echo-initial", "two")), 0)
    assert reply.headers["x-grpc-test-echo-initial"].replace(" ", "") == "one,two", reply.headers


def large_headers():
    reply = call("EmptyCall", EMPTY, *[("x-%d" % i, "a" * 1000) for i in range(40)])
    expect(reply, RESOURCE_EXHAUSTED)
    expect(call("EmptyCall", EMPTY), 0)


# ---- messages ----------------------------------------------------------------------------------------------------


def split_messages():
    """Frames of HTTP/2 and messages of gRPC have nothing to do with one another."""
    requests = b"".join(plain(output_request(3, size)) for size in RESPONSE_SIZES)
    stream = connection.start(SERVICE + "FullDuplexCall", GRPC)
    for i in range(len(requests)):
        stream.send(requests[i:i + 1])
    stream.send(end=True)
    assert [len(one.payload.body) for one in decoded(expect(stream.wait(), 0), OutputResponse)] == RESPONSE_SIZES
    reply = expect(call("FullDuplexCall", requests), 0)
    assert [len(one.payload.body) for one in decoded(reply, OutputResponse)] == RESPONSE_SIZES


def http2_allows():
    """A request may end with trailers, its frames may be padded, and it may say its length, if that is true."""
    for method in ("EmptyCall", "StreamingInputCall"):
        stream = connection.start(SERVICE + method, GRPC).send(EMPTY)
        connection.engine.send_headers(stream.number, [("x-last", "1")], end_stream=True)
        connection.flush()
        expect(stream.wait(), 0)
    stream = connection.start(SERVICE + "EmptyCall", GRPC)
    connection.engine.send_data(stream.number, EMPTY, end_stream=True, pad_length=100)
    connection.flush()
    expect(stream.wait(), 0)
    expect(call("EmptyCall", EMPTY, ("content-length", "5")), 0)
    assert connection.call(SERVICE + "EmptyCall", EMPTY, [*GRPC, ("content-length", "7")]).reset == PROTOCOL_ERROR


def cardinality():
    expect(connection.call(SERVICE + "EmptyCall", b"", GRPC), UNIMPLEMENTED)
    expect(call("EmptyCall", EMPTY + EMPTY), UNIMPLEMENTED)
    expect(call("StreamingOutputCall", EMPTY + EMPTY), UNIMPLEMENTED)
    assert decoded(expect(connection.call(SERVICE + "StreamingInputCall", b"", GRPC), 0), InputResponse)[0].aggregated_payload_size == 0


def bad_messages():
    expect(call("EmptyCall", frame(b"\x0a")[:-1]), INTERNAL)       # ends within a message
    expect(call("EmptyCall", b"\0\0"), INTERNAL)                   # ends within a prefix
    expect(call("StreamingInputCall", EMPTY + b"\0"), INTERNAL)
    expect(call("EmptyCall", frame(b"", flags=0x40)), INTERNAL)    # flags that mean nothing
    expect(call("UnaryCall", frame(b"\xff\xff")), INVALID_ARGUMENT)  # no protobuf
    expect(call("UnaryCall", b"\0\xff\xff\xff\xff"), RESOURCE_EXHAUSTED)
    expect(call("UnaryCall", b"\0\x7f\xff\xff\xff" + bytes(1 << 16)), RESOURCE_EXHAUSTED)


def bad_compression():
    reply = expect(call("EmptyCall", EMPTY, ("grpc-encoding", "snappy")), UNIMPLEMENTED)
    assert "gzip" in reply.headers["grpc-accept-encoding"], reply.headers
    expect(call("EmptyCall", frame(gzip.compress(b""), flags=1)), INTERNAL)
    expect(call("EmptyCall", frame(gzip.compress(b""), flags=1), ("grpc-encoding", "identity")), INTERNAL)
    expect(call("EmptyCall", frame(b"no gzip", flags=1), SENDS_GZIP), INTERNAL)
    expect(call("EmptyCall", frame(gzip.compress(b"")[:-4], flags=1), SENDS_GZIP), INTERNAL)
    expect(call("EmptyCall", frame(gzip.compress(bytes(64 << 20)), flags=1), SENDS_GZIP), RESOURCE_EXHAUSTED)
    expect(call("EmptyCall", frame(gzip.compress(b""), flags=1), SENDS_GZIP), 0)


# ---- time --------------------------------------------------------------------------------------------------------


def timeouts():
    for text in ("123456789m", "10x", "m", "", "-1S", "1 S", "1.5S"):
        reply = call("EmptyCall", EMPTY, ("grpc-timeout", text))
        assert reply.grpc_status in (INVALID_ARGUMENT, INTERNAL), (text, reply.headers)
    for text in ("0m", "0S", "0n"):
        expect(call("EmptyCall", EMPTY, ("grpc-timeout", text)), DEADLINE_EXCEEDED)
    for text in ("99999999H", "99999999n", "1M", "60S", "60000m", "60000000u"):
        expect(call("EmptyCall", EMPTY, ("grpc-timeout", text)), 0)


def server_keeps_deadline():
    """Where the client does not end the call at its deadline, the server does."""
    sleeping = OutputRequest(response_parameters=[ResponseParameters(size=1, interval_us=60000000)])
    expect(call("StreamingOutputCall", plain(sleeping), ("grpc-timeout", "50m")), DEADLINE_EXCEEDED)
    stream = connection.start(SERVICE + "FullDuplexCall", [*GRPC, ("grpc-timeout", "50m")])
    expect(stream.send(plain(output_request(0, 7))).wait(), DEADLINE_EXCEEDED)
    stream = connection.start(SERVICE + "StreamingInputCall", [*GRPC, ("grpc-timeout", "50m")])
    expect(stream.wait(), DEADLINE_EXCEEDED)
    stream = connection.start(SERVICE + "EmptyCall", [*GRPC, ("grpc-timeout", "50m")])
    expect(stream.wait(), DEADLINE_EXCEEDED)


def early_end():
    """An answer before the request is whole ends the stream; the client is told to stop, without an error."""
    for _ in range(150):
        stream = connection.start(SERVICE + "StreamingInputCall", GRPC)
        stream.send(plain(InputRequest(expect_compressed=BoolValue(value=True))))
        stream.wait_for(lambda one: one.ended)
        expect(stream, INVALID_ARGUMENT)
    stream.wait_for(lambda one: one.reset is not None)
    assert stream.reset == NO_ERROR, stream.reset
    expect(call("EmptyCall", EMPTY), 0)


# ---- peers that do not keep up -----------------------------------------------------------------------------------


# What a peer that is not served may cost. Sanitizers keep what was freed.
ROOM_BYTES = (32 if PATIENCE == 1 else 400) << 20


def server_bytes():
    """Memory that the server holds."""
    with open("/proc/%s/statm" % os.environ["INTEROP_PID"]) as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def reader_too_slow():
    """Half a gigabyte is asked for, and not taken: the server makes no more of it than its queue and the window hold."""
    wanted = OutputRequest(response_parameters=[ResponseParameters(size=1 << 20)] * 512)
    before = server_bytes()
    with Connection() as slow:
        stream = slow.start(SERVICE + "StreamingOutputCall", GRPC)
        stream.send(plain(wanted), end=True)
        for _ in range(20):
            expect(call("UnaryCall", plain(SimpleRequest(response_size=100000))), 0)  # others do not notice
            time.sleep(0.01)
        assert server_bytes() - before < ROOM_BYTES, server_bytes() - before
        slow.engine.increment_flow_control_window((1 << 30) - 65535)
        slow.engine.increment_flow_control_window((1 << 30) - 65535, stream.number)
        slow.flush()
        while len(stream.received) < 64 << 20:
            slow.receive()
    assert server_bytes() - before < ROOM_BYTES, server_bytes() - before


def sender_too_fast():
    """While the server is busy with a request, the next ones fill the stream's window and no more; then they are all answered."""
    with Connection() as fast:
        stream = fast.start(SERVICE + "FullDuplexCall", GRPC)
        busy = OutputRequest(response_parameters=[ResponseParameters(size=1), ResponseParameters(size=2, interval_us=500000)])
        stream.send(plain(busy)).wait_for(lambda one: one.received)
        window = fast.engine.local_flow_control_window(stream.number)
        following = plain(output_request(window // 3, 3))
        sent = 0
        while len(stream.messages) < 2:
            if fast.engine.local_flow_control_window(stream.number) >= len(following):
                stream.send(following)
                sent += 1
            else:
                fast.receive()
        assert sent * len(following) <= 2 * window, (sent, window)
        expect(stream.send(end=True).wait(), 0)
        assert len(stream.messages) == 2 + sent


def windows_given_back():
    """What nobody reads is given back to the connection's window all the same; otherwise uploads would stand still after a while."""
    body = plain(InputRequest(payload=payload(250000)))
    with Connection() as other:
        for _ in range(60):  # together several windows
            assert other.call(SERVICE + "EmptyCall", body, [("content-type", "text/plain")]).status == 415
            expect(other.call(SERVICE + "NoSuchCall", body, GRPC), UNIMPLEMENTED)
            stream = other.start(SERVICE + "UnaryCall", GRPC).send(body[:-1])
            other.engine.reset_stream(stream.number, CANCEL)
            stream = other.start(SERVICE + "FullDuplexCall", GRPC)
            stream.send(plain(OutputRequest(response_parameters=[ResponseParameters(size=1, interval_us=60000000)])) + body)
            other.engine.reset_stream(stream.number, CANCEL)
            other.flush()
        expect(other.call(SERVICE + "UnaryCall", plain(large_request()), GRPC), 0)


# ---- gRPC-Web ----------------------------------------------------------------------------------------------------


def web_trailer(reply):
    """The lines of the last frame."""
    flags, text = reply.messages[-1]
    assert flags == 0x80 and reply.trailers is None, (flags, reply.trailers)
    lines = text.decode().split("\r\n")
    assert lines[-1] == "" and all(line.split(":")[0].islower() for line in lines[:-1]), lines
    return dict(line.split(":", 1) for line in lines[:-1])


def web():
    reply = call("UnaryCall", plain(SimpleRequest(response_size=5)), (TRAILING, "q6ur"), base=WEB)
    trailer = web_trailer(reply)
    assert trailer["grpc-status"].strip() == "0" and trailer[TRAILING].strip() == "q6ur", trailer
    assert reply.headers["content-type"] == "application/grpc-web+proto" and "grpc-status" not in reply.headers
    assert len(SimpleResponse.FromString(reply.messages[0][1]).payload.body) == 5
    reply = call("StreamingOutputCall", plain(output_request(0, *RESPONSE_SIZES)), base=[("content-type", "application/grpc-web")])
    assert [len(OutputResponse.FromString(body).payload.body) for _, body in reply.messages[:-1]] == RESPONSE_SIZES
    assert web_trailer(reply)["grpc-status"].strip() == "0"


def web_errors():
    """Before any message the status may stand in the headers; after one it is in the last frame. HTTP says 200 both times."""
    reply = call("UnaryCall", plain(SimpleRequest(response_status=EchoStatus(code=7, message="no ☺"))), base=WEB)
    where = reply.headers if "grpc-status" in reply.headers else web_trailer(reply)
    assert (where["grpc-status"].strip(), where["grpc-message"].strip()) == ("7", "no %E2%98%BA"), where
    wanted = output_request(0, 1)
    reply = call("FullDuplexCall", plain(wanted) + plain(OutputRequest(response_status=EchoStatus(code=9))), base=WEB)
    assert len(reply.messages) == 2 and web_trailer(reply)["grpc-status"].strip() == "9", reply.messages
    reply = connection.call(SERVICE + "NoSuchCall", EMPTY, WEB)
    assert reply.status == 200 and reply.grpc_status == UNIMPLEMENTED, reply.headers


def web_compression():
    request = SimpleRequest(response_size=1000, response_compressed=BoolValue(value=True), expect_compressed=BoolValue(value=True))
    reply = call("UnaryCall", zipped(request), SENDS_GZIP, TAKES_GZIP, base=WEB)
    flags, body = reply.messages[0]
    assert flags == 1 and len(SimpleResponse.FromString(inflated(flags, body)).payload.body) == 1000
    assert web_trailer(reply)["grpc-status"].strip() == "0"


report.run(globals(), connect_again)
connection.close()
