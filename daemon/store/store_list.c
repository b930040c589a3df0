/* store_list.c - the lists that LIST answers: each an array of flat objects, narrowed by the same filters, in order of number. */
#include "followup/store_view.h"
#include "internal.h"

#define STATE_NAME(column)                                                                                                                 \
	"CASE " column                                                                                                                     \
	" WHEN 0 THEN 'scheduled' WHEN 1 THEN 'queued' WHEN 2 THEN 'done' WHEN 3 THEN 'done-late' WHEN 4 THEN 'missed' WHEN 5 THEN"        \
	" 'cancelled' WHEN 6 THEN 'suppressed' END"
#define LIST_OF(rows) "SELECT json_group_array(json(x)) FROM (" rows ")"

/* Each list stands here twice: one client's few are found by their index, and not among everybody's. */
#define OF_ANYBODY "?1 IS NULL"
#define THE_CLIENT "(SELECT id FROM client WHERE ref=?1)"

static int append_list(
	struct store *store, struct statement *all, struct statement *of_client, const struct list_filter *f, struct buffer *out)
{
	return store_document(store,
		store_query(store, f->client_ref != NULL ? of_client : all, "tttnii", f->client_ref, f->queue, f->rule, f->state, f->after,
			f->limit),
		out);
}

#define FOLLOWUPS_WHERE(condition)                                                                                                         \
	LIST_OF("SELECT json_object('followup', f.id, 'rule', r.text, 'client_ref', f.client_ref, 'occasion', f.occasion, "                \
		"'opens_on', " DAY("f.opens_on") ", 'due_on', " DAY("f.due_on") ", 'state', " STATE_NAME(                                  \
			"f.state") ", 'reason', n.text, 'channel', coalesce(cc.text, fc.text), 'queue', coalesce(cq.text, fq.text), "      \
				   "'call', f.call_id, "                                                                                   \
				   "'closed_on', " DAY("f.closed_on") ") x FROM followup f JOIN name r ON r.id=f.rule LEFT JOIN call c "   \
								      "ON c.id=f.call_id"                                                  \
								      " LEFT JOIN name cc ON cc.id=c.channel LEFT JOIN name cq ON "        \
								      "cq.id=c.queue LEFT JOIN name fc ON fc.id=f.channel"                 \
								      " LEFT JOIN name fq ON fq.id=f.queue LEFT JOIN name n ON "           \
								      "n.id=f.reason WHERE " condition                                     \
								      " AND (?2 IS NULL OR coalesce(cq.text, fq.text)=?2) AND (?3 IS "     \
								      "NULL OR r.text=?3) AND (?4<0 OR f.state=?4) AND (?7 IS NULL OR "    \
								      "n.text=?7) AND f.id>?5"                                             \
								      " ORDER BY f.id LIMIT ?6")

int store_view_list_followups(struct store *store, const struct list_filter *filter, struct buffer *out)
{
	STATEMENT(list, FOLLOWUPS_WHERE(OF_ANYBODY));
	STATEMENT(of_client, FOLLOWUPS_WHERE("f.client_id=" THE_CLIENT));

	return store_document(store,
		store_query(store, filter->client_ref != NULL ? &of_client : &list, "tttniit", filter->client_ref, filter->queue,
			filter->rule, filter->state, filter->after, filter->limit, filter->reason),
		out);
}

#define CALLS_WHERE(condition)                                                                                                             \
	LIST_OF("SELECT json_object('call', c.id, 'queue', q.text, 'channel', h.text, 'state', CASE c.state WHEN 0 THEN 'ready' WHEN 1 "   \
		"THEN 'resting' WHEN 2 THEN 'leased' ELSE 'uncertain' END, 'priority', c.priority, 'due_on', " DAY(                        \
			"c.due_on") ", 'held_by', a.name, 'items', (SELECT count(*) FROM followup f WHERE f.call_id=c.id), 'client_ref', " \
				    "(SELECT min(f.client_ref) FROM followup f WHERE f.call_id=c.id)) x FROM call c JOIN name q ON "       \
				    "q.id=c.queue JOIN name h ON h.id=c.channel LEFT JOIN agent a ON a.id=c.agent_id WHERE " condition     \
				    " AND (?2 IS NULL OR q.text=?2) AND (?3 IS NULL OR EXISTS (SELECT 1 FROM followup f JOIN name r ON "   \
				    "r.id=f.rule WHERE f.call_id=c.id AND r.text=?3)) AND (?4<0 OR c.state=?4) AND c.id>?5 ORDER BY c.id " \
				    "LIMIT ?6")

