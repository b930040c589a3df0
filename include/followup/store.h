/* store.h - the book: opening, transactions and health. The only truth, and the only owner of SQL (DESIGN 1). What it keeps is reached through
 * store_client.h, store_event.h, store_followup.h, store_call.h, store_agent.h, store_record.h and store_view.h; a second thread reads it through
 * store_reader.h. No SQLite type crosses these headers. */
#ifndef FOLLOWUP_STORE_H
#define FOLLOWUP_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "followup/buffer.h"
#include "followup/error.h"

struct store;

/* Settings of SQLite for the whole program. Once, at its start, before any store is opened; a program may do without. */
void store_library_prepare(void);

/* Opens or creates the file (":memory:" for simulate), WAL and synchronous=FULL, checks the schema's number. ERR_FULL: opened read-only in effect, because the disk is
 * full. ERR_INVALID: a newer or a foreign file. ERR_BUSY: another process has it open. message gets the reason on failure (256 bytes). */
int store_open(const char *path, struct store **out, char message[256]) MUST_CHECK;
void store_close(struct store *store);

/* One transaction a loop turn; one savepoint a command. at (unix seconds): the moment that what is done in it is written down under. */
int store_begin(struct store *store, int64_t at) MUST_CHECK;
int store_commit(struct store *store)
	MUST_CHECK; /* on failure everything since begin is rolled back; otherwise it is on the disk, unless syncs are put off */
void store_rollback(struct store *store);
int store_savepoint(struct store *store) MUST_CHECK;
int store_release(struct store *store) MUST_CHECK;
void store_rollback_savepoint(struct store *store);

/* Syncs of commits put off, so that the next transaction can be worked meanwhile. From here on store_commit() returns with its own still to be done; nobody may hear of what was committed,
 * or read by whoever answers, before store_sync() has returned 0. Everything else keeps its order: a further commit, a checkpoint and the end wait for the sync that is due. */
int store_put_off_syncs(struct store *store) MUST_CHECK;

/* A thread for them, which writes 8 bytes into the eventfd bell whenever it has done one; the bell outlives the store. ERR_SYSTEM: there is none, and store_sync() does each itself. */
int store_start_syncing(struct store *store, int bell) MUST_CHECK;

void store_begin_sync(struct store *store);      /* hands the sync that is due to the thread */
bool store_is_synced(const struct store *store); /* store_sync() would not wait */
int store_sync(struct store *store)
	MUST_CHECK; /* does it or waits for it; ERR_CORRUPT from the first failure on, and nothing can be written any more */
int64_t store_sync_us(const struct store *store); /* how long the last one took */

/* How often something was rolled back, whole or a savepoint: whoever keeps a thought about the book in memory throws it away when this moved. */
uint64_t store_rollbacks(const struct store *store);

/* Rows written since the store was opened, what was taken back included: the same number before and after a step says that it wrote nothing. */
int64_t store_changes(const struct store *store);

/* Whether anything was written since store_begin: a turn that only read need not sync. */
bool store_is_dirty(const struct store *store);

/* Whether it has written so many pages since store_begin that they take more memory than they should: they stay there until the commit. */
bool store_is_swollen(const struct store *store);

/* A read of one row, for the watchdog; 0 when the database answers. */
int store_ping(struct store *store) MUST_CHECK;

/* How large the WAL was after the last commit; 0 when all of it has been moved into the database since. */
int64_t store_wal_bytes(const struct store *store);

/* From now on a statement may take about so many milliseconds' worth of SQLite's steps, and ends with ERR_BUSY beyond; 0: as many as it needs. For reading only: a statement that
 * writes would take its transaction with it. */
void store_read_briefly(struct store *store, int milliseconds);

/* Words for the last failure, for the log. */
const char *store_message(const struct store *store);

/* Small settings of the book itself: "start_on", "last_worked_day" ... Missing: ERR_NOT_FOUND. */
int store_meta_get(struct store *store, const char *key, int64_t *value) MUST_CHECK;
int store_meta_set(struct store *store, const char *key, int64_t value) MUST_CHECK;

#endif
