/*
 * A call's stack in words: "function at file:line" where the program has debug
 * information on the host, else "object+0xoffset".
 */
#ifndef JOURNEY_SYMBOLS_H
#define JOURNEY_SYMBOLS_H

#include <stddef.h>

#include "trace/calls.h"

struct buf;

/* Where a program of the guest stands on this machine; NULL: nowhere. `object` is
 * its path in the guest. Borrowed. */
typedef const char *symbols_find_fn(void *arg, const char *object);

/* One line per frame, innermost first, appended. Reads the programs. */
void symbols_stack(const struct call *c, symbols_find_fn *find, void *arg,
		   struct buf *ret);

#endif
