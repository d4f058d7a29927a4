# SPDX-License-Identifier: Apache-2.0
"""JSON texts of every.proto, written by hand: which of them are messages, and which are not. Grouped by the field of Every that they stand in.

VALID: we and buf read the same message. INVALID: neither does. UNKNOWN: we refuse it by the path of what is unknown. STRICTER: only buf takes it.
LOOSER: only we do. OTHERWISE: both do, but not as the same message. The last three say why; json_test.py sees to it that each line is still true.
"""

NUMBERS_WHOLE = ["0", "1", "-1", '"1"', '"-1"', "1.0", "1e0", "10e-1", "1.5e1", "15E+0", '"1e2"', '"1.0"', "2147483647", "-2147483648", "-0", "-0.0",
                 "0e5", "0.0e-5", "1000000000e-9", "0.000001e6", "1.0000000000000000000000000", "null"]
NUMBERS_NOT = ["01", "-01", "00", "+1", "1.", ".5", "1e+", "1.e1", "-", "--1", "0x10", "1_000", "Infinity", "NaN", "-Infinity", "1.5", "1e-1",
               '""', '" 1"', '"1 "', '"+1"', '"01"', '"0x1"', '"1."', '".5"', '"1e"', '"NaN"', '"one"', '"1,5"', "true", "false", "{}", "[]", "[1]",
               '{"value":1}', "1e400", "1e-400", "1 2", "tru", "nul", "'1'", "1e99999999999999999999", '"1\\n"', '"1.5"']
INT32_NOT = ["2147483648", "-2147483649", '"2147483648"', "3e9", "-1e10", "2147483647.5"]
UINT32 = ["4294967295", '"4294967295"', "4.294967295e9", "4294967295.000"]
UINT32_NOT = ["4294967296", "-1", '"-1"', "-1.0", "-1e-1"]
INT64 = ["9223372036854775807", "-9223372036854775808", '"9223372036854775807"', '"-9223372036854775808"', "9.223372036854775807e18", "1e18",
         "9007199254740993", '"9007199254740993"', "-922337203685477580800e-2"]
INT64_NOT = ["9223372036854775808", "-9223372036854775809", '"9223372036854775808"', "1e19", "9.2233720368547758075e18"]
UINT64 = ["18446744073709551615", '"18446744073709551615"', "1.8446744073709551615e19", "1e19"]
UINT64_NOT = ["18446744073709551616", "-1", '"-1"', "1e20", '"1e20"']

FLOATING = ["0", "1", "-1.5", '"1.5"', "1e3", "1E-3", '"1e3"', '"NaN"', '"Infinity"', '"-Infinity"', "0.1", "3.4028234e38", "-3.4028235e38", "3.40282351e38",
            "1e-45", "1e-50", "1e-400", "1.17549435e-38", "16777217", "9007199254740993", "123456789012345678901234567890", "null",
            "0.30000001192092896", "7.006492321624085e-46", "7.006492321624086e-46", "1.00000005960464477539062", "1.000000059604644775390625",
            "1.00000017881393432617187499", "1.000000178813934326171875", "1.00000017881393432617187501", "1.000000059604644775390625000000000000001"]
FLOATING_NOT = ["NaN", "Infinity", "-Infinity", "nan", '"nan"', '"inf"', '"infinity"', '"+Infinity"', '"-NaN"', '"INF"', '""', '" 1"', '"1 "', "1e400",
                '"1e400"', "-1e309", "01", "1.", ".5", "+1", "true", "[]", "{}", '"0x1p3"', '"1_0"', '"1e"']
FLOAT_NOT = ["3.40282357e38", "3.5e38", "-1e39", '"1e39"']
DOUBLE = ["3.40282357e38", "1e308", "1.7976931348623157e308", "1.7976931348623158e308", "5e-324", "2e-324", "2.4703282292062327e-324",
          "2.4703282292062328e-324", "2.2250738585072011e-308", "9007199254740992.9999999999999", "0.1000000000000000055511151231257827021181583404541015625"]

