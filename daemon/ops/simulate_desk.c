#include "followup/simulate_desk.h"

#include <stdlib.h>
#include <string.h>

#include "followup/agenda.h"
#include "followup/store.h"
#include "followup/store_call.h"
#include "followup/store_hold.h"
#include "followup/store_name.h"

int simulate_desk_make(const struct simulate_desk *desk, const char *queue, const struct call *call, struct moment now)
{
	bool over_cap;
	int result = desk->making != NULL ? desk->making(desk->context, queue, call) : 0;

	if (result < 0)
		return result;
	int64_t contact = agenda_contact_whole(desk->engine, call, true, now, &over_cap);
	return contact < 0 ? (int)contact : agenda_settle(desk->engine, now.day, SIMULATE_WITHOUT_LIMIT);
}

static int hand_out(const struct simulate_desk *desk, const char *name, int64_t queue, long capacity, struct moment now)
{
	struct store *store = engine_store(desk->engine);
	struct call call;
	int result = 0;

	/* This desk has nobody to recuse. */
	while (capacity > 0 && (result = store_call_next(store, queue, ALL_LANES, &(struct call_place){0}, &call)) > 0) {
		result = gate_call(desk->engine, &call, now);
		if (result < 0)
			return result;
		if (result != GATE_OPEN)
			continue;
		result = simulate_desk_make(desk, name, &call, now);
		if (result < 0)
			return result;
		capacity--;
	}
	return result;
}

bool simulate_queue_is_bulk(const struct policy *policy, const char *queue)
{
	int channel = policy_channel(policy, queue);

	return channel >= 0 && policy->channels[channel].kind == CHANNEL_BULK;
}

bool simulate_queue_is_staffed(const struct policy *policy, const char *queue, day_t day, int32_t after_second)
{
	const struct queue_settings *settings = policy_queue(policy, queue);

	if (!calendar_is_work_day(policy->calendar, day))
		return false;
	if (settings->always_open)
		return true;
	const struct hours_day *hours = hours_on(&settings->hours, day, policy->calendar);
	return hours != NULL && hours->spans[hours->count - 1].to * 60 > after_second;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of the queues that have calls, bytewise. */
static int list_queues(struct store *store, char ***out, size_t *out_count)
{
	char **names = NULL;
	size_t count = 0;
	int64_t queue = 0;

	while ((queue = store_call_next_queue(store, queue)) > 0) {
		char **larger = realloc(names, (count + 1) * sizeof(*names));
		char *name = strdup(store_name_text(store, queue));
		if (larger != NULL)
			names = larger;
		if (larger == NULL || name == NULL) {
			free(name);
			queue = ERR_MEMORY;
			break;
		}
		names[count++] = name;
	}
	if (count > 0)
		qsort(names, count, sizeof(*names), compare_names);
	*out = names;
	*out_count = count;
	return queue < 0 ? (int)queue : 0;
}

static int work_queue(const struct simulate_desk *desk, const char *name, bool bulk, struct moment now)
{
	struct store *store = engine_store(desk->engine);

	if (simulate_queue_is_bulk(desk->policy, name) != bulk || (!bulk && !simulate_queue_is_staffed(desk->policy, name, now.day, 0)))
		return 0;
	int64_t queue = store_name_find(store, name);
	if (queue < 0)
		return (int)queue;
	int paused = store_pause_holds(store, PAUSE_QUEUE, queue, now.unix_seconds, NULL);
	if (paused != 0)
		return paused < 0 ? paused : 0;
	return hand_out(desk, name, queue, bulk ? SIMULATE_WITHOUT_LIMIT : desk->capacity(desk->context, name, now), now);
}

static int work_queues(const struct simulate_desk *desk, bool bulk, struct moment now)
{
	char **names;
	size_t count;

	int result = list_queues(engine_store(desk->engine), &names, &count);
	for (size_t i = 0; result == 0 && i < count; i++)
		result = work_queue(desk, names[i], bulk, now);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return result;
}

int simulate_desk_work(const struct simulate_desk *desk, struct moment now)
{
	int result;

	while ((result = engine_work(desk->engine, now, SIMULATE_WITHOUT_LIMIT)) > 0)
		continue;
	return result;
}

int simulate_desk_hand_out(const struct simulate_desk *desk, struct moment now)
{
	int result = work_queues(desk, false, now);

	return result < 0 ? result : work_queues(desk, true, now);
}
