/* SPDX-License-Identifier: Apache-2.0
 *
 * Every way in which a contract is refused: the sample's descriptor set is unpacked, spoilt in one place, packed again and offered.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/base/limits.h"
#include "common/schema/schema.h"

#include <google/protobuf/descriptor.pb-c.h>
#include <kam/v1/options.pb-c.h>
#include <sample.pb-c.h>

const struct schema_source *schema_source_sample(void);

typedef void spoil(Google__Protobuf__FileDescriptorSet *set);

/* Arena of the set that is being spoilt. */
static struct arena scratch;

static void *keep(const void *data, size_t size)
{
	void *copy = arena_memdup(&scratch, data, size);
	assert_non_null(copy);
	return copy;
}

static Google__Protobuf__FileDescriptorProto *sample_file(Google__Protobuf__FileDescriptorSet *set)
{
	for (size_t i = 0; i < set->n_file; i++) {
		if (strcmp(set->file[i]->name, "sample.proto") == 0) {
			return set->file[i];
		}
	}
	fail();
	return NULL;
}

static Google__Protobuf__DescriptorProto *message_named(Google__Protobuf__FileDescriptorSet *set, const char *name)
{
	Google__Protobuf__FileDescriptorProto *file = sample_file(set);
	for (size_t i = 0; i < file->n_message_type; i++) {
		if (strcmp(file->message_type[i]->name, name) == 0) {
			return file->message_type[i];
		}
	}
	fail();
	return NULL;
}

static Google__Protobuf__FieldDescriptorProto *field_named(Google__Protobuf__FileDescriptorSet *set, const char *message, const char *name)
{
	Google__Protobuf__DescriptorProto *found = message_named(set, message);
	for (size_t i = 0; i < found->n_field; i++) {
		if (strcmp(found->field[i]->name, name) == 0) {
			return found->field[i];
		}
	}
	fail();
	return NULL;
}

static Google__Protobuf__MethodDescriptorProto *method_named(Google__Protobuf__FileDescriptorSet *set, const char *name)
{
	Google__Protobuf__FileDescriptorProto *file = sample_file(set);
	for (size_t i = 0; i < file->n_service; i++) {
		for (size_t j = 0; j < file->service[i]->n_method; j++) {
			if (strcmp(file->service[i]->method[j]->name, name) == 0) {
				return file->service[i]->method[j];
			}
		}
	}
	fail();
	return NULL;
}

/* Replaces an options message's unknown field of that number by raw bytes, length and all; NULL takes it away. */
static void set_raw(ProtobufCMessage *options, uint32_t number, const void *data, size_t size)
{
	ProtobufCMessageUnknownField *fields = arena_calloc(&scratch, options->n_unknown_fields + 1, sizeof *fields);
	unsigned count = 0;
	for (unsigned i = 0; i < options->n_unknown_fields; i++) {
		if (options->unknown_fields[i].tag != number) {
			fields[count++] = options->unknown_fields[i];
		}
	}
	if (data) {
		fields[count++] = (ProtobufCMessageUnknownField){number, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, size, keep(data, size)};
	}
	options->unknown_fields = fields;
	options->n_unknown_fields = count;
}

static void set_option(ProtobufCMessage *options, uint32_t number, const ProtobufCMessage *option)
{
	uint8_t bytes[512];
	size_t size = protobuf_c_message_get_packed_size(option);
	assert_true(size < 127);
	bytes[0] = (uint8_t)size;
	protobuf_c_message_pack(option, bytes + 1);
	set_raw(options, number, bytes, size + 1);
}

static void set_field_rules(Google__Protobuf__FileDescriptorSet *set, const char *message, const char *name, Kam__V1__FieldRules rules)
{
	Google__Protobuf__FieldDescriptorProto *field = field_named(set, message, name);
	if (!field->options) {
		Google__Protobuf__FieldOptions empty = GOOGLE__PROTOBUF__FIELD_OPTIONS__INIT;
		field->options = keep(&empty, sizeof empty);
	}
	set_option(&field->options->base, 50201, &rules.base);
}

static Kam__V1__FieldRules rules_of_group(Kam__V1__FieldGroup group)
{
	Kam__V1__FieldRules rules = KAM__V1__FIELD_RULES__INIT;
	rules.group = group;
	return rules;
}

static void set_resource(Google__Protobuf__FileDescriptorSet *set, const char *message, const char *pattern, const char *singular, const char *plural)
{
	Kam__V1__ResourceRules rules = KAM__V1__RESOURCE_RULES__INIT;
	rules.pattern = (char *)(uintptr_t)pattern;
	rules.singular = (char *)(uintptr_t)singular;
	rules.plural = (char *)(uintptr_t)plural;
	set_option(&message_named(set, message)->options->base, 50202, &rules.base);
}

