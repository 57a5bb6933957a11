/*
 * A run: one execution of a scenario, from the recording to the report.
 */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include <stdint.h>

#include "check/pool.h"
#include "explain/minimise.h"
#include "interchange/interchange.h"
#include "lab/lab.h"
#include "record/workload.h"
#include "results/store/store.h"
#include "run/progress.h"
#include "scenario/scenario.h"

struct cure;
struct error;

/* What several runs of one process share. The pool stays warm from one run to
 * the next as long as the guests fit. */
struct engine {
	struct lab *lab;
	struct progress *progress;
	unsigned checkers;
	const char *runs; /* folder of all runs */
	struct pool *pool;
	struct guest_image image; /* that the pool boots */
	const struct checker_ops *pool_place;
	uint64_t pool_memory, pool_disk;
	uint32_t pool_block;
	enum bus pool_bus;
	char *pool_dir; /* consoles of the checkers until they are taken over */
	/* When a run's judging ends early: at its first violated state, or at
	 * this time (now_ns; 0: never). */
	int stop_at_violation;
	uint64_t stop_at_ns;
	/* Or at the first violated state of that stage and pattern
	 * (store_pattern); NULL: none. */
	const char *stop_pattern;
	enum stage stop_stage;
	/* Steps that are done for the workload while it is recorded. */
	const struct cure *cures;
	size_t n_cures;
};
void engine_release(struct engine *en);

struct run_outcome {
	char *dir; /* NULL: not even begun */
	enum verdict verdict;
	int as_expected;
	int interrupted;
	int stopped; /* early, by the engine's stop_at_...: states were planned
		      * that nobody judged */
};
void run_outcome_release(struct run_outcome *o);
/* Whether that is what the scenario expects. */
int run_is_expected(const struct scenario *s, enum verdict verdict);

/*
 * Records, judges, reports. Returns 0 with an outcome (any verdict, or
 * interrupted), or -errno when the harness failed; ret->dir is set as soon as
 * there is a directory, so what was collected can be looked at.
 */
int run_scenario(struct engine *en, const struct scenario *s,
		 struct run_outcome *ret, struct error *e);

/*
 * Makes a run of a recording of others, without judging it; no guest is
 * started. The scenario says what disk it was, how to mount and what to check;
 * its workload is not run. Caller frees the path of the run.
 */
int run_import(const char *runs, const struct scenario *s,
	       const struct import *import, char **ret_dir, struct error *e);

/* Judges all states of a run again, with the scenario's check, its store
 * written anew. No recording. */
int run_check_again(struct engine *en, const char *dir,
		    const struct scenario *s, struct run_outcome *ret,
		    struct error *e);

/* Judges one state; the store is not touched. */
int run_check_state(struct engine *en, const char *dir, const char *source,
		    const char *state, const struct scenario *s,
		    struct judgement *ret, struct error *e);

/*
 * Looks for the smallest state that shows what this one shows: the same stage
 * and, apart from numbers, the same message. Judges at most `budget` states (at
 * least 2). *ret_shown: what the state itself showed when it was judged again.
 * -ECANCELED where the user asked to stop, with *ret filled as far as it came
 * (ret->state NULL: not even begun). The store is not touched.
 */
int run_minimise(struct engine *en, const char *dir, const char *source,
		 const char *state, const struct scenario *s, uint64_t budget,
		 struct minimised *ret, struct judgement *ret_shown,
		 struct error *e);

/* One recording of a run with its state space: for judging, export, shell. */
struct recorded {
	char *base, *log, *units; /* base NULL: none */
	char *unpacked; /* scratch: the log, where it was compressed */
	struct history *history;
	struct state_space *space;
	struct promises *promises; /* of the history */
	/* Of a recovery: the promises are those of the cut that it follows. */
	int inherits;
	struct window *window; /* of its promises, or NULL */
	struct buf acks, begun;
	enum imported imported;
};
/* It as the checkers' subject; borrowed. */
struct subject recorded_subject(const struct recorded *r,
				const struct scenario *s,
				const struct workload *w);
/* units_path NULL: in the recording's folder. */
int recorded_open(const char *dir, const char *source,
		  const struct scenario *s, const char *units_path,
		  struct recorded *ret, struct error *e);
void recorded_release(struct recorded *r);
/* The disk as setup left it. state_free() it. */
int recorded_base(const struct recorded *r, struct state *ret,
		  struct error *e);
/* The same as an image: live cuts start from it. */
int recorded_export_base(const struct recorded *r, const char *path,
			 struct error *e);

/* Boots (or keeps) the pool that the scenario needs. */
int engine_ready(struct engine *en, const struct scenario *s, struct error *e);

#endif
