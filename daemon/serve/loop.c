/* loop.c - the daemon's loop (server.h): turns, slices, copies and the one timer. */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <string.h>

#include "followup/accept.h"
#include "followup/backup.h"
#include "followup/checkpoint.h"
#include "followup/metrics_file.h"
#include "followup/notify.h"
#include "followup/server.h"
#include "followup/slice.h"
#include "followup/store_record.h"
#include "followup/stranger.h"
#include "followup/turn.h"
#include "followup/waiter.h"
#include "followup/wal.h"

enum {
	TIMER_MS_MAX = 60 * 1000, /* so that a stepped or suspended system clock is noticed */
	LOAD_LOOK_MS = 20,
	PROBE_MS = 5 * 1000,
};

/* Once a day: who keeps the log elsewhere can prove later that the record was not cut short or made anew (VERIFY). */
static void log_record_head(struct server *server)
{
	char digest[RECORD_DIGEST_TEXT_SIZE];
	int64_t link;

	turn_finish(server); /* nobody is told of a link that a power cut may take back */
	if (server->exit_status == 0 && store_record_head(server->store, &link, digest) == 0 && link > 0)
		log_event(server->log, LOG_LEVEL_NOTICE, "record_head", "link=%" PRId64 " digest=%s", link, digest);
}

/* Moves the day and the desk on to the present moment. */
static void turn_begin(struct server *server)
{
	struct moment now = zone_moment(clock_now(server->business_clock));

	if (server->business_clock->behind > 1 && !server->clock_complained)
		log_event(server->log, LOG_LEVEL_WARNING, "clock_stepped_back", "seconds=%" PRId64, server->business_clock->behind);
	server->clock_complained = server->business_clock->behind > 1;
	server->now = now;
	if (now.day != server->day_seen) {
		server->day_seen = now.day;
		server->midnight = zone_unix(now.day + 1, 0);
		server->work_pending = true;
		server_warn_reach(server);
		log_record_head(server);
	}
	backup_look(server);
	if ((server->wake_wanted || server->wakeup_at <= now.unix_seconds) && server->exit_status == 0) {
		server->wake_wanted = false;
		/* Leases that ended, retries that are due, or calling hours that open. */
		server->wakeup_stale = true;
		server->sweep_wanted = true;
		if (turn_open(server) == 0) {
			int result = desk_wake(server->desk, now);
			if (result < 0)
				turn_fail(server, result);
		}
	}
}

/* A write of our own, so that storage that works again is found out although nobody asks. */
static void probe_storage(struct server *server)
{
	if (!server->health.failing || server->exit_status != 0 || clock_monotonic_ms() < server->health.probe_at_ms)
		return;
	server->health.probe_at_ms = clock_monotonic_ms() + PROBE_MS;
	if (server->policy_unset) {
		int result = server_set_policy(server, server->policy);
		server->policy_unset = result < 0;
		if (result < 0)
			return;
	}
	if (turn_open(server) == 0) {
		int result = store_meta_set(server->store, "storage_probed_at", server->now.unix_seconds);
		if (result < 0)
			turn_fail(server, result);
		else
			(void)turn_commit_now(server); /* whoever it concerns has heard it */
	}
	server->work_pending = true; /* slices stopped with the failure */
}

static void close_silent(struct server *server, int64_t now_ms)
{
	int64_t limit_ms = (int64_t)server->policy->idle_seconds * 1000;
	struct session *session;
	struct session *next;

	if (limit_ms == 0)
		return;
	for (session = TAILQ_FIRST(&server->all); session != NULL && now_ms - session->heard_ms >= limit_ms; session = next) {
		next = TAILQ_NEXT(session, in_all);
		if (session->park == PARK_NONE)
			session_close_after_replies(session, "idle");
	}
}

static void run_ready(struct server *server)
{
	size_t left = SERVER_REQUESTS_A_TURN;
	struct session *last = TAILQ_LAST(&server->ready, session_list);
	struct session *session;

	/* Each session once; those that become ready again stand behind the last. */
	while (left > 0 && server->turn_bytes < SERVER_BYTES_A_TURN && (session = TAILQ_FIRST(&server->ready)) != NULL) {
		left -= session_run(session, left < SESSION_REQUESTS_A_TURN ? left : SESSION_REQUESTS_A_TURN);
		turn_look(server);
		if (session == last || turn_is_full(server))
			break;
	}
}

static void finish_drain(struct server *server)
{
	struct session *session;
	struct session *next;

	for (session = TAILQ_FIRST(&server->all); session != NULL; session = next) {
		next = TAILQ_NEXT(session, in_all);
		session_close_after_replies(session, "the daemon stops");
	}
	server->finished = server->session_count == 0 || clock_monotonic_ms() >= server->drain_until_ms;
}

/* Whether the open turn, or what has been answered without one, is to be closed now. */
static bool turn_is_over(const struct server *server)
{
	return !turn_may_wait(server) && !slice_goes_on(server);
}

static void run_turn(struct server *server)
{
	int64_t now_ms = clock_monotonic_ms();

	server->turn_began_us = now_ms * 1000;
	turn_begin(server);
	server->turns++;
	server->turn_bytes = 0;
	turn_look(server);
	stranger_expire(server, now_ms);
	if (!server->draining) {
		run_ready(server);
		waiter_expire(server, now_ms);
	}
	if (server->draining)
		waiter_dismiss(server);
	if (turn_is_over(server))
		turn_close(server);
	metrics_file_look(server);
	close_silent(server, now_ms);
	accept_resume(server, now_ms);
	probe_storage(server);
	if (server->draining) {
		accept_stop(server);
		finish_drain(server);
	}
	server_free_dead(server);
}

