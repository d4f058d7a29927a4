# SPDX-License-Identifier: Apache-2.0
"""Messages of chance, the same for the same seed: every form that JSON has for a value, its edges more often than its middle."""

import math
import random
import struct

ANY_TYPES = ["google.protobuf.Duration", "google.protobuf.Timestamp", "google.protobuf.FieldMask", "google.protobuf.StringValue", "google.protobuf.Int64Value",
             "google.protobuf.DoubleValue", "google.protobuf.BytesValue", "google.protobuf.Empty", "google.protobuf.Any"]
PIECES = ["a", "Z", "0", " ", '"', "\\", "/", "<", "\b", "\n", "\x01", "\x1f", "\x7f", "\x9f", "é", "ß", "日本", "😀", "\u2028", "\ufeff", "\uffff", "\U0010ffff"]
DECIMALS = [0.1, 1.5, 0.85, 100.0, 1e5, 1e6, 123456.789, 1e15, 1e16, 123456789012345680.0, 1e20, 1e21, 1e22, 1e-5, 1e-6, 1e-7, 1.5e-6, 5e-324, 2.0 ** -44, 2.0 ** 60,
            2.0 ** -1022, 1.7976931348623157e308, 9007199254740993.0, 4.35, 0.3, 2 / 3, math.nan, math.inf, -math.inf]
SINGLES = [0.1, 3.4028234663852886e38, 1e-45, 1.17549435e-38, 16777216.0, 16777217.0, 1e20, 1e21, 1e-6, 1e-7, 8.5, 2.0 ** -24, 2.0 ** 70, 9.5367431640625e-07, math.nan,
           math.inf, -math.inf]


class Chance:
    """`kind` gives the class of a message type by name; `any_types`: what an Any may hold."""

    def __init__(self, seed, kind, any_types):
        self.random, self.kind, self.any_types = random.Random(seed), kind, ANY_TYPES + any_types

    def integer(self, bits, signed):
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        if self.random.random() < 0.3:
            return self.random.choice([low, high, 0, 1, low + 1, high - 1])
        value = self.random.getrandbits(bits) >> self.random.randrange(bits)
        return value if not signed else max(low, min(high, self.random.choice([-value, value])))

    def double(self):
        pick = self.random.random()
        if pick < 0.35:
            return self.random.choice([-1, 1]) * self.random.choice(DECIMALS)
        if pick < 0.6:
            return round(self.random.uniform(-1e6, 1e6), self.random.randrange(12))
        if pick < 0.8:
            return math.ldexp(self.random.choice([1, 1, 3, -5]), self.random.randrange(-1070, 1000))
        return struct.unpack("<d", struct.pack("<Q", self.random.getrandbits(64)))[0]

    def single(self):
        pick = self.random.random()
        if pick < 0.35:
            return self.random.choice([-1, 1]) * self.random.choice(SINGLES)
        if pick < 0.6:
            return round(self.random.uniform(-1000, 1000), self.random.randrange(6))
        if pick < 0.8:
            return math.ldexp(self.random.choice([1, 1, 3, -5]), self.random.randrange(-148, 120))
        return struct.unpack("<f", struct.pack("<I", self.random.getrandbits(32)))[0]

    def text(self):
        return "".join(self.random.choice(PIECES) for _ in range(self.random.randrange(6)))

    def path(self):
        part = lambda: "_".join(self.random.choice(["name", "a", "b", "owner"]) + self.random.choice(["", "", "1"]) for _ in range(self.random.randrange(1, 4)))
        return ".".join(part() for _ in range(self.random.randrange(1, 3)))

    def enum(self, enum_type):
        """NullValue has one value only, for JSON has one null only."""
        known = self.random.random() < 0.7 or enum_type.full_name == "google.protobuf.NullValue"
        return self.random.choice(enum_type.values).number if known else self.integer(32, True)

    def scalar(self, field):
        kinds = {field.TYPE_BOOL: lambda: self.random.random() < 0.5, field.TYPE_STRING: self.text, field.TYPE_DOUBLE: self.double, field.TYPE_FLOAT: self.single,
                 field.TYPE_BYTES: lambda: self.random.randbytes(self.random.randrange(8)),
                 field.TYPE_ENUM: lambda: self.enum(field.enum_type)}
        if field.type in kinds:
            return kinds[field.type]()
        wide = field.type in (field.TYPE_INT64, field.TYPE_UINT64, field.TYPE_SINT64, field.TYPE_FIXED64, field.TYPE_SFIXED64)
        signed = field.type not in (field.TYPE_UINT32, field.TYPE_UINT64, field.TYPE_FIXED32, field.TYPE_FIXED64)
        return self.integer(64 if wide else 32, signed)

    def fill(self, message, depth=0):
        """Sets about half of the fields; none of them to -0.0 where that is no value of its own (see cases.OTHERWISE)."""
        name = message.DESCRIPTOR.full_name
        if name == "google.protobuf.Timestamp":
            message.seconds, message.nanos = self.random.choice([-62135596800, 253402300799, 0, -1, self.random.randrange(-62135596800, 253402300800)]), self.nanos()
        elif name == "google.protobuf.Duration":
            sign = self.random.choice([-1, 1])
            message.seconds, message.nanos = sign * self.random.choice([0, 1, 315575999999, self.random.randrange(315576000000)]), sign * self.nanos()
        elif name == "google.protobuf.FieldMask":
            message.paths.extend(self.path() for _ in range(self.random.randrange(4)))
        elif name == "google.protobuf.Any":
            if depth < 6 and self.random.random() < 0.9:
                inner = self.kind(self.random.choice(self.any_types))()
                self.fill(inner, depth + 1)
                message.type_url = self.random.choice(["type.googleapis.com/", "x/", "/"]) + inner.DESCRIPTOR.full_name
                message.value = inner.SerializeToString(deterministic=True)
        else:
            for field in message.DESCRIPTOR.fields:
                if self.random.random() < (0.5 if depth < 6 else 0.1):
                    self.fill_field(message, field, depth + 1)
        return message

    def nanos(self):
        return self.random.choice([0, 0, 1, 999999999, 500000000, 120000000, 123456000, 1000, self.random.randrange(1000000000)])

    def fill_field(self, message, field, depth):
        value = getattr(message, field.name)
        is_message = field.type == field.TYPE_MESSAGE
        if is_message and field.message_type.GetOptions().map_entry:
            key, below = field.message_type.fields_by_name["key"], field.message_type.fields_by_name["value"]
            for _ in range(self.random.randrange(4)):
                if below.type == below.TYPE_MESSAGE:
                    self.fill(value[self.scalar(key)], depth)
                else:
                    value[self.scalar(key)] = self.scalar(below)
        elif field.label == field.LABEL_REPEATED:
            for _ in range(self.random.randrange(4)):
                if is_message:
                    self.fill(value.add(), depth)
                else:
                    value.append(self.scalar(field))
        elif is_message:
            value.SetInParent()
            self.fill(value, depth)
        else:
            scalar = self.scalar(field)
            if field.has_presence or scalar != 0:
                setattr(message, field.name, scalar)
