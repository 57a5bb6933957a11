#include "host/sparse.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/error.h"
#include "common/files.h"
#include "host/writes.h"

#define PAGE 4096u /* of x86-64; also the piece that becomes a hole */
#define CHUNK (64u << 10)

int sparse_create(const char *owner, uint64_t size, struct error *e)
{
	int fd = memfd_create(owner, MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, (off_t)size) == 0)
		return fd;
	error_errno(e, errno, "cannot make a disk of %" PRIu64 " bytes in "
		    "memory", size);
	if (fd >= 0)
		close(fd);
	return -EIO;
}

int sparse_clear(int fd, uint64_t size)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			 (off_t)size) < 0 ? -errno : 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static int is_zero(const char *data, size_t len)
{
	return !*data && !memcmp(data, data + 1, len - 1);
}

/* Zeroes are holes wherever they fill a page: what is compared, and what is
 * kept in memory, is data only. */
int sparse_put(int fd, const char *data, uint64_t length, uint64_t offset)
{
	while (length) {
		uint64_t n = least(PAGE - offset % PAGE, length);
		int err = 0;

		if (n == PAGE && is_zero(data, PAGE))
			err = fallocate(fd, FALLOC_FL_PUNCH_HOLE |
						    FALLOC_FL_KEEP_SIZE,
					(off_t)offset, PAGE) < 0 ? -errno : 0;
		else
			err = pwrite_full(fd, data, (size_t)n, offset);
		if (err)
			return err;
		data += n;
		offset += n;
		length -= n;
	}
	return 0;
}

int sparse_copy(int from, int to, uint64_t start, uint64_t end)
{
	char chunk[CHUNK];

	while (start < end) {
		uint64_t n = least(CHUNK - start % CHUNK, end - start);
		int err = pread_full(from, chunk, (size_t)n, start);

		if (!err)
			err = sparse_put(to, chunk, n, start);
		if (err)
			return err;
		start += n;
	}
	return 0;
}

int sparse_next(int fd, uint64_t offset, uint64_t size, uint64_t *ret_start,
		uint64_t *ret_end)
{
	off_t start = lseek(fd, (off_t)offset, SEEK_DATA);
	off_t end = start < 0 ? start : lseek(fd, start, SEEK_HOLE);

	if (end < 0)
		return errno == ENXIO ? 0 : -errno;
	*ret_start = (uint64_t)start;
	*ret_end = least((uint64_t)end, size);
	return *ret_start < *ret_end;
}

/* Adds the pages of a range that are not equal. */
static int compare_range(const int files[2], uint64_t start, uint64_t end,
			 struct spans *ret)
{
	char a[CHUNK], b[CHUNK];

	while (start < end) {
		uint64_t n = least(CHUNK, end - start);
		int err = pread_full(files[0], a, (size_t)n, start);

		if (!err)
			err = pread_full(files[1], b, (size_t)n, start);
		if (err)
			return err;
		for (uint64_t i = 0; i < n; i += PAGE) {
			uint64_t len = least(PAGE, n - i);

			if (memcmp(a + i, b + i, (size_t)len))
				spans_add(ret, start + i, len);
		}
		start += n;
	}
	return 0;
}

int sparse_compare(const int files[2], uint64_t size, struct spans *ret,
		   uint64_t *ret_read)
{
	*ret_read = 0;
	for (size_t i = 0; i < 2; i++) {
		uint64_t start = 0, end = 0;
		int more;

		while ((more = sparse_next(files[i], end, size, &start,
					   &end)) > 0) {
			int err = compare_range(files, start, end, ret);

			if (err)
				return err;
			*ret_read += end - start;
		}
		if (more < 0)
			return more;
	}
	return 0;
}
