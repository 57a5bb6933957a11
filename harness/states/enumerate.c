/*
 * Enumeration: runs a strategy over a cut and passes each state on, once per
 * content.
 */
#include <errno.h>
#include <stdlib.h>

#include "common/error.h"
#include "states/faults.h"
#include "states/space.h"

struct emitter {
	const struct view *view;
	const struct cut *cut;
	state_fn fn;
	void *arg;
	struct error *e;
	struct state_hash *slots; /* seen; open addressing, 0 0 is free */
	size_t n, n_slots;        /* n_slots: a power of two */
	int zero_seen;            /* the hash 0 0 itself: all is as in base */
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
	if (!hash.low && !hash.high)
		return out->zero_seen = 1;
	out->slots[find(out, hash)] = hash;
	out->n++;
	return 1;
}

static void grow(struct emitter *out)
{
	struct state_hash *old = out->slots;
	size_t n_old = out->n_slots;

	out->n_slots = n_old ? n_old * 2 : 64;
	out->slots = xcalloc(out->n_slots, sizeof(*out->slots));
	out->n = 0;
	for (size_t i = 0; i < n_old; i++)
		if (old[i].low || old[i].high)
			insert(out, old[i]);
	free(old);
}

int emit(struct emitter *out, const uint32_t *pick)
{
	struct state state;

	if (out->n * 2 >= out->n_slots)
		grow(out);
	if (!insert(out, pick_hash(out->view, pick)))
		return 0;
	pick_state(out->view, out->cut, pick, &state);
	return out->fn(&state, out->arg);
}

/*
 * What the contract allows was emitted first. What different faults make stands
 * for itself, though its content be the same: each is a finding of its own.
 */
int emit_fault(struct emitter *out, const uint32_t *pick,
	       const struct fault_at *f, int *ret_new)
{
	struct state state;
	struct state_hash hash;
	int err;

	*ret_new = 0;
	pick_state(out->view, out->cut, pick, &state);
	err = fault_apply(out->view, pick, f, &state, out->e);
	if (!err && out->n * 2 >= out->n_slots)
		grow(out);
	hash = state.hash;
	hash.high ^= (uint64_t)f->kind << 56;
	if (err || seen(out, state.hash) || !insert(out, hash)) {
		state_free(&state);
		return err == -EINVAL ? 0 : err;
	}
	*ret_new = 1;
	return out->fn(&state, out->arg);
}

int space_enumerate(struct state_space *s, const struct cut *c, state_fn fn,
		    void *arg, struct error *e)
{
	struct emitter out = { .cut = c, .fn = fn, .arg = arg, .e = e };
	struct view *view;
	int err = view_at(s->own, c->position, &view, e);

	if (err)
		return err;
	out.view = view;
	err = view->line ? strategy_fifo(view, &out) :
			   strategy_default(view, &out);
	if (!err)
		err = strategy_faults(view, &out);
	free(out.slots);
	return err;
}
