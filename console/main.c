/* main.c - the command line, start and end of followup-console. The main thread only waits for signals, ends sessions whose time is over and tells the service
 * manager that all is well; requests have threads of their own. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "followup/clock.h"
#include "followup/console_settings.h"
#include "followup/notify.h"
#include "followup/web.h"

static const char default_config[] = "/etc/followupd/followup-console.conf";
static const char log_socket[] = "/dev/log";

static const char usage[] = "usage: followup-console [-c FILE] [-f]\n"
			    "       followup-console check [-c FILE]\n"
			    "       followup-console --version | --help\n";

enum { EXIT_USAGE = 64, EXIT_SYSTEM = 71, EXIT_CONFIGURATION = 78, SPARE_DESCRIPTORS = 64 };

static int wrong_usage(void)
{
	(void)fputs(usage, stderr);
	return EXIT_USAGE;
}

/* --- check ------------------------------------------------------------------------------------------ */

static void print_complaint(void *context, const struct complaint *complaint)
{
	(void)context;
	if (complaint->line > 0)
		(void)fprintf(stderr, "%s:%d: %s: %s\n", complaint->file, complaint->line, complaint->warning ? "warning" : "error",
			complaint->text);
	else
		(void)fprintf(stderr, "%s: %s: %s\n", complaint->file, complaint->warning ? "warning" : "error", complaint->text);
}

static int run_check(int count, char **words)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {0}};
	struct console_settings *settings = NULL;
	const char *file = default_config;
	int option;

	while ((option = getopt_long(count, words, "c:h", options, NULL)) != -1) {
		if (option == 'h')
			return fputs(usage, stdout) < 0 ? EXIT_SYSTEM : 0;
		if (option != 'c')
			return wrong_usage();
		file = optarg;
	}
	if (optind < count)
		return wrong_usage();
	int result = console_settings_load(file, print_complaint, NULL, &settings);
	if (result < 0) {
		(void)fprintf(stderr, "%s: %s\n", file, result == ERR_INVALID ? "this configuration cannot be used" : error_text(result));
		return result == ERR_INVALID ? EXIT_CONFIGURATION : EXIT_SYSTEM;
	}
	(void)printf("%s: listens on %s%s; the daemon is at %s; browsers come by %s\n", file, settings->listen,
		settings->certificate[0] != '\0' ? " with TLS" : "", settings->daemon,
		settings->address[0] != '\0' ? settings->address : "number or localhost");
	console_settings_free(settings);
	return 0;
}

/* --- run -------------------------------------------------------------------------------------------- */

static void log_complaint(void *context, const struct complaint *complaint)
{
	char file[LOG_QUOTED_SIZE], text[LOG_QUOTED_SIZE];

	log_event(context, complaint->warning ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, "configuration", "file=%s line=%d text=%s",
		log_quote(complaint->file, strlen(complaint->file), file), complaint->line,
		log_quote(complaint->text, strlen(complaint->text), text));
}

/* A descriptor for each connection, and for what a session may have open to the daemon. */
static void raise_limits(struct log *log, const struct console_settings *settings)
{
	struct rlimit limit;
	rlim_t wanted = (rlim_t)(settings->connections + settings->sessions_most * (WEB_SESSION_LINKS + WEB_SESSION_STREAMS + 1)) +
			SPARE_DESCRIPTORS;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < (rlim_t)settings->connections * 2)
		log_event(log, LOG_LEVEL_WARNING, "few_descriptors", "have=%llu wanted=%llu", (unsigned long long)limit.rlim_cur,
			(unsigned long long)wanted);
}

static void tell_end(void *context, const struct web_session *session, const char *why)
{
	char agent[LOG_QUOTED_SIZE];
	const char *name = web_session_name(session);

	web_log(context, LOG_LEVEL_INFO, "session_ended", "agent=%s why=%s", log_quote(name, strlen(name), agent), why);
}

