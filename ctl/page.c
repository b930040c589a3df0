/* page.c - lists that end at their limit. */
#include "followup/ctl_page.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "followup/json.h"

struct rows {
	long count;
	char last[24]; /* the number of the last one */
};

static int count_row(void *context, const struct json_value *value)
{
	struct rows *rows = context;
	const char *number = value->type == JSON_OBJECT ? strchr(value->text, ':') : NULL;

	rows->count++;
	size_t digits = number != NULL ? strspn(number + 1, "0123456789") : 0;
	rows->last[0] = '\0';
	if (digits > 0 && digits < sizeof rows->last) {
		memcpy(rows->last, number + 1, digits);
		rows->last[digits] = '\0';
	}
	return 0;
}

int ctl_page_note(int count, char *const *words, const char *document, size_t length, struct buffer *out)
{
	static const struct {
		const char *name;
		long limit; /* unless LIMIT says another */
	} commands[] = {{"list", 100}, {"history", 200}};
	struct rows rows = {0};
	long limit = 0;

	for (size_t i = 0; count > 1 && i < sizeof commands / sizeof commands[0]; i++)
		if (strcasecmp(words[0], commands[i].name) == 0)
			limit = commands[i].limit;
	if (limit == 0)
		return 0;
	for (int i = 2; i + 1 < count; i += 2)
		if (strcasecmp(words[i], "limit") == 0)
			limit = strtol(words[i + 1], NULL, 10);
	struct json *json = json_new();
	if (json == NULL)
		return ERR_MEMORY;
	int result = json_each(json, document, length, "$", count_row, &rows);
	json_free(json);
	if (result < 0)
		return result == ERR_MEMORY ? result : 0;
	if (limit > 0 && rows.count >= limit && rows.last[0] != '\0')
		buffer_printf(out, "%ld of perhaps more; those behind them: add \"after %s\"\n", rows.count, rows.last);
	return out->failed ? ERR_MEMORY : 0;
}
