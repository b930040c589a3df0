/* sample.c - the yearly sample (POLICY 4): the draw of a year, made once and written down; and those drawn in place of the ones who were lost.
 *
 * The first cycle of a year goes through the book in slices, counts it, and keeps its clients in the order of a key that anyone can work out again. As many as are wanted
 * are drawn from the front of that order and given their days, in slices too. Every day's cycle after that draws as many more as are missing. All of it goes on where it
 * stood after a crash: the store knows how far it came. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "followup/draw.h"
#include "followup/json_text.h"
#include "followup/sample_plan.h"
#include "followup/store_condition.h"
#include "followup/store_sample.h"
#include "internal.h"

/* followup-rules(5): the first 15 hexadecimal digits of SHA-256 of "seed/year/client_ref". */
static int64_t key_of(const struct sample_draw *draw, const char *client_ref)
{
	char text[128];

	snprintf(text, sizeof(text), "%" PRId64 "/%d/%s", draw->seed, draw->year, client_ref);
	return draw_key(text);
}

/* Whether a client belongs to the rule's book: his account was open at the end of the year before, as is known now. 1, 0. */
static int is_in_book(struct engine *engine, const struct rule *rule, int64_t client_id, day_t year_end)
{
	struct facts *facts = engine->facts;
	int result = facts_load_account(engine, client_id, year_end, facts);

	if (result < 0)
		return result;
	if (!facts->client.known || !facts->account_open || !rule_fits(rule, facts) || strcmp(facts->client.status, "dormant") == 0 ||
		strcmp(facts->client.status, "suspended") == 0)
		return 0;
	return rule->condition == NULL ? 1 : store_condition_holds(engine->store, rule->condition, client_id, "", NO_MONEY);
}

static int begin_draw(struct engine *engine, const struct rule *rule, int64_t name, day_t day, struct sample_draw *draw)
{
	int64_t clients = store_sample_clients(engine->store), kept;

	if (clients <= 0)
		return (int)clients;
	kept = sample_kept(clients, rule->share_percent);
	*draw = (struct sample_draw){
		.rule = name,
		.year = date_of_day(day).year,
		.seed = rule->seed,
		.share_percent = rule->share_percent,
		.made_on = day,
		.batch_from = day,
		/* Keys are spread evenly, so below this part of them lie about so many candidates. */
		.key_end = kept == clients ? INT64_C(1) << DRAW_KEY_BITS : (INT64_C(1) << DRAW_KEY_BITS) / clients * kept,
	};
	int result = store_sample_begin(engine->store, draw);
	return result < 0 ? result : 1;
}

/* Goes through the book. 1: to its end, 0: the budget was used up. */
static int count_book(struct engine *engine, const struct rule *rule, struct sample_draw *draw, int *budget)
{
	int64_t id;

	while ((id = store_client_after(engine->store, draw->scanned)) > 0) {
		if ((*budget)-- <= 0)
			break;
		int in_book = is_in_book(engine, rule, id, date_to_day(draw->year - 1, 12, 31));
		if (in_book < 0)
			return in_book;
		struct sample_place place = {in_book ? key_of(draw, engine->facts->client.ref) : 0, id};
		draw->book += in_book;
		draw->scanned = id;
		int result = in_book && place.key < draw->key_end ? store_sample_add(engine->store, draw->id, place) : 0;
		if (result < 0)
			return result;
	}
	if (id < 0)
		return (int)id;
	draw->counted = id == 0;
	draw->wanted = sample_wanted(draw->book, draw->share_percent);
	int result = store_sample_save(engine->store, draw);
	return result < 0 ? result : draw->counted;
}

