/* store_view.c - rows and documents for people and programs. */
#include "followup/store_view.h"

#include "internal.h"

#define ROWS_OF_FOLLOWUPS                                                                                                                  \
	"SELECT r.text, f.client_ref, f.occasion, f.opens_on, f.due_on, coalesce(cc.text, fc.text), coalesce(cq.text, fq.text), f.state, " \
	"f.closed_on, n.text FROM followup f JOIN name r ON r.id=f.rule LEFT JOIN call c ON c.id=f.call_id LEFT JOIN name cc ON "          \
	"cc.id=c.channel LEFT JOIN name cq ON cq.id=c.queue LEFT JOIN name fc ON fc.id=f.channel LEFT JOIN name fq ON fq.id=f.queue"       \
	" LEFT JOIN name n ON n.id=f.reason"

static int visit_rows(struct store *store, sqlite3_stmt *s, followup_row_visit *visit, void *context)
{
	int result;

	while ((result = store_row(store, s)) > 0) {
		struct followup_row row = {
			.rule = column_text(s, 0),
			.client_ref = column_text(s, 1),
			.occasion = column_text(s, 2),
			.opens_on = column_day(s, 3),
			.due_on = column_day(s, 4),
			.channel = column_text(s, 5),
			.queue = column_text(s, 6),
			.state = followup_state_name((enum followup_state)sqlite3_column_int(s, 7)),
			.closed_on = column_day(s, 8),
			.reason = column_text(s, 9),
		};
		result = visit(context, &row);
		if (result < 0) {
			store_end(s);
			return result;
		}
	}
	return result;
}

int store_view_followups(struct store *store, followup_row_visit *visit, void *context)
{
	STATEMENT(list, ROWS_OF_FOLLOWUPS " ORDER BY f.client_ref, f.opens_on, r.text, f.occasion");

	return visit_rows(store, store_query(store, &list, ""), visit, context);
}

int store_view_followups_open(struct store *store, day_t since, followup_row_visit *visit, void *context)
{
	STATEMENT(list, ROWS_OF_FOLLOWUPS " WHERE f.state<=1 OR f.closed_on>=?1");

	return visit_rows(store, store_query(store, &list, "d", since), visit, context);
}

#define AGENDA_ORDER " ORDER BY f.priority, f.due_on, r.text, f.client_ref, f.occasion"

#define PROMISED(column) "(SELECT " column " FROM promise p WHERE p.followup_id=f.id LIMIT 1)"
/* What only some items have: the attorneys on file, told to the holder alone; what was promised. */
#define ITEM_EXTRAS                                                                                                                        \
	"json_object('attorney', iif(?6 AND c.bulk=0, k.attorney, NULL), 'matter', " PROMISED("p.matter") ", 'dept', " PROMISED(           \
		"p.dept") ", 'promised_by', " PROMISED("p.agent") ")"

#define ITEM                                                                                                                               \
	"json_patch(json_object('item', f.id, 'rule', r.text, 'client_ref', f.client_ref, 'name', k.name, 'tier', k.tier, 'occasion', "    \
	"f.occasion, 'opens_on', " DAY("f.opens_on") ", 'due_on', " DAY("f.due_on") ", 'tries', f.tries), " ITEM_EXTRAS ")"

#define NUMBER                                                                                                                             \
	"SELECT CASE ?5 WHEN 1 THEN CASE WHEN ?6 THEN k.phone ELSE " MASKED_PHONE(                                                         \
		"k.phone") " END"                                                                                                          \
			   " WHEN 2 THEN CASE WHEN ?6 THEN k.email ELSE " MASKED_EMAIL("k.email") " END END"

int store_view_call(struct store *store, const struct call_view *view, struct buffer *out)
{
	STATEMENT(get,
		"SELECT json_patch('{}', json_object('call', c.id, 'queue', q.text, 'channel', h.text, 'state', CASE c.state WHEN 0 THEN "
		"'ready' WHEN 1 THEN 'resting' WHEN 2 THEN 'leased' ELSE 'uncertain' END, 'priority', c.priority, 'due_on', " DAY(
			"c.due_on") ", 'tries_today', c.tries_today, 'lease', ?2, 'lease_until', ?3, 'not_before', ?4, 'held_by', a.name,"
				    " 'number', (" NUMBER " FROM followup f JOIN name r ON r.id=f.rule JOIN client k ON k.id=f.client_id "
				    "WHERE f.call_id=c.id" AGENDA_ORDER " LIMIT 1),"
				    " 'agenda', (SELECT json_group_array(json(item)) FROM (SELECT " ITEM " item FROM followup f JOIN name "
				    "r ON r.id=f.rule JOIN client k ON k.id=f.client_id WHERE f.call_id=c.id" AGENDA_ORDER "))))"
				    " FROM call c JOIN name q ON q.id=c.queue JOIN name h ON h.id=c.channel LEFT JOIN agent a ON "
				    "a.id=c.agent_id WHERE c.id=?1");

	return store_document(store,
		store_query(store, &get, "itttnn", view->call_id, view->lease, view->lease_until, view->not_before, (int)view->address,
			(int)view->whole_number),
		out);
}

