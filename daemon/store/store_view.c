/* store_view.c - rows and documents for people and programs. */
#include "followup/store_view.h"

#include "followup/json_text.h"
#include "followup/store_call.h"
#include "followup/store_name.h"
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

static void add_name(struct buffer *out, struct store *store, const char *key, int64_t name)
{
	buffer_text(out, key);
	json_text_append(out, store_name_text(store, name));
}

static void add_day(struct buffer *out, const char *key, day_t day)
{
	char text[DATE_TEXT_SIZE];

	buffer_text(out, key);
	json_text_append(out, date_format(day, text));
}

/* A member that only some documents have. */
static void add_text(struct buffer *out, const char *key, const char *text)
{
	if (text == NULL)
		return;
	buffer_text(out, key);
	json_text_append(out, text);
}

/* A text, or NULL where there is none: valid as long as the statement stands on its row. */
static const char *text_or_null(sqlite3_stmt *s, int column)
{
	return sqlite3_column_type(s, column) == SQLITE_NULL ? NULL : column_text(s, column);
}

/* What was promised, if the item stands for a promise. */
static int add_promise(struct store *store, int64_t followup_id, struct buffer *out)
{
	STATEMENT(get, "SELECT matter, dept, agent FROM promise WHERE followup_id=?1 LIMIT 1");
	sqlite3_stmt *s = store_query(store, &get, "i", followup_id);
	int result = store_row(store, s);

	if (result > 0) {
		add_text(out, ",\"matter\":", text_or_null(s, 0));
		add_text(out, ",\"dept\":", text_or_null(s, 1));
		add_text(out, ",\"promised_by\":", text_or_null(s, 2));
		store_end(s);
	}
	return result < 0 ? result : 0;
}

/* The number to reach a client at: whole to whoever holds the call, masked to anybody else. */
static int add_number(struct store *store, const struct kept_client *client, const struct call_view *view, struct buffer *out)
{
	STATEMENT(mask, "SELECT CASE ?1 WHEN 1 THEN " MASKED_PHONE("?2") " WHEN 2 THEN " MASKED_EMAIL("?2") " END");
	const char *number = view->address == VIEW_PHONE ? client->phone : view->address == VIEW_EMAIL ? client->email : NULL;

	if (view->whole_number || view->address == VIEW_NO_ADDRESS) {
		add_text(out, ",\"number\":", number);
		return 0;
	}
	sqlite3_stmt *s = store_query(store, &mask, "nt", (int)view->address, number);
	int result = store_row(store, s);
	if (result > 0) {
		add_text(out, ",\"number\":", text_or_null(s, 0));
		store_end(s);
	}
	return result < 0 ? result : 0;
}

/* An item, and the number to reach its client at if number is not NULL. The attorneys on file are told to the holder alone. */
static int add_item(
	struct store *store, const struct followup *f, const struct call_view *view, bool bulk, struct buffer *out, struct buffer *number)
{
	const struct kept_client *client;
	int result = store_kept_client(store, f->client_id, &client);

	if (result <= 0)
		return result < 0 ? result : ERR_NOT_FOUND;
	buffer_text(out, "{\"item\":");
	buffer_number(out, f->id);
	add_name(out, store, ",\"rule\":", f->rule);
	add_text(out, ",\"client_ref\":", f->client_ref);
	buffer_text(out, ",\"name\":");
	json_text_append(out, client->name);
	buffer_text(out, ",\"tier\":");
	json_text_append(out, client->client.tier[0] != '\0' ? client->client.tier : NULL);
	add_text(out, ",\"occasion\":", f->occasion);
	add_day(out, ",\"opens_on\":", f->opens_on);
	add_day(out, ",\"due_on\":", f->due_on);
	buffer_text(out, ",\"tries\":");
	buffer_number(out, f->tries);
	if (view->whole_number && !bulk)
		add_text(out, ",\"attorney\":", client->attorney);
	result = number != NULL ? add_number(store, client, view, number) : 0;
	if (result == 0 && view->may_promise)
		result = add_promise(store, f->id, out);
	buffer_text(out, "}");
	return result;
}

int store_view_call(struct store *store, const struct call *call, const struct followup *agenda, int count, const struct call_view *view,
	struct buffer *out)
{
	struct buffer items = {0};
	int result = 0;

