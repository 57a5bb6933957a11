/*
 * ddmin (Zeller, Hildebrandt: Simplifying and Isolating Failure-Inducing
 * Input, IEEE TSE 28(2), 2002, section 3).
 *
 * The set is split into chunks. If a chunk alone fails, the search goes on in
 * it, with two chunks again; else, if the set without one chunk fails, with
 * that, and one chunk less; else with chunks half as large. It ends where each
 * chunk is one item and no set without one fails. Then every set with one item
 * less was tested, which makes the set 1-minimal whatever the test is like: it
 * need not be monotone. Only for a monotone test (what contains a failing set
 * fails) no smaller part fails at all.
 *
 * The empty set comes first, which the paper takes for passing: often nothing
 * of the set matters. At most n^2 + 3n tests follow (proposition 12 there), for
 * a single cause some 2 log2 n.
 */
#include "explain/ddmin.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"

/* Where chunk i of so many begins. */
static size_t chunk_start(size_t n, size_t chunks, size_t i)
{
	return n / chunks * i + (n % chunks < i ? n % chunks : i);
}

/* Each chunk alone; then, of more than two, all without each. */
static struct ddmin_set *split(const size_t *items, size_t n, size_t chunks,
			       size_t *ret_n)
{
	size_t n_sets = chunks > 2 ? 2 * chunks : chunks;
	struct ddmin_set *sets = xcalloc(n_sets, sizeof(*sets));

	for (size_t i = 0; i < n_sets; i++) {
		size_t from = chunk_start(n, chunks, i % chunks);
		size_t to = chunk_start(n, chunks, i % chunks + 1);

		if (i < chunks)
			sets[i] = (struct ddmin_set){ { items + from },
						      { to - from } };
		else
			sets[i] = (struct ddmin_set){ { items, items + to },
						      { from, n - to } };
	}
	*ret_n = n_sets;
	return sets;
}

/* The set is made of runs of the items. */
static void reduce_to(const struct ddmin_set *set, size_t *items, size_t *n)
{
	memmove(items, set->run[0], set->n[0] * sizeof(*items));
	if (set->n[1])
		memmove(items + set->n[0], set->run[1],
			set->n[1] * sizeof(*items));
	*n = set->n[0] + set->n[1];
}

/* One round of tests. *chunks: how many to split into; 0 when done. */
static int step(size_t *items, size_t *n, size_t *chunks, ddmin_first_fn first,
		void *arg)
{
	size_t n_sets, found;
	CLEANUP_FREE struct ddmin_set *sets =
		split(items, *n, *chunks, &n_sets);
	int err = first(sets, n_sets, &found, arg);

	if (err)
		return err;
	if (found < *chunks) {
		reduce_to(&sets[found], items, n);
		*chunks = 2;
	} else if (found < n_sets) {
		reduce_to(&sets[found], items, n);
		*chunks = *chunks - 1;
	} else if (*chunks == *n) {
		*chunks = 0;
	} else {
		*chunks = 2 * *chunks < *n ? 2 * *chunks : *n;
	}
	return 0;
}

int ddmin(size_t *items, size_t *n, ddmin_first_fn first, void *arg)
{
	const struct ddmin_set empty = { { items, items }, { 0, 0 } };
	size_t found, chunks = 2;
	int err;

	if (!*n)
		return 0;
	err = first(&empty, 1, &found, arg);
	if (!err && !found)
		*n = 0;
	while (!err && *n > 1 && chunks)
		err = step(items, n, &chunks, first, arg);
	return err;
}
