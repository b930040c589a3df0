/* store_ahead.c - rows read ahead of the day cycle by a thread with a snapshot of its own (store_ahead.h). */
#include "store_ahead_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/store_reader.h"

enum {
	MUCH = 64,         /* follow-ups for whose sake a commit is worth while */
	CALM_LEAST = 8,    /* undisturbed steps before it reads */
	FAILURES_MOST = 8, /* then it reads no more */
};

/* --- The thread ----------------------------------------------------------------------------------- */

static void *work(void *argument)
{
	struct store_ahead *ahead = argument;

	thread_lock(&ahead->thread);
	for (;;) {
		while (!ahead->is_wanted && !ahead->thread.is_ending)
			thread_sleep(&ahead->thread);
		if (ahead->thread.is_ending)
			break;
		ahead->is_wanted = false;
		thread_unlock(&ahead->thread);
		int result = ahead_batch_read(ahead->other, ahead->reader);
		if (result < 0)
			ahead->other->count = result;
		thread_lock(&ahead->thread);
		ahead->is_ready = true;
		thread_tell(&ahead->thread);
	}
	thread_unlock(&ahead->thread);
	return NULL;
}

/* --- Beginning and end ---------------------------------------------------------------------------- */

int store_ahead_start(struct store *store, const char *path, char message[256])
{
	struct store_ahead *ahead = calloc(1, sizeof(*ahead));
	int result = ahead != NULL ? 0 : ERR_MEMORY;

	if (ahead != NULL) {
		ahead->batch = ahead_batch_new();
		ahead->other = ahead_batch_new();
		if (ahead->batch == NULL || ahead->other == NULL)
			result = ERR_MEMORY;
		thread_prepare(&ahead->thread);
		ahead_unseen_begin(&ahead->unseen);
		store->ahead = ahead;
	}
	if (result < 0)
		snprintf(message, 256, "out of memory");
	else
		result = store_open_reader(path, &ahead->reader, message);
	if (result == 0 && !thread_start(&ahead->thread, work, ahead)) {
		snprintf(message, 256, "no thread can be started");
		result = ERR_SYSTEM;
	}
	if (result < 0)
		store_ahead_end(store);
	return result;
}

void store_ahead_end(struct store *store)
{
	struct store_ahead *ahead = store->ahead;

	if (ahead == NULL)
		return;
	if (ahead->thread.is_started)
		store_interrupt(ahead->reader);
	thread_end(&ahead->thread);
	thread_destroy(&ahead->thread);
	store_close(ahead->reader);
	ahead_batch_free(ahead->batch);
	ahead_batch_free(ahead->other);
	free(ahead);
	store->ahead = NULL;
}

bool store_ahead_gains(const struct store *store)
{
	return store->scheduled >= MUCH;
}

void store_ahead_insist(struct store *store, int rows)
{
	store->ahead->insists = rows < AHEAD_ROWS ? rows : AHEAD_ROWS;
}

uint64_t store_ahead_used(const struct store *store)
{
	return store->ahead != NULL ? store->ahead->used : 0;
}

/* --- What is asked of it, and when it is forgotten ------------------------------------------------ */

void ahead_forget(struct store_ahead *ahead)
{
	ahead->batch->wish.kind = AHEAD_NOTHING;
	ahead->is_unwanted = true;
}

/* While the other one is being read nobody writes what is wished of it. */
void ahead_forget_kind(struct store_ahead *ahead, enum ahead_kind kind)
{
	if (ahead->batch->wish.kind == kind)
		ahead->batch->wish.kind = AHEAD_NOTHING;
	if (ahead->other->wish.kind == kind)
		ahead->is_unwanted = true;
}

void store_ahead_resume(struct store *store)
{
	struct store_ahead *ahead = store->ahead;

	if (ahead == NULL)
		return;
	if (ahead->changes == store_changes(store)) {
		ahead->calm += ahead->calm < CALM_LEAST;
		return;
	}
	ahead->calm = 0;
	ahead->unseen.by_others = store_is_dirty(store);
	ahead_forget(ahead);
}

