/*
 * What can be said of a cut as a whole: how many states are legal, and which
 * losses were covered.
 *
 * Legal states are choices: per open unit one of its versions, all units
 * independent; with order: fifo 1 + the sum over the line of 2^fresh - 1
 * (fifo.c). Their number is exact as long as it has at most BIG_DIGITS digits.
 *
 * Covered losses are proved, not claimed: for k = 0, 1, 2, ... every set of k
 * writes that are lost whole is made, and the content that this leaves must be
 * one that was judged. The first that was not ends it.
 */
#include <stdlib.h>

#include "common/big.h"
#include "states/strategy.h"

static char *line_legal(const struct view *v)
{
	uint32_t *pick = pick_none(v);
	struct big sum = big_of(1);

	for (size_t i = 0; i < v->n_writes; i++) {
		struct big term = big_of(1), rest = big_of(0);
		uint32_t fresh = line_fresh(v, pick, v->line[i]);

		while (fresh-- && !term.over) {
			big_add(&rest, &term); /* 1 + 2 + 4 + ... */
			big_multiply(&term, 2);
		}
		rest.over |= term.over;
		big_add(&sum, &rest);
		pick_add(v, pick, v->line[i], 0, UINT32_MAX);
	}
	free(pick);
	return big_text(&sum);
}

char *cursor_legal(struct cursor *c, const struct cut *cut)
{
	struct big product = big_of(1);
	struct view *v;

	if (view_at(c, cut->position, &v, NULL))
		return NULL;
	if (v->line)
		return line_legal(v);
	for (size_t i = 0; i < v->n && !product.over; i++)
		big_multiply(&product, v->high[i] - v->low[i] + 1);
	return big_text(&product);
}

double cursor_legal_log2(struct cursor *c, const struct cut *cut)
{
	struct view *v;

	return view_at(c, cut->position, &v, NULL) ? 0 : view_legal_log2(v);
}

uint64_t cursor_volatile(struct cursor *c, const struct cut *cut)
{
	struct view *v;

	return view_at(c, cut->position, &v, NULL) ? 0 : v->n_writes;
}

/* ---- covered losses ---- */

struct proof {
	covered_fn covered;
	void *arg;
};

static int look(const struct found *f, void *arg)
{
	struct proof *p = arg;

	return !p->covered(f->hash, p->arg);
}

/* How many sets of k of n there are; more than `most` is `most` + 1. */
static uint64_t sets(uint64_t n, uint64_t k, uint64_t most)
{
	uint64_t count = 1;

	for (uint64_t i = 0; i < k && count <= most; i++)
		count = count * (n - i) / (i + 1);
	return count <= most ? count : most + 1;
}

int cursor_covered_losses(struct cursor *c, const struct cut *cut,
			  covered_fn covered, void *arg)
{
	struct proof p = { covered, arg };
	struct view *v;
	uint64_t left = COVERED_SETS;
	int proved = -1;

	if (view_at(c, cut->position, &v, NULL))
		return -1;
	for (unsigned k = 0; k <= v->n_writes; k++) {
		uint64_t n = v->line ? 1 : sets(v->n_writes, k, left);

		if (n > left || dropped_each(v, cut, k, look, &p))
			break;
		left -= n;
		proved = (int)k;
	}
	return proved;
}
