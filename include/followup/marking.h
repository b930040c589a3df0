/* marking.h - has clients looked at again, of whom there may be many: a few at once, the others in the slices that follow (engine_work), so that a large book holds nobody up. */
#ifndef FOLLOWUP_MARKING_H
#define FOLLOWUP_MARKING_H

#include "followup/error.h"
#include "followup/store_marking.h"
#include "followup/zone.h"

struct engine;

/* A rule is held back, or no longer (MARKING_RULE), or somebody else looks after a manager's clients (MARKING_MANAGER), also after those whom others have handed to him. In the transaction of
 * whoever decided it. */
int marking_begin(struct engine *engine, enum marking_kind kind, const char *subject, struct moment now) MUST_CHECK;

#endif
