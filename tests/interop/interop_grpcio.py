#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Google's gRPC for Python (python3-grpcio, C core). It hides whether a message came compressed; interop_raw_grpc.py looks at that."""

import concurrent.futures
import os
import queue
import time

import grpc
import report
from messages import (LARGE_RESPONSE, REQUEST_SIZES, RESPONSE_SIZES, SPECIAL_MESSAGE, BadRequest, BoolValue, EchoStatus, Empty, ErrorInfo,
                      InputRequest, InputResponse, OutputRequest, OutputResponse, ResponseParameters, SimpleRequest, SimpleResponse, Status,
                      large_request, output_request, payload)

TIMEOUT = 20 * int(os.environ.get("KAM_TEST_PATIENCE", "1"))
GZIP, PLAIN = grpc.Compression.Gzip, grpc.Compression.NoCompression
INITIAL, TRAILING = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"

with open(os.environ["INTEROP_CA"], "rb") as ca:
    channel = grpc.secure_channel("%s:%s" % (os.environ["INTEROP_HOST"], os.environ["INTEROP_PORT"]), grpc.ssl_channel_credentials(ca.read()))
grpc.channel_ready_future(channel).result(timeout=30)


def method(kind, name, request, response, service="TestService"):
    return getattr(channel, kind)("/grpc.testing.%s/%s" % (service, name), request.SerializeToString, response.FromString)


empty_call = method("unary_unary", "EmptyCall", Empty, Empty)
unary_call = method("unary_unary", "UnaryCall", SimpleRequest, SimpleResponse)
cacheable_call = method("unary_unary", "CacheableUnaryCall", SimpleRequest, SimpleResponse)
output_call = method("unary_stream", "StreamingOutputCall", OutputRequest, OutputResponse)
input_call = method("stream_unary", "StreamingInputCall", InputRequest, InputResponse)
duplex_call = method("stream_stream", "FullDuplexCall", OutputRequest, OutputResponse)
half_duplex_call = method("stream_stream", "HalfDuplexCall", OutputRequest, OutputResponse)


def expect_sizes(responses, *sizes):
    bodies = [response.payload.body for response in responses]
    assert [len(body) for body in bodies] == list(sizes), [len(body) for body in bodies]
    assert not any(body.strip(b"\0") for body in bodies)


def expect_error(code, call, *arguments, **options):
    """The error that a call must end with; the call may be a stream."""
    try:
        done = call(*arguments, timeout=TIMEOUT, **options)
        if not hasattr(done, "DESCRIPTOR"):
            for _ in done:
                pass
    except grpc.RpcError as error:
        assert error.code() == code, error
        return error
    raise AssertionError("it succeeded")


class Feed:
    """Requests of a stream, sent when the test says so."""

    def __init__(self):
        self.queue = queue.Queue()

    def send(self, request):
        self.queue.put(request)

    def end(self):
        self.queue.put(None)

    def __iter__(self):
        return iter(self.queue.get, None)


# ---- gRPC's own cases --------------------------------------------------------------------------------------------


def empty_unary():
    assert empty_call(Empty(), timeout=TIMEOUT) == Empty()


def large_unary():
    expect_sizes([unary_call(large_request(), timeout=TIMEOUT)], LARGE_RESPONSE)


def client_compressed_unary():
    as_said, not_as_said = large_request(expect_compressed=BoolValue(value=True)), large_request(expect_compressed=BoolValue(value=False))
    expect_error(grpc.StatusCode.INVALID_ARGUMENT, unary_call, as_said, compression=PLAIN)
    expect_sizes([unary_call(as_said, timeout=TIMEOUT, compression=GZIP)], LARGE_RESPONSE)
    expect_sizes([unary_call(not_as_said, timeout=TIMEOUT, compression=PLAIN)], LARGE_RESPONSE)
    expect_error(grpc.StatusCode.INVALID_ARGUMENT, unary_call, not_as_said, compression=GZIP)


def server_compressed_unary():
    for compressed in (True, False):
        expect_sizes([unary_call(large_request(response_compressed=BoolValue(value=compressed)), timeout=TIMEOUT)], LARGE_RESPONSE)


def client_streaming():
    requests = [InputRequest(payload=payload(size)) for size in REQUEST_SIZES]
    assert input_call(iter(requests), timeout=TIMEOUT).aggregated_payload_size == 74922


def client_compressed_streaming():
    compressed = [InputRequest(payload=payload(27182), expect_compressed=BoolValue(value=True)),
                  InputRequest(payload=payload(45904), expect_compressed=BoolValue(value=True))]
    expect_error(grpc.StatusCode.INVALID_ARGUMENT, input_call, iter(compressed[:1]), compression=PLAIN)
    # This client compresses all messages of a call or none; interop_raw_grpc.py mixes them.
    assert input_call(iter(compressed), timeout=TIMEOUT, compression=GZIP).aggregated_payload_size == 73086


def server_streaming():
    expect_sizes(output_call(output_request(0, *RESPONSE_SIZES), timeout=TIMEOUT), *RESPONSE_SIZES)


