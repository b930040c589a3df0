#include "followup/store_marking.h"

#include <stdio.h>

#include "internal.h"

int store_marking_begin(struct store *store, enum marking_kind kind, const char *subject)
{
	STATEMENT(begin,
		"INSERT INTO marking(kind, subject, after, until) VALUES(?1, ?2, 0, (SELECT coalesce(max(client_id), 0) FROM client_due))"
		" ON CONFLICT DO UPDATE SET after=0, until=excluded.until");
	int result = store_run(store, &begin, "nt", (int)kind, subject);

	return result < 0 ? result : 0;
}

int store_marking_begin_managers(struct store *store, const char *manager)
{
	STATEMENT(begin,
		"WITH RECURSIVE before(manager) AS (SELECT ?1 UNION SELECT h.manager FROM handover h JOIN before b ON "
		"h.successor=b.manager)"
		" INSERT INTO marking(kind, subject, after, until) SELECT ?2, manager, 0, (SELECT coalesce(max(client_id), 0) FROM "
		"client_due) FROM before WHERE true"
		" ON CONFLICT DO UPDATE SET after=0, until=excluded.until");
	int result = store_run(store, &begin, "tn", manager, (int)MARKING_MANAGER);

	return result < 0 ? result : 0;
}

int store_marking_next(struct store *store, struct marking *out)
{
	STATEMENT(next, "SELECT kind, subject, after, until FROM marking ORDER BY kind, subject LIMIT 1");
	sqlite3_stmt *s = store_query(store, &next, "");
	int result = store_row(store, s);

	if (result <= 0)
		return result;
	*out = (struct marking){
		.kind = (enum marking_kind)sqlite3_column_int(s, 0),
		.after = sqlite3_column_int64(s, 2),
		.until = sqlite3_column_int64(s, 3),
	};
	snprintf(out->subject, sizeof(out->subject), "%s", column_text(s, 1));
	store_end(s);
	return 1;
}

/* How many clients the next step looks at, and the last of them. */
static int find_last(struct store *store, const struct marking *m, int limit, int64_t *last)
{
	STATEMENT(of_all,
		"SELECT count(*), max(client_id) FROM (SELECT client_id FROM client_due WHERE client_id>?1 AND client_id<=?2 ORDER BY "
		"client_id LIMIT ?3)");
	STATEMENT(of_manager,
		"SELECT count(*), max(id) FROM (SELECT id FROM " CLIENTS_OF_MANAGER("?4") " WHERE id>?1 AND id<=?2 ORDER BY id LIMIT ?3)");
	sqlite3_stmt *s = m->kind == MARKING_MANAGER ? store_query(store, &of_manager, "iint", m->after, m->until, limit, m->subject)
						     : store_query(store, &of_all, "iin", m->after, m->until, limit);
	int result = store_row(store, s);

	if (result <= 0)
		return result < 0 ? result : ERR_NOT_FOUND;
	int count = sqlite3_column_int(s, 0);
	*last = sqlite3_column_int64(s, 1);
	store_end(s);
	return count;
}

static int mark_up_to(struct store *store, const struct marking *m, int64_t last, day_t day)
{
	STATEMENT(all, "UPDATE client_due SET next_on=min(next_on, ?3), changed=1 WHERE client_id>?1 AND client_id<=?2");
	STATEMENT(rule,
		"UPDATE client_due SET next_on=min(next_on, ?3) WHERE client_id>?1 AND client_id<=?2 AND EXISTS (SELECT 1 FROM followup "
		"f INDEXED BY followup_open WHERE f.client_id=client_due.client_id AND f.closed_on IS NULL AND f.rule=(SELECT id FROM name "
		"WHERE text=?4))");
	STATEMENT(
		manager, "UPDATE client_due SET next_on=min(next_on, ?3), changed=1 WHERE client_id IN (SELECT id FROM " CLIENTS_OF_MANAGER(
				 "?4") " WHERE id>?1 AND id<=?2)");

	switch (m->kind) {
	case MARKING_ALL:
		return store_run(store, &all, "iin", m->after, last, (int)day);
	case MARKING_RULE:
		return store_run(store, &rule, "iint", m->after, last, (int)day, m->subject);
	case MARKING_MANAGER:
		return store_run(store, &manager, "iint", m->after, last, (int)day, m->subject);
	}
	return ERR_INVALID;
}

int store_marking_some(struct store *store, const struct marking *m, int limit, day_t day, bool *done)
{
	STATEMENT(move_on, "UPDATE marking SET after=?3 WHERE kind=?1 AND subject=?2");
	STATEMENT(end, "DELETE FROM marking WHERE kind=?1 AND subject=?2");
	int64_t last = m->after;
	int count = find_last(store, m, limit, &last);
	int result = count > 0 ? mark_up_to(store, m, last, day) : count;

	if (result < 0)
		return result;
	*done = count < limit;
	result = *done ? store_run(store, &end, "nt", (int)m->kind, m->subject)
		       : store_run(store, &move_on, "nti", (int)m->kind, m->subject, last);
	return result < 0 ? result : count > 0 ? count : 1;
}

int store_marking_waits(struct store *store, int64_t client_id)
{
	STATEMENT(get, "SELECT EXISTS (SELECT 1 FROM marking WHERE after<?1 AND until>=?1)");
	int64_t waits;
	int result = store_integer(store, &get, &waits, "i", client_id);

	return result < 0 ? result : (int)waits;
}
