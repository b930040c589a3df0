/* question.c - a line at a time from a terminal, with something to do meanwhile. */
#include "followup/ctl_question.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "followup/csv.h"

static int64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* More bytes of what is typed: 0, or ERR_NOT_FOUND at the end. */
static int read_more(struct ctl_questions *questions, const char *prompt)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

	for (;;) {
		int ready = poll(&input, 1, questions->idle != NULL ? questions->idle_ms : -1);
		if (ready < 0 && errno != EINTR)
			return ERR_NOT_FOUND;
		if (ready == 0 && questions->idle(questions->context, monotonic_ms() - questions->answered_ms)) {
			fputs(prompt, stdout);
			fflush(stdout);
		}
		if (ready <= 0)
			continue;
		if (questions->pending_length == sizeof questions->pending) /* a line without an end: its front is the answer */
			return 0;
		ssize_t length = read(STDIN_FILENO, questions->pending + questions->pending_length,
			sizeof questions->pending - questions->pending_length);
		if (length < 0 && errno == EINTR)
			continue;
		if (length <= 0)
			return ERR_NOT_FOUND;
		questions->pending_length += (size_t)length;
		return 0;
	}
}

/* Takes the first line of what was typed; false while there is none. */
static bool take_line(struct ctl_questions *questions, char out[QUESTION_LINE_SIZE])
{
	char *end = memchr(questions->pending, '\n', questions->pending_length);
	size_t length = end != NULL ? (size_t)(end - questions->pending) : questions->pending_length;

	if (end == NULL && length < sizeof questions->pending)
		return false;
	size_t used = end != NULL ? length + 1 : length;
	if (length >= QUESTION_LINE_SIZE)
		length = QUESTION_LINE_SIZE - 1;
	memcpy(out, questions->pending, length);
	out[length] = '\0';
	questions->pending_length -= used;
	memmove(questions->pending, questions->pending + used, questions->pending_length);
	return true;
}

static void trim(char *text)
{
	size_t front = strspn(text, " \t\r"), length = strlen(text + front);

	memmove(text, text + front, length + 1);
	while (length > 0 && strchr(" \t\r", text[length - 1]) != NULL)
		text[--length] = '\0';
}

static bool is_text(const char *text)
{
	if (!csv_is_utf8(text, strlen(text)))
		return false;
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7F)
			return false;
	return true;
}

int ctl_question_ask(struct ctl_questions *questions, const char *prompt, char out[QUESTION_LINE_SIZE])
{
	if (questions->answered_ms == 0)
		questions->answered_ms = monotonic_ms();
	for (;;) {
		fputs(prompt, stdout);
		fflush(stdout);
		while (!take_line(questions, out)) {
			if (read_more(questions, prompt) < 0) {
				fputs("\n", stdout);
				out[0] = '\0';
				return ERR_NOT_FOUND;
			}
		}
		questions->answered_ms = monotonic_ms();
		trim(out);
		if (is_text(out))
			return out[0] != '\0' ? 1 : 0;
		fputs("There were keys in it that are no text (arrows?), so it was not taken. Once more:\n", stdout);
	}
}
