/* calendar_file.c - the calendar's files: which is which, the folder, and the table of lunar years (calendar_file.h). */
#include "followup/calendar_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "followup/complaints.h"
#include "followup/notice.h"

enum { FOLDER_FILES_MAX = 1000 };

enum file_kind { FILE_OTHER, FILE_CAL, FILE_JSON, FILE_LUNAR };

static bool ends_with(const char *text, const char *ending)
{
	size_t length = strlen(text), wanted = strlen(ending);

	return length > wanted && strcmp(text + length - wanted, ending) == 0;
}

static enum file_kind kind_of_file(const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *name = slash == NULL ? file : slash + 1;

	if (strcmp(name, "lunar-years.csv") == 0)
		return FILE_LUNAR;
	if (ends_with(name, ".cal"))
		return FILE_CAL;
	return ends_with(name, ".json") ? FILE_JSON : FILE_OTHER;
}

/* A whole number without a sign, from text that ends at end or at a byte that is no digit; -1 when there is none. Moves *at past it. */
static int take_number(const char **at, const char *end)
{
	int number = -1;

	while (*at < end && **at >= '0' && **at <= '9') {
		number = (number < 0 ? 0 : number) * 10 + (**at - '0');
		if (number > 100000)
			return -1;
		(*at)++;
	}
	return number;
}

static bool take_byte(const char **at, const char *end, char wanted)
{
	if (*at == end || **at != wanted)
		return false;
	(*at)++;
	return true;
}

/* One row of the table of lunar years. */
struct lunar_row {
	int year;
	day_t new_year;
	int leap_month;
	int months; /* counted in lengths */
	int lengths[13];
};

/* NULL, or what is wrong with the row. */
static const char *parse_lunar_row(const char *at, const char *end, struct lunar_row *row)
{
	row->year = take_number(&at, end);
	if (row->year < 0 || !take_byte(&at, end, ','))
		return "lunar_year is no number";
	if (end - at < 10 || (row->new_year = date_parse(at, 10)) == NO_DAY)
		return "new_year_solar is no day";
	at += 10;
	if (!take_byte(&at, end, ','))
		return "new_year_solar is no day";
	row->leap_month = take_number(&at, end);
	if (row->leap_month < 0 || row->leap_month > 12 || !take_byte(&at, end, ','))
		return "leap_month is no number from 0 to 12";
	int months = take_number(&at, end);
	if (months < 0 || !take_byte(&at, end, ','))
		return "months is no number";
	int days = take_number(&at, end);
	if (days < 0 || !take_byte(&at, end, ','))
		return "days is no number";

	int sum = 0;
	row->months = 0;
	do {
		int length = take_number(&at, end);

		if (length != 29 && length != 30)
			return "month_lengths holds something other than 29 and 30";
		if (row->months == 13)
			return "month_lengths has more than 13 months";
		row->lengths[row->months++] = length;
		sum += length;
	} while (take_byte(&at, end, ' '));
	if (at != end)
		return "text after the last field";
	if (row->months != months)
		return "months is not the number of month_lengths";
	if (sum != days)
		return "days is not the sum of month_lengths";
	if (months != (row->leap_month == 0 ? 12 : 13))
		return "months does not go with leap_month";
	return NULL;
}

