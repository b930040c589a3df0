/* store_brief.c - what a console shows an agent beside his call, and of his own day. */
#include "followup/store_brief.h"

#include "internal.h"

#define OF_PERSON "(SELECT id FROM client WHERE id IN " CLIENTS_OF_PERSON " AND erased_at IS NULL)"
#define TIME(column) "strftime('%Y-%m-%dT%H:%M:%S', " column ", 'unixepoch', 'localtime')"

int store_brief_clients(struct store *store, int64_t person, struct buffer *out)
{
	STATEMENT(get, "SELECT json_group_array(json(x)) FROM (SELECT json_object('client_ref', ref, 'name', name, 'tier', tier, 'branch', "
		       "branch, 'manager', manager, 'opened_on', opened_on, 'hours', hours) x FROM client WHERE id IN " CLIENTS_OF_PERSON
		       " AND erased_at IS "
		       "NULL ORDER BY id)");

	return store_document(store, store_query(store, &get, "i", person), out);
}

/* What was said stands in the record's entry, and is shown unless it has been sealed or erased. */
#define SAID(member) "iif(e.sealed IS NULL, e.body->>'$.said." member "', NULL)"

int store_brief_history(struct store *store, int64_t person, int limit, struct buffer *out)
{
	STATEMENT(get,
		"SELECT json_group_array(json(x)) FROM (SELECT json_object('attempt', a.id, 'at', " TIME(
			"a.at") ", 'client_ref', a.client_ref, 'agent', a.agent, 'channel', h.text, 'disposition', a.disposition, 'rule', "
				"r.text, "
				"'over_cap', json(iif(a.over_cap, 'true', 'false')), 'note', " SAID("note") ", 'needs', " SAID(
					"needs") ", 'opinions', " SAID("opinions") ", 'satisfaction', " SAID("satisfaction") ") x FROM "
															     "attempt a "
															     "LEFT JOIN "
															     "entry e ON "
															     "e.id=a.id "
															     "LEFT JOIN "
															     "name h ON "
															     "h.id=a."
															     "channel LEFT "
															     "JOIN "
															     "followup f "
															     "ON "
															     "f.id=a."
															     "followup_id "
															     "LEFT "
															     "JOIN name r "
															     "ON "
															     "r.id=f.rule "
															     "WHERE a.id "
															     "IN (SELECT "
															     "id FROM "
															     "entry WHERE "
															     "client_id "
															     "IN " OF_PERSON
															     " UNION "
															     "SELECT "
															     "entry_id "
															     "FROM "
															     "entry_"
															     "subject "
															     "WHERE "
															     "client_id "
															     "IN " OF_PERSON
															     ") ORDER BY "
															     "a.at DESC, "
															     "a.id DESC "
															     "LIMIT ?2)");

	return store_document(store, store_query(store, &get, "in", person, limit), out);
}

int store_brief_promises(struct store *store, int64_t person, int limit, struct buffer *out)
{
	STATEMENT(get,
		"SELECT json_group_array(json(x)) FROM (SELECT json_object('promise', p.id, 'client_ref', k.ref, 'made_on', " DAY(
			"p.made_on") ", 'by', " DAY("p.by_day") ", 'matter', p.matter, 'dept', p.dept, 'agent', p.agent) x FROM promise p "
								"JOIN "
								"client k ON k.id=p.client_id LEFT JOIN followup f ON f.id=p.followup_id "
								"WHERE "
								"p.client_id IN " OF_PERSON
								" AND (f.id IS NULL OR f.state<=1) ORDER BY p.by_day, p.id LIMIT ?2)");

	return store_document(store, store_query(store, &get, "in", person, limit), out);
}

int store_brief_told(struct store *store, const char *agent, int64_t since, struct buffer *out)
{
	STATEMENT(get,
		"SELECT json_group_array(json(x)) FROM (SELECT json_object('disposition', disposition, 'count', count(*), 'contacts', "
		"count(contact_id)) x FROM attempt WHERE at>=?2 AND agent=?1 AND disposition NOT IN ('released', 'uncertain') GROUP BY "
		"disposition ORDER BY disposition)");

	return store_document(store, store_query(store, &get, "ti", agent, since), out);
}

int store_brief_appointments(struct store *store, int64_t agent_id, struct buffer *out)
{
	STATEMENT(get,
		"SELECT json_group_array(json(x)) FROM (SELECT json_object('call', c.id, 'queue', q.text, 'at', " TIME(
			"c.appointed_at") ") x FROM call c JOIN name q ON q.id=c.queue WHERE c.owner_id=?1 AND c.appointed_at IS NOT "
					  "NULL AND c.state<>2 ORDER BY c.appointed_at, c.id LIMIT 50)");

	return store_document(store, store_query(store, &get, "i", agent_id), out);
}

int store_brief_released(struct store *store, const char *agent, int64_t since)
{
	STATEMENT(get, "SELECT count(*) FROM attempt WHERE at>=?2 AND agent=?1 AND disposition='released'");
	int64_t count = 0;
	int result = store_integer(store, &get, &count, "ti", agent, since);

	return result < 0 ? result : (int)count;
}
