#include "followup/server.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "followup/accept.h"
#include "followup/backup.h"
#include "followup/checkpoint.h"
#include "followup/guess.h"
#include "followup/metrics_file.h"
#include "followup/notify.h"
#include "followup/sample.h"
#include "followup/store_record.h"
#include "followup/store_wal.h"
#include "followup/stranger.h"
#include "followup/tls.h"
#include "followup/turn.h"
#include "followup/waiter.h"
#include "followup/wal.h"
#include "followup/worker.h"

enum {
	TIMER_MS_MAX = 60 * 1000, /* so that a stepped or suspended system clock is noticed */
	DRAIN_MS = 5 * 1000,
	/* Long work goes on for so long at a time: as long as its commit took, while somebody asks for anything, within bounds; and more and more while nobody does. Whoever asks then waits
	 * for that and for two syncs. */
	SLICE_US_LEAST = 4000,
	SLICE_US_BUSY = 10000,
	SLICE_US_MOST = 24000,
	/* When nobody has asked for anything for so long, and nobody waits for a call, slices commit together, so that a page that many of them touch is written once; whoever asks comes between two. */
	QUIET_US = 250000,
	SLICES_US_QUIET = 200000,
	LOAD_LOOK_MS = 20,
	SLICE_ROWS = 32,        /* worked between two looks at the clock */
	SLICE_WAIT_US = 500000, /* but not for longer */
	PROBE_MS = 5 * 1000,
};

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	/* Nothing to do: the loop returns, and the turn looks at the time. */
	(void)fd;
	(void)what;
	(void)context;
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
	struct server *server = context;

	(void)what;
	if (number != SIGHUP) {
		server_drain(server, number == SIGTERM ? "SIGTERM" : "SIGINT");
		return;
	}
	turn_close(server); /* one that waits for more of a file; the rules change between transactions */
	server->now = zone_moment(clock_now(server->business_clock));
	server_reload(server);
}

int server_init(struct server *server, struct policy *policy)
{
	static const int numbers[3] = {SIGHUP, SIGTERM, SIGINT};
	uint64_t watchdog_us = notify_watchdog_us();
	struct event_config *config = event_config_new();

	if (config == NULL)
		return ERR_MEMORY;
	/* The timer's resolution matters less than a system call a turn. */
	(void)event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	server->base = event_base_new_with_config(config);
	event_config_free(config);
	if (server->base == NULL)
		return ERR_SYSTEM;
	TAILQ_INIT(&server->all);
	TAILQ_INIT(&server->ready);
	TAILQ_INIT(&server->parked);
	TAILQ_INIT(&server->dead);
	TAILQ_INIT(&server->strangers);
	server->guesses = guesses_new();
	if (server->guesses == NULL)
		return ERR_MEMORY;
	TAILQ_INIT(&server->touched);
	TAILQ_INIT(&server->held);
	server->timer = evtimer_new(server->base, on_timer, server);
	if (server->timer == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < 3; i++) {
		server->signals[i] = evsignal_new(server->base, numbers[i], on_signal, server);
		if (server->signals[i] == NULL || evsignal_add(server->signals[i], NULL) != 0)
			return ERR_SYSTEM;
	}
	server->policy = policy;
	if (metrics_init(server) < 0)
		return ERR_MEMORY;
	int result = store_put_off_syncs(server->store);
	if (result < 0)
		return result;
	server->started_at_ms = clock_monotonic_ms();
	server->now = zone_moment(clock_now(server->business_clock));
	server->wait_end_ms = INT64_MAX;
	server->wake_wanted = true;
	server->day_seen = server->now.day;
	server->midnight = zone_unix(server->day_seen + 1, 0);
	if (store_meta_get(server->store, "backup_at", &server->last_backup_at) < 0)
		server->last_backup_at = 0;
	server->work_pending = true; /* missed days, and whatever was left */
	server->slice_us = SLICE_US_LEAST;
	if (watchdog_us > 0) {
		server->watchdog_ms = watchdog_us < 4000 ? 1 : (int64_t)(watchdog_us / 2000);
		server->watchdog_at_ms = server->started_at_ms;
	}
	return 0;
}

