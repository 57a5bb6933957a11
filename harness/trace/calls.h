/*
 * What the workload asked of the test file system: layers 1 and 2 of a write.
 *
 * In the guest a tracer of its own (guest/watch/watch.h) follows the workload and all
 * its children with ptrace(2); a seccomp filter stops them only at calls that
 * can change or sync something. Its records travel in the trace file
 * (TRACE_CALL); all times are the guest's CLOCK_MONOTONIC, which is the clock of its
 * tracepoints too ("mono"), so both can be put in one order.
 *
 * What cannot be seen here is counted, never guessed: stores into mapped memory
 * (the page they make dirty is seen in layers.h), requests of an io_uring or of aio
 * that the watcher cannot follow (the call is told as CALL_OPAQUE, they are not).
 */
#ifndef TRACE_CALLS_H
#define TRACE_CALLS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct error;

enum call_kind {
	CALL_OPEN = 1, /* creates or truncates (O_CREAT of a new file, O_TRUNC,
			* creat); other opens are not told */
	CALL_WRITE,    /* write, pwrite64, writev, pwritev, pwritev2,
			* copy_file_range, sendfile, splice: into the file */
	CALL_MAP,      /* mmap, shared and writable: offset, length */
	CALL_SYNC,     /* fsync */
	CALL_DATASYNC, /* fdatasync */
	CALL_SYNC_RANGE, /* sync_file_range, msync without MS_SYNC: make nothing
			  * durable */
	CALL_SYNC_FS,  /* syncfs, sync: of the whole file system */
	CALL_MSYNC,    /* msync with MS_SYNC; offset and length in the file */
	CALL_RENAME,   /* path -> path2 */
	CALL_LINK,     /* path is the old name, path2 the new one */
	CALL_UNLINK,
	CALL_SYMLINK,  /* path is the new name, path2 what stands in it */
	CALL_MKDIR,
	CALL_RMDIR,
	CALL_TRUNCATE, /* truncate, ftruncate: length is the new size */
	CALL_ALLOCATE, /* fallocate: offset, length, flags are its mode */
	CALL_ATTRIBUTE, /* setxattr and removexattr, chmod, chown, utimes */
	CALL_MARK,     /* a mark on its way to the drive: path is "begin", "ack" or
			* "mark", path2 its text */
	CALL_OPAQUE,   /* io_uring_enter, io_submit: what it did is not known */
	CALL_FLUSH,    /* no system call: a function that powercut called in the
			* program, by enum flush_way in `syscall` */
	CALL_KINDS
};
/* Whose buffers a CALL_FLUSH hands to the kernel. */
enum flush_way {
	FLUSH_STDIO = 1, /* the C library's */
	FLUSH_PYTHON,
};
/* open write mmap fsync fdatasync ... : the word for reports. */
const char *call_kind_name(enum call_kind k);

/* An address of the user's stack, innermost first: each is where the program goes
 * on, the call itself stands right before it. */
struct call_frame {
	uint64_t address; /* within the object's file, as its symbols have it */
	char *object;     /* path of the executable or library in the guest */
};

/* Where a call's file offset is not known (append to a pipe-like thing). */
#define CALL_NOWHERE UINT64_MAX

struct call {
	uint64_t number;   /* 1.., in the order of entry */
	uint64_t enter_ns; /* guest CLOCK_MONOTONIC */
	uint64_t exit_ns;  /* 0: had not returned when the trace ended */
	enum call_kind kind;
	uint32_t syscall;  /* number on x86-64; CALL_FLUSH: enum flush_way */
	const char *name;  /* of the system call, such as pwrite64, or such as
			    * "io_uring write"; static */
	int32_t pid, tid;  /* as tracepoints have them */
	char program[16];  /* comm */
	int64_t result;    /* bytes, 0, or a negative errno; meaningless while
			    * exit_ns is 0 */
	uint64_t inode;    /* of the file, or of the directory it is about; 0:
			    * not known */
	uint64_t inode2;   /* rename, link: of what path2 named before, 0: none;
			    * open, mkdir, unlink, ...: of the parent directory */
	uint64_t parent, parent2; /* inodes of the directories in which path and
			    * path2 stand; 0: not known */
	char *path, *path2; /* absolute, in the guest, when the call was made;
			    * "" where there is none. Owned */
	uint32_t file_flags; /* O_APPEND, O_DIRECT, O_SYNC, O_DSYNC of the open
			    * file; of an open, of the new one */
	uint32_t flags;    /* of the call itself: open's, fallocate's mode, ... */
	uint64_t offset;   /* in the file, bytes; CALL_NOWHERE */
	uint64_t length;   /* bytes asked for; of a truncate the new size */
	uint64_t old_size; /* of the file before, bytes */
	uint64_t hash;     /* XXH3-64 of the bytes written, 0: not taken (more
			    * than 16 MiB, or not readable) */
	unsigned char head[64]; /* the first bytes written */
	uint32_t head_length;
	int injected;      /* not the program's: a sync or a flush that --try-fix
			    * added */
	/* The kernel made it, for the thread had asked for it through io_uring or
	 * aio, when that was; 0: the thread made it. It began at enter_ns at the
	 * earliest, and when those of its queue had ended whose order is in [from,
	 * order) or [1, until]; it had ended by exit_ns. */
	uint64_t asked_ns;
	uint64_t queue, order, from, until;
	struct call_frame *frames;
	size_t n_frames;
};

/* Where a file's bytes stand on the drive, as FIEMAP says. */
struct call_extent {
	uint64_t time_ns;  /* when it was asked */
	uint64_t inode;
	uint64_t logical, physical, length; /* bytes */
	uint32_t flags;    /* FIEMAP_EXTENT_... */
};

struct calls {
	struct call *calls; /* by number */
	size_t n;
	struct call_extent *extents; /* in the order in which they were asked */
	size_t n_extents;
	uint64_t lost;    /* records known to be lost */
	int traced;       /* the tracer ran at all */
	int ended;        /* it said that all was told up to the end */
	int mapped;       /* extents are offsets on the disk; 0: this file
			   * system does not tell (btrfs: there are none) */
	int rested;       /* the extents of all files as they were at the end are
			   * among them */
	uint64_t device;  /* of the test file system in the guest, as
			   * tracepoints have it: major << 20 | minor; 0: none */
};

/* Reads them out of a trace file. -EBADMSG as trace_load. */
int calls_load(const char *path, struct calls **ret, struct error *e);
int calls_read(FILE *f, const char *name, struct calls **ret, struct error *e);
void calls_free(struct calls *c);
/* Both were asked for, and it could not begin before the other one had ended. */
int call_waited_for(const struct call *c, const struct call *other);

#endif
