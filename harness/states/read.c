/* What a state holds, read from where it stands. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "states/space.h"

/* base may be shorter than the disk: zeroes follow. */
static int read_base(const struct state_space *s, uint64_t offset, char *data,
		     size_t len, struct error *e)
{
	size_t done = 0;

	memset(data, 0, len);
	while (s->base && done < len) {
		ssize_t n = pread(s->base_fd, data + done, len - done,
				  (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(e, errno, "cannot read %s",
					   s->base);
		if (!n)
			break;
		done += (size_t)n;
	}
	return 0;
}

static int read_in_unit(const struct state_space *s, const struct state *st,
			uint64_t offset, char *data, size_t len,
			struct error *e)
{
	CLEANUP_FREE char *whole = NULL;
	uint64_t unit = offset / s->tear;
	uint64_t source = state_source(s, st, unit);
	int err;

	if (source == SOURCE_BASE)
		return read_base(s, offset, data, len, e);
	whole = xmalloc(s->tear);
	err = source_read(s, unit, source, whole, e);
	if (!err)
		memcpy(data, whole + offset % s->tear, len);
	return err;
}

int state_read(const struct state_space *s, const struct state *st,
	       uint64_t offset, void *data, size_t len, struct error *e)
{
	char *p = data;

	if (offset > s->h->disk_size || len > s->h->disk_size - offset)
		return error_set(e, EINVAL, "that is behind the disk's end");
	while (len) {
		size_t n = s->tear - offset % s->tear;
		int err;

		if (n > len)
			n = len;
		err = read_in_unit(s, st, offset, p, n, e);
		if (err)
			return err;
		p += n;
		offset += n;
		len -= n;
	}
	return 0;
}
