/* policy.h - what the brokerage has configured: the whole of conf/ as one value (POLICY 4 to 7).
 *
 * Read once, checked as a whole, then never changed: a reload makes a second policy and swaps the pointer, or leaves everything as it was.
 * Lists are arrays with a count; text belongs to the policy; an index into a list (tier, channel, festival) is its place in the configuration. */
#ifndef FOLLOWUP_POLICY_H
#define FOLLOWUP_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "followup/calendar.h"
#include "followup/condition.h"
#include "followup/declared_field.h"
#include "followup/error.h"
#include "followup/lunar.h"
#include "followup/occasion_day.h"
#include "followup/place.h"
#include "followup/window.h"

/* Amounts of money are whole ten-thousandths of a yuan. */
typedef int64_t money_t;
#define MONEY_ONE 10000
#define NO_MONEY INT64_MIN

enum { POLICY_TIERS_MAX = 32, POLICY_CHANNELS_MAX = 16, POLICY_RULE_CHANNELS_MAX = 8 };

/* Texts of a configuration list. */
struct text_list {
	char **items;
	size_t count;
};
bool text_list_has(const struct text_list *list, const char *text);

/* Calling hours: for each weekday (0 Monday .. 6 Sunday) up to four half-open spans of minutes since midnight, ascending. */
enum { HOURS_SPANS_MAX = 4 };
struct hours_span {
	int16_t from; /* minute of the day, 0 .. 1440 */
	int16_t to;
};
struct hours_day {
	struct hours_span spans[HOURS_SPANS_MAX];
	size_t count;
};
struct hours {
	struct hours_day days[7];
	bool work_days_only; /* closed on days off; a make-up weekend counts as a Thursday. Without it each day has the hours of its weekday */
};

/* One spelling for the configuration and for the client field "hours": "Mon 14:30-17:00; Tue-Thu 09:30-11:00, 15:00-17:00". False when it has none. */
bool hours_parse(const char *text, struct hours *out);

/* The spans that apply on a day; NULL when closed all day. */
const struct hours_day *hours_on(const struct hours *hours, day_t day, const struct calendar *calendar);

enum channel_kind { CHANNEL_TALK, CHANNEL_BULK };
enum channel_address { ADDRESS_PHONE, ADDRESS_EMAIL, ADDRESS_NONE }; /* which client field it needs */
struct channel {
	char *name; /* also the name of its queue when kind is bulk */
	enum channel_kind kind;
	enum channel_address address;
	bool on;
	struct place place;
};

struct festival {
	char *name; /* "spring-festival" */
	enum festival_basis basis;
	int month, day;
	int priority;
	bool everywhere; /* true: every branch keeps it unless it removes it; false: only branches that add it */
	struct place place;
};

/* A branch that differs from the rest. */
struct branch {
	char *name;
	struct text_list adds, removes; /* festival names */
	struct place place;
};

/* Settings of queues whose name matches: exact ("service"), or a prefix and a star ("manager/"*). The first matching row counts. Every bulk channel has its row,
 * before all others, and a last one fits any queue. */
enum { CAPACITY_BY_PACE = -1 };
struct queue_settings {
	char *pattern;
	struct hours hours; /* of talk queues; bulk queues are always open */
	bool always_open;
	int lease_seconds;
	int capacity; /* calls a work day, for FORECAST; NO_LIMIT, or CAPACITY_BY_PACE when it is not set */
	struct place place;
};

enum trigger {
	TRIGGER_EVENT,            /* one occasion for each event of the kinds in events */
	TRIGGER_OUTFLOW,          /* a day's asset_outflow reaches a limit */
	TRIGGER_MANAGER_DEPARTED, /* one for each client of the manager named in the event's detail */
	TRIGGER_DORMANT,          /* so long after the latest of opening, reopening and last trade */
	TRIGGER_BIRTHDAY,
	TRIGGER_FESTIVAL,
	TRIGGER_ANNIVERSARY, /* the account's opening day, yearly */
	TRIGGER_YEARLY,      /* a date of the year, for every client */
	TRIGGER_SERIES,      /* several times after an event */
	TRIGGER_URGE,        /* from an event on, again and again until another event resolves it */
	TRIGGER_EXPIRY,      /* a date that a client's document runs out on */
	TRIGGER_CADENCE,     /* so long since the last contact, by tier */
	TRIGGER_PROMISE,     /* what an agent has promised the client, on its day */
	TRIGGER_SAMPLE,      /* clients drawn by a seed, spread over the work days of the year */
};

/* Which date of the client TRIGGER_EXPIRY looks at. */
enum expiry_field { EXPIRY_ID_CARD, EXPIRY_RISK_TEST, EXPIRY_DECLARED };

enum { POLICY_STEPS_MAX = 16, REVIEW_FORM_MAX = 32 };

enum late { LATE_KEEP, LATE_DROP };
enum rule_class { CLASS_COUNTED, CLASS_EXEMPT, CLASS_FREE };

