# SPDX-License-Identifier: Apache-2.0
"""buf convert, our own converter, and the canonical form in which their messages are compared."""

import concurrent.futures
import math
import os
import re
import subprocess
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
BUF = os.path.join(os.path.dirname(HERE), "node_modules/@bufbuild", "buf-linux-aarch64" if os.uname().machine == "aarch64" else "buf-linux-x64", "bin/buf")


class Reference:
    """buf, with a descriptor set of files below some roots; and the same messages for Python."""

    def __init__(self, roots, files):
        self.folder = tempfile.TemporaryDirectory(prefix="kam-json-")
        self.set = os.path.join(self.folder.name, "set.binpb")
        subprocess.run(["protoc", *("-I" + root for root in roots), "--include_imports", "--descriptor_set_out=" + self.set, *files], check=True)
        self.environment = dict(os.environ, HOME=self.folder.name)
        pool = descriptor_pool.DescriptorPool()
        with open(self.set, "rb") as file:
            for proto in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file:
                pool.Add(proto)
        self.pool, self.factory = pool, message_factory.MessageFactory(pool)

    def kind(self, name):
        return self.factory.GetPrototype(self.pool.FindMessageTypeByName(name))

    def convert(self, name, text, source, target):
        """The message in another form, or None where buf refuses it."""
        done = subprocess.run([BUF, "convert", self.set, "--type", name, "--from", "-#format=" + source, "--to", "-#format=" + target],
                              input=text, env=self.environment, capture_output=True, timeout=60)
        return done.stdout if done.returncode == 0 else None

    def read(self, name, text):
        return self.convert(name, text, "json", "binpb")

    def write(self, name, packed):
        return self.convert(name, packed, "binpb", "json")

    def read_each(self, pairs):
        """buf's answers to (type, text) pairs: a program start each, two at a time."""
        with concurrent.futures.ThreadPoolExecutor(2) as workers:
            return list(workers.map(lambda pair: self.read(*pair), pairs))

    def canonical(self, name, packed):
        """Fields by number, maps by key, one NaN, inside of an Any too: equal messages are equal bytes."""
        message = self.kind(name).FromString(packed)
        self._settle(message)
        return message.SerializeToString(deterministic=True)

    def _settle(self, message):
        if message.DESCRIPTOR.full_name == "google.protobuf.Any" and message.value:
            try:
                message.value = self.canonical(message.type_url.rsplit("/", 1)[-1], message.value)
            except KeyError:
                pass
        for field, value in message.ListFields():
            if field.type == field.TYPE_MESSAGE and field.message_type.GetOptions().map_entry:
                below = field.message_type.fields_by_name["value"]
                for key in value:
                    if below.type == below.TYPE_MESSAGE:
                        self._settle(value[key])
                    elif value[key] != value[key]:
                        value[key] = math.nan
            elif field.type == field.TYPE_MESSAGE:
                for below in value if field.label == field.LABEL_REPEATED else [value]:
                    self._settle(below)
            elif field.label == field.LABEL_REPEATED:
                for i, element in enumerate(value):
                    if element != element:
                        value[i] = math.nan
            elif value != value:
                setattr(message, field.name, math.nan)


class Ours:
    """convert.c."""

    def __init__(self, program):
        self.program = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def _ask(self, verb, name, data):
        self.program.stdin.write(b"%s %s %s\n" % (verb, name.encode(), data.hex().encode()))
        self.program.stdin.flush()
        verdict, answer = self.program.stdout.readline().rstrip(b"\n").split(b" ", 1)
        return (bytes.fromhex(answer.decode()), None) if verdict == b"ok" else (None, answer.decode())

    def read(self, name, text):
        """The packed message and None, or None and what is wrong."""
        return self._ask(b"read", name, text)

    def write(self, name, packed):
        text, fault = self._ask(b"write", name, packed)
        assert text is not None, (name, fault)
        return text

    def close(self):
        self.program.stdin.close()
        assert self.program.wait(30) == 0


TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}:,]|[^][{}:,"\s]+', re.DOTALL)


def tokens(text, escaped=None):
    """The tokens of a JSON text; characters that match `escaped`, which strings alone can hold, as escapes."""
    text = text.decode()
    return TOKEN.findall(escaped.sub(lambda found: "\\u%04x" % ord(found.group()), text) if escaped else text)
