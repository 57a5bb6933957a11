/*
 * The crash model.
 *
 * Every command has a submit and a complete position in one global order, the
 * log's (drive/log.h). From that order, the times of its records and what kind
 * of drive it is (struct cache_model) follows what a power cut may leave on the
 * media. The promises are NVMe's: the Flush command applies to all commands
 * completed before it was submitted, and Force Unit Access makes one command
 * durable when it completes (NVM Express Base Specification and NVM Command Set
 * Specification; Linux's view of the same is
 * Documentation/block/writeback_cache_control.rst).
 *
 * 1. A write that completed before a flush was submitted is durable once that
 *    flush completes. A write that completed while the flush was already under
 *    way is not covered by it, even where the flush completed later.
 * 2. A write with FUA is durable once it completes. FUA says nothing about
 *    other writes.
 * 3. Every other accepted write is volatile: completed but not flushed, or
 *    still in flight, or covered only by a flush that is itself in flight.
 * 4. After the cut, each atomic unit (`tear` bytes, aligned) of the media holds
 *    its last durable version or any later volatile version of that unit; the
 *    units choose independently of each other. With `order: fifo` the survivors
 *    are a prefix in completion order.
 * 5. Write-zeroes and discard are writes of zeroes. A discard that is volatile
 *    leaves the old content or zeroes; a durable one leaves zeroes (what QEMU's
 *    NVMe reports in DLFEAT, and what reads had returned).
 * 6. `flush: ignored` and `fua: ignored` acknowledge and make nothing durable;
 *    then only capacity and time destage.
 * 7. With power-loss protection, everything completed is durable; what was in
 *    flight may be torn.
 * 8. Device faults beyond the contract (shorn, misdirected, corrupted,
 *    unserialized writes, a mapping table that rolls back, a dead device) are
 *    separate, off by default, and always named in the finding. What each may
 *    leave behind stands at the head of faults.c.
 *
 * `tear` is any power of two from 512 to 65536.
 *
 * The cache. `mode: writeback` has a volatile one. `writethrough` and `none`
 * have nothing that could lose what completed: a write is durable once it
 * completes, as with power-loss protection. What is in flight is volatile on
 * every drive.
 *
 * A writeback cache is a line. A write enters it at the back when it completes,
 * unless FUA makes it durable right then; in-flight commands are not in it. It
 * leaves when it is durable: by a flush, or by being destaged from the front:
 *
 * - `capacity`: the size of the cache is the sum of the lengths of the writes
 *   in it. Each counts in full, also where it overlaps others: what an
 *   overwrite saves is up to the drive. Write-zeroes and discards keep their
 *   place in the line but hold no data and count nothing. When a completion
 *   makes the size exceed the capacity, writes leave at the front until it
 *   fits: they are durable at the position of that completion. A write larger
 *   than the whole cache empties it, leaves last, and is durable when it
 *   completes.
 * - `destage`: a write leaves at the first record of the log that stands this
 *   long or longer behind its completion: it is durable at that record's
 *   position. A cut takes place at the time of its last record. Age comes
 *   before capacity.
 *
 * Both are promises, as a flush is one: the oldest has left by then. That
 * another write has left earlier is always possible, for it is volatile.
 *
 * The order. With `order: any` each unit of each volatile write may reach the
 * media alone. With `order: fifo` they do so one write after another: first the
 * line, in completion order, then what is in flight, in submit order. A cut
 * leaves a prefix of that, and of the first write behind the prefix any of its
 * units: power failed while it was written. A write with FUA (honored) goes
 * past the line when it completes; rule 2 says nothing about those in it.
 *
 * Decisions that the rules leave open:
 *
 * - The versions of a unit are ordered by their submit position. NVMe leaves
 *   overlapping commands that are in flight together unordered; this drive
 *   applies writes as it accepts them, which is one of the legal orders and the
 *   one that reads have seen. So it is with `order: fifo`, too: of two
 *   survivors on one unit the one that was submitted later is seen.
 * - Versions are cumulative. A write that covers a part of a unit makes a
 *   version of the whole unit: its content with all earlier writes to it
 *   applied. So a unit has one choice, "the last durable version or any later
 *   one", and a later version that is durable settles the earlier ones in it.
 * - Everything submitted before ARM is durable from ARM on, on every drive: the
 *   setup is durable by contract. Cuts lie at or behind ARM.
 * - FUA counts on write-zeroes and discard too, where a command carried it (NBD
 *   allows that; NVMe has no FUA on Dataset Management).
 *
 * A flush covers a command if flush.submit > command.complete. Flushes stand in
 * submit order, so those that cover a command are a suffix of them, and the
 * command is durable at the smallest complete position in that suffix: one
 * pass from the back for these minima, one binary search per command.
 *
 * A command that completed later is covered by fewer flushes, is younger, and
 * lies not further in front of ARM. So in the order of completion all those
 * that enter the line become durable one after another, never the other way
 * round: the line is a queue, and one walk over the completions fills and
 * empties it.
 */
#include "drive/model.h"

#include <stdlib.h>

#include "common/ascending.h"
#include "common/buf.h"
#include "common/cleanup.h"

