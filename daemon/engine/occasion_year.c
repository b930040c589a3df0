/* occasion_year.c - occasions that come by the year: birthdays, festivals, anniversaries, fixed dates, and the yearly sample (POLICY 4). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/store_sample.h"
#include "occasion_internal.h"

static bool birthday_place(const struct engine *engine, const struct facts *facts, const struct rule *rule, int year, struct occasion *out)
{
	day_t day = birthday_in_year(&facts->client.birthday, year, engine->policy->feb29_is_mar1, engine->policy->lunar);

	if (day == NO_DAY)
		return false;
	occasion_place(engine, rule, out, day, rule->priority);
	return true;
}

/* A festival's years under a rule, the first of them FESTIVAL_FIRST_YEAR. */
static const struct festival_year *festival_years(const struct engine *engine, const struct rule *rule, size_t festival)
{
	size_t place = (size_t)(rule - engine->policy->rules) * engine->policy->festival_count + festival;

	return &engine->festivals[place * FESTIVAL_YEARS];
}

static const struct festival_year *festival_year(const struct festival_year *years, int year)
{
	if (year < FESTIVAL_FIRST_YEAR || year >= FESTIVAL_FIRST_YEAR + FESTIVAL_YEARS || years[year - FESTIVAL_FIRST_YEAR].on == NO_DAY)
		return NULL;
	return &years[year - FESTIVAL_FIRST_YEAR];
}

static bool rule_greets(const struct rule *rule, const struct facts *facts, const struct policy *policy, const struct festival *festival)
{
	if (rule->festivals.count > 0 && !text_list_has(&rule->festivals, festival->name))
		return false;
	return policy_keeps_festival(policy, facts->client.branch, festival);
}

static void festival_occasion(
	const struct engine *engine, size_t festival, int year, const struct festival_year *found, struct occasion *out)
{
	const struct festival *kept = &engine->policy->festivals[festival];

	*out = (struct occasion){.on = found->on, .window = found->window, .priority = kept->priority, .amount = NO_MONEY};
	size_t length = strnlen(kept->name, sizeof(out->key) - sizeof("/2026"));
	memcpy(out->key, kept->name, length);
	out->key[length] = '/';
	occasion_key_year(out, length + 1, year);
}

/* Years whose occasion can lie between the two days: windows reach at most a year from their occasion, and a lunar year ends in the next Gregorian one. */
static int first_year(const struct visitor *visitor)
{
	return date_of_day(visitor->due_from).year - 2;
}

static int last_year(const struct visitor *visitor)
{
	return date_of_day(*visitor->opens_until).year + 1;
}

int each_birthday(struct engine *engine, const struct facts *facts, const struct visitor *visitor)
{
	struct occasion occasion;
	int result = 0;

	if (facts->client.birthday.month == 0)
		return 0;
	for (int year = first_year(visitor), last = last_year(visitor); result >= 0 && year <= last; year++) {
		if (!birthday_place(engine, facts, visitor->rule, year, &occasion))
			continue;
		if (occasion_is_beyond(visitor, &occasion.window)) /* and so are those of later years */
			break;
		if (!occasion_is_wanted(visitor, &occasion.window))
			continue;
		occasion_key_year(&occasion, 0, year);
		result = occasion_offer(visitor, &occasion);
	}
	return result < 0 ? result : 0;
}

int again_birthday(struct engine *engine, const struct facts *facts, const struct rule *rule, const struct followup *followup,
	struct occasion *out, int64_t *reason)
{
	*reason = engine->reasons[REASON_NOT_APPLICABLE];
	int year = atoi(followup->occasion);
	if (facts->client.birthday.month == 0 || !birthday_place(engine, facts, rule, year, out))
		return 0;
	occasion_key_year(out, 0, year);
	return 1;
}

int each_festival(struct engine *engine, const struct facts *facts, const struct visitor *visitor)
{
	int result = 0, first = first_year(visitor), last = last_year(visitor);

	for (size_t f = 0; f < engine->policy->festival_count; f++) {
		const struct festival *festival = &engine->policy->festivals[f];
		const struct festival_year *years = festival_years(engine, visitor->rule, f);
		bool greets = false, asked = false;
		for (int year = first; result >= 0 && year <= last; year++) {
			const struct festival_year *found = festival_year(years, year);
			struct occasion occasion;
			if (found == NULL)
				continue;
			if (occasion_is_beyond(visitor, &found->window)) /* and so are those of later years */
				break;
			if (found->window.due_on < visitor->due_from)
				continue;
			if (!asked)
				greets = rule_greets(visitor->rule, facts, engine->policy, festival);
			asked = true;
			if (!greets)
				break;
			festival_occasion(engine, f, year, found, &occasion);
			result = occasion_offer(visitor, &occasion);
		}
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
		if (strlen(festival->name) == (size_t)(slash - key) && memcmp(festival->name, key, (size_t)(slash - key)) == 0) {
			int year = atoi(slash + 1);
			const struct festival_year *found = festival_year(festival_years(engine, rule, f), year);
			if (found == NULL || !rule_greets(rule, facts, engine->policy, festival))
				return 0;
			festival_occasion(engine, f, year, found, out);
			return 1;
		}
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
	occasion_key_year(out, 0, year);
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

/* POLICY 4, yearly-sample: the days that the client was drawn for (sample.c). */
int each_sample(struct engine *engine, const struct facts *facts, const struct visitor *visitor)
{
	enum { YEARS_MAX = 8 };
	struct sample_drawn drawn[YEARS_MAX];
	int result = 0;

	int count = store_sample_of_client(engine->store, facts->client.id, rule_index_of(engine, visitor->rule)->name, drawn, YEARS_MAX);
	for (int i = 0; result >= 0 && i < count && i < YEARS_MAX; i++) {
		struct occasion occasion;
		occasion_key_day(&occasion, drawn[i].day);
		occasion_place(engine, visitor->rule, &occasion, drawn[i].day, visitor->rule->priority);
		result = occasion_offer(visitor, &occasion);
	}
	return count < 0 ? count : result < 0 ? result : 0;
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

struct festival_year *festival_table(const struct policy *policy)
{
	struct festival_year *table = calloc(policy->rule_count * policy->festival_count * FESTIVAL_YEARS + 1, sizeof(*table));
	struct festival_year *next = table;

	for (size_t r = 0; table != NULL && r < policy->rule_count; r++) {
		const struct rule *rule = &policy->rules[r];
		if (rule->trigger != TRIGGER_FESTIVAL) {
			next += policy->festival_count * FESTIVAL_YEARS;
			continue;
		}
		for (size_t f = 0; f < policy->festival_count; f++) {
			const struct festival *festival = &policy->festivals[f];
			for (int year = FESTIVAL_FIRST_YEAR; year < FESTIVAL_FIRST_YEAR + FESTIVAL_YEARS; year++, next++) {
				next->on = festival_in_year(festival->basis, festival->month, festival->day, year, policy->lunar);
				next->window = window_compute(next->on, rule->opens, rule->due, rule->roll, policy->calendar);
			}
		}
	}
	return table;
}
