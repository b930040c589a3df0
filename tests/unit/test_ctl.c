/* test_ctl.c - followupctl's text and tables. Its sources are taken in here, because they are no part of the library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../ctl/grid.c"
#include "../../ctl/page.c"
#include "../../ctl/screen.c"
#include "../../ctl/table.c"
#include "../../daemon/ops/text.c"

static void test_clean(void **state)
{
	static const struct {
		const char *text, *line, *lines;
	} texts[] = {
		{"plain 孔丽勇", "plain 孔丽勇", "plain 孔丽勇"},
		{"a\tb\r\nc", "a\\x09b\\x0D\\x0Ac", "a\tb\nc"},
		{"\x1b[31mred", "\\x1B[31mred", "\\x1B[31mred"},
		{"\x7f", "\\x7F", "\\x7F"},
		{"a\xE2\x80\xAE"
		 "b",
			"a\\u{202E}b", "a\\u{202E}b"}, /* right to left from here */
		{"\xC2\x9B"
		 "31m",
			"\\u{009B}31m", "\\u{009B}31m"}, /* an escape sequence in one character */
		{"\xD5\xC5\xFF", "\\xD5\\xC5\\xFF", "\\xD5\\xC5\\xFF"},
		{"\xE5\xAD", "\\xE5\\xAD", "\\xE5\\xAD"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct buffer out = {0};
		text_clean(&out, texts[i].text, strlen(texts[i].text), false);
		assert_string_equal(out.data, texts[i].line);
		buffer_clear(&out);
		text_clean(&out, texts[i].text, strlen(texts[i].text), true);
		assert_string_equal(out.data, texts[i].lines);
		buffer_free(&out);
	}
}

static void test_width(void **state)
{
	static const struct {
		const char *text;
		size_t width;
	} texts[] = {{"", 0}, {"abc", 3}, {"孔丽勇", 6}, {"a孔b", 4}, {"é", 1}, {"e\xCC\x81", 1}, {"ｱＡ", 3}, {"𠮷", 2}, {"（）", 4},
		{"か\xE3\x82\x99", 2}, {"⚡", 2}, {"☀", 1}, {"䷀", 1}, {"🚀🀄", 4}, {"“—…·", 4}, {"\xFF", 1}};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		if (text_width(texts[i].text, strlen(texts[i].text)) != texts[i].width)
			fail_msg("\"%s\" is not %zu wide", texts[i].text, texts[i].width);
	}
}

static void test_spans_ascend(void **state)
{
	static const struct {
		const struct span *spans;
		size_t count;
	} lists[] = {{wide, sizeof wide / sizeof wide[0]}, {combining, sizeof combining / sizeof combining[0]},
		{hidden, sizeof hidden / sizeof hidden[0]}};

	(void)state;
	for (size_t list = 0; list < 3; list++) {
		for (size_t i = 0; i < lists[list].count; i++) {
			assert_true(lists[list].spans[i].first <= lists[list].spans[i].last);
			assert_true(i == 0 || lists[list].spans[i - 1].last < lists[list].spans[i].first);
		}
	}
}

static int keep_text(void *context, const struct json_value *value)
{
	buffer_append(context, value->text, value->length);
	return 0;
}

/* What is written as JSON is read as the same text. */
static void test_json_text(void **state)
{
	static const char *const texts[] = {"", "plain", "孔丽勇", "\"", "\\", "a\"b\\c", "\n\r\t\b\x01\x1f\x7f", "</script>", "\\u0041"};
	struct json *json = json_new();

	(void)state;
	assert_non_null(json);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct buffer document = {0}, back = {0};
		buffer_text(&document, "[");
		text_json(&document, texts[i], strlen(texts[i]));
		buffer_text(&document, "]");
		assert_int_equal(json_each(json, document.data, document.length, "$", keep_text, &back), 0);
		assert_int_equal(back.length, strlen(texts[i]));
		if (back.length > 0)
			assert_memory_equal(back.data, texts[i], back.length);
		buffer_free(&document);
		buffer_free(&back);
	}
	json_free(json);
}

