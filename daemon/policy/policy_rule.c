/* policy_rule.c - a rule's section becomes a rule (POLICY 4). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/policy_build.h"
#include "followup/policy_value.h"

/* The rule being built, and whether names that are not known are mistakes. */
struct rule_target {
	struct rule *rule;
	bool vocabulary;
	uint64_t paced; /* tiers that every has a time for, by bits; the last one: other */
};

/* Bit 31 stands for clients without a known tier: they are among the others, not among the key tiers. */
#define TIERS_ALL UINT32_MAX
#define TIER_UNKNOWN (UINT32_C(1) << (POLICY_TIERS_MAX - 1))

static int tier_add(struct builder *builder, void *target, const char *text, const char *file, int line)
{
	struct rule_target *into = target;
	const struct policy *policy = builder->policy;
	int tier = policy_tier(policy, text);
	if (tier >= 0)
		into->rule->tiers |= UINT32_C(1) << tier;
	else if (strcmp(text, "all") == 0)
		into->rule->tiers = TIERS_ALL;
	else if (strcmp(text, "key") == 0)
		into->rule->tiers |= policy->key_tiers;
	else if (strcmp(text, "other") == 0)
		into->rule->tiers |= ~policy->key_tiers;
	else if (value_is_none(text))
		into->rule->tiers |= TIER_UNKNOWN;
	else if (into->vocabulary)
		complaints_error(
			builder->complaints, file, line, "tiers: '%s' is not one of the tiers, and not all, key, other or none", text);
	return 0;
}

static int channel_add(struct builder *builder, void *target, const char *text, const char *file, int line)
{
	struct rule_target *into = target;
	struct rule *rule = into->rule;
	int channel = policy_channel(builder->policy, text);
	if (channel < 0) {
		if (into->vocabulary)
			complaints_error(builder->complaints, file, line, "channels: no channel '%s'", text);
		return 0;
	}
	for (size_t i = 0; i < rule->channel_count; i++) {
		if (rule->channels[i] == channel) {
			complaints_error(builder->complaints, file, line, "channels: '%s' stands twice", text);
			return 0;
		}
	}
	if (rule->channel_count == POLICY_RULE_CHANNELS_MAX) {
		complaints_error(builder->complaints, file, line, "channels: more than %d", POLICY_RULE_CHANNELS_MAX);
		return 0;
	}
	rule->channels[rule->channel_count++] = channel;
	return 0;
}

static int recuse_add(struct builder *builder, void *target, const char *text, const char *file, int line)
{
	struct rule_target *into = target;
	if (strcmp(text, "introducer") == 0)
		into->rule->recuse |= RECUSE_INTRODUCER;
	else if (strcmp(text, "manager") == 0)
		into->rule->recuse |= RECUSE_MANAGER;
	else
		complaints_error(builder->complaints, file, line, "recuse: '%s' will not do: it takes introducer, manager, or both", text);
	return 0;
}

/* What stands in a rule's queue: a queue's name, "manager/" and a star, or "branch/" and a star. */
static bool template_is_valid(const char *text)
{
	if (strchr(text, '*') == NULL)
		return queue_name_is_valid(text, false);
	return strcmp(text, "manager/*") == 0 || strcmp(text, "branch/*") == 0;
}

/* The channel whose messages wait on this queue, or NULL. */
static const struct channel *bulk_channel(const struct policy *policy, const char *queue)
{
	int channel = policy_channel(policy, queue);
	return channel >= 0 && policy->channels[channel].kind == CHANNEL_BULK ? &policy->channels[channel] : NULL;
}

/* "service 1d" */
static int widening_add(struct builder *builder, void *target, const char *text, const char *file, int line)
{
	struct rule_target *into = target;
	struct rule *rule = into->rule;
	const size_t room = sizeof rule->widen / sizeof *rule->widen;
	char queue[NAME_LENGTH_MAX + 2], after[16], rest[2];
	int seconds = ERR_INVALID;
	if (sscanf(text, "%65s %15s %1s", queue, after, rest) == 2)
		seconds = duration_parse(after);
	if (seconds <= 0 || !template_is_valid(queue) || bulk_channel(builder->policy, queue) != NULL) {
		complaints_error(builder->complaints, file, line,
			"widen: '%s' will not do: it takes a queue and the time after which an untaken call moves there, like \"service "
			"1d\"",
			text);
		return 0;
	}
	if (rule->widen_count == room) {
		complaints_error(builder->complaints, file, line, "widen: more than %zu steps", room);
		return 0;
	}
	char *copy = strdup(queue);
	if (copy == NULL)
		return ERR_MEMORY;
	rule->widen[rule->widen_count++] = (struct widening){.queue = copy, .after_seconds = seconds};
	return 0;
}

