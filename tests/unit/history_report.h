/* history_report.h - REPORT over a whole history: every grouping adds up to the same, and to what the test itself has noted. */
#ifndef FOLLOWUP_HISTORY_REPORT_H
#define FOLLOWUP_HISTORY_REPORT_H

#include "followup/store_report.h"
#include "history_world.h"

static int sum_figure(void *context, const char *group, enum report_figure figure, int64_t count)
{
	int64_t *sums = context;

	(void)group;
	sums[figure] += count;
	return 0;
}

static int64_t sum_of(const int64_t *sums, enum report_figure first, enum report_figure last)
{
	int64_t sum = 0;

	for (int i = (int)first; i <= (int)last; i++)
		sum += sums[i];
	return sum;
}

static void check_report(struct world *w)
{
	static const char *const names[REPORT_BY_COUNT] = {"rule", "branch", "agent", "day", "queue"};
	struct report_span span = {
		.first = date_to_day(2020, 1, 1),
		.last = date_to_day(2035, 1, 1),
		.from = 0,
		.until = INT64_MAX,
		.bulk_channels = "[\"sms\",\"email\",\"letter\"]",
	};
	int64_t wanted[REPORT_FIGURES] = {0}, contacts = 0;

	for (int i = 0; i < w->contact_count; i++)
		contacts += w->contacts[i].counts;
	for (int by = 0; by < REPORT_BY_COUNT; by++) {
		int64_t sums[REPORT_FIGURES] = {0};
		must(w, store_report(w->store, (enum report_by)by, &span, sum_figure, sums), "report");
		if (by == 0)
			memcpy(wanted, sums, sizeof(wanted));
		if (memcmp(wanted, sums, sizeof(wanted)) != 0)
			wrong(w, "the report by %s adds up to something else than by rule", names[by]);
		if (sums[REPORT_DUE] != w->seen_count ||
			sums[REPORT_DUE] != sum_of(sums, REPORT_DONE, REPORT_SUPPRESSED) + sums[REPORT_OPEN] ||
			sums[REPORT_SUPPRESSED] != sum_of(sums, REPORT_SUPPRESSED_CAP, REPORT_SUPPRESSED_OTHER) ||
			sums[REPORT_SUPPRESSED_OTHER] != 0)
			wrong(w, "the report by %s: %" PRId64 " due do not add up", names[by], sums[REPORT_DUE]);
		if (sums[REPORT_CONTACTS] != contacts ||
			sums[REPORT_CONTACTS] != sums[REPORT_REACHED] + sums[REPORT_SENT] + sums[REPORT_RECORDED] ||
			sums[REPORT_TRIES] != sums[REPORT_CALLS] + sums[REPORT_MESSAGES] ||
			sums[REPORT_TRIES] < contacts - sums[REPORT_RECORDED] || sums[REPORT_OVER_CAP] > contacts)
			wrong(w, "the report by %s: %" PRId64 " contacts in %" PRId64 " tries, and %" PRId64 " have been made", names[by],
				sums[REPORT_CONTACTS], sums[REPORT_TRIES], contacts);
	}
}

#endif
