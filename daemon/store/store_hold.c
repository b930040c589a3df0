/* store_hold.c - pauses and prohibitions. */
#include "followup/store_hold.h"

#include <stdio.h>

#include "internal.h"

int store_pause_set(struct store *store, enum pause_kind kind, int64_t name, int64_t until, const char *reason, const char *agent)
{
	STATEMENT(set, "INSERT INTO pause(kind, name, until, reason, agent) VALUES(?1, ?2, ?3, ?4, ?5)"
		       " ON CONFLICT DO UPDATE SET until=excluded.until, reason=excluded.reason, agent=excluded.agent");
	int result = store_run(store, &set, "niitt", (int)kind, name, until, reason, agent);

	store->pauses.known = 0;
	return result < 0 ? result : 0;
}

int store_pause_clear(struct store *store, enum pause_kind kind, int64_t name)
{
	STATEMENT(clear, "DELETE FROM pause WHERE kind=?1 AND name=?2");

	store->pauses.known = 0;
	return store_run(store, &clear, "ni", (int)kind, name);
}

int store_pause_holds(struct store *store, enum pause_kind kind, int64_t name, int64_t now, int64_t *until)
{
	STATEMENT(any, "SELECT EXISTS (SELECT 1 FROM pause)");
	STATEMENT(get, "SELECT until FROM pause WHERE kind=?1 AND name=?2 AND until>?3");
	int64_t end;

	/* Nearly always nothing is paused at all. */
	if (store->pauses.rollbacks != store->rollbacks || store->pauses.known == 0) {
		int64_t there;
		int asked = store_integer(store, &any, &there, "");
		if (asked < 0)
			return asked;
		store->pauses.known = there != 0 ? 1 : -1;
		store->pauses.rollbacks = store->rollbacks;
	}
	if (store->pauses.known < 0 && store->in_transaction)
		return 0;
	int result = store_integer(store, &get, &end, "nii", (int)kind, name, now);

	if (result == ERR_NOT_FOUND)
		return 0;
	if (result == 0 && until != NULL)
		*until = end;
	return result < 0 ? result : 1;
}

int store_pause_text(struct store *store, enum pause_kind kind, int64_t name, int64_t now, char out[HOLD_TEXT_SIZE])
{
	STATEMENT(get,
		"SELECT 'paused until ' || strftime('%Y-%m-%dT%H:%M:%S', until, 'unixepoch', 'localtime') || ' by ' || agent || ': ' || "
		"reason FROM pause WHERE kind=?1 AND name=?2 AND until>?3");
	sqlite3_stmt *s = store_query(store, &get, "nii", (int)kind, name, now);
	int result = store_row(store, s);

	out[0] = '\0';
	if (result > 0) {
		column_copy(s, 0, out, HOLD_TEXT_SIZE);
		store_end(s);
	}
	return result;
}

int store_pause_reason(struct store *store, enum pause_kind kind, int64_t name, char reason[HOLD_REASON_SIZE])
{
	STATEMENT(get, "SELECT reason FROM pause WHERE kind=?1 AND name=?2");
	sqlite3_stmt *s = store_query(store, &get, "ni", (int)kind, name);
	int result = store_row(store, s);

	if (result > 0) {
		column_copy(s, 0, reason, HOLD_REASON_SIZE);
		store_end(s);
	}
	return result < 0 ? result : 0;
}

int store_pause_over(struct store *store, int64_t now, enum pause_kind *kind, int64_t *name)
{
	STATEMENT(next, "SELECT kind, name FROM pause WHERE until<=?1 LIMIT 1");
	sqlite3_stmt *s = store_query(store, &next, "i", now);
	int result = store_row(store, s);

	if (result > 0) {
		*kind = (enum pause_kind)sqlite3_column_int(s, 0);
		*name = sqlite3_column_int64(s, 1);
		store_end(s);
	}
	return result;
}

int store_pause_list(struct store *store, struct buffer *out)
{
	STATEMENT(list, "SELECT json_group_array(json(x)) FROM (SELECT json_object('paused', CASE p.kind WHEN 0 THEN 'queue' ELSE 'rule' "
			"END, 'name', n.text, 'until',"
			" strftime('%Y-%m-%dT%H:%M:%S', p.until, 'unixepoch', 'localtime'), 'reason', p.reason, 'by', p.agent) x"
			" FROM pause p JOIN name n ON n.id=p.name ORDER BY p.kind, n.text)");

	return store_document(store, store_query(store, &list, ""), out);
}

int store_forbid_set(
	struct store *store, int64_t client_id, const char *channel, const char *until, const char *reason, const char *agent, int64_t at)
{
	STATEMENT(set, "INSERT INTO do_not_contact(client_id, channel, until, reason, agent, at) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
		       " ON CONFLICT DO UPDATE SET until=excluded.until, reason=excluded.reason, agent=excluded.agent, at=excluded.at");
	int result = store_run(store, &set, "itttti", client_id, channel, until, reason, agent, at);

	return result < 0 ? result : store_client_bar(store, client_id);
}

int store_forbid_clear(struct store *store, int64_t client_id, const char *channel)
{
	STATEMENT(clear, "DELETE FROM do_not_contact WHERE client_id=?1 AND channel=?2");

	return store_run(store, &clear, "it", client_id, channel);
}

int store_forbid_list(struct store *store, int64_t client_id, struct buffer *out)
{
	STATEMENT(list, "SELECT json_group_array(json(x)) FROM (SELECT json_object('channel', channel, 'until', nullif(until, ''), "
			"'reason', reason, 'by', agent) x"
			" FROM do_not_contact WHERE client_id=?1 ORDER BY channel)");

	return store_document(store, store_query(store, &list, "i", client_id), out);
}

int store_channel_note(struct store *store, int64_t channel, bool on, day_t day)
{
	STATEMENT(set_on, "UPDATE channel_off SET until=?2 WHERE channel=?1 AND until IS NULL");
	STATEMENT(set_off,
		"INSERT INTO channel_off(channel, since) VALUES(?1, ?2) ON CONFLICT DO UPDATE SET since=excluded.since, until=NULL"
		" WHERE until IS NOT NULL");
	int result = store_run(store, on ? &set_on : &set_off, "in", channel, (int)day);

	return result < 0 ? result : 0;
}

int store_channel_was_off(struct store *store, int64_t channel, day_t day)
{
	STATEMENT(get, "SELECT EXISTS (SELECT 1 FROM channel_off WHERE channel=?1 AND since<=?2 AND (until IS NULL OR until>=?2))");
	int64_t was_off;
	int result = store_integer(store, &get, &was_off, "in", channel, (int)day);

	return result < 0 ? result : (int)was_off;
}
