/* Commands about who calls whom: who is at his desk, who stands for a manager, and why nothing comes out. */
#include <stdio.h>
#include <string.h>

#include "followup/command.h"
#include "followup/server.h"
#include "followup/turn.h"

int command_break(struct request *request)
{
	int result = desk_break(request->server->desk, request->who, request->words[1], request->now, request->answer);

	if (result < 0)
		return result;
	request_note_act(request, "break", "code", request->words[1]);
	return request_answer_json(request);
}

int command_ready(struct request *request)
{
	int result = desk_ready(request->server->desk, request->who, request->now, request->answer);

	if (result < 0)
		return result;
	request_note_act(request, "ready", "peer", request->session->peer);
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
			desk, request->who, request->words[1], request->words[2], request->words[3], request->now, request->answer);
	if (result < 0)
		return result;
	if (request->count > 1)
		request_note_act(request, "handover", "manager", request->words[1]);
	return request_answer_json(request);
}

int command_why(struct request *request)
{
	return request_answer(
		request, desk_why(request->server->desk, request->words + 1, request->count - 1, request->now, request->answer));
}
