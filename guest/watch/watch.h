/*
 * Watches what the workload asks of the test file system: system calls, with
 * their data's hash, the paths and the stacks (trace/calls.h).
 *
 * A process of its own, the watcher, seizes the program with ptrace(2) before it
 * is executed, and all its children after it. A seccomp filter stops them only
 * at calls that may matter, so all the rest runs at full speed. The program
 * stays PID 1's child. The watcher ends with the last of them; should it end
 * otherwise, the kernel kills all of them (PTRACE_O_EXITKILL): the recording then
 * shows a program that was killed, and never one that was half watched.
 *
 * The watcher's records come through shared memory (ring.h) to PID 1, which
 * sends them on in the stream TRACE_CALLS. While nobody takes them, the watcher
 * waits, and the workload with it: records are not dropped.
 */
#ifndef GUEST_WATCH_H
#define GUEST_WATCH_H

#include <stdint.h>
#include <sys/types.h>

#include "trace/cure.h"

struct buf;
struct cursor;
struct frames;
struct record_ring;

#define WATCH_FRAMES 32	/* of a stack */
#define WATCH_OBJECT_NAME 1000 /* longest name of an object in it */

#define CURES_DUE 64 /* files that an ack waits for */

struct cure_list {
	struct cure rules[CURES_MAX]; /* paths: of the request */
	unsigned int n;
	struct cure_due {
		unsigned int rule;
		enum call_kind call;
		char *path;
	} due[CURES_DUE];
	unsigned int n_due;
};

/* Takes n of them out of a request. 0 or -EPROTO. */
int cures_take(struct cursor *c, uint32_t n, struct cure_list *ret);

/* What is watched, and what is done about it. */
struct watch_target {
	dev_t device;	     /* st_dev of its files; 0: no file system */
	dev_t disk, marks;   /* st_rdev of the disk and of the mark device */
	uint64_t shown;	     /* of struct calls: device */
	int mapped;	     /* FIEMAP tells offsets on the disk */
	char mount[256];     /* as PID 1 sees it, "": no file system */
	struct cure_list cures;
};

/* A watcher's way to PID 1. */
struct watch_ring {
	struct record_ring *records;
	pid_t pid; /* 0: PID 1's own */
	int ended; /* no more will come */
	struct watch_ring *next;
};

struct watch {
	struct watch_ring *rings;
	uint64_t watchers; /* started so far */
	pid_t pid;  /* of the last one, 0: it has ended */
	int died;   /* one of them ended otherwise than it should */
};

/* A program's way to its watcher, from the fork to the execution. */
struct watch_line {
	int tell; /* the program writes its pid */
	int wait; /* and reads a byte: it is seized */
};

/* Whether this kernel has what it takes. */
int watch_possible(void);
/* Starts a watcher for a program about to be started. 0, or a positive errno with
 * details. */
int watch_start(struct watch *w, const struct cure_list *cures,
		struct watch_line *ret, struct buf *ret_text);
void watch_line_close(struct watch_line *l);
/* In the program's process, between vfork(2) and execve(2): waits until it is
 * seized, then installs the filter. 0 or a positive errno. */
int watch_enter(const struct watch_line *l);

/* Sends the records that are there, unless too much waits to be sent. */
void watch_pump(struct watch *w, struct frames *f);
/* Ends the watcher, if there is one, and with it all programs; sends all its
 * records. Waits at most a second. */
void watch_end(struct watch *w, struct frames *f);
/* A child of PID 1 has ended. 1: it was the watcher. */
int watch_collect(struct watch *w, pid_t pid, int status);

/* Whether the program that was killed died of its watcher's end. Waits a little for
 * the news of it. */
int watch_lost(struct watch *w);

/* A request's job, in the worker's thread: writes all back, then tells the
 * extents of all files. */
int watch_rest_request(const char *payload, size_t len, struct buf *ret_text);

#endif
