# SPDX-License-Identifier: Apache-2.0
"""The cases that clients run against interop-server, and which client has which. A client that leaves one out has failed it."""

# gRPC's own (doc/interop-test-descriptions.md), without those that need a Google service.
OFFICIAL = ["empty_unary", "large_unary", "client_compressed_unary", "server_compressed_unary", "client_streaming", "client_compressed_streaming",
            "server_streaming", "server_compressed_streaming", "ping_pong", "empty_stream", "custom_metadata", "status_code_and_message",
            "special_status_message", "unimplemented_method", "unimplemented_service", "cancel_after_begin", "cancel_after_first_response",
            "timeout_on_sleeping_server"]
GRPC = OFFICIAL + ["cacheable_unary", "half_duplex", "error_details", "paused_streaming", "many_at_once"]
CONNECT = GRPC + ["error_metadata", "every_code"]

# gRPC's Ruby client, as Debian has it, lacks these.
RUBY = [case for case in OFFICIAL if case not in ("server_compressed_unary", "server_compressed_streaming", "special_status_message")]
# HTTP/1.1 carries one request message at a time.
HTTP1 = [case for case in CONNECT if case not in ("client_streaming", "client_compressed_streaming", "ping_pong", "empty_stream", "half_duplex",
                                                  "cancel_after_begin")]

# Other people's clients: the columns of the table. node-… is connect-node, by protocol and where it is not HTTP/2 by HTTP's version.
CLIENTS = {"ruby": RUBY, "grpcio": GRPC, "grpc-js": GRPC, "node-grpc": CONNECT, "node-web": CONNECT, "node-web-h1": HTTP1, "node-connect": CONNECT,
           "node-json": CONNECT, "node-h1": HTTP1}

# Our own, which send and look at bytes: what those clients forgive, hide, or never do.
RAW = {
    "raw-grpc": ["server_compressed_unary", "server_compressed_streaming", "client_compressed_unary", "client_compressed_streaming",
                 "special_status_message", "trailers_only", "content_types", "binary_metadata", "odd_metadata", "large_headers", "split_messages",
                 "http2_allows", "cardinality", "bad_messages", "bad_compression", "timeouts", "server_keeps_deadline", "early_end", "reader_too_slow",
                 "sender_too_fast", "windows_given_back", "web", "web_errors", "web_compression"],
    "raw-connect": ["unary", "unary_codes", "unary_details", "unary_trailers", "unary_requests_refused", "unary_compression", "get_requests",
                    "get_refused", "streams", "stream_errors", "stream_compression", "cors_preflight", "cors_answers"],
    "raw-http1": ["keep_alive", "http_1_0", "pipelined", "one_byte_at_a_time", "chunked_requests", "expect_continue", "streamed_replies", "grpc_web",
                  "compressed", "get_and_head", "needs_http2", "refused_whole", "too_large"],
}
ALL = {**CLIENTS, **RAW}
