/* occasion_fact.c - occasions of events, of what flowed out, of silence, of documents that run out (POLICY 4). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/store_call.h"
#include "followup/store_name.h"
#include "occasion_internal.h"

static void place_event(const struct engine *engine, const struct rule *rule, const struct event *event, day_t day, struct occasion *out)
{
	occasion_place(engine, rule, out, day, rule->priority);
	snprintf(out->event_ref, sizeof(out->event_ref), "%s", event->ref);
}

static void of_event(const struct engine *engine, const struct rule *rule, const struct event *event, struct occasion *out)
{
	snprintf(out->key, sizeof(out->key), "%s", event->ref);
	place_event(engine, rule, event, event->day, out);
}

int each_event(struct engine *engine, const struct facts *facts, const struct visitor *visitor)
{
	const struct rule *rule = visitor->rule;
	bool departures = rule->trigger == TRIGGER_MANAGER_DEPARTED;
	const struct event *events = departures ? facts->departures : facts->events;
	int count = departures ? facts->departure_count : facts->event_count;

	for (int i = 0; i < count; i++) {
		struct occasion occasion;
		if (!event_stands(&events[i], facts->day) || !rule_has_kind(engine, rule, events[i].kind))
			continue;
		of_event(engine, rule, &events[i], &occasion);
		int result = occasion_offer(visitor, &occasion);
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

/* The sum of what flowed out on the day of event first, and the place after that day's last event. ahead: also what is known of a day to come. */
static int sum_of_day(const struct engine *engine, const struct facts *facts, const struct rule *rule, int first, bool ahead, money_t *sum)
{
	day_t known_on = ahead && facts->events[first].day > facts->day ? facts->events[first].day : facts->day;
	int i = first;

	*sum = 0;
	for (; i < facts->event_count && facts->events[i].day == facts->events[first].day; i++) {
		const struct event *event = &facts->events[i];
		if (event_stands(event, known_on) && rule_has_kind(engine, rule, event->kind) && event->amount != NO_MONEY)
			if (__builtin_add_overflow(*sum, event->amount, sum))
				*sum = INT64_MAX;
	}
	return i;
}

int each_outflow(struct engine *engine, const struct facts *facts, const struct visitor *visitor)
{
	for (int i = 0; i < facts->event_count;) {
		struct occasion occasion;
		money_t sum;
		day_t day = facts->events[i].day;
		i = sum_of_day(engine, facts, visitor->rule, i, visitor->ahead, &sum);
		if (sum <= 0)
			continue;
		occasion_key_day(&occasion, day);
		occasion_place(engine, visitor->rule, &occasion, day, visitor->rule->priority);
		occasion.amount = sum;
		if (occasion.window.due_on < visitor->due_from)
			continue; /* spares the look at the assets */
		int result = is_large(engine, facts, visitor->rule, day, sum);
		if (result > 0)
			result = occasion_offer(visitor, &occasion);
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
	occasion_key_day(out, threshold);
	occasion_place(engine, rule, out, threshold, rule->priority);
	return true;
}

int each_dormant(struct engine *engine, const struct facts *facts, const struct visitor *visitor)
{
	struct occasion occasion;

	return dormant_occasion(engine, facts, visitor->rule, &occasion) ? occasion_offer(visitor, &occasion) : 0;
}

/* The event that a follow-up's occasion begins with (up to length bytes of its key): 1 when it is the client's and not withdrawn, or 0 and the reason. One that was
 * corrected to a day to come has not happened yet, and moves its follow-up there. */
static int find_event(struct engine *engine, const struct facts *facts, const struct rule *rule, const char *key, size_t length,
	struct event *event, int64_t *reason)
{
	char ref[EVENT_TEXT_SIZE];
	int64_t client_id = 0;

	snprintf(ref, sizeof(ref), "%.*s", (int)length, key);
	int result = store_event_find(engine->store, ref, event, &client_id);
	if (result < 0)
		return result;
	bool his = client_id == facts->client.id || rule->trigger == TRIGGER_MANAGER_DEPARTED;
	if (result == 0 || !his || (event->withdrawn_on != NO_DAY && event->withdrawn_on <= facts->day)) {
		*reason = engine->reasons[REASON_WITHDRAWN];
		return 0;
	}
	if (!rule_has_kind(engine, rule, event->kind)) {
		*reason = engine->reasons[REASON_NOT_APPLICABLE];
		return 0;
	}
	return 1;
}

/* Whose leaving an event tells of can be corrected: it stands for the clients whom the first one had no more, unless they are the other's now. That a client has been
 * given to another manager since changes nothing. 1, or 0 and the reason. */
static int still_about(struct engine *engine, const struct facts *facts, const struct followup *followup, const struct event *event,
	struct occasion *out, int64_t *reason)
{
	int result = store_event_manager(engine->store, event->ref, &out->about);

	if (result < 0)
		return result;
	if (out->about == followup->about || strcmp(store_name_text(engine->store, out->about), facts->client.manager) == 0)
		return 1;
	*reason = engine->reasons[REASON_WITHDRAWN];
	return 0;
}

int again_event(struct engine *engine, const struct facts *facts, const struct rule *rule, const struct followup *followup,
	struct occasion *out, int64_t *reason)
{
	struct event event;
	int found = find_event(engine, facts, rule, followup->occasion, strlen(followup->occasion), &event, reason);

	if (found <= 0)
		return found;
	of_event(engine, rule, &event, out);
	return rule->trigger == TRIGGER_MANAGER_DEPARTED ? still_about(engine, facts, followup, &event, out, reason) : 1;
}

/* POLICY 3: a corrected event moves the open follow-up. When its day's outflow is no longer large but that of exactly one later or earlier day has become so without a
 * follow-up of its own, that is where it has moved; also to a day to come. */
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
	int exists = store_followup_exists(
		moved->engine->store, moved->facts->client.id, rule_index_of(moved->engine, rule)->name, occasion->key, &state, &reason);

	if (exists != 0)
		return exists < 0 ? exists : 0;
	*moved->out = *occasion;
	moved->count++;
	return 0;
}