static int read_lunar(struct lunar *lunar, const char *file, const char *bytes, size_t length, struct complaints *complaints)
{
	static const char header[] = "lunar_year,new_year_solar,leap_month,months,days,month_lengths";
	const char *at = bytes, *end = bytes + length;
	size_t errors_before = complaints->errors;
	bool joined = true; /* the rows so far; after a bad one the next cannot follow on, which is not a mistake of its own */

	if (lunar_last_year(lunar) != 0) {
		complaints_error(complaints, file, 0, "a second table of lunar years");
		return ERR_INVALID;
	}
	if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	for (int line = 1; at < end; line++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		const char *next = stop == NULL ? end : stop + 1;
		if (stop == NULL)
			stop = end;
		if (stop > at && stop[-1] == '\r')
			stop--;

		if (line == 1) {
			if ((size_t)(stop - at) != sizeof(header) - 1 || memcmp(at, header, sizeof(header) - 1) != 0) {
				complaints_error(complaints, file, line, "the first line must be \"%s\"", header);
				return ERR_INVALID;
			}
		} else if (stop > at) {
			struct lunar_row row;
			const char *wrong = parse_lunar_row(at, stop, &row);
			int result = 0;

			if (wrong == NULL && joined)
				result = lunar_add_year(lunar, row.year, row.new_year, row.leap_month, row.lengths, row.months);
			if (result == ERR_MEMORY)
				return result;
			if (result < 0)
				wrong = "the year does not begin in January or February of its number, or not where the row before it "
					"ended";
			if (wrong != NULL) {
				joined = false;
				complaints_error(complaints, file, line, "%s", wrong);
			}
		}
		at = next;
	}
	if (complaints->errors != errors_before)
		return ERR_INVALID;
	if (lunar_last_year(lunar) == 0) {
		complaints_error(complaints, file, 0, "the table of lunar years is empty");
		return ERR_INVALID;
	}
	return 0;
}

static int read_notice(enum file_kind kind, struct json *json, const char *file, const char *bytes, size_t length,
	struct complaints *complaints, struct notice *out)
{
	int result = kind == FILE_CAL ? notice_read_cal(file, bytes, length, complaints, out)
				      : notice_read_json(json, file, bytes, length, complaints, out);

	if (result < 0 && result != ERR_INVALID && result != ERR_MEMORY) {
		complaints_error(complaints, file, 0, "cannot be read: %s", error_text(result));
		result = ERR_INVALID;
	}
	return result;
}

/* Hands on what was gathered. */
static int tell(struct complaints *complaints, policy_complain *complain, void *context, int result)
{
	if (complaints->out_of_memory && result >= 0)
		result = ERR_MEMORY;
	complaints_tell(complaints, "", complain, context);
	complaints_clear(complaints);
	return result;
}

int calendar_file_read(struct calendar *calendar, struct lunar *lunar, struct json *json, const char *file, const char *bytes,
	size_t length, policy_complain *complain, void *context)
{
	struct complaints complaints = {0};
	enum file_kind kind = kind_of_file(file);
	struct notice notice;

	if (kind == FILE_OTHER)
		return ERR_NOT_FOUND;
	if (kind == FILE_LUNAR)
		return tell(&complaints, complain, context, read_lunar(lunar, file, bytes, length, &complaints));

	int result = read_notice(kind, json, file, bytes, length, &complaints, &notice);
	if (result == 0)
		result = notice_apply(&notice, calendar);
	return tell(&complaints, complain, context, result);
}

