/* review.c - second-line review (POLICY 8): a share of the contacts is drawn, and judged by somebody who neither made them nor looks after the client. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/draw.h"
#include "followup/json_text.h"
#include "followup/store_client.h"
#include "followup/store_correction.h"
#include "followup/store_followup.h"
#include "followup/store_name.h"
#include "followup/store_review.h"
#include "followup/store_task.h"
#include "outcome.h"

static int record_draw(struct desk *desk, const struct review *review)
{
	struct buffer body = {0};

	buffer_printf(&body, "{\"review\":%lld,\"attempt\":%lld,\"share\":%d,\"seed\":%d}", (long long)review->id,
		(long long)review->attempt_id, desk->policy->review_share_percent, desk->policy->review_seed);
	int64_t entry = body.failed ? ERR_MEMORY
				    : store_record_add(desk->store, &(struct record_entry){.kind = RECORD_REVIEW_DRAWN,
									    .client_id = review->client_id,
									    .call_id = review->call_id,
									    .body = body.data});
	buffer_free(&body);
	return entry < 0 ? (int)entry : 0;
}

static bool was_a_talk(const struct outcome *o)
{
	int channel = policy_channel(o->desk->policy, store_name_text(o->desk->store, o->call.channel));

	return !o->disposition->bulk && (channel < 0 || o->desk->policy->channels[channel].kind == CHANNEL_TALK);
}

int outcome_draw_review(struct outcome *o, int64_t attempt_id)
{
	const struct policy *policy = o->desk->policy;
	struct store *store = o->desk->store;
	int64_t clients[CLIENTS_OF_CALL_MAX];

	if (o->contact_id == 0 || !was_a_talk(o) || !draw_takes(policy->review_seed, attempt_id, policy->review_share_percent))
		return 0;
	int count = outcome_clients(o, clients);
	if (count <= 0)
		return count;
	struct review review = {.attempt_id = attempt_id, .client_id = clients[0], .call_id = o->call.id};
	snprintf(review.agent, sizeof(review.agent), "%s", o->who->name);
	review.id = store_review_insert(store, &review, o->now.unix_seconds);
	int result = review.id < 0 ? (int)review.id : record_draw(o->desk, &review);
	for (int i = 0; result == 0 && i < count; i++)
		result = store_review_add_client(store, review.id, clients[i]);
	return result;
}

/* Neither the caller, nor who looks after one of the clients or has brought him. 1 or 0. */
static int may_judge(struct desk *desk, const struct review *review, const struct agent *reviewer)
{
	int64_t clients[CLIENTS_OF_CALL_MAX];

	if (strcmp(review->agent, reviewer->name) == 0)
		return 0;
	int count = store_review_clients(desk->store, review->id, clients, CLIENTS_OF_CALL_MAX);
	for (int i = 0; i < count && i < CLIENTS_OF_CALL_MAX; i++) {
		int close = agenda_is_close(desk->engine, clients[i], reviewer);
		if (close != 0)
			return close < 0 ? close : 0;
	}
	return count < 0 ? count : 1;
}

/* The one that he has, or the oldest that he may judge. He may have become the manager of its client while he had it: another gets it then. 1 or 0. */
static int find_review(struct desk *desk, const struct agent *reviewer, struct review *out)
{
	int result;

	while ((result = store_review_held(desk->store, reviewer->id, out)) > 0) {
		result = may_judge(desk, out, reviewer);
		if (result == 0)
			result = store_review_give_back(desk->store, out->id);
		if (result != 0)
			return result;
	}
	if (result < 0)
		return result;
	for (int64_t after = 0; (result = store_review_next_open(desk->store, after, out)) > 0; after = out->id) {
		result = may_judge(desk, out, reviewer);
		if (result != 0)
			return result;
	}
	return result;
}

static int describe_review(struct desk *desk, const struct review *review, int64_t lease_until, struct buffer *out)
{
	const struct policy *policy = desk->policy;
	struct buffer form = {0};
	char until[32];

	buffer_text(&form, "[");
	for (size_t i = 0; i < policy->review_form.count; i++) {
		buffer_text(&form, i > 0 ? "," : "");
		json_text_append(&form, policy->review_form.items[i]);
	}
	buffer_text(&form, "]");
	int result = form.failed ? ERR_MEMORY
				 : store_view_review(desk->store, review->id, local_time_text(lease_until, until), form.data,
					   policy->review_score_max, out);
	buffer_free(&form);
	return result;
}

/* A person's judgement stands there with his name. */
static int load_reviewer(struct desk *desk, const struct identity *who, struct agent *reviewer, struct answer *answer)
{
	int result = who->agent_id != 0 ? store_agent_load(desk->store, who->agent_id, reviewer) : 0;

	return result == 0 ? refuse(answer, ERR_RIGHTS, "reviews go to reviewers: sign in with AUTH name token") : result < 0 ? result : 0;
}

