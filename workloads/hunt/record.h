/* A record on the raw device: one block, its content a function of PC_SEED and
 * its number. */
#ifndef HUNT_RECORD_H
#define HUNT_RECORD_H

#include <stdint.h>
#include <stdlib.h>

#define RECORD_SIZE 4096
#define RECORD_WORDS (RECORD_SIZE / sizeof(uint64_t))

/* PC_SEED; 0 without it. */
static inline uint64_t workload_seed(void)
{
	const char *text = getenv("PC_SEED");

	return text ? strtoull(text, NULL, 10) : 0;
}

static inline void record_fill(uint64_t *words, uint64_t seed, uint64_t number)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15ULL + number;

	for (unsigned i = 0; i < RECORD_WORDS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		words[i] = x;
	}
}

/* Each record has three blocks: two for notes, then its own. */
static inline uint64_t record_offset(uint64_t number, unsigned block)
{
	return ((number - 1) * 3 + block) * RECORD_SIZE;
}

#endif
