/* store_sample.c - draws of the yearly sample: rows in and out, in the order of the draw. */
#include "followup/store_sample.h"

#include <string.h>

#include "internal.h"

#define COLUMNS                                                                                                                            \
	"id, rule, year, seed, share, made_on, counted, scanned, key_end, book, wanted, last_key, last_client, batch_count, batch_done, "  \
	"batch_from, to_come, open, reached, lost, reached_late, waiting"

static int read_draw(struct store *store, sqlite3_stmt *s, struct sample_draw *out)
{
	int result = store_row(store, s);

	if (result <= 0)
		return result;
	*out = (struct sample_draw){
		.id = sqlite3_column_int64(s, 0),
		.rule = sqlite3_column_int64(s, 1),
		.year = sqlite3_column_int(s, 2),
		.seed = sqlite3_column_int64(s, 3),
		.share_percent = sqlite3_column_int(s, 4),
		.made_on = column_day(s, 5),
		.counted = sqlite3_column_int(s, 6) != 0,
		.scanned = sqlite3_column_int64(s, 7),
		.key_end = sqlite3_column_int64(s, 8),
		.book = sqlite3_column_int64(s, 9),
		.wanted = sqlite3_column_int64(s, 10),
		.last = {sqlite3_column_int64(s, 11), sqlite3_column_int64(s, 12)},
		.batch_count = sqlite3_column_int64(s, 13),
		.batch_done = sqlite3_column_int64(s, 14),
		.batch_from = column_day(s, 15),
	};
	for (int state = SAMPLE_TO_COME; state < SAMPLE_STATE_COUNT; state++)
		out->counts[state] = sqlite3_column_int64(s, 15 + state);
	store_end(s);
	return 1;
}

int store_sample_find(struct store *store, int64_t rule, int year, struct sample_draw *out)
{
	STATEMENT(find, "SELECT " COLUMNS " FROM sample_draw WHERE rule=?1 AND year=?2");

	return read_draw(store, store_query(store, &find, "in", rule, year), out);
}

int store_sample_after(struct store *store, int64_t id, struct sample_draw *out)
{
	STATEMENT(next, "SELECT " COLUMNS " FROM sample_draw WHERE id>?1 ORDER BY id LIMIT 1");

	return read_draw(store, store_query(store, &next, "i", id), out);
}

int store_sample_begin(struct store *store, struct sample_draw *draw)
{
	STATEMENT(insert,
		"INSERT INTO sample_draw(rule, year, seed, share, made_on, key_end, batch_from) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?5)"
		" RETURNING id");

	draw->last = (struct sample_place){-1, 0};
	return store_integer(store, &insert, &draw->id, "iniidi", draw->rule, draw->year, draw->seed, (int64_t)draw->share_percent,
		draw->made_on, draw->key_end);
}

int store_sample_save(struct store *store, const struct sample_draw *draw)
{
	STATEMENT(save, "UPDATE sample_draw SET counted=?2, scanned=?3, book=?4, wanted=?5, last_key=?6, last_client=?7, batch_count=?8, "
			"batch_done=?9, batch_from=?10 WHERE id=?1");
	int result = store_run(store, &save, "iniiiiiiid", draw->id, (int)draw->counted, draw->scanned, draw->book, draw->wanted,
		draw->last.key, draw->last.client_id, draw->batch_count, draw->batch_done, draw->batch_from);

	return result < 0 ? result : 0;
}

int store_sample_drop(struct store *store, int64_t draw_id)
{
	STATEMENT(drop, "DELETE FROM sample_draw WHERE id=?1 AND book=0");
	int result = store_run(store, &drop, "i", draw_id);

	return result < 0 ? result : 0;
}

int64_t store_sample_clients(struct store *store)
{
	STATEMENT(last, "SELECT coalesce(max(id), 0) FROM client");
	int64_t count;
	int result = store_integer(store, &last, &count, "");

	return result < 0 ? result : count;
}

int store_sample_add(struct store *store, int64_t draw_id, struct sample_place place)
{
	STATEMENT(add, "INSERT INTO sample_client(draw_id, key, client_id, state) VALUES(?1, ?2, ?3, 0)");
	int result = store_run(store, &add, "iii", draw_id, place.key, place.client_id);

	return result < 0 ? result : 0;
}

int store_sample_next(struct store *store, int64_t draw_id, struct sample_place after, struct sample_place *out)
{
	STATEMENT(next,
		"SELECT key, client_id FROM sample_client WHERE draw_id=?1 AND (key, client_id)>(?2, ?3) ORDER BY key, client_id LIMIT 1");
	sqlite3_stmt *s = store_query(store, &next, "iii", draw_id, after.key, after.client_id);
	int result = store_row(store, s);

	if (result > 0) {
		*out = (struct sample_place){sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1)};
		store_end(s);
	}
	return result;
}

/* The one place where counts change: -1 and +1. */
static int count_move(struct store *store, int64_t draw_id, enum sample_state from, enum sample_state to)
{
	STATEMENT(count, "UPDATE sample_draw SET to_come=to_come-(?2=1)+(?3=1), open=open-(?2=2)+(?3=2), reached=reached-(?2=3)+(?3=3), "
			 "lost=lost-(?2=4)+(?3=4), reached_late=reached_late-(?2=5)+(?3=5), waiting=waiting-(?2=6)+(?3=6) WHERE id=?1");
	int result = store_run(store, &count, "inn", draw_id, (int)from, (int)to);

	return result < 0 ? result : 0;
}

