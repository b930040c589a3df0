/* store_call.h - calls, the ledger of contacts and the record of attempts, as the store keeps them. */
#ifndef FOLLOWUP_STORE_CALL_H
#define FOLLOWUP_STORE_CALL_H

#include "followup/call.h"
#include "followup/error.h"

struct store;

int store_call_insert(struct store *store, struct call *call) MUST_CHECK; /* gives it its id */
int store_call_save(struct store *store, const struct call *call) MUST_CHECK;
/* Of a call that is leased now: its state, generation, agent and lease, and no index that these do not stand in. shown: which items its holder is told of, as store_handout_load() gives it. */
int store_call_lease(struct store *store, const struct call *call, const char *shown) MUST_CHECK;
int store_call_load(struct store *store, int64_t id, struct call *out) MUST_CHECK; /* ERR_NOT_FOUND */
int store_call_delete(
	struct store *store, int64_t id) MUST_CHECK; /* if it is leased, what was shown must be told with the attempt that ends it */

/* A call whose agenda lost or gained items and must be worked out again at the end of the step (POLICY 5: those that leave in one step leave together). */
int store_call_touch(struct store *store, int64_t id) MUST_CHECK;
int store_call_touched(struct store *store, struct call *out) MUST_CHECK; /* the next one, 1 or 0 */
int store_call_clear_touched(struct store *store, int64_t id) MUST_CHECK;

/* The calls of a person, by id: at most capacity; the count. */
int store_call_of_person(struct store *store, int64_t person, struct call *out, int capacity) MUST_CHECK;

/* The leased calls of a person, and those leased as another person's that speak of his matters: a client who changed persons meanwhile. All but one, 0: all. */
int store_call_leased_of_person(struct store *store, int64_t person, int64_t but, struct call *out, int capacity) MUST_CHECK;

/* What calls have in common: who must not call, as text made by the desk ("" nobody), and hours of their own (own_hours.h, "" none). The number of "" is 1. */
int64_t store_lane_id(struct store *store, const char *text) MUST_CHECK;
int store_lane_text(struct store *store, int64_t id, char *out, size_t capacity) MUST_CHECK;
int64_t store_own_hours_id(struct store *store, const char *text) MUST_CHECK;
int store_own_hours_text(struct store *store, int64_t id, char *out, size_t capacity) MUST_CHECK;
int64_t store_own_hours_after(struct store *store, int64_t id) MUST_CHECK; /* the next number there is, or 0 */
uint64_t store_own_hours_made(const struct store *store); /* grows whenever a number is given to hours that nobody had before */

/* Hand-out order. A lane is those calls of a queue that have both in common. */
struct call_lane {
	int64_t hours, lane; /* 0: of the whole queue */
};
#define ALL_LANES ((struct call_lane){0, 0})
/* Where a walk down one lane stands; zero to start. */
struct call_place {
	bool started;
	int due_now;
	int priority;
	day_t due_on;
	int64_t id;
};
/* The next ready call of a queue's lane, or of all its lanes, in order (due now, priority, due_on, id) after place, which moves on: 1 or 0. */
int store_call_next(struct store *store, int64_t queue, struct call_lane lane, struct call_place *place, struct call *out) MUST_CHECK;
/* The place of the first ready call of the queue's next lane by (hours, lane) after *lane (zero to start), which becomes that lane: 1 or 0. LAST_LANE in *lane leaves out
 * what there is left with the same hours. One or two seeks. */
#define LAST_LANE INT64_MAX
int store_call_next_head(struct store *store, int64_t queue, struct call_lane *lane, struct call_place *place) MUST_CHECK;
/* The lanes of a queue, kept from one NEXT to the next: some may have become empty since, which whoever finds one so tells. In no order; at most capacity, and the count.
 * ERR_NOT_FOUND: more than STORE_LANES_KEPT, to be walked. */
