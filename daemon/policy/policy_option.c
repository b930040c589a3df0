/* policy_option.c - the table of policy_option.h. Its text is the manual's: test_policy compares the two. */
#include "followup/policy_option.h"

#include <string.h>

#include <limits.h>

#include "followup/console_settings.h"
#include "followup/policy.h"

enum { DAY_SECONDS = 86400 };

#define IN_POLICY(field) offsetof(struct policy, field)
#define IN_CHANNEL(field) offsetof(struct channel, field)
#define IN_QUEUE(field) offsetof(struct queue_settings, field)
#define IN_DISPOSITION(field) offsetof(struct disposition, field)
#define IN_FESTIVAL(field) offsetof(struct festival, field)
#define IN_BRANCH(field) offsetof(struct branch, field)
#define IN_CLIENT_FIELD(field) offsetof(struct declared_field, field)
#define IN_RULE(field) offsetof(struct rule, field)
#define IN_CONSOLE(field) offsetof(struct console_settings, field)

static const struct option_word log_facilities[] = {
	{"daemon", 0},
	{"user", 0},
	{"local0", 0},
	{"local1", 0},
	{"local2", 0},
	{"local3", 0},
	{"local4", 0},
	{"local5", 0},
	{"local6", 0},
	{"local7", 0},
	{NULL, 0},
};
static const struct option_word log_levels[] = {{"error", 0}, {"warning", 0}, {"notice", 0}, {"info", 0}, {"debug", 0}, {NULL, 0}};
static const struct option_word feb29_words[] = {{"feb28", 0}, {"mar1", 1}, {NULL, 0}};
static const struct option_word then_words[] = {{"seal", 0}, {"erase", 1}, {NULL, 0}};
static const struct option_word window_words[] = {{"quarter", CAP_QUARTER}, {"rolling", CAP_ROLLING}, {NULL, 0}};
static const struct option_word channel_kind_words[] = {{"talk", CHANNEL_TALK}, {"bulk", CHANNEL_BULK}, {NULL, 0}};
static const struct option_word address_words[] = {{"phone", ADDRESS_PHONE}, {"email", ADDRESS_EMAIL}, {"none", ADDRESS_NONE}, {NULL, 0}};
static const struct option_word effect_words[] = {{"contact", EFFECT_CONTACT}, {"retry", EFFECT_RETRY},
	{"next-channel", EFFECT_NEXT_CHANNEL}, {"appoint", EFFECT_APPOINT}, {"wrong-number", EFFECT_WRONG_NUMBER},
	{"refused", EFFECT_REFUSED}, {"disputed", EFFECT_DISPUTED}, {NULL, 0}};
static const struct option_word trigger_words[] = {
	{"event", TRIGGER_EVENT},
	{"outflow", TRIGGER_OUTFLOW},
	{"manager-departed", TRIGGER_MANAGER_DEPARTED},
	{"dormant", TRIGGER_DORMANT},
	{"birthday", TRIGGER_BIRTHDAY},
	{"festival", TRIGGER_FESTIVAL},
	{"anniversary", TRIGGER_ANNIVERSARY},
	{"yearly", TRIGGER_YEARLY},
	{"series", TRIGGER_SERIES},
	{"urge", TRIGGER_URGE},
	{"expiry", TRIGGER_EXPIRY},
	{"cadence", TRIGGER_CADENCE},
	{"promise", TRIGGER_PROMISE},
	{"sample", TRIGGER_SAMPLE},
	{NULL, 0},
};
static const struct option_word type_words[] = {{"text", FIELD_TEXT}, {"number", FIELD_NUMBER}, {"day", FIELD_DAY}, {NULL, 0}};
static const struct option_word roll_words[] = {{"none", ROLL_NONE}, {"forward", ROLL_FORWARD}, {"backward", ROLL_BACKWARD}, {NULL, 0}};
static const struct option_word late_words[] = {{"keep", LATE_KEEP}, {"drop", LATE_DROP}, {NULL, 0}};
static const struct option_word class_words[] = {{"counted", CLASS_COUNTED}, {"exempt", CLASS_EXEMPT}, {"free", CLASS_FREE}, {NULL, 0}};

