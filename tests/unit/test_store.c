/* test_store.c - the book as a file: opened, reopened, refused; what a rollback takes back; the orders in which it is walked. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "followup/fact.h"
#include "followup/store.h"
#include "followup/store_call.h"
#include "followup/store_client.h"
#include "followup/store_event.h"
#include "followup/store_followup.h"
#include "followup/store_name.h"
#include "followup/store_reader.h"
#include "followup/store_wal.h"

static char folder[64], path[96];

static struct store *open_file(void)
{
	struct store *store = NULL;
	char message[256] = "";

	int result = store_open(path, &store, message);
	if (result < 0)
		fail_msg("%s: %s", path, message);
	return store;
}

static struct store *open_memory(void)
{
	struct store *store = NULL;
	char message[256];

	assert_int_equal(store_open(":memory:", &store, message), 0);
	assert_int_equal(store_begin(store, 0), 0);
	return store;
}

static void close_memory(struct store *store)
{
	assert_int_equal(store_commit(store), 0);
	store_close(store);
}

static int begin_file(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/followup-store-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/book.db", folder);
	return 0;
}

static int end_file(void **state)
{
	DIR *files = opendir(folder);
	char name[512];

	(void)state;
	if (files == NULL)
		return -1;
	for (struct dirent *file; (file = readdir(files)) != NULL;) {
		snprintf(name, sizeof(name), "%s/%s", folder, file->d_name);
		if (file->d_name[0] != '.')
			(void)unlink(name);
	}
	(void)closedir(files);
	return rmdir(folder);
}

/* --- the file ----------------------------------------------------------------------------------- */

static void test_reopen(void **state)
{
	int64_t value = 0;

	(void)state;
	struct store *store = open_file();
	assert_int_equal(store_ping(store), 0);
	assert_int_equal(store_begin(store, 0), 0);
	assert_false(store_is_dirty(store));
	assert_int_equal(store_meta_get(store, "worked_on", &value), ERR_NOT_FOUND);
	assert_int_equal(store_meta_set(store, "worked_on", 20000), 0);
	assert_true(store_is_dirty(store));
	int64_t name = store_name_id(store, "service");
	assert_true(name > 0);
	assert_int_equal(store_commit(store), 0);
	store_close(store);

	store = open_file();
	assert_int_equal(store_meta_get(store, "worked_on", &value), 0);
	assert_int_equal(value, 20000);
	assert_int_equal(store_name_find(store, "service"), name);
	assert_string_equal(store_name_text(store, name), "service");
	store_close(store);
	store_close(NULL);
}

/* What was not committed was never there. */
static void test_uncommitted(void **state)
{
	int64_t value;

	(void)state;
	struct store *store = open_file();
	assert_int_equal(store_begin(store, 0), 0);
	assert_int_equal(store_meta_set(store, "a", 1), 0);
	store_close(store);
	store = open_file();
	assert_int_equal(store_meta_get(store, "a", &value), ERR_NOT_FOUND);
	store_close(store);
}

static void write_number(long offset, uint32_t number)
{
	unsigned char bytes[4] = {
		(unsigned char)(number >> 24), (unsigned char)(number >> 16), (unsigned char)(number >> 8), (unsigned char)number};
	FILE *file = fopen(path, "r+b");

	assert_non_null(file);
	assert_int_equal(fseek(file, offset, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, 1, 4, file), 4);
	assert_int_equal(fclose(file), 0);
}

enum { USER_VERSION_AT = 60, APPLICATION_ID_AT = 68 }; /* of SQLite's file header */

static void test_newer_and_foreign(void **state)
{
	static const struct {
		long offset;
		uint32_t number;
		const char *says;
	} cases[] = {
		{USER_VERSION_AT, 9999, "newer"},
		{APPLICATION_ID_AT, 0x12345678, "not a followupd database"},
		{APPLICATION_ID_AT, 0, "not a followupd database"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct store *store = open_file();
		char message[256] = "";
		store_close(store);
		FILE *file = fopen(path, "rb");
		char before[100], after[100];
		assert_non_null(file);
		assert_int_equal(fread(before, 1, sizeof(before), file), sizeof(before));
		assert_int_equal(fclose(file), 0);
		write_number(cases[i].offset, cases[i].number);
		store = NULL;
		assert_int_equal(store_open(path, &store, message), ERR_INVALID);
		assert_null(store);
		if (strstr(message, cases[i].says) == NULL)
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, message, cases[i].says);
		/* Nothing has been changed in it. */
		file = fopen(path, "rb");
		assert_non_null(file);
		assert_int_equal(fread(after, 1, sizeof(after), file), sizeof(after));
		assert_int_equal(fclose(file), 0);
		assert_memory_equal(before, after, 24);
		assert_int_equal(unlink(path), 0);
	}
}

