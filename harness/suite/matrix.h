/* The table that ends a suite: a line for each scenario on each file system. */
#ifndef SUITE_MATRIX_H
#define SUITE_MATRIX_H

#include "results/store/store.h"
#include "suite/rows.h"

struct buf;

/* What became of a job. */
struct suite_result {
	int done;   /* it was run, to its end or not */
	int failed; /* the harness did: it is no verdict */
	int as_expected;
	enum verdict verdict;
	uint64_t states;   /* judged */
	double seconds;
	int lost;	   /* a state failed, the first one after: */
	double first_loss; /* seconds from the scenario's start */
};

/* Of a run that has ended, from its store; what it has not stays 0. */
void suite_result_load(const char *run_dir, struct suite_result *ret);

/* jobs and results: n of each, side by side. */
void suite_matrix(const struct suite_rows *rows, const struct suite_job *jobs,
		  const struct suite_result *results, size_t n,
		  struct buf *ret);

#endif
