/* Commands of agents, gateways, feeders and readers: words in, the desk's answer out. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "followup/command.h"
#include "followup/long_command.h"
#include "followup/server.h"
#include "followup/turn.h"

struct next_words {
	struct next_request next;
	int64_t wait_seconds;
	int64_t count;
};

/* NEXT [QUEUE q ...] [WAIT seconds] [COUNT n]: the queues are neighbours among the words, so they need no copy. */
static int parse_next(struct request *request, struct next_words *out)
{
	static const char *const keywords[] = {"QUEUE", "WAIT", "COUNT"};
	bool seen[3] = {false};
	int result = 0;

	memset(out, 0, sizeof *out);
	for (size_t i = 1; i < request->count && result == 0;) {
		size_t keyword = 0;
		while (keyword < 3 && !request_has_keyword(request, i, keywords[keyword]))
			keyword++;
		if (keyword == 3 || seen[keyword]) {
			(void)snprintf(request->answer->why, sizeof request->answer->why, "usage: %s %s", request->command->name,
				request->command->usage);
			return ERR_INVALID;
		}
		seen[keyword] = true;
		i++;
		if (keyword == 0) {
			out->next.queues = request->words + i;
			while (i < request->count && !request_has_keyword(request, i, "WAIT") &&
				!request_has_keyword(request, i, "COUNT")) {
				out->next.queue_count++;
				i++;
			}
			if (out->next.queue_count == 0) {
				(void)snprintf(request->answer->why, sizeof request->answer->why, "QUEUE needs a queue's name");
				return ERR_INVALID;
			}
		} else if (keyword == 1) {
			result = request_number(request, i++, 0, SERVER_WAIT_SECONDS_MAX, &out->wait_seconds);
		} else {
			result = request_number(request, i++, 1, SERVER_COUNT_MAX, &out->count);
		}
	}
	out->next.count = (int)out->count;
	return result;
}

struct list_of_calls {
	struct buffer bulks;
	size_t count;
};

static int collect_call(void *context, const struct json_value *value)
{
	struct list_of_calls *list = context;
	struct reply reply = {.out = &list->bulks, .protocol = 2};

	reply_bulk(&reply, value->text, value->length);
	list->count++;
	return 0;
}

/* A JSON array of calls becomes a list of bulk strings. */
static int reply_calls(struct request *request)
{
	struct list_of_calls list = {0};
	const struct buffer *json = &request->answer->json;
	char number[32];
	int result = json_each(request->server->json, json->data, json->length, "$", collect_call, &list);

	if (result >= 0 && list.bulks.failed)
		result = ERR_MEMORY;
	if (result >= 0) {
		reply_array(&request->reply, list.count);
		buffer_append(request->reply.out, list.bulks.data, list.bulks.length);
		(void)snprintf(number, sizeof number, "%zu", list.count);
		request_note_act(request, "handed_out", "calls", number);
		result = COMMAND_ANSWERED;
	}
	buffer_free(&list.bulks);
	return result;
}

int command_next(struct request *request)
{
	struct next_words words;
	const struct buffer *json = &request->answer->json;
	int result = parse_next(request, &words);

	if (result < 0)
		return result;
	result = desk_next(request->server->desk, request->who, &words.next, request->now, request->answer);
	if (result > 0) {
		if (json->failed)
			return ERR_MEMORY;
		if (words.next.count > 0)
			return reply_calls(request);
		request_note_act(request, "handed_out", "lease", request->answer->lease);
		return request_answer_json(request);
	}
	if ((result == 0 || result == ERR_CLOSED) && words.wait_seconds > 0 && !request->last_look) {
		request->park = words.next.count > 0 ? PARK_LIST : PARK_NEXT;
		request->park_seconds = (int)words.wait_seconds;
		return COMMAND_PARKED;
	}
	if (result < 0)
		return result;
	if (words.next.count > 0)
		reply_null_array(&request->reply);
	else
		reply_null(&request->reply);
	return COMMAND_ANSWERED;
}

int command_touch(struct request *request)
{
	return request_answer(request, desk_touch(request->server->desk, request->who, request->words[1], request->now, request->answer));
}

