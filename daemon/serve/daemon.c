#include "followup/daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "followup/accept.h"
#include "followup/notify.h"
#include "followup/policy_check.h"
#include "followup/server.h"
#include "followup/turn.h"

static const char log_socket[] = "/dev/log";

enum { SPARE_DESCRIPTORS = 64 };

/* Everything that the daemon makes, in the order in which it is made. */
struct parts {
	struct log *log;
	struct business_clock business_clock;
	struct policy *policy; /* until the server takes it over */
	struct store *store;
	struct engine *engine;
	struct desk *desk;
	struct json *json;
	struct server server;
};

static void complain(void *context, const struct complaint *complaint)
{
	struct log *log = context;
	char text[LOG_QUOTED_SIZE];
	char file[LOG_QUOTED_SIZE];
	const char *name = complaint->file != NULL ? complaint->file : "";

	log_event(log, complaint->warning ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, "configuration", "file=%s line=%d text=%s",
		log_quote(name, strlen(name), file), complaint->line, log_quote(complaint->text, strlen(complaint->text), text));
}

void daemon_apply_limits(const struct policy *policy, struct log *log)
{
	struct rlimit limit;
	rlim_t wanted = (rlim_t)policy->max_connections + SPARE_DESCRIPTORS;
	int facility = log_facility_parse(policy->log_facility != NULL ? policy->log_facility : "daemon");
	int level = log_level_parse(policy->log_level != NULL ? policy->log_level : "info");

	log_configure(log, facility >= 0 ? facility : LOG_DAEMON, level >= 0 ? (enum log_level)level : LOG_LEVEL_INFO);
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted;
	if (limit.rlim_max < wanted)
		limit.rlim_max = wanted; /* works for a privileged process only */
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	log_event(log, LOG_LEVEL_WARNING, "few_descriptors", "have=%llu wanted=%llu", (unsigned long long)limit.rlim_cur,
		(unsigned long long)wanted);
}

/* A peer or a log reader that goes away must not end the daemon. */
static int ignore_broken_pipes(void)
{
	struct sigaction action = {.sa_handler = SIG_IGN};

	(void)sigemptyset(&action.sa_mask);
	return sigaction(SIGPIPE, &action, NULL);
}

static int set_test_clock(struct parts *parts, const char *text)
{
	int64_t local = 0;

	if (zone_parse_time(text, strlen(text), &local) < 0 || local < 0) {
		log_event(parts->log, LOG_LEVEL_ERROR, "bad_test_clock", "text=\"write 2025-03-03T10:00:00\"");
		return EXIT_USAGE;
	}
	clock_freeze(&parts->business_clock, zone_unix_of_local(local));
	log_event(parts->log, LOG_LEVEL_WARNING, "test_clock", "time=%s text=\"this is a test: time stands still\"", text);
	return 0;
}

/* Configuration, zone and clock: 0 or an exit status. */
static int read_configuration(struct parts *parts, const struct daemon_options *options)
{
	const struct policy *policy;

	if (policy_load(options->config_file, complain, parts->log, &parts->policy) < 0) {
		log_event(parts->log, LOG_LEVEL_ERROR, "not_started", "reason=\"the configuration has mistakes\" exit=%d",
			(int)EXIT_CONFIGURATION);
		return EXIT_CONFIGURATION;
	}
	policy = parts->policy;
	daemon_apply_limits(policy, parts->log);
	if (zone_set(policy->time_zone) < 0) {
		char zone[LOG_QUOTED_SIZE];
		log_event(parts->log, LOG_LEVEL_ERROR, "not_started",
			"reason=\"no data for the time zone; is tzdata installed?\" time_zone=%s exit=%d",
			log_quote(policy->time_zone, strlen(policy->time_zone), zone), (int)EXIT_CONFIGURATION);
		return EXIT_CONFIGURATION;
	}
	return options->test_clock != NULL ? set_test_clock(parts, options->test_clock) : 0;
}

