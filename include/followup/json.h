/* json.h - JSON read and written through SQLite's own functions (DESIGN 2), so that no second JSON library is needed. */
#ifndef FOLLOWUP_JSON_H
#define FOLLOWUP_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "followup/error.h"

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_INTEGER, JSON_REAL, JSON_TEXT, JSON_ARRAY, JSON_OBJECT };

struct json; /* a reader: a private in-memory database with prepared statements; one thread */

struct json *json_new(void);
void json_free(struct json *json);

struct json_value {
	const char *key; /* member name; NULL in an array */
	int64_t index;   /* position in an array or object */
	enum json_type type;
	const char *text; /* the value as text (unquoted; nested documents as JSON text; "true", "false"), NUL-terminated; NULL for null */
	size_t length;    /* bytes of text */
};

/* Calls visit for each element of the array or object at path ("$", "$.days", "$.days[3]") of the document, in order; visit's negative
 * result ends the walk and is returned. ERR_SYNTAX when the document is not well-formed JSON or holds a NUL, raw or as \u0000; ERR_NOT_FOUND when
 * no array or object is at path. A fraction has a double's precision (15 digits); an integer beyond 64 bits comes as JSON_REAL. Depth
 * and size are limited (1,000 levels). The values live until visit returns; visit may not use the same reader. */
typedef int json_visit(void *context, const struct json_value *value);
int json_each(struct json *json, const char *document, size_t length, const char *path, json_visit *visit, void *context) MUST_CHECK;

#endif
