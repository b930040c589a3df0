#include "followup/server.h"

#include <event2/event.h>
#include <event2/util.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "followup/accept.h"
#include "followup/checkpoint.h"
#include "followup/guess.h"
#include "followup/notify.h"
#include "followup/sample.h"
#include "followup/slice.h"
#include "followup/store_ahead.h"
#include "followup/store_wal.h"
#include "followup/stranger.h"
#include "followup/tls.h"
#include "followup/turn.h"
#include "followup/worker.h"

enum { DRAIN_MS = 5 * 1000 };

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
	slice_start(server); /* missed days, and whatever was left */
	if (watchdog_us > 0) {
		server->watchdog_ms = watchdog_us < 4000 ? 1 : (int64_t)(watchdog_us / 2000);
		server->watchdog_at_ms = server->started_at_ms;
	}
	return 0;
}

void server_free_dead(struct server *server)
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
	server_free_dead(server);
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
	if (store_ahead_start(server->store, server->policy->database, why) < 0)
		log_event(server->log, LOG_LEVEL_WARNING, "no_reader_ahead", "reason=%s text=\"a day's work takes longer\"",
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
	struct session *session, *next;

	for (session = TAILQ_FIRST(&server->all); session != NULL; session = next) {
		next = TAILQ_NEXT(session, in_all);
		if (!session->standing.signed_in || session->standing.identity.agent_id == 0 ||
			strcmp(session->standing.identity.name, name) != 0)
			continue;
		session->standing.signed_in = false;
		session->committed.signed_in = false;
		stranger_update(session);
		/* Its waiting request is looked at again, and hears that it has no rights any more. */
		session->sweep = 0;
		server->sweep_wanted = true;
		/* Who only listens asks nothing by which he would hear it: a page of his would stand there as if he were still somebody. */
		if (session->subscribed) {
			session_touch(session); /* an answer of this turn goes out first */
			session_close_after_replies(session, "its agent was shut out or let in anew");
		}
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
