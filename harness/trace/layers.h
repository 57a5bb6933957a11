/*
 * What the guest's kernel did with the data below the system call: page
 * cache, journal, block layer, driver; from tracepoints, all of them in the trace file
 * of the recording.
 *
 * The events of the driver that are joined with the log (trace.h) stay what
 * they were, in a buffer of their own: losing an event of these here costs an
 * explanation, never a verdict.
 *
 * What they tell, and what they do not (Linux 6.1 and 6.12):
 *
 * - A page that becomes dirty is told once, until it has been cleaned by
 *   writeback: a second write to a page that is still dirty has no event.
 *   A kernel that keeps a file in large folios (XFS, btrfs) tells the first
 *   page of each only.
 * - Metadata that a file system keeps in pages of the disk itself (ext2, ext4)
 *   becomes dirty there: see layer_event.disk.
 * - The driver sets up its command (nvme_setup_cmd, trace.h) just before it
 *   tells the block layer so (LAYER_ISSUE): of one request first the one, then
 *   the other, microseconds apart.
 * - A write that needs a flush before it is told with both at LAYER_QUEUE. The
 *   flush is then issued on its own, with no range.
 * - A fast commit of ext4 (mkfs -O fast_commit) is told by its bios only.
 * - btrfs keeps its metadata in pages of inode 1, at btrfs' own addresses, which
 *   are not those of the disk.
 * - btrfs says nothing of its log tree, which is what its fsync most often
 *   writes; nor when a commit begins.
 */
#ifndef TRACE_LAYERS_H
#define TRACE_LAYERS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct error;

enum layer_kind {
	/* page cache */
	LAYER_DIRTY = 1,     /* writeback:writeback_dirty_folio (page on older
			      * kernels): inode, offset, length of the page */
	LAYER_WRITEBACK,     /* writeback:writeback_single_inode_start: inode.
			      * Not told where fsync writes the pages itself */
	/* file system and journal */
	LAYER_JOIN,          /* jbd2_handle_start: this thread is about to change
			      * metadata in transaction `transaction`.
			      * xfs_trans_commit: it has changed it in memory;
			      * in which part of the log is not known: 0 */
	LAYER_COMMIT,        /* jbd2_start_commit; xfs_log_force: this thread
			      * wants the log durable up to its checkpoint number
			      * `transaction` (no LSN), 0: all of it */
	LAYER_LOGGING,       /* jbd2_commit_logging: its blocks go to the journal.
			      * xlog_iclog_write: a piece of the log is written,
			      * `transaction` is its LSN */
	LAYER_COMMITTED,     /* jbd2_end_commit: the commit block is durable as the
			      * kernel sees it. xlog_iclog_sync_done: so is the
			      * piece of that LSN. btrfs_transaction_commit: so
			      * is the super block; `transaction` is the
			      * generation, or the one after it where that has
			      * begun already */
	LAYER_CHECKPOINT,    /* jbd2_checkpoint */
	LAYER_FSYNC,         /* ext4_sync_file_enter, xfs_file_fsync,
			      * btrfs_sync_file: inode */
	LAYER_FSYNC_END,     /* ext4_sync_file_exit: of the same thread's */
	/* block layer; offset and length in bytes on the disk */
	LAYER_QUEUE,         /* block_bio_queue */
	LAYER_MERGE,         /* block_bio_backmerge, frontmerge: this bio has become
			      * part of a request */
	LAYER_INSERT,        /* block_rq_insert: waits in a scheduler */
	LAYER_ISSUE,         /* block_rq_issue: given to the driver */
	LAYER_COMPLETE,      /* block_rq_complete */
	LAYER_KINDS
};
/* dirty writeback join commit ...: the word for reports. */
const char *layer_kind_name(enum layer_kind k);

struct layer_event {
	uint64_t time_ns;  /* guest CLOCK_MONOTONIC */
	enum layer_kind kind;
	int32_t tid;       /* the thread that was running */
	uint32_t cpu;
	uint64_t inode;    /* dirty, writeback, fsync, fsync end; else 0 */
	uint64_t transaction; /* join, commit, logging, committed; else 0 */
	uint64_t offset;   /* bytes: in the file (dirty), on the disk (block) */
	uint64_t length;   /* bytes; 0: a flush alone */
	int disk;          /* dirty, writeback: of the pages of the disk itself, so
			    * offset is on the disk; inode has no meaning then */
	int write;         /* block: it writes (or discards); reads are not told */
	int flush, fua, discard; /* block: the flags of rwbs */
	int sync;          /* block: somebody waits for it (S in rwbs) */
};

struct layers {
	struct layer_event *events; /* by time; of one CPU in its own order */
	size_t n;
	uint64_t lost;  /* events known to be lost */
	int traced;     /* these tracepoints were on */
	int drained;    /* told up to the end of the recording */
	int journal;    /* the tracepoints of a journal were among them: of jbd2,
			 * XFS or btrfs, whatever the file system */
	uint32_t kinds; /* 1 << enum layer_kind: there was a tracepoint for it */
	uint64_t device; /* dev_t of the disk inside the kernel (major << 20 |
			  * minor), 0: no event has told it */
};

/* Reads them out of a trace file. -EBADMSG as trace_load. A file without them
 * is no error: .traced is 0. */
int layers_load(const char *path, struct layers **ret, struct error *e);
int layers_read(FILE *f, const char *name, struct layers **ret,
		struct error *e);
void layers_free(struct layers *l); /* NULL is allowed */

#endif
