/* store_agent.c - agents. */
#include "followup/store_agent.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

#define COLUMNS "id, name, roles, labels, queues, token_hash, break_code, break_since"

bool agent_has_label(const struct agent *agent, const char *label)
{
	size_t length = strlen(label);

	for (const char *at = agent->labels; *at != '\0'; at += at[0] == ',') {
		size_t span = strcspn(at, ",");
		if (span == length && memcmp(at, label, length) == 0)
			return true;
		at += span;
	}
	return false;
}

bool agent_is_excluded(const struct agent *agent, const char *lane)
{
	char line[AGENT_LABELS_SIZE];

	if (lane[0] == '!')
		return true;
	for (const char *at = lane; *at != '\0';) {
		const char *end = strchr(at, '\n');
		size_t length = end != NULL ? (size_t)(end - at) : strlen(at);
		if (length > 1 && length < sizeof(line)) {
			memcpy(line, at + 1, length - 1);
			line[length - 1] = '\0';
			if (at[0] == '=' && strcmp(line, agent->name) == 0)
				return true;
			if (at[0] == '@' && agent_has_label(agent, line))
				return true;
		}
		at += length + (end != NULL);
	}
	return false;
}

static void read_agent(sqlite3_stmt *s, struct agent *out)
{
	out->id = sqlite3_column_int64(s, 0);
	out->roles = (unsigned)sqlite3_column_int(s, 2);
	column_copy(s, 1, out->name, sizeof(out->name));
	column_copy(s, 3, out->labels, sizeof(out->labels));
	column_copy(s, 4, out->queues, sizeof(out->queues));
	column_copy(s, 6, out->break_code, sizeof(out->break_code));
	out->break_since = sqlite3_column_int64(s, 7);
	const void *hash = sqlite3_column_blob(s, 5);
	if (hash != NULL && sqlite3_column_bytes(s, 5) == TOKEN_HASH_SIZE)
		memcpy(out->token_hash, hash, TOKEN_HASH_SIZE);
	else
		memset(out->token_hash, 0, TOKEN_HASH_SIZE);
}

static int read_one(struct store *store, sqlite3_stmt *s, struct agent *out)
{
	int result = store_row(store, s);

	if (result > 0) {
		read_agent(s, out);
		store_end(s);
	}
	return result;
}

bool queue_fits(const char *pattern, const char *queue)
{
	size_t length = strlen(pattern);

	if (length > 0 && pattern[length - 1] == '*')
		return strncmp(pattern, queue, length - 1) == 0;
	return strcmp(pattern, queue) == 0;
}

bool agent_serves(const struct agent *agent, const char *queue)
{
	char pattern[160];

	for (const char *at = agent->queues; *at != '\0';) {
		size_t length = strcspn(at, "\n");
		if (length < sizeof(pattern)) {
			memcpy(pattern, at, length);
			pattern[length] = '\0';
			if (queue_fits(pattern, queue))
				return true;
		}
		at += length + (at[length] == '\n');
	}
	return false;
}

int store_agent_save(struct store *store, const struct agent *agent)
{
	STATEMENT(save, "INSERT INTO agent(name, roles, labels, queues, token_hash) VALUES(?1, ?2, ?3, ?4, ?5)"
			" ON CONFLICT(name) DO UPDATE SET roles=excluded.roles, labels=excluded.labels, queues=excluded.queues, "
			"token_hash=excluded.token_hash");
	int result = store_run(store, &save, "tnttb", agent->name, (int)agent->roles, agent->labels, agent->queues,
		(const void *)agent->token_hash, sizeof(agent->token_hash));

	return result < 0 ? result : 0;
}

int store_agent_set_break(struct store *store, int64_t id, const char *code, int64_t since)
{
	STATEMENT(set, "UPDATE agent SET break_code=?2, break_since=nullif(?3, 0) WHERE id=?1");
	int result = store_run(store, &set, "iti", id, code, code != NULL ? since : 0);

	return result < 0 ? result : 0;
}

int store_agent_find(struct store *store, const char *name, struct agent *out)
{
	STATEMENT(find, "SELECT " COLUMNS " FROM agent WHERE name=?1");

	return read_one(store, store_query(store, &find, "t", name), out);
}

int store_agent_find_evenly(struct store *store, const char *name, struct agent *out)
{
	STATEMENT(find, "SELECT " COLUMNS
			" FROM agent WHERE id>=ifnull((SELECT id FROM agent WHERE name>=?1 ORDER BY name LIMIT 1), 0) ORDER BY id LIMIT 1");
	int result = read_one(store, store_query(store, &find, "t", name), out);

	return result > 0 ? strcmp(out->name, name) == 0 : result;
}

int store_agent_load(struct store *store, int64_t id, struct agent *out)
{
	const struct agent *kept;
	int result = store_kept_agent(store, id, &kept);

	if (result <= 0)
		return result;
	/* Most of the room for his queues is empty. */
	size_t used = offsetof(struct agent, queues) + strlen(kept->queues) + 1;
	memcpy(out, kept, used);
	return result;
}

int store_agent_read(struct store *store, int64_t id, struct agent *out)
{
	STATEMENT(load, "SELECT " COLUMNS " FROM agent WHERE id=?1");

	return read_one(store, store_query(store, &load, "i", id), out);
}

int store_agent_delete(struct store *store, const char *name)
{
	STATEMENT(delete, "DELETE FROM agent WHERE name=?1");

	return store_run(store, &delete, "t", name);
}

int store_agent_each(struct store *store, agent_visit *visit, void *context)
{
	STATEMENT(list, "SELECT " COLUMNS " FROM agent ORDER BY name");
	sqlite3_stmt *s = store_query(store, &list, "");
	struct agent agent;
	int result;

	while ((result = store_row(store, s)) > 0) {
		read_agent(s, &agent);
		result = visit(context, &agent);
		if (result != 0) {
			store_end(s);
			return result;
		}
	}
	return result;
}
