/*
 * Recordings of others, and ours for others: the drive's log to and from the
 * format of dm-log-writes (interchange/dmlog.h). How the two orders map to each
 * other stands at the head of order.c and of import.c.
 */
#ifndef INTERCHANGE_INTERCHANGE_H
#define INTERCHANGE_INTERCHANGE_H

#include <stdint.h>

#include "drive/history.h"

struct error;

/* ---- out ---- */

/* The first `entries` entries of the log, replayed in order, give the state
 * p<position>:none. */
struct export_prefix {
	uint64_t entries, position;
};

struct exported {
	uint64_t entries, writes, fua, discards, flushes, marks;
	uint64_t zeroes;    /* of the writes: the drive's write-zeroes */
	uint64_t in_flight; /* at the end of the recording: not written */
	struct export_prefix *prefixes; /* owned; from ARM to the last cut */
	size_t n_prefixes;
};

/*
 * Writes the whole recording. FUA flags must be final; tear as for the states.
 * The file is made anew and is no log where this fails: -EFBIG a mark that is
 * longer than the format allows.
 */
int interchange_export(const struct history *h, uint32_t tear,
		       const char *path, struct exported *ret,
		       struct error *e);
void exported_release(struct exported *x);

/* ---- in ---- */

/* What an imported recording knows of FUA. */
enum imported {
	IMPORTED_NOT,    /* powercut recorded it itself */
	IMPORTED_FUA,    /* dm-log-writes */
	IMPORTED_NO_FUA, /* blklogwrites */
};

enum import_format {
	/* dm-log-writes if the log has a mark or FUA: the kernel ends each log
	 * with a mark. Else blklogwrites, which has neither. */
	IMPORT_AUTO,
	IMPORT_DM_LOG_WRITES,
	IMPORT_BLKLOGWRITES,
};

struct import {
	const char *file;
	enum import_format format;
	const char *base; /* image of the disk before the log, or NULL */
	const char *from; /* text of the mark that ends the setup, or NULL */
	uint64_t disk_size;
	uint32_t block_size;
};

/* Makes the drive's log at `log_path`. -EBADMSG: damaged; -EINVAL: it does not
 * fit the disk, or has no such mark. The log is removed where this fails. */
int interchange_import(const struct import *i, const char *log_path,
		       enum imported *ret, struct error *e);

/* The file `imported` in a recording's folder says that it is one. */
int imported_mark(const char *folder, enum imported what, struct error *e);
int imported_read(const char *folder, enum imported *ret, struct error *e);

/* What a verdict from such a recording is worth, for the reader of a report;
 * NULL for IMPORTED_NOT. */
const char *imported_caveat(enum imported what);

#endif
