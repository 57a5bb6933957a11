/*
 * The join of the drive's log with the guest's trace.
 *
 * The log knows when the drive accepted and completed a command, the trace
 * knows which command carried FUA. They share no number: QEMU passes on only
 * what to do, and where. So a command of the log and an event of the trace
 * are the same when kind, offset and length are the same and they have the
 * same place among those with that key: the k-th in submit order and the k-th
 * in time order.
 *
 * Kind, offset and length arrive unchanged. Linux splits a request before the
 * event is written, to at most what the controller takes at once (mdts); QEMU
 * turns each NVMe write and write-zeroes into one block layer request, and
 * the NBD client sends requests up to 32 MiB whole. Should one be split or
 * merged all the same, the keys differ and the join fails. Log and trace
 * begin with the boot of the guest, so both count from the first command on.
 *
 * When the order is exact
 *
 * Two commands of the log are ordered when one completed before the other was
 * submitted. They were then set up in this order too: the guest does not send
 * a write to a range while another to the very same range is on its way (the
 * page cache and the journal wait for it); direct I/O that races with itself
 * does, and its commands overlap. Commands that overlap in the log, each
 * submitted before the other completed, may have been set up in either order.
 * So every order of set-up is a linear extension of the order of the
 * completed-before relation. All linear extensions are reached from the
 * submit order by exchanging neighbours that overlap, one pair after another.
 * If all pairs that overlap have the same FUA, no exchange changes the FUA of
 * any command: every possible join gives the same result, and this is it.
 * If a pair overlaps and differs, the join is ambiguous and refused.
 *
 * What has no partner
 *
 * A write in the log without event: refused, always. The drive received what
 * the guest never sent, or the trace has a hole.
 *
 * An event without write in the log: it had not reached the drive when power
 * went. So only a log that ended with a cut, or without END (the drive was
 * killed), may lack it. Within a key it is the last ones, by the counting
 * above; here too the order must not matter: such an event is a command that
 * was never submitted, so it overlaps with those that never completed.
 * Between keys nothing says that the youngest event is the one that did not
 * arrive: queues of the guest and of QEMU overtake each other. But an event
 * that was overtaken, older than the youngest one that has a command, was
 * outstanding when that one was set up, and all overtaken ones at the same
 * time: it never completed. So there can be no more of them than a submission
 * queue has places for. Linux gives a queue 1024 entries, one always free
 * (drivers/nvme/host/pci.c, io_queue_depth). Several queues would allow more;
 * one queue's worth is already far more than QEMU ever leaves waiting (its
 * NBD client has 16 requests in flight), so the bound stays strict. Events
 * younger than that are not bounded: after the cut the guest sends and
 * retries in vain until it is destroyed.
 *
 * One thing makes an event without command though power is on: a request whose
 * set-up fails half way, for want of memory, is set up again. In a log without
 * a cut it is refused like any other. In a log with one it passes as a write
 * that did not arrive; it moves a FUA to the wrong write only where the same
 * range is written again with another FUA.
 *
 * What is only counted
 *
 * Flushes carry no range. QEMU drops a flush when nothing was written since
 * the last one (block/io.c, bdrv_co_flush: flushed_gen, write_gen), so the
 * log may have fewer, never more. QEMU also flushes by itself when it stops
 * (version 7.2: three times), so the log must be sealed before the guest is
 * powered off. A flush to all namespaces (NSID ffffffffh) counts for this one.
 *
 * The ranges of a DSM command are data, which the trace does not have; each
 * becomes a discard of its own, and QEMU splits one that is longer than its
 * largest request (2 GiB less a sector; 1 GiB is assumed, to be safe) and may
 * drop one. So the log may have at most the sum of the ranges, times those
 * pieces. Nothing else depends on it: a discard has no FUA.
 *
 * Any other opcode that could change the media is refused: the crash model
 * would not know what it did.
 *
 * On the other buses
 *
 * virtio and scsi pass on what the drive must know, so the log alone could be
 * believed; the join proves that nothing is missing in it. The event is the
 * block layer's block_rq_issue, and what was said above holds for it: with
 * request-merging=off, QEMU's virtio-blk turns each request into one of the
 * block layer, scsi-hd does so by itself. A driver whose queue is full issues
 * a request twice; neither queue can fill here (each request takes one place
 * of it, and there are no more requests than places), and if one did, the
 * second event would have no write and void the run.
 *
 * virtio has no FUA: the kernel waits for the write and flushes. scsi has it,
 * but QEMU (7.2: hw/scsi/scsi-disk.c, scsi_write_do_fua) does the very same by
 * itself: write, then flush. So the log may have one flush more for each FUA
 * write of the trace. The drive did flush, and states are made from what it
 * did; but a loss that needs a FUA that covers its own write only shows on nvme
 * alone. A write with FUA counts as such on any bus, whoever passes it on.
 */
