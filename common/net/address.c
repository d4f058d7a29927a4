/* SPDX-License-Identifier: Apache-2.0
 *
 * address.c - "host:port" to socket addresses and back. Names are looked up by blocking; servers listen on numbers, clients have one connection.
 */
#include "common/net/internal.h"

#include <stdio.h>
#include <string.h>

/* Cuts "[::1]:8443", "localhost:8443", ":8443". */
static bool split(const char *address, char *ret_host, const char **ret_port)
{
	const char *colon = strrchr(address, ':');
	const char *host = address, *end = colon;
	if (colon == NULL || colon[1] == '\0') {
		return false;
	}
	if (address[0] == '[') {
		host = address + 1;
		end = strchr(host, ']');
		if (end == NULL || end + 1 != colon) {
			return false;
		}
	} else if (memchr(address, ':', (size_t)(colon - address)) != NULL) {
		return false;
	}
	size_t size = (size_t)(end - host);
	if (size >= ADDRESS_HOST_BYTES) {
		return false;
	}
	memcpy(ret_host, host, size);
	ret_host[size] = '\0';
	*ret_port = colon + 1;
	return true;
}

bool address_resolve(const char *address, bool passive, struct addrinfo **ret_list, char *ret_host, struct status *st)
{
	const char *port;
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = passive ? AI_PASSIVE : 0};
	if (!split(address, ret_host, &port) || (ret_host[0] == '\0' && !passive)) {
		return status_fail(st, STATUS_INVALID_ARGUMENT, "ADDRESS_INVALID", "\"%s\" is no address; write host:port, or [IPv6 address]:port.", address);
	}
	int result = getaddrinfo(ret_host[0] != '\0' ? ret_host : NULL, port, &hints, ret_list);
	if (result != 0) {
		return status_fail(st, STATUS_UNAVAILABLE, "ADDRESS_UNKNOWN", "The address %s cannot be found: %s.", address, gai_strerror(result));
	}
	return true;
}

void address_text(const struct sockaddr *address, socklen_t size, char text[ADDRESS_TEXT_BYTES])
{
	if ((address->sa_family != AF_INET && address->sa_family != AF_INET6) ||
	    getnameinfo(address, size, text, ADDRESS_TEXT_BYTES, NULL, 0, NI_NUMERICHOST) != 0) {
		text[0] = '\0';
	}
}
