#include "followup/session.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "followup/command.h"
#include "followup/server.h"
#include "followup/stranger.h"
#include "followup/tls.h"
#include "followup/turn.h"
#include "followup/waiter.h"

enum {
	KEEP_REPLIES = 64 * 1024,   /* room for answers that is larger is given back after the turn */
	WRITE_TIMEOUT_SECONDS = 60, /* a peer that takes nothing of its answers for so long is cut off */
	PASSWORD_ENTRY_SIZE = 4096,
};

static const char *const why_done = "closed by peer";

static size_t session_unread_output(const struct session *session)
{
	return evbuffer_get_length(bufferevent_get_output(session->stream));
}

/* Whether so much has come that is not executed yet that no more is to be read. */
static bool session_is_ahead(const struct session *session)
{
	return evbuffer_get_length(bufferevent_get_input(session->stream)) >= session->server->policy->max_ahead_bytes;
}

/* Not by libevent's high watermark: that calls on_read over and over, without end, while nobody takes the input. */
static void session_pause_reading(struct session *session)
{
	if (session->reading_paused || !session_is_ahead(session))
		return;
	session->reading_paused = true;
	(void)bufferevent_disable(session->stream, EV_READ);
}

static void session_resume_reading(struct session *session)
{
	if (!session->reading_paused || session->is_dead || session->closing || session->ended || session_is_ahead(session))
		return;
	session->reading_paused = false;
	if (bufferevent_enable(session->stream, EV_READ) != 0)
		session_close(session, "no memory");
}

static void on_read(struct bufferevent *stream, void *context)
{
	(void)stream;
	session_make_ready(context);
	session_pause_reading(context);
}

static void on_written(struct bufferevent *stream, void *context)
{
	struct session *session = context;

	(void)stream;
	if (session->closing && !session->is_touched && !session->is_held && session_unread_output(session) == 0)
		session_close(session, session->why);
	else
		session_make_ready(session);
}

static void on_event(struct bufferevent *stream, short what, void *context)
{
	struct session *session = context;

	(void)stream;
	if (what & BEV_EVENT_TIMEOUT) {
		session_close(session, "peer does not read its answers");
	} else if (what & BEV_EVENT_ERROR) {
		session_close(session, "connection lost");
	} else if (what & BEV_EVENT_EOF) {
		session->ended = true;
		/* Whoever waits for a call and goes away must not get one. */
		if (session->park != PARK_NONE)
			session_close_after_replies(session, why_done);
		else
			session_make_ready(session);
	}
}

/* Roles that the operator on the unix socket has: everything but holding calls. */
static const unsigned operator_roles = ROLE_OPERATOR | ROLE_SUPERVISOR | ROLE_FEEDER | ROLE_AUDITOR | ROLE_REVIEWER;

void session_reset_identity(struct session *session)
{
	struct standing *standing = &session->standing;

	*standing = (struct standing){.protocol = 2};
	if (session->is_unix && (session->peer_uid == 0 || session->peer_uid == geteuid())) {
		(void)snprintf(standing->identity.name, sizeof standing->identity.name, "operator");
		standing->identity.roles = operator_roles;
		standing->signed_in = true;
	}
	/* Of others the book may know the user's name; it is asked in the next turn. */
	standing->looked_up = !session->is_unix || standing->signed_in;
}

/* The default identity of a unix socket's peer: the agent of its user's name. */
void session_look_up(struct session *session)
{
	struct server *server = session->server;
	char room[PASSWORD_ENTRY_SIZE];
	struct passwd entry;
	struct passwd *found = NULL;
	int result;

	if (getpwuid_r(session->peer_uid, &entry, room, sizeof room, &found) != 0 || found == NULL) {
		session->standing.looked_up = true;
		return;
	}
	if (turn_open(server) < 0)
		return;
	session_touch(session); /* whom he is found to be goes with the turn, in which that agent may have been let in */
	result = desk_identify(server->desk, found->pw_name, &session->standing.identity);
	if (turn_is_store_error(result)) {
		turn_fail(server, result);
		return;
	}
	session->standing.signed_in = result >= 0;
	session->standing.looked_up = true;
}

/* Answers that peers have not fetched, all of them together. */
static void on_output(struct evbuffer *output, const struct evbuffer_cb_info *info, void *context)
{
	struct session *session = context;

	(void)output;
	session->server->unread_bytes += info->n_added;
	session->server->unread_bytes -= info->n_deleted;
}

