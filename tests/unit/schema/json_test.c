/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON of messages: each form that the proto3 mapping has, what is refused and how that is said, and messages of chance there and back.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/schema/fixture.h"

#include <locale.h>
#include <stdlib.h>

static const char *quoted(const char *text)
{
	char *copy = arena_strdup(&arena, text);
	for (char *p = copy; *p; p++) {
		*p = *p == '\'' ? '"' : *p;
	}
	return copy;
}

/* Reads `json` and expects `canonical` when it is written again; single quotes stand for double ones. */
static void check_both(const char *json, const char *canonical)
{
	assert_string_equal(json_of(thing_type(), thing(json), 0), quoted(canonical));
}

static void check_same(const char *json)
{
	check_both(json, json);
}

static void check_refused_text(const struct schema_type *type, struct bytes json, const char *message)
{
	status_init(&st);
	if (json_read(sample, type, json, &arena, &st)) {
		fail_msg("not refused: %.*s", (int)json.size, (const char *)json.data);
	}
	assert_int_equal(st.code, STATUS_INVALID_ARGUMENT);
	assert_string_equal(st.message, message);
}

static void check_refused(const char *json, const char *message)
{
	check_refused_text(thing_type(), bytes_of(quoted(json)), quoted(message));
}

/* ---- forms ----------------------------------------------------------------------------------------------------------------- */

static void scalars(void **state)
{
	(void)state;
	check_same("{}");
	check_same("{'name':'things/a','i32':-5,'s64':'-9223372036854775808','sf32':-2147483648,'u32':4294967295,'f64':'18446744073709551615',"
	           "'ratio':0.1,'score':0.1,'flag':true,'warmth':'WARMTH_HOT','blob':'AAH/','far':7}");
	check_both("{'s64':5,'f64':18446744073709551615,'i32':'-4','score':'2.5'}", "{'i32':-4,'s64':'5','f64':'18446744073709551615','score':2.5}");
	check_both("{'i32':-1e0,'u32':1e3,'far':1.0,'s64':1.50e2,'f64':120e-1}", "{'i32':-1,'s64':'150','u32':1000,'f64':'12','far':1}");
	check_both("{'score':'NaN','ratio':'-Infinity'}", "{'ratio':'-Infinity','score':'NaN'}");
	check_both("{'score':'Infinity','ratio':3.4028235e38}", "{'ratio':3.4028235e+38,'score':'Infinity'}");
	/* The last two lie half way between two floats, but for a digit that no double keeps. */
	check_both("{'ratio':16777216,'score':1e21}", "{'ratio':16777216,'score':1e+21}");
	check_both("{'ratio':1e-6,'score':100000000000000000000}", "{'ratio':0.000001,'score':100000000000000000000}");
	check_both("{'ratio':1.00000017881393432617187499}", "{'ratio':1.0000001}");
	check_both("{'ratio':1.000000059604644775390625000000000000000001}", "{'ratio':1.0000001}");
	check_both("{'warmth':2}", "{'warmth':'WARMTH_HOT'}");
	check_both("{'warmth':77}", "{'warmth':77}");
	check_both("{'warmth':null,'i32':null,'parts':null,'labels':null,'createTime':null,'maybe':null}", "{}");
}

static void presence(void **state)
{
	(void)state;
	check_same("{'maybe':0,'note':''}");
	check_both("{'i32':0,'displayName':'','flag':false,'score':0}", "{}");
	check_same("{'text':''}");
	check_same("{'amount':'0'}");
	check_both("{'text':null,'amount':'4'}", "{'amount':'4'}");
	check_same("{'rate':{'value':-0}}");
	check_same("{'rate':{'value':0}}");
	check_same("{'part':{}}");
}

static void lists_and_maps(void **state)
{
	(void)state;
	check_same("{'parts':[{},{'label':'x'}],'numbers':[1,2,0],'unpacked':['5'],'tags':['','a']}");
	check_both("{'labels':{'b':'2','a':'1','':'0'},'slots':{'10':{},'-5':{'label':'l'}},'switches':{'true':'1','false':'2'}}",
	           "{'labels':{'':'0','a':'1','b':'2'},'slots':{'-5':{'label':'l'},'10':{}},'switches':{'false':'2','true':'1'}}");
}

