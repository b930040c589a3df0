/* store_erase.c - erasing and sealing. */
#include "followup/store_erase.h"

#include <stdio.h>
#include <string.h>

#include "followup/sha256.h"
#include "followup/store_client.h"
#include "internal.h"

/* Numbers of enum record_kind that are never sealed: looks, what was erased, what was retired. */
#define STANDS "(30, 61, 62)"

/* Those of which he is the foremost client, found by their index. */
#define REVIEWS_OF_CLIENT "client_id=?1 AND id IN (SELECT review_id FROM review_client WHERE client_id=?1)"

int store_client_erased(struct store *store, int64_t client_id, int64_t *at)
{
	STATEMENT(get, "SELECT erased_at FROM client WHERE id=?1");
	int64_t since;
	int result = store_integer(store, &get, &since, "i", client_id);

	if (result == ERR_NOT_FOUND)
		return 0;
	if (result == 0 && at != NULL)
		*at = since;
	return result < 0 ? result : 1;
}

int refuse_erased(struct store *store, int64_t client_id, const char *client_ref)
{
	int erased = store_client_erased(store, client_id, NULL);

	if (erased <= 0)
		return erased;
	snprintf(store->message, sizeof(store->message), "client %s has been erased: nothing about him is taken in", client_ref);
	return ERR_INVALID;
}

/* A person whose last client is gone is nobody any more, and another may get his number: a call of his that somebody holds is this client's. */
static int erase_person(struct store *store, int64_t client_id)
{
	STATEMENT(forget, "DELETE FROM person WHERE id=(SELECT person FROM client WHERE id=?1) AND NOT EXISTS (SELECT 1 FROM client c WHERE"
			  " c.person=person.id AND c.person>0 AND c.id<>?1 AND c.erased_at IS NULL)");
	STATEMENT(held, "UPDATE call SET person=-?1 WHERE person>0 AND person=(SELECT person FROM client WHERE id=?1)");
	STATEMENT(alone, "UPDATE client SET person=-id WHERE person>0 AND person=(SELECT person FROM client WHERE id=?1)");
	int result = store_run(store, &forget, "i", client_id);

	if (result <= 0)
		return result;
	result = store_run(store, &held, "i", client_id);
	return result >= 0 ? store_run(store, &alone, "i", client_id) : result;
}

int store_client_erase(struct store *store, int64_t client_id, int64_t at, const char *by)
{
	STATEMENT(row, "UPDATE client SET name=NULL, phone=NULL, email=NULL, tier=NULL, branch=NULL, manager=NULL, introducer=NULL, "
		       "birthday=NULL, "
		       "birthday_calendar=NULL, opened_on=NULL, closed_on=NULL, last_trade_on=NULL, assets=NULL, status=NULL, hours=NULL, "
		       "do_not_contact=NULL, attorney=NULL, id_expires_on=NULL, risk_test_expires_on=NULL, number_wrong=NULL, "
		       "barred=NULL, first_assets=NULL, first_assets_at=NULL, erased_at=?2 WHERE "
		       "id=?1");
	STATEMENT(fields, "DELETE FROM client_field WHERE client_id=?1");
	STATEMENT(as_of, "DELETE FROM client_as_of WHERE client_id=?1");
	STATEMENT(assets, "DELETE FROM client_assets WHERE client_id=?1");
	STATEMENT(forbidden, "DELETE FROM do_not_contact WHERE client_id=?1");
	STATEMENT(refusals, "DELETE FROM refusal WHERE client_id=?1");
	STATEMENT(promises, "DELETE FROM promise WHERE client_id=?1");
	STATEMENT(open_reviews, "DELETE FROM review WHERE " REVIEWS_OF_CLIENT " AND state<=1");
	STATEMENT(reviews, "UPDATE review SET detail=NULL WHERE " REVIEWS_OF_CLIENT);
	STATEMENT(notes, "UPDATE task SET note=NULL WHERE client_id=?1");
	STATEMENT(tasks, "UPDATE task SET acked_at=?2, acked_by=?3 WHERE client_id=?1 AND acked_at IS NULL");
	STATEMENT(later, "INSERT OR IGNORE INTO erasure(client_id, after_entry) VALUES(?1, 0)");
	struct statement *const each[] = {
		&fields, &as_of, &assets, &forbidden, &refusals, &promises, &open_reviews, &reviews, &notes, &later};

	int result = erase_person(store, client_id);
	if (result >= 0)
		result = store_run(store, &row, "ii", client_id, at);
	if (result >= 0)
		result = store_run(store, &tasks, "iit", client_id, at, by);
	for (size_t i = 0; result >= 0 && i < sizeof(each) / sizeof(each[0]); i++)
		result = store_run(store, each[i], "i", client_id);
	return result < 0 ? result : 0;
}

/* The body's digest in the place of its salt: what the entry's own digest is made of stays. */
static int erase_body(struct store *store, int64_t entry_id)
{
	STATEMENT(get, "SELECT salt, body FROM entry WHERE id=?1 AND body IS NOT NULL");
	STATEMENT(erase, "UPDATE entry SET salt=?2, body=NULL, sealed=NULL WHERE id=?1");
	unsigned char digest[SHA256_SIZE];
	struct buffer text = {0};

	sqlite3_stmt *s = store_query(store, &get, "i", entry_id);
	int result = store_row(store, s);
	if (result <= 0)
		return result;
	size_t salt_size;
	const void *salt = column_blob(s, 0, &salt_size);
	buffer_append(&text, salt, salt_size);
	column_append(&text, s, 1);
	store_end(s);
	if (!text.failed)
		sha256(text.data, text.length, digest);
	result = text.failed ? ERR_MEMORY : store_run(store, &erase, "ib", entry_id, digest, sizeof(digest));
	buffer_free(&text);
	return result < 0 ? result : 0;
}

