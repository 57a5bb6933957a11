/*
 * What the chunks of the stream TRACE_CALLS hold, as the guest's watcher writes it and the
 * host reads it: records one after the other, each a struct call_record and
 * `length` bytes. Little endian, nothing aligned, nothing believed.
 *
 * A call is told twice: as it begins, and once it has returned. What had not
 * returned when the power went was told as well.
 */
#ifndef TRACE_CALLS_WIRE_H
#define TRACE_CALLS_WIRE_H

#include <stdint.h>

/* Of one record with its head, and of all records of a chunk; bytes. */
#define CALL_RECORD_MAX 45000
#define CALL_CHUNK_MAX 65536

struct call_record {
	uint32_t length; /* of what follows this head */
	uint16_t kind;	 /* enum call_record_kind */
	uint16_t reserved;
};

enum call_record_kind {
	RECORD_BEGIN = 1, /* struct record_begin: a watcher runs */
	RECORD_ENTER,	  /* struct record_enter, strings, frames */
	RECORD_EXIT,	  /* struct record_exit */
	RECORD_EXTENTS,	  /* struct record_extents, then n of record_extent */
	RECORD_END,	  /* struct record_end: it has told all */
	RECORD_REST,	  /* struct record_rest: the extents of all files have
			   * been told */
	RECORD_ASKED,	  /* struct record_asked, before RECORD_ENTER */
};

struct record_begin {
	uint64_t watcher; /* its number: the upper 24 bits of its sequences */
	uint64_t device;  /* struct calls */
	uint32_t mapped;
	uint32_t reserved;
};

/* Who made the call: the thread, unless one of these did. */
enum record_by {
	RECORD_BY_TRACER = 1, /* --try-fix added it */
	RECORD_BY_URING = 2,  /* the kernel, for an entry of an io_uring */
	RECORD_BY_AIO = 3,    /* the kernel, for a request of io_submit */
};

/* As the fields of struct call. Behind it: path, path2, n_objects paths (each
 * with its NUL), n_frames of struct record_frame. */
struct record_enter {
	uint64_t sequence; /* no other call has it */
	uint64_t enter_ns;
	uint32_t syscall, kind;
	int32_t pid, tid;
	char program[16];
	uint64_t inode, inode2, parent, parent2;
	uint64_t offset, length, old_size, hash;
	uint32_t file_flags, flags;
	uint32_t by; /* enum record_by */
	uint32_t head_length;
	unsigned char head[64];
	uint32_t n_objects, n_frames;
};

/* Of a call that was asked for and not made: it stands in a queue, and began when
 * those had ended that it had to wait for. */
struct record_asked {
	uint64_t sequence;
	uint64_t asked_ns;
	uint64_t queue;  /* no other watcher's or process's has that number */
	uint64_t order;  /* in the queue, 1.. */
	uint64_t from;	 /* had ended: those in [from, order) and [1, until] */
	uint64_t until;
};

struct record_frame {
	uint64_t address;
	uint32_t object; /* of the n_objects */
	uint32_t reserved;
};

enum record_exit_known {
	EXIT_INODE = 1,
	EXIT_OFFSET = 2,
	EXIT_HASH = 4,
	EXIT_FILE_FLAGS = 8,
};

/* What was not known, or different, before. */
struct record_exit {
	uint64_t sequence;
	uint64_t exit_ns;
	int64_t result;
	uint32_t known; /* enum record_exit_known: which of these count */
	uint32_t file_flags;
	uint64_t inode, offset, hash;
};

struct record_extents {
	uint64_t time_ns, inode;
	uint32_t n, reserved;
};

struct record_extent {
	uint64_t logical, physical, length;
	uint32_t flags, reserved;
};

struct record_end {
	uint64_t watcher;
	uint64_t records; /* sent before this one */
	uint64_t lost;	  /* calls that could not be told */
};

struct record_rest {
	uint64_t files;
	uint64_t lost; /* files whose extents could not be told */
};

#endif
