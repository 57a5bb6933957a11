#include "run/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "run/plan-budget.h"
#include "run/plan-keys.h"
#include "run/plan-order.h"
#include "scenario/scenario.h"

/* found_fn: the rest of the cut cannot be kept. */
#define ENOUGH 1

struct planner {
	struct plan *plan;
	uint32_t cut;      /* index of the one that is looked at */
	uint64_t promises; /* before it */
	uint64_t uncovered; /* of its legal states */
	struct budget budget;
	struct candidate *candidates;
	size_t n, size;
	struct error *e;
};

/* What must be equal besides the content: the promises, and the fault. */
static uint64_t beside(const struct planner *p, enum fault fault)
{
	return p->promises * FAULT_COUNT + fault;
}

/* ---- 1. the best rank of each ---- */

/* Too late for the budget, and enough was seen to say so. */
static int is_enough(const struct planner *p, const struct found *f)
{
	return f->rank >= p->budget.limit && f->rank >= PLAN_LOOKED_AT;
}

static int rate(const struct found *f, void *arg)
{
	struct planner *p = arg;
	struct plan_keys *keys = p->plan->keys;
	struct plan_key *key;

	if (is_enough(p, f))
		return ENOUGH;
	key = plan_keys_find(keys, f->hash, beside(p, f->fault));
	if (key && key->rank <= f->rank)
		return 0;
	if (key)
		budget_count(&p->budget, key->rank, -1);
	else
		key = plan_keys_add(keys, f->hash, beside(p, f->fault));
	if (!key)
		return error_set(p->e, EFBIG, "more states than can be "
				 "counted: give states.budget");
	key->rank = (uint32_t)f->rank;
	key->cut = p->cut;
	budget_count(&p->budget, key->rank, 1);
	budget_lower(&p->budget);
	return 0;
}

/* ---- 2. what the budget keeps ---- */

static int by_hash(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct state_hash));
}

static uint64_t count_contents(const struct plan_keys *k)
{
	CLEANUP_FREE struct state_hash *all = xcalloc(k->n, sizeof(*all));
	uint64_t n = 0;

	for (uint32_t i = 0; i < k->n; i++)
		all[i] = k->at[i].hash;
	if (k->n)
		qsort(all, k->n, sizeof(*all), by_hash);
	for (uint32_t i = 0; i < k->n; i++)
		n += !i || by_hash(&all[i], &all[i - 1]);
	return n;
}

/* The likeliest of all cuts come first where time is short: ranks 0 to 3, to 15,
 * to 63 and so on. */
static uint32_t wave_of(const struct planner *p, uint64_t rank)
{
	uint32_t wave = 0;

	for (uint64_t end = 4; p->plan->config.urgent && rank >= end; end *= 4)
		wave++;
	return wave;
}

static void add_candidate(struct planner *p, const struct found *f,
			  const struct plan_key *key)
{
	struct candidate *c;

	if (p->n == p->size) {
		p->size = p->size ? 2 * p->size : 256;
		p->candidates = xrealloc(p->candidates,
					 p->size * sizeof(*p->candidates));
	}
	c = &p->candidates[p->n++];
	*c = (struct candidate){ .key = (uint32_t)(key - p->plan->keys->at),
				 .wave = wave_of(p, f->rank),
				 .cut = p->cut };
	found_state(f, &c->state);
}

static int is_own(const struct planner *p, const struct found *f,
		  const struct plan_key *key)
{
	return key && key->cut == p->cut && key->rank == f->rank;
}

/* own: it is, or was, judged itself. */
static void tell(struct planner *p, const struct found *f, int own,
		 int covered)
{
	struct plan_cut *cut = &p->plan->cuts[p->cut];

	cut->states++;
	cut->equal += !own && covered;
	cut->left_out += !own && !covered;
	p->uncovered += !covered && f->fault == FAULT_NONE;
}

static int choose(const struct found *f, void *arg)
{
	struct planner *p = arg;
	const struct plan_key *key =
		plan_keys_find(p->plan->keys, f->hash, beside(p, f->fault));
	int planned = key && key->planned;

	if (is_enough(p, f))
		return ENOUGH;
	tell(p, f, planned && is_own(p, f, key), planned);
	if (planned && is_own(p, f, key))
		add_candidate(p, f, key);
	return 0;
}

static void hand_over(struct planner *p)
{
	struct plan *plan = p->plan;

	candidates_order(p->candidates, p->n);
	plan->items = xcalloc(p->n, sizeof(*plan->items));
	plan->item_keys = xcalloc(p->n, sizeof(*plan->item_keys));
	plan->n_items = p->n;
	for (size_t i = 0; i < p->n; i++) {
		struct state *s = &p->candidates[i].state;

		plan->items[i].cut = s->cut;
		plan->items[i].survivors = TAKE(s->survivors);
		plan->item_keys[i] = p->candidates[i].key;
		state_free(s);
	}
	free(p->candidates);
}

/* ---- all of it ---- */

/* complete may be NULL. */
static int explore(struct planner *p, uint32_t cut, found_fn fn, int *complete)
{
	struct plan *plan = p->plan;
	struct plan_cut *c = &plan->cuts[cut];
	int err;

	p->cut = cut;
	p->uncovered = 0;
	p->promises = promises_key(plan->promises, &c->cut,
				   plan->config.window_ns);
	err = cursor_explore(plan->cursor, &c->cut, &plan->config.explore, fn,
			     p, complete, p->e);
	if (err != ENOUGH)
		return err;
	c->more = 1;
	return 0;
}

