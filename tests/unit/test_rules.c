/* test_rules.c - the shipped rules on dated cases: tests/rules/rules.csv, which says how a case is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "followup/desk.h"
#include "followup/engine.h"
#include "followup/simulate.h"
#include "followup/store.h"
#include "followup/store_view.h"
#include "shipped_policy.h"

enum { FACTS_MAX = 32, ROWS_MAX = 64, FIELDS_MAX = 10, LINE_SIZE = 512 };

static const char *const table = "tests/rules/rules.csv";

struct fact {
	bool is_event;
	day_t told_on; /* NO_DAY: before the first day */
	char *fields[FIELDS_MAX];
	char text[LINE_SIZE];
};

struct expected {
	char text[LINE_SIZE];
	int line;
	bool found;
};

struct test_case {
	int line; /* 0: none yet */
	char name[128];
	bool told;
	day_t from, to;
	char rules[160]; /* with a space before and after each */
	struct fact facts[FACTS_MAX];
	int fact_count;
	struct expected rows[ROWS_MAX];
	int row_count;
	int faults;
};

/* Empty fields count; what is missing at the end is empty too. */
static int split(char *text, char *fields[FIELDS_MAX])
{
	int count = 0;

	for (char *at = text; at != NULL && count < FIELDS_MAX;) {
		char *comma = strchr(at, ',');
		fields[count++] = at;
		if (comma != NULL)
			*comma++ = '\0';
		at = comma;
	}
	for (int i = count; i < FIELDS_MAX; i++)
		fields[i] = text + strlen(fields[count - 1]) + (fields[count - 1] - text);
	return count;
}

static day_t read_day(int line, const char *text)
{
	day_t day = date_parse(text, strlen(text));

	if (day == NO_DAY && strcmp(text, "-") != 0 && strcmp(text, "none") != 0)
		fail_msg("%s:%d: \"%s\" is no day", table, line, text);
	return day;
}

/* --- facts as the daemon takes them ------------------------------------------------------------- */

static void client_json(const struct fact *f, char *out, size_t size)
{
	char members[LINE_SIZE], *rest = NULL;
	size_t used = (size_t)snprintf(out, size, "{\"client_ref\":\"%s\"", f->fields[1]);

	snprintf(members, sizeof(members), "%s", f->fields[3]);
	for (char *member = strtok_r(members, " ", &rest); member != NULL; member = strtok_r(NULL, " ", &rest)) {
		char *value = strchr(member, '=');
		assert_non_null(value);
		*value++ = '\0';
		used += (size_t)snprintf(out + used, size - used, ",\"%s\":\"%s\"", member, value);
	}
	snprintf(out + used, size - used, "}");
}

static void event_json(const struct fact *f, char *out, size_t size)
{
	size_t used = (size_t)snprintf(out, size,
		"{\"event_ref\":\"%s\",\"client_ref\":\"%s\",\"kind\":\"%s\",\"occurred_at\":\"%s\",\"detail\":\"%s\"", f->fields[1],
		f->fields[3], f->fields[4], f->fields[5], f->fields[7]);

	if (f->fields[6][0] != '\0')
		used += (size_t)snprintf(out + used, size - used, ",\"amount\":%s", f->fields[6]);
	snprintf(out + used, size - used, "}");
}

struct told {
	struct store *store;
	struct engine *engine;
	struct desk *desk;
	struct answer answer;
};

static void put_told(struct told *t, const struct test_case *c, day_t day, bool first)
{
	struct moment now = zone_moment(zone_unix(day, 36000));
	char json[LINE_SIZE * 2];

	assert_int_equal(store_begin(t->store, 0), 0);
	for (int i = 0; i < c->fact_count; i++) {
		const struct fact *f = &c->facts[i];
		if (first ? f->told_on != NO_DAY : f->told_on != day)
			continue;
		buffer_clear(&t->answer.json);
		t->answer.why[0] = '\0';
		(f->is_event ? event_json : client_json)(f, json, sizeof(json));
		int result = f->is_event ? desk_event_put(t->desk, json, strlen(json), now, &t->answer)
					 : desk_client_put(t->desk, json, strlen(json), now, &t->answer);
		if (result < 0)
			fail_msg("%s:%d: %s: %s: %s", table, c->line, c->name, json, t->answer.why);
	}
	if (!first)
		assert_int_equal(engine_settle(t->engine, now, INT32_MAX), 0);
	assert_int_equal(store_commit(t->store), 0);
}

