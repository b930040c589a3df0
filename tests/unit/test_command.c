/* The command table: that its rows agree with themselves and with each other, who may use what, and which word an error begins with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "followup/buffer.h"
#include "followup/command.h"
#include "followup/error.h"
#include "followup/json_text.h"

/* Who may use what: the letters stand for agent, gateway, feeder, supervisor, reviewer, auditor, operator; "*" is whoever is signed in, "+" everybody. Written down a second time
 * on purpose: a right that slips into the table must be put here as well. */
static const struct {
	const char *name;
	const char *who;
} rights[] = {
	{"ACK", "s"},
	{"AGENT.ADD", "s"},
	{"AGENT.DEL", "s"},
	{"AGENT.LIST", "s"},
	{"AUTH", "+"},
	{"BACKUP", "o"},
	{"BREAK", "a"},
	{"BRIEF", "a"},
	{"CHECK", "o"},
	{"CLIENT", "*"},
	{"CLIENT.LOAD", "f"},
	{"CLIENT.PUT", "f"},
	{"CLOCK", "o"},
	{"COMMAND", "*"},
	{"CORRECT", "s"},
	{"DESK", "agsru"},
	{"DISPOSITIONS", "ags"},
	{"DNC", "s"},
	{"DONE", "ag"},
	{"ECHO", "*"},
	{"ERASE", "o"},
	{"EVENT.LOAD", "f"},
	{"EVENT.PUT", "f"},
	{"FORECAST", "s"},
	{"HANDOVER", "s"},
	{"HELLO", "+"},
	{"HELP", "*"},
	{"HISTORY", "sru"},
	{"INFO", "*"},
	{"LIST", "sru"},
	{"METRICS", "suo"},
	{"MINE", "ag"},
	{"MOVE", "s"},
	{"NEXT", "ag"},
	{"OVERRIDE", "s"},
	{"PAUSE", "s"},
	{"PING", "*"},
	{"QUEUES", "s"},
	{"QUIT", "+"},
	{"READY", "a"},
	{"RECORD", "a"},
	{"RELEASE", "ag"},
	{"RELOAD", "o"},
	{"REPORT", "s"},
	{"RESET", "+"},
	{"RESUME", "s"},
	{"REVIEW.DONE", "r"},
	{"REVIEW.NEXT", "r"},
	{"SELECT", "*"},
	{"SHOW", "as"},
	{"SHUTDOWN", "o"},
	{"SUBSCRIBE", "s"},
	{"TAKE", "as"},
	{"TOUCH", "ag"},
	{"UNSUBSCRIBE", "s"},
	{"VERIFY", "srou"},
	{"WHOAMI", "*"},
	{"WHY", "sru"},
};

static const struct {
	char letter;
	unsigned role;
} letters[] = {
	{'a', ROLE_AGENT},
	{'g', ROLE_GATEWAY},
	{'f', ROLE_FEEDER},
	{'s', ROLE_SUPERVISOR},
	{'r', ROLE_REVIEWER},
	{'u', ROLE_AUDITOR},
	{'o', ROLE_OPERATOR},
};

static void test_rows_are_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < command_count; i++) {
		const struct command *row = &command_table[i];
		if (i > 0)
			assert_true(strcmp(command_table[i - 1].name, row->name) < 0);
		for (const char *byte = row->name; *byte != '\0'; byte++)
			assert_true((*byte >= 'A' && *byte <= 'Z') || *byte == '.');
		assert_true(strlen(row->name) < 32);
		assert_true(row->words_min >= 1);
		assert_true(row->words_max == -1 || row->words_max >= row->words_min);
		assert_true(row->summary[0] != '\0' && row->summary[strlen(row->summary) - 1] != '.');
		assert_true(row->usage[0] != '\0' || row->words_max == 1);
		assert_non_null(row->handler);
		/* A command is for roles, or for whoever is signed in, or for everybody: one of the three. */
		assert_int_equal(
			(row->roles != 0) + ((row->flags & COMMAND_BEFORE_AUTH) != 0) + ((row->flags & COMMAND_SIGNED_IN) != 0), 1);
		if (row->flags & COMMAND_WRITES)
			assert_true(row->flags & COMMAND_STORE);
		if (row->flags & COMMAND_ALONE)
			assert_false(row->flags & COMMAND_STORE);
	}
}

static void test_rights(void **state)
{
	(void)state;
	assert_int_equal(command_count, sizeof rights / sizeof *rights);
	for (size_t i = 0; i < command_count; i++) {
		const struct command *row = &command_table[i];
		size_t words = (size_t)row->words_min;
		const char *word = NULL;
		char why[256] = "";
		struct identity nobody = {.name = "none"};
		assert_string_equal(row->name, rights[i].name);
		if (strcmp(rights[i].who, "+") == 0) {
			assert_int_equal(command_check(row, NULL, words, &word, why, sizeof why), 0);
			continue;
		}
		assert_int_equal(command_check(row, NULL, words, &word, why, sizeof why), ERR_RIGHTS);
		assert_string_equal(word, "NOAUTH");
		/* No roles, and every role by itself. */
		assert_int_equal(
			command_check(row, &nobody, words, &word, why, sizeof why), strcmp(rights[i].who, "*") == 0 ? 0 : ERR_RIGHTS);
		for (size_t j = 0; j < sizeof letters / sizeof *letters; j++) {
			struct identity one = {.name = "one", .roles = letters[j].role};
			bool expected = strcmp(rights[i].who, "*") == 0 || strchr(rights[i].who, letters[j].letter) != NULL;
			int result = command_check(row, &one, words, &word, why, sizeof why);
			assert_int_equal(result, expected ? 0 : ERR_RIGHTS);
			if (!expected)
				assert_string_equal(word, "NOPERM");
		}
	}
}

