/*
 * What powercut's own parts cost: boot, recording, judging, live cuts.
 *
 * Everything is measured side by side in one process, through the functions
 * that a run uses, and what is compared takes turns: the machine of today is
 * compared with itself, never with a number of yesterday. Nothing is kept.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "bench/series.h"

struct error;
struct lab;
struct progress;

enum bench_figure {
	BENCH_BOOT,     /* libvirt call to ready agent */
	BENCH_PLAIN,    /* the workload on a plain memory disk, guest's clock */
	BENCH_UNTRACED, /* on the recording drive, without the trace */
	BENCH_TRACED,   /* as a run records it */
	BENCH_BARE,     /* one checker: mount, check, umount, nothing else */
	BENCH_JUDGED,   /* one checker: states of a recording, whole cycle */
	BENCH_LIVE,     /* live cut: boot to power off, not judged */
	BENCH_FIGURES
};

struct bench_kind {
	const char *name; /* in JSON */
	const char *text; /* for people */
	const char *unit; /* "s" or "1/s" */
	int against;      /* enum bench_figure, or -1 */
};
extern const struct bench_kind bench_kinds[BENCH_FIGURES];

struct bench_result {
	struct series figures[BENCH_FIGURES];
};

/*
 * Blocks for half a minute and some 10 s per round. scratch_parent: where
 * recordings go for the while, best where runs are kept. -ECANCELED when
 * interrupted. ret needs bench_result_release() also after a failure.
 */
int bench(struct lab *lab, struct progress *progress, unsigned rounds,
	  const char *scratch_parent, struct bench_result *ret,
	  struct error *e);
void bench_result_release(struct bench_result *r);

#endif
