/*
 * The plan: which states of a recording are judged.
 *
 * All states of all cuts are enumerated; those with equal content and equal
 * promises (the same begins and acks before the cut) as one before them are
 * not judged again: mount and check are functions of the disk and the
 * promises. States with different faults beyond the contract, or one and none,
 * are never taken for equal: each fault is a finding of its own. What is over the budget is left out fairly: the strategy's first
 * states of every cut come before the second ones of any.
 */
#ifndef RUN_PLAN_H
#define RUN_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "check/pool.h"
#include "states/states.h"

struct error;

struct plan_cut {
	struct cut cut;
	uint64_t volatile_writes;
	double legal_log2;
	uint64_t acks, begun; /* promises before it; begun, not acked */
	uint64_t states;      /* enumerated */
	uint64_t equal;       /* not judged: equal to another */
};

struct plan {
	struct plan_cut *cuts;
	size_t n_cuts;
	struct item *items; /* in cut order */
	size_t n_items;
};

int plan_make(struct state_space *space, const struct history *h,
	      const struct cut *cuts, size_t n_cuts, uint64_t budget,
	      struct plan *ret, struct error *e);
void plan_release(struct plan *p);

#endif
