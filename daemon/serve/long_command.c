#include "followup/long_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/server.h"
#include "followup/store_record.h"
#include "followup/turn.h"
#include "followup/waiter.h"
#include "followup/worker.h"

struct long_job {
	struct job job;          /* first, so that the one is the other */
	struct worker *worker;   /* whose it is */
	struct session *session; /* who waits; NULL: gone */
	struct policy *policy;   /* held */
	struct long_command work;
	struct request request; /* its words are copies */
	struct identity who;
	struct buffer reply, notes;
	struct answer answer;
};

static void free_job(struct long_job *job)
{
	if (job->work.own_free != NULL)
		job->work.own_free(job->work.own);
	for (size_t i = 0; job->request.words != NULL && i < job->request.count; i++)
		free((void *)(uintptr_t)job->request.words[i]);
	free((void *)(uintptr_t)job->request.words);
	free((void *)(uintptr_t)job->request.lengths);
	buffer_free(&job->reply);
	buffer_free(&job->notes);
	buffer_free(&job->answer.json);
	policy_free(job->policy);
	free(job);
}

static int run(struct job *base, const struct worker_book *book)
{
	struct long_job *job = (struct long_job *)base;
	struct request *request = &job->request;

	request->store = book->store;
	request->engine = book->engine;
	request->desk = book->desk;
	int result = job->work.handler(request);
	/* A part of an answer is none. */
	return result >= 0 && (job->reply.failed || job->answer.json.failed) ? ERR_MEMORY : result;
}

/* Words for whoever waited in vain. */
static const char *stop_text(enum job_stop stop)
{
	switch (stop) {
	case JOB_STOP_PINNED:
		return "ended: so much was written meanwhile that it held up the log of writes beyond its limit (limits: wal_limit); ask "
		       "again when less is written";
	case JOB_STOP_DRAIN:
		return "the daemon stops";
	case JOB_STOP_GONE:
	case JOB_STOP_NONE:
		break;
	}
	return "ended before it was done; ask again";
}

static void say_notes(struct server *server, struct long_job *job)
{
	char *rest = job->notes.failed ? NULL : job->notes.data;
	const char *line;

	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			log_line(server->log, LOG_LEVEL_INFO, line);
}

/* Why a long command has no answer. */
static void tell_failure(struct long_job *job, struct reply *reply, int result)
{
	const char *text = error_text(result);

	if (job->work.then == NULL && job->job.stop != JOB_STOP_NONE)
		text = stop_text(job->job.stop);
	else if (job->answer.why[0] != '\0')
		text = job->answer.why;
	reply_error(reply, command_error_word(result), text);
}

/* What the handler, or the second half of the command, has to say. */
static int answer(struct server *server, struct long_job *job, struct reply *reply, bool *used_store)
{
	struct request request = job->request;

	if (job->work.then == NULL) {
		if (job->job.result >= 0)
			buffer_append(reply->out, job->reply.data != NULL ? job->reply.data : "", job->reply.length);
		return job->job.result;
	}
	request.server = server;
	request.session = job->session;
	request.now = zone_moment(clock_now(server->business_clock));
	request.store = server->store;
	request.engine = server->engine;
	request.desk = server->desk;
	request.policy = server->policy;
	request.reply = *reply;
	request.notes = NULL;
	request.result = job->job.result;
	server->now = request.now;
	if (request.result < 0 && job->job.stop != JOB_STOP_NONE)
		(void)snprintf(job->answer.why, sizeof job->answer.why, "%s", stop_text(job->job.stop));
	store_record_by(server->store, job->who.name);
	int result = job->work.then(&request);
	store_record_by(server->store, NULL);
	*used_store = request.used_store;
	if (turn_is_store_error(result))
		(void)snprintf(job->answer.why, sizeof job->answer.why, "%s", server->health.message);
	return result;
}

