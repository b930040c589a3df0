/* copies.c - one copy of the process for each fault, and what it tells. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

static struct {
	pid_t pid;
	const struct way *way;
	int64_t at;
	FILE *said; /* what it wrote to standard error */
} copies[JOBS_MAX];

static void tell_finding(const struct row *row, const struct way *way, int64_t at, const char *why, const struct told *told, FILE *said)
{
	char line[1024];

	run.findings++;
	if (run.row_findings++ >= FINDINGS_SHOWN || run.weakness != WEAK_NOT)
		return;
	printf("# %s %s: %s, at %lld: ", row->who, row->words, way != NULL ? way->name : "no fault", (long long)at);
	for (const char *c = why; *c != '\0'; c++)
		(void)putchar(*c == '\r' || *c == '\n' ? ' ' : *c);
	(void)putchar('\n');
	if (told->place[0] != '\0')
		printf("%s", told->place);
	rewind(said);
	for (int i = 0; i < 60 && fgets(line, sizeof(line), said) != NULL; i++)
		printf("#   | %s", line);
	(void)fflush(stdout);
}

/* Waits for one copy to end, and looks at what it has told. */
void copies_collect(const struct row *row, int slot)
{
	struct told *told = &run.told[slot];
	char how[SAID_MAX];
	int status = 0;

	while (waitpid(copies[slot].pid, &status, 0) < 0 && errno == EINTR)
		;
	copies[slot].pid = 0;
	run.tried++;
	if (WIFSIGNALED(status)) {
		(void)snprintf(how, sizeof(how), "died of %s", strsignal(WTERMSIG(status)));
		tell_finding(row, copies[slot].way, copies[slot].at, how, told, copies[slot].said);
	} else if (WEXITSTATUS(status) != 0 && told->why[0] == '\0') {
		(void)snprintf(how, sizeof(how), WEXITSTATUS(status) == HUNG ? "no answer, no end" : "ended with %d", WEXITSTATUS(status));
		tell_finding(row, copies[slot].way, copies[slot].at, how, told, copies[slot].said);
	} else if (told->why[0] != '\0') {
		tell_finding(row, copies[slot].way, copies[slot].at, told->why, told, copies[slot].said);
	}
	(void)fclose(copies[slot].said);
	copies[slot].said = NULL;
}

/* It hangs: nothing that is not safe here can make that worse. NOLINTBEGIN(bugprone-signal-handler) */
static void on_alarm(int number)
{
	(void)number;
	fault_print_place(stderr);
	_exit(HUNG);
}
/* NOLINTEND(bugprone-signal-handler) */

/* true in the copy. */
bool copies_split_off(int slot, const struct way *way, int64_t at)
{
	struct told *told = &run.told[slot];

	told->why[0] = told->place[0] = '\0';
	told->reply.length = 0;
	copies[slot].way = way;
	copies[slot].at = at;
	copies[slot].said = tmpfile();
	if (copies[slot].said == NULL)
		abort();
	(void)fflush(stdout);
	pid_t pid = fork();
	if (pid < 0)
		abort();
	copies[slot].pid = pid;
	if (pid > 0)
		return false;
	(void)dup2(fileno(copies[slot].said), STDERR_FILENO);
	if (run.world->log != NULL)
		log_configure(run.world->log, 0, LOG_LEVEL_INFO);
	(void)signal(SIGALRM, on_alarm);
	(void)alarm(PATIENCE_SECONDS);
	return true;
}

#ifdef FOLLOWUP_COVERAGE
extern void __gcov_dump(void);
#endif

void copies_leave(int slot)
{
	struct told *told = &run.told[slot];

	if (told->why[0] != '\0' && fault_has_struck()) {
		FILE *place = tmpfile();
		if (place != NULL) {
			fault_print_place(place);
			rewind(place);
			told->place[fread(told->place, 1, sizeof(told->place) - 1, place)] = '\0';
		}
	}
	(void)fault_disarm();
#ifdef FOLLOWUP_COVERAGE
	__gcov_dump(); /* what this copy has run */
#endif
	_exit(told->why[0] != '\0');
}

int copies_free_slot(const struct row *row)
{
	for (int i = 0; i < run.jobs; i++)
		if (copies[i].pid == 0)
			return i;
	/* Whoever ends first. */
	siginfo_t info;
	while (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) != 0)
		;
	for (int i = 0; i < run.jobs; i++) {
		if (copies[i].pid == info.si_pid) {
			copies_collect(row, i);
			return i;
		}
	}
	abort();
}

void copies_collect_all(const struct row *row)
{
	for (int i = 0; i < run.jobs; i++)
		if (copies[i].pid != 0)
			copies_collect(row, i);
}
