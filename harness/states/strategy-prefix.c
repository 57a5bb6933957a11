/*
 * Prefixes: the drive wrote its cache out in order, and power failed at some
 * point of that. The order is that of a fifo drive (fifo.c): completed writes in
 * the order in which they completed, then those in flight in submit order. What a
 * journal with a wrong checksum, or a log that trusts its length, shows. The
 * longest first: it is the youngest writes that are lost.
 */
#include <stdlib.h>

#include "common/cleanup.h"
#include "states/strategy.h"

int emit_prefix(const struct view *v, struct emitter *out,
		const uint32_t *order, size_t n, uint32_t from, uint32_t to)
{
	CLEANUP_FREE uint32_t *pick = pick_none(v);

	for (size_t i = 0; i < n; i++)
		pick_add(v, pick, order[i], 0, UINT32_MAX);
	if (from <= to && n < v->n_writes)
		pick_add(v, pick, order[n], from, to);
	return emit(out, pick);
}

static int run(const struct view *v, unsigned k, struct emitter *out)
{
	CLEANUP_FREE uint32_t *order = line_order(v);
	int err = emit_all_and_none(v, out);

	(void)k;
	for (size_t n = v->n_writes; !err && n-- > 1;)
		err = emit_prefix(v, out, order, n, NO_UNITS);
	return err;
}

const struct strategy strategy_prefix = {
	.name = "prefix",
	.help = "the first writes in the order in which they completed",
	.run = run,
};