/* A time after something: "1w". */
static bool step_parse(const char *text, struct offset *out)
{
	return offset_parse(text, out) && out->count > 0;
}

static int step_add(struct builder *builder, void *target, const char *text, const char *file, int line)
{
	struct rule *rule = ((struct rule_target *)target)->rule;
	struct offset step;
	if (!step_parse(text, &step))
		complaints_error(builder->complaints, file, line, "steps: '%s' will not do: it takes times after the event, like 1w", text);
	else if (rule->step_count == POLICY_STEPS_MAX)
		complaints_error(builder->complaints, file, line, "steps: more than %d", POLICY_STEPS_MAX);
	else
		rule->steps[rule->step_count++] = step;
	return 0;
}

/* "diamond 2w", "other 3m": for one tier, or for all that no row names. */
static int every_add(struct builder *builder, void *target, const char *text, const char *file, int line)
{
	struct rule_target *into = target;
	char tier[NAME_LENGTH_MAX + 2], time[16], rest[2];
	struct offset every;
	if (sscanf(text, "%65s %15s %1s", tier, time, rest) != 2 || !step_parse(time, &every)) {
		complaints_error(builder->complaints, file, line,
			"every: '%s' will not do: it takes a tier (or other) and a time, like \"gold 1m\"", text);
		return 0;
	}
	int index = policy_tier(builder->policy, tier);
	if (index < 0 && strcmp(tier, "other") != 0) {
		if (into->vocabulary)
			complaints_error(builder->complaints, file, line, "every: '%s' is not one of the tiers, and not other", tier);
		return 0;
	}
	uint64_t bit = UINT64_C(1) << (index >= 0 ? index : 63);
	if ((into->paced & bit) != 0)
		complaints_error(builder->complaints, file, line, "every: '%s' stands twice", tier);
	into->paced |= bit;
	for (int i = 0; index < 0 && i < POLICY_TIERS_MAX; i++)
		if (into->rule->every[i].count == 0)
			into->rule->every[i] = every;
	if (index >= 0)
		into->rule->every[index] = every;
	return 0;
}

static int rule_where(struct builder *builder, const struct section *section, struct rule *rule)
{
	const struct setting *where = section_setting(section, "where");
	char reason[CONDITION_REASON_SIZE] = "";
	if (where == NULL || rule->where == NULL)
		return 0;
	const struct policy *policy = builder->policy;
	int result = condition_parse(rule->where, policy->declared, policy->declared_count, &rule->condition, reason);
	if (result == ERR_INVALID)
		complaints_error(builder->complaints, section->file, where->line, "where: %s", reason);
	return result == ERR_MEMORY ? result : 0;
}

/* The client's day that TRIGGER_EXPIRY looks at. */
static void rule_field(struct builder *builder, const struct section *section, struct rule *rule, bool vocabulary)
{
	static const struct option_word built_in[] = {
		{"id_expires_on", EXPIRY_ID_CARD}, {"risk_test_expires_on", EXPIRY_RISK_TEST}, {NULL, 0}};
	const struct setting *field = section_setting(section, "field");
	if (field == NULL || field->count != 1)
		return;
	const char *name = field->values[0].text;
	for (const struct option_word *word = built_in; word->text != NULL; word++) {
		if (strcmp(word->text, name) == 0) {
			rule->field = (enum expiry_field)word->number;
			return;
		}
	}
	rule->field = EXPIRY_DECLARED;
	rule->declared = policy_declared(builder->policy, name);
	if (vocabulary && (rule->declared == NULL || rule->declared->type != FIELD_DAY))
		complaints_error(builder->complaints, section->file, field->line,
			"field: '%.80s' will not do: it takes id_expires_on, risk_test_expires_on, or a client_field of type day", name);
}

static void rule_date(struct builder *builder, const struct section *section, struct rule *rule)
{
	const struct setting *date = section_setting(section, "date");
	if (date != NULL && date->count == 1 && !month_day_parse(date->values[0].text, false, &rule->month, &rule->day))
		complaints_error(builder->complaints, section->file, date->line,
			"date: '%s' will not do: it takes month and day of every year, like 3-1", date->values[0].text);
}

