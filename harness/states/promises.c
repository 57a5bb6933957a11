/*
 * What the workload had promised and begun at a cut.
 *
 * A promise counts from the moment its ack stands in the log: pc_ack returns
 * only then, so an ack behind the cut was never given. An operation is begun
 * but not acked if its text was begun more often than acked; each ack takes
 * away the earliest begin with its text that is left.
 *
 * So the acks at a cut are the first ones, a prefix of one long text, and the
 * k-th begin of a text is open from where it stands until the k-th ack of that
 * text. All open ones at a cut are found in a tree over the begins in their
 * order that knows of each part the last position at which it has an open one.
 *
 * Where only the first acks count, what the others would have closed is still
 * open: the same as being asked at the position of the last ack that counts,
 * but for begins that stand behind it. An ack that has no begin is one by itself.
 */
#include <stdlib.h>
#include <string.h>

#include "common/ascending.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "states/states.h"

struct begin {
	const char *text;
	uint64_t position;
};

struct promises {
	const struct history *history;
	uint64_t *ack_at; /* positions */
	unsigned char *ack_alone; /* it closes no begin */
	size_t *ack_end;  /* bytes of `acks` up to and with it */
	size_t n_acks;
	struct buf acks; /* a line each */
	struct begin *begins;
	size_t n_begins;
	size_t leaves;   /* a power of two, not below n_begins */
	uint64_t *until; /* the tree: root at 1, the leaves behind each other at
			  * leaves; the position of the ack, or of the last one
			  * in the part */
};

/* ---- making it ---- */

struct entry {
	const char *text;
	size_t place; /* among the begins or the acks */
};

static int by_text(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->text, y->text);

	return order ? order : (x->place > y->place) - (x->place < y->place);
}

static int counts(const struct mark *m, enum mark_kind kind)
{
	return m->number && m->kind == kind;
}

static struct entry *collect(const struct history *h, enum mark_kind kind,
			     size_t *ret_n)
{
	struct entry *entries = xcalloc(h->n_marks, sizeof(*entries));
	size_t n = 0;

	for (size_t i = 0; i < h->n_marks; i++)
		if (counts(&h->marks[i], kind)) {
			entries[n] = (struct entry){ h->marks[i].text, n };
			n++;
		}
	if (n)
		qsort(entries, n, sizeof(*entries), by_text);
	*ret_n = n;
	return entries;
}

static void fill_lists(struct promises *p, const struct history *h)
{
	p->ack_at = xcalloc(h->n_marks, sizeof(*p->ack_at));
	p->ack_alone = xcalloc(h->n_marks, sizeof(*p->ack_alone));
	p->ack_end = xcalloc(h->n_marks, sizeof(*p->ack_end));
	p->begins = xcalloc(h->n_marks, sizeof(*p->begins));
	for (size_t i = 0; i < h->n_marks; i++) {
		const struct mark *m = &h->marks[i];

		if (counts(m, MARK_ACK)) {
			buf_printf(&p->acks, "%s\n", m->text);
			p->ack_at[p->n_acks] = m->position;
			p->ack_end[p->n_acks++] = p->acks.len;
		} else if (counts(m, MARK_BEGIN)) {
			p->begins[p->n_begins++] =
				(struct begin){ m->text, m->position };
		}
	}
}

/* Both lists are sorted by text: the k-th of a text meets the k-th. */
static void pair_up(struct promises *p, const struct history *h)
{
	size_t n_begins, n_acks, a = 0;
	CLEANUP_FREE struct entry *begins = collect(h, MARK_BEGIN, &n_begins);
	CLEANUP_FREE struct entry *acks = collect(h, MARK_ACK, &n_acks);

	memset(p->ack_alone, 1, p->n_acks);
	for (size_t b = 0; b < n_begins; b++) {
		uint64_t *until = &p->until[p->leaves + begins[b].place];

		while (a < n_acks && strcmp(acks[a].text, begins[b].text) < 0)
			a++;
		*until = POSITION_NEVER;
		if (a < n_acks && !strcmp(acks[a].text, begins[b].text)) {
			p->ack_alone[acks[a].place] = 0;
			*until = p->ack_at[acks[a++].place];
		}
	}
}

struct promises *promises_new(const struct history *h)
{
	struct promises *p = xcalloc(1, sizeof(*p));

