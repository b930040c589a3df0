/* store_backup.h - a copy of the book while it is in use, whether a copy is good, and how one takes the book's place again. */
#ifndef FOLLOWUP_STORE_BACKUP_H
#define FOLLOWUP_STORE_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "followup/error.h"
#include "followup/store_record.h"

struct store;
struct store_backup;

enum { BACKUP_MESSAGE_SIZE = 256 };

/* Begins a copy into a new file, mode 0600; one that is there already is not touched (ERR_INVALID). What is committed meanwhile comes with it. message: why not. */
int store_backup_start(struct store *store, const char *path, struct store_backup **out, char message[BACKUP_MESSAGE_SIZE]) MUST_CHECK;

/* Copies some pages more, between transactions: 1 when more are left, 0 when the copy is whole and on the disk, or an error of the copy, not of the book. left: pages. */
int store_backup_step(struct store_backup *backup, int pages, int *left, char message[BACKUP_MESSAGE_SIZE]) MUST_CHECK;

/* Ends it; a file that is not whole is removed. NULL is fine. */
void store_backup_end(struct store_backup *backup);

/* What a copy holds, and whether it can be relied on. */
struct backup_verdict {
	int64_t clients, events, followups, attempts;
	int64_t last[4]; /* of each of these, its highest number: rows are added, never removed */
	int64_t schema;
	struct record_verdict record;
	char why[BACKUP_MESSAGE_SIZE]; /* "" when it is good */
};
/* Reads a copy through a connection of its own: integrity, counts, the record's chain. ERR_SYSTEM when it cannot be opened. Any thread. */
int store_backup_verify(const char *path, struct backup_verdict *verdict) MUST_CHECK;

/* Compares a copy that was found good with the book that it was made of, which may have gone on since: what the copy has of the rows above and of the record, the book has too, and
 * nothing that stands between is missing. Says in verdict->why what differs. For a store that is not written just now, as that of a reader. */
int store_backup_compare(struct store *book, struct backup_verdict *verdict) MUST_CHECK;

/* Gives a whole file its name, one that lasts through a power cut. over: whatever had that name is gone; else it stays, and this fails. */
int store_backup_place(const char *part, const char *path, bool over, char message[BACKUP_MESSAGE_SIZE]) MUST_CHECK;

/* Puts a copy in the place of a book that nobody has open (ERR_BUSY), if what was copied can be relied on: verdict->why else says why not (ERR_STORE), and nothing is
 * changed. A book that stood there is kept under kept, a name made from path and stamp. */
int store_backup_restore(const char *copy, const char *path, const char *stamp, char *kept, size_t kept_size,
	struct backup_verdict *verdict, char message[BACKUP_MESSAGE_SIZE]) MUST_CHECK;

#endif
