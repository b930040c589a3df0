/* Conditions: what is taken, what is refused and why, and what holds for whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "followup/condition.h"
#include "followup/fact.h"
#include "followup/store.h"
#include "followup/store_client.h"
#include "followup/store_condition.h"
#include "followup/store_event.h"

static char segment[] = "segment", score[] = "score", passport_on[] = "passport_on";
static const struct declared_field declared[] = {
	{.name = segment, .type = FIELD_TEXT}, {.name = score, .type = FIELD_NUMBER}, {.name = passport_on, .type = FIELD_DAY}};
enum { DECLARED = sizeof(declared) / sizeof(declared[0]) };

static const struct {
	const char *text;
	const char *reason; /* NULL: taken */
} texts[] = {
	{"tier in ('diamond','gold')", NULL},
	{"amount >= 500000", NULL},
	{"not (tier = 'gold' or tier = 'silver') and amount between 1 and 2.5", NULL},
	{"detail like 'M%' AND NOT kind <> 'trade'", NULL},
	{"name = 'O''Neil'", NULL},
	{"((((tier = 'a'))))", NULL},
	{"", "it ends where a field of the client or the fact is wanted"},
	{"tier", "it ends where a comparison, in, between or like is wanted"},
	{"tier = gold", "'gold' where a text in 'single quotes' is wanted"},
	{"tier = \"gold\"", "'\"' where a text in 'single quotes' is wanted"},
	{"tier = 'gold", "'gold' where a text in 'single quotes' is wanted"},
	{"amount = '5'", "'5' where a number is wanted"},
	{"amount = 5 tier = 'x'", "'tier' where and, or, or the end is wanted"},
	{"(amount = 5", "it ends where and, or, or ')' is wanted"},
	{"not not amount = 5", "'not' where a field or '(' after 'not' is wanted"},
	{"not (not amount = 5)", NULL},
	{"((((((((((tier = 'a'))))))))))", NULL},
	{"(((((((((((tier = 'a')))))))))))", "'(' where less nesting is wanted"},
	{"amount = 5)", "')' where and, or, or the end is wanted"},
	{"amount in ()", "')' where a number is wanted"},
	{"amount between 1 or 2", "'or' where 'and' is wanted"},
	{"password = 'x'", "'password' where a field of the client or the fact is wanted"},
	{"tier = 'x'; DROP TABLE client", "';' where and, or, or the end is wanted"},
	{"tier = 'x' -- and so on", "'-' where and, or, or the end is wanted"},
	{"upper(tier) = 'X'", "'upper' where a field of the client or the fact is wanted"},
	{"tier = (select 1)", "'(' where a text in 'single quotes' is wanted"},
	{"amount like '5%'", "'like' where a comparison, in, between or like is wanted"},
	{"segment like 're%' and score between -1 and 2.5 and passport_on < '2027-01-01'", NULL},
	{"segment = 5", "'5' where a text in 'single quotes' is wanted"},
	{"score = '5'", "'5' where a number is wanted"},
	{"score like '5%'", "'like' where a comparison, in, between or like is wanted"},
	{"passport_on = 20270101", "'20270101' where a day like '2026-01-31' is wanted"},
	{"passport_on in ('2027-01-01', '2027-02-30')", "'2027-02-30' where a day like '2026-01-31' is wanted"},
	{"passport_on like '2027%'", "'like' where a comparison, in, between or like is wanted"},
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct condition *condition = NULL;
		char reason[CONDITION_REASON_SIZE] = "";
		int result = condition_parse(texts[i].text, declared, DECLARED, &condition, reason);
		if ((result == 0) != (texts[i].reason == NULL) || (texts[i].reason != NULL && strcmp(reason, texts[i].reason) != 0))
			fail_msg("%s: %d, %s", texts[i].text, result, reason);
		condition_free(condition);
	}
}

