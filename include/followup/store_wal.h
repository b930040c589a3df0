/* store_wal.h - moving the write-ahead log into the database in steps, so that nobody waits for the disk meanwhile.
 *
 * A checkpoint that moves everything ends with a sync of the database file; one that goes no further than a reader's snapshot does not, and SQLite comes back to it before it begins the log
 * anew. So a snapshot is held here, the connection that writes moves what is older than it, another thread syncs the file, and what is left for the sync of the whole at the end is little.
 * Only the connection that writes ever moves anything: two that write or checkpoint at once can damage the file. */
#ifndef FOLLOWUP_STORE_WAL_H
#define FOLLOWUP_STORE_WAL_H

#include <stdbool.h>

#include "followup/error.h"

struct store;
struct store_wal;

/* Two further connections to a file that a store of this process has open, which only read. message: 256 bytes. */
int store_wal_open(const char *path, struct store_wal **out, char message[256]) MUST_CHECK;
void store_wal_close(struct store_wal *wal);

/* From now on a checkpoint goes no further than what is committed by now, until it is let go. Not inside a transaction. */
int store_wal_hold(struct store_wal *wal) MUST_CHECK;
void store_wal_let_go(struct store_wal *wal);

/* Syncs the database file: the one thing here for another thread. After an error the file must not be relied on: what the disk has refused once it is not asked for again, so that only a
 * new start, which moves the whole log once more, puts it right. */
int store_wal_sync(struct store_wal *wal) MUST_CHECK;

/* After the last commit, or checkpoint: pages in the log, and how many of them stand in the database too. */
int store_wal_pages(const struct store *store);
int store_wal_moved(const struct store *store);

/* Moves what may be moved, and waits for nobody: whoever reads the book from outside must not stop the desk. Pages moved by now; 0 too when there was no room for them, which the next
 * commit says. An error: as of store_wal_sync(). */
int store_wal_move(struct store *store) MUST_CHECK;

#endif
