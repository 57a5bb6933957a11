/*
 * From dm-log-writes, or QEMU's blklogwrites, to the drive's log.
 *
 * Such a log is one list; it does not say what was in flight at the same time.
 * So each entry becomes a command that completes right after its submit:
 *
 * - a write, a write of nothing but zeroes (as write-zeroes, which the crash
 *   model treats alike), a discard; with FUA where the entry has it;
 * - a flush: what stands before it is durable. An entry with the flush flag and
 *   data is a flush, then the write (REQ_PREFLUSH). The device mapper itself
 *   sends the two one after the other, and its flush then carries the sector
 *   and the flags of the write, but no sectors: it is a flush and nothing else;
 * - a mark: "begin:TEXT", "ack:TEXT", or any other text as a plain mark. The
 *   mark DMLOG_END_MARK at the very end is dropped.
 *
 * What this costs. The kernel holds a write back until a flush takes it along,
 * and logs FUA writes and marks at once (export.c tells the order). So:
 *
 * - dm-log-writes: every state that is explored is one that the drive could
 *   have left: taken at the moment before the flush completed, writes before it
 *   were volatile, and all before them was durable. But not all such states are
 *   seen: at a mark or a FUA write, writes that waited then come later in the
 *   log. A loss is proved, "held" is worth less than that of our own recording.
 *   The exception is a write that a FUA write overwrote before a flush: the
 *   kernel logs the two the wrong way round, and nothing in the log tells.
 *   Both logs of the same commands, the kernel's and that of our drive below it,
 *   list the same flushes, FUA writes and marks and go through the same disks
 *   (ci/e2e/foreign-logs.t). They may differ between: the kernel's entries are
 *   bios, ours are requests, which the block layer may have merged of several;
 *   and a write that has completed counts for the kernel once the guest has
 *   heard of it, for us when the drive said so: a flush that is submitted
 *   meanwhile covers it, but the kernel logs it with the next one. That is
 *   never more than what is durable.
 * - blklogwrites records no FUA: a write that was durable looks volatile, and a
 *   loss that is found may be none. And it logs a flush after it completed:
 *   writes that completed meanwhile look durable too early, and a loss may be
 *   missed. Neither verdict is a proof (imported_caveat; harness/run keeps to
 *   it).
 *
 * Where the setup ends (BASE and ARM): behind the mark that the caller names,
 * else at the marks "powercut:base" and "powercut:arm", else before the first
 * entry. The image of the disk before the log becomes writes of the setup.
 * There are no times: all are 0.
 */
#include "interchange/interchange.h"

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
#include "interchange/dmlog.h"
#include "interchange/names.h"

#define CHUNK (1u << 20) /* of a write that is longer */
#define MARK_TEXT_MAX 4000 /* guest/include/mark-block.h */

struct importer {
	const struct import *import;
	struct dmlog_reader *in;
	struct log_writer *out;
	unsigned char *data; /* CHUNK bytes */
	uint64_t n;          /* entries read */
	int seen_fua, seen_mark;
	int based, armed, stopped;
	struct error *e;
};

static int refuse(struct importer *m, int err, const char *what)
{
	return error_set(m->e, err, "%s: entry %" PRIu64 ": %s",
			 m->import->file, m->n - 1, what);
}

/* ---- into the drive's log ---- */

static int append(struct importer *m, struct log_record *r, const void *data)
{
	int err = log_append(m->out, r, data, NULL);

	return err ? error_errno(m->e, -err, "cannot write the log") : 0;
}

static int append_event(struct importer *m, enum log_type type)
{
	struct log_record r = { .type = type };

	return append(m, &r, NULL);
}

static int append_command(struct importer *m, struct log_record r,
			  const void *data)
{
	struct log_record complete = { .type = LOG_COMPLETE };
	int err;

	r.command = complete.command = log_next_position(m->out);
	err = append(m, &r, data);
	return err ? err : append(m, &complete, NULL);
}

static int all_zero(const unsigned char *data, size_t len)
{
	return !len || (!data[0] && !memcmp(data, data + 1, len - 1));
}

