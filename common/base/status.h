/* SPDX-License-Identifier: Apache-2.0
 *
 * status.h - how a call failed, in the words of gRPC, kept by value.
 *
 * Owns:    texts are copied in; field paths and descriptions too (cut at their bounds, with an ellipsis).
 * Errors:  the first failure wins: status_fail on a failed status keeps the first. A fallible function returns bool and takes its
 *          `struct status *` last; `return status_fail(st, …)` is the way out.
 * Source:  google.rpc.Code; AIP-193 for violations and reasons.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum status_code {
	STATUS_OK = 0,
	STATUS_CANCELLED = 1,
	STATUS_UNKNOWN = 2,
	STATUS_INVALID_ARGUMENT = 3,
	STATUS_DEADLINE_EXCEEDED = 4,
	STATUS_NOT_FOUND = 5,
	STATUS_ALREADY_EXISTS = 6,
	STATUS_PERMISSION_DENIED = 7,
	STATUS_RESOURCE_EXHAUSTED = 8,
	STATUS_FAILED_PRECONDITION = 9,
	STATUS_ABORTED = 10,
	STATUS_OUT_OF_RANGE = 11,
	STATUS_UNIMPLEMENTED = 12,
	STATUS_INTERNAL = 13,
	STATUS_UNAVAILABLE = 14,
	STATUS_DATA_LOSS = 15,
	STATUS_UNAUTHENTICATED = 16,
};

enum {
	STATUS_MESSAGE_BYTES = 512,
	STATUS_REASON_BYTES = 48,
	STATUS_FIELD_BYTES = 96,
	STATUS_DESCRIPTION_BYTES = 192,
	STATUS_VIOLATIONS = 16,
};

struct status_violation {
	char field[STATUS_FIELD_BYTES];             /* path from the request's root */
	char description[STATUS_DESCRIPTION_BYTES]; /* what is wrong and how to mend it */
};

struct status {
	enum status_code code;
	char reason[STATUS_REASON_BYTES];   /* ErrorInfo.reason, UPPER_SNAKE_CASE; "" leaves ErrorInfo out */
	char message[STATUS_MESSAGE_BYTES]; /* for the user: one sentence, no secrets, valid UTF-8 */
	uint16_t violations_count;          /* filled in violations[] */
	struct status_violation violations[STATUS_VIOLATIONS];
};

/* A status that says OK. Cheap: touches no violation. */
void status_init(struct status *st);

/* A status of its own for a function that runs often: status_init sets all that is ever read of it, so the compiler need not clear its 5 KiB first. */
#define STATUS_SCRATCH(name)                                   \
	struct status name __attribute__((uninitialized)); \
	status_init(&name)

/* Fails `st` unless it already failed. Always false, so that callers can return it. */
bool status_fail(struct status *st, enum status_code code, const char *reason, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Adds a fault of one field: the status becomes INVALID_ARGUMENT (reason FIELD_INVALID) with the first fault as its message; further
 * faults are listed, past STATUS_VIOLATIONS dropped. Always false. */
bool status_field(struct status *st, const char *field, const char *format, ...) __attribute__((format(printf, 3, 4)));

static inline bool status_ok(const struct status *st)
{
	return st->code == STATUS_OK;
}

/* "NOT_FOUND" and so on; "UNKNOWN" for a number that is none. */
const char *status_code_name(enum status_code code);
/* The other way, for "not_found" too (Connect's spelling); STATUS_UNKNOWN where it is none. */
enum status_code status_code_of_name(const char *name);
