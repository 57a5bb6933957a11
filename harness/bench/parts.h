/*
 * A measurement under way: what the files of this room share. bench.c (begin
 * and end), recording.c, judging.c, live.c (also booting).
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

/* Completes a request: image, programs, and the folder `name`, made in the
 * scratch folder. The caller frees its path, also after a failure. */
int bench_request(const struct bench *b, const char *name,
		  struct recording_request *r, char **ret_dir,
		  struct error *e);
/* A workload that failed is an error: its time says nothing. */
int bench_workload_ended(const struct scenario *s,
			 const struct recording *rec, struct error *e);

int bench_recording(struct bench *b, struct error *e);
int bench_judging(struct bench *b, struct error *e);
int bench_live(struct bench *b, struct error *e);

#endif