static struct bufferevent *open_stream(struct server *server, int fd, const struct session_peer *peer)
{
	return peer->is_tls ? tls_stream(server->base, server->tls, fd) : bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
}

int session_open(struct server *server, int fd, const struct session_peer *peer)
{
	static const struct timeval write_timeout = {.tv_sec = WRITE_TIMEOUT_SECONDS};
	struct session *session = calloc(1, sizeof *session);

	if (session == NULL)
		goto fail;
	session->server = server;
	session->is_unix = peer->is_unix;
	session->is_tls = peer->is_tls;
	session->is_console = peer->is_console;
	session->peer_uid = peer->is_unix ? peer->uid : (uid_t)-1;
	memcpy(session->source, peer->source, sizeof session->source);
	memcpy(session->peer, peer->name, sizeof session->peer);
	session->stream = open_stream(server, fd, peer);
	if (session->stream == NULL)
		goto fail;
	session->output_watch = evbuffer_add_cb(bufferevent_get_output(session->stream), on_output, session);
	if (session->output_watch == NULL) {
		bufferevent_free(session->stream);
		free(session);
		return ERR_MEMORY;
	}
	resp_parser_init(&session->parser);
	session_reset_identity(session);
	session->id = ++server->last_session_id;
	session->heard_ms = clock_monotonic_ms();
	bufferevent_setcb(session->stream, on_read, on_written, on_event, session);
	bufferevent_setwatermark(session->stream, EV_WRITE, 0, 0);
	(void)bufferevent_set_max_single_read(session->stream, server->policy->max_ahead_bytes);
	(void)bufferevent_set_timeouts(session->stream, NULL, &write_timeout);
	TAILQ_INSERT_TAIL(&server->all, session, in_all);
	server->session_count++;
	stranger_update(session);
	if (bufferevent_enable(session->stream, EV_READ | EV_WRITE) != 0)
		session_close(session, "no memory");
	return 0;
fail:
	free(session);
	(void)close(fd);
	return ERR_MEMORY;
}

void session_close(struct session *session, const char *why)
{
	struct server *server = session->server;

	if (session->is_dead)
		return;
	session->is_dead = true;
	waiter_unpark(session);
	stranger_update(session);
	server->unread_bytes -= session_unread_output(session);
	(void)evbuffer_remove_cb_entry(bufferevent_get_output(session->stream), session->output_watch);
	if (session->is_ready)
		TAILQ_REMOVE(&server->ready, session, in_ready);
	if (session->is_touched)
		TAILQ_REMOVE(&server->touched, session, in_touched);
	if (session->is_held)
		TAILQ_REMOVE(&server->held, session, in_held);
	session->is_ready = session->is_touched = session->is_held = false;
	if (session->subscribed)
		server->subscribers--;
	session->subscribed = false;
	TAILQ_REMOVE(&server->all, session, in_all);
	TAILQ_INSERT_TAIL(&server->dead, session, in_all);
	server->session_count--;
	(void)bufferevent_disable(session->stream, EV_READ | EV_WRITE);
	log_event(server->log, LOG_LEVEL_DEBUG, "disconnected", "session=%" PRIu64 " peer=%s why=\"%s\"", session->id, session->peer, why);
}

void session_free(struct session *session)
{
	if (session == NULL)
		return;
	bufferevent_free(session->stream);
	resp_parser_free(&session->parser);
	buffer_free(&session->replies);
	buffer_free(&session->held_replies);
	free(session->marks);
	free(session->held_marks);
	free(session);
}

void session_close_after_replies(struct session *session, const char *why)
{
	if (session->is_dead)
		return;
	session->closing = true;
	session->why = why;
	waiter_unpark(session);
	stranger_update(session);
	(void)bufferevent_disable(session->stream, EV_READ);
	if (!session->is_touched && !session->is_held && session_unread_output(session) == 0)
		session_close(session, why);
}

void session_make_ready(struct session *session)
{
	struct server *server = session->server;

	if (session->is_ready || session->is_dead || session->closing || session->park != PARK_NONE)
		return;
	if (!session->ended && evbuffer_get_length(bufferevent_get_input(session->stream)) == 0)
		return;
	session->is_ready = true;
	TAILQ_INSERT_TAIL(&server->ready, session, in_ready);
}