static void set_method_rules(Google__Protobuf__FileDescriptorSet *set, const char *name, Kam__V1__Verb verb, bool writes)
{
	Kam__V1__MethodRules rules = KAM__V1__METHOD_RULES__INIT;
	rules.permission = (char *)(uintptr_t) "things.test";
	rules.verb = verb;
	rules.writes = writes;
	set_option(&method_named(set, name)->options->base, 50201, &rules.base);
}

static void no_group(Google__Protobuf__FileDescriptorSet *set)
{
	set_raw(&field_named(set, "Thing", "flag")->options->base, 50201, NULL, 0);
}

static void no_default_group(Google__Protobuf__FileDescriptorSet *set)
{
	set_raw(&message_named(set, "WriteRequest")->options->base, 50201, NULL, 0);
}

static void default_group_on_resource(Google__Protobuf__FileDescriptorSet *set)
{
	Kam__V1__MessageRules rules = KAM__V1__MESSAGE_RULES__INIT;
	rules.default_group = KAM__V1__FIELD_GROUP__FIELD_GROUP_PUBLIC;
	set_option(&message_named(set, "Leaf")->options->base, 50201, &rules.base);
}

static void inherit_on_resource(Google__Protobuf__FileDescriptorSet *set)
{
	set_field_rules(set, "Thing", "flag", rules_of_group(KAM__V1__FIELD_GROUP__FIELD_GROUP_INHERIT));
}

static void unknown_group(Google__Protobuf__FileDescriptorSet *set)
{
	set_field_rules(set, "Thing", "flag", rules_of_group((Kam__V1__FieldGroup)99));
}

static void damaged_option(Google__Protobuf__FileDescriptorSet *set)
{
	set_raw(&field_named(set, "Thing", "flag")->options->base, 50201, "\x02\x08\xff", 3);
}

static void option_cut_short(Google__Protobuf__FileDescriptorSet *set)
{
	/* Not through set_raw: protobuf-c would refuse the set itself if the length went past the options. */
	set_raw(&message_named(set, "Leaf")->options->base, 50202, "\x02\x0a\x05", 3);
}

static void no_permission(Google__Protobuf__FileDescriptorSet *set)
{
	set_raw(&method_named(set, "ShakeThing")->options->base, 50201, NULL, 0);
}

static void recursive_input(Google__Protobuf__FileDescriptorSet *set)
{
	method_named(set, "Knock")->input_type = keep(".kam.test.v1.Node", sizeof ".kam.test.v1.Node");
}

static void recursive_output(Google__Protobuf__FileDescriptorSet *set)
{
	method_named(set, "Knock")->output_type = keep(".kam.test.v1.Node", sizeof ".kam.test.v1.Node");
}

static void unknown_reference(Google__Protobuf__FileDescriptorSet *set)
{
	Kam__V1__FieldRules rules = rules_of_group(KAM__V1__FIELD_GROUP__FIELD_GROUP_PUBLIC);
	rules.reference = (char *)(uintptr_t) "thinks";
	set_field_rules(set, "Leaf", "thing", rules);
}

static void reference_on_number(Google__Protobuf__FileDescriptorSet *set)
{
	Kam__V1__FieldRules rules = rules_of_group(KAM__V1__FIELD_GROUP__FIELD_GROUP_PUBLIC);
	rules.reference = (char *)(uintptr_t) "things";
	set_field_rules(set, "Thing", "u32", rules);
}

static void format_on_number(Google__Protobuf__FileDescriptorSet *set)
{
	Kam__V1__FieldRules rules = rules_of_group(KAM__V1__FIELD_GROUP__FIELD_GROUP_PUBLIC);
	rules.format = KAM__V1__FORMAT__FORMAT_DATE;
	set_field_rules(set, "Thing", "u32", rules);
}

static void minimum_above_maximum(Google__Protobuf__FileDescriptorSet *set)
{
	Kam__V1__FieldRules rules = rules_of_group(KAM__V1__FIELD_GROUP__FIELD_GROUP_PUBLIC);
	rules._minimum_case = KAM__V1__FIELD_RULES___MINIMUM_MINIMUM;
	rules.minimum = 2;
	rules._maximum_case = KAM__V1__FIELD_RULES___MAXIMUM_MAXIMUM;
	rules.maximum = 1;
	set_field_rules(set, "Thing", "u32", rules);
}

