/* test_history.c - random histories of a small brokerage, with what DESIGN 5 promises asserted after every step.
 *
 * FOLLOWUP_SEED=n begins with another seed, FOLLOWUP_HISTORIES=n makes more of them (history i has seed + i). A failure prints the steps that led to
 * it and the seed that repeats them. */
#include "history_correct.h"
#include "history_erase.h"
#include "history_report.h"
#include "history_review.h"
#include "history_time.h"

#include "followup/zone.h"

#ifdef __SANITIZE_ADDRESS__
enum { STEPS = 150, HISTORIES = 50 }; /* four times as slow */
#else
enum { STEPS = 150, HISTORIES = 200 };
#endif

static struct policy *policies[POLICIES];
static struct world world, other_world;

static int number_of(const char *name, int otherwise)
{
	const char *text = getenv(name);

	return text != NULL && text[0] != '\0' ? atoi(text) : otherwise;
}

static void take_step(struct world *w)
{
	static const struct {
		int weight;
		void (*step)(struct world *w);
	} steps[] = {{8, step_client}, {16, step_event}, {5, step_correction}, {20, step_time}, {11, step_next}, {1, step_erase},
		{4, step_correct}, {2, step_break}, {1, step_handover}, {1, step_agent}, {16, step_done}, {3, step_stale}, {2, step_touch},
		{2, step_release}, {4, step_record}, {2, step_review}, {1, step_reload}, {1, step_clock_back}};
	int at = draw(&w->random, 100);

	detour(w);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (at < steps[i].weight) {
			steps[i].step(w);
			return;
		}
		at -= steps[i].weight;
	}
}

/* A day in 2025: quarters, the long holidays and make-up days are all reached from one seed or another. */
static int64_t first_moment(uint64_t seed)
{
	struct random random = {seed};

	return zone_unix(date_to_day(2025, 1, 1) + draw(&random, 300), 36000);
}

static void begin_history(struct world *w, uint64_t seed, bool whole_days, bool detours, bool reads_ahead)
{
	world_open(w, policies, seed, first_moment(seed), reads_ahead);
	w->whole_days = whole_days;
	w->detours = detours;
	w->wander = wander;
	pass_time(w, w->clock);
	for (int i = 0; i < 9; i++)
		step_client(w);
	for (int i = 0; i < 6; i++)
		step_event(w);
}

static void play(struct world *w, uint64_t seed)
{
	begin_history(w, seed, false, false, false);
	for (w->step = 1; w->step <= STEPS; w->step++) {
		take_step(w);
		observe(w);
		look_at_staffing(w);
	}
	check_report(w);
}

static void test_histories(void **state)
{
	int seed = number_of("FOLLOWUP_SEED", 1), histories = number_of("FOLLOWUP_HISTORIES", HISTORIES);
	int foretold = 0, unserved = 0, handed_out = 0, contacts = 0, followups = 0, promises = 0, rejections = 0, corrections = 0,
	    erasures = 0;

	(void)state;
	print_message("# histories from seed %d\n", seed);
	for (int i = 0; i < histories; i++) {
		struct world *w = &world;
		play(w, (uint64_t)seed + (uint64_t)i);
		foretold += w->foretold;
		unserved += w->unserved;
		handed_out += w->lease_count;
		contacts += w->contact_count;
		corrections += w->corrections;
		erasures += w->erasures;
		followups += w->seen_count;
		promises += w->promise_count;
		rejections += w->rejections;
		world_close(w);
	}
	print_message("# %d histories, %d follow-ups, %d calls handed out, %d contacts, %d promises, %d rejections\n", histories, followups,
		handed_out, contacts, promises, rejections);
	print_message("# %d corrections, %d erasures, %d foretold, %d unserved\n", corrections, erasures, foretold, unserved);
	/* A test in which nothing happens proves nothing. */
	assert_true(foretold > histories / 8 && unserved > histories && handed_out > histories * 2 && contacts > histories * 2 &&
		    followups > histories * 20 && corrections > histories / 2 && erasures > histories / 4 && promises > histories / 4 &&
		    rejections > histories / 8);
}

