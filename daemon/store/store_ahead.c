/* store_ahead.c - rows read ahead of the day cycle by a thread with a snapshot of its own (store_ahead.h).
 *
 * The thread sees what has been committed; the loop may have written since. What makes its rows right all the same:
 *
 * - of clients, their events and their days: no statement has written any since the commit, nor before they are used (the stamps of store_kept.c), but for the days of those who have been passed;
 * - of those who have no day of their own besides: nobody has come among them since, ahead of the walk through them;
 * - of follow-ups besides: nobody but the cycle has written anything since the commit, as far as the cycle's next step can tell; the walk through them began when all before it was committed, and
 *   none has come to stand among them; and only those count whose client stands alone, has no call and no other open follow-up: what the walk has done since concerns others, or rows that it has
 *   passed. All others are read again, one by one. */
#include "store_ahead_batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/store_reader.h"
#include "followup/thread.h"

enum {
	GROUPS = 8,
	MUCH = 64,         /* follow-ups for whose sake a commit is worth while */
	CALM_LEAST = 8,    /* undisturbed steps before it reads */
	FAILURES_MOST = 8, /* then it reads no more */
};

struct store_ahead {
	/* The loop's thread alone. */
	struct ahead_batch *batch;            /* in use */
	bool is_asked;                        /* the other one is being read, or has been */
	bool is_unwanted;                     /* it is to be forgotten when it comes */
	int insists;                          /* on so many rows at a time, see store_ahead_insist(); 0: it does not */
	int calm;                             /* undisturbed steps */
	int failures;                         /* one after the other */
	int64_t changes;                      /* of the store at the end of the last one */
	bool others_wrote;                    /* something that is not committed yet */
	bool walk_began_dirty;                /* the walk of admission: what came before it is not committed yet */
	bool rest_is_dirty;                   /* the same of those who have no day of their own: who has come among them */
	struct ahead_group scheduled[GROUPS]; /* where follow-ups have come to wait for admission since the last commit */
	int scheduled_count;                  /* more than GROUPS: anywhere */
	day_t least_due;                      /* the earliest day that somebody was given since then */
	uint64_t committed[KEPT_KINDS];
	uint64_t used;
	struct thread thread;

	/* The thread's alone, from a request to its answer. */
	struct ahead_batch *other;
	struct store *reader;

	/* Shared, under lock. */
	bool is_wanted, is_ready;
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
		ahead->scheduled_count = GROUPS + 1; /* until the first commit nothing is known */
		store->ahead = ahead;
	}
	if (result < 0)
		snprintf(message, 256, "out of memory");
	else
		result = store_open_reader(path, &ahead->reader, message);
	/* Each row once: what is worth keeping are the pages above the rows. */
	if (result == 0 && (result = store_execute(ahead->reader, "PRAGMA cache_size=-4000")) < 0)
		snprintf(message, 256, "%s", store_message(ahead->reader));
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

static void forget(struct store_ahead *ahead)
{
	ahead->batch->wish.kind = AHEAD_NOTHING;
	ahead->is_unwanted = true;
}

/* While the other one is being read nobody writes what is wished of it. */
static void forget_kind(struct store_ahead *ahead, enum ahead_kind kind)
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
	ahead->others_wrote = store_is_dirty(store);
	forget(ahead);
}

void store_ahead_pause(struct store *store)
{
	if (store->ahead != NULL)
		store->ahead->changes = store_changes(store);
}

void store_ahead_note_commit(struct store *store, int64_t changes_before)
{
	struct store_ahead *ahead = store->ahead;

	if (ahead == NULL)
		return;
	if (ahead->changes == changes_before) /* what has been committed is the work of steps alone, and the record's link */
		ahead->changes = store_changes(store);
	memcpy(ahead->committed, store->written, sizeof(ahead->committed));
	ahead->scheduled_count = 0;
	ahead->others_wrote = ahead->walk_began_dirty = ahead->rest_is_dirty = false;
	ahead->least_due = INT32_MAX;
}

void store_ahead_forget_due(struct store *store)
{
	if (store->ahead == NULL)
		return;
	forget_kind(store->ahead, AHEAD_DUE);
	forget_kind(store->ahead, AHEAD_REST);
}

