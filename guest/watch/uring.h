/*
 * io_uring: calls that a program makes by writing them into memory.
 *
 * Program and kernel share two queues. What is submitted is read out of the
 * program's memory where io_uring_enter(2) is stopped at, before the kernel reads
 * it, and each entry is told as the system call that does the same. That it has
 * been done is seen in the other queue, at each stop of any watched thread: what
 * was completed is told as returned at the latest when the program can have known
 * it, so before anything that it does because of it. An entry that is linked to the
 * one before, or that waits for all before it (drain), begins as that has ended.
 *
 * What cannot be followed is told as opaque: queues that the kernel polls by itself
 * (IORING_SETUP_SQPOLL) or that are memory of the program's own (NO_MMAP),
 * registered files, which have no descriptor, entries whose success is not told, and
 * entries that cannot be told apart, for they have the same user_data.
 */
#ifndef GUEST_WATCH_URING_H
#define GUEST_WATCH_URING_H

#include "guest/watch/internal.h"

/* The task is stopped before a call. 1: it is about an io_uring, and its return is to
 * be seen; 0: it is not, or cannot be followed. */
int uring_enter(struct watcher *w, struct task *t,
		const struct call_type *type,
		const struct user_regs_struct *regs);
/* It has returned from it, or from another call. */
void uring_exit(struct watcher *w, struct task *t, int64_t result);
/* Tells of all that have been completed so far. */
void uring_look(struct watcher *w);
/* The process has none any more. */
void uring_forget(struct watcher *w, pid_t process);

#endif