static void index_of(Google__Protobuf__FileDescriptorSet *set, const char *message, const char *field, Kam__V1__Index index)
{
	Kam__V1__FieldRules rules = rules_of_group(KAM__V1__FIELD_GROUP__FIELD_GROUP_PUBLIC);
	rules.index = index;
	set_field_rules(set, message, field, rules);
}

static void index_below(Google__Protobuf__FileDescriptorSet *set)
{
	index_of(set, "Part", "label", KAM__V1__INDEX__INDEX_EXACT);
}

static void index_on_message(Google__Protobuf__FileDescriptorSet *set)
{
	index_of(set, "Thing", "part", KAM__V1__INDEX__INDEX_EXACT);
}

static void index_on_bytes(Google__Protobuf__FileDescriptorSet *set)
{
	index_of(set, "Thing", "blob", KAM__V1__INDEX__INDEX_EXACT);
}

static void index_folded_number(Google__Protobuf__FileDescriptorSet *set)
{
	index_of(set, "Thing", "u32", KAM__V1__INDEX__INDEX_FOLDED);
}

static void index_on_message_map(Google__Protobuf__FileDescriptorSet *set)
{
	index_of(set, "Thing", "slots", KAM__V1__INDEX__INDEX_EXACT);
}

/* The CRC-32C of dlpjrry and aiyifwg is the same, and so is that of any text that begins with one or the other. */
static void index_ids_collide(Google__Protobuf__FileDescriptorSet *set)
{
	sample_file(set)->n_service = 0;
	set_resource(set, "Thing", "dlpjrry/{thing}", "thing", "dlpjrry");
	set_resource(set, "Leaf", "aiyifwg/{leaf}", "leaf", "aiyifwg");
	set_resource(set, "Plan", "plan", "plan", "plan");
	set_field_rules(set, "Leaf", "thing", rules_of_group(KAM__V1__FIELD_GROUP__FIELD_GROUP_PUBLIC));
}

static void same_collection(Google__Protobuf__FileDescriptorSet *set)
{
	set_resource(set, "Leaf", "things/{leaf}", "leaf", "leaves");
}

static void same_plural(Google__Protobuf__FileDescriptorSet *set)
{
	set_resource(set, "Leaf", "things/{thing}/leaves/{leaf}", "leaf", "things");
}

static void no_plural(Google__Protobuf__FileDescriptorSet *set)
{
	set_resource(set, "Leaf", "things/{thing}/leaves/{leaf}", "leaf", "");
}

static void no_parent(Google__Protobuf__FileDescriptorSet *set)
{
	set_resource(set, "Leaf", "thongs/{thing}/leaves/{leaf}", "leaf", "leaves");
}

static void below_singleton(Google__Protobuf__FileDescriptorSet *set)
{
	set_resource(set, "Leaf", "things/{thing}/plan/{leaf}/leaves/{leaf}", "leaf", "leaves");
}

static void no_name_field(Google__Protobuf__FileDescriptorSet *set)
{
	set_resource(set, "WriteRequest", "requests/{request}", "request", "requests");
}

static void unknown_column(Google__Protobuf__FileDescriptorSet *set)
{
	Kam__V1__ResourceRules rules = KAM__V1__RESOURCE_RULES__INIT;
	char *columns[] = {(char *)(uintptr_t) "name", (char *)(uintptr_t) "nothing"};
	rules.pattern = (char *)(uintptr_t) "things/{thing}/leaves/{leaf}";
	rules.singular = (char *)(uintptr_t) "leaf";
	rules.plural = (char *)(uintptr_t) "leaves";
	rules.n_columns = 2;
	rules.columns = columns;
	set_option(&message_named(set, "Leaf")->options->base, 50202, &rules.base);
}

static void list_without_resource(Google__Protobuf__FileDescriptorSet *set)
{
	method_named(set, "ListThings")->output_type = keep(".kam.v1.Money", sizeof ".kam.v1.Money");
}

static void list_without_token(Google__Protobuf__FileDescriptorSet *set)
{
	method_named(set, "ListThings")->input_type = keep(".kam.v1.GetRequest", sizeof ".kam.v1.GetRequest");
}

static void get_without_resource(Google__Protobuf__FileDescriptorSet *set)
{
	method_named(set, "GetThing")->output_type = keep(".kam.test.v1.Page", sizeof ".kam.test.v1.Page");
}

static void get_without_name(Google__Protobuf__FileDescriptorSet *set)
{
	method_named(set, "GetThing")->input_type = keep(".kam.v1.ListRequest", sizeof ".kam.v1.ListRequest");
}

