#include "check/watched.h"

#include <errno.h>
#include <stdlib.h>

#include "check/equality.h"
#include "check/window.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"

/* States between canaries: from the fewest, after a fresh guest, to the most.
 * Judging two of 128 again costs 1.6 %. */
#define FEWEST 4
#define MOST 128
/* A checker that could not judge this many states in a row gives up: what is
 * wrong is not the states. */
#define GIVE_UP_AFTER 3
/* So often one state is judged before it is left unknown. */
#define TRIES 5

struct entry {
	const struct item *item;
	unsigned tries;
	struct state state;
	struct judgement judgement;
};

struct entries {
	struct entry *list;
	size_t n, size;
};

struct watched {
	struct watched_config c;
	struct cursor *cursor;
	struct entries held, again; /* judged; to be judged again */
	size_t batch;
	unsigned guests; /* of the checker, when it was last looked at */
	int undecided_in_a_row;
	int told_violated;
	struct watch_counts counts;
};

static void push(struct entries *s, const struct entry *e)
{
	if (s->n == s->size) {
		s->size = s->size ? 2 * s->size : FEWEST;
		s->list = xrealloc(s->list, s->size * sizeof(*s->list));
	}
	s->list[s->n++] = *e;
}

static void forget_verdict(struct entry *e)
{
	state_free(&e->state);
	judgement_release(&e->judgement);
	e->state = (struct state){ 0 };
}

static void tell(struct watched *w, struct entry *e)
{
	if (e->judgement.verdict == VERDICT_VIOLATED)
		w->told_violated = 1;
	w->c.report(e->item, &e->state, &e->judgement, w->c.arg);
	forget_verdict(e);
}

static void tell_held(struct watched *w)
{
	for (size_t i = 0; i < w->held.n; i++)
		tell(w, &w->held.list[i]);
	w->held.n = 0;
}

/* Nothing of it is believed, nor what was told as equal to it. */
static void throw_away_held(struct watched *w)
{
	if (w->held.n && w->c.subject->equality)
		equality_doubt(w->c.subject->equality,
			       "a guest was replaced before what it had "
			       "judged could be believed");
	for (size_t i = w->held.n; i-- > 0;) {
		forget_verdict(&w->held.list[i]);
		push(&w->again, &w->held.list[i]);
	}
	w->counts.again += w->held.n;
	w->held.n = 0;
	w->batch = FEWEST;
}

static unsigned guests(const struct watched *w)
{
	return w->c.ops->guests ? w->c.ops->guests(w->c.checker) : 0;
}

/* Whether the guest is another one than when this was last asked. */
static int was_replaced(struct watched *w)
{
	unsigned now = guests(w), before = w->guests;

	w->guests = now;
	w->counts.recycled += now - before;
	return now != before;
}

static int watching(const struct watched *w)
{
	return w->c.ops->renew && canaries_in_use(w->c.canaries);
}

static int is_our_failure(const struct judgement *j)
{
	return j->verdict == VERDICT_UNKNOWN && j->stage == STAGE_NONE;
}

static int took_the_guest(const struct judgement *j)
{
	return j->stage == STAGE_KERNEL || j->stage == STAGE_HANG;
}

/* ---- one state ---- */

static int is_dead(const struct state *state)
{
	return state->fault == FAULT_READ_ONLY || state->fault == FAULT_GONE;
}

static struct judgement not_shown(void)
{
	return (struct judgement){
		.verdict = VERDICT_UNKNOWN,
		.stage = STAGE_CHECK,
		.message = xstrdup("a dead device can only be judged in a "
				   "guest"),
	};
}

static int judge_asked(struct watched *w, struct inquiry *q,
		       const struct buf *acks, const struct buf *begun,
		       struct judgement *ret)
{
	const struct checker_ops *ops = w->c.ops;
	int err;

	ops->watch(w->c.checker, &q->watch);
	err = ops->judge(w->c.checker, q->state, acks, begun, ret);
	ops->watch(w->c.checker, NULL);
	if (err)
		inquiry_abandon(q);
	else
		inquiry_end(q, ret);
	return err;
}

/* A place that serves a dead device as a living one would judge another state.
 * What a faulty drive answers is not all in its content: such states are equal
 * to none. */
static int judge_state(struct watched *w, const struct state *state,
		       const struct buf *acks, const struct buf *begun,
		       struct judgement *ret)
{
	struct equality *equality = w->c.subject->equality;
	const struct checker_ops *ops = w->c.ops;
	struct inquiry q;

	if (is_dead(state) && !ops->shows_dead) {
		*ret = not_shown();
		return 0;
	}
	if (!equality || !ops->watch || state->fault != FAULT_NONE)
		return ops->judge(w->c.checker, state, acks, begun, ret);
	if (inquiry_begin(equality, state, acks, begun, &q, ret))
		return 0;
	return judge_asked(w, &q, acks, begun, ret);
}

struct judging {
	struct watched *watched;
	const struct state *state;
};

static int judge_with(void *arg, const struct buf *acks,
		      const struct buf *begun, struct judgement *ret)
{
	struct judging *j = arg;

	return judge_state(j->watched, j->state, acks, begun, ret);
}

static int judge_promised(struct watched *w, const struct state *state,
			  const struct buf *acks, const struct buf *begun,
			  struct judgement *ret)
{
	struct window *window = w->c.subject->window;
	struct judging arg = { w, state };
	struct judgement j = { 0 };
	int err = judge_with(&arg, acks, begun, &j);

