/* digest.c - a number that changes when what the rules or the calendars say changes, so that a start with the same configuration looks at nobody again. */
#include <string.h>

#include "internal.h"

static void mix(uint64_t *hash, const void *bytes, size_t length)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < length; i++)
		*hash = (*hash ^ b[i]) * 1099511628211u;
}

static void mix_number(uint64_t *hash, int64_t number)
{
	mix(hash, &number, sizeof(number));
}

static void mix_text(uint64_t *hash, const char *text)
{
	if (text != NULL)
		mix(hash, text, strlen(text) + 1);
	else
		mix_number(hash, -1);
}

static void mix_list(uint64_t *hash, const struct text_list *list)
{
	mix_number(hash, (int64_t)list->count);
	for (size_t i = 0; i < list->count; i++)
		mix_text(hash, list->items[i]);
}

static void mix_offset(uint64_t *hash, struct offset offset)
{
	mix_number(hash, offset.count);
	mix_number(hash, (int64_t)offset.unit);
}

static void mix_rule(uint64_t *hash, const struct rule *rule)
{
	mix_text(hash, rule->name);
	mix_text(hash, rule->family);
	mix_number(hash, rule->on);
	mix_number(hash, (int64_t)rule->trigger);
	mix_list(hash, &rule->events);
	mix_list(hash, &rule->festivals);
	mix_offset(hash, rule->after);
	mix_number(hash, rule->outflow_amount);
	mix_number(hash, rule->outflow_percent);
	mix_number(hash, rule->outflow_percent_min);
	for (size_t i = 0; i < rule->step_count; i++)
		mix_offset(hash, rule->steps[i]);
	for (size_t i = 0; i < POLICY_TIERS_MAX; i++)
		mix_offset(hash, rule->every[i]);
	mix_number(hash, rule->repeat_days);
	mix_number(hash, rule->repeat_for_days);
	mix_number(hash, rule->month * 100 + rule->day);
	mix_number(hash, (int64_t)rule->field);
	mix_text(hash, rule->declared != NULL ? rule->declared->name : NULL);
	mix_number(hash, rule->share_percent);
	mix_number(hash, rule->seed);
	mix_number(hash, rule->tiers);
	mix_offset(hash, rule->opens);
	mix_offset(hash, rule->due);
	mix_number(hash, (int64_t)rule->roll);
	for (size_t i = 0; i < rule->channel_count; i++)
		mix_number(hash, rule->channels[i]);
	mix_text(hash, rule->queue);
	mix_number(hash, rule->priority);
	mix_number(hash, (int64_t)rule->late);
	mix_number(hash, rule->max_late_days);
	mix_text(hash, rule->where);
	mix_list(hash, &rule->stops_on);
	mix_number(hash, (int64_t)rule->class);
	mix_number(hash, rule->early_days);
	mix_number(hash, rule->recuse);
	mix_list(hash, &rule->exclude_roles);
	mix_number(hash, rule->has_hours); /* which they are is asked when a call goes out */
}

int64_t policy_digest(const struct policy *policy)
{
	enum { FIRST_YEAR = 2000, LAST_YEAR = 2100 };
	uint64_t hash = 1469598103934665603u;

	for (size_t i = 0; i < policy->rule_count; i++)
		mix_rule(&hash, &policy->rules[i]);
	mix_list(&hash, &policy->tiers);
	mix_number(&hash, policy->feb29_is_mar1);
	mix_number(&hash, policy->start_on);
	mix_text(&hash, policy->fallback_queue);
	for (size_t i = 0; i < policy->channel_count; i++) {
		mix_text(&hash, policy->channels[i].name);
		mix_number(&hash, policy->channels[i].on);
		mix_number(&hash, (int64_t)policy->channels[i].kind);
		mix_number(&hash, (int64_t)policy->channels[i].address);
	}
	for (size_t i = 0; i < policy->festival_count; i++) {
		const struct festival *festival = &policy->festivals[i];
		mix_text(&hash, festival->name);
		mix_number(&hash, (int64_t)festival->basis * 10000 + festival->month * 100 + festival->day);
		mix_number(&hash, festival->priority);
		mix_number(&hash, festival->everywhere);
	}
	for (size_t i = 0; i < policy->declared_count; i++) {
		mix_text(&hash, policy->declared[i].name);
		mix_number(&hash, (int64_t)policy->declared[i].type);
	}
	for (size_t i = 0; i < policy->branch_count; i++) {
		mix_text(&hash, policy->branches[i].name);
		mix_list(&hash, &policy->branches[i].adds);
		mix_list(&hash, &policy->branches[i].removes);
	}
	for (day_t day = date_to_day(FIRST_YEAR, 1, 1); day < date_to_day(LAST_YEAR, 1, 1); day++) {
		unsigned char kind = (unsigned char)((calendar_is_work_day(policy->calendar, day) ? 1 : 0) |
						     (calendar_is_trading_day(policy->calendar, day) ? 2 : 0));
		mix(&hash, &kind, 1);
	}
	return (int64_t)hash;
}
