/* SPDX-License-Identifier: Apache-2.0
 *
 * A token is base64url(MAC ‖ position). The MAC is keyed BLAKE2b over method, caller, query and position, so that a token works only for the list that gave it and
 * only for whom it was given; the position itself holds nothing but what the last page showed.
 */
#include "server/resource/engine.h"

#include <sodium.h>

enum { MAC_BYTES = 16 };

static void authenticate(const struct call *call, struct bytes query, struct bytes position, uint8_t ret_mac[MAC_BYTES])
{
	crypto_generichash_state state;
	const char *parts[] = {call->method->path, call->caller->user};
	crypto_generichash_init(&state, call->engine->access.token_key, sizeof call->engine->access.token_key, MAC_BYTES);
	for (size_t i = 0; i < 2; i++) {
		crypto_generichash_update(&state, (const uint8_t *)parts[i], strlen(parts[i]) + 1);
	}
	uint64_t size = query.size;
	crypto_generichash_update(&state, (const uint8_t *)&size, sizeof size);
	crypto_generichash_update(&state, query.data, query.size);
	crypto_generichash_update(&state, position.data, position.size);
	crypto_generichash_final(&state, ret_mac, MAC_BYTES);
}

const char *page_token_make(struct call *call, struct bytes query, struct bytes position)
{
	size_t size = MAC_BYTES + position.size;
	uint8_t *plain = arena_alloc(call->arena, size);
	size_t text_size = sodium_base64_encoded_len(size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *text = arena_alloc(call->arena, text_size);
	if (!plain || !text) {
		return "";
	}
	authenticate(call, query, position, plain);
	if (position.size > 0) {
		memcpy(plain + MAC_BYTES, position.data, position.size);
	}
	return sodium_bin2base64(text, text_size, plain, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* libsodium 1.0.18 takes every byte from 0x80 on for the digit '_'. */
static bool is_ascii(const char *text)
{
	while (*text && (unsigned char)*text < 0x80) {
		text++;
	}
	return *text == '\0';
}

bool page_token_read(struct call *call, struct bytes query, const char *token, struct bytes *ret_position)
{
	size_t text_size = strlen(token), size;
	uint8_t *plain = arena_alloc(call->arena, text_size + 1), mac[MAC_BYTES];
	if (!plain || !is_ascii(token) ||
	    sodium_base642bin(plain, text_size, token, text_size, NULL, &size, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 || size < MAC_BYTES) {
		return status_field(call->status, "page_token", "is not one that kam gave; start again without it");
	}
	struct bytes position = {plain + MAC_BYTES, size - MAC_BYTES};
	authenticate(call, query, position, mac);
	if (sodium_memcmp(mac, plain, MAC_BYTES) != 0) {
		return status_field(call->status, "page_token", "belongs to another list: repeat the request that gave it, unchanged, or start again without it");
	}
	*ret_position = position;
	return true;
}
