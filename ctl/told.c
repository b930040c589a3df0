/* told.c - the form that goes with an outcome. */
#include "followup/ctl_told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/text.h"

enum { PROMPT_SIZE = 512, ADVANCE_MAX = 3650 };

void ctl_told_free(struct ctl_told *told)
{
	for (size_t i = 0; i < told->count; i++) {
		free(told->answers[i].name);
		free(told->answers[i].text);
	}
	told->count = 0;
}

static const char *get(const struct ctl_told *told, const char *name)
{
	for (size_t i = 0; i < told->count; i++)
		if (strcmp(told->answers[i].name, name) == 0)
			return told->answers[i].text;
	return "";
}

static int set(struct ctl_told *told, const char *name, const char *text)
{
	size_t at = 0;
	char *copy = strdup(text);

	if (copy == NULL)
		return ERR_MEMORY;
	while (at < told->count && strcmp(told->answers[at].name, name) != 0)
		at++;
	if (at == told->count) {
		char *key = at < TOLD_MAX ? strdup(name) : NULL;
		if (key == NULL) {
			free(copy);
			return ERR_MEMORY;
		}
		told->answers[at].name = key;
		told->count++;
	} else {
		free(told->answers[at].text);
	}
	told->answers[at].text = copy;
	return 0;
}

/* The day of a month and a day, or NO_DAY: the first one from today on. */
static day_t coming_day(int month, int day, day_t today)
{
	int year = date_of_day(today).year;
	day_t found = date_to_day(year, month, day);

	return found == NO_DAY || found < today ? date_to_day(year + 1, month, day) : found;
}

bool ctl_told_day(const char *text, day_t today, char out[DATE_TEXT_SIZE])
{
	int month, day, used = 0;
	day_t found = date_parse(text, strlen(text));

	if (found == NO_DAY && sscanf(text, "%2d-%2d%n", &month, &day, &used) == 2 && text[used] == '\0')
		found = coming_day(month, day, today);
	else if (found == NO_DAY && text[0] == '+' && sscanf(text + 1, "%4d%n", &day, &used) == 1 && text[1 + used] == '\0' && day >= 0 &&
		 day <= ADVANCE_MAX)
		found = today + day;
	if (found == NO_DAY)
		return false;
	date_format(found, out);
	return true;
}

bool ctl_told_time(const char *text, day_t today, char out[32])
{
	const char *clock = strpbrk(text, " T");
	char day_text[DATE_TEXT_SIZE], day[DATE_TEXT_SIZE];
	int hour, minute, used = 0;

	if (clock == NULL) {
		clock = text;
		date_format(today, day);
	} else {
		size_t length = (size_t)(clock - text);
		if (length >= sizeof day_text)
			return false;
		memcpy(day_text, text, length);
		day_text[length] = '\0';
		if (!ctl_told_day(day_text, today, day))
			return false;
		clock += 1 + strspn(clock + 1, " ");
	}
	if (sscanf(clock, "%2d:%2d%n", &hour, &minute, &used) != 2 || clock[used] != '\0' || hour < 0 || hour > 23 || minute < 0 ||
		minute > 59)
		return false;
	snprintf(out, 32, "%.10sT%02d:%02d", day, hour, minute);
	return true;
}

/* Puts an answer into the form in which it is sent; false with why in words when it is none. */
typedef bool take_answer(const struct ctl_told *told, char text[QUESTION_LINE_SIZE], const char **why);

static bool take_time(const struct ctl_told *told, char text[QUESTION_LINE_SIZE], const char **why)
{
	char time[32];

	*why = "That is no time. Like 15:30 today, 3-5 10:00, or 2025-03-05 10:00.";
	if (!ctl_told_time(text, told->today, time))
		return false;
	snprintf(text, QUESTION_LINE_SIZE, "%s", time);
	return true;
}

static bool take_day(const struct ctl_told *told, char text[QUESTION_LINE_SIZE], const char **why)
{
	char day[DATE_TEXT_SIZE];

	*why = "That is no day. Like 2025-03-10, 3-10, or +3 for three days from today.";
	if (!ctl_told_day(text, told->today, day))
		return false;
	snprintf(text, QUESTION_LINE_SIZE, "%s", day);
	return true;
}

static bool take_mark(const struct ctl_told *told, char text[QUESTION_LINE_SIZE], const char **why)
{
	(void)told;
	*why = "A whole number from 1 (not at all) to 5 (very).";
	return strlen(text) == 1 && text[0] >= '1' && text[0] <= '5';
}

