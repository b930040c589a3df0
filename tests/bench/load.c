/* load.c - a load of agents on followupd or on one of the queues that it is compared with; what it measured as one line of JSON.
 *
 *   load --peer followupd --at SOCKET --agents 64 --seconds 5 [--warm 1] [--names FILE] [--said JSON] [--think MS]
 *
 * SIGUSR1: what was measured so far does not count. SIGTERM, SIGINT: that is all. One process, one thread, epoll; how much of a processor it took itself is part of what it prints. */
#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "histogram.h"

static const struct peer *const peers[] = {
	&peer_followupd, &peer_bare, &peer_redis_sorted, &peer_redis_list, &peer_beanstalkd, &peer_postgresql, &peer_ping, NULL};

struct load {
	const struct peer *peer;
	struct agent *agents;
	unsigned agent_count, dry_count;
	double think_ms;
	uint64_t cycles, began_at, cpu_at;
	struct histogram next, done;
	unsigned short chance[3];
};

static volatile sig_atomic_t stop_asked, anew_asked;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		anew_asked = 1;
	else
		stop_asked = 1;
}

void die(const char *format, ...)
{
	va_list arguments;

	fputs("load: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

int join_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		die("%s: too long for a socket", path);
	strcpy(address.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

void send_all(const struct agent *agent, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(agent->fd, data, length, MSG_NOSIGNAL);
		if (sent < 0 && errno != EINTR)
			die("agent %u: %s", agent->number, strerror(errno));
		if (sent > 0) {
			data += sent;
			length -= (size_t)sent;
		}
	}
}

void receive(struct agent *agent)
{
	ssize_t got = recv(agent->fd, agent->buffer + agent->length, AGENT_BUFFER_SIZE - 1 - agent->length, 0);

	if (got == 0)
		die("agent %u: the connection was closed", agent->number);
	if (got < 0 && errno != EINTR && errno != EAGAIN)
		die("agent %u: %s", agent->number, strerror(errno));
	if (got > 0)
		agent->length += (size_t)got;
	if (agent->length == AGENT_BUFFER_SIZE - 1)
		die("agent %u: an answer is too long", agent->number);
	agent->buffer[agent->length] = '\0';
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

static uint64_t cpu(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000U +
	       (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000U;
}

static void begin_anew(struct load *load)
{
	memset(&load->next, 0, sizeof(load->next));
	memset(&load->done, 0, sizeof(load->done));
	load->cycles = 0;
	load->began_at = now();
	load->cpu_at = cpu();
}

static void ask_next(struct load *load, struct agent *agent, uint64_t at)
{
	agent->step = AGENT_NEXT;
	agent->asked_at = at;
	agent->wake_at = 0;
	load->peer->ask_next(agent);
}

/* An answer, if it is whole, and what the agent does then. */
static void hear(struct load *load, struct agent *agent)
{
	enum heard heard = load->peer->hear(agent);

	if (heard == HEARD_MORE)
		return;
	uint64_t at = now(), took = at - agent->asked_at;
	if (agent->step == AGENT_NEXT) {
		if (heard == HEARD_NOTHING) {
			agent->step = AGENT_DRY;
			load->dry_count++;
			return;
		}
		histogram_add(&load->next, took);
		agent->step = AGENT_DONE;
		agent->asked_at = at;
		load->peer->ask_done(agent);
		return;
	}
	histogram_add(&load->done, took);
	load->cycles++;
	if (load->think_ms > 0)
		agent->wake_at = at + (uint64_t)(2 * erand48(load->chance) * load->think_ms * 1e6) + 1;
	else
		ask_next(load, agent, at);
}

/* Those who have paused ask again; how many milliseconds until the next does. */
static int wake(struct load *load, int longest)
{
	uint64_t at = now();
	int until = longest;

	for (unsigned i = 0; load->think_ms > 0 && i < load->agent_count; i++) {
		struct agent *agent = &load->agents[i];
		if (agent->wake_at == 0)
			continue;
		if (agent->wake_at <= at)
			ask_next(load, agent, at);
		else if ((agent->wake_at - at) / 1000000 < (uint64_t)until)
			until = (int)((agent->wake_at - at) / 1000000);
	}
	return until;
}

static void run(struct load *load, double warm, double seconds)
{
	enum { EVENTS = 512, LONGEST_WAIT_MS = 20 };
	struct epoll_event events[EVENTS];
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	for (unsigned i = 0; i < load->agent_count; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = &load->agents[i]};
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, load->agents[i].fd, &event) < 0)
			die("epoll: %s", strerror(errno));
	}
	begin_anew(load);
	bool warming = warm > 0;
	for (unsigned i = 0; i < load->agent_count; i++) {
		if (load->think_ms > 0)
			load->agents[i].wake_at = now() + (uint64_t)(2 * erand48(load->chance) * load->think_ms * 1e6) + 1;
		else
			ask_next(load, &load->agents[i], now());
	}
	while (!stop_asked && load->dry_count < load->agent_count) {
		int count = epoll_wait(epoll, events, EVENTS, wake(load, LONGEST_WAIT_MS));
		if (count < 0 && errno != EINTR)
			die("epoll: %s", strerror(errno));
		for (int i = 0; i < count; i++)
			hear(load, events[i].data.ptr);
		double passed = (double)(now() - load->began_at) / 1e9;
		if (anew_asked || (warming && passed >= warm)) {
			anew_asked = 0;
			warming = false;
			begin_anew(load);
		} else if (!warming && passed >= seconds) {
			break;
		}
	}
	close(epoll);
}

/* Who still waits has waited at least so long: a stall at the end is seen, too. */
static void count_unanswered(struct load *load)
{
	uint64_t at = now();

	for (unsigned i = 0; i < load->agent_count; i++) {
		const struct agent *agent = &load->agents[i];
		struct histogram *histogram = agent->step == AGENT_NEXT ? &load->next : &load->done;
		uint64_t since = agent->asked_at > load->began_at ? agent->asked_at : load->began_at;
		if (agent->step != AGENT_DRY && agent->wake_at == 0 && at - since > histogram->longest)
			histogram_add(histogram, at - since);
	}
}

static void print(const struct load *load)
{
	double passed = (double)(now() - load->began_at) / 1e9, used = (double)(cpu() - load->cpu_at) / 1e9;

	printf("{\"peer\":\"%s\",\"agents\":%u,\"seconds\":%.3f,\"cycles\":%llu,\"cycles_per_second\":%.1f,\"own_cpu\":%.3f,\"ran_dry\":%s,"
	       "\"next\":",
		load->peer->name, load->agent_count, passed, (unsigned long long)load->cycles, (double)load->cycles / passed, used / passed,
		load->dry_count > 0 ? "true" : "false");
	histogram_print(&load->next, stdout);
	fputs(",\"done\":", stdout);
	histogram_print(&load->done, stdout);
	puts("}");
}

static _Noreturn void usage(void)
{
	fputs("usage: load --peer NAME --at SOCKET [--agents N] [--seconds S] [--warm S] [--think MS] [--names FILE] [--said "
	      "JSON]\npeers:\n",
		stderr);
	for (int i = 0; peers[i] != NULL; i++)
		fprintf(stderr, "  %-14s %s\n", peers[i]->name, peers[i]->summary);
	exit(64);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"peer", required_argument, NULL, 'p'},
		{"at", required_argument, NULL, 'a'},
		{"agents", required_argument, NULL, 'n'},
		{"seconds", required_argument, NULL, 's'},
		{"warm", required_argument, NULL, 'w'},
		{"think", required_argument, NULL, 't'},
		{"names", required_argument, NULL, 'f'},
		{"said", required_argument, NULL, 'j'},
		{NULL, 0, NULL, 0},
	};
	struct settings settings = {NULL, NULL, NULL};
	struct load *load = calloc(1, sizeof(*load));
	double seconds = 5, warm = 0;
	int option;

	if (load == NULL)
		die("no memory");
	load->agent_count = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			for (int i = 0; peers[i] != NULL; i++)
				if (strcmp(optarg, peers[i]->name) == 0)
					load->peer = peers[i];
			break;
		case 'a':
			settings.at = optarg;
			break;
		case 'n':
			load->agent_count = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 's':
			seconds = strtod(optarg, NULL);
			break;
		case 'w':
			warm = strtod(optarg, NULL);
			break;
		case 't':
			load->think_ms = strtod(optarg, NULL);
			break;
		case 'f':
			settings.names = optarg;
			break;
		case 'j':
			settings.said = optarg;
			break;
		default:
			usage();
		}
	}
	if (load->peer == NULL || settings.at == NULL || load->agent_count == 0 || optind < argc)
		usage();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	load->agents = calloc(load->agent_count, sizeof(*load->agents));
	for (unsigned i = 0; load->agents != NULL && i < load->agent_count; i++) {
		struct agent *agent = &load->agents[i];
		*agent = (struct agent){.settings = &settings, .number = i, .buffer = malloc(AGENT_BUFFER_SIZE)};
		if (agent->buffer == NULL)
			die("no memory");
		load->peer->join(agent);
	}
	if (load->agents == NULL)
		die("no memory");
	run(load, warm, seconds);
	count_unanswered(load);
	print(load);
	for (unsigned i = 0; i < load->agent_count; i++)
		free(load->agents[i].buffer);
	free(load->agents);
	free(load);
	return 0;
}