	p->history = h;
	fill_lists(p, h);
	for (p->leaves = 1; p->leaves < p->n_begins;)
		p->leaves *= 2;
	p->until = xcalloc(2 * p->leaves, sizeof(*p->until));
	pair_up(p, h);
	for (size_t i = p->leaves; --i;) {
		uint64_t left = p->until[2 * i], right = p->until[2 * i + 1];

		p->until[i] = left > right ? left : right;
	}
	return p;
}

void promises_free(struct promises *p)
{
	if (!p)
		return;
	free(p->ack_at);
	free(p->ack_alone);
	free(p->ack_end);
	buf_free(&p->acks);
	free(p->begins);
	free(p->until);
	free(p);
}

/* ---- asking it ---- */

static size_t acks_until(const struct promises *p, uint64_t position)
{
	return keys_until(p->ack_at, sizeof(*p->ack_at), p->n_acks, position);
}

static size_t begins_until(const struct promises *p, uint64_t position)
{
	return keys_until(KEYS_OF(p->begins, p->n_begins, position), position);
}

/* Those of the first `n` begins that are open at the position and stand below
 * the tree's node, which has `width` leaves from `first` on. */
static size_t list_open(const struct promises *p, size_t node, size_t first,
			size_t width, size_t n, uint64_t position,
			struct buf *ret)
{
	size_t half = width / 2;

	if (first >= n || p->until[node] <= position)
		return 0;
	if (width > 1)
		return list_open(p, 2 * node, first, half, n, position, ret) +
		       list_open(p, 2 * node + 1, first + half, half, n,
				 position, ret);
	if (ret)
		buf_printf(ret, "%s\n", p->begins[first].text);
	return 1;
}

static size_t open_at(const struct promises *p, uint64_t position,
		      struct buf *ret)
{
	return list_open(p, 1, 0, p->leaves, begins_until(p, position),
			 position, ret);
}

void promises_list(const struct promises *p, const struct cut *c,
		   struct buf *ret_acks, struct buf *ret_begun)
{
	size_t n = acks_until(p, c->position);

	buf_add(ret_acks, buf_text(&p->acks), n ? p->ack_end[n - 1] : 0);
	open_at(p, c->position, ret_begun);
}

/* ---- only the first acks ---- */

static const char *ack_text(const struct promises *p, size_t ack, size_t *ret_len)
{
	size_t start = ack ? p->ack_end[ack - 1] : 0;

	*ret_len = p->ack_end[ack] - start;
	return buf_text(&p->acks) + start;
}

void promises_partial(const struct promises *p, const struct cut *c,
		      uint64_t acks, struct buf *ret_acks,
		      struct buf *ret_begun)
{
	size_t all = acks_until(p, c->position);
	size_t n = acks < all ? (size_t)acks : all;

	buf_add(ret_acks, buf_text(&p->acks), n ? p->ack_end[n - 1] : 0);
	list_open(p, 1, 0, p->leaves, begins_until(p, c->position),
		  n ? p->ack_at[n - 1] : 0, ret_begun);
	for (size_t i = n; i < all; i++) {
		size_t len;
		const char *text = ack_text(p, i, &len);

		if (p->ack_alone[i])
			buf_add(ret_begun, text, len);
	}
}

uint64_t promises_age(const struct promises *p, const struct cut *c,
		      uint64_t ack)
{
	const uint64_t *times = p->history->times;

	return times[c->position] - times[p->ack_at[ack]];
}

uint64_t promises_old(const struct promises *p, const struct cut *c,
		      uint64_t window_ns)
{
	uint64_t low = 0, high = acks_until(p, c->position);

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (promises_age(p, c, middle) > window_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint64_t promises_key(const struct promises *p, const struct cut *c,
		      uint64_t window_ns)
{
	uint64_t acks = acks_until(p, c->position);
	uint64_t all = acks + begins_until(p, c->position);

	if (!window_ns)
		return all;
	return all * (p->n_acks + 1) + promises_old(p, c, window_ns);
}

struct promise_counts promises_count(const struct promises *p,
				     const struct cut *c)
{
	uint64_t acks = acks_until(p, c->position);

	return (struct promise_counts){
		.acks = acks,
		.begun = open_at(p, c->position, NULL),
		.all = acks + begins_until(p, c->position),
	};
}

void promises_at(const struct history *h, const struct cut *c,
		 struct buf *ret_acks, struct buf *ret_begun)
{
	struct promises *p = promises_new(h);

	promises_list(p, c, ret_acks, ret_begun);
	promises_free(p);
}