def server_compressed_streaming():
    wanted = [ResponseParameters(size=31415, compressed=BoolValue(value=True)), ResponseParameters(size=92653, compressed=BoolValue(value=False))]
    expect_sizes(output_call(OutputRequest(response_parameters=wanted), timeout=TIMEOUT), 31415, 92653)


def ping_pong():
    feed = Feed()
    responses = duplex_call(iter(feed), timeout=TIMEOUT)
    for request_size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
        feed.send(output_request(request_size, response_size))
        expect_sizes([next(responses)], response_size)
    feed.end()
    assert list(responses) == [] and responses.code() == grpc.StatusCode.OK


def empty_stream():
    responses = duplex_call(iter(()), timeout=TIMEOUT)
    assert list(responses) == [] and responses.code() == grpc.StatusCode.OK


def custom_metadata():
    trailing = b"\x0a\x0b\x0a\x0b\x0a\x0b"
    metadata = [(INITIAL, "test_initial_metadata_value"), (TRAILING, trailing)]

    def expect_both(call):
        assert dict(call.initial_metadata())[INITIAL] == "test_initial_metadata_value", call.initial_metadata()
        assert dict(call.trailing_metadata())[TRAILING] == trailing, call.trailing_metadata()

    response, call = unary_call.with_call(large_request(), metadata=metadata, timeout=TIMEOUT)
    expect_sizes([response], LARGE_RESPONSE)
    expect_both(call)
    call = duplex_call(iter([output_request(271828, LARGE_RESPONSE)]), metadata=metadata, timeout=TIMEOUT)
    expect_sizes(call, LARGE_RESPONSE)
    expect_both(call)


def status_code_and_message():
    status = EchoStatus(code=2, message="test status message")
    for call, request in ((unary_call, SimpleRequest(response_status=status)), (duplex_call, iter([OutputRequest(response_status=status)]))):
        assert expect_error(grpc.StatusCode.UNKNOWN, call, request).details() == "test status message"


def special_status_message():
    error = expect_error(grpc.StatusCode.UNKNOWN, unary_call, SimpleRequest(response_status=EchoStatus(code=2, message=SPECIAL_MESSAGE)))
    assert error.details() == SPECIAL_MESSAGE, repr(error.details())


def unimplemented_method():
    expect_error(grpc.StatusCode.UNIMPLEMENTED, method("unary_unary", "UnimplementedCall", Empty, Empty), Empty())


def unimplemented_service():
    for service in ("UnimplementedService", "NoSuchService"):
        expect_error(grpc.StatusCode.UNIMPLEMENTED, method("unary_unary", "UnimplementedCall", Empty, Empty, service), Empty())


def cancel_after_begin():
    feed = Feed()
    call = input_call.future(iter(feed), timeout=TIMEOUT)
    call.cancel()
    feed.end()
    assert call.cancelled() and call.code() == grpc.StatusCode.CANCELLED, call


def cancel_after_first_response():
    feed = Feed()
    call = duplex_call(iter(feed), timeout=TIMEOUT)
    feed.send(output_request(27182, 31415))
    expect_sizes([next(call)], 31415)
    call.cancel()
    feed.end()
    assert expect_error(grpc.StatusCode.CANCELLED, lambda timeout: call)


def timeout_on_sleeping_server():
    feed = Feed()
    feed.send(OutputRequest(payload=payload(27182)))
    call = duplex_call(iter(feed), timeout=0.001)
    assert expect_error(grpc.StatusCode.DEADLINE_EXCEEDED, lambda timeout: call)
    feed.end()


# ---- our own -----------------------------------------------------------------------------------------------------


def cacheable_unary():
    response, call = cacheable_call.with_call(SimpleRequest(), timeout=TIMEOUT)
    assert response.payload.body and "max-age" in dict(call.initial_metadata())["cache-control"]


def half_duplex():
    feed = Feed()
    call = half_duplex_call(iter(feed), timeout=TIMEOUT)
    for size in RESPONSE_SIZES:
        feed.send(output_request(0, size, size + 1))
    feed.end()
    expect_sizes(call, *[size + more for size in RESPONSE_SIZES for more in (0, 1)])


def error_details():
    error = expect_error(grpc.StatusCode.INVALID_ARGUMENT, unary_call, SimpleRequest(response_size=-1))
    status = Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    assert status.code == 3 and status.message == error.details(), status
    info, request = ErrorInfo(), BadRequest()
    assert status.details[0].Unpack(info) and info.reason == "FIELD_INVALID", status
    assert status.details[1].Unpack(request) and request.field_violations[0].field == "response_size", status


def paused_streaming():
    wanted = [ResponseParameters(size=size, interval_us=20000) for size in RESPONSE_SIZES]
    started = time.monotonic()
    expect_sizes(output_call(OutputRequest(response_parameters=wanted), timeout=TIMEOUT), *RESPONSE_SIZES)
    assert time.monotonic() - started >= 0.08


def many_at_once():
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        expect_sizes(pool.map(lambda _: unary_call(large_request(), timeout=TIMEOUT), range(100)), *[LARGE_RESPONSE] * 100)


report.run(globals())
channel.close()
