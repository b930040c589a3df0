/* store_ahead_unseen.c - what the thread that reads ahead does not see: what the loop has written and not committed.
 *
 * The thread sees what has been committed; the loop may have written since. What makes its rows right all the same:
 *
 * - of clients, their events and their days: no statement has written any since the commit, nor before they are used (the stamps of store_kept.c), but for the days of those who have been passed;
 * - of those who have no day of their own besides: nobody has come among them since, ahead of the walk through them;
 * - of follow-ups besides: nobody but the cycle has written anything since the commit, as far as the cycle's next step can tell; the walk through them began when all before it was committed, and
 *   none has come to stand among them; and only those count whose client stands alone, has no call and no other open follow-up: what the walk has done since concerns others, or rows that it has
 *   passed. All others are read again, one by one. */
#include <string.h>

#include "store_ahead_parts.h"

void ahead_unseen_begin(struct ahead_unseen *unseen)
{
	unseen->scheduled_count = AHEAD_GROUPS + 1; /* until the first commit nothing is known */
}

void store_ahead_note_commit(struct store *store, int64_t changes_before)
{
	struct store_ahead *ahead = store->ahead;

	if (ahead == NULL)
		return;
	if (ahead->changes == changes_before) /* what has been committed is the work of steps alone, and the record's link */
		ahead->changes = store_changes(store);
	memcpy(ahead->unseen.committed, store->written, sizeof(ahead->unseen.committed));
	ahead->unseen.scheduled_count = 0;
	ahead->unseen.by_others = ahead->unseen.before_walk = ahead->unseen.in_rest = false;
	ahead->unseen.least_due = INT32_MAX;
}

void store_ahead_begin_rest(struct store *store)
{
	if (store->ahead == NULL)
		return;
	store_ahead_forget_due(store);
	store->ahead->unseen.in_rest = store_is_dirty(store);
}

void store_ahead_note_rest(struct store *store)
{
	if (store->ahead == NULL)
		return;
	ahead_forget_kind(store->ahead, AHEAD_REST);
	store->ahead->unseen.in_rest = true;
}

void store_ahead_note_due(struct store *store, day_t next_on)
{
	if (store->ahead != NULL && next_on < store->ahead->unseen.least_due)
		store->ahead->unseen.least_due = next_on;
}

bool ahead_is_same(const struct ahead_group *one, const struct ahead_group *other)
{
	return one->priority == other->priority && one->due_on == other->due_on && one->rule == other->rule;
}

static bool is_scheduled_in(const struct store_ahead *ahead, const struct ahead_group *group)
{
	for (int i = 0; i < ahead->unseen.scheduled_count && i < AHEAD_GROUPS; i++)
		if (ahead_is_same(&ahead->unseen.scheduled[i], group))
			return true;
	return ahead->unseen.scheduled_count > AHEAD_GROUPS;
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
	if (ahead->unseen.scheduled_count > AHEAD_GROUPS || (was_open && is_scheduled_in(ahead, &group)))
		return;
	if (!was_open)
		ahead->unseen.scheduled_count = AHEAD_GROUPS; /* its client's others are read as if they were all of his */
	if (ahead->unseen.scheduled_count < AHEAD_GROUPS)
		ahead->unseen.scheduled[ahead->unseen.scheduled_count] = group;
	ahead->unseen.scheduled_count++;
	if (is_among(ahead, ahead->batch))
		ahead->batch->wish.kind = AHEAD_NOTHING;
	if (is_among(ahead, ahead->other))
		ahead->is_unwanted = true;
}

static bool is_committed(const struct store *store)
{
	static const enum kept_rows kinds[] = {KEPT_CLIENTS, KEPT_EVENTS, KEPT_DUE};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (store->ahead->unseen.committed[kinds[i]] != store->written[kinds[i]])
			return false;
	return true;
}

bool ahead_sees(const struct store *store, const struct ahead_wish *wish)
{
	const struct store_ahead *ahead = store->ahead;

	if (ahead->unseen.by_others || !is_committed(store))
		return false;
	switch (wish->kind) {
	case AHEAD_DUE:
		return ahead->unseen.least_due > wish->day;
	case AHEAD_REST: /* whoever has come to wait comes before them */
		return !ahead->unseen.in_rest;
	case AHEAD_ADMISSIONS:
		return !ahead->unseen.before_walk && !is_scheduled_in(ahead, &wish->group);
	case AHEAD_NOTHING:
		break;
	}
	return false;
}
