/*
 * From a violated state to the smallest one with the same finding
 * (minimise.c).
 */
#ifndef EXPLAIN_MINIMISE_H
#define EXPLAIN_MINIMISE_H

#include <stddef.h>
#include <stdint.h>

#include "drive/history.h"
#include "states/states.h"

struct error;

struct minimise_request {
	struct state_space *space;
	const struct history *history;
	const char *state; /* CUT:SURVIVORS */
	uint64_t window_ns; /* what the scenario may lose, or 0 */
	uint64_t budget;   /* states that are judged at most; at least 2 */
	size_t batch;      /* that are given to judge() at a time; at least 1 */
	/*
	 * Judges n states: shows[i] is set to whether state i shows the finding
	 * (and not another one). The very first call is for the state itself.
	 * Returns other than 0 to end the search with it.
	 */
	int (*judge)(const struct state *states, size_t n, int *shows,
		     void *arg, struct error *e);
	void *arg;
};

/* A write that the state has lost somewhere. */
struct minimised_loss {
	uint64_t number; /* as in w120 */
	enum log_type type;
	uint64_t offset, length; /* bytes */
	char *survival; /* "lost", "survived in units 0-6, lost in unit 7" */
};

struct minimised {
	char *state;  /* CUT:SURVIVORS, canonical; NULL: not one was judged */
	struct minimised_loss *losses;
	size_t n_losses;
	uint64_t lost_before; /* writes lost in the state at the beginning */
	uint64_t judgements;  /* states judged */
	/* The state at the beginning showed the finding when judged again. 0:
	 * it did not, and the search did not begin. */
	int reproduced;
	/* No lost write, and no lost unit of a torn one, can be given back:
	 * each such state was judged (or is the same as one that was) and does
	 * not show the finding, or is not legal. */
	int one_minimal;
	/* At no earlier write, flush or mark does losing the same writes show
	 * it, as far as they were made by then: all were judged. */
	int earliest;
	/* Judged once more at the end, the state shows it again. */
	int stable;
};
void minimised_release(struct minimised *m);

/*
 * Blocks as long as the judging takes. -EINVAL: no such state. What judge()
 * returned ends the search, with *ret filled as far as it came: then its state
 * is the smallest that was seen to show the finding, and one_minimal, earliest,
 * stable say no.
 */
int minimise(const struct minimise_request *r, struct minimised *ret,
	     struct error *e);

#endif
