/* turn.h - a turn's transaction: opened when a command first needs the store, committed and on the disk before any answer goes out (DESIGN 3).
 *
 * A commit is synced by a thread. Until it has been, what the turn answers is held back, and the next turn is read and worked, which stays open for as long: one sync is under way at a time,
 * and whatever came meanwhile is committed together. */
#ifndef FOLLOWUP_TURN_H
#define FOLLOWUP_TURN_H

#include <stdbool.h>

#include "followup/error.h"

struct server;
struct session;

/* Executes the request that the session's parser has completed, or again the one it is parked with; last_look: it will not be parked (again). */
void turn_execute(struct server *server, struct session *session, bool last_look);

struct request;

/* Runs a handler inside the turn's transaction, which takes back what it has written when it refuses; notes that the answer waits for the commit. What it returns, or the store's failure
 * after it has been dealt with (turn_fail). */
int turn_run(struct request *request, int (*handler)(struct request *request)) MUST_CHECK;

/* Opens the transaction unless it is open. A failure is dealt with (turn_fail) before it returns. */
int turn_open(struct server *server) MUST_CHECK;

/* Whether the turn may stay open, for more to come into it: while the one before is being synced; and while a file is being loaded, and nobody else has asked for anything, as long as a
 * commit takes, and longer on a quiet desk: its feeder hears of all its pieces together. */
bool turn_may_wait(const struct server *server);
/* Whether nobody but feeders has asked for anything for a while. */
bool turn_is_quiet(const struct server *server);
/* Whether a piece of a file has come just now: work that can wait waits until all of it is there. */
bool turn_is_loading(const struct server *server);

/* Settles the facts that came, serves those who wait, commits, and holds the answers of all touched sessions until the commit is on the disk: then they get what was hoped for, or STORE.
 * Waits for the turn before. */
void turn_close(struct server *server);

/* If the turn before is on the disk: sends its answers and says its notes. */
void turn_look(struct server *server);

/* Waits until it is. */
void turn_finish(struct server *server);

/* Whether so much has been worked in the open turn that it should be committed, and the rest be the next turn's: worked while this one is synced. */
bool turn_is_full(const struct server *server);

/* The store has failed: rolls back, and every answer of this turn that rested on it becomes STORE. ERR_CORRUPT ends the daemon. */
void turn_fail(struct server *server, int error);

/* Commits, when the turn before is on the disk; 0, or the failure after it has been dealt with (turn_fail). */
int turn_commit(struct server *server);

/* The same, and waits until it is on the disk. */
int turn_commit_now(struct server *server);

/* A line for the log that is said only when the turn's commit is on the disk. */
void turn_note(struct server *server, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether an error is the store's and not the asker's. */
bool turn_is_store_error(int error);

#endif
