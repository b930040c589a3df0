/* Reading the configuration again while the daemon runs: all of it comes into force, or nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "followup/daemon.h"
#include "followup/json_text.h"
#include "followup/notify.h"
#include "followup/sample.h"
#include "followup/server.h"
#include "followup/tls.h"
#include "followup/turn.h"

struct complaints_heard {
	struct buffer mistakes; /* "file:line: text | ..." */
	struct buffer warnings; /* members of a JSON array */
	size_t mistake_count;
	size_t warning_count;
};

static void hear(void *context, const struct complaint *complaint)
{
	struct complaints_heard *heard = context;
	char place[32] = "";
	struct buffer text = {0};

	if (complaint->line > 0)
		(void)snprintf(place, sizeof place, "%d:", complaint->line);
	buffer_printf(&text, "%s:%s %s", complaint->file != NULL ? complaint->file : "", place, complaint->text);
	if (text.failed) {
		heard->mistakes.failed = true;
	} else if (complaint->warning) {
		if (heard->warning_count++ > 0)
			buffer_text(&heard->warnings, ",");
		json_text_append(&heard->warnings, text.data);
	} else {
		if (heard->mistake_count++ > 0)
			buffer_text(&heard->mistakes, " | ");
		buffer_text(&heard->mistakes, text.data);
	}
	buffer_free(&text);
}

static bool same_text(const char *one, const char *other)
{
	return one == other || (one != NULL && other != NULL && strcmp(one, other) == 0);
}

static bool same_listeners(const struct policy *one, const struct policy *other)
{
	if (one->listener_count != other->listener_count)
		return false;
	for (size_t i = 0; i < one->listener_count; i++)
		if (!same_text(one->listeners[i].address, other->listeners[i].address))
			return false;
	return true;
}

/* What is bound to the running process stays as it is until the next start, and that is said. */
static void warn_of_fixed(const struct policy *now, const struct policy *wanted, struct complaints_heard *heard)
{
	static const char text[] = "this setting has changed, and will count from the next start";
	struct complaint complaint = {.warning = true, .text = text};

	if (!same_text(now->database, wanted->database)) {
		complaint.file = "database";
		hear(heard, &complaint);
	}
	if (!same_text(now->time_zone, wanted->time_zone)) {
		complaint.file = "time_zone";
		hear(heard, &complaint);
	}
	if (!same_listeners(now, wanted)) {
		complaint.file = "listen";
		hear(heard, &complaint);
	}
}

int server_set_policy(struct server *server, const struct policy *policy)
{
	int result = engine_set_policy(server->engine, policy, server->now.unix_seconds);

	if (result < 0)
		return result;
	desk_set_policy(server->desk, policy);
	return 0;
}

/* What is bound to the process stays in its policy too: INFO tells the truth, and the next reload warns again. */
static void keep_fixed(struct policy *old, struct policy *policy)
{
	struct policy wanted = *policy;

	policy->database = old->database;
	policy->time_zone = old->time_zone;
	policy->listeners = old->listeners;
	policy->listener_count = old->listener_count;
	old->database = wanted.database;
	old->time_zone = wanted.time_zone;
	old->listeners = wanted.listeners;
	old->listener_count = wanted.listener_count;
}

/* Certificates have an end: a reload reads them again. Connections that there are keep theirs. */
static int renew_tls(struct server *server, const struct policy *policy, struct complaints_heard *heard)
{
	struct ssl_ctx_st *tls = NULL;
	char why[256];

	if (server->tls == NULL) /* no listener asks for it, and listeners stay as they are */
		return 0;
	int result = tls_load(policy, &tls, why);
	if (result < 0) {
		hear(heard, &(struct complaint){.file = policy->file, .text = why});
		return result;
	}
	tls_free(server->tls);
	server->tls = tls;
	return 0;
}

/* Puts a policy that has been read into force, or leaves the old one. */
static int swap_policy(struct server *server, struct policy *policy)
{
	struct policy *old = server->policy;
	int result = server_set_policy(server, policy);

	if (result < 0) {
		turn_fail(server, result);
		if (server_set_policy(server, old) < 0) {
			/* Neither the one nor the other: only a restart is sure of what counts. */
			log_event(server->log, LOG_LEVEL_ERROR, "stopping", "reason=\"no policy is in force\" exit=%d", (int)EXIT_STORAGE);
			server->exit_status = EXIT_STORAGE;
			server_drain(server, "no policy is in force");
		}
		policy_free(policy);
		return result;
	}
	keep_fixed(old, policy);
	server->policy = policy;
	policy_free(old);
	return 0;
}

static void describe(const struct server *server, const struct complaints_heard *heard, struct buffer *json)
{
	const struct policy *policy = server->policy;
	char days[2][DATE_TEXT_SIZE];
	size_t on = 0;

	for (size_t i = 0; i < policy->rule_count; i++)
		on += policy->rules[i].on;
	buffer_printf(json,
		"{\"reloaded\":true,\"rules\":%zu,\"rules_on\":%zu,\"festivals\":%zu,\"work_days_until\":\"%s\",\"trading_days_until\":\"%"
		"s\",\"warnings\":[",
		policy->rule_count, on, policy->festival_count, date_format(calendar_reach(policy->calendar), days[0]),
		date_format(calendar_trading_reach(policy->calendar), days[1]));
	buffer_append(json, heard->warnings.data != NULL ? heard->warnings.data : "", heard->warnings.length);
	buffer_text(json, "]}");
}

int server_reload(struct server *server, struct buffer *json, struct buffer *why)
{
	struct complaints_heard heard = {0};
	struct policy *policy = NULL;
	int result;

	(void)notify_send("RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_monotonic_us());
	result = policy_load(server->config_file, hear, &heard, &policy);
	if (result >= 0) {
		warn_of_fixed(server->policy, policy, &heard);
		result = sample_warn_of_kept(server->store, policy, server->now.day, hear, &heard);
		if (result >= 0)
			result = renew_tls(server, policy, &heard);
		if (result < 0)
			policy_free(policy);
		else
			result = swap_policy(server, policy);
	} else if (heard.mistake_count == 0) {
		buffer_text(&heard.mistakes, error_text(result));
	}
	if (result >= 0) {
		daemon_apply_limits(server->policy, server->log);
		server->work_pending = true;
		server->wakeup_stale = true;
		server->sweep_wanted = true;
		describe(server, &heard, json);
		log_event(server->log, LOG_LEVEL_NOTICE, "reloaded", "rules=%zu warnings=%zu", server->policy->rule_count,
			heard.warning_count);
		server_warn_reach(server);
		server_warn_sample(server);
		(void)notify_send("READY=1\nSTATUS=serving");
	} else {
		buffer_printf(why, "nothing has changed; %zu mistakes: ", heard.mistake_count);
		buffer_append(why, heard.mistakes.data != NULL ? heard.mistakes.data : "", heard.mistakes.length);
		log_event(server->log, LOG_LEVEL_ERROR, "reload_refused", "mistakes=%zu error=\"%s\" see=\"followupd check\"",
			heard.mistake_count, error_text(result));
		(void)notify_send("READY=1\nSTATUS=serving; the last reload was refused");
	}
	buffer_free(&heard.mistakes);
	buffer_free(&heard.warnings);
	return result;
}
