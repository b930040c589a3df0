/* explain.c - WHY: for each rule, whether it looks at a client, its next occasion and channel, and what holds back what waits (POLICY 8). */
#include "followup/explain.h"

#include <stdio.h>
#include <string.h>

#include "followup/json_text.h"
#include "followup/store.h"
#include "followup/store_hold.h"
#include "followup/store_name.h"
#include "internal.h"

enum { LOOK_AHEAD_DAYS = 800 };

/* The occasion that opens next, today's included. */
struct next_occasion {
	day_t today;
	bool found;
	struct occasion occasion;
};

static int take_next(void *context, const struct rule *rule, const struct occasion *occasion)
{
	struct next_occasion *next = context;

	(void)rule;
	if (occasion->window.due_on < next->today)
		return 0;
	if (!next->found || occasion->window.opens_on < next->occasion.window.opens_on) {
		next->occasion = *occasion;
		next->found = true;
	}
	return 0;
}

void explain_change(struct explained *told, day_t on, const char *what)
{
	if (on <= told->today || on >= told->change_on)
		return;
	told->change_on = on;
	snprintf(told->change, sizeof(told->change), "%s", what);
}

/* value NULL: null. */
static void add_member(struct buffer *out, const char *name, const char *value)
{
	buffer_printf(out, ",\"%s\":", name);
	json_text_append(out, value);
}

/* What keeps a rule from firing for the client; NULL: nothing does. */
static const char *what_holds(
	struct engine *engine, const struct facts *facts, const struct rule *rule, const struct next_occasion *next, enum reason no_channel)
{
	if (!rule->on)
		return "the rule is off";
	if (!rule_fits(rule, facts))
		return "for other tiers";
	if (rule->stops_on_account_closed && !facts->account_open)
		return "the account is not open";
	if (no_channel != REASON_NONE)
		return store_name_text(engine->store, engine->reasons[no_channel]);
	return next->found ? NULL : "nothing is known that it fires for";
}

struct names {
	char *text;
	size_t size;
	const char *prefix;
	char last[CLIENT_TEXT_SIZE];
};

static void add_name(void *context, const char *name)
{
	struct names *names = context;
	size_t used = strlen(names->text);

	if (strcmp(name, names->last) == 0) /* who introduced him looks after him, too */
		return;
	snprintf(names->last, sizeof(names->last), "%s", name);
	if (name[0] != '\0' && used < names->size)
		snprintf(names->text + used, names->size - used, "%s%s%s", used > 0 ? ", " : "", names->prefix, name);
}

/* POLICY 6, recusal: who must not call this client under a rule. */
static int add_recused(struct engine *engine, const struct facts *facts, const struct rule *rule, struct buffer *out)
{
	char text[512] = "";
	struct names names = {text, sizeof(text), "", ""};
	int result = 0;

	if ((rule->recuse & RECUSE_INTRODUCER) != 0)
		add_name(&names, facts->client.introducer);
	if ((rule->recuse & RECUSE_MANAGER) != 0)
		result = manager_each(engine, facts->client.manager, add_name, &names);
	names.prefix = "role ";
	for (size_t i = 0; i < rule->exclude_roles.count; i++)
		add_name(&names, rule->exclude_roles.items[i]);
	add_member(out, "must_not_call", text[0] != '\0' ? text : NULL);
	return result;
}

/* The window before and after roll (POLICY 3), and what has become of the occasion already. */
static int add_window(
	struct engine *engine, const struct facts *facts, const struct rule *rule, const struct next_occasion *next, struct buffer *out)
{
	char text[4][DATE_TEXT_SIZE];
	const struct occasion *o = &next->occasion;
	enum followup_state state;
	int64_t reason = 0;
	int there = 0;

	if (next->found) {
		struct window computed = rule->roll == ROLL_NONE
						 ? o->window
						 : window_compute(o->on, rule->opens, rule->due, ROLL_NONE, engine->policy->calendar);
		there = store_followup_exists(
			engine->store, facts->client.id, engine->rules[rule - engine->policy->rules].name, o->key, &state, &reason);
		date_format(computed.opens_on, text[0]);
		date_format(computed.due_on, text[1]);
		date_format(o->window.opens_on, text[2]);
		date_format(o->window.due_on, text[3]);
	}
	add_member(out, "next_occasion", next->found ? o->key : NULL);
	add_member(out, "computed_opens_on", next->found ? text[0] : NULL);
	add_member(out, "computed_due_on", next->found ? text[1] : NULL);
	add_member(out, "opens_on", next->found ? text[2] : NULL);
	add_member(out, "due_on", next->found ? text[3] : NULL);
	add_member(out, "state", there > 0 ? followup_state_name(state) : NULL);
	return there < 0 ? there : 0;
}

