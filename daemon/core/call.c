/* call.c - the names of a call's states. */
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
	}
	return "unknown";
}
