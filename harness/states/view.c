/*
 * The view of a cut: its open units, the volatile writes on them, and picks.
 *
 * A unit is open if it may hold more than one version: it was written after
 * its last durable version. A volatile write matters only on open units; one
 * that a durable write has overwritten everywhere cannot be lost any more and
 * is not listed.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "states/space.h"

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void sort(uint32_t *values, size_t n)
{
	if (n)
		qsort(values, n, sizeof(*values), by_value);
}

static void fill_units(struct view *v, const struct cursor *w)
{
	const struct state_space *s = v->s;

	v->n = w->n_open;
	units_touched += v->n;
	v->units = xcalloc(v->n, sizeof(*v->units));
	v->low = xcalloc(v->n, sizeof(*v->low));
	v->high = xcalloc(v->n, sizeof(*v->high));
	v->low_hash = xcalloc(v->n, sizeof(*v->low_hash));
	v->high_hash = xcalloc(v->n, sizeof(*v->high_hash));
	v->closed_hash = w->hash;
	if (v->n)
		memcpy(v->units, w->open, v->n * sizeof(*v->units));
	sort(v->units, v->n);
	for (size_t i = 0; i < v->n; i++) {
		uint32_t u = v->units[i];

		v->low[i] = w->low[u];
		v->high[i] = w->high[u];
		v->low_hash[i] = version_hash(s, u, v->low[i]);
		v->high_hash[i] = version_hash(s, u, v->high[i]);
		hash_sub(&v->closed_hash, v->high_hash[i]);
	}
}

/* Counts the pairs of each write, and lists the writes. */
static size_t count_pairs(struct view *v, uint32_t *counts)
{
	const struct state_space *s = v->s;
	size_t n_pairs = 0, size = 0;

	for (size_t i = 0; i < v->n; i++)
		size += v->high[i] - v->low[i];
	v->writes = xcalloc(size, sizeof(*v->writes));
	for (size_t i = 0; i < v->n; i++) {
		for (uint32_t k = v->low[i] + 1; k <= v->high[i]; k++) {
			uint32_t command = s->versions[k].command;

			if (!counts[command]++)
				v->writes[v->n_writes++] = command;
			n_pairs++;
		}
	}
	sort(v->writes, v->n_writes);
	return n_pairs;
}

/* Turns the counts into each write's next free pair; the caller clears them. */
static void place_pairs(struct view *v, uint32_t *counts)
{
	uint32_t sum = 0;

	v->first_pair = xcalloc(v->n_writes + 1, sizeof(*v->first_pair));
	for (size_t i = 0; i < v->n_writes; i++) {
		uint32_t n = counts[v->writes[i]];

		v->first_pair[i] = sum;
		counts[v->writes[i]] = sum;
		sum += n;
	}
	v->first_pair[v->n_writes] = sum;
}

static void fill_pairs(struct view *v, uint32_t *counts)
{
	const struct state_space *s = v->s;
	size_t n = count_pairs(v, counts);

	place_pairs(v, counts);
	units_touched += n;
	v->pairs = xcalloc(n, sizeof(*v->pairs));
	for (size_t i = 0; i < v->n; i++)
		for (uint32_t k = v->low[i] + 1; k <= v->high[i]; k++)
			v->pairs[counts[s->versions[k].command]++] =
				(struct pair){ (uint32_t)i, k };
	for (size_t i = 0; i < v->n_writes; i++)
		counts[v->writes[i]] = 0;
}

int view_at(struct cursor *c, uint64_t position, struct view **ret,
	    struct error *e)
{
	int err = cut_check(c->space->h, position, e);

	if (err)
		return err;
	if (!c->view || c->view->position != position) {
		view_free(c->view);
		c->view = xcalloc(1, sizeof(*c->view));
		c->view->s = c->space;
		c->view->position = position;
		cursor_to(c, position);
		fill_units(c->view, c);
		fill_pairs(c->view, c->counts);
		if (c->space->model.order == ORDER_FIFO)
			line_fill(c->view);
	}
	*ret = c->view;
	return 0;
}

void view_free(struct view *v)
{
	if (!v)
		return;
	free(v->units);
	free(v->low);
	free(v->high);
	free(v->low_hash);
	free(v->high_hash);
	free(v->writes);
	free(v->first_pair);
	free(v->pairs);
	free(v->line);
	free(v);
}

uint32_t pair_unit(const struct view *v, size_t write, const struct pair *p)
{
	return v->units[p->slot] - v->s->first_unit[v->writes[write]];
}

double view_legal_log2(const struct view *v)
{
	double sum = 0;

	if (v->line)
		return line_legal_log2(v);
	for (size_t i = 0; i < v->n; i++)
		sum += log2(1.0 + (v->high[i] - v->low[i]));
	return sum;
}

/* ---- picks ---- */

static uint32_t *copy(const uint32_t *from, size_t n)
{
	uint32_t *to = xmalloc(n * sizeof(*to));

	if (n)
		memcpy(to, from, n * sizeof(*to));
	return to;
}

uint32_t *pick_none(const struct view *v)
{
	return copy(v->low, v->n);
}

uint32_t *pick_all(const struct view *v)
{
	return copy(v->high, v->n);
}

uint32_t *pick_copy(const struct view *v, const uint32_t *from)
{
	return copy(from, v->n);
}

void pick_add(const struct view *v, uint32_t *pick, size_t write,
	      uint32_t from, uint32_t to)
{
	for (size_t i = v->first_pair[write]; i < v->first_pair[write + 1];
	     i++) {
		const struct pair *p = &v->pairs[i];
		uint32_t unit = pair_unit(v, write, p);

		if (unit >= from && unit <= to && pick[p->slot] < p->version)
			pick[p->slot] = p->version;
	}
}

void pick_drop(const struct view *v, uint32_t *pick, size_t write,
	       uint32_t from, uint32_t to)
{
	for (size_t i = v->first_pair[write]; i < v->first_pair[write + 1];
	     i++) {
		const struct pair *p = &v->pairs[i];
		uint32_t unit = pair_unit(v, write, p);

		if (unit >= from && unit <= to && pick[p->slot] == p->version)
			pick[p->slot]--;
	}
}

struct state_hash pick_hash(const struct view *v, const uint32_t *pick)
{
	struct state_hash hash = v->closed_hash;

	for (size_t i = 0; i < v->n; i++) {
		if (pick[i] == v->high[i])
			hash_add(&hash, v->high_hash[i]);
		else if (pick[i] == v->low[i])
			hash_add(&hash, v->low_hash[i]);
		else
			hash_add(&hash,
				 version_hash(v->s, v->units[i], pick[i]));
	}
	return hash;
}

/* What the pick holds in place of the high versions. */
static void list_differs(const struct view *v, const uint32_t *pick,
			 struct state *ret)
{
	const struct state_space *s = v->s;
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		n += pick[i] != v->high[i];
	ret->differs = xmalloc(n * sizeof(*ret->differs));
	ret->n_differs = n;
	n = 0;
	for (size_t i = 0; i < v->n; i++)
		if (pick[i] != v->high[i])
			ret->differs[n++] = (struct patch){
				s->unit_index[v->units[i]],
				version_source(s, v->units[i], pick[i])
			};
}

void pick_state(const struct view *v, const struct cut *c,
		const uint32_t *pick, struct state *ret)
{
	ret->cut = *c;
	ret->survivors = pick_name(v, pick);
	ret->hash = pick_hash(v, pick);
	ret->lost = pick_lost(v, pick);
	ret->fault = FAULT_NONE;
	list_differs(v, pick, ret);
}