int desk_review_next(struct desk *desk, const struct identity *who, struct moment now, struct answer *answer)
{
	struct agent reviewer;
	struct review review;

	int result = load_reviewer(desk, who, &reviewer, answer);
	if (result == 0)
		result = store_review_put_back(desk->store, now.unix_seconds);
	if (result >= 0)
		result = find_review(desk, &reviewer, &review);
	if (result <= 0)
		return result < 0 ? refuse_store(desk, answer, result) : 0;
	if (review.state == REVIEW_OPEN)
		review.lease_until = now.unix_seconds + desk->policy->review_lease_seconds;
	result = store_review_lease(desk->store, review.id, reviewer.id, reviewer.name, review.lease_until);
	if (result == 0)
		result = describe_review(desk, &review, review.lease_until, &answer->json);
	if (result == 0)
		result = looked(desk, (const char *const[]){"REVIEW.NEXT"}, 1, answer, review.client_id);
	return result < 0 ? refuse_store(desk, answer, result) : 1;
}

/* What the reviewer says. */
struct judgement {
	const struct policy *policy;
	bool has_scores;
	uint64_t scored; /* bit set of the form's names */
	bool has_note;
	char why[160];
};

static int take_judgement(void *context, const struct json_value *value)
{
	struct judgement *judgement = context;
	const char *key = value->key != NULL ? value->key : "";

	if (strcmp(key, "scores") == 0) {
		judgement->has_scores = value->type == JSON_OBJECT;
		if (!judgement->has_scores)
			snprintf(judgement->why, sizeof(judgement->why), "scores: an object is wanted, a name and a number for each");
	} else if (strcmp(key, "note") == 0) {
		judgement->has_note = value->type == JSON_TEXT && value->length > 0;
		if (value->type != JSON_TEXT)
			snprintf(judgement->why, sizeof(judgement->why), "note: a text is wanted");
	} else {
		snprintf(judgement->why, sizeof(judgement->why), "%.60s: only scores and a note are wanted", key);
	}
	return judgement->why[0] != '\0' ? ERR_INVALID : 0;
}

static int take_score(void *context, const struct json_value *value)
{
	struct judgement *judgement = context;
	const struct text_list *form = &judgement->policy->review_form;
	int most = judgement->policy->review_score_max;

	for (size_t i = 0; i < form->count; i++) {
		if (strcmp(form->items[i], value->key) != 0)
			continue;
		long long score = value->type == JSON_INTEGER ? strtoll(value->text, NULL, 10) : -1;
		if (score < 0 || score > most) {
			snprintf(judgement->why, sizeof(judgement->why), "scores: %s: a whole number from 0 to %d is wanted",
				form->items[i], most);
			return ERR_INVALID;
		}
		judgement->scored |= UINT64_C(1) << i;
		return 0;
	}
	snprintf(judgement->why, sizeof(judgement->why), "scores: %.60s does not stand on the form", value->key);
	return ERR_INVALID;
}

static int check_judgement(const struct judgement *judgement, enum review_state verdict, struct answer *answer)
{
	const struct text_list *form = &judgement->policy->review_form;
	struct buffer missing = {0};

	for (size_t i = 0; i < form->count; i++)
		if ((judgement->scored & UINT64_C(1) << i) == 0)
			buffer_printf(&missing, "%s%s", missing.length > 0 ? ", " : "", form->items[i]);
	int result = missing.failed ? ERR_MEMORY : 0;
	if (result == 0 && missing.length > 0)
		result = refuse(answer, ERR_INVALID, "scores are missing: %s; say {\"scores\":{name:0..%d ...}}", missing.data,
			judgement->policy->review_score_max);
	buffer_free(&missing);
	if (result == 0 && verdict == REVIEW_REJECTED && !judgement->has_note)
		result = refuse(answer, ERR_INVALID, "note: a rejection says why, like {\"note\":\"the client was not asked who he is\"}");
	return result;
}

static int read_judgement(struct desk *desk, const char *json, enum review_state verdict, struct answer *answer)
{
	struct judgement judgement = {.policy = desk->policy};
	int result = ERR_INVALID;

	if (strlen(json) > 65536)
		return refuse(answer, ERR_INVALID, "more than 64 KiB were said");
	if (json[strspn(json, " \t\r\n")] == '{')
		result = json_each(desk->json, json, strlen(json), "$", take_judgement, &judgement);
	if (result == 0 && judgement.has_scores)
		result = json_each(desk->json, json, strlen(json), "$.scores", take_score, &judgement);
	if (result == ERR_MEMORY)
		return result;
	if (result < 0)
		return refuse(answer, ERR_INVALID, "%s", judgement.why[0] != '\0' ? judgement.why : "a JSON object is wanted");
	return check_judgement(&judgement, verdict, answer);
}

