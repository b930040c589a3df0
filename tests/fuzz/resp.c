/* Requests: however the bytes are cut into pieces, the same words come out, within the limits, and the parser's memory stays within what was sent. */
#include "fuzz.h"

#include "followup/buffer.h"
#include "followup/resp.h"

/* Small, so that inputs of some hundred bytes reach them. */
static const struct resp_limits limits = {.bytes = 300, .words = 12};

static void note_request(struct buffer *heard, const struct resp_parser *parser)
{
	size_t sum = 0;

	FUZZ_CHECK(parser->count <= limits.words);
	FUZZ_CHECK(!resp_is_inside(parser));
	buffer_printf(heard, "%zu words\n", parser->count);
	for (size_t i = 0; i < parser->count; i++) {
		sum += parser->lengths[i];
		FUZZ_CHECK(parser->words[i][parser->lengths[i]] == '\0');
		buffer_printf(heard, "%zu:", parser->lengths[i]);
		buffer_append(heard, parser->words[i], parser->lengths[i]);
		buffer_text(heard, "\n");
	}
	FUZZ_CHECK(sum <= limits.bytes);
}

/* What is heard of the bytes in pieces of that size, each in memory of its own. */
static void listen_in(const uint8_t *bytes, size_t length, size_t piece, struct buffer *heard)
{
	struct resp_parser parser;
	int result = 0;

	resp_parser_init(&parser);
	for (size_t at = 0; at < length && result >= 0; at += piece) {
		size_t part = length - at < piece ? length - at : piece, done = 0;
		char *copy = fuzz_text(bytes + at, part);

		while (done < part && result >= 0) {
			size_t used = 0;
			result = resp_parse(&parser, &limits, copy + done, part - done, &used);
			FUZZ_CHECK(used <= part - done);
			FUZZ_CHECK(result == ERR_SYNTAX || result == 0 || result == 1);
			FUZZ_CHECK(result != 0 || used == part - done);
			FUZZ_CHECK(result != 1 || used > 0);
			/* Twice what the limits allow, for doubling, and what it begins with. */
			FUZZ_CHECK(parser.text_capacity <= 2 * (limits.bytes + limits.words + 1) + 256);
			done += used;
			if (result == 1)
				note_request(heard, &parser);
		}
		free(copy);
	}
	if (result < 0) {
		FUZZ_CHECK(parser.complaint[0] != '\0');
		buffer_printf(heard, "refused: %s\n", parser.complaint);
	} else {
		buffer_printf(heard, "inside: %d\n", resp_is_inside(&parser));
	}
	resp_parser_free(&parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const size_t pieces[] = {1, 7};
	struct buffer whole = {0};

	listen_in(bytes, length, length > 0 ? length : 1, &whole);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct buffer heard = {0};

		listen_in(bytes, length, pieces[i], &heard);
		FUZZ_CHECK(heard.length == whole.length && memcmp(heard.data, whole.data, whole.length) == 0);
		buffer_free(&heard);
	}
	buffer_free(&whole);
	return 0;
}
