#include "followup/wal.h"

#include "followup/checkpoint.h"
#include "followup/server.h"
#include "followup/turn.h"
#include "followup/worker.h"

static void watch(const struct server *server, struct worker *worker)
{
	if (worker != NULL && worker_count(worker) > 0)
		worker_watch_wal(worker, store_wal_bytes(server->store), (int64_t)server->policy->wal_limit_bytes);
}

void wal_watch(struct server *server)
{
	watch(server, server->worker);
	watch(server, server->brief);
}

static bool has_jobs(const struct worker *worker)
{
	return worker != NULL && worker_count(worker) > 0;
}

static void hold(struct server *server, bool held)
{
	if (server->worker != NULL)
		worker_hold(server->worker, held);
	/* The short ones wait for no long one. */
	if (server->brief != NULL)
		worker_hold(server->brief, held && (server->worker == NULL || !worker_is_reading(server->worker)));
	server->wal_held = held;
}

static bool is_read(const struct server *server)
{
	return (server->worker != NULL && worker_is_reading(server->worker)) || (server->brief != NULL && worker_is_reading(server->brief));
}

void wal_let_go(struct server *server)
{
	int64_t bytes = store_wal_bytes(server->store), quarter = (int64_t)server->policy->wal_limit_bytes / 4;

	if (bytes < quarter)
		server->wal_hold_at = 0;
	if (bytes < quarter || bytes < server->wal_hold_at || (!has_jobs(server->worker) && !has_jobs(server->brief))) {
		if (server->wal_held)
			hold(server, false);
		return;
	}
	hold(server, true);
	if (server->turn_open || is_read(server))
		return;
	/* Where somebody from outside stands in it nothing can be done, and nobody here need wait for him. */
	int result = checkpoint_whole(server);
	if (result < 0)
		turn_fail(server, result);
	if (store_wal_bytes(server->store) > 0)
		server->wal_hold_at = bytes + quarter;
	hold(server, false);
}
