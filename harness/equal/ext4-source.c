#include "equal/ext4-source.h"

#include <errno.h>
#include <stdlib.h>

#include "common/buf.h"

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

errcode_t ext4_source_open(journal_read_fn *read, void *arg,
			   ext2_filsys *ret)
{
	const struct source s = { read, arg };
	errcode_t err;

	opening = &s;
	err = ext2fs_open("state", EXT2_FLAG_64BITS | EXT2_FLAG_SKIP_MMP, 0, 0,
			  &source_io, ret);
	opening = NULL;
	return err;
}