/* Of what was answered only an attorney's name speaks of a person; the rest stays, for the same DONE sent again. */
static int close_entry(struct store *store, int64_t entry_id, bool erase)
{
	STATEMENT(seal, "UPDATE entry SET sealed=1 WHERE id=?1 AND body IS NOT NULL AND sealed IS NULL");
	STATEMENT(answer, "UPDATE attempt SET answer=json_remove(answer, '$.attorney') WHERE id=?1 AND answer->'$.attorney' IS NOT NULL");
	int result = erase ? erase_body(store, entry_id) : store_run(store, &seal, "i", entry_id);

	return result < 0 ? result : store_run(store, &answer, "i", entry_id);
}

static int erase_events(struct store *store, int64_t client_id, int budget)
{
	/* 3: what a withdrawal names is another event. */
	STATEMENT(trades, "UPDATE event SET detail=NULL, amount=NULL WHERE id IN (SELECT id FROM event WHERE client_id=?1 AND kind=1 AND "
			  "(detail IS NOT "
			  "NULL OR amount IS NOT NULL) LIMIT ?2)");
	STATEMENT(others, "UPDATE event SET detail=NULL, amount=NULL WHERE id IN (SELECT id FROM event WHERE client_id=?1 AND kind<>1 AND "
			  "kind<>3 AND "
			  "(detail IS NOT NULL OR amount IS NOT NULL) LIMIT ?2)");
	int result = store_run(store, &trades, "in", client_id, budget);

	if (result >= 0 && result < budget) {
		int more = store_run(store, &others, "in", client_id, budget - result);
		result = more < 0 ? more : result + more;
	}
	return result;
}

/* Entries about a client from a place on: their numbers, and whether another client who is not erased is concerned too. */
static int next_entry(struct store *store, int64_t client_id, int64_t after, int64_t *id, bool *old, bool *shared, int64_t before)
{
	STATEMENT(next, "WITH about(id) AS (SELECT min(id) FROM (SELECT * FROM (SELECT id FROM " ENTRIES_OF_CLIENT(
				"?1", "?2") " LIMIT 1)"
					    " UNION ALL SELECT * FROM (SELECT entry_id FROM entry_subject WHERE client_id=?1 AND "
					    "entry_id>?2 ORDER BY entry_id "
					    "LIMIT 1)))"
					    " SELECT e.id, e.at<?3, e.kind IN " STANDS
					    " OR EXISTS (SELECT 1 FROM client c WHERE c.id=e.client_id AND c.erased_at IS NULL) OR EXISTS"
					    " (SELECT 1 FROM entry_subject x JOIN client c ON c.id=x.client_id WHERE x.entry_id=e.id AND "
					    "c.erased_at IS NULL)"
					    " FROM about a JOIN entry e ON e.id=a.id");
	sqlite3_stmt *s = store_query(store, &next, "iii", client_id, after, before);
	int result = store_row(store, s);

	if (result > 0) {
		*id = sqlite3_column_int64(s, 0);
		*old = sqlite3_column_int(s, 1) != 0;
		*shared = sqlite3_column_int(s, 2) != 0;
		store_end(s);
	}
	return result;
}

int store_erase_some(struct store *store, int64_t before, int budget)
{
	STATEMENT(next, "SELECT client_id, after_entry FROM erasure ORDER BY client_id LIMIT 1");
	STATEMENT(place, "UPDATE erasure SET after_entry=?2 WHERE client_id=?1");
	STATEMENT(done, "DELETE FROM erasure WHERE client_id=?1");
	bool old, shared;

	/* Asked for in every turn. */
	if (store->no_erasures.known && store_stamp_holds(store, KEPT_ERASURES, store->no_erasures.stamp))
		return 0;
	sqlite3_stmt *s = store_query(store, &next, "");
	int result = store_row(store, s);
	store->no_erasures.known = result == 0;
	store->no_erasures.stamp = store_stamp_now(store, KEPT_ERASURES);
	if (result <= 0)
		return result;
	int64_t client_id = sqlite3_column_int64(s, 0), at = sqlite3_column_int64(s, 1);
	store_end(s);
	result = erase_events(store, client_id, budget);
	if (result < 0 || result >= budget)
		return result < 0 ? result : 1;
	budget -= result;
	while (budget-- > 0 && (result = next_entry(store, client_id, at, &at, &old, &shared, before)) > 0) {
		result = shared ? 0 : close_entry(store, at, old);
		if (result < 0)
			return result;
		result = 1;
	}
	if (result < 0)
		return result;
	result = result > 0 ? store_run(store, &place, "ii", client_id, at) : store_run(store, &done, "i", client_id);
	return result < 0 ? result : 1;
}

int store_record_retire(struct store *store, int64_t before, bool erase, int budget, int64_t *last, int64_t *closed)
{
	STATEMENT(next,
		"SELECT id, at<?2, kind NOT IN (61, 62) AND body IS NOT NULL AND (sealed IS NULL OR ?3) FROM entry WHERE id>?1 ORDER BY id "
		"LIMIT 1");

	while (budget-- > 0) {
		sqlite3_stmt *s = store_query(store, &next, "iin", *last, before, (int)erase);
		int result = store_row(store, s);
		if (result <= 0)
			return result;
		int64_t id = sqlite3_column_int64(s, 0);
		bool old = sqlite3_column_int(s, 1) != 0, has_body = sqlite3_column_int(s, 2) != 0;
		store_end(s);
		if (!old)
			return 0;
		result = has_body ? close_entry(store, id, erase) : 0;
		if (result < 0)
			return result;
		*closed += has_body;
		*last = id;
	}
	return 1;
}
