/* store_report.c - the counts behind REPORT: follow-ups by their due day, tries and tasks by the time they happened. Three reads, each grouped by SQLite; the first by the
 * index followup_due, the second by attempt_at, so that the cost goes by the span and not by the book: a quarter of a book of a million follow-ups over three years takes
 * half a second to a second of computing. */
#include "followup/store_report.h"

#include <string.h>

#include "followup/followup.h"
#include "internal.h"

/* What is known now of what the agent said of the try l, corrections regarded; NULL where nothing was said, or it has been erased. */
#define MARK_OF_L "json_extract(" ATTEMPT_TRUTH("l") ", '$.satisfaction')"

/* An outcome that was told, or a message of which nothing was told in time; hand-outs given back, moves and the like are attempts too, but no tries. */
#define A_IS_TRY "(a.answer IS NOT NULL OR a.disposition='uncertain')"
#define B_IS_TRY "(b.answer IS NOT NULL OR b.disposition='uncertain')"

#define LOCAL_DAY_OF_T "date(t.at, 'unixepoch', 'localtime')"
#define NAME_OF_G "(SELECT text FROM name WHERE id=g)"

/* Grouped by numbers (group g) first, for the texts are the same for thousands. */
#define FOLLOWUPS_BY(group, text)                                                                                                          \
	"SELECT " text ", state, (SELECT text FROM name WHERE id=reason), rows FROM (SELECT " group " AS g, f.state, f.reason, count(*) "  \
	"AS rows FROM followup f LEFT JOIN call c ON c.id=f.call_id WHERE f.due_on BETWEEN ?1 AND ?2 GROUP BY 1, 2, 3)"

/* One row a try: its first word says when and by whom, its last one what came of it, for a message may come back after it was sent. Without a lease (generation 0)
 * each row stands for itself. */
#define TRIES_BY(group)                                                                                                                    \
	"WITH bulk(channel) AS MATERIALIZED (SELECT id FROM name WHERE text IN (SELECT value FROM json_each(?3))),"                        \
	" try AS (SELECT a.*, a.channel IN bulk AS is_bulk, CASE a.generation WHEN 0 THEN a.id ELSE (SELECT max(b.id) FROM attempt b"      \
	" WHERE b.call_id=a.call_id AND b.generation=a.generation AND " B_IS_TRY ") END AS last_id FROM attempt a"                         \
	" WHERE a.at>=?1 AND a.at<?2 AND " A_IS_TRY " AND (a.generation=0 OR NOT EXISTS (SELECT 1 FROM attempt b WHERE"                    \
	" b.call_id=a.call_id AND b.generation=a.generation AND b.id<a.id AND " B_IS_TRY "))),"                                            \
	" marked AS (SELECT t.*, l.agent AS last_agent, l.contact_id IS NOT NULL AS is_contact, k.over_cap AS is_over, " MARK_OF_L         \
	" AS mark FROM try t JOIN attempt l ON l.id=t.last_id LEFT JOIN contact k ON k.id=l.contact_id)"                                   \
	" SELECT " group ", sum(t.generation>0), sum(t.generation>0 AND NOT is_bulk), sum(t.generation>0 AND NOT is_bulk AND is_contact)," \
	" sum(t.generation>0 AND is_bulk), sum(t.generation>0 AND is_bulk AND is_contact), sum(t.generation=0 AND is_contact),"            \
	" sum(is_contact), coalesce(sum(is_over), 0), coalesce(sum(iif(mark IN (1, 2, 3, 4, 5), mark, 0)), 0),"                            \
	" coalesce(sum(mark IN (1, 2, 3, 4, 5)), 0) FROM marked t GROUP BY 1"

#define TASKS_BY(group)                                                                                                                    \
	"SELECT " group ", count(*), sum(t.acked_at IS NULL) FROM task t LEFT JOIN client k ON k.id=t.client_id"                           \
	" WHERE t.at>=?1 AND t.at<?2 AND t.kind<>'nobody-left' GROUP BY 1"

#define RULE_OF_T "(SELECT n.text FROM followup x JOIN name n ON n.id=x.rule WHERE x.id=t.followup_id)"
/* Who was given a message that ran out is known by its hand-out. */
#define AGENT_OF_TRY                                                                                                                       \
	"coalesce(nullif(t.agent, ''), nullif(t.last_agent, ''), (SELECT g.name FROM handout h JOIN agent g ON g.id=h.agent_id"            \
	" WHERE h.call_id=t.call_id AND h.generation=t.generation))"
#define CLOSED_BY "CASE WHEN f.state IN (2, 3) THEN (SELECT nullif(a.agent, '') FROM attempt a WHERE a.id=f.closed_by) END"

