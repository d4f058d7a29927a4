/* SPDX-License-Identifier: Apache-2.0
 *
 * url.h - an https address, cut up. Source: RFC 3986 section 3, of which only what issuers use: no user, no fragment.
 */
#pragma once

#include "common/base/status.h"

#include <stdint.h>

enum { URL_BYTES = 1024 };

struct url {
	char address[300];      /* host:port, as common/net wants it */
	char host[300];         /* as the header `host` has it: without the port where that is 443 */
	char path[URL_BYTES];   /* from the slash on, with the query */
	uint16_t port;
};

/* INVALID_ARGUMENT where it is no https address. */
bool url_read(const char *text, struct url *ret_url, struct status *st);
