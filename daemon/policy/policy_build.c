/* policy_build.c - the main file's sections become the policy. */
#include "followup/policy_build.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/fact.h"
#include "followup/policy_value.h"

int place_set(struct place *place, const struct section *section)
{
	char *file = strdup(section->file);
	if (file == NULL)
		return ERR_MEMORY;
	free(place->file);
	*place = (struct place){.file = file, .line = section->line};
	return 0;
}

size_t source_count(const struct source *source, enum section_name name)
{
	size_t count = 0;
	for (size_t i = 0; i < source->count; i++)
		count += source->sections[i].name == name;
	return count;
}

bool queue_name_is_valid(const char *text, bool with_star)
{
	size_t length = strlen(text);
	if (length == 0 || length > NAME_LENGTH_MAX)
		return false;
	for (size_t i = 0; i < length; i++) {
		bool star_fits = with_star && i + 1 == length && (i == 0 || text[i - 1] == '/');
		if (text[i] <= 0x20 || text[i] >= 0x7f || (text[i] == '*' && !star_fits))
			return false;
	}
	return true;
}

bool title_is_good(struct builder *builder, const struct section *section)
{
	const char *kind = section_kinds[section->name].name;
	if (!name_is_valid(section->title)) {
		complaints_error(builder->complaints, section->file, section->line,
			"%s '%.80s': a name has lower-case letters, digits, - and _ only, and at most %d of them", kind, section->title,
			NAME_LENGTH_MAX);
		return false;
	}
	if (value_is_none(section->title) || strcmp(section->title, "all") == 0) {
		complaints_error(
			builder->complaints, section->file, section->line, "%s '%s': this word means something else", kind, section->title);
		return false;
	}
	return true;
}

void title_is_twice(struct builder *builder, const struct section *section, const struct place *earlier)
{
	char label[SECTION_LABEL_SIZE];
	complaints_error(builder->complaints, section->file, section->line, "%s stands already at %s:%d", section_label(section, label),
		earlier->file, earlier->line);
}

static const struct option *option_of(enum section_name name, const char *text)
{
	const struct option *option = section_kinds[name].options;
	while (strcmp(option->name, text) != 0)
		option++;
	return option;
}

int own_list_read(struct builder *builder, enum section_name name, const struct section *section, const char *option, own_value_read *read,
	void *target)
{
	const struct setting *setting = section == NULL ? NULL : section_setting(section, option);
	if (setting != NULL) {
		for (size_t i = 0; i < setting->count; i++) {
			int result = read(builder, target, setting->values[i].text, section->file, setting->values[i].line);
			if (result < 0)
				return result;
		}
		return 0;
	}
	const char *at = option_of(name, option)->standard;
	while (at != NULL && *at != '\0') {
		char word[128];
		size_t length = strcspn(at, " ");
		snprintf(word, sizeof word, "%.*s", (int)length, at);
		int result = read(builder, target, word, builder->policy->file, 0);
		if (result < 0)
			return result;
		at += length + strspn(at + length, " ");
	}
	return 0;
}

bool hours_read(const char *text, struct hours *hours, enum hours_choice *choice)
{
	struct hours read = {.work_days_only = false};
	enum hours_choice chosen = HOURS_SPANS;
	bool work_days_only = hours->work_days_only;
	if (value_is_none(text)) {
		chosen = HOURS_NONE;
	} else if (strcmp(text, "always") == 0) {
		chosen = HOURS_ALWAYS;
		work_days_only = false;
		for (int i = 0; i < 7; i++)
			read.days[i] = (struct hours_day){.spans = {{.from = 0, .to = 1440}}, .count = 1};
	} else if (strcmp(text, "closed") != 0 && !hours_parse(text, &read)) {
		return false;
	}
	read.work_days_only = work_days_only;
	*hours = read;
	*choice = chosen;
	return true;
}

static int build_channel(struct builder *builder, const struct section *section)
{
	struct policy *policy = builder->policy;
	int earlier = policy_channel(policy, section->title);
	if (earlier >= 0) {
		title_is_twice(builder, section, &policy->channels[earlier].place);
		return 0;
	}
	if (policy->channel_count == POLICY_CHANNELS_MAX) {
		complaints_error(builder->complaints, section->file, section->line, "more than %d channels", POLICY_CHANNELS_MAX);
		return 0;
	}
	struct channel *channel = &policy->channels[policy->channel_count++];
	int result;
	if ((channel->name = strdup(section->title)) == NULL || (result = place_set(&channel->place, section)) < 0)
		return ERR_MEMORY;
	title_is_good(builder, section);
	if ((result = section_standard(SECTION_CHANNEL, builder->folder, channel)) < 0)
		return result;
	return section_apply(section, builder->folder, channel, builder->complaints);
}

