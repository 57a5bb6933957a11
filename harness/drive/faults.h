/*
 * Device faults beyond the contract: what drives do under a power fault though
 * no specification allows it. Rule 8 of the crash model; its prose stands at
 * the head of faults.c.
 */
#ifndef DRIVE_FAULTS_H
#define DRIVE_FAULTS_H

#include <stdint.h>

enum fault {
	FAULT_NONE,
	FAULT_BIT_CORRUPTION,
	FAULT_SHORN,
	FAULT_FLYING,
	FAULT_UNSERIALIZABLE,
	FAULT_METADATA,
	FAULT_READ_ONLY, /* dead: refuses every write */
	FAULT_GONE,      /* dead: refuses everything */
	FAULT_COUNT,
};

/* How many writes back from the cut a fault reaches that hits one of them. */
#define FAULT_RECENT 64

/* Which faults the drive has. All zeroes: none, a drive that keeps to rules 1
 * to 7. */
struct fault_model {
	uint64_t seed; /* decides which instances are drawn; the run's, set
			* where a space is made of its recording */
	/* At most so many instances per cut, and base state of it; 0: the drive
	 * does not have the fault. */
	uint64_t count[FAULT_COUNT];
	uint32_t bits;       /* inverted, one after another */
	uint32_t keep;       /* bytes of a shorn unit that were written */
	uint64_t distance;   /* bytes; a multiple of the atomic unit */
	uint64_t window;     /* durable writes back from the cut */
	uint64_t checkpoint; /* writes from one saved mapping table to the next */
	uint64_t region;     /* bytes that roll back together; 0: all */
};

/* Whether the drive has any fault. */
int fault_model_any(const struct fault_model *m);

/* For people: "shorn write"; "" for FAULT_NONE. */
const char *fault_title(enum fault f);
/* In names of states: bits shorn flying unserial rollback read-only gone. */
const char *fault_word(enum fault f);
/* In scenarios, below drive.faults: bit_corruption shorn flying unserializable
 * metadata dead. */
const char *fault_key(enum fault f);

#endif
