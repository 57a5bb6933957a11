/*
 * The journey of data through the six layers: what the workload asked for
 * (trace/calls.h), what the kernel did with it (trace/layers.h), what the drive
 * accepted (its log), and what a crash state kept; in one order, the guest's clock.
 *
 * An operation is one thing that the workload changed: bytes of a file, a size, a
 * name, an attribute. Where it stood at a cut, and whether a state has it on the
 * media, is its standing (standing.h). Nothing is guessed: a standing that cannot
 * be told is NOT_KNOWN, and says why.
 */
#ifndef JOURNEY_JOURNEY_H
#define JOURNEY_JOURNEY_H

#include <stddef.h>
#include <stdint.h>

#include "drive/history.h"
#include "drive/model.h"
#include "journey/ext4.h"
#include "states/states.h"
#include "trace/calls.h"
#include "trace/layers.h"

struct error;

#define TIME_NEVER UINT64_MAX

enum operation_kind {
	OPERATION_WRITE = 1, /* bytes of a file: offset, length */
	OPERATION_STORE,     /* the same, into mapped memory: pages */
	OPERATION_SIZE,      /* truncate, fallocate: the size `length` */
	OPERATION_NAME,      /* create, rename, link, unlink, mkdir, ... */
	OPERATION_ATTRIBUTE,
};

struct journey_mark;

struct operation {
	enum operation_kind kind;
	const struct call *call; /* of a store: the mmap */
	uint64_t inode;          /* 0: not known */
	uint64_t offset, length; /* bytes; offset CALL_NOWHERE: not known */
	uint64_t parent;  /* of a name: the directory that must be synced */
	uint64_t parent2; /* of a rename that crosses directories: the other one;
			   * else 0 */
	const char *path; /* of the file; of a rename or link the new one.
			   * Borrowed */
	int32_t tid;      /* of a store: who touched the page first */
	uint64_t enter_ns, exit_ns; /* TIME_NEVER: had not returned */
	uint64_t copied_ns; /* when its bytes had been copied; TIME_NEVER: they
			     * were not */
	uint64_t transaction; /* of ext4's journal, the last that the call
			       * joined; 0: not seen */
	const struct journey_mark *owner; /* the begin of the same thread that
			   * was not acknowledged yet; NULL: none */
	uint64_t gone_ns; /* from when on it does not matter any more: its file
			   * unlinked or replaced, its bytes cut off;
			   * TIME_NEVER */
	const struct call *replaced_by; /* the rename that made it so; NULL:
			   * another call did */
};

/* A mark of the log with the call that sent it. */
struct journey_mark {
	const struct mark *mark;
	const struct call *call; /* NULL: not seen */
};

/* A place in both orders: the log's and the guest's. */
struct anchor {
	uint64_t position, guest_ns;
};

struct journey_input {
	const struct history *history; /* joined with the trace */
	struct state_space *space;     /* NULL: durable_of alone (tests) */
	const struct cache_model *model;
	const struct calls *calls;
	const struct layers *layers; /* NULL: there are none */
	const char *filesystem, *mount_options;
	/* The disk that the recording began with; NULL: nobody can read it. */
	journal_read_fn *base;
	void *base_arg;
};

struct journey {
	struct journey_input in;
	struct operation *operations; /* by enter_ns */
	size_t n_operations;
	struct journey_mark *marks; /* as in the history */
	struct anchor *anchors;     /* by position, guest_ns ascending too */
	size_t n_anchors;
	uint64_t *durable; /* per command, of the model */
	int log_fd; /* of the drive's log, for its data; -1: cannot be read */
	struct ext4 ext4;
	int has_ext4;
	struct journal journal; /* of XFS; n 0: none, or not known */
	char *doubt; /* why less than everything is known, or NULL */
};

/*
 * Everything in `in` is borrowed until journey_release. -ENODATA: nothing can be
 * said, since the calls were not traced or some were lost; the message says
 * which.
 */
int journey_make(const struct journey_input *in, struct journey *ret,
		 struct error *e);
void journey_release(struct journey *j);

/* clock.c: what time it was in the guest when the log had reached that position.
 * 0: not known. */
uint64_t journey_time(const struct journey *j, uint64_t position);
void journey_find_anchors(struct journey *j);
/* The k-th call of a kind and text is the k-th mark of it. */
void journey_join_marks(struct journey *j);

/* operations.c */
void journey_find_operations(struct journey *j);

/* syncs.c: the first sync that returned 0 and covers the operation: entered
 * after `from_ns`, returned until `until_ns`. NULL: none. For a name: of its
 * directory, or the whole file system. */
const struct call *journey_sync(const struct journey *j,
				const struct operation *o, uint64_t from_ns,
				uint64_t until_ns);
/* The same, but one that failed. */
const struct call *journey_failed_sync(const struct journey *j,
				       const struct operation *o,
				       uint64_t from_ns, uint64_t until_ns);
/* Whether the call is a sync of what the operation changed, whatever it
 * returned. */
int sync_covers(const struct call *c, const struct operation *o);
/* Whether the call began when the operation had ended. */
int journey_is_after(const struct call *c, const struct operation *o);
/* Whether the write itself is synchronous: O_SYNC, O_DSYNC. */
int operation_is_synchronous(const struct operation *o);

/* The first event at that time or later. */
size_t layers_from(const struct layers *l, uint64_t time_ns);

/* Whether the words of a comma separated list of options have this one. */
int mount_has(const char *options, const char *option);
/* Options that keep a file system from sending flushes, NULL at the end (Linux:
 * Documentation/admin-guide/ext4.rst). */
extern const char *const mount_no_barrier[];

#endif
