/*
 * The journey of a recording (journey/journey.h) with all that it is made of, and
 * what is told of it: causes and events for the store.
 */
#ifndef RUN_JOURNEYS_H
#define RUN_JOURNEYS_H

#include "journey/cause.h"
#include "results/store/store.h"
#include "run/run.h"

struct error;

struct told {
	const struct recorded *recorded; /* borrowed */
	const struct workload *workload; /* borrowed; NULL: no symbols */
	struct calls *calls;
	struct layers *layers;
	struct state base; /* the disk that the recording began with */
	int has_base;
	struct journey journey;
	int made; /* the journey is; else why not: */
	char *why;
};

/* Never fails: where there is no journey, .why says the reason. */
void told_open(const char *dir, const char *source,
	       const struct recorded *recorded, const struct scenario *s,
	       const struct workload *w, struct told *ret);
void told_release(struct told *t);

/* The cause of a state that said `message` (NULL allowed). -EINVAL: no such
 * state. cause_release() it before told_release. */
int told_cause(const struct told *t, const char *state, const char *message,
	       struct cause *ret, struct error *e);
/* The accused call's stack in lines; "" if there is none. Caller frees. */
char *told_stack(const struct told *t, const struct cause *c);

/* Into the store. */
int told_store_cause(const struct told *t, struct store *store,
		     const char *source, const char *state,
		     const struct cause *c, struct error *e);

struct run;
/* Causes for all findings of the run's store, and the events of the reference
 * recording. What cannot be explained says so; only the store can fail. */
int run_store_causes(struct run *r, struct error *e);

#endif
