#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tests/fuzz/seeds.py FOLDER: writes FOLDER/<target>/<name>, sound inputs from which a fuzzer starts. All data is invented."""
import base64
import gzip
import os
import pathlib
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "harness"))
from protobytes import field

PATH = "/test.rpc.v1.Echo/"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def header(name, value):
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def headers(stream, pairs, end=False):
    return frame(1, 5 if end else 4, stream, b"".join(header(*pair) for pair in pairs))


def data(stream, payload, end=True):
    return frame(0, 1 if end else 0, stream, payload)


def prefixed(message, flags=0):
    return bytes([flags]) + struct.pack(">I", len(message)) + message


def request(stream, method, content_type, *more, verb="POST", end=False):
    return headers(stream, [(":method", verb), (":scheme", "https"), (":path", PATH + method), (":authority", "test"),
                            ("content-type", content_type), *more], end)


HELLO = field(1, b"hello") + field(2, b"\0\1\2") + field(3, 7)
ZIPPED = gzip.compress(field(1, b"a" * 90), mtime=0)
GRPC_OK = [(":status", "200"), ("content-type", "application/grpc")]

h2_server = {
    "grpc-unary": request(1, "Say", "application/grpc", ("te", "trailers"), ("grpc-timeout", "5S")) + data(1, prefixed(HELLO)),
    "grpc-compressed": request(1, "Say", "application/grpc", ("grpc-encoding", "gzip")) + data(1, prefixed(ZIPPED, 1)),
    "grpc-client-stream": request(1, "Gather", "application/grpc") + data(1, prefixed(HELLO), False) + data(1, prefixed(b"") + prefixed(HELLO)),
    "grpc-chat": request(1, "Chat", "application/grpc+proto") + data(1, prefixed(HELLO) * 3),
    "grpc-server-stream": request(1, "Count", "application/grpc") + data(1, prefixed(HELLO)) + frame(8, 0, 0, b"\0\1\0\0") + frame(8, 0, 1, b"\0\1\0\0"),
    "grpc-web": request(1, "Say", "application/grpc-web+proto") + data(1, prefixed(HELLO)),
    "connect-proto": request(1, "Say", "application/proto", ("connect-protocol-version", "1"), ("connect-timeout-ms", "1000")) + data(1, HELLO),
    "connect-json": request(1, "Say", "application/json") + data(1, b'{"text":"hello","count":7}'),
    "connect-get": headers(1, [(":method", "GET"), (":scheme", "https"), (":authority", "test"),
                               (":path", PATH + "Peek?connect=v1&encoding=json&base64=1&message=eyJ0ZXh0IjoiaGkifQ")], True),
    "connect-stream": request(1, "Chat", "application/connect+json") + data(1, prefixed(b'{"text":"hello"}') + prefixed(b"{}")),
    "refused": request(1, "Say", "application/grpc", ("refuse", "1")) + data(1, prefixed(HELLO)),
    "preflight": headers(1, [(":method", "OPTIONS"), (":scheme", "https"), (":path", PATH + "Say"), (":authority", "test"), ("origin", "https://kam.example"),
                             ("access-control-request-method", "POST")], True),
    "control-frames": frame(6, 0, 0, b"12345678") + frame(4, 0, 0, b"\0\4\0\0\0\1") + request(1, "Say", "application/grpc") + frame(3, 0, 1, b"\0\0\0\10")
    + frame(2, 0, 3, b"\0\0\0\0\1") + frame(7, 0, 0, b"\0\0\0\0\0\0\0\0"),
    "continuation": frame(1, 1, 1, header(":method", "GET") + header(":scheme", "https")) + frame(9, 4, 1, header(":path", "/") + header(":authority", "a")),
    "two-at-once": request(1, "Say", "application/grpc") + request(3, "Chat", "application/grpc") + data(3, prefixed(HELLO)) + data(1, prefixed(HELLO)),
}
h2_client = {
    "reply": headers(1, GRPC_OK) + data(1, prefixed(HELLO), False) + headers(1, [("grpc-status", "0")], True),
    "trailers-only": headers(1, [*GRPC_OK, ("grpc-status", "5"), ("grpc-message", "no%20such"), ("grpc-status-details-bin", "CAUSAm5v")], True),
    "compressed": headers(1, [*GRPC_OK, ("grpc-encoding", "gzip")]) + data(1, prefixed(ZIPPED, 1), False) + headers(1, [("grpc-status", "0")], True),
    "three": b"".join(headers(i, GRPC_OK) + data(i, prefixed(HELLO) * 2, False) + headers(i, [("grpc-status", "0")], True) for i in (5, 3, 1)),
    "not-grpc": headers(1, [(":status", "502"), ("content-type", "text/html")]) + data(1, b"<html>"),
    "informational": headers(1, [(":status", "103")]) + headers(1, [*GRPC_OK, ("grpc-status", "99")], True),
    "reset-and-goaway": frame(3, 0, 1, b"\0\0\0\7") + frame(7, 0, 0, b"\0\0\0\3\0\0\0\13too_many_pings"),
}
http1 = {
    "connect-json": f"POST {PATH}Say HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n".encode() + b'{"text":"hello"}',
    "chunked": f"POST {PATH}Say HTTP/1.1\r\nHost: test\r\nContent-Type: application/proto\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    + b"7;a=b\r\n" + field(1, b"hello") + b"\r\n0\r\nLast: 1\r\n\r\n",
    "grpc-web": f"POST {PATH}Say HTTP/1.1\r\nHost: test\r\nContent-Type: application/grpc-web+proto\r\nContent-Length: 12\r\n\r\n".encode()
    + prefixed(field(1, b"hello")),
    "pipelined": b"GET / HTTP/1.1\r\nHost: a\r\n\r\nHEAD /x HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.0\r\n\r\n",
    "get": f"GET {PATH}Peek?connect=v1&encoding=json&message=%7B%7D HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".encode(),
    "expect": f"POST {PATH}Say HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Type: application/proto\r\nContent-Length: 1\r\n\r\nx".encode(),
    "preflight": f"OPTIONS {PATH}Say HTTP/1.1\r\nHost: a\r\nOrigin: https://kam.example\r\nAccess-Control-Request-Method: POST\r\n\r\n".encode(),
    "absolute": b"GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n",
}
bodies = {"one": prefixed(HELLO), "three": prefixed(HELLO) * 3, "empty": prefixed(b""), "zip": prefixed(ZIPPED, 1), "bare": HELLO, "bare-zip": ZIPPED,
          "cut": prefixed(HELLO)[:-1], "long": prefixed(b"x" * 301), "at-limit": prefixed(b"\n\xa9\2" + b"x" * 297)}
