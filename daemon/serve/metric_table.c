#include "followup/metric_table.h"

#include "followup/accept.h"
#include "followup/command.h"
#include "followup/followup.h"
#include "followup/server.h"
#include "followup/worker.h"

/* --- The daemon ---------------------------------------------------------------------------------------- */

static void build_info(const struct metric *metric, const struct metric_view *view, struct buffer *out)
{
	(void)view;
	exposition_sample(out, metric->name, metric->labels, (const char *const[]){FOLLOWUP_VERSION}, 1);
}

static int64_t now(const struct metric_view *view)
{
	return view->server->now.unix_seconds;
}

static int64_t uptime(const struct metric_view *view)
{
	return (clock_monotonic_ms() - view->server->started_at_ms) / 1000;
}

static int64_t turns(const struct metric_view *view)
{
	return (int64_t)view->server->turns;
}

static int64_t slices(const struct metric_view *view)
{
	return (int64_t)view->server->slices;
}

static int64_t log_lines_dropped(const struct metric_view *view)
{
	return (int64_t)log_dropped(view->server->log);
}

static int64_t long_commands(const struct metric_view *view)
{
	return view->server->worker != NULL ? (int64_t)worker_count(view->server->worker) : 0;
}

static void commands(const struct metric *metric, const struct metric_view *view, struct buffer *out)
{
	for (size_t i = 0; i < command_count; i++)
		if ((command_table[i].flags & COMMAND_TEST_CLOCK) == 0)
			exposition_sample(out, metric->name, metric->labels, (const char *const[]){command_table[i].name},
				(int64_t)view->server->metrics.commands[i]);
}

/* --- Storage -------------------------------------------------------------------------------------------- */

static int64_t storage_failing(const struct metric_view *view)
{
	return view->server->health.failing;
}

static int64_t storage_failures(const struct metric_view *view)
{
	return (int64_t)view->server->health.failures;
}

static void commit_duration(const struct metric *metric, const struct metric_view *view, struct buffer *out)
{
	exposition_histogram(out, metric->name, &view->server->metrics.commits);
}

static int64_t wal_size(const struct metric_view *view)
{
	return store_wal_bytes(view->server->store);
}

static int64_t known_bytes(int64_t bytes)
{
	return bytes >= 0 ? bytes : METRIC_UNKNOWN;
}

static int64_t database_size(const struct metric_view *view)
{
	return known_bytes(view->figures->database_bytes);
}

static int64_t storage_free(const struct metric_view *view)
{
	return known_bytes(view->figures->free_bytes);
}

static int64_t book_read(const struct metric_view *view)
{
	return view->figures->known;
}

static int64_t backup_last(const struct metric_view *view)
{
	return view->server->last_backup_at;
}

static int64_t backup_failed(const struct metric_view *view)
{
	return view->server->backup_failed;
}

/* --- Days ----------------------------------------------------------------------------------------------- */

/* A day as the moment at which it ends. */
static int64_t end_of(day_t day)
{
	return day != NO_DAY ? zone_unix(day + 1, 0) : METRIC_UNKNOWN;
}

static int64_t worked_until(const struct metric_view *view)
{
	return end_of(engine_worked_on(view->server->engine));
}

static int64_t day_cycle_last(const struct metric_view *view)
{
	return view->server->metrics.worked_at != 0 ? view->server->metrics.worked_at : METRIC_UNKNOWN;
}

static void day_cycle_duration(const struct metric *metric, const struct metric_view *view, struct buffer *out)
{
	const struct metrics *metrics = &view->server->metrics;

	if (metrics->worked_at != 0)
		buffer_printf(
			out, "%s %lld.%03d\n", metric->name, (long long)(metrics->worked_ms / 1000), (int)(metrics->worked_ms % 1000));
}

static int64_t work_pending(const struct metric_view *view)
{
	return view->server->work_pending;
}

static void calendar_end(const struct metric *metric, const struct metric_view *view, struct buffer *out)
{
	const struct {
		const char *calendar;
		day_t day;
	} ends[] = {
		{"trading", calendar_trading_reach(view->server->policy->calendar)},
		{"work", calendar_reach(view->server->policy->calendar)},
	};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (ends[i].day != NO_DAY)
			exposition_sample(out, metric->name, metric->labels, (const char *const[]){ends[i].calendar}, end_of(ends[i].day));
}

/* --- Connections ---------------------------------------------------------------------------------------- */

static void sessions(const struct metric *metric, const struct metric_view *view, struct buffer *out)
{
	const struct server *server = view->server;

	exposition_sample(out, metric->name, metric->labels, (const char *const[]){"signed-in"},
		(int64_t)(server->session_count - server->stranger_count));
	exposition_sample(out, metric->name, metric->labels, (const char *const[]){"stranger"}, (int64_t)server->stranger_count);
}

