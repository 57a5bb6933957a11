/* Judging one state after another with the promises of its cut: they go along
 * only where they are not those of the state before. */
#ifndef CHECK_HANDED_H
#define CHECK_HANDED_H

#include <stdint.h>

#include "common/buf.h"

struct agent;
struct error;
struct judgement;
struct subject;

struct handed {
	struct buf acks, begun; /* what the other side has now */
	int known; /* it does have them */
	/* As in struct judge_order; NULL: nobody asks. */
	int (*mounted)(void *arg, struct error *e);
	void *arg;
	const char *options; /* as in struct judge_order; borrowed */
};

/* The other side is a new one, or nobody knows what it has. */
void handed_forget(struct handed *h);
void handed_release(struct handed *h);
/* As judge() (check/judge.h), with its results. clock_ns: as in its order. */
int handed_judge(struct handed *h, struct agent *a,
		 const struct subject *subject, uint64_t clock_ns,
		 const struct buf *acks, const struct buf *begun,
		 struct judgement *ret, struct error *e);

#endif
