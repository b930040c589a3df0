/* store.c - the connection: opening, transactions, health. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "ahead.h"
#include "followup/date.h"
#include "followup/store_condition.h"
#include "store_disk.h"
#include "store_memory.h"
#include "store_pages.h"

/* Prepared when the book is opened: taking back must not need memory. */
STATEMENT(begin, "BEGIN IMMEDIATE");
STATEMENT(commit, "COMMIT");
STATEMENT(rollback, "ROLLBACK");
STATEMENT(savepoint, "SAVEPOINT command");
STATEMENT(release, "RELEASE command");
STATEMENT(rollback_to, "ROLLBACK TO command");

static int count_wal_pages(void *context, sqlite3 *db, const char *schema, int pages)
{
	(void)db;
	(void)schema;
	enum { PAGE_WITH_HEAD = 4096 + 24 };
	struct store *store = context;

	/* All of it has been moved, so that it may have begun anew: it grows, too, where somebody's snapshot did not let it. */
	if (pages < store->wal_pages || store->wal_moved >= store->wal_pages)
		store->wal_moved = 0;
	store->wal_pages = pages;
	store->wal_bytes = (int64_t)pages * PAGE_WITH_HEAD;
	return SQLITE_OK;
}

int store_execute(struct store *store, const char *sql)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_error(store);
	return 0;
}

/* One process owns the book: two writers with a thought of it in memory would contradict each other, and can damage the file. The lock is a file of its own, because
 * closing another descriptor of the database would drop SQLite's locks; it lasts as long as the descriptor, and the empty file stays. */
static int lock_book(struct store *store, const char *path)
{
	char *name = NULL;
	int result = 0;

	if (strcmp(path, ":memory:") == 0)
		return 0;
	if (asprintf(&name, "%s-lock", path) < 0)
		return ERR_MEMORY;
	store->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (store->lock < 0) {
		result = errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_STORE;
		snprintf(store->message, sizeof(store->message), "%s: %s", name, strerror(errno));
	} else if (flock(store->lock, LOCK_EX | LOCK_NB) != 0) {
		result = ERR_BUSY;
		snprintf(store->message, sizeof(store->message), "another process serves this book; stop it first");
	}
	free(name);
	return result;
}

static int prepare_transactions(struct store *store)
{
	struct statement *const all[] = {&begin, &commit, &rollback, &savepoint, &release, &rollback_to};
	int result = 0;

	for (size_t i = 0; result == 0 && i < sizeof(all) / sizeof(all[0]); i++)
		result = store_prepare(store, all[i]);
	return result;
}

void store_library_prepare(void)
{
	/* Nobody asks how much memory SQLite uses; counting it takes a lock for every piece. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	store_memory_prepare();
	store_pages_prepare();
}

int store_open(const char *path, struct store **out, char message[256])
{
	struct store *store = calloc(1, sizeof(*store));

	if (store == NULL) {
		snprintf(message, 256, "out of memory");
		return ERR_MEMORY;
	}
	store->lock = -1;
	int result = lock_book(store, path);
	if (result < 0)
		goto failed;
	store_pages_prepare(); /* where nobody has prepared the library, and nobody has used it */
	/* One thread uses a store, so the library's own locks are not needed. */
	if (store_disk_prepare() != SQLITE_OK) {
		result = ERR_MEMORY;
		goto failed;
	}
	if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, STORE_DISK_NAME) !=
		SQLITE_OK) {
		result = store->db != NULL ? store_error(store) : ERR_MEMORY;
		goto failed;
	}
	sqlite3_extended_result_codes(store->db, 1);
	sqlite3_busy_timeout(store->db, 5000);
	sqlite3_wal_hook(store->db, count_wal_pages, store);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* Before anything is changed in it: the WAL is a form of the file. */
	result = store_schema_look(store);
	if (result < 0)
		goto failed;
	/* secure_delete: what is erased leaves nothing between the rows. cache_spill: a transaction that has pages in the log before its commit, and a savepoint of which is rolled back
	 * then, may leave frames without checksums there (SQLite 3.40): what was committed afterwards is gone after a sudden end. So its pages stay in memory. */
	result = store_execute(store,
		"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF; PRAGMA temp_store=MEMORY;"
		"PRAGMA cache_size=-32000; PRAGMA cache_spill=OFF; PRAGMA trusted_schema=OFF; PRAGMA wal_autocheckpoint=0;"
		"PRAGMA secure_delete=ON; PRAGMA journal_size_limit=16777216;");
	sqlite3_wal_hook(store->db, count_wal_pages, store);
	if (result < 0)
		goto failed;
	result = store_schema_prepare(store);
	if (result == 0)
		result = store_record_functions(store);
	if (result == 0)
		result = store_left_out_function(store);
	if (result == 0)
		result = store_kept_watch(store);
	if (result == 0)
		result = prepare_transactions(store);
	if (result < 0)
		goto failed;
	*out = store;
	return 0;
