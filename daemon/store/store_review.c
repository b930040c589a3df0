/* store_review.c - reviews: rows in and out, and what people see of them. */
#include "followup/store_review.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define COLUMNS "id, attempt_id, client_id, call_id, agent, state, reviewer_id, lease_until"
#define STATE_NAME(column) "CASE " column " WHEN 0 THEN 'open' WHEN 1 THEN 'leased' WHEN 2 THEN 'accepted' ELSE 'rejected' END"

static const char *const state_names[] = {
	[REVIEW_OPEN] = "open", [REVIEW_LEASED] = "leased", [REVIEW_ACCEPTED] = "accepted", [REVIEW_REJECTED] = "rejected"};

const char *review_state_name(enum review_state state)
{
	return state_names[state];
}

int review_state_parse(const char *name)
{
	for (int i = REVIEW_OPEN; i <= REVIEW_REJECTED; i++)
		if (strcmp(state_names[i], name) == 0)
			return i;
	return ERR_NOT_FOUND;
}

int64_t store_review_insert(struct store *store, const struct review *r, int64_t at)
{
	STATEMENT(insert, "INSERT INTO review(attempt_id, client_id, call_id, agent, state, at) VALUES(?1, ?2, nullif(?3, 0), ?4, 0, ?5)");
	int result = store_run(store, &insert, "iiiti", r->attempt_id, r->client_id, r->call_id, r->agent, at);

	return result < 0 ? result : sqlite3_last_insert_rowid(store->db);
}

int store_review_add_client(struct store *store, int64_t id, int64_t client_id)
{
	STATEMENT(insert, "INSERT OR IGNORE INTO review_client(client_id, review_id) VALUES(?2, ?1)");
	int result = store_run(store, &insert, "ii", id, client_id);

	return result < 0 ? result : 0;
}

int store_review_add_item(struct store *store, int64_t id, int64_t followup_id)
{
	STATEMENT(insert, "INSERT OR IGNORE INTO review_item(review_id, followup_id) VALUES(?1, ?2)");
	int result = store_run(store, &insert, "ii", id, followup_id);

	return result < 0 ? result : 0;
}

int store_review_clients(struct store *store, int64_t id, int64_t *ids, int capacity)
{
	STATEMENT(list, "SELECT client_id FROM review_client INDEXED BY review_client_review WHERE review_id=?1 ORDER BY client_id");

	return store_integers(store, store_query(store, &list, "i", id), ids, capacity);
}

static int read_one(struct store *store, sqlite3_stmt *s, struct review *out)
{
	int result = store_row(store, s);

	if (result <= 0)
		return result;
	out->id = sqlite3_column_int64(s, 0);
	out->attempt_id = sqlite3_column_int64(s, 1);
	out->client_id = sqlite3_column_int64(s, 2);
	out->call_id = sqlite3_column_int64(s, 3);
	column_copy(s, 4, out->agent, sizeof(out->agent));
	out->state = (enum review_state)sqlite3_column_int(s, 5);
	out->reviewer_id = sqlite3_column_int64(s, 6);
	out->lease_until = sqlite3_column_int64(s, 7);
	store_end(s);
	return 1;
}

int store_review_load(struct store *store, int64_t id, struct review *out)
{
	STATEMENT(load, "SELECT " COLUMNS " FROM review WHERE id=?1");
	int result = read_one(store, store_query(store, &load, "i", id), out);

	return result == 0 ? ERR_NOT_FOUND : result < 0 ? result : 0;
}

int store_review_held(struct store *store, int64_t reviewer_id, struct review *out)
{
	STATEMENT(held, "SELECT " COLUMNS " FROM review INDEXED BY review_leased WHERE state=1 AND reviewer_id=?1 ORDER BY id LIMIT 1");

	return read_one(store, store_query(store, &held, "i", reviewer_id), out);
}

int store_review_next_open(struct store *store, int64_t after, struct review *out)
{
	/* One that was corrected, and is no contact any more, is nobody's to judge. */
	STATEMENT(next,
		"SELECT " COLUMNS " FROM review INDEXED BY review_open WHERE state=0 AND id>?1 AND EXISTS (SELECT 1 FROM attempt a WHERE "
		"a.id=review.attempt_id AND a.contact_id IS NOT NULL) ORDER BY id LIMIT 1");

	return read_one(store, store_query(store, &next, "i", after), out);
}

int store_review_lease(struct store *store, int64_t id, int64_t reviewer_id, const char *reviewer, int64_t lease_until)
{
	STATEMENT(lease, "UPDATE review SET state=1, reviewer_id=?2, reviewer=?3, lease_until=?4 WHERE id=?1");
	int result = store_run(store, &lease, "iiti", id, reviewer_id, reviewer, lease_until);

	return result < 0 ? result : 0;
}

int store_review_put_back(struct store *store, int64_t now)
{
	STATEMENT(back, "UPDATE review INDEXED BY review_leased SET state=0, lease_until=NULL WHERE state=1 AND lease_until<=?1");

	return store_run(store, &back, "i", now);
}

