/* why.c - WHY: which question was asked, and the answer about a client (POLICY 8): each rule, its occasion and window, the cap's ledger, what holds back what waits,
 * and the next day on which anything changes. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "followup/explain.h"
#include "followup/json_text.h"
#include "followup/store_client.h"
#include "followup/store_due.h"
#include "followup/store_erase.h"
#include "followup/store_name.h"
#include "followup/store_review.h"
#include "followup/store_view.h"
#include "why.h"

void add_text(struct buffer *out, const char *name, const char *text)
{
	buffer_printf(out, ",\"%s\":", name);
	json_text_append(out, text);
}

/* Which slots the person has used, by which contacts and calls, and for which days greetings leave some free (POLICY 5). */
static int add_ledger(struct desk *desk, const struct client *client, struct moment now, struct buffer *out)
{
	const struct policy *policy = desk->policy;
	day_t first = cap_window_start(policy->cap_window, now.day);
	char text[DATE_TEXT_SIZE];

	if (policy->cap == NO_LIMIT)
		buffer_text(out, ",\"cap\":\"none\"");
	else
		buffer_printf(out, ",\"cap\":%d", policy->cap);
	int used = agenda_slots_used(desk->engine, client->person, now.day);
	if (used < 0)
		return used;
	buffer_printf(out, ",\"slots_used\":%d,\"counted_since\":\"%s\",\"reserve\":%d", used, date_format(first, text), policy->reserve);
	if (policy->cap_window == CAP_QUARTER)
		buffer_printf(out, ",\"slots_free_again_on\":\"%s\"", date_format(date_quarter_end(now.day) + 1, text));
	buffer_text(out, ",\"contacts\":");
	int result = store_view_contacts(desk->store, client->person, first, now.day, out);
	if (result < 0)
		return result;
	buffer_text(out, ",\"kept_free_for\":[");
	day_t days[92];
	int count = agenda_foreseen(desk->engine, client->person, now.day, INT_MAX, days, (int)(sizeof(days) / sizeof(days[0])));
	if (count < 0)
		return count;
	for (int i = 0; i < count && i < (int)(sizeof(days) / sizeof(days[0])); i++)
		buffer_printf(out, "%s\"%s\"", i > 0 ? "," : "", date_format(days[i], text));
	buffer_text(out, "]");
	return 0;
}

/* One of the person's calls, and the first gate that holds it back now. matter: of the first whose matters may not go, which and why. */
static int add_call(struct desk *desk, const struct call *call, struct moment now, struct why_gates *gates, char matter[WHY_TEXT_SIZE],
	struct buffer *out)
{
	struct followup_list agenda = {NULL, 0, 0};
	enum staffing staffing = STAFFING_SERVED;
	const char *back = NULL;

	int result = agenda_load(desk->engine, call->id, &agenda);
	if (result == 0)
		result = why_gates(desk, call, &agenda, NULL, now, gates);
	if (result == 0)
		result = agenda_staffing(desk->engine, call->queue, call->lane, &staffing);
	followup_list_free(&agenda);
	if (result < 0)
		return result;
	enum why_gate first = why_first(gates);
	if (first == WHY_MATTERS && matter[0] == '\0')
		snprintf(matter, WHY_TEXT_SIZE, "call %lld: %.300s", (long long)call->id, gates->gates[first].says);
	if (first < WHY_GATES)
		back = gates->gates[first].says;
	else if (staffing != STAFFING_SERVED)
		back = "nobody who serves its queue may make it";
	buffer_printf(out, "{\"call\":%lld", (long long)call->id);
	add_text(out, "queue", store_name_text(desk->store, call->queue));
	buffer_printf(
		out, ",\"state\":\"%s\",\"uses_contact\":%s", call_state_name(call->state), call->class != CALL_FREE ? "true" : "false");
	add_text(out, "held_back", back);
	buffer_text(out, "}");
	return 0;
}