static void note_done(struct request *request)
{
	char lease[LOG_QUOTED_SIZE];
	char disposition[LOG_QUOTED_SIZE];
	char agent[LOG_QUOTED_SIZE];

	turn_note(request->server, "event=done lease=%s disposition=%s agent=%s", log_quote(request->words[1], request->lengths[1], lease),
		log_quote(request->words[2], request->lengths[2], disposition),
		log_quote(request->who->name, strlen(request->who->name), agent));
}

int command_done(struct request *request)
{
	const char *json = request->count > 3 ? request->words[3] : NULL;
	int result =
		desk_done(request->server->desk, request->who, request->words[1], request->words[2], json, request->now, request->answer);

	if (result < 0)
		return result;
	note_done(request);
	return request_answer_json(request);
}

int command_release(struct request *request)
{
	int result = desk_release(request->server->desk, request->who, request->words[1], request->words[2], request->now, request->answer);

	if (result < 0)
		return result;
	request_note_act(request, "released", "lease", request->words[1]);
	return request_answer_json(request);
}

/* What a supervisor decides is written down here and in the log; clients' numbers stay out of the log. */
int command_take(struct request *request)
{
	int result = desk_take(request->server->desk, request->who, request->words[1], request->now, request->answer);

	if (result < 0)
		return result;
	request_note_act(request, "taken", "call", request->words[1]);
	return request_answer_json(request);
}

int command_move(struct request *request)
{
	int result = desk_move(request->server->desk, request->who, request->words[1], request->words[2], request->words[3], request->now,
		request->answer);

	if (result < 0)
		return result;
	request_note_act(request, "moved", "call", request->words[1]);
	return request_answer_json(request);
}

int command_pause(struct request *request)
{
	struct desk *desk = request->server->desk;
	int result;

	if (request->count != 1 && request->count != 5) {
		(void)snprintf(
			request->answer->why, sizeof request->answer->why, "usage: %s %s", request->command->name, request->command->usage);
		return ERR_INVALID;
	}
	if (request->count == 1)
		result = desk_pauses(desk, request->answer);
	else
		result = desk_pause(desk, request->who, request->words[1], request->words[2], request->words[3], request->words[4],
			request->now, request->answer);
	if (result < 0)
		return result;
	if (request->count > 1)
		request_note_act(request, "paused", "name", request->words[2]);
	return request_answer_json(request);
}

int command_resume(struct request *request)
{
	int result = desk_resume(request->server->desk, request->words[1], request->words[2], request->now, request->answer);

	if (result < 0)
		return result;
	request_note_act(request, "resumed", "name", request->words[2]);
	return request_answer_json(request);
}

int command_dnc(struct request *request)
{
	int result = desk_forbid(request->server->desk, request->who, request->words[1], request->words[2], request->words[3],
		request->words[4], request->now, request->answer);

	if (result < 0)
		return result;
	request_note_act(request, "do_not_contact", "channel", request->words[2]);
	return request_answer_json(request);
}

int command_override(struct request *request)
{
	int result = desk_override(request->server->desk, request->who, request->words[1], request->words[2], request->words[3],
		request->now, request->answer);

	if (result < 0)
		return result;
	request_note_act(request, "overridden", "followup", request->words[1]);
	return request_answer_json(request);
}

int command_correct(struct request *request)
{
	int result = desk_correct(request->server->desk, request->who, request->words[1], request->words[2], request->words[3],
		request->now, request->answer);

	if (result < 0)
		return result;
	request_note_act(request, "corrected", "attempt", request->words[1]);
	return request_answer_json(request);
}

int command_erase(struct request *request)
{
	int result = desk_erase(request->server->desk, request->who, request->words[1], request->words[2], request->words[3], request->now,
		request->answer);

	if (result < 0)
		return result;
	request_note_act(request, "erased", "second", request->words[2]); /* the client's number stays out of the log */
	request->server->work_pending = true;
	return request_answer_json(request);
}

int command_ack(struct request *request)
{
	int result =
		desk_acknowledge(request->server->desk, request->who, request->words[1], request->words[2], request->now, request->answer);

	if (result < 0)
		return result;
	request_note_act(request, "acknowledged", "task", request->words[1]);
	return request_answer_json(request);
}

int command_record(struct request *request)
{
	int result = desk_record(request->server->desk, request->who, request->words[1], request->words[2], request->now, request->answer);

	if (result < 0)
		return result;
	request_note_act(request, "recorded", "peer", request->session->peer); /* the client's number stays out of the log */
	return request_answer_json(request);
}

