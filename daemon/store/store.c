/* store.c - the connection: opening, transactions, statements, health. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "followup/date.h"
#include "followup/store_condition.h"

/* Prepared when the book is opened: taking back must not need memory. */
STATEMENT(begin, "BEGIN IMMEDIATE");
STATEMENT(commit, "COMMIT");
STATEMENT(rollback, "ROLLBACK");
STATEMENT(savepoint, "SAVEPOINT command");
STATEMENT(release, "RELEASE command");
STATEMENT(rollback_to, "ROLLBACK TO command");

static int error_of_code(int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
		return ERR_FULL;
	case SQLITE_NOMEM:
		return ERR_MEMORY;
	case SQLITE_IOERR:
		/* An I/O error for want of memory or room is not a broken disk. */
		if (code == SQLITE_IOERR_NOMEM)
			return ERR_MEMORY;
		return ERR_CORRUPT;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	case SQLITE_INTERRUPT: /* store_interrupt() */
		return ERR_BUSY;
	default:
		return ERR_STORE;
	}
}

/* A column's text could not be made. Its reader has no store at hand, so this thread's next use of one finds it out. */
static _Thread_local bool text_is_missing;

void store_lose(struct store *store, int error)
{
	if (store->lost == 0 && (store->in_transaction || atomic_load_explicit(&store->reading, memory_order_relaxed)))
		store->lost = error;
}

static int store_lost(struct store *store)
{
	if (text_is_missing) {
		text_is_missing = false;
		store_lose(store, ERR_MEMORY);
	}
	if (store->lost != 0 && store->message[0] == '\0')
		snprintf(store->message, sizeof(store->message), "%s", error_text(store->lost));
	return store->lost;
}

/* A transaction, or a snapshot, begins or ends. */
static void regain(struct store *store)
{
	store->lost = 0;
	text_is_missing = false;
}

int store_error(struct store *store)
{
	int result = error_of_code(sqlite3_extended_errcode(store->db));

	snprintf(store->message, sizeof(store->message), "%s", sqlite3_errmsg(store->db));
	if (result == ERR_MEMORY || result == ERR_FULL || result == ERR_CORRUPT)
		store_lose(store, result);
	return result;
}

const char *store_message(const struct store *store)
{
	return store->message;
}

static int count_wal_pages(void *context, sqlite3 *db, const char *schema, int pages)
{
	(void)db;
	(void)schema;
	enum { PAGE_WITH_HEAD = 4096 + 24 };
	struct store *store = context;

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

static sqlite3_stmt *prepared(struct store *store, struct statement *statement);

static int prepare_transactions(struct store *store)
{
	struct statement *const all[] = {&begin, &commit, &rollback, &savepoint, &release, &rollback_to};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (prepared(store, all[i]) == NULL)
			return error_of_code(sqlite3_extended_errcode(store->db));
	return 0;
}

void store_library_prepare(void)
{
	/* Nobody asks how much memory SQLite uses; counting it takes a lock for every piece. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
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
	/* One thread uses a store, so the library's own locks are not needed. */
	if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		result = store->db != NULL ? store_error(store) : ERR_MEMORY;
		goto failed;
	}
	sqlite3_extended_result_codes(store->db, 1);
	sqlite3_busy_timeout(store->db, 5000);
	sqlite3_wal_hook(store->db, count_wal_pages, store);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* secure_delete: what is erased leaves nothing between the rows. */
	result = store_execute(store, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF; PRAGMA temp_store=MEMORY;"
				      "PRAGMA cache_size=-32000; PRAGMA trusted_schema=OFF; PRAGMA wal_autocheckpoint=0;"
				      "PRAGMA secure_delete=ON; PRAGMA journal_size_limit=16777216;");
	sqlite3_wal_hook(store->db, count_wal_pages, store);
	if (result < 0)
		goto failed;
	result = store_schema_prepare(store);
	if (result == 0)
		result = store_record_functions(store);
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
	for (int i = 0; i < STORE_STATEMENTS_MAX; i++)
		sqlite3_finalize(store->statements[i]);
	store_condition_forget(store);
	sqlite3_close(store->db);
	if (store->lock >= 0)
		(void)close(store->lock);
	store_names_forget(store);
	buffer_free(&store->record.pending);
	store_digester_free(&store->record.digester);
	free(store);
}

/* Numbers a statement when it is first used. Two threads may want that at once, and must agree. */
static int number_statement(struct statement *statement)
{
	static pthread_mutex_t numbering = PTHREAD_MUTEX_INITIALIZER;
	static int next_slot = 1;

	(void)pthread_mutex_lock(&numbering);
	int slot = atomic_load(&statement->slot);
	if (slot == 0) {
		slot = next_slot++;
		if (slot >= STORE_STATEMENTS_MAX)
			abort(); /* the program has more statements than the table: raise STORE_STATEMENTS_MAX */
		atomic_store(&statement->slot, slot);
	}
	(void)pthread_mutex_unlock(&numbering);
	return slot;
}

