/* INFO: how the daemon is, as lines of key:value below section titles. */
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "followup/agenda.h"
#include "followup/backup.h"
#include "followup/sample.h"
#include "followup/server.h"
#include "followup/store_ahead.h"
#include "followup/store_record.h"
#include "followup/store_task.h"
#include "followup/worker.h"

static void print_moment(struct buffer *out, const char *key, int64_t unix_seconds)
{
	struct moment moment = zone_moment(unix_seconds);
	char day[DATE_TEXT_SIZE];

	buffer_printf(out, "%s:%sT%02d:%02d:%02d\r\n", key, date_format(moment.day, day), moment.second / 3600, moment.second / 60 % 60,
		moment.second % 60);
}

static void print_day(struct buffer *out, const char *key, day_t day)
{
	char text[DATE_TEXT_SIZE];

	buffer_printf(out, "%s:%s\r\n", key, date_format(day, text));
}

static void info_server(struct server *server, struct buffer *out)
{
	buffer_printf(out, "version:%s\r\npid:%ld\r\n", FOLLOWUP_VERSION, (long)getpid());
	buffer_printf(out, "uptime_in_seconds:%" PRId64 "\r\n", (clock_monotonic_ms() - server->started_at_ms) / 1000);
	buffer_printf(out, "config_file:%s\r\n", server->config_file);
	print_moment(out, "time", server->now.unix_seconds);
	buffer_printf(out, "time_zone:%s\r\ntest_clock:%s\r\n", server->policy->time_zone, server->business_clock->frozen ? "yes" : "no");
	buffer_printf(out, "loading:0\r\nlog_lines_dropped:%" PRIu64 "\r\n", log_dropped(server->log));
}

static void info_clients(struct server *server, struct buffer *out)
{
	buffer_printf(out, "connected_clients:%zu\r\nblocked_clients:%zu\r\nmaxclients:%zu\r\n", server->session_count,
		server->parked_count, server->policy->max_connections);
	buffer_printf(out, "request_bytes:%zu\r\n", server->policy->max_request_bytes);
	for (size_t i = 0; i < server->listeners.count; i++)
		buffer_printf(out, "listener%zu:%s\r\n", i, server->listeners.items[i].address);
}

static void info_stats(struct server *server, struct buffer *out)
{
	buffer_printf(out, "total_connections_received:%" PRIu64 "\r\nrejected_connections:%" PRIu64 "\r\n", server->connections,
		server->refused_connections);
	buffer_printf(out, "total_commands_processed:%" PRIu64 "\r\nturns:%" PRIu64 "\r\nslices:%" PRIu64 "\r\n", server->commands,
		server->turns, server->slices);
	buffer_printf(out, "rows_read_ahead:%" PRIu64 "\r\n", store_ahead_used(server->store));
}

static void info_storage(struct server *server, struct buffer *out)
{
	const struct storage_health *health = &server->health;

	buffer_printf(out, "database:%s\r\n", server->policy->database);
	if (health->failing) {
		buffer_printf(out, "storage:failing\r\nstorage_message:%s\r\n", health->message);
		print_moment(out, "storage_failing_since", health->since);
	} else {
		buffer_text(out, "storage:healthy\r\n");
	}
	buffer_printf(out, "storage_failures:%" PRIu64 "\r\n", health->failures);
	backup_info(server, out);
	char digest[RECORD_DIGEST_TEXT_SIZE];
	int64_t link;
	if (store_record_head(server->store, &link, digest) == 0)
		buffer_printf(out, "record_link:%" PRId64 "\r\nrecord_digest:%s\r\n", link, digest);
}

enum { UNSERVED_NAMED = 20 };

static void info_work(struct server *server, struct buffer *out)
{
	print_day(out, "day", server->now.day);
	print_day(out, "worked_until", engine_worked_on(server->engine));
	struct engine_counts counts = engine_counts(server->engine);
	buffer_printf(out,
		"created:%" PRIu64 "\r\nmoved:%" PRIu64 "\r\ncancelled:%" PRIu64 "\r\nexpired:%" PRIu64 "\r\nadmitted:%" PRIu64
		"\r\ndeferred:%" PRIu64 "\r\npreempted:%" PRIu64 "\r\nsuppressed:%" PRIu64 "\r\n",
		counts.created, counts.moved, counts.cancelled, counts.expired, counts.admitted, counts.deferred, counts.preempted,
		counts.suppressed);
	int tasks = store_task_count_open(server->store);
	if (tasks >= 0)
		buffer_printf(out, "tasks_open:%d\r\n", tasks);
	buffer_printf(out, "long_commands:%zu\r\n", server->worker != NULL ? worker_count(server->worker) : 0);
	struct buffer names = {0};
	int unserved = agenda_unserved(server->engine, UNSERVED_NAMED, &names);
	if (unserved >= 0)
		buffer_printf(out, "queues_unserved:%d\r\nqueues_unserved_names:%s\r\n", unserved, names.data != NULL ? names.data : "");
	buffer_free(&names);
	buffer_printf(out, "idle:%s\r\n", !server->work_pending && engine_is_idle(server->engine, server->now) ? "yes" : "no");
}

/* A line for each draw of the yearly sample, as Redis tells of its databases. */
static void info_sample(struct server *server, struct buffer *out)
{
	struct sample_coverage c;
	int64_t draw_id = 0;

	while (sample_coverage_next(server->store, server->policy, server->now.day, &draw_id, &c) > 0) {
		buffer_printf(out, "%s_%d:book=%" PRId64 ",wanted=%" PRId64 ",drawn=%" PRId64 ",reached=%" PRId64 ",reached_late=%" PRId64,
			c.rule, c.year, c.book, c.wanted, c.drawn, c.reached, c.reached_late);
		buffer_printf(out,
			",open=%" PRId64 ",waiting=%" PRId64 ",lost=%" PRId64 ",to_come=%" PRId64 ",days_left=%d,projected=%" PRId64
			",will_make_it=%s\r\n",
			c.open, c.waiting, c.lost, c.to_come, c.days_left, c.projected, c.will_make_it ? "yes" : "no");
	}
}

static void info_calendar(struct server *server, struct buffer *out)
{
	print_day(out, "work_days_until", calendar_reach(server->policy->calendar));
	print_day(out, "trading_days_until", calendar_trading_reach(server->policy->calendar));
}

static const struct {
	const char *title;
	void (*print)(struct server *server, struct buffer *out);
} sections[] = {
	{"Server", info_server},
	{"Clients", info_clients},
	{"Stats", info_stats},
	{"Storage", info_storage},
	{"Work", info_work},
	{"Calendar", info_calendar},
	{"Sample", info_sample},
};

void server_info(struct server *server, const char *section, struct buffer *out)
{
	bool all = section == NULL || strcasecmp(section, "all") == 0 || strcasecmp(section, "everything") == 0 ||
		   strcasecmp(section, "default") == 0;

	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
		if (!all && strcasecmp(section, sections[i].title) != 0)
			continue;
		buffer_printf(out, "%s# %s\r\n", out->length > 0 ? "\r\n" : "", sections[i].title);
		sections[i].print(server, out);
	}
}
