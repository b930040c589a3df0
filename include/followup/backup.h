/* backup.h - copies of the book while it serves: made in slices of the loop, verified on the worker's thread, by command or by the day; old ones go (backup in
 * followupd.conf). */
#ifndef FOLLOWUP_BACKUP_H
#define FOLLOWUP_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "followup/buffer.h"
#include "followup/error.h"

struct server;
struct session;
struct backup;

/* Begins a copy; asker (NULL: nobody) is parked by its caller and answered when the copy has been verified. file: where to, or NULL: a name of its own in the folder.
 * ERR_BUSY: one is being made. why: 256 bytes. */
int backup_begin(struct server *server, struct session *asker, const char *file, char why[256]) MUST_CHECK;

/* Whether pages wait to be copied; a slice of them, between turns. */
bool backup_is_copying(const struct server *server);
void backup_slice(struct server *server);

/* At the beginning of a turn: begins the day's copy when its time has come. */
void backup_look(struct server *server);
/* The next moment (unix seconds) at which backup_look() has something to do; INT64_MAX: never. */
int64_t backup_next(struct server *server);

/* The session waits for no copy any more. */
void backup_leave(struct session *session);

/* The daemon stops: a copy that is not whole goes. */
void backup_end(struct server *server);

/* Lines of INFO. */
void backup_info(struct server *server, struct buffer *out);

#endif
