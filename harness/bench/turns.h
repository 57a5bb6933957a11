/*
 * Guests that wait side by side and run their workload in turns, seconds apart;
 * who goes first changes from round to round. The clock is the guest's agent's.
 */
#ifndef BENCH_TURNS_H
#define BENCH_TURNS_H

#include "bench/parts.h"

struct bench_guest {
	const struct bench_row *row; /* gets the seconds of each run */
	const char *name; /* of its recording, unique among the running */
	struct recording_request request; /* .untraced and .plain are the
					   * caller's; the rest is filled in */

	char *dir;
	struct recording_session *session;
};

/* Boots it, all set up. bench_guest_close also after a failure. */
int bench_guest_open(struct bench_guest *g, const struct bench *b,
		     const struct bench_subject *s, struct error *e);
/* b->rounds times each; what: for progress. */
int bench_turns(struct bench_guest guests[], size_t n, struct bench *b,
		const char *what, struct error *e);
void bench_guest_close(struct bench_guest *g);

#endif