int command_review_next(struct request *request)
{
	int result = desk_review_next(request->server->desk, request->who, request->now, request->answer);

	if (result < 0)
		return result;
	if (result == 0) {
		reply_null(&request->reply);
		return COMMAND_ANSWERED;
	}
	request_note_act(request, "review_handed_out", "peer", request->session->peer);
	return request_answer_json(request);
}

int command_review_done(struct request *request)
{
	const char *json = request->count > 3 ? request->words[3] : NULL;
	int result = desk_review_done(
		request->server->desk, request->who, request->words[1], request->words[2], json, request->now, request->answer);

	if (result < 0)
		return result;
	request_note_act(
		request, strcmp(request->words[2], "rejected") == 0 ? "review_rejected" : "review_accepted", "review", request->words[1]);
	return request_answer_json(request);
}

int command_show(struct request *request)
{
	return request_answer(request, desk_show(request->server->desk, request->who, request->words[1], request->now, request->answer));
}

int command_mine(struct request *request)
{
	return request_answer(request, desk_mine(request->server->desk, request->who, request->now, request->answer));
}

int command_queues(struct request *request)
{
	return request_answer(request, desk_queues(request->desk, request->now, request->answer));
}

static int list_rows(struct request *request)
{
	return desk_list(request->desk, request->words + 1, request->count - 1, request->answer);
}

static int answer_list(struct request *request)
{
	return request_answer(
		request, desk_write_look(request->desk, request->command->name, request->words + 1, request->count - 1, request->answer));
}

static int answer_long_list(struct request *request)
{
	return request->result < 0 ? request->result : turn_run(request, answer_list);
}

/* What a few milliseconds do not find is looked for on the worker's thread. */
int command_list(struct request *request)
{
	enum { BRIEF_MS = 5 };
	struct server *server = request->server;

	store_read_briefly(server->store, server->worker != NULL ? BRIEF_MS : 0);
	int result = list_rows(request);
	store_read_briefly(server->store, 0);
	if (result == ERR_BUSY && server->worker != NULL)
		return long_command_begin(request, &(struct long_command){.handler = list_rows, .then = answer_long_list});
	return result < 0 ? result : answer_list(request);
}

int command_history(struct request *request)
{
	return request_answer(request, desk_history(request->server->desk, request->words + 1, request->count - 1, request->answer));
}

int command_verify(struct request *request)
{
	return request_answer(request, desk_verify(request->desk, request->words + 1, request->count - 1, request->answer));
}

int command_report(struct request *request)
{
	return request_answer(request, desk_report(request->desk, request->words + 1, request->count - 1, request->now, request->answer));
}

int command_client_put(struct request *request)
{
	int result = desk_client_put(request->server->desk, request->words[1], request->lengths[1], request->now, request->answer);

	if (result < 0)
		return result;
	reply_integer(&request->reply, result > 0);
	return COMMAND_ANSWERED;
}

struct counted_rows {
	struct reply reply;
	size_t count;
};

static int count_row(void *context, int outcome, const char *why)
{
	struct counted_rows *rows = context;

	rows->count++;
	if (outcome < 0)
		reply_error(&rows->reply, command_error_word(outcome), why);
	else
		reply_integer(&rows->reply, outcome > 0);
	return rows->reply.out->failed ? ERR_MEMORY : 0;
}

/* A list with an element a row, as CLIENT.PUT or EVENT.PUT would have answered it. */
static int load(struct request *request, bool events)
{
	struct buffer elements = {0};
	struct counted_rows rows = {.reply = {.out = &elements, .protocol = request->reply.protocol}};

	int result = desk_load(
		request->server->desk, events, request->words[1], request->lengths[1], request->now, count_row, &rows, request->answer);
	if (result == 0) {
		reply_array(&request->reply, rows.count);
		buffer_append(request->reply.out, elements.data, elements.length);
	}
	buffer_free(&elements);
	return result < 0 ? result : COMMAND_ANSWERED;
}

int command_client_load(struct request *request)
{
	return load(request, false);
}

int command_event_load(struct request *request)
{
	return load(request, true);
}

int command_event_put(struct request *request)
{
	int result = desk_event_put(request->server->desk, request->words[1], request->lengths[1], request->now, request->answer);

	if (result < 0)
		return result;
	reply_integer(&request->reply, result > 0);
	return COMMAND_ANSWERED;
}
