/*
 * From the drive's log to the order of dm-log-writes.
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
 * p, replayed, are our state p:none, byte for byte. One case needs care
 * for that, in which the kernel's own log is inexact (another one: unit-queue.h):
 *
 * - Two flushes in flight at once: a write that either covers is durable when
 *   the first of them completes, and is logged then. The kernel logs it with
 *   the flush that took it along, though that may complete later.
 *
 * This is the order of an honest cache (CACHE_MODEL_HONEST), as the kernel's is.
 * Where the scenario's drive destages by itself or breaks promises, its states
 * are others, and so are the prefixes; the log is the same, and whoever imports
 * it judges the same flushes by the drive's rules.
 */
#include "interchange/order.h"

#include <stdlib.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "drive/history.h"
#include "drive/model.h"
#include "interchange/names.h"

static void add_item(struct items *x, struct item item)
{
	x->at[x->n++] = item;
}

static void add_commands(struct items *x, const struct history *h)
{
	/* The format knows flush and FUA, and no other kind of cache. */
	static const struct cache_model honest = CACHE_MODEL_HONEST;
	CLEANUP_FREE uint64_t *durable = model_durable(h, &honest);

	for (size_t i = 0; i < h->n_commands; i++) {
		const struct command *c = &h->commands[i];

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
			x->in_flight++;
	}
}

static void add_mark(struct items *x, uint64_t position, char *text)
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

void items_collect(const struct history *h, struct items *ret)
{
	struct items x = { .n = 0 };

	x.at = xcalloc(h->n_commands + h->n_marks + 3, sizeof(*x.at));
	add_commands(&x, h);
	for (size_t i = 0; i < h->n_marks; i++)
		add_mark(&x, h->marks[i].position,
			 mark_name(h->marks[i].kind, h->marks[i].text));
	add_mark(&x, h->base, xstrdup(MARK_NAME_BASE));
	add_mark(&x, h->arm, xstrdup(MARK_NAME_ARM));
	add_mark(&x, h->stop, xstrdup(MARK_NAME_STOP));
	if (x.n)
		qsort(x.at, x.n, sizeof(*x.at), by_item);
	*ret = x;
}

void items_release(struct items *x)
{
	for (size_t i = 0; i < x->n; i++)
		free(x->at[i].mark);
	free(x->at);
	*x = (struct items){ .n = 0 };
}
