/*
 * What a guest wrote over a crash state: a private copy that is thrown away.
 *
 * A sparse, unlinked file of the disk's size and a bitmap that says which
 * sectors of it count. Throwing away clears only the parts of the bitmap that
 * were touched; the file keeps its blocks for the next guest, until it has
 * grown large. Offsets and lengths are multiples of OVERLAY_SECTOR and lie on
 * the disk. Not thread-safe.
 */
#ifndef DRIVE_OVERLAY_H
#define DRIVE_OVERLAY_H

#include <stddef.h>
#include <stdint.h>

#define OVERLAY_SECTOR 512u

struct error;
struct overlay;

int overlay_create(const char *dir, uint64_t size, struct overlay **ret,
		   struct error *e);
void overlay_free(struct overlay *o);

int overlay_write(struct overlay *o, const void *data, uint64_t length,
		  uint64_t offset);
int overlay_zero(struct overlay *o, uint64_t length, uint64_t offset);
/* How much of the range, from its start, is all in the overlay or all not:
 * *ret_inside tells which. */
uint64_t overlay_run(const struct overlay *o, uint64_t offset,
		     uint64_t length, int *ret_inside);
/* Of a range that is inside. */
int overlay_read(const struct overlay *o, void *data, uint64_t length,
		 uint64_t offset);
int overlay_reset(struct overlay *o);
/* Bytes of the host's disk that the file takes. */
uint64_t overlay_allocated(const struct overlay *o);

#endif
