/* outcome.h - what DONE and RECORD hand on to the effects of a disposition. Nothing outside the desk includes it. */
#ifndef FOLLOWUP_DESK_OUTCOME_H
#define FOLLOWUP_DESK_OUTCOME_H

#include "internal.h"

/* A call as DONE finds it. */
struct outcome {
	struct desk *desk;
	const struct identity *who;
	struct moment now;
	const struct disposition *disposition;
	struct call call;
	bool call_exists;
	bool holds; /* the lease is still good */
	int generation;
	const char *shown_json; /* what the holder was told of; NULL: there is none */
	bool uncertain;         /* the message's lease ran out, and its contact is counted: */
	int64_t uncertain_contact;
	day_t uncertain_on;
	struct followup_list agenda;
	size_t ticked_count, given_up_count;
	struct followup *extra;         /* those ticked that are not on the call; NULL: none */
	char client_ref[65];            /* of the foremost item, or whom RECORD names */
	int64_t client_id;              /* whom RECORD names, or whom an empty call was about; 0: the agenda says it */
	int64_t contact_id, attempt_id; /* 0: none yet */
	const char *detail;             /* as it was said: JSON, or NULL */
	bool over_cap;
	char attorney[ATTORNEY_SIZE]; /* with whom the contact was in the client's place; "": with the client */
	/* From here on only as many are there as are counted. */
	int64_t promises[PROMISES_MAX]; /* the numbers of what was promised */
	struct followup *ticked[ITEMS_MAX];
	struct followup *given_up[ITEMS_MAX]; /* what a client who refused has ended */
	struct said said;
	struct said shown; /* the same as items */
};

/* effect.c: does what the disposition of a call's holder does (POLICY 7). extra: room for ITEMS_MAX follow-ups that are not on the call. */
int outcome_perform(struct outcome *o, const char *lease, int64_t holder, struct answer *answer) MUST_CHECK;
/* The same for RECORD, whose default items are ticked already. */
int outcome_record(struct outcome *o, struct answer *answer) MUST_CHECK;
/* A message that was told as sent has come back: its contact no longer counts, and what it closed on that day goes on to its next channel. */
int outcome_bounce_late(struct outcome *o, int64_t contact_id, day_t on_day) MUST_CHECK;
/* POLICY 7: the client does not acknowledge what happened to his assets: his branch and head office hear of it, and it stays red until acknowledged. */
int outcome_escalate(struct outcome *o) MUST_CHECK;
/* Everything of the client waits until his number is corrected; a task says so. */
int outcome_number_is_wrong(struct outcome *o) MUST_CHECK;
/* Whether a disposition says that the client was reached. */
bool outcome_is_contact(const struct disposition *disposition);
/* Whom the contact counts for: the clients of the ticked items; when nothing is ticked, the one who rang in or all whom the call was about. The count. */
int outcome_clients(struct outcome *o, int64_t clients[CLIENTS_OF_CALL_MAX]) MUST_CHECK;
/* Whether his rule recuses the asker from a matter that he was not told of under the lease: 1 or 0. */
int outcome_is_barred(const struct outcome *outcome, const struct followup *followup) MUST_CHECK;
/* The day on which it happened. */
day_t outcome_day(const struct outcome *o);
/* attorney.c: whether a disposition that tells of an attorney may, and sets o->attorney. */
int outcome_check_attorney(struct outcome *o, struct answer *answer) MUST_CHECK;
/* The matter that a try was made for: the foremost of the call, of what was shown of it, or of what RECORD closes; 0: none. */
int64_t outcome_foremost(const struct outcome *o);
/* review.c: draws a contact for second-line review, or not. */
int outcome_draw_review(struct outcome *o, int64_t attempt_id) MUST_CHECK;
/* promise.c: whether what was promised can be, and keeps it. */
int outcome_check_promises(const struct outcome *o, struct answer *answer) MUST_CHECK;
int outcome_keep_promises(struct outcome *o) MUST_CHECK;
/* outcome.c: enters the try into the record as soon as its contact has a number: the number of its entry, 0 when no record is kept. */
int64_t outcome_enter(void *outcome, int64_t contact_id, bool over_cap) MUST_CHECK;
/* When the contact or try happened, in unix seconds. */
int64_t outcome_moment(const struct outcome *o);

#endif
