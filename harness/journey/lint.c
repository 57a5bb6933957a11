/*
 * Left out: what did not matter any more when the ack was given, since its file was
 * gone; and bytes that a later operation of the same promise wrote over,
 * which is listed itself if it was not durable.
 */
#include "journey/lint.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

struct linter {
	const struct journey *j;
	const struct promise *promise;
	struct media media;
	struct lint *ret;
};

static struct lint_item *add(struct linter *l)
{
	struct lint *r = l->ret;

	r->items = xrealloc(r->items, (r->n + 1) * sizeof(*r->items));
	r->items[r->n] = (struct lint_item){ .promise = *l->promise };
	return &r->items[r->n++];
}

static int has_bytes(const struct operation *o)
{
	return o->kind == OPERATION_WRITE || o->kind == OPERATION_STORE;
}

static int covers(const struct operation *b, const struct operation *a)
{
	return has_bytes(a) && has_bytes(b) && a->inode &&
	       a->inode == b->inode && b->offset <= a->offset &&
	       a->offset + a->length <= b->offset + b->length;
}

static int overwritten(const struct linter *l, size_t i)
{
	const struct operation *o = &l->j->operations[i];

	for (size_t k = i + 1; k < l->j->n_operations; k++)
		if (promise_has(l->promise, &l->j->operations[k]) &&
		    covers(&l->j->operations[k], o))
			return 1;
	return 0;
}

static int matters(const struct linter *l, size_t i)
{
	const struct operation *o = &l->j->operations[i];

	return promise_has(l->promise, o) &&
	       o->gone_ns > l->promise->until_ns && !overwritten(l, i);
}

static void add_operation(struct linter *l, const struct operation *o,
			  const struct standing *s)
{
	struct buf where = BUF_INIT, missing = BUF_INIT;
	struct lint_item *item = add(l);
	const struct call *sync = NULL;

	item->operation = o;
	item->standing = *s;
	if (s->at == NOT_KNOWN) {
		l->ret->unknown++;
		buf_puts(&where, s->why);
	} else {
		l->ret->found++;
		standing_words(&l->media, s, &where);
		item->step = missing_step(&l->media, o, s,
					  l->promise->until_ns,
					  l->promise->ack->call, &sync,
					  &missing);
	}
	item->where = buf_take(&where);
	item->missing = buf_take(&missing);
}

static void add_empty(struct linter *l)
{
	struct lint_item *item = add(l);

	item->step = STEP_FLUSH_BUFFER;
	item->where = xstrdup("in a buffer of the program (layer 1)");
	item->missing = xstrdup("no system call carried anything to the file "
				"system between begin and ack");
	l->ret->found++;
}

static void lint_promise(struct linter *l)
{
	size_t operations = 0;

	for (size_t i = 0; i < l->j->n_operations; i++) {
		const struct operation *o = &l->j->operations[i];
		struct standing s;

		operations += promise_has(l->promise, o);
		if (!matters(l, i))
			continue;
		s = operation_standing(&l->media, o);
		if (s.at != ON_MEDIA && s.at != NOT_BEGUN)
			add_operation(l, o, &s);
	}
	if (!operations && l->promise->has_begin && !l->ret->opaque)
		add_empty(l);
}

static size_t count_opaque(const struct journey *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->in.calls->n; i++)
		n += j->in.calls->calls[i].kind == CALL_OPAQUE;
	return n;
}

static size_t count_unseen(const struct journey *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->in.history->n_marks; i++)
		n += j->marks[i].mark->kind == MARK_ACK &&
		     j->marks[i].mark->number && !j->marks[i].call;
	return n;
}

void lint_find(const struct journey *j, struct lint *ret)
{
	struct promise *promises;
	size_t n = promises_until(j, POSITION_NEVER, &promises);

	*ret = (struct lint){ .acks = n, .unseen = count_unseen(j),
			      .opaque = count_opaque(j) };
	for (size_t i = 0; i < n; i++) {
		struct linter l = {
			.j = j,
			.promise = &promises[i],
			.media = media_worst(j,
					     promises[i].ack->mark->position),
			.ret = ret,
		};

		lint_promise(&l);
	}
	free(promises);
}

void lint_release(struct lint *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->items[i].where);
		free(l->items[i].missing);
	}
	free(l->items);
	*l = (struct lint){ .n = 0 };
}