/* The same steps in two worlds; the rows that the second has read ahead. */
static uint64_t compare(uint64_t seed, bool detours, bool reads_ahead, const char *with)
{
	struct world *plain = &world, *other = &other_world;

	begin_history(plain, seed, true, false, false);
	begin_history(other, seed, true, detours, reads_ahead);
	for (int step = 1; step <= STEPS; step++) {
		plain->step = other->step = step;
		take_step(plain);
		observe(plain);
		take_step(other);
		observe(other);
		if (plain->digest != other->digest) {
			print_error("with %s:\n", with);
			wrong(other, "the same steps have led elsewhere");
		}
	}
	world_close(plain);
	world_close(other);
	return other->read_ahead;
}

static void compare_with_rollbacks(uint64_t seed)
{
	(void)compare(seed, true, false, "rollbacks between them");
}

/* Histories that found something: the day a prohibition ends was nobody's next day; foreseen days outlived a rollback; a call that was held when its only promise was
 * taken back stayed the promiser's; a client erased while he was called was a stranger to what was said with him; what was
 * promised to a person of two accounts was lost with the erased one; a reviewer who stood for the manager by then judged all the same. */
static const uint64_t once_wrong[] = {511616, 900060, 720282, 950224, 991431, 996617, 998277};

static void test_found_histories(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(once_wrong) / sizeof(once_wrong[0]); i++) {
		play(&world, once_wrong[i]);
		world_close(&world);
	}
}

/* DESIGN 5.2, 5.5: what was rolled back, and how the work was sliced, leaves no trace. */
static void test_rollbacks(void **state)
{
	int seed = number_of("FOLLOWUP_SEED", 1), histories = number_of("FOLLOWUP_HISTORIES", HISTORIES) / 4 + 1;

	(void)state;
	for (size_t i = 0; i < sizeof(once_wrong) / sizeof(once_wrong[0]); i++)
		compare_with_rollbacks(once_wrong[i]);
	for (int i = 0; i < histories; i++)
		compare_with_rollbacks((uint64_t)seed + (uint64_t)i);
}

/* POLICY 3: a day comes to the same, whoever has read its rows. */
static void test_read_ahead(void **state)
{
	int seed = number_of("FOLLOWUP_SEED", 1), histories = number_of("FOLLOWUP_HISTORIES", HISTORIES) / 8 + 1;
	uint64_t rows = 0;

	(void)state;
	for (int i = 0; i < histories; i++)
		rows += compare(
			(uint64_t)seed + (uint64_t)i, i % 2 != 0, true, i % 2 != 0 ? "rows read ahead, and rollbacks" : "rows read ahead");
	print_message("# %d histories, %" PRIu64 " rows read ahead\n", histories, rows);
	assert_true(rows > (uint64_t)histories);
}

static int load_policies(void **state)
{
	static const char *const switched_off[POLICIES] = {
		NULL, "festival", "birthday-call", "dormant", "complaint", [POLICY_WITHOUT_PHONE] = NULL};

	(void)state;
	for (int i = 0; i < POLICIES; i++) {
		if (policy_load("conf/followupd.conf", NULL, NULL, &policies[i]) < 0)
			return -1;
		policies[i]->review_share_percent = 50; /* enough of them to see */
		if (switched_off[i] != NULL && policy_switch_off(policies[i], switched_off[i]) < 0)
			return -1;
	}
	for (int i = 1; i < POLICIES; i += 2) {
		struct rule *rule = (struct rule *)(uintptr_t)policy_rule(policies[i], i == 1 ? "complaint" : "account-opened");
		rule->has_hours = hours_parse(rule_hours, &rule->hours);
	}
	policies[POLICY_WITHOUT_PHONE]->channels[policy_channel(policies[POLICY_WITHOUT_PHONE], "phone")].on = false;
	return zone_set("Asia/Shanghai");
}

static int free_policies(void **state)
{
	(void)state;
	for (int i = 0; i < POLICIES; i++)
		policy_free(policies[i]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_histories),
		cmocka_unit_test(test_histories),
		cmocka_unit_test(test_rollbacks),
		cmocka_unit_test(test_read_ahead),
	};

	return cmocka_run_group_tests(tests, load_policies, free_policies);
}
