/*
 * The last record of the log at a time after ARM.
 *
 * A history holds no times of commands, so the log's headers are walked once.
 * The log has been read and verified when the history was loaded; here only
 * positions and lengths are checked again, and no payload is read.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "states/space.h"

/* The record at *offset, which moves behind its payload. */
static int next_record(int fd, uint64_t *offset, uint64_t position,
		       struct log_record *r)
{
	int err = pread_full(fd, r, sizeof(*r), *offset);

	if (err)
		return err;
	if (r->magic != LOG_RECORD_MAGIC || r->position != position)
		return -EBADMSG;
	*offset += sizeof(*r) + r->payload;
	return 0;
}

int cut_position_at_time(const struct history *h, uint64_t time_ns,
			 uint64_t *ret, struct error *e)
{
	CLEANUP_CLOSE int fd = open(h->log_path, O_RDONLY | O_CLOEXEC);
	uint64_t offset = sizeof(struct log_file_header), arm_ns = 0;
	uint64_t found = h->arm;

	if (fd < 0)
		return error_errno(e, errno, "cannot open %s", h->log_path);
	for (uint64_t i = 0; i <= cut_end_position(h); i++) {
		struct log_record r;
		int err = next_record(fd, &offset, i, &r);

		if (err)
			return error_errno(e, -err, "cannot read record %llu "
					   "of %s", (unsigned long long)i,
					   h->log_path);
		if (i == h->arm)
			arm_ns = r.time_ns;
		if (i <= h->arm)
			continue;
		if (r.time_ns > arm_ns && r.time_ns - arm_ns > time_ns)
			break;
		found = i;
	}
	*ret = found;
	return 0;
}
