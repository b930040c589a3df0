/* test_store_order.c - the orders in which the book is walked: to admit follow-ups, to hand out calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "book_memory.h"
#include "followup/fact.h"
#include "followup/store.h"
#include "followup/store_call.h"
#include "followup/store_client.h"
#include "followup/store_due.h"
#include "followup/store_followup.h"
#include "followup/store_hold.h"
#include "followup/store_name.h"
#include "followup/store_task.h"

/* POLICY 3, step 4: (priority, due_on, rule's name, client_ref, occasion), texts bytewise. Put in backwards; the rules' numbers do not follow their names. */
static void test_admission_order(void **state)
{
	static const struct {
		int priority;
		day_t due_on;
		const char *rule, *client_ref, *occasion;
	} rows[] = {
		{1, 20010, "b-rule", "C1", "x"},
		{3, 20001, "Z-rule", "C2", "x"},
		{3, 20001, "a-rule", "C1", "2024"},
		{3, 20001, "a-rule", "C1", "2025"},
		{3, 20001, "a-rule", "C10", "2024"},
		{3, 20001, "a-rule", "C9", "2024"},
		{3, 20001, "a-rule", "c1", "2024"},
		{3, 20001, "b-rule", "B1", "x"},
		{3, 20002, "a-rule", "A1", "x"},
		{3, 20002, "\xe7\x94\x9f\xe6\x97\xa5", "A1", "x"},
		{10, 19000, "a-rule", "A0", "x"},
	};
	enum { COUNT = sizeof(rows) / sizeof(rows[0]) };
	struct store *store = open_memory();
	struct admission_place place;
	struct followup f;

	(void)state;
	assert_true(store_name_id(store, "b-rule") < store_name_id(store, "a-rule"));
	for (int i = COUNT - 1; i >= 0; i--) {
		f = (struct followup){
			.priority = rows[i].priority, .due_on = rows[i].due_on, .opens_on = 18000, .last_on = 21000, .closed_on = NO_DAY};
		f.rule = store_name_id(store, rows[i].rule);
		f.client_id = store_client_ensure(store, rows[i].client_ref);
		assert_true(f.rule > 0 && f.client_id > 0);
		snprintf(f.client_ref, sizeof(f.client_ref), "%s", rows[i].client_ref);
		snprintf(f.occasion, sizeof(f.occasion), "%s", rows[i].occasion);
		assert_int_equal(store_followup_insert(store, &f), 0);
		if (i == 3) { /* the same occasion again is refused, and what is no longer scheduled is passed over */
			struct followup twin = f;
			assert_true(store_followup_insert(store, &twin) < 0);
			snprintf(f.occasion, sizeof(f.occasion), "closed");
			assert_int_equal(store_followup_insert(store, &f), 0);
			f.state = FOLLOWUP_MISSED;
			f.closed_on = 20000;
			assert_int_equal(store_followup_save(store, &f), 0);
		}
	}
	/* One by one, by two and all of a rule at once. */
	for (int most = 1; most <= COUNT; most = most < 2 ? 2 : most + COUNT - 2) {
		struct admission some[COUNT];
		int count, i = 0;
		store_admission_start(store, &place);
		while ((count = store_admission_next(store, &place, 0, 0, some, most)) > 0)
			for (int k = 0; k < count; k++, i++) {
				const struct followup *next = &some[k].followup;
				assert_true(i < COUNT && count <= most);
				store_admission_pass(&place, next);
				if (strcmp(store_name_text(store, next->rule), rows[i].rule) != 0 ||
					strcmp(next->client_ref, rows[i].client_ref) != 0 ||
					strcmp(next->occasion, rows[i].occasion) != 0 || next->due_on != rows[i].due_on)
					fail_msg("place %d is %s %s %s", i, store_name_text(store, next->rule), next->client_ref,
						next->occasion);
			}
		assert_int_equal(count, 0);
		assert_int_equal(i, COUNT);
	}
	/* What has been read and not passed comes again. */
	struct admission some[COUNT];
	store_admission_start(store, &place);
	for (int i = 0; i < 3; i++) {
		assert_true(store_admission_next(store, &place, 0, 0, some, COUNT) >= 1);
		store_admission_pass(&place, &some[0].followup);
	}
	assert_int_equal(store_admission_next(store, &place, 0, 0, some, COUNT), 4);
	assert_string_equal(some[0].followup.occasion, "2025");
	assert_string_equal(some[1].followup.client_ref, "C10");
	/* What is left out does not come, until it is taken in; another walk leaves out nothing. */
	int64_t third = some[0].followup.id, fourth = some[1].followup.id;
	store_admission_start(store, &place);
	assert_true(store_admission_leave_out(store, third) && store_admission_leave_out(store, fourth));
	for (int i = 0; i < 3; i++) {
		assert_true(store_admission_next(store, &place, 0, 0, some, COUNT) >= 1);
		store_admission_pass(&place, &some[0].followup);
	}
	assert_int_equal(store_admission_next(store, &place, 0, 0, some, COUNT), 2);
	store_admission_take_in(store, fourth);
	store_admission_take_in(store, fourth);
	store_admission_take_in(store, INT64_C(1) << 40);
	assert_int_equal(store_admission_next(store, &place, 0, 0, some, COUNT), 3);
	assert_true(some[0].followup.id == fourth);
	store_admission_start(store, &place);
	for (int i = 0; i < 3; i++) {
		assert_true(store_admission_next(store, &place, 0, 0, some, COUNT) >= 1);
		store_admission_pass(&place, &some[0].followup);
	}
	assert_int_equal(store_admission_next(store, &place, 0, 0, some, COUNT), 4);
	/* There is room for some ten thousand, wherever their numbers fall. */
	int64_t left_out = 0;
	while (store_admission_leave_out(store, 1000000 + left_out * 131072))
		left_out++;
	assert_int_equal(left_out, 1 << 16);
	close_memory(store);
}

