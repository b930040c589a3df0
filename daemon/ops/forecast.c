#include "followup/forecast.h"

#include <stdlib.h>
#include <string.h>

#include "followup/agenda.h"
#include "followup/json_text.h"
#include "followup/simulate_desk.h"
#include "followup/store.h"
#include "followup/store_call.h"
#include "followup/store_hold.h"
#include "followup/store_load.h"
#include "followup/store_name.h"

enum { ROWS_MAX = 20000, PACE_DAYS = 10, DAY_SECONDS = 86400 };

/* Where a queue's capacity comes from. */
enum basis { BASIS_COMMAND, BASIS_CONFIGURATION, BASIS_PACE, BASIS_NONE, BASIS_MESSAGES };
static const char *const basis_names[] = {
	[BASIS_COMMAND] = "command",
	[BASIS_CONFIGURATION] = "configuration",
	[BASIS_PACE] = "pace",
	[BASIS_NONE] = "none", /* nothing has been made in this book yet: no pace is known */
	[BASIS_MESSAGES] = "messages",
};

struct queue {
	char *name;
	enum basis basis;
	int calls_a_day;      /* NO_LIMIT: none; BASIS_PACE: unused */
	int64_t contacts;     /* BASIS_PACE: made in the run's pace_days */
	int64_t staffed;      /* and how many days of the forecast have had their share of it */
	int64_t made_already; /* on the first day, before the forecast begins */
	int *made_by_due;     /* [days]: calls made so far that are due on that day */
	/* One day. */
	day_t capacity_on;
	long capacity;
	int64_t waiting, made, appointed;
	int64_t missed, left, appointed_left, appointed_more;
};

struct run {
	struct simulate_desk desk;
	struct store *store;
	const struct policy *policy;
	const struct forecast *forecast;
	struct moment now;
	day_t from, day;
	int64_t pace_days;    /* work days that the pace is taken from; 0: no pace is known */
	struct queue *queues; /* in order of their names */
	size_t count, capacity;
	struct buffer *json;
	int64_t rows;
	/* The first day that will be missed. */
	char *missed_queue;
	day_t missed_on;
	int64_t missed_count;
};

static void run_free(struct run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		free(run->queues[i].name);
		free(run->queues[i].made_by_due);
	}
	free(run->queues);
	free(run->missed_queue);
}

static bool fits(const struct forecast_capacity *capacity, const char *queue)
{
	bool star = capacity->length > 0 && capacity->queue[capacity->length - 1] == '*';
	size_t length = capacity->length - star;

	return strncmp(capacity->queue, queue, length) == 0 && (star || queue[length] == '\0');
}

/* Where its capacity comes from: the asker, the configuration, or what it has made of late. */
static void find_basis(const struct run *run, struct queue *queue)
{
	int configured = policy_queue(run->policy, queue->name)->capacity;

	queue->calls_a_day = NO_LIMIT;
	if (simulate_queue_is_bulk(run->policy, queue->name)) {
		queue->basis = BASIS_MESSAGES;
		return;
	}
	for (size_t i = 0; i < run->forecast->capacity_count; i++)
		if (fits(&run->forecast->capacities[i], queue->name)) {
			queue->basis = BASIS_COMMAND;
			queue->calls_a_day = run->forecast->capacities[i].calls_a_day;
			return;
		}
	queue->basis = configured != CAPACITY_BY_PACE ? BASIS_CONFIGURATION : run->pace_days > 0 ? BASIS_PACE : BASIS_NONE;
	if (configured != CAPACITY_BY_PACE)
		queue->calls_a_day = configured;
}

