#include "drive/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/files.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "log structures are written as they stand in memory");
_Static_assert(sizeof(struct log_file_header) == 40, "no padding");
_Static_assert(sizeof(struct log_record) == 72, "no padding");

struct log_writer {
	int fd;
	uint64_t end;      /* file offset of the next record */
	uint64_t position; /* of the next record */
	uint64_t started;  /* CLOCK_MONOTONIC, ns */
};

static uint64_t realtime_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static int write_file_header(int fd, uint64_t disk_size, uint32_t block_size)
{
	struct log_file_header h = {
		.version = LOG_VERSION,
		.block_size = block_size,
		.disk_size = disk_size,
		.started_ns = realtime_ns(),
	};

	memcpy(h.magic, LOG_MAGIC, sizeof(h.magic));
	h.hash = XXH3_64bits(&h, offsetof(struct log_file_header, hash));
	return pwrite_full(fd, &h, sizeof(h), 0);
}

int log_create(const char *path, uint64_t disk_size, uint32_t block_size,
	       struct log_writer **ret, struct error *e)
{
	struct log_writer *w;
	int err, fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		return error_errno(e, errno, "cannot create the log %s", path);
	err = write_file_header(fd, disk_size, block_size);
	if (err < 0) {
		close(fd);
		return error_errno(e, -err, "cannot write the log %s", path);
	}
	w = xcalloc(1, sizeof(*w));
	w->fd = fd;
	w->end = sizeof(struct log_file_header);
	w->started = now_ns();
	*ret = w;
	return 0;
}

uint64_t log_now(const struct log_writer *w)
{
	return now_ns() - w->started;
}

/* Both parts in one system call; goes on where the kernel took only some. */
static int write_parts(int fd, const void *head, size_t head_len,
		       const void *data, size_t len, uint64_t offset)
{
	struct iovec parts[2] = {
		{ (void *)head, head_len },
		{ (void *)data, len },
	};
	ssize_t n;

	do {
		n = pwritev(fd, parts, len ? 2 : 1, (off_t)offset);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if ((size_t)n < head_len) {
		int err = pwrite_full(fd, (const char *)head + n,
				      head_len - (size_t)n,
				      offset + (size_t)n);
		if (err < 0)
			return err;
		n = (ssize_t)head_len;
	}
	n -= (ssize_t)head_len;
	if ((size_t)n == len)
		return 0;
	return pwrite_full(fd, (const char *)data + n, len - (size_t)n,
			   offset + head_len + (size_t)n);
}

int log_append(struct log_writer *w, struct log_record *r, const void *payload,
	       uint64_t *ret_payload_offset)
{
	int err;

	r->magic = LOG_RECORD_MAGIC;
	r->position = w->position;
	r->reserved = 0;
	r->payload_hash = XXH3_64bits(payload, payload ? r->payload : 0);
	r->hash = XXH3_64bits(r, offsetof(struct log_record, hash));
	err = write_parts(w->fd, r, sizeof(*r), payload, r->payload, w->end);
	if (err < 0) {
		/* Half a record must not stand in the middle of the log. */
		if (ftruncate(w->fd, (off_t)w->end) < 0)
			return -errno;
		return err;
	}
	if (ret_payload_offset)
		*ret_payload_offset = w->end + sizeof(*r);
	w->end += sizeof(*r) + r->payload;
	w->position++;
	return 0;
}

uint64_t log_next_position(const struct log_writer *w)
{
	return w->position;
}

int log_fd(const struct log_writer *w)
{
	return w->fd;
}

int log_close(struct log_writer *w, int seal)
{
	struct log_record r = { .type = LOG_END };
	int err = 0;

	if (!w)
		return 0;
	if (seal) {
		r.time_ns = log_now(w);
		err = log_append(w, &r, NULL, NULL);
	}
	if (close(w->fd) < 0 && !err)
		err = -errno;
	free(w);
	return err;
}
