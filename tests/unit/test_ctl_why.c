/* followupctl why: what of WHY's answer stands on the page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../ctl/why.c"

/* What is empty or null is left out, rules that do not fire are drawn together, and whatever is no answer of WHY is refused. */
static void test_why_page(void **state)
{
	static const struct {
		const char *answer, *page;
	} cases[] = {
		{"{\"verdict\":\"a\",\"needs\":null,\"paused\":\"\",\"agents\":[],\"ready\":3,\"open\":true}",
			"{\"verdict\":\"a\",\"ready\":3,\"open\":true}"},
		{"{\"rules\":[{\"rule\":\"x\",\"holds\":\"off\"},{\"rule\":\"y\",\"opens_on\":\"2025-01-02\",\"due_on\":\"2025-01-03\","
		 "\"computed_opens_on\":\"2025-01-04\",\"computed_due_on\":\"2025-01-05\"},{\"rule\":\"z\",\"holds\":\"off\"}]}",
			"{\"rules\":[{\"rule\":\"y\",\"window\":\"2025-01-02 to 2025-01-03\",\"before_the_calendar\":\"2025-01-04 to "
			"2025-01-05\"}],"
			"\"other_rules\":[{\"why_not\":\"off\",\"rules\":\"x, z\"}]}"},
		{"{\"followups\":[{\"followup\":1,\"state\":\"done\"},{\"followup\":2,\"state\":\"queued\"}]}",
			"{\"ended_last\":[{\"followup\":1,\"state\":\"done\"}]}"},
		{"{\"rules\":[],\"followups\":[],\"waiting\":[]}", "{}"},
	};
	static const char *const broken[] = {"", "{", "{\"a\":}", "nothing"};
	struct buffer out = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buffer_clear(&out);
		assert_int_equal(ctl_why_page(cases[i].answer, strlen(cases[i].answer), &out), 0);
		assert_string_equal(out.data, cases[i].page);
	}
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		buffer_clear(&out);
		assert_int_equal(ctl_why_page(broken[i], strlen(broken[i]), &out), ERR_SYNTAX);
	}
	buffer_clear(&out);
	assert_int_equal(ctl_why_page("[1]", 3, &out), ERR_NOT_FOUND);
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_why_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
