/* test_calendar_file.c - notices in both formats, the lunar table, and folders of them; broken ones above all. */
#include "table.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "followup/buffer.h"

static struct json *reader;

/* Writes down "line;" of each complaint, with a w before the line of a warning. */
static void write_down(void *context, const struct complaint *complaint)
{
	assert_non_null(complaint->file);
	assert_true(strlen(complaint->text) > 0);
	buffer_printf(context, "%s%d;", complaint->warning ? "w" : "", complaint->line);
}

struct fixture {
	struct calendar *calendar;
	struct lunar *lunar;
	struct buffer complaints;
};

static void fixture_begin(struct fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	fixture->calendar = calendar_new();
	fixture->lunar = lunar_new();
	assert_non_null(fixture->calendar);
	assert_non_null(fixture->lunar);
}

static void fixture_end(struct fixture *fixture)
{
	calendar_free(fixture->calendar);
	lunar_free(fixture->lunar);
	buffer_free(&fixture->complaints);
}

static int fixture_read(struct fixture *fixture, const char *file, const char *text)
{
	return calendar_file_read(fixture->calendar, fixture->lunar, reader, file, text, strlen(text), write_down, &fixture->complaints);
}

static const char *fixture_said(const struct fixture *fixture)
{
	return fixture->complaints.data == NULL ? "" : fixture->complaints.data;
}

struct reading_case {
	const char *text;
	int result;
	const char *complaints;
};

static void check_cases(const char *file, const struct reading_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct fixture fixture;

		fixture_begin(&fixture);
		int result = fixture_read(&fixture, file, cases[i].text);
		if (result != cases[i].result || strcmp(fixture_said(&fixture), cases[i].complaints) != 0)
			fail_msg("%s\nresult %d, complaints \"%s\", expected %d and \"%s\"", cases[i].text, result, fixture_said(&fixture),
				cases[i].result, cases[i].complaints);
		/* A file with a mistake leaves nothing behind. */
		if (result < 0)
			assert_int_equal(calendar_reach(fixture.calendar), NO_DAY);
		fixture_end(&fixture);
	}
}

