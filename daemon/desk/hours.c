/* hours.c - when the desk may call (POLICY 6). */
#include <stdlib.h>

#include "followup/opening.h"
#include "followup/store_client.h"
#include "followup/store_name.h"
#include "internal.h"

static bool is_always_open(const struct desk *desk, const char *queue)
{
	return policy_queue(desk->policy, queue)->always_open || opening_is_bulk(desk->policy, queue);
}

bool queue_is_open(const struct desk *desk, const char *queue, struct moment now)
{
	return is_always_open(desk, queue) || opening_is_now(&policy_queue(desk->policy, queue)->hours, now, desk->policy->calendar);
}

int64_t queue_opens_at(const struct desk *desk, const char *queue, struct moment now)
{
	if (is_always_open(desk, queue))
		return now.unix_seconds;
	return opening_after(&policy_queue(desk->policy, queue)->hours, desk->policy->calendar, now);
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

/* The next opening of any queue that the configuration knows, or of a rule with hours of its own: when to look for waiting agents again. */
static int64_t next_opening(const struct desk *desk, struct moment now)
{
	int64_t best = INT64_MAX;

	for (size_t i = 0; i < desk->policy->queue_count; i++) {
		struct queue_settings *settings = &desk->policy->queues[i];
		if (settings->always_open)
			continue;
		int64_t opens = queue_opens_at(desk, settings->pattern, now);
		if (opens > now.unix_seconds && opens < best)
			best = opens;
	}
	return best;
}

int64_t desk_next_wakeup(struct desk *desk, struct moment now)
{
	int64_t when = INT64_MAX;

	if (now.unix_seconds >= desk->opening || now.unix_seconds < desk->opening_since) {
		if (desk->opening != 0 && now.unix_seconds >= desk->opening)
			desk->changes++; /* hours have opened: waiting agents try again */
		desk->opening = next_opening(desk, now);
		desk->opening_since = now.unix_seconds;
	}
	if (store_call_next_time(desk->store, &when) < 0)
		when = now.unix_seconds + 1; /* the store does not answer now; ask again */
	return when < desk->opening ? when : desk->opening;
}
