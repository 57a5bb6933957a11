#include "equal/journal.h"

#include <endian.h>
#include <errno.h>
#include <ext2fs/ext2fs.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

/* ---- ext4 ---- */

/* What libext2fs reads through. It opens by name alone, so where to read is
 * handed over beside it. */
struct source {
	journal_read_fn *read;
	void *arg;
};
static _Thread_local const struct source *opening;

static struct struct_io_manager source_io;

static errcode_t source_open(const char *name, int flags, io_channel *ret)
{
	io_channel c = xcalloc(1, sizeof(*c));
	struct source *s = xmalloc(sizeof(*s));

	(void)flags;
	*s = *opening;
	c->magic = EXT2_ET_MAGIC_IO_CHANNEL;
	c->manager = &source_io;
	c->name = xstrdup(name);
	c->block_size = 1024;
	c->refcount = 1;
	c->private_data = s;
	*ret = c;
	return 0;
}

static errcode_t source_close(io_channel c)
{
	if (--c->refcount > 0)
		return 0;
	free(c->private_data);
	free(c->name);
	free(c);
	return 0;
}

static errcode_t source_set_blksize(io_channel c, int size)
{
	c->block_size = size;
	return 0;
}

/* A negative count is one of bytes (lib/ext2fs/unix_io.c). */
static errcode_t source_read64(io_channel c, unsigned long long block,
			       int count, void *data)
{
	const struct source *s = c->private_data;
	size_t len = count < 0 ? (size_t)-(long long)count :
				 (size_t)count * (size_t)c->block_size;

	return -s->read(s->arg, block * (uint64_t)c->block_size, data, len);
}

static errcode_t source_read(io_channel c, unsigned long block, int count,
			     void *data)
{
	return source_read64(c, block, count, data);
}

static errcode_t source_write64(io_channel c, unsigned long long block,
				int count, const void *data)
{
	(void)c;
	(void)block;
	(void)count;
	(void)data;
	return EROFS;
}

static errcode_t source_write(io_channel c, unsigned long block, int count,
			      const void *data)
{
	return source_write64(c, block, count, data);
}

static errcode_t source_flush(io_channel c)
{
	(void)c;
	return 0;
}

static struct struct_io_manager source_io = {
	.magic = EXT2_ET_MAGIC_IO_MANAGER,
	.name = "crash state",
	.open = source_open,
	.close = source_close,
	.set_blksize = source_set_blksize,
	.read_blk = source_read,
	.write_blk = source_write,
	.flush = source_flush,
	.read_blk64 = source_read64,
	.write_blk64 = source_write64,
};

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

static void find_ext4(const struct source *s, struct journal *ret)
{
	ext2_filsys fs;

	opening = s;
	if (ext2fs_open("state", EXT2_FLAG_64BITS | EXT2_FLAG_SKIP_MMP, 0, 0,
			&source_io, &fs) == 0) {
		find_in(fs, ret);
		ext2fs_free(fs);
	}
	opening = NULL;
}

/* ---- XFS ---- */

#define XFS_MAGIC "XFSB"

static uint32_t be32(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static uint64_t be64(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

/* Offsets of struct xfs_dsb. A block's number has the number of its allocation
 * group above its number in there (XFS_FSB_TO_DADDR). */
static void find_xfs(const struct source *s, struct journal *ret)
{
	unsigned char sb[512];
	uint64_t start, group, block, size, offset, length;

	if (s->read(s->arg, 0, sb, sizeof(sb)) || memcmp(sb, XFS_MAGIC, 4))
		return;
	size = be32(sb + 4);	/* sb_blocksize */
	start = be64(sb + 48);	/* sb_logstart, 0: on another device */
	if (!start || !size || size > 65536 || sb[124] >= 32)
		return;
	group = start >> sb[124]; /* sb_agblklog */
	block = start & ((1ULL << sb[124]) - 1);
	offset = (group * be32(sb + 84) /* sb_agblocks */ + block) * size;
	length = be32(sb + 96) * size; /* sb_logblocks */
	if (!length || offset > INT64_MAX - length)
		return;
	add_bytes(ret, offset, length);
	ret->anchor_offset = offset;
	ret->anchor_length = length;
}

void journal_find(const char *filesystem, journal_read_fn *read, void *arg,
		  struct journal *ret)
{
	const struct source s = { read, arg };

	*ret = (struct journal){ 0 };
	if (!strcmp(filesystem, "ext4"))
		find_ext4(&s, ret);
	else if (!strcmp(filesystem, "xfs"))
		find_xfs(&s, ret);
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
