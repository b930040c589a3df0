/* agenda.h - the one place where follow-ups change state and calls are worked out from their agendas (POLICY 3, 5). Used by the engine and the desk. */
#ifndef FOLLOWUP_AGENDA_H
#define FOLLOWUP_AGENDA_H

#include "followup/call.h"
#include "followup/engine.h"
#include "followup/followup.h"
#include "followup/store_client.h"

struct followup_list {
	struct followup *items;
	int count, capacity;
};
void followup_list_free(struct followup_list *list); /* frees the items */

/* A call's agenda in order of rank. */
int agenda_load(struct engine *engine, int64_t call_id, struct followup_list *out) MUST_CHECK;

/* Moves a follow-up, which may take it off its call: the call is worked out again by agenda_settle() at the end of the step, so that those that leave in one
 * step leave together. Stops the program when the move is not one of POLICY 3's. reason: a name, 0 none. day: of closing, for final states. */
int followup_move(struct engine *engine, struct followup *followup, enum followup_state to, int64_t reason, day_t day) MUST_CHECK;

/* Works out the calls that changed since: priority, due day, queue, class, who must not call; ends those whose agenda is empty and that nobody holds. At most
 * limit of them: 1 when more are left. */
int agenda_settle(struct engine *engine, day_t day, int limit) MUST_CHECK;

/* POLICY 6: a call untaken for so long moves to the next wider queue of its foremost item's rule, and keeps its place (its number). */
int agenda_widen(struct engine *engine, struct call *call, struct moment now) MUST_CHECK;

/* The name of the queue that it would move to; "" when there is none. */
int agenda_wider_queue(struct engine *engine, const struct call *call, char *out, size_t size) MUST_CHECK;

enum gate_result {
	GATE_OPEN = 1,  /* may be handed out */
	GATE_GONE = 0,  /* the call was dissolved or has changed, and others may have: look again from the start */
	GATE_LATER = 2, /* another phone call of that person is leased just now */
};
/* POLICY 5: every gate looked at again when a call is about to be handed out. May take items off the call or dissolve it: the caller's copy
 * of call is then old. */
int gate_call(struct engine *engine, struct call *call, struct moment now) MUST_CHECK;

/* The same gates looked at and nothing changed, for WHY. */
enum item_gate {
	ITEM_GOES,
	ITEM_RULE_OFF, /* or removed from the configuration */
	ITEM_PAUSED,
	ITEM_ACCOUNT_CLOSED,
	ITEM_WRONG_NUMBER,
	ITEM_NO_CHANNEL, /* no address, or forbidden */
	ITEM_STRANGER,   /* its client has become part of another person */
};
struct gate_view {
	enum item_gate item; /* of the first item that does not go: its place on the agenda */
	int item_place;
	struct call other;    /* another phone call of the person that somebody holds; id 0: none */
	int contacts, leased; /* what the person's contacts and his other leased calls use */
	int cap;              /* NO_LIMIT: this call asks for none */
	day_t gap_until;      /* the day on which min_gap is over; NO_DAY: it does not matter */
};
int gate_look(struct engine *engine, const struct call *call, const struct followup_list *agenda, struct moment now,
	struct gate_view *out) MUST_CHECK;

/* A contact that happened on day (POLICY 3): writes the ledger and closes the ticked items as done or done-late. call may be NULL (RECORD). clients: whom it counts for.
 * Returns the contact's number; *over_cap says that it was above the cap. */
struct contact_made {
	const struct call *call;
	int64_t channel; /* a name */
	bool counted;
	int64_t person;
	const int64_t *client_ids;
	size_t client_count;
	struct followup *const *ticked;
	size_t ticked_count;
	day_t day;
	int64_t at;
	int64_t agent_id;
	bool ends_call; /* everything on the call is ticked: the call ends in the same step, whoever holds it */
	/* Writes the try down as soon as the contact has its number, and before anything is closed by it: the number of its entry, 0: none yet, or an error. NULL: later. */
	int64_t (*write_down)(void *context, int64_t contact_id, bool over_cap);
	void *context;
};
int64_t agenda_contact(struct engine *engine, const struct contact_made *made, bool *over_cap) MUST_CHECK;

/* A contact told wrongly: it happened on another day, for other clients, and closes these items. *over_cap: its mark, which stays as it was unless the day is another. */
int agenda_contact_again(
	struct engine *engine, int64_t contact_id, day_t former_day, const struct contact_made *made, bool *over_cap) MUST_CHECK;

