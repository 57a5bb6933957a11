/*
 * What became of each volatile write in one state, unit by unit.
 *
 * The view lists only writes that can still be lost somewhere, and of these
 * only the open units. Here the others are told too: a unit of a volatile
 * write that is not open was settled by a younger write that is durable.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "states/faults.h"

uint64_t space_durable(const struct state_space *s, size_t command)
{
	return s->durable[command];
}

static int is_volatile(const struct view *v, size_t command)
{
	const struct command *c = &v->s->h->commands[command];

	return c->type != LOG_FLUSH &&
	       model_fate(c, v->s->durable[command], v->position) ==
		       FATE_VOLATILE;
}

/* All volatile writes, as if every unit of theirs were settled. */
static struct write_fate *all_settled(const struct view *v, size_t *ret_n)
{
	const struct state_space *s = v->s;
	struct write_fate *fates =
		xcalloc(s->h->n_commands - s->first_command, sizeof(*fates));
	size_t n = 0;

	for (size_t i = s->first_command; i < s->h->n_commands; i++) {
		const struct command *c = &s->h->commands[i];
		uint32_t units = changes_media(c) ? command_units(s, c) : 0;

		if (!is_volatile(v, i))
			continue;
		fates[n] = (struct write_fate){ i, units, xmalloc(units) };
		memset(fates[n++].units, UNIT_SETTLED, units);
	}
	*ret_n = n;
	return fates;
}

static enum unit_fate fate_of(uint32_t version, uint32_t picked)
{
	if (version == picked)
		return UNIT_SURVIVED;
	return version > picked ? UNIT_LOST : UNIT_OVERWRITTEN;
}

/* Both lists are in submit order. */
static void fill_open(const struct view *v, const uint32_t *pick,
		      struct write_fate *fates, size_t n)
{
	size_t w = 0;

	for (size_t i = 0; i < n; i++) {
		if (w == v->n_writes || v->writes[w] != fates[i].command)
			continue;
		for (size_t k = v->first_pair[w]; k < v->first_pair[w + 1];
		     k++) {
			const struct pair *p = &v->pairs[k];

			fates[i].units[pair_unit(v, w, p)] =
				(uint8_t)fate_of(p->version, pick[p->slot]);
		}
		w++;
	}
}

int space_fates(struct state_space *s, const char *name,
		struct write_fate **ret, size_t *ret_n, struct error *e)
{
	CLEANUP_FREE uint32_t *pick = NULL;
	CLEANUP_FREE char *survivors = NULL;
	const char *fault;
	struct view *v;
	struct state state;
	int err = space_state(s, name, &state, e);

	if (err)
		return err;
	survivors = fault_split(state.survivors, &fault);
	err = view_at(s->own, state.cut.position, &v, e);
	if (!err)
		err = pick_parse(v, survivors, &pick, e);
	state_free(&state);
	if (err)
		return err;
	*ret = all_settled(v, ret_n);
	fill_open(v, pick, *ret, *ret_n);
	return 0;
}

void write_fates_free(struct write_fate *fates, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(fates[i].units);
	free(fates);
}
