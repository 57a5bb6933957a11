/*
 * From the drive's log to dm-log-writes.
 *
 * Ours has a submit and a complete position for every command. The kernel's has
 * one list, in the order in which data becomes durable, so that replaying its
 * first n entries gives what a drive is sure to hold at some moment
 * (linux drivers/md/dm-log-writes.c, the comment at its head). Its order, and
 * how we make it:
 *
 * - A write waits after it completed. A flush takes along, when it is
 *   submitted, the writes that wait then; when it completes they are logged in
 *   the order in which they completed, and the flush behind them.
 * - A FUA write is logged when it completes, before writes that wait.
 * - A discard waits like a write. A write-zeroes is a write of zeroes (a device
 *   mapper target sees no other).
 * - A mark is logged at once.
 * - At the end of the recording, what waits is logged, then the mark
 *   DMLOG_END_MARK. What never completed is not logged.
 *
 * In terms of the crash model: commands come in the order of the positions
 * from which they are durable, those with the same one in the order in which
 * they completed. So the entries up to any flush, FUA write or mark at position
 * p, replayed, are our state p:none, byte for byte. Two cases need care for
 * that; in both the kernel's own log is inexact:
 *
 * - Two flushes in flight at once: a write that either covers is durable when
 *   the first of them completes, and is logged then. The kernel logs it with
 *   the flush that took it along, though that may complete later.
 * - Two commands on one atomic unit: our versions of a unit are cumulative and
 *   in submit order (drive/model.c), so a younger durable write settles the
 *   older ones on its units. Such pieces of older writes are therefore logged
 *   right before it, and never behind it. The kernel logs a write that was
 *   overwritten by a FUA write behind that, and a replay turns the clock back.
 *
 * This is the order of an honest cache (CACHE_MODEL_HONEST), as the kernel's is.
 * Where the scenario's drive destages by itself or breaks promises, its states
 * are others, and so are the prefixes; the log is the same, and whoever imports
 * it judges the same flushes by the drive's rules.
 *
 * Marks keep their text. The format has no kinds of marks: "begin:TEXT" and
 * "ack:TEXT" are ours, any other text is a plain mark; a plain mark that looks
 * like one of these, or like the marks below, gets "mark:" before it.
 * "powercut:base", "powercut:arm" and "powercut:stop" are the positions of the
 * same name (drive/log.h).
 */
#include "interchange/interchange.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "drive/model.h"
#include "interchange/dmlog.h"
#include "interchange/names.h"

/* Something to log: a command, or a mark (command NULL). In the order of at,
 * kind, then; positions are distinct otherwise. */
struct item {
	uint64_t at;
	enum { ITEM_CHANGE, ITEM_FLUSH, ITEM_MARK, ITEM_REST } kind;
	uint64_t then; /* changes: complete */
	const struct command *command;
	char *mark; /* owned */
};

/* A command that touches a unit. In the order of units, then of submits. */
struct touch {
	uint64_t unit;
	const struct command *command;
};

struct exporter {
	const struct history *h;
	uint64_t unit; /* bytes */
	int log_fd;
	struct dmlog_writer *out;
	struct item *items;
	size_t n_items;
	struct touch *touches;
	size_t n_touches;
	/* Per touch, used at the first one of a unit: how many of the unit's
	 * have been logged, or settled by one that was. */
	size_t *logged;
	struct exported *counts;
	struct error *e;
};

/* ---- what is to be logged, in order ---- */

static void add_item(struct exporter *x, struct item item)
{
	x->items[x->n_items++] = item;
}

static void add_commands(struct exporter *x)
{
	/* The format knows flush and FUA, and no other kind of cache. */
	static const struct cache_model honest = CACHE_MODEL_HONEST;
	CLEANUP_FREE uint64_t *durable = model_durable(x->h, &honest);

	for (size_t i = 0; i < x->h->n_commands; i++) {
		const struct command *c = &x->h->commands[i];

		if (c->type == LOG_FLUSH && c->complete != POSITION_NEVER)
			add_item(x, (struct item){ .at = c->complete,
						   .kind = ITEM_FLUSH,
						   .command = c });
		else if (c->type == LOG_FLUSH)
			continue;
		else if (durable[i] != POSITION_NEVER)
			add_item(x, (struct item){ .at = durable[i],
						   .kind = ITEM_CHANGE,
						   .then = c->complete,
						   .command = c });
		else if (c->complete != POSITION_NEVER)
			add_item(x, (struct item){ .at = POSITION_NEVER,
						   .kind = ITEM_REST,
						   .then = c->complete,
						   .command = c });
		else
			x->counts->in_flight++;
	}
}

static void add_mark(struct exporter *x, uint64_t position, char *text)
{
	if (position == POSITION_NEVER)
		free(text);
	else
		add_item(x, (struct item){ .at = position,
					   .kind = ITEM_MARK,
					   .mark = text });
}

