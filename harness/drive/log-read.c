/*
 * Reading a log: nothing that stands in the file is believed.
 *
 * A writer that is killed leaves a prefix of its last write, never a hole: so
 * a log may end anywhere, but what is there must be right. A header that is
 * cut short by the end of the file, or a whole one (its hash says so) whose
 * payload is, is a torn tail and ends the log; everything else that does not
 * fit is damage.
 */
#include "drive/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/files.h"

#define WINDOW_SIZE (256 * 1024)
#define PAYLOAD_MAX (64u << 20) /* nbdkit's largest request */
#define BLOCK_MAX 65536

struct log_reader {
	int fd;
	char *path;
	struct log_file_header header;
	uint64_t size;     /* of the file */
	uint64_t offset;   /* of the next record */
	uint64_t position; /* of the next record */
	int sealed;
	int torn;
	/* What has been read ahead: window_len bytes from window_at. */
	uint64_t window_at;
	size_t window_len;
	unsigned char window[WINDOW_SIZE];
};

static int damaged(const struct log_reader *r, struct error *e,
		   const char *what)
{
	return error_set(e, EBADMSG,
			 "log %s is damaged: record %" PRIu64
			 " at offset %" PRIu64 ": %s",
			 r->path, r->position, r->offset, what);
}

/* Up to `want` bytes at the offset, as many as the window gives at once. */
static ssize_t peek(struct log_reader *r, uint64_t offset, size_t want,
		    const unsigned char **ret, struct error *e)
{
	size_t len;
	int err;

	if (want > WINDOW_SIZE)
		want = WINDOW_SIZE;
	if (offset < r->window_at ||
	    offset + want > r->window_at + r->window_len) {
		len = WINDOW_SIZE;
		if (len > r->size - offset)
			len = (size_t)(r->size - offset);
		r->window_len = 0;
		err = pread_full(r->fd, r->window, len, offset);
		if (err < 0)
			return error_errno(e, -err, "cannot read the log %s",
					   r->path);
		r->window_at = offset;
		r->window_len = len;
	}
	*ret = r->window + (offset - r->window_at);
	return (ssize_t)want;
}

static const char *bad_file_header(const struct log_file_header *h)
{
	if (memcmp(h->magic, LOG_MAGIC, sizeof(h->magic)))
		return "this is not a log";
	if (h->hash != XXH3_64bits(h, offsetof(struct log_file_header, hash)))
		return "the hash of its header does not match";
	if (h->version != LOG_VERSION)
		return "it has another version";
	if (h->block_size < 512 || h->block_size > BLOCK_MAX ||
	    (h->block_size & (h->block_size - 1)))
		return "its block size is impossible";
	if (!h->disk_size || h->disk_size % h->block_size ||
	    h->disk_size > INT64_MAX)
		return "its disk size is impossible";
	return NULL;
}

static int read_file_header(struct log_reader *r, struct error *e)
{
	const char *bad;
	int err;

	if (r->size < sizeof(r->header))
		return error_set(e, EBADMSG, "log %s is damaged: it is shorter "
				 "than its header", r->path);
	err = pread_full(r->fd, &r->header, sizeof(r->header), 0);
	if (err < 0)
		return error_errno(e, -err, "cannot read the log %s", r->path);
	bad = bad_file_header(&r->header);
	if (bad)
		return error_set(e, EBADMSG, "log %s is damaged: %s", r->path,
				 bad);
	r->offset = sizeof(r->header);
	return 0;
}

int log_open(const char *path, struct log_reader **ret, struct error *e)
{
	int err, fd = open(path, O_RDONLY | O_CLOEXEC);
	struct log_reader *r;
	struct stat st;

	if (fd < 0)
		return error_errno(e, errno, "cannot open the log %s", path);
	if (fstat(fd, &st) < 0) {
		err = error_errno(e, errno, "cannot open the log %s", path);
		close(fd);
		return err;
	}
	r = xcalloc(1, sizeof(*r));
	r->fd = fd;
	r->path = xstrdup(path);
	r->size = (uint64_t)st.st_size;
	err = read_file_header(r, e);
	if (err < 0) {
		log_reader_free(r);
		return err;
	}
	*ret = r;
	return 0;
}

const struct log_file_header *log_header(const struct log_reader *r)
{
	return &r->header;
}

static int is_change(const struct log_record *rec)
{
	return rec->type == LOG_WRITE || rec->type == LOG_ZEROES ||
	       rec->type == LOG_DISCARD;
}

/* The range of a change lies on the disk, in whole blocks; nothing else has
 * one. */
