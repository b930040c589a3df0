/* facts.c - what is known of one client on one day: his account's story, his last trade, and what is still to come. */
#include <stdlib.h>
#include <string.h>

#include "followup/store_call.h"
#include "internal.h"

struct facts *facts_new(void)
{
	return calloc(1, sizeof(struct facts));
}

void facts_free(struct facts *facts)
{
	if (facts == NULL)
		return;
	free(facts->events);
	free(facts->departures);
	free(facts);
}

bool event_stands(const struct event *event, day_t day)
{
	return event->day <= day && (event->withdrawn_on == NO_DAY || event->withdrawn_on > day);
}

static int make_room(struct event **events, int *capacity, int count)
{
	struct event *larger = realloc(*events, (size_t)count * sizeof(**events));

	if (larger == NULL)
		return ERR_MEMORY;
	*events = larger;
	*capacity = count;
	return 0;
}

static int load_events(struct engine *engine, struct facts *facts)
{
	int count;

	while ((count = store_event_of_client(engine->store, facts->client.id, facts->events, facts->event_capacity)) >
		facts->event_capacity) {
		int result = make_room(&facts->events, &facts->event_capacity, count + 8);
		if (result < 0)
			return result;
	}
	facts->event_count = count < 0 ? 0 : count;
	return count < 0 ? count : 0;
}

static int load_departures(struct engine *engine, struct facts *facts)
{
	int count;

	facts->departure_count = 0;
	if (facts->client.manager[0] == '\0')
		return 0;
	while ((count = store_event_departures(engine->store, facts->client.manager, facts->departures, facts->departure_capacity)) >
		facts->departure_capacity) {
		int result = make_room(&facts->departures, &facts->departure_capacity, count + 8);
		if (result < 0)
			return result;
	}
	facts->departure_count = count < 0 ? 0 : count;
	return count < 0 ? count : 0;
}

static void coming(struct facts *facts, day_t day)
{
	if (day != NO_DAY && day > facts->day && day < facts->next_fact_on)
		facts->next_fact_on = day;
}

/* POLICY 5, channel: what found no channel open for him while its own was off comes back when what forbids the channel ends. */
static void read_prohibitions(const struct engine *engine, struct facts *facts)
{
	const char *const texts[] = {facts->client.do_not_contact, facts->client.no_greetings};
	struct do_not_contact entries[DO_NOT_CONTACT_MAX];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int count = texts[i][0] != '\0' ? fact_do_not_contact(engine->policy, texts[i], entries, DO_NOT_CONTACT_MAX) : 0;
		for (int entry = 0; entry < count; entry++)
			if (entries[entry].until < INT32_MAX)
				coming(facts, entries[entry].until + 1);
	}
}

/* One step of the account's story, for comparing which came last: the time, then the place in the order of events; the file's word comes before events. */
struct step {
	int64_t at;
	int place;
	day_t day;
};
static const struct step never = {INT64_MIN, -3, NO_DAY};

static bool later(struct step a, struct step b)
{
	return a.at != b.at ? a.at > b.at : a.place > b.place;
}

/* POLICY 10: opened_on and closed_on come from events where there are any, else from the file. */
static void read_account(const struct engine *engine, struct facts *facts)
{
	struct step opened = never, closed = never, reopened = never;
	const struct client *client = &facts->client;

	for (int i = 0; i < facts->event_count; i++) {
		const struct event *event = &facts->events[i];
		struct step step = {event->occurred_at, i, event->day};
		coming(facts, event->day);
		coming(facts, event->withdrawn_on);
		facts->withdrawal_today = facts->withdrawal_today || event->withdrawn_on == facts->day;
		if (!event_stands(event, facts->day))
			continue;
		if (event->kind == engine->kind_opened)
			opened = step;
		else if (event->kind == engine->kind_closed)
			closed = step;
		else if (event->kind == engine->kind_reopened)
			reopened = step;
	}
	coming(facts, client->opened_on);
	coming(facts, client->closed_on);
	if (opened.day == NO_DAY && client->opened_on != NO_DAY && client->opened_on <= facts->day)
		opened = (struct step){(int64_t)client->opened_on * 86400, -2, client->opened_on};
	if (closed.day == NO_DAY && client->closed_on != NO_DAY && client->closed_on <= facts->day)
		closed = (struct step){(int64_t)client->closed_on * 86400, -1, client->closed_on};
	facts->opened_on = opened.day;
	facts->reopened_on = reopened.day;
	struct step last_open = later(reopened, opened) ? reopened : opened;
	if (opened.day == NO_DAY && client->opened_on != NO_DAY)
		facts->account_open = false; /* not yet */
	else if (last_open.day == NO_DAY && closed.day == NO_DAY)
		facts->account_open = true; /* nobody says when it was opened */
	else
		facts->account_open = later(last_open, closed);
	facts->closing_stands = closed.day != NO_DAY && !later(reopened, closed) ? closed.day : NO_DAY;
	facts->reopening_stands = reopened.day != NO_DAY && !later(closed, reopened) ? reopened.day : NO_DAY;
}

