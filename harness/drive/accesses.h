/*
 * What a guest did to a crash state: the units that it read of it, and the
 * units that it wrote, before and after the moment that the controller calls
 * "mounted".
 *
 * Read means: from the state itself. What the guest has written before, it
 * wrote by what it had read until then, so getting it back tells it nothing
 * about the state. A unit counts as read as soon as one byte of it came from
 * the state.
 *
 * Threads: read() may be called by any number of threads at a time, everything
 * else by one with nobody else inside.
 */
#ifndef DRIVE_ACCESSES_H
#define DRIVE_ACCESSES_H

#include "drive/drive.h"

struct accesses {
	int phase;
	struct unit_set read[DRIVE_PHASES];
	struct unit_set written; /* while mounting only */
};

void accesses_init(struct accesses *a, uint64_t units);
void accesses_free(struct accesses *a);
/* Another state: nothing was read or written, the guest mounts. */
void accesses_restart(struct accesses *a);
void accesses_read(struct accesses *a, uint64_t first, uint64_t count);
void accesses_write(struct accesses *a, uint64_t first, uint64_t count);
void accesses_mounted(struct accesses *a);

/*
 * At most `max` (at least 1) runs, ascending, that hold every unit of the set;
 * where there are more runs than that the smallest gaps between them are
 * counted in, too. Returns their number.
 */
size_t accesses_runs(const struct unit_set *s, struct unit_run *runs,
		     size_t max);

#endif
