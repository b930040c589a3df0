/* policy.c - a policy's life, and looking things up in it. */
#include "followup/policy.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "followup/calendar_file.h"
#include "followup/policy_build.h"
#include "followup/policy_value.h"

enum { RULE_FILES_MAX = 1000 };

bool text_list_has(const struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], text) == 0)
			return true;
	}
	return false;
}

static void rule_clear(struct rule *rule)
{
	free(rule->name);
	free(rule->family);
	free(rule->where);
	condition_free(rule->condition);
	text_list_clear(&rule->events);
	text_list_clear(&rule->festivals);
	free(rule->queue);
	for (size_t i = 0; i < rule->widen_count; i++)
		free(rule->widen[i].queue);
	text_list_clear(&rule->stops_on);
	text_list_clear(&rule->exclude_roles);
	text_list_clear(&rule->form);
	free(rule->script);
	free(rule->place.file);
}

struct policy *policy_hold(struct policy *policy)
{
	policy->holders++;
	return policy;
}

void policy_free(struct policy *policy)
{
	if (policy == NULL)
		return;
	if (policy->holders > 0) {
		policy->holders--;
		return;
	}
	for (size_t i = 0; i < policy->rule_count; i++)
		rule_clear(&policy->rules[i]);
	for (size_t i = 0; i < policy->listener_count; i++) {
		free(policy->listeners[i].address);
		free(policy->listeners[i].place.file);
	}
	for (size_t i = 0; i < policy->channel_count; i++) {
		free(policy->channels[i].name);
		free(policy->channels[i].place.file);
	}
	for (size_t i = 0; i < policy->festival_count; i++) {
		free(policy->festivals[i].name);
		free(policy->festivals[i].place.file);
	}
	for (size_t i = 0; i < policy->branch_count; i++) {
		free(policy->branches[i].name);
		text_list_clear(&policy->branches[i].adds);
		text_list_clear(&policy->branches[i].removes);
		free(policy->branches[i].place.file);
	}
	for (size_t i = 0; i < policy->disposition_count; i++) {
		free(policy->dispositions[i].name);
		free(policy->dispositions[i].place.file);
	}
	for (size_t i = 0; i < policy->declared_count; i++) {
		free(policy->declared[i].name);
		free(policy->declared[i].place.file);
	}
	for (size_t i = 0; i < policy->queue_count; i++) {
		free(policy->queues[i].pattern);
		free(policy->queues[i].place.file);
	}
	free(policy->rules);
	free(policy->listeners);
	free(policy->channels);
	free(policy->festivals);
	free(policy->branches);
	free(policy->dispositions);
	free(policy->declared);
	free(policy->queues);
	text_list_clear(&policy->tiers);
	text_list_clear(&policy->event_kinds);
	text_list_clear(&policy->day_parts);
	text_list_clear(&policy->break_codes);
	text_list_clear(&policy->review_form);
	calendar_free(policy->calendar);
	lunar_free(policy->lunar);
	free(policy->file);
	free(policy->rules_folder);
	free(policy->calendar_folder);
	free(policy->time_zone);
	free(policy->backup_folder);
	free(policy->metrics_file);
	free(policy->tls_certificate);
	free(policy->tls_key);
	free(policy->tls_client_ca);
	free(policy->database);
	free(policy->log_facility);
	free(policy->log_level);
	free(policy->console_user);
	free(policy->fallback_queue);
	free(policy);
}

const struct rule *policy_rule(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		if (strcmp(policy->rules[i].name, name) == 0)
			return &policy->rules[i];
	}
	return NULL;
}

const struct disposition *policy_disposition(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->disposition_count; i++) {
		if (strcmp(policy->dispositions[i].name, name) == 0)
			return &policy->dispositions[i];
	}
	return NULL;
}

int policy_channel(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->channel_count; i++) {
		if (strcmp(policy->channels[i].name, name) == 0)
			return (int)i;
	}
	return ERR_NOT_FOUND;
}

int policy_tier(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->tiers.count; i++) {
		if (strcmp(policy->tiers.items[i], name) == 0)
			return (int)i;
	}
	return ERR_NOT_FOUND;
}

const struct declared_field *policy_declared(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->declared_count; i++) {
		if (strcmp(policy->declared[i].name, name) == 0)
			return &policy->declared[i];
	}
	return NULL;
}

const struct queue_settings *policy_queue(const struct policy *policy, const char *queue)
{
	for (size_t i = 0; i < policy->queue_count; i++) {
		const char *pattern = policy->queues[i].pattern;
		size_t length = strlen(pattern);
		bool star = pattern[length - 1] == '*';
		if (star ? strncmp(pattern, queue, length - 1) == 0 : strcmp(pattern, queue) == 0)
			return &policy->queues[i];
	}
	return &policy->queues[policy->queue_count - 1]; /* not reached: the last row is "*" */
}

