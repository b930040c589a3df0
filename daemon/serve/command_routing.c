/* Commands about who calls whom: who is at his desk, what he may say of a call, who stands for a manager, and why nothing comes out. */
#include <stdio.h>
#include <string.h>

#include "followup/command.h"
#include "followup/json_text.h"
#include "followup/policy_option.h"
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

int command_brief(struct request *request)
{
	return request_answer(request, desk_brief(request->server->desk, request->who, request->words[1], request->now, request->answer));
}

int command_desk(struct request *request)
{
	return request_answer(request, desk_desk(request->server->desk, request->who, request->now, request->answer));
}

int command_ready(struct request *request)
{
	int result = desk_ready(request->server->desk, request->who, request->now, request->answer);

	if (result < 0)
		return result;
	request_note_act(request, "ready", "peer", request->session->peer);
	return request_answer_json(request);
}

/* A console offers these and no others; the configuration may have its own. */
int command_dispositions(struct request *request)
{
	const struct policy *policy = request->policy;
	struct buffer *out = &request->answer->json;
	int channel = request->count > 1 ? policy_channel(policy, request->words[1]) : 0;

	if (channel < 0) {
		(void)snprintf(request->answer->why, sizeof request->answer->why, "there is no channel %s", request->words[1]);
		return ERR_NOT_FOUND;
	}
	bool any = request->count == 1, bulk = policy->channels[channel].kind == CHANNEL_BULK;
	size_t listed = 0;
	buffer_text(out, "[");
	for (size_t i = 0; i < policy->disposition_count; i++) {
		const struct disposition *d = &policy->dispositions[i];
		if (!any && d->bulk != bulk)
			continue;
		buffer_text(out, listed++ > 0 ? ",{\"disposition\":" : "{\"disposition\":");
		json_text_append(out, d->name);
		buffer_printf(out, ",\"effect\":\"%s\",\"retry_seconds\":", option_word(SECTION_DISPOSITION, "effect", (int)d->effect));
		if (d->effect == EFFECT_RETRY)
			buffer_printf(out, "%d", d->retry_seconds);
		else
			buffer_text(out, "null");
		buffer_printf(out, ",\"attorney\":%s,\"messages\":%s}", d->attorney ? "true" : "false", d->bulk ? "true" : "false");
	}
	buffer_text(out, "]");
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
