/* erase.c - ERASE: a client asks to be erased (POLICY 8). Two people answer for it, and it cannot be undone. */
#include <string.h>

#include "followup/json_text.h"
#include "followup/store_client.h"
#include "followup/store_erase.h"
#include "internal.h"

int desk_erase(struct desk *desk, const struct identity *who, const char *client_ref, const char *second, const char *reason,
	struct moment now, struct answer *answer)
{
	int64_t since = now.unix_seconds;
	char text[32];

	int result = check_reason(reason, answer);
	if (result == 0)
		result = check_second(desk, who, second, answer);
	if (result < 0)
		return result;
	int64_t id = store_client_find(desk->store, client_ref);
	if (id == ERR_NOT_FOUND)
		return refuse(answer, ERR_NOT_FOUND, "there is no client %s", client_ref);
	int erased = id < 0 ? (int)id : store_client_erased(desk->store, id, &since);
	if (erased < 0)
		return refuse_store(desk, answer, erased);
	if (erased == 0) {
		const char *const said[] = {"second", second, "reason", reason};
		result = acted(desk, RECORD_ERASED, id, said, 4);
		if (result == 0)
			result = engine_erase_client(desk->engine, id, now, who->name);
		desk->changes++;
	}
	if (result < 0)
		return refuse_store(desk, answer, result);
	buffer_text(&answer->json, "{\"client_ref\":");
	json_text_append(&answer->json, client_ref);
	buffer_printf(&answer->json, ",\"erased_at\":\"%s\"}", local_time_text(since, text));
	return answer->json.failed ? ERR_MEMORY : 0;
}
