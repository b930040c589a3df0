/* The request parser: a table of byte sequences, each fed at once, byte by byte, and cut in two at every place; and hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/buffer.h"
#include "followup/reply.h"
#include "followup/resp.h"

static const struct resp_limits limits = {.bytes = 64, .words = 4};

/* What the bytes come to: each request as its words in <> and a line end; then "!" and the complaint when they are refused, "..." when the last one is not complete. */
struct parse_case {
	const char *bytes;
	size_t length;
	const char *expected;
};
#define CASE(text, result)                                                                                                                 \
	{                                                                                                                                  \
		text, sizeof(text) - 1, result                                                                                             \
	}

static const struct parse_case parse_cases[] = {
	/* arrays of bulk strings */
	CASE("*1\r\n$4\r\nPING\r\n", "<PING>\n"),
	CASE("*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", "<ECHO><>\n"),
	CASE("*2\r\n$4\r\nECHO\r\n$3\r\n\r\n\0\r\n", "<ECHO><\\x0d\\x0a\\x00>\n"),
	CASE("*1\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n", "<a>\n<b>\n"),
	CASE("*0\r\n*-1\r\n*1\r\n$1\r\na\r\n", "\n\n<a>\n"),
	CASE("*1\r\n$1\r\na", "..."),
	CASE("*2\r\n$1\r\na\r\n", "..."),
	CASE("*1\r\n$2\r\na\r\n", "!a word that is not followed by CR LF"),
	CASE("*4\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n", "<a><b><c><d>\n"),
	CASE("*5\r\n", "!more than 4 words in one request"),
	CASE("*1\n$1\r\na\r\n", "!a length that is not a number followed by CR LF"),
	CASE("*x\r\n", "!a length that is not a number followed by CR LF"),
	CASE("*1x\r\n", "!a length that is not a number followed by CR LF"),
	CASE("*+1\r\n", "!a length that is not a number followed by CR LF"),
	CASE("* 1\r\n", "!a length that is not a number followed by CR LF"),
	CASE("*\r\n", "!a length that is not a number followed by CR LF"),
	CASE("*1\r\n$\r\n", "!a length that is not a number followed by CR LF"),
	CASE("*-\r\n", "!a length that is not a number followed by CR LF"),
	CASE("*1\r\n$-1\r\n", "!a word of negative length"),
	CASE("*1\r\n+PING\r\n", "!a word has to begin with $"),
	CASE("*1\r\n*1\r\n", "!a word has to begin with $"),
	CASE("*1\r\n$64\r\n", "..."),
	CASE("*1\r\n$65\r\n", "!a request longer than 64 bytes"),
	CASE("*1\r\n$999999999999999999\r\n", "!a request longer than 64 bytes"),
	CASE("*99999999999999999999999\r\n", "!a length of more than 22 digits"),
	CASE("*1\r\n$9223372036854775808\r\n", "!a request longer than 64 bytes"),
	CASE("*1\r\n$1\r\nab\r\n", "!a word that is not followed by CR LF"),
	CASE("*1\r\n$1\r\na\n", "!a word that is not followed by CR LF"),
	CASE("*1\r\n$1\r\na\rx", "!a word that is not followed by CR LF"),
	/* what came before a fault counts */
	CASE("PING\r\n*x\r\n", "<PING>\n!a length that is not a number followed by CR LF"),
	/* inline lines */
	CASE("PING\r\n", "<PING>\n"),
	CASE("PING\n", "<PING>\n"),
	CASE("PING", "..."),
	CASE("\r\n", "\n"),
	CASE("\n \t \r\n", "\n\n"),
	CASE("  next\tQUEUE   service \r\n", "<next><QUEUE><service>\n"),
	CASE("a \"b c\" d\n", "<a><b c><d>\n"),
	CASE("a \"\" ''\n", "<a><><>\n"),
	CASE("a \"\\x41\\n\\r\\t\\b\\a\\\\\\\"\"\n", "<a><A\\x0a\\x0d\\x09\\x08\\x07\\\">\n"),
	CASE("a \"\\xzz\\q\"\n", "<a><xzzq>\n"),
	CASE("a \"\\x4\"\n", "<a><x4>\n"),
	CASE("a 'b\\'c \\n'\n", "<a><b'c \\n>\n"),
	CASE("a b\"c d\"\n", "<a><bc d>\n"),
	CASE("a \"b\n", "!a quote is not closed, or something follows it without a blank"),
	CASE("a 'b\n", "!a quote is not closed, or something follows it without a blank"),
	CASE("a \"b\\\"\n", "!a quote is not closed, or something follows it without a blank"),
	CASE("a \"b\"c\n", "!a quote is not closed, or something follows it without a blank"),
	CASE("DONE 1.1 reached {\"a\": \"b c\", \"d\": {}} \r\n", "<DONE><1.1><reached><{\"a\": \"b c\", \"d\": {}}>\n"),
	CASE("a {\n", "<a><{>\n"),
	CASE("a x{ b\n", "<a><x{><b>\n"),
	CASE("a b c d\n", "<a><b><c><d>\n"),
	CASE("a b c d e\n", "!more than 4 words in one request"),
	CASE("a\0b\n", "<a\\x00b>\n"),
	CASE("0123456789012345678901234567890123456789012345678901234567890123\n",
		"<0123456789012345678901234567890123456789012345678901234567890123>\n"),
	CASE("01234567890123456789012345678901234567890123456789012345678901234\n", "!a line longer than 64 bytes"),
	CASE("01234567890123456789012345678901234567890123456789012345678901234", "!a line longer than 64 bytes"),
	/* browsers */
	CASE("GET / HTTP/1.1\r\n", "!this is not a web server"),
	CASE("post /x HTTP/1.1\r\n", "!this is not a web server"),
	CASE("Host: a\r\n", "!this is not a web server"),
	CASE("GET http://desk/ HTTP/1.1\r\n", "!this is not a web server"),
	CASE("TRACE * HTTP/1.1\n", "!this is not a web server"),
	CASE("PRI * HTTP/2.0\r\n", "!this is not a web server"),
	CASE("GETNEXT /\r\n", "<GETNEXT></>\n"),
};