static int build_disposition(struct builder *builder, const struct section *section)
{
	struct policy *policy = builder->policy;
	const struct disposition *earlier = policy_disposition(policy, section->title);
	if (earlier != NULL) {
		title_is_twice(builder, section, &earlier->place);
		return 0;
	}
	struct disposition *disposition = &policy->dispositions[policy->disposition_count++];
	int result;
	if ((disposition->name = strdup(section->title)) == NULL || (result = place_set(&disposition->place, section)) < 0)
		return ERR_MEMORY;
	title_is_good(builder, section);
	if ((result = section_standard(SECTION_DISPOSITION, builder->folder, disposition)) < 0 ||
		(result = section_apply(section, builder->folder, disposition, builder->complaints)) < 0)
		return result;
	const struct setting *retry = section_setting(section, "retry");
	if (disposition->effect == EFFECT_RETRY && retry == NULL)
		complaints_error(builder->complaints, section->file, section->line,
			"disposition '%s': 'retry' is missing: after how long to try again", section->title);
	if (disposition->effect != EFFECT_RETRY && retry != NULL && section_setting(section, "effect") != NULL)
		complaints_error(builder->complaints, section->file, retry->line, "'retry' goes with effect = retry only");
	const struct setting *attorney = section_setting(section, "attorney");
	if (attorney != NULL && disposition->attorney && (disposition->effect != EFFECT_CONTACT || disposition->bulk))
		complaints_error(builder->complaints, section->file, attorney->line,
			"'attorney' goes with a contact in which somebody talks: effect = contact, and no messages");
	return 0;
}

/* "8-15" or "08-15": a day of the calendar, leap days aside. */
bool month_day_parse(const char *text, bool lunar, int *out_month, int *out_day)
{
	char digits[3][3] = {"", "", ""};
	int month, day;
	if (sscanf(text, "%2[0-9]-%2[0-9]%2s", digits[0], digits[1], digits[2]) != 2)
		return false;
	month = atoi(digits[0]);
	day = atoi(digits[1]);
	if (month < 1 || month > 12 || day < 1 || day > (lunar ? 30 : date_days_in_month(2023, month)))
		return false;
	*out_month = month;
	*out_day = day;
	return true;
}

static const struct festival *festival_find(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->festival_count; i++) {
		if (strcmp(policy->festivals[i].name, name) == 0)
			return &policy->festivals[i];
	}
	return NULL;
}

static int build_festival(struct builder *builder, const struct section *section)
{
	struct policy *policy = builder->policy;
	const struct festival *earlier = festival_find(policy, section->title);
	if (earlier != NULL) {
		title_is_twice(builder, section, &earlier->place);
		return 0;
	}
	struct festival *festival = &policy->festivals[policy->festival_count++];
	int result;
	if ((festival->name = strdup(section->title)) == NULL || (result = place_set(&festival->place, section)) < 0)
		return ERR_MEMORY;
	title_is_good(builder, section);
	if ((result = section_standard(SECTION_FESTIVAL, builder->folder, festival)) < 0 ||
		(result = section_apply(section, builder->folder, festival, builder->complaints)) < 0)
		return result;
	const struct setting *solar = section_setting(section, "solar");
	const struct setting *lunar = section_setting(section, "lunar");
	if ((solar == NULL) == (lunar == NULL)) {
		complaints_error(builder->complaints, section->file, section->line, "festival '%s': it takes either 'solar' or 'lunar'",
			section->title);
		return 0;
	}
	const struct setting *setting = solar != NULL ? solar : lunar;
	festival->basis = solar != NULL ? FESTIVAL_SOLAR : FESTIVAL_LUNAR;
	if (setting->count == 1 && !month_day_parse(setting->values[0].text, solar == NULL, &festival->month, &festival->day))
		complaints_error(builder->complaints, section->file, setting->line,
			"%s: '%s' will not do: it takes month and day of every year, like 8-15", setting->option->name,
			setting->values[0].text);
	return 0;
}

