# SPDX-License-Identifier: Apache-2.0
"""The test service's messages for Python, from the descriptor set: generated modules would be named grpc, as the library is."""

import os

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


def _load():
    pool = descriptor_pool.DescriptorPool()
    with open(os.environ["INTEROP_SET"], "rb") as file:
        for entry in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file:
            pool.Add(entry)
    return message_factory.MessageFactory(pool), pool


_FACTORY, POOL = _load()


def message(name):
    """The class of a message by its full name."""
    return _FACTORY.GetPrototype(POOL.FindMessageTypeByName(name))


Empty, Payload, BoolValue, EchoStatus, ResponseParameters = [message("grpc.testing." + name) for name in (
    "Empty", "Payload", "BoolValue", "EchoStatus", "ResponseParameters")]
SimpleRequest, SimpleResponse = message("grpc.testing.SimpleRequest"), message("grpc.testing.SimpleResponse")
InputRequest, InputResponse = message("grpc.testing.StreamingInputCallRequest"), message("grpc.testing.StreamingInputCallResponse")
OutputRequest, OutputResponse = message("grpc.testing.StreamingOutputCallRequest"), message("grpc.testing.StreamingOutputCallResponse")
Status, ErrorInfo, BadRequest = message("google.rpc.Status"), message("google.rpc.ErrorInfo"), message("google.rpc.BadRequest")

# What the descriptions say, in bytes.
LARGE_REQUEST, LARGE_RESPONSE = 271828, 314159
REQUEST_SIZES, RESPONSE_SIZES = [27182, 8, 1828, 45904], [31415, 9, 2653, 58979]
SPECIAL_MESSAGE = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"


def payload(size):
    return Payload(body=bytes(size))


def large_request(**fields):
    return SimpleRequest(response_size=LARGE_RESPONSE, payload=payload(LARGE_REQUEST), **fields)


def output_request(size, *response_sizes, **fields):
    return OutputRequest(payload=payload(size), response_parameters=[ResponseParameters(size=size) for size in response_sizes], **fields)
