/* subscribe.c - SUBSCRIBE and UNSUBSCRIBE, and what subscribers hear. */
#include "followup/subscribe.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdio.h>
#include <string.h>

#include "followup/command.h"
#include "followup/csv.h"
#include "followup/json_text.h"
#include "followup/server.h"

/* A value as it stands in a line of the log: bare, or in quotes with what log_quote escapes there. bytes: \\xHH is the byte that it stands for. Gives the place behind it. */
static const char *read_value(const char *at, bool bytes, char *out, size_t size)
{
	bool quoted = *at == '"';
	size_t length = 0;

	at += quoted;
	while (*at != '\0' && *at != (quoted ? '"' : ' ')) {
		char byte = *at;
		unsigned number;
		size_t used = 1;
		if (quoted && at[0] == '\\' && at[1] == 'x' && bytes && sscanf(at + 2, "%2x", &number) == 1 && number != 0) {
			byte = (char)number;
			used = 4;
		} else if (quoted && at[0] == '\\' && at[1] != 'x' && at[1] != '\0') {
			byte = at[1];
			used = 2;
		}
		if (length + 1 < size)
			out[length++] = byte;
		at += used;
	}
	out[length] = '\0';
	return *at == '"' ? at + 1 : at;
}

/* As its writer gave it; what is no text then, or was cut within a character, stays escaped. */
static const char *take_value(const char *at, char *out, size_t size)
{
	const char *end = read_value(at, true, out, size);

	return csv_is_utf8(out, strlen(out)) ? end : read_value(at, false, out, size);
}

static void line_to_json(const char *line, struct moment now, struct buffer *out)
{
	char name[64], value[LOG_QUOTED_SIZE], day[DATE_TEXT_SIZE];

	buffer_printf(out, "{\"at\":\"%sT%02d:%02d:%02d\"", date_format(now.day, day), (int)(now.second / 3600),
		(int)(now.second / 60 % 60), (int)(now.second % 60));
	while (*line != '\0') {
		line += strspn(line, " ");
		size_t length = strcspn(line, "= ");
		if (line[length] != '=' || length == 0 || length >= sizeof name) {
			line += length;
			continue;
		}
		memcpy(name, line, length);
		name[length] = '\0';
		line = take_value(line + length + 1, value, sizeof value);
		buffer_text(out, ",");
		json_text_append(out, name);
		buffer_text(out, ":");
		json_text_append(out, value);
	}
	buffer_text(out, "}");
}

static void message(struct session *session, const char *kind, const char *text, size_t length)
{
	struct reply reply = {.out = &session->replies, .protocol = session->standing.protocol};

	if (reply.protocol >= 3)
		buffer_text(reply.out, ">3\r\n");
	else
		reply_array(&reply, 3);
	reply_text(&reply, kind);
	reply_text(&reply, SUBSCRIBE_CHANNEL);
	reply_bulk(&reply, text, length);
}

static void tell_all(struct server *server, const struct buffer *json)
{
	struct session *session, *next;

	for (session = TAILQ_FIRST(&server->all); session != NULL; session = next) {
		next = TAILQ_NEXT(session, in_all);
		/* Who has signed out or lost the role hears no more; nor does one who never reads, for whom nothing is kept without end. */
		if (!session->subscribed || session->closing || !session->standing.signed_in ||
			(session->standing.identity.roles & ROLE_SUPERVISOR) == 0)
			continue;
		if (evbuffer_get_length(bufferevent_get_output(session->stream)) > server->policy->max_output_bytes) {
			session_close(session, "a subscriber that does not read");
			continue;
		}
		session_touch(session);
		message(session, "message", json->data, json->length);
		session_mark(session, false);
	}
}

void subscribe_tell(struct server *server, const char *line)
{
	struct buffer json = {0};

	if (server->subscribers == 0)
		return;
	line_to_json(line, server->now, &json);
	if (!json.failed)
		tell_all(server, &json);
	buffer_free(&json);
}

bool subscribe_has_changes(struct server *server)
{
	uint64_t changes = desk_changes(server->desk) + engine_changes(server->engine);
	bool has = changes != server->told_changes;

	server->told_changes = changes;
	return has;
}

void subscribe_tell_changes(struct server *server)
{
	subscribe_tell(server, "event=queues_changed");
}

static int answer(struct request *request, bool subscribe)
{
	struct session *session = request->session;

	if (request->count > 1 && strcmp(request->words[1], SUBSCRIBE_CHANNEL) != 0) {
		(void)snprintf(request->answer->why, sizeof request->answer->why, "there is one channel: %s", SUBSCRIBE_CHANNEL);
		return ERR_INVALID;
	}
	if (session->subscribed != subscribe)
		request->server->subscribers += subscribe ? 1 : (size_t)-1;
	session->subscribed = subscribe;
	if (request->reply.protocol >= 3)
		buffer_text(request->reply.out, ">3\r\n");
	else
		reply_array(&request->reply, 3);
	reply_text(&request->reply, subscribe ? "subscribe" : "unsubscribe");
	reply_text(&request->reply, SUBSCRIBE_CHANNEL);
	reply_integer(&request->reply, subscribe);
	return COMMAND_ANSWERED;
}

int command_subscribe(struct request *request)
{
	return answer(request, true);
}

int command_unsubscribe(struct request *request)
{
	return answer(request, false);
}
