/* test_policy_shipped.c - the shipped configuration says what POLICY 4 says, and the manual and the loader know the same settings. Runs from the root of the tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "followup/policy_option.h"
#include "policy_heard.h"

/* A rule as a line: what the table of POLICY 4 says of it. */
static void rule_show(const struct policy *policy, const struct rule *rule, char *out, size_t size)
{
	static const char *const rolls[] = {[ROLL_NONE] = "none", [ROLL_FORWARD] = "forward", [ROLL_BACKWARD] = "backward"};
	static const char *const classes[] = {[CLASS_COUNTED] = "", [CLASS_EXEMPT] = " exempt", [CLASS_FREE] = " free"};
	char opens[24], due[24];
	size_t used = (size_t)snprintf(
		out, size, "%s %s..%s %s", rule->name, offset_format(rule->opens, opens), offset_format(rule->due, due), rolls[rule->roll]);
	for (size_t i = 0; i < rule->channel_count; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i == 0 ? " " : ",", policy->channels[rule->channels[i]].name);
	used += (size_t)snprintf(out + used, size - used, " %s %d %s%d", rule->queue, rule->priority,
		rule->late == LATE_KEEP ? "keep" : "drop", rule->max_late_days);
	for (size_t i = 0; i < rule->widen_count; i++)
		used += (size_t)snprintf(out + used, size - used, " widen:%s:%d", rule->widen[i].queue, rule->widen[i].after_seconds);
	used += (size_t)snprintf(out + used, size - used, "%s%s", classes[rule->class], rule->duty ? " duty" : "");
	for (size_t i = 0; i < rule->exclude_roles.count; i++)
		used += (size_t)snprintf(out + used, size - used, " not:%s", rule->exclude_roles.items[i]);
	if (rule->recuse != 0)
		used += (size_t)snprintf(out + used, size - used, " recuse:%u", rule->recuse);
	for (size_t i = 0; i < rule->stops_on.count; i++)
		used += (size_t)snprintf(out + used, size - used, " stop:%s", rule->stops_on.items[i]);
	if (!rule->on)
		snprintf(out + used, size - used, " off");
}

static void test_shipped_rules(void **state)
{
	static const char *const expected[] = {
		"abnormal 0..2td none phone hq 1 keep30 exempt duty not:marketing recuse:3",
		"account-closed 0..2d none phone service 1 keep30 duty stop:account_reopened",
		"account-opened 0..7d none phone,email service 3 keep30 duty not:marketing recuse:3 stop:account_closed",
		"anniversary 0..0 none sms sms 7 drop0 stop:account_closed off",
		"birthday 0..0 none sms,email sms 5 drop0 stop:account_closed",
		"birthday-call -3d..0 backward phone manager/* 5 drop0 widen:service:86400 stop:account_closed",
		"complaint 0..1d none phone service 1 keep30 exempt duty not:marketing recuse:3",
		"data-refresh 0..30d none email,sms email 9 drop0 stop:account_closed off",
		"dormant 0..15d none phone,email service 4 keep30 stop:trade stop:account_closed",
		"expiry-id-card -30d..0 none sms,phone service 4 keep30 off",
		"expiry-risk-test -30d..0 none sms,phone service 4 keep30 off",
		"festival 0..0 none sms,email sms 0 drop0 stop:account_closed",
		"festival-letter -7d..-1d none letter letter 0 drop0 stop:account_closed",
		"large-outflow 1d..1d forward phone service 2 keep10",
		"manager-departed 0..5wd none phone branch/* 3 keep30 not:marketing recuse:3 stop:account_closed",
		"permission-opened 0..30d none phone hq 3 keep30 duty not:marketing recuse:3 stop:account_closed",
		"promise 0..0 none phone service 2 keep30 exempt",
		"series 0..7d none phone service 7 drop0 stop:account_closed off",
		"tier-cadence 0..7d none phone manager/* 8 drop0 widen:service:172800 stop:contact off",
		"trade-care 0..1d none phone,sms service 7 drop0 off",
		"transfer-out 0..1d forward phone manager/* 2 keep5 widen:service:86400 stop:account_closed",
		"urge 0..0 none sms,phone service 1 drop0 exempt stop:payment_made off",
		"win-back 0..30d none phone service 9 drop0 stop:account_reopened off",
		"yearly-sample 0..30d none phone hq 4 keep30 duty not:marketing recuse:3 stop:account_closed",
	};
	struct policy *policy = shipped_policy();
	(void)state;
	assert_int_equal(policy->rule_count, sizeof expected / sizeof *expected);
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		char shown[512];
		rule_show(policy, rule, shown, sizeof shown);
		assert_string_equal(shown, expected[i]);
		assert_false(rule->has_hours);
		assert_int_equal(rule->early_days, 0);
		assert_int_equal(rule->stops_on_account_closed, strstr(expected[i], "stop:account_closed") != NULL);
		assert_non_null(strstr(rule->place.file, "conf/rules.d/"));
		assert_true(rule->place.line > 0);
		assert_ptr_equal(policy_rule(policy, rule->name), rule);
	}
	const struct rule *outflow = policy_rule(policy, "large-outflow");
	assert_int_equal(outflow->outflow_amount, INT64_C(500000) * MONEY_ONE);
	assert_int_equal(outflow->outflow_percent_min, INT64_C(50000) * MONEY_ONE);
	assert_int_equal(outflow->outflow_percent, 30);
	assert_true(text_list_has(&outflow->events, "asset_outflow"));
	assert_true(text_list_has(&policy_rule(policy, "manager-departed")->events, "manager_departed"));
	assert_int_equal(policy_rule(policy, "complaint")->events.count, 2);
	assert_int_equal(policy_rule(policy, "dormant")->after.count, 6);
	assert_int_equal(policy_rule(policy, "dormant")->after.unit, UNIT_MONTH);
	/* Diamond and gold are 0 and 1; bit 31 is for clients without a tier. */
	assert_int_equal(policy_rule(policy, "birthday-call")->tiers, 0x3);
	assert_int_equal(policy_rule(policy, "birthday")->tiers, 0xfffffffc);
	assert_int_equal(policy_rule(policy, "dormant")->tiers, UINT32_MAX);
	assert_string_equal(policy_rule(policy, "festival")->family, policy_rule(policy, "festival-letter")->family);
	policy_free(policy);
}

