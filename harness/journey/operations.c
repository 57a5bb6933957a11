/*
 * Operations out of calls.
 *
 * A call that failed changed nothing and is none. What was written to a file that
 * was unlinked, cut off or replaced by a rename later does not matter from then
 * on: gone_ns. A page that became dirty though no call wrote into it, in a file
 * that somebody had mapped for sharing, was stored into.
 */
#include "journey/journey.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

#define PAGE 4096

static void add(struct journey *j, struct operation o)
{
	if (!(j->n_operations & (j->n_operations + 1)))
		j->operations = xrealloc(j->operations,
					 2 * (j->n_operations + 1) *
						 sizeof(*j->operations));
	o.gone_ns = TIME_NEVER;
	j->operations[j->n_operations++] = o;
}

static struct operation begin(const struct call *c, enum operation_kind kind)
{
	return (struct operation){
		.kind = kind,
		.call = c,
		.inode = c->inode,
		.path = c->path,
		.tid = c->tid,
		.enter_ns = c->enter_ns,
		.exit_ns = c->exit_ns ? c->exit_ns : TIME_NEVER,
	};
}

/* How many bytes: those that the call says, or while it has not returned those
 * that it was asked for. */
static uint64_t written(const struct call *c)
{
	if (!c->exit_ns)
		return c->length;
	return (uint64_t)c->result;
}

static void add_write(struct journey *j, const struct call *c)
{
	struct operation o = begin(c, OPERATION_WRITE);

	o.offset = c->offset;
	o.length = written(c);
	if (o.length)
		add(j, o);
}

/* length: of the file from now on, or how far it reaches at least. */
static void add_size(struct journey *j, const struct call *c)
{
	struct operation o = begin(c, OPERATION_SIZE);

	o.offset = c->kind == CALL_ALLOCATE ? c->offset : 0;
	o.length = c->length;
	add(j, o);
}

static void add_open(struct journey *j, const struct call *c)
{
	struct operation o = begin(c, OPERATION_NAME);

	if (c->flags & O_CREAT && !c->old_size) {
		o.parent = c->parent ? c->parent : c->inode2;
		add(j, o);
	}
	if (c->flags & O_TRUNC && c->old_size) {
		o = begin(c, OPERATION_SIZE);
		add(j, o);
	}
}

static void add_name(struct journey *j, const struct call *c)
{
	struct operation o = begin(c, OPERATION_NAME);

	o.parent = c->parent ? c->parent : c->inode2;
	if (c->kind == CALL_RENAME || c->kind == CALL_LINK) {
		o.parent = c->parent2;
		o.path = c->path2;
		if (c->kind == CALL_RENAME && c->parent != c->parent2)
			o.parent2 = c->parent;
	}
	add(j, o);
}

static void add_call(struct journey *j, const struct call *c)
{
	if (c->exit_ns && c->result < 0)
		return;
	switch (c->kind) {
	case CALL_OPEN:
		add_open(j, c);
		break;
	case CALL_WRITE:
		add_write(j, c);
		break;
	case CALL_TRUNCATE:
	case CALL_ALLOCATE:
		add_size(j, c);
		break;
	case CALL_RENAME:
	case CALL_LINK:
	case CALL_UNLINK:
	case CALL_SYMLINK:
	case CALL_MKDIR:
	case CALL_RMDIR:
		add_name(j, c);
		break;
	case CALL_ATTRIBUTE:
		add(j, begin(c, OPERATION_ATTRIBUTE));
		break;
	default:
		break;
	}
}

/* ---- stores into mapped memory ---- */

/* The mapping that the page belongs to, if there is one. */
static const struct call *mapping_of(const struct journey *j,
				     const struct layer_event *ev)
{
	const struct calls *calls = j->in.calls;

	for (size_t i = calls->n; i-- > 0;) {
		const struct call *c = &calls->calls[i];

		if (c->kind == CALL_MAP && c->inode == ev->inode &&
		    c->enter_ns <= ev->time_ns &&
		    ev->offset + PAGE > c->offset &&
		    ev->offset < c->offset + c->length)
			return c;
	}
	return NULL;
}

static int is_of_page(const struct call *c, const struct layer_event *ev)
{
	uint64_t length = ev->length ? ev->length : PAGE;

	return c->inode == ev->inode && c->offset < ev->offset + length &&
	       ev->offset < c->offset + c->length;
}

/* A call that was under way in this thread made the page dirty; what was asked for
 * is mostly done by other threads. */