int facts_load_client(struct engine *engine, int64_t client_id, day_t day, struct facts *facts)
{
	int result = store_client_load(engine->store, client_id, &facts->client);

	if (result < 0)
		return result;
	facts->day = day;
	facts->tier = facts->client.tier[0] != '\0' ? policy_tier(engine->policy, facts->client.tier) : ERR_NOT_FOUND;
	if (facts->tier < 0)
		facts->tier = TIER_UNKNOWN;
	return 0;
}

int facts_load_account(struct engine *engine, int64_t client_id, day_t day, struct facts *facts)
{
	int result = facts_load_client(engine, client_id, day, facts);

	facts->next_fact_on = INT32_MAX;
	facts->withdrawal_today = false;
	if (result == 0)
		result = load_events(engine, facts);
	if (result == 0)
		read_account(engine, facts);
	return result;
}

int facts_load(struct engine *engine, int64_t client_id, day_t day, struct facts *facts)
{
	day_t last_trade = NO_DAY, next_trade = NO_DAY;
	bool trade_withdrawn = false;

	int result = facts_load_account(engine, client_id, day, facts);
	if (result == 0)
		result = load_departures(engine, facts);
	if (result < 0)
		return result;
	for (int i = 0; i < facts->departure_count; i++) {
		coming(facts, facts->departures[i].day);
		coming(facts, facts->departures[i].withdrawn_on);
		facts->withdrawal_today = facts->withdrawal_today || facts->departures[i].withdrawn_on == day;
	}
	result = store_event_trades(engine->store, client_id, day, &last_trade, &next_trade, &trade_withdrawn);
	if (result < 0)
		return result;
	coming(facts, next_trade);
	facts->withdrawal_today = facts->withdrawal_today || trade_withdrawn;
	coming(facts, facts->client.last_trade_on);
	read_prohibitions(engine, facts);
	if (last_trade == NO_DAY && facts->client.last_trade_on != NO_DAY && facts->client.last_trade_on <= day)
		last_trade = facts->client.last_trade_on;
	facts->last_trade_on = last_trade;
	facts->last_contact_on = NO_DAY;
	return engine->asks_contacts ? store_contact_last_of_client(engine->store, client_id, day, &facts->last_contact_on) : 0;
}

int64_t facts_stop(const struct engine *engine, const struct facts *facts, const struct rule *rule, day_t occasion_on, day_t opens_on)
{
	const struct rule_index *index = &engine->rules[rule - engine->policy->rules];
	day_t from = occasion_on < opens_on ? occasion_on : opens_on;

	for (size_t i = 0; i < index->stop_count; i++) {
		int64_t kind = index->stops[i];
		day_t day = NO_DAY;
		if (kind == engine->kind_trade) {
			day = facts->last_trade_on;
		} else if (kind == engine->kind_closed) {
			day = facts->closing_stands;
		} else if (kind == engine->kind_reopened) {
			day = facts->reopening_stands;
		} else if (kind == engine->reasons[REASON_CONTACT]) {
			day = facts->last_contact_on;
		} else {
			for (int e = 0; e < facts->event_count; e++)
				if (facts->events[e].kind == kind && event_stands(&facts->events[e], facts->day))
					day = facts->events[e].day;
		}
		if (day != NO_DAY && day >= from)
			return kind;
	}
	return 0;
}
