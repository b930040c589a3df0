/* test_store_fact.c - versions of clients and events: which fact counts, and whom a new one concerns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "book_memory.h"
#include "followup/fact.h"
#include "followup/store.h"
#include "followup/store_client.h"
#include "followup/store_event.h"

static struct client_fact client_row(const char *name, const char *assets, int64_t as_of)
{
	struct client_fact fact = {.client_ref = "C1", .has_as_of = as_of > 0, .as_of = as_of};

	if (name != NULL) {
		fact.present[CLIENT_NAME] = true;
		fact.values[CLIENT_NAME] = name;
	}
	if (assets != NULL) {
		fact.present[CLIENT_ASSETS] = true;
		fact.values[CLIENT_ASSETS] = assets;
	}
	return fact;
}

static void test_client_versions(void **state)
{
	enum { DAY = 86400 };
	static const struct {
		const char *name, *assets;
		int64_t as_of; /* 0: none */
		int result;
	} puts[] = {
		{NULL, "1", 0, ERR_INVALID},                            /* a new client needs a name */
		{"Li", "100", 0, CLIENT_IS_NEW}, {"Li", "100", 0, 0},   /* twice changes nothing */
		{"Wang", NULL, 20 * DAY, 1}, {"Li", NULL, 0, 0},        /* without as_of: older than any that has one */
		{"Zhao", NULL, 19 * DAY, 0},                            /* older */
		{"Qian", NULL, 20 * DAY, 1},                            /* of equals the later loaded */
		{NULL, "500", 30 * DAY, 1}, {NULL, "300", 25 * DAY, 1}, /* told late: what they were then is news all the same */
		{NULL, "300", 25 * DAY, 0}, {NULL, "", 40 * DAY, 1},    /* not known any more */
	};
	static const struct {
		day_t before;
		money_t assets; /* NO_MONEY: none known */
	} asked[] = {{5, NO_MONEY}, {11, 100}, {25, 100}, {26, 300}, {30, 300}, {31, 500}, {41, NO_MONEY}};
	struct store *store = open_memory();
	int64_t id = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(puts) / sizeof(puts[0]); i++) {
		struct client_fact fact = client_row(puts[i].name, puts[i].assets, puts[i].as_of);
		assert_int_equal(store_savepoint(store), 0);
		int result = store_client_put(store, &fact, 10, &id);
		if (result < 0)
			store_rollback_savepoint(store);
		else
			assert_int_equal(store_release(store), 0);
		if (result != puts[i].result)
			fail_msg("row %zu: %d, expected %d", i, result, puts[i].result);
	}
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		money_t assets = NO_MONEY;
		int known = store_client_assets_before(store, id, asked[i].before, &assets);
		if (known != (asked[i].assets != NO_MONEY) || (known > 0 && assets != asked[i].assets * MONEY_ONE))
			fail_msg("before day %d: %d, %lld", (int)asked[i].before, known, (long long)assets);
	}
	close_memory(store);
}

static int put_event(struct store *store, const char *ref, const char *client, const char *kind, const char *detail, int64_t as_of,
	struct event_change *change)
{
	struct event_fact fact = {.event_ref = ref,
		.client_ref = client,
		.kind = kind,
		.detail = detail,
		.occurred_at = 20000LL * 86400,
		.has_as_of = as_of > 0,
		.as_of = as_of};

	return store_event_put(store, &fact, change);
}

static bool concerns(const struct event_change *change, int64_t client_id)
{
	for (int i = 0; i < change->client_count; i++)
		if (change->clients[i] == client_id)
			return true;
	return false;
}

