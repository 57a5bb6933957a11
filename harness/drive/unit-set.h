/*
 * A set of units of a disk: a bitmap with a summary, one bit for each word that
 * is not empty, so that clearing and listing cost what is in it and not what
 * the disk has.
 *
 * Adding is atomic: any number of threads may add at the same time, but nobody
 * else may use the set meanwhile.
 */
#ifndef DRIVE_UNIT_SET_H
#define DRIVE_UNIT_SET_H

#include <stddef.h>
#include <stdint.h>

struct unit_set {
	uint64_t units; /* 0 .. units - 1 may be in it */
	uint64_t *words, *summary; /* owned */
};

/* A run of units, all in the set. */
struct unit_run {
	uint64_t first, count;
};

void unit_set_init(struct unit_set *s, uint64_t units);
void unit_set_free(struct unit_set *s);
void unit_set_clear(struct unit_set *s);
/* first .. first + count - 1 must be units of the disk; count may be 0. */
void unit_set_add(struct unit_set *s, uint64_t first, uint64_t count);
int unit_set_has(const struct unit_set *s, uint64_t unit);
/* The first run at `from` or behind it, as long as it goes. 0: none. */
int unit_set_next(const struct unit_set *s, uint64_t from,
		  struct unit_run *ret);
/* How many of the range are in the set. */
uint64_t unit_set_count(const struct unit_set *s, uint64_t first,
			uint64_t count);

#endif
