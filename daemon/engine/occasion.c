/* occasion.c - what a rule fires for: the occasions of one client, worked out from the facts and never from a mark of the last run (POLICY 3, 4). */
#include <stdio.h>

#include "followup/store_condition.h"
#include "occasion_internal.h"

static const struct {
	occasion_each_function *each;
	occasion_again_function *again;
	bool yearly; /* of a date that comes every year: greetings foresee it (POLICY 5) */
} triggers[] = {
	[TRIGGER_EVENT] = {each_event, again_event, false},
	[TRIGGER_OUTFLOW] = {each_outflow, again_outflow, false},
	[TRIGGER_MANAGER_DEPARTED] = {each_event, again_event, false},
	[TRIGGER_DORMANT] = {each_dormant, again_dormant, false},
	[TRIGGER_BIRTHDAY] = {each_birthday, again_birthday, true},
	[TRIGGER_FESTIVAL] = {each_festival, again_festival, true},
	[TRIGGER_ANNIVERSARY] = {each_anniversary, again_anniversary, true},
	[TRIGGER_YEARLY] = {each_yearly, again_yearly, false},
	[TRIGGER_SERIES] = {each_series, again_series, false},
	[TRIGGER_URGE] = {each_urge, again_urge, false},
	[TRIGGER_EXPIRY] = {each_expiry, again_expiry, false},
	[TRIGGER_CADENCE] = {each_cadence, again_cadence, false},
	[TRIGGER_PROMISE] = {each_promise, again_promise, false},
	[TRIGGER_SAMPLE] = {each_sample, again_sample, false},
};

bool rule_fits(const struct rule *rule, const struct facts *facts)
{
	return rule->on && (rule->tiers & (1u << facts->tier)) != 0;
}

bool rule_is_yearly(const struct rule *rule)
{
	return triggers[rule->trigger].yearly;
}

const struct rule_index *rule_index_of(const struct engine *engine, const struct rule *rule)
{
	return &engine->rules[rule - engine->policy->rules];
}

bool rule_has_kind(const struct engine *engine, const struct rule *rule, int64_t kind)
{
	const struct rule_index *index = rule_index_of(engine, rule);

	for (size_t i = 0; i < index->kind_count; i++)
		if (index->kinds[i] == kind)
			return true;
	return false;
}

void occasion_key_day(struct occasion *occasion, day_t day)
{
	(void)date_format(day, occasion->key);
}

void occasion_key_year(struct occasion *occasion, size_t at, int year)
{
	char *end = occasion->key + at;

	/* Without printf: a client's coming occasions are worked out each time he is looked at. */
	if (year < 1000 || year > 9999) {
		snprintf(end, sizeof(occasion->key) - at, "%d", year);
		return;
	}
	for (int digit = 3; digit >= 0; digit--, year /= 10)
		end[digit] = (char)('0' + year % 10);
	end[4] = '\0';
}

void occasion_place(const struct engine *engine, const struct rule *rule, struct occasion *occasion, day_t on, int priority)
{
	occasion->event_ref[0] = '\0';
	occasion->amount = NO_MONEY;
	occasion->about = 0;
	occasion->on = on;
	occasion->priority = priority;
	occasion->window = window_compute(on, rule->opens, rule->due, rule->roll, engine->policy->calendar);
}

/* POLICY 4, where: 1 or 0. */
static int condition_holds(struct engine *engine, const struct facts *facts, const struct rule *rule, const struct occasion *occasion)
{
	if (rule->condition == NULL)
		return 1;
	return store_condition_holds(engine->store, rule->condition, facts->client.id, occasion->event_ref, occasion->amount);
}

bool occasion_is_wanted(const struct visitor *visitor, const struct window *window)
{
	return window->due_on >= visitor->due_from && !occasion_is_beyond(visitor, window);
}

bool occasion_is_beyond(const struct visitor *visitor, const struct window *window)
{
	return window->opens_on - visitor->rule->early_days > *visitor->opens_until;
}

int occasion_offer(const struct visitor *visitor, const struct occasion *occasion)
{
	if (!occasion_is_wanted(visitor, &occasion->window))
		return 0;
	int holds = condition_holds(visitor->engine, visitor->facts, visitor->rule, occasion);
	return holds > 0 ? visitor->visit(visitor->context, visitor->rule, occasion) : holds;
}

int occasion_each(struct engine *engine, const struct facts *facts, const struct rule *rule, day_t due_from, const day_t *opens_until,
	occasion_visit *visit, void *context)
{
	struct visitor visitor = {engine, facts, rule, due_from, opens_until, visit, context, .ahead = false};

	return triggers[rule->trigger].each(engine, facts, &visitor);
}

int occasion_again(struct engine *engine, const struct facts *facts, const struct rule *rule, const struct followup *followup,
	struct occasion *out, int64_t *reason)
{
	if (!rule->on) {
		*reason = engine->reasons[REASON_RULE_OFF];
		return 0;
	}
	if (!rule_fits(rule, facts)) {
		*reason = engine->reasons[REASON_NOT_APPLICABLE];
		return 0;
	}
	int found = triggers[rule->trigger].again(engine, facts, rule, followup, out, reason);
	if (found > 0 && rule->condition != NULL) {
		found = condition_holds(engine, facts, rule, out);
		*reason = engine->reasons[REASON_NOT_APPLICABLE];
	}
	return found;
}
