/* What desk.h promises to every caller, whoever is asking: rights and numbers that no socket lets through, the next time to wake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "followup/desk.h"
#include "followup/engine.h"
#include "followup/store.h"
#include "policy_heard.h"

struct office {
	struct policy *policy;
	struct store *store;
	struct engine *engine;
	struct desk *desk;
	struct moment now;
};

static int open_office(void **state)
{
	static struct office office;
	char message[256];
	struct answer answer = {0};

	if (zone_set("Asia/Shanghai") < 0 || store_open(":memory:", &office.store, message) < 0)
		return -1;
	office.now = zone_moment(1741051800); /* 2025-03-04 09:30 */
	office.policy = shipped_policy();
	office.engine = engine_new(office.store);
	office.desk = desk_new(office.store, office.engine);
	if (engine_set_policy(office.engine, office.policy, office.now.unix_seconds) < 0)
		return -1;
	desk_set_policy(office.desk, office.policy);
	int result = store_begin(office.store, office.now.unix_seconds);
	if (result == 0)
		result = desk_agent_add(office.desk, "anna", "agent", (const char *const[]){"service"}, 1, &answer);
	buffer_free(&answer.json);
	*state = &office;
	return result;
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

/* Nobody of the agent table, and somebody who has been deleted since he signed in. */
static void nobody_of_the_table_holds_calls(void **state)
{
	struct office *o = *state;
	const struct identity nobodies[] = {
		{.agent_id = 0, .name = "operator", .roles = ROLE_AGENT | ROLE_REVIEWER},
		{.agent_id = 4711, .name = "gone", .roles = ROLE_AGENT | ROLE_REVIEWER},
	};
	const struct next_request request = {0};

	for (size_t i = 0; i < sizeof(nobodies) / sizeof(nobodies[0]); i++) {
		const struct identity *who = &nobodies[i];
		struct answer a = {0};
		assert_int_equal(desk_next(o->desk, who, &request, o->now, &a), ERR_RIGHTS);
		assert_string_equal(a.why, "calls go to agents: sign in with AUTH name token");
		assert_int_equal(desk_break(o->desk, who, "lunch", o->now, &a), ERR_RIGHTS);
		assert_string_equal(a.why, "only an agent has breaks: sign in with AUTH name token");
		assert_int_equal(desk_ready(o->desk, who, o->now, &a), ERR_RIGHTS);
		assert_int_equal(desk_review_next(o->desk, who, o->now, &a), ERR_RIGHTS);
		assert_string_equal(a.why, "reviews go to reviewers: sign in with AUTH name token");
		assert_int_equal(desk_review_done(o->desk, who, "1", "accepted", NULL, o->now, &a), ERR_RIGHTS);
		buffer_free(&a.json);
	}
	struct answer a = {0};
	assert_int_equal(desk_mine(o->desk, &nobodies[0], o->now, &a), ERR_RIGHTS);
	assert_string_equal(a.why, "sign in with AUTH name token");
	assert_int_equal(desk_take(o->desk, &nobodies[0], "1", o->now, &a), ERR_RIGHTS);
	buffer_free(&a.json);
}

static void a_token_opens_for_its_name_only(void **state)
{
	struct office *o = *state;
	struct identity who = {.agent_id = 7};

	assert_int_equal(desk_authenticate(o->desk, "anna", "0000", &who), ERR_RIGHTS);
	assert_int_equal(desk_authenticate(o->desk, "nobody", "0000", &who), ERR_RIGHTS);
	assert_int_equal(desk_identify(o->desk, "nobody", &who), ERR_NOT_FOUND);
	assert_int_equal(who.agent_id, 7);
	assert_int_equal(desk_identify(o->desk, "anna", &who), 0);
	assert_string_equal(who.name, "anna");
	assert_int_equal(who.roles, ROLE_AGENT);
}

static void roles_have_names(void **state)
{
	(void)state;
	for (unsigned role = 1; role <= ROLE_OPERATOR; role <<= 1)
		assert_int_equal(role_parse(role_name(role)), role);
	assert_int_equal(role_parse("king"), 0);
	assert_string_equal(role_name(ROLE_OPERATOR << 1), "unknown");
}

/* With an empty book the next thing that happens is a desk that opens. */
static void wakes_when_a_desk_opens(void **state)
{
	struct office *o = *state;
	const struct {
		int64_t now, wakeup;
	} cases[] = {
		{1741051799, 1741051800}, /* a second before 09:30 */
		{1741051800, 1741071600}, /* 09:30: then 15:00 */
		{1741071600, 1741138200}, /* then Wednesday, 09:30 */
		{1741051700, 1741051800}, /* the clock was set back */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(desk_next_wakeup(o->desk, zone_moment(cases[i].now)), cases[i].wakeup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_of_the_table_holds_calls),
		cmocka_unit_test(a_token_opens_for_its_name_only),
		cmocka_unit_test(roles_have_names),
		cmocka_unit_test(wakes_when_a_desk_opens),
	};

	return cmocka_run_group_tests(tests, open_office, close_office);
}
