/* checkpoint.c - the write-ahead log moved into the database in steps (checkpoint.h). */
#include "followup/checkpoint.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "followup/server.h"
#include "followup/store_wal.h"
#include "followup/thread.h"
#include "followup/turn.h"

enum {
	STEP_PAGES =
		1000, /* moved at a time, what was written several times once: some milliseconds of copying into the kernel's memory, */
	SYNC_PAGES = 2000, /* until there are so many for the disk */
	LAST_PAGES = 64,   /* few enough to be synced by the loop */
	SYNCS_MOST = 4,    /* or else after so many syncs, each of what has been written during the one before */
	RETRY_TIMES = 20,  /* a look in vain at a long log takes milliseconds: the next one after so many times as long */
	RETRY_US_LEAST = 10 * 1000,
	LOG_PAGES_MOST = 8000,   /* then the disk is too slow for whoever writes, who waits for it now; */
	LOG_PAGES_QUIET = 32000, /* the night's work writes so much in some seconds, and searches what it has written */
};

struct checkpoint {
	/* The loop's thread alone. */
	struct server *server;
	struct store_wal *wal;
	struct event *event;
	bool is_held; /* a snapshot is */
	bool is_syncing;
	int held_at;      /* pages in the log then */
	int unsynced;     /* pages moved since the last sync began */
	int syncs;        /* since the log was moved whole */
	int64_t retry_us; /* somebody's snapshot stands in the way: when to look again whether it still does; 0: nobody's does */
	struct thread thread;
	int bell; /* an eventfd: rung when a sync is done */

	/* Shared, under lock. */
	bool wanted;
	int result; /* of the last sync */
};

static void *work(void *argument)
{
	struct checkpoint *checkpoint = argument;
	const uint64_t one = 1;

	thread_lock(&checkpoint->thread);
	for (;;) {
		while (!checkpoint->wanted && !checkpoint->thread.is_ending)
			thread_sleep(&checkpoint->thread);
		if (checkpoint->thread.is_ending)
			break;
		checkpoint->wanted = false;
		thread_unlock(&checkpoint->thread);
		int result = store_wal_sync(checkpoint->wal);
		thread_lock(&checkpoint->thread);
		checkpoint->result = result;
		/* It fails only when it has been rung 2^64 times. */
		if (write(checkpoint->bell, &one, sizeof(one)) < 0)
			continue;
	}
	thread_unlock(&checkpoint->thread);
	return NULL;
}

static void on_bell(evutil_socket_t bell, short what, void *context)
{
	struct checkpoint *checkpoint = context;
	uint64_t rung;

	(void)what;
	if (read(bell, &rung, sizeof(rung)) < 0)
		return; /* somebody else's wake-up */
	checkpoint->is_syncing = false;
	checkpoint->server->checkpoint_wanted = true;
}

int checkpoint_start(struct server *server, char message[256])
{
	struct checkpoint *checkpoint = calloc(1, sizeof(*checkpoint));
	int result;

	if (checkpoint == NULL) {
		snprintf(message, 256, "out of memory");
		return ERR_MEMORY;
	}
	checkpoint->server = server;
	thread_prepare(&checkpoint->thread);
	checkpoint->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	checkpoint->event =
		checkpoint->bell >= 0 ? event_new(server->base, checkpoint->bell, EV_READ | EV_PERSIST, on_bell, checkpoint) : NULL;
	if (checkpoint->event == NULL || event_add(checkpoint->event, NULL) != 0) {
		snprintf(message, 256, "no descriptor or no memory for its bell");
		result = ERR_SYSTEM;
	} else {
		result = store_wal_open(server->policy->database, &checkpoint->wal, message);
	}
	if (result == 0 && !thread_start(&checkpoint->thread, work, checkpoint)) {
		snprintf(message, 256, "no thread can be started");
		result = ERR_SYSTEM;
	}
	if (result < 0) {
		checkpoint_free(checkpoint);
		return result;
	}
	server->checkpoint = checkpoint;
	return 0;
}

void checkpoint_free(struct checkpoint *checkpoint)
{
	if (checkpoint == NULL)
		return;
	thread_end(&checkpoint->thread);
	store_wal_close(checkpoint->wal);
	if (checkpoint->event != NULL)
		event_free(checkpoint->event);
	if (checkpoint->bell >= 0)
		(void)close(checkpoint->bell);
	thread_destroy(&checkpoint->thread);
	free(checkpoint);
}

