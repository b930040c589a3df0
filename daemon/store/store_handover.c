/* store_handover.c - managers and their successors. */
#include "followup/store_handover.h"

#include <stdio.h>

#include "internal.h"

int store_handover_set(struct store *store, const char *manager, const char *successor, const char *reason, const char *agent, int64_t at)
{
	STATEMENT(set,
		"INSERT INTO handover(manager, successor, reason, agent, at) VALUES(?1, ?2, ?3, ?4, ?5)"
		" ON CONFLICT DO UPDATE SET successor=excluded.successor, reason=excluded.reason, agent=excluded.agent, at=excluded.at");
	int result = store_run(store, &set, "tttti", manager, successor, reason, agent, at);

	return result < 0 ? result : 0;
}

int store_handover_clear(struct store *store, const char *manager)
{
	STATEMENT(clear, "DELETE FROM handover WHERE manager=?1");

	return store_run(store, &clear, "t", manager);
}

int store_handover_get(struct store *store, const char *manager, char successor[CLIENT_TEXT_SIZE])
{
	STATEMENT(get, "SELECT successor FROM handover WHERE manager=?1");
	sqlite3_stmt *s = store_query(store, &get, "t", manager);
	int result = store_row(store, s);

	if (result > 0) {
		column_copy(s, 0, successor, CLIENT_TEXT_SIZE);
		store_end(s);
	}
	return result;
}

int store_handover_clients(struct store *store, const char *manager, int64_t *count)
{
	STATEMENT(get, "SELECT count(*) FROM " CLIENTS_OF_MANAGER("?1"));

	return store_integer(store, &get, count, "t", manager);
}

int store_handover_depth(struct store *store, const char *manager)
{
	STATEMENT(get,
		"WITH RECURSIVE before(manager, hop) AS (SELECT ?1, 1 UNION ALL SELECT h.manager, b.hop + 1 FROM handover h JOIN before b"
		" ON h.successor=b.manager WHERE b.hop<64) SELECT max(hop) FROM before");
	int64_t depth;
	int result = store_integer(store, &get, &depth, "t", manager);

	return result < 0 ? result : (int)depth;
}

int store_handover_list(struct store *store, struct buffer *out)
{
	/* present: the end of the chain, which has no successor. */
	STATEMENT(list,
		"SELECT json_group_array(json(x)) FROM (SELECT json_object('manager', h.manager, 'successor', h.successor, "
		"'present_manager',"
		" (WITH RECURSIVE chain(name, hop) AS (SELECT h.successor, 1 UNION ALL SELECT n.successor, c.hop + 1 FROM chain c JOIN "
		"handover n"
		" ON n.manager=c.name WHERE c.hop<64) SELECT name FROM chain ORDER BY hop DESC LIMIT 1),"
		" 'clients', (SELECT count(*) FROM " CLIENTS_OF_MANAGER(
			"h.manager") "), 'reason', h.reason, 'by', h.agent, 'at', strftime('%Y-%m-%dT%H:%M:%S', h.at, 'unixepoch', "
				     "'localtime')) x FROM handover h ORDER BY h.manager)");

	return store_document(store, store_query(store, &list, ""), out);
}
