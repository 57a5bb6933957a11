/*
 * Random states, towards what was not seen. For each write it is counted in how
 * many of the states so far it was lost whole, and in how many it was there; a
 * state is drawn write by write, and what was rarer is more likely. Every fourth
 * state is drawn unit by unit instead, again towards versions that were rarer: so
 * every legal state can come. Drawing ends after LIMIT states of a cut, or when
 * IDLE draws in a row gave nothing new.
 *
 * With order: fifo a prefix is drawn, the rarer of two, and each unit of the write
 * behind it.
 *
 * The seed and the cut decide what is drawn.
 */
#include <stdlib.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/rng.h"
#include "states/strategy.h"

#define LIMIT 1024
#define IDLE 64

struct draw {
	const struct view *v;
	struct emitter *out;
	struct rng rng;
	uint32_t *lost, *there; /* per write: in how many states */
	uint32_t *seen;         /* per pair, likewise */
	uint32_t *cuts;         /* order: fifo: per length of the prefix */
};

/* True with the probability a / (a + b). */
static int weighted(struct rng *rng, uint64_t a, uint64_t b)
{
	return rng_below(rng, a + b) < a;
}

static void draw_writes(struct draw *d, uint32_t *pick)
{
	for (size_t w = d->v->n_writes; w-- > 0;)
		if (weighted(&d->rng, d->there[w] + 1ULL, d->lost[w] + 1ULL))
			pick_drop(d->v, pick, w, 0, UINT32_MAX);
}

/* Youngest version first; each pair that is passed over is lost. */
static void draw_units(struct draw *d, uint32_t *pick)
{
	const struct view *v = d->v;

	for (size_t w = v->n_writes; w-- > 0;)
		for (size_t i = v->first_pair[w]; i < v->first_pair[w + 1];
		     i++) {
			const struct pair *p = &v->pairs[i];
			uint64_t others = emit_count(d->out) - d->seen[i];

			if (pick[p->slot] == p->version &&
			    weighted(&d->rng, d->seen[i] + 1ULL, others + 1))
				pick[p->slot]--;
		}
}

static void draw_prefix(struct draw *d, uint32_t *pick)
{
	const struct view *v = d->v;
	size_t a = rng_below(&d->rng, v->n_writes + 1);
	size_t b = rng_below(&d->rng, v->n_writes + 1);
	size_t n = d->cuts[a] <= d->cuts[b] ? a : b, w;

	d->cuts[n]++;
	for (size_t i = 0; i < n; i++)
		pick_add(v, pick, v->line[i], 0, UINT32_MAX);
	if (n == v->n_writes)
		return;
	w = v->line[n];
	for (size_t i = v->first_pair[w]; i < v->first_pair[w + 1]; i++)
		if (v->pairs[i].version > pick[v->pairs[i].slot] &&
		    rng_below(&d->rng, 2))
			pick[v->pairs[i].slot] = v->pairs[i].version;
}

static void count(struct draw *d, const uint32_t *pick)
{
	const struct view *v = d->v;

	for (size_t w = 0; w < v->n_writes; w++) {
		uint32_t lost = 0, all = 0;

		for (size_t i = v->first_pair[w]; i < v->first_pair[w + 1];
		     i++) {
			const struct pair *p = &v->pairs[i];

			all++;
			lost += p->version > pick[p->slot];
			d->seen[i] += p->version == pick[p->slot];
		}
		d->lost[w] += lost == all;
		d->there[w] += !lost;
	}
}

static int draw_one(struct draw *d, int *ret_new)
{
	const struct view *v = d->v;
	CLEANUP_FREE uint32_t *pick = v->line ? pick_none(v) : pick_all(v);
	size_t before = emit_count(d->out);
	int err;

	if (v->line)
		draw_prefix(d, pick);
	else if (rng_below(&d->rng, 4))
		draw_writes(d, pick);
	else
		draw_units(d, pick);
	err = emit(d->out, pick);
	*ret_new = emit_count(d->out) != before;
	if (*ret_new)
		count(d, pick);
	return err;
}

int emit_random(const struct view *v, struct emitter *out, size_t n)
{
	size_t pairs = v->first_pair[v->n_writes], idle = 0;
	CLEANUP_FREE uint32_t *counts =
		xcalloc(3 * v->n_writes + 1 + pairs, sizeof(*counts));
	struct draw d = { .v = v, .out = out,
			  .rng = rng_init(emit_seed(out)),
			  .lost = counts, .there = counts + v->n_writes,
			  .cuts = counts + 2 * v->n_writes,
			  .seen = counts + 3 * v->n_writes + 1 };
	int err = 0;

	while (!err && n && idle < IDLE && v->n_writes) {
		int new;

		err = draw_one(&d, &new);
		idle = new ? 0 : idle + 1;
		n -= new != 0;
	}
	return err;
}

static int run(const struct view *v, unsigned k, struct emitter *out)
{
	int err = emit_all_and_none(v, out);

	(void)k;
	return err ? err : emit_random(v, out, LIMIT);
}

const struct strategy strategy_random = {
	.name = "random",
	.help = "drawn by the seed, towards what was not seen",
	.run = run,
};