static void sync_elsewhere(struct checkpoint *checkpoint)
{
	checkpoint->is_syncing = true;
	checkpoint->unsynced = 0;
	checkpoint->syncs++;
	thread_lock(&checkpoint->thread);
	checkpoint->wanted = true;
	thread_wake(&checkpoint->thread);
	thread_unlock(&checkpoint->thread);
}

static void let_go(struct checkpoint *checkpoint)
{
	if (checkpoint != NULL && checkpoint->is_held)
		store_wal_let_go(checkpoint->wal);
	if (checkpoint != NULL)
		checkpoint->is_held = false;
}

/* Moves what can be moved: the pages moved by now. goal: how many there would be if nobody stood in the way. */
static int move(struct server *server, int goal)
{
	struct checkpoint *checkpoint = server->checkpoint;

	/* SQLite would wait for it, too; whoever waits for his answer need not wait for the pages. */
	turn_finish(server);
	int64_t began_us = clock_monotonic_us();
	int moved = store_wal_move(server->store);

	let_go(checkpoint);
	if (moved < 0 || checkpoint == NULL)
		return moved;
	int64_t now_us = clock_monotonic_us(), wait_us = (now_us - began_us) * RETRY_TIMES;
	checkpoint->retry_us = moved >= goal ? 0 : now_us + (wait_us > RETRY_US_LEAST ? wait_us : RETRY_US_LEAST);
	return moved;
}

int checkpoint_whole(struct server *server)
{
	struct checkpoint *checkpoint = server->checkpoint;

	let_go(checkpoint);
	int moved = move(server, store_wal_pages(server->store));
	if (moved >= 0 && checkpoint != NULL)
		checkpoint->unsynced = checkpoint->syncs = 0;
	return moved < 0 ? moved : 0;
}

/* What is older than the snapshot, which is not asked for a second time. */
static int step(struct checkpoint *checkpoint)
{
	int before = store_wal_moved(checkpoint->server->store), moved = move(checkpoint->server, checkpoint->held_at);

	if (moved < 0)
		return moved;
	if (moved > before)
		checkpoint->unsynced += moved - before;
	/* Once one sync has been made, each further one only makes up for the time that the one before took. */
	if (checkpoint->unsynced >= SYNC_PAGES || (checkpoint->syncs > 0 && checkpoint->unsynced > 0))
		sync_elsewhere(checkpoint);
	return 0;
}

static int sync_result(struct checkpoint *checkpoint)
{
	thread_lock(&checkpoint->thread);
	int result = checkpoint->result;
	thread_unlock(&checkpoint->thread);
	return result;
}

int checkpoint_look(struct server *server)
{
	struct checkpoint *checkpoint = server->checkpoint;
	int pages = store_wal_pages(server->store), left = pages - store_wal_moved(server->store);
	bool is_quiet = turn_is_quiet(server);

	if (server->turn_open) /* its transaction stands in the way of any */
		return 0;
	if (checkpoint == NULL)
		return left >= SYNC_PAGES ? checkpoint_whole(server) : 0;
	int result = sync_result(checkpoint);
	if (result < 0)
		return result;
	if (checkpoint->retry_us > clock_monotonic_us())
		return 0;
	if (pages >= (is_quiet ? LOG_PAGES_QUIET : LOG_PAGES_MOST) && left >= SYNC_PAGES && checkpoint->retry_us == 0)
		return checkpoint_whole(server);
	if (checkpoint->is_syncing)
		return 0;
	/* The work is done that nobody waited for: the next one begins with an empty log. */
	if (left >= STEP_PAGES && checkpoint->retry_us == 0 && !server->work_pending && !turn_is_loading(server) && is_quiet)
		return checkpoint_whole(server);
	if (checkpoint->syncs > 0 && (left <= LAST_PAGES || (checkpoint->syncs >= SYNCS_MOST && !is_quiet)))
		return checkpoint_whole(server);
	if (checkpoint->is_held && pages != checkpoint->held_at) {
		result = step(checkpoint);
		left = pages - store_wal_moved(server->store);
	}
	if (result == 0 && !checkpoint->is_held && !checkpoint->is_syncing && left >= (checkpoint->syncs > 0 ? 1 : STEP_PAGES)) {
		/* Without one the log is moved whole. */
		checkpoint->is_held = store_wal_hold(checkpoint->wal) == 0;
		checkpoint->held_at = pages;
		if (!checkpoint->is_held && left >= SYNC_PAGES)
			result = checkpoint_whole(server);
	}
	return result;
}
