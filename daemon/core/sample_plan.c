/* sample_plan.c - the arithmetic of sample_plan.h. */
#include "followup/sample_plan.h"

int64_t sample_wanted(int64_t book, int share_percent)
{
	return (book * share_percent + 99) / 100;
}

int64_t sample_day(int64_t place, int64_t count, int64_t days)
{
	return (int64_t)((__int128)place * days / count);
}

/* The share of the ended ones that was reached. Two that count as reached beforehand: the first loss of the year does not make all hopeless. */
static double reach_rate(const struct sample_plan *plan)
{
	return (double)(plan->reached + 2) / (double)(plan->reached + plan->lost + 2);
}

/* Of those pending, how many will be reached. */
static double expected(const struct sample_plan *plan)
{
	double lost = 1 - reach_rate(plan), lost_each_time = lost;

	for (int i = 0; i < plan->rounds && lost_each_time > 1e-9; i++)
		lost_each_time *= lost;
	return (double)plan->pending * (1 - lost_each_time);
}

int64_t sample_projected(const struct sample_plan *plan)
{
	return plan->reached + (int64_t)(expected(plan) + 0.5);
}

int64_t sample_missing(const struct sample_plan *plan)
{
	int64_t missing = plan->wanted - plan->reached - plan->pending;

	if (plan->rounds == 0) {
		double short_of = (double)(plan->wanted - plan->reached) - expected(plan);
		double draw = short_of / reach_rate(plan);
		int64_t whole = (int64_t)draw;
		if (short_of > 0 && whole + (draw > (double)whole) > missing)
			missing = whole + (draw > (double)whole);
	}
	return missing > 0 ? missing : 0;
}

int64_t sample_kept(int64_t clients, int share_percent)
{
	enum { LEAST = 2000 };
	int64_t wanted = sample_wanted(clients, share_percent);
	int64_t kept = 3 * wanted > wanted + LEAST ? 3 * wanted : wanted + LEAST;

	return kept < clients ? kept : clients;
}
