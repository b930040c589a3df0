/* occasion_year.c - occasions that come by the year: birthdays, festivals, anniversaries, fixed dates, and the yearly sample (POLICY 4). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "occasion_internal.h"

static bool birthday_occasion(
	const struct engine *engine, const struct facts *facts, const struct rule *rule, int year, struct occasion *out)
{
	day_t day = birthday_in_year(&facts->client.birthday, year, engine->policy->feb29_is_mar1, engine->policy->lunar);

	if (day == NO_DAY)
		return false;
	snprintf(out->key, sizeof(out->key), "%d", year);
	occasion_place(engine, rule, out, day, rule->priority);
	return true;
}

static day_t festival_day(const struct engine *engine, size_t festival, int year)
{
	if (year < FESTIVAL_FIRST_YEAR || year >= FESTIVAL_FIRST_YEAR + FESTIVAL_YEARS)
		return NO_DAY;
	return engine->festival_days[festival * FESTIVAL_YEARS + (size_t)(year - FESTIVAL_FIRST_YEAR)];
}

static bool rule_greets(const struct rule *rule, const struct facts *facts, const struct policy *policy, const struct festival *festival)
{
	if (rule->festivals.count > 0 && !text_list_has(&rule->festivals, festival->name))
		return false;
	return policy_keeps_festival(policy, facts->client.branch, festival);
}

static bool festival_occasion(const struct engine *engine, const struct rule *rule, size_t festival, int year, struct occasion *out)
{
	day_t day = festival_day(engine, festival, year);

	if (day == NO_DAY)
		return false;
	snprintf(out->key, sizeof(out->key), "%s/%d", engine->policy->festivals[festival].name, year);
	occasion_place(engine, rule, out, day, engine->policy->festivals[festival].priority);
	return true;
}

/* Years whose occasion can lie between the two days: windows reach at most a year from their occasion, and a lunar year ends in the next Gregorian one. */
static int first_year(const struct visitor *visitor)
{
	return date_of_day(visitor->due_from).year - 2;
}

static int last_year(const struct visitor *visitor)
{
	return date_of_day(visitor->opens_until).year + 1;
}

int each_birthday(struct engine *engine, const struct facts *facts, const struct visitor *visitor)
{
	struct occasion occasion;
	int result = 0;

	if (facts->client.birthday.month == 0)
		return 0;
	for (int year = first_year(visitor); result >= 0 && year <= last_year(visitor); year++)
		if (birthday_occasion(engine, facts, visitor->rule, year, &occasion))
			result = occasion_offer(visitor, &occasion);
	return result < 0 ? result : 0;
}

int again_birthday(struct engine *engine, const struct facts *facts, const struct rule *rule, const struct followup *followup,
	struct occasion *out, int64_t *reason)
{
	*reason = engine->reasons[REASON_NOT_APPLICABLE];
	return facts->client.birthday.month != 0 && birthday_occasion(engine, facts, rule, atoi(followup->occasion), out);
}

int each_festival(struct engine *engine, const struct facts *facts, const struct visitor *visitor)
{
	struct occasion occasion;
	int result = 0;

	for (size_t f = 0; f < engine->policy->festival_count; f++) {
		if (!rule_greets(visitor->rule, facts, engine->policy, &engine->policy->festivals[f]))
			continue;
		for (int year = first_year(visitor); result >= 0 && year <= last_year(visitor); year++)
			if (festival_occasion(engine, visitor->rule, f, year, &occasion))
				result = occasion_offer(visitor, &occasion);
		if (result < 0)
			return result;
	}
	return 0;
}

int again_festival(struct engine *engine, const struct facts *facts, const struct rule *rule, const struct followup *followup,
	struct occasion *out, int64_t *reason)
{
	const char *key = followup->occasion, *slash = strrchr(key, '/');

	*reason = engine->reasons[REASON_NOT_APPLICABLE];
	for (size_t f = 0; slash != NULL && f < engine->policy->festival_count; f++) {
		const struct festival *festival = &engine->policy->festivals[f];
		if (strlen(festival->name) == (size_t)(slash - key) && memcmp(festival->name, key, (size_t)(slash - key)) == 0)
			return rule_greets(rule, facts, engine->policy, festival) &&
			       festival_occasion(engine, rule, f, atoi(slash + 1), out);
	}
	return 0;
}

/* The same month and day of another year; 29 Feb goes as for birthdays. */
static bool year_occasion(const struct engine *engine, const struct rule *rule, int month, int day, int year, struct occasion *out)
{
	struct birthday date = {month, day, BIRTHDAY_SOLAR};
	day_t on = birthday_in_year(&date, year, engine->policy->feb29_is_mar1, engine->policy->lunar);

	if (on == NO_DAY)
		return false;
	snprintf(out->key, sizeof(out->key), "%d", year);
	occasion_place(engine, rule, out, on, rule->priority);
	return true;
}

/* The opening itself is no anniversary. */
static bool anniversary_occasion(
	const struct engine *engine, const struct facts *facts, const struct rule *rule, int year, struct occasion *out)
{
	struct date opened = date_of_day(facts->opened_on);

	return facts->opened_on != NO_DAY && year > opened.year && year_occasion(engine, rule, opened.month, opened.day, year, out);
}

