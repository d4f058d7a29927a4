/* SPDX-License-Identifier: Apache-2.0
 *
 * ID tokens as text, and their signatures: the examples of RFC 7515 appendix A.2 and A.3, and the claims to the second.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/base/base64.h"
#include "common/base/limits.h"
#include "server/oidc/key_set.h"

#include <stdlib.h>

#define PAYLOAD "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define RSA_N                                                                                                        \
	"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-" \
	"pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2Ca" \
	"pHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb5" \
	"4h4FRWyuXpoQ"
#define RSA_KEY "\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\""
#define EC_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define EC_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define EC_KEY "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\""

static const char rsa_token[] =
	"eyJhbGciOiJSUzI1NiJ9." PAYLOAD ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQ"
	"jbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9Q"
	"OYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
static const char ec_token[] =
	"eyJhbGciOiJFUzI1NiJ9." PAYLOAD ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

static struct arena arena;
static struct status st;

static int set_up(void **state)
{
	(void)state;
	status_init(&st);
	arena_init(&arena, 8 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

/* ---- signatures -------------------------------------------------------------------------------------------------------------------- */

static struct key_set *keys_of(const char *text)
{
	status_init(&st);
	return key_set_read(bytes_of(text), &st);
}

static bool verifies(const char *keys_text, const char *token_text)
{
	struct id_token token;
	struct key_set *keys = keys_of(keys_text);
	assert_non_null(keys);
	bool ok = id_token_read(token_text, &arena, &token, &st) && key_set_verify(keys, &token, &st);
	assert_true(ok == status_ok(&st) && (ok || st.code == STATUS_UNAUTHENTICATED));
	key_set_free(keys);
	return ok;
}

static void verifies_the_examples_of_the_rfc(void **state)
{
	static const char both[] = "{\"keys\":[{" RSA_KEY "},{" EC_KEY "}]}";
	char changed[sizeof rsa_token];
	(void)state;
	assert_true(verifies(both, rsa_token));
	assert_true(verifies(both, ec_token));
	assert_false(verifies("{\"keys\":[{" RSA_KEY "}]}", ec_token));
	assert_false(verifies("{\"keys\":[{" EC_KEY "}]}", rsa_token));
	strcpy(changed, rsa_token);
	changed[40] = changed[40] == 'A' ? 'B' : 'A';
	assert_false(verifies(both, changed));
	strcpy(changed, ec_token);
	changed[strlen(changed) - 4] = changed[strlen(changed) - 4] == 'A' ? 'B' : 'A';
	assert_false(verifies(both, changed));
	strcpy(changed, ec_token);
	changed[strlen(changed) - 4] = '\0'; /* 61 bytes of 64 */
	assert_false(verifies(both, changed));
	assert_false(verifies(both, "eyJhbGciOiJFUzI1NiJ9." PAYLOAD "."));
}

static void takes_only_keys_that_are_sound_and_meant_for_it(void **state)
{
	static const char *const none[] = {
		"{\"keys\":[]}", "{}", "[]", "{\"keys\":{}}", "{\"keys\":[1]}", "{\"keys\":[{}]}", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}",
		"{\"keys\":[{" RSA_KEY ",\"use\":\"enc\"}]}", "{\"keys\":[{" RSA_KEY ",\"alg\":\"RS512\"}]}", "{\"keys\":[{" EC_KEY ",\"alg\":\"RS256\"}]}",
		"{\"keys\":[{" RSA_KEY ",\"key_ops\":[\"sign\"]}]}", "{\"keys\":[{" RSA_KEY ",\"key_ops\":\"verify\"}]}",
		"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQ\"}]}", "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAA\"}]}",
		"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp\",\"e\":\"AQAB\"}]}", /* a short one */
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_X "\"}]}",                                   /* not on the curve */
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}]}",
			"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\"}]}",
		"{\"keys\":[{" EC_KEY "}],\"keys\":[]}", "{\"keys\":[{" EC_KEY ",\"kty\":\"EC\"}]}",
	};
	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		struct key_set *keys = keys_of(none[i]);
		if (keys) {
			fail_msg("%s gives %zu keys", none[i], key_set_count(keys));
		}
		assert_false(status_ok(&st));
	}
	struct key_set *keys = keys_of("{\"keys\":[{" RSA_KEY ",\"use\":\"sig\",\"alg\":\"RS256\",\"key_ops\":[\"verify\"],\"x5c\":[\"a\"]},{\"kty\":\"OKP\"}],\"more\":1}");
	assert_non_null(keys);
	assert_int_equal(key_set_count(keys), 1);
	key_set_free(keys);
}

