/*
 * What a program documents to lose.
 *
 * "expect: loses: last N" says: after a power cut everything is intact, and
 * nothing is lost but what was acknowledged in the last N before it. (Redis with
 * appendfsync everysec, SQLite with a write-ahead log and synchronous=NORMAL.)
 *
 * A state whose check says violated is judged once more, with weaker promises:
 * only the acks that are older than N at the cut stand in PC_ACKS, the operations
 * of the younger ones in PC_BEGUN, as begun and not acknowledged. They may be
 * there, or not, or in part, exactly as if the program had not come to its ack.
 * If the check and fsck have nothing to say against that, the state loses within
 * the window. Else it is violated, by what the second judgement says: something
 * old is lost, or something is damaged, and no window excuses that. A refused
 * mount, a panic, a hang or a complaint of fsck is nothing that promises decide:
 * such a state is not judged again. Where no ack is young there is nothing to
 * excuse, either. If the second judgement cannot tell, nobody can.
 *
 * The clock. An ack's age is the time from its mark to the cut's last record, both
 * taken by the drive itself, from one monotonic clock, when it put the record into
 * the log; neither the guest's clock nor when we look has a part in it. It is the
 * least age that the ack can have had:
 *
 * - the program knew that it had promised before the drive stamped the mark;
 * - a cut at position p stands for any moment between record p and record p + 1,
 *   and the age is taken at the first of them.
 *
 * So an ack that is called too old has been older than N whatever moment is
 * meant: violated is a proof, and a slow machine, on which time passes between two
 * records, does not make one out of nothing. The error is on the side of excusing,
 * and it is small. What was promised to be stored by then and still is not at
 * record p + 1 is looked at there again: what was volatile at p is volatile when
 * p + 1 is submitted, unless p + 1 completes a flush or is a FUA's completion, so
 * the same content is a state of that cut (without the new write), and its acks
 * are judged by the later time. Only a loss that a flush ends is seen too young,
 * by the time from the flush's last record before to its completion.
 *
 * Equality. The verdict is now decided by the content, by the promises, and by
 * which of these are young at the cut. Two cuts between which nothing was promised
 * have the same promises, but on the later one more of them may be old: states
 * with equal content are equal only where the number of old acks is the same, too
 * (promises_key()). Equality by what was read (equal/equal.c) needs nothing new:
 * each of the judgements is one of its own there, asked about and remembered with
 * the promises that it had; a state is called equal if any part of its verdict was
 * not seen on itself, so that what an audit refutes takes the whole verdict back.
 *
 * How old was the oldest ack whose loss made the check fail? Between the number of
 * acks with which it fails and that with which it holds lies a first one that it
 * misses: bisection finds it. That costs some judgements, so it is done only where
 * the answer can be new: first the state is judged with all acks that are older
 * than the oldest loss so far. If that holds, this one is no older, and that age is
 * told as the bound it is. So the oldest loss of a run is exact (for a check that
 * does not begin to complain when it is promised less), and no age that is told is
 * too small.
 */
#include "check/window.h"

#include "common/buf.h"
#include "common/cleanup.h"

struct asked {
	struct window *window;
	const struct cut *cut;
	window_judge_fn fn;
	void *arg;
	uint64_t elapsed_ns;
	enum equal_how equal;
	char *equal_to; /* owned */
};

/* Of the whole verdict: that a part of it was not seen on this state. */
static void note(struct asked *a, const struct judgement *j)
{
	a->elapsed_ns += j->elapsed_ns;
	if (!j->equal || a->equal)
		return;
	a->equal = j->equal;
	a->equal_to = j->equal_to ? xstrdup(j->equal_to) : NULL;
}

/* With only the first n acks promised. */
static int ask(struct asked *a, uint64_t n, struct judgement *ret)
{
	CLEANUP_BUF struct buf acks = BUF_INIT, begun = BUF_INIT;
	int err;

	promises_partial(a->window->promises, a->cut, n, &acks, &begun);
	err = a->fn(a->arg, &acks, &begun, ret);
	if (!err)
		note(a, ret);
	return err;
}

/* 1: it holds with n acks. */
static int holds(struct asked *a, uint64_t n, int *ret)
{
	struct judgement j = { 0 };
	int err = ask(a, n, &j);

	*ret = !err && j.verdict == VERDICT_HELD;
	if (!err)
		judgement_release(&j);
	return err;
}

/* It holds with `good` acks and not with `bad`: to the last with which it
 * does. */
static int bisect(struct asked *a, uint64_t good, uint64_t bad, uint64_t *ret)
{
	while (good + 1 < bad) {
		uint64_t middle = good + (bad - good) / 2;
		int yes, err = holds(a, middle, &yes);

		if (err)
			return err;
		if (yes)
			good = middle;
		else
			bad = middle;
	}
	*ret = good;
	return 0;
}

static void raise_to(uint64_t *at, uint64_t value)
{
	uint64_t now = __atomic_load_n(at, __ATOMIC_RELAXED);

	while (now < value &&
	       !__atomic_compare_exchange_n(at, &now, value, 0,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		continue;
}

/* It holds with the first `old` of `all` acks, and not with all. Where those that
 * are older than the oldest loss are none but the old ones, or all, nothing is to
 * be asked: whatever it misses is no older. */
static int find_age(struct asked *a, uint64_t old, uint64_t all, uint64_t *ret)
{
	struct window *w = a->window;
	uint64_t known = __atomic_load_n(&w->oldest_ns, __ATOMIC_RELAXED);
	uint64_t n = promises_old(w->promises, a->cut, known);
	int probe = known && n > old && n < all;
	int yes = known && !probe, err = 0;

	if (probe)
		err = holds(a, n, &yes);
	if (!err && !yes)
		err = bisect(a, old, probe ? n : all, &n);
	if (err)
		return err;
	*ret = yes ? known : promises_age(w->promises, a->cut, n);
	raise_to(&w->oldest_ns, *ret);
	return 0;
}

/* What the first judgement said is lost, but within the window. */
static int excuse(struct asked *a, uint64_t old, uint64_t all,
		  struct judgement *j)
{
	int err = find_age(a, old, all, &j->lost_ns);

	if (!err)
		j->verdict = VERDICT_LOSES;
	return err;
}

/* The second judgement is what counts. */
static void replace(struct judgement *j, struct judgement *by)
{
	judgement_release(j);
	*j = *by;
	*by = (struct judgement){ 0 };
}

static void take_notes(struct asked *a, struct judgement *j)
{
	free(j->equal_to);
	j->equal = a->equal;
	j->equal_to = TAKE(a->equal_to);
	j->elapsed_ns = a->elapsed_ns;
}

static int judge_again(struct asked *a, uint64_t old, uint64_t all,
		       struct judgement *j)
{
	struct judgement again = { 0 };
	int err;

	note(a, j);
	err = ask(a, old, &again);
	if (!err && again.verdict == VERDICT_HELD)
		err = excuse(a, old, all, j);
	else if (!err)
		replace(j, &again);
	if (!err)
		take_notes(a, j);
	judgement_release(&again);
	return err;
}

int window_judge(struct window *w, const struct cut *cut, window_judge_fn fn,
		 void *arg, struct judgement *j)
{
	struct asked a = { .window = w, .cut = cut, .fn = fn, .arg = arg };
	uint64_t old = promises_old(w->promises, cut, w->ns);
	uint64_t all = promises_count(w->promises, cut).acks;
	int err;

	if (j->verdict != VERDICT_VIOLATED || j->stage != STAGE_CHECK ||
	    old == all)
		return 0;
	err = judge_again(&a, old, all, j);
	free(a.equal_to);
	return err;
}
