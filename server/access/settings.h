/* SPDX-License-Identifier: Apache-2.0
 *
 * settings.h - what signing in goes by, as the configuration has it. Set before any thread runs, and not changed afterwards.
 */
#pragma once

#include "common/base/limits.h"

/* Of argon2id, one lane. */
struct password_cost {
	unsigned memory_mib, passes;
};

/* How many sign-ins may fail; each allowance is full again `failures_s` after it was empty. throttle.h says what each is for. */
struct throttle_limits {
	unsigned failures, failures_per_user, failures_per_address, failures_s;
};

struct access_settings {
	struct password_cost password;
	unsigned session_idle_s, session_s;
	struct throttle_limits throttle;
};

#define ACCESS_SETTINGS_STANDARD                                                                                                       \
	((struct access_settings){                                                                                                     \
		.password = {LIMIT_PASSWORD_MEMORY_MIB, LIMIT_PASSWORD_PASSES},                                                        \
		.session_idle_s = LIMIT_SESSION_IDLE_SECONDS,                                                                          \
		.session_s = LIMIT_SESSION_SECONDS,                                                                                    \
		.throttle = {LIMIT_SIGN_IN_FAILURES, LIMIT_SIGN_IN_FAILURES_PER_USER, LIMIT_SIGN_IN_FAILURES_PER_ADDRESS, LIMIT_SIGN_IN_FAILURES_SECONDS}, \
	})
