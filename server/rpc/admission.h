/* SPDX-License-Identifier: Apache-2.0
 *
 * admission.h - how many connections there may be, in all and from one address.
 *
 * An address is what network.h takes for one. Threads: any.
 */
#pragma once

#include "common/base/network.h"
#include "common/base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct admission;

struct admission *admission_new(unsigned most, unsigned most_per_address);
void admission_free(struct admission *admission);
/* Counts one in. `peer` is a numeric address. NULL: it may come in, and admission_leave is owed; otherwise why not. */
const char *admission_enter(struct admission *admission, const char *peer, struct network *ret_address);
void admission_leave(struct admission *admission, const struct network *address);
unsigned admission_count(struct admission *admission);
