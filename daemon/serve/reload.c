/* Reading the configuration again while the daemon runs: all of it comes into force, or nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/command.h"
#include "followup/daemon.h"
#include "followup/json_text.h"
#include "followup/long_command.h"
#include "followup/notify.h"
#include "followup/policy_difference.h"
#include "followup/sample.h"
#include "followup/server.h"
#include "followup/store_reader.h"
#include "followup/store_record.h"
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
		heard->mistakes.failed = heard->warnings.failed = true;
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

/* Puts a policy that has been read into force, or leaves the old one. Should the disk fail after that, the daemon ends with the new one. */
static int swap_policy(struct server *server, struct policy *policy)
{
	struct policy *old = server->policy;
	int result = server_set_policy(server, policy);

	if (result == 0) {
		keep_fixed(old, policy);
		server->policy = policy;
		policy_free(old);
		result = store_sync(server->store);
	} else {
		policy_free(policy);
	}
	if (result < 0)
		turn_fail(server, result);
	return result;
}

/* A configuration that has been read, on its way into force. */
struct reload {
	struct complaints_heard heard;
	struct policy *policy;         /* NULL once it is in force */
	const struct policy *in_force; /* what it was held against: to be compared only */
	struct ssl_ctx_st *tls;        /* the certificates as they are now; NULL: none is wanted, or they are in force */
	bool dry;
};

static void reload_free(void *own)
{
	struct reload *reload = own;

	if (reload == NULL)
		return;
	buffer_free(&reload->heard.mistakes);
	buffer_free(&reload->heard.warnings);
	policy_free(reload->policy);
	tls_free(reload->tls);
	free(reload);
}

/* changes: what policy_difference() has said; NULL: that is not known. */
static void describe(const struct reload *reload, const struct policy *policy, const struct buffer *changes, struct buffer *json)
{
	char days[2][DATE_TEXT_SIZE];
	size_t on = 0;

	for (size_t i = 0; i < policy->rule_count; i++)
		on += policy->rules[i].on;
	buffer_printf(json,
		"{\"reloaded\":%s,\"rules\":%zu,\"rules_on\":%zu,\"festivals\":%zu,\"work_days_until\":\"%s\",\"trading_days_until\":\"%"
		"s\",\"warnings\":[",
		reload->dry ? "false" : "true", policy->rule_count, on, policy->festival_count,
		date_format(calendar_reach(policy->calendar), days[0]), date_format(calendar_trading_reach(policy->calendar), days[1]));
	buffer_append(json, reload->heard.warnings.data != NULL ? reload->heard.warnings.data : "", reload->heard.warnings.length);
	buffer_text(json, "]");
	if (changes != NULL)
		buffer_append(json, changes->data != NULL ? changes->data : "", changes->length);
	else
		buffer_text(json, ",\"changed\":null,\"changed_by_rule\":[],\"changes\":[]");
	buffer_text(json, "}");
}

/* Certificates have an end: a reload reads them again. Connections that there are keep theirs. */
static int read_tls(struct server *server, struct reload *reload)
{
	char why[256];

	if (server->tls == NULL) /* no listener asks for it, and listeners stay as they are */
		return 0;
	int result = tls_load(reload->policy, &reload->tls, why);
	if (result < 0)
		hear(&reload->heard, &(struct complaint){.file = reload->policy->file, .text = why});
	return result;
}

/* Reads the files; on failure every complaint stands in reload->heard.mistakes. */
static int read_policy(struct server *server, struct reload *reload)
{
	int result = policy_load(server->config_file, hear, &reload->heard, &reload->policy);

	if (result >= 0) {
		warn_of_fixed(server->policy, reload->policy, &reload->heard);
		result = sample_warn_of_kept(server->store, reload->policy, server->now.day, hear, &reload->heard);
		if (turn_is_store_error(result))
			turn_fail(server, result);
		if (result >= 0)
			result = read_tls(server, reload);
	}
	return result;
}