static void print_word(struct buffer *out, const char *word, size_t length)
{
	buffer_text(out, "<");
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)word[i];
		if (byte < 0x20)
			buffer_printf(out, "\\x%02x", byte);
		else
			buffer_append(out, word + i, 1);
	}
	buffer_text(out, ">");
	assert_int_equal(word[length], '\0');
}

/* Feeds one piece, from a block of exactly its size so that the sanitizers see a byte read too far. False once refused. */
static bool feed(struct resp_parser *parser, const char *bytes, size_t length, struct buffer *out)
{
	char *piece = malloc(length > 0 ? length : 1);
	size_t done = 0;
	int result = 0;

	assert_non_null(piece);
	memcpy(piece, bytes, length);
	while (done < length && result >= 0) {
		size_t used = 0;
		result = resp_parse(parser, &limits, piece + done, length - done, &used);
		if (result >= 0)
			assert_true(used > 0);
		assert_true(used <= length - done);
		done += used;
		if (result == 1) {
			for (size_t i = 0; i < parser->count; i++)
				print_word(out, parser->words[i], parser->lengths[i]);
			buffer_text(out, "\n");
			assert_false(resp_is_inside(parser));
		}
	}
	free(piece);
	if (result >= 0)
		return true;
	assert_int_equal(result, ERR_SYNTAX);
	buffer_printf(out, "!%s", parser->complaint);
	return false;
}

/* The pieces are [0, cut) and [cut, length), or every byte by itself when cut is above length. */
static void check_cut(const struct parse_case *row, size_t cut)
{
	struct resp_parser parser;
	struct buffer out = {0};
	bool going = true;

	resp_parser_init(&parser);
	buffer_text(&out, "");
	if (cut <= row->length) {
		going = feed(&parser, row->bytes, cut, &out) && feed(&parser, row->bytes + cut, row->length - cut, &out);
	} else {
		for (size_t i = 0; i < row->length && going; i++)
			going = feed(&parser, row->bytes + i, 1, &out);
	}
	if (going && resp_is_inside(&parser))
		buffer_text(&out, "...");
	assert_string_equal(out.data, row->expected);
	buffer_free(&out);
	resp_parser_free(&parser);
}

static void test_every_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof parse_cases / sizeof *parse_cases; i++)
		for (size_t cut = 0; cut <= parse_cases[i].length + 1; cut++)
			check_cut(&parse_cases[i], cut);
}

/* A claimed length of a gigabyte costs nothing until the bytes come. */
static void test_no_allocation_from_a_claim(void **state)
{
	static const struct resp_limits wide = {.bytes = (size_t)1 << 30, .words = 1000000};
	static const char claim[] = "*1000000\r\n$1073741823\r\nabc";
	struct resp_parser parser;
	size_t used;

	(void)state;
	resp_parser_init(&parser);
	assert_int_equal(resp_parse(&parser, &wide, claim, sizeof claim - 1, &used), 0);
	assert_true(parser.text_capacity <= 4096);
	assert_true(parser.piece_capacity <= 64);
	resp_parser_free(&parser);
}

