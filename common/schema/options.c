/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads kam.v1's own options. protobuf-c drops extensions, so they come back as unknown fields of the options messages: number and raw bytes.
 * protoc writes `option (kam.v1.field).a = …` and `(kam.v1.field).b = …` as two such fields; their bytes in a row are one message, for
 * that is how protobuf merges.
 */
#include "common/schema/build.h"
#include "common/schema/wire.h"

#include <assert.h>

/* The extension numbers of options.proto. */
enum { OPTION_FIELD = 50201, OPTION_MESSAGE = 50201, OPTION_RESOURCE = 50202, OPTION_METHOD = 50201 };

static_assert((int)GROUP_INHERIT == (int)KAM__V1__FIELD_GROUP__FIELD_GROUP_INHERIT, "schema.h repeats options.proto");
static_assert((int)FORMAT_PERMISSION == (int)KAM__V1__FORMAT__FORMAT_PERMISSION, "schema.h repeats options.proto");
static_assert((int)INDEX_FOLDED == (int)KAM__V1__INDEX__INDEX_FOLDED, "schema.h repeats options.proto");
static_assert((int)SCOPING_BY_ACCOUNT_ID == (int)KAM__V1__SCOPING__SCOPING_BY_ACCOUNT_ID, "schema.h repeats options.proto");
static_assert((int)VERB_LIST_VERSIONS == (int)KAM__V1__VERB__VERB_LIST_VERSIONS, "schema.h repeats options.proto");
static_assert((int)AUDIENCE_SIGNED_IN == (int)KAM__V1__AUDIENCE__AUDIENCE_SIGNED_IN, "schema.h repeats options.proto");

/* The option as a message in the scratch arena; NULL in `ret_option` where it is not given. `options` may be NULL. */
static bool read_option(struct build *build, const ProtobufCMessage *options, uint32_t number, const ProtobufCMessageDescriptor *pb,
                        ProtobufCMessage **ret_option)
{
	struct buf bytes;
	buf_init(&bytes, build->scratch);
	bool found = false;
	for (unsigned i = 0; options && i < options->n_unknown_fields; i++) {
		const ProtobufCMessageUnknownField *unknown = &options->unknown_fields[i];
		if (unknown->tag != number) {
			continue;
		}
		uint64_t size = 0;
		size_t prefix = wire_varint((struct bytes){unknown->data, unknown->len}, &size);
		if (unknown->wire_type != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED || prefix == 0 || size != unknown->len - prefix) {
			return false;
		}
		buf_add(&bytes, unknown->data + prefix, (size_t)size);
		found = true;
	}
	*ret_option = NULL;
	if (found) {
		*ret_option = protobuf_c_message_unpack(pb, schema_allocator(build->scratch), bytes.size, bytes.data);
	}
	return !found || *ret_option;
}


bool options_field(struct build *build, const Google__Protobuf__FieldDescriptorProto *field, struct schema_rules *ret_rules)
{
	ProtobufCMessage *option;
	if (!read_option(build, (const ProtobufCMessage *)field->options, OPTION_FIELD, &kam__v1__field_rules__descriptor, &option)) {
		return false;
	}
	*ret_rules = (struct schema_rules){0};
	const Kam__V1__FieldRules *rules = (const Kam__V1__FieldRules *)option;
	if (!rules) {
		return true;
	}
	if ((unsigned)rules->group > GROUP_INHERIT || (unsigned)rules->format > FORMAT_PERMISSION || (unsigned)rules->index > INDEX_FOLDED) {
		return false;
	}
	*ret_rules = (struct schema_rules){
		.group = (enum schema_group)rules->group,
		.required = rules->required,
		.immutable = rules->immutable,
		.output_only = rules->output_only,
		.acyclic = rules->acyclic,
		.secret = rules->secret,
		.responsibility = rules->responsibility,
		.person = rules->person,
		.shown_once = rules->shown_once,
		.reference = rules->reference[0] ? arena_strdup(&build->schema->arena, rules->reference) : NULL,
		.max_length = rules->max_length,
		.max_items = rules->max_items,
		.has_minimum = rules->_minimum_case == KAM__V1__FIELD_RULES___MINIMUM_MINIMUM,
		.has_maximum = rules->_maximum_case == KAM__V1__FIELD_RULES___MAXIMUM_MAXIMUM,
		.format = (enum schema_format)rules->format,
		.index = (enum schema_index)rules->index,
	};
	ret_rules->minimum = ret_rules->has_minimum ? rules->minimum : 0;
	ret_rules->maximum = ret_rules->has_maximum ? rules->maximum : 0;
	return true;
}

bool options_message(struct build *build, const Google__Protobuf__DescriptorProto *message, enum schema_group *ret_default_group)
{
	ProtobufCMessage *option;
	if (!read_option(build, (const ProtobufCMessage *)message->options, OPTION_MESSAGE, &kam__v1__message_rules__descriptor, &option)) {
		return false;
	}
	const Kam__V1__MessageRules *rules = (const Kam__V1__MessageRules *)option;
	*ret_default_group = rules ? (enum schema_group)rules->default_group : GROUP_UNSPECIFIED;
	return (unsigned)*ret_default_group <= GROUP_INHERIT;
}

bool options_resource(struct build *build, const Google__Protobuf__DescriptorProto *message, Kam__V1__ResourceRules **ret_rules)
{
	ProtobufCMessage *option;
	if (!read_option(build, (const ProtobufCMessage *)message->options, OPTION_RESOURCE, &kam__v1__resource_rules__descriptor, &option)) {
		return false;
	}
	*ret_rules = (Kam__V1__ResourceRules *)option;
	return !*ret_rules || (unsigned)(*ret_rules)->scoping <= SCOPING_BY_ACCOUNT_ID;
}

bool options_method(struct build *build, const Google__Protobuf__MethodDescriptorProto *proto, struct schema_method *method)
{
	ProtobufCMessage *option;
	if (!read_option(build, (const ProtobufCMessage *)proto->options, OPTION_METHOD, &kam__v1__method_rules__descriptor, &option)) {
		return false;
	}
	const Kam__V1__MethodRules *rules = (const Kam__V1__MethodRules *)option;
	if (!rules) {
		return true;
	}
	if ((unsigned)rules->verb >= VERB_COUNT || (unsigned)rules->audience > AUDIENCE_SIGNED_IN) {
		return false;
	}
	method->permission = rules->permission[0] ? arena_strdup(&build->schema->arena, rules->permission) : NULL;
	method->verb = (enum schema_verb)rules->verb;
	method->audience = (enum schema_audience)rules->audience;
	method->writes = rules->writes;
	method->heavy = rules->heavy;
	method->hashes = rules->hashes;
	method->irreversible = rules->irreversible;
	method->no_token = rules->no_token;
	method->exports = rules->exports || method->verb == VERB_LIST || method->verb == VERB_LIST_VERSIONS;
	return true;
}
