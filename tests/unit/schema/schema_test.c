/* SPDX-License-Identifier: Apache-2.0
 *
 * The contract as tables, looked up in every way there is; and messages unpacked by it. refusal_test.c has the contracts that are refused.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/base/crc32c.h"
#include "common/base/limits.h"
#include "common/schema/schema.h"

#include <google/protobuf/descriptor.pb-c.h>
#include <sample.pb-c.h>

const struct schema_source *schema_source_sample(void);

static struct schema *sample, *kam;

static int set_up(void **state)
{
	struct status st;
	(void)state;
	status_init(&st);
	sample = schema_new(schema_source_sample(), &st);
	kam = schema_new(schema_source_kam(), &st);
	if (!status_ok(&st)) {
		print_error("%s\n", st.message);
	}
	return sample && kam ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	schema_free(sample);
	schema_free(kam);
	return 0;
}

static const struct schema_type *type(const char *name)
{
	const struct schema_type *found = schema_type_find(sample, name);
	assert_non_null(found);
	return found;
}

static const struct schema_field *thing_field(const char *name)
{
	const struct schema_field *found = schema_field_find(type("kam.test.v1.Thing"), name);
	assert_non_null(found);
	return found;
}

/* ---- the tables ------------------------------------------------------------------------------------------------------------ */

static void types_and_fields(void **state)
{
	(void)state;
	const struct schema_type *thing = type("kam.test.v1.Thing");
	assert_ptr_equal(thing->pb, &kam__test__v1__thing__descriptor);
	assert_ptr_equal(schema_type_of(sample, thing->pb), thing);
	assert_string_equal(thing->comment, "A thing.\nIt has every kind of field:\n- scalars,\n- and the rest of them.");
	assert_string_equal(thing->fields[0].name, "name");
	assert_null(schema_type_find(sample, "kam.test.v1.Nothing"));
	assert_null(schema_field_find(thing, "nothing"));

	const struct schema_field *name = thing_field("displayName");
	assert_ptr_equal(name, thing_field("display_name"));
	assert_string_equal(name->comment, "What people call it.");
	assert_string_equal(name->json_name, "displayName");
	assert_true(name->rules.required);
	assert_int_equal(name->rules.max_length, LIMIT_STRING_BYTES);
	assert_int_equal(name->rules.max_items, LIMIT_ITEMS);
	assert_int_equal(name->rules.index, INDEX_FOLDED);
	assert_int_equal(name->rules.index_id, crc32c(0, "things:display_name", strlen("things:display_name")));
	assert_false(name->has_presence);

	assert_int_equal(thing_field("etag")->rules.max_length, 64);
	assert_int_equal(thing_field("parts")->rules.max_items, 7);
	/* Two options on one field are one message. */
	assert_true(thing_field("uid")->rules.output_only);
	assert_int_equal(thing_field("uid")->rules.group, GROUP_PUBLIC);
	const struct schema_rules *bounded = &thing_field("i32")->rules;
	assert_true(bounded->has_minimum && bounded->has_maximum && bounded->minimum <= -5 && bounded->maximum >= 0);
	assert_false(thing_field("u32")->rules.has_minimum);
	assert_int_equal(thing_field("part")->message->fields[0].rules.group, GROUP_INHERIT);

	assert_true(thing_field("part")->has_presence && thing_field("maybe")->has_presence && thing_field("amount")->has_presence);
	assert_false(thing_field("u32")->has_presence);
	assert_true(thing_field("slots")->map && thing_field("slots")->repeated && thing_field("slots")->message->map_entry);
	assert_int_equal(thing_field("slots")->message->fields[1].rules.group, GROUP_INHERIT);
	assert_true(thing_field("parts")->repeated && !thing_field("parts")->map);
	assert_string_equal(thing_field("warmth")->enumeration->name, "kam.test.v1.Warmth");
	assert_string_equal(thing_field("warmth")->enumeration->comment, "How warm.");
	assert_string_equal(thing_field("warmth")->enumeration->values[0].comment, "Not said.");
	assert_string_equal(thing_field("warmth")->enumeration->values[1].comment, "");

	/* Foreign types: bounded by the message limits alone, part of whatever holds them. */
	const struct schema_field *paths = &type("google.protobuf.FieldMask")->fields[0];
	assert_int_equal(paths->rules.max_items, UINT32_MAX);
	assert_int_equal(paths->rules.group, GROUP_INHERIT);
}