static const struct option daemon_options[] = {
	{.name = "time_zone", .kind = OPTION_TEXT, .offset = IN_POLICY(time_zone), .standard = "Asia/Shanghai"},
	{.name = "database", .kind = OPTION_PATH, .offset = IN_POLICY(database), .standard = "/var/lib/followupd/followupd.db"},
	{.name = "start_on", .kind = OPTION_DAY, .offset = IN_POLICY(start_on), .standard = "none"},
	{.name = "listen", .kind = OPTION_OWN_LIST, .standard = "unix:/run/followupd/agent.sock 127.0.0.1:7379"},
	{.name = "socket_mode", .kind = OPTION_MODE, .offset = IN_POLICY(socket_mode), .high = 0777, .standard = "0660"},
	{.name = "log_facility", .kind = OPTION_TEXT, .offset = IN_POLICY(log_facility), .words = log_facilities, .standard = "daemon"},
	{.name = "log_level", .kind = OPTION_TEXT, .offset = IN_POLICY(log_level), .words = log_levels, .standard = "info"},
	{.name = "rules", .kind = OPTION_PATH, .offset = IN_POLICY(rules_folder), .standard = "rules.d"},
	{0},
};

static const struct option tls_options[] = {
	{.name = "certificate", .kind = OPTION_FOLDER, .offset = IN_POLICY(tls_certificate), .standard = "none"},
	{.name = "key", .kind = OPTION_FOLDER, .offset = IN_POLICY(tls_key), .standard = "none"},
	{.name = "client_ca", .kind = OPTION_FOLDER, .offset = IN_POLICY(tls_client_ca), .standard = "none"},
	{0},
};

static const struct option limits_options[] = {
	{.name = "sign_in", .kind = OPTION_DURATION, .offset = IN_POLICY(sign_in_seconds), .low = 1, .high = 3600, .standard = "10s"},
	{.name = "strangers", .kind = OPTION_SIZE, .offset = IN_POLICY(max_strangers), .low = 1, .high = 65536, .standard = "64"},
	{.name = "strangers_a_source",
		.kind = OPTION_SIZE,
		.offset = IN_POLICY(max_strangers_a_source),
		.low = 1,
		.high = 65536,
		.standard = "8"},
	{.name = "stranger_bytes",
		.kind = OPTION_SIZE,
		.offset = IN_POLICY(max_stranger_bytes),
		.low = 1024,
		.high = 65536,
		.standard = "16384"},
	{.name = "stranger_arguments",
		.kind = OPTION_SIZE,
		.offset = IN_POLICY(max_stranger_arguments),
		.low = 8,
		.high = 64,
		.standard = "10"},
	{.name = "stranger_output",
		.kind = OPTION_SIZE,
		.offset = IN_POLICY(max_stranger_output),
		.low = 256,
		.high = 65536,
		.standard = "1024"},
	{.name = "console_user", .kind = OPTION_TEXT, .offset = IN_POLICY(console_user), .standard = "followup-console"},
	{.name = "connections", .kind = OPTION_SIZE, .offset = IN_POLICY(max_connections), .low = 1, .high = 65536, .standard = "1024"},
	{.name = "request_bytes",
		.kind = OPTION_SIZE,
		.offset = IN_POLICY(max_request_bytes),
		.low = 1024,
		.high = 64L * 1024 * 1024,
		.standard = "65536"},
	{.name = "request_arguments",
		.kind = OPTION_SIZE,
		.offset = IN_POLICY(max_request_arguments),
		.low = 16,
		.high = 65536,
		.standard = "64"},
	{.name = "ahead_bytes",
		.kind = OPTION_SIZE,
		.offset = IN_POLICY(max_ahead_bytes),
		.low = 4096,
		.high = 1048576,
		.standard = "65536"},
	{.name = "output_bytes",
		.kind = OPTION_SIZE,
		.offset = IN_POLICY(max_output_bytes),
		.low = 65536,
		.high = 1024L * 1024 * 1024,
		.standard = "1048576"},
	{.name = "output_total",
		.kind = OPTION_SIZE,
		.offset = IN_POLICY(max_output_total),
		.low = 1048576,
		.high = 16L * 1024 * 1024 * 1024,
		.standard = "67108864"},
	{.name = "long_commands", .kind = OPTION_SIZE, .offset = IN_POLICY(long_commands_max), .low = 1, .high = 1024, .standard = "16"},
	{.name = "wal_limit",
		.kind = OPTION_SIZE,
		.offset = IN_POLICY(wal_limit_bytes),
		.low = 65536,
		.high = 16L * 1024 * 1024 * 1024,
		.standard = "50331648"},
	{.name = "idle", .kind = OPTION_IDLE, .offset = IN_POLICY(idle_seconds), .low = 1, .high = 30L * DAY_SECONDS, .standard = "none"},
	{0},
};

