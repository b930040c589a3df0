/* An unknown name costs what a wrong token does: whoever asks for names learns none, not even from the time it takes. What is counted is what the time is made of, so that a
 * busy machine changes nothing: digests, comparisons, statements, their steps and the pages they look at. The functions that are called from here and from the library below are
 * the ones of this program, which count and go on to the real ones. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <dlfcn.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "followup/desk.h"
#include "followup/engine.h"
#include "followup/store.h"
#include "policy_heard.h"

struct cost {
	int digests;
	size_t digested; /* bytes; those of the token are his own */
	int comparisons;
	size_t compared;
	int statements; /* times that one was stepped */
	int steps;      /* of the library's machine */
	int pages;      /* looked at, in memory or not */
};

static struct cost spent;
static sqlite3 *book;

int SHA256_Update(SHA256_CTX *context, const void *bytes, size_t length)
{
	static int (*real)(SHA256_CTX *, const void *, size_t);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "SHA256_Update");
	spent.digests++;
	spent.digested += length;
	return real(context, bytes, length);
}

int CRYPTO_memcmp(const void *one, const void *other, size_t length)
{
	static int (*real)(const void *, const void *, size_t);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "CRYPTO_memcmp");
	spent.comparisons++;
	spent.compared += length;
	return real(one, other, length);
}

int sqlite3_step(sqlite3_stmt *statement)
{
	static int (*real)(sqlite3_stmt *);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "sqlite3_step");
	book = sqlite3_db_handle(statement);
	spent.statements++;
	return real(statement);
}

static int steps_so_far(void)
{
	int steps = 0;

	for (sqlite3_stmt *s = sqlite3_next_stmt(book, NULL); s != NULL; s = sqlite3_next_stmt(book, s))
		steps += sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 0);
	return steps;
}

static int pages_so_far(void)
{
	int hits = 0, misses = 0, most = 0;

	assert_int_equal(sqlite3_db_status(book, SQLITE_DBSTATUS_CACHE_HIT, &hits, &most, 0), SQLITE_OK);
	assert_int_equal(sqlite3_db_status(book, SQLITE_DBSTATUS_CACHE_MISS, &misses, &most, 0), SQLITE_OK);
	return hits + misses;
}

struct office {
	struct policy *policy;
	struct store *store;
	struct engine *engine;
	struct desk *desk;
	char anna[65], zoe[65]; /* their tokens */
};

static void add(struct office *office, const char *name, char token[65])
{
	struct answer answer = {0};

	assert_int_equal(desk_agent_add(office->desk, name, "agent", (const char *const[]){"service"}, 1, &answer), 0);
	const char *at = strstr(answer.json.data, "\"token\":\"");
	assert_non_null(at);
	if (token != NULL)
		snprintf(token, 65, "%s", at + strlen("\"token\":\""));
	buffer_free(&answer.json);
}

/* So many that their table and its index have pages below their roots. */
enum { AGENTS = 2000 };

static int open_office(void **state)
{
	static struct office office;
	const int64_t now = 1741051800; /* 2025-03-04 09:30 */
	char message[256], name[32];

	if (zone_set("Asia/Shanghai") < 0 || store_open(":memory:", &office.store, message) < 0)
		return -1;
	office.policy = shipped_policy();
	office.engine = engine_new(office.store);
	office.desk = desk_new(office.store, office.engine);
	if (engine_set_policy(office.engine, office.policy, now) < 0)
		return -1;
	desk_set_policy(office.desk, office.policy);
	if (store_begin(office.store, now) < 0)
		return -1;
	add(&office, "anna", office.anna);
	for (int i = 0; i < AGENTS; i++) {
		snprintf(name, sizeof(name), "m%05d", i * 2);
		add(&office, name, NULL);
	}
	add(&office, "zoe", office.zoe);
	*state = &office;
	return store_commit(office.store) < 0 ? -1 : store_begin(office.store, now);
}

static int close_office(void **state)
{
	struct office *office = *state;

	store_rollback(office->store);
	desk_free(office->desk);
	engine_free(office->engine);
	store_close(office->store);
	policy_free(office->policy);
	return 0;
}

static struct cost cost_of(struct office *office, const char *name, const char *token, int wanted)
{
	struct identity who = {.agent_id = 7};

