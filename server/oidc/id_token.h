/* SPDX-License-Identifier: Apache-2.0
 *
 * id_token.h - an ID token as text: its parts, its header, its claims, and what must hold of them. No key and no clock of its own, so that it can be tried
 * alone.
 *
 * Owns:    everything is in the arena or a part of the token's text.
 * Errors:  UNAUTHENTICATED with the reason in `message`, for the record; whoever sent the token is not told.
 * Source:  RFC 7515 sections 3.1, 4.1 and 5.2 (compact form, crit); RFC 7519 section 4.1; RFC 8725 section 3; OpenID Connect Core 1.0 sections 2 and 3.1.3.7.
 */
#pragma once

#include "common/base/arena.h"
#include "common/base/status.h"

/* The two that every issuer can, one for each kind of key. What a token names otherwise, "none" included, is refused before a key is looked for. */
enum id_token_algorithm { ID_TOKEN_RS256, ID_TOKEN_ES256 };

struct id_token {
	enum id_token_algorithm algorithm;
	const char *key_id;       /* NULL: none is named */
	struct bytes signed_text; /* what the signature is of: header and payload as they stand in the token */
	struct bytes payload, signature;
};

/* Whom a token must be by and for. */
struct id_token_rules {
	const char *issuer, *client_id;
	bool by_email;   /* whose it is says `email`, which the issuer must have verified; otherwise `sub` */
	int64_t now_s;   /* wall clock */
};

struct id_token_claims {
	const char *whose;  /* the value of `email` or `sub` */
	int64_t until_s;    /* from then on it is refused by its times alone, with all that clocks may differ */
};

/* Cuts the token up and reads its header. Nothing of the payload is believed, or looked at, yet. */
bool id_token_read(const char *text, struct arena *arena, struct id_token *ret_token, struct status *st);
/* Reads and judges the claims of a token whose signature holds. */
bool id_token_judge(const struct id_token *token, const struct id_token_rules *rules, struct arena *arena, struct id_token_claims *ret_claims,
                    struct status *st);
