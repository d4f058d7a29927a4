#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The letter of Connect and of CORS over HTTP/2: shapes of errors, codes of HTTP, trailers in headers and in the last envelope, requests by GET."""

import base64
import gzip
import json
import os
import urllib.parse

import report
from messages import BadRequest, BoolValue, EchoStatus, ErrorInfo, OutputRequest, OutputResponse, ResponseParameters, SimpleRequest, SimpleResponse
from wire import Connection, frame, inflated

SERVICE = "/grpc.testing.TestService/"
PROTO, JSON = ("content-type", "application/proto"), ("content-type", "application/json")
STREAM, STREAM_JSON = ("content-type", "application/connect+proto"), ("content-type", "application/connect+json")
VERSION, TRAILING = ("connect-protocol-version", "1"), "x-grpc-test-echo-trailing-bin"
TAKES_GZIP, SENDS_GZIP = ("accept-encoding", "gzip"), ("content-encoding", "gzip")
ORIGIN = ("origin", os.environ["INTEROP_ORIGIN"])
END = 2
CODES = {1: ("canceled", 499), 2: ("unknown", 500), 3: ("invalid_argument", 400), 4: ("deadline_exceeded", 504), 5: ("not_found", 404),
         6: ("already_exists", 409), 7: ("permission_denied", 403), 8: ("resource_exhausted", 429), 9: ("failed_precondition", 400),
         10: ("aborted", 409), 11: ("out_of_range", 400), 12: ("unimplemented", 501), 13: ("internal", 500), 14: ("unavailable", 503),
         15: ("data_loss", 500), 16: ("unauthenticated", 401)}

connection = Connection()


def connect_again():
    global connection
    connection = Connection()


def call(method, body, *headers, base=JSON):
    return connection.call(SERVICE + method, body if isinstance(body, bytes) else json.dumps(body).encode(), [base, *headers])


def ok(reply):
    assert reply.status == 200 and reply.trailers is None, (reply.headers, reply.body)
    return reply


def expect_error(reply, code, status):
    """Whatever the request was: JSON, no gRPC header, no HTTP trailers."""
    error = json.loads(reply.body)
    assert (reply.status, error["code"]) == (status, code), (reply.headers, reply.body)
    assert reply.headers["content-type"] == "application/json" and reply.trailers is None, reply.headers
    assert not any(name.startswith("grpc-") for name in reply.headers), reply.headers
    return error


def end_of(reply):
    """The JSON of the last envelope."""
    flags, text = ok(reply).messages[-1]
    assert flags == END and all(flags != END for flags, _ in reply.messages[:-1]), reply.messages
    return json.loads(text)


def output(*parameters, **fields):
    return frame(OutputRequest(response_parameters=parameters, **fields).SerializeToString())


# ---- unary -------------------------------------------------------------------------------------------------------


def unary():
    reply = ok(call("UnaryCall", SimpleRequest(response_size=3).SerializeToString(), VERSION, base=PROTO))
    assert reply.headers["content-type"] == "application/proto" and len(SimpleResponse.FromString(reply.body).payload.body) == 3
    for kind in ("application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8"):
        for body in ({"responseSize": 3}, {"response_size": 3}, {"responseSize": "3"}, {"responseSize": 3, "payload": None}):
            reply = ok(call("UnaryCall", body, base=("content-type", kind)))
            assert reply.headers["content-type"].startswith("application/json"), reply.headers
            assert json.loads(reply.body) == {"payload": {"body": "AAAA"}}, reply.body
    assert ok(call("EmptyCall", b"", base=PROTO)).body == b""
    assert json.loads(ok(call("EmptyCall", {})).body) == {}


def unary_codes():
    for code, (word, status) in CODES.items():
        request = SimpleRequest(response_status=EchoStatus(code=code, message='it\'s "so" ☺\n'))
        for body, base in ((request.SerializeToString(), PROTO), ({"responseStatus": {"code": code, "message": 'it\'s "so" ☺\n'}}, JSON)):
            error = expect_error(call("UnaryCall", body, base=base), word, status)
            assert error == {"code": word, "message": 'it\'s "so" ☺\n'}, error


def unary_details():
    error = expect_error(call("UnaryCall", {"responseSize": -1}), "invalid_argument", 400)
    found = {detail["type"]: base64.b64decode(detail["value"] + "==") for detail in error["details"]}
    assert not any("=" in detail["value"] for detail in error["details"]), error
    assert ErrorInfo.FromString(found["google.rpc.ErrorInfo"]).reason == "FIELD_INVALID", error
    assert BadRequest.FromString(found["google.rpc.BadRequest"]).field_violations[0].field == "response_size", error