	/* Once before: a statement is made when it is first used. */
	assert_int_equal(desk_authenticate(office->desk, name, token, &who), wanted);
	spent = (struct cost){0};
	int steps = steps_so_far(), pages = pages_so_far();
	assert_int_equal(desk_authenticate(office->desk, name, token, &who), wanted);
	spent.steps = steps_so_far() - steps;
	spent.pages = pages_so_far() - pages;
	if (wanted < 0)
		assert_int_equal(who.agent_id, 7);
	return spent;
}

/* What remains: behind the last name the search ends a step earlier, some nanoseconds of the library's, and goes on with the first row. */
enum { STEP_AFTER_ALL = 1 };

static const char wrong[] = "0000000000000000000000000000000000000000000000000000000000000000";

static void an_unknown_name_costs_what_a_wrong_token_does(void **state)
{
	struct office *office = *state;
	static const char *const names[] = {"anna", "m00000", "m01998", "m03998", "zoe", /* known, */
		"m00001", "m01999", "m02000x", "annb", "nobody",                         /* between those who are, */
		"", "a", "Anna", "!", "zof", "zzzzzzzzzzzzzzzzzzzz", "operator"};        /* before them all, after them all */
	const struct {
		const char *token;
		size_t length;
	} tokens[] = {{wrong, 64}, {"", 0}, {office->zoe, 64}};

	for (size_t t = 0; t < sizeof(tokens) / sizeof(tokens[0]); t++) {
		struct cost known = cost_of(office, "m02000", tokens[t].token, ERR_RIGHTS);
		assert_int_equal(known.digests, 1);
		assert_int_equal(known.digested, tokens[t].length);
		assert_int_equal(known.comparisons, 1);
		assert_int_equal(known.compared, SHA256_DIGEST_LENGTH);
		assert_true(known.statements > 0 && known.steps > 0 && known.pages > 0);
		for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
			if (tokens[t].token == office->zoe && strcmp(names[n], "zoe") == 0)
				continue;
			struct cost cost = cost_of(office, names[n], tokens[t].token, ERR_RIGHTS);
			if (cost.digests != known.digests || cost.digested != known.digested || cost.comparisons != known.comparisons ||
				cost.compared != known.compared || cost.statements != known.statements || cost.pages != known.pages ||
				abs(cost.steps - known.steps) > STEP_AFTER_ALL)
				fail_msg(
					"\"%s\" with the token \"%s\": %d digests of %zu bytes, %d comparisons of %zu, %d statements of %d "
					"steps on %d pages; of a known name %d of %zu, %d of %zu, %d of %d on %d",
					names[n], tokens[t].token, cost.digests, cost.digested, cost.comparisons, cost.compared,
					cost.statements, cost.steps, cost.pages, known.digests, known.digested, known.comparisons,
					known.compared, known.statements, known.steps, known.pages);
		}
	}
}

/* What is read in an unknown one's place opens nothing, not even to its own token. */
static void nobody_comes_in_by_anothers_row(void **state)
{
	struct office *office = *state;
	static const char *const unknown[] = {"", "!", "ann", "annb", "m", "yy", "zo", "zoe ", "zof", "ZOE"};
	struct identity who = {0};

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		assert_int_equal(desk_authenticate(office->desk, unknown[i], office->anna, &who), ERR_RIGHTS);
		assert_int_equal(desk_authenticate(office->desk, unknown[i], office->zoe, &who), ERR_RIGHTS);
	}
	assert_int_equal(desk_authenticate(office->desk, "anna", office->zoe, &who), ERR_RIGHTS);
	assert_int_equal(desk_authenticate(office->desk, "anna", office->anna, &who), 0);
	assert_string_equal(who.name, "anna");
	assert_int_equal(desk_authenticate(office->desk, "zoe", office->zoe, &who), 0);
	assert_string_equal(who.name, "zoe");
	struct cost right = cost_of(office, "zoe", office->zoe, 0), not_right = cost_of(office, "zoe", wrong, ERR_RIGHTS);
	assert_int_equal(right.steps, not_right.steps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_name_costs_what_a_wrong_token_does),
		cmocka_unit_test(nobody_comes_in_by_anothers_row),
	};
	return cmocka_run_group_tests(tests, open_office, close_office);
}
