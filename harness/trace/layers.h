/*
 * What the guest's kernel did with the data below the system call: page
 * cache, journal, block layer, driver; from tracepoints, all of them in the trace file
 * of the recording.
 *
 * The events of the driver that are joined with the log (trace.h) stay what
 * they were, in a buffer of their own: losing an event of these here costs an
 * explanation, never a verdict.
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
	LAYER_WRITEBACK,     /* writeback:writeback_single_inode_start (or what the
			      * kernel has): inode */
	/* file system and journal */
	LAYER_JOIN,          /* jbd2:jbd2_handle_start: this thread is about to change
			      * metadata in transaction `transaction` */
	LAYER_COMMIT,        /* jbd2_start_commit; xfs:xfs_log_force;
			      * btrfs:btrfs_transaction_commit */
	LAYER_LOGGING,       /* jbd2_commit_logging: its blocks go to the journal */
	LAYER_COMMITTED,     /* jbd2_end_commit: the commit block is durable as the
			      * kernel sees it */
	LAYER_CHECKPOINT,    /* jbd2_checkpoint */
	LAYER_FSYNC,         /* ext4_sync_file_enter, xfs_file_fsync,
			      * btrfs_sync_file: inode */
	LAYER_FSYNC_END,     /* ext4_sync_file_exit */
	/* block layer; offset and length in bytes on the disk */
	LAYER_QUEUE,         /* block:block_bio_queue */
	LAYER_MERGE,         /* block_bio_backmerge, frontmerge, */
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
	uint64_t inode;    /* dirty, writeback, fsync; else 0 */
	uint64_t transaction; /* join, commit, logging, committed; else 0 */
	uint64_t offset;   /* bytes: in the file (dirty), on the disk (block) */
	uint64_t length;   /* bytes; 0: a flush alone */
	int write;         /* block: it writes (or discards); reads are not told */
	int flush, fua, discard; /* block: the flags of rwbs */
	int sync;          /* block: somebody waits for it (S in rwbs) */
};

struct layers {
	struct layer_event *events; /* by time; of one CPU in its own order */
	size_t n;
	uint64_t lost;  /* events known to be lost */
	int traced;     /* these tracepoints were on */
	int journal;    /* the tracepoints of a journal were among them */
};

/* Reads them out of a trace file. -EBADMSG as trace_load. */
int layers_load(const char *path, struct layers **ret, struct error *e);
int layers_read(FILE *f, const char *name, struct layers **ret,
		struct error *e);
void layers_free(struct layers *l);

#endif
