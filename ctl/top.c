/* top.c - the loop of top: what the daemon tells, what is typed, and the terminal. */
#include "followup/ctl_top.h"

#include <err.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "followup/ctl_show.h"
#include "followup/ctl_top_page.h"
#include "followup/text.h"

enum { INTERVAL_SECONDS = 2, INTERVAL_MOST = 3600, PAUSE_MS = 250 /* between two drawings, whatever happens */, MS = 1000 };

struct top {
	const struct ctl_target *target;
	redisContext *connection; /* for questions; NULL while there is none */
	redisContext *events;     /* subscribed */
	struct top_state state;
	int signals;
	bool drawing; /* the screen is taken: what goes wrong stands there, and not on standard error */
	bool over;
};

static int64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * MS + now.tv_nsec / 1000000;
}

static void drop_connections(struct top *top)
{
	if (top->connection != NULL)
		redisFree(top->connection);
	if (top->events != NULL)
		redisFree(top->events);
	top->connection = top->events = NULL;
}

static enum ctl_status refused(struct top *top, const redisReply *reply)
{
	if (!top->drawing)
		return ctl_tell_error(reply);
	snprintf(top->state.trouble, sizeof top->state.trouble, "%s", reply->str);
	return CTL_REFUSED;
}

static enum ctl_status read_rows(struct top *top, const redisReply *reply, struct ctl_rows *rows)
{
	struct ctl_rows fresh = {0};

	if (reply->type == REDIS_REPLY_ERROR)
		return refused(top, reply);
	if (reply->type != REDIS_REPLY_STRING || ctl_rows_read(reply->str, (size_t)reply->len, &fresh) < 0) {
		if (!top->drawing)
			warnx("the daemon's answer cannot be read");
		return CTL_REFUSED;
	}
	ctl_rows_free(rows);
	*rows = fresh;
	return CTL_OK;
}

static enum ctl_status read_info(struct top *top, const redisReply *reply)
{
	struct top_state *state = &top->state;
	char tasks[24];

	if (reply->type == REDIS_REPLY_ERROR)
		return refused(top, reply);
	const char *info = reply->type == REDIS_REPLY_STRING ? reply->str : "";
	ctl_top_info(info, "time", state->time, sizeof state->time);
	ctl_top_info(info, "time_zone", state->zone, sizeof state->zone);
	ctl_top_info(info, "storage", state->storage, sizeof state->storage);
	ctl_top_info(info, "queues_unserved_names", state->unserved, sizeof state->unserved);
	ctl_top_info(info, "tasks_open", tasks, sizeof tasks);
	state->tasks_open = strtol(tasks, NULL, 10);
	return CTL_OK;
}

/* Asks everything at once. CTL_NO_CONNECTION is not told: the screen says it. */
static enum ctl_status fetch(struct top *top)
{
	static const char *const questions[] = {"INFO", "QUEUES", "AGENT.LIST"};
	enum { QUESTIONS = sizeof questions / sizeof questions[0] };
	enum ctl_status status = CTL_OK;

	for (int i = 0; i < QUESTIONS; i++)
		if (redisAppendCommand(top->connection, questions[i]) != REDIS_OK)
			return CTL_NO_CONNECTION;
	for (int i = 0; i < QUESTIONS && status != CTL_NO_CONNECTION; i++) {
		redisReply *reply;
		if (redisGetReply(top->connection, (void **)&reply) != REDIS_OK)
			return CTL_NO_CONNECTION;
		if (status == CTL_OK)
			status = i == 0   ? read_info(top, reply)
				 : i == 1 ? read_rows(top, reply, &top->state.queues)
					  : read_rows(top, reply, &top->state.agents);
		freeReplyObject(reply);
	}
	return status;
}

static enum ctl_status subscribe(struct top *top, const struct ctl_target *target)
{
	enum ctl_status status = ctl_connect(target, &top->events);

	if (status != CTL_OK)
		return status;
	redisReply *reply = redisCommand(top->events, "SUBSCRIBE events");
	if (reply == NULL)
		return CTL_NO_CONNECTION;
	status = reply->type == REDIS_REPLY_ERROR ? refused(top, reply) : CTL_OK;
	freeReplyObject(reply);
	return status;
}

