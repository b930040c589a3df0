/* slice.h - long work (the day cycle, many facts, a new policy) in slices between turns, so that nobody waits for it (DESIGN 3). */
#ifndef FOLLOWUP_SLICE_H
#define FOLLOWUP_SLICE_H

#include <stdbool.h>

struct server;

/* At start there may be work. */
void slice_start(struct server *server);

/* Whether the loop should run one. */
bool slice_is_wanted(const struct server *server);

/* One slice, in a transaction of its own or with those before it, for as long as the clock says: what a row costs differs by a hundred times. */
void slice_run(struct server *server);

/* Whether the turn that a slice has left open may stay so for the next one. */
bool slice_goes_on(const struct server *server);

#endif