static void move_wal(struct server *server)
{
	server->checkpoint_wanted = server->turn_open;
	if (server->exit_status != 0)
		return;
	int result = checkpoint_look(server);
	if (result < 0)
		turn_fail(server, result);
}

static void sooner(int64_t *at, int64_t candidate)
{
	if (candidate < *at)
		*at = candidate;
}

/* Arms the one timer for whatever comes first. */
static void arm_timer(struct server *server)
{
	int64_t now_ms = clock_monotonic_ms();
	int64_t at_ms = now_ms + TIMER_MS_MAX;
	struct timeval delay;

	if (server->wakeup_stale && server->exit_status == 0) {
		server->wakeup_at = desk_next_wakeup(server->desk, server->now);
		/* What is due this second has just been looked at. */
		if (server->wakeup_at <= server->now.unix_seconds)
			server->wakeup_at = server->now.unix_seconds + 1;
		server->wakeup_stale = false;
	}
	/* A test clock does not run: nothing comes by itself. */
	if (!server->business_clock->frozen) {
		int64_t now = clock_now(server->business_clock);
		int64_t at = server->midnight;
		sooner(&at, server->wakeup_at);
		sooner(&at, backup_next(server));
		if (at - now < TIMER_MS_MAX / 1000)
			sooner(&at_ms, now_ms + (at > now ? (at - now) * 1000 : 0));
	}
	sooner(&at_ms, waiter_next_end(server));
	sooner(&at_ms, stranger_next_end(server));
	sooner(&at_ms, metrics_file_next(server));
	if (server->policy->idle_seconds > 0 && !TAILQ_EMPTY(&server->all)) {
		int64_t at = TAILQ_FIRST(&server->all)->heard_ms + (int64_t)server->policy->idle_seconds * 1000;
		/* The longest silent may be one who waits; then look again in a while. */
		sooner(&at_ms, at > now_ms ? at : now_ms + 1000);
	}
	if (server->watchdog_ms > 0)
		sooner(&at_ms, server->watchdog_at_ms);
	if (server->health.failing)
		sooner(&at_ms, server->health.probe_at_ms);
	if (server->accept_at_ms > 0)
		sooner(&at_ms, server->accept_at_ms);
	if (server->draining)
		sooner(&at_ms, server->drain_until_ms);
	/* More of a file, or what has waited for it. */
	if (server->turn_open)
		sooner(&at_ms, now_ms + 1);
	else if (server->work_pending) {
		sooner(&at_ms, now_ms + LOAD_LOOK_MS);
		if (server->slice_next_us / 1000 >= now_ms)
			sooner(&at_ms, server->slice_next_us / 1000 + 1);
	}
	at_ms = at_ms > now_ms ? at_ms - now_ms : 0;
	delay = (struct timeval){.tv_sec = (time_t)(at_ms / 1000), .tv_usec = (suseconds_t)(at_ms % 1000 * 1000)};
	(void)evtimer_add(server->timer, &delay);
}

/* Tells the service manager that all is well, but only when the database answers, and the disk. */
static void feed_watchdog(struct server *server)
{
	int64_t now_ms = clock_monotonic_ms();

	if (server->watchdog_ms == 0 || now_ms < server->watchdog_at_ms)
		return;
	server->watchdog_at_ms = now_ms + server->watchdog_ms;
	if (!store_is_synced(server->store) && now_ms - server->committed_ms >= server->watchdog_ms)
		log_event(server->log, LOG_LEVEL_ERROR, "watchdog_not_fed", "reason=\"the disk does not answer\"");
	else if (store_ping(server->store) == 0)
		(void)notify_send("WATCHDOG=1");
	else
		log_event(server->log, LOG_LEVEL_ERROR, "watchdog_not_fed", "reason=\"the database does not answer\"");
}

int server_run(struct server *server)
{
	while (!server->finished) {
		/* Whoever was closed after the turn hears of it now, and not when the loop next wakes up; so does whoever waits for what the turn has changed. */
		bool busy = slice_is_wanted(server) || backup_is_copying(server) ||
			    (turn_is_over(server) && (waiter_is_wanted(server) || !TAILQ_EMPTY(&server->touched))) ||
			    !TAILQ_EMPTY(&server->ready) || !TAILQ_EMPTY(&server->dead) ||
			    (server->wake_wanted && server->exit_status == 0);
		arm_timer(server);
		if (event_base_loop(server->base, EVLOOP_ONCE | (busy ? EVLOOP_NONBLOCK : 0)) < 0) {
			log_event(server->log, LOG_LEVEL_ERROR, "loop_failed", "error=\"%s\"", strerror(errno));
			server->exit_status = EXIT_SYSTEM;
			break;
		}
		run_turn(server);
		feed_watchdog(server);
		if (slice_is_wanted(server) && !server->draining)
			slice_run(server);
		if (backup_is_copying(server)) {
			turn_finish(server); /* a copy holds nothing that the book may lose */
			if (server->draining)
				backup_end(server);
			else
				backup_slice(server);
		}
		bool look = server->checkpoint_wanted;
		if (look)
			move_wal(server);
		if ((look || server->wal_held) && server->exit_status == 0)
			wal_let_go(server);
		/* Those who subscribe have heard of what has just come on the disk. */
		if (!TAILQ_EMPTY(&server->touched) && !server->turn_open && store_is_synced(server->store))
			turn_close(server);
	}
	turn_finish(server);
	if (server->exit_status == 0) {
		(void)notify_send("EXTEND_TIMEOUT_USEC=30000000\nSTATUS=writing the last pages");
		/* Should the disk refuse it, the log still has it all. */
		if (checkpoint_whole(server) < 0)
			log_event(server->log, LOG_LEVEL_ERROR, "checkpoint_failed", "error=\"%s\"", store_message(server->store));
	}
	return server->exit_status;
}
