/* Which operations a promise is about. */
#include "journey/cause.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

static const struct journey_mark *begin_of(const struct journey *j, size_t ack)
{
	for (size_t i = ack; i-- > 0;) {
		const struct mark *m = j->marks[i].mark;

		if (!strcmp(m->text, j->marks[ack].mark->text) &&
		    m->kind == MARK_ACK)
			return NULL;
		if (!strcmp(m->text, j->marks[ack].mark->text) &&
		    m->kind == MARK_BEGIN && j->marks[i].call)
			return &j->marks[i];
	}
	return NULL;
}

/* The ack before it, of the same thread where there is one. */
static const struct journey_mark *ack_before(const struct journey *j,
					     size_t ack)
{
	const struct journey_mark *any = NULL;

	for (size_t i = ack; i-- > 0;) {
		const struct journey_mark *m = &j->marks[i];

		if (!m->call || m->mark->kind != MARK_ACK)
			continue;
		if (m->call->tid == j->marks[ack].call->tid)
			return m;
		if (!any)
			any = m;
	}
	return any;
}

/* It changed nothing, and this is all that it said. */
static int is_messenger(const struct journey *j, int32_t pid)
{
	size_t marks = 0;

	for (size_t i = 0; i < j->in.history->n_marks; i++)
		marks += j->marks[i].call && j->marks[i].call->pid == pid;
	for (size_t i = 0; i < j->n_operations; i++)
		if (j->operations[i].call->pid == pid)
			return 0;
	return marks == 1;
}

static struct promise promise_of(const struct journey *j, size_t ack)
{
	const struct journey_mark *begin = begin_of(j, ack), *before;
	struct promise p = { .ack = &j->marks[ack],
			     .until_ns = j->marks[ack].call->enter_ns };
	const struct call *call = j->marks[ack].call;

	p.messenger = is_messenger(j, call->pid);
	if (begin) {
		p.has_begin = 1;
		p.from_ns = begin->call->enter_ns;
		return p;
	}
	before = ack_before(j, ack);
	if (before)
		p.from_ns = before->call->enter_ns;
	return p;
}

size_t promises_until(const struct journey *j, uint64_t position,
		      struct promise **ret)
{
	size_t n = 0;

	*ret = xcalloc(j->in.history->n_marks + 1, sizeof(**ret));
	for (size_t i = 0; i < j->in.history->n_marks; i++)
		if (j->marks[i].mark->kind == MARK_ACK &&
		    j->marks[i].mark->number && j->marks[i].call &&
		    j->marks[i].mark->position <= position)
			(*ret)[n++] = promise_of(j, i);
	return n;
}

/* Another thread's operation belongs to the promise that this one has begun. */
static int is_anothers(const struct promise *p, const struct operation *o)
{
	return o->owner && o->tid != p->ack->call->tid &&
	       strcmp(o->owner->mark->text, p->ack->mark->text);
}

/* One that had not returned at the ack: only of the program that promises. */
int promise_has(const struct promise *p, const struct operation *o)
{
	if (o->enter_ns < p->from_ns || o->enter_ns > p->until_ns ||
	    is_anothers(p, o))
		return 0;
	return o->exit_ns <= p->until_ns ||
	       p->messenger || o->call->pid == p->ack->call->pid;
}