int again_outflow(struct engine *engine, const struct facts *facts, const struct rule *rule, const struct followup *followup,
	struct occasion *out, int64_t *reason)
{
	for (int i = 0; i < facts->event_count;) {
		money_t sum;
		day_t day = facts->events[i].day;
		i = sum_of_day(engine, facts, rule, i, true, &sum);
		if (day != followup->occasion_on)
			continue;
		int result = sum > 0 ? is_large(engine, facts, rule, day, sum) : 0;
		if (result < 0)
			return result;
		if (result > 0) {
			occasion_key_day(out, day);
			occasion_place(engine, rule, out, day, rule->priority);
			out->amount = sum;
			return 1;
		}
	}
	*reason = engine->reasons[REASON_WITHDRAWN];
	/* A withdrawal is no correction: what remains of other days has follow-ups of its own. */
	for (int i = 0; i < facts->event_count; i++)
		if (facts->events[i].day == followup->occasion_on && rule_has_kind(engine, rule, facts->events[i].kind) &&
			facts->events[i].withdrawn_on != NO_DAY && facts->events[i].withdrawn_on <= facts->day)
			return 0;
	struct moved_outflow moved = {engine, facts, out, 0};
	day_t for_ever = INT32_MAX / 2;
	struct visitor visitor = {engine, facts, rule, engine->start_on, &for_ever, take_moved, &moved, .ahead = true};
	int result = each_outflow(engine, facts, &visitor);
	if (result < 0)
		return result;
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

int again_dormant(struct engine *engine, const struct facts *facts, const struct rule *rule, const struct followup *followup,
	struct occasion *out, int64_t *reason)
{
	bool dormant = dormant_occasion(engine, facts, rule, out);

