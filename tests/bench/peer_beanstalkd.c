/* peer_beanstalkd.c - beanstalkd: reserve, then delete. Only the delete is written to its log; a reservation ends with its connection. */
#include <stdio.h>
#include <string.h>

#include "load.h"

static void join(struct agent *agent)
{
	agent->fd = join_unix(agent->settings->at);
}

static void ask_next(struct agent *agent)
{
	static const char request[] = "reserve-with-timeout 0\r\n";

	send_all(agent, request, sizeof(request) - 1);
}

static void ask_done(struct agent *agent)
{
	char request[AGENT_ID_SIZE + 16];
	int length = snprintf(request, sizeof(request), "delete %s\r\n", agent->id);

	send_all(agent, request, (size_t)length);
}

/* "RESERVED id bytes" and the job; or one line. */
static enum heard hear(struct agent *agent)
{
	size_t bytes;

	receive(agent);
	const char *end = memchr(agent->buffer, '\n', agent->length);
	if (end == NULL)
		return HEARD_MORE;
	size_t line = (size_t)(end - agent->buffer) + 1;
	if (agent->step == AGENT_DONE) {
		if (strcmp(agent->buffer, "DELETED\r\n") != 0)
			die("agent %u: delete was answered: %s", agent->number, agent->buffer);
		agent->length = 0;
		return HEARD_DONE;
	}
	if (strcmp(agent->buffer, "TIMED_OUT\r\n") == 0) {
		agent->length = 0;
		return HEARD_NOTHING;
	}
	if (sscanf(agent->buffer, "RESERVED %63s %zu", agent->id, &bytes) != 2)
		die("agent %u: reserve was answered: %s", agent->number, agent->buffer);
	if (agent->length < line + bytes + 2)
		return HEARD_MORE;
	agent->length = 0;
	return HEARD_CALL;
}

const struct peer peer_beanstalkd = {"beanstalkd", "reserve, then delete", join, ask_next, ask_done, hear};
