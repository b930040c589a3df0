/* test_followup.c - the states of a follow-up and the moves between them, as one table (POLICY 3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "followup/error.h"
#include "followup/followup.h"

static void test_moves(void **state)
{
	/* One line a state it is in, one letter a state it may go to: x yes, . no. */
	static const char *const moves[FOLLOWUP_STATE_COUNT] = {
		/*                         s q d l m c u */
		[FOLLOWUP_SCHEDULED] = ".xxxxxx",
		[FOLLOWUP_QUEUED] = "x.xxxxx",
		/* A contact taken back: the message bounced after all, a review rejected it. */
		[FOLLOWUP_DONE] = "x...x..",
		[FOLLOWUP_DONE_LATE] = "x...x..",
		/* A contact that has happened, typed in late. */
		[FOLLOWUP_MISSED] = "..xx...",
		[FOLLOWUP_CANCELLED] = "x.xx...",
		/* The same, and a supervisor's override. */
		[FOLLOWUP_SUPPRESSED] = "x.xx...",
	};

	(void)state;
	for (int from = 0; from < FOLLOWUP_STATE_COUNT; from++) {
		assert_int_equal(strlen(moves[from]), FOLLOWUP_STATE_COUNT);
		for (int to = 0; to < FOLLOWUP_STATE_COUNT; to++)
			if (followup_move_is_legal((enum followup_state)from, (enum followup_state)to) != (moves[from][to] == 'x'))
				fail_msg("from %s to %s: expected %c", followup_state_name((enum followup_state)from),
					followup_state_name((enum followup_state)to), moves[from][to]);
	}
	/* Numbers from a damaged file are no states. */
	static const int wrong[] = {-1, FOLLOWUP_STATE_COUNT, 1000};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(followup_move_is_legal((enum followup_state)wrong[i], FOLLOWUP_DONE));
		assert_false(followup_move_is_legal(FOLLOWUP_SCHEDULED, (enum followup_state)wrong[i]));
		assert_string_equal(followup_state_name((enum followup_state)wrong[i]), "unknown");
	}
}

static void test_names(void **state)
{
	/* The numbers stand in databases, the names in files and on the socket. */
	static const char *const names[FOLLOWUP_STATE_COUNT] = {
		"scheduled", "queued", "done", "done-late", "missed", "cancelled", "suppressed"};
	static const char *const others[] = {"", "Done", "done-", "done late", "unknown", "open"};

	(void)state;
	for (int i = 0; i < FOLLOWUP_STATE_COUNT; i++) {
		assert_string_equal(followup_state_name((enum followup_state)i), names[i]);
		assert_int_equal(followup_state_parse(names[i]), i);
		assert_int_equal(followup_state_is_open((enum followup_state)i), i <= 1);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(followup_state_parse(others[i]), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
