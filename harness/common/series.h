/* Measured values of one kind, in the order of their rounds, and what to say of
 * them. */
#ifndef COMMON_SERIES_H
#define COMMON_SERIES_H

#include <stddef.h>

struct series {
	double *values; /* in the order of the rounds, owned */
	size_t n;
};

void series_add(struct series *s, double value);
void series_release(struct series *s);

/* Of an even number the mean of the two in the middle. 0 of none. */
double series_median(const struct series *s);
double series_min(const struct series *s);
double series_max(const struct series *s);

/* How s compares with `against`: the median of the ratios of each round, over
 * the rounds that both have; 0 of none. What slows the machine down for a
 * while slows both sides of a round: it spoils medians, not ratios. */
double series_ratio(const struct series *s, const struct series *against);

#endif
