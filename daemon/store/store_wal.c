/* store_wal.c - the write-ahead log, and how it gets into the database (store_wal.h). */
#include "followup/store_wal.h"

#include <stdlib.h>

#include "followup/store_reader.h"
#include "internal.h"

struct store_wal {
	struct store *holder; /* of the snapshot */
	struct store *synced; /* its file is all that is used of it, by whichever thread syncs */
};

int store_wal_open(const char *path, struct store_wal **out, char message[256])
{
	struct store_wal *wal = calloc(1, sizeof(*wal));
	int result = wal != NULL ? store_open_reader(path, &wal->holder, message) : ERR_MEMORY;

	if (result == 0)
		result = store_open_reader(path, &wal->synced, message);
	if (result < 0) {
		store_wal_close(wal);
		return result;
	}
	*out = wal;
	return 0;
}

void store_wal_close(struct store_wal *wal)
{
	if (wal == NULL)
		return;
	store_close(wal->holder);
	store_close(wal->synced);
	free(wal);
}

int store_wal_hold(struct store_wal *wal)
{
	return store_read_begin(wal->holder);
}

void store_wal_let_go(struct store_wal *wal)
{
	store_read_end(wal->holder);
}

int store_wal_sync(struct store_wal *wal)
{
	sqlite3_file *file = NULL;

	/* As SQLite itself syncs it at the end of a checkpoint. */
	if (sqlite3_file_control(wal->synced->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || file == NULL ||
		file->pMethods == NULL)
		return ERR_CORRUPT;
	return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) == SQLITE_OK ? 0 : ERR_CORRUPT;
}

int store_wal_pages(const struct store *store)
{
	return store->wal_pages;
}

int store_wal_moved(const struct store *store)
{
	return store->wal_moved;
}

int store_wal_move(struct store *store)
{
	int moved = 0, pages = 0;

	if (store->wal_moved >= store->wal_pages)
		return store->wal_moved;
	int code = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
	if (code != SQLITE_OK)
		return (code & 0xff) == SQLITE_IOERR && code != SQLITE_IOERR_NOMEM ? store_error(store) : 0;
	if (pages >= 0 && moved >= 0) {
		store->wal_pages = pages;
		store->wal_moved = moved;
		if (moved ==
			pages) /* the next commit begins it anew, unless somebody looks at what was in it, and says what it holds then */
			store->wal_bytes = 0;
	}
	return store->wal_moved;
}
