/* store_reader.c - a second connection that only reads, and private copies of the book. */
#include "followup/store_reader.h"

#include <stdio.h>
#include <stdlib.h>

#include "followup/store_record.h"
#include "internal.h"
#include "store_beside.h"

enum {
	STEPS_BETWEEN_LOOKS = 20000, /* of SQLite's machine, a millisecond or so: how often a long statement asks whether it is to end */
	PAGES_AT_ONCE = 1000,        /* copied between two such questions */
};

STATEMENT(begin, "BEGIN");
STATEMENT(end, "ROLLBACK"); /* a snapshot that did not end for want of memory would hold up the log of writes, and the next one */

static bool must_stop(const struct store *store)
{
	return store->stop != NULL && atomic_load_explicit(store->stop, memory_order_relaxed);
}

static int look_whether_to_stop(void *context)
{
	return must_stop(context);
}

static struct store *new_store(void)
{
	struct store *store = calloc(1, sizeof(*store));

	if (store != NULL)
		store->lock = -1;
	return store;
}

static int open_connection(struct store *store, const char *path, int flags, const char *layer, const char *pragmas)
{
	if (sqlite3_open_v2(path, &store->db, flags | SQLITE_OPEN_NOMUTEX, layer) != SQLITE_OK)
		return store->db != NULL ? store_error(store) : ERR_MEMORY;
	sqlite3_extended_result_codes(store->db, 1);
	sqlite3_busy_timeout(store->db, 5000);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_progress_handler(store->db, STEPS_BETWEEN_LOOKS, look_whether_to_stop, store);
	int result = store_record_functions(store);
	if (result == 0)
		result = store_left_out_function(store);
	if (result == 0)
		result = store_kept_watch(store);
	return result < 0 ? result : store_execute(store, pragmas);
}

int store_open_reader(const char *path, struct store **out, char message[256])
{
	struct store *store = new_store();

	if (store == NULL) {
		snprintf(message, 256, "out of memory");
		return ERR_MEMORY;
	}
	atomic_init(&store->stop_wanted, false);
	store->stop = &store->stop_wanted;
	/* A connection that may only read neither checkpoints nor empties the WAL when it closes. Few pages, since all are forgotten whenever the book has changed; REPORT sorts millions of rows, what
	 * is more than these pages in a file. */
	int result = store_beside_prepare() != SQLITE_OK ? ERR_MEMORY : 0;
	if (result == 0)
		result = open_connection(store, path, SQLITE_OPEN_READONLY, STORE_BESIDE_NAME,
			"PRAGMA query_only=1; PRAGMA temp_store=FILE; PRAGMA cache_size=-4000; PRAGMA trusted_schema=OFF;");
	if (result == 0)
		result = store_prepare(store, &begin);
	if (result == 0)
		result = store_prepare(store, &end);
	if (result == 0)
		result = store_ping(store); /* whether it is a book */
	if (result < 0) {
		snprintf(message, 256, "%s", store->message[0] != '\0' ? store->message : error_text(result));
		store_close(store);
		return result;
	}
	*out = store;
	return 0;
}

int store_read_begin(struct store *reader)
{
	store_regain(reader);
	int result = store_run(reader, &begin, "");
	if (result < 0)
		return result;
	atomic_store(&reader->reading, true);
	store_record_forget(reader); /* others have written since */
	/* The first read fixes what is seen from now on. */
	result = store_ping(reader);
	if (result < 0)
		store_read_end(reader);
	return result;
}

void store_read_end(struct store *reader)
{
	for (int i = 0; i < STORE_STATEMENTS_MAX; i++)
		if (reader->statements[i] != NULL)
			sqlite3_reset(reader->statements[i]);
	for (int i = 0; i < STORE_CONDITIONS_MAX; i++)
		if (reader->conditions[i].statement != NULL)
			sqlite3_reset(reader->conditions[i].statement);
	if (sqlite3_get_autocommit(reader->db) == 0) {
		sqlite3_stmt *s = store_query(reader, &end, "");
		/* Not by store_run(), which refuses what is interrupted. */
		(void)sqlite3_step(s);
		(void)sqlite3_reset(s);
	}
	atomic_store(&reader->reading, false);
}

bool store_is_reading(const struct store *reader)
{
	return atomic_load(&reader->reading);
}

void store_interrupt(struct store *reader)
{
	atomic_store(&reader->stop_wanted, true);
}

void store_calm(struct store *reader)
{
	atomic_store(&reader->stop_wanted, false);
}

static int copy_pages(struct store *from, struct store *to)
{
	sqlite3_backup *backup = sqlite3_backup_init(to->db, "main", from->db, "main");
	int code = SQLITE_OK;

	if (backup == NULL)
		return store_error(to);
	while (code == SQLITE_OK && !must_stop(from))
		code = sqlite3_backup_step(backup, PAGES_AT_ONCE);
	bool interrupted = code == SQLITE_OK;
	code = sqlite3_backup_finish(backup);
	if (interrupted)
		return ERR_BUSY;
	if (code == SQLITE_OK)
		return 0;
	int result = store_error(to);
	return code == SQLITE_BUSY || code == SQLITE_LOCKED ? ERR_BUSY : result;
}

int store_copy(struct store *reader, struct store **out, char message[256])
{
	struct store *copy = new_store();
	bool held = store_is_reading(reader);
	int result = copy != NULL ? 0 : ERR_MEMORY;

	/* One snapshot for all its pages: without it a commit meanwhile would begin the copy again. */
	if (result == 0 && !held && reader->stop != NULL)
		result = store_read_begin(reader);
	if (result == 0) {
		copy->stop = reader->stop;
		/* Without a name: a file of its own that no other process can open, gone when it is closed. Nothing there has to last, and nobody goes back: whatever fails, the copy is given up. A
		 * journal in memory would hold every page that a day changes. */
		result = open_connection(copy, "", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL,
			"PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16000;"
			"PRAGMA foreign_keys=OFF; PRAGMA trusted_schema=OFF;");
	}
	if (result == 0)
		result = copy_pages(reader, copy);
	if (result == 0)
		store_record_off(copy);
	if (reader->stop != NULL)
		store_read_end(reader);
	if (result < 0) {
		snprintf(message, 256, "%s", copy != NULL && copy->message[0] != '\0' ? copy->message : error_text(result));
		store_close(copy);
		return result;
	}
	*out = copy;
	return 0;
}
