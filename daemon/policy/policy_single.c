/* policy_single.c - the sections that stand once and fill struct policy itself: daemon, tls, limits, calendar, clients, events, contacts, hand_out, review ... */
#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "followup/policy_build.h"
#include "followup/policy_option.h"
#include "followup/policy_value.h"

#define ZONE_FOLDER "/usr/share/zoneinfo"

/* The one section of an untitled kind; NULL when there is none. Complains of a second one. */
static const struct section *section_single(struct builder *builder, enum section_name name)
{
	const struct section *found = NULL;
	for (size_t i = 0; i < builder->source->count; i++) {
		const struct section *section = &builder->source->sections[i];
		if (section->name != name)
			continue;
		if (found == NULL)
			found = section;
		else
			title_is_twice(builder, section, &(struct place){.file = found->file, .line = found->line});
	}
	return found;
}

static int listener_add(struct builder *builder, void *target, const char *text, const char *file, int line)
{
	struct policy *policy = target;
	const char *why = NULL;
	char *address = NULL;
	if (strncmp(text, "unix:", 5) == 0) {
		char *path = path_from(builder->folder, text + 5);
		if (path == NULL || asprintf(&address, "unix:%s", path) < 0) {
			free(path);
			return ERR_MEMORY;
		}
		if (text[5] == '\0' || strlen(path) >= sizeof(struct sockaddr_un){0}.sun_path)
			why = "the path of a socket is too long or not there";
		free(path);
	} else {
		char host[64];
		bool tls = strncmp(text, "tls:", 4) == 0;
		const char *begin = tls ? text + 4 : text;
		const char *colon = strrchr(begin, ':');
		const char *port = colon == NULL ? "" : colon + 1;
		size_t length = colon == NULL ? 0 : (size_t)(colon - begin);
		bool bracketed = length > 2 && begin[0] == '[' && begin[length - 1] == ']';
		snprintf(host, sizeof host, "%.*s", (int)(bracketed ? length - 2 : length), bracketed ? begin + 1 : begin);
		struct in_addr four;
		struct in6_addr six;
		bool is_four = !bracketed && inet_pton(AF_INET, host, &four) == 1;
		bool is_six = bracketed && inet_pton(AF_INET6, host, &six) == 1;
		if ((!is_four && !is_six) || port[0] == '\0' || strspn(port, "0123456789") != strlen(port) || strlen(port) > 5 ||
			atoi(port) > 65535)
			why = "it takes unix:/path, or an address and a port like 127.0.0.1:7379, [::1]:7379 or tls:0.0.0.0:7380";
		else if (tls && (policy->tls_certificate[0] == '\0' || policy->tls_key[0] == '\0'))
			why = "section tls must name a certificate and its key";
		else if (tls)
			; /* from anywhere */
		else if (is_four ? (ntohl(four.s_addr) >> 24) != 127 : !IN6_IS_ADDR_LOOPBACK(&six))
			why = "only this machine itself may connect without TLS (tls:ADDRESS:PORT): it takes an address like 127.0.0.1 or "
			      "[::1]";
		address = strdup(text);
		if (address == NULL)
			return ERR_MEMORY;
	}
	for (size_t i = 0; why == NULL && i < policy->listener_count; i++) {
		if (strcmp(policy->listeners[i].address, address) == 0)
			why = "it stands twice";
	}
	if (why != NULL) {
		complaints_error(builder->complaints, file, line, "listen: '%s' will not do: %s", text, why);
		free(address);
		return 0;
	}
	struct listener *grown = realloc(policy->listeners, (policy->listener_count + 1) * sizeof *grown);
	char *place = strdup(file);
	if (grown != NULL)
		policy->listeners = grown;
	if (grown == NULL || place == NULL) {
		free(address);
		free(place);
		return ERR_MEMORY;
	}
	grown[policy->listener_count++] = (struct listener){.address = address, .place = {.file = place, .line = line}};
	return 0;
}

static int key_tier_add(struct builder *builder, void *target, const char *text, const char *file, int line)
{
	struct policy *policy = target;
	int tier = policy_tier(policy, text);
	if (tier >= 0)
		policy->key_tiers |= UINT32_C(1) << tier;
	else if (line != 0) /* the standard ones need not be there */
		complaints_error(builder->complaints, file, line, "key_tiers: '%s' is not one of the tiers", text);
	return 0;
}

static int day_part_add(struct builder *builder, void *target, const char *text, const char *file, int line)
{
	struct policy *policy = target;
	const size_t room = sizeof policy->day_part_minutes / sizeof *policy->day_part_minutes;
	int minute = clock_parse(text);
	size_t count = policy->day_part_count;
	bool ascends = count == 0 ? minute == 0 : minute > policy->day_part_minutes[count - 1];
	if (minute < 0 || minute == 1440 || count == room || !ascends) {
		complaints_error(builder->complaints, file, line,
			"day_parts: '%s' will not do: it takes at most %zu ascending times like 12:00, the first of them 00:00", text,
			room);
		return 0;
	}
	policy->day_part_minutes[policy->day_part_count++] = minute;
	return text_list_add(&policy->day_parts, text);
}