int store_view_list_calls(struct store *store, const struct list_filter *filter, struct buffer *out)
{
	STATEMENT(list, CALLS_WHERE(OF_ANYBODY));
	STATEMENT(of_client, CALLS_WHERE("c.id IN (SELECT call_id FROM followup WHERE closed_on IS NULL AND client_id=" THE_CLIENT ")"));

	return append_list(store, &list, &of_client, filter, out);
}

/* The declared fields as members behind the fixed ones, in the order of the configuration. ?7 is [{"name":..,"type":..}]. */
#define DECLARED_MEMBERS                                                                                                                   \
	"coalesce((SELECT group_concat(',' || json_quote(j.value->>'name') || ':' || CASE WHEN x.value IS NULL THEN 'null' WHEN x.type=1 " \
	"THEN x.value ELSE json_quote(x.value) END, '') FROM json_each(?7) j LEFT JOIN client_field x ON x.client_id=k.id AND "            \
	"x.field=(SELECT id FROM name WHERE text=j.value->>'name') AND x.type=j.value->>'type'), '')"

#define CLIENTS_WHERE(condition)                                                                                                           \
	LIST_OF("SELECT rtrim(json_object('client', k.id, 'client_ref', k.ref, 'person_ref', iif(k.erased_at IS NULL, p.ref, NULL), "      \
		"'name', k.name, 'tier', k.tier, 'branch', k.branch, 'manager', k.manager, 'birthday', k.birthday, 'birthday_calendar', "  \
		"k.birthday_calendar, 'opened_on', k.opened_on, 'status', k.status, 'next_on', CASE WHEN " NEXT_ON(                        \
			"k.id", "d") "<2147483647 THEN " DAY(NEXT_ON("k.id",                                                               \
			"d")) " END, 'erased_at', strftime('%Y-%m-%dT%H:%M:%S', k.erased_at, 'unixepoch', 'localtime')), '}') "            \
			      "|| " DECLARED_MEMBERS " || '}' x FROM client k LEFT JOIN person p ON p.id=k.person LEFT JOIN "              \
			      "client_due d ON d.client_id=k.id WHERE " condition                                                          \
			      " AND ?2 IS NULL AND ?3 IS NULL AND ?4<0 AND k.id>?5 ORDER BY k.id LIMIT ?6")

int store_view_list_clients(struct store *store, const struct list_filter *filter, struct buffer *out)
{
	STATEMENT(list, CLIENTS_WHERE(OF_ANYBODY));
	STATEMENT(of_client, CLIENTS_WHERE("k.ref=?1"));
	struct buffer declared = {0};

	/* Names of declared fields are letters, digits and _. */
	buffer_text(&declared, "[");
	for (size_t i = 0; i < filter->declared_count; i++)
		buffer_printf(&declared, "%s{\"name\":\"%s\",\"type\":%d}", i > 0 ? "," : "", filter->declared[i].name,
			(int)filter->declared[i].type);
	buffer_text(&declared, "]");
	int result = ERR_MEMORY;
	if (!declared.failed)
		result = store_document(store,
			store_query(store, filter->client_ref != NULL ? &of_client : &list, "tttniit", filter->client_ref, filter->queue,
				filter->rule, filter->state, filter->after, filter->limit, declared.data),
			out);
	buffer_free(&declared);
	return result;
}

#define EVENTS_WHERE(condition)                                                                                                            \
	LIST_OF("SELECT json_object('event', e.id, 'event_ref', e.ref, 'client_ref', k.ref, 'kind', n.text, 'occurred_at', "               \
		"strftime('%Y-%m-%dT%H:%M:%S', e.occurred_at, 'unixepoch'), 'amount', CASE WHEN k.erased_at IS NOT NULL THEN NULL WHEN "   \
		"e.amount % 10000 = 0 THEN e.amount / 10000 ELSE e.amount / 10000.0 END, 'detail', iif(k.erased_at IS NULL, e.detail, "    \
		"NULL), 'withdrawn', json(iif(e.withdrawn_at IS NULL, 'false', 'true'))) x FROM event e JOIN name n ON n.id=e.kind LEFT "  \
		"JOIN client k ON k.id=e.client_id WHERE " condition                                                                       \
		" AND ?2 IS NULL AND ?3 IS NULL AND ?4<0 AND e.id>?5 ORDER BY e.id LIMIT ?6")

