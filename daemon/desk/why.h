/* why.h - what the files of WHY share. Nothing outside the desk includes it. */
#ifndef FOLLOWUP_DESK_WHY_H
#define FOLLOWUP_DESK_WHY_H

#include "internal.h"

enum { WHY_TEXT_SIZE = 512, WHY_AGENTS_MAX = 50 };

/* Every gate that stands before a call now, in the order in which a person would ask. The first that holds it back is the verdict. */
enum why_gate {
	WHY_STATE,       /* it rests, somebody holds it, it may have been sent */
	WHY_QUEUE,       /* its queue is paused */
	WHY_MATTERS,     /* a rule off or paused, an account closed, a channel forbidden */
	WHY_OTHER_CALL,  /* somebody speaks with the person */
	WHY_CONTACTS,    /* no contact left */
	WHY_GAP,         /* too soon after the last contact */
	WHY_HOURS,       /* nobody calls now */
	WHY_APPOINTMENT, /* it is its owner's for the while */
	WHY_AGENTS,      /* nobody may make it, or all who may are away */
	WHY_GATES
};
const char *why_gate_name(enum why_gate gate);

struct why_gates {
	struct {
		bool holds_back;
		char says[WHY_TEXT_SIZE];  /* how it is; "" when there is nothing to say */
		char needs[WHY_TEXT_SIZE]; /* what would have to happen, when it holds back */
	} gates[WHY_GATES];
};
/* who: an agent's eyes; NULL: anybody's. WHY_AGENTS is left to the caller. agenda: the call's. */
int why_gates(struct desk *desk, const struct call *call, const struct followup_list *agenda, const struct agent *who, struct moment now,
	struct why_gates *out) MUST_CHECK;
/* The first gate that holds back; WHY_GATES: none does. */
enum why_gate why_first(const struct why_gates *gates);

/* Why an agent gets no call at all, or none of this call: "" when nothing is in the way. lane: text of who must not call. needs: what would have to happen,
 * text of the program's own. */
int why_agent(struct desk *desk, const struct agent *agent, const char *queue, const char *lane, bool bulk, char out[WHY_TEXT_SIZE],
	const char **needs) MUST_CHECK;

/* WHY CALL n, WHY QUEUE q [AGENT a] (agent NULL: anybody). */
int why_call(struct desk *desk, const char *number, struct moment now, struct answer *answer) MUST_CHECK;
int why_queue(struct desk *desk, const char *queue, const char *agent, struct moment now, struct answer *answer) MUST_CHECK;

/* The text of a lane for people: "I3, M17, role marketing"; "" when nobody is excluded. */
void lane_in_words(const char *lane, char *out, size_t size);

/* A member's name, after a comma, and its text (NULL: null). */
void add_text(struct buffer *out, const char *name, const char *text);

#endif
