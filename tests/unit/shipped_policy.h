/* shipped_policy.h - the configuration as shipped, loaded for a group of tests: load_policy or load_policy_without_sample is its setup, free_policy its teardown. */
#ifndef FOLLOWUP_TEST_SHIPPED_POLICY_H
#define FOLLOWUP_TEST_SHIPPED_POLICY_H

#include <stddef.h>

#include "followup/policy.h"
#include "followup/zone.h"

static struct policy *policy;

__attribute__((unused)) static int load_policy(void **state)
{
	(void)state;
	return policy_load("conf/followupd.conf", NULL, NULL, &policy) < 0 ? -1 : zone_set("Asia/Shanghai");
}

/* The yearly sample draws from all clients: what it makes depends on more than the case in hand. */
__attribute__((unused)) static int load_policy_without_sample(void **state)
{
	return load_policy(state) < 0 || policy_switch_off(policy, "yearly-sample") < 0 ? -1 : 0;
}

static int free_policy(void **state)
{
	(void)state;
	policy_free(policy);
	policy = NULL;
	return 0;
}

#endif