/* An event in words, in front of those before it; what only moves the figures is not said. */
static void note_event(struct top *top, const char *json, size_t length)
{
	struct ctl_rows rows = {0};
	struct buffer line = {0}, clean = {0};

	if (ctl_rows_read(json, length, &rows) < 0)
		return;
	const struct ctl_row *event = &rows.rows[0];
	const char *name = ctl_row_text(event, "event"), *at = ctl_row_text(event, "at");
	if (name[0] == '\0' || strcmp(name, "queues_changed") == 0 || strcmp(name, "signed_in") == 0 || strlen(at) < 19)
		goto end;
	buffer_printf(&line, "%.8s %s", at + 11, name);
	for (size_t i = 0; i < event->count; i++)
		if (strcmp(event->cells[i].key, "at") != 0 && strcmp(event->cells[i].key, "event") != 0 && event->cells[i].text != NULL)
			buffer_printf(&line, " %s=%s", event->cells[i].key, event->cells[i].text);
	if (!line.failed)
		text_clean(&clean, line.data, line.length, false);
	if (!clean.failed && clean.length > 0) {
		memmove(top->state.events[1], top->state.events[0], sizeof top->state.events - sizeof top->state.events[0]);
		struct buffer cut = {0};
		ctl_screen_fit(&cut, clean.data, TOP_EVENT_SIZE / 4, false); /* whole characters: none has more than four bytes */
		snprintf(top->state.events[0], TOP_EVENT_SIZE, "%s", cut.failed || cut.data == NULL ? "" : cut.data);
		buffer_free(&cut);
	}
end:
	buffer_free(&line);
	buffer_free(&clean);
	ctl_rows_free(&rows);
}

/* Reads what the daemon tells; false when that connection is gone. */
static bool hear(struct top *top)
{
	void *reply = NULL;

	if (redisBufferRead(top->events) != REDIS_OK)
		return false;
	while (redisGetReplyFromReader(top->events, &reply) == REDIS_OK && reply != NULL) {
		const redisReply *told = reply;
		if (told->type == REDIS_REPLY_ARRAY && told->elements == 3 && told->element[2]->type == REDIS_REPLY_STRING)
			note_event(top, told->element[2]->str, (size_t)told->element[2]->len);
		freeReplyObject(reply);
	}
	return top->events->err == 0;
}

static void draw(const struct top *top)
{
	struct ctl_screen screen = ctl_screen_look();
	struct buffer page = {0};

	ctl_top_page(&top->state, &screen, &page);
	if (!page.failed)
		fwrite(page.data, 1, page.length, stdout);
	fflush(stdout);
	buffer_free(&page);
}

/* Fresh figures, connecting again where that is needed. */
static void refresh(struct top *top)
{
	struct ctl_target quiet = *top->target;
	enum ctl_status status = CTL_OK;

	quiet.quiet = true;
	top->state.trouble[0] = '\0';
	if (top->connection == NULL)
		status = ctl_connect(&quiet, &top->connection);
	if (status == CTL_OK && top->events == NULL)
		status = subscribe(top, &quiet);
	if (status == CTL_OK)
		status = fetch(top);
	if (status == CTL_OK)
		return;
	if (top->state.trouble[0] == '\0')
		snprintf(top->state.trouble, sizeof top->state.trouble, "no connection; trying again");
	drop_connections(top);
}

/* Keys and signals. */
static void take_key(struct top *top, bool *look)
{
	char keys[64];
	ssize_t length = read(STDIN_FILENO, keys, sizeof keys);

	if (length <= 0 && !(length < 0 && errno == EINTR))
		top->over = true; /* the terminal is gone */
	for (ssize_t i = 0; i < length; i++) {
		top->over = top->over || keys[i] == 'q' || keys[i] == 'Q';
		*look = *look || keys[i] == ' ' || keys[i] == '\n' || keys[i] == '\r';
	}
}

