/*
 * What ext4's journal made reachable, and when: its transactions, read out of the
 * drive's log, block by block (jbd2: fs/jbd2/recovery.c, include/linux/jbd2.h).
 *
 * A transaction is a run of descriptor blocks, each with copies of file system
 * blocks behind it, that ends with a commit block. A copy of a block of the inode
 * table says which size and extents an inode has once the transaction is
 * committed. So what a file holds after recovery is known exactly, and no event
 * of the guest has to be trusted for it.
 *
 * Not for a journal on another device, nor for fast commits (equal/journal.h).
 */
#ifndef JOURNEY_EXT4_H
#define JOURNEY_EXT4_H

#include <stddef.h>
#include <stdint.h>

#include "drive/history.h"
#include "equal/journal.h"

struct error;

/* Where things stand, as the file system was made. */
struct ext4_layout {
	uint32_t block_size;
	uint32_t inode_size, inodes_per_group, n_groups;
	uint64_t *tables; /* per group: block of its inode table; owned */
	struct journal journal;
	uint64_t journal_blocks; /* s_maxlen */
	uint64_t journal_first;  /* s_first */
	uint32_t journal_features; /* s_feature_incompat */
};

#define NO_TRANSACTION SIZE_MAX
/* A command that is none. */
#define NO_INDEX SIZE_MAX

struct ext4_copy {
	uint64_t block; /* of the file system */
	size_t command; /* of the history, that wrote the copy */
	uint64_t data;  /* where the copy stands in the log file */
	int escaped;    /* its first four bytes were JBD2's magic */
};

struct ext4_transaction {
	uint32_t number;
	size_t *commands; /* of the history, in the journal; the last one has
			   * the commit block. Owned, ascending */
	size_t n_commands;
	size_t commit; /* index into the history; NO_INDEX: its commit block
			* was never written */
	struct ext4_copy *copies; /* owned */
	size_t n_copies;
};

/* One inode as a transaction, or the disk that the recording began with, has
 * it. */
struct ext4_extent {
	uint64_t logical, physical, length; /* bytes */
	int unwritten;
};
struct ext4_inode {
	uint64_t size; /* bytes */
	uint16_t links, mode;
	int mapped;    /* its extents are known: all stand in the inode */
	int is_inline; /* its data stand in the inode */
	struct ext4_extent extents[4];
	unsigned n_extents;
};

struct ext4 {
	const struct history *history;
	int log_fd;
	struct ext4_layout layout;
	journal_read_fn *base;
	void *base_arg;
	struct ext4_transaction *transactions; /* in order */
	size_t n;
};

/* base: the disk that the recording began with; arg must outlive it. The history
 * is borrowed. -ENOTSUP: there is no journal that can be read, with the reason. */
int ext4_open(const struct history *h, journal_read_fn *base, void *arg,
	      struct ext4 *ret, struct error *e);
void ext4_close(struct ext4 *x);

/* ext4-layout.c */
int ext4_layout_read(journal_read_fn *base, void *arg,
		     struct ext4_layout *ret, struct error *e);

/* The transactions of a log of that layout; of ext4_open, and of tests. */
void ext4_scan(struct ext4 *x);
/* The journal's block that stands at this offset of the disk; UINT64_MAX: none. */
uint64_t ext4_journal_block(const struct ext4_layout *l, uint64_t offset);

/* 1: the transaction has a copy of the inode; 0: it has none, or it cannot be
 * read. */
int ext4_inode_in(const struct ext4 *x, const struct ext4_transaction *t,
		  uint64_t inode, struct ext4_inode *ret);
/* As the disk had it. 0: it cannot be read. */
int ext4_inode_base(const struct ext4 *x, uint64_t inode,
		    struct ext4_inode *ret);
/* 1: a block that the transaction copied has a directory's entry of that name for
 * that inode. */
int ext4_entry_in(const struct ext4 *x, const struct ext4_transaction *t,
		  uint64_t inode, const char *name);

/* The transaction of that number, or NULL. */
const struct ext4_transaction *ext4_transaction(const struct ext4 *x,
						uint64_t number);

#endif
