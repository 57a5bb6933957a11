/*
 * A store of SLOTS records of one block each. Every generation overwrites all
 * slots one after another; slot and generation are known of each record, the
 * checksum says whether it is whole. A plain store has none of this: only
 * letters.
 */
#ifndef FAULTS_RECORD_H
#define FAULTS_RECORD_H

#include <stdint.h>
#include <string.h>

#define SLOTS 8
#define BLOCK 4096

struct record {
	uint64_t checksum; /* of all that follows */
	uint64_t slot;
	uint64_t generation;
	unsigned char payload[BLOCK - 24];
};

/* FNV-1a, 64 bits. */
static inline uint64_t record_checksum(const struct record *r)
{
	const unsigned char *p = (const unsigned char *)r + sizeof(r->checksum);
	uint64_t sum = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < BLOCK - sizeof(r->checksum); i++)
		sum = (sum ^ p[i]) * 0x100000001b3ULL;
	return sum;
}

static inline void record_make(struct record *r, uint64_t slot,
			       uint64_t generation, int plain)
{
	unsigned char *all = (unsigned char *)r;

	for (size_t i = 0; i < BLOCK; i++)
		all[i] = (unsigned char)('a' + (slot * 7 + generation * 3 + i) %
						       26);
	if (plain)
		return;
	r->slot = slot;
	r->generation = generation;
	r->checksum = record_checksum(r);
}

#endif
