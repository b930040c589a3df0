/* desk.h - hands calls to agents and takes outcomes (POLICY 6, 7). Called with the time, inside a transaction of the store that the caller opens and commits.
 *
 * Every function fills answer->json with one JSON document on success (what the socket sends), and answer->why with one line of words for people on failure.
 * A negative result means that the caller must roll back to the savepoint it set before the call. */
#ifndef FOLLOWUP_DESK_H
#define FOLLOWUP_DESK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "followup/buffer.h"
#include "followup/error.h"
#include "followup/policy.h"
#include "followup/role.h"
#include "followup/zone.h"

struct store;
struct engine;
struct desk;

enum { AGENT_NAME_SIZE = 65 };

/* Who is asking: the identity of a session. Not in the agent table (id 0): the operator on the unix socket; he may do what his roles say but holds no calls. */
struct identity {
	int64_t agent_id;
	char name[AGENT_NAME_SIZE];
	unsigned roles; /* enum role bits */
};

enum { LEASE_TEXT_SIZE = 48 };
struct answer {
	struct buffer json;
	char why[512];
	char lease[LEASE_TEXT_SIZE]; /* of the call that NEXT has found last */
};

struct desk *desk_new(struct store *store, struct engine *engine); /* borrows both */
void desk_free(struct desk *desk);
void desk_set_policy(struct desk *desk, const struct policy *policy); /* at start and after each reload */

struct next_request {
	const char *const *queues; /* names the agent asked for; none: all that he serves */
	size_t queue_count;
	int count; /* COUNT n: at most n calls in a JSON array; 0: one call as an object */
};

/* One transaction: finds the best call that this agent may serve, looks at every gate again, leases it. 1 and a document, 0 and nothing when there is none,
 * ERR_CLOSED ("until=2025-01-02T09:30:00") outside hours, ERR_NOT_FOUND for a queue he does not serve. An agent who holds a phone call gets that one again. */
int desk_next(struct desk *desk, const struct identity *who, const struct next_request *request, struct moment now,
	struct answer *answer) MUST_CHECK;

/* lease: "CALL.GENERATION" as NEXT gave it in "lease". */
int desk_touch(struct desk *desk, const struct identity *who, const char *lease, struct moment now, struct answer *answer) MUST_CHECK;
int desk_done(struct desk *desk, const struct identity *who, const char *lease, const char *disposition, const char *json,
	struct moment now, struct answer *answer) MUST_CHECK;
int desk_release(struct desk *desk, const struct identity *who, const char *lease, const char *reason, struct moment now,
	struct answer *answer) MUST_CHECK;
/* A contact without a lease: the client rang in, or it happened earlier ("done_at"). Never refused for what it says about the past. */
int desk_record(struct desk *desk, const struct identity *who, const char *client_ref, const char *json, struct moment now,
	struct answer *answer) MUST_CHECK;

int desk_show(struct desk *desk, const struct identity *who, const char *call, struct moment now, struct answer *answer) MUST_CHECK;
int desk_mine(struct desk *desk, const struct identity *who, struct moment now, struct answer *answer) MUST_CHECK;
/* What a console shows: the words and hours of this desk with the asker's own day; and for who holds a call, what was and when the client can be rung. */
int desk_desk(struct desk *desk, const struct identity *who, struct moment now, struct answer *answer) MUST_CHECK;
int desk_brief(struct desk *desk, const struct identity *who, const char *lease, struct moment now, struct answer *answer) MUST_CHECK;
int desk_queues(struct desk *desk, struct moment now, struct answer *answer) MUST_CHECK;

/* LIST calls|followups|clients|events|attempts [CLIENT ref] [QUEUE q] [STATE s] [RULE r] [LIMIT n] [AFTER id]: words as given. Only reads. */
int desk_list(struct desk *desk, const char *const *words, size_t count, struct answer *answer) MUST_CHECK;
/* Writes down who has been looked at in an answer. words: the command's, behind its name. */
int desk_write_look(struct desk *desk, const char *command, const char *const *words, size_t count, const struct answer *answer) MUST_CHECK;
/* WHY [CLIENT] client | CALL call | QUEUE queue [AGENT name]: words as given. */
int desk_why(struct desk *desk, const char *const *words, size_t count, struct moment now, struct answer *answer) MUST_CHECK;
/* client [LIMIT n] [AFTER entry]: the record's entries about a client, oldest first. */
int desk_history(struct desk *desk, const char *const *words, size_t count, struct answer *answer) MUST_CHECK;
/* [link digest]: whether the record is what was written. Reads only. */
int desk_verify(struct desk *desk, const char *const *words, size_t count, struct answer *answer) MUST_CHECK;
int desk_report(struct desk *desk, const char *const *words, size_t count, struct moment now, struct answer *answer) MUST_CHECK;

/* Whether calls can ever wait on a queue of that name, or on one that a pattern like "manager/" and a star fits. */
bool desk_knows_queue(const struct desk *desk, const char *queue);

/* AGENT.ADD name role[,role...] [QUEUES q ...]: answers {"agent":..., "token":...}; the token is shown this once and only its SHA-256 is kept. */
int desk_agent_add(struct desk *desk, const char *name, const char *roles, const char *const *queues, size_t queue_count,
	struct answer *answer) MUST_CHECK;
