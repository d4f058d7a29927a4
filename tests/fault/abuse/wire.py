# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 frames over TLS by hand: a peer that may say what no proper client would. python3-hpack and python3-hyperframe read what comes back."""

import select
import socket
import ssl
import struct
import time

import hpack
from hpack.hpack import encode_integer
from hyperframe.frame import DataFrame, Frame, GoAwayFrame, HeadersFrame, RstStreamFrame, SettingsFrame, WindowUpdateFrame

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS = 0x1, 0x1, 0x4
ENHANCE_YOUR_CALM, CANCEL = 11, 8
HEADER_TABLE_SIZE, INITIAL_WINDOW_SIZE = 1, 4


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">IBI", len(payload) << 8 | kind, flags, stream) + payload


def settings(**values):
    ids = {"header_table_size": HEADER_TABLE_SIZE, "initial_window_size": INITIAL_WINDOW_SIZE}
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", ids[name], value) for name, value in values.items()))


def window_update(stream, size):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", size))


def rst_stream(stream, code=CANCEL):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def fields(method, token="", *more):
    """Header fields of a gRPC call to a method of kam's, or to a whole path."""
    signed = [("authorization", "Bearer " + token)] if token else []
    return [(":method", "POST"), (":scheme", "https"), (":path", method if method.startswith("/") else "/kam.v1." + method), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("te", "trailers"), *more, *signed]


def literal(name, value):
    """A field that leaves no trace in the table (RFC 7541 6.2.2)."""
    return b"\0" + encode_integer(len(name), 7) + name.encode() + encode_integer(len(value), 7) + value.encode()


def request(method, token="", *more):
    """A call's header block, the same for every connection and stream."""
    return b"".join(literal(*field) for field in fields(method, token, *more))


def message(payload, flag=0, size=None):
    return struct.pack(">BI", flag, len(payload) if size is None else size) + payload


def call(stream, block, payload, window=0):
    """A whole unary call."""
    room = window_update(stream, window) if window else b""
    return frame(HEADERS, END_HEADERS, stream, block) + room + frame(DATA, END_STREAM, stream, message(payload))


class Cut(Exception):
    """The server has ended the connection."""