	if (dormant && strcmp(out->key, followup->occasion) == 0)
		return 1;
	int stands = base_stands(engine, facts, rule, followup->occasion_on);
	if (stands < 0)
		return stands;
	if (stands == 0 || !dormant) {
		*reason = engine->reasons[REASON_WITHDRAWN];
		return 0;
	}
	/* Something learned late came after what began the spell. It ends the follow-up when the rule stops on its kind. */
	int64_t cause = facts->reopened_on >= facts->opened_on ? engine->kind_reopened : engine->kind_opened;
	if (facts->last_trade_on >= facts->opened_on && facts->last_trade_on >= facts->reopened_on)
		cause = engine->kind_trade;
	const struct rule_index *index = rule_index_of(engine, rule);
	for (size_t i = 0; i < index->stop_count; i++)
		if (index->stops[i] == cause) {
			*reason = cause;
			return 0;
		}
	memcpy(out->key, followup->occasion, sizeof(out->key));
	occasion_place(engine, rule, out, followup->occasion_on, rule->priority);
	return 1;
}

/* Times after an event: "E17/1w". */
static void series_occasion(
	const struct engine *engine, const struct rule *rule, const struct event *event, struct offset step, struct occasion *out)
{
	char text[24];

	snprintf(out->key, sizeof(out->key), "%s/%s", event->ref, offset_format(step, text));
	place_event(engine, rule, event, offset_apply(step, event->day, engine->policy->calendar), out);
}

int each_series(struct engine *engine, const struct facts *facts, const struct visitor *visitor)
{
	const struct rule *rule = visitor->rule;

	for (int i = 0; i < facts->event_count; i++) {
		if (!event_stands(&facts->events[i], facts->day) || !rule_has_kind(engine, rule, facts->events[i].kind))
			continue;
		for (size_t step = 0; step < rule->step_count; step++) {
			struct occasion occasion;
			series_occasion(engine, rule, &facts->events[i], rule->steps[step], &occasion);
			/* Stopped before it came up: a series ends with what stops it. */
			if (occasion.on <= facts->day && facts_stop(engine, facts, rule, facts->events[i].day, occasion.on) != 0)
				continue;
			int result = occasion_offer(visitor, &occasion);
			if (result < 0)
				return result;
		}
	}
	return 0;
}

int again_series(struct engine *engine, const struct facts *facts, const struct rule *rule, const struct followup *followup,
	struct occasion *out, int64_t *reason)
{
	const char *slash = strrchr(followup->occasion, '/');
	struct event event;
	struct offset step;

	*reason = engine->reasons[REASON_NOT_APPLICABLE];
	if (slash == NULL || !offset_parse(slash + 1, &step))
		return 0;
	int found = find_event(engine, facts, rule, followup->occasion, (size_t)(slash - followup->occasion), &event, reason);
	if (found > 0)
		series_occasion(engine, rule, &event, step, out);
	return found;
}

/* An event that needs an answer is urged on its day and every so many days after it: "E17/2026-03-02". */
static void urge_occasion(const struct engine *engine, const struct rule *rule, const struct event *event, day_t day, struct occasion *out)
{
	char text[DATE_TEXT_SIZE];

	snprintf(out->key, sizeof(out->key), "%s/%s", event->ref, date_format(day, text));
	place_event(engine, rule, event, day, out);
}

int each_urge(struct engine *engine, const struct facts *facts, const struct visitor *visitor)
{
	const struct rule *rule = visitor->rule;

	for (int i = 0; i < facts->event_count; i++) {
		const struct event *event = &facts->events[i];
		if (!event_stands(event, facts->day) || !rule_has_kind(engine, rule, event->kind))
			continue;
		if (facts_stop(engine, facts, rule, event->day, event->day) != 0)
			continue; /* resolved */
		for (day_t day = event->day; day <= event->day + rule->repeat_for_days;
			day += rule->repeat_days > 0 ? rule->repeat_days : 1) {
			struct occasion occasion;
			urge_occasion(engine, rule, event, day, &occasion);
			int result = occasion_offer(visitor, &occasion);
			if (result < 0)
				return result;
		}
	}
	return 0;
}

int again_urge(struct engine *engine, const struct facts *facts, const struct rule *rule, const struct followup *followup,
	struct occasion *out, int64_t *reason)
{
	const char *slash = strrchr(followup->occasion, '/');
	struct event event;