static void test_bounds(void **state)
{
	char text[CONDITION_TEXT_MAX + 100], reason[CONDITION_REASON_SIZE];
	struct condition *condition = NULL;

	(void)state;
	memset(text, '(', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_true(condition_parse(text, NULL, 0, &condition, reason) < 0);
	text[CONDITION_TEXT_MAX] = '\0';
	assert_true(condition_parse(text, NULL, 0, &condition, reason) < 0); /* too deep, not too long */
	assert_non_null(strstr(reason, "less nesting"));
}

/* A word that means something by itself. */
static void test_known_words(void **state)
{
	(void)state;
	assert_true(condition_knows("tier") && condition_knows("amount") && condition_knows("between") && condition_knows("not"));
	assert_false(condition_knows("segment") || condition_knows(""));
}

static const struct {
	const char *text;
	const char *client; /* gold: tier gold, assets 100; bare: only a name */
	const char *event;  /* E1: trade of 600 yuan, detail M7; "" none */
	money_t amount;
	int holds;
} askings[] = {
	{"tier in ('diamond', 'gold')", "gold", "", NO_MONEY, 1},
	{"tier in ('diamond', 'gold')", "bare", "", NO_MONEY, 0},
	{"not tier in ('diamond', 'gold')", "bare", "", NO_MONEY, 1},
	{"tier not in ('diamond', 'gold')", "bare", "", NO_MONEY, 1},
	{"assets >= 100", "gold", "", NO_MONEY, 1},
	{"assets > 100", "gold", "", NO_MONEY, 0},
	{"assets > 1", "bare", "", NO_MONEY, 0},
	{"not assets > 1", "bare", "", NO_MONEY, 0},
	{"amount = 600", "gold", "E1", NO_MONEY, 1},
	{"amount = 600", "gold", "E1", 7 * MONEY_ONE, 0},
	{"amount = 7", "gold", "", 7 * MONEY_ONE, 1},
	{"amount < 600", "gold", "", NO_MONEY, 0},
	{"kind = 'trade' and detail like 'm%'", "gold", "E1", NO_MONEY, 1},
	{"kind = 'trade' or tier = 'gold'", "gold", "", NO_MONEY, 1},
	{"tier = 'gold' or tier = 'x' and kind = 'none'", "gold", "", NO_MONEY, 1},
	{"(tier = 'gold' or tier = 'x') and kind = 'none'", "gold", "", NO_MONEY, 0},
	{"segment = 'retail'", "gold", "", NO_MONEY, 1},
	{"segment <> 'retail'", "bare", "", NO_MONEY, 1},
	{"score > 7", "gold", "", NO_MONEY, 1},
	{"score > 10", "gold", "", NO_MONEY, 0}, /* as a number: "7.5" is the greater text */
	{"score < 1", "bare", "", NO_MONEY, 0},
	{"not score < 1", "bare", "", NO_MONEY, 0},
	{"passport_on between '2027-01-01' and '2027-12-31'", "gold", "", NO_MONEY, 1},
	{"passport_on < '2027-01-01'", "bare", "", NO_MONEY, 0},
	{"not passport_on < '2027-01-01'", "bare", "", NO_MONEY, 0},
};

static void test_holds(void **state)
{
	struct store *store;
	char message[256];
	int64_t gold, bare;
	struct client_fact fact = {.client_ref = "gold"};
	struct event_fact event = {
		.event_ref = "E1", .client_ref = "gold", .kind = "trade", .has_amount = true, .amount = 600 * MONEY_ONE, .detail = "M7"};
	struct event_change change;

	(void)state;
	assert_int_equal(store_open(":memory:", &store, message), 0);
	assert_int_equal(store_begin(store, 0), 0);
	for (int i = 0; i < CLIENT_FIELD_COUNT; i++)
		fact.values[i] = "";
	fact.present[CLIENT_NAME] = fact.present[CLIENT_TIER] = fact.present[CLIENT_ASSETS] = true;
	fact.values[CLIENT_NAME] = "A";
	fact.values[CLIENT_TIER] = "gold";
	fact.values[CLIENT_ASSETS] = "100";
	fact.declared[0] = (struct declared_value){.name = "segment", .type = FIELD_TEXT, .text = "retail"};
	fact.declared[1] = (struct declared_value){.name = "score", .type = FIELD_NUMBER, .text = "7.5"};
	fact.declared[2] = (struct declared_value){.name = "passport_on", .type = FIELD_DAY, .text = "2027-03-01"};
	fact.declared_count = 3;
	assert_int_equal(store_client_put(store, &fact, 0, &gold), CLIENT_IS_NEW);
	fact.client_ref = "bare";
	fact.declared_count = 1; /* a text is no number, should the field once have been declared as one */
	fact.declared[0] = (struct declared_value){.name = "score", .type = FIELD_TEXT, .text = "0"};
	fact.present[CLIENT_TIER] = fact.present[CLIENT_ASSETS] = false;
	assert_int_equal(store_client_put(store, &fact, 0, &bare), CLIENT_IS_NEW);
	assert_int_equal(store_event_put(store, &event, &change), 1);
	for (size_t i = 0; i < sizeof(askings) / sizeof(askings[0]); i++) {
		struct condition *condition = NULL;
		char reason[CONDITION_REASON_SIZE] = "";
		assert_int_equal(condition_parse(askings[i].text, declared, DECLARED, &condition, reason), 0);
		int holds = store_condition_holds(
			store, condition, strcmp(askings[i].client, "gold") == 0 ? gold : bare, askings[i].event, askings[i].amount);
		if (holds != askings[i].holds)
			fail_msg("%s for %s: %d", askings[i].text, askings[i].client, holds);
		store_condition_forget(store);
		condition_free(condition);
	}
	assert_int_equal(store_commit(store), 0);
	store_close(store);
}

/* Of more conditions than the store keeps ready each still answers for itself. */
static void test_many(void **state)
{
	enum { MANY = 150 };
	struct condition *conditions[MANY];
	struct store *store;
	char message[256], text[64], reason[CONDITION_REASON_SIZE] = "";

	(void)state;
	assert_int_equal(store_open(":memory:", &store, message), 0);
	assert_int_equal(store_begin(store, 0), 0);
	int64_t client = store_client_ensure(store, "C1");
	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "amount >= %d", i + 1);
		assert_int_equal(condition_parse(text, declared, DECLARED, &conditions[i], reason), 0);
	}
	for (int turn = 0; turn < 2; turn++)
		for (int i = 0; i < MANY; i++)
			if (store_condition_holds(store, conditions[i], client, "", 75 * MONEY_ONE) != (i < 75))
				fail_msg("turn %d: amount >= %d", turn, i + 1);
	store_condition_forget(store);
	for (int i = 0; i < MANY; i++)
		condition_free(conditions[i]);
	assert_int_equal(store_commit(store), 0);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_known_words),
		cmocka_unit_test(test_holds),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