static void finds_the_key_that_is_named(void **state)
{
	struct id_token token = {.algorithm = ID_TOKEN_ES256};
	struct key_set *keys = keys_of("{\"keys\":[{" EC_KEY ",\"kid\":\"a\"},{" EC_KEY ",\"kid\":\"b\"},{" RSA_KEY "}]}");
	(void)state;
	assert_non_null(keys);
	assert_false(key_set_has(keys, &token)); /* which of the two? */
	token.key_id = "b";
	assert_true(key_set_has(keys, &token));
	token.key_id = "c";
	assert_false(key_set_has(keys, &token));
	token.algorithm = ID_TOKEN_RS256;
	token.key_id = "a";
	assert_false(key_set_has(keys, &token));
	token.key_id = NULL;
	assert_true(key_set_has(keys, &token));
	key_set_free(keys);
}

/* ---- the text ----------------------------------------------------------------------------------------------------------------------- */

static const char *encoded(const char *text)
{
	char *made = (char *)(uintptr_t)base64_encode(bytes_of(text), false, &arena);
	for (char *at = made; *at; at++) {
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
	}
	return made;
}

static bool reads(const char *header)
{
	struct id_token token;
	status_init(&st);
	return id_token_read(arena_printf(&arena, "%s.e30.AAAA", encoded(header)), &arena, &token, &st);
}

static void refuses_every_other_header(void **state)
{
	static const char *const bad[] = {
		"{}", "[]", "{\"alg\":\"none\"}", "{\"alg\":\"NONE\"}", "{\"alg\":\"\"}", "{\"alg\":null}", "{\"alg\":[\"RS256\"]}", "{\"alg\":\"HS256\"}",
			"{\"alg\":\"rs256\"}",
		"{\"alg\":\"RS256 \"}", "{\"alg\":\"RS384\"}", "{\"alg\":\"PS256\"}", "{\"alg\":\"ES256K\"}", "{\"alg\":\"EdDSA\"}",
			"{\"alg\":\"RS256\",\"alg\":\"none\"}",
		"{\"alg\":\"RS256\",\"crit\":[]}", "{\"alg\":\"RS256\",\"crit\":[\"exp\"],\"exp\":1}", "{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}",
			"{\"alg\":\"RS256\",\"typ\":1}",
		"{\"alg\":\"RS256\",\"kid\":7}", "{\"alg\":\"RS256\"} x",
	};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (reads(bad[i])) {
			fail_msg("%s was taken", bad[i]);
		}
		assert_int_equal(st.code, STATUS_UNAUTHENTICATED);
	}
	assert_true(reads("{\"alg\":\"RS256\"}") && reads("{\"alg\":\"ES256\",\"typ\":\"jwt\",\"kid\":\"\",\"jku\":\"https://evil.example\"}"));
}

static void refuses_what_is_not_three_parts(void **state)
{
	static const char *const bad[] = {"", ".", "..", "...", "e30", "e30.e30", "eyJhbGciOiJSUzI1NiJ9..AAAA", ".e30.AAAA", "eyJhbGciOiJSUzI1NiJ9.e30.AAAA.AAAA",
	                                  "eyJhbGciOiJSUzI1NiJ9.e30.AA==", "eyJhbGciOiJSUzI1NiJ9.e30.A+AA", "eyJhbGciOiJSUzI1NiJ9.e3 0.AAAA",
	                                  	"eyJhbGciOiJSUzI1NiJ9.e30.AAAA\n"};
	char *longest = calloc(1, LIMIT_ID_TOKEN_BYTES + 2);
	struct id_token token;
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		status_init(&st);
		if (id_token_read(bad[i], &arena, &token, &st)) {
			fail_msg("%s was taken", bad[i]);
		}
	}
	memset(longest, 'A', LIMIT_ID_TOKEN_BYTES + 1);
	memcpy(longest, "eyJhbGciOiJSUzI1NiJ9.e30.", 25);
	status_init(&st);
	assert_false(id_token_read(longest, &arena, &token, &st));
	assert_string_equal(st.message, "it is too long");
	free(longest);
}

