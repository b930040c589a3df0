/* ctl_connection.h - followupctl: the way to the daemon. Every failure is told on standard error here, in words that say what to do next; callers pass the exit
 * status on. */
#ifndef FOLLOWUP_CTL_CONNECTION_H
#define FOLLOWUP_CTL_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "followup/ctl_reply.h"
#include "followup/error.h"

struct redisContext; /* hiredis */
struct redisReply;

/* Exit statuses; the manual lists them. */
enum ctl_status {
	CTL_OK = 0,
	CTL_REFUSED = 1,       /* the daemon said no, or some rows were bad */
	CTL_USAGE = 2,         /* the command line has no meaning */
	CTL_NO_CONNECTION = 3, /* the daemon cannot be reached, or the connection broke */
	CTL_NOTHING = 4,       /* nothing is there */
};

struct ctl_target {
	const char *socket; /* path; used when host is NULL */
	const char *host;
	int port;
	const char *agent;      /* NULL: whoever the daemon takes this user for */
	const char *token_file; /* NULL: the token stands in the environment, FOLLOWUP_TOKEN */
	bool quiet;             /* say nothing when it cannot be reached */
};

/* Connects and signs in. */
enum ctl_status ctl_connect(const struct ctl_target *target, struct redisContext **out) MUST_CHECK;

/* Sends one command and waits for its answer, which the caller frees with freeReplyObject; CTL_OK for error answers too. */
enum ctl_status ctl_ask(
	struct redisContext *context, size_t count, const char **words, const size_t *lengths, struct redisReply **out) MUST_CHECK;

/* Tells an error answer and what to do next; always CTL_REFUSED. */
enum ctl_status ctl_tell_error(const struct redisReply *reply);

#endif
