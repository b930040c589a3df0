/* test_worker.c - the second thread and its view of the book: what it sees, how it is ended, that the two threads do not get into each other's way. */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "followup/buffer.h"
#include "followup/date.h"
#include "followup/engine.h"
#include "followup/fact.h"
#include "followup/store_reader.h"
#include "followup/store_view.h"
#include "followup/store_wal.h"
#include "followup/worker.h"
#include "shipped_policy.h"

enum { MOST = 4 };

static char folder[64], path[96];
static struct store *store;
static struct engine *engine;
static struct event_base *base;
static struct worker *worker;
static const struct moment now = {INT64_C(20000) * 86400, 20000, 0};

static int begin(void **state)
{
	char message[256];

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/followup-worker-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/book.db", folder);
	base = event_base_new();
	if (base == NULL || store_open(path, &store, message) < 0)
		return -1;
	engine = engine_new(store);
	if (engine == NULL || engine_set_policy(engine, policy, now.unix_seconds) < 0)
		return -1;
	return worker_new(base, path, NULL, &worker, message);
}

static int end(void **state)
{
	char command[160];

	(void)state;
	worker_free(worker);
	engine_free(engine);
	store_close(store);
	event_base_free(base);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command) == 0 ? 0 : -1;
}

static void put_client(const char *ref)
{
	struct client_fact fact = {.client_ref = ref};

	fact.present[CLIENT_NAME] = true;
	fact.values[CLIENT_NAME] = "A";
	assert_int_equal(engine_take_client(engine, &fact, now, now.day), 1);
}

static void put_committed(const char *ref)
{
	assert_int_equal(store_begin(store, now.unix_seconds), 0);
	put_client(ref);
	assert_int_equal(store_commit(store), 0);
}

/* --- Jobs -------------------------------------------------------------------------------------------- */

struct test_job {
	struct job job;
	sem_t begun, go;
	int64_t clients; /* what it has seen */
	int finished;
};
static int finished; /* jobs in all */

static void finish_job(struct job *job, void *context)
{
	(void)context;
	((struct test_job *)job)->finished++;
	finished++;
}

static int64_t count_clients(struct store *in)
{
	struct buffer out = {0};

	if (store_view_counts(in, &out) < 0 || out.data == NULL) {
		buffer_free(&out);
		return -1;
	}
	int64_t count = strtoll(strstr(out.data, "\"clients\":") + strlen("\"clients\":"), NULL, 10);
	buffer_free(&out);
	return count;
}

/* Says that it has begun, waits for leave, then looks. */
static int run_look(struct job *base_job, const struct worker_book *book)
{
	struct test_job *job = (struct test_job *)base_job;

	sem_post(&job->begun);
	sem_wait(&job->go);
	job->clients = count_clients(book->store);
	return 0;
}

/* Reads until it is ended. */
static int run_for_ever(struct job *base_job, const struct worker_book *book)
{
	struct test_job *job = (struct test_job *)base_job;
	int result;

	sem_post(&job->begun);
	while ((result = store_ping(book->store)) == 0)
		continue;
	return result;
}

/* A whole look over the book, again and again. */
static int run_checks(struct job *base_job, const struct worker_book *book)
{
	int result = 0;

	(void)base_job;
	for (int i = 0; i < 20 && result >= 0; i++) {
		struct buffer json = {0};
		result = engine_check(book->engine, now, &json);
		buffer_free(&json);
	}
	return result;
}

static void make_job(struct test_job *job, int (*run)(struct job *job, const struct worker_book *book))
{
	*job = (struct test_job){.job = {.run = run, .finish = finish_job, .policy = policy}};
	assert_int_equal(sem_init(&job->begun, 0, 0), 0);
	assert_int_equal(sem_init(&job->go, 0, 0), 0);
}

static void start(struct test_job *job, int (*run)(struct job *job, const struct worker_book *book))
{
	make_job(job, run);
	assert_int_equal(worker_submit(worker, &job->job, MOST), 0);
	worker_release(worker);
}

static void wait_for(const struct test_job *job)
{
	while (job->finished == 0)
		assert_true(event_base_loop(base, EVLOOP_ONCE) >= 0);
	assert_int_equal(job->finished, 1);
}

/* --- Tests ------------------------------------------------------------------------------------------- */

static void test_snapshot(void **state)
{
	struct test_job job;

	(void)state;
	put_committed("C1");
	start(&job, run_look);
	sem_wait(&job.begun);
	put_committed("C2"); /* behind its back */
	sem_post(&job.go);
	wait_for(&job);
	assert_int_equal(job.job.result, 0);
	assert_int_equal(job.clients, 1);
	start(&job, run_look);
	sem_post(&job.go);
	wait_for(&job);
	assert_int_equal(job.clients, 2);
}

