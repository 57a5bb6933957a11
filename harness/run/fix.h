/*
 * Trying a cure: the workload is recorded again, in the guest its tracer makes the
 * call that the program left out, and all is judged as before. What disappears
 * then was caused by that step's absence.
 */
#ifndef RUN_FIX_H
#define RUN_FIX_H

#include "journey/cause.h"
#include "trace/cure.h"
#include "run/run.h"

struct error;

#define FIX_CURES 4
struct fix {
	struct cure cures[FIX_CURES];
	size_t n_cures;
	char *pattern; /* of their paths; owned */
	char *words; /* "fsync of /mnt/txn.log before each ack" */
};

/* What may help against a cause, the likeliest first. Nothing where no call of the
 * program would: a drive that lies, a write that is torn. fixes_free(). */
size_t fix_candidates(const struct cause *c, struct fix **ret);
void fixes_free(struct fix *fixes, size_t n);

enum fix_verdict {
	FIX_CURED,   /* the violation is gone, and nothing else is violated */
	FIX_OTHER,   /* it is gone; another one is there */
	FIX_FAILED,  /* it is still there */
	FIX_UNUSED,  /* not one call was added: nothing was tried */
	FIX_UNKNOWN, /* the run could not tell */
};
const char *fix_verdict_name(enum fix_verdict v);

/* What the run with a fix showed. */
struct fix_seen {
	uint64_t added, missed; /* as in struct fix_result */
	int same;  /* the violation */
	int other; /* any violation */
	int held;  /* the run's verdict */
};
enum fix_verdict fix_judge(const struct fix_seen *s);

struct fix_result {
	enum fix_verdict verdict;
	uint64_t added;  /* calls that the tracer made */
	uint64_t missed; /* and those it could not make: with any of them a
			  * violation that stays is FIX_UNKNOWN, and with
			  * them alone everything */
	uint64_t run_ns, run_before_ns; /* the workload's time; 0: not known */
	char *message; /* of the first finding, or why it is unknown; "" */
	char *run;     /* its directory */
};
void fix_result_release(struct fix_result *r);

/*
 * Records and judges the scenario with the fix, in a folder `fix` of the run `dir`.
 * stage and message: of the violation that is to disappear; judging ends at the
 * first state that shows it. Blocks as long as a run. A run that failed is
 * FIX_UNKNOWN; -ECANCELED: the user asked to stop.
 */
int run_fix(struct engine *en, const char *dir, const struct scenario *s,
	    const struct fix *fix, enum stage stage, const char *message,
	    struct fix_result *ret, struct error *e);

#endif
