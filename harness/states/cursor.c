/*
 * A cursor: per unit the last durable and the last submitted version, at a
 * position that moves through the log, in both directions.
 *
 * Each command is met twice, at its submit and where it becomes durable; both
 * cost as much as it has units. So all cuts of a recording in their order cost
 * no more than one walk through it, and from any cut to another one it costs
 * what was submitted or became durable in between.
 *
 * Going back, a durable version that is not durable any more leaves the last
 * one before it that is: those passed over on the way are volatile there, so
 * they are what the cut there has to choose from.
 */
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "states/space.h"

#define CLOSED UINT32_MAX

_Thread_local uint64_t units_touched;

uint64_t space_work(void)
{
	return units_touched;
}

struct cursor *cursor_new(const struct state_space *s)
{
	struct cursor *c = xcalloc(1, sizeof(*c));

	c->space = s;
	c->position = s->h->arm;
	c->next_submit = s->first_command;
	c->hash = s->arm_hash;
	c->low = xcalloc(s->n_units, sizeof(*c->low));
	c->high = xcalloc(s->n_units, sizeof(*c->high));
	c->open = xcalloc(s->n_units, sizeof(*c->open));
	c->open_slot = xcalloc(s->n_units, sizeof(*c->open_slot));
	c->counts = xcalloc(s->h->n_commands, sizeof(*c->counts));
	for (uint32_t u = 0; u < s->n_units; u++) {
		c->low[u] = c->high[u] = s->first[u];
		c->open_slot[u] = CLOSED;
	}
	return c;
}

void cursor_free(struct cursor *c)
{
	if (!c)
		return;
	view_free(c->view);
	free(c->low);
	free(c->high);
	free(c->open);
	free(c->open_slot);
	free(c->counts);
	free(c);
}

static void update_open(struct cursor *c, uint32_t u)
{
	uint32_t slot = c->open_slot[u], last;

	units_touched++;
	if (c->low[u] < c->high[u]) {
		if (slot != CLOSED)
			return;
		c->open_slot[u] = (uint32_t)c->n_open;
		c->open[c->n_open++] = u;
	} else if (slot != CLOSED) {
		last = c->open[--c->n_open];
		c->open[slot] = last;
		c->open_slot[last] = slot;
		c->open_slot[u] = CLOSED;
	}
}

static void set_high(struct cursor *c, uint32_t u, uint32_t version)
{
	const struct state_space *s = c->space;

	hash_sub(&c->hash, version_hash(s, u, c->high[u]));
	c->high[u] = version;
	hash_add(&c->hash, version_hash(s, u, version));
	update_open(c, u);
}

/* step: 1 when the command is submitted, -1 to take that back. */
static void submit(struct cursor *c, uint32_t command, int step)
{
	const struct state_space *s = c->space;
	const struct command *k = &s->h->commands[command];
	uint32_t u = s->first_unit[command];

	if (!changes_media(k))
		return;
	for (uint32_t n = command_units(s, k); n--; u++)
		set_high(c, u, c->high[u] + (uint32_t)step);
}

static void durable(struct cursor *c, uint32_t command)
{
	const struct state_space *s = c->space;
	uint32_t u = s->first_unit[command];

	for (uint32_t n = command_units(s, &s->h->commands[command]); n--;
	     u++) {
		uint32_t version = version_of(s, u, command);

		if (version > c->low[u])
			c->low[u] = version;
		update_open(c, u);
	}
}

/* The last version before this one that is durable at the position. */
static uint32_t durable_before(const struct cursor *c, uint32_t u,
			       uint32_t version)
{
	const struct state_space *s = c->space;

	while (--version > s->first[u] &&
	       s->durable[s->versions[version].command] > c->position)
		units_touched++;
	return version;
}

static void not_durable(struct cursor *c, uint32_t command)
{
	const struct state_space *s = c->space;
	uint32_t u = s->first_unit[command];

	for (uint32_t n = command_units(s, &s->h->commands[command]); n--;
	     u++) {
		if (version_of(s, u, command) == c->low[u])
			c->low[u] = durable_before(c, u, c->low[u]);
		update_open(c, u);
	}
}

static void forward(struct cursor *c)
{
	const struct state_space *s = c->space;
	const struct history *h = s->h;

	while (c->next_submit < h->n_commands &&
	       h->commands[c->next_submit].submit <= c->position)
		submit(c, (uint32_t)c->next_submit++, 1);
	while (c->next_durable < s->n_by_durable &&
	       s->durable[s->by_durable[c->next_durable]] <= c->position)
		durable(c, s->by_durable[c->next_durable++]);
}

static void backward(struct cursor *c)
{
	const struct state_space *s = c->space;
	const struct history *h = s->h;

	while (c->next_durable &&
	       s->durable[s->by_durable[c->next_durable - 1]] > c->position)
		not_durable(c, s->by_durable[--c->next_durable]);
	while (c->next_submit > s->first_command &&
	       h->commands[c->next_submit - 1].submit > c->position)
		submit(c, (uint32_t)--c->next_submit, -1);
}

void cursor_to(struct cursor *c, uint64_t position)
{
	int back = position < c->position;

	c->position = position;
	if (back)
		backward(c);
	else
		forward(c);
}
