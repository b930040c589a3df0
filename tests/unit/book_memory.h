/* book_memory.h - a book in memory for one test, with a transaction open. */
#ifndef FOLLOWUP_TEST_BOOK_MEMORY_H
#define FOLLOWUP_TEST_BOOK_MEMORY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "followup/store.h"

static inline struct store *open_memory(void)
{
	struct store *store = NULL;
	char message[256];

	assert_int_equal(store_open(":memory:", &store, message), 0);
	assert_int_equal(store_begin(store, 0), 0);
	return store;
}

static inline void close_memory(struct store *store)
{
	assert_int_equal(store_commit(store), 0);
	store_close(store);
}

#endif
