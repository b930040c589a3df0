/* occasion.c - what a rule fires for: the occasions of one client, worked out from the facts and never from a mark of the last run (POLICY 3, 4). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/zone.h"
#include "internal.h"

bool rule_fits(const struct rule *rule, const struct facts *facts)
{
	return rule->on && (rule->tiers & (1u << facts->tier)) != 0;
}

bool rule_is_yearly(const struct rule *rule)
{
	return rule->trigger == TRIGGER_BIRTHDAY || rule->trigger == TRIGGER_FESTIVAL;
}

static const struct rule_index *index_of(const struct engine *engine, const struct rule *rule)
{
	return &engine->rules[rule - engine->policy->rules];
}

static void key_day(struct occasion *occasion, day_t day)
{
	char text[DATE_TEXT_SIZE];

	snprintf(occasion->key, sizeof(occasion->key), "%s", date_format(day, text));
}

static void place_in_time(const struct engine *engine, const struct rule *rule, struct occasion *occasion, day_t on, int priority)
{
	occasion->on = on;
	occasion->priority = priority;
	occasion->window = window_compute(on, rule->opens, rule->due, rule->roll, engine->policy->calendar);
}

/* Hands an occasion on when it lies where the caller looks. */
struct visitor {
	const struct rule *rule;
	day_t due_from, opens_until;
	occasion_visit *visit;
	void *context;
};

static int offer(const struct visitor *visitor, const struct occasion *occasion)
{
	if (occasion->window.due_on < visitor->due_from || occasion->window.opens_on - visitor->rule->early_days > visitor->opens_until)
		return 0;
	return visitor->visit(visitor->context, visitor->rule, occasion);
}

static bool has_kind(const struct rule_index *index, int64_t kind)
{
	for (size_t i = 0; i < index->kind_count; i++)
		if (index->kinds[i] == kind)
			return true;
	return false;
}

static void of_event(const struct engine *engine, const struct rule *rule, const struct event *event, struct occasion *out)
{
	snprintf(out->key, sizeof(out->key), "%s", event->ref);
	place_in_time(engine, rule, out, event->day, rule->priority);
}

static int each_event(struct engine *engine, const struct facts *facts, const struct visitor *visitor)
{
	const struct rule *rule = visitor->rule;
	bool departures = rule->trigger == TRIGGER_MANAGER_DEPARTED;
	const struct event *events = departures ? facts->departures : facts->events;
	int count = departures ? facts->departure_count : facts->event_count;

	for (int i = 0; i < count; i++) {
		struct occasion occasion;
		if (!event_stands(&events[i], facts->day) || !has_kind(index_of(engine, rule), events[i].kind))
			continue;
		of_event(engine, rule, &events[i], &occasion);
		int result = offer(visitor, &occasion);
		if (result < 0)
			return result;
	}
	return 0;
}

/* POLICY 4, large-outflow: both limits inclusive; the share needs assets known from before that day. 1: large, 0: not. */
static int is_large(struct engine *engine, const struct facts *facts, const struct rule *rule, day_t day, money_t sum)
{
	money_t assets = 0;

	if (sum >= rule->outflow_amount)
		return 1;
	if (rule->outflow_percent < 0 || sum < rule->outflow_percent_min)
		return 0;
	int known = store_client_assets_before(engine->store, facts->client.id, day, &assets);
	if (known <= 0)
		return known;
	return (__int128)sum * 100 >= (__int128)assets * rule->outflow_percent;
}

/* The sum of what flowed out on the day of event first, and the place after that day's last event. */
static int sum_of_day(const struct engine *engine, const struct facts *facts, const struct rule *rule, int first, money_t *sum)
{
	int i = first;

	*sum = 0;
	for (; i < facts->event_count && facts->events[i].day == facts->events[first].day; i++) {
		const struct event *event = &facts->events[i];
		if (event_stands(event, facts->day) && has_kind(index_of(engine, rule), event->kind) && event->amount != NO_MONEY)
			if (__builtin_add_overflow(*sum, event->amount, sum))
				*sum = INT64_MAX;
	}
	return i;
}

static int each_outflow(struct engine *engine, const struct facts *facts, const struct visitor *visitor)
{
	for (int i = 0; i < facts->event_count;) {
		struct occasion occasion;
		money_t sum;
		day_t day = facts->events[i].day;
		i = sum_of_day(engine, facts, visitor->rule, i, &sum);
		if (sum <= 0)
			continue;
		key_day(&occasion, day);
		place_in_time(engine, visitor->rule, &occasion, day, visitor->rule->priority);
		if (occasion.window.due_on < visitor->due_from)
			continue; /* spares the look at the assets */
		int result = is_large(engine, facts, visitor->rule, day, sum);
		if (result > 0)
			result = offer(visitor, &occasion);
		if (result < 0)
			return result;
	}
	return 0;
}

