/*
 * The crash model.
 *
 * Every command has a submit and a complete position in one global order, the
 * log's (drive/log.h). From that order, and nothing else, follows what a power
 * cut may leave on the media. The promises are NVMe's: the Flush command
 * applies to all commands completed before it was submitted, and Force Unit
 * Access makes one command durable when it completes (NVM Express Base
 * Specification and NVM Command Set Specification; Linux's view of the same is
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
 *    units choose independently of each other.
 * 5. Write-zeroes and discard are writes of zeroes. A discard that is volatile
 *    leaves the old content or zeroes; a durable one leaves zeroes (what QEMU's
 *    NVMe reports in DLFEAT, and what reads had returned).
 * 6. `flush: ignored` and `fua: ignored` acknowledge and make nothing durable;
 *    then only capacity and time destage.
 * 7. With power-loss protection, everything completed is durable; what was in
 *    flight may be torn.
 * 8. Device faults beyond the contract (shorn, misdirected, corrupted,
 *    unserialized writes, a mapping table that rolls back) are separate, off by
 *    default, and always named in the finding.
 *
 * Built are rules 1 to 5, with `tear` any power of two from 512 to 65536. Rules
 * 6 to 8 and `order: fifo` (survivors are a prefix in completion order) are not
 * built; the scenario refuses them before they could reach this code.
 *
 * Decisions that the rules leave open:
 *
 * - The versions of a unit are ordered by their submit position. NVMe leaves
 *   overlapping commands that are in flight together unordered; this drive
 *   applies writes as it accepts them, which is one of the legal orders and the
 *   one that reads have seen.
 * - Versions are cumulative. A write that covers a part of a unit makes a
 *   version of the whole unit: its content with all earlier writes to it
 *   applied. So a unit has one choice, "the last durable version or any later
 *   one", and a later version that is durable settles the earlier ones in it.
 * - Everything submitted before ARM is durable from ARM on: the setup is
 *   durable by contract. Cuts lie at or behind ARM.
 * - FUA counts on write-zeroes and discard too, where a command carried it (NBD
 *   allows that; NVMe has no FUA on Dataset Management).
 *
 * A flush covers a command if flush.submit > command.complete. Flushes stand in
 * submit order, so those that cover a command are a suffix of them, and the
 * command is durable at the smallest complete position in that suffix: one
 * pass from the back for these minima, one binary search per command.
 */
#include "drive/model.h"

#include "common/buf.h"
#include "common/cleanup.h"

struct flush {
	uint64_t submit;
	uint64_t done; /* the first completion of this or any later flush */
};

static struct flush *collect_flushes(const struct history *h, size_t *ret_n)
{
	struct flush *flushes;
	size_t n = 0;

	for (size_t i = 0; i < h->n_commands; i++)
		n += h->commands[i].type == LOG_FLUSH;
	flushes = xcalloc(n, sizeof(*flushes));
	*ret_n = n;
	n = 0;
	for (size_t i = 0; i < h->n_commands; i++) {
		const struct command *c = &h->commands[i];

		if (c->type == LOG_FLUSH)
			flushes[n++] = (struct flush){ c->submit, c->complete };
	}
	for (size_t i = n; i-- > 1;)
		if (flushes[i].done < flushes[i - 1].done)
			flushes[i - 1].done = flushes[i].done;
	return flushes;
}

/* Rule 1: when the first flush submitted after `complete` has completed. */
static uint64_t flushed(const struct flush *flushes, size_t n,
			uint64_t complete)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (flushes[middle].submit > complete)
			high = middle;
		else
			low = middle + 1;
	}
	return low < n ? flushes[low].done : POSITION_NEVER;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t *model_durable(const struct history *h)
{
	uint64_t *durable = xcalloc(h->n_commands, sizeof(*durable));
	size_t n;
	CLEANUP_FREE struct flush *flushes = collect_flushes(h, &n);

	for (size_t i = 0; i < h->n_commands; i++) {
		const struct command *c = &h->commands[i];

		durable[i] = POSITION_NEVER;
		if (c->type == LOG_FLUSH)
			continue;
		if (c->complete != POSITION_NEVER)
			durable[i] = flushed(flushes, n, c->complete);
		if (c->fua)
			durable[i] = earlier(durable[i], c->complete);
		if (h->arm != POSITION_NEVER && c->submit < h->arm)
			durable[i] = earlier(durable[i], h->arm);
	}
	return durable;
}
