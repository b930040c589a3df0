/* policy_value.c - see policy_value.h. */
#include "followup/policy_value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/money.h"

bool name_is_valid(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t length = strlen(text);
	return length > 0 && length <= NAME_LENGTH_MAX && strspn(text, letters) == length && text[0] != '-' && text[0] != '_';
}

bool value_is_none(const char *text)
{
	return strcmp(text, "none") == 0;
}

/* Digits alone, in base, between low and high. */
static bool number_parse(const char *text, int base, long low, long high, long *out)
{
	const char *digits = base == 8 ? "01234567" : "0123456789";
	if (text[0] == '\0' || strspn(text, digits) != strlen(text))
		return false;
	errno = 0;
	long number = strtol(text, NULL, base);
	if (errno != 0 || number < low || number > high)
		return false;
	*out = number;
	return true;
}

/* Months: "6m", "20y". ERR_INVALID. */
static int term_parse(const char *text)
{
	char digits[8];
	size_t length = strspn(text, "0123456789");
	long count;
	if (length == 0 || length >= sizeof digits || (strcmp(text + length, "m") != 0 && strcmp(text + length, "y") != 0))
		return ERR_INVALID;
	memcpy(digits, text, length);
	digits[length] = '\0';
	if (!number_parse(digits, 10, 1, 12000, &count))
		return ERR_INVALID;
	return (int)(text[length] == 'y' ? count * 12 : count);
}

int duration_parse(const char *text)
{
	static const struct {
		const char *unit;
		long seconds;
	} units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};
	char digits[16];
	size_t length = strspn(text, "0123456789");
	if (length == 0 || length >= sizeof digits)
		return ERR_INVALID;
	memcpy(digits, text, length);
	digits[length] = '\0';
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		long count;
		if (strcmp(text + length, units[i].unit) == 0 && number_parse(digits, 10, 0, 3660L * 86400 / units[i].seconds, &count))
			return (int)(count * units[i].seconds);
	}
	return ERR_INVALID;
}

int clock_parse(const char *text)
{
	int hour, minute;
	if (strlen(text) != 5 || strspn(text, "0123456789") != 2 || text[2] != ':' || strspn(text + 3, "0123456789") != 2)
		return ERR_INVALID;
	hour = (text[0] - '0') * 10 + text[1] - '0';
	minute = (text[3] - '0') * 10 + text[4] - '0';
	if (minute > 59 || hour * 60 + minute > 1440)
		return ERR_INVALID;
	return hour * 60 + minute;
}

int text_list_add(struct text_list *list, const char *text)
{
	char **grown = realloc(list->items, (list->count + 1) * sizeof *grown);
	if (grown == NULL)
		return ERR_MEMORY;
	list->items = grown;
	grown[list->count] = strdup(text);
	if (grown[list->count] == NULL)
		return ERR_MEMORY;
	list->count++;
	return 0;
}

void text_list_clear(struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct text_list){0};
}

char *path_folder(const char *file)
{
	const char *slash = strrchr(file, '/');
	if (slash == NULL)
		return strdup(".");
	return strndup(file, slash == file ? 1 : (size_t)(slash - file));
}

char *path_from(const char *folder, const char *path)
{
	char *joined;
	if (path[0] == '/' || strcmp(folder, ".") == 0)
		return strdup(path);
	if (asprintf(&joined, "%s/%s", folder, path) < 0)
		return NULL;
	return joined;
}

char *section_label(const struct section *section, char out[SECTION_LABEL_SIZE])
{
	const char *name = section_kinds[section->name].name;
	if (section->title == NULL)
		snprintf(out, SECTION_LABEL_SIZE, "section '%s'", name);
	else
		snprintf(out, SECTION_LABEL_SIZE, "%s '%.80s'", name, section->title);
	return out;
}

