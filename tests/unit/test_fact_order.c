/* test_fact_order.c - DESIGN 5.4: the same facts in another order, told twice, or after a week of downtime give the same follow-ups.
 *
 * FOLLOWUP_SEED=n begins with another seed, FOLLOWUP_HISTORIES=n takes more books (book i has seed + i). */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "followup/desk.h"
#include "followup/engine.h"
#include "followup/policy.h"
#include "followup/store.h"
#include "followup/store_view.h"
#include "shipped_policy.h"

#ifdef __SANITIZE_ADDRESS__
enum { BOOKS = 12 }; /* four times as slow */
#else
enum { BOOKS = 40 };
#endif
enum { DAYS = 130, CLIENTS = 9, EVENTS = 45, FACTS_MAX = 400, ROWS_MAX = 800, DOWN_DAYS = 7 };

struct random {
	uint64_t state;
};

static int draw(struct random *random, int below)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (int)((z ^ (z >> 31)) % (uint64_t)below);
}

static bool chance(struct random *random, int percent)
{
	return draw(random, 100) < percent;
}

struct fact {
	bool is_event;
	int arrives; /* a day of the run, 0 the first */
	char json[480];
};

struct row {
	char key[200]; /* rule, client, occasion */
	char rule[48], state[16], reason[32];
	day_t opens_on, due_on, closed_on;
};

struct book {
	bool punctual;  /* every fact comes on its day, and none is ever corrected */
	int quiet_from; /* for DOWN_DAYS from here accounts neither open nor close, and nobody trades; -1: never so */
	uint64_t seed;
	day_t first;
	struct fact facts[FACTS_MAX];
	int fact_count;
};

struct outcome {
	struct row rows[ROWS_MAX];
	int count;
};

static struct book book;
static struct outcome plain, other;

/* --- a book ------------------------------------------------------------------------------------ */

static struct fact *add_fact(struct book *b, bool is_event, int arrives)
{
	assert_true(b->fact_count < FACTS_MAX);
	struct fact *f = &b->facts[b->fact_count++];
	*f = (struct fact){.is_event = is_event, .arrives = arrives};
	return f;
}

static const char *day_of_run(const struct book *b, int day, char out[DATE_TEXT_SIZE])
{
	return date_format(b->first + day, out);
}

static void add_members(struct random *random, const struct book *b, int day, char *out, size_t size)
{
	static const char *const tiers[] = {"diamond", "gold", "silver", ""};
	static const char *const assets[] = {"", "0", "100000", "150000", "1000000"};
	static const char *const calendars[] = {"solar", "lunar", "lunar-leap"};
	char part[160], text[DATE_TEXT_SIZE];

	out[0] = '\0';
	for (int which = 0; which < 11; which++) {
		if (!chance(random, 40))
			continue;
		switch (which) {
		case 0:
			snprintf(part, sizeof(part), ",\"tier\":\"%s\"", tiers[draw(random, 4)]);
			break;
		case 1:
			snprintf(part, sizeof(part), ",\"birthday\":\"%02d-%02d\",\"birthday_calendar\":\"%s\"", 1 + draw(random, 12),
				1 + draw(random, 28), calendars[draw(random, 3)]);
			break;
		case 2:
			snprintf(part, sizeof(part), ",\"opened_on\":\"%s\"", day_of_run(b, day - draw(random, 400), text));
			break;
		case 3:
			snprintf(part, sizeof(part), ",\"closed_on\":\"%s\"",
				chance(random, 70) ? "" : day_of_run(b, day - draw(random, 20), text));
			break;
		case 4:
			snprintf(part, sizeof(part), ",\"last_trade_on\":\"%s\"", day_of_run(b, day - 100 - draw(random, 120), text));
			break;
		case 5:
			snprintf(part, sizeof(part), ",\"assets\":\"%s\"", assets[draw(random, 5)]);
			break;
		case 6:
			snprintf(part, sizeof(part), ",\"branch\":\"B%d\"", draw(random, 2));
			break;
		case 7:
			snprintf(part, sizeof(part), ",\"manager\":\"M%d\"", draw(random, 2));
			break;
		case 8:
			snprintf(part, sizeof(part), ",\"person_ref\":\"P%d\"", draw(random, 3));
			break;
		case 9:
			snprintf(part, sizeof(part), ",\"phone\":\"%s\"", chance(random, 70) ? "13900000000" : "");
			break;
		default:
			snprintf(part, sizeof(part), ",\"email\":\"%s\"", chance(random, 60) ? "c@example.com" : "");
		}
		strncat(out, part, size - strlen(out) - 1);
	}
}

