/* Commands of supervisors and operators about the daemon and its agents. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "followup/backup.h"
#include "followup/command.h"
#include "followup/server.h"
#include "followup/turn.h"

enum { CLOCK_STEP_MAX = 400 * 86400 };

static void note_agent(struct request *request, const char *event, const char *name)
{
	char agent[LOG_QUOTED_SIZE];
	char by[LOG_QUOTED_SIZE];

	turn_note(request->server, "event=%s agent=%s by=%s", event, log_quote(name, strlen(name), agent),
		log_quote(request->who->name, strlen(request->who->name), by));
}

/* Whether the role stands anywhere among them, however many there are. */
static bool asks_for_operator(const char *roles)
{
	char name[AGENT_NAME_SIZE];

	for (const char *at = roles; *at != '\0';) {
		size_t length = strcspn(at, ",");
		if (length < sizeof name) {
			memcpy(name, at, length);
			name[length] = '\0';
			if (role_parse(name) == ROLE_OPERATOR)
				return true;
		}
		at += length + (at[length] == ',');
	}
	return false;
}

/* Nobody makes an operator who is none himself, and nobody touches one. */
static int guard_operators(struct request *request, const char *name, const char *roles)
{
	struct identity there = {0};
	int result;

	if ((request->who->roles & ROLE_OPERATOR) != 0)
		return 0;
	result = desk_identify(request->server->desk, name, &there);
	if (result < 0 && result != ERR_NOT_FOUND)
		return result;
	if (asks_for_operator(roles) || (result >= 0 && (there.roles & ROLE_OPERATOR) != 0)) {
		(void)snprintf(
			request->answer->why, sizeof request->answer->why, "only an operator may let in, change or shut out an operator");
		return ERR_RIGHTS;
	}
	return 0;
}

int command_agent_add(struct request *request)
{
	const char *const *queues = NULL;
	size_t queue_count = 0;
	int result = guard_operators(request, request->words[1], request->words[2]);

	if (result < 0)
		return result;
	if (request->count > 3) {
		if (!request_has_keyword(request, 3, "QUEUES") || request->count == 4) {
			(void)snprintf(request->answer->why, sizeof request->answer->why, "usage: %s %s", request->command->name,
				request->command->usage);
			return ERR_INVALID;
		}
		queues = request->words + 4;
		queue_count = request->count - 4;
	}
	result = desk_agent_add(request->server->desk, request->words[1], request->words[2], queues, queue_count, request->answer);
	if (result < 0)
		return result;
	note_agent(request, "agent_added", request->words[1]);
	server_forget_agent(request->server, request->words[1]);
	return request_answer_json(request);
}

int command_agent_delete(struct request *request)
{
	int result = guard_operators(request, request->words[1], "");

	if (result < 0)
		return result;
	result = desk_agent_delete(request->server->desk, request->words[1], request->answer);
	if (result < 0)
		return result;
	note_agent(request, "agent_deleted", request->words[1]);
	server_forget_agent(request->server, request->words[1]);
	return request_answer_json(request);
}

int command_agent_list(struct request *request)
{
	return request_answer(request, desk_agent_list(request->server->desk, request->answer));
}

int command_check_book(struct request *request)
{
	int result = engine_check(request->engine, request->now, &request->answer->json);

	if (result > 0)
		request_note(request, "event=check_found_faults faults=%d", result);
	return result < 0 ? result : request_answer_json(request);
}

static void print_time(struct moment moment, char out[40])
{
	char day[DATE_TEXT_SIZE];

	(void)snprintf(out, 40,
		"%s"
		"T%02d:%02d:%02d",
		date_format(moment.day, day), moment.second / 3600, moment.second / 60 % 60, moment.second % 60);
}

int command_clock(struct request *request)
{
	struct server *server = request->server;
	int64_t local = 0;
	int64_t target;
	char text[40];

	if (request->count == 1) {
		print_time(request->now, text);
		reply_text(&request->reply, text);
		return COMMAND_ANSWERED;
	}
	if (request_has_keyword(request, 1, "SET") && request->count == 3) {
		if (zone_parse_time(request->words[2], request->lengths[2], &local) < 0 || local < 0) {
			(void)snprintf(request->answer->why, sizeof request->answer->why, "no time: write 2025-03-03T10:00:00");
			return ERR_INVALID;
		}
		target = zone_unix_of_local(local);
	} else if (request_has_keyword(request, 1, "ADVANCE") && request->count == 3) {
		if (request_number(request, 2, 0, CLOCK_STEP_MAX, &local) < 0)
			return ERR_INVALID;
		target = request->now.unix_seconds + local;
	} else {
		(void)snprintf(
			request->answer->why, sizeof request->answer->why, "usage: %s %s", request->command->name, request->command->usage);
		return ERR_INVALID;
	}
	clock_freeze(server->business_clock, target);
	server_clock_moved(server);
	request->park = PARK_IDLE;
	return COMMAND_PARKED;
}

int command_info(struct request *request)
{
	server_info(request->server, request->count > 1 ? request->words[1] : NULL, &request->answer->json);
	return request_answer_json(request);
}

int command_shutdown(struct request *request)
{
	reply_simple(&request->reply, "OK");
	server_drain(request->server, "SHUTDOWN");
	return COMMAND_ANSWERED;
}

int command_backup(struct request *request)
{
	struct server *server = request->server;

	int result = backup_begin(server, request->session, request->count > 1 ? request->words[1] : NULL, request->answer->why);
	if (result < 0)
		return result;
	request->park = PARK_BACKUP;
	return COMMAND_PARKED;
}
