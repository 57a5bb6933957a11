/*
 * The filters keep the events to those of the disk, and without reads: root and
 * image of the guest have page cache and block devices of their own. btrfs
 * tells no device, but a guest has one btrfs at most; the name of its pages'
 * device is its own (linux fs/btrfs/super.c, super_setup_bdi_name()).
 */
#include "guest/trace/layers.h"

#include <stdio.h>

#include "common/buf.h"
#include "guest/init/disks.h"

#define MINOR_MASK ((1u << DISKS_MINOR_BITS) - 1)

enum filter { NONE, PAGES, DEVICE, WRITES, FILTERS };

/* In harness/trace/layers.c they stand with their fields. */
static const struct {
	const char *event;
	enum filter filter;
} events[] = {
	{ "writeback/writeback_dirty_folio", PAGES },
	{ "writeback/writeback_dirty_page", PAGES },
	{ "writeback/writeback_single_inode_start", PAGES },
	{ "jbd2/jbd2_handle_start", DEVICE },
	{ "jbd2/jbd2_start_commit", DEVICE },
	{ "jbd2/jbd2_commit_logging", DEVICE },
	{ "jbd2/jbd2_end_commit", DEVICE },
	{ "jbd2/jbd2_checkpoint", DEVICE },
	{ "ext4/ext4_sync_file_enter", DEVICE },
	{ "ext4/ext4_sync_file_exit", DEVICE },
	{ "xfs/xfs_trans_commit", DEVICE },
	{ "xfs/xfs_file_fsync", DEVICE },
	{ "xfs/xfs_log_force", DEVICE },
	{ "xfs/xlog_iclog_write", DEVICE },
	{ "xfs/xlog_iclog_sync_done", DEVICE },
	{ "btrfs/btrfs_sync_file", NONE },
	{ "btrfs/btrfs_transaction_commit", NONE },
	{ "block/block_bio_queue", WRITES },
	{ "block/block_bio_backmerge", WRITES },
	{ "block/block_bio_frontmerge", WRITES },
	{ "block/block_rq_insert", WRITES },
	{ "block/block_rq_issue", WRITES },
	{ "block/block_rq_complete", WRITES },
};

/* No verdict depends on them: the instance that others may use will do. A second
 * between two pumps at 50,000 events per second would need all of the
 * buffer; no guest here has been seen to make a tenth of them. */
struct tracer trace_layers(void)
{
	return (struct tracer){
		.stream = TRACE_LAYERS,
		.buffer_kb = "4096",
		.pause_ns = 250000000,
	};
}

void trace_layers_start(struct tracer *t, struct frames *f)
{
	char filters[FILTERS][64] = { "" };
	struct buf text = BUF_INIT;
	uint32_t dev;

	if (t->cpus > 0 || disks_number(&dev) < 0)
		return;
	snprintf(filters[PAGES], sizeof(filters[PAGES]),
		 "name == \"%u:%u\" || name ~ \"btrfs-*\"", dev >> DISKS_MINOR_BITS,
		 dev & MINOR_MASK);
	snprintf(filters[DEVICE], sizeof(filters[DEVICE]), "dev == %u", dev);
	snprintf(filters[WRITES], sizeof(filters[WRITES]),
		 "dev == %u && !(rwbs ~ \"R*\")", dev);
	if (tracer_open(t, f, &text) == 0)
		for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
			if (tracer_has(t, events[i].event))
				tracer_add(t, f, events[i].event,
					   events[i].filter == NONE ?
						   NULL :
						   filters[events[i].filter],
					   &text);
	buf_free(&text);
}