static sqlite3_stmt *prepared(struct store *store, struct statement *statement)
{
	int slot = atomic_load_explicit(&statement->slot, memory_order_relaxed);
	if (slot == 0)
		slot = number_statement(statement);

	sqlite3_stmt **place = &store->statements[slot];
	if (*place == NULL && sqlite3_prepare_v3(store->db, statement->sql, -1, SQLITE_PREPARE_PERSISTENT, place, NULL) != SQLITE_OK) {
		(void)store_error(store);
		return NULL;
	}
	return *place;
}

/* brief: the statement is stepped and reset before the caller goes on, so that texts need no copy. */
static sqlite3_stmt *bind_all(struct store *store, struct statement *statement, bool brief, const char *format, va_list arguments)
{
	sqlite3_destructor_type copy = brief ? SQLITE_STATIC : SQLITE_TRANSIENT;
	sqlite3_stmt *s = prepared(store, statement);
	int place = 0, code = SQLITE_OK;

	if (s == NULL)
		return NULL;
	sqlite3_reset(s);
	for (const char *f = format; *f != '\0' && code == SQLITE_OK; f++) {
		place++;
		if (*f == 'i') {
			code = sqlite3_bind_int64(s, place, va_arg(arguments, int64_t));
		} else if (*f == 'n') {
			code = sqlite3_bind_int(s, place, va_arg(arguments, int));
		} else if (*f == 't') {
			const char *text = va_arg(arguments, const char *);
			code = text != NULL ? sqlite3_bind_text(s, place, text, -1, copy) : sqlite3_bind_null(s, place);
		} else if (*f == 'd') {
			day_t day = (day_t)va_arg(arguments, int);
			code = day != NO_DAY ? sqlite3_bind_int(s, place, day) : sqlite3_bind_null(s, place);
		} else if (*f == 'b') {
			const void *bytes = va_arg(arguments, const void *);
			size_t length = va_arg(arguments, size_t);
			code = sqlite3_bind_blob64(s, place, bytes, length, copy);
		} else {
			abort(); /* a format letter that does not exist */
		}
	}
	if (code != SQLITE_OK) {
		(void)store_error(store);
		return NULL;
	}
	if (place != sqlite3_bind_parameter_count(s))
		abort(); /* the format and the statement do not agree */
	return s;
}

sqlite3_stmt *store_query(struct store *store, struct statement *statement, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	sqlite3_stmt *s = bind_all(store, statement, false, format, arguments);
	va_end(arguments);
	return s;
}

int store_row(struct store *store, sqlite3_stmt *s)
{
	if (s == NULL) {
		int code = error_of_code(sqlite3_extended_errcode(store->db));
		return code < 0 ? code : ERR_STORE;
	}
	if (store->stop != NULL && atomic_load_explicit(store->stop, memory_order_relaxed)) {
		sqlite3_reset(s);
		return ERR_BUSY;
	}
	int lost = store_lost(store);
	if (lost < 0) {
		sqlite3_reset(s);
		return lost;
	}
	int code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		return 1;
	int result = code == SQLITE_DONE ? 0 : store_error(store);
	sqlite3_reset(s);
	return result;
}

void store_end(sqlite3_stmt *s)
{
	if (s != NULL)
		sqlite3_reset(s);
}

int store_run(struct store *store, struct statement *statement, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	sqlite3_stmt *s = bind_all(store, statement, true, format, arguments);
	va_end(arguments);
	int result = store_row(store, s);
	if (result > 0) {
		sqlite3_reset(s);
		result = 0;
	}
	return result < 0 ? result : sqlite3_changes(store->db);
}

int store_integer(struct store *store, struct statement *statement, int64_t *out, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	sqlite3_stmt *s = bind_all(store, statement, true, format, arguments);
	va_end(arguments);
	int result = store_row(store, s);
	if (result < 0)
		return result;
	if (result == 0)
		return ERR_NOT_FOUND;
	bool missing = sqlite3_column_type(s, 0) == SQLITE_NULL;
	int64_t value = sqlite3_column_int64(s, 0);
	sqlite3_reset(s);
	if (missing)
		return ERR_NOT_FOUND;
	*out = value;
	return 0;
}

int store_integers(struct store *store, sqlite3_stmt *s, int64_t *out, int capacity)
{
	int count = 0, result;

	while ((result = store_row(store, s)) > 0) {
		if (count < capacity)
			out[count] = sqlite3_column_int64(s, 0);
		count++;
	}
	return result < 0 ? result : count;
}