static void test_begins_after_the_turn(void **state)
{
	struct test_job job;

	(void)state;
	assert_int_equal(store_begin(store, now.unix_seconds), 0);
	put_client("C1");
	make_job(&job, run_look);
	sem_post(&job.go);
	assert_int_equal(worker_submit(worker, &job.job, MOST), 0);
	assert_int_equal(sem_trywait(&job.begun), -1);
	assert_int_equal(store_commit(store), 0);
	worker_release(worker);
	wait_for(&job);
	assert_int_equal(job.clients, 1);
}

static void test_one_after_the_other(void **state)
{
	struct test_job jobs[MOST], one_more;

	(void)state;
	for (int i = 0; i < MOST; i++)
		start(&jobs[i], run_look);
	make_job(&one_more, run_look);
	assert_int_equal(worker_submit(worker, &one_more.job, MOST), ERR_BUSY);
	sem_wait(&jobs[0].begun);
	assert_int_equal(sem_trywait(&jobs[1].begun), -1);
	assert_int_equal(worker_count(worker), MOST);
	for (int i = 0; i < MOST; i++)
		sem_post(&jobs[i].go);
	for (int i = 0; i < MOST; i++)
		wait_for(&jobs[i]);
	assert_int_equal(worker_count(worker), 0);
	assert_int_equal(one_more.finished, 0);
}

static void test_cancel(void **state)
{
	struct test_job running, waiting, fresh, after;

	(void)state;
	start(&running, run_for_ever);
	sem_wait(&running.begun);
	start(&waiting, run_look);
	make_job(&fresh, run_look);
	assert_int_equal(worker_submit(worker, &fresh.job, MOST), 0);
	worker_cancel(worker, &waiting.job, JOB_STOP_GONE);
	worker_cancel(worker, &fresh.job, JOB_STOP_GONE);
	assert_int_equal(waiting.finished, 1); /* at once */
	assert_int_equal(fresh.finished, 1);
	assert_int_equal(waiting.job.result, ERR_BUSY);
	worker_cancel(worker, &running.job, JOB_STOP_GONE);
	wait_for(&running);
	assert_int_equal(running.job.result, ERR_BUSY);
	assert_int_equal(running.job.stop, JOB_STOP_GONE);
	/* The next one is not hit by what was meant for another. */
	start(&after, run_look);
	sem_post(&after.go);
	wait_for(&after);
	assert_int_equal(after.job.result, 0);
	assert_int_equal(waiting.finished + fresh.finished + running.finished, 3);
}

static void test_drain(void **state)
{
	struct test_job running, waiting;

	(void)state;
	start(&running, run_for_ever);
	sem_wait(&running.begun);
	start(&waiting, run_look);
	finished = 0;
	worker_drain(worker);
	assert_int_equal(waiting.finished, 1);
	assert_int_equal(waiting.job.stop, JOB_STOP_DRAIN);
	worker_free(worker); /* waits for the thread, and finishes what it had */
	worker = NULL;
	assert_int_equal(finished, 2);
	assert_int_equal(running.job.result, ERR_BUSY);
	assert_int_equal(running.job.stop, JOB_STOP_DRAIN);
}

static void test_wal_limit(void **state)
{
	struct test_job job;
	int64_t before;
	char ref[32];

	(void)state;
	put_committed("C0");
	before = store_wal_bytes(store);
	start(&job, run_for_ever);
	sem_wait(&job.begun);
	/* It was too large before he came: he has nothing to do with it. */
	worker_watch_wal(worker, before, before / 2);
	assert_int_equal(job.job.stop, JOB_STOP_NONE);
	for (int i = 0; store_wal_bytes(store) <= 2 * before; i++) {
		worker_watch_wal(worker, store_wal_bytes(store), 2 * before);
		assert_int_equal(job.job.stop, JOB_STOP_NONE);
		snprintf(ref, sizeof(ref), "W%d", i);
		put_committed(ref);
	}
	worker_watch_wal(worker, store_wal_bytes(store), 2 * before);
	wait_for(&job);
	assert_int_equal(job.job.stop, JOB_STOP_PINNED);
	assert_int_equal(job.job.result, ERR_BUSY);
	/* Nothing runs: nothing is ended. */
	worker_watch_wal(worker, INT64_MAX, 1);
}

/* Held, it begins nothing, and the WAL can be emptied; what waited is done afterwards. */
static void test_hold(void **state)
{
	struct test_job first, second;

	(void)state;
	put_committed("C0");
	start(&first, run_look);
	sem_wait(&first.begun);
	assert_true(worker_is_reading(worker));
	worker_hold(worker, true);
	put_committed("C1");
	assert_true(store_wal_move(store) < store_wal_pages(store));
	start(&second, run_look);
	sem_post(&first.go);
	wait_for(&first);
	assert_false(worker_is_reading(worker));
	assert_int_not_equal(sem_trywait(&second.begun), 0);
	assert_int_equal(store_wal_move(store), store_wal_pages(store));
	assert_int_equal(store_wal_bytes(store), 0);
	put_committed("C2");
	worker_hold(worker, false);
	sem_post(&second.go);
	wait_for(&second);
	assert_int_equal(second.clients, 3);
}