def unary_trailers():
    """In headers, with a prefix: with a reply and with an error."""
    for body, status in (({}, 200), ({"responseStatus": {"code": 5}}, 404)):
        reply = call("UnaryCall", body, (TRAILING, "q6ur"), ("x-grpc-test-echo-initial", "here"))
        assert reply.status == status and reply.headers["trailer-" + TRAILING] == "q6ur", reply.headers
        assert reply.headers["x-grpc-test-echo-initial"] == "here" and TRAILING not in reply.headers, reply.headers


def unary_requests_refused():
    for kind in ("application/xml", "application/x-www-form-urlencoded", "text/plain", "application/connect+proto", "application/connect+json",
                 "application/jsonp", "application/connect+xml"):
        assert call("EmptyCall", {}, base=("content-type", kind)).status == 415, kind
    for kind in ("application/json", "application/proto", "application/connect+xml"):
        assert call("StreamingOutputCall", {}, base=("content-type", kind)).status == 415, kind
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        reply = connection.call(SERVICE + "EmptyCall", headers=[JSON], method=method)
        assert reply.status == 405 and reply.headers["allow"] == "POST", (method, reply.headers)
    expect_error(call("EmptyCall", {}, ("connect-protocol-version", "2")), "invalid_argument", 400)
    for text in ("1s", "-1", "12345678901", "", "1.5"):
        expect_error(call("EmptyCall", {}, ("connect-timeout-ms", text)), "invalid_argument", 400)
    ok(call("EmptyCall", {}, ("connect-timeout-ms", "9999999999")))
    for path in (SERVICE + "NoSuchCall", "/no.such.Service/Call"):
        expect_error(connection.call(path, b"{}", [JSON]), "unimplemented", 404)
    expect_error(call("UnimplementedCall", {}), "unimplemented", 501)
    for body in (b"", b"{", b"[]", b'{"responseSize":1,"responseSize":2}', b'{"responseSize":1.5}', b'{"noSuchField":1}'):
        expect_error(call("UnaryCall", body), "invalid_argument", 400)
    expect_error(call("UnaryCall", b"\xff\xff", base=PROTO), "invalid_argument", 400)
    expect_error(call("UnaryCall", bytes(5 << 20), base=PROTO), "resource_exhausted", 429)


def unary_compression():
    request = SimpleRequest(response_size=1000, response_compressed=BoolValue(value=True)).SerializeToString()
    reply = ok(call("UnaryCall", request, TAKES_GZIP, base=PROTO))
    assert reply.headers["content-encoding"] == "gzip" and len(SimpleResponse.FromString(gzip.decompress(reply.body)).payload.body) == 1000
    for refusing in ((), (("accept-encoding", "br"),), (("accept-encoding", "gzip;q=0"),), (("accept-encoding", "identity"),)):
        reply = ok(call("UnaryCall", request, *refusing, base=PROTO))
        assert "content-encoding" not in reply.headers and len(SimpleResponse.FromString(reply.body).payload.body) == 1000, (refusing, reply.headers)
    for taking in ("gzip, br", "br;q=1.0, gzip;q=0.8", "deflate,gzip"):
        assert ok(call("UnaryCall", request, ("accept-encoding", taking), base=PROTO)).headers["content-encoding"] == "gzip", taking
    ok(call("UnaryCall", gzip.compress(b'{"expectCompressed":{"value":true}}'), SENDS_GZIP))
    assert ok(call("EmptyCall", b"", SENDS_GZIP, base=PROTO)).body == b""  # nothing is not inflated
    reply = call("EmptyCall", b"{}", ("content-encoding", "br"))
    expect_error(reply, "unimplemented", 501)
    assert "gzip" in reply.headers["accept-encoding"], reply.headers
    assert call("EmptyCall", b"no gzip", SENDS_GZIP, base=PROTO).status in (400, 500)
    expect_error(call("EmptyCall", gzip.compress(bytes(64 << 20)), SENDS_GZIP, base=PROTO), "resource_exhausted", 429)


# ---- GET ---------------------------------------------------------------------------------------------------------


def get(query, method="CacheableUnaryCall", *headers):
    text = query if isinstance(query, str) else urllib.parse.urlencode(query)
    return connection.call(SERVICE + method + "?" + text, headers=headers, method="GET")


