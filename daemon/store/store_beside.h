/* store_beside.h - where a connection that only reads puts what it sorts: files without a name, which SQLite makes in TMPDIR or /var/tmp.
 *
 * What cannot be opened, written or read there says nothing of the book: all of it is SQLITE_FULL, which such a connection can meet nowhere else. Nothing outside daemon/store includes it. */
#ifndef FOLLOWUP_STORE_BESIDE_H
#define FOLLOWUP_STORE_BESIDE_H

#define STORE_BESIDE_NAME "followupd-reader" /* for sqlite3_open_v2() */

/* Makes the layer known to SQLite; before a book is opened, as often as one likes. A code of SQLite's. */
int store_beside_prepare(void);

#endif
