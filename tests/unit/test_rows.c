/* test_rows.c - JSON rows as CSV and as tables: order, quoting, width of Chinese, what is missing, what would steer a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "followup/rows.h"

static const char *const columns[] = {"day", "queue", "calls", NULL};

typedef int write_rows(const char *document, size_t length, const char *path, const char *const *columns, struct buffer *out);

static void expect(write_rows *write, const char *document, const char *wanted)
{
	struct buffer out = {0};

	assert_int_equal(write(document, strlen(document), "$.rows", columns, &out), 0);
	assert_string_equal(out.data, wanted);
	buffer_free(&out);
}

static void test_csv(void **state)
{
	(void)state;
	expect(rows_as_csv, "{\"rows\":[]}", "day,queue,calls\n");
	expect(rows_as_csv,
		"{\"rows\":[{\"queue\":\"a,b\",\"day\":\"1\",\"calls\":7,\"other\":1},{\"day\":\"say \\\"hi\\\"\",\"queue\":null},{}]}",
		"day,queue,calls\n1,\"a,b\",7\n\"say \"\"hi\"\"\",,\n,,\n");
}

static void test_text(void **state)
{
	(void)state;
	expect(rows_as_text, "{\"rows\":[]}", "day  queue  calls\n");
	/* Numbers to the right, a Chinese character two columns wide, no blanks at the end of a line, nothing that steers the terminal. */
	expect(rows_as_text,
		"{\"rows\":[{\"day\":\"1\",\"queue\":\"\xe5\xae\xa2\xe6\x9c\x8d\",\"calls\":7},{\"day\":\"22\",\"queue\":\"a\\u001b[2Jb\","
		"\"calls\":12345678},{\"day\":\"3\"}]}",
		"day  queue         calls\n"
		"1    \xe5\xae\xa2\xe6\x9c\x8d              7\n"
		"22   a\\x1B[2Jb  12345678\n"
		"3\n");
}

static void test_refusals(void **state)
{
	struct buffer out = {0};

	(void)state;
	assert_int_equal(rows_as_csv("{", 1, "$.rows", columns, &out), ERR_SYNTAX);
	assert_int_equal(rows_as_text("{}", 2, "$.rows", columns, &out), ERR_NOT_FOUND);
	assert_int_equal(out.length, 0);
	buffer_free(&out);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
