/* SPDX-License-Identifier: Apache-2.0
 *
 * token.h - the text of a token and what of it is kept: "kam~jane~<session>~<43 characters>", "kamapi~jane~<API token>~<43 characters>".
 *
 * It names its session or API token, so that it is found by one read, and carries 256 random bits, of which the store keeps only the BLAKE2b-256 hash.
 */
#pragma once

#include "common/base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TOKEN_HASH_BYTES = 32, TOKEN_TEXT_BYTES = 256, TOKEN_SESSION_ID_BYTES = 17, TOKEN_SECRET_TEXT = 43 /* the last letters of a token */ };

/* Makes a token for a session of a user ("jane"), or one that resets their password; `ret_session_id` gets the session's id, `ret_token` TOKEN_TEXT_BYTES. */
void token_make(const char *user_id, char *ret_session_id, char *ret_token, uint8_t ret_hash[TOKEN_HASH_BYTES]);
/* Makes an API token "kamapi~jane~ci~<43 characters>" of a given id. */
void token_make_api(const char *user_id, const char *id, char *ret_token, uint8_t ret_hash[TOKEN_HASH_BYTES]);
/* Reads a token: the resource name of the session or, for the other prefix, of the API token (LIMIT_NAME_BYTES + 1), and the hash of its secret. */
bool token_parse(const char *token, char *ret_name, uint8_t ret_hash[TOKEN_HASH_BYTES]);
/* A random id of 16 lower-case letters and digits (TOKEN_SESSION_ID_BYTES with its NUL). */
void token_random_id(char *ret_id);