/* What is read of a client beside his follow-up is what his own rows say, and he is plain as long as these say all. */
static void test_admission_client(void **state)
{
	enum { FIRST = 19900, LAST = 19990 };
	static const char *const names[] = {
		"plain", "phone", "both", "forbidden", "barred", "calls", "joined", "wrong", "contacts", "more", "day"};
	enum { COUNT = sizeof(names) / sizeof(names[0]) };
	struct store *store = open_memory();
	struct admission_place place;
	struct admission some[COUNT + 1];
	int64_t ids[COUNT], rule = store_name_id(store, "a-rule"), phone = store_name_id(store, "phone");

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		struct client_fact fact = {.client_ref = names[i]};
		fact.present[CLIENT_NAME] = fact.present[CLIENT_PHONE] = fact.present[CLIENT_EMAIL] = fact.present[CLIENT_DO_NOT_CONTACT] =
			fact.present[CLIENT_PERSON_REF] = true;
		fact.values[CLIENT_NAME] = "x";
		fact.values[CLIENT_PHONE] = strcmp(names[i], "phone") == 0 || strcmp(names[i], "both") == 0 ? "139" : "";
		fact.values[CLIENT_EMAIL] = strcmp(names[i], "both") == 0 ? "a@b" : "";
		fact.values[CLIENT_DO_NOT_CONTACT] = strcmp(names[i], "forbidden") == 0 ? "sms" : "";
		fact.values[CLIENT_PERSON_REF] = strcmp(names[i], "joined") == 0 ? "P1" : "";
		assert_int_equal(store_client_put(store, &fact, 10, &ids[i]), CLIENT_IS_NEW);
		struct followup f = {
			.client_id = ids[i], .rule = rule, .priority = 7, .due_on = 20000, .opens_on = 20000, .closed_on = NO_DAY};
		snprintf(f.client_ref, sizeof(f.client_ref), "%s", names[i]);
		snprintf(f.occasion, sizeof(f.occasion), "1");
		assert_int_equal(store_followup_insert(store, &f), 0);
		if (strcmp(names[i], "more") == 0) { /* in another group of the walk, and one that has ended */
			f.priority = 8;
			snprintf(f.occasion, sizeof(f.occasion), "2");
			assert_int_equal(store_followup_insert(store, &f), 0);
		}
		snprintf(f.occasion, sizeof(f.occasion), "3");
		f.state = FOLLOWUP_MISSED;
		f.closed_on = 20000;
		assert_int_equal(store_followup_insert(store, &f), 0);
	}
	assert_int_equal(store_refusal_set(store, ids[4], phone, "2030-01-01", "anna", 0), 0);
	struct call call = {.person = -ids[5],
		.channel = phone,
		.queue = phone,
		.lane = 1,
		.priority = 3,
		.due_on = 20000,
		.state = CALL_LEASED,
		.tries_on = NO_DAY};
	assert_int_equal(store_call_insert(store, &call), 0);
	assert_int_equal(store_client_number_is_wrong(store, ids[7], true), 0);
	static const day_t days[] = {FIRST - 1, FIRST, LAST, LAST + 1};
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		struct contact contact = {.on_day = days[i], .channel = phone, .client_id = ids[8]};
		assert_int_equal(store_contact_insert(store, &contact), 0);
	}
	assert_int_equal(store_due_set(store, ids[10], 20123), 0);
	store_admission_start(store, &place);
	assert_int_equal(store_admission_next(store, &place, FIRST, LAST, some, COUNT + 1), COUNT);
	for (size_t i = 0; i < COUNT; i++) {
		const struct admission *a = &some[i];
		const char *name = a->followup.client_ref;
		bool plain = strcmp(name, "forbidden") != 0 && strcmp(name, "barred") != 0 && strcmp(name, "calls") != 0 &&
			     strcmp(name, "joined") != 0;
		bool both = strcmp(name, "both") == 0;
		if (a->is_plain != plain || a->has_phone != (both || strcmp(name, "phone") == 0) || a->has_email != both ||
			a->number_is_wrong != (strcmp(name, "wrong") == 0) || a->contacts != (strcmp(name, "contacts") == 0 ? 2 : 0) ||
			a->waits_for_more != (strcmp(name, "more") == 0) || a->next_on != (strcmp(name, "day") == 0 ? 20123 : NO_DAY))
			fail_msg("%s: %d %d %d %d %d %d %d", name, a->is_plain, a->has_phone, a->has_email, a->number_is_wrong, a->contacts,
				a->waits_for_more, a->next_on);
	}
	close_memory(store);
}

