#include "store_disk.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "followup/clock.h"
#include "followup/thread.h"
#include "store_layer.h"

enum {
	/* As SQLite's description of the file format has them. */
	LOG_HEADER = 32,
	FRAME_HEADER = 24,
	FRAME_COMMITS = 4, /* where in a frame's header stands how many pages the book has after it; 0: it does not end a transaction */
	GATHERED_MOST = 127 * 1024, /* SQLite's own files take no more than 17 bits of length at once */
};

/* What has become of the sync of the last commit. */
enum put_off {
	NOTHING,
	WANTED, /* nobody does it yet */
	HANDED, /* it is the thread's */
	DONE,   /* the thread has been through with it */
};

struct log_file {
	struct layered_file file; /* first */

	/* Written by SQLite, and not by us yet. */
	unsigned char *gathered;
	int length;
	sqlite3_int64 at;

	bool ends_in_commit; /* what was written last: the last frame of a transaction */
	bool is_clean;       /* nothing was written since the last sync, or since one was put off */
	bool is_broken;      /* a sync has failed */
	bool puts_off;       /* a COMMIT runs whose sync is put off */

	/* The thread. */
	struct thread thread;
	int bell;
	atomic_int put_off; /* enum put_off; from HANDED on the thread moves it, under lock */
	int result;
	long long sync_us;
};

static sqlite3_vfs layer;
static sqlite3_vfs *below;

static struct log_file *log_of(sqlite3_file *base)
{
	return (struct log_file *)(void *)base;
}

/* --- The sync of a commit ------------------------------------------------------------------------- */

static void sync_now(struct log_file *log)
{
	int64_t began_us = clock_monotonic_us();

	log->result = log->file.below->pMethods->xSync(log->file.below, SQLITE_SYNC_NORMAL);
	log->sync_us = clock_monotonic_us() - began_us;
}

static void *work(void *argument)
{
	static const uint64_t one = 1;
	struct log_file *log = argument;

	thread_lock(&log->thread);
	for (;;) {
		while (atomic_load(&log->put_off) != HANDED && !log->thread.is_ending)
			thread_sleep(&log->thread);
		if (atomic_load(&log->put_off) != HANDED)
			break;
		thread_unlock(&log->thread);
		sync_now(log);
		thread_lock(&log->thread);
		atomic_store(&log->put_off, DONE);
		thread_tell(&log->thread);
		/* It fails only when it has been rung 2^64 times. */
		if (write(log->bell, &one, sizeof(one)) < 0)
			continue;
	}
	thread_unlock(&log->thread);
	return NULL;
}

bool store_disk_start(struct log_file *log, int bell)
{
	log->bell = bell;
	return thread_start(&log->thread, work, log);
}

void store_disk_begin(struct log_file *log)
{
	if (!log->thread.is_started || atomic_load(&log->put_off) != WANTED)
		return;
	thread_lock(&log->thread);
	atomic_store(&log->put_off, HANDED);
	thread_wake(&log->thread);
	thread_unlock(&log->thread);
}

bool store_disk_is_done(const struct log_file *log)
{
	int put_off = atomic_load(&log->put_off);

	return put_off == NOTHING || put_off == DONE;
}

