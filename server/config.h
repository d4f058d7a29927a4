/* SPDX-License-Identifier: Apache-2.0
 *
 * config.h - the settings of kamd: one table gives the INI file, its commented sample and the help.
 */
#pragma once

#include "server/access/settings.h"
#include "server/rpc/server.h"

#include <stdbool.h>
#include <stdint.h>

enum { CONFIG_TEXT_BYTES = 256 };

struct config {
	char listen[CONFIG_TEXT_BYTES];
	char certificate[CONFIG_TEXT_BYTES]; /* "": DIR/tls/server.pem */
	char key[CONFIG_TEXT_BYTES];         /* "": DIR/tls/server.key */
	bool tls_intermediate;
	char client_ca[CONFIG_TEXT_BYTES];   /* "": client certificates are not asked for */
	unsigned workers, readers;
	char web_directory[CONFIG_TEXT_BYTES]; /* "": no page */
	char web_origins[CONFIG_TEXT_BYTES];   /* separated by blanks */
	char oidc_issuer[CONFIG_TEXT_BYTES]; /* "": no sign-in by ID token */
	char oidc_client_id[CONFIG_TEXT_BYTES];
	char oidc_keys[CONFIG_TEXT_BYTES];   /* file or https address; "": by discovery */
	char oidc_ca[CONFIG_TEXT_BYTES];
	char oidc_claim[CONFIG_TEXT_BYTES];  /* "email" or "sub" */
	unsigned oidc_refresh_seconds, oidc_retry_seconds;
	unsigned compress_bytes;
	uint64_t store_mib;
	struct server_limits limits;
	struct access_settings access;
	char log_level[CONFIG_TEXT_BYTES];
	char sandbox[CONFIG_TEXT_BYTES]; /* "on", "require" or "off" */
	bool core_dumps;
};

/* The defaults. */
void config_init(struct config *config);
/* Reads an INI file over them. INVALID_ARGUMENT names the line, the key and what it should be. */
bool config_read(struct config *config, const char *file, struct status *st);
/* Every key with its section, meaning, range and default, as a sample file that can be read back. */
void config_print_sample(void);