/* Written down without asking first: unless its own occasion, or that of the other rule of its family, has one. */
static void test_insert_first(void **state)
{
	static const struct {
		const char *client, *rule, *occasion, *sibling;
		int made;
	} rows[] = {
		{"A", "letter", "new-year/2026", "", 1},
		{"A", "letter", "new-year/2026", "", 0},
		{"A", "letter", "new-year/2026", "greeting", 0},
		{"A", "greeting", "new-year/2026", "letter", 0},
		{"A", "greeting", "new-year/2027", "letter", 1},
		{"A", "letter", "new-year/2027", "greeting", 0},
		{"A", "letter", "new-year/2027", "", 1},
		{"B", "greeting", "new-year/2026", "letter", 1},
		{"B", "letter", "new-year/2026", "other", 1},
	};
	struct store *store = open_memory();
	int64_t made = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct followup f = {.priority = 7,
					.due_on = 20000,
					.opens_on = 20000,
					.occasion_on = 20000,
					.last_on = 20000,
					.created_on = 20000,
					.closed_on = NO_DAY},
				same;
		f.rule = store_name_id(store, rows[i].rule);
		f.client_id = store_client_ensure(store, rows[i].client);
		snprintf(f.client_ref, sizeof(f.client_ref), "%s", rows[i].client);
		snprintf(f.occasion, sizeof(f.occasion), "%s", rows[i].occasion);
		if (store_followup_insert_first(store, &f, store_name_id(store, rows[i].sibling)) != rows[i].made)
			fail_msg("row %zu", i);
		made += rows[i].made;
		assert_int_equal(f.id, rows[i].made != 0 ? made : 0);
		assert_int_equal(store_followup_find(store, f.client_id, f.rule, f.occasion, &same), i == 3 || i == 5 ? 0 : 1);
		if (rows[i].made == 0)
			continue;
		assert_string_equal(same.client_ref, f.client_ref);
		assert_true(same.id == f.id && same.priority == 7 && same.state == FOLLOWUP_SCHEDULED && same.opens_on == 20000 &&
			    same.due_on == 20000 && same.last_on == 20000 && same.occasion_on == 20000 && same.created_on == 20000 &&
			    same.closed_on == NO_DAY && same.reason == 0 && same.about == 0 && same.call_id == 0);
		/* As it was kept, so that only what changes is written. */
		f.reason = f.rule;
		assert_int_equal(store_followup_save(store, &f), 0);
	}
	close_memory(store);
}