/* The work days of a year from a day on: the place of the first among them; count says how many there are in all. */
static const struct work_days *work_days_of(struct engine *engine, int year)
{
	struct work_days *days = &engine->work_days;

	if (days->year != year || days->version != engine->policy_version) {
		days->count = 0;
		for (day_t day = date_to_day(year, 1, 1); day <= date_to_day(year, 12, 31); day++)
			if (calendar_is_work_day(engine->policy->calendar, day))
				days->days[days->count++] = day;
		days->year = year;
		days->version = engine->policy_version;
	}
	return days;
}

/* What the record says of a draw (POLICY 8): enough to repeat it. */
static int tell_record(struct engine *engine, const struct rule *rule, const struct sample_draw *draw)
{
	struct buffer body = {0};

	buffer_text(&body, "{\"rule\":");
	json_text_append(&body, rule->name);
	buffer_printf(&body,
		",\"year\":%d,\"seed\":%" PRId64 ",\"share\":%d,\"book\":%" PRId64 ",\"wanted\":%" PRId64 ",\"count\":%" PRId64 "}",
		draw->year, draw->seed, draw->share_percent, draw->book, draw->wanted, draw->batch_count);
	int64_t entry = body.failed
				? ERR_MEMORY
				: store_record_add(engine->store, &(struct record_entry){.kind = RECORD_SAMPLE_DRAWN, .body = body.data});
	buffer_free(&body);
	return entry < 0 ? (int)entry : 0;
}

/* How many are to be drawn today, when the last ones have their days: those who are missing. */
static int plan_batch(struct engine *engine, const struct rule *rule, struct sample_draw *draw, day_t day)
{
	day_t year_end = date_to_day(draw->year, 12, 31);
	struct sample_plan plan = {
		.wanted = draw->wanted,
		.reached = draw->counts[SAMPLE_REACHED],
		.lost = draw->counts[SAMPLE_LOST],
		.rounds = sample_rounds(rule, day, year_end, engine->policy->calendar),
	};
	plan.pending = sample_pending(draw, plan.rounds);
	const struct work_days *days = work_days_of(engine, draw->year);
	struct sample_place place;

	int64_t missing = sample_missing(&plan);
	if (missing == 0 || days->count == 0 || days->days[days->count - 1] < day)
		return 0;
	int result = store_sample_next(engine->store, draw->id, draw->last, &place);
	if (result <= 0)
		return result; /* all candidates are drawn */
	draw->batch_count = missing;
	draw->batch_done = 0;
	draw->batch_from = day;
	return tell_record(engine, rule, draw);
}

/* Gives those being drawn their days. 1: all have one, 0: the budget was used up. */
static int place_batch(struct engine *engine, const struct rule *rule, struct sample_draw *draw, int *budget)
{
	const struct work_days *days = work_days_of(engine, draw->year);
	int first = 0, result = 0;

	while (first < days->count && days->days[first] < draw->batch_from)
		first++;
	while (draw->batch_done < draw->batch_count && (*budget)-- > 0) {
		struct sample_place place;
		/* A calendar that came meanwhile can leave no work day: nobody is drawn for none. */
		result = first < days->count ? store_sample_next(engine->store, draw->id, draw->last, &place) : 0;
		if (result == 0)
			draw->batch_done = draw->batch_count;
		if (result <= 0)
			break;
		day_t day = days->days[first + (int)sample_day(draw->batch_done, draw->batch_count, days->count - first)];
		struct window window = window_compute(day, rule->opens, rule->due, rule->roll, engine->policy->calendar);
		result = store_sample_assign(engine->store, draw->id, place, day);
		if (result == 0)
			result = slots_mark(engine, place.client_id, window.opens_on - rule->early_days, false);
		if (result < 0)
			break;
		draw->last = place;
		draw->batch_done++;
	}
	if (result >= 0)
		result = store_sample_save(engine->store, draw);
	return result < 0 ? result : draw->batch_done == draw->batch_count;
}

