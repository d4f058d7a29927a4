/* SPDX-License-Identifier: Apache-2.0
 *
 * init.h - making a new data directory: store, secrets, built-in roles, programme, first admin, local CA.
 */
#pragma once

#include "common/schema/schema.h"

struct init_options {
	const char *directory;           /* must not exist, or be empty */
	const char *admin_password_file; /* first line is the password; NULL: one is made and printed */
	const char *const *names;        /* DNS names and addresses of the server's certificate, beside localhost */
	size_t names_count;
};

/* All or nothing: on failure what it made is removed again. `ret_password` (64 bytes) gets the password that was made, "" if it came from a file. */
bool init_directory(const struct init_options *options, const struct schema *schema, char *ret_password, struct status *st);
