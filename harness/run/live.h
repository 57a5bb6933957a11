/* Live cuts: at which moments of the workload power is really cut. */
#ifndef RUN_LIVE_H
#define RUN_LIVE_H

#include <stddef.h>
#include <stdint.h>

#include "drive/drive.h"
#include "drive/history.h"
#include "scenario/scenario.h"

struct error;

/*
 * The scenario's cuts as triggers for the drive, counted on a reference
 * recording: the nth write of another run of the same workload is not the
 * same write, but the nth write. Without `cuts`: every flush and the end. Caller
 * frees.
 */
int live_triggers(const struct scenario *s, const struct history *reference,
		  struct cut_trigger **ret, size_t *ret_n, struct error *e);

#endif
