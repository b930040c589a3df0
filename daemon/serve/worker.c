#include "followup/worker.h"

#include <event2/event.h>
#include <event2/util.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "followup/desk.h"
#include "followup/engine.h"
#include "followup/store_reader.h"
#include "followup/thread.h"

struct worker {
	/* The loop's thread alone. */
	void *context;
	struct event *event;
	struct job_list fresh; /* submitted, not released yet */
	size_t count;          /* jobs not finished yet */
	uint64_t watched_run;  /* which run the WAL is watched for, */
	int64_t watched_from;  /* and how large it was when that began */
	struct thread thread;

	/* The worker's thread alone, while it lives. */
	struct worker_book book;

	/* Shared, under lock. */
	struct job_list waiting, done;
	struct job *running;
	uint64_t runs; /* jobs begun so far */
	bool held;
	int bell; /* an eventfd: rung when something is done */
};

static void ring(const struct worker *worker)
{
	const uint64_t one = 1;

	/* It fails only when it has been rung 2^64 times. */
	if (write(worker->bell, &one, sizeof(one)) < 0)
		return;
}

static int run_job(struct job *job, const struct worker_book *book)
{
	int result = store_read_begin(book->store);

	if (result == 0)
		result = engine_read_with(book->engine, job->policy);
	if (result == 0) {
		desk_set_policy(book->desk, job->policy);
		result = job->run(job, book);
		/* Whether all that it has read could be read. A job that has let go of the snapshot did not need it. */
		int whole = store_is_reading(book->store) ? store_ping(book->store) : 0;
		if (result >= 0 && whole < 0)
			result = whole;
	}
	store_read_end(book->store);
	return result;
}

static void *work(void *argument)
{
	struct worker *worker = argument;

	thread_lock(&worker->thread);
	for (;;) {
		while ((TAILQ_EMPTY(&worker->waiting) || worker->held) && !worker->thread.is_ending)
			thread_sleep(&worker->thread);
		if (worker->thread.is_ending)
			break;
		struct job *job = TAILQ_FIRST(&worker->waiting);
		TAILQ_REMOVE(&worker->waiting, job, in_list);
		worker->running = job;
		worker->runs++;
		store_calm(worker->book.store);
		thread_unlock(&worker->thread);
		int result = run_job(job, &worker->book);
		thread_lock(&worker->thread);
		job->result = result;
		worker->running = NULL;
		TAILQ_INSERT_TAIL(&worker->done, job, in_list);
		ring(worker);
	}
	thread_unlock(&worker->thread);
	return NULL;
}

static void finish_list(struct worker *worker, struct job_list *list)
{
	struct job *job;

	while ((job = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, job, in_list);
		worker->count--;
		job->finish(job, worker->context);
	}
}

static void on_bell(evutil_socket_t bell, short what, void *context)
{
	struct worker *worker = context;
	struct job_list done = TAILQ_HEAD_INITIALIZER(done);
	uint64_t rung;

	(void)what;
	if (read(bell, &rung, sizeof(rung)) < 0)
		return; /* somebody else's wake-up */
	thread_lock(&worker->thread);
	TAILQ_CONCAT(&done, &worker->done, in_list);
	thread_unlock(&worker->thread);
	finish_list(worker, &done);
}

static int open_book(struct worker *worker, const char *database, char message[256])
{
	struct worker_book *book = &worker->book;
	int result = store_open_reader(database, &book->store, message);

	if (result < 0)
		return result;
	book->engine = engine_new(book->store);
	book->desk = book->engine != NULL ? desk_new(book->store, book->engine) : NULL;
	if (book->desk != NULL)
		return 0;
	snprintf(message, 256, "out of memory");
	return ERR_MEMORY;
}

int worker_new(struct event_base *base, const char *database, void *context, struct worker **out, char message[256])
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int result;

	if (worker == NULL) {
		snprintf(message, 256, "out of memory");
		return ERR_MEMORY;
	}
	worker->context = context;
	TAILQ_INIT(&worker->fresh);
	TAILQ_INIT(&worker->waiting);
	TAILQ_INIT(&worker->done);
	thread_prepare(&worker->thread);
	worker->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	worker->event = worker->bell >= 0 ? event_new(base, worker->bell, EV_READ | EV_PERSIST, on_bell, worker) : NULL;
	if (worker->event == NULL || event_add(worker->event, NULL) != 0) {
		snprintf(message, 256, "no descriptor or no memory for its bell");
		result = ERR_SYSTEM;
	} else {
		result = open_book(worker, database, message);
	}
	if (result == 0 && !thread_start(&worker->thread, work, worker)) {
		snprintf(message, 256, "no thread can be started");
		result = ERR_SYSTEM;
	}
	if (result < 0) {
		worker_free(worker);
		return result;
	}
	*out = worker;
	return 0;
}

