/* Configuration: a main file, and behind a line "=== rules" the file of its rules folder. Either a mistake is told of, with a line that the file has, or there is
 * a policy; and the next file is read as if this one had never been (libconfuse's scanner is one for the process). */
#include "fuzz.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "followup/policy.h"

static const char separator[] = "=== rules\n";
static const char lunar[] = "lunar_year,new_year_solar,leap_month,months,days,month_lengths\n"
			    "2025,2025-02-14,0,12,354,30 29 30 29 30 29 30 29 30 29 30 29\n";
static const char plain[] = "clients { tiers = {\"gold\"} }\nevents { kinds = {\"account_opened\", \"account_closed\", "
			    "\"account_reopened\", \"trade\", \"void\"} }\n"
			    "channel phone { kind = talk address = phone }\ndisposition reached { effect = contact }\n";

static char folder[PATH_MAX - 64];
static pid_t owner;

static void path_of(const char *name, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/%s", folder, name);
}

static void write_file(const char *name, const char *bytes, size_t length)
{
	char path[PATH_MAX];

	path_of(name, path);
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0 || write(file, bytes, length) != (ssize_t)length) {
		perror(path);
		exit(1);
	}
	close(file);
}

static void remove_folder(void)
{
	static const char *const names[] = {
		"followupd.conf", "plain.conf", "rules.d/a.conf", "calendar/lunar-years.csv", "rules.d", "calendar", ""};
	char path[PATH_MAX];

	for (size_t i = 0; getpid() == owner && i < sizeof(names) / sizeof(names[0]); i++) {
		path_of(names[i], path);
		(void)remove(path);
	}
}

/* A folder of its own for each process: fuzzers run side by side. */
static void make_folder(void)
{
	const char *temporary = getenv("TMPDIR");
	static const char *const inner[] = {"rules.d", "calendar"};
	char path[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s/followupd-fuzz-XXXXXX", temporary != NULL ? temporary : "/tmp");
	if (mkdtemp(folder) == NULL) {
		perror(folder);
		exit(1);
	}
	owner = getpid();
	atexit(remove_folder);
	for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++) {
		path_of(inner[i], path);
		(void)mkdir(path, 0700);
	}
	write_file("calendar/lunar-years.csv", lunar, sizeof(lunar) - 1);
	write_file("plain.conf", plain, sizeof(plain) - 1);
}

struct told {
	long lines; /* of the longer file */
	size_t errors;
};

static void hear(void *context, const struct complaint *complaint)
{
	struct told *told = context;

	FUZZ_CHECK(complaint->text != NULL && complaint->text[0] != '\0' && complaint->file != NULL);
	/* One more: what is missing at the end stands behind the last line. */
	FUZZ_CHECK(complaint->line >= 0 && complaint->line <= told->lines + 1);
	told->errors += !complaint->warning;
}

static long count_lines(const char *bytes, size_t length)
{
	long lines = 1;

	for (size_t i = 0; i < length; i++)
		lines += bytes[i] == '\n';
	return lines;
}

/* What whoever uses a policy relies on. */
static void check_policy(const struct policy *policy)
{
	FUZZ_CHECK(policy->queue_count > 0 && policy_queue(policy, "anything") != NULL);
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];

		FUZZ_CHECK(i == 0 || strcmp(policy->rules[i - 1].name, rule->name) < 0);
		FUZZ_CHECK(policy_rule(policy, rule->name) == rule);
		FUZZ_CHECK(rule->queue != NULL && rule->channel_count <= POLICY_RULE_CHANNELS_MAX);
		FUZZ_CHECK((rule->where == NULL) == (rule->condition == NULL));
		for (size_t j = 0; j < rule->channel_count; j++)
			FUZZ_CHECK(rule->channels[j] >= 0 && (size_t)rule->channels[j] < policy->channel_count);
	}
	for (size_t i = 0; i < policy->channel_count; i++)
		FUZZ_CHECK(policy_channel(policy, policy->channels[i].name) == (int)i);
	for (size_t i = 0; i < policy->tiers.count; i++)
		FUZZ_CHECK(policy_tier(policy, policy->tiers.items[i]) == (int)i);
	policy_check_reach(policy, date_to_day(2025, 3, 3), hear, &(struct told){.lines = LONG_MAX - 1});
}

static void load(const char *name, struct told *told)
{
	struct policy *policy = NULL;
	char path[PATH_MAX];

	path_of(name, path);
	int result = policy_load(path, hear, told, &policy);
	FUZZ_CHECK(result == 0 || result == ERR_INVALID);
	FUZZ_CHECK((result == 0) == (told->errors == 0));
	FUZZ_CHECK((result == 0) == (policy != NULL));
	if (policy != NULL)
		check_policy(policy);
	policy_free(policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const char *text = (const char *)bytes;
	const char *found = length > 0 ? memmem(text, length, separator, sizeof(separator) - 1) : NULL;
	size_t main_length = found == NULL ? length : (size_t)(found - text);
	const char *rules = found == NULL ? "" : found + sizeof(separator) - 1;
	size_t rules_length = found == NULL ? 0 : length - main_length - (sizeof(separator) - 1);

	if (folder[0] == '\0')
		make_folder();
	write_file("followupd.conf", text, main_length);
	write_file("rules.d/a.conf", rules, rules_length);
	long lines = count_lines(text, main_length), more = count_lines(rules, rules_length);
	struct told told = {.lines = lines > more ? lines : more};
	load("followupd.conf", &told);

	write_file("rules.d/a.conf", "", 0);
	struct told after = {.lines = LONG_MAX - 1};
	load("plain.conf", &after);
	FUZZ_CHECK(after.errors == 0);
	return 0;
}
