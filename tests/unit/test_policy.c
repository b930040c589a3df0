/* test_policy.c - broken configurations are refused with every mistake, each in its place; good ones mean what they say. Runs from the root of the tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "followup/policy_check.h"
#include "followup/policy_option.h"
#include "policy_heard.h"

/* --- Configurations made here ------------------------------------------------------------------ */

/* All on line 1, so that what a case adds begins on line 2. %s: the shipped calendars. */
static const char base[] =
	"calendar { folder = \"%s\" } clients { tiers = {\"gold\", \"plain\"} }"
	" events { kinds = {\"account_opened\", \"account_closed\", \"account_reopened\", \"trade\", \"void\", \"odd\"} }"
	" channel phone { kind = talk address = phone } channel sms { kind = bulk address = phone }"
	" channel visit { kind = talk address = none on = no }"
	" festival new-year { solar = 1-1 } festival qixi { lunar = 7-7 everywhere = no }"
	" disposition reached { effect = contact } disposition sent { effect = contact messages = yes }\n";

/* What a rule needs besides. */
#define REST " opens = 0 due = 1d channels = {\"phone\"} queue = service priority = 1 late = keep }"
#define GOOD "rule good { trigger = event events = {\"odd\"}" REST "\n"

struct bad_case {
	const char *main;  /* behind base, from line 2 */
	const char *rules; /* rules.d/a.conf; NULL: GOOD */
	const char *heard; /* every complaint */
};

