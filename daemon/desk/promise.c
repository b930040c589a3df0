/* promise.c - what an agent has promised in a contact: checked when it is said, and kept as a fact of the client (POLICY 7). */
#include <inttypes.h>
#include <stdio.h>

#include "followup/store_erase.h"
#include "followup/store_promise.h"
#include "outcome.h"

int outcome_check_promises(const struct outcome *o, struct answer *answer)
{
	char by[DATE_TEXT_SIZE], on[DATE_TEXT_SIZE];

	if (o->said.promise_count > 0 && (!outcome_is_contact(o->disposition) || o->disposition->bulk))
		return refuse(answer, ERR_INVALID, "promise: %s tells of nobody to whom something could be promised", o->disposition->name);
	for (size_t i = 0; i < o->said.promise_count; i++)
		if (o->said.promises[i].by < outcome_day(o))
			return refuse(answer, ERR_INVALID, "promise: by: %s lies before the day of the contact, %s",
				date_format(o->said.promises[i].by, by), date_format(outcome_day(o), on));
	return 0;
}

/* Whose a promise is: the client's whom RECORD names; of a call, that of the foremost item closed, or of the foremost there is, who has not been erased while they
 * spoke. 1: *client_id, 0: nobody's. */
static int promised_to(struct outcome *o, int64_t *client_id)
{
	int64_t clients[CLIENTS_OF_CALL_MAX] = {0};
	int count = outcome_clients(o, clients);

	if (count < 0)
		return count;
	if (o->shown_json == NULL || count == 0) {
		clients[0] = o->client_id;
		count = 1;
	}
	for (int i = 0; i < count + o->agenda.count; i++) {
		*client_id = i < count ? clients[i] : o->agenda.items[i - count].client_id;
		int erased = store_client_erased(o->desk->store, *client_id, NULL);
		if (erased <= 0)
			return erased < 0 ? erased : 1;
	}
	return 0;
}

int outcome_keep_promises(struct outcome *o)
{
	int64_t client_id = 0;
	int result = o->said.promise_count > 0 ? promised_to(o, &client_id) : 0;

	if (result <= 0) {
		o->said.promise_count = 0;
		return result;
	}
	for (size_t i = 0; i < o->said.promise_count; i++) {
		struct promise promise = o->said.promises[i];
		promise.client_id = client_id;
		promise.call_id = o->call.id;
		promise.made_on = outcome_day(o);
		promise.at = outcome_moment(o);
		promise.agent_id = o->who->agent_id;
		o->promises[i] = engine_take_promise(o->desk->engine, &promise, o->who->name);
		if (o->promises[i] < 0)
			return (int)o->promises[i];
	}
	return 0;
}