static int review_form_add(struct builder *builder, void *target, const char *text, const char *file, int line)
{
	struct policy *policy = target;
	if (!name_is_valid(text) || text_list_has(&policy->review_form, text) || policy->review_form.count == REVIEW_FORM_MAX) {
		complaints_error(builder->complaints, file, line,
			"form: '%s' will not do: it takes at most %d different names of lower-case letters, digits, - and _", text,
			REVIEW_FORM_MAX);
		return 0;
	}
	return text_list_add(&policy->review_form, text);
}

static int break_code_add(struct builder *builder, void *target, const char *text, const char *file, int line)
{
	enum { BREAK_CODES_MAX = 32, BREAK_CODE_LENGTH_MAX = 64 };
	struct policy *policy = target;
	if (!name_is_valid(text) || strlen(text) > BREAK_CODE_LENGTH_MAX || text_list_has(&policy->break_codes, text) ||
		policy->break_codes.count == BREAK_CODES_MAX) {
		complaints_error(builder->complaints, file, line,
			"break_codes: '%s' will not do: it takes at most %d different names of lower-case letters, digits, - and _", text,
			BREAK_CODES_MAX);
		return 0;
	}
	return text_list_add(&policy->break_codes, text);
}

/* The zone's name is looked up here and not tried: setting it would change the running daemon. */
static void check_time_zone(struct builder *builder, const struct section *section)
{
	const char *zone = builder->policy->time_zone;
	const struct setting *setting = section == NULL ? NULL : section_setting(section, "time_zone");
	char path[PATH_MAX];
	struct stat status;
	if (stat(ZONE_FOLDER, &status) != 0)
		return; /* a machine without zone data: starting will say so */
	snprintf(path, sizeof path, "%s/%s", ZONE_FOLDER, zone);
	if (zone[0] == '/' || strstr(zone, "..") != NULL || stat(path, &status) != 0 || !S_ISREG(status.st_mode))
		complaints_error(builder->complaints, builder->policy->file, setting == NULL ? 0 : setting->line,
			"time_zone: '%s' is not known on this machine; it takes a name like Asia/Shanghai", zone);
}

/* The engine itself works with these. */
static void check_event_kinds(struct builder *builder, const struct section *section)
{
	static const char *const needed[] = {"account_opened", "account_closed", "account_reopened", "trade", "void"};
	const struct setting *setting = section == NULL ? NULL : section_setting(section, "kinds");
	if (setting == NULL)
		return; /* said already */
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
		if (!text_list_has(&builder->policy->event_kinds, needed[i]))
			complaints_error(builder->complaints, section->file, setting->line, "kinds: '%s' must be among them", needed[i]);
	}
}

int policy_build_singles(struct builder *builder)
{
	struct policy *policy = builder->policy;
	const struct section *singles[SECTION_COUNT] = {NULL};
	int result;
	for (int i = 0; i < SECTION_COUNT; i++) {
		enum section_name name = (enum section_name)i;
		if (section_kinds[i].titled || section_kinds[i].home != HOME_MAIN)
			continue;
		if ((result = section_standard(name, builder->folder, policy)) < 0)
			return result;
		singles[i] = section_single(builder, name);
		if (singles[i] != NULL) {
			if ((result = section_apply(singles[i], builder->folder, policy, builder->complaints)) < 0)
				return result;
			continue;
		}
		for (const struct option *option = section_kinds[i].options; option->name != NULL && !builder->source->incomplete;
			option++) {
			if (option->required)
				complaints_error(builder->complaints, policy->file, 0, "a section '%s' with '%s' is missing",
					section_kinds[i].name, option->name);
		}
	}
	if ((result = own_list_read(builder, SECTION_DAEMON, singles[SECTION_DAEMON], "listen", listener_add, policy)) < 0 ||
		(result = own_list_read(builder, SECTION_CLIENTS, singles[SECTION_CLIENTS], "key_tiers", key_tier_add, policy)) < 0 ||
		(result = own_list_read(builder, SECTION_HAND_OUT, singles[SECTION_HAND_OUT], "day_parts", day_part_add, policy)) < 0 ||
		(result = own_list_read(builder, SECTION_HAND_OUT, singles[SECTION_HAND_OUT], "break_codes", break_code_add, policy)) < 0 ||
		(result = own_list_read(builder, SECTION_REVIEW, singles[SECTION_REVIEW], "form", review_form_add, policy)) < 0)
		return result;
	check_time_zone(builder, singles[SECTION_DAEMON]);
	check_event_kinds(builder, singles[SECTION_EVENTS]);
	if (!queue_name_is_valid(policy->fallback_queue, false)) {
		const struct setting *setting = section_setting(singles[SECTION_HAND_OUT], "fallback_queue");
		complaints_error(builder->complaints, policy->file, setting->line, "fallback_queue: '%s' is not a queue's name",
			policy->fallback_queue);
	}
	return 0;
}