static int64_t sessions_max(const struct metric_view *view)
{
	return (int64_t)view->server->policy->max_connections;
}

static int64_t sessions_waiting(const struct metric_view *view)
{
	return (int64_t)view->server->parked_count;
}

static int64_t subscribers(const struct metric_view *view)
{
	return (int64_t)view->server->subscribers;
}

static int64_t unread_bytes(const struct metric_view *view)
{
	return (int64_t)view->server->unread_bytes;
}

static int64_t connections(const struct metric_view *view)
{
	return (int64_t)view->server->connections;
}

static void connections_refused(const struct metric *metric, const struct metric_view *view, struct buffer *out)
{
	for (enum refusal i = REFUSAL_NONE + 1; i < REFUSAL_COUNT; i++)
		exposition_sample(out, metric->name, metric->labels, (const char *const[]){accept_refusal_name(i)},
			(int64_t)view->server->refused_by[i]);
}

static int64_t sign_in_timeouts(const struct metric_view *view)
{
	return (int64_t)view->server->sign_in_timeouts;
}

static int64_t wrong_tokens(const struct metric_view *view)
{
	return (int64_t)view->server->wrong_tokens;
}

static int64_t guesses_slowed(const struct metric_view *view)
{
	return (int64_t)view->server->guesses_slowed;
}

/* --- The book ------------------------------------------------------------------------------------------- */

static void calls(const struct metric *metric, const struct metric_view *view, struct buffer *out)
{
	for (size_t i = 0; i < view->figures->queue_count; i++) {
		const struct figure_queue *queue = &view->figures->queues[i];
		const struct {
			const char *state;
			int64_t count;
		} states[] = {
			{"ready", queue->ready}, {"resting", queue->resting}, {"leased", queue->leased}, {"uncertain", queue->uncertain}};
		for (size_t j = 0; j < sizeof states / sizeof *states; j++)
			exposition_sample(
				out, metric->name, metric->labels, (const char *const[]){queue->name, states[j].state}, states[j].count);
	}
}

static void calls_due(const struct metric *metric, const struct metric_view *view, struct buffer *out)
{
	for (size_t i = 0; i < view->figures->queue_count; i++)
		exposition_sample(out, metric->name, metric->labels, (const char *const[]){view->figures->queues[i].name},
			view->figures->queues[i].due_now);
}

static void calls_overdue(const struct metric *metric, const struct metric_view *view, struct buffer *out)
{
	for (size_t i = 0; i < view->figures->queue_count; i++)
		exposition_sample(out, metric->name, metric->labels, (const char *const[]){view->figures->queues[i].name},
			view->figures->queues[i].overdue);
}

static void calls_oldest_due(const struct metric *metric, const struct metric_view *view, struct buffer *out)
{
	for (size_t i = 0; i < view->figures->queue_count; i++)
		if (view->figures->queues[i].oldest_due_on != NO_DAY)
			exposition_sample(out, metric->name, metric->labels, (const char *const[]){view->figures->queues[i].name},
				end_of(view->figures->queues[i].oldest_due_on));
}

static void followups_open(const struct metric *metric, const struct metric_view *view, struct buffer *out)
{
	if (!view->figures->known)
		return;
	exposition_sample(out, metric->name, metric->labels, (const char *const[]){followup_state_name(FOLLOWUP_SCHEDULED)},
		view->figures->scheduled);
	exposition_sample(
		out, metric->name, metric->labels, (const char *const[]){followup_state_name(FOLLOWUP_QUEUED)}, view->figures->queued);
}

static void tasks_open(const struct metric *metric, const struct metric_view *view, struct buffer *out)
{
	for (size_t i = 0; i < view->figures->task_count; i++)
		exposition_sample(out, metric->name, metric->labels, (const char *const[]){view->figures->tasks[i].kind},
			view->figures->tasks[i].count);
}

static void tasks_oldest(const struct metric *metric, const struct metric_view *view, struct buffer *out)
{
	for (size_t i = 0; i < view->figures->task_count; i++)
		exposition_sample(out, metric->name, metric->labels, (const char *const[]){view->figures->tasks[i].kind},
			view->figures->tasks[i].oldest_at);
}

/* What the tally has under a kind, with as many words as the metric has labels. */
static void print_tally(const struct metric *metric, const struct metric_view *view, enum tally_kind kind, struct buffer *out)
{
	const struct tally *tally = &view->figures->tally;

	for (size_t i = 0; i < tally->count; i++)
		if (tally->rows[i].kind == kind)
			exposition_sample(out, metric->name, metric->labels,
				(const char *const[]){tally->rows[i].words[0], tally->rows[i].words[1]}, (int64_t)tally->rows[i].count);
}

