/* look.c - what supervisors look at: QUEUES, LIST. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "followup/json_text.h"
#include "followup/store_client.h"
#include "followup/store_name.h"
#include "followup/store_review.h"
#include "followup/store_view.h"
#include "internal.h"

struct queues {
	struct desk *desk;
	struct moment now;
	struct buffer *out;
	bool any;
};

static int add_queue(void *context, const struct queue_row *row)
{
	struct queues *queues = context;
	struct buffer *out = queues->out;
	char day[DATE_TEXT_SIZE], time[32];
	bool open = queue_is_open(queues->desk, row->queue, queues->now);

	buffer_text(out, queues->any ? ",{\"queue\":" : "{\"queue\":");
	json_text_append(out, row->queue);
	buffer_printf(out,
		",\"ready\":%lld,\"due_now\":%lld,\"overdue\":%lld,\"resting\":%lld,\"leased\":%lld,\"oldest_due_on\":\"%s\",\"open\":%s",
		(long long)row->ready, (long long)row->due_now, (long long)row->overdue, (long long)row->resting, (long long)row->leased,
		date_format(row->oldest_due_on, day), open ? "true" : "false");
	if (!open) {
		int64_t opens = queue_opens_at(queues->desk, row->queue, queues->now);
		if (opens != INT64_MAX)
			buffer_printf(out, ",\"opens_at\":\"%s\"", local_time_text(opens, time));
	}
	buffer_text(out, "}");
	queues->any = true;
	return out->failed ? ERR_MEMORY : 0;
}

int desk_queues(struct desk *desk, struct moment now, struct answer *answer)
{
	struct queues queues = {desk, now, &answer->json, false};

	buffer_text(&answer->json, "[");
	int result = store_view_queues(desk->store, now.day, add_queue, &queues);
	buffer_text(&answer->json, "]");
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}

static int call_state_parse(const char *name)
{
	for (int state = CALL_READY; state <= CALL_UNCERTAIN; state++)
		if (strcmp(call_state_name((enum call_state)state), name) == 0)
			return state;
	return ERR_NOT_FOUND;
}

static int task_state_parse(const char *name)
{
	if (strcmp(name, "open") == 0)
		return 0;
	return strcmp(name, "acknowledged") == 0 ? 1 : ERR_NOT_FOUND;
}

typedef int list_function(struct store *store, const struct list_filter *filter, struct buffer *out);
static const struct {
	const char *name;
	list_function *list;
	int (*state)(const char *name); /* NULL: has none */
	bool by_queue, by_rule;
	bool own_queues; /* on which there are no calls, like "records" */
	bool by_reason;
} lists[] = {
	{"followups", store_view_list_followups, followup_state_parse, true, true, false, true},
	{"calls", store_view_list_calls, call_state_parse, true, true, false, false},
	{"clients", store_view_list_clients, NULL, false, false, false, false},
	{"events", store_view_list_events, NULL, false, false, false, false},
	{"attempts", store_view_list_attempts, NULL, true, false, false, false},
	{"tasks", store_view_list_tasks, task_state_parse, true, false, true, false},
	{"promises", store_view_list_promises, followup_state_parse, false, false, false, false},
	{"reviews", store_view_list_reviews, review_state_parse, false, false, false, false},
};
enum { LIST_COUNT = sizeof(lists) / sizeof(lists[0]), LIST_DEFAULT = 100, LIST_MOST = 10000, LOOK_WORDS_MAX = 16 };

/* A name that neither the configuration nor the book has is a typing mistake; one that the configuration has no more still finds its rows. */
static int check_name(struct desk *desk, const char *what, const char *name, bool configured, struct answer *answer)
{
	int64_t id = configured ? 1 : store_name_find(desk->store, name);

	return id == 0 ? refuse(answer, ERR_INVALID, "there is no %s %s", what, name) : id < 0 ? (int)id : 0;
}

static int parse_filter(
	struct desk *desk, size_t which, const char *const *words, size_t count, struct list_filter *filter, struct answer *answer)
{
	int result = 0;