enum recuse { RECUSE_INTRODUCER = 1, RECUSE_MANAGER = 2 };

/* A wider queue that a call untaken for so long moves to (POLICY 6). */
struct widening {
	char *queue; /* template as rule.queue */
	int after_seconds;
};

struct rule {
	char *name;
	char *family; /* rules of one family share occasions; NULL: stands alone */
	bool on;
	enum trigger trigger;
	struct text_list events;               /* TRIGGER_EVENT, TRIGGER_OUTFLOW (asset_outflow), TRIGGER_MANAGER_DEPARTED: kinds */
	struct text_list festivals;            /* TRIGGER_FESTIVAL: only these; empty: all that the branch keeps */
	struct offset after;                   /* TRIGGER_DORMANT: 6m */
	money_t outflow_amount;                /* TRIGGER_OUTFLOW: 500,000 yuan; reached is enough */
	int outflow_percent;                   /*                  30 % of assets ... NO percent limit: -1 */
	money_t outflow_percent_min;           /*                  ... and at least 50,000 yuan */
	struct offset steps[POLICY_STEPS_MAX]; /* TRIGGER_SERIES: 1w, 1m, 3m, 6m after the event */
	size_t step_count;
	struct offset every
		[POLICY_TIERS_MAX]; /* TRIGGER_CADENCE: by tier index, the last for clients without a tier; count 0: this tier has none */
	int repeat_days, repeat_for_days;      /* TRIGGER_URGE: every so many days, for so long after the event at most */
	int month, day;                        /* TRIGGER_YEARLY */
	enum expiry_field field;               /* TRIGGER_EXPIRY */
	const struct declared_field *declared; /* EXPIRY_DECLARED: one of the policy's, of type day */
	int share_percent, seed;               /* TRIGGER_SAMPLE: how many of last year-end's book, and what repeats the draw */
	uint32_t tiers; /* bit set of tier indexes it is for; bit 31 stands for clients without a known tier; all ones: everybody */
	char *where;    /* the condition as written; NULL: none */
	struct condition *condition; /* what it means (condition.h) */
	struct offset opens, due;
	enum roll roll;
	int channels[POLICY_RULE_CHANNELS_MAX]; /* channel indexes, in order */
	size_t channel_count;
	char *queue; /* "service", "manager/" * and "branch/" *: the star is the client's own; a client without one falls to fallback_queue */
	struct widening widen[4];
	size_t widen_count;
	int priority; /* TRIGGER_FESTIVAL: 0; the festival's own priority counts instead */
	enum late late;
	int max_late_days;            /* 0 with LATE_DROP */
	struct text_list stops_on;    /* event kinds, in order of precedence; trade included */
	bool stops_on_account_closed; /* derived from stops_on */
	bool stops_on_contact;        /* derived: "contact" stands among stops_on */
	enum rule_class class;
	bool duty;
	int early_days;  /* may join a waiting call so many days before it opens */
	unsigned recuse; /* enum recuse bits */
	struct text_list exclude_roles;
	char *script;          /* talking points for the agent; NULL: none */
	struct text_list form; /* answers that DONE must bring when a contact closes it */
	bool has_hours;
	struct hours hours; /* its own, instead of the queue's, when has_hours */
	struct place place;
};

enum disposition_effect {
	EFFECT_CONTACT,      /* reached: a contact, ticked items done */
	EFFECT_RETRY,        /* try again after a delay */
	EFFECT_NEXT_CHANNEL, /* bounced: on to the next channel of the rule */
	EFFECT_APPOINT,      /* not-convenient: again at the time that the client named */
	EFFECT_WRONG_NUMBER, /* everything of the client waits until his number is corrected */
	EFFECT_REFUSED,      /* a contact; duties done, the rest suppressed, no greetings for a year */
	EFFECT_DISPUTED,     /* a contact, and an escalation to branch and head office */
};
struct disposition {
	char *name;
	enum disposition_effect effect;
	int retry_seconds; /* EFFECT_RETRY */
	bool bulk;         /* for messages (sent, bounced); otherwise for talk */
	bool attorney;     /* with the client's attorney on file: there must be one */
	struct place place;
};

struct listener {
	char *address; /* "unix:/run/followupd/agent.sock" or "127.0.0.1:7379", "[::1]:7379" */
	struct place place;
};

struct policy {
	char *file; /* the main file */
	char *rules_folder, *calendar_folder;