/* What a value of this kind looks like, for people. */
static void option_describe(const struct option *option, char *out, size_t size)
{
	int used;
	switch (option->kind) {
	case OPTION_FOLDER:
		snprintf(out, size, "a folder, or none");
		break;
	case OPTION_CLOCK:
		snprintf(out, size, "a time of day like 02:30");
		break;
	case OPTION_TEXT:
	case OPTION_PATH:
	case OPTION_WORD:
	case OPTION_CHOICE:
		if (option->words == NULL) {
			snprintf(out, size, "a text without control characters, not empty");
			break;
		}
		used = snprintf(out, size, "one of");
		for (const struct option_word *word = option->words; word->text != NULL && used >= 0 && (size_t)used < size; word++)
			used += snprintf(out + used, size - (size_t)used, "%s %s", word == option->words ? "" : ",", word->text);
		break;
	case OPTION_NAME:
	case OPTION_NAMES:
		snprintf(out, size, "a name of lower-case letters, digits, - and _");
		break;
	case OPTION_COUNT:
	case OPTION_SIZE:
		snprintf(out, size, "a number from %ld to %ld", option->low, option->high);
		break;
	case OPTION_LIMIT:
	case OPTION_PERCENT:
		snprintf(out, size, "a number from %ld to %ld, or none", option->low, option->high);
		break;
	case OPTION_MONEY:
		snprintf(out, size, "an amount in yuan, like 500000");
		break;
	case OPTION_DURATION:
		snprintf(out, size, "a time like 90s, 15min, 2h or 1d, from %lds to %ldd", option->low, option->high / 86400);
		break;
	case OPTION_IDLE:
		snprintf(out, size, "a time like 90s, 15min, 2h or 1d, from %lds to %ldd, or none", option->low, option->high / 86400);
		break;
	case OPTION_DAYS:
		if (option->low == 0)
			snprintf(out, size, "calendar days like 0, 7d or 2w, at most %ldd", option->high);
		else
			snprintf(out, size, "calendar days like 7d or 2w, from %ldd to %ldd", option->low, option->high);
		break;
	case OPTION_TERM:
		snprintf(out, size, "months or years like 6m or 20y, from %ldm to %ldy, or none", option->low, option->high / 12);
		break;
	case OPTION_OFFSET:
		snprintf(out, size, "days like 0, -3d, 2w, 6m, 5wd (work days) or 2td (trading days)");
		break;
	case OPTION_SWITCH:
		snprintf(out, size, "yes or no");
		break;
	case OPTION_MODE:
		snprintf(out, size, "an octal mode like 0660");
		break;
	case OPTION_DAY:
		snprintf(out, size, "a day like 2026-01-31, or none");
		break;
	case OPTION_HOURS:
	case OPTION_OWN:
	case OPTION_OWN_LIST:
		snprintf(out, size, "something else");
		break;
	}
}

/* The number of a word; false when it is none of them. */
static bool word_find(const struct option_word *words, const char *text, int *number)
{
	for (; words->text != NULL; words++) {
		if (strcmp(words->text, text) == 0) {
			*number = words->number;
			return true;
		}
	}
	return false;
}

/* Puts a text in place of the one there. */
static int text_replace(char **place, char *text)
{
	if (text == NULL)
		return ERR_MEMORY;
	free(*place);
	*place = text;
	return 0;
}

static bool text_is_printable(const char *text)
{
	for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
		if (*at < 0x20 || *at == 0x7f)
			return false;
	}
	return text[0] != '\0' && strlen(text) <= VALUE_TEXT_MAX;
}

static bool days_parse(const char *text, long low, long high, int *days)
{
	struct offset offset;
	if (!offset_parse(text, &offset) || offset.count < 0 || (offset.unit != UNIT_DAY && offset.unit != UNIT_WEEK))
		return false;
	long count = offset.unit == UNIT_WEEK ? 7L * offset.count : offset.count;
	if (count < low || count > high)
		return false;
	*days = (int)count;
	return true;
}

static int value_read_text(const struct option *option, const char *text, const char *folder, void *place)
{
	int ignored;
	if (!text_is_printable(text))
		return ERR_INVALID;
	if (option->kind == OPTION_FOLDER && value_is_none(text))
		return text_replace(place, strdup(""));
	if (option->kind == OPTION_PATH || option->kind == OPTION_FOLDER)
		return text_replace(place, path_from(folder, text));
	if (option->kind == OPTION_NAMES && (!name_is_valid(text) || text_list_has(place, text)))
		return ERR_INVALID;
	if (option->kind == OPTION_NAMES)
		return text_list_add(place, text);
	if (option->kind == OPTION_NAME && !name_is_valid(text))
		return ERR_INVALID;
	if (option->words != NULL && !word_find(option->words, text, &ignored))
		return ERR_INVALID;
	return text_replace(place, strdup(text));
}

