#include "followup/policy_difference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/book_rows.h"
#include "followup/engine.h"
#include "followup/json_text.h"
#include "followup/simulate_desk.h"
#include "followup/store.h"

struct rule_count {
	char *rule;
	long created, changed, ended;
};

struct listing {
	struct buffer rows;
	long row_count;
	struct rule_count *rules;
	size_t rule_count;
};

static void listing_free(struct listing *listing)
{
	for (size_t i = 0; i < listing->rule_count; i++)
		free(listing->rules[i].rule);
	free(listing->rules);
	buffer_free(&listing->rows);
}

static struct rule_count *count_of(struct listing *listing, const char *rule)
{
	for (size_t i = 0; i < listing->rule_count; i++)
		if (strcmp(listing->rules[i].rule, rule) == 0)
			return &listing->rules[i];
	struct rule_count *larger = realloc(listing->rules, (listing->rule_count + 1) * sizeof(*larger));
	if (larger == NULL)
		return NULL;
	listing->rules = larger;
	larger[listing->rule_count] = (struct rule_count){.rule = strdup(rule)};
	return larger[listing->rule_count].rule != NULL ? &larger[listing->rule_count++] : NULL;
}

static bool is_open(const struct followup_row *row)
{
	int state = row != NULL ? followup_state_parse(row->state) : -1;

	return state == FOLLOWUP_SCHEDULED || state == FOLLOWUP_QUEUED;
}

/* A member whose value differs, or every one where there is nothing to compare with. */
struct members {
	struct buffer *out;
	bool any;
};

static void add_text(struct members *members, const char *name, const char *value, const char *other)
{
	if (other != NULL && strcmp(value, other) == 0)
		return;
	buffer_printf(members->out, "%s\"%s\":", members->any ? "," : "", name);
	if (value[0] != '\0')
		json_text_append(members->out, value);
	else
		buffer_text(members->out, "null");
	members->any = true;
}

static void add_side(struct buffer *out, const char *name, const struct followup_row *row, const struct followup_row *other)
{
	struct members members = {out, false};
	char days[4][DATE_TEXT_SIZE];

	buffer_printf(out, ",\"%s\":", name);
	if (row == NULL) {
		buffer_text(out, "null");
		return;
	}
	buffer_text(out, "{");
	add_text(&members, "opens_on", date_format(row->opens_on, days[0]), other != NULL ? date_format(other->opens_on, days[1]) : NULL);
	add_text(&members, "due_on", date_format(row->due_on, days[2]), other != NULL ? date_format(other->due_on, days[3]) : NULL);
	add_text(&members, "channel", row->channel, other != NULL ? other->channel : NULL);
	add_text(&members, "queue", row->queue, other != NULL ? other->queue : NULL);
	add_text(&members, "state", row->state, other != NULL ? other->state : NULL);
	add_text(&members, "reason", row->reason, other != NULL ? other->reason : NULL);
	buffer_text(out, "}");
}

static int take_difference(void *context, const struct followup_row *before, const struct followup_row *after)
{
	struct listing *listing = context;
	const struct followup_row *either = after != NULL ? after : before;
	struct rule_count *count = count_of(listing, either->rule);

	if (count == NULL)
		return ERR_MEMORY;
	count->created += before == NULL;
	count->ended += before != NULL && is_open(before) && !is_open(after);
	count->changed += before != NULL && !(is_open(before) && !is_open(after));
	if (listing->row_count++ >= POLICY_DIFFERENCE_ROWS_MAX)
		return 0;
	buffer_text(&listing->rows, listing->row_count > 1 ? ",{\"client_ref\":" : "{\"client_ref\":");
	json_text_append(&listing->rows, either->client_ref);
	buffer_text(&listing->rows, ",\"rule\":");
	json_text_append(&listing->rows, either->rule);
	buffer_text(&listing->rows, ",\"occasion\":");
	json_text_append(&listing->rows, either->occasion);
	add_side(&listing->rows, "before", before, after);
	add_side(&listing->rows, "after", after, before);
	buffer_text(&listing->rows, "}");
	return 0;
}

/* Works everything that is open up to now under a policy, and reads what came of it. */
static int settle(
	struct store *copy, struct engine *engine, const struct policy *policy, struct moment now, day_t since, struct book_rows **out)
{
	struct simulate_desk desk = {.engine = engine, .policy = policy};
	int result = engine_set_policy(engine, policy, now.unix_seconds);

	if (result == 0)
		result = store_begin(copy, now.unix_seconds);
	if (result == 0)
		result = simulate_desk_work(&desk, now);
	if (result == 0)
		result = store_commit(copy);
	return result < 0 ? result : book_rows_read(copy, since, out);
}

static int compare_rules(const void *a, const void *b)
{
	return strcmp(((const struct rule_count *)a)->rule, ((const struct rule_count *)b)->rule);
}

static void print(struct buffer *json, struct listing *listing, long differing)
{
	if (listing->rule_count > 1)
		qsort(listing->rules, listing->rule_count, sizeof(*listing->rules), compare_rules);
	buffer_printf(json, ",\"changed\":%ld,\"changed_by_rule\":[", differing);
	for (size_t i = 0; i < listing->rule_count; i++) {
		const struct rule_count *count = &listing->rules[i];
		buffer_text(json, i > 0 ? ",{\"rule\":" : "{\"rule\":");
		json_text_append(json, count->rule);
		buffer_printf(json, ",\"created\":%ld,\"changed\":%ld,\"ended\":%ld}", count->created, count->changed, count->ended);
	}
	buffer_text(json, "],\"changes\":[");
	buffer_append(json, listing->rows.data != NULL ? listing->rows.data : "", listing->rows.length);
	buffer_text(json, "]");
}

int policy_difference(struct store *copy, const struct policy *before, const struct policy *after, struct moment now, struct buffer *json)
{
	struct engine *engine = engine_new(copy);
	struct book_rows *then = NULL, *afterwards = NULL;
	struct listing listing = {0};
	long differing = 0;

	int result = engine != NULL ? settle(copy, engine, before, now, now.day, &then) : ERR_MEMORY;
	if (result == 0)
		result = settle(copy, engine, after, now, now.day, &afterwards);
	if (result == 0)
		result = book_rows_compare(then, afterwards, take_difference, &listing, &differing);
	if (result == 0)
		print(json, &listing, differing);
	if (result == 0 && (json->failed || listing.rows.failed))
		result = ERR_MEMORY;
	listing_free(&listing);
	book_rows_free(then);
	book_rows_free(afterwards);
	engine_free(engine);
	return result;
}

void policy_difference_none(struct buffer *json)
{
	buffer_text(json, ",\"changed\":0,\"changed_by_rule\":[],\"changes\":[]");
}
