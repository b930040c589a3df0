/* store_view.c - rows for people and programs. */
#include "followup/store_view.h"

#include "internal.h"

int store_view_followups(struct store *store, followup_row_visit *visit, void *context)
{
	STATEMENT(list, "SELECT r.text, f.client_ref, f.occasion, f.opens_on, f.due_on, coalesce(cc.text, fc.text), coalesce(cq.text, fq.text), f.state, f.closed_on,"
			" n.text FROM followup f JOIN name r ON r.id=f.rule LEFT JOIN call c ON c.id=f.call_id LEFT JOIN name cc ON cc.id=c.channel"
			" LEFT JOIN name cq ON cq.id=c.queue LEFT JOIN name fc ON fc.id=f.channel LEFT JOIN name fq ON fq.id=f.queue"
			" LEFT JOIN name n ON n.id=f.reason ORDER BY f.client_ref, f.opens_on, r.text, f.occasion");
	sqlite3_stmt *s = store_query(store, &list, "");
	int result;

	while ((result = store_row(store, s)) > 0) {
		struct followup_row row = {
			.rule = column_text(s, 0),
			.client_ref = column_text(s, 1),
			.occasion = column_text(s, 2),
			.opens_on = column_day(s, 3),
			.due_on = column_day(s, 4),
			.channel = column_text(s, 5),
			.queue = column_text(s, 6),
			.state = followup_state_name((enum followup_state)sqlite3_column_int(s, 7)),
			.closed_on = column_day(s, 8),
			.reason = column_text(s, 9),
		};
		result = visit(context, &row);
		if (result < 0) {
			store_end(s);
			return result;
		}
	}
	return result;
}