static void test_tables(void **state)
{
	static const struct {
		const char *document, *shown;
	} documents[] = {
		{"[]", "none\n"},
		{"{}", "none\n"},
		{"[1,\"a\",null,true]", "1\na\n\nyes\n"},
		{"[{\"queue\":\"service\",\"waiting\":5},{\"queue\":\"sms\",\"waiting\":1000}]",
			"queue    waiting\nservice        5\nsms         1000\n"},
		{"[{\"name\":\"孔丽勇\",\"tier\":\"gold\"},{\"name\":\"Ann\",\"tier\":\"\"}]", "name    tier\n孔丽勇  gold\nAnn\n"},
		{"[{\"a\":1},{\"b\":2}]", "a  b\n1\n   2\n"},
		{"[{\"a\":[\"x\",\"y\"],\"b\":false}]", "a     b\nx, y  no\n"},
		{"{\"call\":5,\"open\":true,\"none\":null,\"text\":\"\",\"list\":[1,2]}", "call: 5\nopen: yes\nnone:\ntext:\nlist: 1, 2\n"},
		{"{\"call\":5,\"agenda\":[{\"rule\":\"a\",\"n\":1},{\"rule\":\"bb\",\"n\":22}],\"end\":1}",
			"call: 5\nagenda:\n  rule   n\n  a      1\n  bb    22\nend: 1\n"},
		{"{\"lease\":{\"holder\":\"anna\",\"deep\":{\"x\":1}},\"empty\":[]}", "lease:\n  holder: anna\n  deep: x 1\nempty: none\n"},
		{"[{\"call\":1,\"agenda\":[{\"r\":1}]},{\"call\":2,\"agenda\":[]}]",
			"call: 1\nagenda:\n  r\n  1\n\ncall: 2\nagenda: none\n"},
		{"[{\"a\":\"\\u001b[2J\"}]", "a\n\\x1B[2J\n"},
		{"{\"\\u001b[2J\":1}", "\\x1B[2J: 1\n"},
		{"[[1,2],[{\"x\":1}]]", "1, 2\n{\"x\":1}\n"},
		{"[{\"a\":1,\"a\":2}]", "a\n2\n"},
		{"{\"warnings\":[\"one thing\",\"x\"],\"n\":1}", "warnings:\n  one thing\n  x\nn: 1\n"},
	};
	struct ctl_table *table = ctl_table_new(&(struct ctl_screen){0});

	(void)state;
	assert_non_null(table);
	for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
		struct buffer out = {0};
		assert_int_equal(ctl_table_show(table, documents[i].document, strlen(documents[i].document), &out), 0);
		if (strcmp(out.data, documents[i].shown) != 0)
			fail_msg("%s is shown as\n%s", documents[i].document, out.data);
		buffer_free(&out);
	}
	static const char *const broken[] = {"{", "[1,]", "{not json}", ""};
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		struct buffer out = {0};
		assert_int_equal(ctl_table_show(table, broken[i], strlen(broken[i]), &out), ERR_SYNTAX);
		buffer_free(&out);
	}
	ctl_table_free(table);
	ctl_table_free(NULL);
}