static void add_client(struct random *random, struct book *b, int client)
{
	char members[400], text[DATE_TEXT_SIZE];

	for (int version = b->punctual ? 0 : draw(random, 4); version >= 0; version--) {
		int day = version == 0 ? 0 : 1 + draw(random, DAYS - 10);
		add_members(random, b, day, members, sizeof(members));
		struct fact *f = add_fact(b, false, day + (version == 0 ? 0 : draw(random, 4)));
		snprintf(f->json, sizeof(f->json), "{\"client_ref\":\"C%d\",\"name\":\"Client\",\"as_of\":\"%sT%02d:%02d:00\"%s}", client,
			day_of_run(b, day, text), draw(random, 24), version, members);
	}
}

static void add_event(struct random *random, struct book *b, int event)
{
	static const char *const kinds[] = {"account_opened", "account_closed", "account_reopened", "trade", "asset_outflow",
		"asset_outflow", "complaint", "abnormal", "transfer_requested", "permission_opened", "manager_departed", "void"};
	static const int amounts[] = {20000, 50000, 300000, 500000};
	char text[DATE_TEXT_SIZE];
	int versions = !b->punctual && chance(random, 30) ? 2 + draw(random, 2) : 1;

	for (int version = 1; version <= versions; version++) {
		const char *kind = kinds[draw(random, (int)(sizeof(kinds) / sizeof(kinds[0])) - b->punctual)];
		int day = draw(random, DAYS - 5), arrives = b->punctual ? day : day + draw(random, 12) - 2, target = draw(random, EVENTS);
		bool quiet = b->quiet_from >= 0 && day >= b->quiet_from - 1 && day <= b->quiet_from + DOWN_DAYS;
		if (quiet && (strncmp(kind, "account_", 8) == 0 || strcmp(kind, "trade") == 0))
			continue;
		char detail[16] = "", client[8] = "", amount[24] = "";
		if (strcmp(kind, "void") == 0)
			snprintf(detail, sizeof(detail), "E%03d", target != event ? target : (event + 1) % EVENTS);
		else if (strcmp(kind, "manager_departed") == 0)
			snprintf(detail, sizeof(detail), "M%d", draw(random, 2));
		else
			snprintf(client, sizeof(client), "C%d", draw(random, CLIENTS));
		if (strcmp(kind, "asset_outflow") == 0)
			snprintf(amount, sizeof(amount), ",\"amount\":%d", amounts[draw(random, 4)]);
		struct fact *f = add_fact(b, true, arrives < 0 ? 0 : arrives);
		snprintf(f->json, sizeof(f->json),
			"{\"event_ref\":\"E%03d\",\"client_ref\":\"%s\",\"kind\":\"%s\",\"occurred_at\":\"%sT%02d:00\",\"detail\":\"%s\","
			"\"as_of\":\"2025-01-01T00:00:%02d\"%s}",
			event, client, kind, day_of_run(b, day, text), draw(random, 24), detail, version, amount);
	}
}

static void make_book(struct book *b, uint64_t seed, bool punctual, int quiet_from)
{
	struct random random = {seed * 7919};

	b->seed = seed;
	b->punctual = punctual;
	b->quiet_from = quiet_from;
	b->fact_count = 0;
	b->first = date_to_day(2025, 1, 1) + draw(&random, 300);
	for (int i = 0; i < CLIENTS; i++)
		add_client(&random, b, i);
	for (int i = 0; i < EVENTS; i++)
		add_event(&random, b, i);
}

/* --- a run ------------------------------------------------------------------------------------- */

enum downtime { NEVER_DOWN, FACTS_BEFORE_WORK, WORK_BEFORE_FACTS };

struct way {
	bool shuffled, twice, one_by_one;
	bool at_once; /* everything is known on the first day, also what is still to come */
	enum downtime downtime;
	int down_from; /* the first of DOWN_DAYS days on which nothing is worked and nothing arrives */
};

struct run {
	struct store *store;
	struct engine *engine;
	struct desk *desk;
	struct answer answer;
};

static void must(struct run *r, int result)
{
	if (result < 0)
		fail_msg("seed %" PRIu64 ": %s %s %s", book.seed, error_text(result), store_message(r->store), r->answer.why);
}

static void put(struct run *r, const struct fact *f, struct moment now)
{
	buffer_clear(&r->answer.json);
	r->answer.why[0] = '\0';
	must(r, f->is_event ? desk_event_put(r->desk, f->json, strlen(f->json), now, &r->answer)
			    : desk_client_put(r->desk, f->json, strlen(f->json), now, &r->answer));
}

