/*
 * One question of cause.h while it is being answered: what all its parts know.
 * In this room alone.
 */
#ifndef JOURNEY_TRIAL_H
#define JOURNEY_TRIAL_H

#include <stdint.h>

#include "journey/cause.h"

struct buf;

/* What is asked, with the standing of each operation at the cut. */
struct trial {
	const struct cause_question *q;
	const struct journey *j;
	struct media media;
	struct standing *standings; /* of the journey's operations */
	unsigned char *wanted; /* whether each is still asked for at the cut */
	struct promise *promises;
	size_t n_promises;
	const struct promise *broken;	 /* or NULL */
	const struct operation *witness; /* on the media, builds on the
					  * accused; or NULL */
	struct cause *ret;
};

/* ---- trial.c ---- */

/* Judges all operations at the cut, which media is of. */
void trial_open(struct trial *t);
void trial_close(struct trial *t);
/* Of the i-th operation: still asked for at the cut, and lost, or not known to
 * be there. */
int trial_lost(const struct trial *t, size_t i);
int trial_unknown(const struct trial *t, size_t i);
/* Where the text stands in there and is no part of a longer word; NULL: it does
 * not. */
const char *trial_find_word(const char *in, const char *text);
/* Its bytes have the text; or its number, what stands behind the last blank or
 * dash. */
int trial_carries(const struct operation *o, const char *text);
/* That, or a name of what has, for the text of the broken promise. */
int trial_has_words(const struct trial *t, const struct operation *o);
/* A call in between that submitted what could not be followed, or NULL. */
const struct call *trial_opaque_call(const struct journey *j, uint64_t from_ns,
				     uint64_t until_ns);

/* ---- broken.c ---- */

/* The promise that the state breaks for sure, or NULL; the last that it may. */
const struct promise *broken_find(const struct trial *t);
const struct promise *broken_perhaps(const struct trial *t);
/* The check names what was begun and not promised yet, and that is lost. */
int broken_is_not_promised(const struct trial *t);
size_t broken_operations(const struct trial *t, const struct promise *p);

/* ---- accused.c: the most likely one of those, or NULL ---- */

/* Lost, of the promise. */
const struct operation *accused_in_window(const struct trial *t);
/* Not known to be there, of the promise. */
const struct operation *accused_unknown(const struct trial *t);
/* Lost, before the ack, with the promise's words. */
const struct operation *accused_before_by_words(const struct trial *t);
/* Lost, before the ack: anything where there is no begin, else what was stored
 * through a mapping. */
const struct operation *accused_before(const struct trial *t);
/* Left the program after the ack with its words; may have. */
const struct operation *accused_later(const struct trial *t);
const struct operation *accused_perhaps_later(const struct trial *t);
/* A write to the program's log, of which the accused is none; NULL: nothing
 * speaks for that it should be. */
const struct operation *accused_log_left_out(const struct trial *t,
					     const struct operation *accused);

/* ---- disorder.c ---- */

/* Lost, though t->witness, which builds on it, is on the media; or NULL. */
const struct operation *disorder_find(struct trial *t);
/* Lost, though t->witness, a new name of the same file, may be on the media. */
const struct operation *disorder_perhaps(struct trial *t);

/* ---- halfway.c ---- */

/* Says so, where a part of what belongs together is lost and another is there. 0:
 * nothing of the kind. */
int halfway_say(struct trial *t);

/* ---- answer.c: each fills t->ret ---- */

/* The texts are taken over. */
void answer(struct trial *t, unsigned layer, enum step step,
	    struct buf *sentence, struct buf *missing);
void answer_nothing(struct trial *t, const char *why);
void answer_all_is_there(struct trial *t);
void answer_accuse(struct trial *t, const struct operation *o);
void answer_missing(const struct buf *missing, struct buf *ret);
void answer_accused(struct trial *t, const struct operation *o);
/* The promise's data was in no call before the ack. */
void answer_buffer_or_late(struct trial *t);

#endif
