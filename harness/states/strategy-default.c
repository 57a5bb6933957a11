/*
 * The default: a schedule of the others, most likely losses first. Everything
 * survived, nothing did; each write lost alone (what a missing flush shows); each
 * the only survivor (what a reordering shows); every subset where at most
 * 2^SUBSETS of them exist; torn writes in halves; prefixes; a few random states,
 * for what nobody thought of.
 *
 * With order: fifo, where survivors are a prefix anyway: all, none, the prefixes
 * from the longest to the shortest, torn writes, random ones.
 */
#include <stdlib.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "states/strategy.h"

#define SUBSETS 6
#define RANDOM 2

int emit_all_and_none(const struct view *v, struct emitter *out)
{
	CLEANUP_FREE uint32_t *all = pick_all(v);
	CLEANUP_FREE uint32_t *none = pick_none(v);
	int err = emit(out, all);

	return err ? err : emit(out, none);
}

int emit_subsets(const struct view *v, struct emitter *out,
		 const uint32_t *base, const uint32_t *writes, size_t n)
{
	int err = 0;

	for (unsigned int set = 0; !err && set < 1u << n; set++) {
		CLEANUP_FREE uint32_t *pick = pick_copy(v, base);

		for (size_t i = 0; i < n; i++)
			if (set & 1u << i)
				pick_add(v, pick, writes[i], 0, UINT32_MAX);
		err = emit(out, pick);
	}
	return err;
}

static int all_subsets(const struct view *v, struct emitter *out)
{
	CLEANUP_FREE uint32_t *none = pick_none(v);
	uint32_t writes[SUBSETS];

	if (v->n_writes > SUBSETS)
		return 0;
	for (uint32_t i = 0; i < v->n_writes; i++)
		writes[i] = i;
	return emit_subsets(v, out, none, writes, v->n_writes);
}

static int any_order(const struct view *v, struct emitter *out)
{
	int err = strategy_drop.run(v, 1, out);

	if (!err)
		err = strategy_keep.run(v, 1, out);
	if (!err)
		err = all_subsets(v, out);
	if (!err)
		err = emit_halves(v, out);
	return err ? err : strategy_prefix.run(v, 0, out);
}

static int run(const struct view *v, unsigned k, struct emitter *out)
{
	int err;

	(void)k;
	if (v->line) {
		err = strategy_prefix.run(v, 0, out);
		if (!err)
			err = emit_halves(v, out);
	} else {
		err = any_order(v, out);
	}
	return err ? err : emit_random(v, out, RANDOM);
}

const struct strategy strategy_default = {
	.name = "default",
	.help = "a schedule of the others, most likely losses first",
	.run = run,
};
