/*
 * What calls returned, out of the kernel's own event (raw_syscalls:sys_exit,
 * perf_event_open(2)): a thread need not be stopped a second time for it. Where
 * stops are dear, that is half of what watching costs.
 *
 * The kernel writes the event into memory shared with the watcher, of the calls
 * of one list only (returns_has()). Each of those is stopped at as it begins, and
 * the watcher takes what is there at every stop: there is room for thousands more
 * than there can be. Should the kernel drop one all the same, its call is found
 * without a return, and told as lost.
 */
#ifndef GUEST_WATCH_RETURNS_H
#define GUEST_WATCH_RETURNS_H

#include <stdint.h>
#include <sys/types.h>

struct call_type;

struct returns;

struct returned {
	pid_t tid;
	uint32_t number;  /* of the system call */
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	int64_t result;
};

/* Whether the event tells of this call. */
int returns_has(const struct call_type *t);
/* NULL: this kernel has no such event, or it may not be looked at. */
struct returns *returns_open(void);
void returns_close(struct returns *r);
/* The next one; of one thread they come in order. 0: there are no more. */
int returns_take(struct returns *r, struct returned *ret);

#endif
