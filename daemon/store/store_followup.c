/* store_followup.c - follow-ups: rows in and out, and the orders in which the engine walks them. */
#include "followup/store_followup.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ahead.h"
#include "followup/store_name.h"
#include "internal.h"

#define COLUMNS                                                                                                                            \
	"f.id, f.client_id, f.rule, f.occasion, f.client_ref, f.occasion_on, f.opens_on, f.due_on, f.last_on, f.priority, f.state, "       \
	"f.reason, f.channel,"                                                                                                             \
	" f.queue, f.call_id, f.created_on, f.closed_on, f.channel_from, f.tries, f.overridden, f.about"

static void keep(struct followup *f)
{
	f->kept = (struct followup_kept){
		.known = true,
		.overridden = f->overridden,
		.occasion_on = f->occasion_on,
		.opens_on = f->opens_on,
		.due_on = f->due_on,
		.last_on = f->last_on,
		.closed_on = f->closed_on,
		.priority = f->priority,
		.channel_from = f->channel_from,
		.tries = f->tries,
		.state = f->state,
		.call_id = f->call_id,
		.about = f->about,
	};
}

/* Whether what the facts and the tries say of it is as its row has it. */
static bool is_the_same_matter(const struct followup *f)
{
	const struct followup_kept *kept = &f->kept;

	return kept->known && kept->overridden == f->overridden && kept->occasion_on == f->occasion_on && kept->opens_on == f->opens_on &&
	       kept->due_on == f->due_on && kept->last_on == f->last_on && kept->priority == f->priority &&
	       kept->channel_from == f->channel_from && kept->tries == f->tries && kept->about == f->about;
}

static void read_followup(sqlite3_stmt *s, struct followup *out)
{
	out->id = sqlite3_column_int64(s, 0);
	out->client_id = sqlite3_column_int64(s, 1);
	out->rule = sqlite3_column_int64(s, 2);
	column_copy(s, 3, out->occasion, sizeof(out->occasion));
	column_copy(s, 4, out->client_ref, sizeof(out->client_ref));
	out->occasion_on = column_day(s, 5);
	out->opens_on = column_day(s, 6);
	out->due_on = column_day(s, 7);
	out->last_on = column_day(s, 8);
	out->priority = sqlite3_column_int(s, 9);
	out->state = (enum followup_state)sqlite3_column_int(s, 10);
	out->reason = sqlite3_column_int64(s, 11);
	out->channel = sqlite3_column_int64(s, 12);
	out->queue = sqlite3_column_int64(s, 13);
	out->call_id = sqlite3_column_int64(s, 14);
	out->created_on = column_day(s, 15);
	out->closed_on = column_day(s, 16);
	out->channel_from = sqlite3_column_int(s, 17);
	out->tries = sqlite3_column_int(s, 18);
	out->overridden = sqlite3_column_int(s, 19) != 0;
	out->about = sqlite3_column_int64(s, 20);
	out->closed_by = 0;
	keep(out);
}

static int read_list(struct store *store, sqlite3_stmt *s, struct followup *out, int capacity)
{
	int count = 0, result;

	while ((result = store_row(store, s)) > 0) {
		if (count < capacity)
			read_followup(s, &out[count]);
		count++;
	}
	return result < 0 ? result : count;
}

static int read_one(struct store *store, sqlite3_stmt *s, struct followup *out)
{
	int result = store_row(store, s);

	if (result > 0) {
		read_followup(s, out);
		store_end(s);
	}
	return result;
}

int store_followup_insert(struct store *store, struct followup *f)
{
	/* It is on no call yet. */
	TOLD_STATEMENT(insert,
		"INSERT INTO followup(client_id, rule, occasion, client_ref, occasion_on, opens_on, due_on, last_on, priority, "
		"state, reason, created_on, closed_on, about)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)");
	int result = store_run(store, &insert, "iittnnnnnnzddz", f->client_id, f->rule, f->occasion, f->client_ref, f->occasion_on,
		f->opens_on, f->due_on, f->last_on, f->priority, (int)f->state, f->reason, f->created_on, f->closed_on, f->about);

	if (result < 0)
		return result;
	f->id = sqlite3_last_insert_rowid(store->db);
	keep(f);
	store_ahead_note_scheduled(store, f, false);
	return 0;
}

