/*
 * Inside the room: which of a plan's states the budget keeps (plan.h). Not for
 * others.
 */
#ifndef RUN_PLAN_BUDGET_H
#define RUN_PLAN_BUDGET_H

#include <stddef.h>
#include <stdint.h>

struct plan_keys;

/* How many different states have which rank, and the first rank that the budget
 * has no room for: `below` have a better one. */
struct budget {
	uint64_t states; /* that may be judged */
	uint64_t *ranks; /* owned: freed by its user */
	size_t n_ranks;
	uint64_t limit, below;
};

/* by: 1 with a new state of that rank, -1 with one that has another now. */
void budget_count(struct budget *b, uint64_t rank, int by);
/* After counting: the limit as it is then. */
void budget_lower(struct budget *b);
/* Plans the best ranks; of one that does not fit whole, cuts that lie evenly
 * apart. */
void budget_keep(const struct budget *b, struct plan_keys *k);

#endif