static void test_arity(void **state)
{
	static const struct {
		const char *name;
		size_t words;
		bool right;
	} cases[] = {
		{"NEXT", 1, true},
		{"NEXT", 50, true},
		{"TOUCH", 1, false},
		{"TOUCH", 2, true},
		{"TOUCH", 3, false},
		{"DONE", 2, false},
		{"DONE", 3, true},
		{"DONE", 4, true},
		{"DONE", 5, false},
		{"MINE", 1, true},
		{"MINE", 2, false},
		{"AUTH", 2, true},
		{"AUTH", 3, true},
		{"AUTH", 4, false},
		{"CLIENT.PUT", 1, false},
		{"LIST", 1, false},
		{"LIST", 9, true},
		{"SHUTDOWN", 2, false},
	};
	struct identity all = {.name = "all", .roles = ~0U};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct command *row = command_find(cases[i].name, strlen(cases[i].name), false);
		const char *word = "";
		char why[256] = "";
		int result;
		assert_non_null(row);
		result = command_check(row, &all, cases[i].words, &word, why, sizeof why);
		assert_int_equal(result, cases[i].right ? 0 : ERR_INVALID);
		if (cases[i].right)
			continue;
		assert_string_equal(word, "ERR");
		assert_non_null(strstr(why, row->name)); /* it says how it would be right */
	}
}

static void test_find(void **state)
{
	static const struct {
		const char *name;
		bool with_clock;
		const char *found;
	} cases[] = {
		{"next", false, "NEXT"},
		{"NeXt", false, "NEXT"},
		{"client.put", false, "CLIENT.PUT"},
		{"NEX", false, NULL},
		{"NEXTT", false, NULL},
		{"", false, NULL},
		{"clock", false, NULL},
		{"clock", true, "CLOCK"},
		{"GET", true, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct command *row = command_find(cases[i].name, strlen(cases[i].name), cases[i].with_clock);
		if (cases[i].found == NULL)
			assert_null(row);
		else
			assert_string_equal(row->name, cases[i].found);
	}
	assert_null(command_find("NEXT\0X", 6, false)); /* a NUL is no end */
}

static void test_error_words(void **state)
{
	static const struct {
		int error;
		const char *word;
	} cases[] = {
		{ERR_MEMORY, "BUSY"},
		{ERR_INVALID, "ERR"},
		{ERR_NOT_FOUND, "ERR"},
		{ERR_STORE, "STORE"},
		{ERR_FULL, "STORE"},
		{ERR_CORRUPT, "STORE"},
		{ERR_NO_LEASE, "NOLEASE"},
		{ERR_CLOSED, "CLOSED"},
		{ERR_BUSY, "BUSY"},
		{ERR_LIMIT, "ERR"},
		{ERR_SYNTAX, "ERR"},
		{ERR_SYSTEM, "ERR"},
		{ERR_RIGHTS, "NOPERM"},
		{-999, "ERR"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(command_error_word(cases[i].error), cases[i].word);
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		int64_t least, most;
		int64_t number; /* -99: refused */
	} cases[] = {
		{"0", 0, 10, 0},
		{"10", 0, 10, 10},
		{"11", 0, 10, -99},
		{"-1", 0, 10, -99},
		{"-1", -5, 10, -1},
		{"", 0, 10, -99},
		{"5x", 0, 10, -99},
		{" 5", 0, 10, -99},
		{"+5", 0, 10, -99},
		{"-", -5, 10, -99},
		{"0x5", 0, 10, -99},
		{"1e1", 0, 10, -99},
		{"99999999999999999999", 0, INT64_MAX, -99},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct answer answer = {0};
		const char *words[1] = {cases[i].text};
		struct request request = {.count = 1, .words = words, .answer = &answer};
		int64_t number = -99;
		int result = request_number(&request, 0, cases[i].least, cases[i].most, &number);
		assert_int_equal(number, cases[i].number);
		assert_int_equal(result, cases[i].number == -99 ? ERR_INVALID : 0);
		assert_int_equal(answer.why[0] != '\0', result < 0);
	}
}

static void test_words_are_text(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		bool text;
	} cases[] = {
		{"plain", 5, true},
		{"", 0, true},
		{"\xe5\xbc\xa0", 3, true},
		{"\xe5\xbc", 2, false},
		{"\xff", 1, false},
		{"a\0b", 3, false},
		{"\xed\xa0\x80", 3, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *words[1] = {cases[i].bytes};
		struct request request = {.count = 1, .words = words, .lengths = &cases[i].length};
		assert_int_equal(request_is_text(&request), cases[i].text);
	}
}

static void test_description(void **state)
{
	struct buffer out = {0};

	(void)state;
	command_describe(command_find("TOUCH", 5, false), &out);
	assert_string_equal(out.data, "TOUCH lease - Keep a call longer");
	buffer_clear(&out);
	command_describe(command_find("MINE", 4, false), &out);
	assert_string_equal(out.data, "MINE - List the calls that you hold, and messages whose outcome is not known");
	buffer_clear(&out);
	json_text_append(&out, "a\"b\\c\n\x01\xe5\xbc\xa0");
	json_text_append(&out, NULL);
	assert_string_equal(out.data, "\"a\\\"b\\\\c\\u000a\\u0001\xe5\xbc\xa0\"null");
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_sound),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_arity),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_error_words),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_words_are_text),
		cmocka_unit_test(test_description),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
