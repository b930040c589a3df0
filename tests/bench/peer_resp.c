/* peer_resp.c - what speaks the Redis protocol: followupd, a bare loop over SQLite, and Redis as a reliable queue, over a sorted set or over lists. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "load.h"

enum { WORDS_MOST = 8, REQUEST_SIZE = 4096 };

/* Sends a request of so many words. */
static void tell(const struct agent *agent, int count, const char *const words[])
{
	char request[REQUEST_SIZE];
	size_t length = (size_t)snprintf(request, sizeof(request), "*%d\r\n", count);

	for (int i = 0; i < count; i++) {
		length += (size_t)snprintf(request + length, sizeof(request) - length, "$%zu\r\n%s\r\n", strlen(words[i]), words[i]);
		if (length >= sizeof(request))
			die("a request is too long");
	}
	send_all(agent, request, length);
}

#define TELL(agent, ...) tell(agent, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), (const char *[]){__VA_ARGS__})

/* The length of the simple answer or bulk string that stands in the buffer, 0 while it is not whole. None of these peers answers with arrays here. */
static size_t answer_length(const struct agent *agent)
{
	const char *end = memchr(agent->buffer, '\n', agent->length);

	if (end == NULL)
		return 0;
	size_t line = (size_t)(end - agent->buffer) + 1;
	if (agent->buffer[0] == '-')
		die("agent %u was answered: %.*s", agent->number, (int)line - 2, agent->buffer);
	if (agent->buffer[0] != '$' || agent->buffer[1] == '-')
		return line;
	size_t whole = line + strtoul(agent->buffer + 1, NULL, 10) + 2;
	return agent->length >= whole ? whole : 0;
}

/* Whether a whole answer has come; it is taken out of the buffer, where it stays to be read until more comes. */
static int heard_whole(struct agent *agent)
{
	receive(agent);
	size_t length = answer_length(agent);
	if (length == 0)
		return 0;
	if (length != agent->length)
		die("agent %u was answered more than he asked", agent->number);
	agent->length = 0;
	return 1;
}

static void wait_for(struct agent *agent)
{
	while (!heard_whole(agent))
		continue;
}

/* What stands between two texts of the answer goes into id. */
static void keep_id(struct agent *agent, const char *before, const char *after)
{
	const char *start = strstr(agent->buffer, before);
	size_t length = 0;

	if (start != NULL) {
		start += strlen(before);
		const char *end = strstr(start, after);
		length = end != NULL ? (size_t)(end - start) : 0;
	}
	if (length == 0 || length >= sizeof(agent->id))
		die("agent %u was answered without an id: %s", agent->number, agent->buffer);
	memcpy(agent->id, start, length);
	agent->id[length] = '\0';
}

/* --- followupd: NEXT, DONE, as an agent who has signed in --------------------------------------------- */

static void followupd_join(struct agent *agent)
{
	char name[128], token[256];
	FILE *file = agent->settings->names != NULL ? fopen(agent->settings->names, "r") : NULL;

	if (file == NULL)
		die("followupd needs --names with a line for each agent");
	for (unsigned i = 0; i <= agent->number; i++)
		if (fscanf(file, "%127s %255s", name, token) != 2)
			die("%s has no line %u", agent->settings->names, i + 1);
	fclose(file);
	agent->fd = join_unix(agent->settings->at);
	TELL(agent, "AUTH", name, token);
	wait_for(agent);
}

static void followupd_next(struct agent *agent)
{
	TELL(agent, "NEXT");
}

static void followupd_done(struct agent *agent)
{
	if (agent->settings->said != NULL)
		TELL(agent, "DONE", agent->id, "reached", agent->settings->said);
	else
		TELL(agent, "DONE", agent->id, "reached");
}