static void create_without_resource(Google__Protobuf__FileDescriptorSet *set)
{
	method_named(set, "CreateThing")->input_type = keep(".kam.v1.GetRequest", sizeof ".kam.v1.GetRequest");
}

static void versions_without_get(Google__Protobuf__FileDescriptorSet *set)
{
	set_method_rules(set, "Knock", KAM__V1__VERB__VERB_LIST_VERSIONS, false);
}

static void create_that_reads(Google__Protobuf__FileDescriptorSet *set)
{
	set_method_rules(set, "CreateThing", KAM__V1__VERB__VERB_CREATE, false);
}

static void get_that_writes(Google__Protobuf__FileDescriptorSet *set)
{
	set_method_rules(set, "ListThings", KAM__V1__VERB__VERB_LIST, true);
}

static void side_effects(Google__Protobuf__FileDescriptorSet *set)
{
	set_method_rules(set, "GetThing", KAM__V1__VERB__VERB_UNSPECIFIED, true);
}

static void two_gets(Google__Protobuf__FileDescriptorSet *set)
{
	set_method_rules(set, "ShakeThing", KAM__V1__VERB__VERB_GET, false);
	method_named(set, "ShakeThing")->server_streaming = false;
}

static void streaming_get(Google__Protobuf__FileDescriptorSet *set)
{
	method_named(set, "GetThing")->has_server_streaming = true;
	method_named(set, "GetThing")->server_streaming = true;
}

static void unknown_verb(Google__Protobuf__FileDescriptorSet *set)
{
	set_method_rules(set, "ShakeThing", (Kam__V1__Verb)99, false);
}

static void unknown_input(Google__Protobuf__FileDescriptorSet *set)
{
	method_named(set, "Knock")->input_type = keep(".kam.test.v1.Nothing", sizeof ".kam.test.v1.Nothing");
}

static void other_field_number(Google__Protobuf__FileDescriptorSet *set)
{
	field_named(set, "Thing", "flag")->number = 999;
}

static void other_field_type(Google__Protobuf__FileDescriptorSet *set)
{
	field_named(set, "Thing", "part")->type_name = keep(".kam.test.v1.Page", sizeof ".kam.test.v1.Page");
}

static void field_more(Google__Protobuf__FileDescriptorSet *set)
{
	message_named(set, "Page")->n_field--;
}

static void message_without_code(Google__Protobuf__FileDescriptorSet *set)
{
	message_named(set, "Page")->name = keep("Pages", sizeof "Pages");
}

static void file_twice(Google__Protobuf__FileDescriptorSet *set)
{
	set->file[0] = set->file[1];
}

static void expect_refusal(spoil *spoil_set, const char *phrase)
{
	const struct schema_source *source = schema_source_sample();
	struct status st;
	status_init(&st);
	arena_init(&scratch, LIMIT_CALL_ARENA_BYTES);
	Google__Protobuf__FileDescriptorSet *set = google__protobuf__file_descriptor_set__unpack(
		schema_allocator(&scratch), source->descriptor_set.size, source->descriptor_set.data);
	assert_non_null(set);
	spoil_set(set);
	struct schema_source spoilt = {schema_pack(&set->base, &scratch), source->messages, source->messages_count};
	struct schema *schema = schema_new(&spoilt, &st);
	if (schema || !strstr(st.message, phrase)) {
		print_error("expected \"%s\", got \"%s\"\n", phrase, schema ? "a schema" : st.message);
	}
	assert_null(schema);
	assert_int_equal(st.code, STATUS_INTERNAL);
	assert_non_null(strstr(st.message, phrase));
	arena_done(&scratch);
}

