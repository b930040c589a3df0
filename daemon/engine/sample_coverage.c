/* sample_coverage.c - how far the draws of the yearly sample have come, worked out from what the store counts. */
#include "followup/sample.h"

#include <inttypes.h>
#include <stdio.h>

#include "followup/json_text.h"
#include "followup/report_figure.h"
#include "followup/sample_plan.h"
#include "followup/store_name.h"
#include "followup/store_sample.h"
#include "internal.h"

int sample_rounds(const struct rule *rule, day_t day, day_t year_end, const struct calendar *calendar)
{
	struct window window = window_compute(day, rule->opens, rule->due, rule->roll, calendar);
	int span = window.due_on + (rule->late == LATE_KEEP ? rule->max_late_days : 0) - day + 1;

	return span > 0 ? (int)(year_end - day) / span : (int)(year_end - day);
}

/* When one that is lost cannot be replaced any more, those that wait for a contact to come free are not to be reckoned with. */
int64_t sample_pending(const struct sample_draw *draw, int rounds)
{
	return draw->counts[SAMPLE_TO_COME] + draw->counts[SAMPLE_OPEN] + (rounds > 0 ? draw->counts[SAMPLE_WAITING] : 0);
}

int sample_coverage_next(struct store *store, const struct policy *policy, day_t today, int64_t *draw_id, struct sample_coverage *out)
{
	struct sample_draw draw = {.id = *draw_id};
	int result;

	do
		result = store_sample_after(store, draw.id, &draw);
	while (result > 0 && !draw.counted);
	if (result <= 0)
		return result;
	day_t year_end = date_to_day(draw.year, 12, 31);
	const char *name = store_name_text(store, draw.rule);
	const struct rule *rule = policy_rule(policy, name);
	struct sample_plan plan = {
		.wanted = draw.wanted,
		.reached = draw.counts[SAMPLE_REACHED],
		.lost = draw.counts[SAMPLE_LOST] + draw.counts[SAMPLE_REACHED_LATE],
		.rounds = rule != NULL && rule->on && today <= year_end ? sample_rounds(rule, today, year_end, policy->calendar) : 0,
	};
	plan.pending = today <= year_end ? sample_pending(&draw, plan.rounds) : 0;
	*out = (struct sample_coverage){
		.rule = name,
		.year = draw.year,
		.seed = draw.seed,
		.share_percent = draw.share_percent,
		.made_on = draw.made_on,
		.book = draw.book,
		.wanted = draw.wanted,
		.reached = draw.counts[SAMPLE_REACHED],
		.reached_late = draw.counts[SAMPLE_REACHED_LATE],
		.open = draw.counts[SAMPLE_OPEN] + draw.counts[SAMPLE_WAITING],
		.waiting = draw.counts[SAMPLE_WAITING],
		.lost = draw.counts[SAMPLE_LOST],
		.to_come = draw.counts[SAMPLE_TO_COME],
		.projected = sample_projected(&plan),
	};
	out->drawn = out->reached + out->reached_late + out->open + out->lost + out->to_come;
	for (day_t day = today; day <= year_end; day++)
		out->days_left += calendar_is_work_day(policy->calendar, day);
	out->will_make_it = out->projected >= out->wanted;
	*draw_id = draw.id;
	return 1;
}

int sample_coverage_append(
	struct store *store, const struct policy *policy, day_t today, int first_year, int last_year, struct buffer *json)
{
	struct sample_coverage c;
	char text[DATE_TEXT_SIZE], coverage[32];
	int64_t draw_id = 0;
	bool first = true;
	int result;

	buffer_text(json, "[");
	while ((result = sample_coverage_next(store, policy, today, &draw_id, &c)) > 0) {
		if (c.year < first_year || c.year > last_year)
			continue;
		buffer_text(json, first ? "{\"rule\":" : ",{\"rule\":");
		json_text_append(json, c.rule);
		buffer_printf(json,
			",\"year\":%d,\"seed\":%" PRId64 ",\"share\":%d,\"made_on\":\"%s\",\"book\":%" PRId64 ",\"wanted\":%" PRId64,
			c.year, c.seed, c.share_percent, date_format(c.made_on, text), c.book, c.wanted);
		buffer_printf(json,
			",\"drawn\":%" PRId64 ",\"reached\":%" PRId64 ",\"reached_late\":%" PRId64 ",\"open\":%" PRId64
			",\"waiting\":%" PRId64,
			c.drawn, c.reached, c.reached_late, c.open, c.waiting);
		if (c.book > 0)
			buffer_printf(json, ",\"coverage\":%s", report_percent(c.reached, c.book, coverage, sizeof(coverage)));
		buffer_printf(json,
			",\"lost\":%" PRId64 ",\"to_come\":%" PRId64 ",\"days_left\":%d,\"projected\":%" PRId64 ",\"will_make_it\":%s}",
			c.lost, c.to_come, c.days_left, c.projected, c.will_make_it ? "true" : "false");
		first = false;
	}
	buffer_text(json, "]");
	return result < 0 ? result : json->failed ? ERR_MEMORY : 0;
}

int sample_warn_of_kept(struct store *store, const struct policy *policy, day_t today, policy_complain *complain, void *context)
{
	struct sample_draw draw;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		char text[200];
		if (!rule->on || rule->trigger != TRIGGER_SAMPLE)
			continue;
		int64_t name = store_name_find(store, rule->name);
		if (name == ERR_NOT_FOUND)
			continue;
		int found = name < 0 ? (int)name : store_sample_find(store, name, date_of_day(today).year, &draw);
		if (found < 0)
			return found;
		if (found == 0 || (draw.seed == rule->seed && draw.share_percent == rule->share_percent))
			continue;
		snprintf(text, sizeof(text),
			"the draw of %d was made with seed %" PRId64 " and share %d, and is kept; seed %d and share %d count from %d",
			draw.year, draw.seed, draw.share_percent, rule->seed, rule->share_percent, draw.year + 1);
		complain(context, &(struct complaint){.file = rule->place.file, .line = rule->place.line, .text = text, .warning = true});
	}
	return 0;
}
