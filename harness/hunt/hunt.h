/*
 * A hunt: one scenario round after round, each with another seed, other cuts
 * and another drive within its contract (vary.h), until a state is violated.
 * That one is minimised.
 *
 * A round is an ordinary run with a directory of its own, whose scenario.yaml
 * has the round's values spelled out. One that found nothing is removed.
 */
#ifndef HUNT_HUNT_H
#define HUNT_HUNT_H

#include <stdint.h>

#include "drive/model.h"
#include "run/run.h"

struct error;

struct hunt_request {
	const struct scenario *scenario;
	uint64_t seed;       /* of the first round; the next has one more */
	uint64_t rounds;     /* at most; 0: no limit */
	uint64_t time_ns;    /* ends after that long; 0: no limit */
	uint64_t budget;     /* states that a round judges at most */
	uint64_t judgements; /* that minimising may take; below 2: none of it */
	int keep;            /* rounds that found nothing, too */
};

struct hunt_rounds {
	uint64_t all;
	uint64_t held, loses, vacuous, unknown, failed;
	uint64_t unfinished; /* time was up, or the user asked to stop */
};

struct hunt_result {
	enum verdict verdict;
	int as_expected, interrupted;
	char *reason; /* why unknown or vacuous; else NULL */
	struct hunt_rounds rounds;
	uint64_t cuts, states; /* made, and judged, in all rounds */
	double seconds;
	uint64_t next_seed; /* goes on where this hunt ended */

	/* The round that found something, or else the first that could not
	 * tell and left a run; NULL: neither. */
	char *run;
	uint64_t seed;            /* of that round */
	struct cache_model cache; /* and its drive's */

	/* Only where something was found. */
	enum stage stage;
	char *message, *layer;
	char *source, *state; /* as it was found: the recording's folder, and
			       * CUT:SURVIVORS */
	uint64_t lost;        /* writes in it */
	/* minimal.state is NULL where minimising was not even begun. */
	struct minimised minimal;
	char *trouble; /* why minimising failed, or NULL */
};
void hunt_result_release(struct hunt_result *r);

/* Blocks until it has found something or is over; guests stay warm from round
 * to round. Whatever happens is in the result: a round in which the harness
 * failed is one that could not tell. */
void hunt(struct engine *en, const struct hunt_request *r,
	  struct hunt_result *ret);

#endif