#include "trace/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "drive/history.h"

#define QUEUE_PLACES 1023
#define NSID_ALL UINT32_MAX
#define DISCARD_PIECE (1ULL << 30)
#define NO_EVENT SIZE_MAX

/* A command or an event, by its key. */
struct item {
	uint8_t opcode;
	uint64_t slba, blocks;
	size_t index; /* in the history's or the trace's array */
};

struct join {
	const struct history *h;
	const struct trace *t;
	uint32_t nsid;
	struct item *commands, *events; /* sorted */
	size_t n_commands, n_events;
	size_t *event_of;    /* per command of the history, or NO_EVENT */
	char *has_command;   /* per event of the trace */
	uint64_t flushes, fua, ranges; /* in the trace */
};

static int by_key(const struct item *a, const struct item *b)
{
	if (a->opcode != b->opcode)
		return a->opcode < b->opcode ? -1 : 1;
	if (a->slba != b->slba)
		return a->slba < b->slba ? -1 : 1;
	if (a->blocks != b->blocks)
		return a->blocks < b->blocks ? -1 : 1;
	return 0;
}

static int by_key_and_order(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = by_key(x, y);

	return order ? order : (x->index > y->index) - (x->index < y->index);
}

static const char *command_name(const struct command *c)
{
	return c->type == LOG_ZEROES ? "write-zeroes" : "write";
}

static int void_run(struct error *e)
{
	error_hint(e, "log and trace do not join exactly, so it is not known "
		   "which writes were durable by FUA: record again");
	return -EPROTO;
}

static int take_commands(struct join *j, struct error *e)
{
	uint64_t block = j->t->unit ? j->t->unit : j->h->block_size;

	if (!block)
		return error_set(e, EPROTO, "the log has no block size");
	j->commands = xcalloc(j->h->n_commands, sizeof(*j->commands));
	for (size_t i = 0; i < j->h->n_commands; i++) {
		const struct command *c = &j->h->commands[i];

		if (c->type != LOG_WRITE && c->type != LOG_ZEROES)
			continue;
		if (c->offset % block || c->length % block)
			return error_set(e, EPROTO, "%s at position %" PRIu64
					 " is not of whole blocks (offset %"
					 PRIu64 ", length %" PRIu64 ")",
					 command_name(c), c->submit, c->offset,
					 c->length);
		j->commands[j->n_commands++] = (struct item){
			.opcode = c->type == LOG_WRITE ? NVME_WRITE :
							 NVME_WRITE_ZEROES,
			.slba = c->offset / block,
			.blocks = c->length / block,
			.index = i,
		};
	}
	qsort(j->commands, j->n_commands, sizeof(*j->commands),
	      by_key_and_order);
	return 0;
}