void store_ahead_begin_rest(struct store *store)
{
	if (store->ahead == NULL)
		return;
	store_ahead_forget_due(store);
	store->ahead->rest_is_dirty = store_is_dirty(store);
}

void store_ahead_forget_admissions(struct store *store)
{
	if (store->ahead != NULL)
		forget_kind(store->ahead, AHEAD_ADMISSIONS);
}

void store_ahead_note_rest(struct store *store)
{
	if (store->ahead == NULL)
		return;
	forget_kind(store->ahead, AHEAD_REST);
	store->ahead->rest_is_dirty = true;
}

void store_ahead_begin_admissions(struct store *store)
{
	struct store_ahead *ahead = store->ahead;

	if (ahead == NULL)
		return;
	forget_kind(ahead, AHEAD_ADMISSIONS);
	ahead->walk_began_dirty = store_is_dirty(store);
	/* What it leaves out is about to be written. */
	thread_lock(&ahead->thread);
	while (ahead->is_asked && !ahead->is_ready)
		thread_await(&ahead->thread);
	thread_unlock(&ahead->thread);
}

void store_ahead_note_due(struct store *store, day_t next_on)
{
	if (store->ahead != NULL && next_on < store->ahead->least_due)
		store->ahead->least_due = next_on;
}

static bool is_same(const struct ahead_group *one, const struct ahead_group *other)
{
	return one->priority == other->priority && one->due_on == other->due_on && one->rule == other->rule;
}

static bool is_scheduled_in(const struct store_ahead *ahead, const struct ahead_group *group)
{
	for (int i = 0; i < ahead->scheduled_count && i < GROUPS; i++)
		if (is_same(&ahead->scheduled[i], group))
			return true;
	return ahead->scheduled_count > GROUPS;
}

/* Whether its rows may lack one of those. */
static bool is_among(const struct store_ahead *ahead, const struct ahead_batch *batch)
{
	return batch->wish.kind == AHEAD_ADMISSIONS && is_scheduled_in(ahead, &batch->wish.group);
}

void store_ahead_note_scheduled(struct store *store, const struct followup *followup, bool was_open)
{
	struct store_ahead *ahead = store->ahead;
	struct ahead_group group = {followup->priority, followup->due_on, followup->rule};

	store->scheduled++;
	if (ahead == NULL)
		return;
	if (ahead->scheduled_count > GROUPS || (was_open && is_scheduled_in(ahead, &group)))
		return;
	if (!was_open)
		ahead->scheduled_count = GROUPS; /* its client's others are read as if they were all of his */
	if (ahead->scheduled_count < GROUPS)
		ahead->scheduled[ahead->scheduled_count] = group;
	ahead->scheduled_count++;
	if (is_among(ahead, ahead->batch))
		ahead->batch->wish.kind = AHEAD_NOTHING;
	if (is_among(ahead, ahead->other))
		ahead->is_unwanted = true;
}

/* Whether what the thread would see of those rows is what the loop sees. */
static bool is_committed(const struct store *store)
{
	static const enum kept_rows kinds[] = {KEPT_CLIENTS, KEPT_EVENTS, KEPT_DUE};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (store->ahead->committed[kinds[i]] != store->written[kinds[i]])
			return false;
	return true;
}

