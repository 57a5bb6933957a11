/* Whole numbers of up to BIG_DIGITS decimal digits, for counting. */
#ifndef COMMON_BIG_H
#define COMMON_BIG_H

#include <stdint.h>

#define BIG_LIMBS 34
#define BIG_DIGITS (BIG_LIMBS * 9) /* 306 */

struct big {
	uint32_t limb[BIG_LIMBS]; /* base 10^9, lowest first */
	int over; /* too large: no number any more, and stays so */
};

static inline struct big big_of(uint32_t n)
{
	return (struct big){ .limb = { n % 1000000000, n / 1000000000 } };
}

void big_add(struct big *b, const struct big *more);
void big_multiply(struct big *b, uint32_t by);
/* Without sign and leading zeroes; NULL if it is too large. Caller frees. */
char *big_text(const struct big *b);
/* Reads it back: NULL or anything but digits is too large. */
struct big big_parse(const char *text);

#endif
