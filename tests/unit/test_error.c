/* test_error.c - words for numbers: each has its own, and a number out of a damaged file has some too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "followup/call.h"
#include "followup/desk.h"
#include "followup/error.h"

static void test_errors(void **state)
{
	(void)state;
	assert_string_equal(error_text(ERR_NONE), "no error");
	assert_string_equal(error_text(1), "no error");
	assert_string_equal(error_text(ERR_FULL), "the disk is full");
	for (int error = ERR_RIGHTS; error < ERR_NONE; error++) {
		assert_string_not_equal(error_text(error), "unknown error");
		for (int other = ERR_RIGHTS; other < error; other++)
			assert_string_not_equal(error_text(error), error_text(other));
	}
	assert_string_equal(error_text(ERR_RIGHTS - 1), "unknown error");
}

static void test_calls(void **state)
{
	(void)state;
	assert_string_equal(call_state_name(CALL_READY), "ready");
	assert_string_equal(call_state_name(CALL_LEASED), "leased");
	assert_string_equal(call_state_name((enum call_state) - 1), "unknown");
	assert_string_equal(call_state_name((enum call_state)1000), "unknown");
}

static void test_roles(void **state)
{
	(void)state;
	for (unsigned role = ROLE_AGENT; role <= ROLE_OPERATOR; role *= 2)
		assert_int_equal(role_parse(role_name(role)), role);
	assert_int_equal(role_parse("boss"), 0);
	assert_int_equal(role_parse(""), 0);
	assert_string_equal(role_name(0), "unknown");
	assert_string_equal(role_name(ROLE_OPERATOR * 2), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_roles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
