/* restore.c - followupd restore: verifies a copy that BACKUP made, and puts it in the place of the book that the configuration names. */
#include "followup/restore.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "followup/clock.h"
#include "followup/policy.h"
#include "followup/policy_check.h"
#include "followup/server.h"
#include "followup/store_backup.h"

static const char usage[] = "usage: followupd restore [-c FILE] [--check] COPY\n"
			    "  Verifies a copy of the book and puts it in the book's place; with --check it only verifies.\n"
			    "  The daemon must be stopped. The former book is kept beside it.\n";

static void complain(void *context, const struct complaint *complaint)
{
	(void)context;
	fprintf(stderr, "%s:%d: %s%s\n", complaint->file, complaint->line, complaint->warning ? "warning: " : "", complaint->text);
}

/* Whether the copy can be relied on; says what is in it. */
static int tell(const char *copy, int result, const struct backup_verdict *verdict)
{
	if (result < 0 || verdict->why[0] != '\0') {
		fprintf(stderr, "%s: not good: %s\n", copy, verdict->why[0] != '\0' ? verdict->why : error_text(result));
		return EXIT_STORAGE;
	}
	printf("%s: good: %" PRId64 " clients, %" PRId64 " events, %" PRId64 " follow-ups, %" PRId64 " attempts; record of %" PRId64
	       " links, head %s\n",
		copy, verdict->clients, verdict->events, verdict->followups, verdict->attempts, verdict->record.links,
		verdict->record.head);
	return 0;
}

static int check(const char *copy)
{
	struct backup_verdict verdict;
	int result = store_backup_verify(copy, &verdict);

	return tell(copy, result, &verdict);
}

static int put_back(const char *copy, const char *config_file)
{
	struct policy *policy = NULL;
	char stamp[32], kept[4096], message[BACKUP_MESSAGE_SIZE];
	struct business_clock real = {0};
	struct backup_verdict verdict;
	time_t now = (time_t)clock_now(&real);
	struct tm parts;

	if (policy_load(config_file, complain, NULL, &policy) < 0)
		return EXIT_CONFIGURATION;
	(void)gmtime_r(&now, &parts);
	(void)strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &parts);
	int result = store_backup_restore(copy, policy->database, stamp, kept, sizeof(kept), &verdict, message);
	if (result < 0 && verdict.why[0] == '\0') {
		fprintf(stderr, "%s\n", message);
	} else if (tell(copy, 0, &verdict) == 0) {
		if (kept[0] != '\0')
			printf("the former book: %s\n", kept);
		printf("restored: %s; start the daemon, then CHECK and VERIFY\n", policy->database);
	}
	policy_free(policy);
	return result == 0 ? 0 : EXIT_STORAGE;
}

int restore_command(int count, char **words)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'k'}, {"help", no_argument, NULL, 'h'}, {0}};
	const char *file = "/etc/followupd/followupd.conf";
	bool check_only = false;
	int option;

	while ((option = getopt_long(count, words, "c:h", options, NULL)) != -1) {
		if (option == 'h')
			return fputs(usage, stdout) < 0 ? EXIT_SYSTEM : 0;
		if (option == 'c')
			file = optarg;
		else if (option == 'k')
			check_only = true;
		else
			return fputs(usage, stderr) < 0 ? EXIT_SYSTEM : EXIT_USAGE;
	}
	if (optind + 1 != count)
		return fputs(usage, stderr) < 0 ? EXIT_SYSTEM : EXIT_USAGE;
	return check_only ? check(words[optind]) : put_back(words[optind], file);
}
