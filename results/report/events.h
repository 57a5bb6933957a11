/*
 * The events of a run, recording by recording, for its timeline. Private to
 * this room.
 *
 * A recording may have more events than a page should carry. Those of it that
 * are told one by one are `chosen`: all, if there are at most EVENTS_CHOSEN;
 * else the ones about each finding's cut, most of them before it, and those that
 * carry the data that was lost.
 */
#ifndef REPORT_EVENTS_H
#define REPORT_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "results/store/store.h"

struct error;
struct finding;
struct summary;

#define EVENTS_CHOSEN 20000

struct event {
	uint64_t number, start_ns, end_ns, position; /* as in store_event */
	enum store_lane lane;
	uint32_t kind; /* index in events.kinds */
	char *label, *pieces; /* label is owned, pieces stands behind it */
	bool chosen;
};

struct recording {
	char *source;
	struct event *events; /* by start, then number */
	size_t n, room, chosen;
	uint64_t start_ns, end_ns; /* of all events and cuts */
};

struct events {
	struct recording *recordings; /* the replayed one first */
	size_t n;
	char **kinds;
	uint32_t n_kinds;
};

int events_load(struct events *ret, const struct summary *s, struct error *e);
void events_release(struct events *ev);

/* NULL: nothing was recorded of it. */
const struct recording *events_of(const struct events *ev, const char *source);

/* Whether the finding has a place in time, in this recording. */
bool events_has_cut(const struct recording *r, const struct finding *f);

/* Whether the number stands in "12,13". Of 0: no. */
bool event_carries(const struct event *ev, uint64_t call);

#endif
