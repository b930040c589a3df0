/* store_record.c - the record: entries, and the chain that commits make of them. */
#include "followup/store_record.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "followup/store_name.h"

enum { SALT_SIZE = 16 };

static void sql_record_kind(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	sqlite3_result_text(context, record_kind_name(sqlite3_value_int64(values[0])), -1, SQLITE_STATIC);
}

int store_record_functions(struct store *store)
{
	int code = sqlite3_create_function_v2(store->db, "record_kind", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL,
		sql_record_kind, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : store_error(store);
}

static int client_ref_of(struct store *store, int64_t client_id, char out[65])
{
	STATEMENT(get, "SELECT ref FROM client WHERE id=?1");
	sqlite3_stmt *s = store_query(store, &get, "i", client_id);
	int result = store_row(store, s);

	if (result > 0) {
		column_copy(s, 0, out, 65);
		store_end(s);
	}
	return result < 0 ? result : result == 0 ? ERR_NOT_FOUND : 0;
}

/* Salts are drawn by the page: asking for each of them costs more than it. */
static int draw_salt(struct store_salts *salts, unsigned char out[SALT_SIZE])
{
	if (salts->left < SALT_SIZE) {
		if (RAND_bytes(salts->bytes, sizeof(salts->bytes)) != 1)
			return ERR_SYSTEM;
		salts->left = sizeof(salts->bytes);
	}
	salts->left -= SALT_SIZE;
	memcpy(out, salts->bytes + salts->left, SALT_SIZE);
	OPENSSL_cleanse(salts->bytes + salts->left, SALT_SIZE);
	return 0;
}

/* What is still told of a client who has been erased is kept, and sealed at once: 1 or 0. */
static int is_sealed(struct store *store, const struct record_entry *entry)
{
	const struct kept_client *client;

	if (entry->body == NULL || entry->client_id == 0 || entry->kind == RECORD_LOOK || entry->kind == RECORD_ERASED)
		return 0;
	int result = store_kept_client(store, entry->client_id, &client);
	return result <= 0 ? result : client->erased;
}

int64_t store_record_add(struct store *store, const struct record_entry *entry)
{
	STATEMENT(insert, "INSERT INTO entry(at, kind, client_id, followup_id, call_id, agent, reason, salt, body, sealed)"
			  " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
	const char *agent = entry->agent != NULL ? entry->agent : store->record.by;
	unsigned char salt[SALT_SIZE], digest[SHA256_SIZE];
	char ref[65] = "";
	size_t salt_size = 0;
	int64_t agent_id = 0;
	int result = 0, sealed = 0;

	if (store->record.off)
		return 0;
	if (record_kind_is_personal(entry->kind) && entry->body != NULL) {
		result = draw_salt(&store->record.salts, salt);
		if (result < 0)
			return result;
		salt_size = sizeof(salt);
	}
	if (agent[0] != '\0' && (agent_id = store_name_id(store, agent)) < 0)
		return agent_id;
	if (entry->client_id != 0 && entry->client_ref == NULL)
		result = client_ref_of(store, entry->client_id, ref);
	if (result == 0)
		result = sealed = is_sealed(store, entry);
	if (result >= 0)
		result = store_run(store, &insert, "inzzzzzbtz", store->record.at, (int)entry->kind, entry->client_id, entry->followup_id,
			entry->call_id, agent_id, entry->reason, salt_size > 0 ? (const void *)salt : NULL, salt_size, entry->body,
			(int64_t)sealed);
	if (result < 0)
		return result;
	struct digested digested = {
		.id = sqlite3_last_insert_rowid(store->db),
		.at = store->record.at,
		.kind = entry->kind,
		.followup_id = entry->followup_id,
		.call_id = entry->call_id,
		.client_ref = entry->client_id == 0       ? ""
			      : entry->client_ref != NULL ? entry->client_ref
							  : ref,
		.agent = agent,
		.reason = store_name_text(store, entry->reason),
		.salt = salt,
		.salt_size = salt_size,
		.body = entry->body,
		.body_size = entry->body != NULL ? strlen(entry->body) : 0,
	};
	result = digest_entry(&store->record.digested, &digested, digest);
	if (result < 0)
		return result;
	if (store->record.pending.length == 0)
		store->record.first = digested.id;
	store->record.last = digested.id;
	buffer_append(&store->record.pending, (const char *)digest, sizeof(digest));
	return store->record.pending.failed ? ERR_MEMORY : digested.id;
}

int store_record_about(struct store *store, int64_t entry_id, int64_t client_id)
{
	STATEMENT(insert, "INSERT OR IGNORE INTO entry_subject(client_id, entry_id, said_by) SELECT ?1, id, ?3 FROM entry WHERE id=?2 AND "
			  "client_id IS NOT ?1");

	if (store->record.off)
		return 0;
	if (store->record.pending.length == 0) /* no link would cover it */
		return ERR_INVALID;
	int result = store_run(store, &insert, "iii", client_id, entry_id, store->record.last);
	store->record.concerns_more = store->record.concerns_more || result > 0;
	return result < 0 ? result : 0;
}

void store_record_by(struct store *store, const char *agent)
{
	size_t length = agent != NULL ? strnlen(agent, sizeof(store->record.by) - 1) : 0;

	if (length > 0)
		memcpy(store->record.by, agent, length);
	store->record.by[length] = '\0';
}

void store_record_off(struct store *store)
{
	store->record.off = true;
}

bool store_record_is_off(const struct store *store)
{
	return store->record.off;
}

int store_record_look(struct store *store, const char *command, const char *json, int64_t client_id)
{
	STATEMENT(describe,
		"SELECT json_object('command', ?1, 'clients', json_group_array(ref)) FROM (SELECT DISTINCT value ref FROM json_tree(?2)"
		" WHERE key='client_ref' AND type='text') HAVING count(*)>0 OR ?3<>0");
	STATEMENT(about,
		"INSERT OR IGNORE INTO entry_subject(client_id, entry_id, said_by) SELECT c.id, e.id, e.id FROM entry e, json_each(e.body, "
		"'$.clients') j"
		" JOIN client c ON c.ref=j.value WHERE e.id=?1 AND c.id IS NOT e.client_id");
	struct buffer body = {0};

	int result = store_document(store, store_query(store, &describe, "tti", command, json, client_id), &body);
	if (result == 0) {
		int64_t entry =
			store_record_add(store, &(struct record_entry){.kind = RECORD_LOOK, .client_id = client_id, .body = body.data});
		result = entry < 0 ? (int)entry : store_run(store, &about, "i", entry);
		store->record.concerns_more = store->record.concerns_more || result > 0;
	}
	buffer_free(&body);
	return result == ERR_NOT_FOUND || result > 0 ? 0 : result;
}

static int head(struct store *store)
{
	STATEMENT(last, "SELECT id, digest FROM link ORDER BY id DESC LIMIT 1");

	if (store->record.head_known)
		return 0;
	sqlite3_stmt *s = store_query(store, &last, "");
	int result = store_row(store, s);
	if (result < 0)
		return result;
	store->record.head_link = 0;
	memset(store->record.head, 0, sizeof(store->record.head));
	if (result > 0) {
		store->record.head_link = sqlite3_column_int64(s, 0);
		if (sqlite3_column_bytes(s, 1) == sizeof(store->record.head))
			memcpy(store->record.head, sqlite3_column_blob(s, 1), sizeof(store->record.head));
		store_end(s);
	}
	store->record.head_known = true;
	return 0;
}

int store_record_link(struct store *store)
{
	STATEMENT(insert, "INSERT INTO link(id, first_entry, last_entry, digest) VALUES(?1, ?2, ?3, ?4)");
	struct store_record *record = &store->record;
	unsigned char digest[SHA256_SIZE];

	if (record->pending.length == 0)
		return 0;
	int result = head(store);
	if (result == 0 && record->concerns_more)
		result = digest_subjects(store, &record->digested, record->first, record->last, &record->pending);
	if (result == 0)
		result = digest_link(&record->digested, record->head, record->head_link + 1, &record->pending, digest);
	if (result == 0)
		result = store_run(store, &insert, "iiib", record->head_link + 1, record->first, record->last, digest, sizeof(digest));
	if (result < 0)
		return result;
	record->head_link++;
	memcpy(record->head, digest, sizeof(digest));
	buffer_clear(&record->pending);
	record->concerns_more = false;
	return 0;
}

void store_record_forget(struct store *store)
{
	buffer_clear(&store->record.pending);
	store->record.concerns_more = false;
	store->record.head_known = false;
}

void store_record_mark(struct store *store)
{
	store->record.marked = store->record.pending.length;
	store->record.marked_last = store->record.last;
}

void store_record_back(struct store *store)
{
	struct store_record *record = &store->record;

	if (record->pending.length > record->marked) {
		record->pending.length = record->marked;
		record->last = record->marked_last;
	}
	record->pending.failed = false;
}

int store_record_head(struct store *store, int64_t *link, char digest[RECORD_DIGEST_TEXT_SIZE])
{
	int result = head(store);

	if (result < 0)
		return result;
	*link = store->record.head_link;
	digest[0] = '\0';
	if (*link > 0)
		digest_hex(store->record.head, sizeof(store->record.head), digest);
	return 0;
}

/* An attempt's moment as people read it. */
#define SAID_AT "json_set(e.body, '$.at', strftime('%Y-%m-%dT%H:%M:%S', e.body->>'$.at', 'unixepoch', 'localtime'))"
/* A correction's moments likewise: of the try as it was told before, and as it is known since. */
#define MOMENT(path) path ", strftime('%Y-%m-%dT%H:%M:%S', e.body->>" path ", 'unixepoch', 'localtime')"
#define CORRECTED_AT "json_set(e.body, " MOMENT("'$.before.at'") ", " MOMENT("'$.after.at'") ")"
/* What no command shows: sealed, or of a client who has been erased, besides who looked at him and who had him erased. */
#define HIDDEN "(e.sealed IS NOT NULL OR (k.erased_at IS NOT NULL AND e.kind NOT IN (30, 61)))"
/* The number dialled was that of the client whom the entry names first. */
#define NUMBER "(e.body->>'$.number')"
#define NUMBER_SHOWN                                                                                                                       \
	"CASE WHEN (SELECT erased_at FROM client f WHERE f.id=e.client_id) IS NOT NULL THEN NULL WHEN " NUMBER                             \
	" LIKE '%@%' THEN " MASKED_EMAIL(NUMBER) " ELSE " MASKED_PHONE(NUMBER) " END"

int store_record_history(struct store *store, int64_t client_id, int64_t after, int64_t limit, struct buffer *out)
{
	STATEMENT(list, "WITH about(id) AS (SELECT * FROM (SELECT id FROM " ENTRIES_OF_CLIENT("?1",
				"?2") " LIMIT ?3) UNION SELECT entry_id FROM entry_subject WHERE "
				      "client_id=?1 AND entry_id>?2 ORDER BY 1 LIMIT ?3)"
				      " SELECT json_group_array(json(x)) FROM (SELECT json_patch('{}', json_object('entry', e.id, 'at', "
				      "strftime('%Y-%m-%dT%H:%M:%S', e.at, 'unixepoch', 'localtime'), 'kind', record_kind(e.kind), "
				      "'followup', e.followup_id, "
				      "'rule', "
				      "r.text, 'occasion', f.occasion, 'call', e.call_id, 'agent', a.text, 'corrected_by', (SELECT "
				      "corrected_by FROM attempt t "
				      "WHERE "
				      "t.id=e.id), 'reason', n.text, 'erased', iif(e.body IS NULL AND e.salt IS NOT NULL, json('true'), "
				      "NULL), 'sealed', "
				      "iif(e.body IS NOT "
				      "NULL AND " HIDDEN ", json('true'), NULL),"
				      " 'said', json(CASE WHEN " HIDDEN " THEN NULL WHEN e.kind=60 THEN " CORRECTED_AT
				      " WHEN e.kind<>21 THEN e.body WHEN " NUMBER " IS NULL THEN " SAID_AT " ELSE json_set(" SAID_AT
				      ", '$.number', " NUMBER_SHOWN ") END)))"
				      " x FROM about b JOIN entry e ON e.id=b.id JOIN client k ON k.id=?1 LEFT JOIN followup f ON "
				      "f.id=e.followup_id LEFT JOIN "
				      "name r ON "
				      "r.id=f.rule LEFT JOIN name a ON a.id=e.agent LEFT JOIN name n ON n.id=e.reason ORDER BY e.id)");

	return store_document(store, store_query(store, &list, "iii", client_id, after, limit), out);
}
