/* Where functions stand in an ELF file, by the names in its symbol tables. */
#ifndef GUEST_WATCH_SYMBOLS_H
#define GUEST_WATCH_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

#define SYMBOL_NONE UINT64_MAX

struct symbol {
	const char *name;
	uint64_t offset; /* of its first byte in the file; SYMBOL_NONE */
};

/* Fills in the offsets, of an open file. What is no ELF file, or too large a one,
 * has none; nor has a Go program, for its stacks have no room for calls of C. */
void symbols_find(int fd, struct symbol *list, size_t n);

#endif