failed:
	snprintf(message, 256, "%s", store->message[0] != '\0' ? store->message : error_text(result));
	store_close(store);
	return result;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	store_ahead_end(store);
	for (int i = 0; i < STORE_STATEMENTS_MAX; i++)
		sqlite3_finalize(store->statements[i]);
	store_condition_forget(store);
	store_disk_end(store->log);
	sqlite3_close(store->db);
	if (store->lock >= 0)
		(void)close(store->lock);
	store_names_forget(store);
	store_kept_free(store);
	free(store->left_out);
	buffer_free(&store->record.pending);
	buffer_free(&store->record.digested);
	free(store);
}

/* Statements left standing on a row would hold the transaction open. */
static void reset_all(struct store *store)
{
	for (int i = 0; i < STORE_STATEMENTS_MAX; i++)
		if (store->statements[i] != NULL && sqlite3_stmt_busy(store->statements[i]))
			sqlite3_reset(store->statements[i]);
	for (int i = 0; i < STORE_CONDITIONS_MAX; i++)
		if (store->conditions[i].statement != NULL && sqlite3_stmt_busy(store->conditions[i].statement))
			sqlite3_reset(store->conditions[i].statement);
}

int store_begin(struct store *store, int64_t at)
{
	/* A rollback that failed itself is made up for first. */
	if (sqlite3_get_autocommit(store->db) == 0)
		store_rollback(store);
	store_regain(store);
	int result = store_run(store, &begin, "");
	if (result < 0)
		return result;
	store->in_transaction = true;
	store->record.at = at;
	store->changes_at_begin = store_changes(store);
	store->scheduled = 0;
	return 0;
}

int64_t store_changes(const struct store *store)
{
	return sqlite3_total_changes64(store->db);
}

bool store_is_dirty(const struct store *store)
{
	return store_changes(store) != store->changes_at_begin;
}

bool store_is_swollen(const struct store *store)
{
	enum { PAGES_BYTES_MOST = 48 << 20 }; /* half as much again as the cache keeps from one transaction to the next */
	int used = 0, highest;

	return sqlite3_db_status(store->db, SQLITE_DBSTATUS_CACHE_USED, &used, &highest, 0) == SQLITE_OK && used > PAGES_BYTES_MOST;
}

static int sync_failed(struct store *store)
{
	snprintf(store->message, sizeof(store->message), "%s", sqlite3_errstr(SQLITE_IOERR_FSYNC));
	return ERR_CORRUPT;
}

int store_commit(struct store *store)
{
	reset_all(store);
	int64_t changes_before = store_changes(store);
	int result = store_lost(store);
	if (result == 0)
		result = store_record_link(store);
	if (result == 0) {
		if (store->log != NULL)
			store_disk_put_off(store->log, true);
		result = store_run(store, &commit, "");
		if (store->log != NULL)
			store_disk_put_off(store->log, false);
	}
	if (result < 0) {
		char kept[sizeof(store->message)];
		memcpy(kept, store->message, sizeof(kept));
		store_rollback(store);
		memcpy(store->message, kept, sizeof(kept));
		return result;
	}
	store->in_transaction = false;
	store_ahead_note_commit(store, changes_before);
	return 0;
}

