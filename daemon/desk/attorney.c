/* attorney.c - a contact with somebody in the client's place: only with the attorney on file, on a day on which his power holds (POLICY 7). */
#include <stdio.h>
#include <string.h>

#include "followup/store_client.h"
#include "outcome.h"

static bool is_named(const struct attorney *attorney, const char *name)
{
	return strlen(name) == attorney->length && memcmp(attorney->name, name, attorney->length) == 0;
}

/* Without a name the only one is meant; of one client and the next it must be the same person. */
static int check_client(struct outcome *o, int64_t client_id, day_t day, struct answer *answer)
{
	struct attorney attorneys[FACT_ATTORNEYS_MAX];
	const struct attorney *meant = NULL;
	char text[FACT_TEXT_MAX + 1], day_words[DATE_TEXT_SIZE];
	struct client client;
	int holding = 0;

	int result = store_client_load(o->desk->store, client_id, &client);
	if (result == 0)
		result = store_client_attorney(o->desk->store, client_id, text);
	if (result < 0)
		return result;
	int count =
		fact_attorneys(text, attorneys); /* less than 0: written before its form was checked, so that nobody can be known by it */
	for (int i = 0; i < count; i++) {
		if (attorneys[i].until < day)
			continue;
		holding++;
		if (o->said.attorney[0] == '\0' || is_named(&attorneys[i], o->said.attorney))
			meant = &attorneys[i];
	}
	if (meant == NULL)
		return refuse(answer, ERR_INVALID,
			"client %s has no attorney%s%s on file for %s: whoever it was is a third-party, or the client's file must be "
			"corrected first",
			client.ref, o->said.attorney[0] != '\0' ? " " : "", o->said.attorney, date_format(day, day_words));
	if (o->said.attorney[0] == '\0' && (holding > 1 || (o->attorney[0] != '\0' && !is_named(meant, o->attorney))))
		return refuse(
			answer, ERR_INVALID, "there are several attorneys on file: name the one it was, like {\"attorney\":\"Zhang San\"}");
	snprintf(o->attorney, sizeof(o->attorney), "%.*s", (int)meant->length, meant->name);
	return 0;
}

int outcome_check_attorney(struct outcome *o, struct answer *answer)
{
	int64_t clients[CLIENTS_OF_CALL_MAX];
	int result = 0;

	if (!o->disposition->attorney) {
		if (o->said.attorney[0] != '\0')
			return refuse(answer, ERR_INVALID, "attorney: %s tells of no contact with an attorney", o->disposition->name);
		return 0;
	}
	int count = outcome_clients(o, clients);
	for (int i = 0; result == 0 && i < count; i++)
		result = check_client(o, clients[i], outcome_day(o), answer);
	return count < 0 ? count : result;
}
