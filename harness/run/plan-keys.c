#include "run/plan-keys.h"

#include <stdlib.h>

#include "common/buf.h"

void plan_keys_free(struct plan_keys *k)
{
	if (!k)
		return;
	free(k->at);
	free(k->slots);
	free(k);
}

/* Its slot, or the free one where it would stand. */
static uint32_t *slot_of(const struct plan_keys *k, struct state_hash hash,
			 uint64_t beside)
{
	uint32_t mask = k->n_slots - 1;
	uint64_t mixed = hash.low ^ (beside * 0x9e3779b97f4a7c15ULL);
	uint32_t i = (uint32_t)(mixed ^ mixed >> 32) & mask;

	for (; k->slots[i]; i = (i + 1) & mask) {
		const struct plan_key *key = &k->at[k->slots[i] - 1];

		if (key->hash.low == hash.low && key->hash.high == hash.high &&
		    key->beside == beside)
			break;
	}
	return &k->slots[i];
}

struct plan_key *plan_keys_find(const struct plan_keys *k,
				struct state_hash hash, uint64_t beside)
{
	uint32_t slot = k->n ? *slot_of(k, hash, beside) : 0;

	return slot ? &k->at[slot - 1] : NULL;
}

static void grow(struct plan_keys *k)
{
	k->size = k->size ? 2 * k->size : 1024;
	k->at = xrealloc(k->at, k->size * sizeof(*k->at));
	free(k->slots);
	k->n_slots = 2 * k->size;
	k->slots = xcalloc(k->n_slots, sizeof(*k->slots));
	for (uint32_t i = 0; i < k->n; i++)
		*slot_of(k, k->at[i].hash, k->at[i].beside) = i + 1;
}

struct plan_key *plan_keys_add(struct plan_keys *k, struct state_hash hash,
			       uint64_t beside)
{
	if (k->n == UINT32_MAX / 4)
		return NULL;
	if (k->n == k->size)
		grow(k);
	k->at[k->n] = (struct plan_key){ .hash = hash, .beside = beside };
	*slot_of(k, hash, beside) = k->n + 1;
	return &k->at[k->n++];
}