static void text(void **state)
{
	(void)state;
	check_same("{'name':'\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f'}");
	check_both("{'name':'\\u00e9\\ud83d\\ude00\\/'}", "{'name':'é😀/'}");
	struct buf out;
	buf_init(&out, &arena);
	json_write_string(&out, "a\xff\xc3(\xed\xa0\x80z\xf0\x9f");
	assert_string_equal(buf_text(&out), "\"a\xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

static void known_types(void **state)
{
	(void)state;
	check_same("{'createTime':'2026-09-30T12:00:00Z','length':'1.500s'}");
	check_both("{'createTime':'2026-09-30T14:00:00.5+02:00','length':'-0.000000001s'}",
	           "{'createTime':'2026-09-30T12:00:00.500Z','length':'-0.000000001s'}");
	check_same("{'length':'315576000000s'}");
	check_same("{'createTime':'0001-01-01T00:00:00Z'}");
	check_same("{'mask':'displayName,optIn.signedOn','wrapped':''}");
	check_both("{'mask':'display_name','wrapped':'x'}", "{'mask':'displayName','wrapped':'x'}");
	check_same("{'mask':''}");
	check_same("{'worth':{'currencyCode':'EUR','units':'-5','nanos':-500000000}}");
	const struct schema_field *paths = schema_field_by_number(type_of("google.protobuf.FieldMask"), 1);
	ProtobufCMessage *mask = message_of(type_of("google.protobuf.FieldMask"), "'optIn.signedOn,labels.Odd_key'");
	assert_int_equal(value_count(mask, paths), 2);
	assert_string_equal(value_get(mask, paths, 0).string, "opt_in.signed_on");
	assert_string_equal(value_get(mask, paths, 1).string, "labels.Odd_key");
}

static void any(void **state)
{
	(void)state;
	check_same("{'any':{}}");
	check_same("{'any':{'@type':'type.googleapis.com/kam.test.v1.Part','label':'x','price':{'units':'1'}}}");
	check_both("{'any':{'label':'x','@type':'a.b/c/kam.test.v1.Part'}}", "{'any':{'@type':'a.b/c/kam.test.v1.Part','label':'x'}}");
	check_same("{'any':{'@type':'type.googleapis.com/google.protobuf.Duration','value':'3s'}}");
	check_same("{'any':{'@type':'type.googleapis.com/google.protobuf.Empty'}}");
	check_both("{'any':{'value':{},'@type':'x/google.protobuf.Empty'}}", "{'any':{'@type':'x/google.protobuf.Empty'}}");
	check_both("{'any':{'value':'3s','@type':'x/google.protobuf.Duration'}}", "{'any':{'@type':'x/google.protobuf.Duration','value':'3s'}}");
	check_both("{'any':{'things':[{}],'@type':'x/kam.test.v1.Page'}}", "{'any':{'@type':'x/kam.test.v1.Page','things':[{}]}}");
	check_same("{'any':{'@type':'type.googleapis.com/google.protobuf.Any','value':{'@type':'x/kam.v1.Money','units':'3'}}}");
	check_same("{'any':{'@type':'x/not.Known','value':'AQI='}}");
	check_refused("{'any':{'label':'x'}}", "any: '@type' is missing, such as type.googleapis.com/kam.v1.Account");
	check_refused("{'any':{'@type':'x/not.Known','label':'y'}}", "any: no such type: 'x/not.Known'");
	check_refused("{'any':{'@type':'kam.test.v1.Part'}}", "any: no such type: 'kam.test.v1.Part'");
	check_refused("{'any':{'@type':5}}", "any.@type: expected the URL of a type, got 5");
	check_refused("{'any':{'@type':'x/google.protobuf.Duration'}}", "any: 'value' is missing beside '@type'");
	check_refused("{'any':{'@type':'x/google.protobuf.Duration','seconds':1}}", "any.seconds: no such field; 'value' holds a google.protobuf.Duration");
	check_refused("{'any':{'@type':'x/google.protobuf.Duration','value':'1s','value':'1s'}}", "any.value: is given twice");
	check_refused("{'any':{'@type':'x/kam.test.v1.Part','@type':'x/kam.test.v1.Part'}}", "any: '@type' is given twice");
	check_refused("{'any':{'@type':'x/kam.test.v1.Part','lable':'y'}}", "any.lable: no such field; did you mean label?");
}

/* Bytes inside of an Any that are damaged, or nested without end, are shown as they are. */
static void any_of_bad_bytes(void **state)
{
	(void)state;
	const struct schema_type *type = type_of("google.protobuf.Any");
	struct value url = {.kind = VALUE_STRING, .string = "x/google.protobuf.Any"};
	struct value bytes = {.kind = VALUE_BYTES, .bytes = {(const uint8_t *)"\xff", 1}};
	for (int depth = 0; depth < 200; depth++) {
		ProtobufCMessage *message = schema_message_new(type, &arena);
		value_set(message, schema_field_by_number(type, 1), url, &arena);
		value_set(message, schema_field_by_number(type, 2), bytes, &arena);
		const char *json = json_of(type, message, 0);
		assert_non_null(strstr(json, "\"value\":\""));
		bytes.bytes = schema_pack(message, &arena);
	}
}

static void options(void **state)
{
	(void)state;
	ProtobufCMessage *message = thing("{'displayName':'x','parts':[{'label':'y'}],'labels':{'a':'b'},'part':{}}");
	assert_string_equal(json_of(thing_type(), message, JSON_PRETTY | JSON_PROTO_NAMES),
	                    "{\n  \"display_name\": \"x\",\n  \"part\": {},\n  \"parts\": [\n    {\n      \"label\": \"y\"\n    }\n  ],\n"
	                    "  \"labels\": {\n    \"a\": \"b\"\n  }\n}");
	assert_string_equal(json_of(type_of("kam.test.v1.Part"), message_of(type_of("kam.test.v1.Part"), "{}"), JSON_DEFAULTS),
	                    "{\"label\":\"\",\"cost\":\"0\",\"people\":[],\"price\":null}");
	/* What was written with defaults reads as what it was without. */
	const char *full = json_of(thing_type(), thing("{'text':'t','maybe':1}"), JSON_DEFAULTS);
	ProtobufCMessage *again = json_read(sample, thing_type(), bytes_of(full), &arena, &st);
	assert_non_null(again);
	assert_string_equal(json_of(thing_type(), again, 0), "{\"maybe\":1,\"text\":\"t\"}");
}

static void secrets_are_not_written(void **state)
{
	(void)state;
	const struct schema_type *part = type_of("kam.test.v1.Part");
	ProtobufCMessage *message = message_of(part, "{'key':'AAAA','label':'l'}");
	assert_int_equal(value_count(message, schema_field_find(part, "key")), 1);
	assert_string_equal(json_of(part, message, JSON_DEFAULTS), "{\"label\":\"l\",\"cost\":\"0\",\"people\":[],\"price\":null}");
}

/* ---- refused --------------------------------------------------------------------------------------------------------------- */

static void wrong_types(void **state)
{
	(void)state;
	check_refused("[]", "expected an object, got a list");
	check_refused("{'i32':'many'}", "i32: expected a whole number, got 'many'");
	check_refused("{'i32':1.5}", "i32: expected a whole number, got 1.5");
	check_refused("{'i32':true}", "i32: expected a whole number, got true");
	check_refused("{'i32':2147483648}", "i32: expected a whole number from -2147483648 to 2147483647, got 2147483648");
	check_refused("{'u32':-1}", "u32: expected a whole number from 0 to 4294967295, got -1");
	check_refused("{'u32':4294967296}", "u32: expected a whole number from 0 to 4294967295, got 4294967296");
	check_refused("{'s64':9223372036854775808}",
	              "s64: expected a whole number from -9223372036854775808 to 9223372036854775807, got 9223372036854775808");
	check_refused("{'f64':1e20}", "f64: expected a whole number from 0 to 18446744073709551615, got 1e20");
	check_refused("{'score':1e400}", "score: expected a number that fits the field, got 1e400");
	check_refused("{'ratio':3.5e38}", "ratio: expected a number that fits the field, got 3.5e38");
	check_refused("{'score':'nan'}", "score: expected a number, got 'nan'");
	check_refused("{'score':' 1'}", "score: expected a number, got ' 1'");
	check_refused("{'flag':'true'}", "flag: expected true or false, got 'true'");
	check_refused("{'name':5}", "name: expected text, got 5");
	check_refused("{'blob':'A'}", "blob: expected base64 text, got 'A'");
	check_refused("{'blob':'AA=A'}", "blob: expected base64 text, got 'AA=A'");
	check_refused("{'warmth':'HOT'}", "warmth: no such value: 'HOT'; did you mean WARMTH_HOT?");
	check_refused("{'warmth':'WARMTH_HTO'}", "warmth: no such value: 'WARMTH_HTO'; did you mean WARMTH_HOT?");
	check_refused("{'warmth':'blue'}", "warmth: no such value: 'blue'");
	check_refused("{'parts':{}}", "parts: expected a list, got an object");
	check_refused("{'parts':[{},{'price':{'units':[]}}]}", "parts[1].price.units: expected a whole number, got a list");
	check_refused("{'parts':[null]}", "parts[0]: expected an object, got null");
	check_refused("{'labels':[]}", "labels: expected an object, got a list");
	check_refused("{'labels':{'a':1}}", "labels.a: expected text, got 1");
	check_refused("{'labels':{'a':null}}", "labels.a: expected text, got null");
	check_refused("{'slots':{'a':{}}}", "slots.a: expected a whole number as the key");
	check_refused("{'slots':{'01':{}}}", "slots.01: expected a whole number as the key");
	check_refused("{'slots':{'4294967296':{}}}", "slots.4294967296: expected a whole number from -2147483648 to 2147483647, got '4294967296'");
	check_refused("{'switches':{'yes':'1'}}", "switches.yes: expected true or false as the key");
	check_refused("{'createTime':'2026-02-30T00:00:00Z'}",
	              "create_time: expected a time such as 2026-09-30T12:00:00Z, got '2026-02-30T00:00:00Z'");
	check_refused("{'length':'5'}", "length: expected a duration in seconds such as 90s or 1.5s, got '5'");
	check_refused("{'length':'315576000001s'}", "length: expected a duration in seconds such as 90s or 1.5s, got '315576000001s'");
	check_refused("{'mask':'a,,b'}", "mask: expected a field name on either side of each comma, got 'a,,b'");
}

static void names(void **state)
{
	(void)state;
	check_refused("{'displayNam':1}", "displayNam: no such field; did you mean displayName?");
	check_refused("{'part':{'labl':1}}", "part.labl: no such field; did you mean label?");
	check_refused("{'quite_other':1}", "quite_other: no such field");
	check_refused("{'displayName':'a','display_name':'b'}", "display_name: is given twice");
	check_refused("{'text':'a','amount':1}", "amount: cannot be given together with text");
	check_refused("{'name':'a','name':'b'}", "name: is given twice");
	check_refused("{'displayName':null,'display_name':'b'}", "display_name: is given twice");
	check_refused("{'text':null,'text':'b'}", "text: is given twice");
	check_refused("{'labels':{'a':'1','b':'2','\\u0061':'3'}}", "labels.a: is given twice");
	check_refused("{'slots':{'-5':{},'7':{},'-5':{}}}", "slots.-5: is given twice");
	const struct schema_type *request = schema_type_find(kam, "kam.v1.CreateAccountRequest");
	check_refused_text(request, bytes_of("{\"account\":{\"employees\":\"many\"}}"), "account.employees: expected a whole number, got \"many\"");
	check_refused_text(request, bytes_of("{\"account\":{\"websit\":\"x\"}}"), "account.websit: no such field; did you mean website?");
}

static void syntax(void **state)
{
	(void)state;
	check_refused("", "JSON, line 1, column 1: the text ends too early");
	check_refused("{'name':'a'", "JSON, line 1, column 12: the text ends too early");
	check_refused("{'name':'a'} x", "JSON, line 1, column 14: something follows the end of the value");
	check_refused("{\n 'i32': -5,\n 'u32': 07\n}", "JSON, line 3, column 9: this is not a number as JSON writes them");
	check_refused("{\n 'i32': -5,\n 'u32': x\n}", "JSON, line 3, column 9: this is not JSON");
	check_refused("{'name':'\\ud800'}", "JSON, line 1, column 10: an escape in a text names no character");
	check_refused("{'name':'\\ude00\\ud83d'}", "JSON, line 1, column 10: an escape in a text names no character");
	check_refused("{'name':'a\\u0000b'}", "JSON, line 1, column 11: text may not hold the character U+0000");
	check_refused("{'name':'\\x41'}", "JSON, line 1, column 10: an escape in a text names no character");
	check_refused("{'name':'\\ud83d\\u0041'}", "JSON, line 1, column 10: an escape in a text names no character");
	check_refused("{'name':'a\nb'}", "JSON, line 1, column 11: a control character in a text must be escaped");
	check_refused("{'name':'\xed\xa0\x80'}", "JSON, line 1, column 10: this is not UTF-8");
	check_refused("{'flag':tru", "JSON, line 1, column 12: the text ends too early");
	check_refused("{'numbers':[1,]}", "JSON, line 1, column 15: this is not JSON");
	check_refused("{'i32':1,}", "JSON, line 1, column 10: this is not JSON");
	check_refused("{5:1}", "JSON, line 1, column 2: this is not JSON");
	check_refused("{'name':'\xff'}", "JSON, line 1, column 10: this is not UTF-8");
	check_refused("{'i32':+1}", "JSON, line 1, column 8: this is not JSON");
	check_refused("{'i32':-}", "JSON, line 1, column 8: this is not a number as JSON writes them");
	check_refused("{'i32':NaN}", "JSON, line 1, column 8: this is not JSON");
	check_refused_text(thing_type(), (struct bytes){(const uint8_t *)"{}\0", 3}, "JSON, line 1, column 3: something follows the end of the value");
	check_both("{'name':'\\\\u0000'}", "{'name':'\\\\u0000'}");
}

/* Every beginning of a valid text is refused, but not by a crash; and so is the text with any one byte changed, or it is read. */
static void damaged_text(void **state)
{
	(void)state;
	const char *json = quoted("{'name':'a\\n\\u00e9','numbers':[1,-2.0,3e0],'labels':{'k':'v'},'any':{'@type':'x/kam.v1.Money','units':'3'},"
	                          "'createTime':'2026-09-30T12:00:00Z','length':'3s','mask':'a,bC','flag':true,'maybe':null}");
	size_t size = strlen(json);
	thing(json);
	for (size_t i = 0; i < size; i++) {
		struct bytes part = {arena_memdup(&arena, json, i), i};
		status_init(&st);
		assert_null(json_read(sample, thing_type(), part, &arena, &st));
		assert_int_equal(st.code, STATUS_INVALID_ARGUMENT);
	}
	for (size_t i = 0; i < 4000; i++) {
		uint8_t *copy = arena_memdup(&arena, json, size);
		copy[chance_below(size)] = (uint8_t)chance();
		status_init(&st);
		ProtobufCMessage *message = json_read(sample, thing_type(), (struct bytes){copy, size}, &arena, &st);
		assert_true(message != NULL || st.code == STATUS_INVALID_ARGUMENT);
		arena_reset(&arena);
		json = quoted("{'name':'a\\n\\u00e9','numbers':[1,-2.0,3e0],'labels':{'k':'v'},'any':{'@type':'x/kam.v1.Money','units':'3'},"
		              "'createTime':'2026-09-30T12:00:00Z','length':'3s','mask':'a,bC','flag':true,'maybe':null}");
	}
}

/* ---- there and back -------------------------------------------------------------------------------------------------------- */

static void check_round_trip(const struct schema *schema, const struct schema_type *type)
{
	static const unsigned option_sets[] = {0, JSON_PRETTY, JSON_PROTO_NAMES, JSON_DEFAULTS, JSON_PRETTY | JSON_PROTO_NAMES | JSON_DEFAULTS};
	struct bytes packed = schema_pack(chance_message(type, 0), &arena);
	const ProtobufCMessage *message = schema_unpack(type, packed, &arena, &st);
	if (!message) {
		fail_msg("%s: %s", type->name, st.message);
	}
	packed = schema_pack(message, &arena);
	for (size_t i = 0; i < sizeof option_sets / sizeof option_sets[0]; i++) {
		struct buf out;
		buf_init(&out, &arena);
		json_write(schema, type, message, option_sets[i], &out);
		const ProtobufCMessage *again = json_read(schema, type, buf_bytes(&out), &arena, &st);
		if (!again) {
			fail_msg("%s: %s\n%s", type->name, st.message, buf_text(&out));
		}
		struct bytes repacked = schema_pack(again, &arena);
		if (!bytes_equal(packed, repacked)) {
			fail_msg("%s: not the same after\n%s", type->name, buf_text(&out));
		}
	}
}

/* Every resource, request and reply of both contracts. */
static void every_type_there_and_back(void **state)
{
	(void)state;
	const struct schema *schemas[] = {kam, sample};
	for (size_t s = 0; s < 2; s++) {
		for (size_t i = 0; i < schema_resources_count(schemas[s]); i++) {
			for (int times = 0; times < 20; times++) {
				arena_reset(&arena);
				check_round_trip(schemas[s], schema_resource_at(schemas[s], i)->type);
			}
		}
		for (size_t i = 0; i < schema_methods_count(schemas[s]); i++) {
			const struct schema_method *method = schema_method_at(schemas[s], i);
			arena_reset(&arena);
			check_round_trip(schemas[s], method->input);
			check_round_trip(schemas[s], method->output);
		}
	}
}

/* A program that took the user's locale must not read or write "1,5" (tests nothing where that locale is not installed). */
static void in_any_locale(void **state)
{
	(void)state;
	setlocale(LC_ALL, "de_DE.UTF-8");
	check_same("{'score':1.5}");
	check_both("{'score':'1.25'}", "{'score':1.25}");
	setlocale(LC_ALL, "C");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
	const struct CMUnitTest tests[] = {
		TEST(scalars), TEST(presence), TEST(lists_and_maps), TEST(text), TEST(known_types), TEST(any), TEST(any_of_bad_bytes), TEST(options),
		TEST(secrets_are_not_written), TEST(wrong_types), TEST(names), TEST(syntax), TEST(damaged_text),
		TEST(every_type_there_and_back), TEST(in_any_locale),
	};
	return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
