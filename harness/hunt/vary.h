/*
 * What a round of a hunt does differently from all others (vary.c).
 */
#ifndef HUNT_VARY_H
#define HUNT_VARY_H

#include <stdint.h>

#include "scenario/scenario.h"

/* The scenario as the round with this seed runs it: a function of both alone.
 * All but its cuts is borrowed from `s`; hunt_vary_release frees those. */
void hunt_vary(const struct scenario *s, uint64_t seed, uint64_t budget,
	       struct scenario *ret);
void hunt_vary_release(struct scenario *varied);

#endif
