#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>
#include <stdio.h>

/* Times in nanoseconds, each kept to within 1/64 of itself, in buckets whose width grows with the time: any number of them in a fixed room. */
enum { HISTOGRAM_BUCKETS = 64 * 60 };

struct histogram {
	uint64_t count, longest, sum;
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t nanoseconds);
/* The time within which so much of it was (0.99), rounded up to its bucket's end; 0 when there is none. */
uint64_t histogram_at(const struct histogram *histogram, double share);
/* {"count":...,"mean_ms":...,"p50_ms":..., ...} */
void histogram_print(const struct histogram *histogram, FILE *out);

#endif
