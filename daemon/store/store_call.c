/* store_call.c - calls: what NEXT touches, kept narrow. */
#include "followup/store_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define COLUMNS                                                                                                                            \
	"id, person, channel, bulk, queue, lane, due_now, priority, due_on, state, class, generation, agent_id, lease_until, not_before, " \
	"tries_on,"                                                                                                                        \
	" tries_today, expiries, widened, queued_at, widen_at, moved, appointed_at, owner_id, appointed_for, hours"

static void read_call(sqlite3_stmt *s, struct call *out)
{
	out->id = sqlite3_column_int64(s, 0);
	out->person = sqlite3_column_int64(s, 1);
	out->channel = sqlite3_column_int64(s, 2);
	out->bulk = sqlite3_column_int(s, 3) != 0;
	out->queue = sqlite3_column_int64(s, 4);
	out->lane = sqlite3_column_int64(s, 5);
	out->due_now = sqlite3_column_int(s, 6);
	out->priority = sqlite3_column_int(s, 7);
	out->due_on = column_day(s, 8);
	out->state = (enum call_state)sqlite3_column_int(s, 9);
	out->class = (enum call_class)sqlite3_column_int(s, 10);
	out->generation = sqlite3_column_int(s, 11);
	out->agent_id = sqlite3_column_int64(s, 12);
	out->lease_until = sqlite3_column_int64(s, 13);
	out->not_before = sqlite3_column_int64(s, 14);
	out->tries_on = column_day(s, 15);
	out->tries_today = sqlite3_column_int(s, 16);
	out->expiries = sqlite3_column_int(s, 17);
	out->widened = sqlite3_column_int(s, 18);
	out->queued_at = sqlite3_column_int64(s, 19);
	out->widen_at = sqlite3_column_int64(s, 20);
	out->moved = sqlite3_column_int64(s, 21);
	out->appointed_at = sqlite3_column_int64(s, 22);
	out->owner_id = sqlite3_column_int64(s, 23);
	out->appointed_for = sqlite3_column_int64(s, 24);
	out->hours = sqlite3_column_int64(s, 25);
}

static int read_one(struct store *store, sqlite3_stmt *s, struct call *out)
{
	int result = store_row(store, s);

	if (result > 0) {
		read_call(s, out);
		store_end(s);
	}
	return result;
}

static int read_list(struct store *store, sqlite3_stmt *s, struct call *out, int capacity)
{
	int count = 0, result;

	while ((result = store_row(store, s)) > 0) {
		if (count < capacity)
			read_call(s, &out[count]);
		count++;
	}
	return result < 0 ? result : count;
}

/* Nothing has been touched since it was last found that nothing was. */
static bool none_is_touched(const struct store *store)
{
	return store->touched.none && store->touched.rollbacks == store->rollbacks && store->in_transaction;
}

/* The call is to be looked at then. */
static void note_moment(struct store *store, int64_t at)
{
	if (store->first_wake.known && at < store->first_wake.at)
		store->first_wake.at = at;
}

static void note_moments(struct store *store, const struct call *c)
{
	if (c->state == CALL_LEASED)
		note_moment(store, c->lease_until);
	if (c->state == CALL_RESTING)
		note_moment(store, c->not_before);
	if (c->widen_at != 0)
		note_moment(store, c->widen_at);
	if (c->owner_id != 0 && c->state < CALL_LEASED)
		note_moment(store, c->appointed_at + APPOINTMENT_GRACE_SECONDS);
}

static void note_queue(struct store *store, int64_t queue)
{
	for (int i = 0; i < store->queues.count; i++)
		if (store->queues.ids[i] == queue)
			return;
	if (store->queues.count < STORE_QUEUES_KEPT)
		store->queues.ids[store->queues.count++] = queue;
	else
		store->queues.known = false;
}

/* It may be ready from now on: a queue, and a lane of it, that have a call. */
static void note_place(struct store *store, const struct call *c)
{
	note_queue(store, c->queue);
	store_note_lane(store, c->queue, (struct call_lane){c->hours, c->lane});
}

