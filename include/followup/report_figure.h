/* report_figure.h - the quotients of a report. Pure; whole numbers throughout, rounded half up, so that anyone gets the same by hand. */
#ifndef FOLLOWUP_REPORT_FIGURE_H
#define FOLLOWUP_REPORT_FIGURE_H

#include <stddef.h>
#include <stdint.h>

/* part of whole as a percentage with one decimal: 2 of 3 is "66.7". Neither is negative, whole is not 0. Returns out. */
char *report_percent(int64_t part, int64_t whole, char *out, size_t size);

/* sum over count with two decimals: 13 over 3 is "4.33". The same holds. */
char *report_mean(int64_t sum, int64_t count, char *out, size_t size);

#endif
