/*
 * What powercut's own parts cost: boot, recording, judging, live cuts.
 *
 * Everything is measured side by side in one process, through the functions
 * that a run uses, and what is compared takes turns: the machine of today is
 * compared with itself, never with a number of yesterday. Nothing is kept.
 *
 * Figures come in groups, one file each with its own table of rows; parts.h
 * says how to add one.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stddef.h>

#include "common/series.h"

struct error;
struct lab;
struct progress;

struct bench_row {
	const char *name; /* in JSON and for --only; of all rows and groups no
			   * two have the same */
	const char *text; /* for people, at most 36 characters */
	const char *unit; /* "s", "1/s", ... at most 4 characters */
	const char *against; /* row that it is compared with, or NULL */
};

struct bench_figure {
	const struct bench_row *row;
	int wanted; /* it was asked for, or one that was is compared with it */
	struct series series; /* .n 0: could not be had on this machine */
};

struct bench_result {
	struct bench_figure *figures; /* all, in their order */
	size_t n;
};

struct bench_config {
	struct lab *lab;
	struct progress *progress;
	unsigned rounds; /* how often each figure is measured */
	size_t states; /* at most so many for a figure in a round */
	const char *only; /* names of rows and groups, "a,b"; NULL: all */
	/* Folder where recordings go for the while, best where runs are
	 * kept. */
	const char *scratch;
};

/* -EINVAL: `only` has a name that is neither a row's nor a group's. */
int bench_check_only(const char *only, struct error *e);

/*
 * Blocks for half a minute and some 10 s per round and group. -ECANCELED when
 * interrupted. ret needs bench_result_release() also after a failure.
 */
int bench(const struct bench_config *c, struct bench_result *ret,
	  struct error *e);
void bench_result_release(struct bench_result *r);

/* NULL: there is no such row. */
const struct bench_figure *bench_find(const struct bench_result *r,
				      const char *row);
/* The figure compared with the one it stands against, as series_ratio(). 0:
 * there is none, or one of the two was not measured. */
double bench_ratio(const struct bench_result *r, const struct bench_figure *f);

#endif
