/* test_money.c - amounts: decimal text and back. */
#include "table.h"

#include "followup/money.h"

static void test_spellings(void **state)
{
	static const struct {
		const char *text;
		money_t amount;
		const char *canonical; /* NULL: refused */
	} cases[] = {
		{"0", 0, "0"},
		{"-0", 0, "0"},
		{"905742.51", 9057425100, "905742.51"},
		{"-3", -30000, "-3"},
		{"+3", 30000, "3"},
		{"7323650.0", 73236500000, "7323650"},
		{".5", 5000, "0.5"},
		{"-.5", -5000, "-0.5"},
		{"5.", 50000, "5"},
		{"0.0001", 1, "0.0001"},
		{"-0.0001", -1, "-0.0001"},
		{"1.0500", 10500, "1.05"},
		{"1.00050000", 10005, "1.0005"},
		{"007", 70000, "7"},
		{"900000000000000", INT64_C(9000000000000000000), "900000000000000"},
		{"-900000000000000.0000", INT64_C(-9000000000000000000), "-900000000000000"},
		{"900000000000000.0001", 0, NULL},
		{"900000000000001", 0, NULL},
		{"99999999999999999999999999", 0, NULL},
		{"1.00001", 0, NULL},
		{"1.00000000001", 0, NULL},
		{"", 0, NULL},
		{"-", 0, NULL},
		{".", 0, NULL},
		{"-.", 0, NULL},
		{"1,000", 0, NULL},
		{"1e3", 0, NULL},
		{" 1", 0, NULL},
		{"1 ", 0, NULL},
		{"--1", 0, NULL},
		{"1.2.3", 0, NULL},
		{"0x10", 0, NULL},
		{"1-", 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		money_t amount = 4711;
		char text[32];

		if (money_parse(cases[i].text, strlen(cases[i].text), &amount) != (cases[i].canonical != NULL))
			fail_msg("\"%s\"", cases[i].text);
		if (cases[i].canonical == NULL) {
			assert_int_equal(amount, 4711);
			continue;
		}
		assert_int_equal(amount, cases[i].amount);
		assert_string_equal(money_format(amount, text), cases[i].canonical);
	}
}

static void test_length_counts(void **state)
{
	money_t amount = 0;

	(void)state;
	assert_true(money_parse("12345", 2, &amount));
	assert_int_equal(amount, 120000);
	assert_false(money_parse("1\0002", 3, &amount));
}

static void test_extremes(void **state)
{
	char text[32];

	(void)state;
	assert_string_equal(money_format(NO_MONEY, text), "");
	assert_string_equal(money_format(INT64_MAX, text), "922337203685477.5807");
	assert_string_equal(money_format(-INT64_MAX, text), "-922337203685477.5807");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_length_counts),
		cmocka_unit_test(test_extremes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
