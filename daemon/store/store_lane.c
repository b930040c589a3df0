/* store_lane.c - lanes: what the calls of a queue have in common when it comes to who may make them, and when (store_call.h). */
#include <stdlib.h>
#include <string.h>

#include "followup/store_call.h"
#include "internal.h"

static int64_t text_id(struct store *store, struct statement *find, struct statement *insert, const char *text, uint64_t *made)
{
	int64_t id = 1; /* of the empty text */

	if (text[0] == '\0')
		return id;
	int result = store_integer(store, find, &id, "t", text);
	if (result == ERR_NOT_FOUND) {
		result = store_integer(store, insert, &id, "t", text);
		*made += result == 0;
	}
	return result < 0 ? result : id;
}

/* The texts never change, so that what has been read is kept until a rollback. */
static int text_of(struct store *store, struct name_entry *kept, struct statement *get, int64_t id, char *out, size_t capacity)
{
	if (kept->id != id) {
		sqlite3_stmt *s = store_query(store, get, "i", id);
		int result = store_row(store, s);
		if (result <= 0)
			return result < 0 ? result : ERR_NOT_FOUND;
		char *text = strdup(column_text(s, 0));
		store_end(s);
		if (text == NULL)
			return ERR_MEMORY;
		free(kept->text);
		*kept = (struct name_entry){id, text};
	}
	size_t length = strlen(kept->text);
	if (length >= capacity)
		return ERR_LIMIT;
	memcpy(out, kept->text, length + 1);
	return 0;
}

int64_t store_lane_id(struct store *store, const char *text)
{
	STATEMENT(find, "SELECT id FROM lane WHERE text=?1");
	STATEMENT(insert, "INSERT INTO lane(text) VALUES(?1) RETURNING id");
	uint64_t made = 0;

	return text_id(store, &find, &insert, text, &made);
}

int store_lane_text(struct store *store, int64_t id, char *out, size_t capacity)
{
	STATEMENT(get, "SELECT text FROM lane WHERE id=?1");

	return text_of(store, &store->lanes[(size_t)id % STORE_NAME_CACHE], &get, id, out, capacity);
}

int64_t store_own_hours_id(struct store *store, const char *text)
{
	STATEMENT(find, "SELECT id FROM own_hours WHERE text=?1");
	STATEMENT(insert, "INSERT INTO own_hours(text) VALUES(?1) RETURNING id");

	return text_id(store, &find, &insert, text, &store->own_hours_made);
}

uint64_t store_own_hours_made(const struct store *store)
{
	return store->own_hours_made;
}

int store_own_hours_text(struct store *store, int64_t id, char *out, size_t capacity)
{
	STATEMENT(get, "SELECT text FROM own_hours WHERE id=?1");

	return text_of(store, &store->own_hours[(size_t)id % STORE_HOURS_CACHE], &get, id, out, capacity);
}

int64_t store_own_hours_after(struct store *store, int64_t id)
{
	STATEMENT(next, "SELECT id FROM own_hours WHERE id>?1 ORDER BY id LIMIT 1");
	int64_t found;
	int result = store_integer(store, &next, &found, "i", id);

	return result == ERR_NOT_FOUND ? 0 : result < 0 ? result : found;
}

int64_t store_call_next_hours(struct store *store, int64_t queue, int64_t hours)
{
	STATEMENT(next, "SELECT hours FROM call INDEXED BY call_ready WHERE state=0 AND queue=?1 AND hours>?2 ORDER BY hours LIMIT 1");
	int64_t found;
	int result = store_integer(store, &next, &found, "ii", queue, hours);

	return result == ERR_NOT_FOUND ? 0 : result < 0 ? result : found;
}

int64_t store_call_next_lane(struct store *store, int64_t queue, int64_t lane)
{
	STATEMENT(next,
		"SELECT lane FROM call INDEXED BY call_ready WHERE state=0 AND queue=?1 AND hours=?2 AND lane>?3 ORDER BY lane LIMIT 1");
	int64_t hours = 0, first = 0;

	while ((hours = store_call_next_hours(store, queue, hours)) > 0) {
		int64_t found;
		int result = store_integer(store, &next, &found, "iii", queue, hours, lane);
		if (result < 0 && result != ERR_NOT_FOUND)
			return result;
		if (result == 0 && (first == 0 || found < first))
			first = found;
	}
	return hours < 0 ? hours : first;
}