void worker_free(struct worker *worker)
{
	if (worker == NULL)
		return;
	worker_drain(worker);
	thread_end(&worker->thread);
	finish_list(worker, &worker->done);
	desk_free(worker->book.desk);
	engine_free(worker->book.engine);
	store_close(worker->book.store);
	if (worker->event != NULL)
		event_free(worker->event);
	if (worker->bell >= 0)
		(void)close(worker->bell);
	thread_destroy(&worker->thread);
	free(worker);
}

int worker_submit(struct worker *worker, struct job *job, size_t most)
{
	if (worker->count >= most)
		return ERR_BUSY;
	job->stop = JOB_STOP_NONE;
	job->result = 0;
	TAILQ_INSERT_TAIL(&worker->fresh, job, in_list);
	worker->count++;
	return 0;
}

void worker_release(struct worker *worker)
{
	if (TAILQ_EMPTY(&worker->fresh))
		return;
	thread_lock(&worker->thread);
	TAILQ_CONCAT(&worker->waiting, &worker->fresh, in_list);
	thread_wake(&worker->thread);
	thread_unlock(&worker->thread);
}

static bool stands_in(const struct job_list *list, const struct job *job)
{
	const struct job *other;

	TAILQ_FOREACH(other, list, in_list)
	if (other == job)
		return true;
	return false;
}

void worker_cancel(struct worker *worker, struct job *job, enum job_stop why)
{
	struct job_list ended = TAILQ_HEAD_INITIALIZER(ended);
	struct job_list *list = NULL;

	thread_lock(&worker->thread);
	if (job->stop == JOB_STOP_NONE)
		job->stop = why;
	if (worker->running == job)
		store_interrupt(worker->book.store);
	else if (stands_in(&worker->fresh, job))
		list = &worker->fresh;
	else if (stands_in(&worker->waiting, job))
		list = &worker->waiting;
	if (list != NULL) { /* otherwise it is done, and the bell has rung */
		TAILQ_REMOVE(list, job, in_list);
		TAILQ_INSERT_TAIL(&ended, job, in_list);
		job->result = ERR_BUSY;
	}
	thread_unlock(&worker->thread);
	finish_list(worker, &ended);
}

void worker_drain(struct worker *worker)
{
	struct job_list ended = TAILQ_HEAD_INITIALIZER(ended);
	struct job *job;

	thread_lock(&worker->thread);
	TAILQ_CONCAT(&ended, &worker->waiting, in_list);
	TAILQ_CONCAT(&ended, &worker->fresh, in_list);
	if (worker->running != NULL) {
		if (worker->running->stop == JOB_STOP_NONE)
			worker->running->stop = JOB_STOP_DRAIN;
		store_interrupt(worker->book.store);
	}
	thread_unlock(&worker->thread);
	TAILQ_FOREACH(job, &ended, in_list)
	{
		job->stop = JOB_STOP_DRAIN;
		job->result = ERR_BUSY;
	}
	finish_list(worker, &ended);
}

void worker_watch_wal(struct worker *worker, int64_t wal_bytes, int64_t limit)
{
	thread_lock(&worker->thread);
	struct job *job = worker->running;
	if (job != NULL && store_is_reading(worker->book.store)) {
		/* It was smaller before: it has been emptied, or begun anew, in the meantime. */
		if (worker->watched_run != worker->runs || wal_bytes < worker->watched_from) {
			worker->watched_run = worker->runs;
			worker->watched_from = wal_bytes;
		}
		if (wal_bytes > limit && wal_bytes - worker->watched_from > limit / 4 && job->stop == JOB_STOP_NONE) {
			job->stop = JOB_STOP_PINNED;
			store_interrupt(worker->book.store);
		}
	}
	thread_unlock(&worker->thread);
}

void worker_hold(struct worker *worker, bool held)
{
	thread_lock(&worker->thread);
	worker->held = held;
	if (!held)
		thread_wake(&worker->thread);
	thread_unlock(&worker->thread);
}

bool worker_is_reading(struct worker *worker)
{
	thread_lock(&worker->thread);
	bool reading = worker->running != NULL && store_is_reading(worker->book.store);
	thread_unlock(&worker->thread);
	return reading;
}

size_t worker_count(const struct worker *worker)
{
	return worker->count;
}
