/* money.h - amounts as they stand in files: decimal text to whole ten-thousandths of a yuan and back. Pure. */
#ifndef FOLLOWUP_MONEY_H
#define FOLLOWUP_MONEY_H

#include <stdbool.h>
#include <stddef.h>

#include "followup/policy.h"

/* "905742.51", "-3", "7323650.0", ".5": an optional sign, digits, at most four decimals that are not zero; false otherwise or beyond +-9e14. */
bool money_parse(const char *text, size_t length, money_t *out);
/* Shortest decimal text; out holds 32 bytes. */
char *money_format(money_t amount, char out[32]);

#endif
