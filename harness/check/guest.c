/* Judging in a guest, as the pool sees it. */
#include "check/ops.h"

static int start(const struct checker_config *c, void **ret, struct error *e)
{
	struct checker *checker = NULL;
	int err = checker_start(c, &checker, e);

	if (!err)
		*ret = checker;
	return err;
}

static int load(void *checker, const struct subject *subject, struct error *e)
{
	return checker_load(checker, subject, e);
}

static int judge_state(void *checker, const struct state *state,
		       const struct buf *acks, const struct buf *begun,
		       struct judgement *ret)
{
	return checker_judge(checker, state, acks, begun, ret);
}

static void watch(void *checker, struct watch *w)
{
	checker_watch(checker, w);
}

static void stop(void *checker)
{
	checker_stop(checker);
}

static unsigned guests(void *checker)
{
	return checker_guests(checker);
}

static int renew(void *checker, struct error *e)
{
	return checker_renew(checker, e);
}

const struct checker_ops checker_in_guest = {
	.shows_dead = 1,
	.start = start,
	.load = load,
	.judge = judge_state,
	.watch = watch,
	.stop = stop,
	.guests = guests,
	.renew = renew,
};
