/* policy_heard.h - what the tests of the configuration share: an ear for complaints, and the shipped policy. */
#ifndef TEST_POLICY_HEARD_H
#define TEST_POLICY_HEARD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "followup/policy.h"

enum { HEARD_SIZE = 65536 };

/* What was complained of, one a line, without the folder. */
struct heard {
	const char *folder;
	char text[HEARD_SIZE];
};

__attribute__((unused)) static void hear(void *context, const struct complaint *complaint)
{
	struct heard *heard = context;
	size_t used = strlen(heard->text), folder = strlen(heard->folder);
	const char *file = complaint->file;
	if (folder > 0 && strncmp(file, heard->folder, folder) == 0 && file[folder] == '/')
		file += folder + 1;
	snprintf(heard->text + used, HEARD_SIZE - used, "%s:%d: %s%s\n", file, complaint->line, complaint->warning ? "warning: " : "",
		complaint->text);
}

__attribute__((unused)) static struct policy *shipped_policy(void)
{
	struct heard heard = {.folder = "conf"};
	struct policy *policy = NULL;
	int result = policy_load("conf/followupd.conf", hear, &heard, &policy);
	if (result != 0 || heard.text[0] != '\0')
		fail_msg("result %d, complaints:\n%s", result, heard.text);
	return policy;
}

#endif
