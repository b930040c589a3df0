/* report_figure.c - the quotients of a report. */
#include "followup/report_figure.h"

#include <stdio.h>

/* numerator * scale / denominator, rounded half up; the remainder is scaled alone, so that no count of a book overflows. */
static int64_t scaled(int64_t numerator, int64_t denominator, int64_t scale)
{
	int64_t whole = numerator / denominator, rest = numerator % denominator;

	return whole * scale + (rest * scale * 2 + denominator) / (denominator * 2);
}

char *report_percent(int64_t part, int64_t whole, char *out, size_t size)
{
	int64_t tenths = scaled(part, whole, 1000);

	snprintf(out, size, "%lld.%lld", (long long)(tenths / 10), (long long)(tenths % 10));
	return out;
}

char *report_mean(int64_t sum, int64_t count, char *out, size_t size)
{
	int64_t hundredths = scaled(sum, count, 100);

	snprintf(out, size, "%lld.%02lld", (long long)(hundredths / 100), (long long)(hundredths % 100));
	return out;
}
