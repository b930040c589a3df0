/* opening.h - when calling hours open: of a queue by the configuration, or of hours that a rule or a client has (POLICY 6). */
#ifndef FOLLOWUP_OPENING_H
#define FOLLOWUP_OPENING_H

#include <stdbool.h>
#include <stdint.h>

#include "followup/policy.h"
#include "followup/zone.h"

bool opening_is_now(const struct hours *hours, struct moment now, const struct calendar *calendar);
/* The next moment (unix seconds) after now at which a span of the hours begins; INT64_MAX: never within a year. */
int64_t opening_after(const struct hours *hours, const struct calendar *calendar, struct moment now);
/* The first moment, now included, at which they are open; INT64_MAX likewise. */
int64_t opening_of_hours(const struct hours *hours, const struct calendar *calendar, struct moment now);
int64_t opening_of_queue(const struct policy *policy, const char *queue, struct moment now);
/* Whether a queue is one of messages, which are always open. */
bool opening_is_bulk(const struct policy *policy, const char *queue);

#endif
