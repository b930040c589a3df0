/* test_store_ahead.c - two books live through the same weeks, one of which has rows read ahead by a thread: day by day they hold the same.
 *
 * FOLLOWUP_SEED=n begins with another seed, FOLLOWUP_HISTORIES=n lives more of them. */
#include <inttypes.h>
#include <sqlite3.h>
#include <string.h>

#include "book_file.h"
#include "shipped_policy.h"

#include "followup/date.h"
#include "followup/engine.h"
#include "followup/fact.h"
#include "followup/store_ahead.h"
#include "followup/store_call.h"
#include "followup/store_name.h"
#include "followup/zone.h"

enum { CLIENTS = 500, DAYS = 14, BUDGET = 32 };

struct book {
	struct store *store;
	struct engine *engine;
	char path[128];
};

/* plain in place 0. */
static struct book books[2];
static uint64_t seed;

static uint64_t draw(uint64_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (seed >> 33) % below;
}

static struct moment at(day_t day)
{
	return zone_moment(zone_unix(day, 36000));
}

static void open_books(int rows, day_t first)
{
	char message[256];

	for (size_t i = 0; i < 2; i++) {
		struct book *b = &books[i];
		snprintf(b->path, sizeof(b->path), "%s/%zu.db", folder, i);
		assert_int_equal(store_open(b->path, &b->store, message), 0);
		b->engine = engine_new(b->store);
		assert_non_null(b->engine);
		assert_int_equal(engine_set_policy(b->engine, policy, at(first).unix_seconds), 0);
	}
	assert_int_equal(store_ahead_start(books[1].store, books[1].path, message), 0);
	if (rows > 0)
		store_ahead_insist(books[1].store, rows);
}

static void close_books(void)
{
	for (size_t i = 0; i < 2; i++) {
		engine_free(books[i].engine);
		store_close(books[i].store);
	}
}

/* What happens to both: in a transaction of its own, as a command. */
static void client_comes(int number, struct moment now, bool again)
{
	static const char *const tiers[] = {"diamond", "gold", "silver", "normal"};
	char ref[16], phone[16], birthday[16], opened[DATE_TEXT_SIZE], person[16];
	struct client_fact fact = {.client_ref = ref};
	day_t opened_on = now.day - (day_t)draw(400);
	struct date born = date_of_day(now.day + (day_t)draw(20));

	snprintf(ref, sizeof(ref), "C%05d", number * 7919 % 100000);
	snprintf(phone, sizeof(phone), "139%08d", number);
	snprintf(birthday, sizeof(birthday), "1970-%02d-%02d", born.month, born.month == 2 && born.day == 29 ? 28 : born.day);
	snprintf(person, sizeof(person), "P%d", number / 40);
	fact.present[CLIENT_NAME] = fact.present[CLIENT_PHONE] = fact.present[CLIENT_TIER] = fact.present[CLIENT_BIRTHDAY] = true;
	fact.present[CLIENT_OPENED_ON] = true;
	fact.values[CLIENT_NAME] = again ? "B" : "A";
	fact.values[CLIENT_PHONE] = draw(20) == 0 ? "" : phone;
	fact.values[CLIENT_TIER] = tiers[draw(4)];
	fact.values[CLIENT_BIRTHDAY] = birthday;
	fact.values[CLIENT_OPENED_ON] = date_format(opened_on, opened);
	fact.present[CLIENT_PERSON_REF] = number % 40 < 3;
	fact.values[CLIENT_PERSON_REF] = person;
	for (size_t i = 0; i < 2; i++)
		assert_true(engine_take_client(books[i].engine, &fact, now, now.day) >= 0);
}

static void event_comes(int number, struct moment now)
{
	static const char *const kinds[] = {"trade", "trade", "account_opened", "complaint", "account_closed", "asset_outflow", "void"};
	char ref[16], client[16], voided[16];
	struct event_fact fact = {.event_ref = ref, .client_ref = client, .detail = ""};
	size_t kind = draw(sizeof(kinds) / sizeof(kinds[0]));

	snprintf(ref, sizeof(ref), "E%d", number);
	snprintf(client, sizeof(client), "C%05d", (int)draw(CLIENTS) * 7919 % 100000);
	snprintf(voided, sizeof(voided), "E%d", number > 0 ? (int)draw((uint64_t)number) : 0);
	fact.kind = kinds[kind];
	fact.occurred_at = ((int64_t)now.day - (int64_t)draw(200) + 3) * 86400 + (int64_t)draw(86400);
	if (strcmp(fact.kind, "asset_outflow") == 0) {
		fact.has_amount = true;
		fact.amount = INT64_C(600000) * 10000;
	}
	if (strcmp(fact.kind, "void") == 0) {
		fact.client_ref = "";
		fact.detail = voided;
	}
	for (size_t i = 0; i < 2; i++)
		assert_true(engine_take_event(books[i].engine, &fact, now) >= 0);
}

