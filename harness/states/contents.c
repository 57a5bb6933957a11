/*
 * Contents of units, each once: a table from XXH3_128bits to a number.
 *
 * Two contents with the same 128-bit hash are taken for equal: with a million
 * contents the chance of a false match is below 2^-88.
 */
#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>

#include "states/space.h"

void contents_free(struct contents *c)
{
	free(c->at);
	free(c->slots);
	*c = (struct contents){ 0 };
}

static uint32_t *find(const struct contents *c, struct state_hash hash)
{
	uint32_t mask = c->n_slots - 1, i = (uint32_t)hash.low & mask;

	while (c->slots[i]) {
		const struct content *k = &c->at[c->slots[i] - 1];

		if (k->hash.low == hash.low && k->hash.high == hash.high)
			break;
		i = (i + 1) & mask;
	}
	return &c->slots[i];
}

/* At most half of the slots are ever taken. */
static void grow(struct contents *c)
{
	c->size = c->size ? c->size * 2 : 1024;
	c->at = xrealloc(c->at, c->size * sizeof(*c->at));
	free(c->slots);
	c->n_slots = c->size * 2;
	c->slots = xcalloc(c->n_slots, sizeof(*c->slots));
	for (uint32_t i = 0; i < c->n; i++)
		*find(c, c->at[i].hash) = i + 1;
}

int contents_intern(struct contents *c, const void *data, size_t len,
		    uint32_t *ret)
{
	XXH128_hash_t x = XXH3_128bits(data, len);
	struct state_hash hash = { x.low64, x.high64 };
	uint32_t *slot;

	if (c->n == c->size) {
		if (c->size > UINT32_MAX / 4)
			return -ENOMEM;
		grow(c);
	}
	slot = find(c, hash);
	if (!*slot) {
		c->at[c->n] = (struct content){ hash, SOURCE_BASE };
		*slot = ++c->n;
	}
	*ret = *slot - 1;
	return 0;
}
