/* history_world.h - a small brokerage for test_history.c: a book in memory, or in a file, with its engine and desk, a clock that the test moves, and what
 * the test itself knows of clients, agents and contacts. The last is worked out here again, from what was said and answered, so that it can
 * disagree with the store. */
#ifndef FOLLOWUP_HISTORY_WORLD_H
#define FOLLOWUP_HISTORY_WORLD_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "followup/agenda.h"
#include "followup/desk.h"
#include "followup/engine.h"
#include "followup/policy.h"
#include "followup/store.h"
#include "followup/store_ahead.h"
#include "followup/store_call.h"
#include "followup/store_client.h"
#include "followup/store_followup.h"
#include "followup/store_name.h"
#include "followup/store_record.h"
#include "followup/store_staffing.h"

enum {
	CLIENTS = 12,
	PERSONS = 4,
	AGENTS = 7,
	EVENTS_MAX = 400,
	CONTACTS_MAX = 400,
	LEASES_MAX = 400,
	PROMISES_KNOWN_MAX = 100,
	FOLLOWUPS_MAX = 2000,
	CALLS_MAX = 128,
	AGENDA_MAX = 64,
	TRAIL_MAX = 400,
	POLICIES = 6,
	POLICY_WITHOUT_PHONE = 5,
	NOBODY = -1,
	CAP = 2, /* of the shipped configuration */
};

/* Numbers that a seed repeats. */
struct random {
	uint64_t state;
};

