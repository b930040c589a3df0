/* store_staffing.c - what waits where nobody may call. */
#include "followup/store_staffing.h"

#include "followup/store_call.h"
#include "internal.h"

int store_unserved_call(struct store *store, int64_t queue, int64_t lane, int64_t *call_id, int64_t *client_id)
{
	/* Among the first so many: a queue whose head widens by itself is looked at again when it has. */
	STATEMENT(of_lane, "SELECT c.id, f.client_id FROM (SELECT id, widen_at FROM call INDEXED BY call_ready WHERE state=0 AND queue=?1 "
			   "AND hours=?2 AND lane=?3 "
			   "LIMIT 200) c JOIN followup f INDEXED BY followup_call ON f.call_id=c.id WHERE c.widen_at IS NULL LIMIT 1");
	STATEMENT(of_any, "SELECT c.id, f.client_id FROM (SELECT id, widen_at FROM call INDEXED BY call_ready WHERE state=0 AND queue=?1 "
			  "LIMIT 200) c JOIN followup f INDEXED BY followup_call ON f.call_id=c.id WHERE c.widen_at IS NULL LIMIT 1");
	int64_t hours = 0;
	int result = 0;

	while (result == 0 && (lane == 0 || (hours = store_call_next_hours(store, queue, hours)) > 0)) {
		sqlite3_stmt *s =
			lane != 0 ? store_query(store, &of_lane, "iii", queue, hours, lane) : store_query(store, &of_any, "i", queue);
		result = store_row(store, s);
		if (result > 0) {
			*call_id = sqlite3_column_int64(s, 0);
			*client_id = sqlite3_column_int64(s, 1);
			store_end(s);
		}
		if (lane == 0)
			break;
	}
	return hours < 0 ? (int)hours : result;
}

int store_unserved_add(struct store *store, int64_t queue, int64_t lane, int64_t call_id, int64_t client_id)
{
	STATEMENT(find, "SELECT task_id FROM unserved WHERE queue=?1 AND lane=?2");
	STATEMENT(make, "INSERT INTO task(kind, queue, client_id, call_id, at, agent) VALUES('nobody-left', 'supervisors', ?1, ?2, ?3, '') "
			"RETURNING id");
	STATEMENT(add, "INSERT INTO unserved(queue, lane, task_id) VALUES(?1, ?2, ?3)");
	int64_t task;

	int result = store_integer(store, &find, &task, "ii", queue, lane);
	if (result != ERR_NOT_FOUND)
		return result;
	result = store_integer(store, &make, &task, "iii", client_id, call_id, store->record.at);
	if (result == 0)
		result = store_run(store, &add, "iii", queue, lane, task);
	return result < 0 ? result : 1;
}

int store_unserved_end(struct store *store, int64_t queue, int64_t lane, const char *note)
{
	STATEMENT(acknowledge, "UPDATE task SET acked_at=?3, acked_by='', note=?4 WHERE acked_at IS NULL AND id="
			       "(SELECT task_id FROM unserved WHERE queue=?1 AND lane=?2)");
	STATEMENT(clear, "DELETE FROM unserved WHERE queue=?1 AND lane=?2");

	int result = store_run(store, &acknowledge, "iiit", queue, lane, store->record.at, note);
	if (result >= 0)
		result = store_run(store, &clear, "ii", queue, lane);
	return result < 0 ? result : 0;
}

int store_unserved_next(struct store *store, int64_t *queue, int64_t *lane)
{
	STATEMENT(next, "SELECT queue, lane FROM unserved WHERE (queue, lane)>(?1, ?2) ORDER BY queue, lane LIMIT 1");
	sqlite3_stmt *s = store_query(store, &next, "ii", *queue, *lane);
	int result = store_row(store, s);

	if (result > 0) {
		*queue = sqlite3_column_int64(s, 0);
		*lane = sqlite3_column_int64(s, 1);
		store_end(s);
	}
	return result;
}