THING = field(1, b"things/a") + field(5, b"Acme") + field(16, field(1, b"wheel") + field(2, 4) + field(3, b"key")) + field(17, field(1, b"one")) * 2 \
    + field(18, b"\3\5") + field(21, b"Gold") + field(22, field(1, b"size") + field(2, b"XL")) + field(23, field(1, 5) + field(2, field(1, b"s"))) \
    + field(26, b"text") + field(29, field(1, 90)) + field(30, field(1, b"EUR") + field(2, 12)) + field(34, field(1, b"type.googleapis.com/kam.v1.Money"))
JSON = {
    "thing": b'{"name":"things/a","displayName":"A","i32":-3,"s64":"-5","u32":7,"f64":"18446744073709551615","ratio":0.1,"score":"NaN","flag":true,'
    b'"warmth":"WARMTH_HOT","createTime":"2026-09-30T12:00:00.5Z","length":"90s","blob":"_-8="}',
    "nested": b'{"part":{"label":"w","price":{"currencyCode":"EUR","units":"12","nanos":5}},"parts":[{},{"people":["a"]}],"labels":{"a":"1"},"slots":{"-5":{}},'
    b'"switches":{"true":"8"},"mask":"displayName,part.label","wrapped":"x","any":{"@type":"type.googleapis.com/kam.v1.Money","units":"1"}}',
    "numbers": b'{"numbers":[1,1e3,1.0],"weights":[-0.0,1e308,"Infinity"],"unpacked":["1"],"maybe":0,"amount":"9223372036854775807","warmth":1,"note":null}',
}
EC = b'{"kty":"EC","kid":"a","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}'
CLAIMS = b'{"iss":"https://i.example","aud":["kam","b"],"azp":"kam","sub":"s","exp":1800000300,"iat":1799999999.5,"nbf":0,"email":"a@b.example","email_verified":true}'