int store_followup_insert_first(struct store *store, struct followup *f, int64_t sibling)
{
	/* One statement in place of three: a sibling's follow-up makes the client NULL, which is ignored as the rule's own is. */
	TOLD_STATEMENT(insert,
		"INSERT OR IGNORE INTO followup(client_id, rule, occasion, client_ref, occasion_on, opens_on, due_on, last_on, priority, "
		"state, created_on) VALUES(iif(?11<>0 AND EXISTS (SELECT 1 FROM followup WHERE client_id=?1 AND rule=?11 AND "
		"occasion=?3), NULL, ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10)");
	int result = store_run(store, &insert, "iittnnnnnni", f->client_id, f->rule, f->occasion, f->client_ref, f->occasion_on,
		f->opens_on, f->due_on, f->last_on, f->priority, f->created_on, sibling);

	if (result <= 0)
		return result;
	f->id = sqlite3_last_insert_rowid(store->db);
	keep(f);
	store_ahead_note_scheduled(store, f, false);
	return 1;
}

int store_followup_exists(
	struct store *store, int64_t client_id, int64_t rule, const char *occasion, enum followup_state *state, int64_t *reason)
{
	STATEMENT(get, "SELECT state, reason FROM followup WHERE client_id=?1 AND rule=?2 AND occasion=?3");
	sqlite3_stmt *s = store_query(store, &get, "iit", client_id, rule, occasion);
	int result = store_row(store, s);

	if (result > 0) {
		*state = (enum followup_state)sqlite3_column_int(s, 0);
		*reason = sqlite3_column_int64(s, 1);
		store_end(s);
	}
	return result;
}

int store_followup_find(struct store *store, int64_t client_id, int64_t rule, const char *occasion, struct followup *out)
{
	STATEMENT(find, "SELECT " COLUMNS " FROM followup f WHERE client_id=?1 AND rule=?2 AND occasion=?3");

	return read_one(store, store_query(store, &find, "iit", client_id, rule, occasion), out);
}

int store_followup_load(struct store *store, int64_t id, struct followup *out)
{
	STATEMENT(load, "SELECT " COLUMNS " FROM followup f WHERE id=?1");
	int result = read_one(store, store_query(store, &load, "i", id), out);

	return result == 0 ? ERR_NOT_FOUND : result;
}

int store_followup_open_of_client(struct store *store, int64_t client_id, struct followup *out, int capacity)
{
	STATEMENT(list, "SELECT " COLUMNS " FROM followup f INDEXED BY followup_open WHERE client_id=?1 AND closed_on IS NULL ORDER BY id");

	return read_list(store, store_query(store, &list, "i", client_id), out, capacity);
}

/* POLICY 5: the order of rank. */
static int compare_rank(const void *left, const void *right, void *context)
{
	const struct followup *a = left, *b = right;
	struct store *store = context;

	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	if (a->due_on != b->due_on)
		return a->due_on < b->due_on ? -1 : 1;
	if (a->rule != b->rule) {
		char name[CLIENT_TEXT_SIZE * 2];
		snprintf(name, sizeof(name), "%s", store_name_text(store, a->rule)); /* a cache may forget one for the other */
		int order = strcmp(name, store_name_text(store, b->rule));
		if (order != 0)
			return order;
	}
	int order = strcmp(a->client_ref, b->client_ref);
	return order != 0 ? order : strcmp(a->occasion, b->occasion);
}

int store_followup_agenda(struct store *store, int64_t call_id, struct followup *out, int capacity)
{
	STATEMENT(list, "SELECT " COLUMNS " FROM followup f WHERE f.call_id=?1");

	int count = store_kept_agenda(store, call_id, out, capacity);
	if (count >= 0)
		return count;
	count = read_list(store, store_query(store, &list, "i", call_id), out, capacity);
	if (count > capacity || count < 0)
		return count;
	qsort_r(out, (size_t)count, sizeof(*out), compare_rank, store);
	store_keep_agenda(store, call_id, out, count);
	return count;
}