	if (!err && window)
		err = window_judge(window, &state->cut, judge_with, &arg, &j);
	if (err)
		judgement_release(&j);
	else
		*ret = j;
	return err;
}

static int judge(struct watched *w, struct entry *entry, struct error *e)
{
	CLEANUP_BUF struct buf acks = BUF_INIT, begun = BUF_INIT;
	const struct subject *s = w->c.subject;
	const struct item *item = entry->item;
	int err = cursor_state(w->cursor, &item->cut, item->survivors,
			       &entry->state, e);

	if (err)
		return err;
	s->promises(s->promises_arg, &item->cut, &acks, &begun);
	entry->tries++;
	err = judge_promised(w, &entry->state, &acks, &begun,
			     &entry->judgement);
	if (err)
		state_free(&entry->state);
	return err;
}

static void no_steady_guest(struct judgement *j)
{
	judgement_release(j);
	j->verdict = VERDICT_UNKNOWN;
	j->message = xasprintf("no guest that judged it lasted, in %d tries",
			       TRIES);
}

/* What came of it: told, or held back. -EIO: time to give up. */
static int take(struct watched *w, struct entry *entry, struct error *e)
{
	struct judgement *j = &entry->judgement;
	int failed = is_our_failure(j);

	w->undecided_in_a_row = failed ? w->undecided_in_a_row + 1 : 0;
	if (failed)
		error_set(e, EIO, "%s", j->message);
	if (was_replaced(w) || took_the_guest(j))
		throw_away_held(w);
	if (!failed && entry->tries > TRIES)
		no_steady_guest(j);
	if (watching(w) && !is_our_failure(j) && !took_the_guest(j))
		push(&w->held, entry);
	else
		tell(w, entry);
	return w->undecided_in_a_row == GIVE_UP_AFTER ? -EIO : 0;
}

static int judge_and_take(struct watched *w, struct entry entry,
			  struct error *e)
{
	int err = judge(w, &entry, e);

	if (!err)
		return take(w, &entry, e);
	push(&w->again, &entry);
	return err;
}

/* ---- canaries ---- */

/* 1: what is held back can be believed. */
static int ask(struct watched *w)
{
	int good = canaries_ask(w->c.canaries, w->c.ops, w->c.checker);

	if (good < 0)
		return good;
	return was_replaced(w) ? 0 : good;
}

/* A fresh guest in place of one that has gone bad. */
static int recycle(struct watched *w, struct error *e)
{
	int err, good;

	w->counts.drifted++;
	throw_away_held(w);
	err = w->c.ops->renew(w->c.checker, e);
	was_replaced(w);
	if (err)
		return err;
	good = ask(w);
	if (good == 0)
		canaries_give_up(w->c.canaries);
	return good < 0 ? good : 0;
}

static int confirm(struct watched *w, struct error *e)
{
	int good = watching(w) ? ask(w) : 1;

	if (good < 0)
		return good;
	if (!good)
		return recycle(w, e);
	tell_held(w);
	w->batch = w->batch < MOST ? 2 * w->batch : MOST;
	return 0;
}

static int judge_again(struct watched *w, struct error *e)
{
	struct entry entry = w->again.list[--w->again.n];

	return judge_and_take(w, entry, e);
}

/* The first violation is what somebody may wait for. */
static int is_due(const struct watched *w)
{
	const struct entry *last =
		w->held.n ? &w->held.list[w->held.n - 1] : NULL;

	if (!last)
		return 0;
	return w->held.n >= w->batch ||
	       (last->judgement.verdict == VERDICT_VIOLATED &&
		!w->told_violated);
}

int watched_judge(struct watched *w, const struct item *item, struct error *e)
{
	int err = judge_and_take(w, (struct entry){ .item = item }, e);

	if (!err && is_due(w))
		err = confirm(w, e);
	while (!err && w->again.n) {
		err = judge_again(w, e);
		if (!err && is_due(w))
			err = confirm(w, e);
	}
	return err;
}

int watched_settle(struct watched *w, struct error *e)
{
	int err = 0;

	while (!err && (w->held.n || w->again.n)) {
		if (w->again.n && !is_due(w))
			err = judge_again(w, e);
		else
			err = confirm(w, e);
	}
	return err;
}

/* ---- begin and end ---- */

int watched_start(const struct watched_config *c, struct watched **ret,
		  struct error *e)
{
	struct watched *w = xcalloc(1, sizeof(*w));
	int good, err = 0;

	w->c = *c;
	w->batch = FEWEST;
	w->cursor = cursor_new(c->subject->space);
	w->guests = guests(w);
	good = watching(w) ? ask(w) : 1;
	if (good < 0)
		err = good;
	else if (!good && watching(w))
		err = recycle(w, e);
	*ret = w;
	return err;
}

void watched_count(const struct watched *w, struct watch_counts *sum)
{
	sum->recycled += w->counts.recycled;
	sum->drifted += w->counts.drifted;
	sum->again += w->counts.again;
}

void watched_free(struct watched *w,
		  void (*fn)(const struct item *item, void *arg), void *arg)
{
	if (!w)
		return;
	throw_away_held(w);
	for (size_t i = 0; i < w->again.n; i++)
		fn(w->again.list[i].item, arg);
	free(w->again.list);
	free(w->held.list);
	cursor_free(w->cursor);
	free(w);
}
