/* Commands about who calls whom: who is at his desk. */
#include <string.h>

#include "followup/command.h"
#include "followup/server.h"
#include "followup/turn.h"

static const struct identity *who(const struct request *request)
{
	return &request->session->standing.identity;
}

/* A line for the log, once it is true. */
static void note(struct request *request, const char *event, const char *key, const char *value)
{
	char agent[LOG_QUOTED_SIZE];
	char quoted[LOG_QUOTED_SIZE];

	turn_note(request->server, "event=%s %s=%s agent=%s", event, key, log_quote(value, strlen(value), quoted),
		log_quote(who(request)->name, strlen(who(request)->name), agent));
}

int command_break(struct request *request)
{
	int result = desk_break(request->server->desk, who(request), request->words[1], request->now, request->answer);

	if (result < 0)
		return result;
	note(request, "break", "code", request->words[1]);
	return request_answer_json(request);
}

int command_ready(struct request *request)
{
	int result = desk_ready(request->server->desk, who(request), request->now, request->answer);

	if (result < 0)
		return result;
	note(request, "ready", "peer", request->session->peer);
	return request_answer_json(request);
}
