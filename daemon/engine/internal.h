/* internal.h - what the files of the engine share. Nothing outside daemon/engine includes it; the desk uses agenda.h. */
#ifndef FOLLOWUP_ENGINE_INTERNAL_H
#define FOLLOWUP_ENGINE_INTERNAL_H

#include "followup/agenda.h"
#include "followup/engine.h"
#include "followup/followup.h"
#include "followup/policy.h"
#include "followup/store_call.h"
#include "followup/store_client.h"
#include "followup/store_due.h"
#include "followup/store_event.h"
#include "followup/store_followup.h"
#include "followup/store_record.h"

enum { PERSON_CALLS_MAX = 64, TIER_UNKNOWN = 31, RULE_KINDS_MAX = 100, FORESIGHT_MAX = 512, ADMISSION_ROWS = 32 };

/* Why a follow-up is where it is, as far as the engine says it; an event kind can be a reason too. */
enum reason {
	REASON_NONE,
	REASON_CAP,
	REASON_PREEMPTED,
	REASON_GAP,
	REASON_NO_CHANNEL,
	REASON_DO_NOT_CONTACT,
	REASON_EXPIRED,
	REASON_LATE_FACT,
	REASON_NOT_APPLICABLE,
	REASON_WITHDRAWN,
	REASON_RULE_OFF,
	REASON_UNREACHABLE,
	REASON_RENEWED,
	REASON_CONTACT,
	REASON_PAUSED,
	REASON_WRONG_NUMBER,
	REASON_REJECTED,
	REASON_CORRECTED,
	REASON_ERASED,
	REASON_COUNT
};

/* A rule's names as numbers. */
struct rule_index {
	int64_t name;
	int64_t kinds[RULE_KINDS_MAX]; /* events that trigger it */
	size_t kind_count;
	int64_t stops[RULE_KINDS_MAX]; /* kinds that stop it, in order of precedence */
	size_t stop_count;
	int64_t sibling;   /* the only other rule of its family; 0: none */
	bool has_siblings; /* more than that one */
};

/* Entries of one client's do_not_contact, or of what he has refused. */
enum { DO_NOT_CONTACT_MAX = 32 };

/* What is known of one client on one day. */
struct facts {
	struct client client;
	day_t day;
	int tier;             /* index, or TIER_UNKNOWN */
	struct event *events; /* not trades; in order; withdrawn and coming ones too: see event_stands() */
	int event_count, event_capacity;
	struct event *departures; /* of his manager */
	int departure_count, departure_capacity;
	bool account_open;
	day_t opened_on;      /* the last opening, NO_DAY: unknown */
	day_t reopened_on;    /* the last reopening, NO_DAY: none */
	day_t closing_stands; /* the last closing, when no reopening came after it; else NO_DAY */
	day_t reopening_stands;
	day_t last_trade_on;
	day_t last_contact_on; /* when some rule asks (cadence) */
	bool withdrawal_today; /* a void event takes effect on this very day */
	day_t next_fact_on;    /* the next day on which something already known takes effect; INT32_MAX: none */
};

/* Days for which slots are kept free, of one person on one day. */
struct foresight {
	int64_t person;
	day_t day;
	uint64_t version, rollbacks;
	int count;
	struct {
		day_t on;
		int priority;
	} days[FORESIGHT_MAX];
};

/* Clients who stand alone, for whom so many better greetings are foreseen that none of that priority number, or a larger one, gets a slot before a day: a follow-up that waits is looked at every day,
 * and nearly always that is why. In the place of their number, whoever came first. */
struct foreseen_memo {
	uint64_t policy_version, rollbacks;
	struct foreseen {
		int64_t client_id, followup_id; /* who waits, and with what */
		day_t until;
		int priority;
	} * clients; /* NULL: none */
};
enum { FORESEEN_MEMO = 1 << 16 };

/* A festival of a year, and the window of a rule's follow-up for it. */
struct festival_year {
	day_t on;
	struct window window;
};

/* The work days of one year, for the yearly sample. version: of the policy. */
struct work_days {
	int year;
	uint64_t version;
	int count;
	day_t days[366];
};

/* Who may serve a queue's lane, as it was asked last; queue 0: nothing is known. */
enum { STAFFING_MEMO = 1024, LANE_SIZE = 8192 };
struct staffing_memo {
	int64_t queue, lane;
	enum staffing found;
};

