/* test_store_sync.c - commits whose sync is put off, with and without a thread that does it (store.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "book_file.h"
#include "followup/store.h"
#include "followup/store_reader.h"
#include "followup/store_wal.h"

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
		cmocka_unit_test_setup_teardown(test_syncs_put_off, begin_file, end_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