int store_followup_scheduled_of_person(struct store *store, int64_t person, struct followup *out, int capacity)
{
	STATEMENT(of_one,
		"SELECT " COLUMNS " FROM followup f INDEXED BY followup_open WHERE f.client_id=?1 AND f.closed_on IS NULL AND f.state=0");
	STATEMENT(of_many, "SELECT " COLUMNS " FROM client c CROSS JOIN followup f INDEXED BY followup_open"
			   " WHERE c.person=?1 AND c.person>0 AND f.client_id=c.id AND f.closed_on IS NULL AND f.state=0");
	int count = read_list(
		store, person < 0 ? store_query(store, &of_one, "i", -person) : store_query(store, &of_many, "i", person), out, capacity);

	if (count > 1 && count <= capacity)
		qsort_r(out, (size_t)count, sizeof(*out), compare_rank, store);
	return count;
}

int store_followup_expired(struct store *store, day_t day, struct followup *out, int capacity)
{
	STATEMENT(next, "SELECT " COLUMNS
			" FROM followup f INDEXED BY followup_last WHERE last_on<?1 AND closed_on IS NULL ORDER BY last_on LIMIT ?2");

	return read_list(store, store_query(store, &next, "nn", day, capacity), out, capacity);
}

void store_admission_start(struct store *store, struct admission_place *place)
{
	store_ahead_begin_admissions(store);
	store_left_out_begin(store);
	*place = (struct admission_place){.priority = INT_MIN, .due_on = INT32_MIN};
}

/* The index followup_scheduled is ordered by the rule's number; the order asked for is by its name. So the walk goes group by group: the next (priority, due_on), in
 * it the rule with the next name, in that the rows. Few groups fall on one day, so finding them costs little. */
static int next_pair(struct store *store, struct admission_place *place)
{
	STATEMENT(next, "SELECT priority, due_on FROM followup INDEXED BY followup_scheduled WHERE state=0 AND (priority, due_on)>(?1, ?2)"
			" ORDER BY priority, due_on LIMIT 1");
	sqlite3_stmt *s = store_query(store, &next, "nn", place->priority, (int)place->due_on);
	int result = store_row(store, s);

	if (result > 0) {
		place->priority = sqlite3_column_int(s, 0);
		place->due_on = column_day(s, 1);
		place->rule[0] = place->client_ref[0] = place->occasion[0] = '\0';
		store_end(s);
	}
	return result;
}

static int next_rule(struct store *store, struct admission_place *place)
{
	/* A recursive walk visits each rule of the pair once instead of each row. */
	STATEMENT(next, "WITH RECURSIVE r(id) AS (SELECT min(rule) FROM followup WHERE state=0 AND priority=?1 AND due_on=?2"
			" UNION ALL SELECT (SELECT min(rule) FROM followup WHERE state=0 AND priority=?1 AND due_on=?2 AND rule>r.id) FROM "
			"r WHERE r.id IS NOT NULL)"
			" SELECT n.text FROM r JOIN name n ON n.id=r.id WHERE n.text>?3 ORDER BY n.text LIMIT 1");
	sqlite3_stmt *s = store_query(store, &next, "nnt", place->priority, (int)place->due_on, place->rule);
	int result = store_row(store, s);

	if (result > 0) {
		column_copy(s, 0, place->rule, sizeof(place->rule));
		place->client_ref[0] = place->occasion[0] = '\0';
		store_end(s);
	}
	return result;
}

/* Of what follows the columns of a follow-up. */
enum { ADMISSION_FIRST = 21 };