struct grouping {
	struct statement followups, tries, tasks;
};
static struct grouping groupings[REPORT_BY_COUNT] = {
	[REPORT_BY_RULE] = {{FOLLOWUPS_BY("f.rule", NAME_OF_G), 0, false}, {TRIES_BY(RULE_OF_T), 0, false},
		{TASKS_BY(RULE_OF_T), 0, false}},
	[REPORT_BY_BRANCH] = {{FOLLOWUPS_BY("(SELECT nullif(branch, '') FROM client WHERE id=f.client_id)", "g"), 0, false},
		{TRIES_BY("(SELECT nullif(branch, '') FROM client WHERE ref=t.client_ref)"), 0, false},
		{TASKS_BY("nullif(k.branch, '')"), 0, false}},
	[REPORT_BY_AGENT] = {{FOLLOWUPS_BY(CLOSED_BY, "g"), 0, false}, {TRIES_BY(AGENT_OF_TRY), 0, false},
		{TASKS_BY("nullif(t.agent, '')"), 0, false}},
	[REPORT_BY_DAY] = {{FOLLOWUPS_BY("f.due_on", DAY("g")), 0, false}, {TRIES_BY(LOCAL_DAY_OF_T), 0, false},
		{TASKS_BY(LOCAL_DAY_OF_T), 0, false}},
	[REPORT_BY_QUEUE] = {{FOLLOWUPS_BY("coalesce(c.queue, f.queue)", NAME_OF_G), 0, false},
		{TRIES_BY("(SELECT text FROM name WHERE id=t.queue)"), 0, false}, {TASKS_BY("nullif(t.queue, '')"), 0, false}},
};

static const struct {
	const char *reason;
	enum report_figure figure;
} suppressions[] = {
	{"cap", REPORT_SUPPRESSED_CAP},
	{"preempted", REPORT_SUPPRESSED_PREEMPTED},
	{"min-gap", REPORT_SUPPRESSED_MIN_GAP},
	{"no-channel", REPORT_SUPPRESSED_NO_CHANNEL},
	{"do-not-contact", REPORT_SUPPRESSED_DO_NOT_CONTACT},
	{"paused", REPORT_SUPPRESSED_PAUSED},
	{"wrong-number", REPORT_SUPPRESSED_WRONG_NUMBER},
};

static enum report_figure suppression(const char *reason)
{
	for (size_t i = 0; i < sizeof(suppressions) / sizeof(suppressions[0]); i++)
		if (strcmp(suppressions[i].reason, reason) == 0)
			return suppressions[i].figure;
	return REPORT_SUPPRESSED_OTHER;
}

static const char *group_of(sqlite3_stmt *s)
{
	return sqlite3_column_type(s, 0) == SQLITE_NULL ? NULL : column_text(s, 0);
}

static int count_followups(sqlite3_stmt *s, report_add *add, void *context)
{
	static const enum report_figure of_state[FOLLOWUP_STATE_COUNT] = {
		[FOLLOWUP_SCHEDULED] = REPORT_OPEN,
		[FOLLOWUP_QUEUED] = REPORT_OPEN,
		[FOLLOWUP_DONE] = REPORT_DONE,
		[FOLLOWUP_DONE_LATE] = REPORT_DONE_LATE,
		[FOLLOWUP_MISSED] = REPORT_MISSED,
		[FOLLOWUP_CANCELLED] = REPORT_CANCELLED,
		[FOLLOWUP_SUPPRESSED] = REPORT_SUPPRESSED,
	};
	int state = sqlite3_column_int(s, 1);
	int64_t count = sqlite3_column_int64(s, 3);

	if (state < 0 || state >= FOLLOWUP_STATE_COUNT)
		return ERR_CORRUPT;
	int result = add(context, group_of(s), REPORT_DUE, count);
	if (result >= 0)
		result = add(context, group_of(s), of_state[state], count);
	if (result >= 0 && state == FOLLOWUP_SUPPRESSED)
		result = add(context, group_of(s), suppression(column_text(s, 2)), count);
	return result;
}

/* The columns behind the group are figures one after another. */
static int count_figures(sqlite3_stmt *s, enum report_figure first, report_add *add, void *context)
{
	int result = 0;

	for (int column = 1; result >= 0 && column < sqlite3_column_count(s); column++)
		result = add(context, group_of(s), (enum report_figure)((int)first + column - 1), sqlite3_column_int64(s, column));
	return result;
}

int store_report(struct store *store, enum report_by by, const struct report_span *span, report_add *add, void *context)
{
	struct grouping *grouping = &groupings[by];
	int result;

	sqlite3_stmt *s = store_query(store, &grouping->followups, "nn", (int)span->first, (int)span->last);
	while ((result = store_row(store, s)) > 0 && (result = count_followups(s, add, context)) >= 0)
		;
	if (result == 0) {
		s = store_query(store, &grouping->tries, "iit", span->from, span->until, span->bulk_channels);
		while ((result = store_row(store, s)) > 0 && (result = count_figures(s, REPORT_TRIES, add, context)) >= 0)
			;
	}
	if (result == 0) {
		s = store_query(store, &grouping->tasks, "ii", span->from, span->until);
		while ((result = store_row(store, s)) > 0 && (result = count_figures(s, REPORT_ESCALATIONS, add, context)) >= 0)
			;
	}
	if (result < 0)
		store_end(s);
	return result;
}