/* The engine alone, day by day; facts come in the course of their day. */
static struct store *run_told(const struct test_case *c)
{
	struct told t = {0};
	char message[256];

	assert_int_equal(store_open(":memory:", &t.store, message), 0);
	t.engine = engine_new(t.store);
	t.desk = desk_new(t.store, t.engine);
	assert_int_equal(engine_set_policy(t.engine, policy, 0), 0);
	desk_set_policy(t.desk, policy);
	assert_int_equal(store_begin(t.store, 0), 0);
	assert_int_equal(engine_begin_at(t.engine, c->from), 0);
	assert_int_equal(store_commit(t.store), 0);
	put_told(&t, c, c->from, true);
	for (day_t day = c->from; day <= c->to; day++) {
		struct moment midnight = zone_moment(zone_unix(day, 0));
		int result;
		do {
			assert_int_equal(store_begin(t.store, 0), 0);
			/* A turn between two slices leaves everything to them, and does not ask again and again. */
			if (engine_worked_on(t.engine) < day)
				assert_int_equal(engine_settle(t.engine, midnight, 16), ENGINE_DAY_FIRST);
			result = engine_work(t.engine, midnight, 3); /* in small slices */
			assert_true(result >= 0);
			assert_int_equal(store_commit(t.store), 0);
		} while (result > 0);
		put_told(&t, c, day, false);
	}
	buffer_free(&t.answer.json);
	desk_free(t.desk);
	engine_free(t.engine);
	return t.store;
}

static void write_files(const struct test_case *c, FILE *clients, FILE *events)
{
	static const char *const columns[] = {"name", "phone", "email", "tier", "branch", "manager", "introducer", "birthday",
		"birthday_calendar", "opened_on", "closed_on", "last_trade_on", "assets", "do_not_contact", "person_ref"};
	enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

	fprintf(clients, "client_ref");
	for (int k = 0; k < COLUMNS; k++)
		fprintf(clients, ",%s", columns[k]);
	fprintf(clients, "\n");
	fprintf(events, "event_ref,client_ref,kind,occurred_at,amount,detail\n");
	for (int i = 0; i < c->fact_count; i++) {
		const struct fact *f = &c->facts[i];
		char spaced[LINE_SIZE + 2];
		int known = 0, given = 0;
		if (f->is_event) {
			fprintf(events, "%s,%s,%s,%s,%s,%s\n", f->fields[1], f->fields[3], f->fields[4], f->fields[5], f->fields[6],
				f->fields[7]);
			continue;
		}
		snprintf(spaced, sizeof(spaced), " %s", f->fields[3]);
		for (const char *at = spaced; (at = strchr(at, '=')) != NULL; at++)
			given++;
		fprintf(clients, "%s", f->fields[1]);
		for (int k = 0; k < COLUMNS; k++) {
			char key[40];
			snprintf(key, sizeof(key), " %s=", columns[k]);
			const char *value = strstr(spaced, key);
			known += value != NULL;
			fprintf(clients, ",%.*s", value != NULL ? (int)strcspn(value + strlen(key), " ") : 0,
				value != NULL ? value + strlen(key) : "");
		}
		fprintf(clients, "\n");
		if (known != given)
			fail_msg("%s:%d: %s: a field of %s is not known to this test", table, c->line, c->name, f->fields[1]);
	}
}

/* As `followupd simulate` does it. */
static struct store *run_book(const struct test_case *c)
{
	char clients_file[] = "/tmp/followup-rules-XXXXXX", events_file[] = "/tmp/followup-rules-XXXXXX";
	int clients_number = mkstemp(clients_file), events_number = mkstemp(events_file);
	struct simulation simulation = {
		.policy = policy, .clients_file = clients_file, .events_file = events_file, .from = c->from, .to = c->to};
	struct simulate_result result = {0};

	assert_true(clients_number >= 0 && events_number >= 0);
	FILE *clients = fdopen(clients_number, "w"), *events = fdopen(events_number, "w");
	assert_true(clients != NULL && events != NULL);
	write_files(c, clients, events);
	assert_int_equal(fclose(clients), 0);
	assert_int_equal(fclose(events), 0);
	int ran = simulate_run(&simulation, stderr, &result);
	(void)unlink(clients_file);
	(void)unlink(events_file);
	if (ran < 0 || result.rows_bad > 0)
		fail_msg("%s:%d: %s: the book is refused", table, c->line, c->name);
	return result.store;
}

