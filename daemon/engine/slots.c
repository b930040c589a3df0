/* slots.c - two contacts a quarter: channels, slots used, and the days that greetings leave free (POLICY 5). */
#include <stdlib.h>
#include <string.h>

#include "followup/store.h"
#include "followup/store_call.h"
#include "internal.h"

enum { PERSON_CLIENTS_MAX = 256 };

static bool has_address(const struct facts *facts, const struct channel *channel)
{
	switch (channel->address) {
	case ADDRESS_PHONE:
		return facts->client.has_phone;
	case ADDRESS_EMAIL:
		return facts->client.has_email;
	case ADDRESS_NONE:
		return true;
	}
	return false;
}

static bool is_forbidden(const struct engine *engine, const struct facts *facts, int channel)
{
	struct do_not_contact entries[DO_NOT_CONTACT_MAX];

	if (facts->client.do_not_contact[0] == '\0')
		return false;
	int count = fact_do_not_contact(engine->policy, facts->client.do_not_contact, entries, DO_NOT_CONTACT_MAX);
	if (count < 0)
		return true; /* a channel that is configured no more: when in doubt, do not contact */
	for (int i = 0; i < count; i++)
		if ((entries[i].channel == -1 || entries[i].channel == channel) && facts->day <= entries[i].until)
			return true;
	return false;
}

/* Greetings are the rules of greeting_priority and above; festivals bring their own number, and greet by name. */
static bool greets(const struct engine *engine, const struct rule *rule)
{
	return rule->trigger == TRIGGER_FESTIVAL || rule->priority >= engine->policy->greeting_priority;
}

/* POLICY 7, refused: "phone:2026-03-04" for each channel on which he wants no greeting. */
static bool has_refused(const struct engine *engine, const struct facts *facts, int channel)
{
	struct do_not_contact entries[DO_NOT_CONTACT_MAX];

	if (facts->client.no_greetings[0] == '\0')
		return false;
	int count = fact_do_not_contact(engine->policy, facts->client.no_greetings, entries, DO_NOT_CONTACT_MAX);
	for (int i = 0; i < count; i++)
		if (entries[i].channel == channel && facts->day <= entries[i].until)
			return true;
	return count < 0;
}

static bool may_use(const struct engine *engine, const struct facts *facts, const struct rule *rule, int channel)
{
	return !is_forbidden(engine, facts, channel) && !(greets(engine, rule) && has_refused(engine, facts, channel));
}

bool channel_is_open(const struct engine *engine, const struct facts *facts, const struct rule *rule, int channel)
{
	const struct channel *c = &engine->policy->channels[channel];

	return c->on && has_address(facts, c) && may_use(engine, facts, rule, channel);
}

int channel_pick(const struct engine *engine, const struct facts *facts, const struct rule *rule, int from, enum reason *why)
{
	*why = REASON_NO_CHANNEL;
	for (size_t i = (size_t)from; i < rule->channel_count; i++) {
		const struct channel *channel = &engine->policy->channels[rule->channels[i]];
		if (!channel->on || !has_address(facts, channel))
			continue;
		if (may_use(engine, facts, rule, rule->channels[i]))
			return rule->channels[i];
		*why = REASON_DO_NOT_CONTACT;
	}
	return -1;
}

int slots_contacts(struct engine *engine, int64_t person, day_t day)
{
	enum cap_window kind = engine->policy->cap_window;

	return store_contact_of_person(engine->store, person, cap_window_start(kind, day), cap_window_end(kind, day));
}

int slots_used(struct engine *engine, int64_t person, const struct call *calls, int count, day_t day)
{
	int used = slots_contacts(engine, person, day);

	for (int i = 0; used >= 0 && i < count; i++)
		used += calls[i].class != CALL_FREE;
	return used;
}

struct looking_ahead {
	struct foresight *foresight;
	day_t end;
};

static int note_day(void *context, const struct rule *rule, const struct occasion *occasion)
{
	struct looking_ahead *ahead = context;
	struct foresight *f = ahead->foresight;
	day_t on = occasion->window.opens_on;

	(void)rule;
	if (on <= f->day || on > ahead->end)
		return 0;
	for (int i = 0; i < f->count; i++)
		if (f->days[i].on == on) {
			if (occasion->priority < f->days[i].priority)
				f->days[i].priority = occasion->priority;
			return 0;
		}
	if (f->count < FORESIGHT_MAX) {
		f->days[f->count].on = on;
		f->days[f->count].priority = occasion->priority;
		f->count++;
	}
	return 0;
}