class Peer:
    """One connection. `send` also reads, as it waits, so that neither side can block the other for good."""

    def __init__(self, target, alpn="h2", start=True, source="127.0.0.2", timeout=10, **first_settings):
        self.socket = target.connect(source, timeout)
        self.opened = time.monotonic()
        context = target.context(alpn)
        try:
            self.tls = context.wrap_socket(self.socket, server_hostname="localhost")
        except OSError as error:
            self.socket.close()
            raise Cut("in the handshake: %s" % error) from error
        self.tls.setblocking(False)
        self.input = b""
        self.goaway = None     # (error code, debug text)
        self.resets = {}       # stream: error code
        self.ended = {}        # stream: True where END_STREAM came
        self.fields = {}       # stream: {name: value}
        self.bytes_in = 0      # of DATA
        self.first_window = 65535
        self.windows = {0: 65535}  # stream: what the server allows us to send
        self.decoder = hpack.Decoder()
        self.decoder.max_header_list_size = 1 << 20
        if start:
            self.send(PREFACE + settings(**first_settings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.tls.close()

    def take(self, parsed, body):
        stream = parsed.stream_id
        if isinstance(parsed, GoAwayFrame):
            parsed.parse_body(memoryview(body))
            self.goaway = (parsed.error_code, parsed.additional_data.decode("latin-1"))
        elif isinstance(parsed, RstStreamFrame):
            parsed.parse_body(memoryview(body))
            self.resets[stream] = parsed.error_code
        elif isinstance(parsed, HeadersFrame):
            parsed.parse_body(memoryview(body))
            self.fields.setdefault(stream, {}).update(self.decoder.decode(parsed.data))
        elif isinstance(parsed, DataFrame):
            self.bytes_in += len(body)
        elif isinstance(parsed, SettingsFrame):
            parsed.parse_body(memoryview(body))
            self.first_window = parsed.settings.get(INITIAL_WINDOW_SIZE, self.first_window)
        elif isinstance(parsed, WindowUpdateFrame):
            parsed.parse_body(memoryview(body))
            self.windows[stream] = self.windows.get(stream, self.first_window) + parsed.window_increment
        if isinstance(parsed, (HeadersFrame, DataFrame)) and "END_STREAM" in parsed.flags:
            self.ended[stream] = True

    def parse(self):
        while len(self.input) >= 9:
            parsed, size = Frame.parse_frame_header(memoryview(self.input[:9]))
            if len(self.input) < 9 + size:
                return
            self.take(parsed, self.input[9:9 + size])
            self.input = self.input[9 + size:]

    def read(self):
        """Takes what is there. Raises Cut at the end of the connection."""
        try:
            while True:
                got = self.tls.recv(65536)
                if not got:
                    raise Cut(self.why("closed"))
                self.input += got
                self.parse()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError as error:
            raise Cut(self.why(type(error).__name__)) from error

    def why(self, otherwise):
        return "GOAWAY %d %s" % self.goaway if self.goaway else otherwise

    def send(self, data, timeout=10, reading=True):
        """Sends all of it; False where the server takes no more for `timeout` seconds."""
        view, end = memoryview(data), time.monotonic() + timeout
        while view:
            if reading:
                self.read()
            try:
                view = view[self.tls.send(view[:65536]):]
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                if time.monotonic() > end:
                    return False
                select.select([self.tls] if reading else [], [self.tls], [], 0.05)
            except OSError as error:
                try:
                    self.read()
                except Cut:
                    pass
                raise Cut(self.why(type(error).__name__)) from error
        return True

    def send_body(self, stream, size, seconds=10):
        """Sends DATA without an end, as far as the server's windows allow; answers how much that was."""
        sent, piece, end = 0, b"\0" * 16384, time.monotonic() + seconds
        while sent < size and stream not in self.resets and stream not in self.ended:
            room = min(self.windows[0], self.windows.setdefault(stream, self.first_window), len(piece), size - sent)
            if room <= 0:
                if not self.wait(min(0.2, max(0, end - time.monotonic())), lambda: self.windows[0] > 0 and self.windows[stream] > 0):
                    break
                continue
            if not self.send(frame(DATA, 0, stream, piece[:room])):
                break
            self.windows[0] -= room
            self.windows[stream] -= room
            sent += room
        return sent

    def wait(self, seconds, until=lambda: False):
        """Reads until `until` holds; False where it does not within that time. Raises Cut at the end of the connection."""
        end = time.monotonic() + seconds
        while not until():
            left = end - time.monotonic()
            if left <= 0:
                return False
            if not self.tls.pending():
                select.select([self.tls], [], [], min(left, 0.05))
            self.read()
        return True

    def answer(self, stream, seconds=10):
        """The header fields of the answer to a call, trailers among them."""
        if not self.wait(seconds, lambda: stream in self.ended or stream in self.resets):
            raise AssertionError("stream %d is not answered within %d s" % (stream, seconds))
        return self.fields.get(stream, {})


class Target:
    """Where to attack, and who as."""

    def __init__(self, port, ca, token):
        self.port, self.ca, self.token = port, ca, token
        self.contexts = {}

    def context(self, alpn):
        if alpn not in self.contexts:
            context = ssl.create_default_context(cafile=self.ca)
            context.set_alpn_protocols([alpn])
            self.contexts[alpn] = context
        return self.contexts[alpn]

    def connect(self, source="127.0.0.2", timeout=10):
        try:
            connection = socket.create_connection(("127.0.0.1", self.port), timeout, source_address=(source, 0))
        except OSError as error:
            raise Cut("in connect: %s" % error) from error
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection
