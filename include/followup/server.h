/* server.h - the daemon's loop: sessions, turns, the one timer, and the state that they share.
 *
 * One pass of the loop is a turn: whatever the sessions have sent by then is executed in one transaction, and answered after its commit (DESIGN 3). Long work goes in
 * slices between turns. One thread; others only read (worker.h). */
#ifndef FOLLOWUP_SERVER_H
#define FOLLOWUP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "followup/accept.h"
#include "followup/buffer.h"
#include "followup/clock.h"
#include "followup/desk.h"
#include "followup/engine.h"
#include "followup/json.h"
#include "followup/listener.h"
#include "followup/log.h"
#include "followup/metrics.h"
#include "followup/policy.h"
#include "followup/session.h"
#include "followup/store.h"
#include "followup/zone.h"

struct event;
struct backup;
struct event_base;
struct guesses;
struct ssl_ctx_st;
struct checkpoint;
struct worker;

enum {
	SERVER_REQUESTS_A_TURN = 2000,
	SERVER_BYTES_A_TURN = 16 * 1024 * 1024, /* of answers; who is next waits for the next turn */
	SERVER_WAIT_SECONDS_MAX = 3600,
	SERVER_COUNT_MAX = 1000, /* NEXT COUNT */
};

/* Beside EXIT_CONFIGURATION of policy_check.h. */
enum { EXIT_USAGE = 64, EXIT_SYSTEM = 71, EXIT_STORAGE = 74 };

/* Whether answers can be made durable. */
struct storage_health {
	bool failing;
	char message[256];   /* of the store, or of whoever failed */
	char refusal[320];   /* what follows STORE in a reply: words for the asker, with that message */
	int64_t since;       /* unix seconds */
	uint64_t failures;   /* turns and slices lost since the start */
	int64_t said_ms;     /* monotonic time at which the log last said so */
	int64_t probe_at_ms; /* when to try a write of its own */
};

struct server {
	/* Made and freed by the daemon, lent to the server. */
	const char *config_file;
	struct log *log;
	struct business_clock *business_clock;
	struct store *store;
	struct engine *engine;
	struct desk *desk;
	struct json *json;

	struct policy *policy; /* owned; a reload replaces it */

	struct worker *worker; /* NULL: there is none, and long commands run in the loop */
	struct worker *brief;  /* the same for reads that are short, QUEUES and METRICS: a report must not keep a supervisor waiting */
	struct checkpoint *checkpoint; /* NULL: no thread, and the WAL is moved whole */

	struct event_base *base;
	struct event *timer;
	struct event *signals[3];
	struct listener_set listeners;
	bool foreground;

	struct session_list all, ready, parked, dead, strangers;
	size_t session_count, parked_count, callers_count /* of those parked: who waits for a call */, stranger_count;
	size_t unread_bytes;    /* of answers, of all sessions together */
	size_t turn_bytes;      /* of answers that this turn has made */
	struct ssl_ctx_st *tls; /* NULL: no listener asks for it */
	struct guesses *guesses;
	uint64_t last_session_id;

	/* This turn. */
	struct moment now;
	bool turn_open;    /* a transaction is open */
	bool turn_closing; /* turn_close is at work */
	struct session_list touched;
	struct buffer notes;  /* lines for the log, said when the turn's commit is on the disk */
	struct answer answer; /* lent to one command after the other */

	/* The turn before, whose commit is being synced. */
	struct session_list held; /* those whose answers wait for it */
	struct buffer held_notes;
	bool changes_held;        /* there is something new for those who subscribe */
	bool sync_wanted;         /* it wrote something */
	bool sync_proves;         /* and did so after storage had failed */
	int64_t committing_us;    /* what its commit took before the sync, */
	int64_t committed_ms;     /* and when that was */
	struct event *sync_event; /* rung by the thread that syncs; NULL: there is none, and each sync is waited for */
	int sync_bell;

	/* Waiting sessions. */
	uint64_t sweep;      /* the number of the look at them that is under way or was the last */
	uint64_t sweep_seen; /* desk's and engine's changes when it began */
	bool sweep_unfinished;
	bool sweep_wanted; /* look again, whatever the counters say */
	bool sweep_running;
	int64_t wait_end_ms; /* no wait ends before; INT64_MAX: none */

	/* Time. */
	day_t day_seen;                      /* the last day that a turn has begun on */
	int64_t midnight;                    /* unix seconds: when that day ends */
	int64_t wakeup_at;                   /* unix seconds: when the desk wants to be woken */
	bool wakeup_stale;                   /* ask the desk again */
	bool wake_wanted;                    /* wake it in the next turn, whatever it said */
	int64_t refusal_said_ms;             /* when the log last told of a refused connection */
	int64_t accept_at_ms;                /* listening pauses until then; 0: it does not */
	int64_t watchdog_ms, watchdog_at_ms; /* 0: none */
	bool clock_complained;

	/* Work in slices. */
	bool work_pending;
	int64_t slice_us;        /* how long the next one works */
	int64_t slice_began_us;  /* when the last one began */
	int64_t slice_next_us;   /* not before then the next one, if somebody asks for anything */
	int64_t loaded_us;       /* when a piece of a file was taken in last; 0: long ago */
	bool others_wait;        /* somebody else has asked for something in the open turn */
	int64_t others_us;       /* when somebody else asked last */
	int64_t commit_us;       /* how long the last commit took */
	uint64_t slice_commands; /* how many commands there had been at the last one */
	bool slices_open;        /* the last one has left its transaction open for the next */
	bool checkpoint_wanted;  /* something has been committed since the last look, or its thread is done */
	bool wal_held;           /* no command begins to look at the book (wal.h), */
	int64_t wal_hold_at;     /* not before the WAL has come to that size */
	int64_t turn_began_us;   /* by the monotonic clock; */
	int64_t turn_opened_us;  /* and when its transaction was opened, which may be some turns ago: turn_may_wait() */
	bool policy_unset;       /* the disk was full when the engine was given the policy: tried again by and by */

	/* Copies of the book (backup.h). */
	struct backup *backup;                   /* being made; NULL: none */
	int64_t last_backup_at, backup_retry_at; /* unix seconds; 0: never, no */
	bool backup_failed;                      /* the last one */

	struct storage_health health;
	bool always_savepoints; /* a command that should check first has not (turn_run) */
	bool draining, finished;
	int64_t drain_until_ms;
	int exit_status;

	/* For INFO and METRICS. */
	int64_t started_at_ms;
	size_t subscribers;
	uint64_t told_changes; /* what subscribers have been told of */
	uint64_t connections, refused_connections, commands, turns, slices;
	uint64_t refused_by[REFUSAL_COUNT], sign_in_timeouts, wrong_tokens, guesses_slowed;
	struct metrics metrics;
	struct engine_counts reported; /* what the log has been told of the work done */
};

/* Fills server from the parts already in it (above "owned"); policy is taken over. ERR_SYSTEM or ERR_MEMORY otherwise. */
int server_init(struct server *server, struct policy *policy) MUST_CHECK;
/* Frees the sessions that were closed: between turns, so that nobody still holds one. */
void server_free_dead(struct server *server);

void server_release(struct server *server); /* everything it made; the struct itself is the caller's */

/* Starts the threads that read, on the book that is open, and the one that syncs. Without them the daemon still works, and the log says so. */
void server_start_threads(struct server *server);

/* Runs until it is told to stop; the exit status. */
int server_run(struct server *server);

/* Stops: no new connections, the waiting ones are answered, all replies go out, then server_run returns. */
void server_drain(struct server *server, const char *why);

/* A new business time has been set: everything that goes by it is looked at again. */
void server_clock_moved(struct server *server);

/* Signs out whoever is signed in under that name (his rights have changed). */
void server_forget_agent(struct server *server, const char *name);

/* Gives engine and desk their policy, in a transaction of the engine's own, whose sync is put off: with 0 it is in force, whatever becomes of that. */
int server_set_policy(struct server *server, const struct policy *policy) MUST_CHECK;

/* Says the calendars' warnings in the log. */
void server_warn_reach(struct server *server);

/* Logs which rules have another seed or share than this year's draw of the yearly sample, which is kept. */
void server_warn_sample(struct server *server);

/* Reads the configuration again, and puts it into force or says in the log why not. No transaction may be open. The command RELOAD (reload.c) also tells what it changes. */
void server_reload(struct server *server);

/* The text of INFO; section NULL for all. */
void server_info(struct server *server, const char *section, struct buffer *out);

#endif
