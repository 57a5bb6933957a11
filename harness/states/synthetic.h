/*
 * Histories of any length, made by rule: for measuring what a long log costs.
 *
 * An application that makes transactions: begin, four writes of one to four
 * blocks to places drawn from the whole disk, the last two of them in flight
 * together, a flush, ack. So what is volatile at a cut does not depend on how
 * long the log is.
 */
#ifndef STATES_SYNTHETIC_H
#define STATES_SYNTHETIC_H

#include <stdint.h>

#include "drive/history.h"

struct error;

#define SYNTHETIC_BLOCK 4096
#define SYNTHETIC_DISK (64ULL << 20)

/* n commands, at least. data_path is made anew: what they write, as the log
 * would hold it. history_free() it. */
int synthetic_history(uint64_t n, uint64_t seed, const char *data_path,
		      struct history **ret, struct error *e);

#endif