/* Reads one value; ERR_INVALID when it is none of this kind. Kinds HOURS, OWN and OWN_LIST are left to others. */
static int value_read(const struct option *option, const char *text, const char *folder, void *place)
{
	long number = 0;
	int word = 0;
	switch (option->kind) {
	case OPTION_TEXT:
	case OPTION_PATH:
	case OPTION_FOLDER:
	case OPTION_NAME:
	case OPTION_NAMES:
		return value_read_text(option, text, folder, place);
	case OPTION_COUNT:
	case OPTION_LIMIT:
	case OPTION_PERCENT:
		if (option->kind != OPTION_COUNT && value_is_none(text))
			number = option->kind == OPTION_LIMIT ? NO_LIMIT : -1;
		else if (!number_parse(text, 10, option->low, option->high, &number))
			return ERR_INVALID;
		*(int *)place = (int)number;
		return 0;
	case OPTION_SIZE:
		if (!number_parse(text, 10, option->low, option->high, &number))
			return ERR_INVALID;
		*(size_t *)place = (size_t)number;
		return 0;
	case OPTION_MONEY: {
		money_t amount;
		if (!money_parse(text, strlen(text), &amount) || amount < 0)
			return ERR_INVALID;
		*(money_t *)place = amount;
		return 0;
	}
	case OPTION_DURATION:
	case OPTION_IDLE:
		if (option->kind == OPTION_IDLE && value_is_none(text)) {
			*(int *)place = 0;
			return 0;
		}
		word = duration_parse(text);
		if (word < option->low || word > option->high)
			return ERR_INVALID;
		*(int *)place = word;
		return 0;
	case OPTION_DAYS:
		return days_parse(text, option->low, option->high, place) ? 0 : ERR_INVALID;
	case OPTION_TERM:
		if (value_is_none(text)) {
			*(int *)place = 0;
			return 0;
		}
		word = term_parse(text);
		if (word < option->low || word > option->high)
			return ERR_INVALID;
		*(int *)place = word;
		return 0;
	case OPTION_OFFSET:
		return offset_parse(text, place) ? 0 : ERR_INVALID;
	case OPTION_SWITCH:
		if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
			return ERR_INVALID;
		*(bool *)place = text[0] == 'y';
		return 0;
	case OPTION_WORD:
		if (!word_find(option->words, text, &word))
			return ERR_INVALID;
		memcpy(place, &word, sizeof word);
		return 0;
	case OPTION_CHOICE:
		if (!word_find(option->words, text, &word))
			return ERR_INVALID;
		*(bool *)place = word != 0;
		return 0;
	case OPTION_MODE:
		if (!number_parse(text, 8, 0, option->high, &number))
			return ERR_INVALID;
		*(int *)place = (int)number;
		return 0;
	case OPTION_DAY: {
		day_t day = value_is_none(text) ? NO_DAY : date_parse(text, strlen(text));
		if (day == NO_DAY && !value_is_none(text))
			return ERR_INVALID;
		*(day_t *)place = day;
		return 0;
	}
	case OPTION_CLOCK:
		word = clock_parse(text);
		if (word < 0 || word == 1440)
			return ERR_INVALID;
		*(int *)place = word;
		return 0;
	case OPTION_HOURS:
	case OPTION_OWN:
	case OPTION_OWN_LIST:
		return 0;
	}
	return ERR_INVALID;
}

static void *option_place(const struct option *option, void *target)
{
	return (char *)target + option->offset;
}

static bool option_is_list(const struct option *option)
{
	return option->kind == OPTION_NAMES || option->kind == OPTION_OWN_LIST;
}

/* Whether section_apply puts it into the struct itself. */
static bool option_is_plain(const struct option *option)
{
	return option->kind != OPTION_HOURS && option->kind != OPTION_OWN && option->kind != OPTION_OWN_LIST;
}

int section_standard(enum section_name name, const char *folder, void *target)
{
	for (const struct option *option = section_kinds[name].options; option->name != NULL; option++) {
		if (option->standard == NULL || !option_is_plain(option))
			continue;
		int result = value_read(option, option->standard, folder, option_place(option, target));
		if (result < 0)
			return result;
	}
	return 0;
}

/* One setting. 0 or ERR_MEMORY. */
static int setting_apply(
	const struct section *section, const struct setting *setting, const char *folder, void *target, struct complaints *complaints)
{
	const struct option *option = setting->option;
	if (!option_is_list(option) && setting->count != 1) {
		complaints_error(complaints, section->file, setting->line, "'%s' takes one value, not %zu", option->name, setting->count);
		return 0;
	}
	if (!option_is_plain(option))
		return 0;
	if (option->required && setting->count == 0)
		complaints_error(complaints, section->file, setting->line, "'%s' must not be empty", option->name);
	if (option->kind == OPTION_NAMES && setting->count > (size_t)option->high) {
		complaints_error(complaints, section->file, setting->line, "'%s' has more than %ld values", option->name, option->high);
		return 0;
	}
	for (size_t i = 0; i < setting->count; i++) {
		const struct setting_value *value = &setting->values[i];
		int result = value_read(option, value->text, folder, option_place(option, target));
		if (result == ERR_MEMORY)
			return result;
		if (result >= 0)
			continue;
		if (option->kind == OPTION_NAMES && text_list_has(option_place(option, target), value->text)) {
			complaints_error(complaints, section->file, value->line, "'%s' stands twice in '%s'", value->text, option->name);
			continue;
		}
		char wanted[256];
		option_describe(option, wanted, sizeof wanted);
		complaints_error(
			complaints, section->file, value->line, "%s: '%s' will not do: it takes %s", option->name, value->text, wanted);
	}
	return 0;
}

int section_apply(const struct section *section, const char *folder, void *target, struct complaints *complaints)
{
	char label[SECTION_LABEL_SIZE];
	for (size_t i = 0; i < section->setting_count; i++) {
		int result = setting_apply(section, &section->settings[i], folder, target, complaints);
		if (result < 0)
			return result;
	}
	for (const struct option *option = section_kinds[section->name].options; option->name != NULL; option++) {
		if (option->required && section_setting(section, option->name) == NULL)
			complaints_error(complaints, section->file, section->line, "%s: '%s' is missing", section_label(section, label),
				option->name);
	}
	return 0;
}