static struct resp_limits session_limits(const struct session *session)
{
	const struct policy *policy = session->server->policy;
	struct resp_limits limits = {.bytes = policy->max_request_bytes, .words = policy->max_request_arguments};

	if (!session->standing.signed_in) {
		if (limits.bytes > policy->max_stranger_bytes)
			limits.bytes = policy->max_stranger_bytes;
		if (limits.words > policy->max_stranger_arguments)
			limits.words = policy->max_stranger_arguments;
	}
	return limits;
}

/* One request from the input into the parser: 1 complete, 0 not yet, or the parser's error. */
static int session_parse(struct session *session)
{
	struct evbuffer *input = bufferevent_get_input(session->stream);
	struct resp_limits limits = session_limits(session);
	int result = 0;

	while (result == 0) {
		struct evbuffer_iovec chunk;
		size_t used = 0;
		if (evbuffer_peek(input, -1, NULL, &chunk, 1) < 1 || chunk.iov_len == 0)
			return 0;
		result = resp_parse(&session->parser, &limits, chunk.iov_base, chunk.iov_len, &used);
		if (evbuffer_drain(input, used) != 0)
			return ERR_MEMORY;
	}
	return result;
}

void session_refuse(struct session *session, const char *word, const char *text)
{
	struct reply reply = {.out = &session->replies, .protocol = session->standing.protocol};

	session_touch(session);
	reply_error(&reply, word, text);
	session_mark(session, false);
	log_event(session->server->log, LOG_LEVEL_INFO, "connection_ended", "session=%" PRIu64 " peer=%s text=\"%s\"", session->id,
		session->peer, text);
	session_close_after_replies(session, text);
}

static void session_refuse_bytes(struct session *session, int error)
{
	char text[160];

	if (error == ERR_SYNTAX)
		(void)snprintf(text, sizeof text, "Protocol error: %s", session->parser.complaint);
	else
		(void)snprintf(text, sizeof text, "out of memory");
	session_refuse(session, error == ERR_SYNTAX ? "ERR" : command_error_word(error), text);
}

size_t session_run(struct session *session, size_t count)
{
	struct server *server = session->server;
	size_t executed = 0;
	bool idle = false; /* nothing more can be done for it before something happens */

	session->is_ready = false;
	TAILQ_REMOVE(&server->ready, session, in_ready);
	while (executed < count && !session->is_dead && !session->closing && session->park == PARK_NONE) {
		int result;
		/* Whoever does not take his answers gets no more of them; on_written makes him ready again. */
		if (!session->standing.looked_up)
			session_look_up(session);
		stranger_update(session);
		size_t limit = session->standing.signed_in ? server->policy->max_output_bytes : server->policy->max_stranger_output;
		idle = session_unread_output(session) + session->held_replies.length + session->replies.length > limit;
		if (idle)
			break;
		result = session_parse(session);
		if (result < 0) {
			session_refuse_bytes(session, result);
			break;
		}
		idle = result == 0;
		if (idle)
			break;
		if (session->parser.count == 0)
			continue;
		if (executed++ > 0 && clock_monotonic_us() - server->turn_began_us > SESSION_US_A_TURN)
			count = executed; /* the last one: the others wait too */
		turn_execute(server, session, false);
		stranger_update(session);
	}
	server->turn_bytes += session->replies.length;
	if (executed > 0 && !session->is_dead) {
		/* Keeps the list of all in the order of silence. */
		session->heard_ms = clock_monotonic_ms();
		TAILQ_REMOVE(&server->all, session, in_all);
		TAILQ_INSERT_TAIL(&server->all, session, in_all);
	}
	if (!idle)
		session_make_ready(session);
	else if (session->ended && evbuffer_get_length(bufferevent_get_input(session->stream)) == 0)
		session_close_after_replies(session, why_done);
	session_resume_reading(session);
	return executed;
}

void session_touch(struct session *session)
{
	if (session->is_touched || session->is_dead)
		return;
	session->is_touched = true;
	session->committed = session->standing;
	TAILQ_INSERT_TAIL(&session->server->touched, session, in_touched);
}

void session_mark(struct session *session, bool stored)
{
	if (session->mark_count == session->mark_capacity) {
		size_t capacity = session->mark_capacity > 0 ? session->mark_capacity * 2 : 8;
		struct reply_mark *marks = realloc(session->marks, capacity * sizeof *marks);
		if (marks == NULL) {
			session->replies.failed = true; /* delivering will find it out */
			return;
		}
		session->marks = marks;
		session->mark_capacity = capacity;
	}
	session->marks[session->mark_count++] = (struct reply_mark){.end = session->replies.length, .stored = stored};
}