int store_view_items(struct store *store, int64_t call_id, struct buffer *out)
{
	STATEMENT(get, "SELECT json_group_array(id) FROM (SELECT id FROM followup WHERE call_id=?1 ORDER BY id)");

	return store_document(store, store_query(store, &get, "i", call_id), out);
}

int store_view_joined(struct store *store, int64_t call_id, const char *shown, struct buffer *out)
{
	STATEMENT(get, "SELECT json_group_array(json_object('item', f.id, 'rule', r.text, 'client_ref', f.client_ref, 'occasion', "
		       "f.occasion, 'due_on', " DAY("f.due_on") "))"
								" FROM followup f JOIN name r ON r.id=f.rule WHERE f.call_id=?1 AND f.id "
								"NOT IN (SELECT value FROM json_each(?2))");

	return store_document(store, store_query(store, &get, "it", call_id, shown), out);
}

int store_view_queues(struct store *store, queue_row_visit *visit, void *context)
{
	STATEMENT(list, "SELECT q.text, sum(c.state=0), sum(c.state=1), sum(c.state=2), sum(c.state=0 AND c.due_now>0), min(c.due_on) FROM "
			"call c JOIN name q ON q.id=c.queue"
			" GROUP BY c.queue ORDER BY q.text");
	sqlite3_stmt *s = store_query(store, &list, "");
	int result;

	while ((result = store_row(store, s)) > 0) {
		struct queue_row row = {column_text(s, 0), sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2),
			sqlite3_column_int64(s, 3), sqlite3_column_int64(s, 4), column_day(s, 5)};
		result = visit(context, &row);
		if (result < 0) {
			store_end(s);
			return result;
		}
	}
	return result;
}

int store_view_contacts(struct store *store, int64_t person, day_t first, day_t last, struct buffer *out)
{
	STATEMENT(get, "SELECT json_group_array(json(x)) FROM (SELECT json_object('contact', k.id, 'day', " DAY(
			       "k.on_day") ", 'channel', h.text, 'agent', a.name,"
					   " 'over_cap', json(iif(k.over_cap, 'true', 'false'))) x FROM contact k JOIN name h ON "
					   "h.id=k.channel LEFT JOIN agent a ON a.id=k.agent_id WHERE k.id IN"
					   " (SELECT contact_id FROM contact_client WHERE on_day BETWEEN ?2 AND ?3 AND client_id IN "
					   "(SELECT id FROM client WHERE person=?1))"
					   " ORDER BY k.on_day, k.id)");

	return store_document(store, store_query(store, &get, "inn", person, first, last), out);
}

int store_view_counts(struct store *store, struct buffer *out)
{
	STATEMENT(get, "SELECT json_object('clients', (SELECT count(*) FROM client WHERE name IS NOT NULL), 'clients_unnamed', (SELECT "
		       "count(*) FROM client WHERE name IS NULL),"
		       " 'events', (SELECT count(*) FROM event), 'followups', (SELECT count(*) FROM followup), 'followups_open',"
		       " (SELECT count(*) FROM followup WHERE state<=1), 'calls', (SELECT count(*) FROM call), 'contacts', (SELECT "
		       "count(*) FROM contact),"
		       " 'attempts', (SELECT count(*) FROM attempt), 'agents', (SELECT count(*) FROM agent))");

	return store_document(store, store_query(store, &get, ""), out);
}

