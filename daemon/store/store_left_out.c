/* store_left_out.c - follow-ups that a walk in the order of admission leaves out: the engine knows that they wait on. Each would cost as much to read as one that is admitted, and on an ordinary day there
 * are as many of them. The thread that reads ahead leaves them out too: so their numbers are written before a walk begins, when it is not reading, and only ever taken away afterwards. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "ahead.h"

enum { PLACES = 1 << 17, TAKEN_IN = -1 };

struct left_out {
	int count;
	_Atomic int64_t ids[PLACES]; /* 0: none; the next place where one is taken */
};

static size_t place_of(int64_t id)
{
	return (size_t)((uint64_t)id * 11400714819323198485u >> 47);
}

/* Its place, or the free one where it would stand. */
static size_t find(const struct left_out *set, int64_t id)
{
	size_t place = place_of(id);
	int64_t there;

	while ((there = atomic_load_explicit(&set->ids[place], memory_order_relaxed)) != 0 && there != id)
		place = (place + 1) % PLACES;
	return place;
}

static void sql_left_out(sqlite3_context *context, int count, sqlite3_value **values)
{
	const struct store *store = sqlite3_user_data(context);
	int64_t id = sqlite3_value_int64(values[0]);

	(void)count;
	sqlite3_result_int(
		context, store->left_out != NULL && id > 0 &&
				 atomic_load_explicit(&store->left_out->ids[find(store->left_out, id)], memory_order_relaxed) == id);
}

int store_left_out_function(struct store *store)
{
	int code = sqlite3_create_function_v2(
		store->db, "is_left_out", 1, SQLITE_UTF8 | SQLITE_INNOCUOUS, store, sql_left_out, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : store_error(store);
}

void store_left_out_begin(struct store *store)
{
	struct left_out *set = store->left_out;

	if (set == NULL || set->count == 0)
		return;
	for (size_t place = 0; place < PLACES; place++)
		atomic_store_explicit(&set->ids[place], 0, memory_order_relaxed);
	set->count = 0;
}

bool store_admission_leave_out(struct store *store, int64_t followup_id)
{
	if (store->left_out == NULL)
		store->left_out = calloc(1, sizeof(*store->left_out));
	if (store->left_out == NULL || store->left_out->count >= PLACES / 2 || followup_id <= 0)
		return false;
	atomic_store_explicit(&store->left_out->ids[find(store->left_out, followup_id)], followup_id, memory_order_relaxed);
	store->left_out->count++;
	return true;
}

void store_admission_take_in(struct store *store, int64_t followup_id)
{
	if (store->left_out == NULL || followup_id <= 0)
		return;
	size_t place = find(store->left_out, followup_id);
	if (atomic_load_explicit(&store->left_out->ids[place], memory_order_relaxed) != followup_id)
		return;
	atomic_store_explicit(&store->left_out->ids[place], TAKEN_IN, memory_order_relaxed);
	store_ahead_forget_admissions(store);
}