void session_take_back(struct session *session)
{
	size_t end = session->mark_count > 0 ? session->marks[session->mark_count - 1].end : 0;

	if (session->replies.failed || session->replies.length == end)
		return;
	session->replies.length = end;
	session->replies.data[end] = '\0';
}

void session_fail_marks(struct session *session, bool all)
{
	for (size_t i = 0; i < session->mark_count; i++)
		session->marks[i].failed |= all || session->marks[i].stored;
	session->standing = session->committed;
	stranger_update(session);
}

static void swap_buffers(struct buffer *one, struct buffer *other)
{
	struct buffer kept = *one;

	*one = *other;
	*other = kept;
}

void session_hold(struct session *session)
{
	struct server *server = session->server;
	struct reply_mark *marks = session->held_marks;
	size_t capacity = session->held_capacity;

	if (session->is_held)
		abort(); /* a turn ends when the one before is on the disk */
	swap_buffers(&session->replies, &session->held_replies);
	session->held_marks = session->marks;
	session->held_capacity = session->mark_capacity;
	session->held_count = session->mark_count;
	session->marks = marks;
	session->mark_capacity = capacity;
	session->mark_count = 0;
	TAILQ_REMOVE(&server->touched, session, in_touched);
	session->is_touched = false;
	TAILQ_INSERT_TAIL(&server->held, session, in_held);
	session->is_held = true;
}

void session_fail_held(struct session *session)
{
	for (size_t i = 0; i < session->held_count; i++)
		session->held_marks[i].failed |= session->held_marks[i].stored;
}

/* When all peers together have left too much unread, those who have left most are cut off: memory is for those who work. */
static void session_relieve(struct server *server)
{
	while (server->unread_bytes > server->policy->max_output_total) {
		struct session *worst = NULL;
		struct session *session;
		TAILQ_FOREACH(session, &server->all, in_all)
		if (worst == NULL || session_unread_output(session) > session_unread_output(worst))
			worst = session;
		if (worst == NULL)
			return;
		log_event(server->log, LOG_LEVEL_WARNING, "unread_answers",
			"session=%" PRIu64 " peer=%s bytes=%zu text=\"cut off: all together have left too much unread\"", worst->id,
			worst->peer, session_unread_output(worst));
		session_close(worst, "all together have left too much unread (limits: output_total)");
	}
}

/* Most answers fit into the socket at once, without the detour by the loop: how many bytes went. What did not, or an error, is left to the stream. */
static size_t send_at_once(struct session *session, const char *bytes, size_t length)
{
	ssize_t sent;

	if (session->is_tls || session_unread_output(session) > 0)
		return 0;
	sent = send(bufferevent_getfd(session->stream), bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	return sent > 0 ? (size_t)sent : 0;
}

void session_deliver(struct session *session)
{
	struct server *server = session->server;
	struct evbuffer *output = bufferevent_get_output(session->stream);
	const struct buffer *replies = &session->held_replies;
	size_t start = 0;
	bool lost = replies->failed;

	TAILQ_REMOVE(&server->held, session, in_held);
	session->is_held = false;
	for (size_t i = 0; i < session->held_count && !lost; i++) {
		const struct reply_mark *mark = &session->held_marks[i];
		size_t end = mark->end;
		if (mark->failed) {
			lost = evbuffer_add_printf(output, "-STORE %s\r\n", server->health.refusal) < 0;
		} else {
			/* Neighbours that went well go out in one piece. */
			while (i + 1 < session->held_count && !session->held_marks[i + 1].failed)
				end = session->held_marks[++i].end;
			start += end > start ? send_at_once(session, replies->data + start, end - start) : 0;
			lost = end > start && evbuffer_add(output, replies->data + start, end - start) != 0;
		}
		start = end;
	}
	session->held_count = 0;
	if (replies->capacity > KEEP_REPLIES || replies->failed)
		buffer_free(&session->held_replies);
	else
		buffer_clear(&session->held_replies);
	if (lost)
		session_close(session, "no memory for its answers");
	else if (session->closing && !session->is_touched && session_unread_output(session) == 0)
		session_close(session, session->why);
	else if (session_unread_output(session) == 0)
		session_make_ready(session); /* as on_written() does */
	session_relieve(server);
}
