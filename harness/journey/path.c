#include "journey/path.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

#define PAGE 4096
#define OF_A_KIND 6 /* steps */

struct finder {
	const struct journey *j;
	const struct operation *o;
	struct media media;
	struct placed place;
	struct path *path;
	size_t of_kind;
};

static void add(struct finder *f, uint64_t time_ns, unsigned layer, char *text)
{
	struct path *p = f->path;

	p->steps = xrealloc(p->steps, (p->n + 1) * sizeof(*p->steps));
	p->steps[p->n++] = (struct path_step){ time_ns, layer, text };
}

static int enough(struct finder *f)
{
	return f->of_kind++ >= OF_A_KIND;
}

static void add_call(struct finder *f, const struct call *c, const char *what)
{
	const char *name = c->name ? c->name : call_kind_name(c->kind);

	add(f, c->enter_ns, 2, xasprintf("call %" PRIu64 ", %s of %s: %s",
					 c->number, name, c->program, what));
	if (c->exit_ns)
		add(f, c->exit_ns, 2, xasprintf("call %" PRIu64 " returned %"
						PRId64, c->number, c->result));
}

static void add_marks(struct finder *f, const struct cause *c)
{
	const struct journey *j = f->j;

	for (size_t i = 0; c->promise && i < j->in.history->n_marks; i++) {
		const struct journey_mark *m = &j->marks[i];

		if (!m->call || strcmp(m->mark->text, c->promise->mark->text))
			continue;
		if (enough(f))
			return;
		add(f, m->call->enter_ns, 1,
		    xasprintf("mark m%" PRIu64 ": %s \"%s\"", m->mark->number,
			      m->call->path, m->mark->text));
	}
}

static void add_syncs(struct finder *f)
{
	const struct calls *calls = f->j->in.calls;

	f->of_kind = 0;
	for (size_t i = 0; i < calls->n; i++) {
		const struct call *c = &calls->calls[i];

		if (c->enter_ns < f->o->exit_ns || !sync_covers(c, f->o))
			continue;
		if (enough(f))
			return;
		add_call(f, c, c->injected ? "sync, added by powercut" :
					     "sync");
	}
}

static int of_pages(const struct finder *f, const struct layer_event *ev)
{
	const struct operation *o = f->o;

	return ev->kind == LAYER_DIRTY && !ev->disk && ev->inode == o->inode &&
	       ev->offset < o->offset + o->length &&
	       o->offset < ev->offset + (ev->length ? ev->length : PAGE);
}

static int of_request(const struct finder *f, const struct layer_event *ev)
{
	return f->place.known && ev->kind >= LAYER_QUEUE && ev->write &&
	       ev->offset <= f->place.physical &&
	       f->place.physical < ev->offset + ev->length;
}

static int of_journal(const struct finder *f, const struct layer_event *ev)
{
	uint64_t number = f->o->transaction;

	if (f->place.tied && f->place.transaction != NO_TRANSACTION)
		number = f->j->ext4.transactions[f->place.transaction].number;
	return number && ev->transaction == number && ev->kind != LAYER_JOIN;
}

static void add_layers(struct finder *f)
{
	const struct layers *l = f->j->in.layers;

	f->of_kind = 0;
	for (size_t i = layers_from(l, f->o->enter_ns); l && i < l->n; i++) {
		const struct layer_event *ev = &l->events[i];
		const char *kind = layer_kind_name(ev->kind);
		int pages = of_pages(f, ev), request = of_request(f, ev);

		if (!pages && !request && !of_journal(f, ev))
			continue;
		if (enough(f))
			return;
		if (pages)
			add(f, ev->time_ns, 3,
			    xasprintf("page at %" PRIu64 " of the file is "
				      "dirty", ev->offset));
		else if (request)
			add(f, ev->time_ns, 5,
			    xasprintf("request %s: %" PRIu64 " bytes at %"
				      PRIu64 " of the disk", kind, ev->length,
				      ev->offset));
		else
			add(f, ev->time_ns, 4,
			    xasprintf("transaction %" PRIu64 ": %s",
				      ev->transaction, kind));
	}
}

static void add_command(struct finder *f, size_t index)
{
	const struct journey *j = f->j;
	const struct command *c = &j->in.history->commands[index];
	uint64_t durable = j->durable[index];

	add(f, c->guest_ns, 5, xasprintf("sent to the drive as w%" PRIu64
					 "%s", c->number,
					 c->fua ? " with FUA" : ""));
	if (c->complete != POSITION_NEVER)
		add(f, journey_time(j, c->complete), 6,
		    xasprintf("the drive acknowledged w%" PRIu64, c->number));
	if (durable != POSITION_NEVER)
		add(f, journey_time(j, durable), 7,
		    xasprintf("w%" PRIu64 " is durable", c->number));
}

static void add_commands(struct finder *f)
{
	const struct history *h = f->j->in.history;

	f->of_kind = 0;
	for (size_t i = 0; f->place.known && i < h->n_commands; i++) {
		const struct command *c = &h->commands[i];

		if (c->type == LOG_FLUSH || !c->number ||
		    c->guest_ns < f->o->copied_ns ||
		    c->offset > f->place.physical ||
		    f->place.physical >= c->offset + c->length)
			continue;
		if (enough(f))
			return;
		add_command(f, i);
	}
}

/* Of one time: the cut comes last. */
static int order(const struct path_step *s)
{
	return s->layer ? (int)s->layer : 8;
}

static int by_time(const void *a, const void *b)
{
	const struct path_step *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return order(x) - order(y);
}

static int has_bytes(const struct operation *o)
{
	return o->kind == OPERATION_WRITE || o->kind == OPERATION_STORE;
}

void path_find(const struct journey *j, const struct cause *c,
	       uint64_t position, struct path *ret)
{
	struct finder f = { .j = j, .o = c->accused, .path = ret };

	*ret = (struct path){ .n = 0 };
	if (!c->accused)
		return;
	f.media = media_worst(j, position);
	if (has_bytes(f.o) && f.o->offset != CALL_NOWHERE)
		f.place = operation_place(&f.media, f.o, f.o->offset,
					  f.o->length);
	add_call(&f, f.o->call, call_kind_name(f.o->call->kind));
	add_marks(&f, c);
	add_syncs(&f);
	add_layers(&f);
	add_commands(&f);
	add(&f, c->cut_ns, 0, xstrdup("the power fails"));
	qsort(ret->steps, ret->n, sizeof(*ret->steps), by_time);
}

void path_release(struct path *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->steps[i].text);
	free(p->steps);
	*p = (struct path){ .n = 0 };
}
