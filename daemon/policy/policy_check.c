/* policy_check.c - what only the whole configuration shows: rules that get in each other's way, things that can never work, calendars that end. */
#include "followup/policy_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/policy_build.h"

enum { REACH_DAYS = 60, EXIT_NO_MEMORY = 71 };

/* Rules of a family share their occasions, so for each client only one of them may fit (POLICY 3). */
static void check_families(struct builder *builder)
{
	const struct policy *policy = builder->policy;
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		for (size_t j = 0; rule->family != NULL && j < i; j++) {
			const struct rule *other = &policy->rules[j];
			if (other->family == NULL || strcmp(other->family, rule->family) != 0)
				continue;
			if (other->trigger != rule->trigger)
				complaints_error(builder->complaints, rule->place.file, rule->place.line,
					"rule '%s' shares the family '%s' with '%s' at %s:%d, but not its trigger", rule->name,
					rule->family, other->name, other->place.file, other->place.line);
			else if (rule->on && other->on && (rule->tiers & other->tiers) != 0)
				complaints_error(builder->complaints, rule->place.file, rule->place.line,
					"rule '%s' and rule '%s' at %s:%d are of one family and fit the same tier; switch one off or "
					"divide the tiers",
					rule->name, other->name, other->place.file, other->place.line);
		}
	}
}

static bool hours_are_empty(const struct hours *hours)
{
	for (int i = 0; i < 7; i++) {
		if (hours->days[i].count > 0)
			return false;
	}
	return true;
}

/* A template stands for queues of any name, which share the settings of its pattern. */
static void check_queue_open(struct builder *builder, const struct rule *rule, const char *template)
{
	const struct queue_settings *queue = policy_queue(builder->policy, template);
	if (!rule->has_hours && !queue->always_open && hours_are_empty(&queue->hours))
		complaints_warn(builder->complaints, rule->place.file, rule->place.line,
			"rule '%s': its queue '%s' has no calling hours, so its calls are never made", rule->name, template);
}

static int offset_days(const struct offset *offset)
{
	switch (offset->unit) {
	case UNIT_WEEK:
		return offset->count * 7;
	case UNIT_MONTH:
		return offset->count * 30;
	case UNIT_WORK_DAY:
	case UNIT_TRADING_DAY:
		return offset->count * 7 / 5;
	case UNIT_DAY:
		break;
	}
	return offset->count;
}

/* POLICY 4: a cadence that wants more contacts in a quarter than the cap leaves it, reckoned for the tier that it wants most often. */
static void check_cadence(struct builder *builder, const struct rule *rule, bool greets)
{
	enum { QUARTER_DAYS = 91 };
	const struct policy *policy = builder->policy;
	int room = policy->cap - (greets ? policy->reserve : 0), wanted = 0;
	if (rule->trigger != TRIGGER_CADENCE || rule->class != CLASS_COUNTED || policy->cap == NO_LIMIT || room <= 0)
		return;
	for (size_t i = 0; i < POLICY_TIERS_MAX; i++) {
		int days = offset_days(&rule->every[i]);
		if (days > 0 && (rule->tiers & UINT32_C(1) << i) != 0 && QUARTER_DAYS / days > wanted)
			wanted = QUARTER_DAYS / days;
	}
	if (wanted > room)
		complaints_warn(builder->complaints, rule->place.file, rule->place.line,
			"rule '%s' wants up to %d contacts of a client in a quarter, but the cap leaves it %d", rule->name, wanted, room);
}

static void check_rule(struct builder *builder, const struct rule *rule)
{
	const struct policy *policy = builder->policy;
	size_t usable = 0;
	bool talks = false;
	if (!rule->on)
		return;
	for (size_t i = 0; i < rule->channel_count; i++) {
		const struct channel *channel = &policy->channels[rule->channels[i]];
		usable += channel->on;
		talks = talks || (channel->on && channel->kind == CHANNEL_TALK);
	}
	if (usable == 0 && rule->channel_count > 0)
		complaints_warn(builder->complaints, rule->place.file, rule->place.line,
			"rule '%s' reaches nobody: all its channels are off", rule->name);
	if (rule->has_hours && hours_are_empty(&rule->hours))
		complaints_warn(builder->complaints, rule->place.file, rule->place.line,
			"rule '%s' has no calling hours, so its calls are never made", rule->name);
	if (talks && rule->queue != NULL) {
		check_queue_open(builder, rule, rule->queue);
		for (size_t i = 0; i < rule->widen_count; i++)
			check_queue_open(builder, rule, rule->widen[i].queue);
	}
	bool greets = rule->trigger == TRIGGER_FESTIVAL || rule->priority >= policy->greeting_priority;
	check_cadence(builder, rule, greets);
	if (greets && rule->class == CLASS_COUNTED && policy->cap != NO_LIMIT && policy->cap < 1 + policy->reserve)
		complaints_warn(builder->complaints, rule->place.file, rule->place.line,
			"rule '%s' never gets a contact: a cap of %d with a reserve of %d leaves greetings none", rule->name, policy->cap,
			policy->reserve);
	else if (rule->class == CLASS_COUNTED && policy->cap == 0)
		complaints_warn(builder->complaints, rule->place.file, rule->place.line, "rule '%s' never gets a contact: the cap is 0",
			rule->name);
}

/* Agents and gateways need at least one word for success. */
static void check_dispositions(struct builder *builder)
{
	const struct policy *policy = builder->policy;
	bool talk = false, bulk = false;
	for (size_t i = 0; i < policy->disposition_count; i++) {
		const struct disposition *disposition = &policy->dispositions[i];
		if (disposition->effect == EFFECT_CONTACT)
			*(disposition->bulk ? &bulk : &talk) = true;
	}
	if (!talk)
		complaints_warn(
			builder->complaints, policy->file, 0, "no disposition for calls has effect = contact, so no call can be done");
	if (!bulk)
		complaints_warn(builder->complaints, policy->file, 0,
			"no disposition for messages has effect = contact, so no message can be done");
}

