#include "followup/store_marking.h"

#include <stdio.h>

#include "internal.h"

int store_marking_begin(struct store *store, enum marking_kind kind, const char *subject)
{
	STATEMENT(begin, "INSERT INTO marking(kind, subject, after, until) VALUES(?1, ?2, 0, (SELECT coalesce(max(id), 0) FROM client))"
			 " ON CONFLICT DO UPDATE SET after=0, until=excluded.until");
	int result = store_run(store, &begin, "nt", (int)kind, subject);

	return result < 0 ? result : 0;
}

int store_marking_begin_managers(struct store *store, const char *manager)
{
	STATEMENT(begin,
		"WITH RECURSIVE before(manager) AS (SELECT ?1 UNION SELECT h.manager FROM handover h JOIN before b ON "
		"h.successor=b.manager)"
		" INSERT INTO marking(kind, subject, after, until) SELECT ?2, manager, 0, (SELECT coalesce(max(id), 0) FROM client) "
		"FROM before WHERE true"
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
	STATEMENT(of_manager,
		"SELECT count(*), max(id) FROM (SELECT id FROM " CLIENTS_OF_MANAGER("?4") " WHERE id>?1 AND id<=?2 ORDER BY id LIMIT ?3)");

	if (m->kind != MARKING_MANAGER) {
		int count = m->until - m->after < limit ? (int)(m->until - m->after) : limit;
		*last = m->after + count;
		return count;
	}
	sqlite3_stmt *s = store_query(store, &of_manager, "iint", m->after, m->until, limit, m->subject);
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
	STATEMENT(all, MARK_CLIENTS("SELECT id FROM client WHERE id>?5 AND id<=?6"));
	STATEMENT(rule,
		MARK_CLIENTS("SELECT DISTINCT client_id id FROM followup INDEXED BY followup_open WHERE client_id>?5 AND client_id<=?6 "
			     "AND closed_on IS NULL AND rule=(SELECT id FROM name WHERE text=?7)"));
	STATEMENT(manager, MARK_CLIENTS("SELECT id FROM " CLIENTS_OF_MANAGER("?7") " WHERE id>?5 AND id<=?6"));
	int64_t up_to;
	day_t common_on;

	int result = store_due_common(store, &up_to, &common_on);
	if (result < 0)
		return result;
	switch (m->kind) {
	case MARKING_ALL:
		return store_run(store, &all, "nninii", (int)day, 1, up_to, common_on, m->after, last);
	case MARKING_RULE:
		return store_run(store, &rule, "nniniit", (int)day, 0, up_to, common_on, m->after, last, m->subject);
	case MARKING_MANAGER:
		return store_run(store, &manager, "nniniit", (int)day, 1, up_to, common_on, m->after, last, m->subject);
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
