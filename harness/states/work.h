/*
 * Inside the room: a state at work, whose units are changed one by one; its hash
 * and where it differs from its cut follow. Not for others.
 */
#ifndef STATES_WORK_H
#define STATES_WORK_H

#include "states/faults.h"

/* A fault at work. */
struct work {
	const struct view *v;
	const struct state_space *s;
	const uint32_t *pick;
	const struct fault_at *f;
	struct state *st;
	size_t changed; /* units that hold something else than in the base */
	unsigned char *data, *more; /* a unit each */
	struct error *e;
};

/* The version that unit u holds in the base. */
uint32_t work_held(const struct view *v, const uint32_t *pick, uint32_t u);
/* Unit u holds that version now; or that data, unit_length of it, -errno. At most
 * once for each unit. */
void work_set_version(struct work *w, uint32_t u, uint32_t version);
int work_set_data(struct work *w, uint32_t u, const void *data);
/* What unit u holds as that version. */
int work_read_version(struct work *w, uint32_t u, uint32_t version, void *data);

#endif