STRINGS = ['""', '"a"', '"\\u00e9"', '"é"', '"\\ud83d\\ude00"', '"\\uD83D\\uDE00"', '"😀"', '"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\u0001\\u001f\\u007f"', '"\x7f"',
           '"\u2028\ufeff\u202e"', '"\\ufffe\\uffff"', '"\uffff\U0010ffff"', '"' + "x" * 5000 + '"', "null", '"null"', '"\\\\u0000"']
STRINGS_NOT = ["1", "true", "{}", '["a"]', '"', '"a', '"\\"', '"\\x41"', '"\\u12"', '"\\u12g4"', '"\\ud800"', '"\\udc00"', '"\\ud800x"', '"\\ud800\\u0041"',
               '"\\udc00\\ud800"', '"\\ud800\\ud800"', '"a\nb"', '"a\tb"', '"\x01"', '"\x00"', "'a'", "a", '"a""b"', '"\\U00000041"', '"\\\'"', '"\\0"', '"\\a"',
               '"\\ud800\\"', '"\\u"', '"\\ud800\\u']
BYTES_OF_STRINGS_NOT = [b'"\xff"', b'"\xc3"', b'"\xc3("', b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\xf0\x9f\x98"', b'"\xf8\x88\x80\x80\x80"']
BYTES = ['""', '"AA=="', '"AA"', '"AAA="', '"AAA"', '"AAAA"', '"+/+/"', '"-_-_"', '"+/8="', '"-_8="', '"-_8"', '"AB=="', '"AAB="', "null"]
BYTES_NOT = ['"A"', '"A==="', '"AAAAA"', '"AA=A"', '"=AAA"', '"===="', '"AA==="', '"AA== "', '" AA=="', '"A A="', '"AA*="', '"é"', "1", "true", "[]", '"AAAA=="',
             '"AAA=="', '"AAAA="']

TIMES = ['"1970-01-01T00:00:00Z"', '"0001-01-01T00:00:00Z"', '"9999-12-31T23:59:59.999999999Z"', '"2026-02-28T23:59:59.5Z"', '"2024-02-29T00:00:00Z"',
         '"2026-01-01T00:00:00+02:00"', '"2026-01-01T00:00:00.123456789-23:59"', '"2026-01-01T00:00:00.1Z"', '"2026-01-01T00:00:00.12345Z"', "null",
         '"1900-02-28T00:00:00-00:00"', '"0001-01-01T01:00:00+01:00"', '"1969-12-31T23:59:59.999Z"']
TIMES_NOT = ['""', '"now"', '"2026-01-01"', '"2026-01-01 00:00:00Z"', '"2026-01-01T00:00:00"', '"2026-01-01T24:00:00Z"', '"2026-01-01T23:60:00Z"',
             '"2026-01-01T23:59:60Z"', '"2026-02-29T00:00:00Z"', '"2026-13-01T00:00:00Z"', '"2026-00-01T00:00:00Z"', '"2026-01-00T00:00:00Z"',
             '"2026-1-1T00:00:00Z"', '"0000-12-31T23:59:59Z"', '"0001-01-01T00:00:00+00:01"', '"9999-12-31T23:59:59-00:01"', '"10000-01-01T00:00:00Z"',
             '"2026-01-01T00:00:00.Z"', '"2026-01-01T00:00:00.1234567890Z"', '"2026-01-01T00:00:00+0200"', '"2026-01-01T00:00:00 Z"', '" 2026-01-01T00:00:00Z"',
             '"2026-01-01T00:00:00Zx"', '"2026-01-01T00:00Z"', "0", "{}", '{"seconds":"1"}', '"-001-01-01T00:00:00Z"', '"2026-01-01T00:00:00+99:00"',
             '"2026-01-01T00:00:00z0"']
SPANS = ['"0s"', '"1s"', '"-1s"', '"1.5s"', '"-1.5s"', '"-0.5s"', '"0.000000001s"', '"-0.000000001s"', '"315576000000s"', '"-315576000000s"', '"1.1s"',
         '"1.123456s"', '"1.123456789s"', '"-0s"', "null", '"315575999999.999999999s"', '"1.000s"']
SPANS_NOT = ['""', '"s"', '"1"', '"-s"', '"1.s2"', '"1 s"', '" 1s"', '"1s "', '"1ms"', '"1m"', '"1S"', '"--1s"', '"1.2.3s"', '"1e3s"', '"01s"', '"00s"', '"0x1s"',
             '"315576000001s"', '"-315576000001s"', '"9223372036854775808s"', '"1.1234567891s"', "1", "{}", "[]", '"NaNs"', '"1,5s"', '"+-1s"', '"1.-5s"']
MASKS = ['""', '"a"', '"aB"', '"a,b"', '"aB.cD,e"', '"a1.b2"', '"fooBarBaz"', "null"]
MASKS_NOT = ["1", "{}", '["a"]', '","', '"a,"', '",a"', '"a,,b"']

VALID = {
    "scalars": ["{}", " { } ", "\t{\r\n}\n"] + ['{"anInt32":%s}' % number for number in NUMBERS_WHOLE]
    + ['{"%s":%s}' % (field, number) for field in ("an_int64", "aSint32", "a_sint64", "aSfixed32", "aSfixed64") for number in NUMBERS_WHOLE]
    + ['{"%s":%s}' % (field, number) for field in ("aUint32", "aFixed32") for number in UINT32]
    + ['{"%s":%s}' % (field, number) for field in ("anInt64", "aSint64", "aSfixed64") for number in INT64]
    + ['{"%s":%s}' % (field, number) for field in ("aUint64", "aFixed64") for number in UINT64]
    + ['{"%s":%s}' % (field, number) for field in ("aFloat", "aDouble") for number in FLOATING] + ['{"aDouble":%s}' % number for number in DOUBLE]
    + ['{"aString":%s}' % text for text in STRINGS] + ['{"aBytes":%s}' % text for text in BYTES]
    + ['{"aBool":true}', '{"aBool":false}', '{"aBool":null}', '{ "aBool" : true , "anInt32" : 1 }', '{"\\u0061Bool":true}',
       '{"colour":"COLOUR_RED"}', '{"colour":1}', '{"colour":-1}', '{"colour":"COLOUR_BELOW"}', '{"colour":77}', '{"colour":-2147483648}', '{"colour":1.0}',
       '{"colour":1e0}', '{"colour":null}', '{"alias":"ALIAS_FIRST"}', '{"alias":"ALIAS_SECOND"}', '{"nothing":null}', '{"nothing":"NULL_VALUE"}',
       '{"nothing":0}', '{"nothing":5}', '{"branch":{}}', '{"branch":null}', '{"branch":{"leaf":{"text":"x"},"leaves":[{},{"number":2}],"byName":{"":{}}}}',
       '{"other-Name":1}', '{"renamed":1}', '{"fooBar":1}', '{"foo_bar":1}', '{"Under":1}', '{"_under":1}', '{"camelCase":1}', '{"a1B":1}', '{"a_1_b":1}'],
    "lists": ['{"int32s":[]}', '{"int32s":null}', '{"int32s":[1,"2",3.0,4e0,-5,0]}', '{"uint64s":["18446744073709551615",0]}', '{"doubles":["NaN",1,"-Infinity",0]}',
              '{"floats":[0.1,3.4028235e38,"Infinity"]}', '{"bools":[true,false]}', '{"strings":["","a"]}', '{"bytess":["","AA"]}',
              '{"colours":["COLOUR_RED",0,5,-1]}', '{"nothings":[null,"NULL_VALUE",0]}', '{"leaves":[{},{"text":"x"}]}', '{"unpacked":[1,2,0]}'],
    "maps": ['{"byInt32":{}}', '{"byInt32":null}', '{"byInt32":{"-2147483648":"a","2147483647":"b","0":""}}', '{"byInt64":{"-9223372036854775808":"a","9223372036854775807":"b"}}',
             '{"byUint32":{"4294967295":"a","0":"b"}}', '{"byUint64":{"18446744073709551615":"a"}}', '{"bySint32":{"-1":"a","10":"b","9":"c"}}',
             '{"bySint64":{"-1":"a","-2":"b"}}', '{"byFixed32":{"1":"a"}}', '{"byFixed64":{"1":"a"}}', '{"bySfixed32":{"-1":"a"}}', '{"bySfixed64":{"-1":"a"}}',
             '{"byBool":{"true":"a","false":"b"}}', '{"byString":{"":"empty","b":"","a":"x","é":"y","\\"":"z"}}', '{"toInt64":{"a":1,"b":"2","c":0}}',
             '{"toFloat":{"a":"NaN","b":1e3}}', '{"toBytes":{"a":"AA=="}}', '{"toColour":{"a":"COLOUR_RED","b":9}}', '{"toBranch":{"a":{},"b":{"leaf":{}}}}',
             '{"toTime":{"a":"2026-01-01T00:00:00Z"}}', '{"toWrapped":{"a":"0","b":5}}', '{"toNothing":{"a":null,"b":0}}', '{"toBool":{"null":true}}'],
    "optionals": ['{"anInt32":0}', '{"anInt64":"0"}', '{"aUint32":0}', '{"aUint64":0}', '{"aFloat":0}', '{"aDouble":0}', '{"aDouble":-0.0}', '{"aFloat":-0}', '{"aBool":false}',
                  '{"aString":""}', '{"aBytes":""}', '{"colour":0}', '{"colour":"COLOUR_UNSPECIFIED"}', '{"leaf":{}}', '{"nothing":null}', '{"nothing":0}',
                  '{"anInt32":null,"anInt64":null,"aUint32":null,"aFloat":null,"aBool":null,"aString":null,"aBytes":null,"colour":null,"leaf":null}'],
    "choices": ['{"anInt32":0}', '{"aUint64":"0"}', '{"aDouble":0}', '{"aDouble":-0.0}', '{"aFloat":"NaN"}', '{"aBool":false}', '{"aString":""}', '{"aBytes":""}', '{"colour":0}',
                '{"leaf":{}}', '{"nothing":null}', '{"timeSpan":"1s"}', '{"wrapped":""}', '{"wrapped":null}', '{"anInt32":null,"aString":"x"}', '{"aString":"x","anInt32":null}',
                '{"leaf":null,"aBytes":null}', '{"anInt32":1,"leftSide":"l","before":"b","behind":"c"}', '{"right_side":""}'],
    "known": ['{"timestamp":%s}' % time for time in TIMES] + ['{"duration":%s}' % span for span in SPANS] + ['{"fieldMask":%s}' % mask for mask in MASKS]
    + ['{"empty":{}}', '{"empty":null}', '{"empties":[{},{}]}', '{"wrappedDouble":0,"wrappedFloat":"NaN","wrappedInt64":"5","wrappedUint64":5,"wrappedInt32":-1.0,"wrappedUint32":0}',
       '{"wrappedBool":false,"wrappedString":"","wrappedBytes":"-_8"}', '{"wrappedBool":true,"wrapped_string":"x"}', '{"wrappedDouble":null,"wrappedBool":null,"wrappedString":null}',
       '{"wrappedInt64":9223372036854775807}', '{"wrappedFloat":1.000000178813934326171875}', '{"timestamps":["2026-01-01T00:00:00Z"],"durations":["1s","-2s"],"fieldMasks":["a,b",""]}',
       '{"wrappedStrings":["","a"],"wrappedInt64s":["1",2]}', '{"anys":[]}', '{"any":null}', '{"any":{}}',
       '{"any":{"@type":"type.googleapis.com/every.Leaf"}}', '{"any":{"@type":"type.googleapis.com/every.Leaf","text":"x","number":1}}',
       '{"any":{"text":"x","@type":"x/every.Leaf","number":1}}', '{"any":{"@type":"/every.Leaf","text":null}}', '{"any":{"@type":"a.b/c/d/every.Leaf"}}',
       '{"any":{"@type":"x/google.protobuf.Duration","value":"1.5s"}}', '{"any":{"value":"1.5s","@type":"x/google.protobuf.Duration"}}',
       '{"any":{"@type":"x/google.protobuf.Timestamp","value":"2026-01-01T00:00:00Z"}}', '{"any":{"@type":"x/google.protobuf.FieldMask","value":"a,bC"}}',
       '{"any":{"@type":"x/google.protobuf.Empty","value":{}}}', '{"any":{"@type":"x/google.protobuf.StringValue","value":"x"}}',
       '{"any":{"@type":"x/google.protobuf.Int64Value","value":"5"}}', '{"any":{"@type":"x/google.protobuf.BytesValue","value":"AA"}}',
       '{"any":{"@type":"x/google.protobuf.Any","value":{"@type":"x/every.Leaf","text":"y"}}}', '{"any":{"@type":"x/google.protobuf.Any","value":{}}}',
       '{"any":{"@type":"x/every.Known","any":{"@type":"x/every.Leaf","text":"y"},"duration":"1s"}}', '{"any":{"\\u0040type":"x/every.Leaf"}}',
       '{"any":{"@type":"x/every.Maps","byInt32":{"1":"a"},"to_time":{"@type":"2026-01-01T00:00:00Z"}}}',
       '{"anys":[{"@type":"x/every.Leaf"},{},{"number":5,"@type":"x/every.Leaf"}]}'],
}

INVALID = {
    "scalars": ["", "null", "[]", "1", '"x"', "{", "}", "{]", '{"anInt32"}', '{"anInt32":}', '{"anInt32" 1}', '{"anInt32":1,}', '{,}', '{"anInt32":1 "aBool":true}', "{1:1}",
                '{anInt32:1}', '{"anInt32":1}}', '{} {}', '{"anInt32":1}x', '{null:1}', '{true:1}', "{'aBool':true}", '{"aBool":true//\n}', '{"aBool":/**/true}',
                
                '{"anInt32":1,"anInt32":1}', '{"anInt32":1,"an_int32":2}', '{"anInt32":null,"an_int32":2}', '{"anInt32":1,"an_int32":null}', '{"branch":{},"branch":{}}',
                '{"branch":[]}', '{"branch":1}', '{"branch":{"leaf":[]}}', '{"branch":{"leaves":[null]}}', '{"branch":{"leaves":{}}}', '{"branch":{"byName":{"a":null}}}',
                '{"branch":{"byName":{"a":{},"a":{}}}}', 
                '{"aBool":1}', '{"aBool":"true"}', '{"aBool":0}', '{"aBool":True}', '{"aBool":[]}', '{"aBool":truefalse}',
                '{"colour":1.5}', '{"colour":2147483648}', '{"colour":true}', '{"colour":[]}',
                '{"nothing":true}', '{"nothing":{}}', '{"\\ud800":1}', '{"anInt32":\xa01}', '\ufeff{}', '{"anInt32":1\x0b}', '{"anInt32":1\x00}']
    + ['{"anInt32":%s}' % number for number in NUMBERS_NOT + INT32_NOT] + ['{"anInt64":%s}' % number for number in INT64_NOT]
    + ['{"aSfixed64":%s}' % number for number in INT64_NOT[:2]] + ['{"aUint32":%s}' % number for number in UINT32_NOT] + ['{"aFixed64":%s}' % number for number in UINT64_NOT]
    + ['{"aDouble":%s}' % number for number in FLOATING_NOT] + ['{"aFloat":%s}' % number for number in FLOAT_NOT + ['"nan"', "NaN"]]
    + ['{"aString":%s}' % text for text in STRINGS_NOT] + [b'{"aString":%s}' % text for text in BYTES_OF_STRINGS_NOT] + [b'{"\xff":1}']
    + ['{"aBytes":%s}' % text for text in BYTES_NOT],
    "lists": ['{"int32s":1}', '{"int32s":{}}', '{"int32s":"1"}', '{"int32s":[1,]}', '{"int32s":[,1]}', '{"int32s":[1 2]}', '{"int32s":[1', '{"int32s":[null]}', '{"int32s":[[1]]}',
              '{"strings":[null]}', '{"strings":["a",null]}', '{"bools":[null]}', '{"bytess":[null]}', '{"doubles":[null]}', '{"colours":[null]}', '{"leaves":[null]}',
              '{"leaves":{}}', '{"leaves":[[]]}', '{"int32s":[1}', '{"int32s":[],"int32s":[]}'],
    "maps": ['{"byInt32":[]}', '{"byInt32":"x"}', '{"byInt32":[{"key":1,"value":"a"}]}', '{"byInt32":{"a":"b"}}', '{"byInt32":{"":"b"}}', '{"byInt32":{1:"b"}}',
             '{"byInt32":{"2147483648":"b"}}', '{"byInt32":{"1.0":"b"}}', '{"byInt32":{"1e0":"b"}}', '{"byInt32":{" 1":"b"}}', '{"byInt32":{"1":null}}', '{"byInt32":{"1":"a","1":"b"}}',
             '{"byUint32":{"-1":"b"}}', '{"byUint32":{"4294967296":"b"}}', '{"byUint64":{"18446744073709551616":"b"}}', '{"byInt64":{"9223372036854775808":"b"}}',
             '{"byBool":{"1":"b"}}', '{"byBool":{"True":"b"}}', '{"byBool":{"":"b"}}', '{"byBool":{"true":"a","true":"b"}}', '{"byString":{"a":null}}', '{"byString":{"a":"x","a":"y"}}',
             '{"byString":{"a":"x","\\u0061":"y"}}', '{"byString":{"a":1}}', '{"toInt64":{"a":null}}', '{"toBranch":{"a":null}}', '{"toTime":{"a":null}}', '{"toWrapped":{"a":null}}',
             '{"toColour":{"a":null}}', '{"toFloat":{"a":1e39}}', '{"byInt32":{"-":"b"}}', '{"byInt32":{"null":"b"}}'],
    "optionals": ['{"anInt32":0,"an_int32":0}', '{"leaf":[]}', '{"aString":0}'],
    "choices": ['{"anInt32":1,"aString":"x"}', '{"anInt32":0,"aBool":false}', '{"nothing":null,"anInt32":1}', '{"leaf":{},"nothing":null}', '{"leftSide":"a","right_side":"b"}',
                '{"leftSide":"a","left_side":"b"}', '{"leftSide":null,"left_side":null}', '{"leftSide":null,"left_side":"b"}'],
    "known": ['{"timestamp":%s}' % time for time in TIMES_NOT] + ['{"duration":%s}' % span for span in SPANS_NOT] + ['{"fieldMask":%s}' % mask for mask in MASKS_NOT]
    + ['{"timestamps":[null]}', '{"durations":[null]}', '{"fieldMasks":[null]}', '{"empties":[null]}', '{"wrappedStrings":[null]}', '{"wrappedInt64s":[null]}', '{"anys":[null]}',
       '{"empty":[]}', '{"empty":1}', '{"wrappedInt64":{"value":1}}', '{"wrappedBool":"true"}', '{"wrappedInt32":2147483648}', '{"wrappedFloat":1e39}',
       '{"any":[]}', '{"any":1}', '{"any":{"@type":1}}', '{"any":{"@type":null}}', '{"any":{"@type":""}}', '{"any":{"@type":"/"}}', '{"any":{"@type":"x/"}}',
       '{"any":{"@type":"x/every.None"}}', '{"any":{"@type":"x/every.Leaf","@type":"x/every.Leaf"}}', 
       '{"any":{"@type":"x/every.Leaf","text":1}}', '{"any":{"@type":"x/google.protobuf.Duration"}}',
       '{"any":{"@type":"x/google.protobuf.Duration","value":"1"}}', 
       '{"any":{"@type":"x/google.protobuf.Duration","value":null}}', '{"any":{"@type":"x/google.protobuf.Duration","seconds":1}}',
       '{"any":{"@type":"x/google.protobuf.Empty","value":1}}',
       '{"any":{"@type":"x/google.protobuf.StringValue","value":null}}', '{"any":{"@type":"x/google.protobuf.Any","value":null}}', '{"any":{"@type":"x/every.Leaf ","text":"x"}}'],
}

# What buf passes over because it was told to forget what it does not know. A typing error would be lost; so we refuse it, as Python's json_format does.
UNKNOWN = {
    "scalars": {'{"other":1}': "other", '{"":1}': "", '{"ANINT32":1}': "ANINT32", '{"anint32":1}': "anint32", '{"an_Int32":1}': "an_Int32",
                '{"otherName":1}': "otherName", '{"under":1}': "under", '{"12":1}': "12", '{"[every.extension]":1}': "[every.extension]",
                '{"branch":{"leaf":{"other":1}}}': "branch.leaf.other", '{"branch":{"leaves":[{},{"other":1}]}}': "branch.leaves[1].other",
                '{"branch":{"byName":{"a":{"other":1}}}}': "branch.by_name.a.other", '{"colour":"RED"}': "colour", '{"colour":"colour_red"}': "colour",
                '{"colour":""}': "colour", '{"colour":"COLOUR_RED "}': "colour", '{"nothing":"null"}': "nothing"},
    "choices": {'{"first":{"anInt32":1}}': "first"},
    "known": {'{"empty":{"a":1}}': "empty.a", '{"any":{"text":"x"}}': "any", '{"any":{"value":null}}': "any", '{"any":{"@type":"x/every.Leaf","other":1}}': "any.other",
              '{"any":{"@type":"x/every.Leaf","value":{"text":"x"}}}': "any.value",
              '{"any":{"@type":"x/google.protobuf.Any","value":{"a":1}}}': "any.value"},
}

STRICTER = {
    "a text that holds U+0000: protobuf-c ends strings with it": {
        "scalars": ['{"aString":"\\u0000"}', '{"aString":"a\\u0000b"}', '{"branch":{"byName":{"a\\u0000":{}}}}'], "maps": ['{"byString":{"\\u0000":"b"}}']},
    "not a number as RFC 8259 writes them; Go takes an exponent without digits for none": {"scalars": ['{"anInt32":1e}']},
    "a number that says it is a name": {"scalars": ['{"colour":"1"}']},
    "base64 with line breaks: RFC 4648 section 3.3": {"scalars": ['{"aBytes":"AAAA\\n"}', '{"aBytes":"\\r\\nAAAA"}']},
    "not a time of RFC 3339": {"known": ['{"timestamp":"2026-01-01T%sZ"}' % time for time in ("0:00:00", "00:00:00,5")]
                               + ['{"timestamp":"2026-01-01T00:00:00%s"}' % zone for zone in ("+24:00", "+23:60", "-24:00")]},
    "a Duration's number is one as JSON writes them": {"known": ['{"duration":"%s"}' % span for span in ("+1s", ".5s", "1.s", "-.5s", ".s", "-.s")]},
    "any.proto: the URL of a type has a slash": {"known": ['{"any":{"@type":"every.Leaf","text":"x"}}']},
    "a key is the number as JSON writes it, or one key could be given under two names": {
        "maps": ['{"byInt32":{"%s":"b"}}' % key for key in ("01", "+1", "-0", "00")] + ['{"byUint32":{"01":"b"}}']},
    "no type needs that depth (LIMIT_JSON_DEPTH)": {"known": ['{"any":' + '{"@type":"x/google.protobuf.Any","value":' * 70 + "{}" + "}" * 71]},
}
LOOSER = {
    "base64 of both alphabets at once: nothing is gained by refusing it, and C++ takes it": {"scalars": ['{"aBytes":"+_"}', '{"aBytes":"+_A="}']},
    "RFC 3339 section 5.6: t and z may be small": {"known": ['{"timestamp":"2026-01-01t00:00:00Z"}', '{"timestamp":"2026-01-01T00:00:00z"}']},
    "the mapping: any digits of a Duration that fit nanoseconds, and zeros do": {"known": ['{"duration":"1.0000000000s"}', '{"duration":"1.10000000000000s"}']},
    "masks as people and google.aip.dev/161 write them: field names with underscores, map keys, stars; what a path names is checked where it is used": {
        "known": ['{"fieldMask":"%s"}' % mask for mask in ("a_b", "a,b_c", "*", "labels.key_1", "a b", "a.1", "1", "a..b", "a.", ".a", "é", "a, b", "a-b")]},
    "an Any of a type that is unknown, as we write it": {"known": ['{"any":{"@type":"x/not.Known","value":"AQI="}}', '{"any":{"value":"AQI","@type":"x/not.Known"}}']},
    "whole all the same: Go gives up at many zeros": {"scalars": ['{"anInt32":0.00000000000000000000000000000000001e35}']},
}
OTHERWISE = {
    "protobuf-c does not send -0.0 where 0 is not sent": {"scalars": ['{"aDouble":-0}', '{"aDouble":-0.0}', '{"aDouble":"-0"}', '{"aFloat":-0.0}', '{"aDouble":-1e-400}']},
    "Go drops blanks around a mask": {"known": ['{"fieldMask":" a"}', '{"fieldMask":"a "}', '{"fieldMask":" "}']},
}