static void fields_by_number(void **state)
{
	(void)state;
	const struct schema_type *thing = type("kam.test.v1.Thing");
	for (size_t i = 0; i < thing->fields_count; i++) {
		assert_ptr_equal(schema_field_by_number(thing, thing->fields[i].pb->id), &thing->fields[i]);
	}
	assert_string_equal(schema_field_by_number(thing, 5000)->name, "far");
	static const uint32_t unknown[] = {0, 36, 1023, 1024, 4999, 5001, UINT32_MAX};
	for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
		assert_null(schema_field_by_number(thing, unknown[i]));
	}
	assert_null(schema_field_by_number(type("kam.test.v1.Plan"), 2));
}

static void groups_below(void **state)
{
	(void)state;
	assert_true(type("kam.test.v1.Thing")->has_groups);
	assert_true(type("kam.test.v1.Page")->has_groups);
	assert_true(type("kam.test.v1.Part")->has_groups);
	assert_false(type("kam.test.v1.Leaf")->has_groups);
	assert_false(type("kam.test.v1.Node")->has_groups);
	assert_false(type("kam.v1.Money")->has_groups);
	assert_string_equal(schema_group_name(GROUP_FINANCIAL), "financial");
}

static void resources(void **state)
{
	(void)state;
	const struct schema_resource *thing = schema_resource_find(sample, "things"), *leaf = schema_resource_find(sample, "leaf");
	assert_non_null(thing);
	assert_non_null(leaf);
	assert_ptr_equal(schema_resource_find(sample, "thing"), thing);
	assert_ptr_equal(schema_resource_find(sample, "things/leaves"), leaf);
	assert_ptr_equal(schema_resource_find(sample, "leaves"), leaf);
	assert_null(schema_resource_find(sample, "nothing"));
	assert_string_equal(leaf->collection, "things/leaves");
	assert_ptr_equal(leaf->parent, thing);
	assert_null(thing->parent);
	assert_int_equal(leaf->scoping, SCOPING_ALL_ONLY);
	assert_int_equal(thing->columns_count, 3);
	assert_string_equal(thing->columns[2], "part.label");
	assert_ptr_equal(thing->name, thing_field("name"));
	assert_ptr_equal(thing->create_time, thing_field("create_time"));
	assert_null(thing->delete_time);
	assert_ptr_equal(thing->type, type("kam.test.v1.Thing"));
	assert_ptr_equal(thing->type->resource, thing);
	const struct schema_resource *plan = schema_resource_find(sample, "plan");
	assert_true(plan->singleton && plan->system);
	assert_ptr_equal(plan->parent, thing);
}

