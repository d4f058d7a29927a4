/* SPDX-License-Identifier: Apache-2.0
 *
 * The small codecs of rpc: base64, percent, time-outs, gzip under a limit, google.rpc.Status there and back, the query of a GET.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/rpc/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 64 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

static void percent_encodes_what_grpc_wants(void **state)
{
	(void)state;
	assert_string_equal(text_percent("50% of é\t~ \x7f", &arena), "50%25 of %C3%A9%09~ %7F");
	struct bytes back = text_unpercent("50%25 of %c3%A9 %zz %4", 22, false, &arena);
	assert_string_equal(back.data, "50% of é %zz %4");
	back = text_unpercent("a+b%2B", 6, true, &arena);
	assert_string_equal(back.data, "a b+");
}

static void reads_timeouts(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} good[] = {{"1H", 3600000000}, {"2M", 120000000}, {"3S", 3000000}, {"100m", 100000}, {"7u", 7}, {"1n", 1}, {"2000n", 2},
	            {"0S", 0}, {"99999999H", 99999999 * 3600000000}};
	static const char *const bad[] = {"", "S", "1", "1s", "1SS", "123456789S", "-1S", "1 S", " 1S", "1.5S", "+1S"};
	int64_t us;
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_true(text_grpc_timeout(good[i].text, &us));
		assert_int_equal(us, good[i].us);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_false(text_grpc_timeout(bad[i], &us));
	}
	assert_true(text_connect_timeout("9999999999", &us));
	assert_int_equal(us, 9999999999000);
	assert_false(text_connect_timeout("10000000000", &us));
	assert_false(text_connect_timeout("5S", &us));
	assert_false(text_connect_timeout("", &us));
}

static void writes_timeouts_that_never_shrink(void **state)
{
	static const int64_t values[] = {1, 999, 99999998, 99999999, 100000001, 3600000001, 99999999000, 100000000001, 1000000000000000, INT64_MAX / 2};
	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		char text[TEXT_TIMEOUT_BYTES];
		int64_t back;
		text_make_grpc_timeout(values[i], text);
		assert_true(text_grpc_timeout(text, &back));
		assert_true(back >= values[i] || values[i] > INT64_MAX / 4);
		assert_true(back / 2 <= values[i]);
	}
}

static struct bytes gzip(struct bytes in)
{
	z_stream stream = {0};
	uLong bound = in.size + 100 + in.size / 100;
	uint8_t *out = arena_alloc(&arena, bound);
	deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	stream.next_in = (Bytef *)in.data;
	stream.avail_in = (uInt)in.size;
	stream.next_out = out;
	stream.avail_out = (uInt)bound;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	struct bytes result = {out, stream.total_out};
	deflateEnd(&stream);
	return result;
}

static void gzip_inflates_up_to_the_limit(void **state)
{
	struct queue out = {NULL, 0, 0, 0};
	size_t size = 1000000;
	uint8_t *data = arena_alloc(&arena, size);
	(void)state;
	for (size_t i = 0; i < size; i++) {
		data[i] = (uint8_t)(i * i >> 7);
	}
	struct bytes packed = gzip((struct bytes){data, size});
	assert_int_equal(gzip_inflate(packed, size, &out), GZIP_OK);
	assert_true(bytes_equal(queue_bytes(&out), (struct bytes){data, size}));
	assert_int_equal(gzip_inflate(packed, size - 1, &out), GZIP_TOO_LARGE);
	assert_int_equal(gzip_inflate(gzip((struct bytes){data, 0}), 0, &out), GZIP_OK);
	assert_int_equal(queue_size(&out), 0);
	queue_free(&out);
}

static void gzip_refuses_what_is_cut_or_followed(void **state)
{
	struct queue out = {NULL, 0, 0, 0};
	struct bytes packed = gzip(bytes_of("some text that is worth it, some text that is worth it"));
	uint8_t *longer = arena_alloc(&arena, packed.size + 1);
	(void)state;
	for (size_t i = 0; i < packed.size; i++) {
		assert_int_equal(gzip_inflate((struct bytes){packed.data, i}, 1000, &out), GZIP_BAD);
	}
	memcpy(longer, packed.data, packed.size);
	longer[packed.size] = 0;
	assert_int_equal(gzip_inflate((struct bytes){longer, packed.size + 1}, 1000, &out), GZIP_BAD);
	longer[12] ^= 0x55;
	assert_int_equal(gzip_inflate((struct bytes){longer, packed.size}, 1000, &out), GZIP_BAD);
	queue_free(&out);
}

static void gzip_bomb_costs_the_limit_only(void **state)
{
	struct queue out = {NULL, 0, 0, 0};
	size_t size = 16 << 20;
	uint8_t *zeros = arena_calloc(&arena, 1, size);
	(void)state;
	assert_int_equal(gzip_inflate(gzip((struct bytes){zeros, size}), 1 << 20, &out), GZIP_TOO_LARGE);
	assert_true(out.capacity <= 4 << 20);
	queue_free(&out);
}

static void status_round_trips(void **state)
{
	struct status st, back;
	(void)state;
	status_init(&st);
	status_field(&st, "account.display_name", "must not be empty");
	status_field(&st, "account.labels[\"é\"]", "is too long");
	struct bytes bytes = status_encode(&st, &arena);
	assert_true(bytes.size > 0);
	status_init(&back);
	back.code = st.code;
	status_decode(bytes, &back);
	assert_string_equal(back.reason, "FIELD_INVALID");
	assert_int_equal(back.violations_count, 2);
	assert_string_equal(back.violations[0].field, "account.display_name");
	assert_string_equal(back.violations[1].description, "is too long");
	/* Cut anywhere it is read as far as it goes, within bounds (sanitizers watch). */
	for (size_t i = 0; i < bytes.size; i++) {
		uint8_t *copy = malloc(i + 1);
		memcpy(copy, bytes.data, i);
		status_init(&back);
		status_decode((struct bytes){copy, i}, &back);
		assert_true(back.violations_count <= 2);
		free(copy);
	}
	/* And any byte may be wrong. */
	uint8_t *copy = malloc(bytes.size);
	for (size_t i = 0; i < bytes.size; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(copy, bytes.data, bytes.size);
			copy[i] ^= (uint8_t)(1u << bit);
			status_init(&back);
			status_decode((struct bytes){copy, bytes.size}, &back);
		}
	}
	free(copy);
}

