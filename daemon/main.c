/* main.c - reads the command line and hands over. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "followup/clock.h"
#include "followup/daemon.h"
#include "followup/policy_check.h"
#include "followup/restore.h"
#include "followup/server.h"
#include "followup/simulate.h"
#include "followup/store.h"
#include "followup/tls.h"
#include "followup/zone.h"

static const char default_config[] = "/etc/followupd/followupd.conf";

static const char usage[] = "usage: followupd [-c FILE] [-f] [--test-clock TIME]\n"
			    "       followupd check [-c FILE]\n"
			    "       followupd simulate -c FILE --clients F --events F --from DAY --to DAY [--capacity QUEUE=N ...]\n"
			    "                          [--without RULE ...] [--format csv|json] [--summary]\n"
			    "       followupd restore [-c FILE] [--check] COPY\n"
			    "       followupd --version | --help\n";

static int wrong_usage(void)
{
	(void)fputs(usage, stderr);
	return EXIT_USAGE;
}

/* What else the daemon would need to start, and only its files can tell. */
static int check_tls(const struct policy *policy, char why[256])
{
	struct ssl_ctx_st *tls = NULL;
	int result = tls_is_wanted(policy) ? tls_load(policy, &tls, why) : 0;

	tls_free(tls);
	return result;
}

static int run_check(int count, char **words)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {0}};
	struct business_clock real = {0};
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
	/* The day decides only whether a calendar ends soon; the zone it is told in may be the one that is being checked. */
	return policy_check_command(file, zone_moment(clock_now(&real)).day, check_tls);
}

static int run_daemon(int count, char **words)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"foreground", no_argument, NULL, 'f'},
		{"test-clock", required_argument, NULL, 't'},
		{"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct daemon_options run = {.config_file = default_config};
	int option;

	while ((option = getopt_long(count, words, "c:fh", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			run.config_file = optarg;
			break;
		case 'f':
			run.foreground = true;
			break;
		case 't':
			run.test_clock = optarg;
			break;
		case 'v':
			return printf("followupd %s\n", FOLLOWUP_VERSION) < 0 ? EXIT_SYSTEM : 0;
		case 'h':
			return fputs(usage, stdout) < 0 ? EXIT_SYSTEM : 0;
		default:
			return wrong_usage();
		}
	}
	if (optind < count)
		return wrong_usage();
	return daemon_run(&run);
}

int main(int count, char **words)
{
	store_library_prepare();
	if (count > 1 && strcmp(words[1], "check") == 0)
		return run_check(count - 1, words + 1);
	if (count > 1 && strcmp(words[1], "simulate") == 0)
		return simulate_command(count - 1, words + 1);
	if (count > 1 && strcmp(words[1], "restore") == 0)
		return restore_command(count - 1, words + 1);
	return run_daemon(count, words);
}