static int by_call(const struct journey *j, const struct layer_event *ev)
{
	const struct calls *calls = j->in.calls;

	for (size_t i = 0; i < calls->n; i++) {
		const struct call *c = &calls->calls[i];

		if (c->enter_ns > ev->time_ns)
			break;
		if ((c->asked_ns ? is_of_page(c, ev) : c->tid == ev->tid) &&
		    c->kind != CALL_MAP &&
		    (!c->exit_ns || c->exit_ns >= ev->time_ns))
			return 1;
	}
	return 0;
}

/* Bytes that the file had at that time; what is stored behind them is no data. */
static uint64_t size_at(const struct journey *j, const struct call *map,
			uint64_t now)
{
	const struct calls *calls = j->in.calls;
	uint64_t size = map->old_size;

	for (size_t i = 0; i < calls->n; i++) {
		const struct call *c = &calls->calls[i];

		if (c->inode != map->inode || c->enter_ns < map->enter_ns ||
		    !c->exit_ns || c->exit_ns > now || c->result < 0)
			continue;
		if (c->kind == CALL_TRUNCATE)
			size = c->length;
		else if ((c->kind == CALL_WRITE || c->kind == CALL_ALLOCATE) &&
			 c->offset != CALL_NOWHERE &&
			 c->offset + c->length > size)
			size = c->offset + c->length;
	}
	return size;
}

static void add_store(struct journey *j, const struct layer_event *ev)
{
	const struct call *map = mapping_of(j, ev);
	struct operation o;
	uint64_t size;

	if (!map || by_call(j, ev))
		return;
	o = begin(map, OPERATION_STORE);
	o.offset = ev->offset;
	o.length = ev->length ? ev->length : PAGE;
	size = size_at(j, map, ev->time_ns);
	if (size > o.offset && size - o.offset < o.length)
		o.length = size - o.offset;
	o.enter_ns = o.exit_ns = ev->time_ns;
	o.tid = ev->tid;
	add(j, o);
}

static void add_stores(struct journey *j)
{
	const struct layers *l = j->in.layers;

	for (size_t i = 0; l && i < l->n; i++)
		if (l->events[i].kind == LAYER_DIRTY && !l->events[i].disk)
			add_store(j, &l->events[i]);
}

/* ---- what does not matter any more ---- */

static void end(struct operation *o, const struct call *by)
{
	o->gone_ns = by->enter_ns;
	o->replaced_by = by->kind == CALL_RENAME ? by : NULL;
}

static void end_data(struct journey *j, uint64_t inode, uint64_t size,
		     const struct call *by)
{
	for (size_t i = 0; inode && i < j->n_operations; i++) {
		struct operation *o = &j->operations[i];

		if (o->inode != inode || o->enter_ns >= by->enter_ns ||
		    o->gone_ns != TIME_NEVER || o->kind == OPERATION_NAME)
			continue;
		if (o->kind != OPERATION_WRITE && o->kind != OPERATION_STORE)
			continue;
		if (size == 0 || o->offset >= size)
			end(o, by);
	}
}

/* A file without a name any more; its names, too. */
static void end_file(struct journey *j, uint64_t inode, const struct call *by)
{
	end_data(j, inode, 0, by);
	for (size_t i = 0; inode && i < j->n_operations; i++) {
		struct operation *o = &j->operations[i];

		if (o->inode == inode && o->enter_ns < by->enter_ns &&
		    o->gone_ns == TIME_NEVER)
			end(o, by);
	}
}

/* The last link of a file that had several is not known here; a file that was
 * linked keeps its data. */
static int was_linked(const struct journey *j, uint64_t inode)
{
	for (size_t i = 0; i < j->in.calls->n; i++) {
		const struct call *c = &j->in.calls->calls[i];

		if (c->kind == CALL_LINK && c->inode == inode)
			return 1;
	}
	return 0;
}

static void end_by(struct journey *j, const struct call *c)
{
	if (!c->exit_ns || c->result < 0)
		return;
	if (c->kind == CALL_UNLINK && !was_linked(j, c->inode))
		end_file(j, c->inode, c);
	if (c->kind == CALL_RENAME && c->inode2 != c->inode &&
	    !was_linked(j, c->inode2))
		end_file(j, c->inode2, c);
	if (c->kind == CALL_TRUNCATE)
		end_data(j, c->inode, c->length, c);
	if (c->kind == CALL_OPEN && c->flags & O_TRUNC)
		end_data(j, c->inode, 0, c);
}

