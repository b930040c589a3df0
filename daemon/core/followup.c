/* followup.c - the states of a follow-up and the moves between them. */
#include "followup/followup.h"

#include <string.h>

#include "followup/error.h"

#define TO(state) (1u << (state))
#define CLOSED_BY_CONTACT (TO(FOLLOWUP_DONE) | TO(FOLLOWUP_DONE_LATE))
#define FINAL (CLOSED_BY_CONTACT | TO(FOLLOWUP_MISSED) | TO(FOLLOWUP_CANCELLED) | TO(FOLLOWUP_SUPPRESSED))

static const struct {
	const char *name;
	unsigned moves; /* bit set of the states that may follow */
} states[FOLLOWUP_STATE_COUNT] = {
	[FOLLOWUP_SCHEDULED] = {"scheduled", TO(FOLLOWUP_QUEUED) | FINAL},
	[FOLLOWUP_QUEUED] = {"queued", TO(FOLLOWUP_SCHEDULED) | FINAL},
	/* Taken back: a bounce within days of the message, a review's rejection. */
	[FOLLOWUP_DONE] = {"done", TO(FOLLOWUP_SCHEDULED) | TO(FOLLOWUP_MISSED)},
	[FOLLOWUP_DONE_LATE] = {"done-late", TO(FOLLOWUP_SCHEDULED) | TO(FOLLOWUP_MISSED)},
	/* A contact that has happened is never refused (POLICY 3). */
	[FOLLOWUP_MISSED] = {"missed", CLOSED_BY_CONTACT},
	/* ... and a rule that fits again takes its occasion back. */
	[FOLLOWUP_CANCELLED] = {"cancelled", CLOSED_BY_CONTACT | TO(FOLLOWUP_SCHEDULED)},
	[FOLLOWUP_SUPPRESSED] = {"suppressed", CLOSED_BY_CONTACT | TO(FOLLOWUP_SCHEDULED)},
};

const char *followup_state_name(enum followup_state state)
{
	return (unsigned)state < FOLLOWUP_STATE_COUNT ? states[state].name : "unknown";
}

int followup_state_parse(const char *name)
{
	for (int i = 0; i < FOLLOWUP_STATE_COUNT; i++)
		if (strcmp(states[i].name, name) == 0)
			return i;
	return ERR_NOT_FOUND;
}

bool followup_state_is_open(enum followup_state state)
{
	return state == FOLLOWUP_SCHEDULED || state == FOLLOWUP_QUEUED;
}

bool followup_move_is_legal(enum followup_state from, enum followup_state to)
{
	if ((unsigned)from >= FOLLOWUP_STATE_COUNT || (unsigned)to >= FOLLOWUP_STATE_COUNT)
		return false;
	return (states[from].moves & TO(to)) != 0;
}
