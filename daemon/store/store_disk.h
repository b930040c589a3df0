/* store_disk.h - how the book reaches the disk: a layer over SQLite's own file system, for the connection that writes.
 *
 * What a commit appends to the write-ahead log goes to the system in one piece. And the sync of a commit can be put off: SQLite goes on as if it had been done, and whoever commits tells
 * nobody before store_sync() has said that it was. Every other sync is done when SQLite asks for it, after the one that was put off: what is moved into the book is safe in the log before,
 * and the log's new beginning before what follows it. Nothing outside daemon/store includes it. */
#ifndef FOLLOWUP_STORE_DISK_H
#define FOLLOWUP_STORE_DISK_H

#include <sqlite3.h>
#include <stdbool.h>

#define STORE_DISK_NAME "followupd" /* for sqlite3_open_v2() */

struct log_file;

/* Makes the layer known to SQLite; before a book is opened, as often as one likes. A code of SQLite's. */
int store_disk_prepare(void);

/* The write-ahead log of an open connection; NULL where there is none: in memory, or not opened through the layer. */
struct log_file *store_disk_log(sqlite3 *db);

/* What the log holds is on the disk when it returns; a code of SQLite's. The process before may have been killed between writing and syncing. */
int store_disk_sync(struct log_file *log);

/* Around a COMMIT: its sync is put off. */
void store_disk_put_off(struct log_file *log, bool put_off);

/* Starts the thread that does what was put off, and writes 8 bytes into the eventfd bell whenever it has; bell stays the caller's. false: it cannot be started. */
bool store_disk_start(struct log_file *log, int bell);

/* Does what was put off and ends the thread. NULL is allowed. */
void store_disk_end(struct log_file *log);

/* Hands what was put off to the thread, if there is one. */
void store_disk_begin(struct log_file *log);

/* Whether nothing is put off, or the thread has been through with it, well or not. */
bool store_disk_is_done(const struct log_file *log);

/* Does it, or waits for the thread: a code of SQLite's. Once it has failed it fails for good, and so does all writing: nobody knows what the disk holds. */
int store_disk_finish(struct log_file *log);

/* How long the last sync of a commit took. */
long long store_disk_sync_us(const struct log_file *log);

#endif
