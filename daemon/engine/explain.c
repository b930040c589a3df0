/* explain.c - WHY: for each rule, whether it looks at a client, its next occasion and channel, and what holds back what waits (POLICY 8). */
#include "followup/explain.h"

#include <string.h>

#include "followup/json_text.h"
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

static int add_rule(struct engine *engine, const struct facts *facts, const struct rule *rule, struct buffer *out)
{
	struct next_occasion next = {.today = facts->day};
	char opens[DATE_TEXT_SIZE], due[DATE_TEXT_SIZE];
	enum reason why = REASON_NONE;
	int channel = -1;

	if (rule_fits(rule, facts)) {
		int result = occasion_each(engine, facts, rule, facts->day, facts->day + LOOK_AHEAD_DAYS, take_next, &next);
		if (result < 0)
			return result;
		channel = channel_pick(engine, facts, rule, 0, &why);
	}
	buffer_text(out, out->data[out->length - 1] == '[' ? "{\"rule\":" : ",{\"rule\":");
	json_text_append(out, rule->name);
	add_member(out, "next_occasion", next.found ? next.occasion.key : NULL);
	add_member(out, "opens_on", next.found ? date_format(next.occasion.window.opens_on, opens) : NULL);
	add_member(out, "due_on", next.found ? date_format(next.occasion.window.due_on, due) : NULL);
	add_member(out, "channel", channel >= 0 ? engine->policy->channels[channel].name : NULL);
	add_member(out, "holds", what_holds(engine, facts, rule, &next, channel >= 0 ? REASON_NONE : why));
	buffer_text(out, "}");
	return out->failed ? ERR_MEMORY : 0;
}

int engine_explain_rules(struct engine *engine, int64_t client_id, struct moment now, struct buffer *out)
{
	int result = facts_load(engine, client_id, now.day, engine->facts);

	buffer_text(out, "[");
	for (size_t r = 0; result == 0 && r < engine->policy->rule_count; r++)
		result = add_rule(engine, engine->facts, &engine->policy->rules[r], out);
	buffer_text(out, "]");
	return result < 0 ? result : out->failed ? ERR_MEMORY : 0;
}

/* The first day on which a contact of today's window counts no more. */
static int slot_free_on(struct engine *engine, int64_t person, day_t day, day_t *free_on)
{
	if (engine->policy->cap_window == CAP_QUARTER) {
		*free_on = date_quarter_end(day) + 1;
		return 0;
	}
	day_t first;
	int result = store_contact_first_of_person(engine->store, person, cap_window_start(CAP_ROLLING, day), day, &first);
	*free_on = first == NO_DAY ? NO_DAY : first + (day - cap_window_start(CAP_ROLLING, day)) + 1;
	return result;
}

int engine_explain_waiting(struct engine *engine, int64_t client_id, struct moment now, struct buffer *out)
{
	struct followup_list *open = &engine->open;
	char text[DATE_TEXT_SIZE];
	day_t free_on = NO_DAY;
	bool first = true;

	int result = facts_load_client(engine, client_id, now.day, engine->other_facts);
	if (result == 0)
		result = slot_free_on(engine, engine->other_facts->client.person, now.day, &free_on);
	if (result == 0)
		result = agenda_open_of_client(engine, client_id, open);
	buffer_text(out, "[");
	for (int i = 0; result == 0 && i < open->count; i++) {
		const struct followup *f = &open->items[i];
		if (f->state != FOLLOWUP_SCHEDULED || f->reason == 0)
			continue;
		bool slot = f->reason == engine->reasons[REASON_CAP] || f->reason == engine->reasons[REASON_PREEMPTED];
		buffer_printf(out, "%s{\"followup\":%lld", first ? "" : ",", (long long)f->id);
		add_member(out, "reason", store_name_text(engine->store, f->reason));
		add_member(out, "last_useful_on", date_format(f->last_on, text));
		if (slot && free_on != NO_DAY)
			add_member(out, "slot_free_on", date_format(free_on, text));
		if (slot)
			add_member(out, "what_comes",
				free_on != NO_DAY && free_on <= f->last_on ? "tried again each day; a slot comes free in time"
									   : "no slot comes free in time: OVERRIDE, or it ends suppressed");
		buffer_text(out, "}");
		first = false;
	}
	buffer_text(out, "]");
	return result < 0 ? result : out->failed ? ERR_MEMORY : 0;
}
