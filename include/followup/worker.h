/* worker.h - the second thread: long reads, one after the other, beside the loop (DESIGN 1).
 *
 * A job is made on the loop's thread, run on the worker's, and finished on the loop's again. The worker knows nothing of what jobs do; job->run may use what it is handed and what the job
 * holds, nothing else: no server, no session, no log. All functions here belong to the loop's thread. */
#ifndef FOLLOWUP_WORKER_H
#define FOLLOWUP_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "followup/error.h"
#include "followup/policy.h"

struct event_base;
struct store;
struct engine;
struct desk;
struct worker;

/* Why a job was ended before it was done. */
enum job_stop {
	JOB_STOP_NONE,
	JOB_STOP_GONE,   /* nobody waits for it any more */
	JOB_STOP_DRAIN,  /* the daemon stops */
	JOB_STOP_PINNED, /* its snapshot has kept the WAL from being emptied for too long */
};

/* The book as a job may look at it: read only, one snapshot, which begins before job->run and ends after it. */
struct worker_book {
	struct store *store;
	struct engine *engine;
	struct desk *desk;
};

struct job {
	TAILQ_ENTRY(job) in_list;
	/* On the worker's thread. Its result goes to job->result; ERR_BUSY where store_interrupt() has ended it. */
	int (*run)(struct job *job, const struct worker_book *book);
	/* On the loop's thread, between turns, once for each job that was submitted: answers, and frees the job. */
	void (*finish)(struct job *job, void *context);
	const struct policy *policy; /* whoever made the job holds it until finish */
	int result;
	enum job_stop stop;
};
TAILQ_HEAD(job_list, job);

/* Opens the second connection and starts the thread. on_done's context is handed to job->finish. message: 256 bytes. */
int worker_new(struct event_base *base, const char *database, void *context, struct worker **out, char message[256]) MUST_CHECK;

/* Ends what is running, finishes every job and joins the thread. */
void worker_free(struct worker *worker);

/* Takes a job that begins with the next worker_release(): after the commit of the turn that it was asked in, so that it sees what the asker has written. ERR_BUSY: most jobs are there
 * already. */
int worker_submit(struct worker *worker, struct job *job, size_t most) MUST_CHECK;
void worker_release(struct worker *worker);

/* Nobody waits for it any more. It is finished at once, or as soon as it has stopped. */
void worker_cancel(struct worker *worker, struct job *job, enum job_stop why);

/* The daemon stops: every job is ended. */
void worker_drain(struct worker *worker);

/* While it is held no further job begins; the one that runs goes on. */
void worker_hold(struct worker *worker, bool held);

/* Whether a job looks at the book just now. */
bool worker_is_reading(struct worker *worker);

/* After a commit: ends the running job when the WAL has more than limit bytes, and its snapshot has to do with it: it has grown by a quarter of that since the job began. */
void worker_watch_wal(struct worker *worker, int64_t wal_bytes, int64_t limit);

/* How many jobs there are, the running one included. */
size_t worker_count(const struct worker *worker);

#endif
