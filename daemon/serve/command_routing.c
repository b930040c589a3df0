/* Commands about who calls whom: who is at his desk, who stands for a manager, and why nothing comes out. */
#include <stdio.h>
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

int command_handover(struct request *request)
{
	struct desk *desk = request->server->desk;
	int result;

	if (request->count != 1 && request->count != 4) {
		(void)snprintf(
			request->answer->why, sizeof request->answer->why, "usage: %s %s", request->command->name, request->command->usage);
		return ERR_INVALID;
	}
	if (request->count == 1)
		result = desk_handovers(desk, request->answer);
	else
		result = desk_handover(
			desk, who(request), request->words[1], request->words[2], request->words[3], request->now, request->answer);
	if (result < 0)
		return result;
	if (request->count > 1)
		note(request, "handover", "manager", request->words[1]);
	return request_answer_json(request);
}

int command_why(struct request *request)
{
	return request_answer(
		request, desk_why(request->server->desk, request->words + 1, request->count - 1, request->now, request->answer));
}
