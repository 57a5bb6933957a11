/*
 * Where a file system keeps its journal: what its recovery reads whatever is in
 * there (equal.c, 2).
 *
 * ext4: the journal's inode, read with libext2fs. XFS: the internal log, as the
 * superblock says (xfs_format.h, struct xfs_dsb). None, and so no pieces,
 * for every other file system (f2fs rolls forward over its nodes, wherever they
 * are, so what its recovery reads counts as read), for a journal on another device, or with fast
 * commits, whose recovery does more than write blocks back.
 *
 * A file system does not move its journal while it is mounted, so what is found
 * on the disk that a recording began with holds for all its states. What says
 * so lies outside of the journal and is read by every mount: a state in which
 * it differs is equal to no other one.
 */
#ifndef EQUAL_JOURNAL_H
#define EQUAL_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "drive/unit-set.h"

/* mke2fs puts it around what it had written before: three pieces are usual. Of
 * more than so many pieces the rest counts as not of the journal. */
#define JOURNAL_PIECES 64

struct journal_piece {
	uint64_t offset, length; /* bytes */
};

struct journal {
	struct journal_piece pieces[JOURNAL_PIECES];
	size_t n; /* 0: none */
	/* What each recovery writes, somewhere in it: of ext4 the journal's
	 * superblock, of XFS any of the log. */
	uint64_t anchor_offset, anchor_length;
};

/* Reads bytes of the disk; 0 or -errno. */
typedef int journal_read_fn(void *arg, uint64_t offset, void *data,
			    size_t len);

void journal_find(const char *filesystem, journal_read_fn *read, void *arg,
		  struct journal *ret);
/* In units of so many bytes: those that hold nothing else, as runs, ascending,
 * whose number it returns, and those that the anchor touches. */
size_t journal_units(const struct journal *j, uint32_t unit,
		     struct unit_run ret[JOURNAL_PIECES],
		     struct unit_run *ret_anchor);

#endif