	*reason = engine->reasons[REASON_NOT_APPLICABLE];
	if (slash == NULL)
		return 0;
	int found = find_event(engine, facts, rule, followup->occasion, (size_t)(slash - followup->occasion), &event, reason);
	if (found > 0)
		urge_occasion(engine, rule, &event, followup->occasion_on, out);
	return found;
}

static int expiry_day(struct engine *engine, const struct facts *facts, const struct rule *rule, day_t *day)
{
	if (rule->field == EXPIRY_DECLARED)
		return store_client_declared_day(engine->store, facts->client.id, rule->declared->name, day);
	*day = rule->field == EXPIRY_ID_CARD ? facts->client.id_expires_on : facts->client.risk_test_expires_on;
	return 0;
}

int each_expiry(struct engine *engine, const struct facts *facts, const struct visitor *visitor)
{
	struct occasion occasion;
	day_t day;

	int result = expiry_day(engine, facts, visitor->rule, &day);
	if (result < 0 || day == NO_DAY)
		return result;
	occasion_key_day(&occasion, day);
	occasion_place(engine, visitor->rule, &occasion, day, visitor->rule->priority);
	return occasion_offer(visitor, &occasion);
}

/* A later date is the document's renewal and ends the follow-up; an earlier one corrects it. */
int again_expiry(struct engine *engine, const struct facts *facts, const struct rule *rule, const struct followup *followup,
	struct occasion *out, int64_t *reason)
{
	day_t day;

	int result = expiry_day(engine, facts, rule, &day);
	if (result < 0)
		return result;
	*reason = engine->reasons[day == NO_DAY ? REASON_NOT_APPLICABLE : REASON_RENEWED];
	if (day == NO_DAY || day > followup->occasion_on)
		return 0;
	occasion_key_day(out, day);
	occasion_place(engine, rule, out, day, rule->priority);
	return 1;
}

/* What a cadence is counted from: the client's last contact, or the opening while there was none. NO_DAY: nothing is known. */
static int cadence_base(struct engine *engine, const struct facts *facts, day_t *base)
{
	int result = store_contact_last_of_client(engine->store, facts->client.id, facts->day, base);

	if (result == 0 && *base == NO_DAY)
		*base = facts->reopened_on > facts->opened_on ? facts->reopened_on : facts->opened_on;
	return result;
}

/* The day so many times the tier's pace after the base; day is the one of one time fewer. Months are counted from the base, so that a 31st comes back. */
static day_t cadence_day(const struct engine *engine, struct offset every, day_t base, int times, day_t day)
{
	return every.unit == UNIT_MONTH ? date_add_months(base, every.count * times) : offset_apply(every, day, engine->policy->calendar);
}

/* POLICY 4: so long since the last contact. Where an occasion passes without one (dropped, suppressed, or over before start_on), the next comes as long after it: a client
 * whom the cap has kept from one call is not left alone for ever. Of a rule that keeps late work it comes when the one before it is over. Nobody goes on at a closed account. */
int each_cadence(struct engine *engine, const struct facts *facts, const struct visitor *visitor)
{
	enum { WINDOW_REACH_DAYS = 800 }; /* far more than a window lies from its occasion */
	const struct rule *rule = visitor->rule;
	struct offset every = rule->every[facts->tier];
	struct occasion occasion;
	int times_apart = 1;
	day_t base, day;

	int result = cadence_base(engine, facts, &base);
	if (result < 0 || base == NO_DAY || every.count == 0)
		return result;
	day = base;
	for (int times = 1; result >= 0 && (times == 1 || facts->account_open); times++) {
		day = cadence_day(engine, every, base, times, day);
		if ((times - 1) % times_apart != 0 || (times > 1 && day < visitor->due_from - WINDOW_REACH_DAYS))
			continue;
		occasion_key_day(&occasion, day);
		occasion_place(engine, rule, &occasion, day, rule->priority);
		if (times == 1 && occasion.window.due_on + rule->max_late_days > day)
			times_apart = 1 + (occasion.window.due_on + rule->max_late_days - day) / (day - base);
		result = occasion_offer(visitor, &occasion);
		if (occasion.window.opens_on - rule->early_days > facts->day)
			break; /* the next one; until it has passed, none follows */
	}
	return result;
}

int again_cadence(struct engine *engine, const struct facts *facts, const struct rule *rule, const struct followup *followup,
	struct occasion *out, int64_t *reason)
{
	*reason = engine->reasons[REASON_NOT_APPLICABLE];
	if (rule->every[facts->tier].count == 0)
		return 0;
	/* It stands until a contact stops it, whatever the tier's pace has become since. */
	memcpy(out->key, followup->occasion, sizeof(out->key));
	occasion_place(engine, rule, out, followup->occasion_on, rule->priority);
	return 1;
}