static const struct bad_case bad_cases[] = {
	/* Values. */
	{"contacts { cap = -1 }", NULL, "followupd.conf:2: cap: '-1' will not do: it takes a number from 0 to 1000, or none\n"},
	{"contacts {\n\n reserve = none }", NULL, "followupd.conf:4: reserve: 'none' will not do: it takes a number from 0 to 1000\n"},
	{"contacts { window = month }", NULL, "followupd.conf:2: window: 'month' will not do: it takes one of quarter, rolling\n"},
	{"contacts { min_gap = 3wd }", NULL,
		"followupd.conf:2: min_gap: '3wd' will not do: it takes calendar days like 0, 7d or 2w, at most 366d\n"},
	{"contacts { cap = {1, 2} }", NULL, "followupd.conf:2: 'cap' takes one value, not 2\n"},
	{"contacts { cap = {} }", NULL, "followupd.conf:2: 'cap' takes one value, not 0\n"},
	{"contacts { cap = 1\n cap = 2 }", NULL,
		"followupd.conf:2: 'cap' takes one value, not 2\nfollowupd.conf:3: 'cap' was already set on line 2\n"},
	{"limits { connections = 70000\n idle = 0s\n request_bytes = 12 }", NULL,
		"followupd.conf:2: connections: '70000' will not do: it takes a number from 1 to 65536\n"
		"followupd.conf:3: idle: '0s' will not do: it takes a time like 90s, 15min, 2h or 1d, from 1s to 30d, or none\n"
		"followupd.conf:4: request_bytes: '12' will not do: it takes a number from 1024 to 67108864\n"},
	{"daemon { time_zone = Asia/Shangai\n start_on = 2026-02-30\n socket_mode = 0880\n log_level = loud\n}", NULL,
		"followupd.conf:2: time_zone: 'Asia/Shangai' is not known on this machine; it takes a name like Asia/Shanghai\n"
		"followupd.conf:3: start_on: '2026-02-30' will not do: it takes a day like 2026-01-31, or none\n"
		"followupd.conf:4: socket_mode: '0880' will not do: it takes an octal mode like 0660\n"
		"followupd.conf:5: log_level: 'loud' will not do: it takes one of error, warning, notice, info, debug\n"},
	{"daemon { listen = {\"0.0.0.0:1\",\n \"[::2]:1\", \"127.0.0.1:70000\",\n\"unix:\", \"[::1]:1\", \"[::1]:1\", \"localhost:5\"} }",
		NULL,
		"followupd.conf:2: listen: '0.0.0.0:1' will not do: only this machine itself may connect without TLS (tls:ADDRESS:PORT): "
		"it takes an address "
		"like "
		"127.0.0.1 or [::1]\n"
		"followupd.conf:3: listen: '[::2]:1' will not do: only this machine itself may connect without TLS (tls:ADDRESS:PORT): it "
		"takes an address "
		"like "
		"127.0.0.1 or [::1]\n"
		"followupd.conf:3: listen: '127.0.0.1:70000' will not do: it takes unix:/path, or an address and a port like "
		"127.0.0.1:7379, "
		"[::1]:7379 or tls:0.0.0.0:7380\n"
		"followupd.conf:4: listen: 'unix:' will not do: the path of a socket is too long or not there\n"
		"followupd.conf:4: listen: '[::1]:1' will not do: it stands twice\n"
		"followupd.conf:4: listen: 'localhost:5' will not do: it takes unix:/path, or an address and a port like 127.0.0.1:7379, "
		"[::1]:7379 or tls:0.0.0.0:7380\n"},
	{"hand_out { day_parts = {\"00:00\", \"12:00\", \"11:00\"}\n fallback_queue = \"manager/*\" calls_held = 0 }", NULL,
		"followupd.conf:2: day_parts: '11:00' will not do: it takes at most 8 ascending times like 12:00, the first of them 00:00\n"
		"followupd.conf:3: calls_held: '0' will not do: it takes a number from 1 to 100\n"
		"followupd.conf:3: fallback_queue: 'manager/*' is not a queue's name\n"},
	/* Sections. */
	{"clients { tiers = {\"x\"} }", NULL, "followupd.conf:2: section 'clients' stands already at followupd.conf:1\n"},
	{"channel sms { kind = bulk address = none }", NULL, "followupd.conf:2: channel 'sms' stands already at followupd.conf:1\n"},
	{"client_field tier { type = text }\nclient_field Segment { type = text }\nclient_field not { type = day }\nclient_field a { type "
	 "= "
	 "date }\nclient_field a { type = day }\nclient_field b { }\nclient_field next_on { type = day }",
		NULL,
		"followupd.conf:2: client_field 'tier': a field's name has lower-case letters, digits and _ only, begins with a letter, "
		"and is no "
		"column or word that means something already\n"
		"followupd.conf:3: client_field 'Segment': a field's name has lower-case letters, digits and _ only, begins with a letter, "
		"and is "
		"no column or word that means something already\n"
		"followupd.conf:4: client_field 'not': a field's name has lower-case letters, digits and _ only, begins with a letter, and "
		"is no "
		"column or word that means something already\n"
		"followupd.conf:5: type: 'date' will not do: it takes one of text, number, day\n"
		"followupd.conf:6: client_field 'a' stands already at followupd.conf:5\n"
		"followupd.conf:7: client_field 'b': 'type' is missing\n"
		"followupd.conf:8: client_field 'next_on': a field's name has lower-case letters, digits and _ only, begins with a letter, "
		"and is "
		"no column or word that means something already\n"},
	{"client_field segment { type = text }\nclient_field passport_on { type = day }",
		"rule a { trigger = expiry field = passport_on where = \"segment = 5\"" REST
		"\nrule b { trigger = expiry field = segment where = "
		"\"passport_on < 'soon'\"" REST "\nrule c { trigger = expiry field = visa_on where = \"colour = 'red'\"" REST,
		"rules.d/a.conf:1: where: '5' where a text in 'single quotes' is wanted\n"
		"rules.d/a.conf:2: where: 'soon' where a day like '2026-01-31' is wanted\n"
		"rules.d/a.conf:2: field: 'segment' will not do: it takes id_expires_on, risk_test_expires_on, or a client_field of type "
		"day\n"
		"rules.d/a.conf:3: where: 'colour' where a field of the client or the fact is wanted\n"
		"rules.d/a.conf:3: field: 'visa_on' will not do: it takes id_expires_on, risk_test_expires_on, or a client_field of type "
		"day\n"},
	{"channel Fax { address = none }\nchannel none { kind = talk address = fax }", NULL,
		"followupd.conf:2: channel 'Fax': a name has lower-case letters, digits, - and _ only, and at most 64 of them\n"
		"followupd.conf:2: channel 'Fax': 'kind' is missing\n"
		"followupd.conf:3: channel 'none': this word means something else\n"
		"followupd.conf:3: address: 'fax' will not do: it takes one of phone, email, none\n"},
	{"queue sms { hours = always }\nqueue \"a b\" {}\nqueue \"*/x\" {}\nqueue x { hours = none }\nqueue x { }\nqueue y { hours = \"Mon "
	 "9\" lease = 1s }",
		NULL,
		"followupd.conf:2: queue 'sms': a queue of messages is always open and has no hours\n"
		"followupd.conf:3: queue 'a b': a queue is named like service, branch/SH01 or branch/*\n"
		"followupd.conf:4: queue '*/x': a queue is named like service, branch/SH01 or branch/*\n"
		"followupd.conf:5: hours: 'none' will not do: it takes always, closed, or something like \"Mon 14:30-17:00; Tue-Thu "
		"09:30-11:00, "
		"15:00-17:00\"\n"
		"followupd.conf:6: queue 'x' stands already at followupd.conf:5\n"
		"followupd.conf:7: lease: '1s' will not do: it takes a time like 90s, 15min, 2h or 1d, from 10s to 7d\n"
		"followupd.conf:7: hours: 'Mon 9' will not do: it takes always, closed, or something like \"Mon 14:30-17:00; Tue-Thu "
		"09:30-11:00, "
		"15:00-17:00\"\n"},
	{"festival a { }\nfestival b { solar = 2-29 }\nfestival c { lunar = 7-31 }\nfestival d { solar = 1-1 lunar = 1-1 }\nfestival qixi "
	 "{ solar = 7-7 }",
		NULL,
		"followupd.conf:2: festival 'a': it takes either 'solar' or 'lunar'\n"
		"followupd.conf:3: solar: '2-29' will not do: it takes month and day of every year, like 8-15\n"
		"followupd.conf:4: lunar: '7-31' will not do: it takes month and day of every year, like 8-15\n"
		"followupd.conf:5: festival 'd': it takes either 'solar' or 'lunar'\n"
		"followupd.conf:6: festival 'qixi' stands already at followupd.conf:1\n"},
	{"branch SH01 { adds = {\"qixi\",\n \"new-year\", \"easter\"} removes = {\"qixi\"} }\nbranch SH01 {}", NULL,
		"followupd.conf:3: warning: adds: 'new-year' is kept everywhere anyway, so this changes nothing\n"
		"followupd.conf:3: adds: no festival 'easter'\n"
		"followupd.conf:3: warning: removes: 'qixi' is kept only where it is added, so this changes nothing\n"
		"followupd.conf:4: branch 'SH01' stands already at followupd.conf:2\n"},
	{"disposition again { effect = retry }\ndisposition done { effect = contact retry = 1h }", NULL,
		"followupd.conf:2: disposition 'again': 'retry' is missing: after how long to try again\n"
		"followupd.conf:3: 'retry' goes with effect = retry only\n"},
	{"disposition a { effect = retry  retry = 2h  attorney = yes }\ndisposition b { effect = contact  messages = yes  attorney = yes }",
		NULL,
		"followupd.conf:2: 'attorney' goes with a contact in which somebody talks: effect = contact, and no messages\n"
		"followupd.conf:3: 'attorney' goes with a contact in which somebody talks: effect = contact, and no messages\n"},
	/* Unknown names: all of them. */
	{"color = red\npaint { color = red }\npaint wall { color = {red, blue} }\nlimits { speed = 1 # none\n sound = {1, # one\n 2} }",
		NULL,
		"followupd.conf:2: unknown name 'color'; there is no such section\n"
		"followupd.conf:3: unknown name 'paint'; there is no such section\n"
		"followupd.conf:3: missing title for section 'paint'\n"},
	{"paint wall { color = {red, blue} }\nlimits { speed = 1 # none\n sound = {1, # one\n 2} }\n/* two\nlines */ noise = 1", NULL,
		"followupd.conf:2: unknown name 'paint'; there is no such section\n"
		"followupd.conf:3: unknown setting 'speed' in a section 'limits'\n"
		"followupd.conf:4: unknown setting 'sound' in a section 'limits'\n"
		"followupd.conf:7: unknown name 'noise'; there is no such section\n"},
	{"root { x = 1 }", NULL, "followupd.conf:2: unknown section 'root'; nothing after it was read\n"},
	/* Syntax: the first in each file, and what was read before it. */
	{"contacts { cap = x }\nlimits {\n connections 5 }", "rule a {\n trigger = event\n due = \"1d }\n" GOOD,
		"followupd.conf:2: cap: 'x' will not do: it takes a number from 0 to 1000, or none\n"
		"followupd.conf:4: missing equal sign after option 'connections'\n"
		"rules.d/a.conf:3: a quotation is not closed on the line on which it begins\n"},
	{"limits {\n connections = 5\n", NULL, "followupd.conf:2: the file ends inside the section 'limits' that begins here\n"},
	{"/* to the end\n", NULL, "followupd.conf:2: a comment that begins here is not closed\n"},
	{"limits { \"\" = 5 }", NULL, "followupd.conf:2: this cannot be understood\n"},
	{"limits { connections =", NULL, "followupd.conf:3: unexpected token '='\n"},
	{"}", NULL, "followupd.conf:2: unexpected closing brace\n"},
	/* Rules. */
	{"rule a { }", "limits { }\n" GOOD,
		"followupd.conf:2: a section 'rule' does not belong in this file; it belongs in a file of the rules folder\n"
		"followupd.conf:2: rule 'a': 'trigger' is missing\n"
		"followupd.conf:2: rule 'a': 'opens' is missing\n"
		"followupd.conf:2: rule 'a': 'due' is missing\n"
		"followupd.conf:2: rule 'a': 'channels' is missing\n"
		"followupd.conf:2: rule 'a': 'late' is missing\n"
		"rules.d/a.conf:1: a section 'limits' does not belong in this file; it belongs in the main file\n"},
	{"", GOOD "# and\n" GOOD, "rules.d/a.conf:3: rule 'good' stands already at rules.d/a.conf:1\n"},
	{"", "rule a { trigger = event events = {\"odd\",\n \"even\", \"odd\", \"Odd\"}\n stops_on = {trade, sale} where = \"x\"" REST,
		"rules.d/a.conf:2: 'odd' stands twice in 'events'\n"
		"rules.d/a.conf:2: events: 'Odd' will not do: it takes a name of lower-case letters, digits, - and _\n"
		"rules.d/a.conf:2: events: no event kind 'even'\n"
		"rules.d/a.conf:2: events: no event kind 'Odd'\n"
		"rules.d/a.conf:3: where: 'x' where a field of the client or the fact is wanted\n"
		"rules.d/a.conf:3: stops_on: no event kind 'sale'\n"},
	{"",
		"rule a { trigger = event" REST "\nrule b { trigger = dormant events = {odd}" REST
		"\nrule c { trigger = festival festivals = {xmas}" REST,
		"rules.d/a.conf:1: rule 'a': trigger = event needs 'events'\n"
		"rules.d/a.conf:2: 'events' does not go with trigger = dormant\n"
		"rules.d/a.conf:2: rule 'b': trigger = dormant needs 'after'\n"
		"rules.d/a.conf:3: 'priority' does not go with trigger = festival: each festival has its own\n"
		"rules.d/a.conf:3: festivals: no festival 'xmas'\n"},
	{"", "rule a { trigger = dormant after = -6m" REST "\nrule b { trigger = outflow percent = 0" REST,
		"rules.d/a.conf:1: 'after' must be a time after, like 6m\n"
		"rules.d/a.conf:2: percent: '0' will not do: it takes a number from 1 to 100, or none\n"
		"rules.d/a.conf:2: rule 'b': no event kind 'asset_outflow'\n"
		"rules.d/a.conf:2: rule 'b': trigger = outflow needs 'amount'\n"},
	{"",
		"rule a { trigger = sometimes tiers = {gold, iron} recuse = {aunt}\n widen = {service, \"manager/M1 1d\", \"x/* 1h\", "
		"\"sms 1h\"} class = first" REST,
		"rules.d/a.conf:1: trigger: 'sometimes' will not do: it takes one of event, outflow, manager-departed, dormant, birthday, "
		"festival, anniversary, yearly, series, urge, expiry, cadence, promise, sample\n"
		"rules.d/a.conf:1: tiers: 'iron' is not one of the tiers, and not all, key, other or none\n"
		"rules.d/a.conf:1: recuse: 'aunt' will not do: it takes introducer, manager, or both\n"
		"rules.d/a.conf:2: class: 'first' will not do: it takes one of counted, exempt, free\n"
		"rules.d/a.conf:2: widen: 'service' will not do: it takes a queue and the time after which an untaken call moves there, "
		"like "
		"\"service 1d\"\n"
		"rules.d/a.conf:2: widen: 'x/* 1h' will not do: it takes a queue and the time after which an untaken call moves there, "
		"like "
		"\"service 1d\"\n"
		"rules.d/a.conf:2: widen: 'sms 1h' will not do: it takes a queue and the time after which an untaken call moves there, "
		"like "
		"\"service 1d\"\n"},
	{"",
		"rule a { trigger = birthday opens = 2d due = 1d channels = {sms} queue = sms priority = 0 late = drop max_late = 3d }\n"
		"rule b { trigger = birthday opens = 0 due = 1x channels = {phone, fax, phone} priority = 1 late = maybe tiers = {} }\n"
		"rule c { trigger = birthday opens = 5wd due = 1m channels = {} queue = x priority = 1 late = keep work_days_only = no }\n"
		"rule d { trigger = birthday opens = 5w due = 1m channels = {phone} queue = sms priority = 1 late = keep hours = \"Mon\" "
		"}\n"
		"rule e { trigger = birthday opens = 1m due = 1wd channels = {phone} queue = \"desk/*\" priority = 1 late = keep }\n",
		"rules.d/a.conf:1: priority: '0' will not do: it takes a number from 1 to 999\n"
		"rules.d/a.conf:1: 'queue' is for calls; this rule has messages only, and they wait on the queue of their channel\n"
		"rules.d/a.conf:1: 'due' lies before 'opens'\n"
		"rules.d/a.conf:1: 'max_late' goes with late = keep only\n"
		"rules.d/a.conf:2: due: '1x' will not do: it takes days like 0, -3d, 2w, 6m, 5wd (work days) or 2td (trading days)\n"
		"rules.d/a.conf:2: late: 'maybe' will not do: it takes one of keep, drop\n"
		"rules.d/a.conf:2: channels: no channel 'fax'\n"
		"rules.d/a.conf:2: channels: 'phone' stands twice\n"
		"rules.d/a.conf:2: rule 'b': 'queue' is missing: where its calls wait\n"
		"rules.d/a.conf:2: 'tiers' must not be empty; leave it out, or say all, for everybody\n"
		"rules.d/a.conf:3: 'work_days_only' goes with 'hours' of the rule's own\n"
		"rules.d/a.conf:3: 'channels' must not be empty\n"
		"rules.d/a.conf:4: queue: 'sms' is a queue of messages; no agent calls from there\n"
		"rules.d/a.conf:4: hours: 'Mon' will not do: it takes none, always, closed, or something like \"Mon-Sun 08:00-21:00\"\n"
		"rules.d/a.conf:5: queue: 'desk/*' will not do: it takes a queue's name, manager/* or branch/*\n"
		"rules.d/a.conf:5: 'due' lies before 'opens'\n"},
	{"",
		"rule b { family = f trigger = birthday" REST "\nrule a { family = f trigger = birthday tiers = {gold}" REST
		"\nrule c { family = f trigger = dormant after = 1m on = no" REST,
		"rules.d/a.conf:1: rule 'b' and rule 'a' at rules.d/a.conf:2 are of one family and fit the same tier; switch one off or "
		"divide the tiers\n"
		"rules.d/a.conf:3: rule 'c' shares the family 'f' with 'a' at rules.d/a.conf:2, but not its trigger\n"
		"rules.d/a.conf:3: rule 'c' shares the family 'f' with 'b' at rules.d/a.conf:1, but not its trigger\n"},
};

