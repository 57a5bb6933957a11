/*
 * Inside the room: the order in which a plan's states are best judged. Not for
 * others.
 *
 * Within a cut each state is followed by the one, of those left, that differs
 * from it in the fewest units, beginning near the last one of the cut before;
 * where these are many, they stand by how many units are lost, then by which.
 * Where judging ends by time (`urgent`), the plan goes over the log several
 * times: the likeliest losses of all cuts first.
 */
#ifndef RUN_PLAN_ORDER_H
#define RUN_PLAN_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "states/states.h"

/* A planned state while the plan is made. */
struct candidate {
	struct state state;
	uint32_t key;
	uint32_t wave; /* the round in which its like are judged */
	uint32_t cut, place; /* in the order of judging */
};

/* Sets the places of one cut's, which are the last ones: from `first` on, of n in
 * all. The cuts come from the last to the first. */
void candidates_order_cut(struct candidate *all, size_t first, size_t n);
/* The order of all: by wave, by cut, by place. */
void candidates_order(struct candidate *all, size_t n);

#endif
