/* error.c - the words for a result (error.h). */
#include "followup/error.h"

const char *error_text(int error)
{
	if (error >= 0)
		return "no error";
	switch ((enum followup_error)error) {
	case ERR_NONE:
		break;
	case ERR_MEMORY:
		return "out of memory";
	case ERR_INVALID:
		return "invalid";
	case ERR_NOT_FOUND:
		return "not found";
	case ERR_STORE:
		return "the store failed";
	case ERR_FULL:
		return "the disk is full";
	case ERR_CORRUPT:
		return "the store is damaged or unreadable";
	case ERR_NO_LEASE:
		return "the lease is not held";
	case ERR_CLOSED:
		return "outside calling hours";
	case ERR_BUSY:
		return "busy";
	case ERR_LIMIT:
		return "a limit was reached";
	case ERR_SYNTAX:
		return "not well-formed";
	case ERR_SYSTEM:
		return "a system call failed";
	case ERR_RIGHTS:
		return "not permitted";
	}
	return "unknown error";
}
