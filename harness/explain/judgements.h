/*
 * Which of some states show a finding: each is judged once, several at a time, as
 * long as the budget lasts.
 */
#ifndef EXPLAIN_JUDGEMENTS_H
#define EXPLAIN_JUDGEMENTS_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "states/states.h"

struct buf;
struct error;
struct history;

/* The budget is used up; nothing else returns it. */
#define JUDGEMENTS_ENOUGH (-EDQUOT)

struct judgements {
	struct state_space *space;
	const struct history *history;
	uint64_t window_ns; /* what the scenario may lose, or 0 */
	uint64_t budget;    /* states that are judged at most; at least 2 */
	size_t batch;	    /* that are given to judge() at a time; at least 1 */
	/* As in struct minimise_request. */
	int (*judge)(const struct state *states, size_t n, int *shows,
		     void *arg, struct error *e);
	void *arg;
	uint64_t made; /* so far; 0 to begin with */
	void *known;   /* tsearch tree; NULL to begin with */
};
void judgements_release(struct judgements *j);

/* States in line. Where the space does not take a name (-EINVAL), the state is
 * not legal: it does not show the finding, and costs nothing. */
struct candidates {
	size_t n;
	/* Appends the name of candidate i, CUT:SURVIVORS. */
	void (*name)(size_t i, const void *arg, struct buf *ret);
	const void *arg;
};

/*
 * The first candidate that shows the finding; n: none does. One judgement is
 * kept back for judgements_again(). JUDGEMENTS_ENOUGH: the rest could not be
 * judged; else what judge() returned.
 */
int judgements_first(struct judgements *j, const struct candidates *c,
		     size_t *ret, struct error *e);
/* Judges the state, whatever is known of it. */
int judgements_again(struct judgements *j, const char *name, int *ret_shows,
		     struct error *e);

#endif