/* These can be used, but are warned of. */
static const struct bad_case odd_cases[] = {
	{"queue service { hours = closed }", NULL,
		"rules.d/a.conf:1: warning: rule 'good': its queue 'service' has no calling hours, so its calls are never made\n"},
	{"contacts { cap = 0 }", NULL, "rules.d/a.conf:1: warning: rule 'good' never gets a contact: the cap is 0\n"},
	{"contacts { cap = 1 reserve = 1 }", "rule a { trigger = festival opens = 0 due = 0 channels = {sms} late = drop }",
		"rules.d/a.conf:1: warning: rule 'a' never gets a contact: a cap of 1 with a reserve of 1 leaves greetings none\n"},
	{"", "rule a { trigger = dormant after = 1m opens = 0 due = 0 channels = {visit} queue = service priority = 1 late = drop }",
		"rules.d/a.conf:1: warning: rule 'a' reaches nobody: all its channels are off\n"},
	{"contacts { cap = 2 reserve = 1 }",
		"rule a { trigger = cadence every = {\"gold 1m\", \"other 3m\"} opens = 0 due = 0 channels = {phone} queue = service "
		"priority "
		"= 8 late = drop }",
		"rules.d/a.conf:1: warning: rule 'a' wants up to 3 contacts of a client in a quarter, but the cap leaves it 1\n"},
	{"contacts { cap = 2 reserve = 1 }",
		"rule a { trigger = cadence every = {\"other 3m\"} opens = 0 due = 0 channels = {phone} queue = service priority = 8 late "
		"= drop "
		"}",
		""},
	{"", "# nothing\n", "followupd.conf:0: warning: no rules in rules.d, so nothing is followed up\n"},
	{"queue \"branch/*\" { hours = closed }",
		"rule a { trigger = birthday opens = 0 due = 0 channels = {phone} queue = \"manager/*\" widen = {\"branch/* 1d\"} priority "
		"= 1 late = drop }",
		"rules.d/a.conf:1: warning: rule 'a': its queue 'branch/*' has no calling hours, so its calls are never made\n"},
	{"# fine", NULL, ""},
	{"", "\xef\xbb\xbf" GOOD, ""},
	{"", "rule a { trigger = event events = odd hours = closed" REST,
		"rules.d/a.conf:1: warning: rule 'a' has no calling hours, so its calls are never made\n"},
};