static int work_rule(struct engine *engine, const struct rule *rule, day_t day, int *budget)
{
	struct sample_draw draw;
	int64_t name = engine->rules[rule - engine->policy->rules].name;

	int result = store_sample_find(engine->store, name, date_of_day(day).year, &draw);
	if (result == 0)
		result = begin_draw(engine, rule, name, day, &draw);
	if (result <= 0)
		return result < 0 ? result : 1; /* no client is known yet */
	if (!draw.counted) {
		result = count_book(engine, rule, &draw, budget);
		if (result <= 0)
			return result;
		if (draw.book == 0) { /* a book that is empty, or not yet loaded: tomorrow again */
			result = store_sample_drop(engine->store, draw.id);
			return result < 0 ? result : 1;
		}
	}
	result = draw.batch_done == draw.batch_count ? plan_batch(engine, rule, &draw, day) : 0;
	if (result < 0 || draw.batch_done == draw.batch_count)
		return result < 0 ? result : 1;
	return place_batch(engine, rule, &draw, budget);
}

/* Those whose day has gone by without a follow-up: the account was closed, or the rule fits them no more. */
static int pass_by(struct engine *engine, day_t day, int *budget)
{
	int64_t draw_id, client_id;
	int result;

	while ((result = store_sample_passed(engine->store, day, &draw_id, &client_id)) > 0) {
		if ((*budget)-- <= 0)
			return 0;
		result = store_sample_move(engine->store, draw_id, client_id, SAMPLE_TO_COME, SAMPLE_LOST);
		if (result < 0)
			return result;
	}
	return result < 0 ? result : 1;
}

/* When a year is over nobody is drawn in it any more. */
static int forget_candidates(struct engine *engine, day_t day, int *budget)
{
	int gone = *budget > 0 ? store_sample_forget(engine->store, date_of_day(day).year, *budget) : 0;

	if (gone < 0)
		return gone;
	*budget -= gone;
	return *budget > 0;
}

int sample_work(struct engine *engine, day_t day, int *budget)
{
	int result = pass_by(engine, day, budget);
	if (result > 0)
		result = forget_candidates(engine, day, budget);

	for (size_t i = 0; result > 0 && i < engine->policy->rule_count; i++) {
		const struct rule *rule = &engine->policy->rules[i];
		if (rule->on && rule->trigger == TRIGGER_SAMPLE && day >= engine->start_on)
			result = work_rule(engine, rule, day, budget);
	}
	return result;
}

int sample_note(struct engine *engine, const struct followup *f)
{
	enum { YEARS_MAX = 8 };
	static const enum sample_state ends[] = {
		[FOLLOWUP_SCHEDULED] = SAMPLE_OPEN,
		[FOLLOWUP_QUEUED] = SAMPLE_OPEN,
		[FOLLOWUP_DONE] = SAMPLE_REACHED,
		[FOLLOWUP_DONE_LATE] = SAMPLE_REACHED,
		[FOLLOWUP_MISSED] = SAMPLE_LOST,
		[FOLLOWUP_CANCELLED] = SAMPLE_LOST,
		[FOLLOWUP_SUPPRESSED] = SAMPLE_LOST,
	};
	const struct rule *rule = agenda_rule(engine, f);
	struct sample_drawn drawn[YEARS_MAX];

	if (rule != NULL && rule->trigger != TRIGGER_SAMPLE)
		return 0;
	int count = store_sample_of_client(engine->store, f->client_id, f->rule, drawn, YEARS_MAX);
	for (int i = 0; i < count && i < YEARS_MAX; i++) {
		enum sample_state to = f->state == FOLLOWUP_SCHEDULED && f->reason != 0 ? SAMPLE_WAITING : ends[f->state];
		if (drawn[i].day != f->occasion_on)
			continue;
		if (to == SAMPLE_REACHED && date_of_day(f->closed_on).year > drawn[i].year)
			to = SAMPLE_REACHED_LATE;
		return to == drawn[i].state ? 0 : store_sample_move(engine->store, drawn[i].draw_id, f->client_id, drawn[i].state, to);
	}
	return count < 0 ? count : 0;
}
