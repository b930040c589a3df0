/* complaints.c - see complaints.h. */
#include "followup/complaints.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beyond this many nobody reads on, and a hostile file should not fill the memory. The count of errors goes on. */
enum { COMPLAINTS_MAX = 10000, TEXT_SIZE = 1024 };

static void complaints_add(struct complaints *complaints, const char *file, int line, bool warning, const char *text)
{
	if (!warning)
		complaints->errors++;
	if (complaints->count >= COMPLAINTS_MAX)
		return;
	struct complaint *grown = realloc(complaints->items, (complaints->count + 1) * sizeof *grown);
	if (grown == NULL) {
		complaints->out_of_memory = true;
		return;
	}
	complaints->items = grown;
	char *file_copy = strdup(file);
	char *text_copy = strdup(text);
	if (file_copy == NULL || text_copy == NULL) {
		free(file_copy);
		free(text_copy);
		complaints->out_of_memory = true;
		return;
	}
	complaints->items[complaints->count++] = (struct complaint){.file = file_copy, .line = line, .text = text_copy, .warning = warning};
}

void complaints_error(struct complaints *complaints, const char *file, int line, const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	complaints_add(complaints, file, line, false, text);
}

void complaints_warn(struct complaints *complaints, const char *file, int line, const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	complaints_add(complaints, file, line, true, text);
}

void complaints_gather(void *context, const struct complaint *complaint)
{
	complaints_add(context, complaint->file, complaint->line, complaint->warning, complaint->text);
}

/* Whether a is told before b. */
static bool complaint_precedes(const struct complaint *a, const struct complaint *b, const char *main_file)
{
	bool a_main = strcmp(a->file, main_file) == 0;
	bool b_main = strcmp(b->file, main_file) == 0;
	if (a_main != b_main)
		return a_main;
	int order = strcmp(a->file, b->file);
	if (order != 0)
		return order < 0;
	return a->line < b->line;
}

void complaints_tell(struct complaints *complaints, const char *main_file, policy_complain *complain, void *context)
{
	/* An insertion sort: stable, and nearly sorted already. */
	for (size_t i = 1; i < complaints->count; i++) {
		struct complaint moved = complaints->items[i];
		size_t at = i;
		while (at > 0 && complaint_precedes(&moved, &complaints->items[at - 1], main_file)) {
			complaints->items[at] = complaints->items[at - 1];
			at--;
		}
		complaints->items[at] = moved;
	}
	for (size_t i = 0; i < complaints->count; i++)
		complain(context, &complaints->items[i]);
}

void complaints_clear(struct complaints *complaints)
{
	if (complaints == NULL)
		return;
	for (size_t i = 0; i < complaints->count; i++) {
		free((char *)complaints->items[i].file);
		free((char *)complaints->items[i].text);
	}
	free(complaints->items);
	*complaints = (struct complaints){0};
}
