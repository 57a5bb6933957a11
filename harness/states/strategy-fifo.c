/*
 * The strategy for drives whose survivors are a prefix (fifo.c), in this order:
 * everything survived, nothing did; the prefixes from the longest to the
 * shortest; torn writes: behind each prefix the first half of the next write's
 * units, and the last half.
 */
#include <stdlib.h>

#include "common/cleanup.h"
#include "states/space.h"

static uint32_t *prefix(const struct view *v, size_t n)
{
	uint32_t *pick = pick_none(v);

	for (size_t i = 0; i < n; i++)
		pick_add(v, pick, v->line[i], 0, UINT32_MAX);
	return pick;
}

static int emit_prefix(const struct view *v, struct emitter *out, size_t n)
{
	CLEANUP_FREE uint32_t *pick = prefix(v, n);

	return emit(out, pick);
}

/* With the units from .. to of the write behind it. */
static int emit_torn(const struct view *v, struct emitter *out, size_t n,
		     uint32_t from, uint32_t to)
{
	CLEANUP_FREE uint32_t *pick = prefix(v, n);

	pick_add(v, pick, v->line[n], from, to);
	return emit(out, pick);
}

static int torn(const struct view *v, struct emitter *out, size_t n)
{
	uint32_t command = v->writes[v->line[n]];
	uint32_t units = command_units(v->s, &v->s->h->commands[command]);
	uint32_t half = units - units / 2;
	int err;

	if (units < 2)
		return 0;
	err = emit_torn(v, out, n, 0, half - 1);
	return err ? err : emit_torn(v, out, n, half, units - 1);
}

int strategy_fifo(const struct view *v, struct emitter *out)
{
	int err = emit_prefix(v, out, v->n_writes);

	if (!err)
		err = emit_prefix(v, out, 0);
	for (size_t n = v->n_writes; !err && n-- > 1;)
		err = emit_prefix(v, out, n);
	for (size_t n = v->n_writes; !err && n-- > 0;)
		err = torn(v, out, n);
	return err;
}