static const struct option calendar_options[] = {
	{.name = "folder", .kind = OPTION_PATH, .offset = IN_POLICY(calendar_folder), .standard = "calendar"},
	{.name = "feb29", .kind = OPTION_CHOICE, .offset = IN_POLICY(feb29_is_mar1), .words = feb29_words, .standard = "feb28"},
	{0},
};

static const struct option clients_options[] = {
	{.name = "tiers", .kind = OPTION_NAMES, .offset = IN_POLICY(tiers), .high = POLICY_TIERS_MAX - 1, .required = true},
	{.name = "key_tiers", .kind = OPTION_OWN_LIST, .standard = "diamond gold"},
	{.name = "infer_events", .kind = OPTION_SWITCH, .offset = IN_POLICY(infer_events), .standard = "no"},
	{0},
};

static const struct option events_options[] = {
	{.name = "kinds", .kind = OPTION_NAMES, .offset = IN_POLICY(event_kinds), .high = 1000, .required = true},
	{0},
};

static const struct option contacts_options[] = {
	{.name = "cap", .kind = OPTION_LIMIT, .offset = IN_POLICY(cap), .high = 1000, .standard = "2"},
	{.name = "window", .kind = OPTION_WORD, .offset = IN_POLICY(cap_window), .words = window_words, .standard = "quarter"},
	{.name = "reserve", .kind = OPTION_COUNT, .offset = IN_POLICY(reserve), .high = 1000, .standard = "1"},
	{.name = "greeting_priority", .kind = OPTION_COUNT, .offset = IN_POLICY(greeting_priority), .high = 1000, .standard = "5"},
	{.name = "min_gap", .kind = OPTION_DAYS, .offset = IN_POLICY(min_gap_days), .high = 366, .standard = "0"},
	{0},
};

static const struct option hand_out_options[] = {
	{.name = "calls_held", .kind = OPTION_COUNT, .offset = IN_POLICY(calls_held_max), .low = 1, .high = 100, .standard = "1"},
	{.name = "tries_a_day", .kind = OPTION_LIMIT, .offset = IN_POLICY(tries_a_day), .low = 1, .high = 100, .standard = "3"},
	{.name = "tries_in_all", .kind = OPTION_LIMIT, .offset = IN_POLICY(tries_in_all), .low = 1, .high = 1000, .standard = "5"},
	{.name = "day_parts", .kind = OPTION_OWN_LIST, .standard = "00:00 12:00 18:00"},
	{.name = "fallback_queue", .kind = OPTION_TEXT, .offset = IN_POLICY(fallback_queue), .standard = "service"},
	{.name = "break_codes", .kind = OPTION_OWN_LIST, .standard = "lunch meeting training rest"},
	{0},
};

static const struct option backup_options[] = {
	{.name = "folder", .kind = OPTION_FOLDER, .offset = IN_POLICY(backup_folder), .standard = "none"},
	{.name = "at", .kind = OPTION_CLOCK, .offset = IN_POLICY(backup_minute), .standard = "02:30"},
	{.name = "keep", .kind = OPTION_COUNT, .offset = IN_POLICY(backups_kept), .low = 1, .high = 3660, .standard = "14"},
	{0},
};

static const struct option metrics_options[] = {
	{.name = "textfile", .kind = OPTION_FOLDER, .offset = IN_POLICY(metrics_file), .standard = "none"},
	{.name = "interval",
		.kind = OPTION_DURATION,
		.offset = IN_POLICY(metrics_interval_seconds),
		.low = 1,
		.high = DAY_SECONDS,
		.standard = "30s"},
	{.name = "queues", .kind = OPTION_SIZE, .offset = IN_POLICY(metrics_queues_max), .low = 1, .high = 1000, .standard = "200"},
	{0},
};