static int build_branch(struct builder *builder, const struct section *section)
{
	struct policy *policy = builder->policy;
	for (size_t i = 0; i < policy->branch_count; i++) {
		if (strcmp(policy->branches[i].name, section->title) == 0) {
			title_is_twice(builder, section, &policy->branches[i].place);
			return 0;
		}
	}
	struct branch *branch = &policy->branches[policy->branch_count++];
	int result;
	if ((branch->name = strdup(section->title)) == NULL || (result = place_set(&branch->place, section)) < 0)
		return ERR_MEMORY;
	if ((result = section_apply(section, builder->folder, branch, builder->complaints)) < 0)
		return result;
	if (!queue_name_is_valid(branch->name, false) || strchr(branch->name, '/') != NULL)
		complaints_error(builder->complaints, section->file, section->line,
			"branch '%.80s': a branch's name is printable ASCII without spaces, * and /", section->title);
	for (int removing = 0; removing <= 1; removing++) {
		const struct setting *setting = section_setting(section, removing ? "removes" : "adds");
		for (size_t i = 0; setting != NULL && i < setting->count; i++) {
			const char *name = setting->values[i].text;
			const struct festival *festival = festival_find(policy, name);
			if (festival == NULL && !builder->source->incomplete)
				complaints_error(builder->complaints, section->file, setting->values[i].line, "%s: no festival '%s'",
					setting->option->name, name);
			else if (festival != NULL && festival->everywhere != removing)
				complaints_warn(builder->complaints, section->file, setting->values[i].line,
					"%s: '%s' is kept %s, so this changes nothing", setting->option->name, name,
					removing ? "only where it is added" : "everywhere anyway");
		}
	}
	return 0;
}

/* A name that conditions can spell, and that is no column of clients.csv, no member that a list of clients has besides and no word of a condition. */
static bool field_name_is_free(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	static const char *const taken[] = {"client_ref", "as_of", "client", "next_on"};
	if (name[0] < 'a' || name[0] > 'z' || strspn(name, letters) != strlen(name) || strlen(name) > NAME_LENGTH_MAX ||
		condition_knows(name))
		return false;
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
		if (strcmp(taken[i], name) == 0)
			return false;
	}
	for (size_t i = 0; i < CLIENT_FIELD_COUNT; i++) {
		if (strcmp(client_field_names[i], name) == 0)
			return false;
	}
	return true;
}

static int build_client_field(struct builder *builder, const struct section *section)
{
	struct policy *policy = builder->policy;
	const struct declared_field *earlier = policy_declared(policy, section->title);
	if (earlier != NULL) {
		title_is_twice(builder, section, &earlier->place);
		return 0;
	}
	if (policy->declared_count == DECLARED_FIELDS_MAX) {
		complaints_error(
			builder->complaints, section->file, section->line, "more than %d fields of clients", (int)DECLARED_FIELDS_MAX);
		return 0;
	}
	struct declared_field *field = &policy->declared[policy->declared_count++];
	int result;
	if ((field->name = strdup(section->title)) == NULL || (result = place_set(&field->place, section)) < 0)
		return ERR_MEMORY;
	if (!field_name_is_free(field->name))
		complaints_error(builder->complaints, section->file, section->line,
			"client_field '%.80s': a field's name has lower-case letters, digits and _ only, begins with a letter, and is no "
			"column or word that means something already",
			section->title);
	return section_apply(section, builder->folder, field, builder->complaints);
}

static int queue_apply(struct builder *builder, const struct section *section, struct queue_settings *queue, bool bulk)
{
	int result;
	if ((result = place_set(&queue->place, section)) < 0 ||
		(result = section_apply(section, builder->folder, queue, builder->complaints)) < 0)
		return result;
	const struct setting *hours = section_setting(section, "hours");
	const struct setting *capacity = section_setting(section, "capacity");
	if (bulk && capacity != NULL)
		complaints_error(builder->complaints, section->file, capacity->line,
			"queue '%s': a queue of messages has no capacity: they go out as they are fetched", section->title);
	if (bulk) {
		if (hours != NULL)
			complaints_error(builder->complaints, section->file, hours->line,
				"queue '%s': a queue of messages is always open and has no hours", section->title);
		return 0;
	}
	enum hours_choice choice = HOURS_SPANS;
	if (hours != NULL && hours->count == 1 && (!hours_read(hours->values[0].text, &queue->hours, &choice) || choice == HOURS_NONE)) {
		complaints_error(builder->complaints, section->file, hours->line,
			"hours: '%s' will not do: it takes always, closed, or something like \"Mon 14:30-17:00; Tue-Thu 09:30-11:00, "
			"15:00-17:00\"",
			hours->values[0].text);
	}
	queue->always_open = choice == HOURS_ALWAYS;
	return 0;
}

