/* call.c - the names of a call's states, and the order of hand-out. */
#include "followup/call.h"

const char *call_state_name(enum call_state state)
{
	switch (state) {
	case CALL_READY:
		return "ready";
	case CALL_RESTING:
		return "resting";
	case CALL_LEASED:
		return "leased";
	case CALL_UNCERTAIN:
		return "uncertain";
	}
	return "unknown";
}

int call_compare(const struct call *a, const struct call *b)
{
	if (a->due_now != b->due_now)
		return a->due_now > b->due_now ? -1 : 1;
	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	if (a->due_on != b->due_on)
		return a->due_on < b->due_on ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}
