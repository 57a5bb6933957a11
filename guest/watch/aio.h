/*
 * io_submit(2), what libaio is made of: its requests, told as the system calls that do
 * the same. What has been completed stands in a ring that the kernel maps into the
 * process, at the context's address, and stays there until it is overwritten.
 */
#ifndef GUEST_WATCH_AIO_H
#define GUEST_WATCH_AIO_H

#include "guest/watch/internal.h"

/* The task is stopped before io_submit(2). 1: all that it submits is told, and its
 * return is to be seen; 0: not all is known. */
int aio_enter(struct watcher *w, struct task *t,
	      const struct user_regs_struct *regs);
/* It has returned from it. */
void aio_exit(struct watcher *w, struct task *t, int64_t result);
/* Tells of all that have been completed so far. */
void aio_look(struct watcher *w);
/* The process has none any more. */
void aio_forget(struct watcher *w, pid_t process);

#endif