/* POLICY 4: so long after the latest of opening, reopening and last trade; false when none is known. */
static bool dormant_occasion(const struct engine *engine, const struct facts *facts, const struct rule *rule, struct occasion *out)
{
	day_t base = facts->opened_on;

	if (facts->reopened_on > base)
		base = facts->reopened_on;
	if (facts->last_trade_on > base)
		base = facts->last_trade_on;
	if (base == NO_DAY)
		return false;
	day_t threshold = offset_apply(rule->after, base, engine->policy->calendar);
	key_day(out, threshold);
	place_in_time(engine, rule, out, threshold, rule->priority);
	return true;
}

static bool birthday_occasion(const struct engine *engine, const struct facts *facts, const struct rule *rule, int year, struct occasion *out)
{
	day_t day = birthday_in_year(&facts->client.birthday, year, engine->policy->feb29_is_mar1, engine->policy->lunar);

	if (day == NO_DAY)
		return false;
	snprintf(out->key, sizeof(out->key), "%d", year);
	place_in_time(engine, rule, out, day, rule->priority);
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
	place_in_time(engine, rule, out, day, engine->policy->festivals[festival].priority);
	return true;
}

/* Years whose occasion can lie between the two days: windows reach at most a year from their occasion, and a lunar year ends in the next Gregorian one. */
static int each_year(struct engine *engine, const struct facts *facts, const struct visitor *visitor)
{
	const struct rule *rule = visitor->rule;
	int first = date_of_day(visitor->due_from).year - 2, last = date_of_day(visitor->opens_until).year + 1;
	struct occasion occasion;

	if (rule->trigger == TRIGGER_BIRTHDAY) {
		for (int year = first; facts->client.birthday.month != 0 && year <= last; year++) {
			if (!birthday_occasion(engine, facts, rule, year, &occasion))
				continue;
			int result = offer(visitor, &occasion);
			if (result < 0)
				return result;
		}
		return 0;
	}
	for (size_t f = 0; f < engine->policy->festival_count; f++) {
		if (!rule_greets(rule, facts, engine->policy, &engine->policy->festivals[f]))
			continue;
		for (int year = first; year <= last; year++) {
			if (!festival_occasion(engine, rule, f, year, &occasion))
				continue;
			int result = offer(visitor, &occasion);
			if (result < 0)
				return result;
		}
	}
	return 0;
}

int occasion_each(struct engine *engine, const struct facts *facts, const struct rule *rule, day_t due_from, day_t opens_until, occasion_visit *visit, void *context)
{
	struct visitor visitor = {rule, due_from, opens_until, visit, context};
	struct occasion occasion;

	switch (rule->trigger) {
	case TRIGGER_EVENT:
	case TRIGGER_MANAGER_DEPARTED:
		return each_event(engine, facts, &visitor);
	case TRIGGER_OUTFLOW:
		return each_outflow(engine, facts, &visitor);
	case TRIGGER_DORMANT:
		return dormant_occasion(engine, facts, rule, &occasion) ? offer(&visitor, &occasion) : 0;
	case TRIGGER_BIRTHDAY:
	case TRIGGER_FESTIVAL:
		return each_year(engine, facts, &visitor);
	}
	return ERR_INVALID;
}

static int again_event(struct engine *engine, const struct facts *facts, const struct rule *rule, const char *ref, struct occasion *out, int64_t *reason)
{
	struct event event;
	int64_t client_id = 0;
	int result = store_event_find(engine->store, ref, &event, &client_id);

	if (result < 0)
		return result;
	bool his = client_id == facts->client.id || rule->trigger == TRIGGER_MANAGER_DEPARTED;
	if (result == 0 || !his || !event_stands(&event, facts->day)) {
		*reason = engine->reasons[REASON_WITHDRAWN];
		return 0;
	}
	if (!has_kind(index_of(engine, rule), event.kind)) {
		*reason = engine->reasons[REASON_NOT_APPLICABLE];
		return 0;
	}
	of_event(engine, rule, &event, out);
	return 1;
}

/* POLICY 3: a corrected event moves the open follow-up. When its day's outflow is no longer large but that of exactly one later or earlier day has become so without a
 * follow-up of its own, that is where it has moved. */
struct moved_outflow {
	struct engine *engine;
	const struct facts *facts;
	struct occasion *out;
	int count;
};

static int take_moved(void *context, const struct rule *rule, const struct occasion *occasion)
{
	struct moved_outflow *moved = context;
	enum followup_state state;
	int64_t reason;
	int exists = store_followup_exists(moved->engine->store, moved->facts->client.id, index_of(moved->engine, rule)->name, occasion->key, &state, &reason);

	if (exists != 0)
		return exists < 0 ? exists : 0;
	*moved->out = *occasion;
	moved->count++;
	return 0;
}

static int again_outflow(struct engine *engine, const struct facts *facts, const struct rule *rule, const struct followup *followup, struct occasion *out,
	int64_t *reason)
{
	for (int i = 0; i < facts->event_count;) {
		money_t sum;
		day_t day = facts->events[i].day;
		i = sum_of_day(engine, facts, rule, i, &sum);
		if (day != followup->occasion_on)
			continue;
		int result = sum > 0 ? is_large(engine, facts, rule, day, sum) : 0;
		if (result < 0)
			return result;
		if (result > 0) {
			key_day(out, day);
			place_in_time(engine, rule, out, day, rule->priority);
			return 1;
		}
	}
	struct moved_outflow moved = {engine, facts, out, 0};
	int result = occasion_each(engine, facts, rule, engine->start_on, INT32_MAX / 2, take_moved, &moved);
	if (result < 0)
		return result;
	*reason = engine->reasons[REASON_WITHDRAWN];
	return moved.count == 1;
}

