/* hours.c - when the desk may call (POLICY 6). */
#include <stdlib.h>

#include "followup/opening.h"
#include "followup/own_hours.h"
#include "followup/store_client.h"
#include "followup/store_name.h"
#include "internal.h"

bool queue_is_open(const struct desk *desk, const char *queue, struct moment now)
{
	const struct queue_settings *settings = policy_queue(desk->policy, queue);

	return settings->always_open || opening_is_now(&settings->hours, now, desk->policy->calendar) ||
	       opening_is_bulk(desk->policy, queue);
}

int64_t queue_opens_at(const struct desk *desk, const char *queue, struct moment now)
{
	const struct queue_settings *settings = policy_queue(desk->policy, queue);

	if (settings->always_open || opening_is_bulk(desk->policy, queue))
		return now.unix_seconds;
	return opening_after(&settings->hours, desk->policy->calendar, now);
}

int call_is_open(struct desk *desk, const struct call *call, struct moment now)
{
	struct followup_list agenda = {NULL, 0, 0};
	struct client client;
	struct hours hours;

	if (call->bulk)
		return 1;
	int result = agenda_load(desk->engine, call->id, &agenda);
	if (result == 0 && agenda.count > 0) {
		const struct rule *rule = agenda_rule(desk->engine, &agenda.items[0]);
		result = rule != NULL && rule->has_hours ? opening_is_now(&rule->hours, now, desk->policy->calendar)
							 : queue_is_open(desk, store_name_text(desk->store, call->queue), now);
	} else if (result == 0) {
		result = 1;
	}
	for (int i = 0; result > 0 && i < agenda.count; i++) {
		int loaded = store_client_load(desk->store, agenda.items[i].client_id, &client);
		if (loaded < 0)
			result = loaded;
		else if (client.hours[0] != '\0' && hours_parse(client.hours, &hours))
			result = opening_is_now(&hours, now, desk->policy->calendar);
	}
	followup_list_free(&agenda);
	return result;
}

static void sooner(int64_t *best, int64_t opens, struct moment now)
{
	if (opens > now.unix_seconds && opens < *best)
		*best = opens;
}

/* The next opening of any queue that the configuration knows, of a rule with hours of its own, or of clients': when to look for waiting agents again. */
static int next_opening(struct desk *desk, struct moment now, int64_t *out)
{
	enum { OWN_HOURS_MOST = 1000 };
	const struct policy *policy = desk->policy;
	char text[OWN_HOURS_SIZE];
	int64_t best = INT64_MAX, hours = 0;

	for (size_t i = 0; i < policy->queue_count; i++)
		if (!policy->queues[i].always_open)
			sooner(&best, queue_opens_at(desk, policy->queues[i].pattern, now), now);
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].has_hours)
			sooner(&best, opening_after(&policy->rules[i].hours, policy->calendar, now), now);
	for (int i = 0; (hours = store_own_hours_after(desk->store, hours)) > 0; i++) {
		if (i == OWN_HOURS_MOST) { /* hardly two clients with the same: somebody's open every minute */
			sooner(&best, now.unix_seconds + 60, now);
			break;
		}
		int result = store_own_hours_text(desk->store, hours, text, sizeof(text));
		if (result < 0)
			return result;
		sooner(&best, own_hours_open_after(policy, text, now), now);
	}
	*out = best;
	return hours < 0 ? (int)hours : 0;
}

int64_t desk_next_wakeup(struct desk *desk, struct moment now)
{
	int64_t when = INT64_MAX;

	bool opened = desk->opening != 0 && now.unix_seconds >= desk->opening;
	bool stale = desk->opening == 0 || opened || now.unix_seconds < desk->opening_since ||
		     desk->hours_made != store_own_hours_made(desk->store);
	if (opened)
		desk->changes++; /* hours have opened: waiting agents try again */
	if (stale) {
		desk->opening_since = now.unix_seconds;
		desk->hours_made = store_own_hours_made(desk->store);
		if (next_opening(desk, now, &desk->opening) < 0)
			desk->opening = now.unix_seconds + 1; /* the store does not answer now; ask again */
	}
	if (store_call_next_time(desk->store, &when) < 0)
		when = now.unix_seconds + 1;
	return when < desk->opening ? when : desk->opening;
}