/* Whether the trigger was read; when not, nothing that hangs on it is worth a complaint. */
static bool trigger_is_known(const struct section *section)
{
	const struct setting *trigger = section_setting(section, "trigger");
	if (trigger == NULL || trigger->count != 1)
		return false;
	for (const struct option_word *word = trigger->option->words; word->text != NULL; word++) {
		if (strcmp(word->text, trigger->values[0].text) == 0)
			return true;
	}
	return false;
}

/* Which settings go with which trigger, and which it needs. */
static void check_trigger(struct builder *builder, const struct section *section, const struct rule *rule)
{
	enum {
		EVENT = 1 << TRIGGER_EVENT,
		OUTFLOW = 1 << TRIGGER_OUTFLOW,
		DEPARTED = 1 << TRIGGER_MANAGER_DEPARTED,
		DORMANT = 1 << TRIGGER_DORMANT,
		BIRTHDAY = 1 << TRIGGER_BIRTHDAY,
		FESTIVAL = 1 << TRIGGER_FESTIVAL,
		ANNIVERSARY = 1 << TRIGGER_ANNIVERSARY,
		YEARLY = 1 << TRIGGER_YEARLY,
		SERIES = 1 << TRIGGER_SERIES,
		URGE = 1 << TRIGGER_URGE,
		EXPIRY = 1 << TRIGGER_EXPIRY,
		CADENCE = 1 << TRIGGER_CADENCE,
		SAMPLE = 1 << TRIGGER_SAMPLE,
		PROMISE = 1 << TRIGGER_PROMISE,
		NOT_FESTIVAL = EVENT | OUTFLOW | DEPARTED | DORMANT | BIRTHDAY | ANNIVERSARY | YEARLY | SERIES | URGE | EXPIRY | CADENCE |
			       SAMPLE | PROMISE,
	};
	static const struct {
		const char *setting;
		int fits, needed;
	} rows[] = {
		{"events", EVENT | OUTFLOW | DEPARTED | SERIES | URGE, EVENT | SERIES | URGE},
		{"festivals", FESTIVAL, 0},
		{"after", DORMANT, DORMANT},
		{"amount", OUTFLOW, OUTFLOW},
		{"percent", OUTFLOW, 0},
		{"percent_amount", OUTFLOW, 0},
		{"date", YEARLY, YEARLY},
		{"steps", SERIES, SERIES},
		{"every", CADENCE, CADENCE},
		{"repeat", URGE, URGE},
		{"repeat_for", URGE, URGE},
		{"field", EXPIRY, EXPIRY},
		{"share", SAMPLE, SAMPLE},
		{"seed", SAMPLE, SAMPLE},
		{"priority", NOT_FESTIVAL, NOT_FESTIVAL},
	};
	if (!trigger_is_known(section))
		return;
	const char *trigger = section_setting(section, "trigger")->values[0].text;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct setting *setting = section_setting(section, rows[i].setting);
		bool empty = setting == NULL || setting->count == 0;
		if (setting != NULL && (rows[i].fits & (1 << rule->trigger)) == 0)
			complaints_error(builder->complaints, section->file, setting->line, "'%s' does not go with trigger = %s%s",
				rows[i].setting, trigger, strcmp(rows[i].setting, "priority") == 0 ? ": each festival has its own" : "");
		else if (empty && (rows[i].needed & (1 << rule->trigger)) != 0)
			complaints_error(builder->complaints, section->file, section->line, "rule '%s': trigger = %s needs '%s'",
				section->title, trigger, rows[i].setting);
	}
	const struct setting *after = section_setting(section, "after");
	struct offset offset;
	if (rule->trigger == TRIGGER_DORMANT && after != NULL && after->count == 1 && offset_parse(after->values[0].text, &offset) &&
		offset.count <= 0)
		complaints_error(builder->complaints, section->file, after->line, "'after' must be a time after, like 6m");
}