static int by_item(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->then != y->then)
		return x->then < y->then ? -1 : 1;
	/* in flight at ARM: in submit order */
	return x->command < y->command ? -1 : x->command > y->command;
}

static void collect_items(struct exporter *x)
{
	const struct history *h = x->h;

	x->items = xcalloc(h->n_commands + h->n_marks + 3, sizeof(*x->items));
	add_commands(x);
	for (size_t i = 0; i < h->n_marks; i++)
		add_mark(x, h->marks[i].position,
			 mark_name(h->marks[i].kind, h->marks[i].text));
	add_mark(x, h->base, xstrdup(MARK_NAME_BASE));
	add_mark(x, h->arm, xstrdup(MARK_NAME_ARM));
	add_mark(x, h->stop, xstrdup(MARK_NAME_STOP));
	if (x->n_items)
		qsort(x->items, x->n_items, sizeof(*x->items), by_item);
}

/* ---- which commands share a unit ---- */

static uint64_t first_unit(const struct exporter *x, const struct command *c)
{
	return c->offset / x->unit;
}

static uint64_t last_unit(const struct exporter *x, const struct command *c)
{
	return (c->offset + c->length - 1) / x->unit;
}

static int by_touch(const void *a, const void *b)
{
	const struct touch *x = a, *y = b;

	if (x->unit != y->unit)
		return x->unit < y->unit ? -1 : 1;
	return x->command < y->command ? -1 : x->command > y->command;
}

static void collect_touches(struct exporter *x)
{
	size_t n = 0;

	for (int count = 1; count >= 0; count--) {
		for (size_t i = 0; i < x->h->n_commands; i++) {
			const struct command *c = &x->h->commands[i];

			if (c->type == LOG_FLUSH || !c->length)
				continue;
			if (count) {
				n += last_unit(x, c) - first_unit(x, c) + 1;
				continue;
			}
			for (uint64_t u = first_unit(x, c);
			     u <= last_unit(x, c); u++)
				x->touches[x->n_touches++] =
					(struct touch){ u, c };
		}
		if (count)
			x->touches = xcalloc(n, sizeof(*x->touches));
	}
	if (n)
		qsort(x->touches, n, sizeof(*x->touches), by_touch);
	x->logged = xcalloc(n, sizeof(*x->logged));
}