static enum heard followupd_hear(struct agent *agent)
{
	if (!heard_whole(agent))
		return HEARD_MORE;
	if (agent->step == AGENT_DONE) {
		if (strstr(agent->buffer, "\"closed\":[") == NULL || strstr(agent->buffer, "\"left\":[]") == NULL)
			die("agent %u: DONE has not finished the call: %s", agent->number, agent->buffer);
		return HEARD_DONE;
	}
	if (agent->buffer[1] == '-')
		return HEARD_NOTHING;
	keep_id(agent, "\"lease\":\"", "\"");
	return HEARD_CALL;
}

/* --- Redis over a sorted set: the order is ours (priority, due day in the score; the id as text), a lease's end is the score of what is handed out ---- */

static const char take_script[] = "local best = redis.call('ZPOPMIN', KEYS[1])\n"
				  "if not best[1] then return false end\n"
				  "redis.call('ZADD', KEYS[2], ARGV[1], best[1])\n"
				  "return best[1]";

static void redis_join(struct agent *agent)
{
	agent->fd = join_unix(agent->settings->at);
	agent->own = calloc(1, AGENT_ID_SIZE);
	if (agent->own == NULL)
		die("no memory");
}

static void redis_sorted_join(struct agent *agent)
{
	redis_join(agent);
	TELL(agent, "SCRIPT", "LOAD", take_script);
	wait_for(agent);
	keep_id(agent, "\r\n", "\r\n");
	memcpy(agent->own, agent->id, AGENT_ID_SIZE);
}

static void redis_sorted_next(struct agent *agent)
{
	char until[32];

	snprintf(until, sizeof(until), "%lld", (long long)time(NULL) + 900);
	TELL(agent, "EVALSHA", agent->own, "2", "ready", "leased", until);
}

static void redis_sorted_done(struct agent *agent)
{
	TELL(agent, "ZREM", "leased", agent->id);
}

static enum heard redis_hear(struct agent *agent)
{
	if (!heard_whole(agent))
		return HEARD_MORE;
	if (agent->step == AGENT_DONE) {
		if (strcmp(agent->buffer, ":1\r\n") != 0)
			die("agent %u: the call was not his: %s", agent->number, agent->buffer);
		return HEARD_DONE;
	}
	if (agent->buffer[1] == '-')
		return HEARD_NOTHING;
	keep_id(agent, "\r\n", "\r\n");
	return HEARD_CALL;
}

/* --- Redis over lists: first in, first out; each agent has a list of what he holds ---------------------- */

static void redis_list_join(struct agent *agent)
{
	redis_join(agent);
	snprintf(agent->own, AGENT_ID_SIZE, "agent:%u", agent->number);
}

static void redis_list_next(struct agent *agent)
{
	TELL(agent, "LMOVE", "ready", agent->own, "LEFT", "RIGHT");
}

static void redis_list_done(struct agent *agent)
{
	TELL(agent, "LREM", agent->own, "1", agent->id);
}

/* --- A bare loop over SQLite (bare_loop.c): answers like Redis, and knows nobody -------------------------- */

static void bare_done(struct agent *agent)
{
	TELL(agent, "DONE", agent->id);
}

/* --- PING, twice a cycle: what the generator itself can do ---------------------------------------------- */

static void ping(struct agent *agent)
{
	TELL(agent, "PING");
}

static enum heard ping_hear(struct agent *agent)
{
	if (!heard_whole(agent))
		return HEARD_MORE;
	return agent->step == AGENT_DONE ? HEARD_DONE : HEARD_CALL;
}

const struct peer peer_followupd = {"followupd", "NEXT, then DONE", followupd_join, followupd_next, followupd_done, followupd_hear};
const struct peer peer_redis_sorted = {"redis-sorted", "a script over a sorted set in our order, then ZREM", redis_sorted_join,
	redis_sorted_next, redis_sorted_done, redis_hear};
const struct peer peer_redis_list = {"redis-list", "LMOVE, then LREM", redis_list_join, redis_list_next, redis_list_done, redis_hear};
const struct peer peer_bare = {"bare", "NEXT, then DONE", redis_join, followupd_next, bare_done, redis_hear};
const struct peer peer_ping = {"ping", "PING twice: what the generator can do itself", redis_join, ping, ping, ping_hear};