/* The same of a kind that has no words. */
static int64_t tally_of(const struct metric_view *view, enum tally_kind kind)
{
	const struct tally *tally = &view->figures->tally;
	int64_t count = 0;

	if (!view->figures->known)
		return METRIC_UNKNOWN;
	for (size_t i = 0; i < tally->count; i++)
		if (tally->rows[i].kind == kind)
			count += (int64_t)tally->rows[i].count;
	return count;
}

static int64_t created(const struct metric_view *view)
{
	return tally_of(view, TALLY_CREATED);
}

static void deferred(const struct metric *metric, const struct metric_view *view, struct buffer *out)
{
	print_tally(metric, view, TALLY_DEFERRED, out);
}

static void ended(const struct metric *metric, const struct metric_view *view, struct buffer *out)
{
	print_tally(metric, view, TALLY_ENDED, out);
}

static int64_t reopened(const struct metric_view *view)
{
	return tally_of(view, TALLY_REOPENED);
}

static int64_t handed_out(const struct metric_view *view)
{
	return tally_of(view, TALLY_HANDED_OUT);
}

static int64_t lease_expiries(const struct metric_view *view)
{
	return tally_of(view, TALLY_LEASE_EXPIRED);
}

static void outcomes(const struct metric *metric, const struct metric_view *view, struct buffer *out)
{
	print_tally(metric, view, TALLY_OUTCOME, out);
}

static int64_t over_cap(const struct metric_view *view)
{
	return tally_of(view, TALLY_OVER_CAP);
}

/* --- The table ------------------------------------------------------------------------------------------ */

