/* The table that ends a run of several scenarios, and `powercut list`. */
#ifndef CMD_TABLE_H
#define CMD_TABLE_H

#include <stddef.h>

#include "run/run.h"

struct buf;

/* Scenario, cuts, states checked, verdict, expected, seconds, report. */
void table_runs(const struct run_outcome *outcomes, size_t n,
		struct buf *ret);

#endif
