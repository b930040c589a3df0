/* bulk_book.c - a made-up book of any size, the same every time: bulk_book clients|events COUNT DAY. Two years of events up to DAY, most of them trades, clients in the order of
 * their references as a core system writes them out. Every row is drawn from the client's number alone, so that both files agree. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/date.h"

enum { YEARS_DAYS = 730, BRANCHES = 200, MANAGERS_A_BRANCH = 10, TRADES_MAX = 12 };

struct drawn {
	uint64_t state;
};

static uint64_t draw(struct drawn *drawn)
{
	uint64_t x = drawn->state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static int below(struct drawn *drawn, int limit)
{
	return (int)(draw(drawn) % (uint64_t)limit);
}

static bool percent(struct drawn *drawn, int of_a_thousand)
{
	return below(drawn, 1000) < of_a_thousand;
}

struct drawn_client {
	bool is_new; /* opened within the two years */
	bool closes;
	int trades;
	day_t opened_on, closes_on;
};

/* What both files must agree on, drawn first. */
static struct drawn_client draw_client(struct drawn *drawn, day_t today)
{
	struct drawn_client client = {.is_new = percent(drawn, 80), .closes = percent(drawn, 30)};

	client.opened_on = client.is_new ? today - below(drawn, YEARS_DAYS) : today - YEARS_DAYS - below(drawn, 365 * 18);
	client.closes_on = client.opened_on + (today - client.opened_on) / 2 + below(drawn, 1 + (today - client.opened_on) / 2);
	int kind = below(drawn, 100);
	client.trades = kind < 30 ? 1 + below(drawn, TRADES_MAX) : kind < 55 ? 1 : 0;
	return client;
}

static void print_client(long number, day_t today)
{
	static const char *const surnames[] = {
		"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林"};
	static const char *const given[] = {"伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明"};
	struct drawn drawn = {(uint64_t)number};
	struct drawn_client client = draw_client(&drawn, today);
	char opened[DATE_TEXT_SIZE], traded[DATE_TEXT_SIZE] = "", person[24] = "", manager[40] = "", introducer[40] = "", birthday[40] = "";
	int branch = below(&drawn, BRANCHES), tier = below(&drawn, 1000), calendar = below(&drawn, 100);

	if (number % 20 < 2) /* two accounts of one person */
		snprintf(person, sizeof(person), "P%08ld", number / 20);
	if (!percent(&drawn, 30))
		snprintf(manager, sizeof(manager), "B%03d-M%d", branch, 1 + below(&drawn, MANAGERS_A_BRANCH));
	if (percent(&drawn, 500))
		memcpy(introducer, manager, sizeof(introducer));
	if (!percent(&drawn, 30))
		snprintf(
			birthday, sizeof(birthday), "%d-%02d-%02d", 1940 + below(&drawn, 65), 1 + below(&drawn, 12), 1 + below(&drawn, 28));
	if (client.trades == 0 && !client.is_new && percent(&drawn, 700))
		date_format(today - YEARS_DAYS - below(&drawn, 1000), traded);
	bool phone = !percent(&drawn, 20), email = percent(&drawn, 600);
	printf("C%08ld,%s,%s%s%s,", number, person, surnames[below(&drawn, 16)], given[below(&drawn, 16)], given[below(&drawn, 16)]);
	if (phone)
		printf("1%010llu", (unsigned long long)(draw(&drawn) % UINT64_C(10000000000)));
	printf(",");
	if (email)
		printf("c%08ld@example.com", number);
	printf(",%s,B%03d,%s,%s,%s,%s,%s,,%s,%d.%02d,%s\n",
		tier < 5     ? "diamond"
		: tier < 40  ? "gold"
		: tier < 200 ? "silver"
			     : "standard",
		branch, manager, introducer, birthday,
		birthday[0] == '\0' ? ""
		: calendar < 80     ? "solar"
		: calendar < 99     ? "lunar"
				    : "lunar-leap",
		date_format(client.opened_on, opened), traded, 1000 + below(&drawn, 1 << (8 + below(&drawn, 16))), below(&drawn, 100),
		percent(&drawn, 970) ? "normal" : "dormant");
}

static void print_event(long client, int *place, const char *kind, day_t day, long amount)
{
	char text[DATE_TEXT_SIZE];

	printf("E%08ld-%d,C%08ld,%s,%s,", client, (*place)++, client, kind, date_format(day, text));
	if (amount > 0)
		printf("%ld", amount);
	printf(",\n");
}

static void print_events(long number, day_t today)
{
	static const struct {
		const char *kind;
		int of_a_thousand;
		int amount;
	} rare[] = {{"permission_opened", 30, 0}, {"complaint", 5, 0}, {"abnormal", 1, 0}, {"asset_outflow", 50, 800000},
		{"transfer_requested", 3, 0}};
	struct drawn drawn = {(uint64_t)number};
	struct drawn_client client = draw_client(&drawn, today);
	day_t from = client.is_new ? client.opened_on : today - YEARS_DAYS;
	int place = 1, days = 1 + today - from;

	drawn.state ^= UINT64_C(0x5bd1e995) << 32; /* draws of its own from here */
	if (client.is_new)
		print_event(number, &place, "account_opened", client.opened_on, 0);
	if (client.closes)
		days = 1 + client.closes_on - from > 0 ? 1 + client.closes_on - from : 1;
	for (int i = 0; i < client.trades; i++)
		print_event(number, &place, "trade", from + below(&drawn, days), 100 + below(&drawn, 200000));
	for (size_t i = 0; i < sizeof(rare) / sizeof(rare[0]); i++)
		if (percent(&drawn, rare[i].of_a_thousand))
			print_event(number, &place, rare[i].kind, from + below(&drawn, days),
				rare[i].amount > 0 ? 1 + below(&drawn, rare[i].amount) : 0);
	if (client.closes)
		print_event(number, &place, "account_closed", client.closes_on > from ? client.closes_on : from, 0);
}

int main(int argc, char **argv)
{
	static char block[1 << 20];
	long count = argc == 4 ? strtol(argv[2], NULL, 10) : 0;
	day_t today = argc == 4 ? date_parse(argv[3], strlen(argv[3])) : NO_DAY;

	if (count <= 0 || today == NO_DAY || (strcmp(argv[1], "clients") != 0 && strcmp(argv[1], "events") != 0)) {
		fprintf(stderr, "usage: bulk_book clients|events COUNT DAY\n");
		return 64;
	}
	(void)setvbuf(stdout, block, _IOFBF, sizeof(block));
	bool clients = strcmp(argv[1], "clients") == 0;
	puts(clients ? "client_ref,person_ref,name,phone,email,tier,branch,manager,introducer,birthday,birthday_calendar,opened_on,closed_"
		       "on,last_trade_on,assets,"
		       "status"
		     : "event_ref,client_ref,kind,occurred_at,amount,detail");
	for (long i = 1; i <= count; i++)
		if (clients)
			print_client(i, today);
		else
			print_events(i, today);
	return fflush(stdout) == 0 && ferror(stdout) == 0 ? 0 : 74;
}