static void work(struct run *r, struct moment now)
{
	int result;

	do {
		must(r, store_begin(r->store, 0));
		result = engine_work(r->engine, now, 100000);
		must(r, result);
		must(r, store_commit(r->store));
	} while (result > 0);
}

/* What arrives on a day comes in one turn, or each fact in a turn of its own. */
static void receive(
	struct run *r, const struct book *b, const struct way *way, int from_day, int day, struct moment now, struct random *random)
{
	static int order[FACTS_MAX * 2];
	int count = 0;

	for (int i = 0; i < b->fact_count; i++) {
		int arrives = way->at_once ? 0 : b->facts[i].arrives;
		bool due = arrives >= from_day && arrives <= day;
		if (due)
			order[count++] = i;
		/* Told again, at once or later: older versions too. */
		if (way->twice && arrives <= day && chance(random, due ? 40 : 5))
			order[count++] = i;
	}
	for (int i = count - 1; way->shuffled && i > 0; i--) {
		int k = draw(random, i + 1), kept = order[i];
		order[i] = order[k];
		order[k] = kept;
	}
	must(r, store_begin(r->store, 0));
	for (int i = 0; i < count; i++) {
		put(r, &b->facts[order[i]], now);
		if (!way->one_by_one && i + 1 < count)
			continue;
		must(r, engine_settle(r->engine, now, INT32_MAX));
		must(r, store_commit(r->store));
		must(r, store_begin(r->store, 0));
	}
	must(r, store_commit(r->store));
}

static int take_row(void *context, const struct followup_row *row)
{
	struct outcome *o = context;

	assert_true(o->count < ROWS_MAX);
	struct row *out = &o->rows[o->count++];
	snprintf(out->key, sizeof(out->key), "%s,%s,%s", row->rule, row->client_ref, row->occasion);
	snprintf(out->rule, sizeof(out->rule), "%s", row->rule);
	snprintf(out->state, sizeof(out->state), "%s", row->state);
	snprintf(out->reason, sizeof(out->reason), "%s", row->reason);
	out->opens_on = row->opens_on;
	out->due_on = row->due_on;
	out->closed_on = row->closed_on;
	return 0;
}

static int compare_rows(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->key, ((const struct row *)b)->key);
}

static void run_book(const struct book *b, const struct way *way, struct outcome *out)
{
	struct run r = {0};
	struct random random = {b->seed * 31 + 5};
	char message[256];

	assert_int_equal(store_open(":memory:", &r.store, message), 0);
	r.engine = engine_new(r.store);
	r.desk = desk_new(r.store, r.engine);
	must(&r, engine_set_policy(r.engine, policy, 0));
	desk_set_policy(r.desk, policy);
	for (int day = 0; day < DAYS; day++) {
		int back = way->down_from + DOWN_DAYS;
		struct moment now = zone_moment(zone_unix(b->first + day, 36000));
		if (way->downtime != NEVER_DOWN && day >= way->down_from && day < back)
			continue;
		int from_day = way->downtime != NEVER_DOWN && day == back ? way->down_from : day;
		bool facts_first = way->downtime == FACTS_BEFORE_WORK && day == back;
		if (!facts_first)
			work(&r, now);
		receive(&r, b, way, from_day, day, now, &random);
		if (facts_first)
			work(&r, now);
	}
	out->count = 0;
	must(&r, store_view_followups(r.store, take_row, out));
	qsort(out->rows, (size_t)out->count, sizeof(out->rows[0]), compare_rows);
	buffer_free(&r.answer.json);
	desk_free(r.desk);
	engine_free(r.engine);
	store_close(r.store);
}

/* --- comparing ----------------------------------------------------------------------------------- */

static void say(const char *what, const struct row *row)
{
	char opens[DATE_TEXT_SIZE], due[DATE_TEXT_SIZE], closed[DATE_TEXT_SIZE];

	if (row == NULL)
		print_error("  %s: none\n", what);
	else
		print_error("  %s: %s %s..%s %s %s %s\n", what, row->key, date_format(row->opens_on, opens), date_format(row->due_on, due),
			row->state, date_format(row->closed_on, closed), row->reason);
}

typedef bool allows(const struct way *way, const struct row *a, const struct row *b);

/* Rows of one run beside those of the other; either may be missing. */
static int compare(const struct way *way, const char *what, allows *allow)
{
	int faults = 0;

	for (int i = 0, k = 0; i < plain.count || k < other.count;) {
		const struct row *a = i < plain.count ? &plain.rows[i] : NULL, *b = k < other.count ? &other.rows[k] : NULL;
		int order = a == NULL ? 1 : b == NULL ? -1 : strcmp(a->key, b->key);
		i += order <= 0;
		k += order >= 0;
		a = order <= 0 ? a : NULL;
		b = order >= 0 ? b : NULL;
		if (allow(way, a, b))
			continue;
		if (faults++ == 0)
			print_error("seed %" PRIu64 ", %s:\n", book.seed, what);
		say("plain", a);
		say("other", b);
	}
	return faults;
}

