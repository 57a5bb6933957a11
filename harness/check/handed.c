#include "check/handed.h"

#include <string.h>

#include "check/checker.h"
#include "check/judge.h"

void handed_forget(struct handed *h)
{
	h->known = 0;
}

void handed_release(struct handed *h)
{
	buf_free(&h->acks);
	buf_free(&h->begun);
	h->known = 0;
}

static int same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && !memcmp(buf_text(a), buf_text(b), a->len);
}

static void keep(struct buf *there, const struct buf *want)
{
	buf_clear(there);
	buf_add(there, buf_text(want), want->len);
}

int handed_judge(struct handed *h, struct agent *a,
		 const struct subject *subject, uint64_t clock_ns,
		 const struct buf *acks, const struct buf *begun,
		 struct judgement *ret, struct error *e)
{
	int there = h->known && same(&h->acks, acks) && same(&h->begun, begun);
	const struct judge_order order = {
		.clock_ns = clock_ns,
		.acks = there ? NULL : acks,
		.begun = there ? NULL : begun,
		.mounted = h->mounted,
		.arg = h->arg,
		.options = h->options,
	};
	int err;

	h->known = 0;
	err = judge(a, subject->scenario, &order, ret, e);
	if (err)
		return err;
	h->known = 1;
	keep(&h->acks, acks);
	keep(&h->begun, begun);
	return 0;
}
