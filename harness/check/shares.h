/*
 * Who judges what: the items of a job, shared out among workers.
 *
 * Each worker begins with a run of neighbours, since moving the drive from one
 * state to the next costs the difference. One that has finished takes the rear
 * half of what the most loaded other one still has before it. Not thread-safe.
 */
#ifndef CHECK_SHARES_H
#define CHECK_SHARES_H

#include <stddef.h>

struct share {
	size_t next, end;
};

struct shares {
	struct share *of; /* each worker's */
	unsigned workers;
	size_t *returned; /* what a worker could not judge, for any other */
	size_t n_returned;
};

void shares_init(struct shares *s, unsigned workers, size_t items);
void shares_release(struct shares *s);

/* The worker's next item; 0: none is left. */
int shares_take(struct shares *s, unsigned worker, size_t *ret);
void shares_give_back(struct shares *s, size_t item);
size_t shares_left(const struct shares *s);
/* Nothing more is to be judged. */
void shares_clear(struct shares *s);

#endif
