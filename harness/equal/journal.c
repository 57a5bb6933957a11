#include "equal/journal.h"

#include <errno.h>
#include <ext2fs/ext2fs.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"
#include "equal/ext4-source.h"

/* ---- ext4 ---- */

static void add_bytes(struct journal *j, uint64_t offset, uint64_t length)
{
	struct journal_piece *last = &j->pieces[j->n ? j->n - 1 : 0];

	if (j->n && last->offset + last->length == offset)
		last->length += length;
	else if (j->n < JOURNAL_PIECES)
		j->pieces[j->n++] = (struct journal_piece){ offset, length };
}

static int add_block(ext2_filsys fs, blk64_t *block, e2_blkcnt_t number,
		     blk64_t reference, int reference_offset, void *arg)
{
	struct journal *j = arg;
	uint64_t size = fs->blocksize, offset = *block * size;

	(void)reference;
	(void)reference_offset;
	if (number < 0)
		return 0; /* of the map, not of the journal */
	if (number == 0) {
		j->anchor_offset = offset;
		j->anchor_length = 1024; /* journal_superblock_t */
	}
	add_bytes(j, offset, size);
	return 0;
}

static void find_in(ext2_filsys fs, struct journal *ret)
{
	const struct ext2_super_block *sb = fs->super;

	if (!ext2fs_has_feature_journal(fs->super) || !sb->s_journal_inum ||
	    sb->s_journal_dev || ext2fs_has_feature_fast_commit(fs->super))
		return;
	if (ext2fs_block_iterate3(fs, sb->s_journal_inum, BLOCK_FLAG_READ_ONLY,
				  NULL, add_block, ret))
		*ret = (struct journal){ 0 };
}

static void find_ext4(journal_read_fn *read, void *arg, struct journal *ret)
{
	ext2_filsys fs;

	if (ext4_source_open(read, arg, &fs) == 0) {
		find_in(fs, ret);
		ext2fs_free(fs);
	}
}

/* ---- XFS ---- */

#define XFS_MAGIC "XFSB"

/* Offsets of struct xfs_dsb. A block's number has the number of its allocation
 * group above its number in there (XFS_FSB_TO_DADDR). */
static void find_xfs(journal_read_fn *read, void *arg, struct journal *ret)
{
	unsigned char sb[512];
	uint64_t start, group, block, size, offset, length;

	if (read(arg, 0, sb, sizeof(sb)) || memcmp(sb, XFS_MAGIC, 4))
		return;
	size = be32_at(sb + 4);	/* sb_blocksize */
	start = be64_at(sb + 48);	/* sb_logstart, 0: on another device */
	if (!start || !size || size > 65536 || sb[124] >= 32)
		return;
	group = start >> sb[124]; /* sb_agblklog */
	block = start & ((1ULL << sb[124]) - 1);
	offset = (group * be32_at(sb + 84) /* sb_agblocks */ + block) * size;
	length = be32_at(sb + 96) * size; /* sb_logblocks */
	if (!length || offset > INT64_MAX - length)
		return;
	add_bytes(ret, offset, length);
	ret->anchor_offset = offset;
	ret->anchor_length = length;
}

void journal_find(const char *filesystem, journal_read_fn *read, void *arg,
		  struct journal *ret)
{
	*ret = (struct journal){ 0 };
	if (!strcmp(filesystem, "ext4"))
		find_ext4(read, arg, ret);
	else if (!strcmp(filesystem, "xfs"))
		find_xfs(read, arg, ret);
}

static int by_offset(const void *a, const void *b)
{
	const struct unit_run *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

/* Only whole units are left out; the anchor's may reach beyond the journal. */
size_t journal_units(const struct journal *j, uint32_t unit,
		     struct unit_run ret[JOURNAL_PIECES],
		     struct unit_run *ret_anchor)
{
	uint64_t anchor = j->anchor_offset / unit;
	size_t n = 0;

	for (size_t i = 0; i < j->n; i++) {
		const struct journal_piece *p = &j->pieces[i];
		uint64_t first = p->offset / unit + !!(p->offset % unit);
		uint64_t end = (p->offset + p->length) / unit;

		if (end > first)
			ret[n++] = (struct unit_run){ first, end - first };
	}
	if (n)
		qsort(ret, n, sizeof(*ret), by_offset);
	*ret_anchor = (struct unit_run){ 0, 0 };
	if (j->anchor_length)
		*ret_anchor = (struct unit_run){
			anchor,
			(j->anchor_offset + j->anchor_length - 1) / unit -
				anchor + 1
		};
	return n;
}