/* A client is spoken with, who may be anybody: a slot less. */
static void contact_comes(struct moment now)
{
	int64_t client = 1 + (int64_t)draw(CLIENTS);

	for (size_t i = 0; i < 2; i++) {
		struct contact contact = {
			.on_day = now.day, .at = now.unix_seconds, .channel = store_name_id(books[i].store, "phone"), .client_id = client};
		assert_int_equal(store_contact_insert(books[i].store, &contact), 0);
	}
}

static void begin_both(struct moment now)
{
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(store_begin(books[i].store, now.unix_seconds), 0);
}

static void commit_both(void)
{
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(store_commit(books[i].store), 0);
}

static int events;

/* Somebody at the desk, between two slices: his facts are settled at once. */
static void disturb(struct moment now)
{
	uint64_t kind = draw(3);

	for (uint64_t count = 1 + draw(kind == 2 ? 60 : 8); count > 0; count--)
		if (kind == 0)
			client_comes((int)draw(CLIENTS), now, true);
		else if (kind == 1)
			event_comes(events++, now);
		else
			contact_comes(now);
	for (size_t i = 0; i < 2; i++)
		assert_true(engine_settle(books[i].engine, now, BUDGET) >= 0);
}

/* Slice by slice side by side, several of them in a transaction, now and then one that is taken back. */
static void work(struct moment now, uint64_t disturbed)
{
	int left[2] = {1, 1};

	while (left[0] > 0 || left[1] > 0) {
		bool lost = disturbed > 0 && draw(40) == 0;
		bool commits = draw(3) > 0; /* what goes better when it is committed first may go on otherwise */
		int slices = 1 + (int)draw(6);
		begin_both(now);
		if (disturbed > 0 && draw(disturbed) == 0) {
			disturb(now);
			left[0] = left[1] = 1;
			if (draw(2) == 0) {
				commit_both();
				begin_both(now);
			}
		}
		for (size_t i = 0; i < 2; i++)
			for (int slice = 0; slice < slices && left[i] != 0; slice++) {
				left[i] = engine_work(books[i].engine, now, BUDGET);
				assert_true(left[i] >= 0);
				if (left[i] == ENGINE_COMMIT_FIRST && commits)
					break;
			}
		if (lost) {
			store_rollback(books[0].store);
			store_rollback(books[1].store);
			left[0] = left[1] = 1;
		} else {
			commit_both();
		}
	}
}

/* Salts are drawn. */
static const struct {
	const char *columns, *table;
} compared[] = {
	{"*", "followup"},
	{"*", "call"},
	{"*", "client_due"},
	{"*", "meta WHERE key IN ('common_on', 'looked_up_to')"},
	{"*", "touched"},
	{"*", "task"},
	{"id, at, kind, client_id, followup_id, call_id, reason", "entry"},
};

static int64_t count_of(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	int64_t count = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return count;
}

