/* SPDX-License-Identifier: Apache-2.0
 *
 * things.h - the sample contract, and a few messages of it that live as long as the program.
 */
#pragma once

#include "tests/fuzz/fuzz.h"

#include "common/schema/json.h"

const struct schema_source *schema_source_sample(void);

struct things {
	const struct schema *schema;
	const struct schema_type *type;
	const ProtobufCMessage *all[3]; /* full, other values, empty */
};

static const char things_full[] =
	"{\"name\":\"things/a\",\"uid\":\"cafe\",\"etag\":\"x\",\"displayName\":\"Acme Gr\\u00f6\\u00dfe\",\"i32\":-3,\"s64\":\"-5\",\"u32\":7,"
	"\"f64\":\"18446744073709551615\",\"ratio\":0.1,\"score\":2.5,\"flag\":true,\"warmth\":\"WARMTH_HOT\",\"createTime\":\"2026-09-30T12:00:00.5Z\","
	"\"length\":\"90s\",\"worth\":{\"currencyCode\":\"EUR\",\"units\":\"12\",\"nanos\":500000000},\"part\":{\"label\":\"wheel\",\"cost\":\"4\","
	"\"people\":[\"Ann\",\"Bo\"]},\"parts\":[{\"label\":\"one\",\"cost\":\"1\"},{\"label\":\"Two\",\"price\":{\"units\":\"9\",\"currencyCode\":\"USD\"}}],"
	"\"numbers\":[3,5],\"tags\":[\"Gold\",\"a*b\"],\"labels\":{\"size\":\"XL\",\"cost center\":\"7\",\"dotted.key\":\"d\"},"
	"\"slots\":{\"-5\":{\"label\":\"slot\"}},\"switches\":{\"true\":\"8\"},\"maybe\":0,\"rate\":{\"value\":0.25},\"note\":\"it is \\\"so\\\"\"}";
static const char things_other[] =
	"{\"name\":\"things/b\",\"displayName\":\"acme\",\"i32\":4,\"score\":-1e300,\"warmth\":1,\"part\":{\"label\":\"w\"},\"labels\":{\"size\":\"S\"},"
	"\"tags\":[\"gold\"],\"amount\":\"5\",\"wrapped\":\"\",\"weights\":[0.5],\"far\":1}";

static inline const struct things *fuzz_things(void)
{
	static const char *const texts[] = {things_full, things_other, "{}"};
	static struct things things;
	if (things.schema == NULL) {
		static struct arena arena;
		struct status st;
		status_init(&st);
		arena_init(&arena, LIMIT_CALL_ARENA_BYTES);
		things.schema = fuzz_schema(schema_source_sample());
		things.type = schema_type_find(things.schema, "kam.test.v1.Thing");
		for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
			things.all[i] = json_read(things.schema, things.type, bytes_of(texts[i]), &arena, &st);
			assert(things.all[i] != NULL);
		}
	}
	return &things;
}