static void test_no_database(void **state)
{
	struct store *store = NULL;
	char message[256] = "", text[4096];
	FILE *file = fopen(path, "wb");

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, sizeof(text), file), sizeof(text));
	assert_int_equal(fclose(file), 0);
	assert_true(store_open(path, &store, message) < 0);
	assert_null(store);
	assert_true(message[0] != '\0');
	assert_true(store_open("/no/such/folder/book.db", &store, message) < 0);
	assert_null(store);
}

/* --- transactions ------------------------------------------------------------------------------- */

static void test_savepoints(void **state)
{
	int64_t value;
	struct store *store = open_memory();
	uint64_t rollbacks = store_rollbacks(store);

	(void)state;
	assert_int_equal(store_meta_set(store, "first", 1), 0);
	assert_int_equal(store_savepoint(store), 0);
	assert_int_equal(store_meta_set(store, "first", 2), 0);
	assert_int_equal(store_meta_set(store, "second", 2), 0);
	store_rollback_savepoint(store);
	assert_int_equal(store_rollbacks(store), rollbacks + 1);
	assert_int_equal(store_meta_get(store, "first", &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(store_meta_get(store, "second", &value), ERR_NOT_FOUND);
	/* The next command's savepoint stands as if there had been none. */
	assert_int_equal(store_savepoint(store), 0);
	assert_int_equal(store_meta_set(store, "third", 3), 0);
	assert_int_equal(store_release(store), 0);
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(store_meta_get(store, "third", &value), 0);
	assert_int_equal(value, 3);

	assert_int_equal(store_begin(store, 0), 0);
	assert_int_equal(store_meta_set(store, "third", 4), 0);
	store_rollback(store);
	assert_int_equal(store_meta_get(store, "third", &value), 0);
	assert_int_equal(value, 3);
	store_close(store);
}

/* A number given in a transaction that was rolled back belongs to the next name that asks. */
static void test_names_after_rollback(void **state)
{
	struct store *store = open_memory();

	(void)state;
	int64_t known = store_name_id(store, "service");
	assert_int_equal(store_savepoint(store), 0);
	int64_t lost = store_name_id(store, "lost");
	assert_true(known > 0 && lost > 0 && lost != known);
	store_rollback_savepoint(store);
	assert_int_equal(store_name_find(store, "lost"), 0);
	int64_t next = store_name_id(store, "next");
	assert_int_equal(next, lost);
	assert_string_equal(store_name_text(store, lost), "next");
	assert_int_equal(store_name_id(store, "service"), known);
	assert_string_equal(store_name_text(store, known), "service");

	assert_int_equal(store_commit(store), 0);
	assert_int_equal(store_begin(store, 0), 0);
	int64_t again = store_name_id(store, "again");
	store_rollback(store);
	assert_string_equal(store_name_text(store, again), "");
	assert_int_equal(store_begin(store, 0), 0);
	assert_string_equal(store_name_text(store, 0), "");
	assert_int_equal(store_name_id(store, ""), 0);
	close_memory(store);
}

/* --- orders ------------------------------------------------------------------------------------- */

/* POLICY 3, step 4: (priority, due_on, rule's name, client_ref, occasion), texts bytewise. Put in backwards; the rules' numbers do not follow their names. */
static void test_admission_order(void **state)
{
	static const struct {
		int priority;
		day_t due_on;
		const char *rule, *client_ref, *occasion;
	} rows[] = {
		{1, 20010, "b-rule", "C1", "x"},
		{3, 20001, "Z-rule", "C2", "x"},
		{3, 20001, "a-rule", "C1", "2024"},
		{3, 20001, "a-rule", "C1", "2025"},
		{3, 20001, "a-rule", "C10", "2024"},
		{3, 20001, "a-rule", "C9", "2024"},
		{3, 20001, "a-rule", "c1", "2024"},
		{3, 20001, "b-rule", "B1", "x"},
		{3, 20002, "a-rule", "A1", "x"},
		{3, 20002, "\xe7\x94\x9f\xe6\x97\xa5", "A1", "x"},
		{10, 19000, "a-rule", "A0", "x"},
	};
	enum { COUNT = sizeof(rows) / sizeof(rows[0]) };
	struct store *store = open_memory();
	struct admission_place place;
	struct followup f;

	(void)state;
	assert_true(store_name_id(store, "b-rule") < store_name_id(store, "a-rule"));
	for (int i = COUNT - 1; i >= 0; i--) {
		f = (struct followup){
			.priority = rows[i].priority, .due_on = rows[i].due_on, .opens_on = 18000, .last_on = 21000, .closed_on = NO_DAY};
		f.rule = store_name_id(store, rows[i].rule);
		f.client_id = store_client_ensure(store, rows[i].client_ref);
		assert_true(f.rule > 0 && f.client_id > 0);
		snprintf(f.client_ref, sizeof(f.client_ref), "%s", rows[i].client_ref);
		snprintf(f.occasion, sizeof(f.occasion), "%s", rows[i].occasion);
		assert_int_equal(store_followup_insert(store, &f), 0);
		if (i == 3) { /* the same occasion again is refused, and what is no longer scheduled is passed over */
			struct followup twin = f;
			assert_true(store_followup_insert(store, &twin) < 0);
			snprintf(f.occasion, sizeof(f.occasion), "closed");
			assert_int_equal(store_followup_insert(store, &f), 0);
			f.state = FOLLOWUP_MISSED;
			f.closed_on = 20000;
			assert_int_equal(store_followup_save(store, &f), 0);
		}
	}
	/* One by one, by two and all of a rule at once. */
	for (int most = 1; most <= COUNT; most = most < 2 ? 2 : most + COUNT - 2) {
		struct followup some[COUNT];
		int count, i = 0;
		store_admission_start(&place);
		while ((count = store_admission_next(store, &place, some, most)) > 0)
			for (int k = 0; k < count; k++, i++) {
				assert_true(i < COUNT && count <= most);
				store_admission_pass(&place, &some[k]);
				if (strcmp(store_name_text(store, some[k].rule), rows[i].rule) != 0 ||
					strcmp(some[k].client_ref, rows[i].client_ref) != 0 ||
					strcmp(some[k].occasion, rows[i].occasion) != 0 || some[k].due_on != rows[i].due_on)
					fail_msg("place %d is %s %s %s", i, store_name_text(store, some[k].rule), some[k].client_ref,
						some[k].occasion);
			}
		assert_int_equal(count, 0);
		assert_int_equal(i, COUNT);
	}
	/* What has been read and not passed comes again. */
	struct followup some[COUNT];
	store_admission_start(&place);
	for (int i = 0; i < 3; i++) {
		assert_true(store_admission_next(store, &place, some, COUNT) >= 1);
		store_admission_pass(&place, &some[0]);
	}
	assert_int_equal(store_admission_next(store, &place, some, COUNT), 4);
	assert_string_equal(some[0].occasion, "2025");
	assert_string_equal(some[1].client_ref, "C10");
	close_memory(store);
}

/* POLICY 6: due now first, then priority, then due_on, then the call created first; one lane of one queue, ready ones only. */
static void test_call_order(void **state)
{
	static const struct {
		int queue; /* 0 service, 1 hq */
		int64_t lane;
		bool due_now;
		int priority;
		day_t due_on;
		enum call_state state;
		int place; /* in the walk; -1: not met */
	} calls[] = {
		{0, 1, false, 1, 20010, CALL_READY, 4},
		{0, 1, true, 5, 20000, CALL_READY, 3},
		{0, 1, true, 3, 20001, CALL_READY, 1},
		{0, 1, true, 3, 20000, CALL_READY, 0},
		{0, 1, true, 3, 20001, CALL_READY, 2},
		{0, 1, false, 7, 20005, CALL_READY, 5},
		{0, 2, true, 1, 19000, CALL_READY, -1},
		{1, 1, true, 1, 19000, CALL_READY, -1},
		{0, 1, true, 1, 19000, CALL_LEASED, -1},
		{0, 1, true, 1, 19000, CALL_RESTING, -1},
	};
	enum { COUNT = sizeof(calls) / sizeof(calls[0]) };
	struct store *store = open_memory();
	int64_t queues[2] = {store_name_id(store, "service"), store_name_id(store, "hq")}, channel = store_name_id(store, "phone");
	struct call_place place = {0};
	struct call call;
	int met = 0;

	(void)state;
	assert_true(queues[0] > 0 && queues[1] > 0 && channel > 0);
	assert_int_equal(store_lane_id(store, ""), 1);
	assert_int_equal(store_lane_id(store, "=anna\n"), 2);
	for (int i = 0; i < COUNT; i++) {
		call = (struct call){.person = i + 1, .channel = channel, .queue = queues[calls[i].queue], .lane = calls[i].lane};
		call.due_now = calls[i].due_now;
		call.priority = calls[i].priority;
		call.due_on = calls[i].due_on;
		call.state = calls[i].state;
		call.tries_on = NO_DAY;
		assert_int_equal(store_call_insert(store, &call), 0);
	}
	while (store_call_next(store, queues[0], (struct call_lane){NO_OWN_HOURS, 1}, &place, &call) > 0) {
		if (calls[call.person - 1].place != met)
			fail_msg("place %d is call %d of the table", met, (int)call.person - 1);
		met++;
	}
	assert_int_equal(met, 6);
	assert_int_equal(store_call_next_lane(store, queues[0], 0), 1);
	assert_int_equal(store_call_next_lane(store, queues[0], 1), 2);
	assert_int_equal(store_call_next_lane(store, queues[0], 2), 0);
	close_memory(store);
}

/* --- facts -------------------------------------------------------------------------------------- */

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

static void commit_number(struct store *store, int64_t number, int rows)
{
	char key[32];

	assert_int_equal(store_begin(store, 0), 0);
	assert_int_equal(store_meta_set(store, "number", number), 0);
	for (int row = 0; row < rows; row++) {
		snprintf(key, sizeof(key), "a row of its own %d", row);
		assert_int_equal(store_meta_set(store, key, number), 0);
	}
	assert_int_equal(store_commit(store), 0);
}

static int64_t read_number(struct store *reader)
{
	int64_t number = 0;

	assert_int_equal(store_read_begin(reader), 0);
	assert_int_equal(store_meta_get(reader, "number", &number), 0);
	store_read_end(reader);
	return number;
}

/* A commit whose sync is put off is one for everybody who reads; done by a thread, by whoever asks, or by the next commit or checkpoint, in any order. */
static void test_syncs_put_off(void **state)
{
	enum { COMMITS = 60, LARGE = 6000 }; /* rows of a commit that is longer than what is written in one piece */
	struct store *store = open_file(), *reader = NULL;
	int bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	char message[256];
	uint64_t rung = 0;
	int64_t number;

	(void)state;
	assert_true(bell >= 0);
	commit_number(store, 0, 0);
	assert_int_equal(store_start_syncing(store, bell), ERR_SYSTEM); /* nothing is put off yet */
	assert_true(store_is_synced(store));
	assert_int_equal(store_put_off_syncs(store), 0);
	assert_int_equal(store_open_reader(path, &reader, message), 0);
	for (int i = 1; i <= COMMITS; i++) {
		if (i == COMMITS / 2)
			assert_int_equal(store_start_syncing(store, bell), 0);
		commit_number(store, i, i % 29 == 0 ? LARGE : i % 3);
		if (i < COMMITS / 2 || i % 3 == 0)
			assert_false(store_is_synced(store));
		assert_int_equal(read_number(reader), i);
		store_begin_sync(store);
		if (i % 5 == 0)
			assert_int_equal(store_sync(store), 0);
		if (i % 5 == 0)
			assert_true(store_is_synced(store) && store_sync_us(store) >= 0);
		if (i % 7 == 0)
			assert_true(store_wal_move(store) > 0);
		assert_int_equal(read_number(reader), i);
	}
	assert_int_equal(store_sync(store), 0);
	assert_int_equal(read(bell, &rung, sizeof(rung)), sizeof(rung));
	assert_true(rung > 0);
	store_close(reader);
	commit_number(store, COMMITS + 1, 0); /* left to the end */
	store_close(store);
	(void)close(bell);
	store = open_file();
	assert_int_equal(store_meta_get(store, "number", &number), 0);
	assert_int_equal(number, COMMITS + 1);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reopen, begin_file, end_file),
		cmocka_unit_test_setup_teardown(test_uncommitted, begin_file, end_file),
		cmocka_unit_test_setup_teardown(test_newer_and_foreign, begin_file, end_file),
		cmocka_unit_test_setup_teardown(test_no_database, begin_file, end_file),
		cmocka_unit_test_setup_teardown(test_syncs_put_off, begin_file, end_file),
		cmocka_unit_test(test_savepoints),
		cmocka_unit_test(test_names_after_rollback),
		cmocka_unit_test(test_admission_order),
		cmocka_unit_test(test_call_order),
		cmocka_unit_test(test_client_versions),
		cmocka_unit_test(test_event_subjects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
