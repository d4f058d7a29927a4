/* SPDX-License-Identifier: Apache-2.0
 *
 * admission.h - how many connections there may be, in all and from one address, and how much memory they may make kamd keep.
 *
 * Memory is counted for connections that have shown a token and for strangers apart. What a connection keeps beyond LIMIT_CONNECTION_OWN_BYTES comes out of a pool that all
 * share, and one address may take half of that: so nobody's small calls wait for what others hold, be they neighbours.
 *
 * An address is what network.h takes for one. Threads: any.
 */
#pragma once

#include "common/base/network.h"
#include "common/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct admission;

struct admission *admission_new(unsigned most, unsigned most_per_address);
void admission_free(struct admission *admission);
/* Counts one in. `peer` is a numeric address. NULL: it may come in, and admission_leave is owed; otherwise why not. */
const char *admission_enter(struct admission *admission, const char *peer, struct network *ret_address);
void admission_leave(struct admission *admission, const struct network *address);
unsigned admission_count(struct admission *admission);

/* How large the pools are; nothing may be kept before. */
void admission_set_memory(struct admission *admission, size_t strangers_bytes, size_t known_bytes);
/* Counts bytes for a connection from an address that came in; false where they are too many. `spent`: they are kept already, so they count in any case. */
bool admission_keep(struct admission *admission, const struct network *address, bool known, size_t bytes, bool spent);
void admission_let_go(struct admission *admission, const struct network *address, bool known, size_t bytes);
/* How much its address keeps against what it may: 0 no more, 1 more, 2 more by LIMIT_ADDRESS_REPLY_BYTES. */
int admission_pressed(struct admission *admission, const struct network *address, bool known);
