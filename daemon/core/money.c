/* money.c - amounts as they stand in files (money.h). */
#include "followup/money.h"

#define YUAN_MAX INT64_C(900000000000000)

bool money_parse(const char *text, size_t length, money_t *out)
{
	const char *at = text, *end = text + length;
	bool negative = false, any = false;
	int64_t yuan = 0, fraction = 0;

	if (at < end && (*at == '+' || *at == '-'))
		negative = *at++ == '-';
	for (; at < end && *at >= '0' && *at <= '9'; at++) {
		yuan = yuan * 10 + (*at - '0');
		if (yuan > YUAN_MAX)
			return false;
		any = true;
	}
	if (at < end && *at == '.') {
		int64_t worth = MONEY_ONE / 10; /* of the next decimal; 0 after the fourth */

		for (at++; at < end && *at >= '0' && *at <= '9'; at++) {
			if (worth == 0 && *at != '0')
				return false;
			fraction += (*at - '0') * worth;
			worth /= 10;
			any = true;
		}
	}
	if (!any || at != end || (yuan == YUAN_MAX && fraction > 0))
		return false;

	money_t amount = yuan * MONEY_ONE + fraction;
	*out = negative ? -amount : amount;
	return true;
}

static char *put_digits(char *at, uint64_t number, int least)
{
	char reversed[24];
	int count = 0;

	for (; number > 0 || count < least; number /= 10)
		reversed[count++] = (char)('0' + number % 10);
	while (count > 0)
		*at++ = reversed[--count];
	return at;
}

char *money_format(money_t amount, char out[32])
{
	/* Magnitude first: -0.5 has no sign left in its whole part. */
	uint64_t magnitude = amount < 0 ? -(uint64_t)amount : (uint64_t)amount;
	int fraction = (int)(magnitude % MONEY_ONE);
	int decimals = 4;
	char *at = out;

	if (amount == NO_MONEY) {
		out[0] = '\0';
		return out;
	}
	if (amount < 0)
		*at++ = '-';
	at = put_digits(at, magnitude / MONEY_ONE, 1);
	for (; fraction > 0 && fraction % 10 == 0; fraction /= 10)
		decimals--;
	if (fraction > 0) {
		*at++ = '.';
		at = put_digits(at, (uint64_t)fraction, decimals);
	}
	*at = '\0';
	return out;
}