int store_document(struct store *store, sqlite3_stmt *s, struct buffer *out)
{
	int result = store_row(store, s);

	if (result <= 0)
		return result < 0 ? result : ERR_NOT_FOUND;
	column_append(out, s, 0);
	sqlite3_reset(s);
	return out->failed ? ERR_MEMORY : 0;
}

int store_text(struct store *store, sqlite3_stmt *s, char **out)
{
	int result = store_row(store, s);

	if (result <= 0)
		return result;
	char *copy = strdup(column_text(s, 0));
	store_end(s);
	if (copy == NULL)
		return ERR_MEMORY;
	*out = copy;
	return 1;
}

day_t column_date(sqlite3_stmt *statement, int column)
{
	const char *text = column_text(statement, column);

	return date_parse(text, strlen(text));
}

void column_copy(sqlite3_stmt *statement, int column, char *out, size_t size)
{
	const char *text = column_text(statement, column);
	size_t length = strnlen(text, size - 1);

	memcpy(out, text, length);
	out[length] = '\0';
}

void column_append(struct buffer *out, sqlite3_stmt *statement, int column)
{
	const char *text = column_text(statement, column);

	buffer_append(out, text, strlen(text));
}

const void *column_blob(sqlite3_stmt *statement, int column, size_t *size)
{
	const void *blob = sqlite3_column_blob(statement, column);

	*size = blob != NULL ? (size_t)sqlite3_column_bytes(statement, column) : 0;
	return blob;
}

const char *column_text(sqlite3_stmt *statement, int column)
{
	bool wanted = sqlite3_column_type(statement, column) != SQLITE_NULL; /* asked first: without memory the value becomes NULL */
	const unsigned char *text = sqlite3_column_text(statement, column);

	if (text == NULL && wanted)
		text_is_missing = true;
	return text != NULL ? (const char *)text : "";
}

day_t column_day(sqlite3_stmt *statement, int column)
{
	return sqlite3_column_type(statement, column) == SQLITE_NULL ? NO_DAY : (day_t)sqlite3_column_int(statement, column);
}

/* Statements left standing on a row would hold the transaction open. */
static void reset_all(struct store *store)
{
	for (int i = 0; i < STORE_STATEMENTS_MAX; i++)
		if (store->statements[i] != NULL)
			sqlite3_reset(store->statements[i]);
	for (int i = 0; i < STORE_CONDITIONS_MAX; i++)
		if (store->conditions[i].statement != NULL)
			sqlite3_reset(store->conditions[i].statement);
}

int store_begin(struct store *store, int64_t at)
{
	/* A rollback that failed itself is made up for first. */
	if (sqlite3_get_autocommit(store->db) == 0)
		store_rollback(store);
	regain(store);
	int result = store_run(store, &begin, "");
	if (result < 0)
		return result;
	store->in_transaction = true;
	store->record.at = at;
	store->changes_at_begin = store_changes(store);
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

int store_commit(struct store *store)
{
	reset_all(store);
	int result = store_lost(store);
	if (result == 0)
		result = store_record_link(store);
	if (result == 0)
		result = store_run(store, &commit, "");
	if (result < 0) {
		char kept[sizeof(store->message)];
		memcpy(kept, store->message, sizeof(kept));
		store_rollback(store);
		memcpy(store->message, kept, sizeof(kept));
		return result;
	}
	store->in_transaction = false;
	return 0;
}

void store_rollback(struct store *store)
{
	reset_all(store);
	regain(store);
	store_names_forget(store);
	store_record_forget(store);
	store->rollbacks++;
	/* SQLite may have rolled back by itself, as it does when the disk is full. */
	if (sqlite3_get_autocommit(store->db) == 0 && store_run(store, &rollback, "") < 0)
		return;
	store->in_transaction = false;
}

struct store_stamp store_stamp_now(const struct store *store)
{
	return (struct store_stamp){store_changes(store), store->rollbacks};
}

bool store_stamp_holds(const struct store *store, struct store_stamp then)
{
	return store->in_transaction && then.changes == store_changes(store) && then.rollbacks == store->rollbacks;
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

int store_checkpoint(struct store *store, int pages)
{
	int held = store->wal_pages, moved = 0;

	if (held == 0 || held < pages)
		return 0;
	store->wal_pages = 0;
	/* PASSIVE waits for nobody: somebody who reads the book from outside must not stop the desk. A failure is not lost: the pages stay in the WAL and the
	 * next commit says what is wrong. */
	if (sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, &moved) != SQLITE_OK)
		return 0;
	return moved > 0 ? moved : 0;
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

	return store_integer(store, &get, value, "t", key);
}

int store_meta_set(struct store *store, const char *key, int64_t value)
{
	STATEMENT(set, "INSERT INTO meta(key, value) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value=excluded.value");

	int result = store_run(store, &set, "ti", key, value);
	return result < 0 ? result : 0;
}
