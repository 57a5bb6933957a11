/*
 * The crash model: when does a write become durable, and what may a cut
 * leave behind. The model itself stands as prose at the head of model.c.
 */
#ifndef DRIVE_MODEL_H
#define DRIVE_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "drive/history.h"

enum fate {
	FATE_ABSENT,   /* not yet submitted at the cut */
	FATE_VOLATILE, /* may survive, wholly or in units, or be lost */
	FATE_DURABLE,  /* survives */
};

/*
 * For every command of the history the position from which it is durable
 * (rules 1 and 2, and ARM), POSITION_NEVER if it never is. The array has
 * n_commands entries; flushes have POSITION_NEVER. Caller frees.
 */
uint64_t *model_durable(const struct history *h);

/* A cut at `position`: records 0..position have happened. */
static inline enum fate model_fate(const struct command *c, uint64_t durable,
				   uint64_t position)
{
	if (c->submit > position)
		return FATE_ABSENT;
	return durable <= position ? FATE_DURABLE : FATE_VOLATILE;
}

#endif