int store_view_faults(struct store *store, day_t day, int *count, struct buffer *out)
{
	STATEMENT(find,
		"WITH fault(text) AS ("
		"SELECT 'call ' || c.id || ': priority or due day is not that of its agenda' FROM call c WHERE EXISTS (SELECT 1 FROM "
		"followup f WHERE f.call_id=c.id) AND"
		" (c.priority, c.due_on) IS NOT (SELECT min(priority), min(due_on) FROM followup f WHERE f.call_id=c.id)"
		" UNION ALL SELECT 'call ' || id || ': nothing on its agenda, held by nobody' FROM call c WHERE state<2 AND NOT EXISTS"
		" (SELECT 1 FROM followup f WHERE f.call_id=c.id)"
		" UNION ALL SELECT 'call ' || id || ': leased without an agent or an end' FROM call WHERE state=2 AND (agent_id IS NULL OR "
		"lease_until IS NULL)"
		" UNION ALL SELECT 'call ' || id || ': due and not marked so' FROM call WHERE due_now=0 AND due_on<=?1"
		" UNION ALL SELECT 'call ' || id || ': left half worked out' FROM call WHERE touched<>0"
		" UNION ALL SELECT 'follow-up ' || f.id || ': queued without a call' FROM followup f WHERE state=1 AND NOT EXISTS (SELECT "
		"1 FROM call c WHERE c.id=f.call_id)"
		" UNION ALL SELECT 'follow-up ' || id || ': on a call and not queued' FROM followup WHERE call_id IS NOT NULL AND state<>1"
		" UNION ALL SELECT 'follow-up ' || id || ': ended without a day' FROM followup WHERE state>1 AND closed_on IS NULL"
		" UNION ALL SELECT 'follow-up ' || id || ': missed, cancelled or suppressed without a reason' FROM followup WHERE state IN "
		"(4, 5, 6) AND reason IS NULL"
		" UNION ALL SELECT 'follow-up ' || id || ': open after its last useful day' FROM followup WHERE state<=1 AND last_on<?1"
		" UNION ALL SELECT 'follow-up ' || f.id || ': on another person''s call' FROM followup f JOIN call c ON c.id=f.call_id "
		"JOIN client k ON k.id=f.client_id"
		" WHERE k.person<>c.person AND c.state<2"
		" UNION ALL SELECT 'person of call ' || min(c.id) || ': two phone calls leased at once' FROM call c WHERE state=2 AND "
		"bulk=0 GROUP BY person HAVING count(*)>1"
		" UNION ALL SELECT 'review ' || id || ': leased without a reviewer or an end' FROM review WHERE state=1 AND (reviewer_id "
		"IS NULL "
		"OR lease_until IS NULL)"
		" UNION ALL SELECT 'review ' || id || ': judged by nobody' FROM review WHERE state>1 AND (reviewer IS NULL OR judged_at IS "
		"NULL)"
		" UNION ALL SELECT 'review ' || id || ': of no attempt' FROM review v WHERE NOT EXISTS (SELECT 1 FROM attempt a WHERE "
		"a.id=v.attempt_id)"
		" UNION ALL SELECT 'follow-up ' || f.id || ': reopened, and no review has rejected it' FROM followup f JOIN name n ON "
		"n.id=f.reason WHERE f.state=0 AND n.text='rejected' AND NOT EXISTS (SELECT 1 FROM review_item i JOIN review v ON "
		"v.id=i.review_id WHERE i.followup_id=f.id AND v.state=3)"
		" UNION ALL SELECT 'promise ' || p.id || ': of nobody, or kept for somebody else' FROM promise p LEFT JOIN followup f ON "
		"f.id=p.followup_id WHERE NOT EXISTS (SELECT 1 FROM client k WHERE k.id=p.client_id) OR f.client_id<>p.client_id"
		" UNION ALL SELECT 'call ' || id || ': kept for an agent who is gone' FROM call c WHERE owner_id IS NOT NULL AND NOT "
		"EXISTS "
		"(SELECT 1 FROM agent a WHERE a.id=c.owner_id)"
		" UNION ALL SELECT 'client ' || ref || ': never looked at' FROM client k WHERE name IS NOT NULL AND NOT EXISTS (SELECT 1 "
		"FROM client_due d WHERE d.client_id=k.id)"
		") SELECT json_group_array(text), count(*) FROM (SELECT text FROM fault LIMIT 1000)");
	sqlite3_stmt *s = store_query(store, &find, "n", day);
	int result = store_row(store, s);

	if (result <= 0)
		return result < 0 ? result : ERR_NOT_FOUND;
	column_append(out, s, 0);
	*count = sqlite3_column_int(s, 1);
	store_end(s);
	return out->failed ? ERR_MEMORY : 0;
}