void build_check(struct builder *builder)
{
	const struct policy *policy = builder->policy;
	check_families(builder);
	for (size_t i = 0; i < policy->rule_count; i++)
		check_rule(builder, &policy->rules[i]);
	check_dispositions(builder);
	if (policy->rule_count == 0)
		complaints_warn(builder->complaints, policy->file, 0, "no rules in %s, so nothing is followed up", policy->rules_folder);
}

static void reach_warn(const struct policy *policy, policy_complain *complain, void *context, const char *text)
{
	complain(context, &(struct complaint){.file = policy->calendar_folder, .line = 0, .text = text, .warning = true});
}

/* One of the two calendars. */
static void check_reach_of(
	const struct policy *policy, day_t today, day_t reach, const char *what, policy_complain *complain, void *context)
{
	char text[256], day[DATE_TEXT_SIZE];
	if (reach == NO_DAY)
		snprintf(text, sizeof text, "no year's %s days are known; every Monday to Friday counts as one", what);
	else if (reach < today)
		snprintf(text, sizeof text,
			"%s days are known up to %s only, and that is past; add the notices since, for until then every Monday to Friday "
			"counts as one",
			what, date_format(reach, day));
	else if (reach - today < REACH_DAYS)
		snprintf(text, sizeof text, "%s days are known up to %s only; add the next year's notice as soon as it is published", what,
			date_format(reach, day));
	else
		return;
	reach_warn(policy, complain, context, text);
}

void policy_check_reach(const struct policy *policy, day_t today, policy_complain *complain, void *context)
{
	char text[256];
	int year = date_of_day(today).year;
	check_reach_of(policy, today, calendar_reach(policy->calendar), "work", complain, context);
	check_reach_of(policy, today, calendar_trading_reach(policy->calendar), "trading", complain, context);
	if (calendar_reach(policy->calendar) >= today && !calendar_has_year(policy->calendar, year)) {
		snprintf(text, sizeof text, "the work days of %d are not known; every Monday to Friday counts as one", year);
		reach_warn(policy, complain, context, text);
	}
	/* Festivals and birthdays of the year to come are looked for. */
	if (lunar_last_year(policy->lunar) < year + 1 || lunar_year_of(policy->lunar, today) == 0) {
		snprintf(text, sizeof text,
			"the lunar calendar is known for the years %d to %d only; lunar birthdays and festivals outside are passed over",
			lunar_first_year(policy->lunar), lunar_last_year(policy->lunar));
		reach_warn(policy, complain, context, text);
	}
}

/* How many complaints of each kind were printed. */
struct tally {
	size_t errors, warnings;
};

static void complaint_print(void *context, const struct complaint *complaint)
{
	struct tally *tally = context;
	const char *kind = complaint->warning ? "warning" : "error";
	*(complaint->warning ? &tally->warnings : &tally->errors) += 1;
	if (complaint->line > 0)
		fprintf(stderr, "%s:%d: %s: %s\n", complaint->file, complaint->line, kind, complaint->text);
	else
		fprintf(stderr, "%s: %s: %s\n", complaint->file, kind, complaint->text);
}

static const char *reach_text(day_t reach, char out[DATE_TEXT_SIZE])
{
	return reach == NO_DAY ? "nowhere" : date_format(reach, out);
}

static void policy_summarize(const struct policy *policy)
{
	char work[DATE_TEXT_SIZE], trading[DATE_TEXT_SIZE];
	size_t rules_on = 0, everywhere = 0;
	for (size_t i = 0; i < policy->rule_count; i++)
		rules_on += policy->rules[i].on;
	for (size_t i = 0; i < policy->festival_count; i++)
		everywhere += policy->festivals[i].everywhere;
	printf("%s: %zu rules, %zu of them on; %zu festivals everywhere, %zu more for branches that add them; %zu branches that differ\n",
		policy->file, policy->rule_count, rules_on, everywhere, policy->festival_count - everywhere, policy->branch_count);
	printf("%s: work days known up to %s, trading days up to %s, lunar years %d to %d\n", policy->calendar_folder,
		reach_text(calendar_reach(policy->calendar), work), reach_text(calendar_trading_reach(policy->calendar), trading),
		lunar_first_year(policy->lunar), lunar_last_year(policy->lunar));
}

int policy_check_command(const char *file, day_t today, policy_check_files *check_files)
{
	struct policy *policy = NULL;
	struct tally tally = {0};
	char why[256];
	int result = policy_load(file, complaint_print, &tally, &policy);
	if (result == 0 && check_files != NULL && (result = check_files(policy, why)) < 0) {
		complaint_print(
			&tally, &(struct complaint){.file = policy->file, .text = result == ERR_INVALID ? why : error_text(result)});
		policy_free(policy);
	}
	if (result < 0) {
		if (result == ERR_INVALID)
			fprintf(stderr, "%s: %zu mistake%s; this configuration cannot be used\n", file, tally.errors,
				tally.errors == 1 ? "" : "s");
		else
			fprintf(stderr, "%s: %s\n", file, error_text(result));
		return result == ERR_MEMORY ? EXIT_NO_MEMORY : EXIT_CONFIGURATION;
	}
	policy_check_reach(policy, today, complaint_print, &tally);
	policy_summarize(policy);
	policy_free(policy);
	return 0;
}