/* A row with the standard settings. */
static int queue_add(struct builder *builder, const char *pattern, bool always_open, struct queue_settings **out)
{
	struct policy *policy = builder->policy;
	struct queue_settings *queue = &policy->queues[policy->queue_count++];
	enum hours_choice choice;
	if ((queue->pattern = strdup(pattern)) == NULL || (queue->place.file = strdup(policy->file)) == NULL)
		return ERR_MEMORY;
	queue->capacity = CAPACITY_BY_PACE;
	int result = section_standard(SECTION_QUEUE, builder->folder, queue);
	if (result < 0)
		return result;
	if (always_open)
		queue->hours.work_days_only = false;
	queue->always_open = always_open;
	hours_read(always_open ? "always" : option_of(SECTION_QUEUE, "hours")->standard, &queue->hours, &choice);
	*out = queue;
	return 0;
}

/* The rows as they stand, with those of the message queues before them, and one for every other queue behind. */
static int build_queues(struct builder *builder)
{
	struct policy *policy = builder->policy;
	struct queue_settings *queue;
	int result;
	policy->queues = calloc(source_count(builder->source, SECTION_QUEUE) + policy->channel_count + 1, sizeof *policy->queues);
	if (policy->queues == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < policy->channel_count; i++) {
		if (policy->channels[i].kind == CHANNEL_BULK && (result = queue_add(builder, policy->channels[i].name, true, &queue)) < 0)
			return result;
	}
	size_t bulk_count = policy->queue_count;
	for (size_t i = 0; i < builder->source->count; i++) {
		const struct section *section = &builder->source->sections[i];
		if (section->name != SECTION_QUEUE)
			continue;
		struct queue_settings *earlier = NULL;
		for (size_t j = 0; j < policy->queue_count && earlier == NULL; j++) {
			if (strcmp(policy->queues[j].pattern, section->title) == 0)
				earlier = &policy->queues[j];
		}
		bool bulk = earlier != NULL && earlier < policy->queues + bulk_count;
		if (earlier != NULL && (!bulk || earlier->place.line != 0)) {
			title_is_twice(builder, section, &earlier->place);
			continue;
		}
		if (!queue_name_is_valid(section->title, true)) {
			complaints_error(builder->complaints, section->file, section->line,
				"queue '%.80s': a queue is named like service, branch/SH01 or branch/*", section->title);
			continue;
		}
		if (!bulk && (result = queue_add(builder, section->title, false, &earlier)) < 0)
			return result;
		if ((result = queue_apply(builder, section, earlier, bulk)) < 0)
			return result;
	}
	return queue_add(builder, "*", false, &queue);
}

int build_main(struct builder *builder)
{
	static const struct {
		enum section_name name;
		int (*build)(struct builder *builder, const struct section *section);
	} titled[] = {
		{SECTION_CHANNEL, build_channel},
		{SECTION_DISPOSITION, build_disposition},
		{SECTION_FESTIVAL, build_festival},
		{SECTION_BRANCH, build_branch},
		{SECTION_CLIENT_FIELD, build_client_field},
	};
	struct policy *policy = builder->policy;
	const struct source *source = builder->source;
	int result = policy_build_singles(builder);
	if (result < 0)
		return result;
	policy->channels = calloc(source_count(source, SECTION_CHANNEL) + 1, sizeof *policy->channels);
	policy->dispositions = calloc(source_count(source, SECTION_DISPOSITION) + 1, sizeof *policy->dispositions);
	policy->festivals = calloc(source_count(source, SECTION_FESTIVAL) + 1, sizeof *policy->festivals);
	policy->branches = calloc(source_count(source, SECTION_BRANCH) + 1, sizeof *policy->branches);
	policy->declared = calloc(DECLARED_FIELDS_MAX, sizeof *policy->declared);
	if (policy->channels == NULL || policy->dispositions == NULL || policy->festivals == NULL || policy->branches == NULL ||
		policy->declared == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < sizeof titled / sizeof *titled; i++) {
		for (size_t j = 0; j < source->count; j++) {
			if (source->sections[j].name == titled[i].name && (result = titled[i].build(builder, &source->sections[j])) < 0)
				return result;
		}
	}
	return build_queues(builder);
}