/* One answer. An answer from before is kept with Enter and taken back with "-", unless it is needed. */
static int ask_one(
	struct ctl_told *told, struct ctl_questions *questions, const char *name, const char *label, bool needed, take_answer *take)
{
	char line[QUESTION_LINE_SIZE], prompt[PROMPT_SIZE];
	const char *why = "This one is needed; Ctrl-D goes back to the outcome.";

	for (;;) {
		const char *before = get(told, name);
		if (before[0] != '\0')
			snprintf(prompt, sizeof prompt, "  %s [%.100s]: ", label, before);
		else
			snprintf(prompt, sizeof prompt, "  %s%s: ", label, needed ? "" : " (Enter: none)");
		int result = ctl_question_ask(questions, prompt, line);
		if (result < 0)
			return result;
		if (result == 0 && (before[0] != '\0' || !needed))
			return 0;
		if (result > 0 && strcmp(line, "-") == 0 && !needed)
			return set(told, name, "");
		if (result > 0 && (take == NULL || take(told, line, &why)))
			return set(told, name, line);
		printf("  %s\n", why);
		why = "This one is needed; Ctrl-D goes back to the outcome.";
	}
}

/* Whether the list of numbers ("3,5") holds this one; an empty list holds all. */
static bool is_chosen(const char *list, const char *number)
{
	size_t length = strlen(number);

	if (list[0] == '\0')
		return true;
	for (const char *at = list; at != NULL; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, number, length) == 0 && (at[length] == ',' || at[length] == '\0'))
			return true;
	}
	return false;
}

/* Numbers with blanks or commas between them, all of the agenda, as "3,5". */
static bool take_items(const struct ctl_rows *agenda, const char *text, char out[QUESTION_LINE_SIZE])
{
	size_t length = 0;

	for (const char *at = text + strspn(text, " ,"); *at != '\0'; at += strspn(at, " ,")) {
		size_t digits = strspn(at, "0123456789");
		bool known = false;
		for (size_t i = 0; digits > 0 && i < agenda->count; i++) {
			const char *item = ctl_row_text(&agenda->rows[i], "item");
			known = known || (strlen(item) == digits && strncmp(item, at, digits) == 0);
		}
		if (!known || length + digits + 2 > QUESTION_LINE_SIZE)
			return false;
		length += (size_t)snprintf(out + length, QUESTION_LINE_SIZE - length, "%s%.*s", length > 0 ? "," : "", (int)digits, at);
		at += digits;
	}
	return length > 0;
}

static int ask_items(struct ctl_told *told, struct ctl_questions *questions, const struct ctl_rows *agenda)
{
	char line[QUESTION_LINE_SIZE], items[QUESTION_LINE_SIZE], prompt[PROMPT_SIZE];

	if (agenda->count < 2)
		return 0;
	for (;;) {
		const char *before = get(told, "items");
		snprintf(prompt, sizeof prompt, "  which items were spoken of? (%s%.100s) ",
			before[0] != '\0' ? "Enter: " : "Enter: all of them", before);
		int result = ctl_question_ask(questions, prompt, line);
		if (result <= 0)
			return result;
		if (strcmp(line, "all") == 0)
			return set(told, "items", "");
		if (take_items(agenda, line, items))
			return set(told, "items", items);
		printf("  Numbers of the list above, like %s.\n", ctl_row_text(&agenda->rows[0], "item"));
	}
}

/* The forms of the rules that these matters come from; a name that two rules ask for is asked once. */
static int ask_forms(struct ctl_told *told, struct ctl_questions *questions, const struct ctl_row *call, const struct ctl_rows *agenda)
{
	const char *text = ctl_row_text(call, "scripts"), *items = get(told, "items");
	struct ctl_rows scripts = {0};
	char asked[TOLD_MAX][80];
	size_t asked_count = 0;
	int result = text[0] != '\0' ? ctl_rows_read(text, strlen(text), &scripts) : 0;

	for (size_t s = 0; result == 0 && s < scripts.count; s++) {
		const char *rule = ctl_row_text(&scripts.rows[s], "rule"), *form = ctl_row_text(&scripts.rows[s], "form");
		struct ctl_rows names = {0};
		bool wanted = false;
		for (size_t i = 0; i < agenda->count; i++)
			wanted = wanted || (strcmp(ctl_row_text(&agenda->rows[i], "rule"), rule) == 0 &&
						   is_chosen(items, ctl_row_text(&agenda->rows[i], "item")));
		if (wanted && form[0] != '\0')
			result = ctl_rows_read(form, strlen(form), &names);
		for (size_t f = 0; result == 0 && f < names.count && asked_count < TOLD_MAX; f++) {
			const char *name = ctl_row_text(&names.rows[f], "");
			bool known = false;
			for (size_t i = 0; i < asked_count; i++)
				known = known || strcmp(asked[i] + strlen("answers."), name) == 0;
			if (known)
				continue;
			snprintf(asked[asked_count], sizeof asked[0], "answers.%.70s", name);
			result = ask_one(told, questions, asked[asked_count], name, true, NULL);
			asked_count++;
		}
		ctl_rows_free(&names);
	}
	ctl_rows_free(&scripts);
	return result;
}