/* The name that a file was created with ends with its rename. */
static void end_old_names(struct journey *j)
{
	for (size_t i = 0; i < j->in.calls->n; i++) {
		const struct call *c = &j->in.calls->calls[i];

		if (c->kind != CALL_RENAME || !c->exit_ns || c->result < 0)
			continue;
		for (size_t k = 0; k < j->n_operations; k++)
			if (j->operations[k].kind == OPERATION_NAME &&
			    j->operations[k].call->kind == CALL_OPEN &&
			    j->operations[k].inode == c->inode &&
			    j->operations[k].enter_ns < c->enter_ns &&
			    j->operations[k].gone_ns == TIME_NEVER)
				end(&j->operations[k], c);
	}
}

/* ---- what the kernel says of a call ---- */

size_t layers_from(const struct layers *l, uint64_t time_ns)
{
	size_t low = 0, high = l ? l->n : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->events[middle].time_ns < time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Direct and synchronous writes leave within the call. */
static uint64_t copied_unseen(const struct operation *o)
{
	return o->call->file_flags & O_DIRECT || operation_is_synchronous(o) ?
		       o->enter_ns : o->exit_ns;
}

/* What was asked for is mostly done by another thread of the kernel's, so nobody knows
 * whose transaction it joined. Where its pages were dirty already, the earliest time
 * is taken. */
static void ask_layers_beside(struct operation *o, const struct layers *l)
{
	o->copied_ns = o->call->asked_ns;
	for (size_t i = layers_from(l, o->call->asked_ns);
	     l && i < l->n && l->events[i].time_ns <= o->exit_ns; i++) {
		const struct layer_event *ev = &l->events[i];

		if (ev->kind != LAYER_DIRTY || ev->disk ||
		    !is_of_page(o->call, ev))
			continue;
		o->copied_ns = ev->time_ns;
		return;
	}
}

static void ask_layers(struct operation *o, const struct layers *l)
{
	uint64_t copied = 0;

	for (size_t i = layers_from(l, o->enter_ns);
	     l && i < l->n && l->events[i].time_ns <= o->exit_ns; i++) {
		const struct layer_event *ev = &l->events[i];

		if (ev->tid != o->call->tid)
			continue;
		if (ev->kind == LAYER_DIRTY && !ev->disk &&
		    ev->inode == o->inode)
			copied = ev->time_ns;
		if (ev->kind == LAYER_JOIN && ev->transaction > o->transaction)
			o->transaction = ev->transaction;
	}
	o->copied_ns = copied ? copied : copied_unseen(o);
}

/* ---- whose promise it is ---- */

/* A begin of the thread that is still open at that time, the last one. */
static const struct journey_mark *open_begin(const struct journey *j,
					     int32_t tid, uint64_t now)
{
	const struct journey_mark *open = NULL;

	for (size_t i = 0; i < j->in.history->n_marks; i++) {
		const struct journey_mark *m = &j->marks[i];

		if (!m->call || m->call->tid != tid ||
		    m->call->enter_ns > now)
			continue;
		if (m->mark->kind == MARK_BEGIN)
			open = m;
		else if (open && m->mark->kind == MARK_ACK &&
			 !strcmp(m->mark->text, open->mark->text))
			open = NULL;
	}
	return open;
}

static void ask_all(struct journey *j)
{
	for (size_t i = 0; i < j->n_operations; i++) {
		struct operation *o = &j->operations[i];

		o->owner = open_begin(j, o->tid, o->enter_ns);
		if (o->kind == OPERATION_STORE)
			o->copied_ns = o->enter_ns;
		else if (o->call->asked_ns)
			ask_layers_beside(o, j->in.layers);
		else
			ask_layers(o, j->in.layers);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct operation *x = a, *y = b;

	if (x->enter_ns != y->enter_ns)
		return x->enter_ns < y->enter_ns ? -1 : 1;
	return (x->call->number > y->call->number) -
	       (x->call->number < y->call->number);
}

void journey_find_operations(struct journey *j)
{
	for (size_t i = 0; i < j->in.calls->n; i++)
		add_call(j, &j->in.calls->calls[i]);
	add_stores(j);
	if (j->n_operations)
		qsort(j->operations, j->n_operations, sizeof(*j->operations),
		      by_time);
	for (size_t i = 0; i < j->in.calls->n; i++)
		end_by(j, &j->in.calls->calls[i]);
	end_old_names(j);
	ask_all(j);
}