int64_t store_call_count_lane(struct store *store, int64_t queue, int64_t lane)
{
	STATEMENT(get, "SELECT count(*) FROM call INDEXED BY call_ready WHERE state=0 AND queue=?1 AND hours=?2 AND lane=?3");
	int64_t hours = 0, total = 0;

	while ((hours = store_call_next_hours(store, queue, hours)) > 0) {
		int64_t count;
		int result = store_integer(store, &get, &count, "iii", queue, hours, lane);
		if (result < 0)
			return result;
		total += count;
	}
	return hours < 0 ? hours : total;
}

/* All of it stands in the index. */
#define HEAD(where)                                                                                                                        \
	"SELECT hours, lane, due_now, priority, due_on, id FROM call INDEXED BY call_ready WHERE state=0 AND queue=?1 AND " where          \
	" ORDER BY hours, lane, due_now DESC, priority, due_on, id LIMIT 1"

static int read_head(struct store *store, sqlite3_stmt *s, struct call_lane *lane, struct call_place *place)
{
	int result = store_row(store, s);

	if (result > 0) {
		*lane = (struct call_lane){sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1)};
		*place = (struct call_place){
			true, sqlite3_column_int(s, 2), sqlite3_column_int(s, 3), column_day(s, 4), sqlite3_column_int64(s, 5)};
		store_end(s);
	}
	return result;
}

int store_call_next_head(struct store *store, int64_t queue, struct call_lane *lane, struct call_place *place)
{
	STATEMENT(in_hours, HEAD("hours=?2 AND lane>?3"));
	STATEMENT(later_hours, HEAD("hours>?2"));
	int result = 0;

	if (lane->lane != LAST_LANE)
		result = read_head(store, store_query(store, &in_hours, "iii", queue, lane->hours, lane->lane), lane, place);
	return result != 0 ? result : read_head(store, store_query(store, &later_hours, "ii", queue, lane->hours), lane, place);
}

int store_call_lane_head(struct store *store, int64_t queue, struct call_lane lane, struct call_place *place)
{
	STATEMENT(one, HEAD("hours=?2 AND lane=?3"));

	return read_head(store, store_query(store, &one, "iii", queue, lane.hours, lane.lane), &lane, place);
}

static struct queue_lanes *lanes_of(struct store *store, int64_t queue)
{
	for (int i = 0; queue != 0 && i < QUEUES_WITH_LANES; i++)
		if (store->queue_lanes[i].queue == queue)
			return &store->queue_lanes[i];
	return NULL;
}

static int place_of(const struct queue_lanes *kept, struct call_lane lane)
{
	int place = 0;

	while (place < kept->count && (kept->lanes[place].lane != lane.lane || kept->lanes[place].hours != lane.hours))
		place++;
	return place;
}

void store_note_lane(struct store *store, int64_t queue, struct call_lane lane)
{
	struct queue_lanes *kept = lanes_of(store, queue);

	if (kept == NULL || kept->count == TOO_MANY_LANES || place_of(kept, lane) < kept->count)
		return;
	if (kept->count == STORE_LANES_KEPT)
		kept->count = TOO_MANY_LANES;
	else
		kept->lanes[kept->count++] = lane;
}

void store_call_lane_is_empty(struct store *store, int64_t queue, struct call_lane lane)
{
	struct queue_lanes *kept = lanes_of(store, queue);
	int place = kept != NULL ? place_of(kept, lane) : 0;

	if (kept != NULL && place < kept->count)
		kept->lanes[place] = kept->lanes[--kept->count];
}

static int find_lanes(struct store *store, int64_t queue, struct queue_lanes *out)
{
	struct call_lane lane = ALL_LANES;
	struct call_place place;
	int result;

	out->queue = 0;
	out->rollbacks = store->rollbacks;
	out->count = 0;
	while ((result = store_call_next_head(store, queue, &lane, &place)) > 0 && out->count < STORE_LANES_KEPT)
		out->lanes[out->count++] = lane;
	if (result > 0)
		out->count = TOO_MANY_LANES;
	/* Outside a transaction another's writing is not seen. */
	if (result >= 0 && store->in_transaction)
		out->queue = queue;
	return result < 0 ? result : 0;
}

int store_call_lanes(struct store *store, int64_t queue, struct call_lane *out, int capacity)
{
	struct queue_lanes *kept = lanes_of(store, queue);

	if (kept == NULL || !store->in_transaction || kept->rollbacks != store->rollbacks) {
		if (kept == NULL)
			kept = &store->queue_lanes[store->queue_lanes_next++ % QUEUES_WITH_LANES];
		int result = find_lanes(store, queue, kept);
		if (result < 0)
			return result;
	}
	if (kept->count == TOO_MANY_LANES)
		return ERR_NOT_FOUND;
	for (int i = 0; i < kept->count && i < capacity; i++)
		out[i] = kept->lanes[i];
	return kept->count;
}