/* Whether the thread is free, and would see what the loop sees of the rows that are wished. */
static bool may_ask(const struct store *store, const struct ahead_wish *wish)
{
	const struct store_ahead *ahead = store->ahead;

	if (ahead->is_asked || ahead->failures >= FAILURES_MOST || ahead->others_wrote ||
		(ahead->calm < CALM_LEAST && ahead->insists == 0) || !is_committed(store))
		return false;
	switch (wish->kind) {
	case AHEAD_DUE:
		return ahead->least_due > wish->day;
	case AHEAD_REST: /* whoever has come to wait comes before them */
		return !ahead->rest_is_dirty;
	case AHEAD_ADMISSIONS:
		return !ahead->walk_began_dirty && !is_scheduled_in(ahead, &wish->group);
	case AHEAD_NOTHING:
		break;
	}
	return false;
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

static bool is_for(const struct ahead_batch *batch, const struct ahead_wish *wish)
{
	return batch->wish.kind == wish->kind && batch->wish.day == wish->day && is_same(&batch->wish.group, &wish->group) &&
	       batch->wish.first == wish->first && batch->wish.last == wish->last;
}

static struct ahead_wish wish_due(day_t day)
{
	return (struct ahead_wish){.kind = AHEAD_DUE, .day = day};
}

static struct ahead_wish wish_rest(day_t day)
{
	return (struct ahead_wish){.kind = AHEAD_REST, .day = day};
}

static struct ahead_wish wish_admissions(const struct admission_place *place, int64_t rule, day_t first, day_t last)
{
	return (struct ahead_wish){.kind = AHEAD_ADMISSIONS, .group = {place->priority, place->due_on, rule}, .first = first, .last = last};
}

int store_ahead_at_once(const struct store *store, int capacity)
{
	return store->ahead != NULL && capacity > store->ahead->insists && store->ahead->insists > 0 ? store->ahead->insists : capacity;
}

void store_ahead_ask_due(struct store *store, day_t day, day_t next_on, int64_t client_id)
{
	struct ahead_wish wish = wish_due(day);

	if (store->ahead == NULL || !may_ask(store, &wish))
		return;
	store->ahead->other->after = (struct ahead_waiting){.next_on = next_on, .client_id = client_id};
	ask(store, &wish);
}

void store_ahead_ask_rest(struct store *store, day_t day, int64_t client_id)
{
	struct ahead_wish wish = wish_rest(day);

	if (store->ahead == NULL || !may_ask(store, &wish))
		return;
	store->ahead->other->after = (struct ahead_waiting){.client_id = client_id};
	ask(store, &wish);
}

void store_ahead_ask_admissions(
	struct store *store, const struct admission_place *place, int64_t rule, day_t first, day_t last, const struct followup *last_one)
{
	struct ahead_wish wish = wish_admissions(place, rule, first, last);

	/* Rows that have been read again, because something was written between, may stand before those of a batch that is there already. */
	if (store->ahead != NULL && !(is_for(store->ahead->batch, &wish) && store->ahead->batch->next < store->ahead->batch->count))
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

/* The batch that has rows of what is wished, the one in use or the one behind it; NULL: none that holds. */
static struct ahead_batch *in_use(struct store *store, const struct ahead_wish *wish)
{
	struct store_ahead *ahead = store->ahead;

	if (!is_for(ahead->batch, wish) || ahead->batch->next == ahead->batch->count) {
		ahead->batch->wish.kind = AHEAD_NOTHING;
		if (ahead->is_asked && !(is_for(ahead->other, wish) && holds(store, ahead->other)))
			ahead->is_unwanted = true;
		if (ahead->is_asked)
			take(store);
	}
	if (!is_for(ahead->batch, wish))
		return NULL;
	if (holds(store, ahead->batch))
		return ahead->batch;
	forget(ahead);
	return NULL;
}

static int keep_row(struct store *store, struct ahead_batch *batch, int row)
{
	struct ahead_story *story = &batch->stories[row];

	if (story->client_id == 0 || !story->has_row)
		return 0;
	story->has_row = false;
	return store_keep_client_read(store, &batch->clients_read[row]);
}

static int answer_waiting(struct store *store, struct ahead_batch *batch, struct store_waiting *out, int capacity)
{
	int count = 0;

	for (; batch->next < batch->count && count < capacity; batch->next++) {
		const struct ahead_waiting *row = &batch->waiting[batch->next];
		int result = keep_row(store, batch, batch->next);
		if (result < 0)
			return result;
		out[count++] = (struct store_waiting){row->client_id, row->changed};
	}
	store->ahead->used += (uint64_t)count;
	return count;
}

int store_ahead_due(struct store *store, day_t day, struct store_waiting *out, int capacity)
{
	struct ahead_wish wish = wish_due(day), rest = wish_rest(day);
	const struct store_ahead *ahead = store->ahead;

	/* Whoever asks for the rest asks for these before, each time, and there is hardly ever one. */
	if (ahead == NULL || is_for(ahead->batch, &rest) || (ahead->is_asked && !ahead->is_unwanted && is_for(ahead->other, &rest)))
		return 0;
	struct ahead_batch *batch = in_use(store, &wish);
	return batch != NULL ? answer_waiting(store, batch, out, capacity) : 0;
}

int store_ahead_rest(struct store *store, day_t day, int64_t behind, struct store_waiting *out, int capacity)
{
	struct ahead_wish wish = wish_rest(day);
	struct ahead_batch *batch = store->ahead != NULL ? in_use(store, &wish) : NULL;

	if (batch == NULL)
		return 0;
	if (behind == (batch->next > 0 ? batch->waiting[batch->next - 1].client_id : batch->after.client_id))
		return answer_waiting(store, batch, out, capacity);
	forget(store->ahead);
	return 0;
}

/* What has been read of that client; NULL: nothing. */
static const struct ahead_story *story_of(struct store *store, int64_t client_id)
{
	const struct ahead_batch *batch = store->ahead != NULL ? store->ahead->batch : NULL;

	if (batch == NULL || batch->wish.kind == AHEAD_NOTHING || !store_stamp_holds(store, KEPT_EVENTS, batch->as_of.events))
		return NULL;
	for (int row = 0; row < batch->count; row++)
		if (batch->stories[row].client_id == client_id)
			return &batch->stories[row];
	return NULL;
}

int store_ahead_events(struct store *store, int64_t client_id, struct event *events, int capacity)
{
	const struct ahead_story *story = story_of(store, client_id);

	if (story == NULL)
		return ERR_NOT_FOUND;
	if (story->event_count <= capacity && story->event_count > 0)
		memcpy(events, &store->ahead->batch->events[story->first_event], (size_t)story->event_count * sizeof(*events));
	return story->event_count;
}

int store_ahead_trades(struct store *store, int64_t client_id, day_t day, day_t *last, day_t *next, bool *withdrawn_today)
{
	const struct ahead_story *story = story_of(store, client_id);

	if (story == NULL || !story->has_trades || store->ahead->batch->wish.day != day)
		return ERR_NOT_FOUND;
	*last = story->last_trade;
	*next = story->next_trade;
	*withdrawn_today = story->trade_withdrawn;
	return 0;
}

static int compare_to_place(const char *client_ref, const char *occasion, const struct admission_place *place)
{
	int order = strcmp(client_ref, place->client_ref);

	return order != 0 ? order : strcmp(occasion, place->occasion);
}

/* Whether its rows begin behind the one that comes next after the place: what stands between has been asked for before. */
static bool begins_later(const struct ahead_batch *batch, const struct admission_place *place)
{
	return compare_to_place(batch->place.client_ref, batch->place.occasion, place) > 0;
}

/* The same of follow-ups, those up to that place passed. */
static struct ahead_batch *in_use_behind(struct store *store, const struct ahead_wish *wish, const struct admission_place *place)
{
	struct store_ahead *ahead = store->ahead;

	if (ahead->is_asked && is_for(ahead->other, wish) && begins_later(ahead->other, place) &&
		!(is_for(ahead->batch, wish) && ahead->batch->next < ahead->batch->count))
		return NULL; /* not yet */
	struct ahead_batch *batch = in_use(store, wish);
	while (batch != NULL && batch->next < batch->count &&
		compare_to_place(
			batch->admissions[batch->next].followup.client_ref, batch->admissions[batch->next].followup.occasion, place) <= 0)
		batch->next++;
	return batch;
}

int store_ahead_admissions(struct store *store, const struct admission_place *place, int64_t rule, day_t first, day_t last,
	struct admission *out, int capacity)
{
	struct ahead_wish wish = wish_admissions(place, rule, first, last);
	struct ahead_batch *batch = store->ahead != NULL ? in_use_behind(store, &wish, place) : NULL;
	int count = 0;

	if (batch != NULL && batch->next == batch->count)
		batch = in_use_behind(store, &wish, place); /* the next one */
	/* They are passed one by one when they are admitted, and asked for again until then. */
	for (int row = batch != NULL ? batch->next : 0; batch != NULL && row < batch->count && count < capacity; row++) {
		const struct admission *read = &batch->admissions[row];
		int result = 1;
		if (read->is_plain && !read->waits_for_more)
			out[count] = *read;
		else
			result = store_admission_again(store, read->followup.id, first, last, &out[count]);
		if (result > 0 && keep_row(store, batch, row) < 0)
			result = ERR_MEMORY;
		if (result < 0)
			return result;
		count += result;
	}
	if (store->ahead != NULL)
		store->ahead->used += (uint64_t)count;
	return count;
}
