/* store_record.c - the record: entries, and the chain that commits make of them. */
#include "followup/store_record.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "followup/store_name.h"
#include "internal.h"

enum { SALT_SIZE = 16 };

static const struct {
	enum record_kind kind;
	const char *name;
	bool personal; /* its body speaks of a person: it is salted, and can be erased */
} kinds[] = {
	{RECORD_CREATED, "created", false},
	{RECORD_MOVED, "moved", false},
	{RECORD_QUEUED, "queued", false},
	{RECORD_DEFERRED, "deferred", false},
	{RECORD_DONE, "done", false},
	{RECORD_DONE_LATE, "done-late", false},
	{RECORD_MISSED, "missed", false},
	{RECORD_CANCELLED, "cancelled", false},
	{RECORD_SUPPRESSED, "suppressed", false},
	{RECORD_REOPENED, "reopened", false},
	{RECORD_HANDED_OUT, "handed-out", false},
	{RECORD_ATTEMPT, "attempt", true},
	{RECORD_LEASE_EXPIRED, "lease-expired", false},
	{RECORD_PROMISED, "promised", true},
	{RECORD_LOOK, "look", false},
	{RECORD_PAUSED, "paused", false},
	{RECORD_RESUMED, "resumed", false},
	{RECORD_ACKNOWLEDGED, "acknowledged", true},
	{RECORD_AGENT_ADDED, "agent-added", false},
	{RECORD_AGENT_DELETED, "agent-deleted", false},
	{RECORD_RULES_CHANGED, "rules-changed", false},
	{RECORD_REVIEW_DRAWN, "review-drawn", false},
	{RECORD_REVIEWED, "reviewed", true},
	{RECORD_BREAK, "break", false},
	{RECORD_READY, "ready", false},
	{RECORD_HANDED_OVER, "handed-over", false},
	{RECORD_CORRECTED, "corrected", true},
	{RECORD_ERASED, "erased", true},
	{RECORD_RETIRED, "retired", false},
	{RECORD_SAMPLE_DRAWN, "sample-drawn", false},
};
enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

static size_t kind_place(int64_t kind)
{
	for (size_t i = 0; i < KIND_COUNT; i++)
		if (kinds[i].kind == kind)
			return i;
	return KIND_COUNT;
}

static const char *record_kind_name(int64_t kind)
{
	size_t place = kind_place(kind);

	return place < KIND_COUNT ? kinds[place].name : "unknown";
}

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

static void to_hex(const unsigned char *bytes, size_t count, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * count] = '\0';
}

/* An entry as its digest sees it. */
struct digested {
	int64_t id, at, kind, followup_id, call_id;
	const char *client_ref, *agent, *reason;
	const void *salt; /* or, of an erased body, its digest */
	size_t salt_size;
	const char *body; /* NULL: none, or erased */
	size_t body_size;
};

static void append_number(struct buffer *text, int64_t number)
{
	if (number != 0)
		buffer_number(text, number);
	buffer_append(text, "\n", 1);
}

/* SHA-256 of the digester's text: the one-shot function looks its algorithm up each time, which costs more than the digest of a line. ERR_MEMORY. */
static int sha256(struct store_digester *digester, unsigned char out[SHA256_DIGEST_LENGTH])
{
	const struct buffer *text = &digester->text;

	if (text->failed)
		return ERR_MEMORY;
	if (digester->context == NULL)
		digester->context = EVP_MD_CTX_new();
	if (digester->algorithm == NULL)
		digester->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (digester->context == NULL || digester->algorithm == NULL ||
		EVP_DigestInit_ex2(digester->context, digester->algorithm, NULL) != 1 ||
		EVP_DigestUpdate(digester->context, text->data, text->length) != 1 || EVP_DigestFinal_ex(digester->context, out, NULL) != 1)
		return ERR_MEMORY;
	return 0;
}

void store_digester_free(struct store_digester *digester)
{
	buffer_free(&digester->text);
	EVP_MD_CTX_free(digester->context);
	EVP_MD_free(digester->algorithm);
	*digester = (struct store_digester){0};
}