int store_call_insert(struct store *store, struct call *c)
{
	TOLD_STATEMENT(insert, "INSERT INTO call(person, channel, bulk, queue, lane, due_now, priority, due_on, state, class, queued_at)"
			       " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
	int result = store_run(store, &insert, "iiniinnnnni", c->person, c->channel, (int)c->bulk, c->queue, c->lane, (int)c->due_now,
		c->priority, c->due_on, (int)c->state, (int)c->class, c->queued_at);

	if (result < 0)
		return result;
	c->id = sqlite3_last_insert_rowid(store->db);
	c->hours = NO_OWN_HOURS;
	note_place(store, c);
	return 0;
}

/* Whoever held it may still report what he was told of. */
static int keep_handout(struct store *store, int64_t id)
{
	TOLD_STATEMENT(keep, "INSERT OR REPLACE INTO handout(call_id, generation, agent_id, shown) SELECT id, generation, agent_id, shown "
			     "FROM call WHERE id=?1 AND shown IS NOT NULL");
	int result = store_run(store, &keep, "i", id);

	return result < 0 ? result : 0;
}

int store_call_save(struct store *store, const struct call *c)
{
	TOLD_STATEMENT(save, "UPDATE call SET queue=?2, lane=?3, due_now=?4, priority=?5, due_on=?6, state=?7, class=?8, generation=?9, "
			     "agent_id=?10,"
			     " lease_until=?11, not_before=?12, tries_on=?13, tries_today=?14, expiries=?15, widened=?16, "
			     "queued_at=?17,"
			     " person=?18, widen_at=?19, moved=?20, appointed_at=?21, owner_id=?22, appointed_for=?23, hours=?24, "
			     "shown=iif(?7=2, shown, NULL) WHERE id=?1");
	int result = c->state != CALL_LEASED && c->generation > 0 ? keep_handout(store, c->id) : 0;

	if (result < 0)
		return result;
	store_forget_lease(store, c->id);
	if (c->generation > 0) /* somebody may have held it, or hold it now */
		store->written[KEPT_HOLDING]++;
	note_moments(store, c);
	note_place(store, c);
	result = store_run(store, &save, "iiinnnnnnzzzdnnniizzzzzi", c->id, c->queue, c->lane, (int)c->due_now, c->priority, c->due_on,
		(int)c->state, (int)c->class, c->generation, c->agent_id, c->lease_until, c->not_before, c->tries_on, c->tries_today,
		c->expiries, c->widened, c->queued_at, c->person, c->widen_at, c->moved, c->appointed_at, c->owner_id, c->appointed_for,
		c->hours);

	if (result == 0)
		return ERR_NOT_FOUND;
	return result < 0 ? result : 0;
}

int store_call_lease(struct store *store, const struct call *c, const char *shown)
{
	TOLD_STATEMENT(lease, "UPDATE call SET state=2, generation=?2, agent_id=?3, lease_until=?4, shown=?5 WHERE id=?1");
	int result = store_run(store, &lease, "iniit", c->id, c->generation, c->agent_id, c->lease_until, shown);

	if (result <= 0)
		return result == 0 ? ERR_NOT_FOUND : result;
	note_moments(store, c);
	int holding = store_kept_holding(store, c->agent_id);
	if (holding >= 0)
		store_keep_holding(store, c->agent_id, holding + 1);
	store_keep_lease(store, c, shown);
	return 0;
}

int store_call_load(struct store *store, int64_t id, struct call *out)
{
	STATEMENT(load, "SELECT " COLUMNS " FROM call WHERE id=?1");
	const struct kept_lease *kept = store_kept_lease(store, id);

	if (kept != NULL) {
		*out = kept->call;
		return 0;
	}
	int result = read_one(store, store_query(store, &load, "i", id), out);

	return result == 0 ? ERR_NOT_FOUND : result < 0 ? result : 0;
}

int store_call_delete(struct store *store, int64_t id)
{
	TOLD_STATEMENT(delete, "DELETE FROM call WHERE id=?1");
	const struct kept_lease *kept = store_kept_lease(store, id);
	int holding = kept != NULL ? store_kept_holding(store, kept->call.agent_id) : ERR_NOT_FOUND;

	if (holding > 0)
		store_keep_holding(store, kept->call.agent_id, holding - 1);
	else
		store->written[KEPT_HOLDING]++;
	store_forget_lease(store, id);
	if (!none_is_touched(store)) {
		int cleared = store_call_clear_touched(store, id);
		if (cleared < 0)
			return cleared;
	}
	int result = store_run(store, &delete, "i", id);

	return result < 0 ? result : 0;
}

int store_call_touch(struct store *store, int64_t id)
{
	STATEMENT(touch, "INSERT OR IGNORE INTO touched SELECT id FROM call WHERE id=?1");
	int result = store_run(store, &touch, "i", id);

	store->touched.none = false;

	return result < 0 ? result : 0;
}

int store_call_touched(struct store *store, struct call *out)
{
	STATEMENT(next, "SELECT " COLUMNS " FROM touched t JOIN call ON id=t.call_id ORDER BY t.call_id LIMIT 1");

	if (none_is_touched(store))
		return 0;
	int result = read_one(store, store_query(store, &next, ""), out);
	store->touched.none = result == 0;
	store->touched.rollbacks = store->rollbacks;
	return result;
}

int store_call_clear_touched(struct store *store, int64_t id)
{
	STATEMENT(clear, "DELETE FROM touched WHERE call_id=?1");
	int result = store_run(store, &clear, "i", id);

	return result < 0 ? result : 0;
}

int store_call_of_person(struct store *store, int64_t person, struct call *out, int capacity)
{
	STATEMENT(list, "SELECT " COLUMNS " FROM call WHERE person=?1 ORDER BY id");

	return read_list(store, store_query(store, &list, "i", person), out, capacity);
}

int store_call_leased_of_person(struct store *store, int64_t person, int64_t but, struct call *out, int capacity)
{
	/* His own calls, by the index alone, and whatever his matters are on: they may have gone onto another person's call before he became this one. Nearly always there is none. */
	STATEMENT(of_one,
		"SELECT id FROM call WHERE person=?1 AND id<>?2 UNION ALL SELECT f.call_id FROM followup f INDEXED BY followup_open"
		" WHERE f.client_id=-?1 AND f.closed_on IS NULL AND f.call_id<>?2");
	STATEMENT(of_many, "SELECT id FROM call WHERE person=?1 AND id<>?2 UNION ALL SELECT f.call_id FROM client k CROSS JOIN followup f"
			   " INDEXED BY followup_open WHERE k.person=?1 AND k.person>0 AND f.client_id=k.id AND f.closed_on IS NULL AND "
			   "f.call_id<>?2");
	enum { OTHERS_MAX = 256 };
	int64_t others[OTHERS_MAX];
	int seen = 0, count = 0, result;

	sqlite3_stmt *s = store_query(store, person < 0 ? &of_one : &of_many, "ii", person, but);
	while ((result = store_row(store, s)) > 0) {
		int64_t id = sqlite3_column_int64(s, 0);
		bool again = false; /* two of his matters are on it */
		for (int i = 0; i < seen && !again; i++)
			again = others[i] == id;
		if (!again && seen < OTHERS_MAX)
			others[seen++] = id;
	}
	for (int i = 0; result == 0 && i < seen; i++) {
		struct call call;
		result = store_call_load(store, others[i], &call);
		if (result == 0 && call.state == CALL_LEASED) {
			if (count < capacity)
				out[count] = call;
			count++;
		}
		if (result == ERR_NOT_FOUND)
			result = 0;
	}
	return result < 0 ? result : count;
}

/* Each step seeks in the index: on among equals by number, then within one due_now, then from due to not yet due. A row comparison that ends in the number would not: it
 * seeks by what stands before it, and passes over all equals already seen. */
#define FIRST(index, where)                                                                                                                \
	"SELECT " COLUMNS " FROM call INDEXED BY " index " WHERE state=0 AND " where " ORDER BY due_now DESC, priority, due_on, id LIMIT " \
	"1"
#define EQUAL(index, where)                                                                                                                \
	"SELECT " COLUMNS " FROM call INDEXED BY " index " WHERE state=0 AND " where                                                       \
	" AND due_now=?4 AND priority=?5 AND due_on=?6 AND id>?7 ORDER BY id LIMIT 1"
#define SAME(index, where)                                                                                                                 \
	"SELECT " COLUMNS " FROM call INDEXED BY " index " WHERE state=0 AND " where                                                       \
	" AND due_now=?4 AND (priority, due_on)>(?5, ?6) ORDER BY priority, due_on, id LIMIT 1"
#define LATER(index, where)                                                                                                                \
	"SELECT " COLUMNS " FROM call INDEXED BY " index " WHERE state=0 AND " where                                                       \
	" AND due_now<?4 ORDER BY due_now DESC, priority, due_on, id LIMIT 1"
/* An index and what chooses its part, as one argument. */
#define EXPAND(form, part) form(part)
#define IN_LANE "call_ready", "queue=?1 AND hours=?2 AND lane=?3"
#define IN_QUEUE "call_all_lanes", "queue=?1 AND ?2=?3"

int store_call_next(struct store *store, int64_t queue, struct call_lane lane, struct call_place *place, struct call *out)
{
	enum { LANE, QUEUE };
	static struct statement first[] = {{EXPAND(FIRST, IN_LANE), 0, false}, {EXPAND(FIRST, IN_QUEUE), 0, false}};
	static struct statement equal[] = {{EXPAND(EQUAL, IN_LANE), 0, false}, {EXPAND(EQUAL, IN_QUEUE), 0, false}};
	static struct statement same[] = {{EXPAND(SAME, IN_LANE), 0, false}, {EXPAND(SAME, IN_QUEUE), 0, false}};
	static struct statement later[] = {{EXPAND(LATER, IN_LANE), 0, false}, {EXPAND(LATER, IN_QUEUE), 0, false}};
	int which = lane.lane == 0 ? QUEUE : LANE, result;

	if (!place->started) {
		result = read_one(store, store_query(store, &first[which], "iii", queue, lane.hours, lane.lane), out);
	} else {
		result = read_one(store,
			store_query(store, &equal[which], "iiinnni", queue, lane.hours, lane.lane, (int)place->due_now, place->priority,
				(int)place->due_on, place->id),
			out);
		if (result == 0)
			result = read_one(store,
				store_query(store, &same[which], "iiinnn", queue, lane.hours, lane.lane, (int)place->due_now,
					place->priority, (int)place->due_on),
				out);
		if (result == 0 && place->due_now > CALL_NOT_DUE)
			result = read_one(
				store, store_query(store, &later[which], "iiin", queue, lane.hours, lane.lane, place->due_now), out);
	}
	if (result > 0)
		*place = (struct call_place){true, out->due_now, out->priority, out->due_on, out->id};
	return result;
}

int64_t store_call_next_queue(struct store *store, int64_t queue)
{
	STATEMENT(next, "SELECT queue FROM call INDEXED BY call_ready WHERE state=0 AND queue>?1 ORDER BY queue LIMIT 1");
	int64_t found;
	int result = store_integer(store, &next, &found, "i", queue);

	if (result == ERR_NOT_FOUND)
		return 0;
	return result < 0 ? result : found;
}

int store_call_queues(struct store *store, bool anew, int64_t *out, int capacity)
{
	bool known = store->queues.known && store->in_transaction && store->queues.rollbacks == store->rollbacks;
	int64_t queue = 0;

	if (!known || anew) {
		store->queues.known = false;
		store->queues.count = 0;
		while ((queue = store_call_next_queue(store, queue)) > 0 && store->queues.count < STORE_QUEUES_KEPT)
			store->queues.ids[store->queues.count++] = queue;
		if (queue != 0) /* there are more than are kept, or an error */
			return queue < 0 ? (int)queue : ERR_NOT_FOUND;
		store->queues.known = store->in_transaction;
		store->queues.rollbacks = store->rollbacks;
	}
	for (int i = 0; i < store->queues.count && i < capacity; i++)
		out[i] = store->queues.ids[i];
	return store->queues.count;
}

int64_t store_call_ahead(struct store *store, const struct call *call)
{
	STATEMENT(get, "SELECT count(*) FROM call INDEXED BY call_ready WHERE state=0 AND queue=?1 AND (due_now>?2 OR (due_now=?2 AND "
		       "(priority, due_on, id)<(?3, ?4, ?5)))");
	int64_t count;
	int result = store_integer(store, &get, &count, "innni", call->queue, call->due_now, call->priority, (int)call->due_on, call->id);

	return result < 0 ? result : count;
}

int store_call_resting_on(struct store *store, int64_t queue, struct call *out, int capacity)
{
	STATEMENT(list, "SELECT " COLUMNS " FROM call INDEXED BY call_rest WHERE state=1 AND queue=?1 ORDER BY not_before");

	return read_list(store, store_query(store, &list, "i", queue), out, capacity);
}

int store_call_held_on(struct store *store, int64_t queue, struct call *out, int capacity)
{
	STATEMENT(list,
		"SELECT " COLUMNS " FROM call INDEXED BY call_agent WHERE agent_id IS NOT NULL AND queue=?1 ORDER BY state, lease_until");

	return read_list(store, store_query(store, &list, "i", queue), out, capacity);
}

int store_call_mark_due(struct store *store, day_t day, int limit)
{
	STATEMENT(mark,
		"UPDATE call SET due_now=1 WHERE id IN (SELECT id FROM call INDEXED BY call_due WHERE due_now=0 AND due_on<=?1 LIMIT ?2)");

	return store_run(store, &mark, "nn", day, limit);
}

static int compare_ids(const void *left, const void *right)
{
	const struct call *a = left, *b = right;

	return (a->id > b->id) - (a->id < b->id);
}

int store_call_of_agent(struct store *store, int64_t agent_id, struct call *out, int capacity)
{
	STATEMENT(list, "SELECT " COLUMNS " FROM call INDEXED BY call_agent WHERE agent_id=?1");
	if (store_kept_holding(store, agent_id) == 0)
		return 0;
	int count = read_list(store, store_query(store, &list, "i", agent_id), out, capacity);
	if (count >= 0)
		store_keep_holding(store, agent_id, count);

	/* Those that fit; nearly always there is none or one. */
	if (count > 1 && count <= capacity)
		qsort(out, (size_t)count, sizeof(*out), compare_ids);
	return count;
}

/* Who holds calls, and when the first lease of each ends: agent by agent, for their number is small beside that of the messages of which nobody knows whether they were sent. */
#define FIRST_LEASES                                                                                                                       \
	"WITH RECURSIVE holder(id) AS (SELECT min(agent_id) FROM call INDEXED BY call_agent WHERE agent_id IS NOT NULL"                    \
	" UNION ALL SELECT (SELECT min(agent_id) FROM call INDEXED BY call_agent WHERE agent_id>holder.id) FROM holder"                    \
	" WHERE holder.id IS NOT NULL), lease(id, ends) AS (SELECT id, (SELECT lease_until FROM call INDEXED BY call_agent"                \
	" WHERE agent_id=holder.id AND lease_until>0 ORDER BY lease_until LIMIT 1) FROM holder WHERE id IS NOT NULL)"

int store_call_next_expired(struct store *store, int64_t now, struct call *out)
{
	STATEMENT(next,
		"SELECT " COLUMNS " FROM call WHERE id=(" FIRST_LEASES
		" SELECT c.id FROM lease CROSS JOIN call c INDEXED BY call_agent ON c.agent_id=lease.id AND c.lease_until=lease.ends"
		" WHERE lease.ends<=?1 LIMIT 1)");

	if (store->first_wake.known && now < store->first_wake.at)
		return 0;
	/* What has come about moves on now; when the next does is worked out when this is committed. */
	store->first_wake.known = false;
	return read_one(store, store_query(store, &next, "i", now), out);
}

int store_call_next_rested(struct store *store, int64_t now, struct call *out)
{
	STATEMENT(next, "SELECT " COLUMNS " FROM call INDEXED BY call_rest WHERE state=1 AND not_before<=?1 ORDER BY not_before LIMIT 1");

	return read_one(store, store_query(store, &next, "i", now), out);
}

int store_call_next_widening(struct store *store, int64_t now, struct call *out)
{
	STATEMENT(next,
		"SELECT " COLUMNS " FROM call INDEXED BY call_widen WHERE widen_at<=?1 AND widen_at IS NOT NULL ORDER BY widen_at LIMIT 1");

	return read_one(store, store_query(store, &next, "i", now), out);
}

int store_call_next_unkept(struct store *store, int64_t now, struct call *out)
{
	STATEMENT(next, "SELECT " COLUMNS " FROM call INDEXED BY call_owner WHERE owner_id IS NOT NULL AND appointed_at<=?1 AND state<2 "
			"ORDER BY appointed_at LIMIT 1");

	return read_one(store, store_query(store, &next, "i", now - APPOINTMENT_GRACE_SECONDS), out);
}

int store_call_disown(struct store *store, int64_t agent_id)
{
	STATEMENT(disown, "UPDATE call SET owner_id=NULL WHERE owner_id IS NOT NULL AND owner_id=?1");
	int result = store_run(store, &disown, "i", agent_id);

	return result < 0 ? result : 0;
}

/* By calls, and by pauses and reviews. */
static int first_wake(struct store *store, int64_t *at)
{
	STATEMENT(first, FIRST_LEASES
		" SELECT min(coalesce((SELECT min(ends) FROM lease), 9223372036854775807),"
		" coalesce((SELECT min(not_before) FROM call WHERE state=1), 9223372036854775807),"
		" coalesce((SELECT min(widen_at) FROM call WHERE widen_at IS NOT NULL), 9223372036854775807),"
		" coalesce((SELECT min(appointed_at) + 900 FROM call WHERE owner_id IS NOT NULL AND state<2), 9223372036854775807))");

	if (store->first_wake.known) {
		*at = store->first_wake.at;
		return 0;
	}
	int result = store_integer(store, &first, at, "");
	/* Not of what may yet be taken back. */
	if (result == 0 && !store->in_transaction) {
		store->first_wake.known = true;
		store->first_wake.at = *at;
	}
	return result;
}

static int first_end(struct store *store, int64_t *at)
{
	STATEMENT(first, "SELECT min(coalesce((SELECT min(until) FROM pause), 9223372036854775807),"
			 " coalesce((SELECT min(lease_until) FROM review WHERE state=1), 9223372036854775807))");
	struct store_stamp now = store_stamp_now(store, KEPT_MOMENTS);

	if (store->first_end.known && now.written == store->first_end.stamp.written && now.rollbacks == store->first_end.stamp.rollbacks) {
		*at = store->first_end.at;
		return 0;
	}
	int result = store_integer(store, &first, at, "");
	store->first_end.known = result == 0 && !store->in_transaction;
	store->first_end.stamp = now;
	store->first_end.at = *at;
	return result;
}

int store_call_next_time(struct store *store, int64_t *when)
{
	int64_t call = INT64_MAX, end = INT64_MAX;

	int result = first_wake(store, &call);
	if (result == 0)
		result = first_end(store, &end);
	if (result == 0)
		*when = call < end ? call : end;
	return result;
}
