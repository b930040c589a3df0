/* store_task.c - tasks and refusals. */
#include "followup/store_task.h"

#include "internal.h"

int store_task_insert(struct store *store, const struct task *task)
{
	STATEMENT(insert, "INSERT INTO task(kind, queue, client_id, call_id, followup_id, at, agent) VALUES(?1, ?2, ?3, nullif(?4, 0), "
			  "nullif(?5, 0), ?6, ?7)");
	int result = store_run(store, &insert, "ttiiiit", task->kind, task->queue, task->client_id, task->call_id, task->followup_id,
		task->at, task->agent);

	return result < 0 ? result : 0;
}

int store_task_client(struct store *store, int64_t id, int64_t *client_id)
{
	STATEMENT(get, "SELECT client_id FROM task WHERE id=?1");

	return store_integer(store, &get, client_id, "i", id);
}

int store_task_count_open(struct store *store)
{
	STATEMENT(count_open, "SELECT count(*) FROM task WHERE acked_at IS NULL");
	int64_t count;
	int result = store_integer(store, &count_open, &count, "");

	return result < 0 ? result : (int)count;
}

int store_task_acknowledge(struct store *store, int64_t id, int64_t at, const char *agent, const char *note)
{
	STATEMENT(exists, "SELECT count(*) FROM task WHERE id=?1");
	STATEMENT(acknowledge, "UPDATE task SET acked_at=?2, acked_by=?3, note=?4 WHERE id=?1 AND acked_at IS NULL");
	int64_t count;
	int result = store_integer(store, &exists, &count, "i", id);

	if (result < 0)
		return result;
	if (count == 0)
		return ERR_NOT_FOUND;
	result = store_run(store, &acknowledge, "iitt", id, at, agent, note);
	return result < 0 ? result : result > 0;
}

int store_refusal_set(struct store *store, int64_t client_id, int64_t channel, const char *until, const char *agent, int64_t at)
{
	STATEMENT(set, "INSERT INTO refusal(client_id, channel, until, agent, at) VALUES(?1, ?2, ?3, ?4, ?5)"
		       " ON CONFLICT DO UPDATE SET until=excluded.until, agent=excluded.agent, at=excluded.at");
	int result = store_run(store, &set, "iitti", client_id, channel, until, agent, at);

	return result < 0 ? result : store_client_bar(store, client_id);
}

int store_refusal_take_back(struct store *store, int64_t client_id, int64_t channel, const char *agent, int64_t at)
{
	STATEMENT(delete, "DELETE FROM refusal WHERE client_id=?1 AND channel=?2 AND agent=?3 AND at=?4");
	int result = store_run(store, &delete, "iiti", client_id, channel, agent, at);

	return result < 0 ? result : 0;
}
