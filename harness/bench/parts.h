/*
 * A measurement under way: what the files of this room share. bench.c (begin
 * and end), recording.c (boot, recording), judging.c (states), live.c.
 */
#ifndef BENCH_PARTS_H
#define BENCH_PARTS_H

#include "bench/bench.h"
#include "record/record.h"
#include "record/workload.h"
#include "run/run.h"
#include "scenario/scenario.h"

struct bench {
	struct lab *lab;
	struct progress *progress;
	unsigned rounds;
	char *scratch; /* folder, removed at the end */
	struct scenario *brief, *lengthy; /* for states; for recording */
	struct guest_image image;
	struct workload workload;
	struct recorded recorded; /* of the brief one */
	struct series *figures;   /* the result's */
};

/* -ECANCELED once the user has said stop. */
int bench_go_on(struct error *e);

/*
 * One recording in the folder `name` of the scratch folder; the rest of the
 * request is the caller's. A workload that failed is an error here: its time
 * says nothing.
 */
int bench_record(struct bench *b, struct recording_request *r,
		 const char *name, struct recording *ret, struct error *e);

int bench_recording(struct bench *b, struct error *e);
int bench_judging(struct bench *b, struct error *e);
int bench_live(struct bench *b, struct error *e);

#endif
