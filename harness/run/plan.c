#include "run/plan.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

/* What makes two states equal for the check. */
struct key {
	struct state_hash hash;
	uint64_t promises; /* begins and acks before the cut */
	uint64_t fault;    /* what the contract allows is never told by a state
			    * that it does not, nor one fault by another */
};

struct candidate {
	struct item item;
	uint64_t rank; /* among its cut's states */
	size_t cut;    /* index */
};

struct planner {
	struct plan *plan;
	struct promises *marks;
	struct candidate *candidates;
	size_t n, size;
	void *seen; /* tsearch tree of struct key */
	uint64_t rank, promises;
};

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct key));
}

/* Whether an equal one was there before; remembers it. */
static int seen_before(struct planner *p, const struct state *s)
{
	struct key *key = xcalloc(1, sizeof(*key));
	struct key **node;

	key->hash = s->hash;
	key->promises = p->promises;
	key->fault = s->fault;
	node = tsearch(key, &p->seen, compare_keys);
	if (!node)
		abort();
	if (*node == key)
		return 0;
	free(key);
	return 1;
}

static void add_candidate(struct planner *p, struct state *s)
{
	struct candidate *c;

	if (p->n == p->size) {
		p->size = p->size ? 2 * p->size : 256;
		p->candidates = xrealloc(p->candidates,
					 p->size * sizeof(*p->candidates));
	}
	c = &p->candidates[p->n++];
	c->item.cut = s->cut;
	c->item.survivors = xstrdup(s->survivors);
	c->rank = p->rank++;
	c->cut = p->plan->n_cuts;
}

static int on_state(struct state *s, void *arg)
{
	struct planner *p = arg;
	struct plan_cut *cut = &p->plan->cuts[p->plan->n_cuts];

	cut->states++;
	if (seen_before(p, s))
		cut->equal++;
	else
		add_candidate(p, s);
	state_free(s);
	return 0;
}

static void count_promises(struct planner *p, struct plan_cut *c)
{
	struct promise_counts n = promises_count(p->marks, &c->cut);

	c->acks = n.acks;
	c->begun = n.begun;
	p->promises = n.all;
}

static int plan_cut(struct planner *p, struct state_space *space,
		    const struct cut *cut, struct error *e)
{
	struct plan_cut *c = &p->plan->cuts[p->plan->n_cuts];
	int err;

	*c = (struct plan_cut){ .cut = *cut };
	c->volatile_writes = space_volatile(space, cut);
	c->legal_log2 = space_legal_log2(space, cut);
	count_promises(p, c);
	p->rank = 0;
	err = space_enumerate(space, cut, NULL, on_state, p, e);
	p->plan->n_cuts++;
	return err;
}

static int by_rank(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->cut < y->cut ? -1 : x->cut > y->cut;
}

static int by_cut(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->cut != y->cut)
		return x->cut < y->cut ? -1 : 1;
	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static void keep_to_budget(struct planner *p, uint64_t budget)
{
	if (p->n <= budget)
		return;
	qsort(p->candidates, p->n, sizeof(*p->candidates), by_rank);
	for (size_t i = budget; i < p->n; i++)
		free(p->candidates[i].item.survivors);
	p->n = budget;
	qsort(p->candidates, p->n, sizeof(*p->candidates), by_cut);
}

static void hand_over(struct planner *p)
{
	p->plan->items = xcalloc(p->n, sizeof(*p->plan->items));
	p->plan->n_items = p->n;
	for (size_t i = 0; i < p->n; i++)
		p->plan->items[i] = p->candidates[i].item;
}

int plan_make(struct state_space *space, const struct history *h,
	      const struct cut *cuts, size_t n_cuts, uint64_t budget,
	      struct plan *ret, struct error *e)
{
	struct plan plan = { .cuts = xcalloc(n_cuts, sizeof(*plan.cuts)) };
	struct planner p = { .plan = &plan, .marks = promises_new(h) };
	int err = 0;

	for (size_t i = 0; i < n_cuts && !err; i++)
		err = plan_cut(&p, space, &cuts[i], e);
	if (!err)
		keep_to_budget(&p, budget);
	hand_over(&p);
	free(p.candidates);
	promises_free(p.marks);
	tdestroy(p.seen, free);
	if (err)
		plan_release(&plan);
	else
		*ret = plan;
	return err;
}

void plan_release(struct plan *p)
{
	for (size_t i = 0; i < p->n_items; i++)
		free(p->items[i].survivors);
	free(p->items);
	free(p->cuts);
	*p = (struct plan){ 0 };
}
