#include "followup/metrics.h"

#include <stdlib.h>

#include "followup/command.h"
#include "followup/figures.h"
#include "followup/long_command.h"
#include "followup/metric_table.h"
#include "followup/server.h"

int metrics_init(struct server *server)
{
	struct metrics *metrics = &server->metrics;

	metrics->commands = calloc(command_count, sizeof *metrics->commands);
	if (metrics->commands == NULL)
		return ERR_MEMORY;
	/* A book that cannot be read says so to whoever needs it; the tally then begins with the first entry. */
	if (store_last_entry(server->store, &metrics->tally.entry) < 0)
		metrics->tally.entry = 0;
	return figures_expect(&metrics->tally, server->policy);
}

void metrics_release(struct server *server)
{
	free(server->metrics.commands);
	tally_free(&server->metrics.tally);
	server->metrics.commands = NULL;
}

void metrics_count_command(struct server *server, const struct command *command)
{
	server->metrics.commands[command - command_table]++;
}

void metrics_note_work(struct server *server, int64_t began_ms, day_t worked_before)
{
	struct metrics *metrics = &server->metrics;
	day_t worked_on = engine_worked_on(server->engine);
	int64_t now_ms = clock_monotonic_ms();

	if (metrics->working_since_ms == 0)
		metrics->working_since_ms = began_ms;
	if (worked_on != worked_before) {
		metrics->worked_at = server->now.unix_seconds;
		metrics->worked_ms = now_ms - metrics->working_since_ms;
		metrics->working_since_ms = now_ms;
	}
	if (worked_on >= server->now.day)
		metrics->working_since_ms = 0;
}

struct look {
	struct tally *tally;
	struct figures figures;
};

static void free_look(void *own)
{
	struct look *look = own;

	if (look != NULL)
		figures_free(&look->figures);
	free(look);
}

static int collect(struct request *request)
{
	struct look *look = request->own;

	return figures_collect(request->store, request->policy, request->now.day, look->tally, &look->figures);
}

/* Whatever came of the reading: what is known without the book is told in any case. */
static int tell(struct request *request)
{
	const struct look *look = request->own;

	buffer_clear(&request->answer->json);
	metric_print_all(&(struct metric_view){request->server, &look->figures}, &request->answer->json);
	return request_answer_json(request);
}

int command_metrics(struct request *request)
{
	struct look *look = calloc(1, sizeof *look);
	int result;

	if (look == NULL)
		return ERR_MEMORY;
	look->tally = &request->server->metrics.tally;
	look->figures.database_bytes = look->figures.free_bytes = -1;
	if (long_command_worker(request->server, request->command) != NULL)
		return long_command_begin(
			request, &(struct long_command){.handler = collect, .then = tell, .own = look, .own_free = free_look});
	request->own = look;
	request->result = collect(request);
	result = tell(request);
	request->own = NULL;
	free_look(look);
	return result;
}