int store_sample_assign(struct store *store, int64_t draw_id, struct sample_place place, day_t day)
{
	STATEMENT(assign, "UPDATE sample_client SET state=1, day=?4 WHERE draw_id=?1 AND key=?2 AND client_id=?3 AND state=0");
	int result = store_run(store, &assign, "iiid", draw_id, place.key, place.client_id, day);

	if (result == 0)
		return ERR_NOT_FOUND;
	return result < 0 ? result : count_move(store, draw_id, SAMPLE_CANDIDATE, SAMPLE_TO_COME);
}

int store_sample_move(struct store *store, int64_t draw_id, int64_t client_id, enum sample_state from, enum sample_state to)
{
	STATEMENT(move, "UPDATE sample_client SET state=?4 WHERE client_id=?2 AND state>0 AND draw_id=?1 AND state=?3");
	int result = store_run(store, &move, "iinn", draw_id, client_id, (int)from, (int)to);

	if (result == 0)
		return ERR_NOT_FOUND;
	return result < 0 ? result : count_move(store, draw_id, from, to);
}

int store_sample_of_client(struct store *store, int64_t client_id, int64_t rule, struct sample_drawn *out, int capacity)
{
	STATEMENT(list, "SELECT d.id, d.year, s.day, s.state FROM sample_client s INDEXED BY sample_of_client CROSS JOIN sample_draw d ON "
			"d.id=s.draw_id"
			" WHERE s.client_id=?1 AND s.state>0 AND d.rule=?2 ORDER BY d.year DESC");
	sqlite3_stmt *s = store_query(store, &list, "ii", client_id, rule);
	int count = 0, result;

	while ((result = store_row(store, s)) > 0) {
		if (count < capacity)
			out[count] = (struct sample_drawn){sqlite3_column_int64(s, 0), sqlite3_column_int(s, 1), column_day(s, 2),
				(enum sample_state)sqlite3_column_int(s, 3)};
		count++;
	}
	return result < 0 ? result : count;
}

int store_sample_passed(struct store *store, day_t day, int64_t *draw_id, int64_t *client_id)
{
	STATEMENT(next, "SELECT draw_id, client_id FROM sample_client INDEXED BY sample_to_come WHERE state=1 AND day<?1 LIMIT 1");
	sqlite3_stmt *s = store_query(store, &next, "n", day);
	int result = store_row(store, s);

	if (result > 0) {
		*draw_id = sqlite3_column_int64(s, 0);
		*client_id = sqlite3_column_int64(s, 1);
		store_end(s);
	}
	return result;
}

int store_sample_forget(struct store *store, int year, int limit)
{
	/* They stand behind the last one drawn. */
	STATEMENT(forget,
		"DELETE FROM sample_client WHERE (draw_id, key, client_id) IN (SELECT s.draw_id, s.key, s.client_id FROM sample_draw d"
		" CROSS JOIN sample_client s ON s.draw_id=d.id AND (s.key, s.client_id)>(d.last_key, d.last_client) WHERE d.year<?1"
		" LIMIT ?2)");

	return store_run(store, &forget, "nn", year, limit);
}

int store_sample_faults(struct store *store, day_t day, int *count, struct buffer *out)
{
	/* What a follow-up's state makes of the one drawn; 1 while there is none. */
	STATEMENT(find,
		"WITH drawn AS (SELECT s.*, d.rule, d.year, d.last_key, d.last_client, CASE WHEN f.id IS NULL THEN 1 WHEN f.state<=1 THEN "
		"iif(f.state=0 AND f.reason IS NOT NULL, 6, 2) WHEN f.state<=3 THEN iif(strftime('%Y', f.closed_on * 86400, "
		"'unixepoch')+0>d.year, 5, 3) ELSE 4 END was FROM sample_client s JOIN sample_draw d ON d.id=s.draw_id LEFT JOIN followup "
		"f ON f.client_id=s.client_id AND f.rule=d.rule AND f.occasion=" DAY(
			"s.day") "), fault(text) AS (SELECT 'draw ' || d.id || ': its counts are not those of its clients' FROM "
				 "sample_draw d WHERE (to_come, open, reached, lost, reached_late, waiting) IS NOT (SELECT "
				 "total(state=1)+0, total(state=2)+0, total(state=3)+0, total(state=4)+0, total(state=5)+0, "
				 "total(state=6)+0 FROM sample_client s WHERE s.draw_id=d.id) UNION ALL SELECT 'draw ' || draw_id || ': "
				 "client ' || client_id || ' is drawn out of turn' FROM drawn WHERE (state>0) IS NOT ((key, "
				 "client_id)<=(last_key, last_client)) UNION ALL SELECT 'draw ' || draw_id || ': client ' || client_id || "
				 "' is not what his follow-up says' FROM drawn WHERE state>0 AND state<>was AND NOT (state=4 AND was=1) "
				 "UNION ALL SELECT 'draw ' || draw_id || ': client ' || client_id || ' was passed by' FROM drawn WHERE "
				 "state=1 AND day<?1) SELECT json_group_array(text), count(*) FROM (SELECT text FROM fault LIMIT 1000)");
	sqlite3_stmt *s = store_query(store, &find, "n", day);
	int result = store_row(store, s);

	if (result <= 0)
		return result < 0 ? result : ERR_NOT_FOUND;
	int found = sqlite3_column_int(s, 1);
	if (found > 0) { /* the array's inside */
		buffer_text(out, out->data[out->length - 1] == '[' ? "" : ",");
		const char *rows = column_text(s, 0);
		size_t length = strlen(rows);
		buffer_append(out, rows + 1, length > 2 ? length - 2 : 0);
	}
	*count += found;
	store_end(s);
	return out->failed ? ERR_MEMORY : 0;
}
