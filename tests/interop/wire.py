# SPDX-License-Identifier: Apache-2.0
"""Calls as bytes: a client over python3-h2 that hides nothing, for what the clients of others do not show or never do."""

import gzip
import os
import socket
import ssl
import struct

import h2.config
import h2.connection
import h2.events

PATIENCE = int(os.environ.get("KAM_TEST_PATIENCE", "1"))


def frame(payload, flags=0):
    """A message behind its five bytes, as gRPC, gRPC-Web and Connect's streams have it."""
    return struct.pack(">BI", flags, len(payload)) + payload


def frames(body):
    """[(flags, payload)] of a body that must be nothing but such messages."""
    found = []
    while body:
        flags, size = struct.unpack(">BI", body[:5])
        assert len(body) >= 5 + size, "the body ends within a message"
        found.append((flags, body[5:5 + size]))
        body = body[5 + size:]
    return found


def inflated(flags, payload):
    return gzip.decompress(payload) if flags & 1 else payload


def secure_socket(protocols):
    context = ssl.create_default_context(cafile=os.environ["INTEROP_CA"])
    context.set_alpn_protocols(protocols)
    plain = socket.create_connection((os.environ["INTEROP_HOST"], int(os.environ["INTEROP_PORT"])), timeout=20 * PATIENCE)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context.wrap_socket(plain, server_hostname=os.environ["INTEROP_HOST"])


class Stream:
    """One call and what came of it. `headers` and `trailers` are dicts; a name that came twice is joined by a comma."""

    def __init__(self, connection, number):
        self.connection, self.number = connection, number
        self.headers, self.trailers, self.received, self.ended, self.reset = None, None, bytearray(), False, None

    def send(self, data=b"", end=False):
        """Sends in frames that the windows allow."""
        engine = self.connection.engine
        while data or end:
            room = min(engine.local_flow_control_window(self.number), engine.max_outbound_frame_size)
            if data and room == 0:
                self.connection.receive()
                if self.over:
                    return self
                continue
            piece, data = data[:room], data[room:]
            engine.send_data(self.number, piece, end_stream=end and not data)
            end = end and bool(data)
            self.connection.flush()
        return self

    @property
    def over(self):
        return self.ended or self.reset is not None

    def wait(self):
        while not self.over:
            self.connection.receive()
        return self

    def wait_for(self, ready):
        while not ready(self) and not self.over:
            self.connection.receive()
        assert ready(self), "the stream ended"
        return self

    @property
    def body(self):
        return bytes(self.received)

    @property
    def status(self):
        return int(self.headers[":status"])

    @property
    def grpc_status(self):
        """The code, wherever the protocol puts it: trailers, or headers where there is nothing but them."""
        where = self.trailers if self.trailers is not None else self.headers
        return int(where["grpc-status"])

    @property
    def messages(self):
        return frames(self.body)

    def take(self, event):
        if isinstance(event, h2.events.ResponseReceived):
            self.headers = joined(event.headers)
        elif isinstance(event, h2.events.TrailersReceived):
            self.trailers = joined(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            self.received += event.data
            if event.flow_controlled_length:
                self.connection.engine.acknowledge_received_data(event.flow_controlled_length, self.number)
        elif isinstance(event, h2.events.StreamEnded):
            self.ended = True
        elif isinstance(event, h2.events.StreamReset):
            self.reset = event.error_code


def joined(headers):
    found = {}
    for name, value in headers:
        found[name] = "%s,%s" % (found[name], value) if name in found else value
    return found


class Connection:
    """HTTP/2 over TLS."""

    def __init__(self):
        self.socket = secure_socket(["h2"])
        assert self.socket.selected_alpn_protocol() == "h2"
        config = h2.config.H2Configuration(client_side=True, header_encoding="utf-8", validate_outbound_headers=False,
                                           normalize_outbound_headers=False)
        self.engine, self.streams, self.gone = h2.connection.H2Connection(config), {}, False
        self.engine.initiate_connection()
        self.flush()

    def flush(self):
        self.socket.sendall(self.engine.data_to_send())

    def receive(self):
        data = self.socket.recv(65536)
        assert data, "the server closed the connection"
        for event in self.engine.receive_data(data):
            if isinstance(event, h2.events.ConnectionTerminated):
                raise AssertionError("GOAWAY %s %s" % (event.error_code, event.additional_data))
            stream = self.streams.get(getattr(event, "stream_id", None))
            if stream:
                stream.take(event)
        self.flush()

    def start(self, path, headers=(), method="POST", end=False):
        """Opens a stream; the caller sends and waits."""
        number = self.engine.get_next_available_stream_id()
        stream = self.streams[number] = Stream(self, number)
        pseudo = [(":method", method), (":scheme", "https"), (":authority", os.environ["INTEROP_HOST"]), (":path", path)]
        self.engine.send_headers(number, pseudo + list(headers), end_stream=end)
        self.flush()
        return stream

    def call(self, path, body=b"", headers=(), method="POST"):
        """A whole exchange."""
        stream = self.start(path, headers, method, end=not body)
        return (stream.send(body, end=True) if body else stream).wait()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
