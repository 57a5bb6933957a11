/*
 * What the workload had promised and begun at a cut.
 *
 * A promise counts from the moment its ack stands in the log: pc_ack returns
 * only then, so an ack behind the cut was never given. An operation is begun
 * but not acked if its text was begun more often than acked; each ack takes
 * away the earliest begin with its text that is left.
 */
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "states/states.h"

struct ack {
	const char *text;
	size_t used; /* in the first of equal texts: begins taken away */
};

static int counts(const struct mark *m, const struct cut *c, enum mark_kind k)
{
	return m->number && m->kind == k && m->position <= c->position;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct ack *)a)->text,
		      ((const struct ack *)b)->text);
}

static struct ack *collect_acks(const struct history *h, const struct cut *c,
				size_t *ret_n)
{
	struct ack *acks = xcalloc(h->n_marks, sizeof(*acks));
	size_t n = 0;

	for (size_t i = 0; i < h->n_marks; i++)
		if (counts(&h->marks[i], c, MARK_ACK))
			acks[n++].text = h->marks[i].text;
	if (n)
		qsort(acks, n, sizeof(*acks), by_text);
	*ret_n = n;
	return acks;
}

/* Takes one ack with this text; false when none is left. */
static int take(struct ack *acks, size_t n, const char *text)
{
	size_t low = 0, high = n, k;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(acks[middle].text, text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == n || strcmp(acks[low].text, text))
		return 0;
	k = low + acks[low].used;
	if (k >= n || strcmp(acks[k].text, text))
		return 0;
	acks[low].used++;
	return 1;
}

void promises_at(const struct history *h, const struct cut *c,
		 struct buf *ret_acks, struct buf *ret_begun)
{
	size_t n;
	CLEANUP_FREE struct ack *acks = collect_acks(h, c, &n);

	for (size_t i = 0; i < h->n_marks; i++) {
		const struct mark *m = &h->marks[i];

		if (counts(m, c, MARK_ACK))
			buf_printf(ret_acks, "%s\n", m->text);
		else if (counts(m, c, MARK_BEGIN) && !take(acks, n, m->text))
			buf_printf(ret_begun, "%s\n", m->text);
	}
}
