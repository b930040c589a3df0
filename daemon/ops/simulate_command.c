/* simulate_command.c - the command line of simulate, and how its result is printed. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "followup/csv.h"
#include "followup/followup.h"
#include "followup/simulate.h"
#include "followup/simulate_compare.h"
#include "followup/store.h"
#include "followup/store_view.h"
#include "followup/zone.h"

enum { CAPACITIES_MAX = 256, WITHOUT_MAX = 256 };

enum format { FORMAT_CSV, FORMAT_JSON };

struct options {
	const char *config, *compare, *clients, *events;
	day_t from, to;
	struct simulate_capacity capacities[CAPACITIES_MAX];
	size_t capacity_count;
	const char *without[WITHOUT_MAX];
	size_t without_count;
	enum format format;
	bool summary;
};

static int usage(const char *problem)
{
	fprintf(stderr,
		"followupd simulate: %s\n"
		"usage: followupd simulate [-c FILE] --clients FILE [--events FILE] --from DAY --to DAY\n"
		"                [--capacity QUEUE=N ...] [--without RULE ...] [--format csv|json] [--summary] [--compare FILE]\n",
		problem);
	return EX_USAGE;
}

static void complain(void *context, const struct complaint *complaint)
{
	(void)context;
	if (complaint->line > 0)
		fprintf(stderr, "%s:%d: %s: %s\n", complaint->file, complaint->line, complaint->warning ? "warning" : "error",
			complaint->text);
	else
		fprintf(stderr, "%s: %s: %s\n", complaint->file, complaint->warning ? "warning" : "error", complaint->text);
}

static bool parse_capacity(char *text, struct simulate_capacity *out)
{
	char *equals = strrchr(text, '='), *end;

	if (equals == NULL || equals == text || equals[1] < '0' || equals[1] > '9')
		return false;
	long calls = strtol(equals + 1, &end, 10);
	if (*end != '\0' || calls < 0)
		return false;
	*equals = '\0';
	*out = (struct simulate_capacity){text, calls};
	return true;
}

static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{"clients", required_argument, NULL, 'C'},
		{"events", required_argument, NULL, 'E'},
		{"from", required_argument, NULL, 'F'},
		{"to", required_argument, NULL, 'T'},
		{"capacity", required_argument, NULL, 'N'},
		{"without", required_argument, NULL, 'W'},
		{"format", required_argument, NULL, 'O'},
		{"summary", no_argument, NULL, 'S'},
		{"compare", required_argument, NULL, 'K'},
		{NULL, 0, NULL, 0},
	};
	int option, former = 0;

	/* "-": words come in order, so that --capacity and --without may be followed by several. */
	for (; (option = getopt_long(argc, argv, "-c:", known, NULL)) != -1; former = option) {
		if (option == 1)
			option = former == 'N' || former == 'W' ? former : '?';
		switch (option) {
		case 'c':
			options->config = optarg;
			break;
		case 'K':
			options->compare = optarg;
			break;
		case 'C':
			options->clients = optarg;
			break;
		case 'E':
			options->events = optarg;
			break;
		case 'F':
		case 'T': {
			day_t day = date_parse(optarg, strlen(optarg));
			if (day == NO_DAY)
				return usage("a day is written YYYY-MM-DD");
			*(option == 'F' ? &options->from : &options->to) = day;
			break;
		}
		case 'N':
			if (options->capacity_count == CAPACITIES_MAX ||
				!parse_capacity(optarg, &options->capacities[options->capacity_count]))
				return usage("a capacity is written QUEUE=N");
			options->capacity_count++;
			break;
		case 'W':
			if (options->without_count == WITHOUT_MAX)
				return usage("too many rules to leave out");
			options->without[options->without_count++] = optarg;
			break;
		case 'O':
			if (strcmp(optarg, "csv") != 0 && strcmp(optarg, "json") != 0)
				return usage("the format is csv or json");
			options->format = strcmp(optarg, "json") == 0 ? FORMAT_JSON : FORMAT_CSV;
			break;
		case 'S':
			options->summary = true;
			break;
		default:
			return usage("unknown option, missing value or a word too many");
		}
	}
	if (options->clients == NULL || options->from == NO_DAY || options->to == NO_DAY)
		return usage("--clients, --from and --to are needed");
	if (options->to < options->from)
		return usage("--to lies before --from");
	return 0;
}

static const char *const columns[] = {
	"rule", "client_ref", "occasion", "opens_on", "due_on", "channel", "queue", "state", "closed_on", "reason"};
enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]) };

struct printing {
	enum format format;
	bool first;
};

static void print_json_text(const char *text)
{
	putchar('"');
	for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			printf("\\%c", *c);
		else if (*c < 0x20)
			printf("\\u%04x", *c);
		else
			putchar(*c);
	}
	putchar('"');
}

static int print_row(void *context, const struct followup_row *row)
{
	struct printing *printing = context;
	char opens[DATE_TEXT_SIZE], due[DATE_TEXT_SIZE], closed[DATE_TEXT_SIZE];
	const char *const fields[COLUMN_COUNT] = {row->rule, row->client_ref, row->occasion, date_format(row->opens_on, opens),
		date_format(row->due_on, due), row->channel, row->queue, row->state, date_format(row->closed_on, closed), row->reason};

	if (printing->format == FORMAT_JSON)
		printf("%s\n {", printing->first ? "[" : ",");
	for (int i = 0; i < COLUMN_COUNT; i++) {
		char quoted[512];
		if (printing->format == FORMAT_JSON) {
			printf("%s\"%s\": ", i > 0 ? ", " : "", columns[i]);
			print_json_text(fields[i]);
			continue;
		}
		int length = csv_quote(fields[i], quoted, sizeof(quoted));
		if (length < 0)
			return length;
		printf("%s%.*s", i > 0 ? "," : "", length, quoted);
	}
	fputs(printing->format == FORMAT_JSON ? "}" : "\n", stdout);
	printing->first = false;
	return 0;
}

static int print_all(struct store *store, enum format format)
{
	struct printing printing = {format, true};

	if (format == FORMAT_CSV)
		for (int i = 0; i < COLUMN_COUNT; i++)
			printf("%s%s", columns[i], i + 1 < COLUMN_COUNT ? "," : "\n");
	int result = store_view_followups(store, print_row, &printing);
	if (format == FORMAT_JSON)
		puts(printing.first ? "[]" : "\n]");
	return result;
}

/* --summary: how many of each rule ended in each state. */
enum { SUMMARY_RULES_MAX = 256 };
struct summary {
	char rules[SUMMARY_RULES_MAX][65];
	long counts[SUMMARY_RULES_MAX][FOLLOWUP_STATE_COUNT];
	size_t count;
};

static int count_row(void *context, const struct followup_row *row)
{
	struct summary *summary = context;
	size_t i = 0;
	int state = followup_state_parse(row->state);

	while (i < summary->count && strcmp(summary->rules[i], row->rule) != 0)
		i++;
	if (i == SUMMARY_RULES_MAX || state < 0)
		return ERR_LIMIT;
	if (i == summary->count) {
		snprintf(summary->rules[i], sizeof(summary->rules[i]), "%s", row->rule);
		summary->count++;
	}
	summary->counts[i][state]++;
	return 0;
}

static int print_summary(struct store *store, enum format format)
{
	struct summary *summary = calloc(1, sizeof(*summary));

	if (summary == NULL)
		return ERR_MEMORY;
	int result = store_view_followups(store, count_row, summary);
	if (result == 0 && format == FORMAT_CSV) {
		printf("rule");
		for (int s = 0; s < FOLLOWUP_STATE_COUNT; s++)
			printf(",%s", followup_state_name((enum followup_state)s));
		putchar('\n');
	}
	for (size_t i = 0; result == 0 && i < summary->count; i++) {
		if (format == FORMAT_JSON)
			printf("%s{\"rule\": \"%s\"", i == 0 ? "[\n " : ",\n ", summary->rules[i]);
		else
			fputs(summary->rules[i], stdout);
		for (int s = 0; s < FOLLOWUP_STATE_COUNT; s++) {
			if (format == FORMAT_JSON)
				printf(", \"%s\": %ld", followup_state_name((enum followup_state)s), summary->counts[i][s]);
			else
				printf(",%ld", summary->counts[i][s]);
		}
		fputs(format == FORMAT_JSON ? "}" : "\n", stdout);
	}
	if (result == 0 && format == FORMAT_JSON)
		puts(summary->count == 0 ? "[]" : "\n]");
	free(summary);
	return result;
}

static int status_of(int result)
{
	if (result == ERR_SYSTEM)
		return EX_NOINPUT;
	return result == ERR_INVALID ? EX_DATAERR : EX_SOFTWARE;
}

static int simulate(const struct options *options, const struct policy *policy, struct simulate_result *made)
{
	struct simulation simulation = {
		policy, options->clients, options->events, options->from, options->to, options->capacities, options->capacity_count};
	int result = simulate_run(&simulation, stderr, made);

	return result < 0 ? status_of(result) : 0;
}