struct flush {
	uint64_t submit;
	uint64_t done; /* the first completion of this or any later flush */
};

/* Of a model that ignores flushes: none. */
static struct flush *collect_flushes(const struct history *h,
				     const struct cache_model *m, size_t *ret_n)
{
	struct flush *flushes;
	size_t n = 0;

	for (size_t i = 0; !m->flush_ignored && i < h->n_commands; i++)
		n += h->commands[i].type == LOG_FLUSH;
	flushes = xcalloc(n, sizeof(*flushes));
	*ret_n = n;
	for (size_t i = h->n_commands; n && i-- > 0;) {
		const struct command *c = &h->commands[i];

		if (c->type == LOG_FLUSH)
			flushes[--n] = (struct flush){ c->submit, c->complete };
	}
	for (size_t i = *ret_n; i-- > 1;)
		if (flushes[i].done < flushes[i - 1].done)
			flushes[i - 1].done = flushes[i].done;
	return flushes;
}

/* Rule 1: when the first flush submitted after `complete` has completed. */
static uint64_t flushed(const struct flush *flushes, size_t n,
			uint64_t complete)
{
	size_t i = keys_until(KEYS_OF(flushes, n, submit), complete);

	return i < n ? flushes[i].done : POSITION_NEVER;
}

/* When it has been in the cache for as long as it may. */
static uint64_t aged(const struct history *h, const struct cache_model *m,
		     const struct command *c)
{
	uint64_t low = c->complete, high = h->end, until;

	if (__builtin_add_overflow(c->complete_ns, m->destage_ns, &until))
		return POSITION_NEVER;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (h->times[middle] >= until)
			high = middle;
		else
			low = middle + 1;
	}
	return low < h->end ? low : POSITION_NEVER;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- capacity ---- */

static int by_complete(const void *a, const void *b)
{
	const struct command *const *x = a, *const *y = b;

	if ((*x)->complete != (*y)->complete)
		return (*x)->complete < (*y)->complete ? -1 : 1;
	return 0;
}

/* All that enter the cache, in the order in which they do. */
static const struct command **collect_line(const struct history *h,
					   const uint64_t *durable,
					   size_t *ret_n)
{
	const struct command **line = xcalloc(h->n_commands, sizeof(*line));
	size_t n = 0;

	for (size_t i = 0; i < h->n_commands; i++) {
		const struct command *c = &h->commands[i];

		if (c->type != LOG_FLUSH && c->complete != POSITION_NEVER &&
		    durable[i] > c->complete)
			line[n++] = c;
	}
	if (n)
		qsort(line, n, sizeof(*line), by_complete);
	*ret_n = n;
	return line;
}

static uint64_t held_bytes(const struct command *c)
{
	return c->type == LOG_WRITE ? c->length : 0;
}

/* durable: what is known without the capacity; what it destages is added. */
static void destage_over(const struct history *h, uint64_t capacity,
			 uint64_t *durable)
{
	size_t n, front = 0;
	CLEANUP_FREE const struct command **line =
		collect_line(h, durable, &n);
	uint64_t size = 0;

	for (size_t back = 0; back < n; back++) {
		uint64_t now = line[back]->complete;

		for (; front < back; front++) {
			if (durable[line[front] - h->commands] > now)
				break;
			size -= held_bytes(line[front]);
		}
		size += held_bytes(line[back]);
		for (; size > capacity; front++) {
			durable[line[front] - h->commands] = now;
			size -= held_bytes(line[front]);
		}
	}
}

/* ---- all of it ---- */

static uint64_t durable_of(const struct history *h,
			   const struct cache_model *m,
			   const struct command *c,
			   const struct flush *flushes, size_t n)
{
	uint64_t durable = POSITION_NEVER;

	if (c->type == LOG_FLUSH)
		return POSITION_NEVER;
	if (h->arm != POSITION_NEVER && c->submit < h->arm)
		durable = h->arm;
	if (c->complete == POSITION_NEVER)
		return durable;
	if (!model_is_volatile(m) || (c->fua && !m->fua_ignored))
		return earlier(durable, c->complete);
	durable = earlier(durable, flushed(flushes, n, c->complete));
	return earlier(durable, aged(h, m, c));
}

uint64_t *model_durable(const struct history *h, const struct cache_model *m)
{
	uint64_t *durable = xcalloc(h->n_commands, sizeof(*durable));
	size_t n;
	CLEANUP_FREE struct flush *flushes = collect_flushes(h, m, &n);

	for (size_t i = 0; i < h->n_commands; i++)
		durable[i] = durable_of(h, m, &h->commands[i], flushes, n);
	if (model_is_volatile(m) && m->capacity != UINT64_MAX)
		destage_over(h, m->capacity, durable);
	return durable;
}

int model_fifo(const struct command *a, const struct command *b,
	       uint64_t position)
{
	int a_done = a->complete <= position, b_done = b->complete <= position;

	if (a_done != b_done)
		return a_done ? -1 : 1;
	if (a_done)
		return a->complete < b->complete ? -1 :
						   a->complete > b->complete;
	return a->submit < b->submit ? -1 : a->submit > b->submit;
}
