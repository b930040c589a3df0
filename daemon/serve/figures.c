#include "followup/figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "followup/followup.h"
#include "followup/store_view.h"

enum { ENTRIES_AT_ONCE = 500 * 1000 }; /* a second or so; what is left is counted the next time */

static int more_queues(struct figures *figures, struct figure_queue **out)
{
	if (figures->queue_count == figures->queue_capacity) {
		size_t capacity = figures->queue_capacity == 0 ? 64 : 2 * figures->queue_capacity;
		struct figure_queue *queues = realloc(figures->queues, capacity * sizeof *queues);
		if (queues == NULL)
			return ERR_MEMORY;
		figures->queues = queues;
		figures->queue_capacity = capacity;
	}
	*out = &figures->queues[figures->queue_count++];
	return 0;
}

static int add_queue(void *context, const struct queue_row *row)
{
	struct figure_queue *queue;
	int result = more_queues(context, &queue);

	if (result < 0)
		return result;
	*queue = (struct figure_queue){
		.ready = row->ready,
		.resting = row->resting,
		.leased = row->leased,
		.uncertain = row->uncertain,
		.due_now = row->due_now,
		.overdue = row->overdue,
		.oldest_due_on = row->oldest_due_on,
	};
	(void)snprintf(queue->name, sizeof queue->name, "%s", row->queue);
	return 0;
}

static int compare_names(const void *one, const void *other)
{
	return strcmp(((const struct figure_queue *)one)->name, ((const struct figure_queue *)other)->name);
}

/* A queue that the configuration names is told even when nothing is on it: a 0 says so, a gap does not. */
static int expect_queue(struct figures *figures, const char *name)
{
	struct figure_queue *queue;

	if (name == NULL || name[0] == '\0' || strchr(name, '*') != NULL)
		return 0;
	for (size_t i = 0; i < figures->queue_count; i++)
		if (strcmp(figures->queues[i].name, name) == 0)
			return 0;
	int result = more_queues(figures, &queue);
	if (result < 0)
		return result;
	*queue = (struct figure_queue){.oldest_due_on = NO_DAY};
	(void)snprintf(queue->name, sizeof queue->name, "%s", name);
	return 0;
}

static int expect_queues(struct figures *figures, const struct policy *policy)
{
	int result = expect_queue(figures, policy->fallback_queue);

	for (size_t i = 0; i < policy->queue_count && result == 0; i++)
		result = expect_queue(figures, policy->queues[i].pattern);
	for (size_t i = 0; i < policy->channel_count && result == 0; i++)
		if (policy->channels[i].on && policy->channels[i].kind == CHANNEL_BULK)
			result = expect_queue(figures, policy->channels[i].name);
	for (size_t i = 0; i < policy->rule_count && result == 0; i++)
		if (policy->rules[i].on)
			result = expect_queue(figures, policy->rules[i].queue);
	if (result == 0 && figures->queue_count > 1)
		qsort(figures->queues, figures->queue_count, sizeof *figures->queues, compare_names);
	return result;
}

static int add_task(void *context, const struct task_row *row)
{
	struct figures *figures = context;

	if (figures->task_count == FIGURE_TASKS_MAX)
		return 0;
	struct figure_task *task = &figures->tasks[figures->task_count++];
	*task = (struct figure_task){.count = row->count, .oldest_at = row->oldest_at};
	(void)snprintf(task->kind, sizeof task->kind, "%s", row->kind);
	return 0;
}

static void sum_up(struct figure_queue *into, const struct figure_queue *queue)
{
	into->ready += queue->ready;
	into->resting += queue->resting;
	into->leased += queue->leased;
	into->uncertain += queue->uncertain;
	into->due_now += queue->due_now;
	into->overdue += queue->overdue;
	if (into->oldest_due_on == NO_DAY || (queue->oldest_due_on != NO_DAY && queue->oldest_due_on < into->oldest_due_on))
		into->oldest_due_on = queue->oldest_due_on;
}

void figures_fold(struct figures *figures, size_t most)
{
	size_t kept = 0;

	if (figures->queue_count <= most)
		return;
	for (size_t i = 0; i < figures->queue_count; i++) {
		struct figure_queue queue = figures->queues[i];
		char *slash = strchr(queue.name, '/');
		if (slash != NULL)
			(void)snprintf(slash, sizeof queue.name - (size_t)(slash - queue.name), "/*");
		/* Names of one family are neighbours. */
		if (kept > 0 && strcmp(figures->queues[kept - 1].name, queue.name) == 0)
			sum_up(&figures->queues[kept - 1], &queue);
		else
			figures->queues[kept++] = queue;
	}
	figures->queue_count = kept;
	if (kept <= most || most == 0)
		return;
	for (size_t i = most; i < kept; i++)
		sum_up(&figures->queues[most - 1], &figures->queues[i]);
	(void)snprintf(figures->queues[most - 1].name, sizeof figures->queues[most - 1].name, "*");
	figures->queue_count = most;
}

static void look_at_disk(const char *database, struct figures *figures)
{
	struct stat file;
	struct statvfs room;

	figures->database_bytes = stat(database, &file) == 0 ? (int64_t)file.st_size : -1;
	figures->free_bytes = statvfs(database, &room) == 0 ? (int64_t)(room.f_bavail * room.f_frsize) : -1;
}

static int copy_tally(const struct tally *tally, struct tally *out)
{
	int result = 0;

	for (size_t i = 0; i < tally->count && result == 0; i++)
		result = tally_add(out, tally->rows[i].kind, tally->rows[i].words[0], tally->rows[i].words[1], tally->rows[i].count);
	return result;
}

int figures_collect(struct store *store, const struct policy *policy, day_t today, struct tally *tally, struct figures *figures)
{
	int result;

	look_at_disk(policy->database, figures);
	result = store_view_queues(store, today, add_queue, figures);
	if (result == 0)
		result = expect_queues(figures, policy);
	if (result == 0)
		result = store_count_tasks(store, add_task, figures);
	if (result == 0)
		result = store_count_open(store, &figures->scheduled, &figures->queued);
	if (result == 0)
		result = store_tally(store, tally, ENTRIES_AT_ONCE);
	if (result >= 0)
		result = copy_tally(tally, &figures->tally);
	figures->known = result >= 0;
	if (result >= 0)
		figures_fold(figures, policy->metrics_queues_max);
	return result;
}

void figures_free(struct figures *figures)
{
	free(figures->queues);
	tally_free(&figures->tally);
	*figures = (struct figures){0};
}

int figures_expect(struct tally *tally, const struct policy *policy)
{
	int result = tally_add(tally, TALLY_ENDED, followup_state_name(FOLLOWUP_DONE), "", 0);

	if (result == 0)
		result = tally_add(tally, TALLY_ENDED, followup_state_name(FOLLOWUP_DONE_LATE), "", 0);
	for (size_t i = 0; i < policy->channel_count; i++)
		for (size_t j = 0; j < policy->disposition_count && result == 0; j++)
			if (policy->channels[i].on && policy->dispositions[j].bulk == (policy->channels[i].kind == CHANNEL_BULK))
				result = tally_add(tally, TALLY_OUTCOME, policy->channels[i].name, policy->dispositions[j].name, 0);
	return result;
}