static char made[] = "/tmp/test-policy-XXXXXX";
static char made_main[64], made_rules[64], calendars[4096];

static int make_folder(void **state)
{
	char path[64];
	(void)state;
	if (mkdtemp(made) == NULL || realpath("conf/calendar", calendars) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/rules.d", made);
	snprintf(made_main, sizeof made_main, "%s/followupd.conf", made);
	snprintf(made_rules, sizeof made_rules, "%s/rules.d/a.conf", made);
	return mkdir(path, 0700);
}

static int remove_folder(void **state)
{
	char path[64];
	(void)state;
	unlink(made_main);
	unlink(made_rules);
	snprintf(path, sizeof path, "%s/rules.d", made);
	rmdir(path);
	return rmdir(made);
}

static void write_file(const char *path, const char *text, size_t length)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

/* Loads what a case describes and compares every complaint. */
static int load_case(const struct bad_case *bad, struct policy **policy)
{
	static struct heard heard;
	char text[16384];
	int length = snprintf(text, sizeof text, base, calendars);
	length += snprintf(text + length, sizeof text - (size_t)length, "%s", bad->main);
	write_file(made_main, text, (size_t)length);
	const char *rules = bad->rules == NULL ? GOOD : bad->rules;
	write_file(made_rules, rules, strlen(rules));
	heard.folder = made;
	heard.text[0] = '\0';
	int result = policy_load(made_main, hear, &heard, policy);
	/* The folder stands inside some texts, too. */
	char shown[HEARD_SIZE];
	size_t used = 0;
	for (const char *at = heard.text; *at != '\0';) {
		if (strncmp(at, made, strlen(made)) == 0 && at[strlen(made)] == '/')
			at += strlen(made) + 1;
		else
			shown[used++] = *at++;
	}
	shown[used] = '\0';
	if (strcmp(shown, bad->heard) != 0)
		fail_msg("main:\n%s\nrules:\n%s\ncomplaints:\n%s\nexpected:\n%s", bad->main, rules, shown, bad->heard);
	return result;
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad_cases / sizeof *bad_cases; i++) {
		struct policy *untouched = (struct policy *)&made;
		int result = load_case(&bad_cases[i], &untouched);
		assert_int_equal(result, ERR_INVALID);
		assert_ptr_equal(untouched, &made);
	}
}

