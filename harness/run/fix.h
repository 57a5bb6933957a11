/*
 * Trying a cure: the workload is recorded again, with the one thing changed that
 * is said to be missing, and all is judged as before. What disappears then was
 * caused by that. In the guest the tracer makes a call that the program left out; or
 * the drive or the mount options are others; or it is a scenario that is known to
 * keep the promise.
 */
#ifndef RUN_FIX_H
#define RUN_FIX_H

#include "journey/cause.h"
#include "trace/cure.h"
#include "run/run.h"
#include "scenario/scenario.h"

struct buf;
struct error;
struct history;

/* Who does what was missing. */
enum fix_by {
	FIX_BY_TRACER,	/* calls, added to the program's */
	FIX_BY_DRIVE,	/* the scenario's drive is another one */
	FIX_BY_MOUNT,	/* the scenario's mount options are others */
	FIX_BY_VARIANT, /* the scenario's key `fixed` names another one */
};
/* tracer drive mount variant */
const char *fix_by_name(enum fix_by by);

struct fix {
	enum fix_by by;
	struct cure cures[CURES_MAX]; /* FIX_BY_TRACER */
	size_t n_cures;
	char *pattern; /* of their paths, or NULL; owned */
	struct cache_model drive;  /* FIX_BY_DRIVE */
	char *mount;		   /* FIX_BY_MOUNT: all options; owned */
	struct scenario *variant;  /* FIX_BY_VARIANT; owned */
	char *words; /* what is changed: "fsync of /mnt/txn.log before each ack" */
};

struct fixes {
	struct fix *list;
	size_t n;
};

/* A cause, and what it is the cause of. */
struct fix_question {
	const struct cause *cause;
	const struct scenario *scenario;
	const struct history *history; /* of the recording */
};

/* What may help against a cause, the likeliest first, appended. Nothing where it
 * has no missing step that one of them could do. fixes_release(). */
void fix_candidates(const struct fix_question *q, struct fixes *ret);
/* The scenario at `path`, the other's key `fixed`, appended. -errno: it cannot be
 * loaded, or not be judged as the other was. */
int fix_add_variant(const struct scenario *s, const char *path,
		    struct fixes *ret, struct error *e);
void fixes_release(struct fixes *f);
/* Room for one more, appended: nothing is in it. */
struct fix *fixes_add(struct fixes *f);
/* fix-conditions.c: those of another drive, or other mount options. */
void fix_add_drive(const struct fix_question *q, struct fixes *ret);
void fix_add_mount(const struct fix_question *q, struct fixes *ret);
void fix_add_atomic(const struct fix_question *q, struct fixes *ret);
/* The variant with what a run's command line may have changed as in `s`: file
 * system, kernel, seed, states. *ret borrows from both; what that changes in the
 * variant is appended to notes. */
int fix_variant(const struct scenario *s, const struct scenario *variant,
		struct scenario *ret, struct buf *notes, struct error *e);

enum fix_verdict {
	FIX_CURED,   /* the violation is gone, and nothing else is violated */
	FIX_OTHER,   /* it is gone; another one is there */
	FIX_FAILED,  /* it is still there */
	FIX_UNUSED,  /* not one call was added, nor anything else changed: nothing
		      * was tried */
	FIX_UNKNOWN, /* the run could not tell */
};
const char *fix_verdict_name(enum fix_verdict v);

/* What the run with a fix showed. */
struct fix_seen {
	int changed; /* not the program's calls, but the drive, mount options or
		      * the scenario */
	uint64_t added, missed; /* as in struct fix_result */
	int unseen; /* a trace is not whole: there may have been more of both */
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
	uint64_t states, cuts; /* that the verdict rests on */
	uint64_t run_ns, run_before_ns; /* the workload's time; 0: not known */
	char *message; /* of the violation if it stays, else of the first there is,
			* or why it is unknown; "" */
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
