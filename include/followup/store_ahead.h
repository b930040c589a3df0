/* store_ahead.h - a thread that reads for the day cycle what it will ask next: clients who wait to be looked at with their events, and scheduled follow-ups with what admission asks of their
 * clients (POLICY 3, steps 1, 3 and 4). The cycle's questions are the same with it and without it, and so are the answers; some of them are there already when they are asked. */
#ifndef FOLLOWUP_STORE_AHEAD_H
#define FOLLOWUP_STORE_AHEAD_H

#include "followup/store.h"

/* Starts it for a store whose file that is. It ends with store_close(). message gets the reason on failure (256 bytes): the store works without. */
int store_ahead_start(struct store *store, const char *path, char message[256]) MUST_CHECK;

/* Work that asks in long rows begins, and ends. What somebody else has written in between makes all that was read ahead forgotten, and nothing more is, until the work has gone on undisturbed for
 * a while: on a desk where people are at work it would be read in vain. */
void store_ahead_resume(struct store *store);
void store_ahead_pause(struct store *store);

/* Whether much has been written that admission will ask for, and that the thread cannot see before it is committed. Asked and answered the same without a thread, so that where a day's
 * transactions end, and with it what a cut leaves done, does not hang on it. */
bool store_ahead_gains(const struct store *store);

/* For tests: from now on it reads so many rows at a time, from the first undisturbed step on, and whatever asks waits until it has. */
void store_ahead_insist(struct store *store, int rows);

/* How many rows have been answered out of what it has read. */
uint64_t store_ahead_used(const struct store *store);

#endif
