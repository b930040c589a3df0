/* session.h - one connection: who is at the other end, what it has sent, what it will hear. */
#ifndef FOLLOWUP_SESSION_H
#define FOLLOWUP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "followup/buffer.h"
#include "followup/desk.h"
#include "followup/reply.h"
#include "followup/resp.h"

struct bufferevent;
struct evbuffer_cb_entry;
struct long_job;
struct server;

enum {
	SESSION_NAME_SIZE = 65,
	SESSION_REQUESTS_A_TURN = 128,
	SESSION_US_A_TURN = 8000, /* a turn that has gone on for so long executes no second request of anybody */
	SESSION_AUTH_FAILURES_MAX = 5,
};

/* What a session whose request has no answer yet waits for. Until it is answered nothing more of what it sent is looked at. */
enum park {
	PARK_NONE,
	PARK_NEXT,   /* a call, in NEXT WAIT */
	PARK_LIST,   /* calls, in NEXT WAIT COUNT: the same, but nothing is the null of a list */
	PARK_BACKUP, /* a copy of the book to be made and verified */
	PARK_IDLE,   /* the engine to have done all its work, in CLOCK */
	PARK_WORKER, /* its long command, which the other thread works on */
};

/* Where one command's reply ends in the session's replies, so that it can be replaced when the turn's commit fails. */
struct reply_mark {
	size_t end;
	bool stored; /* the command used the store */
	bool failed; /* and what it did was lost */
};

/* The part of a session that a command may change and a failed commit must put back. */
struct standing {
	struct identity identity;
	bool signed_in; /* identity means something */
	bool looked_up; /* the default identity of a unix socket's peer has been looked for */
	int protocol;   /* 2 or 3 */
};

struct session {
	TAILQ_ENTRY(session) in_all;       /* every session, longest silent first */
	TAILQ_ENTRY(session) in_ready;     /* those with input to look at in the next turn */
	TAILQ_ENTRY(session) in_touched;   /* those that this turn has a reply for */
	TAILQ_ENTRY(session) in_held;      /* those whose answers wait for the disk */
	TAILQ_ENTRY(session) in_parked;    /* those that wait, in the order they came */
	TAILQ_ENTRY(session) in_strangers; /* those that nobody is signed in on, in the order they became so */
	bool is_ready, is_touched, is_held, is_dead, is_stranger;

	struct server *server;
	struct bufferevent *stream;
	struct evbuffer_cb_entry *output_watch;
	uint64_t id;
	bool is_tls, is_unix;
	uid_t peer_uid;
	int64_t stranger_since_ms; /* monotonic */
	bool is_console;           /* many people are; it counts by source itself */
	char source[64];           /* who is behind it, for limits: "uid=1000", "192.0.2.7", the first half of an IPv6 address */
	char peer[80];             /* for the log: "unix:uid=1000", "127.0.0.1:50123" */
	char name[SESSION_NAME_SIZE];
	struct standing standing;
	struct standing committed; /* as it was when this turn first touched it */
	int auth_failures;

	struct resp_parser parser;
	bool ended;          /* the peer will send no more */
	bool reading_paused; /* so much has come that is not executed yet that no more is read */
	bool closing;        /* nothing more is read; it goes when all replies are out */
	const char *why;     /* it is closing */
	int64_t heard_ms;    /* monotonic time of its last request */

	bool subscribed; /* hears of every event */

	enum park park;
	int64_t park_until_ms;
	struct long_job *job; /* PARK_WORKER: what it waits for */
	uint64_t sweep;       /* the last look at the waiting sessions that included it */

	/* Of the turn that is worked; and put aside, of the one before, whose commit is not known to be on the disk yet. */
	struct buffer replies, held_replies;
	struct reply_mark *marks, *held_marks;
	size_t mark_count, held_count;
	size_t mark_capacity, held_capacity;
};
TAILQ_HEAD(session_list, session);

/* Where a connection comes from. */
struct session_peer {
	bool is_unix, is_tls;
	bool is_console; /* its connections are those of many people (limits: console_user) */
	uid_t uid;       /* on a unix socket */
	char source[64]; /* as in struct session */
	char name[80];
};

/* Takes over a connected, non-blocking socket, or closes it on failure. */
int session_open(struct server *server, int fd, const struct session_peer *peer) MUST_CHECK;

/* Ends it: off all lists now, freed by server at the end of the loop's turn. why goes to the log. Harmless when it is dead already. */
void session_close(struct session *session, const char *why);
void session_free(struct session *session); /* for server only */

/* Closes it once its replies are out. */
void session_close_after_replies(struct session *session, const char *why);

/* Marks it as having something to do in the next turn, unless it waits, closes or is dead. */
void session_make_ready(struct session *session);

/* Reads and executes complete requests, at most count of them; the number executed. It stays ready when more are there. */
size_t session_run(struct session *session, size_t count);

/* Puts it among those that get their replies at the end of this turn, and remembers how it stood. */
void session_touch(struct session *session);

/* Ends the reply of one command. Everything in replies since the last mark belongs to it. */
void session_mark(struct session *session, bool stored);

/* Takes back what it has been told since the last mark. */
void session_take_back(struct session *session);

/* The turn was lost: every stored reply of it, or all of them, will be replaced, and the session stands as before. */
void session_fail_marks(struct session *session, bool all);

/* Puts its replies of this turn aside until its commit is on the disk. */
void session_hold(struct session *session);

/* What was put aside was not made durable: every stored reply of it will be replaced. */
void session_fail_held(struct session *session);

/* Sends what was put aside. */
void session_deliver(struct session *session);

/* Answers with an error of its own accord, and closes it. */
void session_refuse(struct session *session, const char *word, const char *text);

/* Whether the user behind a unix socket is an agent. */
void session_look_up(struct session *session);

/* Back to what the connection itself says of the peer. */
void session_reset_identity(struct session *session);

#endif
