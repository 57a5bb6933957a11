#include "drive/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"

#define WORD_BITS 64u
#define PART_WORDS 64u /* 512 bytes of bitmap: 2 MiB of the disk */
#define LARGE (64u << 20)

struct overlay {
	int fd;
	uint64_t size;
	uint64_t *bits; /* one per sector: it counts */
	/* Parts of the bitmap that have bits set: as flags and as a list. */
	unsigned char *touched;
	uint32_t *list;
	size_t n_touched;
	uint64_t written; /* bytes, since the file was empty */
};

static int open_scratch(const char *dir, uint64_t size, struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/overlay-XXXXXX", dir);
	int err, fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0)
		return error_errno(e, errno, "cannot create a scratch file in "
				   "%s", dir);
	unlink(path);
	if (ftruncate(fd, (off_t)size) < 0) {
		err = errno;
		close(fd);
		return error_errno(e, err, "cannot size the scratch file in %s",
				   dir);
	}
	return fd;
}

int overlay_create(const char *dir, uint64_t size, struct overlay **ret,
		   struct error *e)
{
	uint64_t sectors = size / OVERLAY_SECTOR;
	size_t parts = (size_t)(sectors / (PART_WORDS * WORD_BITS) + 1);
	int fd = open_scratch(dir, size, e);
	struct overlay *o;

	if (fd < 0)
		return fd;
	o = xcalloc(1, sizeof(*o));
	o->fd = fd;
	o->size = size;
	o->bits = xcalloc(parts * PART_WORDS, sizeof(*o->bits));
	o->touched = xcalloc(parts, 1);
	o->list = xcalloc(parts, sizeof(*o->list));
	*ret = o;
	return 0;
}

void overlay_free(struct overlay *o)
{
	if (!o)
		return;
	close(o->fd);
	free(o->bits);
	free(o->touched);
	free(o->list);
	free(o);
}

static void touch(struct overlay *o, uint64_t word)
{
	uint64_t part = word / PART_WORDS;

	if (o->touched[part])
		return;
	o->touched[part] = 1;
	o->list[o->n_touched++] = (uint32_t)part;
}

static void set_bits(struct overlay *o, uint64_t length, uint64_t offset)
{
	uint64_t at = offset / OVERLAY_SECTOR;
	uint64_t end = at + length / OVERLAY_SECTOR;

	while (at < end) {
		uint64_t bit = at % WORD_BITS;
		uint64_t n = WORD_BITS - bit;

		if (n > end - at)
			n = end - at;
		touch(o, at / WORD_BITS);
		o->bits[at / WORD_BITS] |= (UINT64_MAX >> (WORD_BITS - n))
					   << bit;
		at += n;
	}
}

int overlay_write(struct overlay *o, const void *data, uint64_t length,
		  uint64_t offset)
{
	int err = pwrite_full(o->fd, data, (size_t)length, offset);

	if (err < 0)
		return err;
	o->written += length;
	set_bits(o, length, offset);
	return 0;
}

/* Where the file system cannot punch holes. */
static int write_zeroes(struct overlay *o, uint64_t length, uint64_t offset)
{
	static const char zeroes[65536];
	int err = 0;

	o->written += length;
	while (length && !err) {
		uint64_t n = length < sizeof(zeroes) ? length : sizeof(zeroes);

		err = pwrite_full(o->fd, zeroes, (size_t)n, offset);
		offset += n;
		length -= n;
	}
	return err;
}

int overlay_zero(struct overlay *o, uint64_t length, uint64_t offset)
{
	int err = 0;

	if (fallocate(o->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      (off_t)offset, (off_t)length) < 0)
		err = write_zeroes(o, length, offset);
	if (!err)
		set_bits(o, length, offset);
	return err;
}

uint64_t overlay_run(const struct overlay *o, uint64_t offset,
		     uint64_t length, int *ret_inside)
{
	uint64_t first = offset / OVERLAY_SECTOR;
	uint64_t end = first + length / OVERLAY_SECTOR, at = first;
	int inside = o->bits[at / WORD_BITS] >> (at % WORD_BITS) & 1;
	uint64_t other = inside ? UINT64_MAX : 0;

	while (at < end) {
		/* The sectors from `at` on in this word, 1 where they differ */
		uint64_t word = (o->bits[at / WORD_BITS] ^ other) >>
				(at % WORD_BITS);

		if (word) {
			at += (uint64_t)__builtin_ctzll(word);
			break;
		}
		at += WORD_BITS - at % WORD_BITS;
	}
	*ret_inside = inside;
	return ((at < end ? at : end) - first) * OVERLAY_SECTOR;
}

int overlay_read(const struct overlay *o, void *data, uint64_t length,
		 uint64_t offset)
{
	return pread_full(o->fd, data, (size_t)length, offset);
}

int overlay_reset(struct overlay *o)
{
	for (size_t i = 0; i < o->n_touched; i++) {
		uint32_t part = o->list[i];

		memset(o->bits + (size_t)part * PART_WORDS, 0,
		       PART_WORDS * sizeof(*o->bits));
		o->touched[part] = 0;
	}
	o->n_touched = 0;
	if (o->written < LARGE)
		return 0;
	o->written = 0;
	if (ftruncate(o->fd, 0) < 0 || ftruncate(o->fd, (off_t)o->size) < 0)
		return -errno;
	return 0;
}

uint64_t overlay_allocated(const struct overlay *o)
{
	struct stat st;

	return fstat(o->fd, &st) < 0 ? 0 : (uint64_t)st.st_blocks * 512;
}