struct engine {
	struct store *store;
	const struct policy *policy;
	struct rule_index *rules; /* as policy->rules */
	int64_t channel_names[POLICY_CHANNELS_MAX];
	int64_t reasons[REASON_COUNT];
	int64_t kind_opened, kind_closed, kind_reopened, kind_trade;
	struct festival_year *festivals; /* [rule][festival][year - FESTIVAL_FIRST_YEAR]; those of festival rules are filled in */
	day_t start_on;
	day_t reached;      /* the last day whose cycle is complete or has begun; may lie after today when the clock has stepped back */
	bool opens_as_told; /* no yearly rule lets its follow-ups join a call before they open: the next day kept for a client comes no later than the next of them opens */
	bool asks_contacts; /* some rule that is on looks at contacts */
	bool marking;       /* clients may be left to be marked: a slice has to look */
	day_t many_look_on; /* while many facts are taken in: the day that looks at them; else NO_DAY */
	uint64_t changes;
	uint64_t version; /* moves whenever facts or the policy may have changed: what was thought before is old */
	uint64_t policy_version;
	struct work_days work_days;
	struct foresight foresight;
	struct foreseen_memo foreseen;
	struct followup_list open;                  /* room for the open follow-ups of one client, */
	struct followup_list scheduled;             /* for the scheduled ones of one person, */
	struct followup_list waiting;               /* and for those among them that may join a new call */
	struct facts *facts;                        /* of the client being settled */
	struct facts *other_facts;                  /* of another one, while the first is in use */
	struct admission_place place;               /* of the day cycle's fourth step */
	struct admission admission[ADMISSION_ROWS]; /* those behind it */
	int64_t admitting;                          /* the one of them that is being admitted; 0: none */
	uint64_t others_written;                    /* how often another follow-up was written */
	bool place_valid;
	uint64_t place_rollbacks;
	struct staffing_memo staffing[STAFFING_MEMO];
	uint64_t staffing_rollbacks;
	/* Asked in every turn: since when the record is kept, on a day; and that nothing older was left. */
	struct {
		uint64_t policy_version;
		day_t day;
		int64_t since;
		bool nothing_older;
		uint64_t rollbacks;
	} kept_since;
	struct engine_counts counts;
};

enum { FESTIVAL_FIRST_YEAR = 1990, FESTIVAL_YEARS = 120 };

/* facts.c */
struct facts *facts_new(void);
void facts_free(struct facts *facts);
/* Everything; or only what admission asks (the client and his tier); or what a look ahead asks (and whether his account is open). */
int facts_load(struct engine *engine, int64_t client_id, day_t day, struct facts *facts) MUST_CHECK;
int facts_load_client(struct engine *engine, int64_t client_id, day_t day, struct facts *facts) MUST_CHECK;
int facts_load_account(struct engine *engine, int64_t client_id, day_t day, struct facts *facts) MUST_CHECK;
bool event_stands(const struct event *event, day_t day); /* it has happened by then, and was not withdrawn by then */
/* POLICY 3, cancel: the kind (a name) of the fact that stops a rule's follow-up on the day of the facts; 0: none does. */
int64_t facts_stop(const struct engine *engine, const struct facts *facts, const struct rule *rule, day_t occasion_on, day_t opens_on);

/* occasion.c */
struct occasion {
	char key[OCCASION_SIZE];
	day_t on;
	struct window window;
	int priority;
	char event_ref[EVENT_TEXT_SIZE]; /* the event it comes from, for `where`; "" none */
	money_t amount;                  /* what counts as its amount instead; NO_MONEY: the event's own */
	int64_t about;                   /* as in struct followup; known once it has a follow-up */
};
typedef int occasion_visit(void *context, const struct rule *rule, const struct occasion *occasion);
bool rule_fits(const struct rule *rule, const struct facts *facts); /* on, and for clients of this tier */
bool rule_is_yearly(const struct rule *rule);
/* Visits the occasions of a rule for a client, from what is known on facts->day, with due_on >= due_from and opens_on - early <= *opens_until, which the visitor may
 * bring nearer when he has seen enough: what lies beyond is not worked out then. */
int occasion_each(struct engine *engine, const struct facts *facts, const struct rule *rule, day_t due_from, const day_t *opens_until,
	occasion_visit *visit, void *context) MUST_CHECK;
