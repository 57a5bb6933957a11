#include "run/plan-budget.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "run/plan-keys.h"

void budget_count(struct budget *b, uint64_t rank, int by)
{
	if (rank >= b->n_ranks) {
		size_t n = rank + 1 + b->n_ranks;

		b->ranks = xrealloc(b->ranks, n * sizeof(*b->ranks));
		memset(b->ranks + b->n_ranks, 0,
		       (n - b->n_ranks) * sizeof(*b->ranks));
		b->n_ranks = n;
	}
	b->ranks[rank] += (uint64_t)by;
	if (rank < b->limit)
		b->below += (uint64_t)by;
}

void budget_lower(struct budget *b)
{
	if (b->below < b->states)
		return;
	if (b->limit > b->n_ranks)
		b->limit = b->n_ranks;
	while (b->limit &&
	       b->below - b->ranks[b->limit - 1] >= b->states)
		b->below -= b->ranks[--b->limit];
}

/* Its bits from the last to the first: in this order the first ones of any
 * number lie evenly apart. */
static uint32_t spread(uint32_t n)
{
	uint32_t ret = 0;

	for (int i = 0; i < 32; i++, n >>= 1)
		ret = ret << 1 | (n & 1);
	return ret;
}

static int by_rank(const void *a, const void *b)
{
	const struct plan_key *x = *(const struct plan_key *const *)a;
	const struct plan_key *y = *(const struct plan_key *const *)b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return spread(x->cut) < spread(y->cut) ? -1 :
						 spread(x->cut) > spread(y->cut);
}

void budget_keep(const struct budget *b, struct plan_keys *k)
{
	CLEANUP_FREE struct plan_key **order = xcalloc(k->n, sizeof(*order));

	for (uint32_t i = 0; i < k->n; i++)
		order[i] = &k->at[i];
	if (k->n > b->states)
		qsort(order, k->n, sizeof(*order), by_rank);
	for (uint32_t i = 0; i < k->n && i < b->states; i++)
		order[i]->planned = 1;
}