int store_review_give_back(struct store *store, int64_t id)
{
	STATEMENT(back, "UPDATE review SET state=0, reviewer_id=NULL, reviewer=NULL, lease_until=NULL WHERE id=?1");
	int result = store_run(store, &back, "i", id);

	return result < 0 ? result : 0;
}

int store_review_judge(struct store *store, int64_t id, int64_t reviewer_id, const char *reviewer, enum review_state state, int64_t at,
	const char *detail, const char *answer)
{
	STATEMENT(judge,
		"UPDATE review SET state=?4, reviewer_id=?2, reviewer=?3, lease_until=NULL, judged_at=?5, detail=json(?6), answer=?7 "
		"WHERE id=?1");
	int result = store_run(store, &judge, "iitnitt", id, reviewer_id, reviewer, (int)state, at, detail, answer);

	return result < 0 ? result : 0;
}

int store_review_answer(struct store *store, int64_t id, int64_t reviewer_id, enum review_state state, const char *detail, char **answer)
{
	STATEMENT(get, "SELECT answer FROM review WHERE id=?1 AND reviewer_id=?2 AND state=?3 AND json_valid(?4) AND detail IS json(?4)");

	return store_text(store, store_query(store, &get, "iint", id, reviewer_id, (int)state, detail), answer);
}

#define CLIENTS                                                                                                                            \
	"SELECT json_group_array(json_object('client_ref', k.ref)) FROM review_client c INDEXED BY review_client_review JOIN client k ON " \
	"k.id=c.client_id WHERE c.review_id=v.id"
#define CLOSED                                                                                                                             \
	"SELECT json_group_array(json_object('item', f.id, 'rule', r.text, 'client_ref', f.client_ref, 'occasion', f.occasion, "           \
	"'due_on', " DAY("f.due_on") ", 'closed_on', " DAY("f.closed_on") ")) FROM (SELECT id, rule, client_ref, occasion, due_on, "       \
									  "closed_on FROM followup WHERE client_id IN " CLIENTS_OF_ENTRY(  \
										  "a.id") " AND closed_by=a.id AND state IN (2, 3) ORDER " \
											  "BY id) f CROSS JOIN name r ON r.id=f.rule"

int store_view_review(struct store *store, int64_t id, const char *lease_until, const char *form, int score_max, struct buffer *out)
{
	STATEMENT(get,
		"SELECT json_object('review', v.id, 'attempt', a.id, 'state', " STATE_NAME(
			"v.state") ", 'lease_until', ?2, 'at', strftime('%Y-%m-%dT%H:%M:%S', a.at, 'unixepoch', 'localtime'), "
				   "'agent', v.agent, "
				   "'call', v.call_id, 'queue', q.text, 'channel', h.text, 'disposition', a.disposition, 'clients', "
				   "(" CLIENTS
				   "), 'said', json(CASE WHEN (SELECT e.sealed FROM entry e WHERE e.id=a.id) IS NULL THEN " ATTEMPT_TRUTH(
					   "a") " END), 'closed', (" CLOSED "), 'form', json(?3), 'score_max', ?4)"
						" FROM review v JOIN attempt a ON a.id=v.attempt_id LEFT JOIN name q ON "
						"q.id=a.queue LEFT JOIN name h ON "
						"h.id=a.channel WHERE v.id=?1");

	return store_document(store, store_query(store, &get, "ittn", id, lease_until, form, score_max), out);
}

/* By client, so that one client's few are found by their index. */
#define REVIEWS_WHERE(condition)                                                                                                           \
	"SELECT json_group_array(json(x)) FROM (SELECT json_object('review', v.id, 'attempt', v.attempt_id, 'client_ref', k.ref, "         \
	"'agent', "                                                                                                                        \
	"v.agent, 'drawn_at', strftime('%Y-%m-%dT%H:%M:%S', v.at, 'unixepoch', 'localtime'), 'state', " STATE_NAME(                        \
		"v.state") ", 'reviewer', iif(v.state=0, NULL, v.reviewer), 'judged_at', strftime('%Y-%m-%dT%H:%M:%S', v.judged_at, "      \
			   "'unixepoch', 'localtime'), 'scores', json(v.detail->'$.scores'), 'note', v.detail->>'$.note') x FROM review "  \
			   "v "                                                                                                            \
			   "JOIN client k ON k.id=v.client_id WHERE " condition                                                            \
			   " AND ?2 IS NULL AND ?3 IS NULL AND (?4<0 OR v.state=?4) AND "                                                  \
			   "v.id>?5 ORDER BY v.id LIMIT ?6)"

int store_view_list_reviews(struct store *store, const struct list_filter *filter, struct buffer *out)
{
	STATEMENT(list, REVIEWS_WHERE("?1 IS NULL"));
	STATEMENT(of_client,
		REVIEWS_WHERE("v.id IN (SELECT review_id FROM review_client WHERE client_id=(SELECT id FROM client WHERE ref=?1))"));

	return store_document(store,
		store_query(store, filter->client_ref != NULL ? &of_client : &list, "tttnii", filter->client_ref, filter->queue,
			filter->rule, filter->state, filter->after, filter->limit),
		out);
}
