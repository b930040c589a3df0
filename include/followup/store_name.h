/* store_name.h - names of rules, queues, channels, event kinds and reasons as small numbers, so that rows stay narrow. */
#ifndef FOLLOWUP_STORE_NAME_H
#define FOLLOWUP_STORE_NAME_H

#include <stdint.h>

#include "followup/error.h"

struct store;

/* The number of a name, made when it is new. Positive, or an error. */
int64_t store_name_id(struct store *store, const char *text) MUST_CHECK;

/* The number of a name that may not be there: 0 then. */
int64_t store_name_find(struct store *store, const char *text) MUST_CHECK;

/* The text of a number; "" for 0 and for numbers never given. Lives until the next call of a function of this header. */
const char *store_name_text(struct store *store, int64_t id);

#endif