/* Tables that a terminal is too narrow for. */
static void test_widths(void **state)
{
	static const struct {
		size_t width;
		const char *document, *shown;
	} cases[] = {
		/* It fits: nothing is lost. */
		{12, "[{\"a\":1,\"b\":null,\"c\":\"孔丽勇\"}]", "a  b  c\n1     孔丽勇\n"},
		/* The column in which nothing stands goes. */
		{11, "[{\"a\":1,\"b\":null,\"c\":\"孔丽勇\"}]", "a  c\n1  孔丽勇\n"},
		{8, "[{\"empty\":null,\"void\":\"\"}]", "\n\n"},
		/* Words are broken, at blanks; Chinese anywhere; the other cells stand beside their first line. */
		{30, "[{\"n\":1,\"says\":\"the client asks to be rung after supper\",\"m\":2},{\"n\":3,\"says\":\"well\",\"m\":4}]",
			"n  says                      m\n1  the client asks to be     2\n   rung after supper\n3  well                     "
			" 4\n"},
		{29, "[{\"n\":1,\"says\":\"客户要求晚饭之后再打电话联系他本人\"}]",
			"n  says\n1  客户要求晚饭之后再打电话联\n   系他本人\n"},
		{28, "[{\"n\":1,\"says\":\"客户要求晚饭之后再打电话联系他本人\"}]",
			"n  says\n1  客户要求晚饭之后再打电话\n   联系他本人\n"},
		/* Or the columns that have no room stand below the second one, and numbers at the right there too. */
		{20,
			"[{\"no\":1,\"name\":\"孔丽勇\",\"tier\":\"diamond\",\"sum\":5},{\"no\":22,\"name\":\"Ann\",\"tier\":\"\",\"sum\":"
			"17}]",
			"no  name    tier\n    sum\n 1  孔丽勇  diamond\n      5\n22  Ann\n     17\n"},
		/* A row that has nothing there takes no line for it. */
		{17,
			"[{\"no\":1,\"name\":\"孔丽勇\",\"tier\":\"gold\",\"why\":\"x\"},{\"no\":2,\"name\":\"Ann\",\"tier\":\"\",\"why\":"
			"\"\"}]",
			"no  name    tier\n    why\n 1  孔丽勇  gold\n    x\n 2  Ann\n"},
		/* Narrower than anything: every character is still there. */
		{1, "[{\"aa\":\"xy\",\"bb\":\"孔\"}]", "aa  bb\nxy  孔\n"},
		/* Below a key, behind its blanks. */
		{14, "{\"agenda\":[{\"item\":1,\"name\":\"孔丽勇\",\"n\":7}]}",
			"agenda:\n  item  name\n        n\n     1  孔丽勇\n        7\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct ctl_table *table = ctl_table_new(&(struct ctl_screen){.width = cases[i].width});
		struct buffer out = {0};
		assert_non_null(table);
		assert_int_equal(ctl_table_show(table, cases[i].document, strlen(cases[i].document), &out), 0);
		if (strcmp(out.data, cases[i].shown) != 0)
			fail_msg("%s is shown on %zu columns as\n%s", cases[i].document, cases[i].width, out.data);
		buffer_free(&out);
		ctl_table_free(table);
	}
}

/* Lists that may go on behind their last row. */
static void test_pages(void **state)
{
	static const struct {
		const char *words[5];
		const char *document, *note;
	} cases[] = {
		{{"list", "clients", "limit", "2"}, "[{\"client\":4,\"name\":\"a: 7\"},{\"client\":17}]",
			"2 of perhaps more; those behind them: add \"after 17\"\n"},
		{{"LIST", "clients", "CLIENT", "limit", NULL}, "[{\"client\":4}]", NULL},
		{{"list", "clients", "LIMIT", "3"}, "[{\"client\":4},{\"client\":17}]", NULL},
		{{"list", "clients"}, "[{\"client\":4}]", NULL},
		{{"list", "clients", "limit", "0"}, "[]", NULL},
		{{"history", "C1", "limit", "1"}, "[{\"entry\":9}]", "1 of perhaps more; those behind them: add \"after 9\"\n"},
		{{"history", "C1", "limit", "1"}, "[{\"client\":\"C\"}]", NULL},
		{{"queues", "limit", "1"}, "[{\"queue\":1}]", NULL},
		{{"list", "clients", "limit", "1"}, "no JSON", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char words[5][16];
		char *given[5];
		int count = 0;
		struct buffer out = {0};
		while (count < 5 && cases[i].words[count] != NULL) {
			snprintf(words[count], sizeof words[count], "%s", cases[i].words[count]);
			given[count] = words[count];
			count++;
		}
		assert_int_equal(ctl_page_note(count, given, cases[i].document, strlen(cases[i].document), &out), 0);
		if (cases[i].note == NULL)
			assert_int_equal(out.length, 0);
		else
			assert_string_equal(out.data, cases[i].note);
		buffer_free(&out);
	}
}

/* Hostile documents: more columns than a table has, and deeper than anyone reads. */
static void test_monsters(void **state)
{
	struct ctl_table *table = ctl_table_new(&(struct ctl_screen){0});
	struct buffer document = {0}, out = {0};

	(void)state;
	assert_non_null(table);
	buffer_text(&document, "[{\"k\":0");
	for (int i = 1; i < 1000; i++)
		buffer_printf(&document, ",\"k%d\":%d", i, i);
	buffer_text(&document, "}]");
	assert_int_equal(ctl_table_show(table, document.data, document.length, &out), 0);
	assert_non_null(strstr(out.data, "k63"));
	assert_null(strstr(out.data, "k64"));
	buffer_free(&out);
	buffer_clear(&document);
	for (int i = 0; i < 900; i++)
		buffer_text(&document, "[");
	for (int i = 0; i < 900; i++)
		buffer_text(&document, "]");
	assert_int_equal(ctl_table_show(table, document.data, document.length, &out), 0);
	buffer_free(&out);
	buffer_free(&document);
	ctl_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_spans_ascend),
		cmocka_unit_test(test_json_text),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_monsters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