static int ask_promise(struct ctl_told *told, struct ctl_questions *questions)
{
	int result = ask_one(told, questions, "promise.by", "promised something, by which day?", false, take_day);

	if (result != 0 || get(told, "promise.by")[0] == '\0')
		return result;
	result = ask_one(told, questions, "promise.matter", "what was promised", true, NULL);
	return result != 0 ? result : ask_one(told, questions, "promise.dept", "the department that must do it", false, NULL);
}

static bool is_effect(const struct ctl_row *disposition, const char *effect)
{
	return strcmp(ctl_row_text(disposition, "effect"), effect) == 0;
}

static bool is_contact(const struct ctl_row *disposition)
{
	return is_effect(disposition, "contact") || is_effect(disposition, "refused") || is_effect(disposition, "disputed");
}

int ctl_told_ask(struct ctl_told *told, struct ctl_questions *questions, const struct ctl_row *call, const struct ctl_row *disposition)
{
	const char *text = ctl_row_text(call, "agenda");
	struct ctl_rows agenda = {0};
	int result = ctl_rows_read(text, strlen(text), &agenda);

	if (result == 0 && is_effect(disposition, "appoint"))
		result = ask_one(told, questions, "at", "when shall we ring again?", true, take_time);
	if (result == 0 && is_contact(disposition))
		result = ask_items(told, questions, &agenda);
	if (result == 0 && ctl_row_true(disposition, "attorney"))
		result = ask_one(told, questions, "attorney", "which attorney? (needed if there are several)", false, NULL);
	if (result == 0 && is_effect(disposition, "contact")) {
		result = ask_forms(told, questions, call, &agenda);
		if (result == 0)
			result = ask_one(told, questions, "satisfaction", "satisfaction, 1 to 5", false, take_mark);
		if (result == 0)
			result = ask_promise(told, questions);
	}
	if (result == 0)
		result = ask_one(told, questions, "note", "note", false, NULL);
	ctl_rows_free(&agenda);
	return result;
}

static void add_name(struct buffer *out, const char *name)
{
	if (out->length > 0 && out->data[out->length - 1] != '{')
		buffer_text(out, ",");
	text_json(out, name, strlen(name));
	buffer_text(out, ":");
}

static void add_text(struct buffer *out, const char *name, const char *text)
{
	if (text[0] == '\0')
		return;
	add_name(out, name);
	text_json(out, text, strlen(text));
}

void ctl_told_json(const struct ctl_told *told, const struct ctl_row *disposition, struct buffer *out)
{
	bool spoken = is_effect(disposition, "contact"), answers = false;
	const char *items = is_contact(disposition) ? get(told, "items") : "";

	buffer_text(out, "{");
	if (is_effect(disposition, "appoint"))
		add_text(out, "at", get(told, "at"));
	if (items[0] != '\0') {
		add_name(out, "items");
		buffer_printf(out, "[%s]", items);
	}
	if (ctl_row_true(disposition, "attorney"))
		add_text(out, "attorney", get(told, "attorney"));
	for (size_t i = 0; spoken && i < told->count; i++) {
		if (strncmp(told->answers[i].name, "answers.", 8) != 0 || told->answers[i].text[0] == '\0')
			continue;
		if (!answers) {
			add_name(out, "answers");
			buffer_text(out, "{");
		}
		answers = true;
		add_text(out, told->answers[i].name + 8, told->answers[i].text);
	}
	buffer_text(out, answers ? "}" : "");
	if (spoken && get(told, "satisfaction")[0] != '\0') {
		add_name(out, "satisfaction");
		buffer_text(out, get(told, "satisfaction"));
	}
	if (spoken && get(told, "promise.by")[0] != '\0') {
		add_name(out, "promise");
		buffer_text(out, "{");
		add_text(out, "by", get(told, "promise.by"));
		add_text(out, "matter", get(told, "promise.matter"));
		add_text(out, "dept", get(told, "promise.dept"));
		buffer_text(out, "}");
	}
	add_text(out, "note", get(told, "note"));
	buffer_text(out, "}");
}
