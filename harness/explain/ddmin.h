/*
 * Delta debugging: the part of a failing set that matters (ddmin.c).
 */
#ifndef EXPLAIN_DDMIN_H
#define EXPLAIN_DDMIN_H

#include <stddef.h>

/* Two runs of items, the second behind the first. */
struct ddmin_set {
	const size_t *run[2];
	size_t n[2];
};

/*
 * Which of the sets is the first that still fails; n where none does. They
 * may be tested in any order, or at the same time. Returns 0, or other than 0
 * to end the search.
 */
typedef int (*ddmin_first_fn)(const struct ddmin_set *sets, size_t n,
			      size_t *ret_first, void *arg);

/*
 * items: *n of them, a set that fails; reduced in place. Their order is kept.
 * 0: the set is 1-minimal: it fails, and it does not when any one item is
 * taken out. Else what `first` returned, with the smallest failing set that
 * was found until then.
 */
int ddmin(size_t *items, size_t *n, ddmin_first_fn first, void *arg);

#endif
