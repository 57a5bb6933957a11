/*
 * A measurement under way: what the groups of figures share.
 *
 * To add a group: a file of its own with a table of rows and a
 *
 *	const struct bench_group bench_NAME = { "NAME", rows, N, measure };
 *
 * declared here, a line in the list in bench.c, and its rows in
 * ci/e2e/bench.t. measure() is called once, if any of its rows is wanted; it
 * makes what it needs (most likely subjects), takes turns b->rounds times, and
 * adds one value per row and round. It may leave out rows that are not wanted
 * (bench_wants). It asks bench_go_on() between steps.
 */
#ifndef BENCH_PARTS_H
#define BENCH_PARTS_H

#include "bench/bench.h"
#include "check/checker.h"
#include "check/pool.h"
#include "record/record.h"
#include "record/workload.h"
#include "run/plan.h"
#include "run/run.h"
#include "scenario/scenario.h"

/* One recording of a scenario, and the states that a run would judge. */
struct bench_subject {
	struct scenario *scenario;
	struct guest_image image;
	struct workload workload;
	struct recorded recorded;
	struct plan plan;
};

struct bench {
	struct lab *lab;
	struct progress *progress;
	unsigned rounds;
	size_t states; /* use bench_states() */
	char *scratch; /* folder, removed at the end */
	struct bench_subject brief; /* append-log: use bench_brief() */
	struct bench_result *result;
};

struct bench_group {
	const char *name;
	const struct bench_row *rows;
	size_t n_rows;
	int (*measure)(struct bench *b, struct error *e);
};

extern const struct bench_group bench_recording, bench_judging, bench_live,
	bench_pools, bench_scale, bench_prefixes, bench_host, bench_equality,
	bench_equality_xfs, bench_equality_btrfs, bench_ace, bench_trace;

/* -ECANCELED once the user has said stop. */
int bench_go_on(struct error *e);
/* row points into the group's table. */
void bench_add(struct bench *b, const struct bench_row *row, double value);
/* n of something since start_ns (now_ns()), per second. */
void bench_add_rate(struct bench *b, const struct bench_row *row, size_t n,
		    uint64_t start_ns);
int bench_wants(const struct bench *b, const struct bench_row *row);
/* Of the n that there are and the most that a group takes in a round: no more
 * than were asked for. */
size_t bench_states(const struct bench *b, size_t n, size_t most);

/* ---- subjects ---- */

/* Loads workloads/FILE, gets its image and programs; no recording yet. */
int bench_subject_load(struct bench *b, const char *file,
		       struct bench_subject *ret, struct error *e);
/* And records it, as the run `name` in the scratch folder, and plans what a run
 * without the key `cuts` would judge. The workload must succeed. */
int bench_subject_record(struct bench *b, const char *file, const char *name,
			 struct bench_subject *ret, struct error *e);
void bench_subject_release(struct bench_subject *s);
/* The append-log scenario, recorded by whoever asks first; borrowed. */
int bench_brief(struct bench *b, struct bench_subject **ret, struct error *e);

/* A checker guest for it, its console and scratch in the scratch folder. */
struct checker_config bench_checker(const struct bench *b,
				    const struct bench_subject *s,
				    const char *name);

/* So many checkers for it, in guests or on the host; they start in the
 * background. */
int bench_pool(const struct bench *b, const struct bench_subject *s,
	       const struct checker_ops *ops, const char *name,
	       unsigned checkers, struct pool **ret, struct error *e);
/* One checker per processor. */
unsigned bench_cores(void);

/* Completes a request for a recording of the subject: image, programs, and the
 * folder `name`, made in the scratch folder. The caller frees its path, also
 * after a failure. */
int bench_request(const struct bench *b, const struct bench_subject *s,
		  const char *name, struct recording_request *r,
		  char **ret_dir, struct error *e);
/* A workload that failed is an error: its time says nothing. */
int bench_workload_ended(const struct scenario *s,
			 const struct recording *rec, struct error *e);

#endif
