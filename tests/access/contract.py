# SPDX-License-Identifier: Apache-2.0
"""The contract as the build made it: the descriptor set of proto/, read with Debian's protobuf and nothing of kamd."""

import functools
import os

from google.protobuf import descriptor_pb2


class Rpc:
    def __init__(self, service, method, messages):
        self.path = "%s/%s" % (service.name, method.name)
        self.streaming = method.client_streaming or method.server_streaming
        self.input = messages[method.input_type.lstrip(".")]
        self.output = method.output_type.split(".")[-1]
        self.fields = {field.name: field for field in self.input.field}


BUILT = os.environ.get("KAM_DESCRIPTORS", os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "build/release/proto/proto-gen/set.binpb"))


@functools.lru_cache
def _files(path):
    files = descriptor_pb2.FileDescriptorSet()
    with open(path, "rb") as file:
        files.ParseFromString(file.read())
    return files, {"%s.%s" % (file.package, message.name): message for file in files.file for message in file.message_type}


def fields(message, path=BUILT):
    """The names of a message's fields."""
    return {field.name for field in _files(path)[1]["kam.v1." + message].field}


def read(path=BUILT):
    """Every RPC of kam.v1, by path."""
    files, messages = _files(path)
    return {"%s/%s" % (service.name, method.name): Rpc(service, method, messages)
            for file in files.file if file.package == "kam.v1" for service in file.service for method in service.method}
