/* store_digest.c - entries and links of the record digested, and the kinds that entries are of. */
#include "digest.h"

#include <string.h>

#include "followup/store_record.h"

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

const char *record_kind_name(int64_t kind)
{
	size_t place = kind_place(kind);

	return place < KIND_COUNT ? kinds[place].name : "unknown";
}

bool record_kind_is_personal(int64_t kind)
{
	size_t place = kind_place(kind);

	return place < KIND_COUNT && kinds[place].personal;
}

void digest_hex(const unsigned char *bytes, size_t count, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * count] = '\0';
}

static void append_number(struct buffer *text, int64_t number)
{
	if (number != 0)
		buffer_number(text, number);
	buffer_append(text, "\n", 1);
}

/* ERR_MEMORY. */
static int digest_text(const struct buffer *text, unsigned char out[SHA256_SIZE])
{
	if (text->failed)
		return ERR_MEMORY;
	sha256(text->data, text->length, out);
	return 0;
}

static void append_line(struct buffer *text, const char *line)
{
	buffer_text(text, line);
	buffer_append(text, "\n", 1);
}

int digest_entry(struct buffer *text, const struct digested *e, unsigned char out[SHA256_SIZE])
{
	unsigned char body[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1] = "";

	if (e->body != NULL) {
		buffer_clear(text);
		buffer_append(text, e->salt, e->salt_size);
		buffer_append(text, e->body, e->body_size);
		int result = digest_text(text, body);
		if (result < 0)
			return result;
		digest_hex(body, sizeof(body), hex);
	} else if (e->salt_size == sizeof(body)) {
		digest_hex(e->salt, e->salt_size, hex);
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
	return digest_text(text, out);
}

int digest_subjects(struct store *store, struct buffer *text, int64_t first, int64_t last, struct buffer *entries)
{
	STATEMENT(list,
		"SELECT s.entry_id, coalesce(c.ref, '') FROM entry_subject s LEFT JOIN client c ON c.id=s.client_id WHERE s.said_by "
		"BETWEEN ?1 AND ?2 ORDER BY 1, 2");
	unsigned char digest[SHA256_SIZE];
	sqlite3_stmt *s = store_query(store, &list, "ii", first, last);
	int result;

	buffer_clear(text);
	while ((result = store_row(store, s)) > 0) {
		append_number(text, sqlite3_column_int64(s, 0));
		append_line(text, column_text(s, 1));
	}
	if (result < 0 || (text->length == 0 && !text->failed))
		return result;
	result = digest_text(text, digest);
	if (result < 0)
		return result;
	buffer_append(entries, (const char *)digest, sizeof(digest));
	return entries->failed ? ERR_MEMORY : 0;
}

int digest_link(struct buffer *text, const unsigned char before[SHA256_SIZE], int64_t link, const struct buffer *entries,
	unsigned char out[SHA256_SIZE])
{
	buffer_clear(text);
	buffer_append(text, (const char *)before, SHA256_SIZE);
	buffer_printf(text, "%lld\n", (long long)link);
	buffer_append(text, entries->data, entries->length);
	return digest_text(text, out);
}
