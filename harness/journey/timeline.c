#include "journey/timeline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"

#define NO_POSITION UINT64_MAX
#define PAGE 4096

struct walk {
	const struct journey *j;
	timeline_fn *fn;
	void *arg;
	uint64_t number;
	size_t left; /* of this kind of source */
};

static int emit(struct walk *w, struct store_event *ev)
{
	if (!w->left)
		return 0;
	w->left--;
	ev->number = ++w->number;
	return w->fn(ev, w->arg);
}

/* ---- calls ---- */

static char *call_label(const struct call *c)
{
	const char *name = c->name ? c->name : call_kind_name(c->kind);

	if (c->kind == CALL_MARK)
		return xasprintf("%s %s", c->path, c->path2);
	if (c->kind == CALL_RENAME || c->kind == CALL_LINK)
		return xasprintf("%s %s -> %s", name, c->path, c->path2);
	if (c->kind == CALL_WRITE && c->offset != CALL_NOWHERE)
		return xasprintf("%s %s %" PRIu64 "+%" PRIu64, name, c->path,
				 c->offset, c->length);
	return xasprintf("%s %s", name, c->path);
}

static uint64_t mark_position(const struct journey *j, const struct call *c)
{
	for (size_t i = 0; i < j->in.history->n_marks; i++)
		if (j->marks[i].call == c)
			return j->marks[i].mark->position;
	return NO_POSITION;
}

static int walk_calls(struct walk *w)
{
	const struct calls *calls = w->j->in.calls;
	int err = 0;

	for (size_t i = 0; i < calls->n && !err; i++) {
		const struct call *c = &calls->calls[i];
		int mark = c->kind == CALL_MARK;
		CLEANUP_FREE char *label = call_label(c);
		CLEANUP_FREE char *pieces = xasprintf("%" PRIu64, c->number);
		struct store_event ev = {
			.lane = mark ? STORE_LANE_APPLICATION :
				       STORE_LANE_CALL,
			.start_ns = c->enter_ns,
			.end_ns = c->exit_ns,
			.position = mark ? mark_position(w->j, c) :
					   NO_POSITION,
			.kind = mark ? c->path : call_kind_name(c->kind),
			.label = label,
			.pieces = pieces,
		};

		err = emit(w, &ev);
	}
	return err;
}

/* ---- whose data ---- */

#define PIECES_MOST 32

static int overlap(uint64_t a, uint64_t n, uint64_t b, uint64_t m)
{
	return a < b + m && b < a + n;
}

static void add_piece(struct buf *b, size_t *n, uint64_t number)
{
	if (*n < PIECES_MOST)
		buf_printf(b, "%s%" PRIu64, *n ? "," : "", number);
	++*n;
}

/* The calls that wrote into these bytes of the file and had copied by then. */
static char *pieces_of_file(const struct journey *j, uint64_t inode,
			    uint64_t offset, uint64_t length, uint64_t now)
{
	struct buf b = BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < j->n_operations && inode; i++) {
		const struct operation *o = &j->operations[i];

		if (o->enter_ns > now)
			break;
		if (o->inode == inode && o->gone_ns > now &&
		    (o->kind == OPERATION_WRITE ||
		     o->kind == OPERATION_STORE) &&
		    overlap(o->offset / PAGE * PAGE, o->length + PAGE, offset,
			    length))
			add_piece(&b, &n, o->call->number);
	}
	return buf_take(&b);
}

/* Where bytes of the disk belong to a file, as FIEMAP and ext4 say. */
static int file_at(const struct journey *j, uint64_t physical,
		   uint64_t *ret_inode, uint64_t *ret_offset)
{
	const struct calls *c = j->in.calls;

	for (size_t i = 0; i < c->n_extents; i++) {
		const struct call_extent *x = &c->extents[i];

		if (!x->physical || physical < x->physical ||
		    physical - x->physical >= x->length)
			continue;
		*ret_inode = x->inode;
		*ret_offset = x->logical + (physical - x->physical);
		return 1;
	}
	return 0;
}

static char *pieces_of_disk(const struct journey *j, uint64_t offset,
			    uint64_t length, uint64_t now)
{
	uint64_t inode, at;

	if (!length || !file_at(j, offset, &inode, &at))
		return xstrdup("");
	return pieces_of_file(j, inode, at, length, now);
}

/* ---- the kernel ---- */

static enum store_lane lane_of(enum layer_kind k)
{
	switch (k) {
	case LAYER_DIRTY:
	case LAYER_WRITEBACK:
		return STORE_LANE_PAGES;
	case LAYER_QUEUE:
	case LAYER_MERGE:
	case LAYER_INSERT:
	case LAYER_ISSUE:
	case LAYER_COMPLETE:
		return STORE_LANE_BLOCK;
	default:
		return STORE_LANE_JOURNAL;
	}
}

static char *layer_label(const struct layer_event *ev)
{
	const char *name = layer_kind_name(ev->kind);

	if (lane_of(ev->kind) == STORE_LANE_BLOCK)
		return xasprintf("%s %" PRIu64 "+%" PRIu64 "%s%s%s", name,
				 ev->offset, ev->length,
				 ev->flush ? " flush" : "",
				 ev->fua ? " FUA" : "",
				 ev->discard ? " discard" : "");
	if (ev->inode)
		return xasprintf("%s inode %" PRIu64 " %" PRIu64 "+%" PRIu64,
				 name, ev->inode, ev->offset, ev->length);
	if (ev->transaction)
		return xasprintf("%s transaction %" PRIu64, name,
				 ev->transaction);
	return xstrdup(name);
}

/* Spans: a commit until it is committed, an fsync until it ends, a request until
 * it is complete. Their ends are no events of their own. */
