/* own_hours.c - hours of rules and clients as texts that calls share. */
#include "followup/own_hours.h"

#include <stdio.h>
#include <string.h>

#include "followup/lines.h"

void own_hours_add_rule(char text[OWN_HOURS_SIZE], const char *rule)
{
	lines_add(text, OWN_HOURS_SIZE, "%", rule);
}

void own_hours_add_client(char text[OWN_HOURS_SIZE], const struct hours *hours)
{
	static const char weekdays[][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	char word[LINES_LINE_SIZE] = "";
	size_t used = 0;

	for (size_t i = 0; i < sizeof(weekdays) / sizeof(weekdays[0]); i++) {
		const struct hours_day *day = &hours->days[i];
		for (size_t s = 0; s < day->count; s++) {
			const struct hours_span *span = &day->spans[s];
			int length = snprintf(word + used, sizeof(word) - used, "%s%s%02d:%02d-%02d:%02d",
				s > 0               ? ","
				: i > 0 && used > 0 ? ";"
						    : "",
				s > 0 ? "" : weekdays[i], span->from / 60, span->from % 60, span->to / 60, span->to % 60);
			used += (size_t)length; /* seven days of at most HOURS_SPANS_MAX spans: it always fits */
		}
	}
	lines_add(text, OWN_HOURS_SIZE, "~", word);
}

/* The hours of the line at *text, which moves on to the next one. NULL: those of a rule that has none now, or unreadable ones. */
static const struct hours *next_hours(const struct policy *policy, const char **text, struct hours *room)
{
	char line[LINES_LINE_SIZE];
	size_t length = strcspn(*text, "\n");
	bool of_rule = **text == '%';

	snprintf(line, sizeof(line), "%.*s", (int)length, *text);
	*text += length + ((*text)[length] == '\n');
	if (!of_rule)
		return hours_parse(line + 1, room) ? room : NULL;
	const struct rule *rule = policy_rule(policy, line + 1);
	return rule != NULL && rule->has_hours ? &rule->hours : NULL;
}

bool own_hours_are_open(const struct policy *policy, const char *text, bool queue_is_open, struct moment now)
{
	bool open = queue_is_open;
	struct hours room;

	if (*text == '!')
		return true;
	while (*text != '\0') {
		bool instead = *text == '%'; /* that line is the first */
		const struct hours *hours = next_hours(policy, &text, &room);
		if (hours != NULL)
			open = (open || instead) && opening_is_now(hours, now, policy->calendar);
	}
	return open;
}

int64_t own_hours_open_after(const struct policy *policy, const char *text, struct moment now)
{
	int64_t best = INT64_MAX;
	struct hours room;

	while (*text != '\0') {
		const struct hours *hours = next_hours(policy, &text, &room);
		int64_t opens = hours != NULL ? opening_after(hours, policy->calendar, now) : INT64_MAX;
		best = opens < best ? opens : best;
	}
	return best;
}
