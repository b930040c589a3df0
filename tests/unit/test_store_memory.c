/* test_store_memory.c - the stock of small pieces that SQLite works with: what is written stays, sizes are kept, another thread may give back, and want of memory empties it first. */
#include <pthread.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "followup/store.h"

enum { PIECES = 400, STEPS = 40000, SIZE_MOST = 5000 };

struct piece {
	unsigned char *bytes; /* NULL: none */
	int size;
	unsigned char mark;
};

/* The allocator below, which can be out of memory, and knows what is with it. */
static sqlite3_mem_methods plain;
static bool none_left;
static int out;

static void *take(int size)
{
	void *memory = none_left ? NULL : plain.xMalloc(size);

	out += memory != NULL;
	return memory;
}

static void give_back(void *memory)
{
	out--;
	plain.xFree(memory);
}

static void *resize(void *memory, int size)
{
	return none_left ? NULL : plain.xRealloc(memory, size);
}

static int prepare(void **state)
{
	(void)state;
	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain) != SQLITE_OK)
		return -1;
	sqlite3_mem_methods own = plain;
	own.xMalloc = take;
	own.xFree = give_back;
	own.xRealloc = resize;
	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &own) != SQLITE_OK)
		return -1;
	store_library_prepare();
	return sqlite3_initialize() == SQLITE_OK ? 0 : -1;
}

static void mark(struct piece *piece, unsigned char with)
{
	piece->mark = with;
	memset(piece->bytes, with, (size_t)piece->size);
}

static void must_be_marked(const struct piece *piece, int size)
{
	for (int i = 0; i < size; i++)
		assert_int_equal(piece->bytes[i], piece->mark);
}

static void test_pieces(void **state)
{
	static struct piece pieces[PIECES];

	(void)state;
	srand(7);
	for (int step = 0; step < STEPS; step++) {
		struct piece *piece = &pieces[rand() % PIECES];
		int size = rand() % 3 == 0 ? 1 + rand() % SIZE_MOST : 1 + rand() % 200;
		if (piece->bytes == NULL) {
			piece->bytes = sqlite3_malloc(size);
			assert_non_null(piece->bytes);
			assert_int_equal((uintptr_t)piece->bytes % 8, 0);
		} else if (rand() % 2 == 0) {
			must_be_marked(piece, piece->size);
			piece->bytes = sqlite3_realloc(piece->bytes, size);
			assert_non_null(piece->bytes);
			must_be_marked(piece, size < piece->size ? size : piece->size);
		} else {
			must_be_marked(piece, piece->size);
			sqlite3_free(piece->bytes);
			piece->bytes = NULL;
			continue;
		}
		assert_true(sqlite3_msize(piece->bytes) >= (sqlite3_uint64)size);
		piece->size = size;
		mark(piece, (unsigned char)step);
	}
	for (int i = 0; i < PIECES; i++)
		sqlite3_free(pieces[i].bytes);
}

static void *work_beside(void *pieces)
{
	struct piece *list = pieces;

	for (int i = 0; i < PIECES; i++) {
		must_be_marked(&list[i], list[i].size);
		sqlite3_free(list[i].bytes);
		list[i].bytes = sqlite3_malloc(list[i].size);
		mark(&list[i], (unsigned char)(i + 1));
	}
	return NULL;
}

static void test_another_thread(void **state)
{
	static struct piece pieces[PIECES];
	pthread_t thread;

	(void)state;
	for (int i = 0; i < PIECES; i++) {
		pieces[i] = (struct piece){sqlite3_malloc(1 + i), 1 + i, 0};
		mark(&pieces[i], (unsigned char)i);
	}
	assert_int_equal(pthread_create(&thread, NULL, work_beside, pieces), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	for (int i = 0; i < PIECES; i++) {
		must_be_marked(&pieces[i], pieces[i].size);
		sqlite3_free(pieces[i].bytes);
	}
}

static void test_want_of_memory(void **state)
{
	enum { LARGE = 100000, MUCH = 4000, MANY = 2000 };
	static void *much[MANY];

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	skip(); /* there is no stock then: each piece is followed by itself */
#endif
	for (int i = 0; i < MANY; i++)
		assert_non_null(much[i] = sqlite3_malloc(1900));
	int before = out;
	for (int i = 0; i < MANY; i++)
		sqlite3_free(much[i]);
	/* The stock has its end; what there is of it is taken again. */
	assert_true(out <= before - MANY / 2);
	int stocked = out;
	void *again = sqlite3_malloc(1900);
	assert_non_null(again);
	assert_int_equal(out, stocked);
	/* Where there is no memory left, the stock goes back before anybody hears of it; and it serves on. */
	none_left = true;
	assert_null(sqlite3_malloc(LARGE));
	assert_true(out < stocked - MUCH / 16);
	assert_null(sqlite3_malloc(1900));
	assert_null(sqlite3_realloc(again, MUCH));
	none_left = false;
	sqlite3_free(again);
	assert_non_null(again = sqlite3_malloc(1900));
	sqlite3_free(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_another_thread),
		cmocka_unit_test(test_want_of_memory),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