static void compare_books(day_t day)
{
	char sql[1024], text[DATE_TEXT_SIZE];
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open_v2(books[0].path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	snprintf(sql, sizeof(sql), "ATTACH '%s' AS ahead", books[1].path);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	for (size_t i = 0; i < sizeof(compared) / sizeof(compared[0]); i++) {
		const char *columns = compared[i].columns, *table = compared[i].table;
		snprintf(sql, sizeof(sql),
			"WITH one AS (SELECT %s FROM main.%s), other AS (SELECT %s FROM ahead.%s) SELECT (SELECT count(*) FROM (SELECT * "
			"FROM one EXCEPT SELECT * FROM other)) + (SELECT count(*) FROM (SELECT * FROM other EXCEPT SELECT * FROM one))",
			columns, table, columns, table);
		int64_t differ = count_of(db, sql);
		if (differ != 0)
			fail_msg("%s: %" PRId64 " rows of %s differ", date_format(day, text), differ, table);
	}
	sqlite3_close(db);
}

/* rows: read at a time, waited for; 0: as the daemon has it. disturbed: in one of how many transactions somebody is at work, about; 0: nobody ever is. The rows that were read ahead. */
static uint64_t live(uint64_t with, int rows, uint64_t disturbed)
{
	day_t first = date_to_day(2025, 9, 18);

	seed = with;
	events = 0;
	open_books(rows, first);
	begin_both(at(first));
	for (int i = 0; i < CLIENTS; i++)
		client_comes(i, at(first), false);
	for (int i = 0; i < CLIENTS; i++)
		event_comes(events++, at(first));
	for (int i = 0; i < CLIENTS / 3; i++)
		contact_comes(at(first));
	commit_both();
	/* The Mid-Autumn Festival and National Day greet everybody. */
	for (day_t day = first; day < first + DAYS; day += 1 + (day_t)(disturbed > 0 ? draw(3) / 2 : 0)) {
		work(at(day), disturbed);
		compare_books(day);
	}
	uint64_t used = store_ahead_used(books[1].store);
	assert_int_equal(store_ahead_used(books[0].store), 0);
	close_books();
	return used;
}

/* The facts of a day have ended a third of those who wait, and made nothing new, when slots come free for all of them: the day's steps share a transaction, so that the thread still sees the others wait. */
static uint64_t live_quietly(int rows)
{
	day_t first = date_to_day(2025, 9, 18), free_on = first + 8;
	static int64_t contacts[2][CLIENTS];
	char ref[16], client[16];

	open_books(rows, first);
	begin_both(at(first));
	for (int i = 0; i < CLIENTS; i++) {
		struct client_fact fact = {.client_ref = client};
		snprintf(client, sizeof(client), "C%05d", i);
		snprintf(ref, sizeof(ref), "E%d", i);
		fact.present[CLIENT_NAME] = fact.present[CLIENT_TIER] = fact.present[CLIENT_PHONE] = fact.present[CLIENT_OPENED_ON] = true;
		fact.values[CLIENT_NAME] = "A";
		fact.values[CLIENT_TIER] = "gold";
		fact.values[CLIENT_PHONE] = "13900000000";
		fact.values[CLIENT_OPENED_ON] = "2025-08-01";
		struct event_fact closing = {.event_ref = ref,
			.client_ref = client,
			.detail = "",
			.kind = "account_closed",
			.occurred_at = (int64_t)free_on * 86400 + 36000};
		for (size_t b = 0; b < 2; b++) {
			assert_true(engine_take_client(books[b].engine, &fact, at(first), first) >= 0);
			if (i % 3 == 0)
				assert_true(engine_take_event(books[b].engine, &closing, at(first)) >= 0);
			struct contact contact = {.on_day = first,
				.at = at(first).unix_seconds,
				.channel = store_name_id(books[b].store, "phone"),
				.client_id = i + 1};
			assert_int_equal(store_contact_insert(books[b].store, &contact), 0);
			contacts[b][i] = contact.id;
		}
	}
	commit_both();
	for (day_t day = first; day < first + DAYS; day++) {
		begin_both(at(day));
		for (size_t b = 0; b < 2; b++)
			for (int i = 0; day == free_on && i < CLIENTS; i++)
				assert_int_equal(store_contact_take_back(books[b].store, contacts[b][i]), 0);
		commit_both();
		begin_both(at(day));
		for (size_t b = 0; b < 2; b++) {
			int result;
			while ((result = engine_work(books[b].engine, at(day), BUDGET)) > 0)
				;
			assert_int_equal(result, 0);
		}
		commit_both();
		compare_books(day);
	}
	uint64_t used = store_ahead_used(books[1].store);
	close_books();
	return used;
}

static uint64_t lives(int rows, uint64_t disturbed)
{
	const char *seed_text = getenv("FOLLOWUP_SEED"), *histories = getenv("FOLLOWUP_HISTORIES");
	uint64_t first = seed_text != NULL ? strtoull(seed_text, NULL, 10) : 1, read = 0;
	int count = histories != NULL ? atoi(histories) : 1;

	for (int i = 0; i < count; i++) {
		uint64_t here = live(first + (uint64_t)i, rows, disturbed);
		print_message("# seed %" PRIu64 ": %" PRIu64 " rows read ahead\n", first + (uint64_t)i, here);
		read += here;
		(void)end_file(NULL);
		assert_int_equal(begin_file(NULL), 0);
	}
	return read;
}

static void test_as_without(void **state)
{
	static const struct {
		int rows;
		uint64_t disturbed;
	} ways[] = {
		{3, 0},
		{60, 0},
		{3, 3},
		{60, 3},
		/* As the daemon has it. */
		{0, 0},
		{0, 20},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		uint64_t read = lives(ways[i].rows, ways[i].disturbed);
		if (read <= CLIENTS)
			fail_msg("%d rows at a time, disturbed every %" PRIu64 "th: only %" PRIu64 " rows were read ahead", ways[i].rows,
				ways[i].disturbed, read);
	}
}

static void test_ended_in_the_same_transaction(void **state)
{
	struct policy *former = policy;

	(void)state;
	assert_int_equal(load_policy_without_sample(NULL), 0);
	assert_int_equal(policy_switch_off(policy, "account-closed"), 0); /* which would make something new */
	assert_true(live_quietly(3) > 0);
	policy_free(policy);
	policy = former;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_as_without, begin_file, end_file),
		cmocka_unit_test_setup_teardown(test_ended_in_the_same_transaction, begin_file, end_file),
	};

	return cmocka_run_group_tests(tests, load_policy_without_sample, free_policy);
}