/* ---- the claims --------------------------------------------------------------------------------------------------------------------- */

enum { NOW = 1800000000 };

static bool judges(const char *payload, bool by_email, struct id_token_claims *ret_claims)
{
	const struct id_token token = {.payload = bytes_of(payload)};
	const struct id_token_rules rules = {"https://i.example", "kam", by_email, NOW};
	status_init(&st);
	return id_token_judge(&token, &rules, &arena, ret_claims, &st);
}

static bool at(int64_t expires, int64_t issued, int64_t begins)
{
	struct id_token_claims claims;
	return judges(arena_printf(&arena, "{\"iss\":\"https://i.example\",\"aud\":\"kam\",\"sub\":\"s\",\"exp\":%lld,\"iat\":%lld,\"nbf\":%lld}",
		(long long)expires, (long long)issued,
	                           (long long)begins),
	              false, &claims);
}

static void goes_by_the_clock_to_the_second(void **state)
{
	const int64_t skew = LIMIT_ID_TOKEN_SKEW_SECONDS, day = LIMIT_ID_TOKEN_SECONDS;
	(void)state;
	assert_true(at(NOW + 300, NOW, NOW));
	assert_true(at(NOW - skew + 1, NOW - 600, 0));
	assert_false(at(NOW - skew, NOW - 600, 0));
	assert_true(at(NOW + 300, NOW + skew, NOW + skew));
	assert_false(at(NOW + 300, NOW + skew + 1, NOW));
	assert_false(at(NOW + 300, NOW, NOW + skew + 1));
	assert_true(at(NOW + 300, NOW - day + 1, 0));
	assert_false(at(NOW + 300, NOW - day, 0));
	struct id_token_claims claims;
	assert_true(judges("{\"iss\":\"https://i.example\",\"aud\":[\"kam\"],\"sub\":\"s\",\"exp\":1900000000,\"iat\":1799999999.5}", false, &claims));
	assert_int_equal(claims.until_s, 1799999999 + day);
	assert_true(judges("{\"iss\":\"https://i.example\",\"aud\":[\"kam\"],\"sub\":\"s\",\"exp\":1800000010,\"iat\":1.8e9}", false, &claims));
	assert_int_equal(claims.until_s, 1800000010 + skew);
}

static void says_whose_it_is(void **state)
{
	struct id_token_claims claims;
	(void)state;
#define REST "\"iss\":\"https://i.example\",\"aud\":\"kam\",\"exp\":1800000300,\"iat\":1800000000"
	assert_true(judges("{" REST ",\"sub\":\"s\",\"email\":\"a@b.example\",\"email_verified\":true}", true, &claims));
	assert_string_equal(claims.whose, "a@b.example");
	assert_true(judges("{" REST ",\"sub\":\"s\",\"email\":\"a@b.example\"}", false, &claims));
	assert_string_equal(claims.whose, "s");
	assert_false(judges("{" REST ",\"sub\":\"s\",\"email\":\"a@b.example\"}", true, &claims));
	assert_false(judges("{" REST ",\"sub\":\"s\",\"email\":\"a@b.example\",\"email_verified\":1}", true, &claims));
	assert_false(judges("{" REST ",\"sub\":\"\",\"email\":\"a@b.example\",\"email_verified\":true}", true, &claims));
	assert_false(judges("{" REST ",\"sub\":[\"s\"]}", false, &claims));
	assert_false(judges("{" REST ",\"sub\":\"s\",\"sub\":\"t\"}", false, &claims));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(verifies_the_examples_of_the_rfc, set_up, tear_down),
		cmocka_unit_test_setup_teardown(takes_only_keys_that_are_sound_and_meant_for_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(finds_the_key_that_is_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_every_other_header, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_what_is_not_three_parts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(goes_by_the_clock_to_the_second, set_up, tear_down),
		cmocka_unit_test_setup_teardown(says_whose_it_is, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
