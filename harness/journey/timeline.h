/* A journey as events in lanes, for the store: what a report draws. */
#ifndef JOURNEY_TIMELINE_H
#define JOURNEY_TIMELINE_H

#include "journey/journey.h"
#include "results/store/store.h"

/* Of one recording. What comes after these is left out; of every kind at most a
 * fair part, so that a workload that makes many pages dirty does not hide its
 * calls. */
#define TIMELINE_MOST 200000

struct error;

int timeline_store(const struct journey *j, struct store *store,
		   const char *source, struct error *e);

/* The same one by one: the event is valid during the call; a return other than 0
 * ends it and is returned. */
typedef int timeline_fn(const struct store_event *ev, void *arg);
int timeline_walk(const struct journey *j, timeline_fn *fn, void *arg);

#endif