static int is_end(enum layer_kind k)
{
	return k == LAYER_COMMITTED || k == LAYER_FSYNC_END ||
	       k == LAYER_COMPLETE;
}

static int ends(const struct layer_event *a, const struct layer_event *b)
{
	switch (a->kind) {
	case LAYER_COMMIT:
		return b->kind == LAYER_COMMITTED &&
		       b->transaction == a->transaction;
	case LAYER_FSYNC:
		return b->kind == LAYER_FSYNC_END && b->tid == a->tid;
	case LAYER_ISSUE:
		return b->kind == LAYER_COMPLETE && b->offset == a->offset &&
		       (b->length == a->length || !b->length);
	default:
		return 0;
	}
}

#define LOOK_AHEAD 2000 /* events: an end that is further away is not drawn */

static uint64_t end_of(const struct layers *l, size_t at)
{
	const struct layer_event *ev = &l->events[at];

	if (ev->kind != LAYER_COMMIT && ev->kind != LAYER_FSYNC &&
	    ev->kind != LAYER_ISSUE)
		return ev->time_ns;
	for (size_t i = at + 1; i < l->n && i - at < LOOK_AHEAD; i++)
		if (ends(ev, &l->events[i]))
			return l->events[i].time_ns;
	return ev->kind == LAYER_COMMIT ? 0 : ev->time_ns;
}

static int walk_layers(struct walk *w)
{
	const struct layers *l = w->j->in.layers;
	int err = 0;

	for (size_t i = 0; l && i < l->n && !err && w->left; i++) {
		const struct layer_event *e = &l->events[i];
		int disk = lane_of(e->kind) == STORE_LANE_BLOCK;
		CLEANUP_FREE char *label = NULL, *pieces = NULL;
		struct store_event ev = { .lane = lane_of(e->kind),
					  .start_ns = e->time_ns,
					  .position = NO_POSITION };

		if (is_end(e->kind))
			continue;
		label = layer_label(e);
		pieces = disk ? pieces_of_disk(w->j, e->offset, e->length,
					       e->time_ns) :
				pieces_of_file(w->j, e->disk ? 0 : e->inode,
					       e->offset,
					       e->length ? e->length :
							   INT64_MAX,
					       e->time_ns);
		ev.end_ns = end_of(l, i);
		ev.kind = layer_kind_name(e->kind);
		ev.label = label;
		ev.pieces = pieces;
		err = emit(w, &ev);
	}
	return err;
}

/* ---- the drive ---- */

static const char *command_kind(const struct command *c)
{
	return c->type == LOG_FLUSH   ? "flush" :
	       c->type == LOG_ZEROES  ? "write-zeroes" :
	       c->type == LOG_DISCARD ? "discard" :
					"write";
}

static char *command_label(const struct command *c)
{
	if (c->type == LOG_FLUSH)
		return xasprintf("f%" PRIu64, c->number);
	return xasprintf("w%" PRIu64 " %" PRIu64 "+%" PRIu64 "%s", c->number,
			 c->offset, c->length, c->fua ? " FUA" : "");
}

static uint64_t submit_time(const struct journey *j, const struct command *c)
{
	return c->guest_ns ? c->guest_ns : journey_time(j, c->submit);
}

/* In the drive from its submit to its complete; on the media from when it is
 * durable. */
static int walk_command(struct walk *w, size_t index)
{
	const struct journey *j = w->j;
	const struct command *c = &j->in.history->commands[index];
	uint64_t start = submit_time(j, c), durable = j->durable[index];
	CLEANUP_FREE char *label = command_label(c);
	CLEANUP_FREE char *pieces =
		pieces_of_disk(j, c->offset, c->length, start);
	struct store_event ev = {
		.lane = STORE_LANE_DRIVE,
		.start_ns = start,
		.end_ns = c->complete == POSITION_NEVER ?
				  0 : journey_time(j, c->complete),
		.position = c->submit,
		.kind = command_kind(c),
		.label = label,
		.pieces = pieces,
	};
	int err;

	if (ev.end_ns && ev.end_ns < ev.start_ns)
		ev.end_ns = ev.start_ns;
	err = emit(w, &ev);
	if (err || c->type == LOG_FLUSH || durable == POSITION_NEVER)
		return err;
	ev.lane = STORE_LANE_MEDIA;
	ev.start_ns = journey_time(j, durable);
	if (ev.start_ns < start)
		ev.start_ns = start;
	ev.end_ns = ev.start_ns;
	ev.position = durable;
	ev.kind = "durable";
	return emit(w, &ev);
}

static int walk_commands(struct walk *w)
{
	const struct history *h = w->j->in.history;
	int err = 0;

	for (size_t i = 0; i < h->n_commands && !err && w->left; i++)
		if (h->commands[i].number)
			err = walk_command(w, i);
	return err;
}

int timeline_walk(const struct journey *j, timeline_fn *fn, void *arg)
{
	struct walk w = { .j = j, .fn = fn, .arg = arg,
			  .left = TIMELINE_MOST / 4 };
	int err = walk_calls(&w);

	w.left = TIMELINE_MOST / 4;
	if (!err)
		err = walk_commands(&w);
	w.left = TIMELINE_MOST / 2;
	return err ? err : walk_layers(&w);
}

struct storing {
	struct store *store;
	const char *source;
	struct error *e;
};

static int store_one(const struct store_event *ev, void *arg)
{
	const struct storing *s = arg;
	struct store_event own = *ev;

	own.source = s->source;
	return store_add_event(s->store, &own, s->e);
}

int timeline_store(const struct journey *j, struct store *store,
		   const char *source, struct error *e)
{
	struct storing s = { store, source, e };

	return timeline_walk(j, store_one, &s);
}