static int take_event(struct join *j, size_t i, struct error *e)
{
	const struct nvme_event *ev = &j->t->events[i];

	if (ev->opcode == NVME_FLUSH &&
	    (ev->nsid == j->nsid || ev->nsid == NSID_ALL)) {
		j->flushes++;
		return 0;
	}
	if (ev->nsid != j->nsid)
		return 0;
	switch (ev->opcode) {
	case NVME_DSM:
		j->ranges += ev->ranges;
		return 0;
	case NVME_WRITE:
	case NVME_WRITE_ZEROES:
		j->fua += !!ev->fua;
		j->events[j->n_events++] = (struct item){
			.opcode = ev->opcode,
			.slba = ev->slba,
			.blocks = ev->blocks,
			.index = i,
		};
		return 0;
	}
	return error_set(e, EPROTO, "the guest sent NVMe opcode 0x%02x at %"
			 PRIu64 " ns, whose effect is unknown", ev->opcode,
			 ev->time_ns);
}

static int take_events(struct join *j, struct error *e)
{
	j->events = xcalloc(j->t->n_events, sizeof(*j->events));
	for (size_t i = 0; i < j->t->n_events; i++) {
		int err = take_event(j, i, e);

		if (err)
			return err;
	}
	qsort(j->events, j->n_events, sizeof(*j->events), by_key_and_order);
	return 0;
}

static size_t group_end(const struct item *items, size_t start, size_t n)
{
	size_t end = start;

	while (end < n && !by_key(&items[start], &items[end]))
		end++;
	return end;
}

static int ambiguous(const struct command *c, struct error *e)
{
	return error_set(e, EPROTO, "%s at position %" PRIu64 " (offset %"
			 PRIu64 ", length %" PRIu64 ") was in flight together "
			 "with another to the same range, one with FUA and one "
			 "without", command_name(c), c->submit, c->offset,
			 c->length);
}

/* Joins n commands with m events, all of one key. */
static int join_group(struct join *j, const struct item *commands, size_t n,
		      const struct item *events, size_t m, struct error *e)
{
	uint64_t busy_until[2] = { 0, 0 }; /* by FUA, of those before */
	const struct command *last = NULL;

	for (size_t i = 0; i < n && i < m; i++) {
		const struct command *c =
			&j->h->commands[commands[i].index];
		int fua = !!j->t->events[events[i].index].fua;

		if (busy_until[!fua] > c->submit)
			return ambiguous(c, e);
		if (c->complete > busy_until[fua])
			busy_until[fua] = c->complete;
		j->event_of[commands[i].index] = events[i].index;
		j->has_command[events[i].index] = 1;
		last = c;
	}
	for (size_t i = n; i < m; i++)
		if (busy_until[!j->t->events[events[i].index].fua] ==
		    POSITION_NEVER)
			return ambiguous(last, e);
	return 0;
}

static int join_groups(struct join *j, struct error *e)
{
	size_t at = 0, end, first = 0, behind;
	int err;

	for (; at < j->n_commands; at = end) {
		const struct item *key = &j->commands[at];

		end = group_end(j->commands, at, j->n_commands);
		while (first < j->n_events &&
		       by_key(&j->events[first], key) < 0)
			first++;
		behind = first;
		if (first < j->n_events && !by_key(&j->events[first], key))
			behind = group_end(j->events, first, j->n_events);
		err = join_group(j, key, end - at, &j->events[first],
				 behind - first, e);
		if (err)
			return err;
		first = behind;
	}
	return 0;
}

static int check_commands(const struct join *j, struct error *e)
{
	for (size_t i = 0; i < j->h->n_commands; i++) {
		const struct command *c = &j->h->commands[i];

		if ((c->type == LOG_WRITE || c->type == LOG_ZEROES) &&
		    j->event_of[i] == NO_EVENT)
			return error_set(e, EPROTO, "%s at position %" PRIu64
					 " (offset %" PRIu64 ", length %" PRIu64
					 ") is not in the guest's trace",
					 command_name(c), c->submit, c->offset,
					 c->length);
	}
	return 0;
}

