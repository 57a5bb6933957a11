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

_Static_assert(sizeof(struct dmlog_super) == 28, "as the kernel's");
_Static_assert(sizeof(struct dmlog_record) == 32, "as the kernel's");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "structures are read and written as they stand in memory");

struct dmlog_reader {
	int fd;
	char *path;
	uint64_t size; /* of the file or device */
	uint32_t sector_size;
	uint64_t entries, next; /* counted by the super block; to be read */
	uint64_t at;            /* of the next entry in the file */
	unsigned char *sector;  /* the entry being read; NUL behind it */
};

static int damaged(const struct dmlog_reader *r, struct error *e,
		   const char *what)
{
	return error_set(e, EBADMSG, "%s is damaged: entry %" PRIu64
			 " of %" PRIu64 " at offset %" PRIu64 ": %s", r->path,
			 r->next, r->entries, r->at, what);
}

static int check_super(const struct dmlog_super *s, const char *path,
		       struct error *e)
{
	if (s->magic != DMLOG_MAGIC)
		return error_set(e, EBADMSG, "%s is no log of dm-log-writes "
				 "or blklogwrites: its magic number is not "
				 "theirs", path);
	if (s->version != DMLOG_VERSION)
		return error_set(e, EBADMSG, "%s has version %" PRIu64
				 " of the format: only version 1 is known",
				 path, s->version);
	if (s->sectorsize < DMLOG_SECTOR_MIN ||
	    s->sectorsize > DMLOG_SECTOR_MAX ||
	    (s->sectorsize & (s->sectorsize - 1)))
		return error_set(e, EBADMSG, "%s is damaged: a sector size of "
				 "%" PRIu32 " bytes", path, s->sectorsize);
	return 0;
}

static int read_super(struct dmlog_reader *r, struct error *e)
{
	struct dmlog_super s;
	int err;

	if (r->size < sizeof(s))
		return error_set(e, EBADMSG, "%s is no log: it is shorter "
				 "than a super block", r->path);
	err = pread_full(r->fd, &s, sizeof(s), 0);
	if (err)
		return error_errno(e, -err, "cannot read %s", r->path);
	err = check_super(&s, r->path, e);
	if (err)
		return err;
	r->sector_size = s.sectorsize;
	r->entries = s.nr_entries;
	r->at = s.sectorsize;
	r->sector = xcalloc(1, (size_t)s.sectorsize + 1);
	return 0;
}

int dmlog_open(const char *path, struct dmlog_reader **ret, struct error *e)
{
	int err, fd = open(path, O_RDONLY | O_CLOEXEC);
	struct dmlog_reader *r;
	off_t size;

	if (fd < 0)
		return error_errno(e, errno, "cannot open %s", path);
	r = xcalloc(1, sizeof(*r));
	r->fd = fd;
	r->path = xstrdup(path);
	/* of a device, too */
	size = lseek(fd, 0, SEEK_END);
	if (size < 0) {
		err = error_errno(e, errno, "cannot read %s", path);
	} else {
		r->size = (uint64_t)size;
		err = read_super(r, e);
	}
	if (err)
		dmlog_reader_free(r);
	else
		*ret = r;
	return err;
}

uint32_t dmlog_sector_size(const struct dmlog_reader *r)
{
	return r->sector_size;
}

uint64_t dmlog_entries(const struct dmlog_reader *r)
{
	return r->entries;
}

/* A write of DAX data carries its length in data_len, too: no matter, since
 * its sectors say as much. */
static const char *bad_record(const struct dmlog_reader *r,
			      const struct dmlog_record *rec)
{
	const uint64_t known = DMLOG_FLUSH | DMLOG_FUA | DMLOG_DISCARD |
			       DMLOG_MARK | DMLOG_METADATA;

	if (rec->flags & ~known)
		return "it has unknown flags";
	if (!(rec->flags & (DMLOG_FLUSH | DMLOG_MARK)) && !rec->nr_sectors)
		return "it is empty";
	if (rec->flags & DMLOG_MARK) {
		if (rec->nr_sectors)
			return "it is a mark with sectors";
		if (rec->data_len > r->sector_size - sizeof(*rec))
			return "its text does not fit into its sector";
	}
	return NULL;
}

/* Sectors to bytes; what does not fit is on no disk. */
static const char *to_bytes(const struct dmlog_reader *r,
			    const struct dmlog_record *rec,
			    struct dmlog_entry *ret)
{
	uint64_t end;

	if (__builtin_mul_overflow(rec->sector, r->sector_size,
				   &ret->offset) ||
	    __builtin_mul_overflow(rec->nr_sectors, r->sector_size,
				   &ret->length) ||
	    __builtin_add_overflow(ret->offset, ret->length, &end))
		return "its range is impossible";
	return NULL;
}

/* The text ends at its first NUL byte, as for the kernel's own tools. */
static const char *take_mark(struct dmlog_reader *r,
			     const struct dmlog_record *rec,
			     struct dmlog_entry *ret)
{
	char *text = (char *)r->sector + sizeof(*rec);

	text[rec->data_len] = '\0';
	if (strchr(text, '\n'))
		return "its text is not one line";
	ret->mark = text;
	return NULL;
}

int dmlog_next(struct dmlog_reader *r, struct dmlog_entry *ret,
	       struct error *e)
{
	struct dmlog_entry entry = { 0 };
	struct dmlog_record rec;
	const char *bad;
	uint64_t left;
	int err;

	if (r->next == r->entries)
		return 0;
	left = r->at < r->size ? r->size - r->at : 0;
	if (left < r->sector_size)
		return damaged(r, e, "the log ends here: it was cut off");
	err = pread_full(r->fd, r->sector, r->sector_size, r->at);
	if (err)
		return error_errno(e, -err, "cannot read %s", r->path);
	memcpy(&rec, r->sector, sizeof(rec));
	bad = bad_record(r, &rec);
	if (!bad)
		bad = to_bytes(r, &rec, &entry);
	if (!bad && (rec.flags & DMLOG_MARK))
		bad = take_mark(r, &rec, &entry);
	if (bad)
		return damaged(r, e, bad);
	entry.flags = rec.flags;
	entry.data = r->at + r->sector_size;
	left -= r->sector_size;
	if (!(rec.flags & DMLOG_DISCARD)) {
		if (entry.length > left)
			return damaged(r, e, "its data was cut off");
		r->at += entry.length;
	}
	r->at += r->sector_size;
	r->next++;
	*ret = entry;
	return 1;
}

int dmlog_read(const struct dmlog_reader *r, uint64_t data, void *ret,
	       size_t length, struct error *e)
{
	int err = pread_full(r->fd, ret, length, data);

	return err ? error_errno(e, -err, "cannot read %s", r->path) : 0;
}

void dmlog_reader_free(struct dmlog_reader *r)
{
	if (!r)
		return;
	close(r->fd);
	free(r->path);
	free(r->sector);
	free(r);
}