static void test_cal_mistakes(void **state)
{
	static const struct reading_case cases[] = {
		{"year 2025\n2025-01-01 off New Year\n", 0, ""},
		{"\xef\xbb\xbf# note\r\n\r\nyear 2025 # whose\r\n2025-01-01 off\r\n  2025-01-26\twork  Spring Festival", 0, ""},
		{"year 2025\n", 0, ""},
		{"", ERR_INVALID, "0;"},
		{"# nothing\n", ERR_INVALID, "0;"},
		{"2025-01-01 off New Year\n", ERR_INVALID, "0;"},
		{"2025-01-01 off New Year\nyear 2025\n", ERR_INVALID, "2;"},
		{"year 2025\nyear 2026\n", ERR_INVALID, "2;"},
		{"year\n", ERR_INVALID, "1;"},
		{"year 20x5\n", ERR_INVALID, "1;"},
		{"year 99999999999999999999\n", ERR_INVALID, "1;"},
		{"year 2025 2026\n", ERR_INVALID, "1;"},
		/* Every mistake is said, not only the first. */
		{"year 2025\n2025-02-29 off x\n2025-01-01 of x\n2025-01-02 off x\n2025-1-3 off\n2025-01-05..2025-01-04 off x\n",
			ERR_INVALID, "2;3;5;6;"},
		{"year 2025\n2025-02-29 of x\n", ERR_INVALID, "2;2;"},
		{"year 2025\n2025-01-01..2025-03-31 off x\n", ERR_INVALID, "2;"},
		{"year 2025\n2025-01-01...2025-01-02 off x\n", ERR_INVALID, "2;"},
		{"year 2025\n2025-01-01\n", ERR_INVALID, "2;"},
		{"year 2025\n2025-01-01 off x\n2025-01-01 off x\n", ERR_INVALID, "3;"},
		{"year 2025\n2025-01-25..2025-01-27 off x\n2025-01-26 work x\n", ERR_INVALID, "3;"},
		{"year 2025\n2023-12-31 off x\n2027-01-01 off x\n", ERR_INVALID, "2;3;"},
		{"year 2025\n2024-12-31 off x\n2026-01-01 off x\n", 0, ""},
		{"year 2025\n2025-01-01 off a\x01z\n", ERR_INVALID, "2;"},
		/* Said, but usable: such lines change nothing. */
		{"year 2025\n2025-03-14 work x\n2025-03-15 closed x\n", 0, "w2;w3;"},
		/* A closure may stand beside a day off. */
		{"year 2025\n2025-01-27..2025-01-29 off x\n2025-01-27 closed x\n", 0, ""},
	};

	(void)state;
	check_cases("folder/cn-2025.cal", cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_nul_in_cal(void **state)
{
	static const char text[] = "year 2025\n2025-01-01 off a\0b\n";
	struct fixture fixture;

	(void)state;
	fixture_begin(&fixture);
	assert_int_equal(calendar_file_read(
				 fixture.calendar, fixture.lunar, reader, "x.cal", text, sizeof(text) - 1, write_down, &fixture.complaints),
		ERR_INVALID);
	assert_string_equal(fixture_said(&fixture), "2;");
	fixture_end(&fixture);
}

static void test_cal_content(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_begin(&fixture);
	assert_int_equal(fixture_read(&fixture, "cn-2024.cal",
				 "year 2024\n2024-02-10..2024-02-17 off Spring Festival\n2024-02-18 work Spring Festival\n"
				 "2024-02-09 closed Eve\n"),
		0);
	assert_true(calendar_has_year(fixture.calendar, 2024));
	table_expect_day("2024", "trading reach", calendar_trading_reach(fixture.calendar), date_to_day(2024, 12, 31));
	assert_true(calendar_is_work_day(fixture.calendar, date_to_day(2024, 2, 9)));
	assert_false(calendar_is_trading_day(fixture.calendar, date_to_day(2024, 2, 9)));
	table_expect_day("2024-02-09", "next work day", calendar_add_work_days(fixture.calendar, date_to_day(2024, 2, 9), 1),
		date_to_day(2024, 2, 18));
	assert_false(calendar_is_work_day(fixture.calendar, date_to_day(2024, 2, 17)));
	fixture_end(&fixture);
}

static void test_json_mistakes(void **state)
{
	static const struct reading_case cases[] = {
		{"{\"year\":2025,\"days\":[{\"name\":\"a\",\"date\":\"2025-01-01\",\"isOffDay\":true}]}", 0, ""},
		{"\xef\xbb\xbf{\"year\":2025,\"days\":[{\"date\":\"2025-01-01\",\"isOffDay\":true}]}", 0, ""},
		/* The same thing twice is no contradiction: two holidays may share a day. */
		{"{\"year\":2025,\"days\":[{\"date\":\"2025-01-01\",\"isOffDay\":true},\n{\"date\":\"2025-01-01\",\"isOffDay\":true}]}", 0,
			""},
		{"{\"year\":2025,\"days\":[{\"date\":\"2025-01-26\",\"isOffDay\":true},\n{\"date\":\"2025-01-26\",\"isOffDay\":false}]}",
			ERR_INVALID, "1;"},
		{"{\"year\":2027,\"papers\":[],\"days\":[]}", 0, "w0;"},
		{"", ERR_INVALID, "0;"},
		{"{\"year\":2025,\"days\":[", ERR_INVALID, "0;"},
		{"[]", ERR_INVALID, "0;0;"},
		{"7", ERR_INVALID, "0;"},
		{"{\"days\":[]}", ERR_INVALID, "0;"},
		{"{\"year\":\"2025\",\"days\":[{\"date\":\"2025-01-01\",\"isOffDay\":true}]}", ERR_INVALID, "0;"},
		{"{\"year\":3000,\"days\":[{\"date\":\"2025-01-01\",\"isOffDay\":true}]}", ERR_INVALID, "0;"},
		{"{\"year\":2025}", ERR_INVALID, "0;"},
		{"{\"year\":2025,\"days\":{}}", ERR_INVALID, "0;"},
		{"{\"year\":2025,\"days\":[5,\"x\"]}", ERR_INVALID, "0;0;0;0;"},
		{"{\"year\":2025,\n\"days\":[\n{\"date\":\"2025-02-29\",\"isOffDay\":true},\n{\"date\":\"2025-01-01\",\"isOffDay\":1},\n"
		 "{\"date\":\"2029-01-01\",\"isOffDay\":true},\n{\"isOffDay\":true}]}",
			ERR_INVALID, "0;3;4;5;"},
		{"{\"year\":2025,\"days\":[{\"date\":\"2025-01-01T00:00\",\"isOffDay\":true}]}", ERR_INVALID, "1;"},
		{"{\"year\":2025,\"days\":[{\"date\":\"2025-03-14\",\"isOffDay\":false}]}", 0, "w1;"},
	};

	(void)state;
	check_cases("folder/2025.json", cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_json_content(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_begin(&fixture);
	assert_int_equal(fixture_read(&fixture, "2023.json",
				 "{\"$schema\":\"x\",\"year\":2023,\"papers\":[\"u\"],\"days\":["
				 "{\"name\":\"\u5143\u65e6\",\"date\":\"2022-12-31\",\"isOffDay\":true},"
				 "{\"name\":\"\u6625\u8282\",\"date\":\"2023-01-28\",\"isOffDay\":false},"
				 "{\"name\":\"\u4e2d\u79cb\u8282\u3001\u56fd\u5e86\u8282\",\"date\":\"2023-09-29\",\"isOffDay\":true}]}"),
		0);
	assert_string_equal(fixture_said(&fixture), "");
	assert_true(calendar_has_year(fixture.calendar, 2023));
	assert_false(calendar_has_year(fixture.calendar, 2022));
	table_expect_day("2023", "trading reach", calendar_trading_reach(fixture.calendar), date_to_day(2023, 12, 31));
	assert_false(calendar_is_work_day(fixture.calendar, date_to_day(2022, 12, 31)));
	assert_true(calendar_is_make_up(fixture.calendar, date_to_day(2023, 1, 28)));
	assert_false(calendar_is_trading_day(fixture.calendar, date_to_day(2023, 9, 29)));

	/* An empty list is no year without holidays. */
	assert_int_equal(fixture_read(&fixture, "2024.json", "{\"year\":2024,\"papers\":[],\"days\":[]}"), 0);
	assert_false(calendar_has_year(fixture.calendar, 2024));
	assert_string_equal(fixture_said(&fixture), "w0;");
	fixture_end(&fixture);
}

static void test_flood_of_days(void **state)
{
	struct buffer text = {0};
	struct fixture fixture;

	(void)state;
	fixture_begin(&fixture);
	buffer_text(&text, "{\"year\":2025,\"days\":[0");
	for (int i = 0; i < 20000; i++)
		buffer_text(&text, ",0");
	buffer_text(&text, "]}");
	assert_int_equal(fixture_read(&fixture, "x.json", text.data), ERR_INVALID);
	assert_string_equal(fixture_said(&fixture), "0;");
	buffer_free(&text);
	fixture_end(&fixture);
}

#define LUNAR_HEADER "lunar_year,new_year_solar,leap_month,months,days,month_lengths\n"
#define LUNAR_2024 "2024,2024-02-10,0,12,354,29 30 29 29 30 29 30 30 29 30 30 29\n"
#define LUNAR_2025 "2025,2025-01-29,6,13,384,30 29 30 29 29 30 29 30 29 30 30 30 29\n"

static void test_lunar_mistakes(void **state)
{
	static const struct reading_case cases[] = {
		{LUNAR_HEADER LUNAR_2024 LUNAR_2025, 0, ""},
		{"\xef\xbb\xbf" LUNAR_HEADER "2024,2024-02-10,0,12,354,29 30 29 29 30 29 30 30 29 30 30 29\r\n\r\n", 0, ""},
		{"", ERR_INVALID, "0;"},
		{LUNAR_HEADER, ERR_INVALID, "0;"},
		{LUNAR_2024, ERR_INVALID, "1;"},
		{"lunar_year,new_year_solar,leap_month,months,days\n" LUNAR_2024, ERR_INVALID, "1;"},
		{LUNAR_HEADER "x,2024-02-10,0,12,354,29\n", ERR_INVALID, "2;"},
		{LUNAR_HEADER "2024,2024-02-30,0,12,354,29\n", ERR_INVALID, "2;"},
		{LUNAR_HEADER "2024,2024-02-101,0,12,354,29\n", ERR_INVALID, "2;"},
		{LUNAR_HEADER "2024,2024-02-10,13,12,354,29\n", ERR_INVALID, "2;"},
		{LUNAR_HEADER "2024,2024-02-10,0,12,355,29 30 29 29 30 29 30 30 29 30 30 29\n", ERR_INVALID, "2;"},
		{LUNAR_HEADER "2024,2024-02-10,0,11,354,29 30 29 29 30 29 30 30 29 30 30 29\n", ERR_INVALID, "2;"},
		{LUNAR_HEADER "2024,2024-02-10,6,12,354,29 30 29 29 30 29 30 30 29 30 30 29\n", ERR_INVALID, "2;"},
		{LUNAR_HEADER "2024,2024-02-10,0,12,354,29 30 29 29 30 29 30 30 29 30 30 28\n", ERR_INVALID, "2;"},
		{LUNAR_HEADER "2024,2024-02-10,0,12,354,29 30 29 29 30 29 30 30 29 30 30 29 29 29\n", ERR_INVALID, "2;"},
		{LUNAR_HEADER "2024,2024-02-10,0,12,354,29 30 29 29 30 29 30 30 29 30 30 29 \n", ERR_INVALID, "2;"},
		{LUNAR_HEADER "2024\n", ERR_INVALID, "2;"},
		/* A year missing, or moved by a day. */
		{LUNAR_HEADER LUNAR_2025 LUNAR_2024, ERR_INVALID, "3;"},
		{LUNAR_HEADER LUNAR_2024 "2025,2025-01-30,6,13,384,30 29 30 29 29 30 29 30 29 30 30 30 29\n", ERR_INVALID, "3;"},
		/* The row after a bad one does not follow on, but that is not its mistake; one of its own is said. */
		{LUNAR_HEADER "2023,x\n" LUNAR_2024 "2025,2025-01-29,0,13\n", ERR_INVALID, "2;4;"},
	};

	(void)state;
	check_cases("folder/lunar-years.csv", cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_other_names(void **state)
{
	static const char *const names[] = {"README", "cal", ".cal", "x.cal~", "x.csv", "x.json/y", "my-lunar-years.csv"};
	struct fixture fixture;

	(void)state;
	fixture_begin(&fixture);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (fixture_read(&fixture, names[i], "year 2025\n") != ERR_NOT_FOUND)
			fail_msg("\"%s\" was read", names[i]);
	}
	assert_string_equal(fixture_said(&fixture), "");
	assert_int_equal(fixture_read(&fixture, "lunar-years.csv", LUNAR_HEADER LUNAR_2024), 0);
	assert_int_equal(fixture_read(&fixture, "a/lunar-years.csv", LUNAR_HEADER LUNAR_2024), ERR_INVALID);
	fixture_end(&fixture);
}

/* A folder for one test. */
static char folder[] = "/tmp/followup-calendar-XXXXXX";

static void folder_path(char out[256], const char *name)
{
	snprintf(out, 256, "%s/%s", folder, name);
}

static void folder_put(const char *name, const char *text)
{
	char path[256];

	folder_path(path, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void folder_remove(const char *name)
{
	char path[256];

	folder_path(path, name);
	assert_int_equal(unlink(path), 0);
}

static int folder_read(struct fixture *fixture)
{
	return calendar_folder_read(folder, fixture->calendar, fixture->lunar, write_down, &fixture->complaints);
}

static void test_folder(void **state)
{
	struct fixture fixture;
	char path[256];

	(void)state;
	/* No table of lunar years. */
	folder_put("cn-2026.cal", "year 2026\n2026-12-31 off x\n2026-12-26 off x\n2026-01-10 work x\n");
	fixture_begin(&fixture);
	assert_int_equal(folder_read(&fixture), ERR_INVALID);
	assert_string_equal(fixture_said(&fixture), "0;");
	fixture_end(&fixture);

	/* The notice of the later year wins, whatever its name; of two for one year the later name. */
	folder_put("lunar-years.csv", LUNAR_HEADER LUNAR_2024 LUNAR_2025);
	folder_put("2027.json", "{\"year\":2027,\"days\":[{\"date\":\"2026-12-26\",\"isOffDay\":false}]}");
	folder_put("2026.json",
		"{\"year\":2026,\"days\":[{\"date\":\"2026-01-10\",\"isOffDay\":true},{\"date\":\"2026-01-01\",\"isOffDay\":true}]}");
	folder_put(".hidden.cal", "nonsense\n");
	folder_put("README", "not a calendar\n");
	fixture_begin(&fixture);
	assert_int_equal(folder_read(&fixture), 0);
	assert_string_equal(fixture_said(&fixture), "w0;");
	assert_true(calendar_is_work_day(fixture.calendar, date_to_day(2026, 12, 26)));
	assert_false(calendar_is_work_day(fixture.calendar, date_to_day(2026, 12, 31)));
	assert_true(calendar_is_work_day(fixture.calendar, date_to_day(2026, 1, 10)));
	assert_false(calendar_is_work_day(fixture.calendar, date_to_day(2026, 1, 1)));
	table_expect_day("folder", "reach", calendar_reach(fixture.calendar), date_to_day(2027, 12, 31));
	assert_int_equal(lunar_last_year(fixture.lunar), 2025);
	fixture_end(&fixture);

	/* Mistakes of all files are said, and nothing of any is taken. */
	folder_put("a.cal", "year 2025\nx\n");
	folder_put("b.json", "{");
	folder_put("lunar-years.csv", "x\n");
	folder_path(path, "z.cal");
	assert_int_equal(mkdir(path, 0700), 0);
	fixture_begin(&fixture);
	assert_int_equal(folder_read(&fixture), ERR_INVALID);
	/* README, then a.cal twice (no day, no kind), b.json, lunar-years.csv, z.cal */
	assert_string_equal(fixture_said(&fixture), "w0;2;2;0;1;0;");
	fixture_end(&fixture);

	assert_int_equal(rmdir(path), 0);
	folder_remove("README");
	folder_remove(".hidden.cal");
	folder_remove("a.cal");
	folder_remove("b.json");
	folder_remove("2026.json");
	folder_remove("2027.json");
	folder_remove("cn-2026.cal");
	folder_remove("lunar-years.csv");
}

static void test_files_that_cannot_be_read(void **state)
{
	struct fixture fixture;
	struct buffer text = {0};
	char path[256];

	(void)state;
	folder_put("lunar-years.csv", LUNAR_HEADER LUNAR_2024);
	buffer_text(&text, "year 2025\n#");
	while (text.length <= CALENDAR_FILE_MAX)
		buffer_text(&text, "################################################################");
	folder_put("big.cal", text.data);
	folder_path(path, "dangling.cal");
	assert_int_equal(symlink("/nonexistent/file", path), 0);
	fixture_begin(&fixture);
	assert_int_equal(folder_read(&fixture), ERR_INVALID);
	assert_string_equal(fixture_said(&fixture), "0;0;");
	fixture_end(&fixture);
	folder_remove("lunar-years.csv");
	folder_remove("big.cal");
	folder_remove("dangling.cal");
	buffer_free(&text);

	fixture_begin(&fixture);
	assert_int_equal(
		calendar_folder_read("/nonexistent/folder", fixture.calendar, fixture.lunar, write_down, &fixture.complaints), ERR_INVALID);
	assert_string_equal(fixture_said(&fixture), "0;");
	fixture_end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cal_mistakes),
		cmocka_unit_test(test_nul_in_cal),
		cmocka_unit_test(test_cal_content),
		cmocka_unit_test(test_json_mistakes),
		cmocka_unit_test(test_json_content),
		cmocka_unit_test(test_flood_of_days),
		cmocka_unit_test(test_lunar_mistakes),
		cmocka_unit_test(test_other_names),
		cmocka_unit_test(test_folder),
		cmocka_unit_test(test_files_that_cannot_be_read),
	};
	reader = json_new();
	if (reader == NULL || mkdtemp(folder) == NULL)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	json_free(reader);
	return failed;
}