static int add_rule(struct engine *engine, const struct facts *facts, const struct rule *rule, struct explained *told, struct buffer *out)
{
	struct next_occasion next = {.today = facts->day};
	enum reason why = REASON_NONE;
	int channel = -1;

	if (rule_fits(rule, facts)) {
		day_t until = facts->day + LOOK_AHEAD_DAYS;
		int result = occasion_each(engine, facts, rule, facts->day, &until, take_next, &next);
		if (result < 0)
			return result;
		channel = channel_pick(engine, facts, rule, 0, &why);
	}
	buffer_text(out, out->data[out->length - 1] == '[' ? "{\"rule\":" : ",{\"rule\":");
	json_text_append(out, rule->name);
	int result = add_window(engine, facts, rule, &next, out);
	add_member(out, "channel", channel >= 0 ? engine->policy->channels[channel].name : NULL);
	const char *holds = what_holds(engine, facts, rule, &next, channel >= 0 ? REASON_NONE : why);
	add_member(out, "holds", holds);
	if (holds == NULL && next.occasion.window.opens_on > facts->day) {
		char what[100];
		if (told->next_rule == NULL || next.occasion.window.opens_on < told->next_opens_on) {
			told->next_rule = rule->name;
			told->next_opens_on = next.occasion.window.opens_on;
		}
		snprintf(what, sizeof(what), "%.60s opens", rule->name);
		explain_change(told, next.occasion.window.opens_on, what);
	}
	if (result == 0)
		result = add_recused(engine, facts, rule, out);
	buffer_text(out, "}");
	return result < 0 ? result : out->failed ? ERR_MEMORY : 0;
}

int engine_explain_rules(struct engine *engine, int64_t client_id, struct moment now, struct explained *told, struct buffer *out)
{
	int result = facts_load(engine, client_id, now.day, engine->facts);

	buffer_text(out, "[");
	for (size_t r = 0; result == 0 && r < engine->policy->rule_count; r++)
		result = add_rule(engine, engine->facts, &engine->policy->rules[r], told, out);
	buffer_text(out, "]");
	return result < 0 ? result : out->failed ? ERR_MEMORY : 0;
}

/* The first day on which a contact of today's window counts no more; NO_DAY: none will, where nobody may have any. */
static int slot_free_on(struct engine *engine, int64_t person, day_t day, day_t *free_on)
{
	if (engine->policy->cap == 0) {
		*free_on = NO_DAY;
		return 0;
	}
	if (engine->policy->cap_window == CAP_QUARTER) {
		*free_on = date_quarter_end(day) + 1;
		return 0;
	}
	day_t first;
	int result = store_contact_first_of_person(engine->store, person, cap_window_start(CAP_ROLLING, day), day, &first);
	*free_on = first == NO_DAY ? NO_DAY : first + (day - cap_window_start(CAP_ROLLING, day)) + 1;
	return result;
}

enum { SUMMARY_SIZE = 400 };

/* What a follow-up that waits for a contact must know. */
struct slots {
	int64_t person;
	int used;
	day_t free_on; /* NO_DAY: none will */
};

/* POLICY 5: none is left, or what is left is kept free for better things; and whether a slot comes free in time. */
static int sum_up_slot(struct engine *engine, const struct followup *f, const struct slots *slots, day_t day, char out[SUMMARY_SIZE])
{
	const struct policy *policy = engine->policy;
	char days[160] = "", text[DATE_TEXT_SIZE], last[DATE_TEXT_SIZE];
	int used = 0;

	if (slots->used < policy->cap && f->priority >= policy->greeting_priority) {
		day_t ahead[3];
		int count = agenda_foreseen(engine, slots->person, day, f->priority, ahead, 3);
		if (count < 0)
			return count;
		for (int i = 0; i < count && i < 3; i++)
			used += snprintf(days + used, sizeof(days) - (size_t)used, "%s%s", i > 0 ? ", " : " and for greetings of ",
				date_format(ahead[i], text));
		used = snprintf(out, SUMMARY_SIZE, "%d of %d contacts used, the rest is kept free for service (%d)%s", slots->used,
			policy->cap, policy->reserve, days);
	} else {
		used = snprintf(out, SUMMARY_SIZE, "no contact left: %d of %d used", slots->used, policy->cap);
	}
	date_format(f->last_on, last);
	if (slots->free_on != NO_DAY && slots->free_on <= f->last_on)
		snprintf(out + used, SUMMARY_SIZE - (size_t)used, "; one comes free on %s, in time: it is of use until %s",
			date_format(slots->free_on, text), last);
	else if (slots->free_on != NO_DAY)
		snprintf(out + used, SUMMARY_SIZE - (size_t)used,
			"; none comes free in time (the next on %s, it is of use until %s): OVERRIDE %lld, or it ends suppressed",
			date_format(slots->free_on, text), last, (long long)f->id);
	else
		snprintf(out + used, SUMMARY_SIZE - (size_t)used,
			"; none comes free in time, it is of use until %s: OVERRIDE %lld, or it ends suppressed", last, (long long)f->id);
	return 0;
}

