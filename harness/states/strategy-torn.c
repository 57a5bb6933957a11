/*
 * Torn writes: power failed while a write of more than one unit reached the
 * media, all others being there. First the halves of each: its beginning only,
 * its end only. Then each single unit lost, and each single unit there. What a
 * record without a checksum over all of it shows.
 *
 * With order: fifo the writes behind the torn one are lost.
 */
#include <stdlib.h>

#include "common/cleanup.h"
#include "states/strategy.h"

uint32_t write_units(const struct view *v, size_t write)
{
	return command_units(v->s, &v->s->h->commands[v->writes[write]]);
}

/* All there but the units from .. to of the write; with order: fifo those
 * behind it are lost. */
static int lose(const struct view *v, struct emitter *out, size_t place,
		uint32_t from, uint32_t to)
{
	CLEANUP_FREE uint32_t *pick = v->line ? pick_none(v) : pick_all(v);
	uint32_t n;

	if (!v->line) {
		pick_drop(v, pick, place, from, to);
		return emit(out, pick);
	}
	n = write_units(v, v->line[place]);
	for (size_t i = 0; i < place; i++)
		pick_add(v, pick, v->line[i], 0, UINT32_MAX);
	if (from)
		pick_add(v, pick, v->line[place], 0, from - 1);
	if (to + 1 < n)
		pick_add(v, pick, v->line[place], to + 1, n - 1);
	return emit(out, pick);
}

/* `place` counts in the line where there is one, with the youngest first. */
static uint32_t units_of(const struct view *v, size_t place)
{
	return write_units(v, v->line ? v->line[place] : place);
}

static size_t in_order(const struct view *v, size_t i)
{
	return v->line ? v->n_writes - 1 - i : i;
}

int emit_halves(const struct view *v, struct emitter *out)
{
	int err = 0;

	for (size_t i = 0; !err && i < v->n_writes; i++) {
		size_t place = in_order(v, i);
		uint32_t n = units_of(v, place), half = n - n / 2;

		if (n < 2)
			continue;
		err = lose(v, out, place, half, n - 1);
		if (!err)
			err = lose(v, out, place, 0, half - 1);
	}
	return err;
}

/* All but one unit lost: two ranges. */
static int keep_unit(const struct view *v, struct emitter *out, size_t place,
		     uint32_t unit, uint32_t n)
{
	CLEANUP_FREE uint32_t *pick = v->line ? pick_none(v) : pick_all(v);

	if (!v->line) {
		if (unit)
			pick_drop(v, pick, place, 0, unit - 1);
		if (unit + 1 < n)
			pick_drop(v, pick, place, unit + 1, n - 1);
		return emit(out, pick);
	}
	for (size_t i = 0; i < place; i++)
		pick_add(v, pick, v->line[i], 0, UINT32_MAX);
	pick_add(v, pick, v->line[place], unit, unit);
	return emit(out, pick);
}

static int each_unit(const struct view *v, struct emitter *out, size_t place)
{
	uint32_t n = units_of(v, place);
	int err = 0;

	for (uint32_t unit = 0; !err && n > 2 && unit < n; unit++) {
		err = lose(v, out, place, unit, unit);
		if (!err)
			err = keep_unit(v, out, place, unit, n);
	}
	return err;
}

static int run(const struct view *v, unsigned k, struct emitter *out)
{
	int err = emit_all_and_none(v, out);

	(void)k;
	if (!err)
		err = emit_halves(v, out);
	for (size_t i = 0; !err && i < v->n_writes; i++)
		err = each_unit(v, out, in_order(v, i));
	return err;
}

const struct strategy strategy_torn = {
	.name = "torn",
	.help = "one write torn: halves, then each unit lost and alone",
	.run = run,
};
