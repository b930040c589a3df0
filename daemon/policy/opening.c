/* opening.c - when calling hours open. */
#include "followup/opening.h"

bool opening_is_now(const struct hours *hours, struct moment now, const struct calendar *calendar)
{
	const struct hours_day *day = hours_on(hours, now.day, calendar);
	int minute = now.second / 60;

	for (size_t i = 0; day != NULL && i < day->count; i++)
		if (minute >= day->spans[i].from && minute < day->spans[i].to)
			return true;
	return false;
}

int64_t opening_after(const struct hours *hours, const struct calendar *calendar, struct moment now)
{
	int minute = now.second / 60;

	for (day_t day = now.day; day < now.day + 366; day++, minute = -1) {
		const struct hours_day *spans = hours_on(hours, day, calendar);
		for (size_t i = 0; spans != NULL && i < spans->count; i++)
			if (spans->spans[i].from > minute)
				return zone_unix(day, spans->spans[i].from * 60);
	}
	return INT64_MAX;
}

int64_t opening_of_hours(const struct hours *hours, const struct calendar *calendar, struct moment now)
{
	return opening_is_now(hours, now, calendar) ? now.unix_seconds : opening_after(hours, calendar, now);
}

bool opening_is_bulk(const struct policy *policy, const char *queue)
{
	int channel = policy_channel(policy, queue);

	return channel >= 0 && policy->channels[channel].kind == CHANNEL_BULK;
}

int64_t opening_of_queue(const struct policy *policy, const char *queue, struct moment now)
{
	const struct queue_settings *settings = policy_queue(policy, queue);

	if (settings->always_open || opening_is_bulk(policy, queue))
		return now.unix_seconds;
	return opening_of_hours(&settings->hours, policy->calendar, now);
}
