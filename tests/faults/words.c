/* words.c - what the script says, and what it remembers. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

enum { KEPT_MAX = 32 };

static struct {
	char name[16], value[128];
} kept[KEPT_MAX];

static const char *kept_value(const char *name)
{
	for (int i = 0; i < KEPT_MAX; i++)
		if (strcmp(kept[i].name, name) == 0)
			return kept[i].value;
	(void)fprintf(stderr, "the script wants %s, which no answer has given\n", name);
	exit(2);
}

static void keep(const char *name, const char *value, size_t length)
{
	for (int i = 0; i < KEPT_MAX; i++) {
		if (kept[i].name[0] != '\0' && strcmp(kept[i].name, name) != 0)
			continue;
		(void)snprintf(kept[i].name, sizeof(kept[i].name), "%s", name);
		(void)snprintf(kept[i].value, sizeof(kept[i].value), "%.*s", (int)length, value);
		return;
	}
	abort();
}

/* Keeps what the row wants of the answer: "lease=L call=C". */
void words_keep(const struct row *row, const char *reply)
{
	char wants[128], *rest = wants, *want;

	(void)snprintf(wants, sizeof(wants), "%s", row->keep);
	while ((want = strsep(&rest, " ")) != NULL && *want != '\0') {
		char member[64];
		char *name = strchr(want, '=');
		(void)snprintf(member, sizeof(member), "\"%.*s\":", (int)(name - want), want);
		const char *value = strstr(reply, member);
		if (value == NULL) {
			(void)fprintf(stderr, "%s: no %s in %s\n", row->words, member, reply);
			exit(2);
		}
		value += strlen(member);
		value += *value == '"';
		keep(name + 1, value, strcspn(value, "\",}"));
	}
}

static char *new_file(void)
{
	static char path[128];
	static int number;

	(void)snprintf(path, sizeof(path), "%s-%ld-%d", world_book(), (long)getpid(), ++number);
	(void)unlink(path); /* of a copy that had the same process number */
	return path;
}

void words_split(const char *text, struct words *out)
{
	char *rest = out->text, *word;

	(void)snprintf(out->text, sizeof(out->text), "%s", text);
	out->count = 0;
	while ((word = strsep(&rest, " ")) != NULL) {
		if (word[0] == '$')
			word = (char *)(uintptr_t)kept_value(word + 1);
		else if (strcmp(word, "@") == 0)
			word = new_file();
		else
			for (char *c = word; *c != '\0'; c++)
				*c = *c == '^' ? ' ' : *c;
		out->words[out->count++] = word;
	}
}

/* A connection of his, signed in. */
bool words_speak_as(struct world *world, const char *who)
{
	static struct reply_heard reply;

	world_connect(world);
	if (strcmp(who, "operator") == 0)
		return true;
	const char *words[3] = {"AUTH", who, kept_value(who)};
	(void)world_ask(world, words, 3, (struct fault){0}, &reply);
	return !reply.lost && strncmp(reply.bytes, "+OK", 3) == 0;
}
