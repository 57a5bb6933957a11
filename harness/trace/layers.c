/*
 * The tracepoints of page cache, file systems and block layer into events. The
 * fields stand in linux include/trace/events/{writeback,jbd2,ext4,block,
 * btrfs}.h and fs/xfs/xfs_trace.h; what is wanted of them is the same in 6.1
 * and 6.12.
 */
#include "trace/layers.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "trace/pages.h"
#include "trace/stream.h"
#include "trace/trace.h"

#define SECTOR 512
#define PAGE_BYTES 4096
#define RWBS_MIN 8

/* The fields of each kind, in this order; all begin with TYPE and TID. */
enum { TYPE, TID };
enum { INODE = 2, PAGE_INDEX };
enum { TRANSACTION = 2 };
enum { DEV = 2, SECTOR_NR, NR_SECTOR, RWBS };

#define COMMON { "common_type", 2, 0 }, { "common_pid", 4, 0 }

/* While they are read: the disk is known only once all were seen. */
struct raw_event {
	struct layer_event event;
	uint32_t device; /* of the block layer's */
};

static struct layer_event *begin(const struct record *r, void *raw)
{
	struct layer_event *e = &((struct raw_event *)raw)->event;

	e->time_ns = r->time_ns;
	e->kind = (enum layer_kind)r->kind->tag;
	e->tid = (int32_t)record_number(r, TID);
	return e;
}

static int decode_plain(const struct record *r, void *raw)
{
	begin(r, raw);
	return 1;
}

static int decode_page(const struct record *r, void *raw)
{
	struct layer_event *e = begin(r, raw);

	e->inode = record_number(r, INODE);
	e->offset = record_number(r, PAGE_INDEX) * PAGE_BYTES;
	e->length = PAGE_BYTES;
	return 1;
}

static int decode_inode(const struct record *r, void *raw)
{
	begin(r, raw)->inode = record_number(r, INODE);
	return 1;
}

static int decode_transaction(const struct record *r, void *raw)
{
	begin(r, raw)->transaction = record_number(r, TRANSACTION);
	return 1;
}

/*
 * rwbs (linux kernel/trace/blktrace.c, blk_fill_rwbs): F for a flush before,
 * the operation (W write, D discard, F flush, R read, N any other), F for FUA,
 * then A, S, M. N is write-zeroes, or a command of the driver's own. What has no
 * sectors writes nothing: a flush alone, or the last word on a request whose
 * flush and data were told by themselves (block/blk-flush.c). 0: neither.
 */
static int decode_rwbs(const char *rwbs, struct layer_event *e)
{
	if (rwbs[0] == 'F' && rwbs[1] && strchr("WDNF", rwbs[1])) {
		e->flush = 1;
		rwbs++;
	}
	if (rwbs[0] == 'F')
		e->flush = 1;
	else if (e->length && rwbs[0] && strchr("WDN", rwbs[0])) {
		e->write = 1;
		e->discard = rwbs[0] == 'D';
		e->fua = rwbs[1] == 'F';
	}
	e->sync = rwbs[0] && memchr(rwbs + 1, 'S', strlen(rwbs + 1)) != NULL;
	return e->write || e->flush;
}

static int decode_block(const struct record *r, void *event)
{
	struct layer_event *e = begin(r, event);
	struct raw_event *raw = event;
	char rwbs[RWBS_MIN + 1] = "";

	memcpy(rwbs, record_bytes(r, RWBS), RWBS_MIN);
	raw->device = (uint32_t)record_number(r, DEV);
	e->length = record_number(r, NR_SECTOR) * SECTOR;
	/* The place of a flush alone means nothing. */
	if (e->length)
		e->offset = record_number(r, SECTOR_NR) * SECTOR;
	return decode_rwbs(rwbs, e);
}

