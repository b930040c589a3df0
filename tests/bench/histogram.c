/* histogram.c - how long the answers took: log-linear buckets, after the idea of HdrHistogram. */
#include "histogram.h"

enum { STEPS = 64, STEP_BITS = 6 };

static unsigned bucket_of(uint64_t value)
{
	if (value < 2 * STEPS)
		return (unsigned)value;
	unsigned exponent = 63U - (unsigned)__builtin_clzll(value);
	return (exponent - STEP_BITS) * STEPS + (unsigned)(value >> (exponent - STEP_BITS));
}

/* The largest value that falls into it. */
static uint64_t bucket_end(unsigned bucket)
{
	if (bucket < 2 * STEPS)
		return bucket;
	unsigned shift = bucket / STEPS - 1;
	return ((uint64_t)(bucket % STEPS + STEPS + 1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t nanoseconds)
{
	unsigned bucket = bucket_of(nanoseconds);

	histogram->buckets[bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1]++;
	histogram->count++;
	histogram->sum += nanoseconds;
	if (nanoseconds > histogram->longest)
		histogram->longest = nanoseconds;
}

uint64_t histogram_at(const struct histogram *histogram, double share)
{
	double wanted = share * (double)histogram->count;
	uint64_t seen = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += histogram->buckets[i];
		if (seen > 0 && (double)seen >= wanted)
			return bucket_end(i) < histogram->longest ? bucket_end(i) : histogram->longest;
	}
	return histogram->longest;
}

void histogram_print(const struct histogram *histogram, FILE *out)
{
	static const struct {
		const char *name;
		double share;
	} points[] = {{"p50_ms", 0.5}, {"p90_ms", 0.9}, {"p99_ms", 0.99}, {"p999_ms", 0.999}, {"max_ms", 1}};

	fprintf(out, "{\"count\":%llu,\"mean_ms\":%.4f", (unsigned long long)histogram->count,
		histogram->count > 0 ? (double)histogram->sum / (double)histogram->count / 1e6 : 0);
	for (unsigned i = 0; i < sizeof(points) / sizeof(*points); i++)
		fprintf(out, ",\"%s\":%.4f", points[i].name, (double)histogram_at(histogram, points[i].share) / 1e6);
	fputc('}', out);
}
