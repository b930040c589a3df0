/* fuzz_policy.h - a small configuration, for targets that need one, with fields of the firm's own. */
#ifndef TEST_FUZZ_POLICY_H
#define TEST_FUZZ_POLICY_H

#include "fuzz.h"

#include "followup/policy.h"

static inline void fuzz_complain(void *context, const struct complaint *complaint)
{
	(void)context;
	fprintf(stderr, "%s:%d: %s\n", complaint->file, complaint->line, complaint->text);
}

/* Read once, kept to the end of the process. */
static inline const struct policy *fuzz_policy(void)
{
	static struct policy *policy;

	if (policy == NULL && policy_load("tests/fuzz/conf/followupd.conf", fuzz_complain, NULL, &policy) < 0) {
		fprintf(stderr, "the configuration of the fuzz targets cannot be used; they run in the root of the tree\n");
		exit(1);
	}
	return policy;
}

#endif