seeds = {
    "h2_server": {name: b"\0\0" + text for name, text in h2_server.items()} | {"paused": b"\7\1" + h2_server["grpc-chat"]},
    "h2_client": {name: b"\0\0" + text for name, text in h2_client.items()} | {"paused": b"\5\7" + h2_client["three"], "lost": b"\5\x47" + h2_client["three"]},
    "http1": {name: b"\3\0" + text for name, text in http1.items()},
    "grpc_frame": {f"{name}-{pick}": bytes([pick, 6, 5]) + body for name, body in bodies.items() for pick in (0, 3, 7, 28)},
    "h2_calls": {"unary": bytes([0, 0, 8, 20]) + prefixed(HELLO) + bytes([7]), "chat": bytes([0, 0xa0, 0, 20]) + prefixed(HELLO) + bytes([7, 2, 9]) + prefixed(b"") + b"\x0a",
                 "connect": bytes([0, 0, 3, 16]) + b'{"text":"hello"}', "get": bytes([0, 0x49, 3]) + b"\0connect=v1&encoding=json&message=%7B%7D\n",
                 "small-window": bytes([5, 0, 0x10, 0, 21]) + prefixed(HELLO) + b"\7\4\7\3"},
    "header": {"timeout": b"100m", "percent": b"50%25 of %C3%A9", "base64": b"aGVsbG8=", "base64url": b"_-8", "digits": b"9999999999"},
    "status": {"info": b"\4no such\n" + field(1, 5) + field(3, field(1, b"type.googleapis.com/google.rpc.ErrorInfo") + field(2, field(1, b"NONE"))),
               "fields": b"\2bad\n" + field(3, field(1, b"x/google.rpc.BadRequest") + field(2, field(1, field(1, b"text") + field(2, b"is wrong")) * 2))},
    "connect_query": {"json": b"connect=v1&encoding=json&message=%7B%22text%22%3A%22a%22%7D", "proto": b"base64=1&message=CgVoZWxsbw&compression=gzip&encoding=proto"},
    "wire": {"thing": b"\0\0" + THING, "thing-commercial": b"\0\2" + THING, "node": b"\1\xff" + field(1, field(1, field(2, b"deep")) + field(3, b"")),
             "page": b"\2\x1f" + field(1, THING), "account": b"\x09\3" + field(1, b"accounts/acme")},
    "json": {f"{name}-{pick}": bytes([pick]) + text for name, text in JSON.items() for pick in (0, 8, 56)}
    | {"mask": b'\1"displayName,a.b"', "any": b'\3{"@type":"x/google.protobuf.Duration","value":"1.5s"}', "time": b'\x0c"2026-09-30T12:00:00.123456789+01:00"',
       "node": b'\5{"kids":[{"next":{}},{"text":"\\u00e9\\ud83d\\ude00"}]}', "page": b'\x16{"things":[{"i32":1},{}],"nextPageToken":"x"}', "duration": b'\7"-0.5s"'},
    "filter": {str(i): b"\xff" + text for i, text in enumerate([
        b'display_name = "Acme*" AND i32 < 5', b"tags:gold OR NOT labels.size = XL", b"-(part.label:w (score >= 1.5 flag = true))", b"create_time > 2026-09-30",
        b'worth > "12.5 EUR" warmth = HOT', b'length <= 90s parts.label:one', b"acme maybe:*", b'labels."dotted.key" != d', b'name = "things/a" slots.-5.label = slot'])},
    "order": {"two": b"\xffdisplay_name desc, score", "deep": b"\xffpart.label asc,labels.size", "money": b"\x1fworth,create_time desc"},
    "mask": {"some": b"\1display_name\npart.label\nlabels.size", "all": b"\3*", "none": b"\1", "deep": b"\1slots.-5\nparts\npiece.price"},
    "value_text": {text: bytes([field_index]) + text.encode() for field_index, text in [
        (3, "2026-09-30T12:00:00Z"), (5, "-3"), (10, "0.25"), (12, "true"), (13, "hot"), (14, "cafe"), (28, "1h30m"), (29, "1,234.50 EUR"), (21, "size=XL"),
        (31, "name,part.label"), (34, "true=8"), (23, "7")]},
    "page_token": {"usual": b"filter\nposition\nAAAA", "ends-in-underscores": b"q\nabc\xff\xff\xff\nx"},
    "import_cell": {"date": b"MM/DD/YY hh:mm AM\n9/30/26 1:05 PM", "iso": b"\n2026-09-30T12:00:00Z", "number": b"\n(1,234.50)", "comma": b"\n-$ 1.234,50", "period": b"\n2026-Q3"},
    "name": {"deep": b"accounts/acme/stakeholders/jane", "open": b"accounts/-", "singleton": b"accounts/acme/programme", "time": b"2026-09-30T12:00:00.5+02:00", "day": b"2024-02-29"},
    "id_token": {"token": b"\0eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImEifQ.e30." + b"A" * 86, "crit": b"\0eyJhbGciOiJSUzI1NiIsImNyaXQiOltdfQ.e30.AAAA",
                 "by-subject": b"\1" + CLAIMS, "by-email": b"\5" + CLAIMS, "keys": b"\2{\"keys\":[" + EC + b',{"kty":"RSA","n":"AQAB","e":"AQAB","use":"sig"}]}',
                 "address": b"\3https://[::1]:8443/keys?a=b"},
    "session_token": {"usual": b"kam~jane~abcdefgh23456789~" + base64.urlsafe_b64encode(bytes(range(32))).rstrip(b"="),
                      "api": b"kamapi~jane~ci~" + base64.urlsafe_b64encode(bytes(range(32))).rstrip(b"=")},
}

for target, files in seeds.items():
    folder = pathlib.Path(sys.argv[1]) / target
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("/", "_").replace(" ", "_")).write_bytes(content)
