/* What is said of the accused, and of the step that is missing. */
#include "journey/trial.h"

#include <inttypes.h>

#include "common/buf.h"

void answer(struct trial *t, unsigned layer, enum step step,
	    struct buf *sentence, struct buf *missing)
{
	t->ret->layer = layer;
	t->ret->step = step;
	t->ret->promise = t->broken ? t->broken->ack : NULL;
	t->ret->sentence = buf_take(sentence);
	t->ret->missing = buf_take(missing);
}

void answer_nothing(struct trial *t, const char *why)
{
	struct buf sentence = BUF_INIT, missing = BUF_INIT;

	buf_printf(&sentence, "not known: %s", why);
	answer(t, 0, STEP_NONE, &sentence, &missing);
}

/* Of a state that no check complained about there may be nothing to say. */
void answer_all_is_there(struct trial *t)
{
	struct buf sentence = BUF_INIT, missing = BUF_INIT;

	if (t->q->message) {
		answer_nothing(t,
			       "all that was promised is on the media as far "
			       "as the trace tells, and nothing is lost that "
			       "something later builds on");
		return;
	}
	buf_puts(&sentence, "nothing that was promised is lost, as far as the "
			    "trace tells");
	answer(t, 0, STEP_NONE, &sentence, &missing);
}

void answer_accuse(struct trial *t, const struct operation *o)
{
	t->ret->accused = o;
	t->ret->standing = t->standings[o - t->j->operations];
}

/* What is stored into a page is in no call: it may be older than the accused. */
static void witness_words(const struct trial *t, struct buf *ret)
{
	const struct operation *witness = t->witness;
	int older = witness->enter_ns < t->ret->accused->exit_ns;

	operation_words(witness, ret);
	if (older)
		buf_puts(ret, ", in a version that was written back after it, "
			 "is on the media");
	else if (t->standings[witness - t->j->operations].at == NOT_KNOWN)
		buf_puts(ret, " after it, may be on the media");
	else
		buf_puts(ret, " after it, is on the media");
}

static void promised_words(const struct trial *t, struct buf *ret)
{
	if (t->broken) {
		buf_puts(ret, " when the power failed, though ");
		promise_words(t->broken->ack, ret);
		buf_puts(ret, " had promised it");
	} else if (t->witness) {
		buf_puts(ret, " when the power failed, though ");
		witness_words(t, ret);
	} else {
		buf_puts(ret, " when the power failed");
	}
}

void answer_missing(const struct buf *missing, struct buf *ret)
{
	if (missing->len)
		buf_printf(ret, ": %s", buf_text(missing));
}

/* Until when the missing step would have helped; NULL: until the cut. */
static const struct call *until_call(const struct trial *t)
{
	if (t->broken)
		return t->broken->ack->call;
	/* The call of what was stored into a mapping is its mmap. */
	return t->witness && t->witness->kind != OPERATION_STORE ?
		       t->witness->call : NULL;
}

void answer_accused(struct trial *t, const struct operation *o)
{
	struct buf sentence = BUF_INIT, missing = BUF_INIT;
	const struct call *until = until_call(t);
	const struct standing *s;
	enum step step;

	answer_accuse(t, o);
	s = &t->ret->standing;
	step = missing_step(&t->media, o, s,
			    until ? until->enter_ns : t->media.guest_ns, until,
			    &t->ret->sync, &missing);
	operation_words(o, &sentence);
	buf_puts(&sentence, o->kind == OPERATION_WRITE ||
			    o->kind == OPERATION_STORE ? ", were " :
							 ", was ");
	standing_words(&t->media, s, &sentence);
	promised_words(t, &sentence);
	answer_missing(&missing, &sentence);
	answer(t, (unsigned)s->at, step, &sentence, &missing);
}

static void buffer_missing(const struct journey_mark *ack, struct buf *ret)
{
	buf_printf(ret, "no flush of the program's buffer and no fsync before "
		   "ack %" PRIu64, ack->call->number);
}

/* Layer 1. */
static void say_buffer(struct trial *t)
{
	const struct journey_mark *ack = t->broken->ack;
	struct buf sentence = BUF_INIT, missing = BUF_INIT;

	buffer_missing(ack, &missing);
	buf_printf(&sentence, "what ");
	promise_words(ack, &sentence);
	buf_puts(&sentence, " had promised was in a buffer of the program ");
	if (!t->broken->messenger)
		buf_printf(&sentence, "%s ", ack->call->program);
	buf_puts(&sentence,
		 "(layer 1) when the power failed: no system call "
		 "carried anything to the file system between its begin and "
		 "the ack");
	answer_missing(&missing, &sentence);
	answer(t, 1, STEP_FLUSH_BUFFER, &sentence, &missing);
}

/* It left the program behind the ack. */
static void say_late(struct trial *t, const struct operation *o)
{
	struct buf sentence = BUF_INIT, missing = BUF_INIT;
	const struct journey_mark *ack = t->broken->ack;

	answer_accuse(t, o);
	buffer_missing(ack, &missing);
	operation_words(o, &sentence);
	buf_puts(&sentence, ", only after ");
	promise_words(ack, &sentence);
	buf_puts(&sentence, " had promised it, were ");
	standing_words(&t->media, &t->ret->standing, &sentence);
	buf_puts(&sentence, " when the power failed");
	answer_missing(&missing, &sentence);
	answer(t, (unsigned)t->ret->standing.at, STEP_FLUSH_BUFFER, &sentence,
	       &missing);
}

/* Where it was at the ack is known, where at the cut is not. */
static void say_buffer_or_call(struct trial *t, const struct operation *o)
{
	const struct journey_mark *ack = t->broken->ack;
	struct buf sentence = BUF_INIT, missing = BUF_INIT;

	buffer_missing(ack, &missing);
	buf_puts(&sentence, "not known in which layer: what ");
	promise_words(ack, &sentence);
	buf_printf(&sentence,
		   " had promised was in a buffer of the program at "
		   "the ack, for no system call had carried anything; call "
		   "%" PRIu64 " after it wrote more than the trace keeps, and "
		   "may have carried it",
		   o->call->number);
	answer_missing(&missing, &sentence);
	answer(t, 0, STEP_FLUSH_BUFFER, &sentence, &missing);
}

void answer_buffer_or_late(struct trial *t)
{
	const struct operation *o = accused_later(t);

	if (o) {
		say_late(t, o);
		return;
	}
	o = accused_perhaps_later(t);
	if (o)
		say_buffer_or_call(t, o);
	else
		say_buffer(t);
}
