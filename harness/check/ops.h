/*
 * Where a worker of the pool judges: in a guest (check/checker.h), or on the
 * kernel of this machine (host/host.h). Both keep the table of verdicts in
 * check/checker.h.
 *
 * All calls of one checker come from the thread that started it.
 */
#ifndef CHECK_OPS_H
#define CHECK_OPS_H

#include "check/checker.h"

struct checker_ops {
	/* Whether it can show a device that is dead after the cut; else such
	 * states are told as unknown. */
	int shows_dead;
	int (*start)(const struct checker_config *c, void **ret,
		     struct error *e);
	int (*load)(void *checker, const struct subject *subject,
		    struct error *e);
	int (*judge)(void *checker, const struct state *state,
		     const struct buf *acks, const struct buf *begun,
		     struct judgement *ret);
	/* NULL: it cannot tell what a state's judging reads. */
	void (*watch)(void *checker, struct watch *watch);
	void (*stop)(void *checker); /* NULL is allowed */
	/* How many guests it has had. And: throws the guest away for a fresh
	 * one, with the subject loaded. Both NULL where there is no guest, or
	 * none that could go bad: it is not watched then (canary.h). */
	unsigned (*guests)(void *checker);
	int (*renew)(void *checker, struct error *e);
};

extern const struct checker_ops checker_in_guest;

#endif
