/* decide.c - what is decided of a follow-up, in the words of the record (POLICY 8): so that WHY and HISTORY can be answered from it when the book has moved on. */
#include <stdio.h>

#include "followup/buffer.h"
#include "followup/json_text.h"
#include "followup/store_name.h"
#include "followup/store_view.h"
#include "internal.h"

static int add(struct engine *engine, const struct followup *f, enum record_kind kind, const char *body)
{
	int64_t id = store_record_add(engine->store, &(struct record_entry){
							     .kind = kind,
							     .client_id = f->client_id,
							     .client_ref = f->client_ref,
							     .followup_id = f->id,
							     .call_id = f->call_id,
							     .reason = f->reason,
							     .body = body,
						     });

	return id < 0 ? (int)id : 0;
}

static void append_window(struct buffer *out, const struct followup *f)
{
	char text[DATE_TEXT_SIZE];

	buffer_text(out, "{\"occasion\":");
	json_text_append(out, f->occasion);
	buffer_text(out, ",\"opens_on\":\"");
	buffer_text(out, date_format(f->opens_on, text));
	buffer_text(out, "\",\"due_on\":\"");
	buffer_text(out, date_format(f->due_on, text));
	buffer_text(out, "\",\"priority\":");
	buffer_number(out, f->priority);
}

/* For want of a slot: the contacts that use the slots. */
static int append_ledger(struct engine *engine, const struct followup *f, struct buffer *out)
{
	struct client client;
	day_t day = f->closed_on != NO_DAY ? f->closed_on : engine->reached;

	int result = store_client_load(engine->store, f->client_id, &client);
	if (result < 0)
		return result;
	buffer_text(out, "{\"contacts\":");
	result = store_view_contacts(engine->store, client.person, cap_window_start(engine->policy->cap_window, day), day, out);
	buffer_text(out, "}");
	return result;
}

int decided(struct engine *engine, const struct followup *f, enum record_kind kind)
{
	struct buffer body = {0};
	bool slot = f->reason != 0 && (f->reason == engine->reasons[REASON_CAP] || f->reason == engine->reasons[REASON_PREEMPTED]);
	int result = 0;

	if (store_record_is_off(engine->store))
		return 0;
	if (kind == RECORD_CREATED) {
		append_window(&body, f);
		buffer_text(&body, ",\"rule\":");
		json_text_append(&body, store_name_text(engine->store, f->rule));
		buffer_text(&body, "}");
	} else if (slot && (kind == RECORD_SUPPRESSED || kind == RECORD_DEFERRED)) {
		result = append_ledger(engine, f, &body);
	}
	if (result == 0)
		result = body.failed ? ERR_MEMORY : add(engine, f, kind, body.data);
	buffer_free(&body);
	return result;
}

int decided_move(struct engine *engine, const struct followup *f, enum followup_state from)
{
	static const enum record_kind kinds[] = {
		[FOLLOWUP_SCHEDULED] = RECORD_DEFERRED,
		[FOLLOWUP_QUEUED] = RECORD_QUEUED,
		[FOLLOWUP_DONE] = RECORD_DONE,
		[FOLLOWUP_DONE_LATE] = RECORD_DONE_LATE,
		[FOLLOWUP_MISSED] = RECORD_MISSED,
		[FOLLOWUP_CANCELLED] = RECORD_CANCELLED,
		[FOLLOWUP_SUPPRESSED] = RECORD_SUPPRESSED,
	};

	return decided(engine, f, followup_state_is_open(f->state) && !followup_state_is_open(from) ? RECORD_REOPENED : kinds[f->state]);
}

int decided_window(struct engine *engine, const struct followup *before, const struct followup *f)
{
	struct buffer body = {0};

	if (store_record_is_off(engine->store))
		return 0;
	append_window(&body, f);
	buffer_text(&body, ",\"before\":");
	append_window(&body, before);
	buffer_text(&body, "}}");
	int result = body.failed ? ERR_MEMORY : add(engine, f, RECORD_MOVED, body.data);
	buffer_free(&body);
	return result;
}
