/* Prose: cause.h. */
#include "journey/cause.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "journey/trial.h"

/* ---- a promise ---- */

static void say_log_left_out(struct trial *t, const struct operation *log)
{
	CLEANUP_FREE char *why =
		xasprintf("nothing was written to the program's log, such as "
			  "%s, before the ack, and nothing else that was has "
			  "its words: it may have been in a buffer",
			  log->path);

	answer_nothing(t, why);
}

static void say_lost(struct trial *t, const struct operation *o)
{
	const struct operation *log = accused_log_left_out(t, o);

	if (log)
		say_log_left_out(t, log);
	else
		answer_accused(t, o);
}

static void try_promise(struct trial *t)
{
	const struct operation *o = accused_in_window(t);

	if (!o)
		o = accused_before_by_words(t);
	if (o) {
		say_lost(t, o);
		return;
	}
	if (trial_opaque_call(t->j, t->broken->from_ns, t->broken->until_ns)) {
		answer_nothing(t,
			       "what was submitted through io_uring or aio "
			       "could not be followed");
		return;
	}
	o = accused_unknown(t);
	if (o) {
		answer_accuse(t, o);
		answer_nothing(t, t->ret->standing.why);
		return;
	}
	o = accused_before(t);
	if (o)
		answer_accused(t, o);
	else if (!broken_operations(t, t->broken))
		answer_buffer_or_late(t);
	else
		answer_nothing(t,
			       "all that the trace shows for this promise is "
			       "on the media");
}

/* ---- order ---- */

/* In itself: the drive's write may have been torn between two operations. */
static const struct operation *find_torn(const struct trial *t)
{
	for (size_t i = 0; i < t->j->n_operations; i++)
		if (trial_lost(t, i) && t->standings[i].at >= AT_BLOCK &&
		    t->standings[i].length < t->j->operations[i].length &&
		    t->standings[i].command != NO_INDEX &&
		    media_torn(&t->media, t->standings[i].command))
			return &t->j->operations[i];
	return NULL;
}

static void say_torn(struct trial *t, const struct operation *o)
{
	struct buf sentence = BUF_INIT, missing = BUF_INIT;

	answer_accuse(t, o);
	torn_words(t->j, &missing);
	operation_words(o, &sentence);
	buf_puts(&sentence, ", were ");
	standing_words(&t->media, &t->ret->standing, &sentence);
	buf_puts(&sentence, " when the power failed, and a part of them "
			    "survived");
	answer_missing(&missing, &sentence);
	answer(t, (unsigned)t->ret->standing.at, STEP_ATOMIC, &sentence,
	       &missing);
}

/* A write of the drive that no operation explains. */
static int say_loss(struct trial *t)
{
	struct buf sentence = BUF_INIT, missing = BUF_INIT;
	enum step step;
	unsigned layer = loss_words(&t->media, &step, &sentence, &missing);

	if (layer)
		answer(t, layer, step, &sentence, &missing);
	return layer != 0;
}

static void try_perhaps(struct trial *t)
{
	const struct operation *o;

	t->broken = broken_perhaps(t);
	if (t->broken) {
		try_promise(t);
		return;
	}
	o = t->q->message ? disorder_perhaps(t) : NULL;
	if (o)
		answer_accused(t, o);
	else if (!t->q->message || !(halfway_say(t) || say_loss(t)))
		answer_all_is_there(t);
}

static void try_order(struct trial *t)
{
	const struct operation *o = find_torn(t);

	if (o) {
		say_torn(t, o);
		return;
	}
	o = disorder_find(t);
	if (o)
		answer_accused(t, o);
	else
		try_perhaps(t);
}

/* ---- faults ---- */

static int say_fault(struct trial *t)
{
	struct buf sentence = BUF_INIT, missing = BUF_INIT, what = BUF_INIT;

	if (space_fault_sentence(t->j->in.space, t->q->state, &what, NULL) ||
	    !what.len) {
		buf_free(&what);
		return 0;
	}
	buf_printf(&sentence,
		   "the drive did what its contract does not allow "
		   "(layer 6): %s",
		   buf_text(&what));
	buf_puts(&missing, buf_text(&what));
	buf_free(&what);
	answer(t, 6, STEP_DRIVE, &sentence, &missing);
	return 1;
}

/* ---- all ---- */

static void conclude(struct trial *t)
{
	if (strchr(t->q->state, '+') && say_fault(t))
		return;
	if (!t->media.guest_ns) {
		answer_nothing(t,
			       "the cut cannot be placed on the guest's clock");
		return;
	}
	if (!broken_is_not_promised(t))
		t->broken = broken_find(t);
	if (t->broken)
		try_promise(t);
	else
		try_order(t);
}

int cause_find(const struct cause_question *q, struct cause *ret,
	       struct error *e)
{
	struct trial t = { .q = q, .j = q->journey, .ret = ret };
	struct media m;
	int err = media_of_state(q->journey, q->state, &m, e);

	if (err)
		return err;
	*ret = (struct cause){ .cut_ns = m.guest_ns };
	t.media = m;
	trial_open(&t);
	t.n_promises = promises_until(t.j, m.position, &t.promises);
	conclude(&t);
	if (t.j->doubt)
		ret->doubt = xstrdup(t.j->doubt);
	trial_close(&t);
	free(t.promises);
	media_release(&m);
	return 0;
}

void cause_unknown(const char *why, struct cause *ret)
{
	*ret = (struct cause){ .sentence = xasprintf("not known: %s", why),
			       .missing = xstrdup("") };
}

void cause_release(struct cause *c)
{
	free(c->sentence);
	free(c->missing);
	free(c->doubt);
	*c = (struct cause){ .layer = 0 };
}
