/*
 * The crash model: when does a write become durable, and what may a cut
 * leave behind. The model itself stands as prose at the head of model.c.
 */
#ifndef DRIVE_MODEL_H
#define DRIVE_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "drive/faults.h"
#include "drive/history.h"

enum cache_mode { CACHE_WRITEBACK, CACHE_WRITETHROUGH, CACHE_NONE };
enum cache_order { ORDER_ANY, ORDER_FIFO };

/* What kind of drive it is. */
struct cache_model {
	enum cache_mode mode;
	uint64_t capacity;   /* bytes of data; UINT64_MAX: unlimited */
	uint64_t destage_ns; /* UINT64_MAX: age alone destages nothing */
	enum cache_order order;
	uint32_t tear;     /* bytes: the atomic unit, a power of two */
	int flush_ignored; /* acknowledged, nothing done */
	int fua_ignored;
	int plp; /* power-loss protection */
	struct fault_model faults; /* beyond the contract: rule 8 */
};

/* A volatile cache that keeps its promises and no others. */
#define CACHE_MODEL_HONEST                                                     \
	{                                                                      \
		.mode = CACHE_WRITEBACK, .capacity = UINT64_MAX,               \
		.destage_ns = UINT64_MAX, .order = ORDER_ANY, .tear = 4096     \
	}

enum fate {
	FATE_ABSENT,   /* not yet submitted at the cut */
	FATE_VOLATILE, /* may survive, wholly or in units, or be lost */
	FATE_DURABLE,  /* survives */
};

/*
 * For every command of the history the position from which it is durable
 * (rules 1, 2, 6 and 7, destage and ARM), POSITION_NEVER if it never is. The
 * array has n_commands entries; flushes have POSITION_NEVER. Caller frees.
 */
uint64_t *model_durable(const struct history *h, const struct cache_model *m);

/* A cut at `position`: records 0..position have happened. */
static inline enum fate model_fate(const struct command *c, uint64_t durable,
				   uint64_t position)
{
	if (c->submit > position)
		return FATE_ABSENT;
	return durable <= position ? FATE_DURABLE : FATE_VOLATILE;
}

/* Whether what completes is still at risk. Where it is not, such drives say
 * that they have no volatile write cache. */
static inline int model_is_volatile(const struct cache_model *m)
{
	return m->mode == CACHE_WRITEBACK && !m->plp;
}

/* order: fifo, at a cut: below 0 if a reaches the media before b. Both were
 * submitted. */
int model_fifo(const struct command *a, const struct command *b,
	       uint64_t position);

#endif
