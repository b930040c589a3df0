/* engine.h - turns facts into follow-ups and follow-ups into calls (POLICY 3, 5). Called with the day; reads no clock. */
#ifndef FOLLOWUP_ENGINE_H
#define FOLLOWUP_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "followup/error.h"
#include "followup/policy.h"
#include "followup/zone.h"

struct store;
struct engine;

struct engine *engine_new(struct store *store); /* borrows */
void engine_free(struct engine *engine);

/* At start and after each reload, at a moment (unix seconds). Everything open is looked at again against the new rules and calendars in the slices that follow. After an error the former
 * policy is in force as before. */
int engine_set_policy(struct engine *engine, const struct policy *policy, int64_t at) MUST_CHECK;

/* For an engine over a store that is only read (store_reader.h), before each use: the policy that counts there, and where the book stands. Nothing but engine_check() and the functions of
 * explain.h works on it. */
int engine_read_with(struct engine *engine, const struct policy *policy) MUST_CHECK;

/* Whether two policies make the same follow-ups of the same facts: then nothing open is looked at again when one comes after the other. */
bool engine_same_rules(const struct policy *one, const struct policy *other);

struct client_fact;
struct event_fact;
/* Takes in a fact and notes whom it concerns; engine_settle() or the day cycle draws the conclusions. 1: something changed, 0: known already, ERR_INVALID: store_message()
 * says why. assets_day: from which day assets are known when the row carries no as_of. */
int engine_take_client(struct engine *engine, const struct client_fact *fact, struct moment now, day_t assets_day) MUST_CHECK;
int engine_take_event(struct engine *engine, const struct event_fact *fact, struct moment now) MUST_CHECK;
/* Facts taken in between the two are many: they are settled by engine_work() alone, after whatever came one by one. */
void engine_take_many(struct engine *engine, struct moment now);
void engine_take_many_end(struct engine *engine);

/* Takes in what an agent has promised a client: its number. */
struct promise;
int64_t engine_take_promise(struct engine *engine, const struct promise *promise, const char *agent) MUST_CHECK;

/* Begins a book at a day that is not today's (simulate): nothing before it is worked, and it is start_on. */
int engine_begin_at(struct engine *engine, day_t day) MUST_CHECK;

/* Settles the clients whose facts have changed in this transaction, at most budget of them (POLICY 3: the same four steps, at once). 1: some are left.
 * ENGINE_DAY_FIRST: nothing was done, for days are still to be worked (engine_work()), which finds them all. */
enum { ENGINE_DAY_FIRST = 2 };
int engine_settle(struct engine *engine, struct moment now, int budget) MUST_CHECK;
/* The same for those alone whose facts came one by one. */
int engine_settle_few(struct engine *engine, struct moment now, int budget) MUST_CHECK;

/* One bounded slice, in a transaction of its own that the caller opens and commits: the day cycle of the oldest day not yet worked up to today, then
 * clients left over. 1: more work waits, ENGINE_COMMIT_FIRST: the same, and it goes better when this has been committed; 0: all is done up to today. budget: rows touched, about. */
enum { ENGINE_COMMIT_FIRST = 3 };
int engine_work(struct engine *engine, struct moment now, int budget) MUST_CHECK;

/* POLICY 8: a client asks to be erased. What is open of his is cancelled and what the book knows of him is gone at once; his events and the entries about him follow in the slices
 * of engine_work(). by: who does it. */
int engine_erase_client(struct engine *engine, int64_t client_id, struct moment now, const char *by) MUST_CHECK;

/* What has been done since the start, for INFO and the log. */
struct engine_counts {
	uint64_t created, cancelled, expired, admitted, deferred, moved, preempted, suppressed, alarms;
};
struct engine_counts engine_counts(const struct engine *engine);

/* The last day whose cycle is complete; NO_DAY before the first. */
day_t engine_worked_on(const struct engine *engine);

/* Whether every day up to today has been worked and no client waits; for INFO. Calls go out meanwhile. */
bool engine_is_idle(struct engine *engine, struct moment now);

/* Counts whatever can have made a call available to a waiting agent since the start: compare two readings. */
uint64_t engine_changes(const struct engine *engine);

/* CHECK: compares what is kept with a full scan (next-occasion days, agendas, due marks) and the invariants of DESIGN 5; appends one JSON document. The count of faults. */
struct buffer;
int engine_check(struct engine *engine, struct moment now, struct buffer *json) MUST_CHECK;

#endif
