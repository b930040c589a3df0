/* test_buffer.c - text that grows. */
#include "table.h"

#include "followup/buffer.h"

static void test_growth(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	buffer_append(&buffer, "", 0);
	assert_string_equal(buffer.data, "");
	for (int i = 0; i < 1000; i++)
		buffer_printf(&buffer, "%d,", i % 10);
	assert_int_equal(buffer.length, 2000);
	assert_memory_equal(buffer.data + 1980, "0,1,2,3,4,5,6,7,8,9,", 21);
	assert_false(buffer.failed);

	buffer_clear(&buffer);
	assert_int_equal(buffer.length, 0);
	assert_string_equal(buffer.data, "");
	buffer_append(&buffer, "a\0b", 3);
	assert_int_equal(buffer.length, 3);
	assert_memory_equal(buffer.data, "a\0b", 4);
	buffer_free(&buffer);
	assert_null(buffer.data);
	buffer_text(&buffer, "again");
	assert_string_equal(buffer.data, "again");
	buffer_free(&buffer);
	buffer_free(NULL);
}

/* Lengths around the guess and around the capacity, where an off-by-one would cut or overrun. */
static void test_printf_of_every_length(void **state)
{
	char text[700];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (int before = 0; before < 70; before += 23) {
		for (int length = 0; length < 600; length++) {
			struct buffer buffer = {0};

			buffer_append(&buffer, text, (size_t)before);
			buffer_printf(&buffer, "%.*s", length, text);
			assert_int_equal(buffer.length, before + length);
			assert_int_equal(strlen(buffer.data), before + length);
			buffer_free(&buffer);
		}
	}
}

static void test_failure_is_remembered(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	buffer_text(&buffer, "kept");
	buffer_append(&buffer, "x", SIZE_MAX - 2);
	assert_true(buffer.failed);
	buffer_text(&buffer, "ignored");
	buffer_printf(&buffer, "%d", 1);
	assert_string_equal(buffer.data, "kept");
	buffer_clear(&buffer);
	assert_false(buffer.failed);
	buffer_free(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_printf_of_every_length),
		cmocka_unit_test(test_failure_is_remembered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
