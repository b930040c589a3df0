/* store_verify.c - VERIFY: the whole chain computed anew (POLICY 8). */
#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "followup/store_record.h"

struct verifying {
	struct store *store;
	struct record_verdict *verdict;
	struct buffer digested;
	struct buffer digests;
	unsigned char before[SHA256_SIZE];
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
		unsigned char digest[SHA256_SIZE];
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
		result = digest_entry(&v->digested, &e, digest);
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
	unsigned char again[SHA256_SIZE];
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
	result = digest_subjects(v->store, &v->digested, first, last, &v->digests);
	if (result == 0)
		result = digest_link(&v->digested, v->before, link, &v->digests, again);
	if (result < 0)
		return result;
	if (size != sizeof(again) || memcmp(again, digest, sizeof(again)) != 0) {
		found_broken(verdict, link, "an entry of it, whom it concerns, or the link itself is not what was written");
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
	STATEMENT(beyond,
		"SELECT id FROM entry WHERE id>?1 UNION ALL SELECT entry_id FROM entry_subject WHERE said_by>?1 OR said_by<1 LIMIT 1");
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
			digest_hex(v.before, sizeof(v.before), hex);
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
			found_broken(verdict, verdict->links + 1, "an entry, or whom it concerns, belongs to no link");
		}
		result = result == ERR_NOT_FOUND ? 0 : result;
	}
	if (result >= 0 && verdict->broken_link == 0 && known_link > verdict->links)
		found_broken(verdict, verdict->links + 1, "the chain ends before the link that you hold: it was cut short");
	if (result >= 0 && verdict->broken_link == 0)
		result = verify_attempts(&v);
	buffer_free(&v.digested);
	buffer_free(&v.digests);
	return result < 0 ? result : 0;
}