/* A snapshot holds the WAL; when it has ended the next checkpoint and commit begin it anew. */
static void test_wal_is_let_go(void **state)
{
	struct test_job job;
	int64_t largest;
	char ref[64];
	int i = 0;

	(void)state;
	start(&job, run_for_ever);
	sem_wait(&job.begun);
	for (int round = 0; round < 2; round++) {
		int64_t goal = store_wal_bytes(store) + INT64_C(2500) * 4120;
		while (store_wal_bytes(store) < goal) {
			assert_int_equal(store_begin(store, now.unix_seconds), 0);
			for (int n = 0; n < 300; n++, i++) {
				snprintf(ref, sizeof(ref), "L%08d-with-a-longer-name-that-fills-pages", i * 7919 % 1000003);
				put_client(ref);
			}
			assert_int_equal(store_commit(store), 0);
		}
		assert_true(store_wal_move(store) >= 0);
	}
	largest = store_wal_bytes(store);
	assert_true(largest >= INT64_C(5000) * 4120); /* the checkpoint between did not empty it */
	worker_cancel(worker, &job.job, JOB_STOP_GONE);
	wait_for(&job);
	put_committed("again");
	assert_true(store_wal_move(store) >= 0);
	put_committed("and-again");
	assert_true(store_wal_bytes(store) < INT64_C(500) * 4120);
}

/* What is meant for a sanitizer that looks for races: both threads prepare and run the same statements for the first time. */
static void test_side_by_side(void **state)
{
	struct test_job job;
	char ref[32];

	(void)state;
	put_committed("C0");
	start(&job, run_checks);
	for (int i = 0; job.finished == 0; i++) {
		snprintf(ref, sizeof(ref), "S%d", i);
		put_committed(ref);
		assert_int_equal(store_begin(store, now.unix_seconds), 0);
		assert_true(engine_work(engine, now, 50) >= 0);
		assert_int_equal(store_commit(store), 0);
		assert_true(event_base_loop(base, EVLOOP_NONBLOCK) >= 0);
	}
	assert_int_equal(job.job.result, 0);
}

static void test_copy(void **state)
{
	struct store *reader = NULL, *copy = NULL;
	char message[256];
	int64_t value;

	(void)state;
	put_committed("C1");
	assert_int_equal(store_open_reader(path, &reader, message), 0);
	assert_int_equal(store_read_begin(reader), 0);
	put_committed("C2");
	assert_int_equal(store_copy(reader, &copy, message), 0);
	assert_false(store_is_reading(reader)); /* the book may move on */
	assert_int_equal(count_clients(copy), 1);
	assert_int_equal(store_begin(copy, 0), 0);
	assert_int_equal(store_meta_set(copy, "only here", 1), 0);
	assert_int_equal(store_commit(copy), 0);
	assert_int_equal(store_meta_get(copy, "only here", &value), 0);
	assert_int_equal(store_meta_get(store, "only here", &value), ERR_NOT_FOUND);
	/* Whoever ends the reader's work ends what it does on its copies. */
	store_interrupt(reader);
	assert_int_equal(store_meta_get(copy, "only here", &value), ERR_BUSY);
	store_calm(reader);
	store_close(copy);
	/* Without a snapshot: as it is now. */
	assert_int_equal(store_copy(reader, &copy, message), 0);
	assert_int_equal(count_clients(copy), 2);
	store_close(copy);
	store_interrupt(reader);
	assert_int_equal(store_copy(reader, &copy, message), ERR_BUSY);
	store_close(reader);
	/* The writing connection in the middle of a change has nothing that could be copied. */
	assert_int_equal(store_begin(store, now.unix_seconds), 0);
	put_client("C3");
	assert_int_equal(store_copy(store, &copy, message), ERR_BUSY);
	store_rollback(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_snapshot, begin, end),
		cmocka_unit_test_setup_teardown(test_begins_after_the_turn, begin, end),
		cmocka_unit_test_setup_teardown(test_one_after_the_other, begin, end),
		cmocka_unit_test_setup_teardown(test_cancel, begin, end),
		cmocka_unit_test_setup_teardown(test_drain, begin, end),
		cmocka_unit_test_setup_teardown(test_wal_limit, begin, end),
		cmocka_unit_test_setup_teardown(test_hold, begin, end),
		cmocka_unit_test_setup_teardown(test_wal_is_let_go, begin, end),
		cmocka_unit_test_setup_teardown(test_side_by_side, begin, end),
		cmocka_unit_test_setup_teardown(test_copy, begin, end),
	};

	return cmocka_run_group_tests(tests, load_policy, free_policy);
}
