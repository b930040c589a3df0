/* test_store.c - the book as a file: opened, reopened, refused; what a rollback takes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "book_file.h"
#include "book_memory.h"
#include "followup/store.h"
#include "followup/store_name.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reopen, begin_file, end_file),
		cmocka_unit_test_setup_teardown(test_uncommitted, begin_file, end_file),
		cmocka_unit_test_setup_teardown(test_newer_and_foreign, begin_file, end_file),
		cmocka_unit_test_setup_teardown(test_no_database, begin_file, end_file),
		cmocka_unit_test(test_savepoints),
		cmocka_unit_test(test_names_after_rollback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