/* Names of a list that must be known; setting may be NULL. */
static void check_kinds(struct builder *builder, const struct section *section, const char *name)
{
	const struct setting *setting = section_setting(section, name);
	for (size_t i = 0; setting != NULL && i < setting->count; i++) {
		const char *kind = setting->values[i].text;
		bool contact = strcmp(name, "stops_on") == 0 && strcmp(kind, "contact") == 0;
		if (!contact && !text_list_has(&builder->policy->event_kinds, kind))
			complaints_error(builder->complaints, section->file, setting->values[i].line, "%s: no event kind '%s'", name, kind);
	}
}

static void check_festivals(struct builder *builder, const struct section *section)
{
	const struct setting *setting = section_setting(section, "festivals");
	const struct policy *policy = builder->policy;
	for (size_t i = 0; setting != NULL && i < setting->count; i++) {
		size_t at = 0;
		while (at < policy->festival_count && strcmp(policy->festivals[at].name, setting->values[i].text) != 0)
			at++;
		if (at == policy->festival_count)
			complaints_error(builder->complaints, section->file, setting->values[i].line, "festivals: no festival '%s'",
				setting->values[i].text);
	}
}

/* About how many calendar days an offset is, for comparing two of different units. */
static double offset_days(struct offset offset)
{
	static const double days[] = {
		[UNIT_DAY] = 1, [UNIT_WEEK] = 7, [UNIT_MONTH] = 30.4, [UNIT_WORK_DAY] = 1.4, [UNIT_TRADING_DAY] = 1.4};
	return offset.count * days[offset.unit];
}

static void check_window(struct builder *builder, const struct section *section, const struct rule *rule)
{
	const struct setting *due = section_setting(section, "due");
	bool same = rule->opens.unit == rule->due.unit || rule->opens.count == 0 || rule->due.count == 0;
	/* Of different units only what is wrong in every month and with every holiday is a mistake. */
	if (due != NULL && offset_days(rule->opens) > offset_days(rule->due) + (same ? 0 : 15))
		complaints_error(builder->complaints, section->file, due->line, "'due' lies before 'opens'");
}

static int rule_queue(struct builder *builder, const struct section *section, struct rule *rule)
{
	const struct policy *policy = builder->policy;
	const struct setting *setting = section_setting(section, "queue");
	const char *label = section->title;
	bool talks = false;
	for (size_t i = 0; i < rule->channel_count; i++)
		talks = talks || policy->channels[rule->channels[i]].kind == CHANNEL_TALK;
	if (rule->channel_count == 0)
		return 0; /* said already, or not known */
	if (talks && setting == NULL)
		complaints_error(
			builder->complaints, section->file, section->line, "rule '%s': 'queue' is missing: where its calls wait", label);
	if (setting == NULL) {
		rule->queue = strdup(talks ? policy->fallback_queue : policy->channels[rule->channels[0]].name);
		return rule->queue == NULL ? ERR_MEMORY : 0;
	}
	if (rule->queue == NULL)
		return 0; /* its value was refused */
	if (!template_is_valid(rule->queue))
		complaints_error(builder->complaints, section->file, setting->line,
			"queue: '%s' will not do: it takes a queue's name, manager/* or branch/*", rule->queue);
	else if (!talks)
		complaints_error(builder->complaints, section->file, setting->line,
			"'queue' is for calls; this rule has messages only, and they wait on the queue of their channel");
	else if (bulk_channel(policy, rule->queue) != NULL)
		complaints_error(builder->complaints, section->file, setting->line,
			"queue: '%s' is a queue of messages; no agent calls from there", rule->queue);
	return 0;
}

static void rule_hours(struct builder *builder, const struct section *section, struct rule *rule)
{
	const struct setting *hours = section_setting(section, "hours");
	const struct setting *only = section_setting(section, "work_days_only");
	enum hours_choice choice = HOURS_NONE;
	if (hours != NULL && hours->count == 1 && !hours_read(hours->values[0].text, &rule->hours, &choice))
		complaints_error(builder->complaints, section->file, hours->line,
			"hours: '%s' will not do: it takes none, always, closed, or something like \"Mon-Sun 08:00-21:00\"",
			hours->values[0].text);
	rule->has_hours = choice != HOURS_NONE;
	if (hours == NULL && only != NULL)
		complaints_error(builder->complaints, section->file, only->line, "'work_days_only' goes with 'hours' of the rule's own");
}

