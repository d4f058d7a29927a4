/* SPDX-License-Identifier: Apache-2.0
 *
 * admission.h - how many connections there may be, in all and from one address.
 *
 * An address is an IPv4 address or an IPv6 /64, the least that one customer of a network gets (RFC 6177). Threads: any.
 */
#pragma once

#include "common/base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct admission;

/* Whom a connection counts against. */
struct admission_address {
	uint8_t bytes[16];
};

struct admission *admission_new(unsigned most, unsigned most_per_address);
void admission_free(struct admission *admission);
/* Counts one in. `peer` is a numeric address. NULL: it may come in, and admission_leave is owed; otherwise why not. */
const char *admission_enter(struct admission *admission, const char *peer, struct admission_address *ret_address);
void admission_leave(struct admission *admission, const struct admission_address *address);
unsigned admission_count(struct admission *admission);
