/*
 * Inside the room: strategies, one file each (strategy-NAME.c), its idea in
 * prose at the head. Not for others.
 *
 * A strategy picks survivors at one cut and calls emit(); states with equal
 * content are found behind it. It emits legal states only, also where
 * order: fifo leaves but prefixes (view.line is not NULL then), and the states
 * that it thinks most likely to show a loss first: a budget keeps the first
 * ones. What it draws it draws from emit_seed(), so that it picks the same states
 * each time.
 */
#ifndef STATES_STRATEGY_H
#define STATES_STRATEGY_H

#include <stdint.h>

#include "states/space.h"

struct emitter;

/* Emits the state of the pick unless one with equal content was. Other than 0
 * ends the enumeration. */
int emit(struct emitter *out, const uint32_t *pick);
/* How many different contents were emitted so far. */
size_t emit_count(const struct emitter *out);
/* For this cut. */
uint64_t emit_seed(const struct emitter *out);

struct strategy {
	const char *name;
	int numbered; /* NAME-K, K from 1 to STRATEGY_MOST */
	const char *help; /* one line */
	int (*run)(const struct view *v, unsigned k, struct emitter *out);
};
#define STRATEGY_MOST 9

extern const struct strategy strategy_default, strategy_prefix, strategy_drop,
	strategy_keep, strategy_torn, strategy_reorder, strategy_exhaustive,
	strategy_random;

/* NULL: there is none with that name. */
const struct strategy *strategy_named(const char *name, unsigned *ret_k);

/* ---- parts that strategies share ---- */

/* All survived; nothing volatile did. */
int emit_all_and_none(const struct view *v, struct emitter *out);
/* Every subset of the writes listed, on top of `base` (what survives anyway). */
int emit_subsets(const struct view *v, struct emitter *out,
		 const uint32_t *base, const uint32_t *writes, size_t n);
/* Exactly k writes lost whole; of order: fifo the last k. */
int emit_dropped(const struct view *v, struct emitter *out, unsigned k);
/* Calls fn for each of these, also where contents are equal. Other than 0 ends
 * it. */
int dropped_each(const struct view *v, const struct cut *c, unsigned k,
		 found_fn fn, void *arg);
/* The first n writes of the order survive, and the units from .. to of the next
 * one. n may be all of them. */
int emit_prefix(const struct view *v, struct emitter *out,
		const uint32_t *order, size_t n, uint32_t from, uint32_t to);
#define NO_UNITS 1, 0 /* from .. to */
/* Each write torn in the middle, the others surviving; with order: fifo those
 * in front of it. */
int emit_halves(const struct view *v, struct emitter *out);
/* At most n random states. */
int emit_random(const struct view *v, struct emitter *out, size_t n);
/* All legal states. */
int emit_everything(const struct view *v, struct emitter *out);

/* How many units a write of the view has, open or not. */
uint32_t write_units(const struct view *v, size_t write);

#endif
