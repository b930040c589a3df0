/* test_schema.c - how an older book becomes the present one: every step of it or none, and a newer one is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../daemon/store/internal.h"
#include "followup/store_record.h"

/* A program of three releases, none of which is followupd: each step needs the one before. */
static const char *const releases[] = {
	"CREATE TABLE call(id INTEGER PRIMARY KEY, said TEXT); INSERT INTO call VALUES(1, 'one'), (2, 'two')",
	"ALTER TABLE call ADD COLUMN length INTEGER; UPDATE call SET length=length(said)",
	"CREATE TABLE total AS SELECT sum(length) AS sum FROM call; INSERT INTO call VALUES(3, 'three', 5)",
};
enum { RELEASES = 3 };

static struct store *open_empty(void)
{
	struct store *store = calloc(1, sizeof(*store));

	assert_non_null(store);
	store->lock = -1;
	assert_int_equal(sqlite3_open(":memory:", &store->db), SQLITE_OK);
	return store;
}

static int64_t ask(struct store *store, const char *sql)
{
	sqlite3_stmt *s = NULL;
	int64_t number = -1;

	if (sqlite3_prepare_v2(store->db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		number = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return number;
}

static void every_older_book_becomes_the_present_one(void **state)
{
	(void)state;
	for (int from = 0; from <= RELEASES; from++) {
		struct store *store = open_empty();
		assert_int_equal(store_schema_upgrade(store, releases, from), 0);
		assert_int_equal(ask(store, "PRAGMA user_version"), from);
		assert_int_equal(store_schema_upgrade(store, releases, RELEASES), 0);
		assert_int_equal(ask(store, "PRAGMA user_version"), RELEASES);
		assert_int_equal(ask(store, "PRAGMA application_id"), STORE_APPLICATION_ID);
		assert_int_equal(ask(store, "SELECT count(*) FROM call"), 3);
		assert_int_equal(ask(store, "SELECT sum FROM total"), 6);
		store_close(store);
	}
}

/* The last step fails: those before it have not happened either. */
static void an_upgrade_is_whole_or_not_at_all(void **state)
{
	const char *const broken[] = {
		releases[0], releases[1], "CREATE TABLE total(sum); INSERT INTO total VALUES(1); INSERT INTO nowhere VALUES(1)"};
	struct store *store = open_empty();

	(void)state;
	assert_int_equal(store_schema_upgrade(store, releases, 1), 0);
	assert_true(store_schema_upgrade(store, broken, RELEASES) < 0);
	assert_non_null(strstr(store->message, "nowhere"));
	assert_int_equal(sqlite3_get_autocommit(store->db), 1);
	assert_int_equal(ask(store, "PRAGMA user_version"), 1);
	assert_int_equal(ask(store, "SELECT count(*) FROM sqlite_schema"), 1);
	assert_int_equal(ask(store, "SELECT count(*) FROM pragma_table_info('call')"), 2);
	assert_int_equal(store_schema_upgrade(store, releases, RELEASES), 0);
	assert_int_equal(ask(store, "SELECT sum FROM total"), 6);
	store_close(store);
}

static void a_newer_book_is_refused_and_left_alone(void **state)
{
	struct store *store = open_empty();

	(void)state;
	assert_int_equal(store_schema_upgrade(store, releases, RELEASES), 0);
	assert_int_equal(store_schema_upgrade(store, releases, 2), ERR_INVALID);
	assert_string_equal(
		store->message, "schema 3 is newer than this program's 2: install the newer followupd, or restore a copy made before it");
	assert_int_equal(ask(store, "PRAGMA user_version"), RELEASES);
	assert_int_equal(ask(store, "SELECT count(*) FROM call"), 3);
	store_close(store);
}

static char *read_all(const char *name)
{
	FILE *file = fopen(name, "rb");
	long size;

	if (file == NULL)
		fail_msg("%s: a book of that release has to be kept here, as the shell's .dump of it", name);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	assert_true(size > 0);
	rewind(file);
	char *text = calloc(1, (size_t)size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)size, file), (size_t)size);
	assert_int_equal(fclose(file), 0);
	return text;
}

/* Whoever adds a step keeps a book of the release before: tests/data/books/1.sql for the step from 1 to 2. */
static void the_books_of_all_releases_are_kept_and_opened(void **state)
{
	(void)state;
	for (int version = 1; version < store_schema_version(); version++) {
		char name[64];
		struct record_verdict verdict;
		snprintf(name, sizeof(name), "tests/data/books/%d.sql", version);
		char *text = read_all(name);
		struct store *store = open_empty();
		if (sqlite3_exec(store->db, text, NULL, NULL, NULL) != SQLITE_OK)
			fail_msg("%s: %s", name, sqlite3_errmsg(store->db));
		free(text);
		assert_int_equal(ask(store, "PRAGMA user_version"), version);
		assert_int_equal(store_schema_prepare(store), 0);
		assert_int_equal(ask(store, "PRAGMA user_version"), store_schema_version());
		assert_true(ask(store, "SELECT count(*) FROM entry") > 0);
		assert_int_equal(store_record_functions(store), 0);
		assert_int_equal(store_record_verify(store, 0, "", &verdict), 0);
		assert_string_equal(verdict.why, "");
		store_close(store);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_older_book_becomes_the_present_one),
		cmocka_unit_test(an_upgrade_is_whole_or_not_at_all),
		cmocka_unit_test(a_newer_book_is_refused_and_left_alone),
		cmocka_unit_test(the_books_of_all_releases_are_kept_and_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
