/*
 * The ELF file of an executable or a library: where its addresses are in its
 * file, and how its frames are left.
 */
#ifndef GUEST_WATCH_OBJECT_H
#define GUEST_WATCH_OBJECT_H

#include <stdint.h>

#include "guest/watch/unwind.h"

#define OBJECT_SEGMENTS 16

struct object {
	uint64_t device, inode; /* which file */
	struct {
		uint64_t offset, address, size; /* in the file, as linked */
	} segments[OBJECT_SEGMENTS];
	unsigned int n_segments; /* 0: not an ELF file that can be read */
	struct unwind_table frames;
	struct object *next;
};

/* Reads what is needed of an open file. What is no ELF file has no segments. */
void object_read(struct object *o, int fd);
/* The address, as its symbols have it, of a byte of the file; UINT64_MAX: none. */
uint64_t object_address(const struct object *o, uint64_t offset);

#endif