static void test_odd(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof odd_cases / sizeof *odd_cases; i++) {
		struct policy *policy = NULL;
		assert_int_equal(load_case(&odd_cases[i], &policy), 0);
		assert_non_null(policy);
		policy_free(policy);
	}
}

static void test_values(void **state)
{
	static const struct bad_case good = {
		"contacts { cap = none window = rolling }\nhand_out { tries_a_day = none }\nlimits { idle = 90s }\n"
		"daemon { start_on = 2025-01-01 database = x.db listen = \"unix:x.sock\" }\n"
		"branch SH01 { adds = {qixi} removes = {new-year} }\nqueue \"branch/*\" { hours = always lease = 1h }\n"
		"queue branch/SH01 { hours = closed }",
		"rule a { trigger = event events = odd opens = -1w due = \"+2td\" channels = {sms, phone} queue = \"branch/*\" priority = "
		"1\n"
		" late = keep max_late = 2w early = 7d hours = \"Sun 08:00-21:00\" work_days_only = no recuse = manager tiers = {none, "
		"plain} }\n"
		"rule b { on = no trigger = birthday opens = 0 due = 0 channels = sms late = drop priority = 9 tiers = other }",
		""};
	struct policy *policy = NULL;
	char expected[128];
	(void)state;
	assert_int_equal(load_case(&good, &policy), 0);
	assert_int_equal(policy->cap, NO_LIMIT);
	assert_int_equal(policy->cap_window, CAP_ROLLING);
	assert_int_equal(policy->tries_a_day, NO_LIMIT);
	assert_int_equal(policy->idle_seconds, 90);
	assert_int_equal(policy->start_on, date_to_day(2025, 1, 1));
	snprintf(expected, sizeof expected, "%s/x.db", made);
	assert_string_equal(policy->database, expected);
	snprintf(expected, sizeof expected, "unix:%s/x.sock", made);
	assert_string_equal(policy->listeners[0].address, expected);
	assert_int_equal(policy->listener_count, 1);
	assert_int_equal(policy->key_tiers, 1); /* gold; there is no diamond here */
	assert_false(policy_keeps_festival(policy, "SH01", &policy->festivals[0]));
	assert_true(policy_keeps_festival(policy, "SH01", &policy->festivals[1]));
	assert_true(policy_keeps_festival(policy, "SH02", &policy->festivals[0]));
	assert_false(policy_keeps_festival(policy, "", &policy->festivals[1]));
	/* The first row that fits. */
	assert_true(policy_queue(policy, "branch/SH01")->always_open);
	assert_int_equal(policy_queue(policy, "branch/SH01")->lease_seconds, 3600);
	const struct rule *rule = policy_rule(policy, "a");
	assert_int_equal(rule->opens.unit, UNIT_WEEK);
	assert_int_equal(rule->due.count, 2);
	assert_int_equal(rule->max_late_days, 14);
	assert_int_equal(rule->early_days, 7);
	assert_true(rule->has_hours);
	assert_false(rule->hours.work_days_only);
	assert_int_equal(rule->hours.days[6].count, 1);
	assert_int_equal(rule->recuse, RECUSE_MANAGER);
	assert_int_equal(rule->tiers, 0x80000002);
	assert_int_equal(policy_rule(policy, "b")->tiers, 0xfffffffe);
	assert_false(policy_rule(policy, "b")->on);
	policy_free(policy);
}

