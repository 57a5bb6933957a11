/*
 * Canaries: states whose verdict is known, judged again now and then. A warm
 * guest keeps kernel state from one crash state to the next, and nothing can
 * prove that it stays good; one that drifts gives wrong verdicts with a
 * straight face. But if it still says of the canaries what a fresh guest said,
 * what it said in between is believed.
 *
 * There are two, made from the job itself: the last cut's state that lost
 * nothing, which as a rule holds; and the first cut's emptiest state under the
 * last cut's promises, which as a rule is violated. So a guest that has come to
 * approve of everything is found as one that approves of nothing. What their
 * verdicts are does not matter, only that they stay.
 *
 * One set for all workers of a job. Thread-safe but for init and release.
 */
#ifndef CHECK_CANARY_H
#define CHECK_CANARY_H

#include <pthread.h>
#include <stdint.h>

#include "check/checker.h"
#include "check/ops.h"

#define CANARIES 2

struct canary {
	struct state state;
	struct buf acks, begun;
	enum {
		CANARY_NEW,   /* nobody has judged it */
		CANARY_KNOWN,
		CANARY_OFF,   /* of no use: it takes too long, or the guest
			       * does not survive it */
	} is;
	enum verdict verdict;
	enum stage stage;
};

struct canaries {
	pthread_mutex_t lock;
	struct canary list[CANARIES];
	int n; /* 0: no watching */
	uint64_t judged; /* how often one was */
	char *unsure; /* why they are of no use: two fresh guests do not agree
		       * on one; or NULL */
};

struct cut;

/* From the first and the last item's cut. POWERCUT_CANARY=0 in the
 * environment: none. */
void canaries_init(struct canaries *c, const struct subject *subject,
		   const struct cut *first, const struct cut *last);
/* No watching. */
void canaries_none(struct canaries *c);
void canaries_release(struct canaries *c);

/* 1: the guest says what is known of them, or is the first to say it; 0: it
 * says something else, or cannot tell; -errno as of the judge. */
int canaries_ask(struct canaries *c, const struct checker_ops *ops,
		 void *checker);
/* Two fresh guests do not agree: nobody is asked any more. */
void canaries_give_up(struct canaries *c);
int canaries_in_use(struct canaries *c);

#endif
