/* store_hold.h - what a supervisor holds back: queues and rules for a while, clients on a channel (POLICY 5, 6). */
#ifndef FOLLOWUP_STORE_HOLD_H
#define FOLLOWUP_STORE_HOLD_H

#include <stdint.h>

#include "followup/buffer.h"
#include "followup/date.h"
#include "followup/error.h"

struct store;

enum pause_kind { PAUSE_QUEUE = 0, PAUSE_RULE = 1 };
enum { HOLD_REASON_SIZE = 201 };

/* name: a number (store_name.h); until: unix seconds. A later pause takes the place of an earlier one. */
int store_pause_set(
	struct store *store, enum pause_kind kind, int64_t name, int64_t until, const char *reason, const char *agent) MUST_CHECK;
int store_pause_clear(struct store *store, enum pause_kind kind, int64_t name) MUST_CHECK; /* rows */
/* Whether it holds at a moment: 1 and until when (may be NULL), or 0. */
int store_pause_holds(struct store *store, enum pause_kind kind, int64_t name, int64_t now, int64_t *until) MUST_CHECK;
/* The same in words, for people: "paused until T by NAME: REASON"; "" when it does not hold. */
enum { HOLD_TEXT_SIZE = 320 };
int store_pause_text(struct store *store, enum pause_kind kind, int64_t name, int64_t now, char out[HOLD_TEXT_SIZE]) MUST_CHECK;
int store_pause_reason(struct store *store, enum pause_kind kind, int64_t name, char reason[HOLD_REASON_SIZE]) MUST_CHECK;
/* The next pause that is over by now: 1, or 0. */
int store_pause_over(struct store *store, int64_t now, enum pause_kind *kind, int64_t *name) MUST_CHECK;
/* All of them, an array. */
int store_pause_list(struct store *store, struct buffer *out) MUST_CHECK;

/* channel: its name, or "all"; until: a day as text, "" for ever. */
int store_forbid_set(struct store *store, int64_t client_id, const char *channel, const char *until, const char *reason, const char *agent,
	int64_t at) MUST_CHECK;
int store_forbid_clear(struct store *store, int64_t client_id, const char *channel) MUST_CHECK; /* rows */
/* What holds for a client, an array. */
int store_forbid_list(struct store *store, int64_t client_id, struct buffer *out) MUST_CHECK;

/* A channel (a name) is off from a day on, or on again from a day on; what is so already stays as it is. */
int store_channel_note(struct store *store, int64_t channel, bool on, day_t day) MUST_CHECK;
/* Whether it was off on a day, the last time that it was: 1 or 0. */
int store_channel_was_off(struct store *store, int64_t channel, day_t day) MUST_CHECK;

#endif