/* Whether the base day that an occasion was counted from still stands: an opening, a reopening or a trade on a day that leads to it. 1, 0. */
static int base_stands(struct engine *engine, const struct facts *facts, const struct rule *rule, day_t threshold)
{
	enum { NEAR_DAYS = 20 }; /* several days can lead to one threshold (28 to 31 August to the end of February) */
	struct offset back = {-rule->after.count, rule->after.unit};
	day_t about = offset_apply(back, threshold, engine->policy->calendar);

	for (day_t base = about - NEAR_DAYS; base <= about + NEAR_DAYS; base++) {
		if (offset_apply(rule->after, base, engine->policy->calendar) != threshold)
			continue;
		if (facts->client.opened_on == base || facts->client.last_trade_on == base)
			return 1;
		for (int i = 0; i < facts->event_count; i++) {
			const struct event *event = &facts->events[i];
			bool opening = event->kind == engine->kind_opened || event->kind == engine->kind_reopened;
			if (opening && event->day == base && event_stands(event, facts->day))
				return 1;
		}
		int traded = store_event_traded_on(engine->store, facts->client.id, base, facts->day);
		if (traded != 0)
			return traded;
	}
	return 0;
}

static int again_dormant(struct engine *engine, const struct facts *facts, const struct rule *rule, const struct followup *followup, struct occasion *out,
	int64_t *reason)
{
	bool dormant = dormant_occasion(engine, facts, rule, out);

	if (dormant && strcmp(out->key, followup->occasion) == 0)
		return 1;
	int stands = base_stands(engine, facts, rule, followup->occasion_on);
	if (stands < 0)
		return stands;
	/* Either what began the spell was withdrawn, or something learned late cut it short before its threshold. */
	if (stands == 0 || !dormant)
		*reason = engine->reasons[REASON_WITHDRAWN];
	else if (facts->last_trade_on >= facts->opened_on && facts->last_trade_on >= facts->reopened_on)
		*reason = engine->kind_trade;
	else
		*reason = facts->reopened_on >= facts->opened_on ? engine->kind_reopened : engine->kind_opened;
	return 0;
}

static int again_yearly(const struct engine *engine, const struct facts *facts, const struct rule *rule, const char *key, struct occasion *out, int64_t *reason)
{
	*reason = engine->reasons[REASON_NOT_APPLICABLE];
	if (rule->trigger == TRIGGER_BIRTHDAY)
		return facts->client.birthday.month != 0 && birthday_occasion(engine, facts, rule, atoi(key), out);
	const char *slash = strrchr(key, '/');
	for (size_t f = 0; slash != NULL && f < engine->policy->festival_count; f++) {
		const struct festival *festival = &engine->policy->festivals[f];
		if (strlen(festival->name) == (size_t)(slash - key) && memcmp(festival->name, key, (size_t)(slash - key)) == 0)
			return rule_greets(rule, facts, engine->policy, festival) && festival_occasion(engine, rule, f, atoi(slash + 1), out);
	}
	return 0;
}

int occasion_again(struct engine *engine, const struct facts *facts, const struct rule *rule, const struct followup *followup, struct occasion *out, int64_t *reason)
{
	if (!rule->on) {
		*reason = engine->reasons[REASON_RULE_OFF];
		return 0;
	}
	if (!rule_fits(rule, facts)) {
		*reason = engine->reasons[REASON_NOT_APPLICABLE];
		return 0;
	}
	switch (rule->trigger) {
	case TRIGGER_EVENT:
	case TRIGGER_MANAGER_DEPARTED:
		return again_event(engine, facts, rule, followup->occasion, out, reason);
	case TRIGGER_OUTFLOW:
		return again_outflow(engine, facts, rule, followup, out, reason);
	case TRIGGER_DORMANT:
		return again_dormant(engine, facts, rule, followup, out, reason);
	case TRIGGER_BIRTHDAY:
	case TRIGGER_FESTIVAL:
		return again_yearly(engine, facts, rule, followup->occasion, out, reason);
	}
	return ERR_INVALID;
}

day_t *festival_table(const struct policy *policy)
{
	day_t *days = calloc(policy->festival_count * FESTIVAL_YEARS + 1, sizeof(*days));

	for (size_t f = 0; days != NULL && f < policy->festival_count; f++)
		for (int y = 0; y < FESTIVAL_YEARS; y++)
			days[f * FESTIVAL_YEARS + (size_t)y] = festival_in_year(
				policy->festivals[f].basis, policy->festivals[f].month, policy->festivals[f].day, FESTIVAL_FIRST_YEAR + y, policy->lunar);
	return days;
}