def get_requests():
    message = SimpleRequest(response_size=7).SerializeToString()
    bare, padded = base64.urlsafe_b64encode(message).decode().rstrip("="), base64.urlsafe_b64encode(message).decode()
    for query in ({"connect": "v1", "encoding": "proto", "base64": "1", "message": bare}, {"message": padded, "base64": "1", "encoding": "proto", "connect": "v1"},
                  {"encoding": "proto", "message": message}, {"encoding": "proto", "message": ""}):
        reply = ok(get(query))
        assert reply.headers["content-type"] == "application/proto" and SimpleResponse.FromString(reply.body).payload.body, query
    for query in ({"connect": "v1", "encoding": "json", "message": '{"responseSize": 7}'}, "encoding=json&message=%7B%7D&connect=v1",
                  {"encoding": "json", "base64": "1", "message": base64.urlsafe_b64encode(b"{}").decode()}):
        assert json.loads(ok(get(query)).body)["payload"]["body"], query
    zipped = base64.urlsafe_b64encode(gzip.compress(b"{}")).decode()
    ok(get({"encoding": "json", "base64": "1", "compression": "gzip", "message": zipped}))
    assert "max-age" in ok(get({"encoding": "json", "message": "{}"})).headers["cache-control"]


def get_refused():
    expect_error(get({"connect": "v1", "encoding": "json"}), "invalid_argument", 400)
    expect_error(get({"encoding": "json", "message": "{"}), "invalid_argument", 400)
    expect_error(get({"encoding": "proto", "base64": "1", "message": "*"}), "invalid_argument", 400)
    expect_error(get({"encoding": "json", "compression": "br", "message": "{}"}), "unimplemented", 501)
    assert get({"encoding": "xml", "message": "{}"}).status == 415
    assert get({"message": "{}"}).status == 415
    reply = get({"encoding": "json", "message": "{}"}, "UnaryCall")  # it may have side effects
    assert reply.status == 405 and reply.headers["allow"] == "POST", reply.headers
    assert get({"connect": "v1", "encoding": "json", "message": "{}"}, "NoSuchCall").status == 404


# ---- streams -----------------------------------------------------------------------------------------------------


def streams():
    reply = call("StreamingOutputCall", output(ResponseParameters(size=1), ResponseParameters(size=2)), (TRAILING, "q6ur"), base=STREAM)
    assert end_of(reply)["metadata"] == {TRAILING: ["q6ur"]} and "error" not in end_of(reply), end_of(reply)
    assert [len(OutputResponse.FromString(body).payload.body) for _, body in reply.messages[:-1]] == [1, 2]
    assert reply.headers["content-type"] == "application/connect+proto" and TRAILING not in reply.headers
    reply = call("StreamingOutputCall", frame(b'{"responseParameters":[{"size":3}]}'), base=STREAM_JSON)
    assert [json.loads(body) for _, body in reply.messages[:-1]] == [{"payload": {"body": "AAAA"}}] and "error" not in end_of(reply)
    reply = call("StreamingInputCall", frame(b"{}") * 3, base=STREAM_JSON)
    assert json.loads(reply.messages[0][1]) == {} and len(reply.messages) == 2 and "error" not in end_of(reply)
    reply = call("FullDuplexCall", b"", base=STREAM)
    assert len(reply.messages) == 1 and "error" not in end_of(reply)


def stream_errors():
    """HTTP says 200, whatever happened; what happened stands in the last envelope, with the trailers."""
    for code, (word, _) in CODES.items():
        end = end_of(call("StreamingOutputCall", output(response_status=EchoStatus(code=code, message="☺")), (TRAILING, "q6ur"), base=STREAM))
        assert end["error"] == {"code": word, "message": "☺"} and end["metadata"] == {TRAILING: ["q6ur"]}, end
    end = end_of(call("StreamingOutputCall", output(ResponseParameters(size=-1)), base=STREAM))
    assert [detail["type"] for detail in end["error"]["details"]] == ["google.rpc.ErrorInfo", "google.rpc.BadRequest"], end
    for body in (b"", output() + output()):
        assert end_of(call("StreamingOutputCall", body, base=STREAM))["error"]["code"] == "unimplemented"
    reply = call("FullDuplexCall", output(ResponseParameters(size=1)) + frame(b"\xff\xff"), base=STREAM)
    assert end_of(reply)["error"]["code"] == "invalid_argument" and len(reply.messages) == 2, reply.messages
    for body in (output()[:-1] if output()[5:] else b"\0\0", frame(b"", flags=0x40)):
        assert end_of(call("StreamingInputCall", body, base=STREAM))["error"]["code"] in ("internal", "invalid_argument")
    sleeping = output(ResponseParameters(size=1, interval_us=60000000))
    assert end_of(call("StreamingOutputCall", sleeping, ("connect-timeout-ms", "50"), base=STREAM))["error"]["code"] == "deadline_exceeded"


