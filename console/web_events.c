/* web_events.c - SUBSCRIBE as server-sent events. The stream outlives the daemon's restarts, and says when the daemon went and came; it ends with the session. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/clock.h"
#include "followup/web.h"

enum { BEAT_MS = 15 * 1000, RECONNECT_MS = 1000, BLOCK_BYTES = 16 * 1024, OPEN_SECONDS = 10 };

struct stream {
	struct web *web;
	struct web_session *session; /* held */
	char source[WEB_SOURCE_SIZE];
	int asker_fd;
	struct link *link; /* NULL: not subscribed */
	bool told_away, ended;
	struct buffer pending;
	size_t sent; /* of pending */
};

static void say_state(struct stream *stream, const char *state)
{
	buffer_printf(&stream->pending, "event: daemon\ndata: {\"state\":\"%s\"}\n\n", state);
}

static void end(struct stream *stream)
{
	stream->ended = true;
	buffer_text(&stream->pending, "event: end\ndata: {}\n\n");
}

static struct link_wait wait_of(const struct stream *stream, int64_t ms)
{
	return (struct link_wait){
		.until_ms = clock_monotonic_ms() + ms, .asker_fd = stream->asker_fd, .ended_fd = web_session_ended_fd(stream->session)};
}

/* A message on its own lines; a document of the daemon's is one line. */
static void pass_on(struct stream *stream, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3 || reply->element[0]->type != REDIS_REPLY_STRING ||
		strcmp(reply->element[0]->str, "message") != 0 || reply->element[2]->type != REDIS_REPLY_STRING ||
		strpbrk(reply->element[2]->str, "\r\n") != NULL)
		return;
	buffer_text(&stream->pending, "data: ");
	buffer_text(&stream->pending, reply->element[2]->str);
	buffer_text(&stream->pending, "\n\n");
}

/* Waits without a connection to the daemon; whether anybody still listens. */
static bool pause_ms(const struct stream *stream, int64_t ms)
{
	struct link_wait wait = wait_of(stream, ms);

	return link_sleep(&wait) == ERR_LIMIT;
}

static void subscribe(struct stream *stream)
{
	const char *words[] = {"SUBSCRIBE", "events"};
	const size_t lengths[] = {9, 6};
	struct link_wait wait = wait_of(stream, OPEN_SECONDS * 1000);
	redisReply *reply = NULL;
	char why[LINK_WHY_SIZE];
	int result = web_session_open_link(stream->web->sessions, stream->session, &wait, &stream->link, why);

	/* The daemon no longer takes his token: he is out, with this stream and with all else. */
	if (result == ERR_RIGHTS)
		web_end_session(stream->web, stream->session, stream->source, "the daemon no longer takes its token");
	if (result == 0)
		result = link_ask(stream->link, 2, words, lengths, &wait, &reply);
	if (result == 0 && reply->type == REDIS_REPLY_ERROR)
		result = ERR_RIGHTS;
	if (reply != NULL)
		freeReplyObject(reply);
	if (result == 0) {
		say_state(stream, "here");
		stream->told_away = false;
		return;
	}
	link_close(stream->link);
	stream->link = NULL;
	if (result == ERR_RIGHTS || result == ERR_CLOSED) {
		end(stream);
		return;
	}
	if (!stream->told_away) {
		say_state(stream, "away");
		stream->told_away = true;
		return;
	}
	if (!pause_ms(stream, RECONNECT_MS))
		end(stream);
	else
		buffer_text(&stream->pending, ": away\n\n");
}

static void listen_on(struct stream *stream)
{
	struct link_wait wait = wait_of(stream, BEAT_MS);
	redisReply *reply = NULL;
	int result = link_listen(stream->link, &wait, &reply);

	if (result == 0) {
		pass_on(stream, reply);
		freeReplyObject(reply);
	} else if (result == ERR_LIMIT) {
		buffer_text(&stream->pending, ": still here\n\n");
	} else if (result == ERR_CLOSED) {
		end(stream);
	} else {
		link_close(stream->link);
		stream->link = NULL;
	}
}

static ssize_t read_stream(void *context, uint64_t position, char *out, size_t room)
{
	struct stream *stream = context;

	(void)position;
	while (stream->sent == stream->pending.length) {
		buffer_clear(&stream->pending);
		stream->sent = 0;
		if (stream->ended)
			return MHD_CONTENT_READER_END_OF_STREAM;
		if (stream->link == NULL)
			subscribe(stream);
		else
			listen_on(stream);
		if (stream->pending.failed)
			return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	size_t length = stream->pending.length - stream->sent;
	if (length > room)
		length = room;
	memcpy(out, stream->pending.data + stream->sent, length);
	stream->sent += length;
	return (ssize_t)length;
}

static void free_stream(void *context)
{
	struct stream *stream = context;

	link_close(stream->link);
	web_session_end_stream(stream->session);
	web_session_let_go(stream->web->sessions, stream->session);
	buffer_free(&stream->pending);
	free(stream);
}

enum MHD_Result web_events(struct exchange *exchange)
{
	struct link_wait wait;
	struct stream *stream;

	if (strstr(web_session_roles(exchange->session), "\"supervisor\"") == NULL)
		return web_refuse(exchange, MHD_HTTP_FORBIDDEN, "events are for supervisors");
	if (web_session_begin_stream(exchange->session) < 0)
		return web_refuse(exchange, MHD_HTTP_TOO_MANY_REQUESTS, "this session has too many streams of events");
	stream = calloc(1, sizeof *stream);
	if (stream == NULL) {
		web_session_end_stream(exchange->session);
		return web_refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
	}
	web_wait_begins(exchange, &wait, BEAT_MS / 1000);
	stream->web = exchange->web;
	stream->session = exchange->session; /* the stream holds it from now on */
	exchange->session = NULL;
	memcpy(stream->source, exchange->source, sizeof stream->source);
	stream->asker_fd = wait.asker_fd;
	buffer_text(&stream->pending, "retry: 3000\n\n");
	struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_stream, stream, free_stream);
	if (response == NULL) {
		free_stream(stream);
		return MHD_NO;
	}
	if (MHD_add_response_header(response, "Content-Type", "text/event-stream") != MHD_YES ||
		MHD_add_response_header(response, "Cache-Control", "no-store") != MHD_YES ||
		MHD_add_response_header(response, "X-Accel-Buffering", "no") != MHD_YES) {
		MHD_destroy_response(response);
		return MHD_NO;
	}
	return web_send(exchange, MHD_HTTP_OK, response);
}
