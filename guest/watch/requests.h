/*
 * What a process has asked the kernel for and does not wait for in a call: told as
 * the system calls that do the same, which are under way beside each other.
 *
 * Each begins, as it is told, when it is submitted, or when those have ended that it
 * has to wait for. It ends when that is seen; whoever has it looks at each stop of any
 * watched thread, so before the program can have said what it knows from there.
 */
#ifndef GUEST_WATCH_REQUESTS_H
#define GUEST_WATCH_REQUESTS_H

#include "guest/watch/internal.h"

struct request;

/* Zeroes are an empty one. */
struct requests {
	struct request *first; /* in the order in which they were submitted */
	uint64_t numbers;      /* so many so far */
};

struct request_entry {
	uint64_t key; /* by which its end is known */
	const struct call_type *type; /* NULL: it changes no file */
	const uint64_t *args;
	enum record_by by;
	int linked; /* waits for the one before */
	int drains; /* waits for all before */
};

/* 1, or 0: it cannot be told apart from one that is under way. */
int requests_add(struct watcher *w, struct task *t, struct requests *r,
		 const struct request_entry *e,
		 const struct user_regs_struct *regs);
/* more: it goes on, and this was not its result. Of what was not submitted here
 * nothing is told. */
void requests_end(struct watcher *w, struct requests *r, uint64_t key,
		  int64_t result, int more);
/* Those from that number on were not taken: 1 is the first of all. */
void requests_refuse(struct watcher *w, struct requests *r, uint64_t from);
/* Forgets them; of none an end will be told. */
void requests_release(struct requests *r);

#endif