/* POLICY 6: due now first, then priority, then due_on, then the call created first; one lane of one queue, ready ones only. */
static void test_call_order(void **state)
{
	static const struct {
		int queue; /* 0 service, 1 hq */
		int64_t lane;
		bool due_now;
		int priority;
		day_t due_on;
		enum call_state state;
		int place; /* in the walk; -1: not met */
	} calls[] = {
		{0, 1, false, 1, 20010, CALL_READY, 4},
		{0, 1, true, 5, 20000, CALL_READY, 3},
		{0, 1, true, 3, 20001, CALL_READY, 1},
		{0, 1, true, 3, 20000, CALL_READY, 0},
		{0, 1, true, 3, 20001, CALL_READY, 2},
		{0, 1, false, 7, 20005, CALL_READY, 5},
		{0, 2, true, 1, 19000, CALL_READY, -1},
		{1, 1, true, 1, 19000, CALL_READY, -1},
		{0, 1, true, 1, 19000, CALL_LEASED, -1},
		{0, 1, true, 1, 19000, CALL_RESTING, -1},
	};
	enum { COUNT = sizeof(calls) / sizeof(calls[0]) };
	struct store *store = open_memory();
	int64_t queues[2] = {store_name_id(store, "service"), store_name_id(store, "hq")}, channel = store_name_id(store, "phone");
	struct call_place place = {0};
	struct call call;
	int met = 0;

	(void)state;
	assert_true(queues[0] > 0 && queues[1] > 0 && channel > 0);
	assert_int_equal(store_lane_id(store, ""), 1);
	assert_int_equal(store_lane_id(store, "=anna\n"), 2);
	for (int i = 0; i < COUNT; i++) {
		call = (struct call){.person = i + 1, .channel = channel, .queue = queues[calls[i].queue], .lane = calls[i].lane};
		call.due_now = calls[i].due_now;
		call.priority = calls[i].priority;
		call.due_on = calls[i].due_on;
		call.state = calls[i].state;
		call.tries_on = NO_DAY;
		assert_int_equal(store_call_insert(store, &call), 0);
	}
	while (store_call_next(store, queues[0], (struct call_lane){NO_OWN_HOURS, 1}, &place, &call) > 0) {
		if (calls[call.person - 1].place != met)
			fail_msg("place %d is call %d of the table", met, (int)call.person - 1);
		met++;
	}
	assert_int_equal(met, 6);
	assert_int_equal(store_call_next_lane(store, queues[0], 0), 1);
	assert_int_equal(store_call_next_lane(store, queues[0], 1), 2);
	assert_int_equal(store_call_next_lane(store, queues[0], 2), 0);
	close_memory(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_admission_client),
		cmocka_unit_test(test_insert_first),
		cmocka_unit_test(test_admission_order),
		cmocka_unit_test(test_call_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