int each_anniversary(struct engine *engine, const struct facts *facts, const struct visitor *visitor)
{
	struct occasion occasion;
	int result = 0;

	for (int year = first_year(visitor); result >= 0 && year <= last_year(visitor); year++)
		if (anniversary_occasion(engine, facts, visitor->rule, year, &occasion))
			result = occasion_offer(visitor, &occasion);
	return result < 0 ? result : 0;
}

int again_anniversary(struct engine *engine, const struct facts *facts, const struct rule *rule, const struct followup *followup,
	struct occasion *out, int64_t *reason)
{
	*reason = engine->reasons[REASON_NOT_APPLICABLE];
	return anniversary_occasion(engine, facts, rule, atoi(followup->occasion), out);
}

int each_yearly(struct engine *engine, const struct facts *facts, const struct visitor *visitor)
{
	const struct rule *rule = visitor->rule;
	struct occasion occasion;
	int result = 0;

	(void)facts;
	for (int year = first_year(visitor); result >= 0 && year <= last_year(visitor); year++)
		if (year_occasion(engine, rule, rule->month, rule->day, year, &occasion))
			result = occasion_offer(visitor, &occasion);
	return result < 0 ? result : 0;
}

int again_yearly(struct engine *engine, const struct facts *facts, const struct rule *rule, const struct followup *followup,
	struct occasion *out, int64_t *reason)
{
	(void)facts;
	*reason = engine->reasons[REASON_NOT_APPLICABLE];
	return year_occasion(engine, rule, rule->month, rule->day, atoi(followup->occasion), out);
}

/* A number that looks drawn and is the same whenever it is asked for: of the seed, the year and the client. */
static uint64_t draw(int seed, int year, const char *client_ref, unsigned salt)
{
	uint64_t hash = 1469598103934665603u;

	for (; *client_ref != '\0'; client_ref++)
		hash = (hash ^ (unsigned char)*client_ref) * 1099511628211u;
	hash += ((uint64_t)(unsigned)seed << 32) ^ ((uint64_t)(unsigned)year << 8) ^ salt;
	/* splitmix64's last steps spread it over all bits */
	hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
	hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
	return hash ^ (hash >> 31);
}

/* The place-th work day of a year; NO_DAY beyond its last. Kept for one year at a time. */
static day_t work_day_of_year(struct engine *engine, int year, uint64_t pick)
{
	struct work_days *days = &engine->work_days;

	if (days->year != year || days->version != engine->policy_version) {
		days->count = 0;
		for (day_t day = date_to_day(year, 1, 1); day <= date_to_day(year, 12, 31); day++)
			if (calendar_is_work_day(engine->policy->calendar, day))
				days->days[days->count++] = day;
		days->year = year;
		days->version = engine->policy_version;
	}
	return days->count > 0 ? days->days[pick % (uint64_t)days->count] : NO_DAY;
}

/* POLICY 4, yearly-sample: drawn by client from last year-end's book, so that a new client or another order of facts changes nobody else's draw. */
static bool sample_occasion(struct engine *engine, const struct facts *facts, const struct rule *rule, int year, struct occasion *out)
{
	day_t year_end = date_to_day(year - 1, 12, 31);

	if (strcmp(facts->client.status, "dormant") == 0 || strcmp(facts->client.status, "suspended") == 0)
		return false;
	if (facts->opened_on != NO_DAY && facts->opened_on > year_end)
		return false;
	if (draw(rule->seed, year, facts->client.ref, 1) % 10000 >= (uint64_t)rule->share_percent * 100)
		return false;
	day_t on = work_day_of_year(engine, year, draw(rule->seed, year, facts->client.ref, 2));
	if (on == NO_DAY)
		return false;
	occasion_key_day(out, on);
	occasion_place(engine, rule, out, on, rule->priority);
	return true;
}

int each_sample(struct engine *engine, const struct facts *facts, const struct visitor *visitor)
{
	struct occasion occasion;
	int result = 0;

	/* Calendars of years to come are not published; the draw of a year is made when it begins. */
	for (int year = first_year(visitor); result >= 0 && year <= date_of_day(facts->day).year; year++)
		if (sample_occasion(engine, facts, visitor->rule, year, &occasion))
			result = occasion_offer(visitor, &occasion);
	return result < 0 ? result : 0;
}

/* Once drawn, a client stays drawn: a calendar that came later does not draw him again on another day. */
int again_sample(struct engine *engine, const struct facts *facts, const struct rule *rule, const struct followup *followup,
	struct occasion *out, int64_t *reason)
{
	(void)facts;
	*reason = engine->reasons[REASON_NOT_APPLICABLE];
	memcpy(out->key, followup->occasion, sizeof(out->key));
	occasion_place(engine, rule, out, followup->occasion_on, rule->priority);
	return 1;
}

day_t *festival_table(const struct policy *policy)
{
	day_t *days = calloc(policy->festival_count * FESTIVAL_YEARS + 1, sizeof(*days));

	for (size_t f = 0; days != NULL && f < policy->festival_count; f++)
		for (int y = 0; y < FESTIVAL_YEARS; y++)
			days[f * FESTIVAL_YEARS + (size_t)y] = festival_in_year(policy->festivals[f].basis, policy->festivals[f].month,
				policy->festivals[f].day, FESTIVAL_FIRST_YEAR + y, policy->lunar);
	return days;
}