/* One open follow-up in a line of words. */
static int sum_up(struct engine *engine, const struct followup *f, const struct slots *slots, struct moment now, char out[SUMMARY_SIZE])
{
	char text[DATE_TEXT_SIZE], pause[HOLD_TEXT_SIZE];

	if (f->state == FOLLOWUP_QUEUED) {
		struct call call;
		int result = store_call_load(engine->store, f->call_id, &call);
		if (result < 0)
			return result;
		snprintf(out, SUMMARY_SIZE, "on call %lld, %s on %.100s: WHY CALL %lld", (long long)call.id, call_state_name(call.state),
			store_name_text(engine->store, call.queue), (long long)call.id);
		return 0;
	}
	if (f->reason == engine->reasons[REASON_CAP] || f->reason == engine->reasons[REASON_PREEMPTED])
		return sum_up_slot(engine, f, slots, now.day, out);
	if (f->reason == engine->reasons[REASON_PAUSED]) {
		int result = store_pause_text(engine->store, PAUSE_RULE, f->rule, now.unix_seconds, pause);
		if (result < 0)
			return result;
		snprintf(out, SUMMARY_SIZE, "its rule is %s", result > 0 ? pause : "no longer paused: it is tried again at once");
	} else if (f->reason == engine->reasons[REASON_WRONG_NUMBER]) {
		snprintf(out, SUMMARY_SIZE, "the client's number is wrong, and nobody has corrected it");
	} else if (f->reason == engine->reasons[REASON_GAP]) {
		day_t last;
		int result = store_contact_last_of_client(engine->store, f->client_id, now.day, &last);
		if (result < 0)
			return result;
		snprintf(out, SUMMARY_SIZE, "too soon after the last contact: from %s on",
			date_format(last == NO_DAY ? now.day : last + engine->policy->min_gap_days, text));
	} else if (f->opens_on > now.day) {
		snprintf(out, SUMMARY_SIZE, "opens on %s", date_format(f->opens_on, text));
	} else {
		snprintf(out, SUMMARY_SIZE, "is tried in the next moments");
	}
	return 0;
}

static int add_open(struct engine *engine, const struct followup *f, const struct slots *slots, struct moment now, struct explained *told,
	struct buffer *out)
{
	char summary[SUMMARY_SIZE], text[DATE_TEXT_SIZE], what[128];
	bool slot = f->state == FOLLOWUP_SCHEDULED &&
		    (f->reason == engine->reasons[REASON_CAP] || f->reason == engine->reasons[REASON_PREEMPTED]);
	bool in_time = slots->free_on != NO_DAY && slots->free_on <= f->last_on;

	int result = sum_up(engine, f, slots, now, summary);
	if (result < 0)
		return result;
	buffer_printf(out, "%s{\"followup\":%lld", told->open++ > 0 ? "," : "", (long long)f->id);
	const char *rule = store_name_text(engine->store, f->rule);
	add_member(out, "rule", rule);
	bool better = told->first_rule[0] == '\0' || (f->reason != 0 && told->held_back == 0);
	if (better) {
		snprintf(told->first_rule, sizeof(told->first_rule), "%s", rule);
		snprintf(told->first_says, sizeof(told->first_says), "%s", summary);
	}
	snprintf(what, sizeof(what), "the last useful day of %.60s has passed", rule);
	explain_change(told, f->last_on + 1, what);
	add_member(out, "summary", summary);
	add_member(out, "state", followup_state_name(f->state));
	add_member(out, "reason", f->reason != 0 ? store_name_text(engine->store, f->reason) : NULL);
	add_member(out, "last_useful_on", date_format(f->last_on, text));
	if (slot && slots->free_on != NO_DAY)
		add_member(out, "slot_free_on", date_format(slots->free_on, text));
	if (slot)
		add_member(out, "what_comes",
			in_time ? "tried again each day; a slot comes free in time"
				: "no slot comes free in time: OVERRIDE, or it ends suppressed");
	buffer_text(out, "}");
	if (in_time && slot)
		explain_change(told, slots->free_on, "a contact comes free");
	if (f->state == FOLLOWUP_SCHEDULED)
		explain_change(told, f->opens_on, "a follow-up opens");
	told->queued += f->state == FOLLOWUP_QUEUED;
	told->held_back += f->state == FOLLOWUP_SCHEDULED && f->reason != 0;
	return out->failed ? ERR_MEMORY : 0;
}

int engine_explain_waiting(struct engine *engine, int64_t client_id, struct moment now, struct explained *told, struct buffer *out)
{
	struct followup_list *open = &engine->open;
	struct slots slots = {.free_on = NO_DAY};

	int result = facts_load_client(engine, client_id, now.day, engine->other_facts);
	slots.person = engine->other_facts->client.person;
	if (result == 0)
		result = slot_free_on(engine, slots.person, now.day, &slots.free_on);
	if (result == 0)
		result = slots.used = agenda_slots_used(engine, slots.person, now.day);
	if (result >= 0)
		result = agenda_open_of_client(engine, client_id, open);
	buffer_text(out, "[");
	for (int i = 0; result == 0 && i < open->count; i++)
		result = add_open(engine, &open->items[i], &slots, now, told, out);
	buffer_text(out, "]");
	return result < 0 ? result : out->failed ? ERR_MEMORY : 0;
}
