/* explain.h - the engine's part of WHY (POLICY 5, 8): each appends one JSON array. */
#ifndef FOLLOWUP_EXPLAIN_H
#define FOLLOWUP_EXPLAIN_H

#include <stdint.h>

#include "followup/buffer.h"
#include "followup/error.h"
#include "followup/zone.h"

struct engine;

/* Every rule, by name: its next occasion for the client with window and channel, or what holds it back. */
int engine_explain_rules(struct engine *engine, int64_t client_id, struct moment now, struct buffer *out) MUST_CHECK;

/* What of the client waits for a slot or something else: until when it is of use, on which day a slot comes free, and whether that is in time. */
int engine_explain_waiting(struct engine *engine, int64_t client_id, struct moment now, struct buffer *out) MUST_CHECK;

#endif