static void resource_of_name(void **state)
{
	(void)state;
	static const struct {
		const char *name, *singular;
	} rows[] = {
		{"things/a", "thing"},         {"things/-", "thing"},      {"things/a/leaves/b", "leaf"}, {"things/-/leaves/-", "leaf"},
		{"things/a/plan", "plan"},     {"things", NULL},           {"things/a/leaves", NULL},     {"things/a/plan/b", NULL},
		{"leaves/a", NULL},            {"", NULL},                 {"/things/a", NULL},           {"things/a/", NULL},
		{"things//leaves/b", NULL},    {"things/a/leaves/", NULL}, {"things/a b", NULL},          {"plan", NULL},
		{"things/a/leaves/b/c", NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct schema_resource *found = schema_resource_of_name(sample, rows[i].name);
		if (rows[i].singular) {
			assert_non_null(found);
			assert_string_equal(found->singular, rows[i].singular);
		} else {
			assert_null(found);
		}
	}
}

static void methods(void **state)
{
	(void)state;
	const struct schema_method *get = schema_method_find(sample, "/kam.test.v1.ThingService/GetThing");
	assert_non_null(get);
	assert_string_equal(get->name, "GetThing");
	assert_string_equal(get->comment, "Reads a thing.");
	assert_string_equal(schema_service_comment(sample, get->service), "Things.");
	assert_string_equal(get->permission, "things.read");
	assert_true(get->no_side_effects && get->verb == VERB_GET && !get->writes && !get->server_streaming);
	assert_ptr_equal(schema_method_at(sample, get->index), get);
	const struct schema_resource *thing = schema_resource_find(sample, "things");
	assert_ptr_equal(get->resource, thing);
	assert_ptr_equal(thing->methods[VERB_GET], get);
	assert_null(thing->methods[VERB_DELETE]);
	assert_string_equal(thing->methods[VERB_LIST]->name, "ListThings");
	assert_string_equal(thing->methods[VERB_LIST_VERSIONS]->name, "ListThingVersions");
	assert_true(thing->methods[VERB_CREATE]->writes);

	const struct schema_method *shake = schema_method_find(sample, "/kam.test.v1.ThingService/ShakeThing");
	assert_true(shake->server_streaming && shake->heavy && shake->verb == VERB_CUSTOM);
	assert_ptr_equal(shake->resource, thing);
	const struct schema_method *knock = schema_method_find(sample, "/kam.test.v1.OpenService/Knock");
	assert_true(!knock->permission && knock->audience == AUDIENCE_ANONYMOUS && knock->hashes && !knock->resource);
	assert_null(schema_method_find(sample, "/kam.test.v1.ThingService/Nothing"));
	assert_null(schema_method_find(sample, "kam.test.v1.ThingService/GetThing"));
	assert_null(schema_method_at(sample, schema_methods_count(sample)));

	assert_int_equal(schema_method_find(kam, "/grpc.health.v1.Health/Check")->audience, AUDIENCE_ANONYMOUS);
	assert_int_equal(schema_method_find(kam, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")->audience, AUDIENCE_SIGNED_IN);
	assert_int_equal(schema_method_find(kam, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")->audience, AUDIENCE_SIGNED_IN);
}

static void files_and_symbols(void **state)
{
	(void)state;
	static const char *const symbols[] = {
		"kam.test.v1.Thing",        "kam.test.v1.Thing.display_name", "kam.test.v1.Thing.SlotsEntry",       "kam.test.v1.Warmth",
		"kam.test.v1.WARMTH_HOT",   "kam.test.v1.ThingService",       "kam.test.v1.ThingService.GetThing",
	};
	const struct schema_file *file = schema_file_find(sample, "sample.proto");
	assert_non_null(file);
	for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
		assert_ptr_equal(schema_file_of_symbol(sample, symbols[i]), file);
	}
	assert_string_equal(schema_file_of_symbol(sample, "kam.v1.field")->name, "kam/v1/options.proto");
	assert_string_equal(schema_file_of_symbol(sample, "google.protobuf.FieldDescriptorProto.TYPE_BOOL")->name, "google/protobuf/descriptor.proto");
	assert_null(schema_file_of_symbol(sample, "kam.test.v1.Nothing"));
	bool knows_options = false;
	for (size_t i = 0; i < file->dependencies_count; i++) {
		knows_options |= strcmp(file->dependencies[i], "kam/v1/options.proto") == 0;
	}
	assert_true(knows_options);
	/* Every file's bytes are its own FileDescriptorProto. */
	for (size_t i = 0; i < schema_files_count(kam); i++) {
		const struct schema_file *each = schema_file_at(kam, i);
		Google__Protobuf__FileDescriptorProto *proto = google__protobuf__file_descriptor_proto__unpack(NULL, each->bytes.size, each->bytes.data);
		assert_non_null(proto);
		assert_string_equal(proto->name, each->name);
		assert_ptr_equal(schema_file_find(kam, each->name), each);
		google__protobuf__file_descriptor_proto__free_unpacked(proto, NULL);
	}
	for (size_t i = 0; i < schema_services_count(kam); i++) {
		assert_non_null(schema_file_of_symbol(kam, schema_service_at(kam, i)));
	}
}

/* The real contract holds what the engine takes for granted of it. */
static void contract_of_kam(void **state)
{
	(void)state;
	assert_true(schema_resources_count(kam) > 0);
	for (size_t i = 0; i < schema_resources_count(kam); i++) {
		const struct schema_resource *resource = schema_resource_at(kam, i);
		assert_true(resource->etag || resource->system);
		assert_non_null(resource->methods[VERB_GET]);
		assert_true(resource->type->comment[0] != '\0');
	}
	for (size_t i = 0; i < schema_methods_count(kam); i++) {
		const struct schema_method *method = schema_method_at(kam, i);
		assert_ptr_equal(schema_method_find(kam, method->path), method);
		assert_true(method->permission || method->audience != AUDIENCE_PERMITTED);
	}
}

/* ---- messages -------------------------------------------------------------------------------------------------------------- */

static void unpacks_and_packs(void **state)
{
	(void)state;
	struct arena arena;
	struct status st;
	arena_init(&arena, 1 << 20);
	status_init(&st);
	/* display_name "ab", number 5000 set to 1, an unknown field 100 of value 7. */
	static const uint8_t bytes[] = {0x2a, 2, 'a', 'b', 0xc0, 0xb8, 0x02, 1, 0xa0, 0x06, 7};
	struct bytes input = {bytes, sizeof bytes};
	Kam__Test__V1__Thing *thing = (Kam__Test__V1__Thing *)schema_unpack(type("kam.test.v1.Thing"), input, &arena, &st);
	assert_non_null(thing);
	assert_string_equal(thing->display_name, "ab");
	assert_int_equal(thing->far, 1);
	assert_true(bytes_equal(schema_pack(&thing->base, &arena), input));
	Kam__Test__V1__Thing *empty = (Kam__Test__V1__Thing *)schema_message_new(type("kam.test.v1.Thing"), &arena);
	assert_int_equal(schema_pack(&empty->base, &arena).size, 0);
	assert_non_null(schema_pack(&empty->base, &arena).data);
	assert_null(schema_unpack(type("kam.test.v1.Thing"), (struct bytes){bytes, 3}, &arena, &st));
	assert_int_equal(st.code, STATUS_INVALID_ARGUMENT);
	arena_done(&arena);
}

static void maps_are_settled(void **state)
{
	(void)state;
	struct arena arena;
	struct status st;
	arena_init(&arena, 1 << 20);
	status_init(&st);
	/* labels b=1, a=2, b=3, and an entry without key; slots: 5 without a value, -1 with one of label x, 5 again with an empty one. */
	static const uint8_t bytes[] = {0xb2, 1,    6, 0x0a, 1,    'b',  0x12, 1,    '1',  0xb2, 1,    6,    0x0a, 1,    'a',  0x12, 1,    '2',  0xb2,
	                                1,    6,    0x0a, 1, 'b',  0x12, 1,    '3',  0xb2, 1,    0,    0xba, 1,    2,    0x08, 5,    0xba, 1,    0x10,
	                                0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0x12, 3, 0x0a, 1, 'x'};
	Kam__Test__V1__Thing *thing =
		(Kam__Test__V1__Thing *)schema_unpack(type("kam.test.v1.Thing"), (struct bytes){bytes, sizeof bytes}, &arena, &st);
	assert_non_null(thing);
	assert_int_equal(thing->n_labels, 3);
	assert_string_equal(thing->labels[0]->key, "");
	assert_string_equal(thing->labels[1]->key, "a");
	assert_string_equal(thing->labels[2]->key, "b");
	assert_string_equal(thing->labels[2]->value, "3");
	assert_int_equal(thing->n_slots, 2);
	assert_int_equal(thing->slots[0]->key, -1);
	assert_string_equal(thing->slots[0]->value->label, "x");
	assert_int_equal(thing->slots[1]->key, 5);
	assert_non_null(thing->slots[1]->value);
	arena_done(&arena);
}

/* With any limit the answer is a message, or a status that says that memory ran out. */
static void full_arenas(void **state)
{
	(void)state;
	const struct schema_file *file = schema_file_find(sample, "kam/v1/standard.proto");
	const struct schema_type *file_type = type("google.protobuf.FileDescriptorProto");
	bool passed = false;
	for (size_t limit = 0; !passed; limit += limit / 8 + 16) {
		struct arena arena;
		struct status st;
		arena_init(&arena, limit);
		status_init(&st);
		passed = schema_unpack(file_type, file->bytes, &arena, &st);
		assert_int_equal(st.code, passed ? STATUS_OK : STATUS_RESOURCE_EXHAUSTED);
		assert_true(limit < LIMIT_CALL_ARENA_BYTES);
		arena_done(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_and_fields),  cmocka_unit_test(fields_by_number),   cmocka_unit_test(groups_below),
		cmocka_unit_test(resources),         cmocka_unit_test(resource_of_name),   cmocka_unit_test(methods),
		cmocka_unit_test(files_and_symbols), cmocka_unit_test(contract_of_kam),    cmocka_unit_test(unpacks_and_packs),
		cmocka_unit_test(maps_are_settled),  cmocka_unit_test(full_arenas),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