	/* daemon */
	char *time_zone; /* "Asia/Shanghai" */
	char *database;  /* path */
	day_t start_on;  /* NO_DAY: the day of the first start, kept in the store */
	struct listener *listeners;
	size_t listener_count;
	int socket_mode;                                 /* 0660 */
	char *log_facility;                              /* "daemon" */
	char *log_level;                                 /* "info" */
	char *tls_certificate, *tls_key, *tls_client_ca; /* files in PEM; "": none */
	size_t max_connections;                          /* 1024, bound 65536 */
	int sign_in_seconds; /* connections that nobody signs in on: so long, so many, from one source so many */
	size_t max_strangers, max_strangers_a_source;
	size_t max_stranger_bytes, max_stranger_arguments, max_stranger_output; /* of each of them, instead of those below */
	char *console_user;                                                     /* "followup-console"; "": none */
	size_t max_request_bytes;
	size_t max_request_arguments;
	size_t max_ahead_bytes; /* of requests that have come and are not executed yet */
	size_t max_output_bytes;
	size_t max_output_total;  /* of all connections together */
	int idle_seconds;         /* 0: none */
	size_t long_commands_max; /* those that wait for the worker, the one it works on included */
	size_t wal_limit_bytes;   /* how large the WAL may be below a long command's snapshot */

	/* calendars */
	struct calendar *calendar;
	struct lunar *lunar;
	bool feb29_is_mar1;

	/* vocabulary */
	struct text_list tiers; /* best first */
	uint32_t key_tiers;     /* bit set */
	struct text_list event_kinds;
	struct declared_field *declared; /* fields of clients that the configuration declares */
	size_t declared_count;
	struct channel *channels;
	size_t channel_count;
	struct festival *festivals;
	size_t festival_count;
	struct branch *branches;
	size_t branch_count;
	struct disposition *dispositions;
	size_t disposition_count;

	/* cap */
	int cap; /* contacts; NO_LIMIT for none */
	enum cap_window cap_window;
	int reserve;
	int greeting_priority; /* 5: rules of this number and above leave the reserve */
	int min_gap_days;

	/* queues and hand-out */
	struct queue_settings *queues;
	size_t queue_count;
	char *fallback_queue;          /* "service" */
	int calls_held_max;            /* phone calls an agent holds at once: 1 */
	int tries_a_day, tries_in_all; /* 3, 5 */
	struct text_list day_parts;    /* "00:00", "12:00", "18:00": where a part of the day begins */
	int day_part_minutes[8];
	size_t day_part_count;
	struct text_list break_codes; /* why an agent may be away: "lunch", "meeting" */
	bool infer_events;

	/* backup */
	char *backup_folder; /* "": no copies by themselves */
	int backup_minute;   /* of the local day */
	int backups_kept;

	/* METRICS */
	char *metrics_file; /* for node_exporter's textfile collector; "": none */
	int metrics_interval_seconds;
	size_t metrics_queues_max; /* queues that have figures of their own */

	/* second-line review */
	int review_share_percent; /* of the contacts in which somebody talked; 0: none */
	int review_seed;          /* repeats the draw */
	struct text_list review_form;
	int review_score_max;
	int record_keep_months; /* bodies of the record older than this are sealed or erased; 0: none ever is */
	bool record_erase;      /* erased, not only sealed */
	int review_again_days;  /* what was rejected is of use for so long again, at least */
	int review_lease_seconds;

	struct rule *rules; /* sorted by name, bytewise */
	size_t rule_count;

	int holders; /* beside the first: policy_hold() */
};
#define NO_LIMIT INT32_MAX

/* One complaint. Line 0 when it concerns the whole file. */
struct complaint {
	const char *file;
	int line;
	const char *text;
	bool warning; /* said, but the configuration is usable */
};
typedef void policy_complain(void *context, const struct complaint *complaint);

/* Reads file, the rules.d/ folder and the calendar/ folder that it names (relative names start at file's folder). Every mistake of meaning in
 * all files, and the first of syntax in each, goes to complain. *out is set only when no mistake (a warning is none) was found; ERR_INVALID
 * otherwise. Reads no clock. */
int policy_load(const char *file, policy_complain *complain, void *context, struct policy **out) MUST_CHECK;
void policy_free(struct policy *policy); /* when it is the last holder's */

/* Another holder, who frees it too: long work goes on with the policy that it began with. Holders come and go on one thread; others only read. */
struct policy *policy_hold(struct policy *policy);

const struct rule *policy_rule(const struct policy *policy, const char *name); /* NULL: none */
const struct disposition *policy_disposition(const struct policy *policy, const char *name);
int policy_channel(const struct policy *policy, const char *name);                           /* index, or ERR_NOT_FOUND */
int policy_tier(const struct policy *policy, const char *name);                              /* index, or ERR_NOT_FOUND */
const struct declared_field *policy_declared(const struct policy *policy, const char *name); /* NULL: none */
const struct queue_settings *policy_queue(
	const struct policy *policy, const char *queue); /* never NULL: built-in settings as a last resort */

/* Whether a branch (may be NULL or "") keeps a festival. */
bool policy_keeps_festival(const struct policy *policy, const char *branch, const struct festival *festival);

/* Complains, as warnings, of calendars that end within 60 days of today or do not hold today's year (POLICY 2). */
void policy_check_reach(const struct policy *policy, day_t today, policy_complain *complain, void *context);

/* The policy with one rule off (simulate --without); ERR_NOT_FOUND when there is no such rule. */
int policy_switch_off(struct policy *policy, const char *rule) MUST_CHECK;

#endif
