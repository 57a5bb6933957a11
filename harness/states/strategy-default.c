/*
 * The default strategy, in this order: everything survived, nothing did; each
 * write lost alone (what a missing flush shows); each the only survivor (what a
 * reordering shows); every subset where at most 2^SUBSETS of them exist; torn
 * writes, with all others surviving: for each write of more than one unit the
 * first half of its units only, and the last half only.
 */
#include <stdlib.h>

#include "common/cleanup.h"
#include "states/space.h"

#define SUBSETS 6

static int all_and_none(const struct view *v, struct emitter *out)
{
	CLEANUP_FREE uint32_t *all = pick_all(v);
	CLEANUP_FREE uint32_t *none = pick_none(v);
	int err = emit(out, all);

	return err ? err : emit(out, none);
}

static int each_dropped(const struct view *v, struct emitter *out)
{
	int err = 0;

	for (size_t w = 0; !err && w < v->n_writes; w++) {
		CLEANUP_FREE uint32_t *pick = pick_all(v);

		pick_drop(v, pick, w, 0, UINT32_MAX);
		err = emit(out, pick);
	}
	return err;
}

static int each_alone(const struct view *v, struct emitter *out)
{
	int err = 0;

	for (size_t w = 0; !err && w < v->n_writes; w++) {
		CLEANUP_FREE uint32_t *pick = pick_none(v);

		pick_add(v, pick, w, 0, UINT32_MAX);
		err = emit(out, pick);
	}
	return err;
}

static int subsets(const struct view *v, struct emitter *out)
{
	int err = 0;

	if (v->n_writes > SUBSETS)
		return 0;
	for (unsigned int set = 0; !err && set < 1u << v->n_writes; set++) {
		CLEANUP_FREE uint32_t *pick = pick_none(v);

		for (size_t w = 0; w < v->n_writes; w++)
			if (set & 1u << w)
				pick_add(v, pick, w, 0, UINT32_MAX);
		err = emit(out, pick);
	}
	return err;
}

static int lose_units(const struct view *v, struct emitter *out, size_t write,
		      uint32_t from, uint32_t to)
{
	CLEANUP_FREE uint32_t *pick = pick_all(v);

	pick_drop(v, pick, write, from, to);
	return emit(out, pick);
}

static int torn(const struct view *v, struct emitter *out)
{
	int err = 0;

	for (size_t w = 0; !err && w < v->n_writes; w++) {
		const struct command *c = &v->s->h->commands[v->writes[w]];
		uint32_t n = command_units(v->s, c), half = n - n / 2;

		if (n < 2)
			continue;
		err = lose_units(v, out, w, half, n - 1);
		if (!err)
			err = lose_units(v, out, w, 0, half - 1);
	}
	return err;
}

int strategy_default(const struct view *v, struct emitter *out)
{
	static const strategy_fn steps[] = { all_and_none, each_dropped,
					     each_alone, subsets, torn };
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(steps) / sizeof(*steps); i++)
		err = steps[i](v, out);
	return err;
}