int store_disk_finish(struct log_file *log)
{
	int put_off = atomic_load(&log->put_off);

	if (put_off == WANTED) {
		sync_now(log);
	} else if (put_off != NOTHING) {
		thread_lock(&log->thread);
		while (atomic_load(&log->put_off) == HANDED)
			thread_await(&log->thread);
		thread_unlock(&log->thread);
	}
	if (put_off != NOTHING && log->result != SQLITE_OK)
		log->is_broken = true;
	atomic_store(&log->put_off, NOTHING);
	return log->is_broken ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

void store_disk_end(struct log_file *log)
{
	if (log == NULL)
		return;
	(void)store_disk_finish(log); /* a failure is found again by whatever is written next */
	thread_end(&log->thread);
}

long long store_disk_sync_us(const struct log_file *log)
{
	return log->sync_us;
}

/* --- The file ------------------------------------------------------------------------------------- */

static int write_through(struct log_file *log, const void *bytes, int length, sqlite3_int64 at)
{
	return log->file.below->pMethods->xWrite(log->file.below, bytes, length, at);
}

/* What could not be written is no longer wanted: SQLite takes the transaction back, and writes the next one over it. */
static int flush(struct log_file *log)
{
	int length = log->length;

	log->length = 0;
	return length > 0 ? write_through(log, log->gathered, length, log->at) : SQLITE_OK;
}

static bool is_frame_header(int length, sqlite3_int64 at)
{
	return length == FRAME_HEADER && at >= LOG_HEADER;
}

static int log_write(sqlite3_file *base, const void *bytes, int length, sqlite3_int64 at)
{
	static const unsigned char none[4] = {0};
	struct log_file *log = log_of(base);
	int code = SQLITE_OK;

	if (log->is_broken)
		return SQLITE_IOERR_WRITE;
	log->is_clean = false;
	if (at < LOG_HEADER)
		log->ends_in_commit = false;
	else if (is_frame_header(length, at))
		log->ends_in_commit = memcmp((const unsigned char *)bytes + FRAME_COMMITS, none, sizeof(none)) != 0;
	if (log->length > 0 && (at != log->at + log->length || log->length + length > GATHERED_MOST))
		code = flush(log);
	if (code != SQLITE_OK)
		return code;
	if (length > GATHERED_MOST)
		return write_through(log, bytes, length, at);
	if (log->length == 0)
		log->at = at;
	memcpy(log->gathered + log->length, bytes, (size_t)length);
	log->length += length;
	/* The end of a transaction is where others may read from now on, whether it is synced or not. */
	return log->ends_in_commit && !is_frame_header(length, at) ? flush(log) : SQLITE_OK;
}

static int log_sync(sqlite3_file *base, int flags)
{
	struct log_file *log = log_of(base);
	int code = flush(log);

	if (code != SQLITE_OK)
		return code;
	code = store_disk_finish(log);
	if (code != SQLITE_OK || log->is_clean)
		return code;
	log->is_clean = true;
	if (log->puts_off && log->ends_in_commit) {
		atomic_store(&log->put_off, WANTED);
		return SQLITE_OK;
	}
	code = log->file.below->pMethods->xSync(log->file.below, flags);
	log->is_broken = code != SQLITE_OK;
	return code;
}

static int log_read(sqlite3_file *base, void *out, int length, sqlite3_int64 at)
{
	int code = flush(log_of(base));

	return code != SQLITE_OK ? code : layered_below(base)->pMethods->xRead(layered_below(base), out, length, at);
}

static int log_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	int code = flush(log_of(base));

	log_of(base)->is_clean = log_of(base)->ends_in_commit = false;
	return code != SQLITE_OK ? code : layered_below(base)->pMethods->xTruncate(layered_below(base), size);
}

static int log_size(sqlite3_file *base, sqlite3_int64 *size)
{
	int code = flush(log_of(base));

	return code != SQLITE_OK ? code : layered_below(base)->pMethods->xFileSize(layered_below(base), size);
}

static int log_close(sqlite3_file *base)
{
	struct log_file *log = log_of(base);

	store_disk_end(log);
	int flushed = flush(log);
	int closed = log->file.below->pMethods->xClose(log->file.below);
	free(log->gathered);
	log->gathered = NULL;
	thread_destroy(&log->thread);
	return flushed != SQLITE_OK ? flushed : closed;
}

/* The first version: a log has neither an index of its own nor pages that are mapped. */
static const sqlite3_io_methods log_methods = {
	.iVersion = 1,
	.xClose = log_close,
	.xRead = log_read,
	.xWrite = log_write,
	.xTruncate = log_truncate,
	.xSync = log_sync,
	.xFileSize = log_size,
	LAYERED_METHODS,
};

static int layer_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out_flags)
{
	struct log_file *log = log_of(base);

	(void)vfs;
	base->pMethods = NULL;
	if ((flags & SQLITE_OPEN_WAL) == 0)
		return below->xOpen(below, name, base, flags, out_flags);
	memset(log, 0, sizeof(*log));
	log->file.below = (sqlite3_file *)(void *)(log + 1);
	log->gathered = malloc(GATHERED_MOST);
	if (log->gathered == NULL)
		return SQLITE_IOERR_NOMEM;
	int code = below->xOpen(below, name, log->file.below, flags, out_flags);
	if (code != SQLITE_OK) {
		free(log->gathered);
		return code;
	}
	thread_prepare(&log->thread);
	atomic_init(&log->put_off, NOTHING);
	base->pMethods = &log_methods;
	return SQLITE_OK;
}

int store_disk_prepare(void)
{
	return layer_prepare(&layer, &below, STORE_DISK_NAME, sizeof(struct log_file), layer_open);
}

struct log_file *store_disk_log(sqlite3 *db)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK || file == NULL ||
		file->pMethods != &log_methods)
		return NULL;
	return log_of(file);
}

int store_disk_sync(struct log_file *log)
{
	return log_sync(&log->file.base, SQLITE_SYNC_NORMAL);
}

void store_disk_put_off(struct log_file *log, bool put_off)
{
	log->puts_off = put_off;
}
