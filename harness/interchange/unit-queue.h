/*
 * Which commands share an atomic unit: per unit those that touch it, in submit
 * order, until each has been taken.
 *
 * Two commands on one atomic unit: our versions of a unit are cumulative and in
 * submit order (drive/model.c), so a younger durable write settles the older ones
 * on its units. Such pieces of older writes are therefore logged right before it,
 * and never behind it. The kernel logs a write that was overwritten by a FUA write
 * behind that, and a replay turns the clock back.
 */
#ifndef INTERCHANGE_UNIT_QUEUE_H
#define INTERCHANGE_UNIT_QUEUE_H

#include <stdint.h>

#include "drive/history.h"

struct unit_queues;

/* unit: bytes. Borrows the history's commands. */
struct unit_queues *unit_queues_new(const struct history *h, uint64_t unit);
void unit_queues_free(struct unit_queues *q);

/* The oldest command on a touched unit that was not taken, or NULL. */
const struct command *unit_queue_head(const struct unit_queues *q,
				      uint64_t unit);
/* Takes it. */
void unit_queue_take(struct unit_queues *q, uint64_t unit);

/* The first and the last unit of a command that is not empty. */
static inline uint64_t unit_first(const struct command *c, uint64_t unit)
{
	return c->offset / unit;
}

static inline uint64_t unit_last(const struct command *c, uint64_t unit)
{
	return (c->offset + c->length - 1) / unit;
}

#endif