/* --compare: the same files under both configurations. */
static int compare(const struct options *options, struct store *first, const struct policy *other)
{
	struct simulate_result second;
	long differing = 0;

	int status = simulate(options, other, &second);
	if (status != 0)
		return status;
	int result = simulate_compare(first, second.store, stdout, &differing);
	store_close(second.store);
	if (result == 0)
		fprintf(stderr, "followupd simulate: %ld follow-up%s differ%s under %s\n", differing, differing == 1 ? "" : "s",
			differing == 1 ? "s" : "", options->compare);
	return result < 0 ? EX_SOFTWARE : 0;
}

static int run(const struct options *options, const struct policy *policy, const struct policy *other)
{
	struct simulate_result made;

	int status = simulate(options, policy, &made);
	if (status != 0)
		return status;
	int result = 0;
	if (other != NULL)
		status = compare(options, made.store, other);
	else
		result = options->summary ? print_summary(made.store, options->format) : print_all(made.store, options->format);
	store_close(made.store);
	if (result < 0 || fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "followupd simulate: the output could not be written\n");
		return EX_IOERR;
	}
	if (status == 0 && made.rows_bad > 0) {
		fprintf(stderr, "followupd simulate: %ld of %ld rows were left out\n", made.rows_bad, made.rows_read);
		return 1;
	}
	return status;
}

static void switch_off(const struct options *options, struct policy *policy)
{
	for (size_t i = 0; i < options->without_count; i++)
		if (policy_switch_off(policy, options->without[i]) < 0)
			/* A rule that is not configured is off already; say so, for it may be a slip of the pen. */
			fprintf(stderr, "followupd simulate: warning: --without %s: there is no such rule\n", options->without[i]);
}

/* Whether a queue is one that a template of a rule stands for: "service", or "manager/M17" for "manager/" and a star. */
static bool queue_fits(const char *template, const char *queue)
{
	size_t length = strlen(template);

	return template[length - 1] == '*' ? strncmp(template, queue, length - 1) == 0 && queue[length - 1] != '\0'
					   : strcmp(template, queue) == 0;
}

/* What a capacity for a queue changes: NULL, or why it changes nothing. */
static const char *capacity_in_vain(const struct policy *policy, const char *queue)
{
	int channel = policy_channel(policy, queue);

	if (channel >= 0 && policy->channels[channel].kind == CHANNEL_BULK)
		return "it is a queue of messages, which have no limit here";
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		bool own = rule->queue[strlen(rule->queue) - 1] == '*';
		/* Clients without a manager or branch fall to the fallback queue. Widening does not happen here. */
		if (rule->on && (queue_fits(rule->queue, queue) || (own && strcmp(policy->fallback_queue, queue) == 0)))
			return NULL;
	}
	return "no rule that is on puts calls there";
}

static void warn_of_capacities(const struct options *options, const struct policy *policy, const struct policy *other)
{
	for (size_t i = 0; i < options->capacity_count; i++) {
		const char *why = capacity_in_vain(policy, options->capacities[i].queue);
		if (why != NULL && (other == NULL || capacity_in_vain(other, options->capacities[i].queue) != NULL))
			fprintf(stderr, "followupd simulate: warning: --capacity %s=%ld: %s\n", options->capacities[i].queue,
				options->capacities[i].calls_a_day, why);
	}
}

int simulate_command(int argc, char **argv)
{
	struct options options = {.config = "/etc/followupd/followupd.conf", .from = NO_DAY, .to = NO_DAY};
	struct policy *policy = NULL, *other = NULL;

	int status = parse_options(argc, argv, &options);
	if (status != 0)
		return status;
	if (policy_load(options.config, complain, NULL, &policy) < 0)
		return EX_CONFIG;
	switch_off(&options, policy);
	if (zone_set(policy->time_zone) < 0) {
		fprintf(stderr, "%s: error: no data for time zone %s (is tzdata installed?)\n", policy->file, policy->time_zone);
		status = EX_CONFIG;
	}
	if (status == 0 && options.compare != NULL && policy_load(options.compare, complain, NULL, &other) < 0)
		status = EX_CONFIG;
	if (other != NULL)
		switch_off(&options, other);
	if (status == 0) {
		warn_of_capacities(&options, policy, other);
		status = run(&options, policy, other);
	}
	policy_free(other);
	policy_free(policy);
	return status;
}