/* --- rows ----------------------------------------------------------------------------------------- */

static int check_row(void *context, const struct followup_row *row)
{
	struct test_case *c = context;
	char text[LINE_SIZE], rule[64], opens[DATE_TEXT_SIZE], due[DATE_TEXT_SIZE], closed[DATE_TEXT_SIZE];

	snprintf(rule, sizeof(rule), " %s ", row->rule);
	if (strstr(c->rules, rule) == NULL)
		return 0;
	snprintf(text, sizeof(text), "row,%s,%s,%s,%s,%s,%s,%s,%s", row->rule, row->client_ref, row->occasion,
		date_format(row->opens_on, opens), date_format(row->due_on, due), row->state,
		row->closed_on == NO_DAY ? "none" : date_format(row->closed_on, closed), row->reason);
	for (int i = 0; i < c->row_count; i++)
		if (!c->rows[i].found && strcmp(c->rows[i].text, text) == 0) {
			c->rows[i].found = true;
			return 0;
		}
	print_error("%s:%d: %s: not expected: %s\n", table, c->line, c->name, text);
	c->faults++;
	return 0;
}

static int run_case(struct test_case *c)
{
	if (c->line == 0)
		return 0;
	struct store *store = c->told ? run_told(c) : run_book(c);
	assert_int_equal(store_view_followups(store, check_row, c), 0);
	store_close(store);
	for (int i = 0; i < c->row_count; i++)
		if (!c->rows[i].found) {
			print_error("%s:%d: %s: there is no %s\n", table, c->rows[i].line, c->name, c->rows[i].text);
			c->faults++;
		}
	return c->faults > 0;
}

static void begin_case(struct test_case *c, int line, char **fields, int count)
{
	memset(c, 0, sizeof(*c));
	if (count != 6 || (strcmp(fields[2], "told") != 0 && strcmp(fields[2], "book") != 0))
		fail_msg("%s:%d: case,NAME,told|book,FROM,TO,RULES is expected", table, line);
	c->line = line;
	c->told = strcmp(fields[2], "told") == 0;
	c->from = read_day(line, fields[3]);
	c->to = read_day(line, fields[4]);
	snprintf(c->name, sizeof(c->name), "%s", fields[1]);
	snprintf(c->rules, sizeof(c->rules), " %s ", fields[5]);
}

static void test_rules(void **state)
{
	static struct test_case c;
	char text[LINE_SIZE], *fields[FIELDS_MAX];
	int line = 0, cases = 0, wrong = 0;
	FILE *file = fopen(table, "r");

	(void)state;
	if (file == NULL)
		fail_msg("%s cannot be opened; the tests run from the root of the tree", table);
	while (fgets(text, sizeof(text), file) != NULL) {
		line++;
		text[strcspn(text, "\r\n")] = '\0';
		if (text[0] == '\0' || text[0] == '#')
			continue;
		if (strncmp(text, "row,", 4) == 0) {
			assert_true(c.row_count < ROWS_MAX);
			c.rows[c.row_count].line = line;
			snprintf(c.rows[c.row_count++].text, LINE_SIZE, "%s", text);
		} else if (strncmp(text, "case,", 5) == 0) {
			wrong += run_case(&c);
			begin_case(&c, line, fields, split(text, fields));
			cases++;
		} else {
			assert_true(c.fact_count < FACTS_MAX);
			struct fact *f = &c.facts[c.fact_count++];
			snprintf(f->text, sizeof(f->text), "%s", text);
			(void)split(f->text, f->fields);
			f->is_event = strcmp(f->fields[0], "event") == 0;
			if (!f->is_event && strcmp(f->fields[0], "client") != 0)
				fail_msg("%s:%d: \"%s\" is none of case, client, event, row", table, line, f->fields[0]);
			f->told_on = read_day(line, f->fields[2]);
		}
	}
	(void)fclose(file);
	wrong += run_case(&c);
	assert_true(cases > 0);
	print_message("# %d cases\n", cases);
	if (wrong > 0)
		fail_msg("%d of %d cases are wrong", wrong, cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
	};

	return cmocka_run_group_tests(tests, load_policy_without_sample, free_policy);
}
