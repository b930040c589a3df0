#include "followup/slice.h"

#include <inttypes.h>
#include <string.h>

#include "followup/backup.h"
#include "followup/server.h"
#include "followup/turn.h"
#include "followup/waiter.h"

enum {
	/* Long work goes on for so long at a time: as long as its commit took, while somebody asks for anything, within bounds; and more and more while nobody does. Whoever asks then waits
	 * for that and for two syncs. */
	SLICE_US_LEAST = 4000,
	SLICE_US_BUSY = 5000,
	SLICE_US_MOST = 24000,
	/* When nobody has asked for anything for a while, and nobody waits for a call, slices commit together, so that a page that many of them touch is written once; whoever asks comes between two. */
	SLICES_US_QUIET = 200000,
	SLICE_ROWS = 32,        /* worked between two looks at the clock */
	SLICE_WAIT_US = 500000, /* for a file that is being loaded, but not for longer */
};

void slice_start(struct server *server)
{
	server->work_pending = true;
	server->slice_us = SLICE_US_LEAST;
}

bool slice_goes_on(const struct server *server)
{
	return server->slices_open && server->turn_open && server->commands == server->slice_commands && turn_is_quiet(server) &&
	       clock_monotonic_us() - server->turn_opened_us < SLICES_US_QUIET && !store_is_swollen(server->store) && !server->draining &&
	       !server->health.failing && !server->wake_wanted && !server->wal_held && !backup_is_copying(server) &&
	       server->callers_count == 0 && TAILQ_EMPTY(&server->touched);
}

/* A day cycle, a reload or a heap of facts has been worked through: what came of it, in one line. A new calendar shows here as "moved". */
static void report_work(struct server *server)
{
	struct engine_counts now = engine_counts(server->engine), then = server->reported;
	char day[DATE_TEXT_SIZE];

	if (memcmp(&now, &then, sizeof now) == 0)
		return;
	server->reported = now;
	log_event(server->log, LOG_LEVEL_INFO, "worked",
		"until=%s created=%" PRIu64 " moved=%" PRIu64 " cancelled=%" PRIu64 " expired=%" PRIu64 " admitted=%" PRIu64
		" deferred=%" PRIu64 " preempted=%" PRIu64 " suppressed=%" PRIu64 " alarms=%" PRIu64,
		date_format(engine_worked_on(server->engine), day), now.created - then.created, now.moved - then.moved,
		now.cancelled - then.cancelled, now.expired - then.expired, now.admitted - then.admitted, now.deferred - then.deferred,
		now.preempted - then.preempted, now.suppressed - then.suppressed, now.alarms - then.alarms);
}

static void run(struct server *server)
{
	int64_t began_us = clock_monotonic_us();
	day_t worked_before = engine_worked_on(server->engine);
	int result;

	/* Nobody's answer waits for a slice. */
	if (!slice_goes_on(server))
		turn_close(server);
	turn_finish(server);
	server->slice_began_us = began_us;
	if (server->health.failing && began_us / 1000 < server->health.probe_at_ms) {
		server->work_pending = false; /* the next probe takes it up again */
		waiter_answer_idle(server);
		turn_close(server);
		return;
	}
	server->now = zone_moment(clock_now(server->business_clock));
	server->slices++;
	if (server->commands == server->slice_commands)
		server->slice_us += server->slice_us < SLICE_US_MOST ? SLICE_US_LEAST : 0;
	else
		server->slice_us = server->commit_us < SLICE_US_LEAST  ? SLICE_US_LEAST
				   : server->commit_us > SLICE_US_BUSY ? SLICE_US_BUSY
								       : server->commit_us;
	server->slice_commands = server->commands;
	if (turn_open(server) == 0) {
		do
			result = engine_work(server->engine, server->now, SLICE_ROWS);
		while (result > 0 && result != ENGINE_COMMIT_FIRST && clock_monotonic_us() - began_us < server->slice_us);
		server->slices_open = result > 0 && result != ENGINE_COMMIT_FIRST;
		if (slice_goes_on(server) && engine_worked_on(server->engine) == worked_before)
			return;
		server->slices_open = false;
		if (result < 0)
			turn_fail(server, result);
		else if (turn_commit(server) == 0) {
			server->work_pending = result > 0;
			metrics_note_work(server, server->turn_opened_us / 1000, worked_before);
		}
	}
	/* The next turn, and the next slice, are worked while it is synced; what became available goes to those who wait at the end of that turn. */
	if (server->sync_event != NULL && server->work_pending) {
		store_begin_sync(server->store);
		return;
	}
	turn_close(server);
	if (!server->work_pending) {
		turn_finish(server);
		report_work(server);
		waiter_answer_idle(server);
		turn_close(server);
	}
}

void slice_run(struct server *server)
{
	int64_t began_us = clock_monotonic_us();

	run(server);
	int64_t now_us = clock_monotonic_us();
	server->slice_next_us = now_us + (now_us - began_us);
}

bool slice_is_wanted(const struct server *server)
{
	if (!server->work_pending)
		return false;
	/* While a file is being loaded most slices wait for its next piece, so that it comes in once and is worked afterwards. */
	if (turn_is_loading(server) && server->turn_began_us - server->slice_began_us < SLICE_WAIT_US)
		return false;
	/* Whoever asks has as much of the time as the work: most of them then wait for no slice at all. */
	return server->commands == server->slice_commands || clock_monotonic_us() >= server->slice_next_us;
}
