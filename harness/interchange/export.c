/*
 * From the drive's log to dm-log-writes.
 *
 * What is logged in which order, and why the entries up to any flush, FUA write or
 * mark at position p, replayed, are our state p:none, byte for byte: order.c and
 * unit-queue.h.
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
#include "interchange/dmlog.h"
#include "interchange/order.h"
#include "interchange/unit-queue.h"

struct exporter {
	const struct history *h;
	uint64_t unit; /* bytes */
	int log_fd;
	struct dmlog_writer *out;
	struct items items;
	struct unit_queues *queues;
	struct exported *counts;
	struct error *e;
};

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

/* What older commands still have to say about units of this one. */
static int log_older(struct exporter *x, const struct command *c,
		     uint64_t from, uint64_t to)
{
	struct piece piece = { NULL, 0, 0 };
	const struct command *older;
	int err = 0;

	for (uint64_t u = from; u <= to; u++) {
		while (!err && (older = unit_queue_head(x->queues, u)) &&
		       older < c) {
			err = extend_piece(x, &piece, older, u, 0);
			unit_queue_take(x->queues, u);
		}
	}
	return err ? err : log_piece(x, &piece, 0);
}

/* Whether a younger command has settled the unit. */
static int is_settled(const struct exporter *x, const struct command *c,
		      uint64_t unit)
{
	const struct command *head = unit_queue_head(x->queues, unit);

	return !head || head > c;
}

/*
 * A command, in one piece unless a younger one has settled some of its units.
 * With FUA where that is what makes it durable: not in the setup, which ARM
 * ends.
 */
static int log_change(struct exporter *x, const struct command *c, uint64_t at)
{
	uint64_t flags = c->fua && c->complete == at ? DMLOG_FUA : 0;
	uint64_t last = unit_last(c, x->unit);
	int err = 0;

	for (uint64_t u = unit_first(c, x->unit); !err && u <= last; u++) {
		struct piece piece = { c, u, u };

		if (is_settled(x, c, u))
			continue;
		while (u < last && !is_settled(x, c, u + 1))
			piece.to = ++u;
		err = log_older(x, c, piece.from, piece.to);
		if (!err)
			err = log_piece(x, &piece, flags);
		for (uint64_t k = piece.from; k <= piece.to; k++)
			unit_queue_take(x->queues, k);
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
		xcalloc(x->items.n, sizeof(*x->counts->prefixes));
	for (size_t i = 0; !err && i < x->items.n; i++) {
		uint64_t at = x->items.at[i].at;

		err = log_item(x, &x->items.at[i]);
		if (is_cut(x->h, at) &&
		    (i + 1 == x->items.n || x->items.at[i + 1].at != at))
			add_prefix(x, at);
	}
	if (!err)
		err = log_mark(x, DMLOG_END_MARK);
	x->counts->entries = dmlog_count(x->out);
	return err ? err : dmlog_finish(x->out, x->e);
}

static void exporter_release(struct exporter *x)
{
	items_release(&x->items);
	unit_queues_free(x->queues);
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
	items_collect(h, &x.items);
	counts.in_flight = x.items.in_flight;
	x.queues = unit_queues_new(h, x.unit);
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
