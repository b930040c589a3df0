/* store_ahead_batch.c - what the thread reads for the loop, with a connection and in a snapshot of its own. */
#include "store_ahead_batch.h"

#include <stdlib.h>
#include <string.h>

#include "followup/store_reader.h"

enum { EVENTS_LEAST = 64 }; /* room to begin with */

struct ahead_batch *ahead_batch_new(void)
{
	struct ahead_batch *batch = calloc(1, sizeof(*batch));

	if (batch == NULL)
		return NULL;
	batch->event_capacity = EVENTS_LEAST;
	batch->events = calloc(EVENTS_LEAST, sizeof(*batch->events));
	if (batch->events != NULL)
		return batch;
	free(batch);
	return NULL;
}

void ahead_batch_free(struct ahead_batch *batch)
{
	if (batch == NULL)
		return;
	for (int i = 0; i < AHEAD_ROWS; i++)
		free(batch->clients_read[i].texts);
	free(batch->events);
	free(batch);
}

static int read_waiting_rows(struct store *reader, struct ahead_batch *batch, sqlite3_stmt *s)
{
	int result;

	while ((result = store_row(reader, s)) > 0) {
		struct kept_client *client = &batch->clients_read[batch->count];
		batch->waiting[batch->count] =
			(struct ahead_waiting){sqlite3_column_int(s, 1), sqlite3_column_int64(s, 0), sqlite3_column_int(s, 2) != 0};
		result = store_client_columns(s, 3, client);
		if (result < 0) {
			store_end(s);
			return result;
		}
		batch->stories[batch->count] = (struct ahead_story){.client_id = client->client.id, .has_row = client->client.id != 0};
		batch->count++;
	}
	return result;
}

/* Two questions, each of which the index answers from the place on. */
static int read_due(struct store *reader, struct ahead_batch *batch)
{
#define WAITING_ROWS                                                                                                                       \
	"SELECT d.client_id, d.next_on, d.changed, " CLIENT_COLUMNS " FROM client_due d LEFT JOIN client c ON c.id=d.client_id WHERE "
	STATEMENT(same_day, WAITING_ROWS "d.next_on=?1 AND d.client_id>?2 ORDER BY d.client_id LIMIT ?3");
	STATEMENT(later, WAITING_ROWS "d.next_on>?1 AND d.next_on<=?2 ORDER BY d.next_on, d.client_id LIMIT ?3");
	int result = read_waiting_rows(
		reader, batch, store_query(reader, &same_day, "nin", (int)batch->after.next_on, batch->after.client_id, batch->capacity));

	if (result == 0 && batch->count < batch->capacity)
		result = read_waiting_rows(reader, batch,
			store_query(
				reader, &later, "nnn", (int)batch->after.next_on, (int)batch->wish.day, batch->capacity - batch->count));
	return result;
}

static int read_rest(struct store *reader, struct ahead_batch *batch)
{
	STATEMENT(next, "SELECT c.id, 0, 0, " CLIENT_COLUMNS " FROM client c WHERE c.id>?1 AND c.id<=?1+?2 AND NOT EXISTS (SELECT 1 FROM "
			"client_due d WHERE d.client_id=c.id) ORDER BY c.id LIMIT ?3");

	return read_waiting_rows(reader, batch, store_query(reader, &next, "inn", batch->after.client_id, REST_AT_ONCE, batch->capacity));
}

static int read_events(struct store *reader, struct ahead_batch *batch, struct ahead_story *story)
{
	int count, left;

	for (;;) {
		left = batch->event_capacity - batch->event_count;
		count = store_event_of_client(reader, story->client_id, batch->events + batch->event_count, left);
		if (count <= left)
			break;
		int capacity = 2 * (batch->event_count + count);
		struct event *larger = realloc(batch->events, (size_t)capacity * sizeof(*larger));
		if (larger == NULL)
			return ERR_MEMORY;
		batch->events = larger;
		batch->event_capacity = capacity;
	}
	if (count < 0)
		return count;
	story->first_event = batch->event_count;
	story->event_count = count;
	batch->event_count += count;
	return 0;
}

/* Whoever has something ahead in these days is looked at with his events; nobody else in admission. Of whom waits for a slot that has been found out before, and is remembered. */
static int read_admission_story(struct store *reader, struct ahead_batch *batch, int row)
{
	const struct admission *admission = &batch->admissions[row];
	struct kept_client *client = &batch->clients_read[row];

	batch->stories[row].client_id = 0;
	if (!admission->is_plain || admission->followup.reason != 0 || admission->next_on > batch->wish.last)
		return 0;
	int result = store_client_read(reader, admission->followup.client_id, client);
	if (result <= 0)
		return result;
	batch->stories[row] = (struct ahead_story){.client_id = client->client.id, .has_row = true};
	return read_events(reader, batch, &batch->stories[row]);
}

static int read_waiting_story(struct store *reader, struct ahead_batch *batch, int row)
{
	struct ahead_story *story = &batch->stories[row];

	if (story->client_id == 0)
		return 0;
	int result = read_events(reader, batch, story);
	if (result == 0)
		result = store_event_trades(
			reader, story->client_id, batch->wish.day, &story->last_trade, &story->next_trade, &story->trade_withdrawn);
	story->has_trades = result == 0;
	return result;
}

int ahead_batch_read(struct ahead_batch *batch, struct store *reader)
{
	int result = store_read_begin(reader);

	batch->count = batch->event_count = 0;
	if (result == 0 && batch->wish.kind == AHEAD_DUE) {
		result = read_due(reader, batch);
	} else if (result == 0 && batch->wish.kind == AHEAD_REST) {
		result = read_rest(reader, batch);
	} else if (result == 0) {
		reader->left_out = batch->left_out;
		result = store_admission_read(reader, &batch->place, batch->wish.group.rule, batch->wish.first, batch->wish.last,
			batch->admissions, batch->capacity);
		reader->left_out = NULL;
		batch->count = result > 0 ? result : 0;
	}
	for (int row = 0; result >= 0 && row < batch->count; row++)
		result = batch->wish.kind == AHEAD_ADMISSIONS ? read_admission_story(reader, batch, row)
							      : read_waiting_story(reader, batch, row);
	/* Whether all of it could be read: not every reader of a text can say that it got none. */
	if (result >= 0)
		result = store_ping(reader);
	store_read_end(reader);
	return result;
}