static void status_without_details_is_empty_and_many_details_are_bounded(void **state)
{
	struct status st;
	(void)state;
	status_init(&st);
	status_fail(&st, STATUS_NOT_FOUND, "", "no account");
	assert_int_equal(status_encode(&st, &arena).size, 0);
	status_init(&st);
	for (int i = 0; i < STATUS_VIOLATIONS; i++) {
		char field[STATUS_FIELD_BYTES];
		memset(field, 'f', sizeof field - 1);
		field[sizeof field - 1] = '\0';
		status_field(&st, field, "%0190d", i);
	}
	assert_in_range(status_encode(&st, &arena).size, 2000, LIMIT_STATUS_DETAILS_BYTES + STATUS_MESSAGE_BYTES + 300);
}

static void query_is_read_in_any_order(void **state)
{
	struct connect_query q;
	(void)state;
	assert_true(connect_query_parse("message=%7B%22text%22%3a%22a+b%22%7D&encoding=json&connect=v1", &arena, &q));
	assert_true(q.has_message);
	assert_string_equal(q.version, "v1");
	assert_string_equal(q.encoding, "json");
	assert_string_equal(q.message.data, "{\"text\":\"a b\"}");
	assert_true(connect_query_parse("base64=1&connect=v1&&encoding=proto&message=CgNoaSE", &arena, &q));
	assert_true(bytes_equal(q.message, bytes_of("\n\x03hi!")));
	assert_false(connect_query_parse("base64=1&message=!", &arena, &q));
	assert_true(connect_query_parse("", &arena, &q));
	assert_false(q.has_message);
	assert_null(q.version);
	assert_true(connect_query_parse("message&encoding=", &arena, &q));
	assert_int_equal(q.message.size, 0);
	assert_true(q.has_message);
}

static void queue_keeps_its_bytes_while_it_moves(void **state)
{
	struct queue queue = {NULL, 0, 0, 0};
	uint8_t next_in = 0, next_out = 0;
	(void)state;
	for (size_t round = 0; round < 2000; round++) {
		uint8_t piece[97];
		size_t size = round * 13 % sizeof piece;
		for (size_t i = 0; i < size; i++) {
			piece[i] = next_in++;
		}
		assert_true(queue_add(&queue, piece, size));
		size_t out = queue_size(&queue) * (round % 3) / 2;
		for (size_t i = 0; i < out; i++) {
			assert_int_equal(queue.data[queue.head + i], next_out++);
		}
		queue_drop(&queue, out);
	}
	assert_true(queue.capacity < 4096);
	queue_free(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(percent_encodes_what_grpc_wants, set_up, tear_down),
		cmocka_unit_test_setup_teardown(reads_timeouts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(writes_timeouts_that_never_shrink, set_up, tear_down),
		cmocka_unit_test_setup_teardown(gzip_inflates_up_to_the_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(gzip_refuses_what_is_cut_or_followed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(gzip_bomb_costs_the_limit_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(status_round_trips, set_up, tear_down),
		cmocka_unit_test_setup_teardown(status_without_details_is_empty_and_many_details_are_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(query_is_read_in_any_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(queue_keeps_its_bytes_while_it_moves, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