/* The queue of that name; NULL without memory. What was found before is somewhere else afterwards. */
static struct queue *queue_of(struct run *run, const char *name)
{
	size_t low = 0, high = run->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(run->queues[middle].name, name);
		if (order == 0)
			return &run->queues[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (run->count == run->capacity) {
		size_t capacity = run->capacity * 2 + 16;
		struct queue *larger = realloc(run->queues, capacity * sizeof(*larger));
		if (larger == NULL)
			return NULL;
		run->queues = larger;
		run->capacity = capacity;
	}
	struct queue made = {.name = strdup(name), .made_by_due = calloc((size_t)run->forecast->days, sizeof(int)), .capacity_on = NO_DAY};
	if (made.name == NULL || made.made_by_due == NULL) {
		free(made.name);
		free(made.made_by_due);
		return NULL;
	}
	find_basis(run, &made);
	memmove(&run->queues[low + 1], &run->queues[low], (run->count - low) * sizeof(*run->queues));
	run->queues[low] = made;
	run->count++;
	return &run->queues[low];
}

/* --- Capacity ---------------------------------------------------------------------------------------- */

/* What the queue can make on the day that is being worked. A pace of 13 contacts in 10 days is one call on most days and two on some. */
static long capacity_today(struct run *run, struct queue *queue)
{
	int32_t after = run->day == run->now.day ? run->now.second : 0;

	if (queue->capacity_on == run->day)
		return queue->capacity;
	queue->capacity_on = run->day;
	if (queue->basis == BASIS_MESSAGES)
		return queue->capacity = SIMULATE_WITHOUT_LIMIT;
	int64_t name = store_name_find(run->store, queue->name);
	/* The end of the day counts, as it does for handing out. */
	if (!simulate_queue_is_staffed(run->policy, queue->name, run->day, after) ||
		(name > 0 && store_pause_holds(run->store, PAUSE_QUEUE, name, zone_unix(run->day + 1, 0) - 1, NULL) > 0))
		return queue->capacity = 0;
	if (queue->basis == BASIS_PACE) {
		queue->staffed++;
		queue->capacity =
			(long)(queue->contacts * queue->staffed / run->pace_days - queue->contacts * (queue->staffed - 1) / run->pace_days);
	} else {
		queue->capacity = queue->calls_a_day == NO_LIMIT ? SIMULATE_WITHOUT_LIMIT : queue->calls_a_day;
	}
	if (run->day == run->from && queue->capacity < SIMULATE_WITHOUT_LIMIT)
		queue->capacity = queue->capacity > queue->made_already ? queue->capacity - (long)queue->made_already : 0;
	return queue->capacity;
}

static long take_capacity(void *context, const char *name, struct moment now)
{
	struct run *run = context;
	struct queue *queue = queue_of(run, name);

	(void)now;
	if (queue == NULL)
		return 0; /* without memory: whoever adds the numbers up finds it out */
	long capacity = capacity_today(run, queue);
	return capacity == SIMULATE_WITHOUT_LIMIT ? capacity : capacity > queue->made ? capacity - (long)queue->made : 0;
}

static int take_making(void *context, const char *name, const struct call *call)
{
	struct run *run = context;
	struct queue *queue = queue_of(run, name);
	/* What was overdue at the beginning counts on the first day. */
	int place = call->due_on <= run->from ? 0 : call->due_on - run->from;

	if (queue == NULL)
		return ERR_MEMORY;
	queue->made++;
	if (place < run->forecast->days)
		queue->made_by_due[place]++;
	return 0;
}

/* The span of days that the pace is taken from: the last ten work days before today, as far as the book goes back; today itself when it goes no further. */
static int find_pace_days(struct run *run, day_t *first, day_t *end)
{
	enum { LOOK_BACK_DAYS = 60 };
	int64_t at = 0;
	int result = store_load_first_made(run->store, &at);

	run->pace_days = 0;
	if (result <= 0)
		return result;
	day_t began = zone_moment(at).day, day = run->now.day - 1;
	*first = *end = run->now.day;
	for (; day >= began && day >= run->now.day - LOOK_BACK_DAYS && run->pace_days < PACE_DAYS; day--) {
		run->pace_days += calendar_is_work_day(run->policy->calendar, day);
		*first = day;
	}
	if (run->pace_days == 0) {
		run->pace_days = 1;
		*end = run->now.day + 1;
	}
	return 1;
}

static int take_pace(void *context, const char *name, int64_t contacts)
{
	struct queue *queue = queue_of(context, name);

	if (queue == NULL)
		return ERR_MEMORY;
	queue->contacts = contacts;
	return 0;
}

static int take_made_already(void *context, const char *name, int64_t contacts)
{
	struct queue *queue = queue_of(context, name);

	if (queue == NULL)
		return ERR_MEMORY;
	queue->made_already = contacts;
	return 0;
}

static int look_back(struct run *run)
{
	day_t first = NO_DAY, end = NO_DAY;
	int result = find_pace_days(run, &first, &end);

	if (result > 0)
		result = store_load_made(run->store, zone_unix(first, 0), zone_unix(end, 0), take_pace, run);
	if (result == 0)
		result = store_load_made(run->store, zone_unix(run->now.day, 0), INT64_MAX, take_made_already, run);
	return result;
}

/* --- A day ------------------------------------------------------------------------------------------- */

/* Whoever holds a call makes it, or sends the message, today. */
static int make_held(struct run *run, struct moment now)
{
	struct call call;
	int result;

	while ((result = store_call_next_expired(run->store, INT64_MAX, &call)) > 0) {
		call.state = CALL_READY;
		call.agent_id = 0;
		call.lease_until = 0;
		result = store_call_save(run->store, &call);
		if (result == 0)
			result = simulate_desk_make(&run->desk, store_name_text(run->store, call.queue), &call, now);
		if (result < 0)
			return result;
	}
	return result;
}

/* Retries whose time comes on this day, and what was agreed on for it. */
static int wake_resting(struct run *run, struct moment now)
{
	struct call call;
	int result;

	while ((result = store_call_next_rested(run->store, now.unix_seconds, &call)) > 0) {
		call.state = CALL_READY;
		call.not_before = 0;
		result = store_call_save(run->store, &call);
		if (result < 0)
			return result;
	}
	return result;
}

static int take_start(void *context, const struct load_row *row)
{
	struct queue *queue = queue_of(context, row->queue);

	if (queue == NULL)
		return ERR_MEMORY;
	queue->waiting = row->ready;
	queue->appointed = row->appointed;
	return 0;
}

static int take_end(void *context, const struct load_row *row)
{
	struct run *run = context;
	struct queue *queue = queue_of(run, row->queue);

	if (queue == NULL)
		return ERR_MEMORY;
	queue->left = row->ready;
	queue->missed = row->due + (run->day == run->from ? row->overdue : 0);
	queue->appointed_left = row->appointed_now;
	queue->appointed_more = row->appointed_more;
	return 0;
}

static int load(struct run *run, load_visit *visit)
{
	return store_load_queues(run->store, run->day, zone_unix(run->day, 0), zone_unix(run->day + 1, 0), visit, run);
}

static int work_day(struct run *run)
{
	/* The end of the day: pauses that end on it are over, and so is the rest of what is tried again on it. */
	struct moment evening = {zone_unix(run->day + 1, 0) - 1, run->day, DAY_SECONDS - 1};
	int result;

	for (size_t i = 0; i < run->count; i++) {
		struct queue *queue = &run->queues[i];
		queue->waiting = queue->made = queue->appointed = 0;
		queue->missed = queue->left = queue->appointed_left = queue->appointed_more = 0;
	}
	result = store_begin(run->store, evening.unix_seconds);
	if (result == 0)
		result = simulate_desk_work(&run->desk, evening);
	if (result == 0)
		result = wake_resting(run, evening);
	if (result == 0)
		result = load(run, take_start);
	if (result == 0 && run->day == run->from)
		result = make_held(run, evening);
	if (result == 0)
		result = simulate_desk_hand_out(&run->desk, evening);
	if (result == 0)
		result = load(run, take_end);
	return result < 0 ? result : store_commit(run->store);
}

/* --- The document ------------------------------------------------------------------------------------ */

static void print_capacity(const struct run *run, long capacity, const char *name)
{
	if (capacity == SIMULATE_WITHOUT_LIMIT)
		buffer_printf(run->json, ",\"%s\":null", name);
	else
		buffer_printf(run->json, ",\"%s\":%ld", name, capacity);
}

static bool is_asked_for(const struct run *run, const struct queue *queue)
{
	return run->forecast->queue == NULL || strcmp(run->forecast->queue, queue->name) == 0;
}

static int print_row(struct run *run, struct queue *queue)
{
	int64_t due = queue->made_by_due[run->day - run->from] + queue->missed, late = queue->missed + queue->appointed_more;
	char day[DATE_TEXT_SIZE];

	if (late > run->missed_count && (run->missed_count == 0 || run->missed_on == run->day)) {
		char *name = strdup(queue->name);
		if (name == NULL)
			return ERR_MEMORY;
		free(run->missed_queue);
		run->missed_queue = name;
		run->missed_on = run->day;
		run->missed_count = late;
	}
	if (due == 0 && queue->waiting == 0 && queue->made == 0 && queue->appointed == 0)
		return 0;
	if (run->rows++ >= ROWS_MAX)
		return 0;
	buffer_printf(run->json, "%s{\"day\":\"%s\",\"queue\":", run->rows > 1 ? "," : "", date_format(run->day, day));
	json_text_append(run->json, queue->name);
	buffer_printf(run->json, ",\"falling_due\":%lld,\"waiting\":%lld", (long long)due, (long long)queue->waiting);
	print_capacity(run, capacity_today(run, queue), "capacity");
	buffer_printf(run->json, ",\"done\":%lld,\"missed\":%lld,\"left\":%lld,\"appointments\":%lld,\"appointments_missed\":%lld}",
		(long long)queue->made, (long long)queue->missed, (long long)queue->left, (long long)queue->appointed,
		(long long)queue->appointed_left);
	return 0;
}

static void print_basis(const struct run *run, const struct queue *queue, bool first)
{
	buffer_text(run->json, first ? "{\"queue\":" : ",{\"queue\":");
	json_text_append(run->json, queue->name);
	buffer_printf(run->json, ",\"basis\":\"%s\"", basis_names[queue->basis]);
	if (queue->basis == BASIS_PACE)
		buffer_printf(run->json, ",\"contacts\":%lld,\"work_days\":%lld", (long long)queue->contacts, (long long)run->pace_days);
	else
		print_capacity(run, queue->calls_a_day == NO_LIMIT ? SIMULATE_WITHOUT_LIMIT : queue->calls_a_day, "calls_a_day");
	buffer_text(run->json, "}");
}

static void print_end(const struct run *run)
{
	char day[DATE_TEXT_SIZE];
	bool first = true;

	buffer_printf(run->json, "],\"left_out\":%lld,\"capacities\":[", (long long)(run->rows > ROWS_MAX ? run->rows - ROWS_MAX : 0));
	for (size_t i = 0; i < run->count; i++) {
		if (!is_asked_for(run, &run->queues[i]) || run->queues[i].basis == BASIS_MESSAGES)
			continue;
		print_basis(run, &run->queues[i], first);
		first = false;
	}
	buffer_text(run->json, "],\"first_missed\":");
	if (run->missed_count > 0) {
		buffer_printf(run->json, "{\"day\":\"%s\",\"queue\":", date_format(run->missed_on, day));
		json_text_append(run->json, run->missed_queue);
		buffer_printf(run->json, ",\"count\":%lld}", (long long)run->missed_count);
	} else {
		buffer_text(run->json, "null");
	}
	buffer_text(run->json, "}");
}

int forecast_run(struct store *copy, const struct policy *policy, const struct forecast *forecast, struct moment now, struct buffer *json)
{
	struct engine *engine = engine_new(copy);
	struct run run = {.store = copy, .policy = policy, .forecast = forecast, .now = now, .from = now.day, .day = now.day, .json = json};
	char days[2][DATE_TEXT_SIZE];
	int result = engine != NULL ? engine_set_policy(engine, policy, now.unix_seconds) : ERR_MEMORY;

	run.desk = (struct simulate_desk){engine, policy, take_capacity, take_making, &run};
	if (result == 0)
		result = look_back(&run);
	buffer_printf(json, "{\"from\":\"%s\",\"to\":\"%s\",\"days\":[", date_format(run.from, days[0]),
		date_format(run.from + forecast->days - 1, days[1]));
	for (int i = 0; result == 0 && i < forecast->days; i++) {
		run.day = run.from + i;
		result = work_day(&run);
		for (size_t q = 0; result == 0 && q < run.count; q++)
			if (is_asked_for(&run, &run.queues[q]))
				result = print_row(&run, &run.queues[q]);
	}
	if (result == 0)
		print_end(&run);
	run_free(&run);
	engine_free(engine);
	return result == 0 && json->failed ? ERR_MEMORY : result;
}
