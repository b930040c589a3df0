/* store_reader.h - the book as another thread may look at it: a second connection that only reads, and private copies of the book to try things on (DESIGN 1). The functions of the
 * store work on both; each of them belongs to one thread at a time. */
#ifndef FOLLOWUP_STORE_READER_H
#define FOLLOWUP_STORE_READER_H

#include "followup/store.h"

/* A second connection to a file that a store of this process has open. It writes nothing, takes no lock of its own and never checkpoints; store_close() it before the other. message
 * gets the reason on failure (256 bytes). */
int store_open_reader(const char *path, struct store **out, char message[256]) MUST_CHECK;

/* A reader sees the book as it was when it began, until it ends. Meanwhile the WAL cannot be emptied. */
int store_read_begin(struct store *reader) MUST_CHECK;
void store_read_end(struct store *reader); /* harmless when it has ended */

/* Whether a snapshot is held just now; from any thread. */
bool store_is_reading(const struct store *reader);

/* From any thread: whatever the reader does, on itself or on copies made from it, ends with ERR_BUSY, and so does all that it begins, until store_calm(). */
void store_interrupt(struct store *reader);
void store_calm(struct store *reader);

/* A private copy of the book as it is now, in a temporary file that nobody else sees and that is gone with store_close(); what is written there stays there, and no record is kept of it. The reader's snapshot, if it holds one,
 * is what is copied, and ends. ERR_BUSY: interrupted, or asked of the writing connection while a transaction is open. message: 256 bytes. */
int store_copy(struct store *reader, struct store **out, char message[256]) MUST_CHECK;

#endif
