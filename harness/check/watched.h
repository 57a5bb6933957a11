/*
 * One worker's judging under watch of the canaries (canary.h).
 *
 * A verdict is held back until the guest that gave it is shown to be good still:
 * the canaries are judged again after some states, more and more of them as long
 * as all is well, and at the end. If they come out different, the guest has
 * drifted: what is held back is thrown away and judged again in a fresh guest,
 * which must say of the canaries what is known of them; if it does not, it is
 * the check that gives no steady verdict, and that is the job's to tell.
 *
 * Held back no longer than that: verdicts of a state that took the guest with it
 * (two guests were lost to it) and unknown ones that are our own failure; they
 * claim nothing about a warm guest. What a guest that was lost has judged since
 * the last canary is judged again.
 *
 * Used by one thread.
 */
#ifndef CHECK_WATCHED_H
#define CHECK_WATCHED_H

#include "check/canary.h"
#include "check/pool.h"

struct watched;

struct watched_config {
	const struct checker_ops *ops;
	void *checker;
	const struct subject *subject;
	struct canaries *canaries; /* shared with other workers */
	/* A verdict to believe. */
	void (*report)(const struct item *item, const struct state *state,
		       const struct judgement *j, void *arg);
	void *arg;
};

/* Asks the canaries first. An error: the checker is done for. */
int watched_start(const struct watched_config *c, struct watched **ret,
		  struct error *e);
/* Judges an item; reports it, or holds it back. *item must live until then. An
 * error: -ECANCELED, or the checker is done for. */
int watched_judge(struct watched *w, const struct item *item,
		  struct error *e);
/* Until nothing is held back. */
int watched_settle(struct watched *w, struct error *e);

/* Adds. */
void watched_count(const struct watched *w, struct watch_counts *sum);

/* Calls fn for each item that is still without a reported verdict, frees. NULL
 * is allowed. */
void watched_free(struct watched *w,
		  void (*fn)(const struct item *item, void *arg), void *arg);

#endif
