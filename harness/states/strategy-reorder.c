/*
 * Reordering within one epoch. An epoch is what was submitted between two
 * barriers: a flush, or a write with FUA, which ends its epoch. A drive that
 * honours barriers in its own way (or that ignored them: then many epochs are
 * volatile) has all earlier epochs, nothing of the later ones, and of one epoch
 * any subset. The youngest epoch first; in each: all of it, one of its writes
 * lost, one alone, every subset where there are at most 2^SUBSETS.
 *
 * With order: fifo a subset can only be a prefix: all prefixes, from one end of an
 * epoch to the other.
 */
#include <stdlib.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "states/strategy.h"

#define SUBSETS 6

/* Per volatile write the number of its epoch. Costs what was submitted between
 * the first and the last of them. */
static uint32_t *epochs(const struct view *v)
{
	const struct command *commands = v->s->h->commands;
	uint32_t *epoch = xcalloc(v->n_writes, sizeof(*epoch)), now = 0;
	uint32_t at = v->n_writes ? v->writes[0] : 0;

	for (size_t w = 0; w < v->n_writes; w++) {
		for (; at < v->writes[w]; at++)
			now += commands[at].type == LOG_FLUSH ||
			       commands[at].fua;
		epoch[w] = now;
	}
	return epoch;
}

/* The writes from .. to - 1 are one epoch, base is what stands before it. */
static int one_epoch(const struct view *v, struct emitter *out,
		     const uint32_t *base, size_t from, size_t to)
{
	CLEANUP_FREE uint32_t *writes = xcalloc(to - from, sizeof(*writes));
	int err = 0;

	for (size_t w = from; w < to; w++)
		writes[w - from] = (uint32_t)w;
	err = emit_subsets(v, out, base, writes, 0);
	for (size_t w = from; !err && w <= to; w++) {
		CLEANUP_FREE uint32_t *pick = pick_copy(v, base);

		/* at w == to: none of them is left out */
		for (size_t k = from; k < to; k++)
			if (k != w)
				pick_add(v, pick, k, 0, UINT32_MAX);
		err = emit(out, pick);
	}
	for (size_t w = from; !err && w < to; w++) {
		CLEANUP_FREE uint32_t *pick = pick_copy(v, base);

		pick_add(v, pick, w, 0, UINT32_MAX);
		err = emit(out, pick);
	}
	if (!err && to - from <= SUBSETS)
		err = emit_subsets(v, out, base, writes, to - from);
	return err;
}

static int each_epoch(const struct view *v, struct emitter *out,
		      const uint32_t *epoch)
{
	size_t to = v->n_writes;
	int err = 0;

	while (!err && to) {
		CLEANUP_FREE uint32_t *base = pick_none(v);
		size_t from = to - 1;

		while (from && epoch[from - 1] == epoch[to - 1])
			from--;
		for (size_t w = 0; w < from; w++)
			pick_add(v, base, w, 0, UINT32_MAX);
		err = one_epoch(v, out, base, from, to);
		to = from;
	}
	return err;
}

static int run(const struct view *v, unsigned k, struct emitter *out)
{
	CLEANUP_FREE uint32_t *epoch = NULL;
	int err;

	if (v->line)
		return strategy_prefix.run(v, k, out);
	err = emit_all_and_none(v, out);
	epoch = epochs(v);
	return err ? err : each_epoch(v, out, epoch);
}

const struct strategy strategy_reorder = {
	.name = "reorder",
	.help = "subsets of one epoch between flushes, all before it there",
	.run = run,
};