static bool is_same(const struct way *way, const struct row *a, const struct row *b)
{
	(void)way;
	return a != NULL && b != NULL && a->opens_on == b->opens_on && a->due_on == b->due_on && a->closed_on == b->closed_on &&
	       strcmp(a->state, b->state) == 0 && strcmp(a->reason, b->reason) == 0;
}

static bool is_same_window(const struct way *way, const struct row *a, const struct row *b)
{
	(void)way;
	return a != NULL && b != NULL && a->opens_on == b->opens_on && a->due_on == b->due_on;
}

/* What was concluded at midnight and cancelled by a fact of that day, or had no channel anyway, is never concluded when the fact was known before. */
static bool is_same_or_cancelled(const struct way *way, const struct row *a, const struct row *b)
{
	if (a != NULL && b != NULL)
		return is_same_window(way, a, b);
	const struct row *alone = a != NULL ? a : b;
	return strcmp(alone->state, "cancelled") == 0 || (strcmp(alone->reason, "no-channel") == 0 && alone->closed_on == alone->opens_on);
}

static int number_of(const char *name, int otherwise)
{
	const char *text = getenv(name);

	return text != NULL && text[0] != '\0' ? atoi(text) : otherwise;
}

static void test_order(void **state)
{
	int seed = number_of("FOLLOWUP_SEED", 1), books = number_of("FOLLOWUP_HISTORIES", BOOKS), faults = 0, rows = 0, cap = policy->cap;

	(void)state;
	print_message("# books from seed %d\n", seed);
	for (int i = 0; i < books; i++) {
		static const struct way plain_way, other_way = {.shuffled = true, .twice = true};
		static const struct way known_way = {.at_once = true}, known_other_way = {.at_once = true, .shuffled = true, .twice = true};
		make_book(&book, (uint64_t)seed + (uint64_t)i, false, -1);
		/* Who comes first takes the slot; without a cap nothing else differs. */
		policy->cap = NO_LIMIT;
		run_book(&book, &plain_way, &plain);
		run_book(&book, &other_way, &other);
		faults += compare(&other_way, "in another order and twice", is_same);
		rows += plain.count;
		run_book(&book, &known_way, &plain);
		run_book(&book, &known_other_way, &other);
		faults += compare(&known_other_way, "known from the first day, in another order and twice", is_same);
		run_book(&book, &known_way, &plain);
		run_book(&book, &known_other_way, &other);
		faults += compare(&known_other_way, "known from the first day, in another order and twice", is_same);
		policy->cap = cap;
		run_book(&book, &plain_way, &plain);
		run_book(&book, &other_way, &other);
		faults += compare(&other_way, "in another order and twice, with the cap", is_same_window);
	}
	assert_true(rows > books * 20);
	if (faults > 0)
		fail_msg("%d rows differ", faults);
}

static void test_downtime(void **state)
{
	int seed = number_of("FOLLOWUP_SEED", 1), books = number_of("FOLLOWUP_HISTORIES", BOOKS), faults = 0, rows = 0, cap = policy->cap;

	(void)state;
	policy->cap = NO_LIMIT;
	for (int i = 0; i < books; i++) {
		static const struct way plain_way;
		struct way before = {.downtime = FACTS_BEFORE_WORK}, after = {.downtime = WORK_BEFORE_FACTS};
		before.down_from = after.down_from = 5 + (int)((uint64_t)seed + (uint64_t)i * 17 % (DAYS - 30));
		make_book(&book, (uint64_t)seed + (uint64_t)i, true, -1);
		run_book(&book, &plain_way, &plain);
		run_book(&book, &before, &other);
		faults += compare(&before, "after a week of downtime, facts told before its days were worked", is_same_or_cancelled);
		/* Days worked without the facts of that week: a greeting for an account that had been closed cannot be helped, so none closes. */
		make_book(&book, (uint64_t)seed + (uint64_t)i, true, after.down_from);
		run_book(&book, &plain_way, &plain);
		run_book(&book, &after, &other);
		faults += compare(&after, "after a week of downtime, facts told after its days were worked", is_same_window);
		rows += plain.count;
	}
	assert_true(rows > books * 20);
	policy->cap = cap;
	if (faults > 0)
		fail_msg("%d rows differ", faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_downtime),
	};

	return cmocka_run_group_tests(tests, load_policy, free_policy);
}
