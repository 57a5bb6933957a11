/*
 * Enumeration: runs a strategy over a cut and passes each state on, once per
 * content. Where all legal states are no more than asked for, whatever the
 * strategy left out follows it: then nothing is missing at that cut. What the
 * contract does not allow comes last, where the drive has faults beyond it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/rng.h"
#include "states/faults.h"
#include "states/strategy.h"

struct emitter {
	const struct view *view;
	const struct cut *cut;
	found_fn fn;
	void *arg;
	struct error *e;
	uint64_t seed;
	struct state_hash *slots; /* seen; open addressing, 0 0 is free */
	size_t n, n_slots;        /* n_slots: a power of two */
	int zero_seen;            /* the hash 0 0 itself: all is as in base */
	int every;                /* also equal ones */
};

/* Where the hash stands or would; not of 0 0. */
static size_t find(const struct emitter *out, struct state_hash hash)
{
	size_t mask = out->n_slots - 1, i = (size_t)hash.low & mask;

	for (; out->slots[i].low || out->slots[i].high; i = (i + 1) & mask)
		if (out->slots[i].low == hash.low &&
		    out->slots[i].high == hash.high)
			break;
	return i;
}

static int seen(const struct emitter *out, struct state_hash hash)
{
	size_t i;

	if (!hash.low && !hash.high)
		return out->zero_seen;
	i = find(out, hash);
	return out->slots[i].low || out->slots[i].high;
}

/* False: was there before. */
static int insert(struct emitter *out, struct state_hash hash)
{
	if (seen(out, hash))
		return 0;
	out->n++;
	if (!hash.low && !hash.high)
		return out->zero_seen = 1;
	out->slots[find(out, hash)] = hash;
	return 1;
}

static void grow(struct emitter *out)
{
	struct state_hash *old = out->slots;
	size_t n_old = out->n_slots, n = out->n;

	out->n_slots = n_old ? n_old * 2 : 64;
	out->slots = xcalloc(out->n_slots, sizeof(*out->slots));
	for (size_t i = 0; i < n_old; i++)
		if (old[i].low || old[i].high)
			insert(out, old[i]);
	out->n = n;
	free(old);
}

int emit(struct emitter *out, const uint32_t *pick)
{
	struct found found = { .hash = pick_hash(out->view, pick),
			       .rank = out->n,
			       .view = out->view,
			       .cut = out->cut,
			       .pick = pick };

	units_touched += out->view->n;
	if (out->every)
		return out->fn(&found, out->arg);
	if (out->n * 2 >= out->n_slots)
		grow(out);
	if (!insert(out, found.hash))
		return 0;
	return out->fn(&found, out->arg);
}

size_t emit_count(const struct emitter *out)
{
	return out->n;
}

uint64_t emit_seed(const struct emitter *out)
{
	return out->seed;
}

/*
 * What the contract allows was emitted first. What different faults make stands
 * for itself, though its content be the same: each is a finding of its own.
 */
int emit_fault(struct emitter *out, const uint32_t *pick,
	       const struct fault_at *f, int *ret_new)
{
	struct state state;
	struct found found = { .rank = out->n, .fault = f->kind,
			       .whole = &state };
	struct state_hash hash;
	int err;

	*ret_new = 0;
	pick_state(out->view, out->cut, pick, &state);
	err = fault_apply(out->view, pick, f, &state, out->e);
	if (!err && out->n * 2 >= out->n_slots)
		grow(out);
	found.hash = hash = state.hash;
	hash.high ^= (uint64_t)f->kind << 56;
	if (err || seen(out, state.hash) || !insert(out, hash)) {
		state_free(&state);
		return err == -EINVAL ? 0 : err;
	}
	*ret_new = 1;
	err = out->fn(&found, out->arg);
	state_free(&state);
	return err;
}

void found_state(const struct found *f, struct state *ret)
{
	if (f->whole)
		state_copy(f->whole, ret);
	else
		pick_state(f->view, f->cut, f->pick, ret);
}

/* The same states each time, others at each cut. */
static uint64_t seed_of(const struct exploration *x, const struct cut *c)
{
	struct rng rng = rng_init(x->seed ^ c->position);

	return rng_next(&rng);
}

static int run(const struct exploration *x, struct emitter *out,
	       int *ret_complete)
{
	unsigned k;
	const struct strategy *s =
		strategy_named(x->strategy ? x->strategy : "default", &k);
	int err = s->run(out->view, k, out);

	*ret_complete = 0;
	if (!err && view_legal_log2(out->view) <= (double)x->exhaustive + 1e-6) {
		err = emit_everything(out->view, out);
		*ret_complete = !err;
	}
	return err ? err : strategy_faults(out->view, out);
}

int cursor_explore(struct cursor *c, const struct cut *cut,
		   const struct exploration *x, found_fn fn, void *arg,
		   int *ret_complete, struct error *e)
{
	struct emitter out = { .cut = cut, .fn = fn, .arg = arg, .e = e,
			       .seed = seed_of(x, cut) };
	struct view *view;
	int complete, err;

	if (x->strategy && !strategy_exists(x->strategy))
		return error_set(e, EINVAL, "there is no strategy '%s'",
				 x->strategy);
	err = view_at(c, cut->position, &view, e);
	if (err)
		return err;
	out.view = view;
	err = run(x, &out, ret_complete ? ret_complete : &complete);
	free(out.slots);
	return err;
}

int dropped_each(const struct view *v, const struct cut *c, unsigned k,
		 found_fn fn, void *arg)
{
	struct emitter out = { .view = v, .cut = c, .fn = fn, .arg = arg,
			       .every = 1 };

	return emit_dropped(v, &out, k);
}

struct whole {
	state_fn fn;
	void *arg;
};

static int pass_on(const struct found *f, void *arg)
{
	struct whole *w = arg;
	struct state state;

	found_state(f, &state);
	return w->fn(&state, w->arg);
}

int space_enumerate(struct state_space *s, const struct cut *c,
		    const struct exploration *x, state_fn fn, void *arg,
		    struct error *e)
{
	static const struct exploration usual = EXPLORATION_DEFAULT;
	struct whole w = { fn, arg };

	return cursor_explore(s->own, c, x ? x : &usual, pass_on, &w, NULL, e);
}
