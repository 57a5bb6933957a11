/*
 * Where the content of each unit of a disk stands: a table of sources
 * (SOURCE_* of drive/drive.h), one per unit, two levels deep.
 *
 * A page of units that all have the same source costs 16 bytes, so a disk that
 * nobody wrote, or one that was discarded as a whole, costs almost nothing.
 * All units start as SOURCE_BASE. Not thread-safe.
 */
#ifndef DRIVE_MAP_H
#define DRIVE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "drive/drive.h"

struct map_page {
	uint64_t *sources; /* owned; NULL: all of them are .same */
	uint64_t same;
};

struct map {
	struct map_page *pages;
	size_t n_pages;
	uint64_t size;   /* of the disk, bytes; the last unit may be short */
	uint32_t unit;   /* bytes */
};

void map_init(struct map *m, uint64_t size, uint32_t unit);
void map_free(struct map *m);
void map_clear(struct map *m); /* all SOURCE_BASE again */

/*
 * Sets `count` units from `first`. Their content stands one unit after the
 * other from `source` on; with SOURCE_ZERO and SOURCE_BASE all get the same.
 */
void map_set(struct map *m, uint64_t first, uint64_t count, uint64_t source);
/* Likewise, but leaves units alone whose source has a higher offset (in the
 * log: is newer). */
void map_set_newer(struct map *m, uint64_t first, uint64_t count,
		   uint64_t source);

/* A piece of a disk whose content stands in one place. */
struct run {
	uint64_t source; /* kind, and where its first byte stands */
	uint64_t offset; /* on the disk, bytes */
	uint64_t length; /* bytes */
};
/* The piece that starts at the offset, at most `length` bytes long. */
struct run map_run(const struct map *m, uint64_t offset, uint64_t length);
/* All pieces of a range. Caller frees. Returns their number. */
size_t map_runs(const struct map *m, uint64_t offset, uint64_t length,
		struct run **ret);

#endif
