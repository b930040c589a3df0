/* store_layer.h - what the layers over SQLite's own file system share: store_disk.c's for the connection that writes, store_beside.c's for those that only read. Nothing outside daemon/store
 * includes it. */
#ifndef FOLLOWUP_STORE_LAYER_H
#define FOLLOWUP_STORE_LAYER_H

#include <sqlite3.h>
#include <stddef.h>

/* A file of a layer begins with this. */
struct layered_file {
	sqlite3_file base;   /* first: it is one for SQLite */
	sqlite3_file *below; /* the system's */
};
sqlite3_file *layered_below(sqlite3_file *base);

/* What is passed on as it is. */
int layered_lock(sqlite3_file *base, int level);
int layered_unlock(sqlite3_file *base, int level);
int layered_is_reserved(sqlite3_file *base, int *out);
int layered_control(sqlite3_file *base, int what, void *argument);
int layered_sector_size(sqlite3_file *base);
int layered_characteristics(sqlite3_file *base);
#define LAYERED_METHODS                                                                                                                    \
	.xLock = layered_lock, .xUnlock = layered_unlock, .xCheckReservedLock = layered_is_reserved, .xFileControl = layered_control,      \
	.xSectorSize = layered_sector_size, .xDeviceCharacteristics = layered_characteristics

/* Makes a layer known to SQLite under that name, unless it is by now: all but opening is the system's. size: of a file's own part, which the system's follows. A code of SQLite's. */
int layer_prepare(sqlite3_vfs *layer, sqlite3_vfs **below, const char *name, size_t size,
	int (*open)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *));

#endif