/* What stands in m->data. */
static int append_data(struct importer *m, uint64_t offset, size_t len,
		       uint8_t flags)
{
	struct log_record r = { .type = LOG_WRITE,
				.flags = flags,
				.offset = offset,
				.length = len,
				.payload = (uint32_t)len };

	if (all_zero(m->data, len)) {
		r.type = LOG_ZEROES;
		r.payload = 0;
		return append_command(m, r, NULL);
	}
	return append_command(m, r, m->data);
}

static int append_arm(struct importer *m)
{
	int err = m->based ? 0 : append_event(m, LOG_BASE);

	m->based = m->armed = 1;
	return err ? err : append_event(m, LOG_ARM);
}

/* ---- entries ---- */

static int take_write(struct importer *m, const struct dmlog_entry *entry)
{
	uint8_t flags = entry->flags & DMLOG_FUA ? LOG_FUA : 0;

	for (uint64_t done = 0; done < entry->length;) {
		size_t n = CHUNK;
		int err;

		if (n > entry->length - done)
			n = (size_t)(entry->length - done);
		err = dmlog_read(m->in, entry->data + done, m->data, n, m->e);
		if (!err)
			err = append_data(m, entry->offset + done, n, flags);
		if (err)
			return err;
		done += n;
	}
	return 0;
}

static int take_change(struct importer *m, const struct dmlog_entry *entry)
{
	uint32_t block = m->import->block_size;
	struct log_record discard = { .type = LOG_DISCARD,
				      .offset = entry->offset,
				      .length = entry->length };

	if (entry->offset + entry->length > m->import->disk_size)
		return refuse(m, EINVAL, "it lies behind the end of the disk: "
			      "the scenario's drive.size is too small");
	if (entry->offset % block || entry->length % block)
		return refuse(m, EINVAL, "it is not in whole blocks: the "
			      "scenario's drive.block is too large");
	if (!(entry->flags & DMLOG_DISCARD))
		return take_write(m, entry);
	if (entry->flags & DMLOG_FUA)
		discard.flags = LOG_FUA;
	return append_command(m, discard, NULL);
}

/* 1: it was one of the marks that stand for a position. */
static int take_position(struct importer *m, const char *name)
{
	int err = 0;

	if (!strcmp(name, MARK_NAME_STOP)) {
		if (m->stopped)
			return refuse(m, EBADMSG, "a second " MARK_NAME_STOP);
		m->stopped = 1;
		err = append_event(m, LOG_STOP);
	} else if (m->import->from) {
		return !strcmp(name, MARK_NAME_BASE) ||
		       !strcmp(name, MARK_NAME_ARM);
	} else if (!strcmp(name, MARK_NAME_BASE)) {
		if (m->based)
			return refuse(m, EBADMSG, "a second " MARK_NAME_BASE);
		m->based = 1;
		err = append_event(m, LOG_BASE);
	} else if (!strcmp(name, MARK_NAME_ARM)) {
		if (m->armed)
			return refuse(m, EBADMSG, "a second " MARK_NAME_ARM);
		err = append_arm(m);
	} else {
		return 0;
	}
	return err ? err : 1;
}

static int take_mark(struct importer *m, const char *name)
{
	const char *text;
	struct log_record r = { .type = LOG_MARK,
				.detail = (uint16_t)mark_parse(name, &text) };
	size_t len = strlen(text);
	int err = take_position(m, name);

	if (err)
		return err < 0 ? err : 0;
	if (!strcmp(name, DMLOG_END_MARK) && m->n == dmlog_entries(m->in))
		return 0;
	if (len > MARK_TEXT_MAX)
		return refuse(m, EINVAL, "its text is too long");
	r.payload = (uint32_t)len;
	err = append(m, &r, len ? text : NULL);
	if (!err && m->import->from && !m->armed &&
	    !strcmp(m->import->from, name))
		err = append_arm(m);
	return err;
}