static void append_line(struct buffer *text, const char *line)
{
	buffer_text(text, line);
	buffer_append(text, "\n", 1);
}

static int digest_entry(struct store_digester *digester, const struct digested *e, unsigned char out[SHA256_DIGEST_LENGTH])
{
	struct buffer *text = &digester->text;
	unsigned char body[SHA256_DIGEST_LENGTH];
	char hex[2 * SHA256_DIGEST_LENGTH + 1] = "";

	if (e->body != NULL) {
		buffer_clear(text);
		buffer_append(text, e->salt, e->salt_size);
		buffer_append(text, e->body, e->body_size);
		int result = sha256(digester, body);
		if (result < 0)
			return result;
		to_hex(body, sizeof(body), hex);
	} else if (e->salt_size == sizeof(body)) {
		to_hex(e->salt, e->salt_size, hex);
	}
	buffer_clear(text);
	append_number(text, e->id);
	append_number(text, e->at);
	append_line(text, record_kind_name(e->kind));
	append_line(text, e->client_ref);
	append_number(text, e->followup_id);
	append_number(text, e->call_id);
	append_line(text, e->agent);
	append_line(text, e->reason);
	append_line(text, hex);
	return sha256(digester, out);
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

int64_t store_record_add(struct store *store, const struct record_entry *entry)
{
	STATEMENT(insert, "INSERT INTO entry(at, kind, client_id, followup_id, call_id, agent, reason, salt, body, sealed)"
			  " VALUES(?1, ?2, nullif(?3, 0), nullif(?4, 0), nullif(?5, 0), nullif(?6, 0), nullif(?7, 0), nullif(?8, x''), ?9,"
			  /* what is still told of a client who has been erased is kept, and sealed at once */
			  " (SELECT 1 FROM client WHERE id=?3 AND erased_at IS NOT NULL AND ?9 IS NOT NULL AND ?2 NOT IN (30, 61)))");
	const char *agent = entry->agent != NULL ? entry->agent : store->record.by;
	unsigned char salt[SALT_SIZE], digest[SHA256_DIGEST_LENGTH];
	char ref[65] = "", reason[128];
	size_t place = kind_place(entry->kind), salt_size = 0;
	int64_t agent_id = 0;
	int result = 0;

	if (store->record.off)
		return 0;
	if (place < KIND_COUNT && kinds[place].personal && entry->body != NULL) {
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
		result = store_run(store, &insert, "iniiiiibt", store->record.at, (int)entry->kind, entry->client_id, entry->followup_id,
			entry->call_id, agent_id, entry->reason, salt, salt_size, entry->body);
	if (result < 0)
		return result;
	snprintf(reason, sizeof(reason), "%s", store_name_text(store, entry->reason));
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
		.reason = reason,
		.salt = salt,
		.salt_size = salt_size,
		.body = entry->body,
		.body_size = entry->body != NULL ? strlen(entry->body) : 0,
	};
	result = digest_entry(&store->record.digester, &digested, digest);
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
	STATEMENT(insert,
		"INSERT OR IGNORE INTO entry_subject(client_id, entry_id) SELECT ?1, id FROM entry WHERE id=?2 AND client_id IS NOT ?1");
	int result = store->record.off ? 0 : store_run(store, &insert, "ii", client_id, entry_id);

	return result < 0 ? result : 0;
}

void store_record_by(struct store *store, const char *agent)
{
	snprintf(store->record.by, sizeof(store->record.by), "%s", agent != NULL ? agent : "");
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
		"INSERT OR IGNORE INTO entry_subject(client_id, entry_id) SELECT c.id, e.id FROM entry e, json_each(e.body, '$.clients') j"
		" JOIN client c ON c.ref=j.value WHERE e.id=?1 AND c.id IS NOT e.client_id");
	struct buffer body = {0};

	int result = store_document(store, store_query(store, &describe, "tti", command, json, client_id), &body);
	if (result == 0) {
		int64_t entry =
			store_record_add(store, &(struct record_entry){.kind = RECORD_LOOK, .client_id = client_id, .body = body.data});
		result = entry < 0 ? (int)entry : store_run(store, &about, "i", entry);
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

static int digest_link(struct store_digester *digester, const unsigned char before[SHA256_DIGEST_LENGTH], int64_t link,
	const struct buffer *entries, unsigned char out[SHA256_DIGEST_LENGTH])
{
	struct buffer *text = &digester->text;

	buffer_clear(text);
	buffer_append(text, (const char *)before, SHA256_DIGEST_LENGTH);
	buffer_printf(text, "%lld\n", (long long)link);
	buffer_append(text, entries->data, entries->length);
	return sha256(digester, out);
}

int store_record_link(struct store *store)
{
	STATEMENT(insert, "INSERT INTO link(id, first_entry, last_entry, digest) VALUES(?1, ?2, ?3, ?4)");
	struct store_record *record = &store->record;
	unsigned char digest[SHA256_DIGEST_LENGTH];

	if (record->pending.length == 0)
		return 0;
	int result = head(store);
	if (result == 0)
		result = digest_link(&record->digester, record->head, record->head_link + 1, &record->pending, digest);
	if (result == 0)
		result = store_run(store, &insert, "iiib", record->head_link + 1, record->first, record->last, digest, sizeof(digest));
	if (result < 0)
		return result;
	record->head_link++;
	memcpy(record->head, digest, sizeof(digest));
	buffer_clear(&record->pending);
	return 0;
}

void store_record_forget(struct store *store)
{
	buffer_clear(&store->record.pending);
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
		to_hex(store->record.head, sizeof(store->record.head), digest);
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
	STATEMENT(list,
		"WITH about(id) AS (SELECT id FROM entry WHERE client_id=?1 AND id>?2 UNION SELECT entry_id FROM entry_subject WHERE "
		"client_id=?1 AND entry_id>?2 ORDER BY 1 LIMIT ?3)"
		" SELECT json_group_array(json(x)) FROM (SELECT json_patch('{}', json_object('entry', e.id, 'at', "
		"strftime('%Y-%m-%dT%H:%M:%S', e.at, 'unixepoch', 'localtime'), 'kind', record_kind(e.kind), 'followup', e.followup_id, "
		"'rule', "
		"r.text, 'occasion', f.occasion, 'call', e.call_id, 'agent', a.text, 'corrected_by', (SELECT corrected_by FROM attempt t "
		"WHERE "
		"t.id=e.id), 'reason', n.text, 'erased', iif(e.body IS NULL AND e.salt IS NOT NULL, json('true'), NULL), 'sealed', "
		"iif(e.body IS NOT "
		"NULL AND " HIDDEN ", json('true'), NULL),"
		" 'said', json(CASE WHEN " HIDDEN " THEN NULL WHEN e.kind=60 THEN " CORRECTED_AT " WHEN e.kind<>21 THEN e.body WHEN " NUMBER
		" IS NULL THEN " SAID_AT " ELSE json_set(" SAID_AT ", '$.number', " NUMBER_SHOWN ") END)))"
		" x FROM about b JOIN entry e ON e.id=b.id JOIN client k ON k.id=?1 LEFT JOIN followup f ON f.id=e.followup_id LEFT JOIN "
		"name r ON "
		"r.id=f.rule LEFT JOIN name a ON a.id=e.agent LEFT JOIN name n ON n.id=e.reason ORDER BY e.id)");

	return store_document(store, store_query(store, &list, "iii", client_id, after, limit), out);
}

/* --- VERIFY ------------------------------------------------------------------------------------------ */

struct verifying {
	struct store *store;
	struct record_verdict *verdict;
	struct store_digester digester;
	struct buffer digests;
	unsigned char before[SHA256_DIGEST_LENGTH];
	int64_t last_entry; /* of the link before */
};

/* The digests of a link's entries, one after the other. 1: they are all there, 0: not. */
static int gather(struct verifying *v, int64_t first, int64_t last)
{
	STATEMENT(list,
		"SELECT e.id, e.at, e.kind, e.followup_id, e.call_id, coalesce(c.ref, ''), coalesce(a.text, ''), coalesce(r.text, ''), "
		"e.salt, e.body, e.sealed"
		" FROM entry e LEFT JOIN client c ON c.id=e.client_id LEFT JOIN name a ON a.id=e.agent LEFT JOIN name r ON r.id=e.reason"
		" WHERE e.id BETWEEN ?1 AND ?2 ORDER BY e.id");
	sqlite3_stmt *s = store_query(v->store, &list, "ii", first, last);
	int64_t expected = first;
	int result;

	buffer_clear(&v->digests);
	while ((result = store_row(v->store, s)) > 0) {
		unsigned char digest[SHA256_DIGEST_LENGTH];
		bool has_body = sqlite3_column_type(s, 9) != SQLITE_NULL;
		struct digested e = {
			.id = sqlite3_column_int64(s, 0),
			.at = sqlite3_column_int64(s, 1),
			.kind = sqlite3_column_int64(s, 2),
			.followup_id = sqlite3_column_int64(s, 3),
			.call_id = sqlite3_column_int64(s, 4),
			.client_ref = column_text(s, 5),
			.agent = column_text(s, 6),
			.reason = column_text(s, 7),
			.body = has_body ? column_text(s, 9) : NULL,
		};
		e.salt = column_blob(s, 8, &e.salt_size);
		e.body_size = has_body ? strlen(e.body) : 0;
		if (e.id != expected) {
			v->verdict->broken_entry = expected;
			store_end(s);
			return 0;
		}
		expected++;
		v->verdict->entries++;
		v->verdict->erased += !has_body && e.salt_size > 0;
		v->verdict->sealed += has_body && sqlite3_column_type(s, 10) != SQLITE_NULL;
		result = digest_entry(&v->digester, &e, digest);
		if (result == 0) {
			buffer_append(&v->digests, (const char *)digest, sizeof(digest));
			result = v->digests.failed ? ERR_MEMORY : 0;
		}
		if (result < 0) {
			store_end(s);
			return result;
		}
	}
	if (result < 0)
		return result;
	if (expected != last + 1)
		v->verdict->broken_entry = expected;
	return expected == last + 1;
}

static void found_broken(struct record_verdict *verdict, int64_t link, const char *why)
{
	verdict->broken_link = link;
	snprintf(verdict->why, sizeof(verdict->why), "%s", why);
}

static int verify_link(struct verifying *v, int64_t link, int64_t first, int64_t last, const unsigned char *digest, size_t size)
{
	unsigned char again[SHA256_DIGEST_LENGTH];
	struct record_verdict *verdict = v->verdict;

	if (link != verdict->links + 1 || first != v->last_entry + 1 || last < first) {
		found_broken(verdict, verdict->links + 1, "a link is missing, or does not follow the one before it");
		return 0;
	}
	int result = gather(v, first, last);
	if (result <= 0) {
		if (result == 0)
			found_broken(verdict, link, "an entry is missing");
		return result;
	}
	result = digest_link(&v->digester, v->before, link, &v->digests, again);
	if (result < 0)
		return result;
	if (size != sizeof(again) || memcmp(again, digest, sizeof(again)) != 0) {
		found_broken(verdict, link, "an entry of it, or the link itself, is not what was written");
		return 0;
	}
	memcpy(v->before, again, sizeof(again));
	v->last_entry = last;
	verdict->links++;
	return 1;
}

/* Attempts repeat what their entries say, and the corrections of them, so that lists are quick: the entries are the record. */
static int verify_attempts(struct verifying *v)
{
	/* k: the latest correction that the record has, which the row must know of; what it says goes before the try's own entry. */
	STATEMENT(find, "WITH correction(attempt, id) AS MATERIALIZED (SELECT body->>'$.attempt', max(id) FROM entry WHERE kind=60 AND "
			"body IS NOT NULL GROUP "
			"BY 1), truth(id, kind, row_by, entry_by, disposition, at, contact, over_cap, agent, body, a_disposition, a_at, "
			"a_contact, a_over_cap, "
			"a_agent) AS (SELECT a.id, e.kind, a.corrected_by, c.id, iif(c.id IS NULL, e.body->>'$.disposition', "
			"k.body->>'$.after.disposition'),"
			" iif(c.id IS NULL, e.body->>'$.at', k.body->>'$.after.at'), iif(c.id IS NULL, e.body->>'$.contact', "
			"k.body->>'$.after.contact'),"
			" iif(c.id IS NULL, e.body->>'$.over_cap', k.body->>'$.after.over_cap'), e.body->>'$.agent', coalesce(k.body, "
			"e.body), a.disposition, "
			"a.at, a.contact_id, a.over_cap, a.agent FROM attempt a LEFT JOIN entry e ON e.id=a.id LEFT JOIN correction c ON "
			"c.attempt=a.id"
			" LEFT JOIN entry k ON k.id=c.id)"
			" SELECT id FROM truth WHERE kind IS NOT 21 OR (entry_by IS NOT NULL AND row_by IS NOT entry_by) OR (entry_by IS "
			"NULL AND row_by IS NOT "
			"NULL AND NOT EXISTS (SELECT 1 FROM entry x WHERE x.id=row_by AND x.kind=60 AND x.body IS NULL)) OR (body IS NOT "
			"NULL AND NOT (entry_by "
			"IS NULL AND row_by IS NOT NULL) AND (disposition IS NOT a_disposition OR at IS NOT a_at OR contact IS NOT "
			"a_contact OR over_cap IS NOT "
			"a_over_cap OR (agent IS NOT NULL AND agent IS NOT a_agent))) LIMIT 1");
	int64_t id;

	int result = store_integer(v->store, &find, &id, "");
	if (result == 0) {
		v->verdict->broken_entry = id;
		found_broken(v->verdict, v->verdict->links, "an attempt in the lists is not what its entry says");
	}
	return result == ERR_NOT_FOUND ? 0 : result;
}

int store_record_verify(struct store *store, int64_t known_link, const char *known_digest, struct record_verdict *verdict)
{
	STATEMENT(list, "SELECT id, first_entry, last_entry, digest FROM link ORDER BY id");
	STATEMENT(beyond, "SELECT id FROM entry WHERE id>?1 LIMIT 1");
	struct verifying v = {.store = store, .verdict = verdict};
	char hex[RECORD_DIGEST_TEXT_SIZE];
	int64_t stray;
	int result;

	*verdict = (struct record_verdict){0};
	sqlite3_stmt *s = store_query(store, &list, "");
	while ((result = store_row(store, s)) > 0) {
		result = verify_link(&v, sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2),
			sqlite3_column_blob(s, 3), (size_t)sqlite3_column_bytes(s, 3));
		if (result > 0) {
			to_hex(v.before, sizeof(v.before), hex);
			memcpy(verdict->head, hex, sizeof(hex));
			if (verdict->links == known_link && strcmp(hex, known_digest) != 0)
				found_broken(verdict, known_link, "its digest is not the one that you hold: the chain was made anew");
		}
		if (result <= 0 || verdict->broken_link != 0) {
			store_end(s);
			break;
		}
	}
	if (result >= 0 && verdict->broken_link == 0) {
		result = store_integer(store, &beyond, &stray, "i", v.last_entry);
		if (result == 0) {
			verdict->broken_entry = stray;
			found_broken(verdict, verdict->links + 1, "an entry belongs to no link");
		}
		result = result == ERR_NOT_FOUND ? 0 : result;
	}
	if (result >= 0 && verdict->broken_link == 0 && known_link > verdict->links)
		found_broken(verdict, verdict->links + 1, "the chain ends before the link that you hold: it was cut short");
	if (result >= 0 && verdict->broken_link == 0)
		result = verify_attempts(&v);
	store_digester_free(&v.digester);
	buffer_free(&v.digests);
	return result < 0 ? result : 0;
}