static void read_admission(sqlite3_stmt *s, struct admission *out)
{
	read_followup(s, &out->followup);
	out->is_plain = sqlite3_column_int(s, ADMISSION_FIRST) != 0;
	out->has_phone = sqlite3_column_int(s, ADMISSION_FIRST + 1) != 0;
	out->has_email = sqlite3_column_int(s, ADMISSION_FIRST + 2) != 0;
	out->number_is_wrong = sqlite3_column_int(s, ADMISSION_FIRST + 3) != 0;
	out->next_on = column_day(s, ADMISSION_FIRST + 4);
	out->contacts = sqlite3_column_int(s, ADMISSION_FIRST + 5);
	out->waits_for_more = sqlite3_column_int(s, ADMISSION_FIRST + 6) != 0;
}

/* What is asked of a follow-up f with ?1 to ?2: the days whose contacts are counted. */
#define ADMISSION_COLUMNS                                                                                                                  \
	COLUMNS ", c.person<0 AND c.barred IS NULL AND c.do_not_contact IS NULL AND NOT EXISTS (SELECT 1 FROM call WHERE "                 \
		"person=c.person), c.phone IS NOT NULL, c.email IS NOT NULL, c.number_wrong, " NEXT_ON(                                    \
			"c.id", "d") ", (SELECT count(*) FROM "                                                                            \
				     "contact_client WHERE client_id=f.client_id AND on_day BETWEEN ?1 AND ?2), EXISTS (SELECT 1 FROM "    \
				     "followup o INDEXED BY "                                                                              \
				     "followup_open WHERE o.client_id=f.client_id AND o.closed_on IS NULL AND o.id<>f.id)"
#define ADMISSION_CLIENTS "LEFT JOIN client c ON c.id=f.client_id LEFT JOIN client_due d ON d.client_id=f.client_id"

int store_admission_read(struct store *store, const struct admission_place *place, int64_t rule, day_t first, day_t last,
	struct admission *out, int capacity)
{
	STATEMENT(next, "SELECT " ADMISSION_COLUMNS " FROM followup f INDEXED BY followup_scheduled " ADMISSION_CLIENTS
			" WHERE f.state=0 AND f.priority=?3 AND f.due_on=?4 AND f.rule=?5 AND (f.client_ref, f.occasion)>(?6, ?7) AND NOT "
			"is_left_out(f.id) "
			"ORDER BY f.client_ref, f.occasion LIMIT ?8");
	sqlite3_stmt *s = store_query(store, &next, "nnnnittn", (int)first, (int)last, place->priority, (int)place->due_on, rule,
		place->client_ref, place->occasion, capacity);
	int count = 0, result;

	while ((result = store_row(store, s)) > 0)
		read_admission(s, &out[count++]);
	return result < 0 ? result : count;
}

int store_admission_again(struct store *store, int64_t followup_id, day_t first, day_t last, struct admission *out)
{
	STATEMENT(one, "SELECT " ADMISSION_COLUMNS " FROM followup f " ADMISSION_CLIENTS " WHERE f.id=?3 AND f.state=0");
	sqlite3_stmt *s = store_query(store, &one, "nni", (int)first, (int)last, followup_id);
	int result = store_row(store, s);

	if (result > 0) {
		read_admission(s, out);
		store_end(s);
	}
	return result;
}

int store_admission_next(struct store *store, struct admission_place *place, day_t first, day_t last, struct admission *out, int capacity)
{
	int result;

	for (;;) {
		if (place->rule[0] != '\0') {
			int64_t rule = store_name_find(store, place->rule);
			if (rule < 0)
				return (int)rule;
			int count = store_ahead_admissions(store, place, rule, first, last, out, capacity);
			if (count != 0)
				return count;
			int at_once = store_ahead_at_once(store, capacity);
			count = store_admission_read(store, place, rule, first, last, out, at_once);
			if (count == at_once)
				store_ahead_ask_admissions(store, place, rule, first, last, &out[count - 1].followup);
			if (count != 0)
				return count;
		}
		result = place->priority == INT_MIN ? 0 : next_rule(store, place);
		if (result == 0) {
			result = next_pair(store, place);
			if (result > 0)
				result = next_rule(store, place);
		}
		if (result <= 0)
			return result;
	}
}

