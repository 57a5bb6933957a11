#include "interchange/dmlog.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/files.h"

#define COPY_SIZE (256 * 1024)

struct dmlog_writer {
	int fd;
	char *path;
	uint32_t sector_size;
	uint64_t entries;
	uint64_t at; /* of the next entry */
	unsigned char *sector;
	unsigned char copy[COPY_SIZE];
};

static int cannot_write(const struct dmlog_writer *w, int err, struct error *e)
{
	return error_errno(e, err, "cannot write %s", w->path);
}

int dmlog_create(const char *path, uint32_t sector_size,
		 struct dmlog_writer **ret, struct error *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct dmlog_writer *w;

	if (fd < 0)
		return error_errno(e, errno, "cannot create %s", path);
	w = xcalloc(1, sizeof(*w));
	w->fd = fd;
	w->path = xstrdup(path);
	w->sector_size = sector_size;
	w->at = sector_size;
	w->sector = xcalloc(1, sector_size);
	*ret = w;
	return 0;
}

/* The kernel keeps a byte for the text's NUL: log_mark(). */
size_t dmlog_mark_max(const struct dmlog_writer *w)
{
	return w->sector_size - sizeof(struct dmlog_record) - 1;
}

static int write_sector(struct dmlog_writer *w, uint64_t at, const void *head,
			size_t head_len, const char *text, size_t text_len,
			struct error *e)
{
	int err;

	memset(w->sector, 0, w->sector_size);
	memcpy(w->sector, head, head_len);
	if (text_len)
		memcpy(w->sector + head_len, text, text_len);
	err = pwrite_full(w->fd, w->sector, w->sector_size, at);
	return err ? cannot_write(w, -err, e) : 0;
}

static int copy_data(struct dmlog_writer *w, int fd, uint64_t from,
		     uint64_t length, struct error *e)
{
	for (uint64_t done = 0; done < length;) {
		size_t n = COPY_SIZE;
		int err;

		if (n > length - done)
			n = (size_t)(length - done);
		err = pread_full(fd, w->copy, n, from + done);
		if (err)
			return error_errno(e, -err, "cannot read the data of "
					   "a write");
		err = pwrite_full(w->fd, w->copy, n, w->at + done);
		if (err)
			return cannot_write(w, -err, e);
		done += n;
	}
	return 0;
}

int dmlog_add(struct dmlog_writer *w, const struct dmlog_entry *entry, int fd,
	      uint64_t at, struct error *e)
{
	size_t text = entry->mark ? strlen(entry->mark) : 0;
	struct dmlog_record rec = {
		.sector = entry->offset / w->sector_size,
		.nr_sectors = entry->length / w->sector_size,
		.flags = entry->flags,
		.data_len = text,
	};
	int err;

	if (text > dmlog_mark_max(w))
		return error_set(e, EFBIG, "a mark of %zu bytes does not fit: "
				 "the format has room for %zu", text,
				 dmlog_mark_max(w));
	err = write_sector(w, w->at, &rec, sizeof(rec), entry->mark, text, e);
	if (err)
		return err;
	w->at += w->sector_size;
	w->entries++;
	if (entry->flags & DMLOG_DISCARD)
		return 0;
	if (fd >= 0)
		err = copy_data(w, fd, at, entry->length, e);
	w->at += entry->length;
	return err;
}

uint64_t dmlog_count(const struct dmlog_writer *w)
{
	return w->entries;
}

int dmlog_finish(struct dmlog_writer *w, struct error *e)
{
	struct dmlog_super s = {
		.magic = DMLOG_MAGIC,
		.version = DMLOG_VERSION,
		.nr_entries = w->entries,
		.sectorsize = w->sector_size,
	};

	/* The data may end in a hole. */
	if (ftruncate(w->fd, (off_t)w->at) < 0)
		return cannot_write(w, errno, e);
	return write_sector(w, 0, &s, sizeof(s), NULL, 0, e);
}

void dmlog_writer_free(struct dmlog_writer *w)
{
	if (!w)
		return;
	close(w->fd);
	free(w->path);
	free(w->sector);
	free(w);
}