/* Files that are none. */
static void test_files(void **state)
{
	static struct heard heard;
	struct policy *policy = NULL;
	(void)state;
	heard = (struct heard){.folder = ""};
	assert_int_equal(policy_load("/nowhere/followupd.conf", hear, &heard, &policy), ERR_INVALID);
	assert_non_null(strstr(heard.text, "/nowhere/followupd.conf:0: cannot be read: No such file or directory\n"));
	heard = (struct heard){.folder = ""};
	assert_int_equal(policy_load("conf", hear, &heard, &policy), ERR_INVALID);
	assert_non_null(strstr(heard.text, "conf:0: cannot be read: Is a directory\n"));
	heard = (struct heard){.folder = made};
	write_file(made_main, "limits {}\n# \0 #\n", 16);
	write_file(made_rules, GOOD, strlen(GOOD));
	assert_int_equal(policy_load(made_main, hear, &heard, &policy), ERR_INVALID);
	assert_non_null(strstr(heard.text, "followupd.conf:2: a NUL byte: this is not a text file\n"));
	/* Nothing in the main file: what must be there is missing, all at once. */
	heard = (struct heard){.folder = made};
	write_file(made_main, "", 0);
	assert_int_equal(policy_load(made_main, hear, &heard, &policy), ERR_INVALID);
	assert_non_null(strstr(heard.text, "followupd.conf:0: a section 'clients' with 'tiers' is missing\n"));
	assert_non_null(strstr(heard.text, "followupd.conf:0: a section 'events' with 'kinds' is missing\n"));
	assert_non_null(strstr(heard.text, "rules.d/a.conf:1: channels: no channel 'phone'\n"));
	heard = (struct heard){.folder = made};
	static const char nowhere[] = "daemon {\n rules = nowhere }";
	write_file(made_main, nowhere, strlen(nowhere));
	assert_int_equal(policy_load(made_main, hear, &heard, &policy), ERR_INVALID);
	assert_non_null(strstr(heard.text, "followupd.conf:2: rules: the folder "));
	assert_null(policy);
}

