/* store_contact.c - the ledger of contacts and the record of attempts. */
#include <stdlib.h>
#include <string.h>

#include "followup/json_text.h"
#include "followup/store_call.h"
#include "followup/store_client.h"
#include "followup/store_record.h"
#include "internal.h"

int store_contact_insert(struct store *store, struct contact *c)
{
	STATEMENT(insert,
		"INSERT INTO contact(call_id, on_day, at, channel, agent_id, over_cap, client_id) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
	TOLD_STATEMENT(count, "INSERT INTO contact_client(client_id, on_day, contact_id) VALUES(?1, ?2, ?3)");
	int result =
		store_run(store, &insert, "iniiznz", c->call_id, c->on_day, c->at, c->channel, c->agent_id, (int)c->over_cap, c->client_id);

	if (result < 0)
		return result;
	c->id = sqlite3_last_insert_rowid(store->db);
	if (c->client_id == 0)
		return 0;
	store_forget_contacts(store, c->client_id);
	result = store_run(store, &count, "ini", c->client_id, c->on_day, c->id);
	return result < 0 ? result : 0;
}

int store_contact_count_for(struct store *store, int64_t contact_id, int64_t client_id, day_t on_day)
{
	TOLD_STATEMENT(insert, "INSERT OR IGNORE INTO contact_client(client_id, on_day, contact_id, further) VALUES(?1, ?2, ?3, 1)");

	store_forget_contacts(store, client_id);
	int result = store_run(store, &insert, "ini", client_id, on_day, contact_id);

	return result < 0 ? result : 0;
}

int store_contact_of_person(struct store *store, int64_t person, day_t first, day_t last)
{
	STATEMENT(of_one, "SELECT count(*) FROM contact_client WHERE client_id=?1 AND on_day BETWEEN ?2 AND ?3");
	/* Each contact by its first row: for DISTINCT SQLite would make a table of its own, though hardly anybody has a contact. */
	STATEMENT(of_many,
		"SELECT count(*) FROM client c CROSS JOIN contact_client k ON k.client_id=c.id"
		" WHERE c.person=?1 AND c.person>0 AND k.on_day BETWEEN ?2 AND ?3 AND NOT EXISTS (SELECT 1 FROM client d"
		" CROSS JOIN contact_client e ON e.client_id=d.id WHERE d.person=?1 AND d.person>0 AND e.on_day BETWEEN ?2 AND ?3"
		" AND e.contact_id=k.contact_id AND (e.client_id, e.on_day)<(k.client_id, k.on_day))");
	int64_t count;
	int known = person < 0 ? store_kept_contacts(store, -person, first, last) : ERR_NOT_FOUND;

	if (known >= 0)
		return known;
	int result = person < 0 ? store_integer(store, &of_one, &count, "inn", -person, first, last)
				: store_integer(store, &of_many, &count, "inn", person, first, last);
	if (result == 0 && person < 0)
		store_keep_contacts(store, -person, first, last, (int)count);
	return result < 0 ? result : (int)count;
}

int store_contact_first_of_person(struct store *store, int64_t person, day_t first, day_t last, day_t *out)
{
	STATEMENT(get, "SELECT min(k.on_day) FROM client c CROSS JOIN contact_client k ON k.client_id=c.id"
		       " WHERE ((c.person=?1 AND c.person>0) OR c.id=-?1) AND k.on_day BETWEEN ?2 AND ?3");
	int64_t value;
	int result = store_integer(store, &get, &value, "inn", person, first, last);

	if (result < 0 && result != ERR_NOT_FOUND)
		return result;
	*out = result == 0 ? (day_t)value : NO_DAY;
	return 0;
}

int store_contact_last_of_client(struct store *store, int64_t client_id, day_t day, day_t *last)
{
	STATEMENT(get, "SELECT max(on_day) FROM contact_client WHERE client_id=?1 AND on_day<=?2");
	int64_t value;
	int result = store_integer(store, &get, &value, "in", client_id, day);

	if (result < 0 && result != ERR_NOT_FOUND)
		return result;
	*last = result == 0 ? (day_t)value : NO_DAY;
	return 0;
}

int store_contact_take_back(struct store *store, int64_t contact_id)
{
	STATEMENT(first, "DELETE FROM contact_client WHERE client_id=(SELECT client_id FROM contact WHERE id=?1) AND on_day=(SELECT on_day "
			 "FROM contact WHERE id=?1) AND contact_id=?1");
	STATEMENT(further, "DELETE FROM contact_client INDEXED BY contact_client_contact WHERE contact_id=?1 AND further=1");
	int result = store_run(store, &first, "i", contact_id);

	if (result >= 0)
		result = store_run(store, &further, "i", contact_id);
	return result < 0 ? result : 0;
}

int store_contact_move(struct store *store, const struct contact *c)
{
	STATEMENT(update, "UPDATE contact SET on_day=?2, at=?3, over_cap=?4 WHERE id=?1");
	int result = store_run(store, &update, "inin", c->id, c->on_day, c->at, (int)c->over_cap);

	return result < 0 ? result : 0;
}

int store_handout_show(struct store *store, int64_t call_id, int generation, const char *shown)
{
	/* What he has once been told of he has been told of, also when it left the call meanwhile. */
#define WITH_MORE(table)                                                                                                                   \
	"shown=CASE shown WHEN '[]' THEN ?3 ELSE (SELECT json_group_array(value) FROM (SELECT value FROM json_each(" table                 \
	".shown) UNION SELECT value FROM json_each(?3))) END"
	STATEMENT(leased, "UPDATE call SET " WITH_MORE("call") " WHERE id=?1 AND generation=?2 AND shown IS NOT NULL AND shown<>?3");
	STATEMENT(former, "UPDATE handout SET " WITH_MORE("handout") " WHERE call_id=?1 AND generation=?2 AND shown<>?3");
	int result = store_run(store, &leased, "int", call_id, generation, shown);

	if (result == 0)
		result = store_run(store, &former, "int", call_id, generation, shown);
	return result < 0 ? result : 0;
}

int store_handout_load(struct store *store, int64_t call_id, int generation, int64_t *agent_id, char **shown)
{
	STATEMENT(get, "SELECT agent_id, shown FROM call WHERE id=?1 AND generation=?2 AND shown IS NOT NULL"
		       " UNION ALL SELECT agent_id, shown FROM handout WHERE call_id=?1 AND generation=?2"
		       " UNION ALL SELECT holder, shown FROM attempt WHERE call_id=?1 AND generation=?2 AND shown IS NOT NULL LIMIT 1");
	const struct kept_lease *kept = store_kept_lease(store, call_id);

	if (kept != NULL && kept->call.generation == generation && kept->shown[0] != '\0') {
		char *same = strdup(kept->shown);
		if (same == NULL)
			return ERR_MEMORY;
		*agent_id = kept->call.agent_id;
		*shown = same;
		return 1;
	}
	sqlite3_stmt *s = store_query(store, &get, "in", call_id, generation);
	int result = store_row(store, s);

	if (result <= 0)
		return result;
	char *copy = strdup(column_text(s, 1));
	*agent_id = sqlite3_column_int64(s, 0);
	store_end(s);
	if (copy == NULL)
		return ERR_MEMORY;
	*shown = copy;
	return 1;
}

int store_attempt_contact(struct store *store, int64_t call_id, int generation, const char *disposition, int64_t *contact_id, day_t *on_day)
{
	STATEMENT(get, "SELECT a.contact_id, c.on_day FROM attempt a JOIN contact c ON c.id=a.contact_id WHERE a.call_id=?1 AND "
		       "a.generation=?2 AND (?3 IS NULL OR a.disposition=?3) ORDER BY a.id DESC LIMIT 1");
	sqlite3_stmt *s = store_query(store, &get, "int", call_id, generation, disposition);
	int result = store_row(store, s);

	if (result > 0) {
		*contact_id = sqlite3_column_int64(s, 0);
		*on_day = column_day(s, 1);
		store_end(s);
	}
	return result;
}

int store_attempt_place(struct store *store, int64_t call_id, int64_t *channel, int64_t *queue)
{
	STATEMENT(get, "SELECT channel, queue FROM attempt WHERE call_id=?1 ORDER BY id DESC LIMIT 1");
	sqlite3_stmt *s = store_query(store, &get, "i", call_id);
	int result = store_row(store, s);

	if (result > 0) {
		*channel = sqlite3_column_int64(s, 0);
		*queue = sqlite3_column_int64(s, 1);
		store_end(s);
	}
	return result;
}

int store_attempt_made(struct store *store, int64_t call_id, int generation, const char *disposition)
{
	/* As it was told, whatever was corrected since. */
	STATEMENT(find, "SELECT EXISTS (SELECT 1 FROM attempt a JOIN entry e ON e.id=a.id WHERE a.call_id=?1 AND a.generation=?2 AND"
			" e.body->>'$.disposition'=?3)");
	int64_t found;
	int result = store_integer(store, &find, &found, "int", call_id, generation, disposition);

	return result < 0 ? result : found != 0;
}

/* What the record keeps of it. */
static int attempt_body(struct store *store, const struct attempt *a, int64_t client, struct buffer *out)
{
	STATEMENT(said, "SELECT json(" AS_SAID("?1") ")");
	const struct kept_client *kept = NULL;
	int result = client != 0 && a->address != VIEW_NO_ADDRESS ? store_kept_client(store, client, &kept) : 0;

	buffer_text(out, "{\"at\":");
	buffer_number(out, a->at);
	buffer_text(out, ",\"agent\":");
	json_text_append(out, a->agent);
	buffer_text(out, ",\"disposition\":");
	json_text_append(out, a->disposition);
	buffer_text(out, ",\"number\":");
	json_text_append(out, result <= 0 ? NULL : a->address == VIEW_PHONE ? kept->phone : kept->email);
	buffer_text(out, ",\"contact\":");
	if (a->contact_id != 0)
		buffer_number(out, a->contact_id);
	else
		buffer_text(out, "null");
	buffer_text(out, a->over_cap ? ",\"over_cap\":1,\"said\":" : ",\"over_cap\":0,\"said\":");
	if (result >= 0 && a->detail != NULL && a->detail[0] != '\0')
		result = store_document(store, store_query(store, &said, "t", a->detail), out);
	else
		buffer_text(out, "null");
	buffer_text(out, "}");
	return result < 0 ? result : out->failed ? ERR_MEMORY : 0;
}

static int64_t client_of(struct store *store, const struct attempt *a)
{
	return a->client_id != 0 || a->client_ref[0] == '\0' ? a->client_id : store_client_find(store, a->client_ref);
}

int64_t store_attempt_enter(struct store *store, const struct attempt *a)
{
	struct buffer text = {0};
	int64_t client = client_of(store, a), id = 0;

	int result = client < 0 ? (int)client : attempt_body(store, a, client, &text);
	if (result == 0)
		id = store_record_add(store, &(struct record_entry){.kind = RECORD_ATTEMPT,
						     .client_id = client,
						     .client_ref = a->client_ref,
						     .call_id = a->call_id,
						     .body = text.data,
						     .agent = a->agent});
	buffer_free(&text);
	return result < 0 ? result : id;
}

int64_t store_attempt_insert(struct store *store, const struct attempt *a)
{
	STATEMENT(insert, "INSERT INTO attempt(id, at, call_id, generation, agent, queue, channel, client_ref, disposition, contact_id, "
			  "over_cap, expired, "
			  "answer, followup_id, holder, shown)"
			  " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)");
	STATEMENT(close, "UPDATE followup SET closed_by=?2 WHERE id=?1");
	int64_t client = client_of(store, a), id = client < 0 ? client : a->id != 0 ? a->id : store_attempt_enter(store, a);
	int result = id < 0 ? (int)id : 0;

	store_forget_lease(store, a->call_id);
	if (result == 0)
		result = store_run(store, &insert, "ziintiittznntzzt", id, a->at, a->call_id, a->generation, a->agent, a->queue, a->channel,
			a->client_ref, a->disposition, a->contact_id, (int)a->over_cap, (int)a->expired, a->answer, a->followup_id,
			a->shown != NULL ? a->holder : 0, a->shown);
	if (result >= 0 && id == 0)
		id = sqlite3_last_insert_rowid(store->db); /* no record is kept, which would have numbered it */
	for (size_t i = 0; result >= 0 && i < a->closed_count; i++) {
		if (a->closed[i]->closed_by != id)
			result = store_run(store, &close, "ii", a->closed[i]->id, id);
		if (result >= 0 && a->closed[i]->client_id != client)
			result = store_record_about(store, id, a->closed[i]->client_id);
	}
	return result < 0 ? result : id;
}

int store_attempt_recorded(struct store *store, const char *agent, int64_t client_id, int64_t at, const char *detail, char **answer)
{
	STATEMENT(get,
		"SELECT a.answer FROM client k CROSS JOIN attempt a INDEXED BY attempt_recorded ON a.client_ref=k.ref AND a.agent=?2 "
		"AND a.generation IS 0 JOIN entry e ON e.id=a.id WHERE k.id=?1 AND e.client_id=?1 AND e.body->>'$.at'=?3"
		" AND " ATTEMPT_SAID " IS " AS_SAID("?4") " AND a.answer IS NOT NULL LIMIT 1");

	return store_text(store, store_query(store, &get, "itit", client_id, agent, at, detail), answer);
}

int store_attempt_answer(
	struct store *store, int64_t call_id, int generation, const char *agent, const char *disposition, const char *detail, char **answer)
{
	STATEMENT(get, "SELECT a.agent=?3 AND e.body->>'$.disposition' IS ?4 AND " ATTEMPT_SAID " IS " AS_SAID(
			       "?5") " same, a.answer FROM attempt a JOIN entry e ON e.id=a.id"
				     " WHERE a.call_id=?1 AND a.generation=?2 AND a.answer IS NOT NULL ORDER BY same DESC, a.id LIMIT 1");
	STATEMENT(any, "SELECT 1 FROM attempt WHERE call_id=?1 AND generation=?2 LIMIT 1");
	const struct kept_lease *kept = store_kept_lease(store, call_id);
	int64_t told;

	/* Nearly always nobody has told of it yet. */
	if (kept != NULL && kept->call.generation == generation)
		return 0;
	int result = store_integer(store, &any, &told, "in", call_id, generation);
	if (result < 0)
		return result == ERR_NOT_FOUND ? 0 : result;
	sqlite3_stmt *s = store_query(store, &get, "inttt", call_id, generation, agent, disposition, detail);
	result = store_row(store, s);
	if (result <= 0)
		return result;
	bool same = sqlite3_column_int(s, 0) != 0;
	char *copy = same ? strdup(column_text(s, 1)) : NULL;
	store_end(s);
	if (!same)
		return ERR_INVALID;
	if (copy == NULL)
		return ERR_MEMORY;
	*answer = copy;
	return 1;
}