static int check_events(const struct join *j, struct error *e)
{
	int may_lack = !j->h->sealed || j->h->cut != POSITION_NEVER;
	size_t youngest = 0, overtaken = 0;

	for (size_t i = 0; i < j->t->n_events; i++)
		if (j->has_command[i])
			youngest = i;
	for (size_t i = 0; i < j->n_events; i++) {
		const struct nvme_event *ev =
			&j->t->events[j->events[i].index];

		if (j->has_command[j->events[i].index])
			continue;
		if (!may_lack)
			return error_set(e, EPROTO, "the guest sent a %s of %"
					 PRIu32 " blocks at block %" PRIu64
					 " that never reached the log, and "
					 "power was not cut",
					 ev->opcode == NVME_WRITE ?
						 "write" : "write-zeroes",
					 ev->blocks, ev->slba);
		overtaken += j->events[i].index < youngest;
	}
	if (overtaken > QUEUE_PLACES)
		return error_set(e, EPROTO, "%zu writes of the guest never "
				 "reached the log, though younger ones did: "
				 "more than %d cannot have been under way",
				 overtaken, QUEUE_PLACES);
	return 0;
}

static int check_counts(const struct join *j, struct error *e)
{
	uint64_t flushes = 0, discards = 0, most;

	for (size_t i = 0; i < j->h->n_commands; i++) {
		flushes += j->h->commands[i].type == LOG_FLUSH;
		discards += j->h->commands[i].type == LOG_DISCARD;
	}
	/* QEMU's NVMe makes no flush of a FUA, the others do. */
	if (flushes > j->flushes + (j->t->unit ? j->fua : 0))
		return error_set(e, EPROTO, "%" PRIu64 " flushes in the log, "
				 "only %" PRIu64 " in the guest's trace",
				 flushes, j->flushes);
	if (__builtin_mul_overflow(j->ranges,
				   j->h->disk_size / DISCARD_PIECE + 1, &most))
		most = UINT64_MAX;
	if (discards > most)
		return error_set(e, EPROTO, "%" PRIu64 " discards in the log, "
				 "at most %" PRIu64 " can come from the guest's "
				 "trace", discards, most);
	return 0;
}

static int check_trace(const struct trace *t, struct error *e)
{
	if (t->lost)
		return error_set(e, EPROTO, "the guest's trace lost %" PRIu64
				 " events", t->lost);
	if (!t->drained)
		return error_set(e, EPROTO,
				 "the guest's trace was not drained");
	return 0;
}

static int join_all(struct join *j, struct error *e)
{
	int err = check_trace(j->t, e);

	if (!err)
		err = take_commands(j, e);
	if (!err)
		err = take_events(j, e);
	if (!err)
		err = join_groups(j, e);
	if (!err)
		err = check_commands(j, e);
	if (!err)
		err = check_events(j, e);
	if (!err)
		err = check_counts(j, e);
	return err;
}

static void take(struct command *c, const struct nvme_event *ev)
{
	c->fua |= ev->fua;
	c->guest_ns = ev->time_ns;
}

int trace_join(struct history *h, const struct trace *t, uint32_t nsid,
	       struct error *e)
{
	struct join j = { .h = h, .t = t, .nsid = nsid };
	int err;

	j.event_of = xcalloc(h->n_commands, sizeof(*j.event_of));
	for (size_t i = 0; i < h->n_commands; i++)
		j.event_of[i] = NO_EVENT;
	j.has_command = xcalloc(t->n_events, 1);
	err = join_all(&j, e);
	for (size_t i = 0; !err && i < h->n_commands; i++)
		if (j.event_of[i] != NO_EVENT)
			take(&h->commands[i], &t->events[j.event_of[i]]);
	free(j.commands);
	free(j.events);
	free(j.event_of);
	free(j.has_command);
	return err ? void_run(e) : 0;
}
