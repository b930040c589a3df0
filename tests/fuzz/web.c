/* What followup-console takes from browsers: the body of a command becomes a few words without a NUL or none at all, and headers say whose request it is without being
 * believed more than they may. The input is a body, then lines: Host, Origin, X-Forwarded-For. */
#include "fuzz.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "followup/web_command.h"
#include "followup/web_origin.h"

/* What the daemon would get. */
static void check_command(const char *body, size_t length)
{
	struct web_command command;
	char why[WEB_WHY_SIZE] = "";
	int result = web_command_read(body, length, &command, why);

	FUZZ_CHECK(command.count <= WEB_WORDS_MAX);
	for (size_t i = 0; i < command.count; i++)
		FUZZ_CHECK(strlen(command.words[i]) == command.lengths[i]);
	if (result < 0) {
		FUZZ_CHECK(result == ERR_SYNTAX && why[0] != '\0' && strlen(why) < sizeof why);
	} else {
		FUZZ_CHECK(command.count > 0);
		FUZZ_CHECK(command.word == NULL || strcasecmp(command.word->name, command.words[0]) == 0);
		FUZZ_CHECK(command.wait_seconds >= 0 && command.wait_seconds <= WEB_WAIT_SECONDS_MAX);
		FUZZ_CHECK(command.wait_seconds == 0 || command.slow);
	}
	web_command_clear(&command);
}

static void check_source(const char *forwarded)
{
	static const struct sockaddr_in peer = {.sin_family = AF_INET, .sin_addr = {.s_addr = 0x0100007f}};
	char source[WEB_SOURCE_SIZE];
	struct in6_addr address;

	web_source((const struct sockaddr *)&peer, false, forwarded, source);
	FUZZ_CHECK(strcmp(source, "127.0.0.1") == 0);
	web_source((const struct sockaddr *)&peer, true, forwarded, source);
	FUZZ_CHECK(inet_pton(AF_INET, source, &address) == 1 || inet_pton(AF_INET6, source, &address) == 1);
}

static void check_origin(const char *host, const char *origin)
{
	static const char ours[] = "https://desk.example.com";
	static const char letters[] = "0123456789abcdefABCDEF.:[]localhostLOCALHOST";
	bool plain = web_host_is_plain(host);

	/* What could be another site's name is not taken. */
	FUZZ_CHECK(!plain || (host[0] != '\0' && strspn(host, letters) == strlen(host)));
	if (web_origin_is_ours("", host, origin, NULL))
		FUZZ_CHECK(plain && strlen(origin) >= strlen(host) && strcasecmp(origin + strlen(origin) - strlen(host), host) == 0);
	FUZZ_CHECK(web_origin_is_ours(ours, host, origin, NULL) == (strcasecmp(origin, ours) == 0));
	FUZZ_CHECK(!web_origin_is_ours(ours, host, ours, "cross-site"));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = fuzz_text(bytes, length);
	char *headers[3] = {text, text, text};
	const char *newline = memchr(bytes, '\n', length);

	check_command((const char *)bytes, newline != NULL ? (size_t)(newline - (const char *)bytes) : length);
	check_command((const char *)bytes, length);
	for (size_t i = 0; i < 3; i++) {
		char *end = strchr(headers[i], '\n');
		if (i + 1 < 3)
			headers[i + 1] = end != NULL ? end + 1 : headers[i] + strlen(headers[i]);
		if (end != NULL)
			*end = '\0';
	}
	check_origin(headers[0], headers[1]);
	check_source(headers[2]);
	free(text);
	return 0;
}
