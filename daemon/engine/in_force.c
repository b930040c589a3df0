/* in_force.c - the policy that is in force: its names as numbers, and what has to be looked at again when another one takes its place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/marking.h"
#include "followup/store.h"
#include "followup/store_condition.h"
#include "followup/store_hold.h"
#include "followup/store_name.h"
#include "internal.h"

static const char *const reason_names[REASON_COUNT] = {
	[REASON_NONE] = "",
	[REASON_CAP] = "cap",
	[REASON_PREEMPTED] = "preempted",
	[REASON_GAP] = "min-gap",
	[REASON_NO_CHANNEL] = "no-channel",
	[REASON_DO_NOT_CONTACT] = "do-not-contact",
	[REASON_EXPIRED] = "expired",
	[REASON_LATE_FACT] = "late-fact",
	[REASON_NOT_APPLICABLE] = "not-applicable",
	[REASON_WITHDRAWN] = "withdrawn",
	[REASON_RULE_OFF] = "rule-off",
	[REASON_UNREACHABLE] = "unreachable",
	[REASON_RENEWED] = "renewed",
	[REASON_CONTACT] = "contact",
	[REASON_PAUSED] = "paused",
	[REASON_WRONG_NUMBER] = "wrong-number",
	[REASON_REJECTED] = "rejected",
	[REASON_CORRECTED] = "corrected",
	[REASON_ERASED] = "erased",
};

static int name_number(struct engine *engine, const char *name, int64_t *out)
{
	int64_t id = store_name_id(engine->store, name);

	if (id < 0)
		return (int)id;
	*out = id;
	return 0;
}

static int index_rule(struct engine *engine, const struct rule *rule, struct rule_index *index)
{
	int result = name_number(engine, rule->name, &index->name);

	for (size_t i = 0; result == 0 && i < rule->events.count && i < RULE_KINDS_MAX; i++) {
		result = name_number(engine, rule->events.items[i], &index->kinds[i]);
		index->kind_count = i + 1;
	}
	for (size_t i = 0; result == 0 && i < rule->stops_on.count && i < RULE_KINDS_MAX; i++) {
		result = name_number(engine, rule->stops_on.items[i], &index->stops[i]);
		index->stop_count = i + 1;
	}
	return result;
}

/* Rules of one family share their occasions. */
static void index_family(struct engine *engine, size_t place)
{
	const struct policy *policy = engine->policy;
	const char *family = policy->rules[place].family;
	struct rule_index *index = &engine->rules[place];
	int count = 0;

	for (size_t i = 0; family != NULL && i < policy->rule_count; i++)
		if (i != place && policy->rules[i].family != NULL && strcmp(policy->rules[i].family, family) == 0) {
			index->sibling = engine->rules[i].name;
			count++;
		}
	index->has_siblings = count > 1;
}

static int index_policy(struct engine *engine)
{
	const struct policy *policy = engine->policy;
	int result = 0;

	for (size_t i = 0; result == 0 && i < policy->rule_count; i++)
		result = index_rule(engine, &policy->rules[i], &engine->rules[i]);
	for (size_t i = 0; result == 0 && i < policy->rule_count; i++)
		index_family(engine, i);
	for (size_t i = 0; result == 0 && i < policy->channel_count; i++)
		result = name_number(engine, policy->channels[i].name, &engine->channel_names[i]);
	for (int i = 1; result == 0 && i < REASON_COUNT; i++)
		result = name_number(engine, reason_names[i], &engine->reasons[i]);
	if (result == 0)
		result = name_number(engine, "account_opened", &engine->kind_opened);
	if (result == 0)
		result = name_number(engine, "account_closed", &engine->kind_closed);
	if (result == 0)
		result = name_number(engine, "account_reopened", &engine->kind_reopened);
	engine->kind_trade = store_event_kind_trade();
	engine->asks_contacts = false;
	engine->opens_as_told = true;
	for (size_t i = 0; i < policy->rule_count; i++)
		engine->opens_as_told = engine->opens_as_told &&
					!(policy->rules[i].on && rule_is_yearly(&policy->rules[i]) && policy->rules[i].early_days > 0);
	for (size_t i = 0; i < policy->rule_count; i++)
		engine->asks_contacts =
			engine->asks_contacts ||
			(policy->rules[i].on && (policy->rules[i].trigger == TRIGGER_CADENCE || policy->rules[i].stops_on_contact));
	return result;
}

