/* own_hours.h - the hours that a call has beside its queue's (POLICY 6), as a text that all calls with the same ones share: they open and close together, so that a
 * hundred thousand of them are decided on at once. */
#ifndef FOLLOWUP_OWN_HOURS_H
#define FOLLOWUP_OWN_HOURS_H

#include "followup/opening.h"

/* A set of lines (lines.h): "%rule" for a rule whose hours stand in the place of the queue's, and the hours of clients, which narrow them, each after "~" in one spelling. "": only
 * the queue's. "!": more than it holds, so that such calls are decided one by one. */
enum { OWN_HOURS_SIZE = 2048 };

void own_hours_add_rule(char text[OWN_HOURS_SIZE], const char *rule);
void own_hours_add_client(char text[OWN_HOURS_SIZE], const struct hours *hours);

/* Whether calls with that text may be made now, as far as hours go; for "!" true. */
bool own_hours_are_open(const struct policy *policy, const char *text, bool queue_is_open, struct moment now);
/* The next moment (unix seconds) after now at which a span of any of them begins; INT64_MAX: never within a year. */
int64_t own_hours_open_after(const struct policy *policy, const char *text, struct moment now);

#endif
