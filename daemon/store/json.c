/* json.c - JSON read through SQLite's own functions (json.h). */
#include "followup/json.h"

#include <limits.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 1000 };

struct json {
	sqlite3 *database; /* in memory and empty: only its functions are used */
	sqlite3_stmt *probe;
	sqlite3_stmt *doubt;
	sqlite3_stmt *each;
};

/* Asks first, because json_each() of newer SQLite releases also takes the JSON5 dialect, and shows an empty array like a missing one. */
static const char probe_sql[] = "SELECT json_valid(?1), CASE WHEN json_valid(?1) THEN json_type(?1, ?2) END";
/* Asked when the first has said no, which SQLite 3.40 also does for want of memory: here that is an error of its own. */
static const char doubt_sql[] = "SELECT json_type(?1, ?2)";
static const char each_sql[] = "SELECT key, type, value FROM json_each(?1, ?2)";

struct json *json_new(void)
{
	struct json *json = calloc(1, sizeof(*json));

	if (json == NULL)
		return NULL;
	if (sqlite3_open_v2(":memory:", &json->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) !=
			SQLITE_OK ||
		sqlite3_prepare_v2(json->database, probe_sql, -1, &json->probe, NULL) != SQLITE_OK ||
		sqlite3_prepare_v2(json->database, doubt_sql, -1, &json->doubt, NULL) != SQLITE_OK ||
		sqlite3_prepare_v2(json->database, each_sql, -1, &json->each, NULL) != SQLITE_OK) {
		json_free(json);
		return NULL;
	}
	return json;
}

void json_free(struct json *json)
{
	if (json == NULL)
		return;
	sqlite3_finalize(json->probe);
	sqlite3_finalize(json->doubt);
	sqlite3_finalize(json->each);
	sqlite3_close(json->database);
	free(json);
}

/* A NUL byte, or one written as an escape: SQLite would end the text there in silence. A backslash stands in strings only. */
static bool has_nul(const char *document, size_t length)
{
	const char *at = document, *end = document + length;

	if (memchr(document, '\0', length) != NULL)
		return true;
	while ((at = memchr(at, '\\', (size_t)(end - at))) != NULL && end - at >= 2) {
		if (end - at >= 6 && memcmp(at, "\\u0000", 6) == 0)
			return true;
		at += 2; /* past the escaped byte, which may be a backslash itself */
	}
	return false;
}

/* Whether every member's name is a text. SQLite 3.40 (Debian 12) takes a list or an object there when it ends in a text, {["a"]:1}, and then looks for the name at
 * no address. Nothing else is judged here; what stands deeper than DEPTH_MAX is refused. */
