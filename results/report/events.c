#include "events.h"

#include <stdlib.h>
#include <string.h>

#include "common/ascending.h"
#include "common/buf.h"
#include "common/error.h"
#include "summary.h"

/* Of the events that are chosen about a cut, this part comes before it: what
 * led to a loss stands there. */
#define BEFORE_PART 3 / 4

#define KINDS_MAX 100

static struct recording *recording(struct events *ev, const char *source)
{
	struct recording *r;

	if (ev->n && !strcmp(ev->recordings[ev->n - 1].source, source))
		return &ev->recordings[ev->n - 1];
	ev->recordings = xrealloc(ev->recordings,
				  (ev->n + 1) * sizeof(*ev->recordings));
	r = &ev->recordings[ev->n++];
	*r = (struct recording){ .source = xstrdup(source),
				 .start_ns = UINT64_MAX };
	return r;
}

/* There are a few dozen of them, unless the store was forged. */
static uint32_t kind_of(struct events *ev, const char *kind)
{
	for (uint32_t i = 0; i < ev->n_kinds; i++)
		if (!strcmp(ev->kinds[i], kind))
			return i;
	if (ev->n_kinds == KINDS_MAX)
		return KINDS_MAX - 1;
	ev->kinds = xrealloc(ev->kinds,
			     (ev->n_kinds + 1) * sizeof(*ev->kinds));
	ev->kinds[ev->n_kinds] = xstrdup(kind);
	return ev->n_kinds++;
}

static void stretch(struct recording *r, uint64_t ns)
{
	if (ns < r->start_ns)
		r->start_ns = ns;
	if (ns > r->end_ns)
		r->end_ns = ns;
}

static int add_event(const struct store_event *from, void *arg)
{
	struct events *ev = arg;
	struct recording *r = recording(ev, from->source);
	size_t label = strlen(from->label) + 1;
	size_t pieces = strlen(from->pieces) + 1;
	struct event *to;

	if (r->n == r->room) {
		r->room = r->room ? r->room * 2 : 256;
		r->events = xrealloc(r->events, r->room * sizeof(*r->events));
	}
	to = &r->events[r->n++];
	*to = (struct event){
		.number = from->number,
		.start_ns = from->start_ns,
		.end_ns = from->end_ns,
		.position = from->position,
		.lane = from->lane,
		.kind = kind_of(ev, from->kind),
		.label = xcalloc(1, label + pieces),
	};
	memcpy(to->label, from->label, label);
	to->pieces = to->label + label;
	memcpy(to->pieces, from->pieces, pieces);
	stretch(r, from->start_ns);
	if (from->end_ns > from->start_ns)
		stretch(r, from->end_ns);
	return 0;
}

static int in_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

bool events_has_cut(const struct recording *r, const struct finding *f)
{
	return f->explained && f->cause.cut_ns &&
	       !strcmp(f->cause.source, r->source);
}

bool event_carries(const struct event *ev, uint64_t call)
{
	const char *p = ev->pieces;

	while (call && *p) {
		char *end;
		unsigned long long n = strtoull(p, &end, 10);

		if (end == p)
			return false;
		if (n == call)
			return true;
		p = *end ? end + 1 : end;
	}
	return false;
}

static void choose(struct recording *r, size_t i)
{
	r->chosen += !r->events[i].chosen;
	r->events[i].chosen = true;
}

static size_t first_after(const struct recording *r, uint64_t ns)
{
	return keys_until(KEYS_OF(r->events, r->n, start_ns), ns);
}

static void choose_about(struct recording *r, const struct store_cause *c,
			 size_t budget)
{
	size_t cut = first_after(r, c->cut_ns);
	size_t before = budget * BEFORE_PART;
	size_t from = cut > before ? cut - before : 0;

	for (size_t i = from; i < r->n && i - from < budget; i++)
		choose(r, i);
	for (size_t i = 0; i < r->n && r->chosen < EVENTS_CHOSEN; i++)
		if (event_carries(&r->events[i], c->call))
			choose(r, i);
}

static void choose_all(struct recording *r, size_t limit)
{
	for (size_t i = 0; i < r->n && i < limit; i++)
		choose(r, i);
}

static void settle(struct recording *r, const struct summary *s)
{
	size_t cuts = 0;

	for (size_t i = 0; i < s->n_findings; i++) {
		if (!events_has_cut(r, &s->findings[i]))
			continue;
		cuts++;
		stretch(r, s->findings[i].cause.cut_ns);
	}
	qsort(r->events, r->n, sizeof(*r->events), in_time);
	if (r->n <= EVENTS_CHOSEN || !cuts) {
		choose_all(r, EVENTS_CHOSEN);
		return;
	}
	/* A tenth is left for what carries the lost data and is elsewhere. */
	for (size_t i = 0; i < s->n_findings; i++)
		if (events_has_cut(r, &s->findings[i]))
			choose_about(r, &s->findings[i].cause,
				     EVENTS_CHOSEN / 10 * 9 / cuts);
}

int events_load(struct events *ret, const struct summary *s, struct error *e)
{
	int err;

	*ret = (struct events){ .recordings = NULL };
	err = store_events(s->store, add_event, ret, e);
	if (err < 0) {
		events_release(ret);
		return err;
	}
	for (size_t i = 0; i < ret->n; i++)
		settle(&ret->recordings[i], s);
	return 0;
}

void events_release(struct events *ev)
{
	for (size_t i = 0; i < ev->n; i++) {
		struct recording *r = &ev->recordings[i];

		for (size_t j = 0; j < r->n; j++)
			free(r->events[j].label);
		free(r->events);
		free(r->source);
	}
	for (uint32_t i = 0; i < ev->n_kinds; i++)
		free(ev->kinds[i]);
	free(ev->recordings);
	free(ev->kinds);
	*ev = (struct events){ .recordings = NULL };
}

const struct recording *events_of(const struct events *ev, const char *source)
{
	for (size_t i = 0; i < ev->n; i++)
		if (!strcmp(ev->recordings[i].source, source))
			return &ev->recordings[i];
	return NULL;
}
