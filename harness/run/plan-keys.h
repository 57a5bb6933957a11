/* Inside the room: the different states of a plan, by hash. Not for others. */
#ifndef RUN_PLAN_KEYS_H
#define RUN_PLAN_KEYS_H

#include <stdint.h>

#include "states/states.h"

/* What makes two states equal for the check, and what is known of them. */
struct plan_key {
	struct state_hash hash;
	uint64_t beside;   /* what else must be equal: promises, fault */
	uint32_t rank;     /* the best that it has at any cut */
	uint32_t cut;      /* index of that cut */
	uint8_t planned;
	uint8_t judged; /* JUDGED_... */
};
/* EQUAL: known, by equality to one that was judged, equal/equal.h. */
enum { JUDGED_NOT, JUDGED_UNKNOWN, JUDGED_EQUAL, JUDGED_KNOWN };

struct plan_keys {
	struct plan_key *at;
	uint32_t n, size;
	uint32_t *slots; /* open addressing; index + 1, 0 is free */
	uint32_t n_slots; /* a power of two, at least 2 * n */
};

void plan_keys_free(struct plan_keys *k);
/* NULL: there is none. */
struct plan_key *plan_keys_find(const struct plan_keys *k,
				struct state_hash hash, uint64_t beside);
/* A new one; there must be none. NULL: as many as there can be. */
struct plan_key *plan_keys_add(struct plan_keys *k, struct state_hash hash,
			       uint64_t beside);

#endif