static void free_dead(struct server *server)
{
	struct session *session;

	while ((session = TAILQ_FIRST(&server->dead)) != NULL) {
		TAILQ_REMOVE(&server->dead, session, in_all);
		session_free(session);
	}
}

void server_release(struct server *server)
{
	if (server->base == NULL)
		return;
	while (!TAILQ_EMPTY(&server->all))
		session_close(TAILQ_FIRST(&server->all), "the daemon stops");
	free_dead(server);
	worker_free(server->worker);
	worker_free(server->brief);
	checkpoint_free(server->checkpoint);
	server->worker = NULL;
	server->brief = NULL;
	server->checkpoint = NULL;
	accept_stop(server);
	if (server->sync_event != NULL) {
		turn_finish(server); /* so that nobody rings any more */
		event_free(server->sync_event);
		(void)close(server->sync_bell);
		server->sync_event = NULL;
	}
	for (size_t i = 0; i < 3; i++)
		if (server->signals[i] != NULL)
			event_free(server->signals[i]);
	if (server->timer != NULL)
		event_free(server->timer);
	event_base_free(server->base);
	server->base = NULL;
	metrics_release(server);
	guesses_free(server->guesses);
	tls_free(server->tls);
	buffer_free(&server->notes);
	buffer_free(&server->held_notes);
	buffer_free(&server->answer.json);
	policy_free(server->policy);
	server->policy = NULL;
}

static void on_synced(evutil_socket_t bell, short what, void *context)
{
	uint64_t rung;

	(void)what;
	(void)context; /* the loop returns, and the turn looks */
	if (read(bell, &rung, sizeof rung) < 0)
		return;
}

static int start_syncing(struct server *server)
{
	int bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct event *event = bell >= 0 ? event_new(server->base, bell, EV_READ | EV_PERSIST, on_synced, server) : NULL;

	if (event != NULL && event_add(event, NULL) == 0 && store_start_syncing(server->store, bell) == 0) {
		server->sync_bell = bell;
		server->sync_event = event;
		return 0;
	}
	if (event != NULL)
		event_free(event);
	if (bell >= 0)
		(void)close(bell);
	return ERR_SYSTEM;
}

void server_start_threads(struct server *server)
{
	char why[256] = "";
	char quoted[LOG_QUOTED_SIZE];

	if (start_syncing(server) < 0)
		log_event(server->log, LOG_LEVEL_WARNING, "no_syncer", "text=\"nothing is worked while a commit is written\"");

	if (worker_new(server->base, server->policy->database, server, &server->worker, why) < 0 ||
		worker_new(server->base, server->policy->database, server, &server->brief, why) < 0)
		log_event(server->log, LOG_LEVEL_WARNING, "no_worker", "reason=%s text=\"long commands will hold up the others\"",
			log_quote(why, strlen(why), quoted));
	if (checkpoint_start(server, why) < 0)
		log_event(server->log, LOG_LEVEL_WARNING, "no_checkpoint_thread", "reason=%s text=\"a slow disk will hold up the others\"",
			log_quote(why, strlen(why), quoted));
}

void server_drain(struct server *server, const char *why)
{
	if (server->draining)
		return;
	server->draining = true;
	server->drain_until_ms = clock_monotonic_ms() + DRAIN_MS;
	log_event(server->log, LOG_LEVEL_NOTICE, "stopping", "why=\"%s\" connections=%zu waiting=%zu", why, server->session_count,
		server->parked_count);
	(void)notify_send("STOPPING=1\nSTATUS=answering the last requests");
}

void server_clock_moved(struct server *server)
{
	server->now = zone_moment(clock_now(server->business_clock));
	server->wake_wanted = true; /* whatever was waited for may have come */
	server->sweep_wanted = true;
	server->work_pending = true;
}

void server_forget_agent(struct server *server, const char *name)
{
	struct session *session;

	for (session = TAILQ_FIRST(&server->all); session != NULL; session = TAILQ_NEXT(session, in_all)) {
		if (!session->standing.signed_in || session->standing.identity.agent_id == 0 ||
			strcmp(session->standing.identity.name, name) != 0)
			continue;
		session->standing.signed_in = false;
		session->committed.signed_in = false;
		stranger_update(session);
		/* Its waiting request is looked at again, and hears that it has no rights any more. */
		session->sweep = 0;
		server->sweep_wanted = true;
	}
}

