/* Calls about requests, of whichever kind: uring.h, aio.h. */
#ifndef GUEST_WATCH_ASKED_H
#define GUEST_WATCH_ASKED_H

#include "guest/watch/internal.h"

/* The task is stopped before a call. 1: it is about requests, all that it submits is
 * told, and its return is to be seen; 0: it is not, or not all can be followed. */
int asked_enter(struct watcher *w, struct task *t,
		const struct call_type *type,
		const struct user_regs_struct *regs);
/* It has returned from a call, such a one or another. */
void asked_exit(struct watcher *w, struct task *t, int64_t result);
/* Tells of all requests that have been completed so far. */
void asked_look(struct watcher *w);
/* The process has none any more. */
void asked_forget(struct watcher *w, pid_t process);

#endif
