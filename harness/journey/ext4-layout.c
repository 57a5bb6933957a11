#include "journey/ext4.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/bytes.h"
#include "common/error.h"
#include "equal/ext4-source.h"

/* Offsets in journal_superblock_t (include/linux/jbd2.h). */
enum { SB_MAGIC = 0, SB_MAXLEN = 16, SB_FIRST = 20, SB_INCOMPAT = 40 };
#define JBD2_MAGIC 0xc03b3998u

static int read_tables(ext2_filsys fs, struct ext4_layout *l)
{
	l->block_size = fs->blocksize;
	l->inode_size = EXT2_INODE_SIZE(fs->super);
	l->inodes_per_group = EXT2_INODES_PER_GROUP(fs->super);
	l->n_groups = fs->group_desc_count;
	if (!l->inodes_per_group || l->inode_size < 128 ||
	    l->inode_size > l->block_size)
		return -EINVAL;
	l->tables = xcalloc(l->n_groups, sizeof(*l->tables));
	for (dgrp_t g = 0; g < l->n_groups; g++)
		l->tables[g] = ext2fs_inode_table_loc(fs, g);
	return 0;
}

static int read_journal(journal_read_fn *base, void *arg,
			struct ext4_layout *l)
{
	unsigned char sb[64];

	journal_find("ext4", base, arg, &l->journal);
	if (!l->journal.n ||
	    base(arg, l->journal.anchor_offset, sb, sizeof(sb)) ||
	    be32_at(sb + SB_MAGIC) != JBD2_MAGIC)
		return -ENOTSUP;
	l->journal_blocks = be32_at(sb + SB_MAXLEN);
	l->journal_first = be32_at(sb + SB_FIRST);
	l->journal_features = be32_at(sb + SB_INCOMPAT);
	return l->journal_first && l->journal_blocks > l->journal_first ?
		       0 : -ENOTSUP;
}

int ext4_layout_read(journal_read_fn *base, void *arg,
		     struct ext4_layout *ret, struct error *e)
{
	struct ext4_layout l = { 0 };
	ext2_filsys fs;
	int err;

	if (ext4_source_open(base, arg, &fs))
		return error_set(e, ENOTSUP, "the disk has no ext4 that "
				 "can be read");
	err = read_tables(fs, &l);
	ext2fs_free(fs);
	if (!err)
		err = read_journal(base, arg, &l);
	if (err) {
		free(l.tables);
		return error_set(e, ENOTSUP, "this ext4 has no journal that "
				 "can be read");
	}
	*ret = l;
	return 0;
}