static void warn(void *context, const struct complaint *complaint)
{
	struct server *server = context;
	char text[LOG_QUOTED_SIZE];

	log_event(server->log, LOG_LEVEL_WARNING, "calendar", "text=%s", log_quote(complaint->text, strlen(complaint->text), text));
}

void server_warn_reach(struct server *server)
{
	policy_check_reach(server->policy, server->now.day, warn, server);
}

static void warn_of_draw(void *context, const struct complaint *complaint)
{
	struct server *server = context;
	char text[LOG_QUOTED_SIZE];

	log_event(server->log, LOG_LEVEL_WARNING, "sample_kept", "text=%s", log_quote(complaint->text, strlen(complaint->text), text));
}

void server_warn_sample(struct server *server)
{
	/* A failure is no more than a warning that is not said: whatever reads the book next says what is wrong with it. */
	if (sample_warn_of_kept(server->store, server->policy, server->now.day, warn_of_draw, server) < 0)
		return;
}

/* Once a day: who keeps the log elsewhere can prove later that the record was not cut short or made anew (VERIFY). */
static void log_record_head(struct server *server)
{
	char digest[RECORD_DIGEST_TEXT_SIZE];
	int64_t link;

	turn_finish(server); /* nobody is told of a link that a power cut may take back */
	if (store_record_head(server->store, &link, digest) == 0 && link > 0)
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

/* Whether the turn that a slice has left open may stay so for the next one. */
static bool slices_go_on(const struct server *server)
{
	int64_t now_us = clock_monotonic_us();

	return server->slices_open && server->turn_open && server->commands == server->slice_commands &&
	       now_us - server->others_us > QUIET_US && now_us - server->turn_opened_us < SLICES_US_QUIET && !server->draining &&
	       !server->health.failing && !server->wake_wanted && !server->wal_held && !backup_is_copying(server) &&
	       server->callers_count == 0 && TAILQ_EMPTY(&server->touched);
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
	if (!turn_may_wait(server) && !slices_go_on(server))
		turn_close(server);
	metrics_file_look(server);
	close_silent(server, now_ms);
	accept_resume(server, now_ms);
	probe_storage(server);
	if (server->draining) {
		accept_stop(server);
		finish_drain(server);
	}
	free_dead(server);
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

/* One slice of long work, in a transaction of its own or with those before it, for as long as the clock says: what a row costs differs by a hundred times. */
static void run_slice(struct server *server)
{
	int64_t began_us = clock_monotonic_us();
	day_t worked_before = engine_worked_on(server->engine);
	int result;

	/* Nobody's answer waits for a slice. */
	if (!slices_go_on(server))
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
		while (result > 0 && clock_monotonic_us() - began_us < server->slice_us);
		server->slices_open = result > 0;
		if (slices_go_on(server) && engine_worked_on(server->engine) == worked_before)
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

/* While a file is being loaded most slices wait for its next piece, so that it comes in once and is worked afterwards. */
static bool put_off_slice(const struct server *server)
{
	return turn_is_loading(server) && server->turn_began_us - server->slice_began_us < SLICE_WAIT_US;
}

static void move_wal(struct server *server)
{
	server->checkpoint_wanted = server->turn_open;
	if (server->exit_status != 0)
		return;
	enum { SOON = 250 }; /* pages: then the log is likely to be moved, for which SQLite waits until it is on the disk */
	if (!server->turn_open && store_wal_pages(server->store) - store_wal_moved(server->store) >= SOON)
		turn_finish(server);
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
	else if (server->work_pending)
		sooner(&at_ms, now_ms + LOAD_LOOK_MS);
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
		bool busy = (server->work_pending && !put_off_slice(server)) || backup_is_copying(server) ||
			    (store_is_synced(server->store) &&
				    (waiter_is_wanted(server) || (!TAILQ_EMPTY(&server->touched) && !server->turn_open))) ||
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
		if (server->work_pending && !server->draining && !put_off_slice(server))
			run_slice(server);
		if (backup_is_copying(server) && server->draining)
			backup_end(server);
		else if (backup_is_copying(server)) {
			turn_finish(server); /* a copy holds nothing that the book may lose */
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
