/* record.c - the record as people use it: what they look at and do is written down; HISTORY tells it, VERIFY proves it (POLICY 8). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "followup/json_text.h"
#include "followup/store_client.h"
#include "internal.h"

int looked(struct desk *desk, const char *const *words, size_t count, const struct answer *answer, int64_t client_id)
{
	struct buffer command = {0};

	if (answer->json.failed)
		return ERR_MEMORY;
	for (size_t i = 0; i < count; i++) {
		buffer_text(&command, i > 0 ? " " : "");
		buffer_text(&command, words[i]);
	}
	int result = command.failed ? ERR_MEMORY : store_record_look(desk->store, command.data, answer->json.data, client_id);
	buffer_free(&command);
	return result;
}

int acted(struct desk *desk, enum record_kind kind, int64_t client_id, const char *const *pairs, size_t count)
{
	struct buffer body = {0};

	for (size_t i = 0; i + 1 < count; i += 2) {
		buffer_text(&body, i > 0 ? "," : "{");
		json_text_append(&body, pairs[i]);
		buffer_text(&body, ":");
		json_text_append(&body, pairs[i + 1]);
	}
	buffer_text(&body, "}");
	int64_t entry = body.failed ? ERR_MEMORY
				    : store_record_add(
					      desk->store, &(struct record_entry){.kind = kind, .client_id = client_id, .body = body.data});
	buffer_free(&body);
	return entry < 0 ? (int)entry : 0;
}

bool parse_count(const char *text, int64_t least, int64_t most, int64_t *out)
{
	char *end;
	long long number = strtoll(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || strlen(text) > 18 || number < least || number > most)
		return false;
	*out = number;
	return true;
}

int desk_history(struct desk *desk, const char *const *words, size_t count, struct answer *answer)
{
	enum { HISTORY_DEFAULT = 200, HISTORY_MOST = 10000 };
	int64_t limit = HISTORY_DEFAULT, after = 0;

	int64_t client = store_client_find(desk->store, words[0]);
	if (client == ERR_NOT_FOUND)
		return refuse(answer, ERR_NOT_FOUND, "there is no client %s", words[0]);
	if (client < 0)
		return refuse_store(desk, answer, (int)client);
	for (size_t i = 1; i < count; i += 2) {
		const char *value = i + 1 < count ? words[i + 1] : "";
		bool good = strcasecmp(words[i], "LIMIT") == 0   ? parse_count(value, 1, HISTORY_MOST, &limit)
			    : strcasecmp(words[i], "AFTER") == 0 ? parse_count(value, 0, INT64_MAX, &after)
								 : false;
		if (!good)
			return refuse(answer, ERR_INVALID, "HISTORY client [LIMIT 1 to %d] [AFTER entry]", (int)HISTORY_MOST);
	}
	int result = store_record_history(desk->store, client, after, limit, &answer->json);
	if (result == 0) {
		const char *const look[] = {"HISTORY", words[0]};
		result = looked(desk, look, 2, answer, client);
	}
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}

static bool is_digest(const char *text)
{
	return strlen(text) == RECORD_DIGEST_TEXT_SIZE - 1 && strspn(text, "0123456789abcdef") == RECORD_DIGEST_TEXT_SIZE - 1;
}

int desk_verify(struct desk *desk, const char *const *words, size_t count, struct answer *answer)
{
	struct record_verdict verdict;
	struct buffer *out = &answer->json;
	int64_t link = 0;

	if (count != 0 && (count != 2 || !parse_count(words[0], 1, INT64_MAX, &link) || !is_digest(words[1])))
		return refuse(answer, ERR_INVALID, "VERIFY [link digest], as an earlier head of the record was noted in the log");
	int result = store_record_verify(desk->store, link, link > 0 ? words[1] : "", &verdict);
	if (result < 0)
		return refuse_store(desk, answer, result);
	buffer_printf(out, "{\"holds\":%s,\"links\":%lld,\"entries\":%lld,\"erased\":%lld,\"sealed\":%lld,\"head\":\"%s\"",
		verdict.why[0] == '\0' ? "true" : "false", (long long)verdict.links, (long long)verdict.entries, (long long)verdict.erased,
		(long long)verdict.sealed, verdict.head);
	if (verdict.why[0] != '\0') {
		buffer_printf(out, ",\"broken_link\":%lld", (long long)verdict.broken_link);
		if (verdict.broken_entry != 0)
			buffer_printf(out, ",\"broken_entry\":%lld", (long long)verdict.broken_entry);
		buffer_text(out, ",\"why\":");
		json_text_append(out, verdict.why);
	}
	buffer_text(out, "}");
	return out->failed ? ERR_MEMORY : 0;
}
