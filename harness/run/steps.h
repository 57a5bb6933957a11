/*
 * A run under way: what the files of this room share.
 *
 * In the order in which they are used: run.c (begin and end), recording.c
 * (the reference, live cuts), crosscheck.c (a live cut against the drive
 * itself), nested.c (crashes while recovering), judging.c (a recording through its plan),
 * facts.c (what the store is told), verdict.c (the conclusion), again.c and
 * single.c (judging without recording), import.c and doubt.c (recordings of
 * others).
 */
#ifndef RUN_STEPS_H
#define RUN_STEPS_H

#include "common/error.h"
#include "record/record.h"
#include "run/run.h"

struct run {
	struct engine *engine;
	const struct scenario *scenario;
	struct workload workload;
	struct store *store;
	char *dir; /* borrowed from the outcome */
	uint64_t start_ns;
	uint64_t first_failure_ns; /* since then: the first state that lost
				    * something was told; 0: none was */
	char *missed; /* where no cut fell though it had to, or NULL */
	char *unknown; /* why the run as a whole cannot be judged, or NULL */
	const char *caveat; /* what the verdict is worth where that is less than
			     * usual, or NULL */
	int interrupted;
	const char *stopped; /* why judging ended early though nobody
			      * interrupted it, or NULL */
	int lock; /* rundir_lock, or -1 */
	uint64_t planned; /* states that had to be judged */
	/* Of equality by reads: how many states were audited, how many were not
	 * what their equal is, and why it has stopped. */
	uint64_t audited, mismatches;
	char *equality_stopped; /* owned; NULL: it has not */
	uint64_t distinct; /* contents among all that were found */
	struct pool_watch watch; /* of all judging */
	/* while judging */
	struct plan *plan;
	uint64_t until_ns; /* the scenario's states.time, or 0 */
	uint64_t judged;   /* of this recording */
	int time_is_up;
	const char *source;
	enum imported imported;
	struct error store_error; /* the first; message "" if none */
};

/* facts.c */
int run_store_machine(struct run *r, struct error *e);
/* Why the recordings prove nothing, and how many live cuts there are: judging
 * them again must not forget it. */
int run_store_doubt(struct run *r, struct error *e);
/* key: live or nested. */
int run_store_progress(struct run *r, const char *key, size_t done,
		       size_t planned, struct error *e);
int run_load_doubts(struct run *r, size_t *ret_live, size_t *ret_nested);
int run_store_origin(struct store *store, const struct scenario *s,
		     struct error *e);
/* What it is meant to show, which may have changed since it was recorded. */
int run_store_expect(struct store *store, const struct scenario *s,
		     struct error *e);
int run_store_commands(struct store *store, const struct history *h,
		       struct error *e);
int run_store_marks(struct run *r, const struct history *h, struct error *e);
int run_store_counts(struct run *r, const struct recording *rec,
		     const struct history *h, struct error *e);

/* recording.c */
int run_record_reference(struct run *r, struct recorded *ret, struct error *e);
int run_live_cuts(struct run *r, const struct recorded *reference,
		  struct error *e);

/* nested.c: cuts in the recovery from a cut of the reference. */
int run_nested_cuts(struct run *r, const struct recorded *reference,
		    struct error *e);

/* crosscheck.c: of a live cut's recording; removes the drive's images. */
int run_cross_check(const struct run *r, const struct recorded *recorded,
		    const char *source, struct error *e);

/* judging.c: `source` is the recording's folder in the run. */
int run_judge(struct run *r, const struct recorded *rec, const char *source,
	      struct error *e);

/* doubt.c: NULL, or why a violated state is to be told as unknown. Caller
 * frees. */
char *run_doubt(enum imported imported, const struct state *state,
		const struct judgement *j);

/* verdict.c: turns what the steps returned (err) into the outcome; closes the
 * store, releases the run. */
int run_finish(struct run *r, int err, struct run_outcome *ret,
	       struct error *e);

#endif
