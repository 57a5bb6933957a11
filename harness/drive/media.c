#include "drive/media.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"

#define CHUNK (1u << 20)
#define SPARSE 4096u /* zeroes of this length become a hole */

int media_open(const char *path, int *ret_fd, struct error *e)
{
	int fd = -1;

	if (path && *path) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return error_errno(e, errno, "cannot open %s", path);
	}
	*ret_fd = fd;
	return 0;
}

void media_close(struct media *m)
{
	if (m->base >= 0)
		close(m->base);
	if (m->log >= 0)
		close(m->log);
	if (m->units >= 0)
		close(m->units);
	*m = (struct media)MEDIA_NONE;
}

static int read_base(int fd, char *data, uint64_t length, uint64_t offset)
{
	while (length) {
		ssize_t n = fd < 0 ? 0 : pread(fd, data, (size_t)length,
					       (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0) {
			memset(data, 0, (size_t)length);
			return 0;
		}
		data += n;
		offset += (uint64_t)n;
		length -= (uint64_t)n;
	}
	return 0;
}

static int read_run(const struct media *m, const struct run *r, char *data)
{
	switch (SOURCE_KIND(r->source)) {
	case SOURCE_BASE:
		return read_base(m->base, data, r->length, r->offset);
	case SOURCE_ZERO:
		memset(data, 0, (size_t)r->length);
		return 0;
	case SOURCE_LOG:
		return pread_full(m->log, data, (size_t)r->length,
				  SOURCE_OFFSET(r->source));
	default:
		return pread_full(m->units, data, (size_t)r->length,
				  SOURCE_OFFSET(r->source));
	}
}

int media_read(const struct media *m, const struct run *runs, size_t n,
	       void *data)
{
	char *p = data;

	for (size_t i = 0; i < n; i++) {
		int err = read_run(m, &runs[i], p);

		if (err < 0)
			return err;
		p += runs[i].length;
	}
	return 0;
}

static int all_zero(const char *data, size_t len)
{
	return !len || (!data[0] && !memcmp(data, data + 1, len - 1));
}

/* Leaves holes where the data are zeroes. */
static int write_sparse(int fd, const char *data, size_t len, uint64_t offset)
{
	while (len) {
		size_t n = SPARSE - (size_t)(offset % SPARSE);
		int err = 0;

		if (n > len)
			n = len;
		if (!all_zero(data, n))
			err = pwrite_full(fd, data, n, offset);
		if (err < 0)
			return err;
		data += n;
		offset += n;
		len -= n;
	}
	return 0;
}

static int export_run(const struct media *m, struct run r, int fd, char *chunk)
{
	int err = 0;

	if (SOURCE_KIND(r.source) == SOURCE_ZERO ||
	    (SOURCE_KIND(r.source) == SOURCE_BASE && m->base < 0))
		return 0;
	while (r.length && !err) {
		struct run part = r;

		if (part.length > CHUNK)
			part.length = CHUNK;
		err = read_run(m, &part, chunk);
		if (!err)
			err = write_sparse(fd, chunk, (size_t)part.length,
					   part.offset);
		if (SOURCE_KIND(r.source) != SOURCE_BASE)
			r.source += part.length;
		r.offset += part.length;
		r.length -= part.length;
	}
	return err;
}

int media_export(const struct media *m, const struct map *map,
		 const char *path, struct error *e)
{
	CLEANUP_CLOSE int fd =
		open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	CLEANUP_FREE char *chunk = xmalloc(CHUNK);
	int err = 0;

	if (fd < 0)
		return error_errno(e, errno, "cannot create the image %s",
				   path);
	if (ftruncate(fd, (off_t)map->size) < 0)
		err = -errno;
	for (uint64_t at = 0; at < map->size && !err;) {
		struct run r = map_run(map, at, map->size - at);

		err = export_run(m, r, fd, chunk);
		at += r.length;
	}
	if (err < 0)
		return error_errno(e, -err, "cannot write the image %s", path);
	return 0;
}
