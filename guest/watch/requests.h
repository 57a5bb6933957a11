/*
 * What a process has asked the kernel for and does not wait for in a call: told as
 * the system calls that do the same, which are under way beside each other.
 *
 * Each is told with the time at which it was submitted. It begins then, or when those
 * have ended that it has to wait for; that is told, too, for when it was exactly is not
 * seen: the earliest time is told. It ends when that is seen. Whoever has the queue
 * looks at each stop of any watched thread, so before the program can have said
 * what it knows from there.
 */
#ifndef GUEST_WATCH_REQUESTS_H
#define GUEST_WATCH_REQUESTS_H

#include <linux/fs.h>

#include "guest/watch/internal.h"

/* Flags with which a write is the same as without. */
#define REQUEST_SAME_EFFECT ((uint32_t)(RWF_HIPRI | RWF_NOWAIT))

struct request;

/* Zeroes are an empty queue. */
struct requests {
	struct request *first, *last; /* as they were submitted */
	uint64_t id;	    /* 0: none yet */
	uint64_t numbers;   /* so many so far */
	uint64_t drained;   /* number of the last that drains, which all later ones
			     * wait for; 0: none */
	uint64_t looked_ns; /* when the ends were looked for the last time */
	unsigned int waiting; /* have not begun */
};

struct request_entry {
	uint64_t key; /* by which its end is known */
	const struct call_type *type; /* NULL: it changes no file */
	const uint64_t *args;
	enum record_by by;
	int linked; /* waits for the one before */
	int drains; /* waits for all before */
};

/* 1, or 0: it cannot be told apart from one that is under way, or what it is about
 * depends on such a one. */
int requests_add(struct watcher *w, struct task *t, struct requests *r,
		 const struct request_entry *e,
		 const struct user_regs_struct *regs);
/* more: it goes on, and this was not its result. Of what was not submitted here
 * nothing is told. */
void requests_end(struct watcher *w, struct requests *r, uint64_t key,
		  int64_t result, int more);
/* All ends have been told that are there. */
void requests_looked(struct requests *r);
/* Those from that number on were not taken: 1 is the first of all. */
void requests_refuse(struct watcher *w, struct requests *r, uint64_t from);
/* Forgets them; of none an end will be told. */
void requests_release(struct watcher *w, struct requests *r);

#endif