enum { STORE_LANES_KEPT = 1024 };
int store_call_lanes(struct store *store, int64_t queue, struct call_lane *out, int capacity) MUST_CHECK;
void store_call_lane_is_empty(struct store *store, int64_t queue, struct call_lane lane);
/* The place of the first ready call of one lane: 1 or 0. */
int store_call_lane_head(struct store *store, int64_t queue, struct call_lane lane, struct call_place *place) MUST_CHECK;
/* The next hours that ready calls on a queue have, and who must not call, whatever the hours, after a number (0 to start): the number, or 0. */
int64_t store_call_next_hours(struct store *store, int64_t queue, int64_t hours) MUST_CHECK;
int64_t store_call_next_lane(struct store *store, int64_t queue, int64_t lane) MUST_CHECK;

/* Ready calls' queues, walked by number: the next one after queue, 0 at the end; with bulk ones only, or only others. */
int64_t store_call_next_queue(struct store *store, int64_t queue) MUST_CHECK;
/* All of them at once, kept from one NEXT to the next: some may have become empty since, unless anew. At most capacity, and the count; ERR_NOT_FOUND: more than STORE_QUEUES_KEPT, to be walked. */
enum { STORE_QUEUES_KEPT = 256 };
int store_call_queues(struct store *store, bool anew, int64_t *out, int capacity) MUST_CHECK;

/* How many ready calls of its queue go before a call. */
int64_t store_call_ahead(struct store *store, const struct call *call) MUST_CHECK;
/* The ready calls of a queue that the same must not make, how many. */
int64_t store_call_count_lane(struct store *store, int64_t queue, int64_t lane) MUST_CHECK;
/* A queue's resting calls, the one whose time comes first first; and those that somebody holds or whose message is uncertain: at most capacity, and the count. */
int store_call_resting_on(struct store *store, int64_t queue, struct call *out, int capacity) MUST_CHECK;
int store_call_held_on(struct store *store, int64_t queue, struct call *out, int capacity) MUST_CHECK;

/* Marks calls due on or before day that are not marked due now, at most limit: the count. */
int store_call_mark_due(struct store *store, day_t day, int limit) MUST_CHECK;

/* Calls that an agent holds, leased or uncertain, by id. */
int store_call_of_agent(struct store *store, int64_t agent_id, struct call *out, int capacity) MUST_CHECK;

/* The next leased call whose lease ended, resting one whose time came, or untaken one that moves to a wider queue, by now: 1 or 0. And when the next one will: INT64_MAX for none. */
int store_call_next_expired(struct store *store, int64_t now, struct call *out) MUST_CHECK;
int store_call_next_rested(struct store *store, int64_t now, struct call *out) MUST_CHECK;
/* POLICY 6: an appointment that its owner has not kept for 15 minutes is anyone's. */
enum { APPOINTMENT_GRACE_SECONDS = 900 };
int store_call_next_unkept(struct store *store, int64_t now, struct call *out) MUST_CHECK;
/* The agent is gone: what was kept for him is anyone's. */
int store_call_disown(struct store *store, int64_t agent_id) MUST_CHECK;
int store_call_next_widening(struct store *store, int64_t now, struct call *out) MUST_CHECK;
int store_call_next_time(struct store *store, int64_t *when) MUST_CHECK;

/* The cap's ledger. */
struct contact {
	int64_t id;
	int64_t call_id;
	day_t on_day;
	int64_t at;
	int64_t channel;
	int64_t agent_id; /* 0: none */
	bool over_cap;
	int64_t client_id; /* for whom it counts; 0: nobody, so far */
};
int store_contact_insert(struct store *store, struct contact *contact) MUST_CHECK;
/* Counts the contact for a further client (POLICY 5: kept by client, the person is looked up when asked). */
int store_contact_count_for(struct store *store, int64_t contact_id, int64_t client_id, day_t on_day) MUST_CHECK;
/* Counted contacts of a person's clients from first to last, both included. */
int store_contact_of_person(struct store *store, int64_t person, day_t first, day_t last) MUST_CHECK;
/* The day of a person's first counted contact in a span of days, NO_DAY when there is none. */
int store_contact_first_of_person(struct store *store, int64_t person, day_t first, day_t last, day_t *out) MUST_CHECK;
/* The day of a client's latest contact up to day, NO_DAY when there is none. */
int store_contact_last_of_client(struct store *store, int64_t client_id, day_t day, day_t *last) MUST_CHECK;
/* The contact is taken back: it counts for nobody any more (a message that bounced after all, a try that reached nobody). */
int store_contact_take_back(struct store *store, int64_t contact_id) MUST_CHECK;
/* It happened at another time than was told: day, moment and mark are written anew. */
int store_contact_move(struct store *store, const struct contact *contact) MUST_CHECK;

