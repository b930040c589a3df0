/* store_correction.c - attempts, corrected. */
#include "followup/store_correction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

int store_attempt_load(struct store *store, int64_t id, struct attempt_truth *out)
{
	STATEMENT(get, "SELECT e.at, a.at, a.call_id, a.generation, a.agent, a.channel, e.client_id, a.client_ref, a.disposition, "
		       "a.contact_id, k.on_day,"
		       " a.over_cap, a.answer IS NOT NULL, e.sealed IS NOT NULL OR e.body IS NULL OR EXISTS (SELECT 1 FROM client x WHERE "
		       "x.id=e.client_id AND x.erased_at IS NOT NULL), a.corrected_by, " ATTEMPT_TRUTH(
			       "a") ", e.body->>'$.number' IS (SELECT phone FROM client WHERE id=e.client_id)"
				    " FROM attempt a JOIN entry e ON e.id=a.id LEFT JOIN contact k ON k.id=a.contact_id WHERE a.id=?1");
	sqlite3_stmt *s = store_query(store, &get, "i", id);
	int result = store_row(store, s);

	if (result <= 0)
		return result < 0 ? result : ERR_NOT_FOUND;
	*out = (struct attempt_truth){
		.id = id,
		.told_at = sqlite3_column_int64(s, 0),
		.at = sqlite3_column_int64(s, 1),
		.call_id = sqlite3_column_int64(s, 2),
		.generation = sqlite3_column_int(s, 3),
		.channel = sqlite3_column_int64(s, 5),
		.client_id = sqlite3_column_int64(s, 6),
		.contact_id = sqlite3_column_int64(s, 9),
		.contact_on = column_day(s, 10),
		.over_cap = sqlite3_column_int(s, 11) != 0,
		.is_outcome = sqlite3_column_int(s, 12) != 0,
		.is_closed = sqlite3_column_int(s, 13) != 0,
		.corrected_by = sqlite3_column_int64(s, 14),
		.number_is_his = sqlite3_column_int(s, 16) != 0,
	};
	column_copy(s, 4, out->agent, sizeof(out->agent));
	column_copy(s, 7, out->client_ref, sizeof(out->client_ref));
	column_copy(s, 8, out->disposition, sizeof(out->disposition));
	bool has_said = sqlite3_column_type(s, 15) != SQLITE_NULL;
	out->said = has_said ? strdup(column_text(s, 15)) : NULL;
	store_end(s);
	return has_said && out->said == NULL ? ERR_MEMORY : 0;
}

int store_attempt_items(struct store *store, int64_t id, int64_t *items, int capacity)
{
	/* 6: suppressed, by a client who refused. */
	STATEMENT(list, "SELECT id FROM followup WHERE client_id IN " CLIENTS_OF_ENTRY(
				"?1") " AND closed_by=?1 AND state IN (2, 3, 6) ORDER BY id");

	return store_integers(store, store_query(store, &list, "i", id), items, capacity);
}

int store_attempt_clients(struct store *store, int64_t id, int64_t *clients, int capacity)
{
	STATEMENT(list, "SELECT client_id FROM entry WHERE id=?1 AND client_id IS NOT NULL UNION SELECT client_id FROM entry_subject WHERE "
			"entry_id=?1 ORDER BY 1");

	return store_integers(store, store_query(store, &list, "i", id), clients, capacity);
}

int store_attempt_closes(struct store *store, int64_t id, int64_t followup_id)
{
	STATEMENT(close, "UPDATE followup SET closed_by=nullif(?1, 0) WHERE id=?2");
	int result = store_run(store, &close, "ii", id, followup_id);

	return result < 0 ? result : 0;
}

int store_correction_answer(struct store *store, int64_t entry_id, struct buffer *out)
{
	STATEMENT(get, "SELECT json_object('attempt', body->'$.attempt', 'entry', id, 'disposition', body->>'$.after.disposition', 'at',"
		       " strftime('%Y-%m-%dT%H:%M:%S', body->>'$.after.at', 'unixepoch', 'localtime'), 'contact', "
		       "json(iif(body->>'$.after.contact' IS "
		       "NULL, 'false', 'true')), 'over_cap', json(iif(body->>'$.after.over_cap', 'true', 'false')), 'closed', "
		       "body->'$.after.items',"
		       " 'reopened', body->'$.reopened') FROM entry WHERE id=?1 AND body IS NOT NULL");

	return store_document(store, store_query(store, &get, "i", entry_id), out);
}

int store_correction_is_same(
	struct store *store, const struct attempt_truth *attempt, const char *agent, const char *json, const char *reason)
{
	STATEMENT(get,
		"SELECT EXISTS (SELECT 1 FROM entry e JOIN name n ON n.id=e.agent WHERE e.id=?1 AND n.text=?2 AND e.body->'$.what' IS "
		"iif(json_valid(?3), json(?3), NULL) AND e.body->>'$.reason'=?4)");
	int64_t found;
	int result = store_integer(store, &get, &found, "ittt", attempt->corrected_by, agent, json, reason);

	return result < 0 ? result : found != 0;
}

#define TOLD_APART "'$.items', '$.disposition', '$.done_at'"

int store_correction_said(struct store *store, const char *said, const char *json, struct buffer *out)
{
	STATEMENT(get, "WITH old(x) AS (SELECT CASE WHEN json_type(?1)='object' THEN json_remove(?1, " TOLD_APART ") END)"
		       " SELECT y, y IS NOT coalesce(x, '{}') FROM (SELECT x, json_patch(coalesce(x, '{}'), json_remove(?2, " TOLD_APART
		       ")) y FROM old)");
	sqlite3_stmt *s = store_query(store, &get, "tt", said != NULL ? said : "null", json);
	int result = store_row(store, s);

	if (result <= 0)
		return result < 0 ? result : ERR_NOT_FOUND;
	buffer_text(out, column_text(s, 0));
	int differs = sqlite3_column_int(s, 1) != 0;
	store_end(s);
	return out->failed ? ERR_MEMORY : differs;
}

int store_attempt_correct(struct store *store, const struct attempt_truth *truth)
{
	STATEMENT(update, "UPDATE attempt SET disposition=?2, at=?3, contact_id=nullif(?4, 0), over_cap=?5, corrected_by=?6 WHERE id=?1");
	int result = store_run(store, &update, "itiini", truth->id, truth->disposition, truth->at, truth->contact_id, (int)truth->over_cap,
		truth->corrected_by);

	return result < 0 ? result : 0;
}
