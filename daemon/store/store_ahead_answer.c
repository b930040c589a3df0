/* store_ahead_answer.c - what has been read ahead, as the cycle asks for it. */
#include <string.h>

#include "store_ahead_parts.h"

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
	struct ahead_wish wish = ahead_wish_due(day), rest = ahead_wish_rest(day);
	const struct store_ahead *ahead = store->ahead;

	/* Whoever asks for the rest asks for these before, each time, and there is hardly ever one. */
	if (ahead == NULL || ahead_is_for(ahead->batch, &rest) ||
		(ahead->is_asked && !ahead->is_unwanted && ahead_is_for(ahead->other, &rest)))
		return 0;
	struct ahead_batch *batch = ahead_in_use(store, &wish);
	return batch != NULL ? answer_waiting(store, batch, out, capacity) : 0;
}

int store_ahead_rest(struct store *store, day_t day, int64_t behind, struct store_waiting *out, int capacity)
{
	struct ahead_wish wish = ahead_wish_rest(day);
	struct ahead_batch *batch = store->ahead != NULL ? ahead_in_use(store, &wish) : NULL;

	if (batch == NULL)
		return 0;
	if (behind == (batch->next > 0 ? batch->waiting[batch->next - 1].client_id : batch->after.client_id))
		return answer_waiting(store, batch, out, capacity);
	ahead_forget(store->ahead);
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

	if (ahead->is_asked && ahead_is_for(ahead->other, wish) && begins_later(ahead->other, place) &&
		!(ahead_is_for(ahead->batch, wish) && ahead->batch->next < ahead->batch->count))
		return NULL; /* not yet */
	struct ahead_batch *batch = ahead_in_use(store, wish);
	while (batch != NULL && batch->next < batch->count &&
		compare_to_place(
			batch->admissions[batch->next].followup.client_ref, batch->admissions[batch->next].followup.occasion, place) <= 0)
		batch->next++;
	return batch;
}

int store_ahead_admissions(struct store *store, const struct admission_place *place, int64_t rule, day_t first, day_t last,
	struct admission *out, int capacity)
{
	struct ahead_wish wish = ahead_wish_admissions(place, rule, first, last);
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