/* Hand-outs: who was given a call under which generation, and the items he has been told of, as a JSON array of numbers. */
/* Adds to what he has been told of. */
int store_handout_show(struct store *store, int64_t call_id, int generation, const char *shown) MUST_CHECK;
/* 1 and who it was (free shown), or 0. */
int store_handout_load(struct store *store, int64_t call_id, int generation, int64_t *agent_id, char **shown) MUST_CHECK;

enum view_address { VIEW_NO_ADDRESS, VIEW_PHONE, VIEW_EMAIL };

/* One try, written once and never changed. */
struct attempt {
	int64_t id; /* store_attempt_enter()'s; 0: it has not been entered */
	int64_t at; /* unix seconds */
	int64_t call_id;
	int generation;
	const char *agent;
	int64_t queue, channel;
	const char *client_ref;
	int64_t client_id; /* his number; 0: looked up */
	const char *disposition;
	enum view_address address; /* which of the client's was dialled or written to: it is written down whole */
	const char *detail;        /* what was said of it: the JSON of DONE and RECORD, or a reason in words; NULL or "": nothing */
	int64_t contact_id;        /* 0: none */
	bool over_cap;
	bool expired;                         /* recorded under a lease that no longer held */
	const char *answer;                   /* JSON: what the agent was told */
	int64_t followup_id;                  /* the foremost matter it was made for; 0: none */
	const struct followup *const *closed; /* the follow-ups that it closed */
	size_t closed_count;
	int64_t holder;    /* of the lease that ended with the call by this, */
	const char *shown; /* and the items he had been told of; NULL: it has ended no lease, or no call */
};
/* Enters it into the record, before what follows from it: its number; 0 when no record is kept. answer, followup_id and closed need not be known yet. */
int64_t store_attempt_enter(struct store *store, const struct attempt *attempt) MUST_CHECK;
/* Writes it as an entry of the record too (store_record.h), with the same number, which it returns. client_ref: whom it concerned first; further ones are told to
 * store_record_about(). The follow-ups that it closed are marked as closed by it. */
int64_t store_attempt_insert(struct store *store, const struct attempt *attempt) MUST_CHECK;
/* The answer given to the same RECORD by the same agent for the same client and moment: 1 with the answer (free it), or 0. */
int store_attempt_recorded(
	struct store *store, const char *agent, int64_t client_id, int64_t at, const char *detail, char **answer) MUST_CHECK;
/* The contact and its day that an attempt under a lease made with that disposition (NULL: any): 1, or 0. */
int store_attempt_contact(
	struct store *store, int64_t call_id, int generation, const char *disposition, int64_t *contact_id, day_t *on_day) MUST_CHECK;
/* The channel and the queue that a call was on when something was last told of it: 1, or 0 when nothing ever was. */
int store_attempt_place(struct store *store, int64_t call_id, int64_t *channel, int64_t *queue) MUST_CHECK;
/* Whether a try with that disposition was told under a lease: 1 or 0. */
int store_attempt_made(struct store *store, int64_t call_id, int generation, const char *disposition) MUST_CHECK;
/* The answer given to an agent's DONE under this lease, when it is the same DONE again: 1 with the answer (free it), 0 when nothing was recorded,
 * ERR_INVALID when another outcome was. */
int store_attempt_answer(struct store *store, int64_t call_id, int generation, const char *agent, const char *disposition,
	const char *detail, char **answer) MUST_CHECK;

#endif
