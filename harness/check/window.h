/* A documented loss: what `expect: loses: last N` allows. window.c says why it is
 * judged so. */
#ifndef CHECK_WINDOW_H
#define CHECK_WINDOW_H

#include <stdint.h>

#include "check/checker.h"

struct promises;

/* Shared by all who judge states of one recording; any thread. */
struct window {
	const struct promises *promises; /* of the recording; borrowed */
	uint64_t ns; /* acks that are older at the cut must not be lost */
	uint64_t oldest_ns; /* of the losses that were seen so far; window_judge()
			     * keeps it */
};

/* Judges the state once more with these promises: 0 with a judgement, or an
 * error that ends it all. */
typedef int (*window_judge_fn)(void *arg, const struct buf *acks,
			       const struct buf *begun, struct judgement *ret);

/*
 * A state was judged: *j, which is replaced by what it comes to with the window.
 * An error of fn is returned, with *j untouched.
 */
int window_judge(struct window *w, const struct cut *cut, window_judge_fn fn,
		 void *arg, struct judgement *j);

#endif