/* The occasion that a follow-up stands for, as the facts give it now: 1, or 0 when there is none any more and the reason why (enum reason or an event kind). */
int occasion_again(struct engine *engine, const struct facts *facts, const struct rule *rule, const struct followup *followup,
	struct occasion *out, int64_t *reason) MUST_CHECK;
/* When every festival is, and the window that each rule has for it, as engine->festivals wants it: everybody is asked about the same days. NULL without memory. */
struct festival_year *festival_table(const struct policy *policy);

/* cycle.c. Where the book stands; days are 0 before its first. */
struct cycle_place {
	day_t start_on, worked_on;
	bool has_begun; /* the day after worked_on has */
};
int cycle_find(struct engine *engine, struct cycle_place *out) MUST_CHECK;
/* Before any slice. First start: the days before today are nobody's promise (POLICY 3, start_on). */
int cycle_prepare(struct engine *engine, struct moment now, day_t *worked_on) MUST_CHECK;
/* Goes on with a day: 1: it is complete, 0: the budget was used up, ENGINE_COMMIT_FIRST: before that a step begins whose rows another thread reads (store_ahead.h). */
int cycle_work(struct engine *engine, day_t day, struct moment now, int *budget) MUST_CHECK;

/* settle.c: steps 1 to 3 for one client */
int settle_cancel(struct engine *engine, const struct facts *facts, bool changed) MUST_CHECK;
int settle_expire(struct engine *engine, struct followup *followup, day_t day) MUST_CHECK;
int settle_create(struct engine *engine, const struct facts *facts, day_t *next_on) MUST_CHECK;
/* As settle_create(), but only says when something matters: facts->day when an occasion should have a follow-up and has none. */
int settle_look(struct engine *engine, const struct facts *facts, day_t *next_on) MUST_CHECK;
/* The day after this one that matters next for a client of whom nothing is known: a festival, mostly, that everybody waits for (store_due.h). INT32_MAX: none. */
int settle_common_day(struct engine *engine, day_t day, day_t *next_on) MUST_CHECK;
/* Steps 1 and 3 for one client whose day has come, and whose he is. Expiry walks its own index; nothing it does depends on what is created on the same day. */
int settle_facts(struct engine *engine, int64_t client_id, bool changed, day_t day, int64_t *person) MUST_CHECK;
/* The four steps at once. */
int settle_client(struct engine *engine, int64_t client_id, bool changed, struct moment now) MUST_CHECK;

/* manager.c: a client's manager and, where his clients have been handed on, each who followed him, the present one last. */
typedef void manager_visit(void *context, const char *name);
int manager_each(struct engine *engine, const char *manager, manager_visit *visit, void *context) MUST_CHECK;

/* promise.c */
/* A follow-up has been made of its promise. */
int promise_followed(struct engine *engine, const struct followup *followup) MUST_CHECK;
/* A promise is on a call: an appointment of who made it, at the first moment at which it can be called, unless somebody has one already, he is gone or may not. */
int promise_appoint(struct engine *engine, const struct followup *followup, struct moment now) MUST_CHECK;

/* staffing.c: begins a look at every queue and lane with calls; and goes on with it, so many of them: 1: more are left. */
int staffing_begin(struct engine *engine) MUST_CHECK;
int staffing_work(struct engine *engine, int budget) MUST_CHECK;

/* agenda.c */
/* Writes a follow-up back, and what it means for the draw that it comes from. */
int followup_save(struct engine *engine, struct followup *f) MUST_CHECK;
/* The open follow-ups of a client, and the scheduled ones of a person in order of admission, however many there are. */
int agenda_open_of_client(struct engine *engine, int64_t client_id, struct followup_list *out) MUST_CHECK;
int agenda_scheduled_of_person(struct engine *engine, int64_t person, struct followup_list *out) MUST_CHECK;
int call_work_out(struct engine *engine, struct call *call, day_t day) MUST_CHECK; /* agenda_settle() for one */
int call_work_out_new(
	struct engine *engine, struct call *call, struct followup *only, day_t day) MUST_CHECK; /* and for one that has just begun */
bool call_has_moved(const struct call *before, const struct call *call); /* to another place in another order: queue, lane, hours, rank */