/* Which channels are off from when: what is suppressed for want of one comes back with it. A day that was missed is worked with today's channels. */
static int note_channels(struct engine *engine, day_t day)
{
	day_t worked_on = engine_worked_on(engine);
	int result = 0;

	for (size_t i = 0; result == 0 && i < engine->policy->channel_count; i++) {
		bool on = engine->policy->channels[i].on;
		day_t from = !on && worked_on != NO_DAY && worked_on < day ? worked_on + 1 : day;
		result = store_channel_note(engine->store, engine->channel_names[i], on, from);
	}
	return result;
}

static int note_new_policy(struct engine *engine, int64_t at)
{
	int64_t kept = 0, digest = policy_digest(engine->policy);
	int result = store_meta_get(engine->store, "policy_digest", &kept);

	if (result == 0 && kept == digest)
		return 0;
	if (result < 0 && result != ERR_NOT_FOUND)
		return result;
	char body[96];
	snprintf(
		body, sizeof(body), "{\"rules\":\"%016llx\",\"before\":\"%016llx\"}", (unsigned long long)digest, (unsigned long long)kept);
	int64_t entry = store_record_add(engine->store, &(struct record_entry){.kind = RECORD_RULES_CHANGED, .body = body});
	/* Everything open is looked at again. */
	result = entry < 0 ? (int)entry : note_channels(engine, zone_moment(at).day);
	if (result == 0)
		result = marking_begin(engine, MARKING_ALL, "", (struct moment){0});
	return result < 0 ? result : store_meta_set(engine->store, "policy_digest", digest);
}

/* keep: written down at that moment, and everything open is looked at again; otherwise the store is only read. */
static int take_policy(struct engine *engine, const struct policy *policy, bool keep, int64_t at)
{
	const struct policy *former = engine->policy;
	struct rule_index *former_rules = engine->rules, *rules = calloc(policy->rule_count + 1, sizeof(*rules));
	struct festival_year *former_festivals = engine->festivals, *festivals = festival_table(policy);
	int64_t former_channels[POLICY_CHANNELS_MAX], former_reasons[REASON_COUNT];
	bool former_asks = engine->asks_contacts, former_opens = engine->opens_as_told;

	memcpy(former_channels, engine->channel_names, sizeof(former_channels));
	memcpy(former_reasons, engine->reasons, sizeof(former_reasons));
	engine->version++;
	engine->policy_version++;
	engine->place_valid = false;
	/* Its own transaction: the names' numbers are kept in memory and must not be rolled back with something else. */
	int result = rules == NULL || festivals == NULL ? ERR_MEMORY : keep ? store_begin(engine->store, at) : 0;
	if (result == 0) {
		engine->policy = policy;
		engine->rules = rules;
		engine->festivals = festivals;
		result = index_policy(engine);
		if (result == 0 && keep)
			result = note_new_policy(engine, at);
		if (result == 0 && keep)
			result = store_commit(engine->store);
		else if (keep)
			store_rollback(engine->store);
	}
	if (result < 0) { /* as it was */
		engine->policy = former;
		engine->rules = former_rules;
		engine->festivals = former_festivals;
		memcpy(engine->channel_names, former_channels, sizeof(former_channels));
		memcpy(engine->reasons, former_reasons, sizeof(former_reasons));
		engine->asks_contacts = former_asks;
		engine->opens_as_told = former_opens;
		free(rules);
		free(festivals);
		return result;
	}
	store_condition_forget(engine->store); /* those of the former policy go with it */
	free(former_rules);
	free(former_festivals);
	return 0;
}

/* Where the book stands is read first: once the policy is in force nothing may fail, since the caller frees it then. */
static int take_policy_and_days(struct engine *engine, const struct policy *policy, bool keep, int64_t at)
{
	struct cycle_place place;

	int result = cycle_find(engine, &place);
	if (result == 0)
		result = take_policy(engine, policy, keep, at);
	if (result < 0)
		return result;
	engine->start_on = policy->start_on != NO_DAY ? policy->start_on : place.start_on;
	engine->reached = place.worked_on + (keep && place.has_begun);
	return 0;
}

int engine_set_policy(struct engine *engine, const struct policy *policy, int64_t at)
{
	return take_policy_and_days(engine, policy, true, at);
}

bool engine_same_rules(const struct policy *one, const struct policy *other)
{
	return policy_digest(one) == policy_digest(other);
}

int engine_read_with(struct engine *engine, const struct policy *policy)
{
	return take_policy_and_days(engine, policy, false, 0);
}