/* Whoever an event is about, was about, or whose event it withdraws or no longer withdraws, must be looked at. */
static void test_event_subjects(void **state)
{
	struct store *store = open_memory();
	struct event_change change;
	int64_t a = store_client_ensure(store, "A"), b = store_client_ensure(store, "B"), c = store_client_ensure(store, "C");

	(void)state;
	assert_int_equal(put_event(store, "E1", "A", "complaint", "", 0, &change), 1);
	assert_true(concerns(&change, a) && !change.corrected);
	assert_int_equal(put_event(store, "E1", "A", "complaint", "", 0, &change), 0);
	assert_int_equal(put_event(store, "E1", "B", "complaint", "", 1, &change), 1);
	assert_true(concerns(&change, a) && concerns(&change, b) && change.corrected);
	assert_int_equal(put_event(store, "E1", "A", "complaint", "", 0, &change), 0); /* an older version */
	assert_int_equal(put_event(store, "E2", "C", "complaint", "", 0, &change), 1);
	assert_int_equal(put_event(store, "V", "", "void", "E1", 1, &change), 1);
	assert_true(concerns(&change, b) && change.corrected);
	assert_int_equal(put_event(store, "V", "", "void", "E2", 2, &change), 1);
	assert_true(concerns(&change, b) && concerns(&change, c));
	assert_int_equal(put_event(store, "M", "", "manager_departed", "M1", 0, &change), 1);
	assert_int_equal(change.manager_count, 1);
	assert_string_equal(change.managers[0], "M1");
	assert_int_equal(put_event(store, "V", "", "void", "M", 3, &change), 1);
	assert_true(concerns(&change, c));
	assert_int_equal(change.manager_count, 1);
	assert_int_equal(put_event(store, "M", "", "manager_departed", "M2", 1, &change), 1);
	assert_int_equal(change.manager_count, 2);
	/* A withdrawal that comes before its event counts when that comes. */
	assert_int_equal(put_event(store, "V2", "", "void", "E9", 0, &change), 1);
	assert_int_equal(put_event(store, "E9", "A", "abnormal", "", 0, &change), 1);
	struct event event;
	int64_t client = 0;
	assert_int_equal(store_event_find(store, "E9", &event, &client), 1);
	assert_int_equal(event.withdrawn_on, 20000);
	/* Told again by a later file, word for word: nothing changes, but what an older file says is older from now on. */
	assert_int_equal(put_event(store, "E1", "B", "complaint", "", 5, &change), 0);
	assert_int_equal(put_event(store, "E1", "A", "complaint", "", 4, &change), 0);
	assert_int_equal(store_event_find(store, "E1", &event, &client), 1);
	assert_int_equal(client, b);
	assert_int_equal(put_event(store, "E1", "A", "complaint", "", 6, &change), 1);
	close_memory(store);
}

static void put_on(struct store *store, const char *ref, const char *kind, const char *detail, day_t day)
{
	struct event_fact fact = {
		.event_ref = ref, .client_ref = "C1", .kind = kind, .detail = detail, .occurred_at = (int64_t)day * 86400};
	struct event_change change;

	assert_int_equal(store_event_put(store, &fact, &change), 1);
}

/* What a day knows of trades: the latest, what is still to come, and what is withdrawn on this very day. Asked after each of them has come. */
static void test_trades(void **state)
{
	static const struct {
		const char *ref, *kind, *detail;
		day_t day;
		struct {
			day_t on, last, next;
			bool withdrawn;
		} asked[4];
	} steps[] = {
		{"X", "complaint", "", 95, {{90, NO_DAY, NO_DAY, false}, {100, NO_DAY, NO_DAY, false}}},
		{"T1", "trade", "", 100, {{99, NO_DAY, 100, false}, {100, 100, NO_DAY, false}, {300, 100, NO_DAY, false}}},
		{"T2", "trade", "", 110, {{99, NO_DAY, 100, false}, {100, 100, 110, false}, {110, 110, NO_DAY, false}}},
		{"V1", "void", "T2", 120,
			{{109, 100, 110, false}, {110, 110, 120, false}, {119, 110, 120, false}, {120, 100, NO_DAY, true}}},
		{"T3", "trade", "", 115,
			{{110, 110, 115, false}, {115, 115, 120, false}, {120, 115, NO_DAY, true}, {121, 115, NO_DAY, false}}},
		{"V2", "void", "T3", 130,
			{{115, 115, 120, false}, {120, 115, 130, true}, {129, 115, 130, false}, {130, 100, NO_DAY, true}}},
		{"T4", "trade", "", 140, {{130, 100, 140, true}, {139, 100, 140, false}, {140, 140, NO_DAY, false}}},
	};
	struct store *store = open_memory();

	(void)state;
	int64_t id = store_client_ensure(store, "C1");
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		put_on(store, steps[i].ref, steps[i].kind, steps[i].detail, steps[i].day);
		for (size_t k = 0; k < 4 && steps[i].asked[k].on != 0; k++) {
			day_t last = 0, next = 0;
			bool withdrawn = false;
			assert_int_equal(store_event_trades(store, id, steps[i].asked[k].on, &last, &next, &withdrawn), 0);
			if (last != steps[i].asked[k].last || next != steps[i].asked[k].next || withdrawn != steps[i].asked[k].withdrawn)
				fail_msg("after %s, on %d: %d %d %d", steps[i].ref, steps[i].asked[k].on, last, next, withdrawn);
		}
	}
	close_memory(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_versions),
		cmocka_unit_test(test_event_subjects),
		cmocka_unit_test(test_trades),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