static void refusals(void **state)
{
	(void)state;
	static const struct {
		spoil *spoil;
		const char *phrase;
	} rows[] = {
		{no_group, "field kam.test.v1.Thing.flag belongs to no group"},
		{no_default_group, "field kam.test.v1.WriteRequest.thing belongs to no group"},
		{default_group_on_resource, "resource kam.test.v1.Leaf has a default_group"},
		{inherit_on_resource, "must name its own group"},
		{unknown_group, "options of kam.test.v1.Thing.flag"},
		{damaged_option, "options of kam.test.v1.Thing.flag"},
		{option_cut_short, "options of message kam.test.v1.Leaf"},
		{no_permission, "ShakeThing declares neither a permission nor an audience"},
		{recursive_input, "kam.test.v1.Node can contain itself, through kam.test.v1.Node.kids"},
		{recursive_output, "kam.test.v1.Node can contain itself"},
		{unknown_reference, "refers to \"thinks\""},
		{reference_on_number, "holds a reference but is no string"},
		{format_on_number, "has a format but is no string"},
		{minimum_above_maximum, "minimum above its maximum"},
		{index_below, "kam.test.v1.Part is no resource"},
		{index_on_message, "Thing.part cannot be indexed"},
		{index_on_bytes, "Thing.blob cannot be indexed"},
		{index_folded_number, "Thing.u32 cannot be indexed"},
		{index_on_message_map, "Thing.slots cannot be indexed"},
		{index_ids_collide, "the index ids of"},
		{same_collection, "are both called \"things\""},
		{same_plural, "are both called \"things\""},
		{no_plural, "does not say its singular and plural"},
		{no_parent, "nothing is called thongs"},
		{below_singleton, "nothing is called things/plan"},
		{no_name_field, "has no string field \"name\""},
		{unknown_column, "column nothing of kam.test.v1.Leaf"},
		{list_without_resource, "exactly one repeated resource field"},
		{list_without_token, "page_token"},
		{get_without_resource, "answer with a resource"},
		{get_without_name, "string field \"name\""},
		{create_without_resource, "exactly one field of its type"},
		{versions_without_get, "service with a VERB_GET"},
		{create_that_reads, "must declare \"writes\""},
		{get_that_writes, "must not declare \"writes\""},
		{side_effects, "free of side effects"},
		{two_gets, "have the same verb"},
		{streaming_get, "must not stream"},
		{unknown_verb, "options of /kam.test.v1.ThingService/ShakeThing"},
		{unknown_input, "Knock is not in the descriptor set"},
		{other_field_number, "lacks field flag"},
		{other_field_type, "the type of kam.test.v1.Thing.part"},
		{field_more, "others than its generated code"},
		{message_without_code, "no code was generated for message kam.test.v1.Pages"},
		{file_twice, "twice"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		expect_refusal(rows[i].spoil, rows[i].phrase);
	}
}

static const char *pattern;

static void with_pattern(Google__Protobuf__FileDescriptorSet *set)
{
	set_resource(set, "Leaf", pattern, "leaf", "leaves");
}

static void malformed_patterns(void **state)
{
	(void)state;
	static const char *const patterns[] = {
		"", "/", "/things", "things/", "things//", "{thing}", "things/thing", "things/{thing", "things/thing}", "things/{}", "things/{Thing}",
		"things/{a-b}", "things/{thing}/{leaf}", "th1ngs/{thing}", "thin gs/{thing}", "things/{a}{b}", "things/{thing}/leaves/leaf",
		"a/{a}/b/{b}/c/{c}/d/{d}/e/{e}", "things/{thing}x",
	};
	for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
		pattern = patterns[i];
		expect_refusal(with_pattern, "is not of the form");
	}
}

static void damaged_sets(void **state)
{
	(void)state;
	const struct schema_source *source = schema_source_sample();
	struct status st;
	static const size_t sizes[] = {1, 2, 3, 100, 1000};
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct schema_source cut = *source;
		cut.descriptor_set.size -= sizes[i];
		status_init(&st);
		assert_null(schema_new(&cut, &st));
		assert_int_equal(st.code, STATUS_INTERNAL);
	}
	struct schema_source without_code = *source;
	without_code.messages_count = 0;
	status_init(&st);
	assert_null(schema_new(&without_code, &st));
	assert_non_null(strstr(st.message, "no code was generated"));
}

static void fingerprint_tells_indexes_apart(void **state)
{
	(void)state;
	struct status st;
	status_init(&st);
	struct schema *sample = schema_new(schema_source_sample(), &st), *again = schema_new(schema_source_sample(), &st);
	assert_true(schema_index_fingerprint(again) == schema_index_fingerprint(sample));
	schema_free(again);

	arena_init(&scratch, LIMIT_CALL_ARENA_BYTES);
	const struct schema_source *source = schema_source_sample();
	Google__Protobuf__FileDescriptorSet *set = google__protobuf__file_descriptor_set__unpack(
		schema_allocator(&scratch), source->descriptor_set.size, source->descriptor_set.data);
	index_of(set, "Thing", "u32", KAM__V1__INDEX__INDEX_EXACT);
	struct schema_source more = {schema_pack(&set->base, &scratch), source->messages, source->messages_count};
	struct schema *other = schema_new(&more, &st);
	assert_non_null(other);
	assert_true(schema_index_fingerprint(other) != schema_index_fingerprint(sample));
	schema_free(other);
	schema_free(sample);
	arena_done(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals),
		cmocka_unit_test(malformed_patterns),
		cmocka_unit_test(damaged_sets),
		cmocka_unit_test(fingerprint_tells_indexes_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
