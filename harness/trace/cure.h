/*
 * Steps that are missing in a workload, done for it while it is recorded: to see
 * whether they are what is missing (explain --try-fix). The watcher in the guest
 * does them while the program stands still at the call, or has the program's own
 * functions do them; they are told as calls with `injected` set. Shared by the
 * host and the guest.
 */
#ifndef TRACE_CURE_H
#define TRACE_CURE_H

#include "trace/calls.h"

#define CURES_MAX 16

enum cure_when {
	CURE_AFTER_CALL = 1, /* each time such a call has succeeded */
	CURE_BEFORE_ACK,     /* before each ack: for the files of such calls since
			      * the ack before, under the names that they have
			      * then; of mmap, since the beginning */
};

enum cure_what {
	CURE_SYNC_FILE = 1, /* fdatasync of the file written, else fsync */
	CURE_SYNC_PARENT,   /* fsync of its folder (rename, link: of the new name's) */
	CURE_SYNC_FS,	    /* syncfs of its file system */
	CURE_FLUSH_BUFFERS, /* of all programs, and of no file: fflush and
			     * Python's flush. Only CURE_BEFORE_ACK, before what
			     * the other rules do then */
};

struct cure {
	enum cure_when when;
	enum cure_what what;
	enum call_kind call; /* 0: any that names a file */
	const char *path; /* as cure_matches(): of path or path2 of the call; NULL:
			   * any */
};

/* Digits match any digits, XXXXXX any six letters and digits (mkstemp(3)), all
 * else itself. */
int cure_matches(const char *pattern, const char *path);
/* A pattern for this path and its like in another run: what looks like mkstemp's
 * becomes XXXXXX. Caller frees. */
char *cure_pattern(const char *path);

#endif
