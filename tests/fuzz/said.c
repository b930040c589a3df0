/* What DONE and RECORD are told in JSON: taken within its bounds, or refused with words for the agent. */
#include "fuzz.h"

#include "../../daemon/desk/internal.h"

static void check_text(const char *text, size_t size)
{
	FUZZ_CHECK(memchr(text, '\0', size) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct desk desk;
	static struct said said;
	static const struct said nothing;
	const struct moment now = {.unix_seconds = 1740967200, .day = 20150, .second = 36000};
	struct answer answer = {.why = ""};
	char *json = fuzz_text(bytes, length);

	if (desk.json == NULL)
		desk.json = fuzz_need(json_new());
	said = nothing;
	int result = said_read(&desk, json, now, &said, &answer);
	FUZZ_CHECK(said.item_count <= ITEMS_MAX && said.answered_count <= ANSWERS_MAX);
	FUZZ_CHECK(memchr(answer.why, '\0', sizeof(answer.why)) != NULL);
	if (result < 0) {
		FUZZ_CHECK(result == ERR_INVALID && answer.why[0] != '\0');
	} else {
		FUZZ_CHECK(result == 0 && answer.why[0] == '\0');
		check_text(said.disposition, sizeof(said.disposition));
		check_text(said.channel, sizeof(said.channel));
		check_text(said.attorney, sizeof(said.attorney));
		FUZZ_CHECK(!said.has_done_at || said.done_at <= (int64_t)now.day * 86400 + now.second);
		for (size_t i = 0; i < said.answered_count; i++)
			check_text(said.answered[i], sizeof(said.answered[i]));
		for (size_t i = 0; i < said.item_count; i++)
			FUZZ_CHECK(said_names(&said, said.items[i]));
	}
	free(json);
	buffer_free(&answer.json);
	return 0;
}
