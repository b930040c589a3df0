/* checkpoint.h - keeps the write-ahead log short without holding up a turn: the loop's thread moves pages in steps of some milliseconds between turns, another thread waits for the
 * disk (store_wal.h). What the loop syncs itself at the end is as much as a turn or two have written. */
#ifndef FOLLOWUP_CHECKPOINT_H
#define FOLLOWUP_CHECKPOINT_H

#include "followup/error.h"

struct checkpoint;
struct server;

/* Starts the thread. Without it the log is moved whole, however long the disk takes: message says why. */
int checkpoint_start(struct server *server, char message[256]) MUST_CHECK;
void checkpoint_free(struct checkpoint *checkpoint);

/* Between turns, when something has been committed or the thread is done. An error: the disk has refused what must be there, and only a new start puts it right. */
int checkpoint_look(struct server *server) MUST_CHECK;
/* Everything, at the end. */
int checkpoint_whole(struct server *server) MUST_CHECK;

#endif
