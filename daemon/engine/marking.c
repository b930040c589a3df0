/* marking.c - looks again at clients for whom something has changed that is none of their own facts: rules, a pause, who looks after them. */
#include "followup/marking.h"

#include "internal.h"

enum {
	MARKED_AT_ONCE = 64, /* of a small book all, so that whoever asked sees what has come of it */
	MARKS_A_ROW =
		8, /* of the budget, which is meant for settling: that takes so much longer that slices sized by marking would be far too long for it */
};

bool engine_looks_again_at(struct engine *engine, int64_t client_id)
{
	return store_marking_waits(engine->store, client_id) > 0;
}

int marking_work(struct engine *engine, day_t day, int *budget)
{
	struct marking marking;
	int result;

	while ((result = store_marking_next(engine->store, &marking)) > 0) {
		bool done;
		if (*budget <= 0)
			return 0;
		/* Everybody: before the day itself, behind those whose facts come one by one. */
		int most = *budget < INT32_MAX / MARKS_A_ROW ? *budget * MARKS_A_ROW : INT32_MAX;
		result = store_marking_some(engine->store, &marking, most, marking.kind == MARKING_ALL ? LOOK_AGAIN : day, &done);
		if (result < 0)
			return result;
		*budget -= (result + MARKS_A_ROW - 1) / MARKS_A_ROW;
	}
	if (result == 0)
		engine->marking = false;
	return result < 0 ? result : *budget > 0;
}

int marking_begin(struct engine *engine, enum marking_kind kind, const char *subject, struct moment now)
{
	int budget = MARKED_AT_ONCE / MARKS_A_ROW;
	int result = kind == MARKING_MANAGER ? store_marking_begin_managers(engine->store, subject)
					     : store_marking_begin(engine->store, kind, subject);

	engine->marking = true;
	if (result == 0 && kind != MARKING_ALL)
		result = marking_work(engine, now.day, &budget);
	return result < 0 ? result : 0;
}