static int rule_events(struct builder *builder, const struct section *section, struct rule *rule, bool vocabulary)
{
	const char *kind = rule->trigger == TRIGGER_OUTFLOW ? "asset_outflow" : "manager_departed";
	bool implied = rule->trigger == TRIGGER_OUTFLOW || rule->trigger == TRIGGER_MANAGER_DEPARTED;
	if (implied && section_setting(section, "events") == NULL) {
		if (vocabulary && !text_list_has(&builder->policy->event_kinds, kind))
			complaints_error(
				builder->complaints, section->file, section->line, "rule '%s': no event kind '%s'", section->title, kind);
		return text_list_add(&rule->events, kind);
	}
	return 0;
}

/* A rule of which at least the name is known. */
static int build_rule(struct builder *builder, const struct section *section, bool vocabulary)
{
	struct policy *policy = builder->policy;
	const struct rule *earlier = policy_rule(policy, section->title);
	if (earlier != NULL) {
		title_is_twice(builder, section, &earlier->place);
		return 0;
	}
	struct rule *rule = &policy->rules[policy->rule_count++];
	struct rule_target target = {.rule = rule, .vocabulary = vocabulary};
	int result;
	if ((rule->name = strdup(section->title)) == NULL || (result = place_set(&rule->place, section)) < 0)
		return ERR_MEMORY;
	title_is_good(builder, section);
	if ((result = section_standard(SECTION_RULE, builder->folder, rule)) < 0 ||
		(result = section_apply(section, builder->folder, rule, builder->complaints)) < 0 ||
		(result = own_list_read(builder, SECTION_RULE, section, "tiers", tier_add, &target)) < 0 ||
		(result = own_list_read(builder, SECTION_RULE, section, "channels", channel_add, &target)) < 0 ||
		(result = own_list_read(builder, SECTION_RULE, section, "widen", widening_add, &target)) < 0 ||
		(result = own_list_read(builder, SECTION_RULE, section, "recuse", recuse_add, &target)) < 0 ||
		(result = own_list_read(builder, SECTION_RULE, section, "steps", step_add, &target)) < 0 ||
		(result = own_list_read(builder, SECTION_RULE, section, "every", every_add, &target)) < 0 ||
		(vocabulary && (result = rule_where(builder, section, rule)) < 0) ||
		(result = rule_events(builder, section, rule, vocabulary)) < 0 || (result = rule_queue(builder, section, rule)) < 0)
		return result;
	rule_hours(builder, section, rule);
	rule_date(builder, section, rule);
	rule_field(builder, section, rule, vocabulary);
	check_trigger(builder, section, rule);
	check_window(builder, section, rule);
	if (vocabulary) {
		check_kinds(builder, section, "events");
		check_kinds(builder, section, "stops_on");
		check_festivals(builder, section);
	}
	const struct setting *channels = section_setting(section, "channels");
	if (channels != NULL && channels->count == 0)
		complaints_error(builder->complaints, section->file, channels->line, "'channels' must not be empty");
	const struct setting *tiers = section_setting(section, "tiers");
	if (tiers != NULL && tiers->count == 0)
		complaints_error(builder->complaints, section->file, tiers->line,
			"'tiers' must not be empty; leave it out, or say all, for everybody");
	const struct setting *max_late = section_setting(section, "max_late");
	if (rule->late == LATE_DROP && max_late != NULL)
		complaints_error(builder->complaints, section->file, max_late->line, "'max_late' goes with late = keep only");
	if (rule->late == LATE_DROP)
		rule->max_late_days = 0;
	/* Festivals bring their own. */
	if (rule->trigger == TRIGGER_FESTIVAL)
		rule->priority = 0;
	rule->stops_on_account_closed = text_list_has(&rule->stops_on, "account_closed");
	rule->stops_on_contact = text_list_has(&rule->stops_on, "contact");
	return 0;
}

static int rule_compare(const void *a, const void *b)
{
	return strcmp(((const struct rule *)a)->name, ((const struct rule *)b)->name);
}

int build_rules(struct builder *builder, bool vocabulary)
{
	struct policy *policy = builder->policy;
	policy->rules = calloc(source_count(builder->source, SECTION_RULE) + 1, sizeof *policy->rules);
	if (policy->rules == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < builder->source->count; i++) {
		const struct section *section = &builder->source->sections[i];
		int result = section->name == SECTION_RULE ? build_rule(builder, section, vocabulary) : 0;
		if (result < 0)
			return result;
	}
	qsort(policy->rules, policy->rule_count, sizeof *policy->rules, rule_compare);
	return 0;
}