static int open_book(struct parts *parts)
{
	char message[256] = "";
	char quoted[LOG_QUOTED_SIZE];
	char path[LOG_QUOTED_SIZE];
	int result = store_open(parts->policy->database, &parts->store, message);

	/* On a full disk there is a store that can be read. */
	if (result < 0 && !(result == ERR_FULL && parts->store != NULL)) {
		/* A file that is not this program's stays so, however often it is tried. */
		int status = result == ERR_INVALID ? EXIT_CONFIGURATION : EXIT_STORAGE;
		log_event(parts->log, LOG_LEVEL_ERROR, "not_started", "database=%s reason=%s exit=%d",
			log_quote(parts->policy->database, strlen(parts->policy->database), path),
			log_quote(message, strlen(message), quoted), status);
		return status;
	}
	parts->engine = engine_new(parts->store);
	parts->desk = parts->engine != NULL ? desk_new(parts->store, parts->engine) : NULL;
	parts->json = json_new();
	if (parts->desk == NULL || parts->json == NULL) {
		log_event(parts->log, LOG_LEVEL_ERROR, "not_started", "reason=\"out of memory\" exit=%d", (int)EXIT_SYSTEM);
		return EXIT_SYSTEM;
	}
	return 0;
}

static int start_server(struct parts *parts, const struct daemon_options *options)
{
	struct server *server = &parts->server;
	char why[256] = "";
	char quoted[LOG_QUOTED_SIZE];
	int result;

	server->config_file = options->config_file;
	server->log = parts->log;
	server->business_clock = &parts->business_clock;
	server->store = parts->store;
	server->engine = parts->engine;
	server->desk = parts->desk;
	server->json = parts->json;
	result = server_init(server, parts->policy);
	if (server->policy != NULL)
		parts->policy = NULL;
	if (result < 0) {
		int status = turn_is_store_error(result) ? EXIT_STORAGE : EXIT_SYSTEM;
		log_event(parts->log, LOG_LEVEL_ERROR, "not_started", "reason=\"%s\" exit=%d", error_text(result), status);
		return status;
	}
	result = server_set_policy(server, server->policy);
	if (result == 0)
		result = store_sync(parts->store);
	if (result == ERR_FULL) {
		server->policy_unset = true;
		turn_fail(server, result);
	} else if (result < 0) {
		const char *message = store_message(parts->store);
		log_event(parts->log, LOG_LEVEL_ERROR, "not_started", "reason=%s exit=%d", log_quote(message, strlen(message), quoted),
			(int)EXIT_STORAGE);
		return EXIT_STORAGE;
	}
	server_start_threads(server);
	if (accept_open(server, why) < 0) {
		log_event(parts->log, LOG_LEVEL_ERROR, "not_started", "reason=%s exit=%d", log_quote(why, strlen(why), quoted),
			(int)EXIT_SYSTEM);
		return EXIT_SYSTEM;
	}
	server_warn_reach(server);
	server_warn_sample(server);
	return 0;
}

int daemon_run(const struct daemon_options *options)
{
	struct parts parts = {0};
	int status = EXIT_SYSTEM;

	/* The book holds clients' numbers: whoever starts the daemon, nobody else reads it. What is for others says so itself. */
	(void)umask(0077);
	parts.log = log_new(options->foreground ? NULL : log_socket, LOG_DAEMON, LOG_LEVEL_INFO);
	if (parts.log == NULL || ignore_broken_pipes() != 0)
		goto done;
	log_tell_starter(parts.log, true);
	status = read_configuration(&parts, options);
	if (status == 0)
		status = open_book(&parts);
	if (status == 0)
		status = start_server(&parts, options);
	if (status == 0) {
		log_tell_starter(parts.log, false);
		log_event(parts.log, LOG_LEVEL_NOTICE, "started", "version=%s pid=%ld rules=%zu", FOLLOWUP_VERSION, (long)getpid(),
			parts.server.policy->rule_count);
		(void)notify_send("READY=1\nSTATUS=serving");
		status = server_run(&parts.server);
		log_event(parts.log, LOG_LEVEL_NOTICE, "stopped", "exit=%d", status);
	}
done:
	server_release(&parts.server);
	json_free(parts.json);
	desk_free(parts.desk);
	engine_free(parts.engine);
	store_close(parts.store);
	policy_free(parts.policy);
	log_free(parts.log);
	return status;
}
