/*
 * States that differ only in what nobody reads are equal: their verdict is
 * known without judging them. equal.c says why, and what is assumed.
 *
 * One for each recording; any thread may call.
 */
#ifndef EQUAL_EQUAL_H
#define EQUAL_EQUAL_H

#include <stddef.h>
#include <stdint.h>

#include "drive/drive.h"
#include "results/store/store.h"

struct equal;

struct equal_config {
	/* The units in which states of this recording can differ, ascending;
	 * copied. All units are those of the drive (drive_load). */
	const uint64_t *varying;
	size_t n_varying;
	/* The units that hold nothing but the file system's journal,
	 * ascending; copied; none: none is left out. */
	const struct unit_run *journal;
	size_t n_journal;
	/* Of the journal: one of these is written by every mount that
	 * recovers. */
	struct unit_run anchor;
	uint64_t seed;
	double audit; /* share of the skipped states that is judged all the
		       * same: 0 .. 1 */
};

struct equal *equal_new(const struct equal_config *c);
void equal_free(struct equal *q); /* NULL is allowed */

/* A state as it is asked about. */
struct equal_state {
	uint64_t promises; /* equal promises, equal number */
	uint64_t lost;     /* volatile writes that did not survive whole */
	uint64_t hash;     /* of its content: decides whether it is audited */
	/* What a unit holds: equal content, equal number. */
	uint64_t (*content)(void *arg, uint64_t unit);
	void *arg;
};

/* One that was judged. */
struct equal_judged {
	const char *name; /* CUT:SURVIVORS */
	enum verdict verdict; /* held or violated */
	enum stage stage;
	const char *message; /* NULL if held */
	uint64_t lost;
};

struct equal_answer {
	const struct equal_judged *to; /* until equal_free; NULL: to none */
	int audit; /* judge it all the same, then equal_compare() */
};

/* Before the state is given to a guest. */
struct equal_answer equal_unread(struct equal *q, const struct equal_state *s);
/* Once a guest has mounted it. */
struct equal_answer equal_recovered(struct equal *q,
				    const struct equal_state *s,
				    const struct drive_written *w);
/* Whether equal_recovered() can ever say more than equal_unread(). If so, the
 * range that drive_mounted() is to be asked about. */
int equal_asks_mounted(const struct equal *q, struct unit_run *ret_asked);

/* A state was judged in one guest from its mount to its end, as `reads` and
 * `written` tell (NULL: it could not be mounted). Verdicts other than held and
 * violated decide nothing and are not remembered. */
void equal_remember(struct equal *q, const struct equal_state *s,
		    const struct drive_reads *reads,
		    const struct drive_written *written,
		    const struct equal_judged *judged);

/* An audited state was judged: -EBADMSG, and nothing is equal to anything any
 * more, if it did not turn out as its equal. */
int equal_compare(struct equal *q, const struct equal_answer *a,
		  const struct equal_judged *now);

/* For another reason than an audit: nothing is equal any more. */
void equal_stop(struct equal *q, const char *why);

struct equal_totals {
	uint64_t unread, recovered; /* skipped, by which question */
	uint64_t audited, mismatches;
};
struct equal_totals equal_totals(struct equal *q);
/* Why it has stopped, or NULL; until equal_free. What was skipped until then
 * is to be judged. */
const char *equal_stopped(struct equal *q);

#endif
