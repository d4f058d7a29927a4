/* SPDX-License-Identifier: Apache-2.0
 *
 * kit.h - methods run in the test's own process, against a real store in a directory of its own: requests as JSON, answers as messages. What the server's
 * threads do around a handler is done here in a few lines, and nothing else.
 *
 * Owns:    answers live until kit_done.
 * Threads: one.
 */
#pragma once

#include "server/resource/engine.h"

struct kit {
	char directory[64];
	struct schema *schema;
	struct store *store;
	struct engine engine;
	struct arena arena;
	struct status status;  /* of the last call */
	struct caller caller;  /* who calls; kit_init makes it users/admin, who may do all */
	int64_t now_us;
	uint64_t as_of;        /* for the calls that follow; 0: the present */
	uint64_t revision;     /* of the last call's answer */
};

/* A store with the programme, users/admin and users/jane. */
void kit_init(struct kit *kit, const struct domain *const *domains, size_t count);
void kit_done(struct kit *kit);
/* Runs a method ("kam.v1.PortfolioService/GetPortfolio"). The answer, or NULL with kit->status failed. Changes are committed. */
const void *kit_call(struct kit *kit, const char *method, const char *json_format, ...) __attribute__((format(printf, 3, 4)));
/* The same, and the test fails if the call does; `must_fail` if it does not fail with this code. */
const void *kit_must(struct kit *kit, const char *method, const char *json_format, ...) __attribute__((format(printf, 3, 4)));
void kit_must_fail(struct kit *kit, enum status_code code, const char *method, const char *json_format, ...) __attribute__((format(printf, 4, 5)));
/* From now on calls are made by a user with one grant. */
void kit_become(struct kit *kit, const char *user, const char *permissions, enum scope scope, schema_groups groups);
