#include "interchange/unit-queue.h"

#include <stdlib.h>

#include "common/ascending.h"
#include "common/buf.h"

/* A command that touches a unit. In the order of units, then of submits. */
struct touch {
	uint64_t unit;
	const struct command *command;
};

struct unit_queues {
	uint64_t unit; /* bytes */
	struct touch *touches;
	size_t n_touches;
	/* Per touch, used at the first one of a unit: how many of the unit's
	 * have been taken. */
	size_t *taken;
};

static int by_touch(const void *a, const void *b)
{
	const struct touch *x = a, *y = b;

	if (x->unit != y->unit)
		return x->unit < y->unit ? -1 : 1;
	return x->command < y->command ? -1 : x->command > y->command;
}

static void collect_touches(struct unit_queues *q, const struct history *h)
{
	size_t n = 0;

	for (int count = 1; count >= 0; count--) {
		for (size_t i = 0; i < h->n_commands; i++) {
			const struct command *c = &h->commands[i];
			uint64_t last;

			if (c->type == LOG_FLUSH || !c->length)
				continue;
			last = unit_last(c, q->unit);
			if (count) {
				n += last - unit_first(c, q->unit) + 1;
				continue;
			}
			for (uint64_t u = unit_first(c, q->unit); u <= last; u++)
				q->touches[q->n_touches++] =
					(struct touch){ u, c };
		}
		if (count)
			q->touches = xcalloc(n, sizeof(*q->touches));
	}
	if (n)
		qsort(q->touches, n, sizeof(*q->touches), by_touch);
	q->taken = xcalloc(n, sizeof(*q->taken));
}

struct unit_queues *unit_queues_new(const struct history *h, uint64_t unit)
{
	struct unit_queues *q = xcalloc(1, sizeof(*q));

	q->unit = unit;
	collect_touches(q, h);
	return q;
}

void unit_queues_free(struct unit_queues *q)
{
	if (!q)
		return;
	free(q->touches);
	free(q->taken);
	free(q);
}

static size_t find_unit(const struct unit_queues *q, uint64_t unit)
{
	return keys_below(KEYS_OF(q->touches, q->n_touches, unit), unit);
}

const struct command *unit_queue_head(const struct unit_queues *q,
				      uint64_t unit)
{
	size_t first = find_unit(q, unit);
	const struct touch *t = &q->touches[first + q->taken[first]];

	if (t == q->touches + q->n_touches || t->unit != unit)
		return NULL;
	return t->command;
}

void unit_queue_take(struct unit_queues *q, uint64_t unit)
{
	q->taken[find_unit(q, unit)]++;
}
