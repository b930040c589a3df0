/* store_report.h - what REPORT counts (POLICY 9). It only reads: any connection to the book will do, also one of another thread. */
#ifndef FOLLOWUP_STORE_REPORT_H
#define FOLLOWUP_STORE_REPORT_H

#include <stdint.h>

#include "followup/date.h"
#include "followup/error.h"

struct store;

enum report_by { REPORT_BY_RULE, REPORT_BY_BRANCH, REPORT_BY_AGENT, REPORT_BY_DAY, REPORT_BY_QUEUE, REPORT_BY_COUNT };

/* Counts that may be added up over groups. Those up to REPORT_OPEN are of the follow-ups that were due in the span: REPORT_DUE is the sum of done, done late, missed,
 * cancelled, suppressed and open, REPORT_SUPPRESSED that of its reasons. The others are of what happened in the span, whenever it was due: REPORT_TRIES is the sum of calls
 * and messages, REPORT_CONTACTS that of reached, sent and recorded. */
enum report_figure {
	REPORT_DUE,
	REPORT_DONE,
	REPORT_DONE_LATE,
	REPORT_MISSED,
	REPORT_CANCELLED,
	REPORT_SUPPRESSED,
	REPORT_SUPPRESSED_CAP,
	REPORT_SUPPRESSED_PREEMPTED,
	REPORT_SUPPRESSED_MIN_GAP,
	REPORT_SUPPRESSED_NO_CHANNEL,
	REPORT_SUPPRESSED_DO_NOT_CONTACT,
	REPORT_SUPPRESSED_PAUSED,
	REPORT_SUPPRESSED_WRONG_NUMBER,
	REPORT_SUPPRESSED_OTHER, /* a reason that this table does not know */
	REPORT_OPEN,
	REPORT_TRIES,    /* leases of which an outcome was told, and messages whose lease ran out */
	REPORT_CALLS,    /* those of them on which an agent talks */
	REPORT_REACHED,  /* those calls that were a contact */
	REPORT_MESSAGES, /* tries that are messages */
	REPORT_SENT,     /* those messages that were a contact and did not come back */
	REPORT_RECORDED, /* contacts told without a lease: they were no try of the desk's */
	REPORT_CONTACTS,
	REPORT_OVER_CAP,           /* contacts marked so */
	REPORT_SATISFACTION_SUM,   /* of marks from 1 to 5 */
	REPORT_SATISFACTION_COUNT, /* how many there were */
	REPORT_ESCALATIONS,        /* tasks for people about a client */
	REPORT_ESCALATIONS_OPEN,   /* those of them that nobody has acknowledged */
	REPORT_FIGURES
};

struct report_span {
	day_t first, last;         /* due days, both included */
	int64_t from, until;       /* the same as moments, unix seconds, until excluded */
	const char *bulk_channels; /* names, a JSON array: on these a try is a message */
};

/* Adds count to a figure of a group; group is NULL for what belongs to none (no branch, closed by nobody). Called any number of times for one figure, groups in no order.
 * A negative result ends the counting. */
typedef int report_add(void *context, const char *group, enum report_figure figure, int64_t count);

/* By rule a try counts for that of the foremost follow-up it was made for; by branch for that of its first client, as the client's branch is known now; by agent a
 * follow-up counts for whose contact closed it; by day follow-ups count on their due day, everything else on the local day it happened. */
int store_report(struct store *store, enum report_by by, const struct report_span *span, report_add *add, void *context) MUST_CHECK;

#endif