static void test_reach(void **state)
{
	static const struct {
		int year, month, day;
		const char *heard;
	} cases[] = {
		{2026, 3, 1, ""},
		{2026, 11, 1, ""},
		{2026, 11, 2,
			"calendar:0: warning: work days are known up to 2026-12-31 only; add the next year's notice as soon as it is "
			"published\n"
			"calendar:0: warning: trading days are known up to 2026-12-31 only; add the next year's notice as soon as it is "
			"published\n"},
		{2027, 1, 1,
			"calendar:0: warning: work days are known up to 2026-12-31 only, and that is past; add the notices since, for "
			"until then every "
			"Monday to Friday counts as one\n"
			"calendar:0: warning: trading days are known up to 2026-12-31 only, and that is past; add the notices since, for "
			"until then "
			"every Monday to Friday counts as one\n"},
		{2020, 1, 1, "calendar:0: warning: the work days of 2020 are not known; every Monday to Friday counts as one\n"},
	};
	struct policy *policy = shipped_policy();
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		static struct heard heard;
		heard = (struct heard){.folder = "conf"};
		policy_check_reach(policy, date_to_day(cases[i].year, cases[i].month, cases[i].day), hear, &heard);
		assert_string_equal(heard.text, cases[i].heard);
	}
	policy_free(policy);
}