static const struct option review_options[] = {
	{.name = "share", .kind = OPTION_COUNT, .offset = IN_POLICY(review_share_percent), .high = 100, .standard = "5"},
	{.name = "seed", .kind = OPTION_COUNT, .offset = IN_POLICY(review_seed), .high = 2000000000, .standard = "1"},
	{.name = "form", .kind = OPTION_OWN_LIST, .standard = "greeting listening verifying acting closing"},
	{.name = "score_max", .kind = OPTION_COUNT, .offset = IN_POLICY(review_score_max), .low = 1, .high = 100, .standard = "5"},
	{.name = "again", .kind = OPTION_DAYS, .offset = IN_POLICY(review_again_days), .high = 366, .standard = "7d"},
	{.name = "lease",
		.kind = OPTION_DURATION,
		.offset = IN_POLICY(review_lease_seconds),
		.low = 60,
		.high = 7L * DAY_SECONDS,
		.standard = "60min"},
	{0},
};

static const struct option record_options[] = {
	{.name = "keep", .kind = OPTION_TERM, .offset = IN_POLICY(record_keep_months), .low = 1, .high = 1200, .standard = "20y"},
	{.name = "then", .kind = OPTION_CHOICE, .offset = IN_POLICY(record_erase), .words = then_words, .standard = "seal"},
	{0},
};

static const struct option channel_options[] = {
	{.name = "kind", .kind = OPTION_WORD, .offset = IN_CHANNEL(kind), .words = channel_kind_words, .required = true},
	{.name = "address", .kind = OPTION_WORD, .offset = IN_CHANNEL(address), .words = address_words, .required = true},
	{.name = "on", .kind = OPTION_SWITCH, .offset = IN_CHANNEL(on), .standard = "yes"},
	{0},
};

static const struct option queue_options[] = {
	{.name = "hours", .kind = OPTION_HOURS, .standard = "Mon 14:30-17:00; Tue-Thu 09:30-11:00, 15:00-17:00; Fri 09:30-11:00"},
	{.name = "work_days_only", .kind = OPTION_SWITCH, .offset = IN_QUEUE(hours.work_days_only), .standard = "yes"},
	{.name = "lease",
		.kind = OPTION_DURATION,
		.offset = IN_QUEUE(lease_seconds),
		.low = 10,
		.high = 7L * DAY_SECONDS,
		.standard = "15min"},
	{.name = "capacity", .kind = OPTION_LIMIT, .offset = IN_QUEUE(capacity), .low = 0, .high = 1000000},
	{0},
};

static const struct option disposition_options[] = {
	{.name = "effect", .kind = OPTION_WORD, .offset = IN_DISPOSITION(effect), .words = effect_words, .required = true},
	{.name = "retry", .kind = OPTION_DURATION, .offset = IN_DISPOSITION(retry_seconds), .low = 1, .high = 30L * DAY_SECONDS},
	{.name = "messages", .kind = OPTION_SWITCH, .offset = IN_DISPOSITION(bulk), .standard = "no"},
	{.name = "attorney", .kind = OPTION_SWITCH, .offset = IN_DISPOSITION(attorney), .standard = "no"},
	{0},
};

static const struct option festival_options[] = {
	{.name = "solar", .kind = OPTION_OWN},
	{.name = "lunar", .kind = OPTION_OWN},
	{.name = "priority", .kind = OPTION_COUNT, .offset = IN_FESTIVAL(priority), .low = 1, .high = 999, .standard = "7"},
	{.name = "everywhere", .kind = OPTION_SWITCH, .offset = IN_FESTIVAL(everywhere), .standard = "yes"},
	{0},
};

static const struct option branch_options[] = {
	{.name = "adds", .kind = OPTION_NAMES, .offset = IN_BRANCH(adds), .high = 1000},
	{.name = "removes", .kind = OPTION_NAMES, .offset = IN_BRANCH(removes), .high = 1000},
	{0},
};

static const struct option client_field_options[] = {
	{.name = "type", .kind = OPTION_WORD, .offset = IN_CLIENT_FIELD(type), .words = type_words, .required = true},
	{0},
};