static const char *bad_range(const struct log_file_header *h,
			     const struct log_record *rec)
{
	if (!is_change(rec))
		return rec->offset || rec->length ? "it has a range" : NULL;
	if (!rec->length || rec->length > h->disk_size ||
	    rec->offset > h->disk_size - rec->length)
		return "its range is not on the disk";
	if (rec->offset % h->block_size || rec->length % h->block_size)
		return "its range is not in whole blocks";
	return NULL;
}

static const char *bad_payload(const struct log_record *rec)
{
	if (rec->payload > PAYLOAD_MAX)
		return "its payload is impossibly long";
	if (rec->type == LOG_WRITE)
		return rec->payload != rec->length ?
			       "its data is not as long as its range" : NULL;
	if (rec->type != LOG_MARK && rec->payload)
		return "it has a payload";
	return NULL;
}

static const char *bad_command(const struct log_record *rec)
{
	if (rec->type == LOG_COMPLETE)
		return rec->command >= rec->position ?
			       "it completes a command of the future" : NULL;
	if (is_change(rec) || rec->type == LOG_FLUSH)
		return rec->command != rec->position ?
			       "its command is not itself" : NULL;
	return rec->command ? "it names a command" : NULL;
}

static const char *bad_record(const struct log_reader *r,
			      const struct log_record *rec)
{
	const char *bad;

	if (rec->magic != LOG_RECORD_MAGIC)
		return "its magic number does not match";
	if (rec->hash != XXH3_64bits(rec, offsetof(struct log_record, hash)))
		return "the hash of its header does not match";
	if (rec->position != r->position)
		return "it has another position: records are missing";
	if (rec->type < LOG_WRITE || rec->type > LOG_STOP)
		return "it has an unknown type";
	if (rec->reserved || (rec->flags & ~LOG_FUA) ||
	    (rec->flags && !is_change(rec)))
		return "it has unknown flags";
	if (rec->type == LOG_MARK ? rec->detail < MARK_BEGIN ||
					    rec->detail > MARK_MARK :
				    rec->detail != 0)
		return "it has an unknown detail";
	bad = bad_range(&r->header, rec);
	if (!bad)
		bad = bad_payload(rec);
	if (!bad)
		bad = bad_command(rec);
	return bad;
}

/* 0, 1 where the hash matches, or -errno. */
static int payload_matches(struct log_reader *r, const struct log_record *rec,
			   uint64_t offset, struct error *e)
{
	const unsigned char *p;
	size_t left = rec->payload;
	XXH3_state_t *hash;
	ssize_t n = 0;
	int match;

	if (left <= WINDOW_SIZE) {
		n = peek(r, offset, left, &p, e);
		return n < 0 ? (int)n :
			       XXH3_64bits(p, left) == rec->payload_hash;
	}
	hash = XXH3_createState();
	if (!hash)
		abort();
	XXH3_64bits_reset(hash);
	for (; left; left -= (size_t)n, offset += (uint64_t)n) {
		n = peek(r, offset, left, &p, e);
		if (n < 0)
			break;
		XXH3_64bits_update(hash, p, (size_t)n);
	}
	match = XXH3_64bits_digest(hash) == rec->payload_hash;
	XXH3_freeState(hash);
	return n < 0 ? (int)n : match;
}

int log_next(struct log_reader *r, struct log_record *ret,
	     uint64_t *ret_payload_offset, struct error *e)
{
	uint64_t left = r->size - r->offset;
	const unsigned char *p;
	struct log_record rec;
	const char *bad;
	ssize_t n;
	int match;

	if (!left || r->torn)
		return 0;
	if (r->sealed)
		return damaged(r, e, "it stands behind the end");
	if (left < sizeof(rec)) {
		r->torn = 1;
		return 0;
	}
	n = peek(r, r->offset, sizeof(rec), &p, e);
	if (n < 0)
		return (int)n;
	memcpy(&rec, p, sizeof(rec));
	bad = bad_record(r, &rec);
	if (bad)
		return damaged(r, e, bad);
	if (rec.payload > left - sizeof(rec)) {
		r->torn = 1;
		return 0;
	}
	match = payload_matches(r, &rec, r->offset + sizeof(rec), e);
	if (match < 0)
		return match;
	if (!match)
		return damaged(r, e, "the hash of its payload does not match");
	*ret = rec;
	if (ret_payload_offset)
		*ret_payload_offset = r->offset + sizeof(rec);
	r->offset += sizeof(rec) + rec.payload;
	r->position++;
	r->sealed = rec.type == LOG_END;
	return 1;
}

int log_sealed(const struct log_reader *r)
{
	return r->sealed;
}

void log_reader_free(struct log_reader *r)
{
	if (!r)
		return;
	close(r->fd);
	free(r->path);
	free(r);
}
