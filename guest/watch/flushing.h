/*
 * One thread through which its process's buffers are flushed (buffers.h), one
 * function after the other. Each flush is told as a call with `injected` set, and
 * one that cannot be done as a call that failed. What the functions themselves
 * call is told as any other call of the thread.
 */
#ifndef GUEST_WATCH_FLUSHING_H
#define GUEST_WATCH_FLUSHING_H

#include <stdint.h>

#include "guest/watch/buffers.h"
#include "guest/watch/inject.h"

struct task;

enum flushing_step {
	FLUSHING_NOTHING, /* yet, or any more */
	FLUSHING_ASK_READY,
	FLUSHING_ASK_HELD,
	FLUSHING_HOLD,
	FLUSHING_RUN,
	FLUSHING_LET_GO,
	FLUSHING_STDIO,
};

struct flushing {
	struct buffers buffers;
	struct inject inject;
	enum flushing_step step; /* whose return is waited for */
	uint64_t lock;	   /* what Python said of its lock as it was taken */
	uint64_t sequence; /* of the flush that has been told and is not over; 0 */
	int late;	   /* told as failed already; goes on to its end */
};

/* Tells a flush that could not be done. error: negative errno. */
void flushing_tell_missed(struct watcher *w, struct task *t,
			  const struct buffers *b, int error);
/* The thread is stopped at such a place, and goes on. 1: it has a function to come
 * back from, 0: it is over. -errno: so it is, and the thread stays stopped. */
int flushing_start(struct watcher *w, struct task *t, enum inject_place place);
/* It has come back (inject_returned()). As flushing_start(). */
int flushing_returned(struct watcher *w, struct task *t);
/* It is not waited for any longer. */
void flushing_give_up(struct watcher *w, struct task *t);

#endif
