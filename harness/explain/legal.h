/*
 * Why a crash state is legal: for each write at the cut, the rule of the
 * crash model (drive/model.c) that let it live or die, and the flush that
 * covered it, or did not.
 */
#ifndef EXPLAIN_LEGAL_H
#define EXPLAIN_LEGAL_H

#include <stddef.h>
#include <stdint.h>

#include "drive/history.h"
#include "drive/model.h"
#include "states/states.h"

struct buf;
struct error;

enum legal_why {
	LEGAL_SETUP,           /* durable: submitted before ARM */
	LEGAL_FLUSHED,         /* durable, rule 1: .flush covered it */
	LEGAL_FUA,             /* durable, rule 2 */
	LEGAL_NO_CACHE,        /* durable: no volatile cache, or rule 7 */
	LEGAL_DESTAGED,        /* durable: too old, or too much in the cache */
	LEGAL_IN_FLIGHT,       /* volatile, rule 3: had not completed */
	LEGAL_NO_FLUSH,        /* volatile, rule 3: none submitted since */
	LEGAL_FLUSH_IN_FLIGHT, /* volatile, rule 3: .flush had not completed */
	LEGAL_IGNORED,         /* volatile, rule 6: the drive ignored .flush, or
				* its FUA (.flush NULL) */
};

struct legal_reason {
	enum legal_why why;
	unsigned rule; /* of the crash model; 0 for the setup */
	/* The flush that covers it, or would once it completes; or NULL. */
	const struct command *flush;
	/* The last flush that was submitted while the write was in flight, and
	 * therefore does not cover it; or NULL. Of volatile writes only. */
	const struct command *missed;
};

/* Word for why, for programs: setup flushed fua no-cache destaged in-flight
 * no-flush flush-in-flight ignored. */
const char *legal_why_name(enum legal_why why);

/*
 * Of h->commands[index], which changes the media and was submitted at the cut's
 * position or before; durable: from the model. All that is known about reasons
 * is here: a new rule of the model gets its enum legal_why in this function
 * and its sentence in legal_sentence.
 */
struct legal_reason legal_reason(const struct history *h,
				 const struct cache_model *m, size_t index,
				 uint64_t durable, uint64_t position);
/* One sentence without a full stop, appended. */
void legal_sentence(const struct command *c, const struct legal_reason *r,
		    struct buf *ret);

struct legal_write {
	size_t command; /* index into the history's */
	struct legal_reason reason;
	const struct write_fate *fate; /* NULL: durable. Borrowed */
};

struct legal {
	struct state state;         /* as its name says; owned */
	char *fault;                /* what the drive did beyond its contract,
				     * a sentence; NULL: nothing. Owned */
	struct legal_write *writes; /* in submit order */
	size_t n;
	uint64_t n_volatile, n_durable; /* of all, shown or not */
	struct write_fate *fates;
	size_t n_fates;
};

/* Of the state CUT:SURVIVORS: each volatile write, with `all` the durable ones
 * behind ARM too. -EINVAL: no such state. */
int legal_explain(struct state_space *s, const struct history *h,
		  const struct cache_model *m, const char *state, int all, struct legal *ret,
		  struct error *e);
void legal_release(struct legal *l);

/* "survived", "lost", "survived in units 0-3, lost in unit 4", appended. */
void legal_survival(const struct write_fate *f, struct buf *ret);

#endif
