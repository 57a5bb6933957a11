/*
 * The plan: which states of a recording are judged, and what that covers.
 *
 * Two states with equal content and equal promises (the same begins and acks
 * before the cut) need but one judgement: mount and check are functions of the
 * disk and the promises; where the scenario may lose what is young, also of
 * which promises are young at the cut (check/window.c). States with different
 * faults beyond the contract, or one and none, are never equal: each fault is a
 * finding of its own. All states that the strategy finds at all cuts are looked
 * through twice, and none is kept but as the hash of its content:
 *
 *   1. each different one gets the best rank that it has at any cut;
 *   2. the budget keeps the best ranks: the strategy's first states of every
 *      cut come before the second ones of any, and where a rank does not fit
 *      whole, its cuts are spread evenly over the log. What is kept is planned
 *      once; a state equal to a planned one is `equal`; what is neither is
 *      left out.
 *
 * So `equal` never points to a state that nobody judges. At a cut that has more
 * states than the budget can reach (behind the first PLAN_LOOKED_AT) the strategy
 * is stopped: those are told by `more`, not counted.
 *
 * Memory: 64 bytes per different state that was looked at, 24 more while the
 * plan is made, and some 100 per planned one, with where it differs from its cut
 * while the plan is made. Looked at are at each cut at most
 * PLAN_LOOKED_AT states and those that the budget might have kept. Time: near
 * linear in the states looked at.
 */
#ifndef RUN_PLAN_H
#define RUN_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "check/pool.h"
#include "states/states.h"

struct error;
struct plan_keys;
struct scenario;

#define PLAN_LOOKED_AT 256

struct plan_config {
	struct exploration explore;
	uint64_t budget; /* states that may be judged */
	int urgent;      /* judging ends by time */
	uint64_t window_ns; /* what the scenario may lose (check/window.c) */
};
/* As the scenario says. */
struct plan_config plan_config_of(const struct scenario *s);

struct plan_cut {
	struct cut cut;
	uint64_t volatile_writes;
	double legal_log2;
	char *legal;          /* exact, decimal digits; NULL: too many. Owned */
	uint64_t acks, begun; /* promises before it; begun, not acked */
	uint64_t states;      /* found by the strategy; different contents */
	uint64_t equal;       /* of these: equal to another one, which is judged
			       * (plan_make: planned) */
	uint64_t left_out;    /* of these: neither judged nor equal */
	int more;             /* the strategy had more: the budget did not */
	int complete;         /* every legal content is judged or equal */
	unsigned reach;       /* reach.h; set by the caller */
	int losses;           /* every state that loses at most so many whole
			       * writes is judged or equal; -1: none known */
};

struct plan {
	struct plan_cut *cuts;
	size_t n_cuts;
	struct item *items; /* in the order in which they are best judged */
	size_t n_items;
	uint64_t distinct; /* contents among all states found */
	/* Its own. */
	struct state_space *space;
	struct promises *promises;
	struct cursor *cursor;
	struct plan_config config;
	uint64_t limit; /* the first rank that the budget has no room for */
	struct plan_keys *keys;
	uint32_t *item_keys; /* per item */
};

/* Borrows the space and the history until plan_release. */
int plan_make(struct state_space *space, const struct history *h,
	      const struct cut *cuts, size_t n_cuts,
	      const struct plan_config *config, struct plan *ret,
	      struct error *e);
void plan_release(struct plan *p);

/* The item was judged, or is equal to one that was (check/pool.h); known: its
 * verdict says something, so that what equals it is covered. 1: for the first
 * time. */
int plan_judged(struct plan *p, const struct item *item, int known, int equal);
/* What was told as equal does not stand any more, unless it was judged since.
 * Returns how many that are. */
uint64_t plan_refuted(struct plan *p);
/* Counts equal, left_out, complete and losses anew: by what was judged, not by
 * what was planned. */
int plan_conclude(struct plan *p, struct error *e);

#endif