/* Until a signal asks for the end. */
static void watch(struct web *web, const sigset_t *signals)
{
	static const struct timespec second = {.tv_sec = 1};
	uint64_t watchdog_us = notify_watchdog_us();
	int64_t fed_us = 0;

	for (;;) {
		if (sigtimedwait(signals, NULL, &second) > 0)
			return;
		web_sessions_expire(web->sessions, clock_monotonic_ms(), tell_end, web);
		if (watchdog_us > 0 && clock_monotonic_us() - fed_us >= (int64_t)watchdog_us / 3) {
			fed_us = clock_monotonic_us();
			(void)notify_send("WATCHDOG=1");
		}
	}
}

static int not_started(struct log *log, const char *why, int status)
{
	char quoted[LOG_QUOTED_SIZE];

	log_tell_starter(log, true);
	log_event(log, LOG_LEVEL_ERROR, "not_started", "reason=%s exit=%d", log_quote(why, strlen(why), quoted), status);
	return status;
}

static int serve(struct log *log, const struct console_settings *settings)
{
	struct web web = {.settings = settings,
		.log = log,
		.log_lock = PTHREAD_MUTEX_INITIALIZER,
		.guess_lock = PTHREAD_MUTEX_INITIALIZER,
		.sessions = web_sessions_new(settings),
		.guesses = guesses_new()};
	sigset_t signals;
	char why[256] = "out of memory";
	int status = EXIT_SYSTEM;

	/* Blocked before there are threads, so that only the main one hears them. */
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGPIPE);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	(void)sigdelset(&signals, SIGPIPE);
	raise_limits(log, settings);
	log_tell_starter(log, false); /* from here on other threads write it */
	if (web.sessions == NULL || web.guesses == NULL || web_start(&web, why) < 0) {
		status = not_started(log, why, EXIT_SYSTEM);
	} else {
		web_log(&web, LOG_LEVEL_NOTICE, "started", "version=%s pid=%ld address=%s tls=%s", FOLLOWUP_VERSION, (long)getpid(),
			web.address, settings->certificate[0] != '\0' ? "yes" : "no");
		(void)notify_send("READY=1\nSTATUS=serving on %s", web.address);
		watch(&web, &signals);
		(void)notify_send("STOPPING=1");
		web_stop(&web);
		web_log(&web, LOG_LEVEL_NOTICE, "stopped", "exit=0");
		status = 0;
	}
	web_sessions_free(web.sessions);
	guesses_free(web.guesses);
	return status;
}

static int run(const char *file, bool foreground)
{
	struct log *log = log_new(foreground ? NULL : log_socket, LOG_DAEMON, LOG_LEVEL_INFO);
	struct console_settings *settings = NULL;
	int status = EXIT_SYSTEM;

	if (log == NULL)
		return EXIT_SYSTEM;
	log_tell_starter(log, true);
#ifndef __SANITIZE_ADDRESS__ /* which looks for leaks by way of a debugger's means */
	/* Tokens stand in its memory: no dump, and no debugger of the same user. */
	(void)prctl(PR_SET_DUMPABLE, 0);
#endif
	int result = console_settings_load(file, log_complaint, log, &settings);
	if (result < 0) {
		status = result == ERR_INVALID ? EXIT_CONFIGURATION : EXIT_SYSTEM;
		(void)not_started(log, result == ERR_INVALID ? "the configuration has mistakes" : error_text(result), status);
	} else {
		int facility = log_facility_parse(settings->log_facility), level = log_level_parse(settings->log_level);
		log_configure(log, facility >= 0 ? facility : LOG_DAEMON, level >= 0 ? (enum log_level)level : LOG_LEVEL_INFO);
		status = serve(log, settings);
	}
	console_settings_free(settings);
	log_free(log);
	return status;
}

int main(int count, char **words)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"foreground", no_argument, NULL, 'f'},
		{"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	const char *file = default_config;
	bool foreground = false;
	int option;

	if (count > 1 && strcmp(words[1], "check") == 0)
		return run_check(count - 1, words + 1);
	while ((option = getopt_long(count, words, "c:fh", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			file = optarg;
			break;
		case 'f':
			foreground = true;
			break;
		case 'v':
			return printf("followup-console %s\n", FOLLOWUP_VERSION) < 0 ? EXIT_SYSTEM : 0;
		case 'h':
			return fputs(usage, stdout) < 0 ? EXIT_SYSTEM : 0;
		default:
			return wrong_usage();
		}
	}
	return optind < count ? wrong_usage() : run(file, foreground);
}