static int take_entry(struct importer *m, const struct dmlog_entry *entry)
{
	struct log_record flush = { .type = LOG_FLUSH };
	int err = 0;

	m->seen_fua |= !!(entry->flags & DMLOG_FUA);
	m->seen_mark |= !!(entry->flags & DMLOG_MARK);
	if (entry->flags & DMLOG_MARK)
		return take_mark(m, entry->mark);
	if (entry->flags & DMLOG_FLUSH)
		err = append_command(m, flush, NULL);
	return err || !entry->length ? err : take_change(m, entry);
}

/* ---- the disk before ---- */

static int take_base_chunk(struct importer *m, int fd, uint64_t offset,
			   size_t len)
{
	int err = pread_full(fd, m->data, len, offset);

	if (err)
		return error_errno(m->e, -err, "cannot read %s",
				   m->import->base);
	if (all_zero(m->data, len))
		return 0;
	return append_data(m, offset, len, 0);
}

static int take_base(struct importer *m)
{
	CLEANUP_CLOSE int fd = open(m->import->base, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	int err = 0;

	if (size < 0)
		return error_errno(m->e, errno, "cannot open %s",
				   m->import->base);
	if ((uint64_t)size > m->import->disk_size ||
	    (uint64_t)size % m->import->block_size)
		return error_set(m->e, EINVAL, "%s has %lld bytes, the "
				 "scenario's drive %" PRIu64, m->import->base,
				 (long long)size, m->import->disk_size);
	for (uint64_t at = 0; !err && at < (uint64_t)size; at += CHUNK)
		err = take_base_chunk(m, fd, at, (uint64_t)size - at < CHUNK ?
					  (size_t)((uint64_t)size - at) : CHUNK);
	return err;
}

/* ---- all of it ---- */

/* Whether the log says itself where its setup ends: read ahead. */
static int find_arm(const char *file, int *ret, struct error *e)
{
	struct dmlog_reader *r;
	struct dmlog_entry entry;
	int err = dmlog_open(file, &r, e);

	if (err)
		return err;
	while ((err = dmlog_next(r, &entry, e)) > 0)
		*ret |= entry.mark && !strcmp(entry.mark, MARK_NAME_ARM);
	dmlog_reader_free(r);
	return err;
}

static int take_all(struct importer *m)
{
	struct dmlog_entry entry;
	int arm_comes = 0, err = find_arm(m->import->file, &arm_comes, m->e);

	if (!err && m->import->base)
		err = take_base(m);
	if (!err && !arm_comes && !m->import->from)
		err = append_arm(m);
	while (!err && (err = dmlog_next(m->in, &entry, m->e)) > 0) {
		m->n++;
		err = take_entry(m, &entry);
	}
	if (err)
		return err;
	if (!m->armed)
		return error_set(m->e, EINVAL, "%s has no mark '%s'",
				 m->import->file, m->import->from);
	return m->stopped ? 0 : append_event(m, LOG_STOP);
}

static enum imported known_fua(const struct importer *m)
{
	switch (m->import->format) {
	case IMPORT_DM_LOG_WRITES:
		return IMPORTED_FUA;
	case IMPORT_BLKLOGWRITES:
		return IMPORTED_NO_FUA;
	case IMPORT_AUTO:
		break;
	}
	return m->seen_fua || m->seen_mark ? IMPORTED_FUA : IMPORTED_NO_FUA;
}

static int write_log(struct importer *m, const char *log_path)
{
	int err = log_create(log_path, m->import->disk_size,
			     m->import->block_size, &m->out, m->e);
	int close_err;

	if (err)
		return err;
	err = take_all(m);
	close_err = log_close(m->out, !err);
	if (!err && close_err)
		err = error_errno(m->e, -close_err, "cannot write %s",
				  log_path);
	if (err)
		unlink(log_path);
	return err;
}

int interchange_import(const struct import *i, const char *log_path,
		       enum imported *ret, struct error *e)
{
	struct importer m = { .import = i, .e = e };
	int err = dmlog_open(i->file, &m.in, e);

	if (err)
		return err;
	m.data = xmalloc(CHUNK);
	err = write_log(&m, log_path);
	if (!err)
		*ret = known_fua(&m);
	free(m.data);
	dmlog_reader_free(m.in);
	return err;
}
