/* Calendar files: the first line is the file's name, which says what it is. Either a mistake is told of, or the days can be counted with. */
#include "fuzz.h"

#include "followup/calendar_file.h"
#include "followup/complaints.h"
#include "followup/notice.h"
#include "followup/occasion_day.h"

struct told {
	size_t errors;
	long lines; /* of the file */
};

static void hear(void *context, const struct complaint *complaint)
{
	struct told *told = context;

	FUZZ_CHECK(complaint->text != NULL && complaint->text[0] != '\0');
	FUZZ_CHECK(complaint->line >= 0 && complaint->line <= told->lines);
	told->errors += !complaint->warning;
}

/* Counting comes to an end, and goes forth and back. */
static void count_days(const struct calendar *calendar, day_t from)
{
	day_t work = calendar_add_work_days(calendar, from, 5), trading = calendar_add_trading_days(calendar, from, 5);

	FUZZ_CHECK(work > from && calendar_is_work_day(calendar, work));
	FUZZ_CHECK(trading > from && calendar_is_trading_day(calendar, trading));
	FUZZ_CHECK(calendar_add_work_days(calendar, work, -4) == calendar_add_work_days(calendar, from, 1));
	FUZZ_CHECK(calendar_add_trading_days(calendar, trading, -4) == calendar_add_trading_days(calendar, from, 1));
	FUZZ_CHECK(!calendar_is_trading_day(calendar, from) || !calendar_is_make_up(calendar, from));
	FUZZ_CHECK(calendar_reach(calendar) == NO_DAY || calendar_trading_reach(calendar) <= calendar_reach(calendar));
}

static void check_notice(struct json *json, bool is_json, const char *bytes, size_t length)
{
	static const struct notice untouched = {.year = -7};
	static struct notice notice;
	struct complaints complaints = {0};

	notice = untouched;
	int result = is_json ? notice_read_json(json, "x.json", bytes, length, &complaints, &notice)
			     : notice_read_cal("x.cal", bytes, length, &complaints, &notice);
	FUZZ_CHECK((result == 0) == (complaints.errors == 0) || result == ERR_LIMIT);
	if (result < 0) {
		FUZZ_CHECK(notice.year == untouched.year);
	} else {
		FUZZ_CHECK(notice.year >= 1949 && notice.year <= 2200 && notice.count <= NOTICE_DAYS_MAX);
		for (size_t i = 0; i < notice.count; i++) {
			int year = date_of_day(notice.days[i].day).year;
			FUZZ_CHECK(year >= notice.year - 1 && year <= notice.year + 1);
		}
	}
	complaints_clear(&complaints);
}

static void check_lunar(const struct lunar *lunar)
{
	for (int year = lunar_first_year(lunar); year <= lunar_last_year(lunar) && year > 0; year++) {
		day_t first = lunar_to_day(lunar, year, 1, 1, false), last = lunar_year_end(lunar, year);
		int days = last - first + 1;

		FUZZ_CHECK(first != NO_DAY && days >= 12 * 29 && days <= 13 * 30);
		FUZZ_CHECK(lunar_year_of(lunar, first) == year && lunar_year_of(lunar, last) == year);
		for (int month = 1; month <= 12; month++) {
			struct birthday birthday = {month, 30, BIRTHDAY_LUNAR_LEAP};
			day_t day = birthday_in_year(&birthday, year, false, lunar);
			FUZZ_CHECK(day >= first && day <= last);
			(void)festival_in_year(FESTIVAL_LUNAR, month, 30, year, lunar);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct json *json;
	const uint8_t *line_end = length > 0 ? memchr(bytes, '\n', length) : NULL;

	if (line_end == NULL)
		return 0;
	if (json == NULL)
		json = fuzz_need(json_new());
	char *name = fuzz_text(bytes, (size_t)(line_end - bytes));
	size_t rest = length - (size_t)(line_end + 1 - bytes);
	/* Without a NUL behind it: a file's bytes have none. */
	char *file = fuzz_need(malloc(rest > 0 ? rest : 1));
	memcpy(file, line_end + 1, rest);
	struct told told = {.lines = 1};
	for (size_t i = 0; i < rest; i++)
		told.lines += file[i] == '\n';

	struct calendar *calendar = fuzz_need(calendar_new());
	struct lunar *lunar = fuzz_need(lunar_new());
	int result = calendar_file_read(calendar, lunar, json, name, file, rest, hear, &told);
	FUZZ_CHECK(result == 0 || result == ERR_INVALID || result == ERR_NOT_FOUND);
	FUZZ_CHECK((result == ERR_INVALID) == (told.errors > 0));
	if (result == 0) {
		count_days(calendar, date_to_day(2023, 12, 27));
		check_lunar(lunar);
	}
	check_notice(json, false, file, rest);
	check_notice(json, true, file, rest);
	calendar_free(calendar);
	lunar_free(lunar);
	free(file);
	free(name);
	return 0;
}
