/* SPDX-License-Identifier: Apache-2.0
 */
#include "common/net/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOST_MAX = 253, HTTPS_PORT = 443 };

static bool refuse(const char *text, struct status *st)
{
	return status_fail(st, STATUS_INVALID_ARGUMENT, "URL", "\"%.200s\" is no https address, such as https://login.example.com/keys", text);
}

/* Printable ASCII alone: what stands here goes into a request as it is. */
static bool is_plain(const char *text)
{
	for (; *text; text++) {
		if (*text <= ' ' || *text > '~') {
			return false;
		}
	}
	return true;
}

/* A name, or an address in brackets. */
static bool is_host(const char *host, size_t size)
{
	static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_", number[] = "0123456789ABCDEFabcdef:.";
	if (size > 2 && host[0] == '[') {
		return strspn(host + 1, number) == size - 2;
	}
	return size > 0 && size <= HOST_MAX && strspn(host, name) >= size;
}

bool url_read(const char *text, struct url *ret_url, struct status *st)
{
	static const char scheme[] = "https://";
	*ret_url = (struct url){.port = HTTPS_PORT};
	if (strncmp(text, scheme, sizeof scheme - 1) != 0 || strlen(text) >= URL_BYTES || !is_plain(text) || strchr(text, '#')) {
		return refuse(text, st);
	}
	const char *host = text + sizeof scheme - 1, *end = host + strcspn(host, "/?");
	const char *bracket = *host == '[' ? memchr(host, ']', (size_t)(end - host)) : NULL;
	const char *colon = bracket ? bracket + 1 : host + strcspn(host, ":/?");
	if ((*host == '[' && !bracket) || !is_host(host, (size_t)(colon - host))) {
		return refuse(text, st);
	}
	if (colon < end) {
		char *rest;
		long port = *colon == ':' && colon[1] >= '0' && colon[1] <= '9' ? strtol(colon + 1, &rest, 10) : 0;
		if (port < 1 || port > UINT16_MAX || rest != end) {
			return refuse(text, st);
		}
		ret_url->port = (uint16_t)port;
	}
	snprintf(ret_url->address, sizeof ret_url->address, "%.*s:%u", (int)(colon - host), host, ret_url->port);
	size_t size = ret_url->port == HTTPS_PORT ? (size_t)(colon - host) : strlen(ret_url->address);
	snprintf(ret_url->host, sizeof ret_url->host, "%.*s", (int)size, ret_url->address);
	snprintf(ret_url->path, sizeof ret_url->path, "%s%s", *end == '/' ? "" : "/", end);
	return true;
}