/* The limits of a session shrink when it signs out in the middle of a request. */
static void test_limits_may_shrink(void **state)
{
	static const struct resp_limits wide = {.bytes = 1000, .words = 10};
	static const struct resp_limits narrow = {.bytes = 4, .words = 2};
	static const char *const begun[] = {"abcdefghij", "*3\r\n$10\r\nabcdefghij\r\n"};
	static const char *const rest[] = {"k\n", "$1\r\n"};
	size_t used;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct resp_parser parser;
		resp_parser_init(&parser);
		assert_int_equal(resp_parse(&parser, &wide, begun[i], strlen(begun[i]), &used), 0);
		assert_int_equal(resp_parse(&parser, &narrow, rest[i], strlen(rest[i]), &used), ERR_SYNTAX);
		resp_parser_free(&parser);
	}
}

/* A large request's memory is given back with the next. */
static void test_memory_is_given_back(void **state)
{
	static const struct resp_limits wide = {.bytes = (size_t)1 << 20, .words = 10};
	struct resp_parser parser;
	struct buffer bytes = {0};
	size_t used;

	(void)state;
	resp_parser_init(&parser);
	buffer_text(&bytes, "*1\r\n$500000\r\n");
	for (int i = 0; i < 500000; i++)
		buffer_append(&bytes, "x", 1);
	buffer_text(&bytes, "\r\n");
	assert_int_equal(resp_parse(&parser, &wide, bytes.data, bytes.length, &used), 1);
	assert_int_equal(parser.lengths[0], 500000);
	assert_int_equal(resp_parse(&parser, &wide, "PING\n", 5, &used), 1);
	assert_true(parser.text_capacity <= 4096);
	assert_string_equal(parser.words[0], "PING");
	buffer_free(&bytes);
	resp_parser_free(&parser);
}

/* Bytes that mean nothing, with a seed that is printed: the parser refuses or waits, and never reads or writes where it must not. */
static void test_random_bytes(void **state)
{
	static const char alphabet[] = "*$0123456789\r\n\r\n\"'\\{ x\t\0-+:";
	unsigned seed = 20250303;

	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < 20000; round++) {
		struct parse_case row;
		char bytes[48];
		struct buffer whole = {0};
		struct buffer pieces = {0};
		struct resp_parser parser;
		bool going = true;
		row.length = (size_t)rand() % sizeof bytes;
		for (size_t i = 0; i < row.length; i++)
			bytes[i] = alphabet[(size_t)rand() % (sizeof alphabet - 1)];
		if (row.length > 0 && round % 2 == 0)
			bytes[0] = '*';
		buffer_text(&whole, "");
		buffer_text(&pieces, "");
		resp_parser_init(&parser);
		(void)feed(&parser, bytes, row.length, &whole);
		resp_parser_free(&parser);
		for (size_t i = 0; i < row.length && going; i++)
			going = feed(&parser, bytes + i, 1, &pieces);
		resp_parser_free(&parser);
		assert_string_equal(whole.data, pieces.data);
		buffer_free(&whole);
		buffer_free(&pieces);
	}
}

static void test_replies(void **state)
{
	struct buffer out = {0};
	struct reply reply = {.out = &out, .protocol = 2};

	(void)state;
	reply_simple(&reply, "OK");
	reply_error(&reply, "ERR", "two\r\nlines\tand\x01 more");
	reply_error(&reply, "BUSY", NULL);
	reply_integer(&reply, -7);
	reply_bulk(&reply, "a\0b", 3);
	reply_text(&reply, "");
	reply_null(&reply);
	reply_null_array(&reply);
	reply_array(&reply, 2);
	reply_map(&reply, 2);
	reply_set(&reply, 0);
	static const char expected[] =
		"+OK\r\n-ERR two  lines and  more\r\n-BUSY\r\n:-7\r\n$3\r\na\0b\r\n$0\r\n\r\n$-1\r\n*-1\r\n*2\r\n*4\r\n*0\r\n";
	assert_int_equal(out.length, sizeof expected - 1);
	assert_memory_equal(out.data, expected, sizeof expected - 1);
	buffer_clear(&out);
	reply.protocol = 3;
	reply_null(&reply);
	reply_null_array(&reply);
	reply_map(&reply, 2);
	reply_set(&reply, 1);
	assert_string_equal(out.data, "_\r\n_\r\n%2\r\n~1\r\n");
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_no_allocation_from_a_claim),
		cmocka_unit_test(test_limits_may_shrink),
		cmocka_unit_test(test_memory_is_given_back),
		cmocka_unit_test(test_random_bytes),
		cmocka_unit_test(test_replies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