def stream_compression():
    wanted = output(ResponseParameters(size=1000, compressed=BoolValue(value=True)), ResponseParameters(size=1000, compressed=BoolValue(value=False)))
    reply = call("StreamingOutputCall", wanted, ("connect-accept-encoding", "gzip"), base=STREAM)
    assert [flags & 1 for flags, _ in reply.messages[:-1]] == [1, 0] and reply.headers["connect-content-encoding"] == "gzip", reply.headers
    assert [len(OutputResponse.FromString(inflated(*message)).payload.body) for message in reply.messages[:-1]] == [1000, 1000]
    body = frame(gzip.compress(b'{"expectCompressed":{"value":true}}'), flags=1) + frame(b'{"expectCompressed":{"value":false}}')
    assert "error" not in end_of(call("StreamingInputCall", body, ("connect-content-encoding", "gzip"), base=STREAM_JSON))
    for headers in ((), (("connect-content-encoding", "br"),)):
        end = end_of(call("StreamingInputCall", frame(gzip.compress(b"{}"), flags=1), *headers, base=STREAM_JSON))
        assert end["error"]["code"] in ("internal", "unimplemented", "invalid_argument"), end


# ---- CORS --------------------------------------------------------------------------------------------------------


def words(reply, name):
    return [word.strip().lower() for word in reply.headers.get(name, "").split(",")]


def preflight(origin, asked="content-type,connect-protocol-version,x-grpc-web,authorization"):
    return connection.call(SERVICE + "UnaryCall", method="OPTIONS", headers=[
        ("origin", origin), ("access-control-request-method", "POST"), ("access-control-request-headers", asked)])


def cors_preflight():
    reply = preflight(ORIGIN[1])
    assert reply.status in (200, 204) and reply.body == b"", reply.headers
    assert reply.headers["access-control-allow-origin"] == ORIGIN[1], reply.headers
    assert {"post", "get"} <= set(words(reply, "access-control-allow-methods")), reply.headers
    assert {"content-type", "connect-protocol-version", "x-grpc-web", "authorization"} <= set(words(reply, "access-control-allow-headers"))
    assert {"origin", "access-control-request-method", "access-control-request-headers"} <= set(words(reply, "vary")), reply.headers
    assert int(reply.headers["access-control-max-age"]) > 0
    for stranger in ("https://elsewhere.example", "http://pages.example", "https://pages.example.evil.example", "null"):
        assert "access-control-allow-origin" not in preflight(stranger).headers, stranger


def cors_answers():
    """What a page may read: status and metadata of gRPC-Web, trailers of Connect. A stranger's page may read nothing."""
    reply = call("UnaryCall", {}, ORIGIN, (TRAILING, "q6ur"), ("x-grpc-test-echo-initial", "here"))
    assert reply.headers["access-control-allow-origin"] == ORIGIN[1] and "origin" in words(reply, "vary"), reply.headers
    assert {"x-grpc-test-echo-initial", "trailer-" + TRAILING} <= set(words(reply, "access-control-expose-headers")), reply.headers
    reply = connection.call(SERVICE + "NoSuchCall", frame(b""), [("content-type", "application/grpc-web+proto"), ORIGIN])
    assert {"grpc-status", "grpc-message", "grpc-status-details-bin"} <= set(words(reply, "access-control-expose-headers")), reply.headers
    for refused in (call("UnaryCall", {"responseSize": -1}, ORIGIN), call("EmptyCall", {}, ORIGIN, base=("content-type", "text/plain"))):
        assert refused.headers["access-control-allow-origin"] == ORIGIN[1], refused.headers
    reply = call("UnaryCall", {}, ("origin", "https://elsewhere.example"))
    assert "access-control-allow-origin" not in reply.headers and "origin" in words(reply, "vary"), reply.headers


report.run(globals(), connect_again)
connection.close()