void store_ahead_pause(struct store *store)
{
	if (store->ahead != NULL)
		store->ahead->changes = store_changes(store);
}

void store_ahead_forget_due(struct store *store)
{
	if (store->ahead == NULL)
		return;
	ahead_forget_kind(store->ahead, AHEAD_DUE);
	ahead_forget_kind(store->ahead, AHEAD_REST);
}

void store_ahead_forget_admissions(struct store *store)
{
	if (store->ahead != NULL)
		ahead_forget_kind(store->ahead, AHEAD_ADMISSIONS);
}

void store_ahead_begin_admissions(struct store *store)
{
	struct store_ahead *ahead = store->ahead;

	if (ahead == NULL)
		return;
	ahead_forget_kind(ahead, AHEAD_ADMISSIONS);
	ahead->unseen.before_walk = store_is_dirty(store);
	/* What it leaves out is about to be written. */
	thread_lock(&ahead->thread);
	while (ahead->is_asked && !ahead->is_ready)
		thread_await(&ahead->thread);
	thread_unlock(&ahead->thread);
}

/* Whether the thread is free, and would see what the loop sees of the rows that are wished. */
static bool may_ask(const struct store *store, const struct ahead_wish *wish)
{
	const struct store_ahead *ahead = store->ahead;

	return !ahead->is_asked && ahead->failures < FAILURES_MOST && (ahead->calm >= CALM_LEAST || ahead->insists > 0) &&
	       ahead_sees(store, wish);
}

static void ask(struct store *store, const struct ahead_wish *wish)
{
	struct store_ahead *ahead = store->ahead;
	struct ahead_batch *batch = ahead->other;

	batch->wish = *wish;
	batch->capacity = ahead->insists > 0 ? ahead->insists : AHEAD_ROWS;
	batch->as_of.clients = store_stamp_now(store, KEPT_CLIENTS);
	batch->as_of.events = store_stamp_now(store, KEPT_EVENTS);
	batch->as_of.due = store_stamp_now(store, KEPT_DUE);
	batch->left_out = store->left_out;
	ahead->is_asked = true;
	ahead->is_unwanted = false;
	thread_lock(&ahead->thread);
	ahead->is_wanted = true;
	thread_wake(&ahead->thread);
	while (ahead->insists > 0 && !ahead->is_ready)
		thread_await(&ahead->thread);
	thread_unlock(&ahead->thread);
}

static void ask_admissions(
	struct store *store, const struct ahead_wish *wish, const struct admission_place *place, const struct followup *last_one)
{
	if (!may_ask(store, wish))
		return;
	store->ahead->other->place = *place;
	store_admission_pass(&store->ahead->other->place, last_one);
	ask(store, wish);
}

bool ahead_is_for(const struct ahead_batch *batch, const struct ahead_wish *wish)
{
	return batch->wish.kind == wish->kind && batch->wish.day == wish->day && ahead_is_same(&batch->wish.group, &wish->group) &&
	       batch->wish.first == wish->first && batch->wish.last == wish->last;
}

struct ahead_wish ahead_wish_due(day_t day)
{
	return (struct ahead_wish){.kind = AHEAD_DUE, .day = day};
}

struct ahead_wish ahead_wish_rest(day_t day)
{
	return (struct ahead_wish){.kind = AHEAD_REST, .day = day};
}

struct ahead_wish ahead_wish_admissions(const struct admission_place *place, int64_t rule, day_t first, day_t last)
{
	return (struct ahead_wish){.kind = AHEAD_ADMISSIONS, .group = {place->priority, place->due_on, rule}, .first = first, .last = last};
}

int store_ahead_at_once(const struct store *store, int capacity)
{
	return store->ahead != NULL && capacity > store->ahead->insists && store->ahead->insists > 0 ? store->ahead->insists : capacity;
}

