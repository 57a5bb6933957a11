/*
 * The sweep: per unit the last durable and the last submitted version, at a
 * position that moves forward through the log.
 *
 * Each command is met twice, at its submit and where it becomes durable; both
 * cost as much as it has units. So all cuts of a recording in their order cost
 * no more than one walk through it.
 */
#include <stdlib.h>
#include <string.h>

#include "states/space.h"

#define CLOSED UINT32_MAX

/* All units as they are at ARM. */
static void restart(struct state_space *s)
{
	struct sweep *w = &s->sweep;

	w->position = s->h->arm;
	w->next_submit = s->first_command;
	w->next_durable = 0;
	w->hash = s->arm_hash;
	w->n_open = 0;
	for (uint32_t u = 0; u < s->n_units; u++) {
		w->low[u] = w->high[u] = s->first[u];
		w->sources[u] = version_source(s, u, s->first[u]);
		w->open_slot[u] = CLOSED;
	}
}

void sweep_init(struct state_space *s)
{
	struct sweep *w = &s->sweep;

	w->low = xcalloc(s->n_units, sizeof(*w->low));
	w->high = xcalloc(s->n_units, sizeof(*w->high));
	w->sources = xcalloc(s->n_units, sizeof(*w->sources));
	w->open = xcalloc(s->n_units, sizeof(*w->open));
	w->open_slot = xcalloc(s->n_units, sizeof(*w->open_slot));
	for (uint32_t u = 0; u < s->n_units; u++)
		hash_add(&s->arm_hash, version_hash(s, u, s->first[u]));
	restart(s);
}

void sweep_free(struct sweep *w)
{
	free(w->low);
	free(w->high);
	free(w->sources);
	free(w->open);
	free(w->open_slot);
	*w = (struct sweep){ 0 };
}

static void update_open(struct sweep *w, uint32_t u)
{
	uint32_t slot = w->open_slot[u], last;

	if (w->low[u] < w->high[u]) {
		if (slot != CLOSED)
			return;
		w->open_slot[u] = (uint32_t)w->n_open;
		w->open[w->n_open++] = u;
	} else if (slot != CLOSED) {
		last = w->open[--w->n_open];
		w->open[slot] = last;
		w->open_slot[last] = slot;
		w->open_slot[u] = CLOSED;
	}
}

static void submitted(struct state_space *s, uint32_t command)
{
	const struct command *c = &s->h->commands[command];
	struct sweep *w = &s->sweep;
	uint32_t u = s->first_unit[command];

	if (!changes_media(c))
		return;
	for (uint32_t k = command_units(s, c); k--; u++) {
		hash_sub(&w->hash, version_hash(s, u, w->high[u]));
		w->high[u]++;
		hash_add(&w->hash, version_hash(s, u, w->high[u]));
		w->sources[u] = version_source(s, u, w->high[u]);
		update_open(w, u);
	}
}

static void durable(struct state_space *s, uint32_t command)
{
	const struct command *c = &s->h->commands[command];
	struct sweep *w = &s->sweep;
	uint32_t u = s->first_unit[command];

	for (uint32_t k = command_units(s, c); k--; u++) {
		uint32_t version = version_of(s, u, command);

		if (version > w->low[u])
			w->low[u] = version;
		update_open(w, u);
	}
}

void sweep_to(struct state_space *s, uint64_t position)
{
	const struct history *h = s->h;
	struct sweep *w = &s->sweep;

	if (position < w->position)
		restart(s);
	w->position = position;
	while (w->next_submit < h->n_commands &&
	       h->commands[w->next_submit].submit <= position)
		submitted(s, (uint32_t)w->next_submit++);
	while (w->next_durable < s->n_by_durable &&
	       s->durable[s->by_durable[w->next_durable]] <= position)
		durable(s, s->by_durable[w->next_durable++]);
}
