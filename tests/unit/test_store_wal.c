/* test_store_wal.c - the write-ahead log moved into the database in steps (store_wal.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../daemon/store/internal.h"
#include "followup/store.h"
#include "followup/store_reader.h"
#include "followup/store_wal.h"

static char folder[] = "/tmp/followup-wal-XXXXXX", path[64];
static struct store *store;
static struct store_wal *wal;
static int written;

static void commit_some(int count)
{
	char key[64];

	assert_int_equal(store_begin(store, 0), 0);
	for (int i = 0; i < count; i++, written++) {
		snprintf(key, sizeof(key), "a-longer-name-that-fills-pages-%08d", (int)((int64_t)written * 7919 % 1000003));
		assert_int_equal(store_meta_set(store, key, written), 0);
	}
	assert_int_equal(store_commit(store), 0);
}

static int64_t count_as_read(struct store *reader)
{
	int64_t found = 0, value;
	char key[64];

	assert_int_equal(store_read_begin(reader), 0);
	for (int i = 0; i < written; i++) {
		snprintf(key, sizeof(key), "a-longer-name-that-fills-pages-%08d", (int)((int64_t)i * 7919 % 1000003));
		found += store_meta_get(reader, key, &value) == 0 && value == i;
	}
	store_read_end(reader);
	return found;
}

/* What is older than the snapshot is moved, and nothing else; with nothing in the way all of it, and the log begins anew. */
static void test_steps(void **state)
{
	(void)state;
	commit_some(2000);
	int held_at = store_wal_pages(store);
	assert_true(held_at > 20);
	assert_int_equal(store_wal_hold(wal), 0);
	commit_some(500);
	assert_true(store_wal_pages(store) > held_at);
	assert_int_equal(store_wal_move(store), held_at);
	assert_int_equal(store_wal_moved(store), held_at);
	assert_int_equal(store_wal_move(store), held_at); /* it is still held */
	store_wal_let_go(wal);
	assert_int_equal(store_wal_sync(wal), 0);
	assert_int_equal(store_wal_move(store), store_wal_pages(store));
	assert_true(store_wal_bytes(store) == 0);
	commit_some(1);
	assert_true(store_wal_pages(store) > 0 && store_wal_pages(store) < 20);
	assert_int_equal(store_wal_moved(store), 0);
}

/* A reader that began between two steps sees what it began with, and each look afterwards everything. */
static void test_readers(void **state)
{
	struct store *reader;
	char message[256];
	int64_t value;

	(void)state;
	assert_int_equal(store_open_reader(path, &reader, message), 0);
	for (int round = 0; round < 6; round++) {
		commit_some(1); /* with all of it moved there would be nothing to hold */
		assert_int_equal(store_wal_hold(wal), 0);
		commit_some(300);
		assert_int_equal(store_read_begin(reader), 0);
		int seen = written;
		commit_some(300);
		assert_true(store_wal_move(store) > 0);
		store_wal_let_go(wal);
		commit_some(1);
		assert_true(store_wal_move(store) < store_wal_pages(store)); /* the reader stands in the way now */
		char key[64];
		snprintf(key, sizeof(key), "a-longer-name-that-fills-pages-%08d", (int)((int64_t)seen * 7919 % 1000003));
		assert_int_equal(store_meta_get(reader, key, &value), ERR_NOT_FOUND);
		store_read_end(reader);
		assert_int_equal(count_as_read(reader), written);
		if (round % 2 == 0) {
			assert_int_equal(store_wal_move(store), store_wal_pages(store));
		}
	}
	store_close(reader);
}

/* The files as they stand, with what is not in the database yet. */
static void copy_book(char copy[128])
{
	char command[512];

	snprintf(copy, 128, "%s/copy.db", folder);
	snprintf(command, sizeof(command), "cp %s %s && cp %s-wal %s-wal", path, copy, path, copy);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
}

/* Another process that comes after a sudden end finds everything, whatever had been moved. */
static void test_sudden_end(void **state)
{
	char copy[128], message[256];
	struct store *after;

	(void)state;
	commit_some(1);
	assert_int_equal(store_wal_hold(wal), 0);
	commit_some(700);
	assert_true(store_wal_move(store) < store_wal_pages(store));
	copy_book(copy);
	store_wal_let_go(wal);
	assert_int_equal(store_open(copy, &after, message), 0);
	assert_int_equal(store_wal_pages(after), 0);
	int64_t value;
	for (int i = 0; i < written; i++) {
		char key[64];
		snprintf(key, sizeof(key), "a-longer-name-that-fills-pages-%08d", (int)((int64_t)i * 7919 % 1000003));
		if (store_meta_get(after, key, &value) != 0 || value != i)
			fail_msg("%s is lost", key);
	}
	store_close(after);
}

static void write_rows(int from, int to, int64_t value)
{
	char key[64];

	for (int i = from; i != to; i += from < to ? 1 : -1) {
		snprintf(key, sizeof(key), "a-row-of-a-large-transaction-%08d", i);
		assert_int_equal(store_meta_set(store, key, value), 0);
	}
}

/* SQLite 3.40 loses commits at a sudden end when a savepoint is rolled back in a transaction some of whose pages are in the log already: it must never put any there before the commit. */
static void test_taken_back_in_a_large_transaction(void **state)
{
	enum { ROWS = 8000, PAGES = 20 };
	char copy[128], message[256], key[64];
	struct store *after;
	int64_t value = 0;

	(void)state;
	snprintf(message, sizeof(message), "PRAGMA cache_size=%d", PAGES);
	assert_int_equal(store_execute(store, message), 0);
	assert_int_equal(store_begin(store, 0), 0);
	write_rows(0, ROWS, 1);
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(store_begin(store, 0), 0);
	assert_int_equal(store_savepoint(store), 0);
	write_rows(0, ROWS, 2);
	write_rows(ROWS - 1, -1, 3);
	store_rollback_savepoint(store);
	write_rows(0, ROWS, 4);
	assert_int_equal(store_commit(store), 0);
	copy_book(copy);
	assert_int_equal(store_open(copy, &after, message), 0);
	for (int i = 0; i < ROWS; i++) {
		snprintf(key, sizeof(key), "a-row-of-a-large-transaction-%08d", i);
		assert_int_equal(store_meta_get(after, key, &value), 0);
		assert_int_equal(value, 4);
	}
	store_close(after);
}

static int open_book(void **state)
{
	char message[256];

	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/book.db", folder);
	return store_open(path, &store, message) < 0 || store_wal_open(path, &wal, message) < 0 ? -1 : 0;
}

static int close_book(void **state)
{
	char command[128];

	(void)state;
	store_wal_close(wal);
	store_close(store);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command); /* NOLINT(cert-env33-c) */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_readers),
		cmocka_unit_test(test_sudden_end),
		cmocka_unit_test(test_taken_back_in_a_large_transaction),
	};

	return cmocka_run_group_tests(tests, open_book, close_book);
}