/* The person's calls: those that wait or are held use a contact each, unless they are free. */
static int add_calls(struct desk *desk, const struct client *client, struct moment now, char matter[WHY_TEXT_SIZE], struct buffer *out)
{
	enum { CALLS_MAX = 64 };
	struct call calls[CALLS_MAX];
	struct why_gates *gates = calloc(1, sizeof(*gates));
	int count = gates != NULL ? store_call_of_person(desk->store, client->person, calls, CALLS_MAX) : ERR_MEMORY;
	int result = count < 0 ? count : 0;

	buffer_text(out, ",\"calls\":[");
	for (int i = 0; result == 0 && i < count && i < CALLS_MAX; i++) {
		buffer_text(out, i > 0 ? "," : "");
		result = add_call(desk, &calls[i], now, gates, matter, out);
	}
	buffer_text(out, "]");
	free(gates);
	return result;
}

static int add_managers(struct desk *desk, const struct client *client, struct buffer *out)
{
	char present[CLIENT_TEXT_SIZE];
	int result = agenda_present_manager(desk->engine, client->manager, present);

	add_text(out, "manager", client->manager[0] != '\0' ? client->manager : NULL);
	add_text(out, "present_manager", present[0] != '\0' ? present : NULL);
	return result;
}

static void put_verdict(const struct client *client, const struct explained *told, const char *matter, char out[WHY_TEXT_SIZE])
{
	char day[DATE_TEXT_SIZE];

	if (!client->known)
		snprintf(out, WHY_TEXT_SIZE, "only events have spoken of him: no rule looks at him until CLIENT.PUT names him");
	else if (told->open > 0 && told->held_back > 0)
		snprintf(out, WHY_TEXT_SIZE, "%d open, %d held back; %.79s: %.250s", told->open, told->held_back, told->first_rule,
			told->first_says);
	else if (told->open > 0 && matter[0] != '\0')
		snprintf(out, WHY_TEXT_SIZE, "%d open, held back on %.350s", told->open, matter);
	else if (told->open > 0)
		snprintf(out, WHY_TEXT_SIZE, "%d open, none held back; %.79s: %.250s", told->open, told->first_rule, told->first_says);
	else if (told->next_rule != NULL)
		snprintf(out, WHY_TEXT_SIZE, "nothing is open; the next is %s, on %s", told->next_rule,
			date_format(told->next_opens_on, day));
	else
		snprintf(out, WHY_TEXT_SIZE, "nothing is open, and nothing is known that will be");
}

static int add_erased(struct desk *desk, int64_t client_id, struct buffer *out)
{
	int64_t since;
	char text[32];

	int erased = store_client_erased(desk->store, client_id, &since);
	if (erased > 0)
		add_text(out, "erased_at", local_time_text(since, text));
	return erased < 0 ? erased : 0;
}

/* All but the verdict, which is known last and comes first. */
static int add_parts(struct desk *desk, const struct client *client, struct moment now, struct explained *told, char matter[WHY_TEXT_SIZE],
	struct buffer *out)
{
	struct list_filter filter = {.client_ref = client->ref, .state = -1, .limit = 100};
	char text[DATE_TEXT_SIZE];
	day_t next_on = INT32_MAX;

