/* internal.h - what the files of the desk share. */
#ifndef FOLLOWUP_DESK_INTERNAL_H
#define FOLLOWUP_DESK_INTERNAL_H

#include "followup/agenda.h"
#include "followup/call.h"
#include "followup/desk.h"
#include "followup/json.h"
#include "followup/store_agent.h"
#include "followup/store_call.h"

struct desk {
	struct store *store;
	struct engine *engine;
	const struct policy *policy;
	struct json *json;
	uint64_t changes;
	int64_t opening;       /* unix seconds: when hours next open somewhere; worked out anew when it has passed */
	int64_t opening_since; /* the moment it was worked out at */
};

/* Words for people about what went wrong; returns error, so that a caller can write `return refuse(...)`. */
int refuse(struct answer *answer, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A failure of the store in words; other errors unchanged. */
int refuse_store(const struct desk *desk, struct answer *answer, int error);

/* "2025-03-03T10:15:00", local. out holds 32 bytes. */
char *local_time_text(int64_t unix_seconds, char out[32]);

/* lease.c: a lease as text, "CALL.GENERATION". */
enum { LEASE_TEXT_SIZE = 48 };
char *lease_format(const struct call *call, char out[LEASE_TEXT_SIZE]);
bool lease_parse(const char *text, int64_t *call_id, int *generation);

/* The call's document: as its holder sees it (with the lease and the whole number) or anybody else. Remembers what the holder has been told. */
int describe_call(struct desk *desk, const struct call *call, bool as_holder, struct buffer *out) MUST_CHECK;

/* hours.c: whether a queue is open, and the next moment (unix seconds) at which it will be, INT64_MAX: never within a year. */
bool queue_is_open(const struct desk *desk, const char *queue, struct moment now);
int64_t queue_opens_at(const struct desk *desk, const char *queue, struct moment now);
bool hours_are_open(const struct hours *hours, struct moment now, const struct calendar *calendar);
/* Whether a call may be made now: its foremost rule's own hours or the queue's, narrowed by those of its clients. */
int call_is_open(struct desk *desk, const struct call *call, struct moment now) MUST_CHECK;

/* handout.c */
bool pattern_fits(const char *pattern, const char *name);

#endif