int desk_agent_delete(struct desk *desk, const char *name, struct answer *answer) MUST_CHECK;
int desk_agent_list(struct desk *desk, struct answer *answer) MUST_CHECK;
/* BREAK: he is away for something, and gets no phone call from NEXT until READY; what he holds he keeps. The break is the agent's, not a connection's. */
int desk_break(struct desk *desk, const struct identity *who, const char *code, struct moment now, struct answer *answer) MUST_CHECK;
int desk_ready(struct desk *desk, const struct identity *who, struct moment now, struct answer *answer) MUST_CHECK;
/* ERR_RIGHTS for a wrong token and for an unknown name alike. */
int desk_authenticate(struct desk *desk, const char *name, const char *token, struct identity *out) MUST_CHECK;
/* The agent of that name without a token (the unix socket's peer, checked by its uid): 0, or ERR_NOT_FOUND. */
int desk_identify(struct desk *desk, const char *name, struct identity *out) MUST_CHECK;

/* What a supervisor decides (POLICY 5, 6). TAKE: a named call, whatever its place or the hours: the client rings in. */
int desk_take(struct desk *desk, const struct identity *who, const char *call, struct moment now, struct answer *answer) MUST_CHECK;
/* A waiting call goes to another queue and stays there. */
int desk_move(struct desk *desk, const struct identity *who, const char *call, const char *queue, const char *reason, struct moment now,
	struct answer *answer) MUST_CHECK;
/* kind: QUEUE or RULE; until: a local time. Answer: all pauses, an array. */
int desk_pause(struct desk *desk, const struct identity *who, const char *kind, const char *name, const char *until, const char *reason,
	struct moment now, struct answer *answer) MUST_CHECK;
int desk_resume(struct desk *desk, const char *kind, const char *name, struct moment now, struct answer *answer) MUST_CHECK;
int desk_pauses(struct desk *desk, struct answer *answer) MUST_CHECK;
/* A departed manager's clients go to a successor ("none": they are his own again). Answer: all handovers, an array. */
int desk_handover(struct desk *desk, const struct identity *who, const char *manager, const char *successor, const char *reason,
	struct moment now, struct answer *answer) MUST_CHECK;
int desk_handovers(struct desk *desk, struct answer *answer) MUST_CHECK;
/* Do not contact: a client on a channel ("all"), until a day ("none": for ever; "CLEAR" lifts it). Answer: what holds for him, an array. */
int desk_forbid(struct desk *desk, const struct identity *who, const char *client_ref, const char *channel, const char *until,
	const char *reason, struct moment now, struct answer *answer) MUST_CHECK;
/* A task (LIST tasks) has been seen to. */
int desk_acknowledge(struct desk *desk, const struct identity *who, const char *task, const char *note, struct moment now,
	struct answer *answer) MUST_CHECK;
/* A suppressed or waiting follow-up goes ahead whatever the cap says; second is the other supervisor's name. */
int desk_override(struct desk *desk, const struct identity *who, const char *followup, const char *second, const char *reason,
	struct moment now, struct answer *answer) MUST_CHECK;

/* Second-line review (POLICY 8). The oldest one that this reviewer may judge, leased to him, or the one he holds: 1 and a document, 0 and nothing when there is none. */
int desk_review_next(struct desk *desk, const struct identity *who, struct moment now, struct answer *answer) MUST_CHECK;
/* verdict: "accepted" or "rejected"; json: scores and a note (NULL: nothing). ERR_NO_LEASE when it is another's, or judged otherwise. */
int desk_review_done(struct desk *desk, const struct identity *who, const char *review, const char *verdict, const char *json,
	struct moment now, struct answer *answer) MUST_CHECK;

/* An outcome was told wrongly: json says what is true instead, as DONE's does. The same twice is done once and answered the same. */
int desk_correct(struct desk *desk, const struct identity *who, const char *attempt, const char *json, const char *reason,
	struct moment now, struct answer *answer) MUST_CHECK;

/* A client asks to be erased; second is a supervisor's name. Who has been erased is answered the same. */
int desk_erase(struct desk *desk, const struct identity *who, const char *client_ref, const char *second, const char *reason,
	struct moment now, struct answer *answer) MUST_CHECK;

/* CLIENT.PUT and EVENT.PUT. 1: something changed, 0: known already. */
int desk_client_put(struct desk *desk, const char *json, size_t length, struct moment now, struct answer *answer) MUST_CHECK;
int desk_event_put(struct desk *desk, const char *json, size_t length, struct moment now, struct answer *answer) MUST_CHECK;

/* CLIENT.LOAD and EVENT.LOAD: a piece of a CSV file, its header first. Visits every row in order: 1 something changed, 0 known already, ERR_INVALID and why. A negative result of the visit
 * ends it. ERR_INVALID: the header is wrong, and nothing was taken in. What follows from the rows is worked out in slices. */
typedef int desk_load_visit(void *context, int outcome, const char *why);
int desk_load(struct desk *desk, bool events, const char *csv, size_t length, struct moment now, desk_load_visit *visit, void *context,
	struct answer *answer) MUST_CHECK;

/* Puts back what has expired (leases, retries whose time has come). The number of calls that became available, 0 included. */
int desk_wake(struct desk *desk, struct moment now) MUST_CHECK;

/* The next moment (unix seconds) at which desk_wake has something to do or calling hours open; INT64_MAX: never. */
int64_t desk_next_wakeup(struct desk *desk, struct moment now);

/* A queue is walked as a whole at first: the best call is nearly always among its first ones, and there are as many lanes (store_call.h) as managers. Past so many calls that the
 * agent is recused from, or whose own hours are closed, NEXT looks at each lane by itself, so that a hundred thousand of them cost no more than that. It gives the same
 * call either way: tests set another number to see that. */
enum { PATIENCE = 16 };
void desk_set_patience(struct desk *desk, int calls);

/* Counts whatever can have made a call available to a waiting agent since the start: compare two readings. */
uint64_t desk_changes(const struct desk *desk);

#endif