static void test_shipped_settings(void **state)
{
	static const struct {
		const char *name;
		enum festival_basis basis;
		int month, day, priority;
	} festivals[] = {
		{"new-year", FESTIVAL_SOLAR, 1, 1, 7},
		{"spring-festival", FESTIVAL_LUNAR, 1, 1, 6},
		{"labour-day", FESTIVAL_SOLAR, 5, 1, 7},
		{"mid-autumn", FESTIVAL_LUNAR, 8, 15, 7},
		{"national-day", FESTIVAL_SOLAR, 10, 1, 7},
	};
	struct policy *policy = shipped_policy();
	size_t everywhere = 0;
	(void)state;
	for (size_t i = 0; i < policy->festival_count; i++) {
		const struct festival *festival = &policy->festivals[i];
		assert_int_equal(policy_keeps_festival(policy, "SH01", festival), festival->everywhere);
		assert_int_equal(policy_keeps_festival(policy, NULL, festival), festival->everywhere);
		if (!festival->everywhere)
			continue;
		assert_true(everywhere < sizeof festivals / sizeof *festivals);
		assert_string_equal(festival->name, festivals[everywhere].name);
		assert_int_equal(festival->basis, festivals[everywhere].basis);
		assert_int_equal(festival->month, festivals[everywhere].month);
		assert_int_equal(festival->day, festivals[everywhere].day);
		assert_int_equal(festival->priority, festivals[everywhere].priority);
		everywhere++;
	}
	assert_int_equal(everywhere, 5);
	assert_int_equal(policy->cap, 2);
	assert_int_equal(policy->cap_window, CAP_QUARTER);
	assert_int_equal(policy->reserve, 1);
	assert_int_equal(policy->greeting_priority, 5);
	assert_int_equal(policy->min_gap_days, 0);
	assert_int_equal(policy->tries_a_day, 3);
	assert_int_equal(policy->tries_in_all, 5);
	assert_int_equal(policy->calls_held_max, 1);
	assert_int_equal(policy->day_part_count, 3);
	assert_int_equal(policy->day_part_minutes[2], 18 * 60);
	assert_string_equal(policy->database, "/var/lib/followupd/followupd.db");
	assert_string_equal(policy->rules_folder, "conf/rules.d");
	assert_int_equal(policy->listener_count, 2);
	assert_string_equal(policy->listeners[0].address, "unix:/run/followupd/agent.sock");
	assert_string_equal(policy->listeners[1].address, "127.0.0.1:7379");
	assert_int_equal(policy->socket_mode, 0660);
	assert_int_equal(policy->start_on, NO_DAY);
	assert_int_equal(policy->idle_seconds, 0);
	assert_false(policy->feb29_is_mar1);
	assert_int_equal(policy_tier(policy, "standard"), 3);
	assert_int_equal(policy_tier(policy, ""), ERR_NOT_FOUND);
	assert_int_equal(policy->channels[policy_channel(policy, "letter")].address, ADDRESS_NONE);
	assert_false(policy->channels[policy_channel(policy, "wechat")].on);
	assert_int_equal(policy_disposition(policy, "no-answer")->retry_seconds, 7200);
	assert_int_equal(policy_disposition(policy, "busy")->retry_seconds, 1800);
	assert_int_equal(policy_disposition(policy, "switched-off")->retry_seconds, 14400);
	assert_true(policy_disposition(policy, "bounced")->bulk);
	assert_null(policy_disposition(policy, "asleep"));
	/* Queues: named, by prefix, of messages, and any other. */
	static const char *const queues[][2] = {{"service", "service"}, {"manager/M17", "manager/*"}, {"sms", "sms"},
		{"branch/*", "branch/*"}, {"records", "*"}, {"branch", "*"}, {"wechat", "wechat"}};
	for (size_t i = 0; i < sizeof queues / sizeof *queues; i++) {
		const struct queue_settings *queue = policy_queue(policy, queues[i][0]);
		assert_string_equal(queue->pattern, queues[i][1]);
		bool message = policy_channel(policy, queues[i][0]) >= 0;
		assert_int_equal(queue->always_open, message);
		assert_int_equal(queue->hours.days[3].spans[0].from, message ? 0 : 570);
		assert_int_equal(queue->hours.work_days_only, !message);
		assert_int_equal(queue->lease_seconds, 900);
	}
	assert_int_equal(policy_queue(policy, "letter")->lease_seconds, 86400);
	assert_int_equal(policy_switch_off(policy, "dormant"), 0);
	assert_false(policy_rule(policy, "dormant")->on);
	assert_int_equal(policy_switch_off(policy, "no-such-rule"), ERR_NOT_FOUND);
	policy_free(policy);
}

