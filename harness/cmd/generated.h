/* Suites that are generated rather than read from files: `powercut run --suite`. */
#ifndef CMD_GENERATED_H
#define CMD_GENERATED_H

#include <stdint.h>

struct buf;
struct error;
struct suite;

struct generated_options {
	const char *suite; /* NULL: none was asked for */
	const char *sample; /* a number, or all; NULL: the suite's own */
	int alone;	    /* each sequence on a file system of its own */
	int list;	    /* only tell what there is */
	uint64_t seed;
};

/* -EINVAL: no such suite, or no such sample. */
int generated_suite(const struct generated_options *o, struct suite **ret,
		    struct error *e);
int generated_list(const struct generated_options *o, struct buf *ret,
		   struct error *e);

#endif
