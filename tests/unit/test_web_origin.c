/* test_web_origin.c - whose request it is, as tables. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "followup/web_origin.h"
#include "table.h"

static void test_host(void **state)
{
	static const struct {
		const char *host;
		bool plain;
	} cases[] = {
		{"127.0.0.1", true},
		{"127.0.0.1:7381", true},
		{"10.1.2.3:80", true},
		{"localhost", true},
		{"LOCALHOST:7381", true},
		{"[::1]", true},
		{"[::1]:7381", true},
		{"", false},
		{":80", false},
		{"evil.example", false},
		{"localhost.evil.example", false},
		{"127.0.0.1.evil.example", false},
		{"127.0.0.1:80.evil.example", false},
		{"127.0.0.1@evil.example", false},
		{"127.1", false},
		{"2130706433", false},
		{"[::1", false},
		{"[::1]x", false},
		{"[127.0.0.1]", false},
		{"[]", false},
		{"::1", false},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (web_host_is_plain(cases[i].host) != cases[i].plain)
			fail_msg("%s: wanted %d", cases[i].host, cases[i].plain);
}

static void test_origin(void **state)
{
	static const struct {
		const char *address, *host, *origin, *site;
		bool ours;
	} cases[] = {
		/* No browser, or a page of ours. */
		{"", "127.0.0.1:7381", NULL, NULL, true},
		{"", "127.0.0.1:7381", "http://127.0.0.1:7381", "same-origin", true},
		{"", "localhost:7381", "http://localhost:7381", NULL, true},
		{"", "127.0.0.1:7381", NULL, "none", true},
		{"https://desk.example.com", "127.0.0.1:7381", "https://desk.example.com", "same-origin", true},
		{"https://desk.example.com", "desk.example.com", "HTTPS://Desk.Example.Com", NULL, true},
		{"https://desk.example.com", NULL, NULL, NULL, true},
		/* Another's. */
		{"", "127.0.0.1:7381", "http://localhost:7381", NULL, false},
		{"", "127.0.0.1:7381", "http://127.0.0.1:7382", NULL, false},
		{"", "127.0.0.1:7381", "http://127.0.0.1", NULL, false},
		{"", "127.0.0.1:7381", "null", NULL, false},
		{"", "127.0.0.1:7381", "", NULL, false},
		{"", "127.0.0.1:7381", "http://127.0.0.1:7381", "cross-site", false},
		{"", "127.0.0.1:7381", NULL, "same-site", false},
		{"", "127.0.0.1:7381", NULL, "", false},
		{"", NULL, NULL, NULL, false},
		/* A name that leads here: it may be anybody's. */
		{"", "evil.example:7381", "http://evil.example:7381", "same-origin", false},
		{"https://desk.example.com", "desk.example.com", "https://evil.example", NULL, false},
		{"https://desk.example.com", "desk.example.com", "http://desk.example.com", NULL, false},
		{"https://desk.example.com", "desk.example.com", "https://desk.example.com.evil.example", NULL, false},
		{"https://desk.example.com", "evil.example", "https://evil.example", "same-origin", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (web_origin_is_ours(cases[i].address, cases[i].host, cases[i].origin, cases[i].site) != cases[i].ours)
			fail_msg("case %zu, origin %s: wanted %d", i, cases[i].origin != NULL ? cases[i].origin : "-", cases[i].ours);
}

static void test_source(void **state)
{
	static const struct {
		const char *peer;
		bool proxy;
		const char *forwarded, *source;
	} cases[] = {
		{"127.0.0.1", false, NULL, "127.0.0.1"},
		{"127.0.0.1", false, "192.0.2.7", "127.0.0.1"},
		{"127.0.0.1", true, NULL, "127.0.0.1"},
		{"127.0.0.1", true, "192.0.2.7", "192.0.2.7"},
		{"127.0.0.1", true, "1.2.3.4, 5.6.7.8,\t192.0.2.7 ", "192.0.2.7"},
		{"127.0.0.1", true, "192.0.2.7,", "127.0.0.1"},
		{"127.0.0.1", true, "unknown", "127.0.0.1"},
		{"127.0.0.1", true, "192.0.2.7:1234", "127.0.0.1"},
		{"127.0.0.1", true, "", "127.0.0.1"},
		{"127.0.0.1", true, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
		{"127.0.0.1", true, "::ffff:192.0.2.7", "192.0.2.7"},
		{"127.0.0.1", true, "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy", "127.0.0.1"},
		{"2001:db8:1:2:3:4:5:6", false, NULL, "2001:db8:1:2::"},
		{"::ffff:192.0.2.9", false, NULL, "192.0.2.9"},
		{"", true, NULL, "unknown"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sockaddr_in four = {.sin_family = AF_INET};
		struct sockaddr_in6 six = {.sin6_family = AF_INET6};
		const struct sockaddr *peer = NULL;
		char source[WEB_SOURCE_SIZE];
		if (inet_pton(AF_INET, cases[i].peer, &four.sin_addr) == 1)
			peer = (const struct sockaddr *)&four;
		else if (inet_pton(AF_INET6, cases[i].peer, &six.sin6_addr) == 1)
			peer = (const struct sockaddr *)&six;
		web_source(peer, cases[i].proxy, cases[i].forwarded, source);
		if (strcmp(source, cases[i].source) != 0)
			fail_msg("case %zu: %s instead of %s", i, source, cases[i].source);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_origin),
		cmocka_unit_test(test_source),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
