/* SPDX-License-Identifier: Apache-2.0
 *
 * network.h - whom an address counts as: an IPv4 address, or an IPv6 /64, the least that one customer of a network gets (RFC 6177).
 */
#pragma once

#include <stdint.h>

struct network {
	uint8_t bytes[16]; /* IPv4 in the form ::ffff:a.b.c.d; of IPv6 the first half */
};

/* Of a numeric address; what is none counts as one network of its own. */
struct network network_of(const char *address);