static void announce(void)
{
	(void)notify_send("RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_monotonic_us());
}

static void tell_refusal(struct server *server, const struct reload *reload, int error)
{
	log_event(server->log, LOG_LEVEL_ERROR, "reload_refused", "mistakes=%zu error=\"%s\" see=\"followupd check\"",
		reload->heard.mistake_count, error_text(error));
	(void)notify_send("READY=1\nSTATUS=serving; the last reload was refused");
}

/* Puts what has been read into force. */
static int take_over(struct server *server, struct reload *reload)
{
	struct policy *policy = reload->policy;
	int result;

	reload->policy = NULL; /* the server's now, or freed */
	result = swap_policy(server, policy);
	if (result < 0)
		return result;
	if (reload->tls != NULL) {
		tls_free(server->tls);
		server->tls = reload->tls;
		reload->tls = NULL;
	}
	daemon_apply_limits(server->policy, server->log);
	server->work_pending = true;
	server->wakeup_stale = true;
	server->sweep_wanted = true;
	log_event(server->log, LOG_LEVEL_NOTICE, "reloaded", "rules=%zu warnings=%zu", server->policy->rule_count,
		reload->heard.warning_count);
	server_warn_reach(server);
	server_warn_sample(server);
	(void)notify_send("READY=1\nSTATUS=serving");
	return result;
}

void server_reload(struct server *server)
{
	struct reload *reload = calloc(1, sizeof *reload);
	int result = reload != NULL ? 0 : ERR_MEMORY;

	announce();
	if (result == 0)
		result = read_policy(server, reload);
	if (result >= 0)
		result = take_over(server, reload);
	if (result < 0)
		tell_refusal(server, reload != NULL ? reload : &(struct reload){0}, result);
	reload_free(reload);
}

/* --- The command --------------------------------------------------------------------------------------- */

/* On the worker's thread: what the new configuration changes for what is open. */
static int compare(struct request *request)
{
	struct reload *reload = request->own;
	struct store *copy = NULL;
	char message[256] = "";
	int result;

	if (engine_same_rules(request->policy, reload->policy)) {
		policy_difference_none(&request->answer->json);
		return 0;
	}
	result = store_copy(request->store, &copy, message);
	if (result == 0) {
		result = policy_difference(copy, request->policy, reload->policy, request->now, &request->answer->json);
		if (result < 0)
			(void)snprintf(
				message, sizeof message, "%s", store_message(copy)[0] != '\0' ? store_message(copy) : error_text(result));
	}
	store_close(copy);
	if (result < 0) {
		/* Nothing is wrong with the book itself. */
		(void)snprintf(
			request->answer->why, sizeof request->answer->why, "the copy of the book that this is worked out on: %s", message);
		result = ERR_BUSY;
	}
	return result;
}

static void warn_unknown_changes(struct reload *reload, const char *why)
{
	char text[400];

	(void)snprintf(text, sizeof text, "what this changes for open follow-ups is not known: %s", why);
	hear(&reload->heard, &(struct complaint){.warning = true, .file = "changes", .text = text});
}

static int look_at_changes(struct request *request)
{
	const struct reload *reload = request->own;
	const struct buffer *changes = &request->answer->json;
	struct buffer document = {0};

	buffer_text(&document, "{\"changed_by\":\"RELOAD\"");
	buffer_append(&document, changes->data != NULL ? changes->data : "", changes->length);
	buffer_text(&document, "}");
	int result =
		document.failed ? ERR_MEMORY : store_record_look(request->store, reload->dry ? "RELOAD DRY" : "RELOAD", document.data, 0);
	buffer_free(&document);
	return result;
}

/* The answer names clients whose follow-ups change: that is a look at them (POLICY 8), and true before it is answered and before anything changes. */
static int write_look(struct request *request)
{
	int result = turn_run(request, look_at_changes);

	return result < 0 ? result : turn_commit_now(request->server);
}

/* On the loop's thread again, or at once where there is no worker. changes: NULL: not known. */
static int finish(struct request *request, struct reload *reload, const struct buffer *changes)
{
	struct server *server = request->server;
	struct buffer json = {0};
	int result = 0;

	/* Before anything changes: what cannot be told must not have been done. */
	if (reload->heard.warnings.failed)
		result = ERR_MEMORY;
	else if (changes != NULL)
		result = write_look(request);
	if (result >= 0 && !reload->dry) {
		announce();
		result = take_over(server, reload);
		if (result < 0)
			tell_refusal(server, reload, result);
	}
	if (result >= 0) {
		describe(reload, reload->dry ? reload->policy : server->policy, changes, &json);
		if (json.failed)
			result = ERR_MEMORY;
		else
			reply_bulk(&request->reply, json.data, json.length);
	}
	buffer_free(&json);
	return result < 0 ? result : COMMAND_ANSWERED;
}

static int go_on(struct request *request)
{
	struct reload *reload = request->own;

	if (reload->in_force != request->server->policy) {
		(void)snprintf(request->answer->why, sizeof request->answer->why, "another reload came in between; ask again");
		return ERR_BUSY;
	}
	if (request->result < 0 && reload->dry)
		return request->result;
	if (request->result < 0)
		warn_unknown_changes(reload, request->answer->why[0] != '\0' ? request->answer->why : error_text(request->result));
	return finish(request, reload, request->result < 0 ? NULL : &request->answer->json);
}

/* Every complaint, which may be more than answer->why holds. */
static int refuse(struct request *request, const struct reload *reload, int error)
{
	struct buffer why = {0};

	if (!reload->dry) {
		announce();
		tell_refusal(request->server, reload, error);
	}
	if (reload->heard.mistake_count == 0)
		return error;
	buffer_printf(
		&why, "nothing has changed; %zu mistake%s: ", reload->heard.mistake_count, reload->heard.mistake_count == 1 ? "" : "s");
	buffer_append(&why, reload->heard.mistakes.data != NULL ? reload->heard.mistakes.data : "", reload->heard.mistakes.length);
	if (why.failed || reload->heard.mistakes.failed) {
		buffer_free(&why);
		return ERR_MEMORY;
	}
	reply_error(&request->reply, "ERR", why.data);
	buffer_free(&why);
	return COMMAND_REFUSED;
}

int command_reload(struct request *request)
{
	struct server *server = request->server;
	struct reload *reload = calloc(1, sizeof *reload);
	int result;

	if (reload == NULL)
		return ERR_MEMORY;
	reload->dry = request_has_keyword(request, 1, "DRY");
	reload->in_force = server->policy;
	if (request->count > 1 && !reload->dry) {
		(void)snprintf(request->answer->why, sizeof request->answer->why, "usage: RELOAD [DRY]");
		result = ERR_INVALID;
	} else if ((result = read_policy(server, reload)) < 0) {
		result = refuse(request, reload, result);
	} else if (server->worker != NULL) {
		return long_command_begin(
			request, &(struct long_command){.handler = compare, .then = go_on, .own = reload, .own_free = reload_free});
	} else if (reload->dry) {
		(void)snprintf(
			request->answer->why, sizeof request->answer->why, "the book cannot be read a second time; the log said why");
		result = ERR_BUSY;
	} else {
		warn_unknown_changes(reload, "the book cannot be read a second time");
		result = finish(request, reload, NULL);
	}
	reload_free(reload);
	return result;
}
