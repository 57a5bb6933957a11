/*
 * Everything that is legal: every choice of versions of every open unit, so also
 * every way to tear a write; with order: fifo each prefix with every set of units
 * of the write behind it (fifo.c). enumerate.c asks for it where log2 of their
 * number is not over the bound that the user gave, behind any strategy; this one
 * has nothing else.
 */
#include <stdlib.h>

#include "common/cleanup.h"
#include "states/strategy.h"

/* From all the high versions down; the first unit changes fastest. */
static int every_choice(const struct view *v, struct emitter *out)
{
	CLEANUP_FREE uint32_t *pick = pick_all(v);
	int err;

	for (;;) {
		size_t i = 0;

		err = emit(out, pick);
		while (i < v->n && pick[i] == v->low[i]) {
			pick[i] = v->high[i];
			i++;
		}
		if (err || i == v->n)
			return err;
		pick[i]--;
	}
}

/* The units of the write that can be seen behind the prefix: fewer than 64,
 * for the caller's bound is. */
static int every_tear(const struct view *v, struct emitter *out,
		      const uint32_t *prefix, size_t write)
{
	uint32_t units[64], n = 0;

	for (size_t i = v->first_pair[write]; i < v->first_pair[write + 1];
	     i++) {
		const struct pair *p = &v->pairs[i];

		if (p->version > prefix[p->slot] && n < 63)
			units[n++] = pair_unit(v, write, p);
	}
	for (uint64_t set = 0; set < 1ULL << n; set++) {
		CLEANUP_FREE uint32_t *pick = pick_copy(v, prefix);
		int err;

		for (uint32_t i = 0; i < n; i++)
			if (set & 1ULL << i)
				pick_add(v, pick, write, units[i], units[i]);
		err = emit(out, pick);
		if (err)
			return err;
	}
	return 0;
}

static int every_prefix(const struct view *v, struct emitter *out)
{
	CLEANUP_FREE uint32_t *prefix = pick_none(v);
	int err = emit(out, prefix);

	for (size_t i = 0; !err && i < v->n_writes; i++) {
		err = every_tear(v, out, prefix, v->line[i]);
		pick_add(v, prefix, v->line[i], 0, UINT32_MAX);
	}
	return err;
}

int emit_everything(const struct view *v, struct emitter *out)
{
	return v->line ? every_prefix(v, out) : every_choice(v, out);
}

static int run(const struct view *v, unsigned k, struct emitter *out)
{
	(void)k;
	return emit_all_and_none(v, out);
}

const struct strategy strategy_exhaustive = {
	.name = "exhaustive",
	.help = "all legal states, where they are no more than states.exhaustive",
	.run = run,
};