/* Each day once, with the best priority that opens on it: a day counts for a follow-up when something better than it opens then. */
static int look_ahead(struct engine *engine, int64_t person, day_t day)
{
	int64_t clients[PERSON_CLIENTS_MAX];
	struct looking_ahead ahead = {&engine->foresight, cap_foresight_end(engine->policy->cap_window, day)};
	struct facts *facts = engine->other_facts;

	engine->foresight.count = 0;
	engine->foresight.day = day;
	engine->foresight.person = 0;
	int count = store_client_of_person(engine->store, person, clients, PERSON_CLIENTS_MAX);
	if (count < 0)
		return count;
	for (int i = 0; i < count && i < PERSON_CLIENTS_MAX; i++) {
		int result = facts_load_account(engine, clients[i], day, facts);
		if (result < 0)
			return result;
		if (!facts->client.known || !facts->account_open)
			continue;
		for (size_t r = 0; r < engine->policy->rule_count; r++) {
			const struct rule *rule = &engine->policy->rules[r];
			enum reason why;
			if (!rule_is_yearly(rule) || !rule_fits(rule, facts) || channel_pick(engine, facts, rule, 0, &why) < 0)
				continue;
			result = occasion_each(engine, facts, rule, day + 1, &ahead.end, note_day, &ahead);
			if (result < 0)
				return result;
		}
	}
	engine->foresight.person = person;
	engine->foresight.version = engine->version;
	engine->foresight.rollbacks = store_rollbacks(engine->store);
	return 0;
}

int slots_foresight(struct engine *engine, int64_t person, day_t day, int priority)
{
	struct foresight *f = &engine->foresight;
	int days = 0;

	if (f->person != person || f->day != day || f->version != engine->version || f->rollbacks != store_rollbacks(engine->store)) {
		int result = look_ahead(engine, person, day);
		if (result < 0)
			return result;
	}
	for (int i = 0; i < f->count; i++)
		days += f->days[i].priority < priority;
	return days;
}

static struct foreseen *foreseen_of(struct engine *engine, int64_t client_id)
{
	struct foreseen_memo *memo = &engine->foreseen;
	uint64_t rollbacks = store_rollbacks(engine->store);

	if (memo->clients != NULL && (memo->policy_version != engine->policy_version || memo->rollbacks != rollbacks)) {
		free(memo->clients);
		memo->clients = NULL;
	}
	if (memo->clients == NULL) {
		memo->clients = calloc(FORESEEN_MEMO, sizeof(*memo->clients));
		memo->policy_version = engine->policy_version;
		memo->rollbacks = rollbacks;
	}
	return memo->clients != NULL ? &memo->clients[(size_t)client_id % FORESEEN_MEMO] : NULL;
}

static int compare_days(const void *a, const void *b)
{
	const day_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int slots_foresight_alone(struct engine *engine, const struct followup *f, day_t day)
{
	int all = engine->policy->cap - engine->policy->reserve;
	struct foreseen *kept = foreseen_of(engine, f->client_id);
	day_t days[FORESIGHT_MAX];

	if (kept != NULL && kept->client_id == f->client_id && kept->priority <= f->priority && day < kept->until) {
		kept->followup_id = f->id;
		return all;
	}
	int count = agenda_foreseen(engine, -f->client_id, day, f->priority, days, FORESIGHT_MAX);
	/* One who may be left out of this walk stays there: he is taken in by way of it. */
	if (kept != NULL && all > 0 && count >= all && (kept->client_id == f->client_id || kept->client_id == 0 || day >= kept->until))
		*kept = (struct foreseen){f->client_id, f->id, days[count - all], f->priority};
	return count < 0 || count < all ? count : all;
}

void slots_leave_out(struct engine *engine, day_t day)
{
	const struct foreseen *kept = foreseen_of(engine, 0);

	for (const struct foreseen *end = kept != NULL ? kept + FORESEEN_MEMO : NULL; kept != end; kept++)
		if (kept->client_id != 0 && day < kept->until && store_admission_leave_out(engine->store, kept->followup_id))
			engine->counts.deferred++;
}

void slots_forget(struct engine *engine, int64_t client_id)
{
	struct foreseen *kept = engine->foreseen.clients != NULL ? &engine->foreseen.clients[(size_t)client_id % FORESEEN_MEMO] : NULL;

	if (kept == NULL || kept->client_id != client_id)
		return;
	store_admission_take_in(engine->store, kept->followup_id);
	kept->client_id = 0;
}

int slots_mark(struct engine *engine, int64_t client_id, day_t day, bool changed)
{
	slots_forget(engine, client_id);
	return store_due_mark(engine->store, client_id, day, changed);
}

int agenda_slots_used(struct engine *engine, int64_t person, day_t day)
{
	struct call calls[PERSON_CALLS_MAX];
	int count = store_call_of_person(engine->store, person, calls, PERSON_CALLS_MAX);

	return count < 0 ? count : slots_used(engine, person, calls, count < PERSON_CALLS_MAX ? count : PERSON_CALLS_MAX, day);
}

int agenda_foreseen(struct engine *engine, int64_t person, day_t day, int priority, day_t *days, int capacity)
{
	int count = slots_foresight(engine, person, day, priority), written = 0;

	if (count < 0)
		return count;
	for (int i = 0; i < engine->foresight.count && written < capacity; i++)
		if (engine->foresight.days[i].priority < priority)
			days[written++] = engine->foresight.days[i].on;
	qsort(days, (size_t)written, sizeof(*days), compare_days);
	return count;
}
