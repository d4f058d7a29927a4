/* SPDX-License-Identifier: Apache-2.0
 *
 * oidc.h - sign-in by ID tokens of one issuer: its keys, from a file or fetched and kept, and whether a token is one of its own for us.
 *
 * Owns:    settings are copied; an oidc is freed by whoever made it, after those who verify.
 * Threads: oidc_verify from any; the keys are fetched by a thread of their own, which nobody waits for but one sign-in at a time, whose token names a key that
 *          is not known yet, and that for LIMIT_ISSUER_WAIT_MS at most. Whatever the issuer does, keys that were read stay in use until others were.
 * Source:  OpenID Connect Core 1.0 sections 3.1.3.7 and 10.1.1 (rotation), Discovery 1.0 section 4.
 */
#pragma once

#include "common/base/arena.h"
#include "common/base/status.h"

struct oidc;

struct oidc_settings {
	const char *issuer;    /* as `iss` has it */
	const char *client_id; /* as `aud` has it */
	const char *keys;      /* file, or https address of the key set; "": where the issuer's own description says */
	const char *ca_file;   /* PEM file of the authorities to believe when fetching */
	bool by_email;         /* whose a token is says `email`; otherwise `sub` */
	unsigned refresh_s;    /* keys as old as this are fetched again */
	unsigned retry_s;      /* between two fetches, at least */
};

/* Checks the settings and reads the file with the keys, or the authorities. */
struct oidc *oidc_new(const struct oidc_settings *settings, struct status *st);
/* Starts the thread that fetches, where keys are fetched. */
bool oidc_start(struct oidc *oidc, struct status *st);
/* Reads the file again, or has the keys fetched again. Says in the log how it went. */
void oidc_reload(struct oidc *oidc);
/* Ends the thread. NULL is fine. */
void oidc_free(struct oidc *oidc);

/* Whom kamd must be able to reach: the issuer's port. 0 where keys are in a file. */
uint16_t oidc_port(const struct oidc *oidc);

enum { OIDC_NAME_BYTES = 241, OIDC_ONCE_BYTES = 65 };

struct oidc_identity {
	char name[OIDC_NAME_BYTES]; /* a sign-in name (User.sign_in_names): "oidc:jane@example.com" */
	char once[OIDC_ONCE_BYTES]; /* the same for the same token, however its signature is written */
	int64_t until_s;            /* from then on the token is refused by its times alone */
};

/* Whose token it is. UNAUTHENTICATED with the reason, for the record and for nobody else. */
bool oidc_verify(struct oidc *oidc, const char *token, int64_t now_s, struct arena *arena, struct oidc_identity *ret_identity, struct status *st);