static void finish(struct job *base, void *context)
{
	struct long_job *job = (struct long_job *)base;
	struct server *server = context;
	struct session *session = job->session;
	const char *word = "ERR";
	char why[512];
	bool used_store = false;

	if (session == NULL) {
		free_job(job);
		return;
	}
	session->job = NULL;
	/* As before its first half: the turn that is open is somebody else's. */
	if ((job->request.command->flags & COMMAND_ALONE) != 0)
		turn_close(server);
	if (session->is_dead) { /* an answer that went out was the end of it */
		free_job(job);
		return;
	}
	session_touch(session);
	say_notes(server, job);
	struct reply reply = {.out = &session->replies, .protocol = session->standing.protocol};
	/* His rights may have been taken away while he waited. */
	const struct identity *who = session->standing.signed_in ? &session->standing.identity : NULL;
	if (command_check(job->request.command, who, job->request.count, &word, why, sizeof why) < 0) {
		reply_error(&reply, word, why);
	} else {
		int result = answer(server, job, &reply, &used_store);
		if (result < 0) {
			session_take_back(session);
			tell_failure(job, &reply, result);
		}
		/* What the second connection has read is the same disk. */
		if (job->job.result == ERR_CORRUPT)
			turn_fail(server, ERR_CORRUPT);
	}
	session_mark(session, used_store);
	waiter_unpark(session);
	free_job(job);
}

static int copy_words(struct long_job *job, const struct request *request)
{
	char **words = calloc(request->count, sizeof *words);
	size_t *lengths = calloc(request->count, sizeof *lengths);

	job->request.words = (const char *const *)words;
	job->request.lengths = lengths;
	if (words == NULL || lengths == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < request->count; i++) {
		words[i] = malloc(request->lengths[i] + 1);
		if (words[i] == NULL)
			return ERR_MEMORY;
		memcpy(words[i], request->words[i], request->lengths[i]);
		words[i][request->lengths[i]] = '\0';
		lengths[i] = request->lengths[i];
	}
	return 0;
}

static int refuse(struct request *request, const char *why)
{
	(void)snprintf(request->answer->why, sizeof request->answer->why, "%s", why);
	return ERR_BUSY;
}

struct worker *long_command_worker(struct server *server, const struct command *command)
{
	return (command->flags & COMMAND_BRIEF) != 0 ? server->brief : server->worker;
}

int long_command_begin(struct request *request, const struct long_command *work)
{
	struct server *server = request->server;
	struct long_job *job = calloc(1, sizeof *job);
	int result;

	if (job == NULL) {
		if (work->own_free != NULL)
			work->own_free(work->own);
		return ERR_MEMORY;
	}
	job->work = *work;
	job->policy = policy_hold(server->policy);
	job->job = (struct job){.run = run, .finish = finish, .policy = job->policy};
	job->worker = long_command_worker(server, request->command);
	job->session = request->session;
	job->who = request->session->standing.identity;
	job->request = (struct request){
		.command = request->command,
		.count = request->count,
		.who = &job->who,
		.policy = job->policy,
		.now = request->now,
		.reply = {.out = &job->reply, .protocol = request->reply.protocol},
		.answer = &job->answer,
		.notes = &job->notes,
		.own = work->own,
	};
	result = copy_words(job, request);
	if (result == 0 && job->worker == NULL)
		result = refuse(request, "the book cannot be read a second time; the log said why at the start");
	if (result == 0 && worker_submit(job->worker, &job->job, server->policy->long_commands_max) < 0)
		result = refuse(request, "so many long commands wait already (limits: long_commands)");
	if (result < 0) {
		free_job(job);
		return result;
	}
	request->session->job = job;
	request->park = PARK_WORKER;
	return COMMAND_PARKED;
}

void long_command_leave(struct session *session)
{
	struct long_job *job = session->job;

	if (job == NULL)
		return;
	session->job = NULL;
	job->session = NULL;
	worker_cancel(job->worker, &job->job, JOB_STOP_GONE);
}