	add_text(out, "client_ref", client->ref);
	buffer_printf(out, ",\"known\":%s,\"today\":\"%s\"", client->known ? "true" : "false", date_format(now.day, text));
	int result = add_erased(desk, client->id, out);
	if (result == 0)
		result = add_managers(desk, client, out);
	if (result == 0)
		result = add_ledger(desk, client, now, out);
	if (result == 0)
		result = add_calls(desk, client, now, matter, out);
	if (result == 0) {
		buffer_text(out, ",\"waiting\":");
		result = engine_explain_waiting(desk->engine, client->id, now, told, out);
	}
	if (result == 0 && client->known) {
		buffer_text(out, ",\"rules\":");
		result = engine_explain_rules(desk->engine, client->id, now, told, out);
	}
	if (result == 0) {
		buffer_text(out, ",\"followups\":");
		result = store_view_list_followups(desk->store, &filter, out);
	}
	if (result == 0) {
		buffer_text(out, ",\"promises\":");
		result = store_view_list_promises(desk->store, &filter, out);
	}
	if (result == 0) {
		buffer_text(out, ",\"reviews\":");
		result = store_view_list_reviews(desk->store, &filter, out);
	}
	if (result == 0)
		result = store_due_get(desk->store, client->id, &next_on);
	if (result < 0 && result != ERR_NOT_FOUND)
		return result;
	if (next_on != INT32_MAX) {
		buffer_printf(out, ",\"next_look_on\":\"%s\"", date_format(next_on, text));
		explain_change(told, next_on, "the rules look at him again");
	}
	if (told->change_on != INT32_MAX) {
		buffer_printf(out, ",\"next_change_on\":\"%s\"", date_format(told->change_on, text));
		add_text(out, "next_change", told->change);
	}
	return out->failed ? ERR_MEMORY : 0;
}

/* WHY [CLIENT] ref. */
static int why_client(struct desk *desk, const char *client_ref, struct moment now, struct answer *answer)
{
	struct explained told = {.today = now.day, .change_on = INT32_MAX};
	struct buffer parts = {0};
	struct client client;
	char verdict[WHY_TEXT_SIZE], matter[WHY_TEXT_SIZE] = "";

	int64_t id = store_client_find(desk->store, client_ref);
	if (id == ERR_NOT_FOUND)
		return refuse(answer, ERR_NOT_FOUND, "there is no client %.100s", client_ref);
	int result = id < 0 ? (int)id : store_client_load(desk->store, id, &client);
	if (result == 0)
		result = add_parts(desk, &client, now, &told, matter, &parts);
	if (result == 0) {
		put_verdict(&client, &told, matter, verdict);
		if (store_client_erased(desk->store, id, NULL) > 0)
			snprintf(verdict, sizeof(verdict), "he has been erased: no rule looks at him, and nothing about him is taken in");
		buffer_text(&answer->json, "{\"verdict\":");
		json_text_append(&answer->json, verdict);
		buffer_append(&answer->json, parts.data, parts.length);
		buffer_text(&answer->json, "}");
	}
	buffer_free(&parts);
	if (result == 0 && answer->json.failed)
		result = ERR_MEMORY;
	return result < 0 ? result : looked(desk, (const char *const[]){"WHY", client.ref}, 2, answer, id);
}

/* A look at a call is a look at the clients on its agenda; one at a queue, at those of whom it says what holds their calls back. */
static int write_look(struct desk *desk, const char *const *words, size_t count, const struct answer *answer)
{
	const char *said[8] = {"WHY"};
	size_t length = 1;

	for (size_t i = 0; i < count && length < sizeof(said) / sizeof(said[0]); i++)
		said[length++] = words[i];
	return looked(desk, said, length, answer, 0);
}

int desk_why(struct desk *desk, const char *const *words, size_t count, struct moment now, struct answer *answer)
{
	int result;

	if (count == 1)
		result = why_client(desk, words[0], now, answer);
	else if (count == 2 && strcasecmp(words[0], "CLIENT") == 0)
		result = why_client(desk, words[1], now, answer);
	else if (count == 2 && strcasecmp(words[0], "CALL") == 0)
		result = why_call(desk, words[1], now, answer);
	else if (count == 2 && strcasecmp(words[0], "QUEUE") == 0)
		result = why_queue(desk, words[1], NULL, now, answer);
	else if (count == 4 && strcasecmp(words[0], "QUEUE") == 0 && strcasecmp(words[2], "AGENT") == 0)
		result = why_queue(desk, words[1], words[3], now, answer);
	else
		return refuse(answer, ERR_INVALID, "WHY [CLIENT] client, WHY CALL call or WHY QUEUE queue [AGENT name]");
	if (result == 0 && count > 1 && strcasecmp(words[0], "CLIENT") != 0)
		result = write_look(desk, words, count, answer);
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}
