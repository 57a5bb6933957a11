/*
 * Dropping and keeping: at most k writes lost and all others there (what a
 * missing flush shows: the rest was lucky), or at most k there and all others
 * lost (what a reordering shows: one overtook the rest). Whole writes; smaller
 * sets first.
 *
 * Of a write that a younger survivor overwrites nothing can be seen, so writes are
 * dropped from the youngest of the set to the oldest (pick_drop).
 *
 * With order: fifo those lost are the last ones, those kept the first.
 */
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "states/strategy.h"

/* A set of k writes, grown from the youngest on. */
struct choice {
	const struct view *v;
	struct emitter *out;
	void (*apply)(const struct view *v, uint32_t *pick, size_t write,
		      uint32_t from, uint32_t to);
};

/* Chooses `left` more writes among the first n. */
static int choose(const struct choice *c, const uint32_t *pick, size_t n,
		  unsigned left)
{
	size_t size = c->v->n * sizeof(*pick);
	CLEANUP_FREE uint32_t *next = xmalloc(size);
	int err = 0;

	if (!left)
		return emit(c->out, pick);
	for (size_t w = left - 1; !err && w < n; w++) {
		if (size)
			memcpy(next, pick, size);
		c->apply(c->v, next, w, 0, UINT32_MAX);
		err = choose(c, next, w, left - 1);
	}
	return err;
}

int emit_dropped(const struct view *v, struct emitter *out, unsigned k)
{
	const struct choice c = { v, out, pick_drop };
	CLEANUP_FREE uint32_t *all = pick_all(v);

	if (k > v->n_writes)
		return 0;
	if (v->line)
		return emit_prefix(v, out, v->line, v->n_writes - k, NO_UNITS);
	return choose(&c, all, v->n_writes, k);
}

static int emit_kept(const struct view *v, struct emitter *out, unsigned k)
{
	const struct choice c = { v, out, pick_add };
	CLEANUP_FREE uint32_t *none = pick_none(v);

	if (k > v->n_writes)
		return 0;
	if (v->line)
		return emit_prefix(v, out, v->line, k, NO_UNITS);
	return choose(&c, none, v->n_writes, k);
}

static int drop(const struct view *v, unsigned k, struct emitter *out)
{
	int err = emit_all_and_none(v, out);

	for (unsigned i = 1; !err && i <= k; i++)
		err = emit_dropped(v, out, i);
	return err;
}

static int keep(const struct view *v, unsigned k, struct emitter *out)
{
	int err = emit_all_and_none(v, out);

	for (unsigned i = 1; !err && i <= k; i++)
		err = emit_kept(v, out, i);
	return err;
}

const struct strategy strategy_drop = {
	.name = "drop",
	.numbered = 1,
	.help = "at most K writes lost, all others there",
	.run = drop,
};

const struct strategy strategy_keep = {
	.name = "keep",
	.numbered = 1,
	.help = "at most K writes there, all others lost",
	.run = keep,
};
