/*
 * The system calls of x86-64 that can change or sync a file: what the guest's
 * filter stops at, how their arguments are read, and what they are called.
 * Shared by the guest and the host.
 */
#ifndef TRACE_CALL_TABLE_H
#define TRACE_CALL_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "trace/calls.h"

/* Which argument has what: 1..6, 0: none has. */
struct call_type {
	uint16_t number; /* of the system call */
	uint8_t kind;	 /* enum call_kind; what it turns out to be may differ:
			  * a mark is a write, unlinkat may remove a folder */
	const char *name;
	uint8_t fd;
	uint8_t at, path;   /* folder's descriptor, name */
	uint8_t at2, path2;
	uint8_t text;	    /* a symbolic link's content */
	uint8_t buffer, vector; /* of data; vector: count is the next one */
	uint8_t length;
	uint8_t offset, offset_pointer;
	uint8_t flags;
	uint8_t follow;	    /* a link as the last part of path is followed */
	/* Only if this argument has one of these bits. */
	uint8_t test;
	uint32_t bits;
};

/* All of them, in no order. */
extern const struct call_type call_types[];
extern const size_t n_call_types;

/* NULL: not one of them. */
const struct call_type *call_type_find(uint32_t number);

#endif