static uint64_t random_next(struct random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* 0 .. below - 1 */
static int draw(struct random *random, int below)
{
	return (int)(random_next(random) % (uint64_t)below);
}

static bool chance(struct random *random, int percent)
{
	return draw(random, 100) < percent;
}

/* What the test knows of a client, because it said so. */
struct client_known {
	bool exists;
	int person;              /* 0 .. PERSONS - 1, or NOBODY: stands alone */
	int manager, introducer; /* agents, or NOBODY */
	int hours, forbidden;    /* places in the lists below */
	bool phone, email;
	int64_t id;
	int moved_at; /* the step at which he became part of another person */
	bool erased;  /* at his request; nothing brings him back */
};

struct event_known {
	char ref[16];
	char kind[32];
	int client; /* NOBODY: of none */
	char detail[32];
	day_t day;
};

struct contact_known {
	bool counts; /* false: taken back */
	unsigned clients;
	day_t day;
	int64_t call_id;
	int generation;
};

enum lease_standing { LEASE_HELD, LEASE_UNCERTAIN, LEASE_OVER };

struct lease_known {
	int64_t call_id;
	int generation;
	int agent;
	bool bulk;
	unsigned clients; /* whom the call was about */
	int begun_at;     /* a step */
	int64_t until;
	int64_t length;
	enum lease_standing standing;
	int64_t shown[AGENDA_MAX];
	int shown_count;
	bool told; /* an outcome was accepted: said and answer are those of it */
	char disposition[32], said[400], *answer;
};

struct promise_known {
	int client, agent;
	day_t by;
	bool gone; /* the contact in which it was made was none */
};

struct followup_seen {
	struct followup f;
	char rule[48];
	char reason[32];
};

struct call_seen {
	struct call call;
	struct followup agenda[AGENDA_MAX];
	int agenda_count;
	char queue[80];
};

struct agent_known {
	const char *name, *roles;
	const char *queues[4];
	struct identity who;
	bool away;     /* on a break */
	int successor; /* to whom the clients he manages have been handed, or NOBODY */
};

struct world {
	struct store *store;
	char folder[48], path[64]; /* "": in memory */
	uint64_t read_ahead;       /* rows, by the end */
	struct engine *engine;
	struct desk *desk;
	struct policy *const *policies;
	day_t phone_off_since, phone_off_until; /* the last time that a policy had it off */
	int policy;                             /* the one in force */
	int64_t clock;
	struct moment now;
	day_t begun_on;
	day_t latest;         /* the last day that the clock ever showed */
	struct random random; /* what happens */
	struct random aside;  /* how: budgets, detours */
	bool detours, whole_days;
	void (*wander)(struct world *w); /* something that will be rolled back; when there are detours */
	uint64_t seed;
	int step;
	uint64_t digest; /* of everything there is, and of everything that was answered */
	struct client_known clients[CLIENTS];
	struct event_known events[EVENTS_MAX];
	int event_count, as_of;
	struct agent_known agents[AGENTS];
	struct contact_known contacts[CONTACTS_MAX];
	int contact_count;
	struct lease_known leases[LEASES_MAX];
	int lease_count;
	struct promise_known promises[PROMISES_KNOWN_MAX];
	int promise_count;
	struct followup_seen seen[FOLLOWUPS_MAX];
	int seen_count;
	struct call_seen calls[CALLS_MAX];
	int call_count;
	int foretold;                 /* calls that WHY QUEUE foretold */
	int unserved;                 /* looks that found a call which nobody may make */
	int64_t reopened[AGENDA_MAX]; /* what a review that was rejected in this step had closed */
	int reopened_count, rejections;
	bool contact_step;    /* this step may close what was closed before */
	bool correction_step; /* this step may open what was done, and close it otherwise */
	int corrections, erasures;
	bool half_worked; /* the cycle of a day was interrupted */
	int64_t written;  /* rows, when the step began */
	struct answer answer;
	char trail[TRAIL_MAX][200];
	int trail_count;
};

static const struct agent_known all_agents[AGENTS] = {
	{.name = "anna", .roles = "agent", .queues = {"service", "hq", "manager/*", "branch/*"}},
	{.name = "bert", .roles = "agent", .queues = {"service", "manager/bert"}},
	{.name = "cara", .roles = "agent,reviewer", .queues = {"service", "hq", "branch/B1"}},
	{.name = "dora", .roles = "agent,reviewer", .queues = {"*"}},
	{.name = "emil", .roles = "agent,marketing", .queues = {"service", "hq", "branch/*", "manager/*"}},
	{.name = "gate1", .roles = "gateway", .queues = {"sms", "email", "letter"}},
	{.name = "gate2", .roles = "gateway", .queues = {"sms"}},
};
enum { MARKETEER = 4, FIRST_GATEWAY = 5 };

static const char *const own_hours[] = {"", "Mon-Fri 09:00-12:00", "Tue-Thu 15:00-17:00", "Mon-Sun 00:00-24:00"};
static const struct {
	const char *text, *channel; /* "": none, "all" */
	const char *until;
} forbidden[] = {
	{"", "", NULL}, {"phone", "phone", NULL}, {"all:2025-05-31", "all", "2025-05-31"}, {"sms", "sms", NULL}, {"all", "all", NULL}};
enum { HOURS_COUNT = sizeof(own_hours) / sizeof(own_hours[0]), FORBIDDEN_COUNT = sizeof(forbidden) / sizeof(forbidden[0]) };

__attribute__((format(printf, 2, 3))) static void trail_add(struct world *w, const char *format, ...)
{
	char day[DATE_TEXT_SIZE];
	va_list arguments;

	char *line = w->trail[w->trail_count++ % TRAIL_MAX];
	int used = snprintf(line, sizeof(w->trail[0]), "%3d %s %02d:%02d  ", w->step, date_format(w->now.day, day),
		(int)(w->now.second / 3600), (int)(w->now.second / 60 % 60));
	va_start(arguments, format);
	vsnprintf(line + used, sizeof(w->trail[0]) - (size_t)used, format, arguments);
	va_end(arguments);
}

/* Everything that led here, then the end of the test. */
__attribute__((format(printf, 2, 3), noreturn)) static void wrong(struct world *w, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	for (int i = w->trail_count > TRAIL_MAX ? w->trail_count - TRAIL_MAX : 0; i < w->trail_count; i++)
		print_error("%s\n", w->trail[i % TRAIL_MAX]);
	print_error("again: FOLLOWUP_SEED=%" PRIu64 " FOLLOWUP_HISTORIES=1\n", w->seed);
	fail_msg("step %d: %s", w->step, text);
	abort();
}

static void must(struct world *w, int result, const char *what)
{
	if (result < 0)
		wrong(w, "%s: %s (%s) %s", what, error_text(result), store_message(w->store), w->answer.why);
}

static void set_clock(struct world *w, int64_t clock)
{
	w->clock = clock;
	w->now = zone_moment(clock);
	if (w->now.day > w->latest)
		w->latest = w->now.day;
}

static int client_of_id(const struct world *w, int64_t id)
{
	for (int i = 0; i < CLIENTS; i++)
		if (w->clients[i].id == id && id != 0)
			return i;
	return NOBODY;
}

/* Whether two clients are one natural person, as far as was said. */
static bool same_person(const struct world *w, int a, int b)
{
	return a == b || (w->clients[a].person != NOBODY && w->clients[a].person == w->clients[b].person);
}

static bool about_person(const struct world *w, unsigned clients, int client)
{
	for (int i = 0; i < CLIENTS; i++)
		if ((clients & 1u << i) != 0 && same_person(w, i, client))
			return true;
	return false;
}

/* Whether an agent is a client's manager, or has followed him. */
static bool is_manager(const struct world *w, int manager, int agent)
{
	for (int at = manager; at != NOBODY; at = w->agents[at].successor)
		if (at == agent)
			return true;
	return false;
}

static int present_manager(const struct world *w, int manager)
{
	while (manager != NOBODY && w->agents[manager].successor != NOBODY)
		manager = w->agents[manager].successor;
	return manager;
}

static int contacts_of(const struct world *w, int client, day_t first, day_t last)
{
	int count = 0;

	for (int i = 0; i < w->contact_count; i++) {
		const struct contact_known *k = &w->contacts[i];
		count += k->counts && k->day >= first && k->day <= last && about_person(w, k->clients, client);
	}
	return count;
}

static const struct rule *rule_named(const struct world *w, const char *name)
{
	return policy_rule(w->policies[w->policy], name);
}

/* The book in a file, and whatever a day asks read ahead by another thread, a few rows at a time. */
static void open_read_ahead(struct world *w)
{
	char message[256];

	snprintf(w->folder, sizeof(w->folder), "%s/followup-history-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(w->folder));
	snprintf(w->path, sizeof(w->path), "%s/book.db", w->folder);
	assert_int_equal(store_open(w->path, &w->store, message), 0);
	assert_int_equal(store_ahead_start(w->store, w->path, message), 0);
	store_ahead_insist(w->store, 1);
}

static void world_open(struct world *w, struct policy *const *policies, uint64_t seed, int64_t clock, bool reads_ahead)
{
	char message[256];

	memset(w, 0, sizeof(*w));
	w->seed = seed;
	w->random.state = seed * 7919;
	w->aside.state = seed * 104729 + 1;
	w->policies = policies;
	w->digest = 14695981039346656037u;
	set_clock(w, clock);
	w->begun_on = w->now.day;
	if (reads_ahead)
		open_read_ahead(w);
	else
		assert_int_equal(store_open(":memory:", &w->store, message), 0);
	w->engine = engine_new(w->store);
	w->desk = desk_new(w->store, w->engine);
	assert_non_null(w->engine);
	assert_non_null(w->desk);
	must(w, engine_set_policy(w->engine, policies[0], w->now.unix_seconds), "engine_set_policy");
	desk_set_policy(w->desk, policies[0]);
	if (seed % 2 == 0)
		desk_set_patience(w->desk, 0); /* lanes at once, where there are too few calls to need them */
	must(w, store_begin(w->store, w->now.unix_seconds), "begin");
	for (int i = 0; i < AGENTS; i++) {
		size_t queues = 0;
		w->agents[i] = all_agents[i];
		w->agents[i].successor = NOBODY;
		while (queues < 4 && all_agents[i].queues[queues] != NULL)
			queues++;
		buffer_clear(&w->answer.json);
		must(w, desk_agent_add(w->desk, all_agents[i].name, all_agents[i].roles, all_agents[i].queues, queues, &w->answer),
			"agent");
		must(w, desk_identify(w->desk, all_agents[i].name, &w->agents[i].who), "identify");
	}
	buffer_clear(&w->answer.json); /* the second name for what one alone may not do */
	must(w, desk_agent_add(w->desk, "mary", "supervisor", NULL, 0, &w->answer), "supervisor");
	must(w, store_commit(w->store), "commit");
	for (int i = 0; i < CLIENTS; i++)
		w->clients[i].person = NOBODY;
}

static void world_close(struct world *w)
{
	for (int i = 0; i < w->lease_count; i++)
		free(w->leases[i].answer);
	buffer_free(&w->answer.json);
	desk_free(w->desk);
	engine_free(w->engine);
	w->read_ahead += store_ahead_used(w->store);
	store_close(w->store);
	if (w->folder[0] == '\0')
		return;
	char lock[sizeof(w->path) + 8];
	snprintf(lock, sizeof(lock), "%s-lock", w->path);
	assert_int_equal(unlink(w->path), 0);
	assert_int_equal(unlink(lock), 0);
	assert_int_equal(rmdir(w->folder), 0);
}

static void mix(struct world *w, const void *bytes, size_t length)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < length; i++)
		w->digest = (w->digest ^ b[i]) * 1099511628211u;
}

static void mix_text(struct world *w, const char *text)
{
	mix(w, text, strlen(text) + 1);
}

static void mix_number(struct world *w, int64_t number)
{
	mix(w, &number, sizeof(number));
}

#endif
