/* store_promise.c - promises: rows in and out. */
#include "followup/store_promise.h"

#include <stdio.h>

#include "internal.h"

#define COLUMNS "id, client_id, call_id, made_on, at, by_day, matter, dept, agent_id"

int64_t store_promise_insert(struct store *store, const struct promise *p, const char *agent)
{
	STATEMENT(insert, "INSERT INTO promise(client_id, call_id, made_on, at, by_day, matter, dept, agent_id, agent)"
			  " VALUES(?1, nullif(?2, 0), ?3, ?4, ?5, ?6, nullif(?7, ''), nullif(?8, 0), ?9)");
	int result = store_run(
		store, &insert, "iininttit", p->client_id, p->call_id, p->made_on, p->at, p->by, p->matter, p->dept, p->agent_id, agent);

	int64_t id = sqlite3_last_insert_rowid(store->db);

	if (result >= 0)
		result = store_client_promise(store, p->client_id);
	return result < 0 ? result : id;
}

static int read_one(struct store *store, sqlite3_stmt *s, struct promise *out)
{
	int result = store_row(store, s);

	if (result <= 0)
		return result;
	out->id = sqlite3_column_int64(s, 0);
	out->client_id = sqlite3_column_int64(s, 1);
	out->call_id = sqlite3_column_int64(s, 2);
	out->made_on = column_day(s, 3);
	out->at = sqlite3_column_int64(s, 4);
	out->by = column_day(s, 5);
	column_copy(s, 6, out->matter, sizeof(out->matter));
	column_copy(s, 7, out->dept, sizeof(out->dept));
	out->agent_id = sqlite3_column_int64(s, 8);
	store_end(s);
	return 1;
}

int store_promise_load(struct store *store, int64_t id, struct promise *out)
{
	STATEMENT(load, "SELECT " COLUMNS " FROM promise WHERE id=?1");
	int result = read_one(store, store_query(store, &load, "i", id), out);

	return result == 0 ? ERR_NOT_FOUND : result < 0 ? result : 0;
}

int store_promise_next(struct store *store, int64_t client_id, int64_t id, struct promise *out)
{
	STATEMENT(next, "SELECT " COLUMNS " FROM promise INDEXED BY promise_client WHERE client_id=?1 AND id>?2 ORDER BY id LIMIT 1");

	return read_one(store, store_query(store, &next, "ii", client_id, id), out);
}

int store_promise_followed(struct store *store, int64_t id, int64_t followup_id)
{
	STATEMENT(note, "UPDATE promise SET followup_id=?2 WHERE id=?1");
	int result = store_run(store, &note, "ii", id, followup_id);

	return result < 0 ? result : 0;
}

int store_promise_move(struct store *store, int64_t client_id, int64_t call_id, const char *agent, int64_t from, int64_t to, day_t made_on)
{
	STATEMENT(move, "UPDATE promise SET at=?5, made_on=?6 WHERE client_id=?1 AND call_id IS nullif(?2, 0) AND agent=?3 AND at=?4");
	int result = store_run(store, &move, "iitiin", client_id, call_id, agent, from, to, (int)made_on);

	return result < 0 ? result : 0;
}

int store_promise_take_back(struct store *store, int64_t client_id, int64_t call_id, const char *agent, int64_t at)
{
	STATEMENT(delete, "DELETE FROM promise WHERE client_id=?1 AND call_id IS nullif(?2, 0) AND agent=?3 AND at=?4");
	int result = store_run(store, &delete, "iiti", client_id, call_id, agent, at);

	return result < 0 ? result : 0;
}