static void describe(struct plan *p, struct plan_cut *c)
{
	struct promise_counts n = promises_count(p->promises, &c->cut);

	c->acks = n.acks;
	c->begun = n.begun;
	c->volatile_writes = cursor_volatile(p->cursor, &c->cut);
	c->legal_log2 = cursor_legal_log2(p->cursor, &c->cut);
	c->legal = cursor_legal(p->cursor, &c->cut);
}

struct lookup {
	const struct planner *p;
	int judged;
};

static int is_covered(struct state_hash hash, void *arg)
{
	const struct lookup *l = arg;
	const struct plan_key *key =
		plan_keys_find(l->p->plan->keys, hash,
			       beside(l->p, FAULT_NONE));

	return key && (l->judged ? key->judged >= JUDGED_EQUAL : key->planned);
}

/* What can be said of the cut once all its states were told. */
static void sum_up(struct planner *p, struct plan_cut *c, int all_found,
		   int judged)
{
	struct lookup l = { p, judged };

	c->complete = all_found && !p->uncovered;
	c->losses = cursor_covered_losses(p->plan->cursor, &c->cut, is_covered,
					  &l);
}

static int make(struct planner *p)
{
	struct plan *plan = p->plan;
	int err = 0;

	for (uint32_t i = 0; i < plan->n_cuts && !err; i++) {
		describe(plan, &plan->cuts[i]);
		err = explore(p, i, rate, NULL);
	}
	if (err)
		return err;
	plan->limit = p->budget.limit;
	budget_keep(&p->budget, plan->keys);
	plan->distinct = count_contents(plan->keys);
	for (uint32_t i = plan->n_cuts; i-- && !err;) {
		struct plan_cut *c = &plan->cuts[i];
		size_t first = p->n;
		int all = 0;

		c->more = 0;
		err = explore(p, i, choose, &all);
		candidates_order_cut(p->candidates, first, p->n);
		sum_up(p, c, all && !c->more, 0);
	}
	return err;
}

int plan_make(struct state_space *space, const struct history *h,
	      const struct cut *cuts, size_t n_cuts,
	      const struct plan_config *config, struct plan *ret,
	      struct error *e)
{
	struct plan plan = { .cuts = xcalloc(n_cuts, sizeof(*plan.cuts)),
			     .n_cuts = n_cuts,
			     .space = space,
			     .promises = promises_new(h),
			     .cursor = cursor_new(space),
			     .config = *config,
			     .keys = xcalloc(1, sizeof(*plan.keys)) };
	struct planner p = { .plan = &plan, .e = e,
			     .budget = { .states = config->budget,
					 .limit = UINT64_MAX } };
	int err;

	for (size_t i = 0; i < n_cuts; i++)
		plan.cuts[i].cut = cuts[i];
	err = make(&p);
	hand_over(&p);
	free(p.budget.ranks);
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
	for (size_t i = 0; i < p->n_cuts; i++)
		free(p->cuts[i].legal);
	free(p->items);
	free(p->item_keys);
	free(p->cuts);
	plan_keys_free(p->keys);
	cursor_free(p->cursor);
	promises_free(p->promises);
	*p = (struct plan){ 0 };
}

struct plan_config plan_config_of(const struct scenario *s)
{
	return (struct plan_config){
		.explore = { .strategy = s->states.strategy,
			     .exhaustive = s->states.exhaustive,
			     .seed = s->seed },
		.budget = s->states.budget,
		.urgent = s->states.time_ns != 0,
		.window_ns = s->window_ns,
	};
}

/* ---- after judging ---- */

int plan_judged(struct plan *p, const struct item *item, int known, int equal)
{
	size_t i = (size_t)(item - p->items);
	struct plan_key *key;
	int first;

	if (i >= p->n_items)
		return 0;
	key = &p->keys->at[p->item_keys[i]];
	first = key->judged == JUDGED_NOT;
	key->judged = !known ? JUDGED_UNKNOWN :
		      equal  ? JUDGED_EQUAL :
			       JUDGED_KNOWN;
	return first;
}

uint64_t plan_refuted(struct plan *p)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < p->keys->n; i++) {
		if (p->keys->at[i].judged != JUDGED_EQUAL)
			continue;
		p->keys->at[i].judged = JUDGED_NOT;
		n++;
	}
	return n;
}

static int tell_judged(const struct found *f, void *arg)
{
	struct planner *p = arg;
	const struct plan_key *key =
		plan_keys_find(p->plan->keys, f->hash, beside(p, f->fault));

	if (is_enough(p, f))
		return ENOUGH;
	tell(p, f, is_own(p, f, key) && key->judged,
	     key && key->judged >= JUDGED_EQUAL);
	return 0;
}

int plan_conclude(struct plan *plan, struct error *e)
{
	struct planner p = { .plan = plan, .e = e,
			     .budget = { .limit = plan->limit } };
	int err = 0;

	for (uint32_t i = 0; i < plan->n_cuts && !err; i++) {
		struct plan_cut *c = &plan->cuts[i];
		int all = 0;

		c->states = c->equal = c->left_out = 0;
		c->more = 0;
		err = explore(&p, i, tell_judged, &all);
		sum_up(&p, c, all && !c->more, 1);
	}
	return err;
}