int store_put_off_syncs(struct store *store)
{
	struct log_file *log = store_disk_log(store->db);

	if (log == NULL)
		return 0;
	if (store_disk_sync(log) != SQLITE_OK)
		return sync_failed(store);
	store->log = log;
	return 0;
}

int store_start_syncing(struct store *store, int bell)
{
	return store->log != NULL && store_disk_start(store->log, bell) ? 0 : ERR_SYSTEM;
}

void store_begin_sync(struct store *store)
{
	if (store->log != NULL)
		store_disk_begin(store->log);
}

bool store_is_synced(const struct store *store)
{
	return store->log == NULL || store_disk_is_done(store->log);
}

int store_sync(struct store *store)
{
	return store->log == NULL || store_disk_finish(store->log) == SQLITE_OK ? 0 : sync_failed(store);
}

int64_t store_sync_us(const struct store *store)
{
	return store->log != NULL ? store_disk_sync_us(store->log) : 0;
}

void store_rollback(struct store *store)
{
	reset_all(store);
	store_regain(store);
	store_names_forget(store);
	store_record_forget(store);
	store->rollbacks++;
	/* SQLite may have rolled back by itself, as it does when the disk is full. */
	if (sqlite3_get_autocommit(store->db) == 0 && store_run(store, &rollback, "") < 0)
		return;
	store->in_transaction = false;
}

uint64_t store_rollbacks(const struct store *store)
{
	return store->rollbacks;
}

int store_savepoint(struct store *store)
{
	int result = store_run(store, &savepoint, "");
	store_record_mark(store);
	return result < 0 ? result : 0;
}

int store_release(struct store *store)
{
	int result = store_run(store, &release, "");
	return result < 0 ? result : 0;
}

void store_rollback_savepoint(struct store *store)
{
	char kept[sizeof(store->message)];
	memcpy(kept, store->message, sizeof(kept));
	reset_all(store);
	store_names_forget(store);
	store_record_back(store);
	store->rollbacks++;
	/* When the whole transaction is gone already, or lost, there is nothing to go back to; commit will say so. */
	if (store_run(store, &rollback_to, "") >= 0 && store_release(store) < 0)
		return;
	memcpy(store->message, kept, sizeof(kept));
}

int store_ping(struct store *store)
{
	STATEMENT(ping, "SELECT count(*) FROM meta");
	int64_t count;

	return store_integer(store, &ping, &count, "");
}

int64_t store_wal_bytes(const struct store *store)
{
	return store->wal_bytes;
}

static int look_whether_it_is_long(void *context)
{
	struct store *store = context;

	return store->looks_left-- <= 0;
}

void store_read_briefly(struct store *store, int milliseconds)
{
	enum { STEPS_A_MILLISECOND = 20000 };

	store->looks_left = milliseconds;
	sqlite3_progress_handler(store->db, STEPS_A_MILLISECOND, milliseconds > 0 ? look_whether_it_is_long : NULL, store);
}

int store_meta_get(struct store *store, const char *key, int64_t *value)
{
	STATEMENT(get, "SELECT value FROM meta WHERE key=?1");

	/* Every turn asks for the same few. */
	int result = store_kept_meta(store, key, value);
	if (result == 1)
		return 0;
	if (result == ERR_NOT_FOUND)
		return result;
	result = store_integer(store, &get, value, "t", key);
	if (result == 0 || result == ERR_NOT_FOUND)
		store_keep_meta(store, key, result == 0 ? value : NULL);
	return result;
}

int store_meta_set(struct store *store, const char *key, int64_t value)
{
	STATEMENT(set, "INSERT INTO meta(key, value) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value=excluded.value");

	int result = store_run(store, &set, "ti", key, value);
	return result < 0 ? result : 0;
}