/* The exit status of the check, and what it wrote on a descriptor. */
static int run_check(const char *file, int descriptor, char *out, size_t size)
{
	FILE *caught = tmpfile();
	assert_non_null(caught);
	fflush(NULL);
	int kept = dup(descriptor);
	dup2(fileno(caught), descriptor);
	int status = policy_check_command(file, date_to_day(2026, 3, 1), NULL);
	fflush(NULL);
	dup2(kept, descriptor);
	close(kept);
	rewind(caught);
	out[fread(out, 1, size - 1, caught)] = '\0';
	fclose(caught);
	return status;
}

static void test_check_command(void **state)
{
	char said[4096], expected[256];
	(void)state;
	assert_int_equal(run_check("conf/followupd.conf", STDOUT_FILENO, said, sizeof said), 0);
	assert_string_equal(said,
		"conf/followupd.conf: 24 rules, 15 of them on; 5 festivals everywhere, 6 more for branches that add them; 0 branches "
		"that differ\n"
		"conf/calendar: work days known up to 2026-12-31, trading days up to 2026-12-31, lunar years 1949 to 2100\n");
	write_file(made_main, "\nlimits { speed = 1 }\n", 22);
	assert_int_equal(run_check(made_main, STDERR_FILENO, said, sizeof said), 78);
	snprintf(expected, sizeof expected, "%s:2: error: unknown setting 'speed' in a section 'limits'\n", made_main);
	assert_non_null(strstr(said, expected));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_odd),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_check_command),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
