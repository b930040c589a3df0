/* long_command.h - a command whose handler runs on the worker's thread while its session waits (worker.h). */
#ifndef FOLLOWUP_LONG_COMMAND_H
#define FOLLOWUP_LONG_COMMAND_H

#include "followup/command.h"
#include "followup/error.h"

struct session;

struct long_command {
	/* On the worker's thread: the request has words, who, now, answer, reply, policy and a store, engine and desk that only read; no server and no session. */
	command_handler *handler;
	/* On the loop's thread, between turns and outside any transaction, with the answer that the handler has made and its result in request->result: gives the reply; what it writes it
	 * writes with turn_run(). NULL: what the
	 * handler has written is the reply. Not called when the asker has gone away or the daemon stops. */
	command_handler *then;
	void *own; /* in request->own for both; own_free gets it at the end, also when nothing has come of it */
	void (*own_free)(void *own);
};

/* The thread that a command's reads belong on; NULL: there is none. */
struct worker *long_command_worker(struct server *server, const struct command *command);

/* Hands the request over: COMMAND_PARKED, or an error (own is freed). It begins when the turn is committed. ERR_BUSY: there is no worker, or so many commands wait for it. */
int long_command_begin(struct request *request, const struct long_command *work) MUST_CHECK;

/* The session waits no more for its long command. */
void long_command_leave(struct session *session);

#endif