static const struct option rule_options[] = {
	{.name = "on", .kind = OPTION_SWITCH, .offset = IN_RULE(on), .standard = "yes"},
	{.name = "family", .kind = OPTION_NAME, .offset = IN_RULE(family)},
	{.name = "trigger", .kind = OPTION_WORD, .offset = IN_RULE(trigger), .words = trigger_words, .required = true},
	{.name = "events", .kind = OPTION_NAMES, .offset = IN_RULE(events), .high = 100},
	{.name = "festivals", .kind = OPTION_NAMES, .offset = IN_RULE(festivals), .high = 1000},
	{.name = "after", .kind = OPTION_OFFSET, .offset = IN_RULE(after)},
	{.name = "amount", .kind = OPTION_MONEY, .offset = IN_RULE(outflow_amount)},
	{.name = "percent", .kind = OPTION_PERCENT, .offset = IN_RULE(outflow_percent), .low = 1, .high = 100, .standard = "none"},
	{.name = "percent_amount", .kind = OPTION_MONEY, .offset = IN_RULE(outflow_percent_min), .standard = "0"},
	{.name = "date", .kind = OPTION_OWN},
	{.name = "steps", .kind = OPTION_OWN_LIST},
	{.name = "every", .kind = OPTION_OWN_LIST},
	{.name = "repeat", .kind = OPTION_DAYS, .offset = IN_RULE(repeat_days), .low = 1, .high = 366},
	{.name = "repeat_for", .kind = OPTION_DAYS, .offset = IN_RULE(repeat_for_days), .low = 0, .high = 366},
	{.name = "field", .kind = OPTION_OWN},
	{.name = "share", .kind = OPTION_COUNT, .offset = IN_RULE(share_percent), .low = 1, .high = 100},
	{.name = "seed", .kind = OPTION_COUNT, .offset = IN_RULE(seed), .low = 0, .high = 2000000000},
	{.name = "tiers", .kind = OPTION_OWN_LIST, .standard = "all"},
	{.name = "where", .kind = OPTION_TEXT, .offset = IN_RULE(where)},
	{.name = "opens", .kind = OPTION_OFFSET, .offset = IN_RULE(opens), .required = true},
	{.name = "due", .kind = OPTION_OFFSET, .offset = IN_RULE(due), .required = true},
	{.name = "roll", .kind = OPTION_WORD, .offset = IN_RULE(roll), .words = roll_words, .standard = "none"},
	{.name = "channels", .kind = OPTION_OWN_LIST, .required = true},
	{.name = "queue", .kind = OPTION_TEXT, .offset = IN_RULE(queue)},
	{.name = "widen", .kind = OPTION_OWN_LIST},
	{.name = "priority", .kind = OPTION_COUNT, .offset = IN_RULE(priority), .low = 1, .high = 999},
	{.name = "late", .kind = OPTION_WORD, .offset = IN_RULE(late), .words = late_words, .required = true},
	{.name = "max_late", .kind = OPTION_DAYS, .offset = IN_RULE(max_late_days), .high = 3660, .standard = "30d"},
	{.name = "stops_on", .kind = OPTION_NAMES, .offset = IN_RULE(stops_on), .high = 100},
	{.name = "class", .kind = OPTION_WORD, .offset = IN_RULE(class), .words = class_words, .standard = "counted"},
	{.name = "duty", .kind = OPTION_SWITCH, .offset = IN_RULE(duty), .standard = "no"},
	{.name = "early", .kind = OPTION_DAYS, .offset = IN_RULE(early_days), .high = 366, .standard = "0"},
	{.name = "recuse", .kind = OPTION_OWN_LIST},
	{.name = "exclude_roles", .kind = OPTION_NAMES, .offset = IN_RULE(exclude_roles), .high = 100},
	{.name = "script", .kind = OPTION_TEXT, .offset = IN_RULE(script)},
	{.name = "form", .kind = OPTION_NAMES, .offset = IN_RULE(form), .high = 32},
	{.name = "hours", .kind = OPTION_HOURS, .standard = "none"},
	{.name = "work_days_only", .kind = OPTION_SWITCH, .offset = IN_RULE(hours.work_days_only), .standard = "yes"},
	{0},
};

