/*
 * CURE_FLUSH_BUFFERS: before an ack, the buffers of all programs are flushed. Who
 * acks may be a messenger, so it is done in every process that is watched, by
 * one thread each: that of the ack, the first one of the others, or, where that one
 * stands before an ack itself, there.
 *
 * One ack at a time. Its thread stands still until all are done, and so does
 * that of every other ack. A process is left alone, and told as one that could not be
 * flushed, if its first thread does not come to a call in which programs wait
 * within some seconds (in any other it may be in the middle of a flush), and a
 * fork whose parent lives: it has a copy of the parent's buffers, which would be
 * written twice. Nothing here waits: the watcher's loop says what has happened.
 */
#ifndef GUEST_WATCH_FLUSH_H
#define GUEST_WATCH_FLUSH_H

#include <stdint.h>
#include <sys/types.h>

struct task;
struct watcher;

/* How long a process is waited for; less for a test of that. */
extern uint64_t flush_wait_ns;

/* Whether the thread, stopped before an ack, must wait for flushes first. */
int flush_is_due(const struct watcher *w, const struct task *t);
/* It waits: it is not let go on. */
void flush_hold(struct watcher *w, struct task *t);
/* A thread that waits and may go on with its ack now; 0: none. To be asked after
 * all that follows, until there is none. */
pid_t flush_next(struct watcher *w);

/* Stopped by PTRACE_INTERRUPT, or with a SIGSEGV. 1: it was for a flush, and the
 * thread goes on. */
int flush_interrupted(struct watcher *w, struct task *t);
int flush_fault(struct watcher *w, struct task *t);
/* SIGALRM has come, as it does as long as something is to be done. Not to be asked
 * more often: a thread must get somewhere between two interruptions. */
void flush_tick(struct watcher *w);
/* The thread is gone. */
void flush_forget(struct watcher *w, struct task *t);

#endif