/* The manual lists them in the same order (followup-protocol(7), METRICS; test_metrics.py compares). */
const struct metric metric_table[] = {
	{"followupd_calls", METRIC_GAUGE, "queue,state", "Calls on a queue, by state.", NULL, calls},
	{"followupd_calls_due", METRIC_GAUGE, "queue", "Ready calls that are due today or overdue.", NULL, calls_due},
	{"followupd_calls_overdue", METRIC_GAUGE, "queue", "Ready calls that were due before today.", NULL, calls_overdue},
	{"followupd_calls_oldest_due_timestamp_seconds", METRIC_GAUGE, "queue", "When the oldest due day among the calls of a queue ends.",
		NULL, calls_oldest_due},
	{"followupd_followups_open", METRIC_GAUGE, "state", "Open follow-ups: queued ones are carried by a call, scheduled ones wait.",
		NULL, followups_open},
	{"followupd_followups_created_total", METRIC_COUNTER, "", "Follow-ups created.", created, NULL},
	{"followupd_followups_deferred_total", METRIC_COUNTER, "reason", "How often a follow-up had to wait, or to wait again, for what.",
		NULL, deferred},
	{"followupd_followups_ended_total", METRIC_COUNTER, "state,reason",
		"Follow-ups that ended: done, done-late, missed, cancelled, suppressed.", NULL, ended},
	{"followupd_followups_reopened_total", METRIC_COUNTER, "", "Follow-ups that had ended and were opened again.", reopened, NULL},
	{"followupd_handouts_total", METRIC_COUNTER, "", "Calls and messages handed out.", handed_out, NULL},
	{"followupd_lease_expiries_total", METRIC_COUNTER, "", "Leases that an agent let run out.", lease_expiries, NULL},
	{"followupd_outcomes_total", METRIC_COUNTER, "channel,disposition", "Tries by their outcome, and what befell calls otherwise.",
		NULL, outcomes},
	{"followupd_contacts_over_cap_total", METRIC_COUNTER, "", "Contacts that were more than the cap allows.", over_cap, NULL},
	{"followupd_tasks_open", METRIC_GAUGE, "kind", "Tasks that nobody has acknowledged: disputes, wrong numbers, alarms.", NULL,
		tasks_open},
	{"followupd_tasks_oldest_timestamp_seconds", METRIC_GAUGE, "kind", "Since when the oldest open task waits.", NULL, tasks_oldest},
	{"followupd_worked_until_timestamp_seconds", METRIC_GAUGE, "", "When the last day ends whose cycle is complete.", worked_until,
		NULL},
	{"followupd_day_cycle_last_timestamp_seconds", METRIC_GAUGE, "", "When a day cycle was last completed, since the start.",
		day_cycle_last, NULL},
	{"followupd_day_cycle_duration_seconds", METRIC_GAUGE, "", "How long that one took, from its first slice to its last.", NULL,
		day_cycle_duration},
	{"followupd_work_pending", METRIC_GAUGE, "", "Whether work in slices is under way: a day cycle, an import, a reload.", work_pending,
		NULL},
	{"followupd_calendar_end_timestamp_seconds", METRIC_GAUGE, "calendar", "When the last day ends that the calendar knows of.", NULL,
		calendar_end},
	{"followupd_backup_last_timestamp_seconds", METRIC_GAUGE, "",
		"When the last verified copy of the book was begun; 0: there is none.", backup_last, NULL},
	{"followupd_backup_failed", METRIC_GAUGE, "", "Whether the last copy of the book failed.", backup_failed, NULL},
	{"followupd_storage_failing", METRIC_GAUGE, "", "Whether commands that write are answered STORE.", storage_failing, NULL},
	{"followupd_storage_failures_total", METRIC_COUNTER, "", "Turns that could not be made durable.", storage_failures, NULL},
	{"followupd_commit_duration_seconds", METRIC_HISTOGRAM, "", "How long commits took that wrote something.", NULL, commit_duration},
	{"followupd_wal_size_bytes", METRIC_GAUGE, "", "The write-ahead log after the last commit.", wal_size, NULL},
	{"followupd_database_size_bytes", METRIC_GAUGE, "", "The book's file, without its logs.", database_size, NULL},
	{"followupd_storage_free_bytes", METRIC_GAUGE, "", "The room that is left for the daemon on the book's disk.", storage_free, NULL},
	{"followupd_book_read_success", METRIC_GAUGE, "",
		"Whether the book could be read for this; otherwise the figures of calls and follow-ups are missing.", book_read, NULL},
	{"followupd_sessions", METRIC_GAUGE, "state", "Connections, by whether somebody is signed in.", NULL, sessions},
	{"followupd_sessions_max", METRIC_GAUGE, "", "How many connections there may be.", sessions_max, NULL},
	{"followupd_sessions_waiting", METRIC_GAUGE, "", "Connections whose command waits: for a call, a report, a copy.", sessions_waiting,
		NULL},
	{"followupd_subscribers", METRIC_GAUGE, "", "Connections that hear of every event.", subscribers, NULL},
	{"followupd_unread_bytes", METRIC_GAUGE, "", "Answers that peers have not fetched.", unread_bytes, NULL},
	{"followupd_connections_total", METRIC_COUNTER, "", "Connections accepted.", connections, NULL},
	{"followupd_connections_refused_total", METRIC_COUNTER, "reason", "Connections turned away, by the limit that was reached.", NULL,
		connections_refused},
	{"followupd_sign_in_timeouts_total", METRIC_COUNTER, "", "Connections closed because nobody signed in.", sign_in_timeouts, NULL},
	{"followupd_wrong_tokens_total", METRIC_COUNTER, "", "Wrong names or tokens.", wrong_tokens, NULL},
	{"followupd_guesses_slowed_total", METRIC_COUNTER, "", "Tokens not even looked at, after too many wrong ones.", guesses_slowed,
		NULL},
	{"followupd_commands_total", METRIC_COUNTER, "command", "Commands asked for, refused ones among them.", NULL, commands},
	{"followupd_long_commands", METRIC_GAUGE, "", "Commands that read long, running or waiting.", long_commands, NULL},
	{"followupd_turns_total", METRIC_COUNTER, "", "Passes of the loop.", turns, NULL},
	{"followupd_slices_total", METRIC_COUNTER, "", "Slices of work between turns.", slices, NULL},
	{"followupd_log_lines_dropped_total", METRIC_COUNTER, "", "Lines that the log would not take at once.", log_lines_dropped, NULL},
	{"followupd_time_seconds", METRIC_GAUGE, "", "The daemon's time when this was written.", now, NULL},
	{"followupd_uptime_seconds", METRIC_GAUGE, "", "How long the daemon has been running.", uptime, NULL},
	{"followupd_build_info", METRIC_GAUGE, "version", "Always 1; the label tells the version.", NULL, build_info},
};
const size_t metric_count = sizeof metric_table / sizeof *metric_table;

void metric_print_all(const struct metric_view *view, struct buffer *out)
{
	for (size_t i = 0; i < metric_count; i++) {
		const struct metric *metric = &metric_table[i];
		exposition_head(out, metric->name, metric->type, metric->help);
		if (metric->print != NULL) {
			metric->print(metric, view, out);
			continue;
		}
		int64_t value = metric->value(view);
		if (value != METRIC_UNKNOWN)
			exposition_sample(out, metric->name, metric->labels, NULL, value);
	}
}
