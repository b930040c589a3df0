#include "followup/worker.h"

#include <event2/event.h>
#include <event2/util.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "followup/desk.h"
#include "followup/engine.h"
#include "followup/store_reader.h"

struct worker {
	/* The loop's thread alone. */
	void *context;
	struct event *event;
	struct job_list fresh; /* submitted, not released yet */
	size_t count;          /* jobs not finished yet */
	uint64_t watched_run;  /* which run the WAL is watched for, */
	int64_t watched_from;  /* and how large it was when that began */
	bool has_thread;
	pthread_t thread;

	/* The worker's thread alone, while it lives. */
	struct worker_book book;

	/* Shared, under lock. */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct job_list waiting, done;
	struct job *running;
	uint64_t runs; /* jobs begun so far */
	bool held;
	bool ending;
	int bell; /* an eventfd: rung when something is done */
};

/* Without lock and key: whatever goes wrong with these is a mistake of the program. */
static void lock(struct worker *worker)
{
	if (pthread_mutex_lock(&worker->lock) != 0)
		abort();
}

static void unlock(struct worker *worker)
{
	if (pthread_mutex_unlock(&worker->lock) != 0)
		abort();
}

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

	lock(worker);
	for (;;) {
		while ((TAILQ_EMPTY(&worker->waiting) || worker->held) && !worker->ending)
			if (pthread_cond_wait(&worker->wake, &worker->lock) != 0)
				abort();
		if (worker->ending)
			break;
		struct job *job = TAILQ_FIRST(&worker->waiting);
		TAILQ_REMOVE(&worker->waiting, job, in_list);
		worker->running = job;
		worker->runs++;
		store_calm(worker->book.store);
		unlock(worker);
		int result = run_job(job, &worker->book);
		lock(worker);
		job->result = result;
		worker->running = NULL;
		TAILQ_INSERT_TAIL(&worker->done, job, in_list);
		ring(worker);
	}
	unlock(worker);
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
	lock(worker);
	TAILQ_CONCAT(&done, &worker->done, in_list);
	unlock(worker);
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

/* Signals are the loop's. */
static int start_thread(struct worker *worker)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
		return ERR_SYSTEM;
	worker->has_thread = pthread_create(&worker->thread, NULL, work, worker) == 0;
	if (pthread_sigmask(SIG_SETMASK, &before, NULL) != 0)
		abort();
	return worker->has_thread ? 0 : ERR_SYSTEM;
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
	if (pthread_mutex_init(&worker->lock, NULL) != 0 || pthread_cond_init(&worker->wake, NULL) != 0)
		abort(); /* on Linux neither can fail */
	worker->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	worker->event = worker->bell >= 0 ? event_new(base, worker->bell, EV_READ | EV_PERSIST, on_bell, worker) : NULL;
	if (worker->event == NULL || event_add(worker->event, NULL) != 0) {
		snprintf(message, 256, "no descriptor or no memory for its bell");
		result = ERR_SYSTEM;
	} else {
		result = open_book(worker, database, message);
	}
	if (result == 0 && (result = start_thread(worker)) < 0)
		snprintf(message, 256, "no thread can be started");
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
	if (worker->has_thread) {
		lock(worker);
		worker->ending = true;
		if (pthread_cond_signal(&worker->wake) != 0)
			abort();
		unlock(worker);
		if (pthread_join(worker->thread, NULL) != 0)
			abort();
	}
	finish_list(worker, &worker->done);
	desk_free(worker->book.desk);
	engine_free(worker->book.engine);
	store_close(worker->book.store);
	if (worker->event != NULL)
		event_free(worker->event);
	if (worker->bell >= 0)
		(void)close(worker->bell);
	(void)pthread_cond_destroy(&worker->wake);
	(void)pthread_mutex_destroy(&worker->lock);
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
	lock(worker);
	TAILQ_CONCAT(&worker->waiting, &worker->fresh, in_list);
	if (pthread_cond_signal(&worker->wake) != 0)
		abort();
	unlock(worker);
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

	lock(worker);
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
	unlock(worker);
	finish_list(worker, &ended);
}

void worker_drain(struct worker *worker)
{
	struct job_list ended = TAILQ_HEAD_INITIALIZER(ended);
	struct job *job;

	lock(worker);
	TAILQ_CONCAT(&ended, &worker->waiting, in_list);
	TAILQ_CONCAT(&ended, &worker->fresh, in_list);
	if (worker->running != NULL) {
		if (worker->running->stop == JOB_STOP_NONE)
			worker->running->stop = JOB_STOP_DRAIN;
		store_interrupt(worker->book.store);
	}
	unlock(worker);
	TAILQ_FOREACH(job, &ended, in_list)
	{
		job->stop = JOB_STOP_DRAIN;
		job->result = ERR_BUSY;
	}
	finish_list(worker, &ended);
}

void worker_watch_wal(struct worker *worker, int64_t wal_bytes, int64_t limit)
{
	lock(worker);
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
	unlock(worker);
}

void worker_hold(struct worker *worker, bool held)
{
	lock(worker);
	worker->held = held;
	if (!held && pthread_cond_signal(&worker->wake) != 0)
		abort();
	unlock(worker);
}

bool worker_is_reading(struct worker *worker)
{
	lock(worker);
	bool reading = worker->running != NULL && store_is_reading(worker->book.store);
	unlock(worker);
	return reading;
}

size_t worker_count(const struct worker *worker)
{
	return worker->count;
}