void store_admission_pass(struct admission_place *place, const struct followup *followup)
{
	memcpy(place->client_ref, followup->client_ref, sizeof(place->client_ref));
	memcpy(place->occasion, followup->occasion, sizeof(place->occasion));
}

int store_followup_save(struct store *store, struct followup *f)
{
	/* SQLite takes a row out of every index and puts it in again whose columns an UPDATE names, the same or not. So: why it waits; where it is; that it has ended;
	 * and everything. */
	TOLD_STATEMENT(wait, "UPDATE followup SET reason=?2, channel=?3, queue=?4 WHERE id=?1");
	TOLD_STATEMENT(move, "UPDATE followup SET reason=?2, channel=?3, queue=?4, state=?5, "
			     "call_id=?6 WHERE "
			     "id=?1");
	TOLD_STATEMENT(end, "UPDATE followup SET reason=?2, channel=?3, queue=?4, state=?5, call_id=?6, "
			    "closed_on=?7 WHERE id=?1");
	TOLD_STATEMENT(end_by,
		"UPDATE followup SET reason=?2, channel=?3, queue=?4, state=?5, call_id=?6, closed_on=?7, closed_by=?8 WHERE id=?1");
	TOLD_STATEMENT(save, "UPDATE followup SET occasion=?2, occasion_on=?3, opens_on=?4, due_on=?5, last_on=?6, priority=?7, state=?8, "
			     "reason=?9,"
			     " channel=?10, queue=?11, call_id=?12, closed_on=?13, channel_from=?14, "
			     "tries=?15, overridden=?16, about=?17 WHERE id=?1");
	const struct followup_kept *kept = &f->kept;
	int result;

	if (kept->known)
		store_forget_agenda(store, kept->call_id);
	else
		store->written[KEPT_AGENDAS]++; /* on which call it was nobody knows */
	store_forget_agenda(store, f->call_id);
	if (!is_the_same_matter(f) || kept->closed_on == f->closed_on)
		f->closed_by = 0; /* it is not written here */
	if (!is_the_same_matter(f))
		result = store_run(store, &save, "itnnnnnnzzzzdnnnz", f->id, f->occasion, f->occasion_on, f->opens_on, f->due_on,
			f->last_on, f->priority, (int)f->state, f->reason, f->channel, f->queue, f->call_id, f->closed_on, f->channel_from,
			f->tries, (int)f->overridden, f->about);
	else if (kept->closed_on != f->closed_on && f->closed_by != 0)
		result = store_run(store, &end_by, "izzznzdi", f->id, f->reason, f->channel, f->queue, (int)f->state, f->call_id,
			f->closed_on, f->closed_by);
	else if (kept->closed_on != f->closed_on)
		result = store_run(store, &end, "izzznzd", f->id, f->reason, f->channel, f->queue, (int)f->state, f->call_id, f->closed_on);
	else if (kept->state != f->state || kept->call_id != f->call_id)
		result = store_run(store, &move, "izzznz", f->id, f->reason, f->channel, f->queue, (int)f->state, f->call_id);
	else
		result = store_run(store, &wait, "izzz", f->id, f->reason, f->channel, f->queue);
	if (result == 0)
		return ERR_NOT_FOUND;
	if (f->state == FOLLOWUP_SCHEDULED && (kept->state != FOLLOWUP_SCHEDULED || !is_the_same_matter(f)))
		store_ahead_note_scheduled(store, f, kept->known && kept->closed_on == NO_DAY);
	if (result > 0)
		keep(f);
	return result < 0 ? result : 0;
}

int64_t store_followup_waiting_of_rule(struct store *store, int64_t rule)
{
	STATEMENT(get, "SELECT count(*) FROM followup INDEXED BY followup_scheduled WHERE state=0 AND rule=?1 AND reason IS NOT NULL");
	int64_t count;
	int result = store_integer(store, &get, &count, "i", rule);

	return result < 0 ? result : count;
}
