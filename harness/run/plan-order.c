#include "run/plan-order.h"

#include <stdlib.h>

/* Of so many states of a cut each is compared with each. */
#define CHAINED 64

static int by_difference(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	const struct state *s = &x->state, *t = &y->state;

	if (s->n_differs != t->n_differs)
		return s->n_differs < t->n_differs ? -1 : 1;
	for (size_t i = 0; i < s->n_differs; i++) {
		const struct patch *p = &s->differs[i], *q = &t->differs[i];

		if (p->unit != q->unit)
			return p->unit < q->unit ? -1 : 1;
		if (p->source != q->source)
			return p->source < q->source ? -1 : 1;
	}
	return 0;
}

/* Units in which two states of one cut differ; of neighbouring cuts, nearly. */
static size_t distance(const struct state *s, const struct state *t)
{
	size_t n = 0, i = 0, k = 0;

	while (i < s->n_differs && k < t->n_differs) {
		const struct patch *p = &s->differs[i], *q = &t->differs[k];

		n += p->unit != q->unit || p->source != q->source;
		i += p->unit <= q->unit;
		k += q->unit <= p->unit;
	}
	return n + (s->n_differs - i) + (t->n_differs - k);
}

static void swap(struct candidate *a, struct candidate *b)
{
	struct candidate c = *a;

	*a = *b;
	*b = c;
}

/* Each is followed by the nearest of those that are left. */
static void chain(struct candidate *c, size_t n, const struct state *last)
{
	for (size_t i = 0; i < n; i++) {
		size_t nearest = i, least = SIZE_MAX;

		for (size_t k = i; last && k < n; k++) {
			size_t d = distance(last, &c[k].state);

			if (d < least) {
				least = d;
				nearest = k;
			}
		}
		swap(&c[i], &c[nearest]);
		last = &c[i].state;
	}
}

void candidates_order_cut(struct candidate *all, size_t first, size_t n)
{
	struct candidate *c = all + first;

	n -= first;
	if (n)
		qsort(c, n, sizeof(*c), by_difference);
	if (n && n <= CHAINED)
		chain(c, n, first ? &c[-1].state : NULL);
	for (size_t i = 0; i < n; i++)
		c[i].place = (uint32_t)(n - 1 - i);
}

static int by_wave(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->wave != y->wave)
		return x->wave < y->wave ? -1 : 1;
	if (x->cut != y->cut)
		return x->cut < y->cut ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

void candidates_order(struct candidate *all, size_t n)
{
	if (n)
		qsort(all, n, sizeof(*all), by_wave);
}