static const struct option console_options[] = {
	{.name = "listen", .kind = OPTION_TEXT, .offset = IN_CONSOLE(listen), .standard = "127.0.0.1:7381"},
	{.name = "daemon", .kind = OPTION_TEXT, .offset = IN_CONSOLE(daemon), .standard = "unix:/run/followupd/agent.sock"},
	{.name = "address", .kind = OPTION_TEXT, .offset = IN_CONSOLE(address), .standard = "none"},
	{.name = "behind_proxy", .kind = OPTION_SWITCH, .offset = IN_CONSOLE(behind_proxy), .standard = "no"},
	{.name = "certificate", .kind = OPTION_FOLDER, .offset = IN_CONSOLE(certificate), .standard = "none"},
	{.name = "key", .kind = OPTION_FOLDER, .offset = IN_CONSOLE(key), .standard = "none"},
	{.name = "log_facility", .kind = OPTION_TEXT, .offset = IN_CONSOLE(log_facility), .words = log_facilities, .standard = "daemon"},
	{.name = "log_level", .kind = OPTION_TEXT, .offset = IN_CONSOLE(log_level), .words = log_levels, .standard = "info"},
	{.name = "connections", .kind = OPTION_SIZE, .offset = IN_CONSOLE(connections), .low = 8, .high = 16384, .standard = "1024"},
	{.name = "connections_a_source",
		.kind = OPTION_LIMIT,
		.offset = IN_CONSOLE(connections_a_source),
		.low = 1,
		.high = 16384,
		.standard = "none"},
	{.name = "request_bytes",
		.kind = OPTION_SIZE,
		.offset = IN_CONSOLE(request_bytes),
		.low = 1024,
		.high = 64L * 1024 * 1024,
		.standard = "131072"},
	{0},
};

static const struct option sessions_options[] = {
	{.name = "most", .kind = OPTION_SIZE, .offset = IN_CONSOLE(sessions_most), .low = 1, .high = 16384, .standard = "256"},
	{.name = "an_agent", .kind = OPTION_SIZE, .offset = IN_CONSOLE(sessions_an_agent), .low = 1, .high = 64, .standard = "4"},
	{.name = "idle",
		.kind = OPTION_DURATION,
		.offset = IN_CONSOLE(idle_seconds),
		.low = 1,
		.high = 7L * DAY_SECONDS,
		.standard = "30min"},
	{.name = "lifetime",
		.kind = OPTION_DURATION,
		.offset = IN_CONSOLE(lifetime_seconds),
		.low = 1,
		.high = 7L * DAY_SECONDS,
		.standard = "12h"},
	{0},
};

const struct section_kind section_kinds[SECTION_COUNT] = {
	[SECTION_DAEMON] = {"daemon", HOME_MAIN, false, daemon_options},
	[SECTION_TLS] = {"tls", HOME_MAIN, false, tls_options},
	[SECTION_LIMITS] = {"limits", HOME_MAIN, false, limits_options},
	[SECTION_CALENDAR] = {"calendar", HOME_MAIN, false, calendar_options},
	[SECTION_CLIENTS] = {"clients", HOME_MAIN, false, clients_options},
	[SECTION_EVENTS] = {"events", HOME_MAIN, false, events_options},
	[SECTION_CONTACTS] = {"contacts", HOME_MAIN, false, contacts_options},
	[SECTION_HAND_OUT] = {"hand_out", HOME_MAIN, false, hand_out_options},
	[SECTION_BACKUP] = {"backup", HOME_MAIN, false, backup_options},
	[SECTION_METRICS] = {"metrics", HOME_MAIN, false, metrics_options},
	[SECTION_REVIEW] = {"review", HOME_MAIN, false, review_options},
	[SECTION_RECORD] = {"record", HOME_MAIN, false, record_options},
	[SECTION_CHANNEL] = {"channel", HOME_MAIN, true, channel_options},
	[SECTION_QUEUE] = {"queue", HOME_MAIN, true, queue_options},
	[SECTION_DISPOSITION] = {"disposition", HOME_MAIN, true, disposition_options},
	[SECTION_FESTIVAL] = {"festival", HOME_MAIN, true, festival_options},
	[SECTION_BRANCH] = {"branch", HOME_MAIN, true, branch_options},
	[SECTION_CLIENT_FIELD] = {"client_field", HOME_MAIN, true, client_field_options},
	[SECTION_RULE] = {"rule", HOME_RULES, true, rule_options},
	[SECTION_CONSOLE] = {"console", HOME_CONSOLE, false, console_options},
	[SECTION_SESSIONS] = {"sessions", HOME_CONSOLE, false, sessions_options},
};

const char *option_word(enum section_name section, const char *setting, int number)
{
	for (const struct option *option = section_kinds[section].options; option->name != NULL; option++) {
		if (strcmp(option->name, setting) != 0)
			continue;
		for (const struct option_word *word = option->words; word != NULL && word->text != NULL; word++)
			if (word->number == number)
				return word->text;
	}
	return NULL;
}