/* --- The manual --------------------------------------------------------------------------------- */

/* Goes through a page: checks that every ".It Cm name" below ".Ss section" is a setting (section NULL: of that one whatever the headings say), that its text
 * names the standard value, and counts. */
static void read_manual(const char *page, int section, size_t counts[SECTION_COUNT])
{
	char line[1024], text[4096] = "";
	const struct option *option = NULL;
	int current = section;
	FILE *file = fopen(page, "r");
	assert_non_null(file);
	for (bool more = true; more;) {
		more = fgets(line, sizeof line, file) != NULL;
		bool item = more && strncmp(line, ".It Cm ", 7) == 0;
		if (!more || item || strncmp(line, ".S", 2) == 0) {
			if (option != NULL && option->standard != NULL) {
				/* The words of a list stand in quotations of their own. */
				char words[256];
				snprintf(words, sizeof words, "%s", option->standard);
				bool whole = strstr(text, words) != NULL;
				for (char *word = strtok(words, " "); word != NULL && !whole; word = strtok(NULL, " ")) {
					if (strstr(text, word) == NULL)
						fail_msg("%s does not name the default of '%s', %s", page, option->name, option->standard);
				}
			}
			if (option != NULL && option->required && strstr(text, "equired") == NULL)
				fail_msg("%s does not say that '%s' is required", page, option->name);
			option = NULL;
			text[0] = '\0';
		}
		if (!more)
			break;
		line[strcspn(line, "\n")] = '\0';
		if (section < 0 && strncmp(line, ".S", 2) == 0) {
			current = -1;
			for (int i = 0; i < SECTION_COUNT; i++) {
				if (strncmp(line, ".Ss ", 4) == 0 && strcmp(line + 4, section_kinds[i].name) == 0)
					current = i;
			}
		}
		if (item) {
			if (current < 0)
				fail_msg("%s: '%s' stands in no section of the configuration", page, line);
			for (option = section_kinds[current].options; option->name != NULL && strcmp(option->name, line + 7) != 0;)
				option++;
			if (option->name == NULL)
				fail_msg("%s: no setting '%s' in section '%s'", page, line + 7, section_kinds[current].name);
			counts[current]++;
		}
		size_t used = strlen(text);
		snprintf(text + used, sizeof text - used, "%s\n", line);
	}
	fclose(file);
}

static void test_manual(void **state)
{
	size_t counts[SECTION_COUNT] = {0};
	(void)state;
	read_manual("man/followupd.conf.5", -1, counts);
	assert_int_equal(counts[SECTION_RULE], 0);
	read_manual("man/followup-rules.5", SECTION_RULE, counts);
	read_manual("man/followup-console.8", -1, counts);
	for (int i = 0; i < SECTION_COUNT; i++) {
		size_t known = 0;
		while (section_kinds[i].options[known].name != NULL)
			known++;
		if (counts[i] != known)
			fail_msg("the manual has %zu settings of section '%s', the loader %zu", counts[i], section_kinds[i].name, known);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped_rules),
		cmocka_unit_test(test_shipped_settings),
		cmocka_unit_test(test_manual),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