static size_t find_unit(const struct exporter *x, uint64_t unit)
{
	size_t low = 0, high = x->n_touches;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (x->touches[middle].unit < unit)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- logging ---- */

static int log_entry(struct exporter *x, const struct command *c,
		     uint64_t offset, uint64_t length, uint64_t flags)
{
	struct dmlog_entry entry = { .offset = offset,
				     .length = length,
				     .flags = flags };
	int fd = -1;

	if (c->type == LOG_WRITE)
		fd = x->log_fd;
	else if (c->type == LOG_DISCARD)
		entry.flags |= DMLOG_DISCARD;
	x->counts->fua += !!(entry.flags & DMLOG_FUA);
	x->counts->discards += c->type == LOG_DISCARD;
	x->counts->writes += c->type != LOG_DISCARD;
	x->counts->zeroes += c->type == LOG_ZEROES;
	return dmlog_add(x->out, &entry, fd, c->data + (offset - c->offset),
			 x->e);
}

/* Units of one command that follow each other become one entry. */
struct piece {
	const struct command *command; /* NULL: none yet */
	uint64_t from, to;             /* units */
};

static int log_piece(struct exporter *x, const struct piece *p, uint64_t flags)
{
	const struct command *c = p->command;
	uint64_t start, end;

	if (!c)
		return 0;
	start = p->from * x->unit;
	end = (p->to + 1) * x->unit;
	if (start < c->offset)
		start = c->offset;
	if (end > c->offset + c->length)
		end = c->offset + c->length;
	return log_entry(x, c, start, end - start, flags);
}

static int extend_piece(struct exporter *x, struct piece *p,
			const struct command *c, uint64_t unit, uint64_t flags)
{
	int err;

	if (p->command == c && p->to + 1 == unit) {
		p->to = unit;
		return 0;
	}
	err = log_piece(x, p, flags);
	*p = (struct piece){ c, unit, unit };
	return err;
}

/* The unit's next touch that was not logged, or NULL. */
static const struct touch *next_touch(const struct exporter *x, uint64_t unit,
				      size_t *ret_first)
{
	size_t first = find_unit(x, unit);
	const struct touch *t = &x->touches[first + x->logged[first]];

	*ret_first = first;
	if (t == x->touches + x->n_touches || t->unit != unit)
		return NULL;
	return t;
}

/* What older commands still have to say about units of this one. */
static int log_older(struct exporter *x, const struct command *c,
		     uint64_t from, uint64_t to)
{
	struct piece piece = { NULL, 0, 0 };
	const struct touch *t;
	size_t first;
	int err = 0;

	for (uint64_t u = from; u <= to; u++) {
		while (!err && (t = next_touch(x, u, &first)) &&
		       t->command < c) {
			err = extend_piece(x, &piece, t->command, u, 0);
			x->logged[first]++;
		}
	}
	return err ? err : log_piece(x, &piece, 0);
}

/* Whether a younger command has settled the unit. */
static int is_settled(const struct exporter *x, const struct command *c,
		      uint64_t unit)
{
	size_t first;
	const struct touch *t = next_touch(x, unit, &first);

	return !t || t->command > c;
}

static void set_logged(struct exporter *x, uint64_t from, uint64_t to)
{
	for (uint64_t u = from; u <= to; u++)
		x->logged[find_unit(x, u)]++;
}

/*
 * A command, in one piece unless a younger one has settled some of its units.
 * With FUA where that is what makes it durable: not in the setup, which ARM
 * ends.
 */
static int log_change(struct exporter *x, const struct command *c, uint64_t at)
{
	uint64_t flags = c->fua && c->complete == at ? DMLOG_FUA : 0;
	uint64_t last = last_unit(x, c);
	int err = 0;

	for (uint64_t u = first_unit(x, c); !err && u <= last; u++) {
		struct piece piece = { c, u, u };

		if (is_settled(x, c, u))
			continue;
		while (u < last && !is_settled(x, c, u + 1))
			piece.to = ++u;
		err = log_older(x, c, piece.from, piece.to);
		if (!err)
			err = log_piece(x, &piece, flags);
		set_logged(x, piece.from, piece.to);
	}
	return err;
}

static int log_mark(struct exporter *x, const char *text)
{
	struct dmlog_entry entry = { .flags = DMLOG_MARK, .mark = text };

	x->counts->marks++;
	return dmlog_add(x->out, &entry, -1, 0, x->e);
}

static int log_item(struct exporter *x, const struct item *item)
{
	struct dmlog_entry flush = { .flags = DMLOG_FLUSH };

	if (item->kind == ITEM_MARK)
		return log_mark(x, item->mark);
	if (item->kind == ITEM_FLUSH) {
		x->counts->flushes++;
		return dmlog_add(x->out, &flush, -1, 0, x->e);
	}
	if (!item->command->length)
		return 0;
	return log_change(x, item->command, item->at);
}

/* Cuts lie from ARM to STOP, or to the end. */
static int is_cut(const struct history *h, uint64_t position)
{
	return h->arm != POSITION_NEVER && position >= h->arm &&
	       position != POSITION_NEVER &&
	       (h->stop == POSITION_NEVER || position <= h->stop);
}

static void add_prefix(struct exporter *x, uint64_t position)
{
	struct exported *c = x->counts;

	c->prefixes[c->n_prefixes++] = (struct export_prefix){
		.entries = dmlog_count(x->out),
		.position = position,
	};
}

static int log_all(struct exporter *x)
{
	int err = 0;

	x->counts->prefixes =
		xcalloc(x->n_items, sizeof(*x->counts->prefixes));
	for (size_t i = 0; !err && i < x->n_items; i++) {
		uint64_t at = x->items[i].at;

		err = log_item(x, &x->items[i]);
		if (is_cut(x->h, at) &&
		    (i + 1 == x->n_items || x->items[i + 1].at != at))
			add_prefix(x, at);
	}
	if (!err)
		err = log_mark(x, DMLOG_END_MARK);
	x->counts->entries = dmlog_count(x->out);
	return err ? err : dmlog_finish(x->out, x->e);
}

static void exporter_release(struct exporter *x)
{
	for (size_t i = 0; i < x->n_items; i++)
		free(x->items[i].mark);
	free(x->items);
	free(x->touches);
	free(x->logged);
	dmlog_writer_free(x->out);
}

int interchange_export(const struct history *h, uint32_t tear,
		       const char *path, struct exported *ret,
		       struct error *e)
{
	CLEANUP_CLOSE int fd = open(h->log_path, O_RDONLY | O_CLOEXEC);
	struct exported counts = { 0 };
	struct exporter x = { .h = h,
			      .unit = tear > h->block_size ? tear :
							     h->block_size,
			      .log_fd = fd,
			      .counts = &counts,
			      .e = e };
	int err;

	if (fd < 0)
		return error_errno(e, errno, "cannot open %s", h->log_path);
	err = dmlog_create(path, h->block_size, &x.out, e);
	if (err)
		return err;
	collect_items(&x);
	collect_touches(&x);
	err = log_all(&x);
	exporter_release(&x);
	if (err)
		exported_release(&counts);
	else
		*ret = counts;
	return err;
}

void exported_release(struct exported *x)
{
	free(x->prefixes);
	*x = (struct exported){ 0 };
}
