/* A state on the media: as patches for the drive, as an image in a file. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "states/space.h"

size_t state_patches(const struct state_space *s, const struct state *from,
		     const struct state *to, struct patch **ret)
{
	struct patch *patches = NULL;
	size_t n = 0, size = 0;

	for (size_t i = 0; i < s->n_units; i++) {
		uint64_t old = from ? from->sources[i] : SOURCE_BASE;

		if (to->sources[i] == old)
			continue;
		if (n == size) {
			size = size ? size * 2 : 64;
			patches = xrealloc(patches, size * sizeof(*patches));
		}
		patches[n++] =
			(struct patch){ s->unit_index[i], to->sources[i] };
	}
	*ret = patches;
	return n;
}

int source_read(const struct state_space *s, uint64_t unit_index,
		uint64_t source, void *data, struct error *e)
{
	uint32_t len = unit_length(s, unit_index);
	int log = SOURCE_KIND(source) == SOURCE_LOG;
	int err;

	if (SOURCE_KIND(source) == SOURCE_ZERO) {
		memset(data, 0, len);
		return 0;
	}
	err = pread_full(log ? s->log_fd : s->units_fd, data, len,
			 SOURCE_OFFSET(source));
	if (err)
		error_errno(e, -err, "cannot read unit %" PRIu64 " from the "
			    "%s file", unit_index, log ? "log" : "units");
	return err;
}

/* Writes the parts of base that are not holes. */
static int copy_base(const struct state_space *s, int fd, struct error *e)
{
	CLEANUP_FREE char *chunk = xmalloc(1 << 20);
	off_t at = 0, size = (off_t)s->h->disk_size;

	while (at < size) {
		off_t data = lseek(s->base_fd, at, SEEK_DATA), hole;

		if (data < 0 && errno == ENXIO)
			return 0;
		hole = data < 0 ? -1 : lseek(s->base_fd, data, SEEK_HOLE);
		if (hole < 0)
			return error_errno(e, errno, "cannot read %s", s->base);
		if (hole > size)
			hole = size;
		for (at = data; at < hole;) {
			size_t n = hole - at < 1 << 20 ? (size_t)(hole - at) :
							 1 << 20;
			int err = pread_full(s->base_fd, chunk, n,
					     (uint64_t)at);

			if (!err)
				err = pwrite_full(fd, chunk, n, (uint64_t)at);
			if (err)
				return error_errno(e, -err, "cannot copy %s",
						   s->base);
			at += (off_t)n;
		}
		at = hole > at ? hole : at;
	}
	return 0;
}

static int write_units(const struct state_space *s, const struct state *st,
		       int fd, const char *path, struct error *e)
{
	CLEANUP_FREE char *data = xmalloc(s->tear);

	for (size_t i = 0; i < s->n_units; i++) {
		uint64_t unit = s->unit_index[i], source = st->sources[i];
		int err;

		if (SOURCE_KIND(source) == SOURCE_BASE ||
		    (SOURCE_KIND(source) == SOURCE_ZERO && !s->base))
			continue;
		err = source_read(s, unit, source, data, e);
		if (err)
			return err;
		err = pwrite_full(fd, data, unit_length(s, unit),
				  unit * s->tear);
		if (err)
			return error_errno(e, -err, "cannot write %s", path);
	}
	return 0;
}

int state_export(const struct state_space *s, const struct state *st,
		 const char *path, struct error *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int err = 0;

	if (fd < 0)
		return error_errno(e, errno, "cannot create %s", path);
	if (ftruncate(fd, (off_t)s->h->disk_size) < 0)
		err = error_errno(e, errno, "cannot size %s", path);
	if (!err && s->base)
		err = copy_base(s, fd, e);
	if (!err)
		err = write_units(s, st, fd, path, e);
	if (close(fd) < 0 && !err)
		err = error_errno(e, errno, "cannot write %s", path);
	if (err)
		unlink(path);
	return err;
}