static void take_signal(struct top *top, bool *redraw)
{
	struct signalfd_siginfo info;

	if (read(top->signals, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGWINCH)
		*redraw = true;
	else
		top->over = true;
}

static void loop(struct top *top, int interval_ms)
{
	int64_t fetched = monotonic_ms();
	bool told = false, redraw = true;

	while (!top->over) {
		if (redraw)
			draw(top);
		redraw = false;
		int64_t due = fetched + (told ? PAUSE_MS : interval_ms), now = monotonic_ms();
		struct pollfd sources[] = {
			{.fd = STDIN_FILENO, .events = POLLIN},
			{.fd = top->signals, .events = POLLIN},
			{.fd = top->events != NULL ? top->events->fd : -1, .events = POLLIN},
		};
		if (poll(sources, 3, due > now ? (int)(due - now) : 0) < 0 && errno != EINTR)
			return;
		bool look = false;
		if (sources[0].revents != 0)
			take_key(top, &look);
		if (sources[1].revents != 0)
			take_signal(top, &redraw);
		if (sources[2].revents != 0) {
			told = true;
			if (!hear(top))
				drop_connections(top);
		}
		if (!top->over && (look || monotonic_ms() >= fetched + (told ? PAUSE_MS : interval_ms))) {
			refresh(top);
			fetched = monotonic_ms();
			told = false;
			redraw = true;
		}
	}
}

/* Keys come at once and are not shown; signals come through a descriptor, so that whatever ends it leaves the terminal as it was. */
static enum ctl_status on_terminal(struct top *top, int interval_ms)
{
	struct termios before, keys;
	sigset_t taken, mask;

	sigemptyset(&taken);
	sigaddset(&taken, SIGINT);
	sigaddset(&taken, SIGTERM);
	sigaddset(&taken, SIGHUP);
	sigaddset(&taken, SIGQUIT);
	sigaddset(&taken, SIGWINCH);
	if (tcgetattr(STDIN_FILENO, &before) != 0 || sigprocmask(SIG_BLOCK, &taken, &mask) != 0) {
		warn("the terminal");
		return CTL_REFUSED;
	}
	signal(SIGTSTP, SIG_IGN);
	top->signals = signalfd(-1, &taken, SFD_CLOEXEC);
	if (top->signals < 0) {
		warn("signals");
		return CTL_REFUSED;
	}
	keys = before;
	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	keys.c_cc[VMIN] = 1;
	keys.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &keys);
	fputs("\033[?1049h\033[?25l", stdout);
	top->drawing = true;
	loop(top, interval_ms);
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	close(top->signals);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return CTL_OK;
}

static enum ctl_status print_once(const struct top *top)
{
	struct ctl_screen nothing = {0};
	struct buffer page = {0};

	ctl_top_page(&top->state, &nothing, &page);
	enum ctl_status status = ctl_show_text(&page);
	buffer_free(&page);
	return status;
}

/* What the three commands answer, as one document. */
static enum ctl_status print_json(struct top *top)
{
	struct buffer out = {0};
	redisReply *queues = redisCommand(top->connection, "QUEUES"), *agents = redisCommand(top->connection, "AGENT.LIST");
	enum ctl_status status = CTL_NO_CONNECTION;

	if (queues == NULL || agents == NULL || queues->type != REDIS_REPLY_STRING || agents->type != REDIS_REPLY_STRING) {
		warnx("the connection broke before the answer came");
		goto end;
	}
	buffer_text(&out, "{\"time\":");
	text_json(&out, top->state.time, strlen(top->state.time));
	buffer_text(&out, ",\"storage\":");
	text_json(&out, top->state.storage, strlen(top->state.storage));
	buffer_printf(&out, ",\"tasks_open\":%ld,\"queues\":%s,\"agents\":%s}\n", top->state.tasks_open, queues->str, agents->str);
	status = ctl_show_text(&out);
end:
	if (queues != NULL)
		freeReplyObject(queues);
	if (agents != NULL)
		freeReplyObject(agents);
	buffer_free(&out);
	return status;
}

static enum ctl_status take_words(int count, char **words, long *seconds)
{
	for (int i = 0; i < count; i += 2) {
		const char *name = words[i] + (strncmp(words[i], "--", 2) == 0 ? 2 : 0);
		char *end = NULL;
		*seconds = i + 1 < count && strcasecmp(name, "interval") == 0 ? strtol(words[i + 1], &end, 10) : 0;
		if (end == NULL || *end != '\0' || *seconds < 1 || *seconds > INTERVAL_MOST) {
			fprintf(stderr, "usage: followupctl top [--interval SECONDS]\n");
			return CTL_USAGE;
		}
	}
	return CTL_OK;
}

enum ctl_status ctl_top(const struct ctl_target *target, int count, char **words, bool json)
{
	struct top top = {.target = target};
	long seconds = INTERVAL_SECONDS;
	enum ctl_status status = take_words(count, words, &seconds);

	if (status != CTL_OK)
		return status;
	/* What cannot be had at all is said before the screen is taken. */
	status = ctl_connect(target, &top.connection);
	if (status == CTL_OK)
		status = fetch(&top);
	if (status == CTL_NO_CONNECTION && top.connection != NULL)
		warnx("the connection broke before the answer came");
	if (status == CTL_OK && json) {
		status = print_json(&top);
	} else if (status == CTL_OK && (isatty(STDOUT_FILENO) != 1 || isatty(STDIN_FILENO) != 1)) {
		status = print_once(&top);
	} else if (status == CTL_OK) {
		status = subscribe(&top, target);
		if (status == CTL_OK)
			status = on_terminal(&top, (int)seconds * MS);
	}
	drop_connections(&top);
	ctl_rows_free(&top.state.queues);
	ctl_rows_free(&top.state.agents);
	return status;
}
