/* test_json.c - documents walked element by element, and those that are none. */
#include "table.h"

#include "followup/buffer.h"

static struct json *reader;

/* Writes down "key=type:text;" of each element. */
static int write_down(void *context, const struct json_value *value)
{
	static const char *const types[] = {
		[JSON_NULL] = "null",
		[JSON_FALSE] = "false",
		[JSON_TRUE] = "true",
		[JSON_INTEGER] = "integer",
		[JSON_REAL] = "real",
		[JSON_TEXT] = "text",
		[JSON_ARRAY] = "array",
		[JSON_OBJECT] = "object",
	};

	if (value->text != NULL)
		assert_int_equal(value->length, strlen(value->text));
	buffer_printf(context, "%d %s=%s:%s;", (int)value->index, value->key == NULL ? "-" : value->key, types[value->type],
		value->text == NULL ? "-" : value->text);
	return 0;
}

static void test_walks(void **state)
{
	static const struct {
		const char *document, *path;
		int result;
		const char *seen;
	} cases[] = {
		{"{\"a\":1,\"b\":\"x\"}", "$", 0, "0 a=integer:1;1 b=text:x;"},
		{"{\"a\":null,\"b\":true,\"c\":false}", "$", 0, "0 a=null:-;1 b=true:true;2 c=false:false;"},
		{"{\"a\":-9223372036854775808,\"b\":905742.51}", "$", 0, "0 a=integer:-9223372036854775808;1 b=real:905742.51;"},
		{"{\"a\":123456789012345678901}", "$", 0, "0 a=real:1.23456789012346e+20;"},
		{"{\"a\":[1, 2],\"b\":{ \"c\" : [] }}", "$", 0, "0 a=array:[1,2];1 b=object:{\"c\":[]};"},
		{"{\"a\":[1, \"2\"]}", "$.a", 0, "0 -=integer:1;1 -=text:2;"},
		{"{\"days\":[{\"d\":1},{\"d\":2}]}", "$.days[1]", 0, "0 d=integer:2;"},
		{" [ 1 ] ", "$", 0, "0 -=integer:1;"},
		{"{\"a\":\"\\u4e2d\\n\\\"\\\\\"}", "$", 0, "0 a=text:\xe4\xb8\xad\n\"\\;"},
		{"{\"q\\\"k\":\"x\"}", "$", 0, "0 q\"k=text:x;"},
		{"{\"a\":1,\"a\":2}", "$", 0, "0 a=integer:1;1 a=integer:2;"},
		{"{\"a\":\"\"}", "$", 0, "0 a=text:;"},
		{"[]", "$", 0, ""},
		{"{}", "$", 0, ""},
		/* A backslash before u0000 makes it text. */
		{"[\"\\\\u0000\"]", "$", 0, "0 -=text:\\u0000;"},
		{"[\"\\u0000\"]", "$", ERR_SYNTAX, ""},
		{"[\"a\\\\\\u0000b\"]", "$", ERR_SYNTAX, ""},
		{"{\"a\":1}", "$.b", ERR_NOT_FOUND, ""},
		{"{\"a\":1}", "$.a", ERR_NOT_FOUND, ""},
		{"[1]", "$[1]", ERR_NOT_FOUND, ""},
		{"5", "$", ERR_NOT_FOUND, ""},
		{"\"text\"", "$", ERR_NOT_FOUND, ""},
		{"[1]", "path", ERR_INVALID, ""},
		{"", "$", ERR_SYNTAX, ""},
		{" ", "$", ERR_SYNTAX, ""},
		{"[1", "$", ERR_SYNTAX, ""},
		{"[1,]", "$", ERR_SYNTAX, ""},
		{"[1] x", "$", ERR_SYNTAX, ""},
		{"{a:1}", "$", ERR_SYNTAX, ""},
		{"{'a':1}", "$", ERR_SYNTAX, ""},
		{"[NaN]", "$", ERR_SYNTAX, ""},
		{"[01]", "$", ERR_SYNTAX, ""},
		{"[+1]", "$", ERR_SYNTAX, ""},
		{"[\"a\nb\"]", "$", ERR_SYNTAX, ""},
		{"[\"\\x41\"]", "$", ERR_SYNTAX, ""},
		{"[1] // note", "$", ERR_SYNTAX, ""},
		{"[\"\\", "$", ERR_SYNTAX, ""},
		/* SQLite 3.40 takes these, and reads from nowhere when it looks for a member. */
		{"{{\"\":[2],\"a\":[],\"\":\"\"}:\"\"}", "$.a", ERR_SYNTAX, ""},
		{"{[\"a\"]:1}", "$", ERR_SYNTAX, ""},
		{"[{\"a\":1, [\"b\"]:2}]", "$[0].a", ERR_SYNTAX, ""},
		{"[{\"a\":{}, {\"b\":\"c\"}:2}]", "$[0].a", ERR_SYNTAX, ""},
		/* Brackets, quotes and commas in texts are text. */
		{"{\"{,[\\\"\":{\"b\":[{},\",{\"]}}", "$", 0, "0 {,[\"=object:{\"b\":[{},\",{\"]};"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer seen = {0};

		int result = json_each(reader, cases[i].document, strlen(cases[i].document), cases[i].path, write_down, &seen);
		if (result != cases[i].result)
			fail_msg("%s at %s: %d", cases[i].document, cases[i].path, result);
		assert_string_equal(seen.data == NULL ? "" : seen.data, cases[i].seen);
		buffer_free(&seen);
	}
}

static void test_nul_and_length(void **state)
{
	struct buffer seen = {0};

	(void)state;
	assert_int_equal(json_each(reader, "[1]\0", 4, "$", write_down, &seen), ERR_SYNTAX);
	assert_int_equal(json_each(reader, "[\"a\0b\"]", 7, "$", write_down, &seen), ERR_SYNTAX);
	assert_int_equal(json_each(reader, NULL, 0, "$", write_down, &seen), ERR_SYNTAX);
	/* Bytes beyond the length are no part of the document. */
	assert_int_equal(json_each(reader, "[1]garbage", 3, "$", write_down, &seen), 0);
	assert_string_equal(seen.data, "0 -=integer:1;");
	buffer_free(&seen);
}

static int stop_at_second(void *context, const struct json_value *value)
{
	int *visits = context;

	++*visits;
	return value->index == 1 ? ERR_LIMIT : 5;
}

static void test_visit_ends_the_walk(void **state)
{
	int visits = 0;

	(void)state;
	assert_int_equal(json_each(reader, "[1,2,3]", 7, "$", stop_at_second, &visits), ERR_LIMIT);
	assert_int_equal(visits, 2);
	/* The reader is none the worse, and a positive answer is not the result. */
	visits = 0;
	assert_int_equal(json_each(reader, "[1]", 3, "$", stop_at_second, &visits), 0);
	assert_int_equal(visits, 1);
}

static void test_deep_documents(void **state)
{
	enum { DEPTH = 5000 };
	struct buffer document = {0}, seen = {0};

	(void)state;
	for (int i = 0; i < DEPTH; i++)
		buffer_text(&document, "[");
	for (int i = 0; i < DEPTH; i++)
		buffer_text(&document, "]");
	assert_int_equal(json_each(reader, document.data, document.length, "$", write_down, &seen), ERR_SYNTAX);
	buffer_free(&document);
	buffer_free(&seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walks),
		cmocka_unit_test(test_nul_and_length),
		cmocka_unit_test(test_visit_ends_the_walk),
		cmocka_unit_test(test_deep_documents),
	};
	reader = json_new();
	if (reader == NULL)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_free(reader);
	json_free(NULL);
	return failed;
}