/* The reviewer's own, held now or until its lease ran out and nobody else took it. */
static int load_own(struct desk *desk, const char *text, const struct agent *reviewer, struct review *review, struct answer *answer)
{
	int64_t id;

	if (!parse_count(text, 1, INT64_MAX, &id))
		return refuse(answer, ERR_INVALID, "a review's number is wanted");
	int result = store_review_load(desk->store, id, review);
	if (result == ERR_NOT_FOUND)
		return refuse(answer, result, "there is no review %lld", (long long)id);
	if (result < 0)
		return result;
	if (review->state >= REVIEW_ACCEPTED)
		return refuse(answer, ERR_NO_LEASE, "review %lld has been judged already", (long long)id);
	if (review->reviewer_id != reviewer->id)
		return refuse(answer, ERR_NO_LEASE, "review %lld is not yours: take one with REVIEW.NEXT", (long long)id);
	result = may_judge(desk, review, reviewer);
	if (result == 0)
		return refuse(answer, ERR_RIGHTS, "review %lld is of a client of yours by now: another must judge it", (long long)id);
	return result < 0 ? result : 0;
}

/* What the contact has closed, and nothing has taken from it since, waits again; the supervisors hear of it. */
static int reject(struct desk *desk, const struct review *review, struct moment now, struct buffer *out)
{
	int64_t items[ITEMS_MAX];
	int reopened = 0;

	int count = store_attempt_items(desk->store, review->attempt_id, items, ITEMS_MAX), result = count < 0 ? count : 0;
	buffer_text(out, ",\"reopened\":[");
	for (int i = 0; result == 0 && i < count && i < ITEMS_MAX; i++) {
		struct followup f;
		result = store_followup_load(desk->store, items[i], &f);
		if (result < 0 || (f.state != FOLLOWUP_DONE && f.state != FOLLOWUP_DONE_LATE)) {
			result = result < 0 ? result : 0;
			continue;
		}
		result = agenda_reopen(desk->engine, &f, desk->policy->review_again_days, now);
		if (result == 0)
			result = store_attempt_closes(desk->store, 0, f.id);
		if (result == 0)
			result = store_review_add_item(desk->store, review->id, f.id);
		buffer_printf(out, "%s%lld", reopened++ > 0 ? "," : "", (long long)f.id);
	}
	buffer_text(out, "]");
	struct task task = {.kind = "rejected",
		.queue = "supervisors",
		.client_id = review->client_id,
		.call_id = review->call_id,
		.followup_id = count > 0 ? items[0] : 0,
		.at = now.unix_seconds,
		.agent = review->agent};
	return result == 0 ? store_task_insert(desk->store, &task) : result;
}

static int record_judgement(struct desk *desk, const struct review *review, enum review_state verdict, const char *json)
{
	struct buffer body = {0};

	buffer_printf(&body, "{\"review\":%lld,\"attempt\":%lld,\"verdict\":\"%s\",\"said\":%s}", (long long)review->id,
		(long long)review->attempt_id, review_state_name(verdict), json);
	int64_t entry = body.failed ? ERR_MEMORY
				    : store_record_add(desk->store, &(struct record_entry){.kind = RECORD_REVIEWED,
									    .client_id = review->client_id,
									    .call_id = review->call_id,
									    .body = body.data});
	buffer_free(&body);
	return entry < 0 ? (int)entry : 0;
}

static int judge(struct desk *desk, const struct agent *reviewer, const char *review_text, enum review_state verdict, const char *json,
	struct moment now, struct answer *answer)
{
	struct review review;
	struct buffer *out = &answer->json;

	int result = load_own(desk, review_text, reviewer, &review, answer);
	if (result == 0)
		result = read_judgement(desk, json, verdict, answer);
	if (result < 0)
		return result;
	buffer_printf(out, "{\"review\":%lld,\"state\":\"%s\"", (long long)review.id, review_state_name(verdict));
	if (verdict == REVIEW_REJECTED)
		result = reject(desk, &review, now, out);
	buffer_text(out, "}");
	if (result == 0 && out->failed)
		result = ERR_MEMORY;
	if (result == 0)
		result = record_judgement(desk, &review, verdict, json);
	if (result == 0)
		result = store_review_judge(
			desk->store, review.id, reviewer->id, reviewer->name, verdict, now.unix_seconds, json, out->data);
	desk->changes++;
	return result;
}

int desk_review_done(struct desk *desk, const struct identity *who, const char *review, const char *verdict_text, const char *json,
	struct moment now, struct answer *answer)
{
	struct agent reviewer;
	char *again = NULL;
	int verdict = review_state_parse(verdict_text);

	if (json == NULL || json[0] == '\0')
		json = "{}";
	int result = load_reviewer(desk, who, &reviewer, answer);
	if (result == 0 && verdict != REVIEW_ACCEPTED && verdict != REVIEW_REJECTED)
		result = refuse(answer, ERR_INVALID, "a verdict is accepted or rejected");
	if (result == 0)
		result = store_review_answer(desk->store, strtoll(review, NULL, 10), reviewer.id, (enum review_state)verdict, json, &again);
	if (result > 0) { /* the same again: judged once, answered the same */
		buffer_text(&answer->json, again);
		free(again);
		return answer->json.failed ? refuse_store(desk, answer, ERR_MEMORY) : 0;
	}
	if (result == 0)
		result = judge(desk, &reviewer, review, (enum review_state)verdict, json, now, answer);
	return result < 0 ? refuse_store(desk, answer, result) : 0;
}
