/* store_statement.c - statements: prepared once, bound, stepped and read; what their failures mean. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

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

int store_lost(struct store *store)
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
void store_regain(struct store *store)
{
	store->lost = 0;
	text_is_missing = false;
}

int store_error(struct store *store)
{
	int result = error_of_code(sqlite3_extended_errcode(store->db));
	bool beside = result == ERR_FULL && sqlite3_db_readonly(store->db, "main") == 1; /* store_beside.h */

	snprintf(store->message, sizeof(store->message), "%s",
		beside ? "what is sorted cannot be kept in TMPDIR or /var/tmp; make room there, or ask for fewer days"
		       : sqlite3_errmsg(store->db));
	if (result == ERR_MEMORY || result == ERR_FULL || result == ERR_CORRUPT)
		store_lose(store, result);
	return result;
}

const char *store_message(const struct store *store)
{
	return store->message;
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
	if (*place == NULL) {
		store->writing = 0;
		if (sqlite3_prepare_v3(store->db, statement->sql, -1, SQLITE_PREPARE_PERSISTENT, place, NULL) != SQLITE_OK) {
			(void)store_error(store);
			return NULL;
		}
		store->writes[slot] = statement->is_told ? 0 : (unsigned short)store->writing;
	}
	for (unsigned kinds = store->writes[slot], kind = 0; kinds != 0; kinds >>= 1, kind++)
		store->written[kind] += kinds & 1;
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
	if (sqlite3_stmt_busy(s)) /* left standing on a row; what has ended has been reset */
		sqlite3_reset(s);
	for (const char *f = format; *f != '\0' && code == SQLITE_OK; f++) {
		place++;
		if (*f == 'i') {
			code = sqlite3_bind_int64(s, place, va_arg(arguments, int64_t));
		} else if (*f == 'z') {
			int64_t value = va_arg(arguments, int64_t);
			code = value != 0 ? sqlite3_bind_int64(s, place, value) : sqlite3_bind_null(s, place);
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

int store_prepare(struct store *store, struct statement *statement)
{
	return prepared(store, statement) != NULL ? 0 : error_of_code(sqlite3_extended_errcode(store->db));
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
	if (sqlite3_column_type(statement, column) == SQLITE_NULL) /* asked first: without memory the value becomes NULL */
		return "";
	const unsigned char *text = sqlite3_column_text(statement, column);

	if (text == NULL)
		text_is_missing = true;
	return text != NULL ? (const char *)text : "";
}

day_t column_day(sqlite3_stmt *statement, int column)
{
	return sqlite3_column_type(statement, column) == SQLITE_NULL ? NO_DAY : (day_t)sqlite3_column_int(statement, column);
}