static bool names_are_texts(const char *document, size_t length)
{
	bool is_object[DEPTH_MAX];
	size_t depth = 0;
	bool name_wanted = false;

	for (size_t i = 0; i < length; i++) {
		char byte = document[i];

		if (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r')
			continue;
		if (name_wanted && byte != '"' && byte != '}')
			return false;
		name_wanted = false;
		switch (byte) {
		case '"':
			for (i++; i < length && document[i] != '"'; i++)
				i += document[i] == '\\';
			break;
		case '{':
		case '[':
			if (depth == DEPTH_MAX)
				return false;
			is_object[depth++] = name_wanted = byte == '{';
			break;
		case '}':
		case ']':
			depth -= depth > 0;
			break;
		case ',':
			name_wanted = depth > 0 && is_object[depth - 1];
			break;
		default:
			break;
		}
	}
	return true;
}

static int error_of(int result)
{
	switch (result) {
	case SQLITE_NOMEM:
		return ERR_MEMORY;
	case SQLITE_TOOBIG:
		return ERR_LIMIT;
	default:
		return ERR_INVALID; /* a path that is none: the caller's mistake */
	}
}

static int bind(sqlite3_stmt *statement, const char *document, size_t length, const char *path)
{
	int result = sqlite3_bind_text(statement, 1, document, (int)length, SQLITE_STATIC);

	if (result == SQLITE_OK)
		result = sqlite3_bind_text(statement, 2, path, -1, SQLITE_STATIC);
	return result == SQLITE_OK ? 0 : error_of(result);
}

/* The document's memory is the caller's, so nothing may point to it afterwards. */
static void unbind(sqlite3_stmt *statement)
{
	(void)sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
}

/* Why a document is not valid: ERR_SYNTAX, or ERR_MEMORY because nobody could look. */
static int doubt(struct json *json, const char *document, size_t length, const char *path)
{
	int result = bind(json->doubt, document, length, path);

	if (result == 0)
		result = sqlite3_step(json->doubt) == SQLITE_ERROR ? ERR_SYNTAX : ERR_MEMORY;
	unbind(json->doubt);
	return result;
}

/* 0 when the document is sound and holds an array or an object at path. */
static int probe(struct json *json, const char *document, size_t length, const char *path)
{
	int result = bind(json->probe, document, length, path);

	if (result == 0) {
		int step = sqlite3_step(json->probe);

		if (step != SQLITE_ROW) {
			result = error_of(step);
		} else if (sqlite3_column_int(json->probe, 0) != 1) {
			result = doubt(json, document, length, path);
		} else {
			const char *type = (const char *)sqlite3_column_text(json->probe, 1);

			if (type == NULL || (strcmp(type, "array") != 0 && strcmp(type, "object") != 0))
				result = ERR_NOT_FOUND;
		}
	}
	unbind(json->probe);
	return result;
}

static enum json_type type_of(const char *name, int storage)
{
	static const struct {
		const char *name;
		enum json_type type;
	} names[] = {
		{"null", JSON_NULL},
		{"true", JSON_TRUE},
		{"false", JSON_FALSE},
		{"integer", JSON_INTEGER},
		{"real", JSON_REAL},
		{"text", JSON_TEXT},
		{"array", JSON_ARRAY},
		{"object", JSON_OBJECT},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i].name) != 0)
			continue;
		/* An integer beyond 64 bits comes as a floating-point number, and must not be taken for a whole one. */
		if (names[i].type == JSON_INTEGER && storage != SQLITE_INTEGER)
			return JSON_REAL;
		return names[i].type;
	}
	return JSON_NULL;
}

/* Fills value from the current row; ERR_MEMORY when SQLite could not make the text. */
static int read_row(sqlite3_stmt *row, struct json_value *value)
{
	const char *type = (const char *)sqlite3_column_text(row, 1);

	if (type == NULL)
		return ERR_MEMORY;
	value->type = type_of(type, sqlite3_column_type(row, 2));
	value->key = NULL;
	if (sqlite3_column_type(row, 0) == SQLITE_TEXT) {
		value->key = (const char *)sqlite3_column_text(row, 0);
		if (value->key == NULL)
			return ERR_MEMORY;
	}

	switch (value->type) {
	case JSON_NULL:
		value->text = NULL;
		value->length = 0;
		return 0;
	case JSON_TRUE:
	case JSON_FALSE:
		value->text = value->type == JSON_TRUE ? "true" : "false";
		value->length = strlen(value->text);
		return 0;
	default:
		value->text = (const char *)sqlite3_column_text(row, 2);
		value->length = (size_t)sqlite3_column_bytes(row, 2);
		return value->text == NULL ? ERR_MEMORY : 0;
	}
}

int json_each(struct json *json, const char *document, size_t length, const char *path, json_visit *visit, void *context)
{
	if (document == NULL || length == 0 || has_nul(document, length) || !names_are_texts(document, length))
		return ERR_SYNTAX;
	if (length > INT_MAX)
		return ERR_LIMIT;

	int result = probe(json, document, length, path);
	if (result < 0)
		return result;

	result = bind(json->each, document, length, path);
	for (int64_t index = 0; result >= 0; index++) {
		struct json_value value = {.index = index};
		int step = sqlite3_step(json->each);

		if (step == SQLITE_DONE) {
			result = 0;
			break;
		}
		if (step != SQLITE_ROW) {
			result = error_of(step);
			break;
		}
		result = read_row(json->each, &value);
		if (result == 0)
			result = visit(context, &value);
	}
	unbind(json->each);
	return result;
}