void store_ahead_ask_due(struct store *store, day_t day, day_t next_on, int64_t client_id)
{
	struct ahead_wish wish = ahead_wish_due(day);

	if (store->ahead == NULL || !may_ask(store, &wish))
		return;
	store->ahead->other->after = (struct ahead_waiting){.next_on = next_on, .client_id = client_id};
	ask(store, &wish);
}

void store_ahead_ask_rest(struct store *store, day_t day, int64_t client_id)
{
	struct ahead_wish wish = ahead_wish_rest(day);

	if (store->ahead == NULL || !may_ask(store, &wish))
		return;
	store->ahead->other->after = (struct ahead_waiting){.client_id = client_id};
	ask(store, &wish);
}

void store_ahead_ask_admissions(
	struct store *store, const struct admission_place *place, int64_t rule, day_t first, day_t last, const struct followup *last_one)
{
	struct ahead_wish wish = ahead_wish_admissions(place, rule, first, last);

	/* Rows that have been read again, because something was written between, may stand before those of a batch that is there already. */
	if (store->ahead != NULL && !(ahead_is_for(store->ahead->batch, &wish) && store->ahead->batch->next < store->ahead->batch->count))
		ask_admissions(store, &wish, place, last_one);
}

/* --- What it answers ------------------------------------------------------------------------------ */

/* Takes what the thread has read, which it may be at still, and has it read what comes behind that. Where both are about as quick, half of the time is saved by waiting, and nothing by reading
 * the same rows beside it. What is not wanted any more is not waited for. */
static void take(struct store *store)
{
	struct store_ahead *ahead = store->ahead;

	thread_lock(&ahead->thread);
	while (!ahead->is_ready && !ahead->is_unwanted)
		thread_await(&ahead->thread);
	bool is_ready = ahead->is_ready;
	ahead->is_ready = false;
	thread_unlock(&ahead->thread);
	if (!is_ready)
		return;
	struct ahead_batch *batch = ahead->other;
	ahead->other = ahead->batch;
	ahead->batch = batch;
	ahead->is_asked = false;
	ahead->failures = batch->count < 0 ? ahead->failures + 1 : 0;
	if (ahead->is_unwanted || batch->count <= 0) {
		batch->wish.kind = AHEAD_NOTHING;
		return;
	}
	batch->next = 0;
	if (batch->count < batch->capacity)
		return;
	const struct ahead_waiting *last = &batch->waiting[batch->count - 1];
	if (batch->wish.kind == AHEAD_DUE)
		store_ahead_ask_due(store, batch->wish.day, last->next_on, last->client_id);
	else if (batch->wish.kind == AHEAD_REST)
		store_ahead_ask_rest(store, batch->wish.day, last->client_id);
	else
		ask_admissions(store, &batch->wish, &batch->place, &batch->admissions[batch->count - 1].followup);
}

static bool holds(const struct store *store, const struct ahead_batch *batch)
{
	return store_stamp_holds(store, KEPT_CLIENTS, batch->as_of.clients) && store_stamp_holds(store, KEPT_EVENTS, batch->as_of.events) &&
	       store_stamp_holds(store, KEPT_DUE, batch->as_of.due);
}

struct ahead_batch *ahead_in_use(struct store *store, const struct ahead_wish *wish)
{
	struct store_ahead *ahead = store->ahead;

	if (!ahead_is_for(ahead->batch, wish) || ahead->batch->next == ahead->batch->count) {
		ahead->batch->wish.kind = AHEAD_NOTHING;
		if (ahead->is_asked && !(ahead_is_for(ahead->other, wish) && holds(store, ahead->other)))
			ahead->is_unwanted = true;
		if (ahead->is_asked)
			take(store);
	}
	if (!ahead_is_for(ahead->batch, wish))
		return NULL;
	if (holds(store, ahead->batch))
		return ahead->batch;
	ahead_forget(ahead);
	return NULL;
}
