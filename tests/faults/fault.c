/* fault.c - the plan itself. */
#include "fault.h"

#include <execinfo.h>
#include <string.h>
#include <unistd.h>

enum { DEPTH = 24 };

static struct {
	struct fault fault;
	int64_t count;
	bool struck;
	void *place[DEPTH];
	int depth;
} plan;

void fault_arm(struct fault fault)
{
	if (fault.kind != FAULT_NONE)
		memset(&plan, 0, sizeof(plan)); /* otherwise where the last one struck is still wanted */
	plan.count = 0;
	plan.fault = fault;
}

int64_t fault_disarm(void)
{
	plan.fault.kind = FAULT_NONE;
	return plan.count;
}

bool fault_strikes(enum fault_kind kind)
{
	enum fault_kind planned = plan.fault.kind == FAULT_SHORT ? FAULT_IO : plan.fault.kind;

	if (planned == FAULT_NONE || planned != kind)
		return false;
	plan.count++;
	if (plan.fault.at == 0 || plan.count < plan.fault.at || (plan.count > plan.fault.at && !plan.fault.onward))
		return false;
	if (!plan.struck) {
		enum fault_kind kept = plan.fault.kind;
		plan.struck = true;
		plan.fault.kind = FAULT_NONE; /* backtrace() may allocate */
		plan.depth = backtrace(plan.place, DEPTH);
		plan.fault.kind = kept;
	}
	return true;
}

bool fault_is_short(void)
{
	return plan.fault.kind == FAULT_SHORT;
}

bool fault_has_struck(void)
{
	return plan.struck;
}

void fault_print_place(FILE *out)
{
	(void)fflush(out);
	backtrace_symbols_fd(plan.place, plan.depth, fileno(out));
}
