/*
 * Which time of the guest belongs to a position of the log
 *
 * A write's event in the trace is when the guest set it up, before the drive took
 * it; a mark's call had been entered before the mark stood in the log, and
 * returned behind it. Both are anchors: at their position the guest's clock had
 * reached at least that time. Between two anchors the drive's own clock
 * is used, which runs as fast, up to the next one. So a time is never later than that of what comes next in
 * the log.
 */
#include "journey/journey.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

static const char *mark_word(enum mark_kind k)
{
	return k == MARK_BEGIN ? "begin" : k == MARK_ACK ? "ack" : "mark";
}

static int is_mark(const struct call *c, const struct mark *m)
{
	return c->kind == CALL_MARK && !strcmp(c->path, mark_word(m->kind)) &&
	       !strcmp(c->path2, m->text);
}

/* Quadratic only in marks of the same text. */
static size_t next_call(const struct calls *calls, const struct mark *m,
			const char *taken)
{
	for (size_t i = 0; i < calls->n; i++)
		if (!taken[i] && is_mark(&calls->calls[i], m))
			return i;
	return calls->n;
}

void journey_join_marks(struct journey *j)
{
	const struct history *h = j->in.history;
	const struct calls *calls = j->in.calls;
	char *taken = xcalloc(calls->n + 1, 1);

	j->marks = xcalloc(h->n_marks + 1, sizeof(*j->marks));
	for (size_t i = 0; i < h->n_marks; i++) {
		size_t k = h->marks[i].number ?
				   next_call(calls, &h->marks[i], taken) :
				   calls->n;

		j->marks[i].mark = &h->marks[i];
		if (k == calls->n)
			continue;
		taken[k] = 1;
		j->marks[i].call = &calls->calls[k];
	}
	free(taken);
}

static int by_position(const void *a, const void *b)
{
	const struct anchor *x = a, *y = b;

	return (x->position > y->position) - (x->position < y->position);
}

/* Commands overtake each other: what is true is the latest time so far. */
static void make_ascending(struct journey *j)
{
	for (size_t i = 1; i < j->n_anchors; i++)
		if (j->anchors[i].guest_ns < j->anchors[i - 1].guest_ns)
			j->anchors[i].guest_ns = j->anchors[i - 1].guest_ns;
}

void journey_find_anchors(struct journey *j)
{
	const struct history *h = j->in.history;

	j->anchors = xcalloc(h->n_commands + h->n_marks + 1,
			     sizeof(*j->anchors));
	for (size_t i = 0; i < h->n_commands; i++)
		if (h->commands[i].guest_ns)
			j->anchors[j->n_anchors++] = (struct anchor){
				h->commands[i].submit, h->commands[i].guest_ns
			};
	for (size_t i = 0; i < h->n_marks; i++)
		if (j->marks[i].call)
			j->anchors[j->n_anchors++] = (struct anchor){
				h->marks[i].position,
				j->marks[i].call->enter_ns
			};
	if (j->n_anchors)
		qsort(j->anchors, j->n_anchors, sizeof(*j->anchors),
		      by_position);
	make_ascending(j);
}

static size_t anchors_until(const struct journey *j, uint64_t position)
{
	size_t low = 0, high = j->n_anchors;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (j->anchors[middle].position <= position)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint64_t journey_time(const struct journey *j, uint64_t position)
{
	const struct history *h = j->in.history;
	size_t n = anchors_until(j, position);
	const struct anchor *a = n ? &j->anchors[n - 1] : NULL;
	uint64_t t;

	if (!a)
		return 0;
	if (a->position == position || position >= h->end || !h->times)
		return a->guest_ns;
	t = a->guest_ns + h->times[position] - h->times[a->position];
	if (n < j->n_anchors && t >= j->anchors[n].guest_ns)
		t = j->anchors[n].guest_ns > a->guest_ns ?
			    j->anchors[n].guest_ns - 1 : a->guest_ns;
	return t;
}
