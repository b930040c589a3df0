/* test_ctl_top.c - followupctl top: on a screen of any size no line is longer and there are no more of them, and what has no room is counted. Its sources are taken in here,
 * because they are no part of the library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../ctl/rows.c"
#include "../../ctl/screen.c"
#include "../../ctl/top_page.c"

enum { HEIGHT_LEAST = 1, HEIGHT_MOST = 40, WIDTH_LEAST_DRAWN = 20, WIDTH_MOST = 120 };

static void read_all(const struct buffer *document, struct ctl_rows *rows)
{
	assert_int_equal(ctl_rows_read(document->data, document->length, rows), 0);
}

static void fill(struct top_state *state, int queues, int agents, int events)
{
	struct buffer document = {0};

	*state = (struct top_state){.time = "2025-03-04T10:00:00",
		.zone = "Asia/Shanghai",
		.storage = "failing",
		.unserved = "manager/M1 manager/M2",
		.tasks_open = 3};
	buffer_text(&document, "[");
	for (int i = 0; i < queues; i++)
		buffer_printf(&document,
			"%s{\"queue\":\"branch/"
			"上海浦东新区营业部%d\",\"ready\":%d,\"due_now\":%d,\"overdue\":1,\"resting\":123456789,\"leased\":0,\"oldest_due_"
			"on\":\"2025-03-0%"
			"d\",\"open\":%s,\"opens_at\":\"2025-03-05T09:30:00\"}",
			i > 0 ? "," : "", i, i, i % 3, 1 + i % 8, i % 2 ? "true" : "false");
	buffer_text(&document, "]");
	read_all(&document, &state->queues);
	buffer_clear(&document);
	buffer_text(&document, "[");
	for (int i = 0; i < agents; i++)
		buffer_printf(&document,
			"%s{\"agent\":\"李%d\",\"state\":\"%s\",\"break\":\"lunch\",\"since\":\"2025-03-04T09:59:00\",\"calls\":[%s],"
			"\"queues\":\"service hq\"}",
			i > 0 ? "," : "", i, i % 2 ? "ready" : "break", i % 3 ? "" : "12");
	buffer_printf(&document, "%s{\"agent\":\"gate\",\"state\":null,\"calls\":[],\"queues\":\"sms\"}]", agents > 0 ? "," : "");
	read_all(&document, &state->agents);
	buffer_free(&document);
	for (int i = 0; i < events; i++)
		snprintf(state->events[i], TOP_EVENT_SIZE, "10:00:0%d done lease=1.%d disposition=reached agent=李", i, i);
}

static void release(struct top_state *state)
{
	ctl_rows_free(&state->queues);
	ctl_rows_free(&state->agents);
}

/* The page's lines without what steers the terminal. */
static size_t count_lines(struct buffer *page, size_t width)
{
	size_t lines = 1;
	char *out = page->data;

	for (const char *at = page->data; *at != '\0'; at++) {
		if (*at == '\033') {
			at = strpbrk(at, "HKJm");
			continue;
		}
		*out++ = *at;
	}
	*out = '\0';
	for (char *line = page->data, *end; line != NULL; line = end) {
		end = strchr(line, '\n');
		if (end != NULL) {
			*end++ = '\0';
			lines++;
		}
		if (text_width(line, strlen(line)) > width)
			fail_msg("a line is longer than %zu: \"%s\"", width, line);
	}
	return lines;
}

static void test_every_size(void **state)
{
	static const int queues[] = {0, 1, 5, 60}, agents[] = {0, 1, 7, 60};

	(void)state;
	for (size_t q = 0; q < 4; q++)
		for (size_t a = 0; a < 4; a++) {
			struct top_state top;
			fill(&top, queues[q], agents[a], (int)(q + a) % (TOP_EVENTS + 1));
			for (size_t height = HEIGHT_LEAST; height <= HEIGHT_MOST; height++)
				for (size_t width = WIDTH_LEAST_DRAWN; width <= WIDTH_MOST; width += 7) {
					struct ctl_screen screen = {.width = width, .height = height, .colors = width % 2 == 0};
					struct buffer page = {0};
					ctl_top_page(&top, &screen, &page);
					size_t lines = count_lines(&page, width);
					if (lines != height)
						fail_msg("%zu lines on a screen of %zu with %d queues and %d agents", lines, height,
							queues[q], agents[a]);
					buffer_free(&page);
				}
			release(&top);
		}
}

/* At 80x24, and in a pipe. */
static void test_what_is_left_out(void **state)
{
	struct top_state top;
	struct ctl_screen screen = {.width = 80, .height = 24}, pipe = {0};
	struct buffer page = {0};

	(void)state;
	fill(&top, 60, 60, 0);
	ctl_top_page(&top, &screen, &page);
	assert_non_null(strstr(page.data, "queues more"));
	assert_non_null(strstr(page.data, "agents more"));
	assert_null(strstr(page.data, "gate")); /* no agent at a desk */
	buffer_clear(&page);
	ctl_top_page(&top, &pipe, &page);
	assert_null(strstr(page.data, "more\n"));
	assert_null(strchr(page.data, '\033'));
	size_t lines = 0;
	for (const char *at = page.data; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	assert_int_equal(lines, 3 + 1 + 60 + 1 + 1 + 60);
	buffer_free(&page);
	release(&top);
}

static void test_info(void **state)
{
	static const struct {
		const char *key, *value;
	} cases[] = {{"time", "2025-03-04T10:00:00"}, {"time_zone", "Asia/Shanghai"}, {"tasks_open", "1"}, {"zone", ""}, {"tasks", ""}};
	char value[32];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ctl_top_info("# Server\r\ntime:2025-03-04T10:00:00\r\ntime_zone:Asia/Shanghai\r\n\r\n# Work\r\ntasks_open:1\r\n",
			cases[i].key, value, sizeof value);
		assert_string_equal(value, cases[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_what_is_left_out),
		cmocka_unit_test(test_info),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