	for (size_t i = 1; result == 0 && i < count; i += 2) {
		const char *key = words[i], *value = i + 1 < count ? words[i + 1] : NULL;
		if (value == NULL)
			return refuse(answer, ERR_INVALID, "%s needs a value", key);
		/* The look is written down about the client who is named. */
		for (size_t k = 1; k < i; k += 2)
			if (strcasecmp(words[k], key) == 0)
				return refuse(answer, ERR_INVALID, "%s is named twice", key);
		if (strcasecmp(key, "CLIENT") == 0) {
			filter->client_ref = value;
		} else if (strcasecmp(key, "QUEUE") == 0 && lists[which].by_queue) {
			filter->queue = value;
			if (!lists[which].own_queues)
				result = check_name(desk, "queue", value, queue_is_known(desk->policy, value), answer);
		} else if (strcasecmp(key, "RULE") == 0 && lists[which].by_rule) {
			filter->rule = value;
			result = check_name(desk, "rule", value, policy_rule(desk->policy, value) != NULL, answer);
		} else if (strcasecmp(key, "REASON") == 0 && lists[which].by_reason) {
			filter->reason = value;
			result = check_name(desk, "reason", value, text_list_has(&desk->policy->event_kinds, value), answer);
		} else if (strcasecmp(key, "STATE") == 0 && lists[which].state != NULL) {
			filter->state = lists[which].state(value);
			if (filter->state < 0)
				return refuse(answer, ERR_INVALID, "%s have no state %s", lists[which].name, value);
		} else if (strcasecmp(key, "LIMIT") == 0) {
			if (!parse_count(value, 0, LIST_MOST, &filter->limit))
				return refuse(answer, ERR_INVALID, "LIMIT is a number up to %d", LIST_MOST);
		} else if (strcasecmp(key, "AFTER") == 0) {
			if (!parse_count(value, 0, INT64_MAX, &filter->after))
				return refuse(answer, ERR_INVALID, "AFTER is the number of the last one seen");
		} else {
			return refuse(answer, ERR_INVALID, "LIST %s cannot be narrowed by %s", lists[which].name, key);
		}
	}
	return result;
}

int desk_list(struct desk *desk, const char *const *words, size_t count, struct answer *answer)
{
	struct list_filter filter = {
		.state = -1, .limit = LIST_DEFAULT, .declared = desk->policy->declared, .declared_count = desk->policy->declared_count};

	for (size_t which = 0; count > 0 && which < LIST_COUNT; which++) {
		if (strcasecmp(words[0], lists[which].name) != 0)
			continue;
		int result = parse_filter(desk, which, words, count, &filter, answer);
		if (result == 0)
			result = lists[which].list(desk->store, &filter, &answer->json);
		return result < 0 ? refuse_store(desk, answer, result) : 0;
	}
	return refuse(answer, ERR_INVALID,
		"LIST followups|calls|clients|events|attempts|tasks|promises|reviews [CLIENT ref] [QUEUE q] [RULE r] [STATE s] "
		"[REASON r] [LIMIT n] [AFTER n]");
}

/* The client whom a look was narrowed to; 0: none, or nobody whom the book knows. */
static int64_t client_looked_for(struct desk *desk, const char *const *words, size_t count)
{
	for (size_t i = 0; i + 1 < count; i++)
		if (strcasecmp(words[i], "CLIENT") == 0) {
			int64_t client = store_client_find(desk->store, words[i + 1]);
			return client == ERR_NOT_FOUND ? 0 : client;
		}
	return 0;
}

int desk_write_look(struct desk *desk, const char *command, const char *const *words, size_t count, const struct answer *answer)
{
	const char *said[LOOK_WORDS_MAX] = {command};
	int64_t client = client_looked_for(desk, words, count);
	size_t length = 1;

	for (size_t i = 0; i < count && length < LOOK_WORDS_MAX; i++)
		said[length++] = words[i];
	return client < 0 ? (int)client : looked(desk, said, length, answer, client);
}
