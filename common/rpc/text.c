/* SPDX-License-Identifier: Apache-2.0
 *
 * text.c - the small encodings that headers and queries use: percent, time-outs.
 *
 * Source: gRPC PROTOCOL-HTTP2.md (Timeout, Status-Message, Binary-Header); connectrpc.com/docs/protocol.
 */
#include "common/rpc/internal.h"

#include <stdio.h>

const char *text_percent(const char *text, struct arena *arena)
{
	char *out = arena_alloc(arena, 3 * strlen(text) + 1);
	if (out == NULL) {
		return NULL;
	}
	char *next = out;
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		if (c >= 0x20 && c <= 0x7e && c != '%') {
			*next++ = (char)c;
		} else {
			*next++ = '%';
			*next++ = "0123456789ABCDEF"[c >> 4];
			*next++ = "0123456789ABCDEF"[c & 15];
		}
	}
	*next = '\0';
	return out;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

struct bytes text_unpercent(const char *text, size_t size, bool plus, struct arena *arena)
{
	uint8_t *out = arena_alloc(arena, size + 1);
	size_t used = 0;
	if (out == NULL) {
		return (struct bytes){NULL, 0};
	}
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '%' && i + 2 < size && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
			out[used++] = (uint8_t)(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
			i += 2;
		} else {
			out[used++] = plus && text[i] == '+' ? ' ' : (uint8_t)text[i];
		}
	}
	out[used] = 0;
	return (struct bytes){out, used};
}

/* Reads 1 to `digits_max` digits; returns what follows them, NULL where there are none or too many. */
static const char *read_digits(const char *text, int digits_max, int64_t *ret_value)
{
	int64_t value = 0;
	int digits = 0;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (++digits > digits_max) {
			return NULL;
		}
		value = value * 10 + (*text - '0');
	}
	*ret_value = value;
	return digits > 0 ? text : NULL;
}

bool text_grpc_timeout(const char *text, int64_t *ret_us)
{
	int64_t value;
	const char *unit = read_digits(text, 8, &value);
	if (unit == NULL || unit[0] == '\0' || unit[1] != '\0') {
		return false;
	}
	switch (unit[0]) {
	case 'H': *ret_us = value * 3600 * 1000000; return true;
	case 'M': *ret_us = value * 60 * 1000000; return true;
	case 'S': *ret_us = value * 1000000; return true;
	case 'm': *ret_us = value * 1000; return true;
	case 'u': *ret_us = value; return true;
	case 'n': *ret_us = (value + 999) / 1000; return true;
	default: return false;
	}
}

bool text_connect_timeout(const char *text, int64_t *ret_us)
{
	int64_t value;
	const char *end = read_digits(text, 10, &value);
	if (end == NULL || *end != '\0') {
		return false;
	}
	*ret_us = value * 1000;
	return true;
}

void text_make_grpc_timeout(int64_t us, char *text)
{
	/* The finest unit that needs no more than 8 digits, rounded up: a server must not give up before its client. */
	static const struct {
		int64_t us;
		char unit;
	} units[] = {{1, 'u'}, {1000, 'm'}, {1000000, 'S'}, {60000000, 'M'}, {3600000000, 'H'}};
	size_t i = 0;
	while (i < 4 && us / units[i].us >= 99999999) {
		i++;
	}
	int64_t value = us / units[i].us + (us % units[i].us != 0);
	snprintf(text, TEXT_TIMEOUT_BYTES, "%lld%c", (long long)(value > 99999999 ? 99999999 : value), units[i].unit);
}