	buffer_text(out, "{\"call\":");
	buffer_number(out, call->id);
	add_name(out, store, ",\"queue\":", call->queue);
	add_name(out, store, ",\"channel\":", call->channel);
	add_text(out, ",\"state\":", call_state_name(call->state));
	buffer_text(out, ",\"priority\":");
	buffer_number(out, call->priority);
	add_day(out, ",\"due_on\":", call->due_on);
	buffer_text(out, ",\"tries_today\":");
	buffer_number(out, call->tries_today);
	add_text(out, ",\"lease\":", view->lease);
	add_text(out, ",\"lease_until\":", view->lease_until);
	add_text(out, ",\"not_before\":", view->not_before);
	if (call->agent_id != 0) {
		const struct agent *holder;
		result = store_kept_agent(store, call->agent_id, &holder);
		if (result > 0) {
			add_text(out, ",\"held_by\":", holder->name);
			result = 0;
		}
	}
	buffer_text(&items, ",\"agenda\":[");
	for (int i = 0; result == 0 && i < count; i++) {
		if (i > 0)
			buffer_text(&items, ",");
		result = add_item(store, &agenda[i], view, call->bulk, &items, i == 0 ? out : NULL);
	}
	buffer_text(&items, "]}");
	if (items.failed)
		out->failed = true;
	else
		buffer_append(out, items.data, items.length);
	buffer_free(&items);
	return result < 0 ? result : out->failed ? ERR_MEMORY : 0;
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

/* Each part reads an index alone that stands in the order of queues, or few rows: a hundred thousand calls take some ten milliseconds. */
int store_view_queues(struct store *store, day_t today, queue_row_visit *visit, void *context)
{
	STATEMENT(list,
		"WITH part(queue, ready, due_now, resting, leased, uncertain, overdue, oldest) AS ("
		"SELECT queue, count(*), sum(due_now>0), 0, 0, 0, sum(due_on<?1), min(due_on) FROM call INDEXED BY call_ready WHERE "
		"state=0 "
		"GROUP BY queue"
		" UNION ALL SELECT queue, 0, 0, count(*), 0, 0, 0, min(due_on) FROM call INDEXED BY call_rest WHERE state=1 "
		"GROUP BY queue"
		" UNION ALL SELECT queue, 0, 0, 0, sum(state=2), sum(state=3), 0, min(due_on) FROM call INDEXED BY call_agent "
		"WHERE agent_id IS NOT NULL AND state>=2 GROUP BY queue)"
		" SELECT q.text, sum(ready), sum(due_now), sum(resting), sum(leased), sum(uncertain), sum(overdue), min(oldest) FROM part "
		"p "
		"JOIN name q ON q.id=p.queue GROUP BY q.text ORDER BY q.text");
	sqlite3_stmt *s = store_query(store, &list, "n", (int)today);
	int result;

	while ((result = store_row(store, s)) > 0) {
		struct queue_row row = {
			.queue = column_text(s, 0),
			.ready = sqlite3_column_int64(s, 1),
			.due_now = sqlite3_column_int64(s, 2),
			.resting = sqlite3_column_int64(s, 3),
			.leased = sqlite3_column_int64(s, 4),
			.uncertain = sqlite3_column_int64(s, 5),
			.overdue = sqlite3_column_int64(s, 6),
			.oldest_due_on = column_day(s, 7),
		};
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
					   " (SELECT contact_id FROM contact_client WHERE on_day BETWEEN ?2 AND ?3 AND client_id "
					   "IN " CLIENTS_OF_PERSON ")"
					   " ORDER BY k.on_day, k.id)");

	/* Who waits for a slot often has had no contact yet: then it is kept free for a day to come. */
	int count = store_contact_of_person(store, person, first, last);
	if (count > 0)
		return store_document(store, store_query(store, &get, "inn", person, first, last), out);
	if (count == 0)
		buffer_text(out, "[]");
	return count < 0 ? count : out->failed ? ERR_MEMORY : 0;
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
		" UNION ALL SELECT 'call ' || call_id || ': left half worked out' FROM touched"
		" UNION ALL SELECT 'follow-up ' || f.id || ': queued without a call' FROM followup f WHERE state=1 AND NOT EXISTS (SELECT "
		"1 FROM call c WHERE c.id=f.call_id)"
		" UNION ALL SELECT 'follow-up ' || id || ': on a call and not queued' FROM followup WHERE call_id IS NOT NULL AND state<>1"
		" UNION ALL SELECT 'follow-up ' || id || ': ended without a day' FROM followup WHERE state>1 AND closed_on IS NULL"
		" UNION ALL SELECT 'follow-up ' || id || ': open and ended on a day' FROM followup WHERE state<=1 AND closed_on IS NOT NULL"
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
		" UNION ALL SELECT 'promise ' || p.id || ': its client''s row knows of none' FROM promise p JOIN client k ON "
		"k.id=p.client_id "
		"WHERE k.promised IS NULL"
		" UNION ALL SELECT 'client ' || ref || ': has forbidden or refused something, and his row knows of nothing' FROM client "
		"WHERE "
		"barred IS NULL AND id IN (SELECT client_id FROM do_not_contact UNION SELECT client_id FROM refusal)"
		" UNION ALL SELECT 'call ' || id || ': kept for an agent who is gone' FROM call c WHERE owner_id IS NOT NULL AND NOT "
		"EXISTS "
		"(SELECT 1 FROM agent a WHERE a.id=c.owner_id)"
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
