/*
 * The one source of randomness: splitmix64 (Steele, Lea, Flood, OOPSLA 2014).
 * The same seed gives the same sequence on every machine.
 */
#ifndef COMMON_RNG_H
#define COMMON_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state;
};

static inline struct rng rng_init(uint64_t seed)
{
	return (struct rng){ seed };
}

static inline uint64_t rng_next(struct rng *r)
{
	uint64_t z = (r->state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* Uniform in 0 .. bound-1; bound must not be 0. */
static inline uint64_t rng_below(struct rng *r, uint64_t bound)
{
	uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
	uint64_t n;

	do {
		n = rng_next(r);
	} while (n >= limit);
	return n % bound;
}

#endif