/* decide.c: what is decided of a follow-up goes into the record (POLICY 8) */
int decided(struct engine *engine, const struct followup *followup, enum record_kind kind) MUST_CHECK;
/* The move that followup has just made, from a state it was in. */
int decided_move(struct engine *engine, const struct followup *followup, enum followup_state from) MUST_CHECK;
/* A corrected fact moved it; before: as it was. */
int decided_window(struct engine *engine, const struct followup *before, const struct followup *followup) MUST_CHECK;

/* erase.c: one slice of what has to be sealed or erased; 1: more is left */
int engine_tidy_record(struct engine *engine, struct moment now, int budget) MUST_CHECK;

/* admit.c: step 4 */
struct agent;
/* POLICY 6, recusal: whether an agent must not speak of this client's matter under the rule. 1 or 0. */
int agent_is_recused(struct engine *engine, const struct client *client, const struct rule *rule, const struct agent *agent) MUST_CHECK;
/* client: what was read of its client with it, and still stands; NULL: nothing. */
int admit_followup(struct engine *engine, struct followup *followup, const struct admission *client, struct moment now) MUST_CHECK;
/* All items of a call go back to wait, with the reason; the call ends. Duties among them raise the alarm. */
int call_dissolve(struct engine *engine, const struct call *call, enum reason why, struct moment now) MUST_CHECK;
int admit_person(struct engine *engine, int64_t person, struct moment now) MUST_CHECK;

/* slots.c */
/* The first channel of the rule's list from place from on that the client has an address for and has not forbidden (POLICY 5): index into policy->channels, or -1 and why. */
int channel_pick(const struct engine *engine, const struct facts *facts, const struct rule *rule, int from, enum reason *why);
bool channel_is_open(const struct engine *engine, const struct facts *facts, const struct rule *rule, int channel);
/* Counted contacts of a person in the window of the cap that holds day. */
int slots_contacts(struct engine *engine, int64_t person, day_t day) MUST_CHECK;
/* Slots used by a person on a day: counted contacts, and the counted ones among his calls waiting or leased. */
int slots_used(struct engine *engine, int64_t person, const struct call *calls, int count, day_t day) MUST_CHECK;
/* POLICY 5, min_gap: whether the client's last contact is too near. */
bool slots_too_soon(struct engine *engine, const struct followup *f, day_t day, int *error);
/* How many days a follow-up of that priority must leave free for better-ranked greetings. */
int slots_foresight(struct engine *engine, int64_t person, day_t day, int priority) MUST_CHECK;
/* The same of a client who stands alone, but no more than leave no slot at all: that they do so was worked out on an earlier day, mostly, and is remembered until he is looked at again. */
int slots_foresight_alone(struct engine *engine, const struct followup *f, day_t day) MUST_CHECK;
/* Leaves those who are remembered out of the walk that has begun. */
void slots_leave_out(struct engine *engine, day_t day);
/* Something about him has changed, or will be looked at. */
void slots_forget(struct engine *engine, int64_t client_id);
/* store_due_mark(), and that. */
int slots_mark(struct engine *engine, int64_t client_id, day_t day, bool changed) MUST_CHECK;

/* sample.c: the yearly sample. The day cycle's share of it, before facts are settled: 1 when it is done, 0 when the budget was used up before. */
int sample_work(struct engine *engine, day_t day, int *budget) MUST_CHECK;
/* A follow-up has been made or has moved to another state: what that means for the draw it comes from, if it does. */
int sample_note(struct engine *engine, const struct followup *followup) MUST_CHECK;
/* sample_coverage.c: how often one drawn on day can be lost by expiry and replaced until the year ends (sample_plan.h). */
struct sample_draw;
int64_t sample_pending(const struct sample_draw *draw, int rounds); /* who can still be reached in the year */
int sample_rounds(const struct rule *rule, day_t day, day_t year_end, const struct calendar *calendar);

/* marking.c: whether a client is still to be marked: what is kept for him is what was so before. */
bool engine_looks_again_at(struct engine *engine, int64_t client_id);
/* Marks clients who wait for it. 1: none are left, 0: the budget was used up before. */
int marking_work(struct engine *engine, day_t day, int *budget) MUST_CHECK;

/* digest.c: a number that changes when a rule or a calendar does */
int64_t policy_digest(const struct policy *policy);

#endif