/* What ended a follow-up was told wrongly: it is scheduled again, as if it had not been told. Its client is settled at the end of the turn, which cancels it, lets it
 * expire or admits it, as the facts and its window are by then. */
int agenda_take_back(struct engine *engine, struct followup *followup, day_t day) MUST_CHECK;

/* The same for a whole call on a day: for all clients of its agenda; close: every item is closed by it. */
int64_t agenda_contact_whole(struct engine *engine, const struct call *call, bool close, struct moment now, bool *over_cap) MUST_CHECK;

/* Writes down a try and everyone whom it concerned: those of the agenda, and one more client (0: none). */
struct attempt;
/* The same, for its number. */
int64_t agenda_attempt(
	struct engine *engine, const struct attempt *attempt, const struct followup_list *agenda, int64_t client_id) MUST_CHECK;
int agenda_write_down(
	struct engine *engine, const struct attempt *attempt, const struct followup_list *agenda, int64_t client_id) MUST_CHECK;

/* The rule of a follow-up; NULL when the configuration has it no more. */
const struct rule *agenda_rule(const struct engine *engine, const struct followup *followup);

/* POLICY 8: a review has rejected the contact that closed it. It waits again, from its first channel on and without what was decided for it before, and is of use for
 * at least so many days more. The contact still counts. */
int agenda_reopen(struct engine *engine, struct followup *followup, int days, struct moment now) MUST_CHECK;

/* Whether an agent looks after a client, has done so before his clients were handed on, or has brought him: 1 or 0. */
struct agent;
int agenda_is_close(struct engine *engine, int64_t client_id, const struct agent *agent) MUST_CHECK;
/* POLICY 6: whether its rule says that he must not make the call: 1 or 0. Of no agent, and of a rule that the configuration has no more, nothing is said. */
int agenda_is_recused(struct engine *engine, const struct followup *followup, int64_t agent_id) MUST_CHECK;

/* A reason as a number, kept since the last change of policy. */
int64_t agenda_reason_do_not_contact(const struct engine *engine);

/* POLICY 7, wrong-number: every open follow-up of the client waits, off its call, until his number is corrected. */
int agenda_hold_client(struct engine *engine, int64_t client_id, day_t day) MUST_CHECK;

/* Puts the items on the next channel of their rules, or ends them as missed, unreachable (POLICY 7: after the last try, a bounce). */
int agenda_next_channel(struct engine *engine, struct followup *followup, day_t day) MUST_CHECK;

/* Step 4 for what a person has scheduled, at once. */
int agenda_admit(struct engine *engine, int64_t person, struct moment now) MUST_CHECK;

/* The cap's arithmetic for WHY: slots used by a person on a day, and the days for which a follow-up of that priority leaves one free (ascending; the count). */
int agenda_slots_used(struct engine *engine, int64_t person, day_t day) MUST_CHECK;
int agenda_foreseen(struct engine *engine, int64_t person, day_t day, int priority, day_t *days, int capacity) MUST_CHECK;

/* POLICY 6, nobody left: whether somebody of the agent table may serve a queue's lane. The alarm is one task for each queue and lane (or for a queue that nobody
 * serves at all), and ends by itself. */
enum staffing {
	STAFFING_SERVED = 1,
	STAFFING_RECUSED, /* those who serve the queue are all excluded from this lane */
	STAFFING_NOBODY,  /* nobody serves the queue */
};
int agenda_staffing(struct engine *engine, int64_t queue, int64_t lane, enum staffing *out) MUST_CHECK;
/* A ready call stands on its queue: raises the alarm unless somebody may serve it or it moves to a wider queue by itself. */
int agenda_note_staffing(struct engine *engine, const struct call *call) MUST_CHECK;
/* The queues with ready calls of which nobody may make some, or all: at most so many names with blanks between them; how many there are. */
struct buffer;
int agenda_unserved(struct engine *engine, int most, struct buffer *out) MUST_CHECK;
/* Somebody was let in, changed or shut out: every queue and lane is looked at again in slices. */
int agenda_agents_changed(struct engine *engine) MUST_CHECK;

/* Who stands for a manager by now: the end of the chain of successors (HANDOVER), himself where there is none; "" for "". */
int agenda_present_manager(struct engine *engine, const char *manager, char out[CLIENT_TEXT_SIZE]) MUST_CHECK;

struct store *engine_store(const struct engine *engine);

#endif