/* Reads a whole file, which the caller frees; ERR_SYSTEM with errno, ERR_LIMIT when it is too long, ERR_INVALID when it is no plain file. */
static int load(const char *path, char **bytes, size_t *length)
{
	int result = ERR_SYSTEM;
	size_t size = 0;
	char *data = NULL;
	struct stat status;
	/* Not to wait for a writer, should it be a pipe. */
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (file < 0)
		return ERR_SYSTEM;
	if (fstat(file, &status) < 0)
		goto out;
	if (!S_ISREG(status.st_mode)) {
		result = ERR_INVALID;
		goto out;
	}
	data = malloc(CALENDAR_FILE_MAX + 1);
	if (data == NULL) {
		result = ERR_MEMORY;
		goto out;
	}
	for (;;) {
		ssize_t got = read(file, data + size, CALENDAR_FILE_MAX + 1 - size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			goto out;
		size += (size_t)got;
		if (got == 0 || size > CALENDAR_FILE_MAX)
			break;
	}
	result = size > CALENDAR_FILE_MAX ? ERR_LIMIT : 0;
out:
	close(file);
	if (result < 0) {
		free(data);
		return result;
	}
	*bytes = data;
	*length = size;
	return 0;
}

/* What a folder holds, until all of it has been read. */
struct folder {
	const char *path;
	struct lunar *lunar;
	struct json *json;
	struct complaints complaints;
	struct notice *notices;
	size_t count;
	bool has_lunar;
};

static int keep_notice(struct folder *folder, const struct notice *notice)
{
	struct notice *notices = realloc(folder->notices, (folder->count + 1) * sizeof(*notices));
	if (notices == NULL)
		return ERR_MEMORY;

	/* Kept in the order of their years; equal years as they came, which is by name. */
	size_t at = folder->count++;
	for (; at > 0 && notices[at - 1].year > notice->year; at--)
		notices[at] = notices[at - 1];
	notices[at] = *notice;
	folder->notices = notices;
	return 0;
}

/* Reads one file of the folder; mistakes are gathered, other failures returned. */
static int read_entry(struct folder *folder, const char *name)
{
	enum file_kind kind = kind_of_file(name);
	size_t path_size = strlen(folder->path) + strlen(name) + 2;
	char *path = malloc(path_size), *bytes = NULL;
	size_t length = 0;
	int result = ERR_MEMORY;
	struct notice notice;

	if (path == NULL)
		goto out;
	snprintf(path, path_size, "%s/%s", folder->path, name);
	if (kind == FILE_OTHER) {
		complaints_warn(&folder->complaints, path, 0, "passed over: a calendar file ends in .cal or .json, or is lunar-years.csv");
		result = 0;
		goto out;
	}
	folder->has_lunar = folder->has_lunar || kind == FILE_LUNAR;

	result = load(path, &bytes, &length);
	if (result == ERR_SYSTEM)
		complaints_error(&folder->complaints, path, 0, "cannot be read: %s", strerror(errno));
	else if (result == ERR_LIMIT)
		complaints_error(&folder->complaints, path, 0, "longer than %d bytes", CALENDAR_FILE_MAX);
	else if (result == ERR_INVALID)
		complaints_error(&folder->complaints, path, 0, "not a plain file");
	if (result < 0)
		goto out;

	if (kind == FILE_LUNAR)
		result = read_lunar(folder->lunar, path, bytes, length, &folder->complaints);
	else
		result = read_notice(kind, folder->json, path, bytes, length, &folder->complaints, &notice);
	if (result == 0 && kind != FILE_LUNAR)
		result = keep_notice(folder, &notice);
out:
	free(bytes);
	free(path);
	/* A mistake has been said; the files after it are to be looked at as well. */
	return result == ERR_MEMORY ? result : 0;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* alphasort() would go by the language set; the order must be the same everywhere. */
static int compare_names(const struct dirent **left, const struct dirent **right)
{
	return strcmp((*left)->d_name, (*right)->d_name);
}

static int read_entries(struct folder *folder)
{
	struct dirent **entries = NULL;
	int result = 0;
	int count = scandir(folder->path, &entries, is_visible, compare_names);

	if (count < 0) {
		if (errno == ENOMEM)
			return ERR_MEMORY;
		complaints_error(&folder->complaints, folder->path, 0, "the folder of calendars cannot be read: %s", strerror(errno));
		return 0;
	}
	if (count > FOLDER_FILES_MAX)
		complaints_error(&folder->complaints, folder->path, 0, "more than %d files", FOLDER_FILES_MAX);
	for (int i = 0; i < count; i++) {
		if (result == 0 && count <= FOLDER_FILES_MAX)
			result = read_entry(folder, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	if (result == 0 && count <= FOLDER_FILES_MAX && !folder->has_lunar)
		complaints_error(&folder->complaints, folder->path, 0,
			"lunar-years.csv is missing, without which no lunar birthday or festival can be known");
	return result;
}

int calendar_folder_read(const char *path, struct calendar *calendar, struct lunar *lunar, policy_complain *complain, void *context)
{
	struct folder folder = {.path = path, .lunar = lunar, .json = json_new()};
	int result = ERR_MEMORY;

	if (folder.json != NULL)
		result = read_entries(&folder);
	for (size_t i = 0; result == 0 && i < folder.count; i++)
		result = notice_apply(&folder.notices[i], calendar);
	if (result == 0 && folder.complaints.errors > 0)
		result = ERR_INVALID;
	free(folder.notices);
	json_free(folder.json);
	return tell(&folder.complaints, complain, context, result);
}