#define PLAIN(system, name, layer)                                             \
	{ system, name, LAYER_##layer, { COMMON }, decode_plain }
#define OF_PAGE(system, name, layer)                                           \
	{ system, name, LAYER_##layer,                                         \
	  { COMMON, { "ino", 8, 0 }, { "index", 8, 0 } }, decode_page }
#define OF_INODE(system, name, layer)                                          \
	{ system, name, LAYER_##layer, { COMMON, { "ino", 8, 0 } },            \
	  decode_inode }
#define OF_TRANSACTION(system, name, layer, field, size)                       \
	{ system, name, LAYER_##layer, { COMMON, { field, size, 0 } },         \
	  decode_transaction }
#define OF_BLOCKS(name, layer)                                                 \
	{ "block", name, LAYER_##layer,                                        \
	  { COMMON, { "dev", 4, 0 }, { "sector", 8, 0 },                       \
	    { "nr_sector", 4, 0 }, { "rwbs", RWBS_MIN, 1 } },                  \
	  decode_block }

/* In guest/trace/layers.c they stand with their filters. */
static const struct pages_kind kinds[] = {
	OF_PAGE("writeback", "writeback_dirty_folio", DIRTY),
	OF_PAGE("writeback", "writeback_dirty_page", DIRTY),
	OF_INODE("writeback", "writeback_single_inode_start", WRITEBACK),
	OF_TRANSACTION("jbd2", "jbd2_handle_start", JOIN, "tid", 4),
	OF_TRANSACTION("jbd2", "jbd2_start_commit", COMMIT, "transaction", 4),
	OF_TRANSACTION("jbd2", "jbd2_commit_logging", LOGGING, "transaction",
		       4),
	OF_TRANSACTION("jbd2", "jbd2_end_commit", COMMITTED, "transaction", 4),
	PLAIN("jbd2", "jbd2_checkpoint", CHECKPOINT),
	OF_INODE("ext4", "ext4_sync_file_enter", FSYNC),
	OF_INODE("ext4", "ext4_sync_file_exit", FSYNC_END),
	PLAIN("xfs", "xfs_trans_commit", JOIN),
	OF_INODE("xfs", "xfs_file_fsync", FSYNC),
	OF_TRANSACTION("xfs", "xfs_log_force", COMMIT, "lsn", 8),
	OF_TRANSACTION("xfs", "xlog_iclog_write", LOGGING, "lsn", 8),
	OF_TRANSACTION("xfs", "xlog_iclog_sync_done", COMMITTED, "lsn", 8),
	OF_INODE("btrfs", "btrfs_sync_file", FSYNC),
	OF_TRANSACTION("btrfs", "btrfs_transaction_commit", COMMITTED,
		       "generation", 8),
	OF_BLOCKS("block_bio_queue", QUEUE),
	OF_BLOCKS("block_bio_backmerge", MERGE),
	OF_BLOCKS("block_bio_frontmerge", MERGE),
	OF_BLOCKS("block_rq_insert", INSERT),
	OF_BLOCKS("block_rq_issue", ISSUE),
	OF_BLOCKS("block_rq_complete", COMPLETE),
};

static const struct pages_set layers = {
	.kinds = kinds,
	.n = sizeof(kinds) / sizeof(kinds[0]),
	.event_size = sizeof(struct raw_event),
	.what = "a layer's tracepoint",
};

static const char *const names[LAYER_KINDS] = {
	[LAYER_DIRTY] = "dirty",
	[LAYER_WRITEBACK] = "writeback",
	[LAYER_JOIN] = "join",
	[LAYER_COMMIT] = "commit",
	[LAYER_LOGGING] = "logging",
	[LAYER_COMMITTED] = "committed",
	[LAYER_CHECKPOINT] = "checkpoint",
	[LAYER_FSYNC] = "fsync",
	[LAYER_FSYNC_END] = "fsync end",
	[LAYER_QUEUE] = "queue",
	[LAYER_MERGE] = "merge",
	[LAYER_INSERT] = "insert",
	[LAYER_ISSUE] = "issue",
	[LAYER_COMPLETE] = "complete",
};

const char *layer_kind_name(enum layer_kind k)
{
	return k > 0 && k < LAYER_KINDS ? names[k] : "unknown";
}

static uint32_t kinds_of(const struct stream *s)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < layers.n; i++)
		if (s->kinds & 1ULL << i)
			mask |= 1u << kinds[i].tag;
	return mask;
}

/* The first that tells it; all are filtered to be of one. */
static uint64_t find_device(const struct raw_event *raw, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (raw[i].device)
			return raw[i].device;
	return 0;
}

/* The inode of a disk's own pages has the disk's number (linux block/bdev.c,
 * bdev_add). */
static void mark_disk(struct layer_event *e, uint64_t device)
{
	if ((e->kind != LAYER_DIRTY && e->kind != LAYER_WRITEBACK) || !device ||
	    e->inode != device)
		return;
	e->disk = 1;
	e->inode = 0;
}

static struct layers *layers_from(const struct stream *s)
{
	const struct raw_event *raw = s->events;
	struct layers *l = xcalloc(1, sizeof(*l));

	l->n = s->n;
	l->lost = s->lost;
	l->drained = s->drained;
	l->kinds = kinds_of(s);
	l->traced = l->kinds != 0;
	l->journal = !!(l->kinds & 1u << LAYER_COMMITTED);
	l->device = find_device(raw, s->n);
	l->events = xcalloc(s->n, sizeof(*l->events));
	for (size_t i = 0; i < s->n; i++) {
		l->events[i] = raw[i].event;
		l->events[i].cpu = s->cpus[i];
		mark_disk(&l->events[i], l->device);
	}
	return l;
}

int layers_read(FILE *f, const char *name, struct layers **ret,
		struct error *e)
{
	struct stream s = { 0 };
	int err = stream_read(f, name, TRACE_LAYERS, &layers, &s, e);

	if (err)
		return err;
	*ret = layers_from(&s);
	stream_release(&s);
	return 0;
}

int layers_load(const char *path, struct layers **ret, struct error *e)
{
	CLEANUP_FCLOSE FILE *f = NULL;
	int err = stream_open(path, &f, e);

	return err ? err : layers_read(f, path, ret, e);
}

void layers_free(struct layers *l)
{
	if (!l)
		return;
	free(l->events);
	free(l);
}