int store_view_list_events(struct store *store, const struct list_filter *filter, struct buffer *out)
{
	STATEMENT(list, EVENTS_WHERE(OF_ANYBODY));
	STATEMENT(of_client, EVENTS_WHERE("e.id IN (SELECT id FROM event WHERE kind=1 AND client_id=" THE_CLIENT
					  " UNION ALL SELECT id FROM event WHERE kind<>1 AND client_id=" THE_CLIENT ")"));

	return append_list(store, &list, &of_client, filter, out);
}

#define ATTEMPTS_WHERE(condition)                                                                                                          \
	LIST_OF("SELECT json_object('attempt', a.id, 'at', strftime('%Y-%m-%dT%H:%M:%S', a.at, 'unixepoch', 'localtime'), 'call', "        \
		"nullif(a.call_id, 0), 'client_ref', a.client_ref, 'agent', a.agent, 'queue', q.text, 'channel', h.text, 'disposition', "  \
		"a.disposition, 'over_cap', json(iif(a.over_cap, 'true', 'false')), 'after_lease', json(iif(a.expired, 'true', "           \
		"'false')), 'corrected_by', a.corrected_by) x FROM attempt a LEFT JOIN name q ON q.id=a.queue LEFT JOIN name h ON "        \
		"h.id=a.channel WHERE " condition                                                                                          \
		" AND (?2 IS NULL OR q.text=?2) AND ?3 IS NULL AND ?4<0 AND a.id>?5 ORDER BY a.id LIMIT ?6")

int store_view_list_attempts(struct store *store, const struct list_filter *filter, struct buffer *out)
{
	STATEMENT(list, ATTEMPTS_WHERE(OF_ANYBODY));
	STATEMENT(of_client, ATTEMPTS_WHERE("a.id IN (SELECT id FROM " ENTRIES_OF_CLIENT(
				     THE_CLIENT, "?5") " UNION SELECT entry_id FROM entry_subject WHERE client_id=" THE_CLIENT ")"));

	return append_list(store, &list, &of_client, filter, out);
}

#define TASKS_WHERE(condition)                                                                                                             \
	LIST_OF("SELECT json_object('task', t.id, 'kind', t.kind, 'queue', t.queue, 'client_ref', k.ref, 'call', t.call_id, 'followup', "  \
		"t.followup_id, 'at', strftime('%Y-%m-%dT%H:%M:%S', t.at, 'unixepoch', 'localtime'), 'agent', t.agent, 'state', "          \
		"iif(t.acked_at IS NULL, 'open', 'acknowledged'), 'acknowledged_by', t.acked_by, 'note', t.note) x FROM task t JOIN "      \
		"client k ON k.id=t.client_id WHERE " condition " AND (?2 IS NULL OR t.queue=?2) AND ?3 IS NULL AND (?4<0 OR (t.acked_at " \
		"IS NOT NULL)=?4) AND t.id>?5 ORDER BY t.id LIMIT ?6")

int store_view_list_tasks(struct store *store, const struct list_filter *filter, struct buffer *out)
{
	STATEMENT(list, TASKS_WHERE(OF_ANYBODY));
	STATEMENT(of_client, TASKS_WHERE("t.client_id=" THE_CLIENT));

	return append_list(store, &list, &of_client, filter, out);
}

#define PROMISES_WHERE(condition)                                                                                                          \
	LIST_OF("SELECT json_object('promise', p.id, 'client_ref', k.ref, 'made_on', " DAY("p.made_on") ", 'by', " DAY(                    \
		"p.by_day") ", 'matter', p.matter, 'dept', p.dept, 'agent', p.agent, 'followup', p.followup_id, "                          \
			    "'state', " STATE_NAME("f.state") ") x FROM promise p JOIN client k ON k.id=p.client_id LEFT JOIN "            \
							      "followup f ON f.id=p.followup_id WHERE " condition                          \
							      " AND ?2 IS NULL AND ?3 IS NULL AND (?4<0 OR f.state=?4) AND "               \
							      "p.id>?5 ORDER BY p.id LIMIT ?6")

int store_view_list_promises(struct store *store, const struct list_filter *filter, struct buffer *out)
{
	STATEMENT(list, PROMISES_WHERE(OF_ANYBODY));
	STATEMENT(of_client, PROMISES_WHERE("p.client_id=" THE_CLIENT));

	return append_list(store, &list, &of_client, filter, out);
}
