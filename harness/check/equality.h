/*
 * Equality where states are judged: asks equal/equal.h about each state before
 * a guest gets it and once it is mounted, tells it what the guest read, and
 * lets it audit.
 *
 * One for the states of one recording, shared by all workers; any thread.
 */
#ifndef CHECK_EQUALITY_H
#define CHECK_EQUALITY_H

#include "check/checker.h"
#include "equal/equal.h"

struct equality;

/* `any` is a state of the subject: where the journal lies is the same in all.
 * The subject is borrowed. */
struct equality *equality_new(const struct subject *subject,
			      const struct state *any);
void equality_free(struct equality *q); /* NULL is allowed */

/* One state under way. */
struct inquiry {
	struct equality *equality;
	const struct state *state;
	char *name;
	struct equal_state asked;
	struct equal_answer answer;
	struct watch watch; /* for whoever judges it */
};

/* 1: it is equal to one that was judged, which the judgement says (release
 * it); there is nothing to judge. 0: judge it, with the inquiry's watch. The
 * state is borrowed until inquiry_end(). */
int inquiry_begin(struct equality *q, const struct state *state,
		  const struct buf *acks, const struct buf *begun,
		  struct inquiry *ret, struct judgement *ret_judgement);
/*
 * It was judged, or the watch made the guest skip it: then the judgement is
 * made to say to which one it is equal. Releases the inquiry. If it was audited
 * and is not what its equal is, equality has stopped.
 */
void inquiry_end(struct inquiry *i, struct judgement *j);
/* Releases one whose state could not be judged. */
void inquiry_abandon(struct inquiry *i);

struct equal_totals equality_totals(struct equality *q);
/* What was judged may be wrong: nothing is equal to anything any more. */
void equality_doubt(struct equality *q, const char *why);
/* Why it has stopped, or NULL. */
const char *equality_stopped(struct equality *q);

#endif