bool policy_keeps_festival(const struct policy *policy, const char *branch, const struct festival *festival)
{
	for (size_t i = 0; branch != NULL && i < policy->branch_count; i++) {
		const struct branch *row = &policy->branches[i];
		if (strcmp(row->name, branch) == 0)
			return festival->everywhere ? !text_list_has(&row->removes, festival->name)
						    : text_list_has(&row->adds, festival->name);
	}
	return festival->everywhere;
}

int policy_switch_off(struct policy *policy, const char *rule)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		if (strcmp(policy->rules[i].name, rule) == 0) {
			policy->rules[i].on = false;
			return 0;
		}
	}
	return ERR_NOT_FOUND;
}

static int text_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Where the main file names the rules folder. */
static int rules_setting_line(const struct source *source)
{
	for (size_t i = 0; i < source->count; i++) {
		const struct setting *setting =
			source->sections[i].name == SECTION_DAEMON ? section_setting(&source->sections[i], "rules") : NULL;
		if (setting != NULL)
			return setting->line;
	}
	return 0;
}

/* The rule files of the folder, in bytewise order: names that end in .conf and do not begin with a dot. 0, also after complaints; ERR_MEMORY. */
static int rule_files(const struct policy *policy, const struct source *source, struct text_list *files, struct complaints *complaints)
{
	DIR *folder = opendir(policy->rules_folder);
	if (folder == NULL) {
		complaints_error(complaints, policy->file, rules_setting_line(source), "rules: the folder %s cannot be read: %s",
			policy->rules_folder, strerror(errno));
		return 0;
	}
	int result = 0;
	struct dirent *entry;
	while (result >= 0 && (entry = readdir(folder)) != NULL) {
		size_t length = strlen(entry->d_name);
		if (entry->d_name[0] == '.' || length < 6 || strcmp(entry->d_name + length - 5, ".conf") != 0)
			continue;
		if (files->count == RULE_FILES_MAX) {
			complaints_error(complaints, policy->rules_folder, 0, "more than %d files", RULE_FILES_MAX);
			break;
		}
		char *path = path_from(policy->rules_folder, entry->d_name);
		result = path == NULL ? ERR_MEMORY : text_list_add(files, path);
		free(path);
	}
	closedir(folder);
	if (files->count > 0)
		qsort(files->items, files->count, sizeof *files->items, text_compare);
	return result;
}

static int load_rules(struct builder *builder, struct source *source)
{
	struct text_list files = {0};
	bool vocabulary = !source->incomplete;
	int result = rule_files(builder->policy, source, &files, builder->complaints);
	for (size_t i = 0; result >= 0 && i < files.count; i++)
		result = source_read(source, files.items[i], HOME_RULES, builder->complaints);
	text_list_clear(&files);
	return result < 0 ? result : build_rules(builder, vocabulary);
}

static int load_calendar(struct policy *policy, struct complaints *complaints)
{
	policy->calendar = calendar_new();
	policy->lunar = lunar_new();
	if (policy->calendar == NULL || policy->lunar == NULL)
		return ERR_MEMORY;
	int result = calendar_folder_read(policy->calendar_folder, policy->calendar, policy->lunar, complaints_gather, complaints);
	if (result < 0 && result != ERR_MEMORY && complaints->errors == 0)
		complaints_error(complaints, policy->calendar_folder, 0, "the calendars cannot be read: %s", error_text(result));
	return result == ERR_MEMORY ? result : 0;
}

int policy_load(const char *file, policy_complain *complain, void *context, struct policy **out)
{
	struct complaints complaints = {0};
	struct source source = {0};
	struct policy *policy = calloc(1, sizeof *policy);
	char *folder = path_folder(file);
	struct builder builder = {.policy = policy, .source = &source, .folder = folder, .complaints = &complaints};
	int result = ERR_MEMORY;
	if (policy == NULL || folder == NULL || (policy->file = strdup(file)) == NULL)
		goto done;
	if ((result = source_read(&source, file, HOME_MAIN, &complaints)) < 0 || (result = build_main(&builder)) < 0 ||
		(result = load_rules(&builder, &source)) < 0 || (result = load_calendar(policy, &complaints)) < 0)
		goto done;
	if (!source.incomplete)
		build_check(&builder);
	complaints_tell(&complaints, file, complain, context);
	if (complaints.out_of_memory)
		result = ERR_MEMORY;
	else if (complaints.errors > 0)
		result = ERR_INVALID;
	if (result < 0)
		goto done;
	*out = policy;
	policy = NULL;
	result = 0;
done:
	policy_free(policy);
	free(folder);
	source_clear(&source);
	complaints_clear(&complaints);
	return result;
}
