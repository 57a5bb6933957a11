/* Prose: cause.h. */
#include "journey/cause.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"

/* What is asked, with the standing of each operation at the cut. */
struct trial {
	const struct cause_question *q;
	const struct journey *j;
	struct media media;
	struct standing *standings; /* of the journey's operations */
	struct promise *promises;
	size_t n_promises;
	const struct promise *broken; /* or NULL */
	const struct operation *witness; /* on the media, builds on the
					  * accused; or NULL */
	struct cause *ret;
};

static int is_lost(const struct standing *s)
{
	return s->at >= AT_CALL && s->at <= AT_DRIVE;
}

/* Of that call something is lost. */
static int call_lost(const struct trial *t, const struct call *c)
{
	for (size_t i = 0; i < t->j->n_operations; i++)
		if (t->j->operations[i].call == c && is_lost(&t->standings[i]))
			return 1;
	return 0;
}

/* Still asked for at the cut: also where a rename put another file into its place
 * and is lost itself, for then it stands there again. */
static int is_wanted(const struct trial *t, const struct operation *o)
{
	return o->gone_ns > t->media.guest_ns ||
	       (o->replaced_by && call_lost(t, o->replaced_by));
}

static int lost_operation(const struct trial *t, size_t i)
{
	return is_lost(&t->standings[i]) && is_wanted(t, &t->j->operations[i]);
}

static int unknown_operation(const struct trial *t, size_t i)
{
	return t->standings[i].at == NOT_KNOWN &&
	       is_wanted(t, &t->j->operations[i]);
}

/* ---- texts ---- */

static int is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Where the text stands in there and is no part of a longer word; NULL: it does
 * not. */
static const char *find_word(const char *in, const char *text)
{
	size_t length = strlen(text);

	if (!in || !length)
		return NULL;
	for (const char *p = strstr(in, text); p; p = strstr(p + 1, text))
		if ((p == in || !is_word(p[-1])) && !is_word(p[length]))
			return p;
	return NULL;
}

#define TAG_LEAST 3

/* The number of the text: what stands behind its last blank or dash. */
static const char *tag_of(const char *text)
{
	const char *blank = strrchr(text, ' '), *dash = strrchr(text, '-');
	const char *last = blank > dash ? blank : dash;

	return last && strlen(last + 1) >= TAG_LEAST ? last + 1 : text;
}

static int head_has(const struct call *c, const char *text)
{
	size_t length = strlen(text);

	return length >= TAG_LEAST && c->kind == CALL_WRITE &&
	       memmem(c->head, c->head_length, text, length) != NULL;
}

static int carries(const struct operation *o, const char *text)
{
	return o->kind == OPERATION_WRITE &&
	       (head_has(o->call, text) || head_has(o->call, tag_of(text)));
}

/* The name of a file whose bytes carry it. */
static int names_what_carries(const struct trial *t, const struct operation *o,
			      const char *text)
{
	for (size_t i = 0; o->inode && o->kind == OPERATION_NAME &&
			   i < t->j->n_operations; i++)
		if (t->j->operations[i].inode == o->inode &&
		    carries(&t->j->operations[i], text))
			return 1;
	return 0;
}

/* ---- the promise ---- */

static int promise_lost(const struct trial *t, const struct promise *p)
{
	for (size_t i = 0; i < t->j->n_operations; i++)
		if (promise_has(p, &t->j->operations[i]) &&
		    lost_operation(t, i))
			return 1;
	return 0;
}

/* What io_uring and aio carried is not seen. */
static const struct call *opaque_call(const struct journey *j,
				      uint64_t from_ns, uint64_t until_ns)
{
	for (size_t i = 0; i < j->in.calls->n; i++) {
		const struct call *c = &j->in.calls->calls[i];

		if (c->kind == CALL_OPAQUE && c->enter_ns >= from_ns &&
		    c->enter_ns <= until_ns)
			return c;
	}
	return NULL;
}

static int promise_unknown(const struct trial *t, const struct promise *p)
{
	for (size_t i = 0; i < t->j->n_operations; i++)
		if (promise_has(p, &t->j->operations[i]) &&
		    unknown_operation(t, i))
			return 1;
	return opaque_call(t->j, p->from_ns, p->until_ns) != NULL;
}

static size_t promise_operations(const struct trial *t,
				 const struct promise *p)
{
	size_t n = 0;

	for (size_t i = 0; i < t->j->n_operations; i++)
		n += promise_has(p, &t->j->operations[i]);
	return n;
}

/* No call carried it: nothing was done in between at all. */
static int promise_empty(const struct trial *t, const struct promise *p)
{
	return p->has_begin && !promise_operations(t, p) &&
	       !opaque_call(t->j, p->from_ns, p->until_ns);
}

/* The first promise that the check names: what is missing stands in front. */
static const struct promise *named(const struct trial *t)
{
	const struct promise *first = NULL;
	const char *at = NULL;

	for (size_t i = 0; i < t->n_promises; i++) {
		const char *p = find_word(t->q->message,
					  t->promises[i].ack->mark->text);

		if (p && (!at || p < at)) {
			first = &t->promises[i];
			at = p;
		}
	}
	return first;
}

/* Of what was begun, and not promised yet, the check names one that is lost, in
 * front of all that was promised. */
static int names_unpromised(const struct trial *t)
{
	const struct promise *p = named(t);
	const char *promised = p ? find_word(t->q->message,
					     p->ack->mark->text) : NULL;

	for (size_t i = 0; promised && i < t->j->n_operations; i++) {
		const struct operation *o = &t->j->operations[i];
		const char *at = o->owner ? find_word(t->q->message,
						      o->owner->mark->text) :
					    NULL;

		if (at && at < promised && lost_operation(t, i))
			return 1;
	}
	return 0;
}

static const struct promise *last_that(const struct trial *t,
				       int (*is)(const struct trial *t,
						 const struct promise *p))
{
	for (size_t i = t->n_promises; i-- > 0;)
		if (is(t, &t->promises[i]))
			return &t->promises[i];
	return NULL;
}

static int promise_broken(const struct trial *t, const struct promise *p)
{
	return promise_lost(t, p) || promise_empty(t, p);
}

/* The one that is named, if it can be; the last one that is broken for sure. */
static const struct promise *find_promise(const struct trial *t)
{
	const struct promise *p = named(t);

	if (p && (promise_lost(t, p) || promise_unknown(t, p) ||
		  !promise_operations(t, p)))
		return p;
	return last_that(t, promise_broken);
}

/* ---- the accused ---- */

/* What is promised once it stands in a log: its path says that it is one, as
 * pg_wal/000000010000000000000001 or 000005.log does. */
static int is_log(const char *path)
{
	static const char *const words[] = { "wal", "log", "aof" };

	for (const char *p = path; p && *p;) {
		size_t n = 0;

		while (isalpha((unsigned char)p[n]))
			n++;
		for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
			if (n == strlen(words[i]) && !memcmp(p, words[i], n))
				return 1;
		p += n + !n;
	}
	return 0;
}

/* SQLite's: it has what was before. */
static int is_rollback(const char *path)
{
	static const char end[] = "-journal";
	size_t n = path ? strlen(path) : 0;

	return n >= sizeof(end) - 1 && !strcmp(path + n - sizeof(end) + 1, end);
}

static int has_words(const struct trial *t, const struct operation *o)
{
	const char *text = t->broken->ack->mark->text;

	return carries(o, text) || names_what_carries(t, o, text);
}

/* The more of these, the more likely it is what the check missed. */
static unsigned weight(const struct trial *t, size_t i)
{
	const struct operation *o = &t->j->operations[i];
	const struct call *ack = t->broken->ack->call;
	unsigned w = 0;

	if (has_words(t, o))
		w += 16;
	if (t->media.n_fates && t->standings[i].at == AT_DRIVE)
		w += 8;
	if (o->call->pid == ack->pid)
		w += 4;
	if (o->kind == OPERATION_WRITE || o->kind == OPERATION_STORE)
		w += is_log(o->path) ? 3 : is_rollback(o->path) ? 1 : 2;
	return w;
}

static const struct operation *accuse_in(const struct trial *t,
					 int (*among)(const struct trial *t,
						      size_t i))
{
	const struct operation *best = NULL;
	unsigned most = 0;

	for (size_t i = 0; i < t->j->n_operations; i++) {
		if (!among(t, i) || (best && weight(t, i) <= most))
			continue;
		best = &t->j->operations[i];
		most = weight(t, i);
	}
	return best;
}

/* There are writes to a log, and what is accused is none of them and has nothing
 * of the promise in it: what was promised by the log had not come to it yet.
 * PostgreSQL's pages, which are written at any time, where the commit is in its
 * buffers (synchronous_commit=off). */
static const struct operation *log_left_out(const struct trial *t,
					    const struct operation *accused)
{
	if (is_log(accused->path) || has_words(t, accused))
		return NULL;
	for (size_t i = 0; i < t->j->n_operations; i++)
		if (t->j->operations[i].kind == OPERATION_WRITE &&
		    is_log(t->j->operations[i].path))
			return &t->j->operations[i];
	return NULL;
}

static int in_window(const struct trial *t, size_t i)
{
	return promise_has(t->broken, &t->j->operations[i]) &&
	       lost_operation(t, i);
}

static int before_window(const struct trial *t, size_t i)
{
	return t->j->operations[i].exit_ns <= t->broken->until_ns &&
	       lost_operation(t, i);
}

/* A store into a page that is dirty already has no event of its own. */
static int stored_before(const struct trial *t, size_t i)
{
	const struct operation *o = &t->j->operations[i];

	return o->kind == OPERATION_STORE && before_window(t, i) &&
	       (t->broken->messenger ||
		o->call->pid == t->broken->ack->call->pid);
}

static int unknown_in_window(const struct trial *t, size_t i)
{
	return promise_has(t->broken, &t->j->operations[i]) &&
	       unknown_operation(t, i);
}

/* Its data left the program only behind the ack. */
static int carried_later(const struct trial *t, size_t i)
{
	const struct operation *o = &t->j->operations[i];

	return o->enter_ns > t->broken->until_ns && lost_operation(t, i) &&
	       carries(o, t->broken->ack->mark->text);
}

static int carried_before(const struct trial *t, size_t i)
{
	return before_window(t, i) &&
	       carries(&t->j->operations[i], t->broken->ack->mark->text);
}

/* A write between the ack and the cut of which only the head is known. */
static const struct operation *may_carry_later(const struct trial *t)
{
	for (size_t i = 0; i < t->j->n_operations; i++) {
		const struct operation *o = &t->j->operations[i];

		if (o->kind == OPERATION_WRITE &&
		    o->enter_ns > t->broken->until_ns &&
		    o->enter_ns <= t->media.guest_ns &&
		    (t->broken->messenger ||
		     o->call->pid == t->broken->ack->call->pid) &&
		    o->length > o->call->head_length)
			return o;
	}
	return NULL;
}

/* ---- the answer ---- */

static void say(struct trial *t, unsigned layer, enum step step,
		struct buf *sentence, struct buf *missing)
{
	t->ret->layer = layer;
	t->ret->step = step;
	t->ret->promise = t->broken ? t->broken->ack : NULL;
	t->ret->sentence = buf_take(sentence);
	t->ret->missing = buf_take(missing);
}

static void say_nothing(struct trial *t, const char *why)
{
	struct buf sentence = BUF_INIT, missing = BUF_INIT;

	buf_printf(&sentence, "not known: %s", why);
	say(t, 0, STEP_NONE, &sentence, &missing);
}

/* Of a state that no check complained about there may be nothing to say. */
static void say_all_is_there(struct trial *t)
{
	struct buf sentence = BUF_INIT, missing = BUF_INIT;

	if (t->q->message) {
		say_nothing(t, "all that was promised is on the media as far "
			    "as the trace tells, and nothing is lost that "
			    "something later builds on");
		return;
	}
	buf_puts(&sentence, "nothing that was promised is lost, as far as the "
		 "trace tells");
	say(t, 0, STEP_NONE, &sentence, &missing);
}

static void accuse(struct trial *t, const struct operation *o)
{
	t->ret->accused = o;
	t->ret->standing = t->standings[o - t->j->operations];
}

static void promised_words(const struct trial *t, struct buf *ret)
{
	if (t->broken) {
		buf_puts(ret, " when the power failed, though ");
		promise_words(t->broken->ack, ret);
		buf_puts(ret, " had promised it");
	} else if (t->witness) {
		buf_puts(ret, " when the power failed, though ");
		operation_words(t->witness, ret);
		buf_puts(ret, " after it, is on the media");
	} else {
		buf_puts(ret, " when the power failed");
	}
}

static void say_missing(const struct buf *missing, struct buf *ret)
{
	if (missing->len)
		buf_printf(ret, ": %s", buf_text(missing));
}

static void say_accused(struct trial *t, const struct operation *o)
{
	struct buf sentence = BUF_INIT, missing = BUF_INIT;
	const struct call *until = t->broken  ? t->broken->ack->call :
				   t->witness ? t->witness->call : NULL;
	const struct standing *s;
	enum step step;

	accuse(t, o);
	s = &t->ret->standing;
	step = missing_step(&t->media, o, s,
			    until ? until->enter_ns : t->media.guest_ns,
			    until, &t->ret->sync, &missing);
	operation_words(o, &sentence);
	buf_puts(&sentence, o->kind == OPERATION_WRITE ||
			    o->kind == OPERATION_STORE ? ", were " :
							 ", was ");
	standing_words(&t->media, s, &sentence);
	promised_words(t, &sentence);
	say_missing(&missing, &sentence);
	say(t, (unsigned)s->at, step, &sentence, &missing);
}

/* Layer 1. */
static void say_buffer(struct trial *t)
{
	const struct journey_mark *ack = t->broken->ack;
	struct buf sentence = BUF_INIT, missing = BUF_INIT;

	buf_printf(&missing, "no flush of the program's buffer and no fsync "
		   "before ack %" PRIu64, ack->call->number);
	buf_printf(&sentence, "what ");
	promise_words(ack, &sentence);
	buf_puts(&sentence, " had promised was in a buffer of the program ");
	if (!t->broken->messenger)
		buf_printf(&sentence, "%s ", ack->call->program);
	buf_puts(&sentence, "(layer 1) when the power failed: no system call "
		 "carried anything to the file system between its begin and "
		 "the ack");
	say_missing(&missing, &sentence);
	say(t, 1, STEP_FLUSH_BUFFER, &sentence, &missing);
}

/* It left the program behind the ack. */
static void say_late(struct trial *t, const struct operation *o)
{
	struct buf sentence = BUF_INIT, missing = BUF_INIT;
	const struct journey_mark *ack = t->broken->ack;

	accuse(t, o);
	buf_printf(&missing, "no flush of the program's buffer and no fsync "
		   "before ack %" PRIu64, ack->call->number);
	operation_words(o, &sentence);
	buf_puts(&sentence, ", only after ");
	promise_words(ack, &sentence);
	buf_puts(&sentence, " had promised it, were ");
	standing_words(&t->media, &t->ret->standing, &sentence);
	buf_puts(&sentence, " when the power failed");
	say_missing(&missing, &sentence);
	say(t, (unsigned)t->ret->standing.at, STEP_FLUSH_BUFFER, &sentence,
	    &missing);
}

/* Where it was at the ack is known, where at the cut is not. */
static void say_buffer_or_call(struct trial *t, const struct operation *o)
{
	const struct journey_mark *ack = t->broken->ack;
	struct buf sentence = BUF_INIT, missing = BUF_INIT;

	buf_printf(&missing, "no flush of the program's buffer and no fsync "
		   "before ack %" PRIu64, ack->call->number);
	buf_puts(&sentence, "not known in which layer: what ");
	promise_words(ack, &sentence);
	buf_printf(&sentence, " had promised was in a buffer of the program at "
		   "the ack, for no system call had carried anything; call "
		   "%" PRIu64 " after it wrote more than the trace keeps, and "
		   "may have carried it", o->call->number);
	say_missing(&missing, &sentence);
	say(t, 0, STEP_FLUSH_BUFFER, &sentence, &missing);
}

static void say_buffer_or_late(struct trial *t)
{
	const struct operation *o = accuse_in(t, carried_later);

	if (o) {
		say_late(t, o);
		return;
	}
	o = may_carry_later(t);
	if (o)
		say_buffer_or_call(t, o);
	else
		say_buffer(t);
}

static void say_log_left_out(struct trial *t, const struct operation *log)
{
	CLEANUP_FREE char *why =
		xasprintf("nothing was written to the program's log, such as "
			  "%s, before the ack, and nothing else that was has "
			  "its words: it may have been in a buffer", log->path);

	say_nothing(t, why);
}

static void say_lost(struct trial *t, const struct operation *o)
{
	const struct operation *log = log_left_out(t, o);

	if (log)
		say_log_left_out(t, log);
	else
		say_accused(t, o);
}

static void try_promise(struct trial *t)
{
	const struct operation *o = accuse_in(t, in_window);

	if (!o)
		o = accuse_in(t, carried_before);
	if (o) {
		say_lost(t, o);
		return;
	}
	if (opaque_call(t->j, t->broken->from_ns, t->broken->until_ns)) {
		say_nothing(t, "what was submitted through io_uring or aio is "
			    "not seen");
		return;
	}
	o = accuse_in(t, unknown_in_window);
	if (o) {
		accuse(t, o);
		say_nothing(t, t->ret->standing.why);
		return;
	}
	o = accuse_in(t, t->broken->has_begin ? stored_before : before_window);
	if (o)
		say_accused(t, o);
	else if (!promise_operations(t, t->broken))
		say_buffer_or_late(t);
	else
		say_nothing(t, "all that the trace shows for this promise is "
			    "on the media");
}

/* ---- order ---- */

/* How much b builds on a. */
static unsigned depends(const struct operation *a, const struct operation *b)
{
	int same = a->inode && a->inode == b->inode;

	if (b->enter_ns < a->exit_ns)
		return 0;
	if (b->kind == OPERATION_NAME && same &&
	    (b->call->kind == CALL_RENAME || b->call->kind == CALL_LINK))
		return 4;
	if (same && b->kind == OPERATION_WRITE)
		return 3;
	if (a->call->pid == b->call->pid)
		return b->kind == OPERATION_WRITE ? 2 : 1;
	return 0;
}

/* The check says that what was begun is missing. */
static int is_named(const struct trial *t, const struct operation *o)
{
	return o->owner && find_word(t->q->message, o->owner->mark->text);
}

#define NAMED_WEIGHT 8

static const struct operation *find_disorder(struct trial *t)
{
	const struct operation *accused = NULL;
	unsigned most = 0;

	for (size_t i = 0; i < t->j->n_operations; i++) {
		const struct operation *a = &t->j->operations[i];

		for (size_t k = i + 1; lost_operation(t, i) &&
				       k < t->j->n_operations; k++) {
			const struct operation *b = &t->j->operations[k];
			unsigned d = depends(a, b);

			if (t->standings[k].at != ON_MEDIA || !d)
				continue;
			d += is_named(t, a) ? NAMED_WEIGHT : 0;
			if (d <= most)
				continue;
			most = d;
			accused = a;
			t->witness = b;
		}
	}
	return accused;
}

/* In itself: the drive's write may have been torn between two operations. */
static const struct operation *find_torn(const struct trial *t)
{
	for (size_t i = 0; i < t->j->n_operations; i++)
		if (lost_operation(t, i) && t->standings[i].at >= AT_BLOCK &&
		    t->standings[i].length < t->j->operations[i].length &&
		    t->standings[i].command != NO_INDEX &&
		    media_torn(&t->media, t->standings[i].command))
			return &t->j->operations[i];
	return NULL;
}

static void say_torn(struct trial *t, const struct operation *o)
{
	struct buf sentence = BUF_INIT, missing = BUF_INIT;

	accuse(t, o);
	buf_printf(&missing, "the write was torn: it has to be atomic in more "
		   "than the %" PRIu32 " bytes that are so for this drive",
		   t->j->in.model->tear);
	operation_words(o, &sentence);
	buf_puts(&sentence, ", were ");
	standing_words(&t->media, &t->ret->standing, &sentence);
	buf_puts(&sentence, " when the power failed, and a part of them "
		 "survived");
	say_missing(&missing, &sentence);
	say(t, (unsigned)t->ret->standing.at, STEP_ATOMIC, &sentence,
	    &missing);
}

/* A write of the drive that no operation explains. */
static int say_loss(struct trial *t)
{
	struct buf sentence = BUF_INIT, missing = BUF_INIT;
	enum step step;
	unsigned layer = loss_words(&t->media, &step, &sentence, &missing);

	if (layer)
		say(t, layer, step, &sentence, &missing);
	return layer != 0;
}

static void try_order(struct trial *t)
{
	const struct operation *o = find_torn(t);

	if (o) {
		say_torn(t, o);
		return;
	}
	o = find_disorder(t);
	if (o)
		say_accused(t, o);
	else if (!t->q->message || !say_loss(t))
		say_all_is_there(t);
}

/* ---- faults ---- */

static int say_fault(struct trial *t, const char *fault)
{
	struct buf sentence = BUF_INIT, missing = BUF_INIT, what = BUF_INIT;

	(void)fault;
	if (space_fault_sentence(t->j->in.space, t->q->state, &what, NULL) ||
	    !what.len) {
		buf_free(&what);
		return 0;
	}
	buf_printf(&sentence, "the drive did what its contract does not allow "
		   "(layer 6): %s", buf_text(&what));
	buf_puts(&missing, buf_text(&what));
	buf_free(&what);
	say(t, 6, STEP_DRIVE, &sentence, &missing);
	return 1;
}

/* ---- all ---- */

static void judge_operations(struct trial *t)
{
	const struct journey *j = t->j;

	t->standings = xcalloc(j->n_operations + 1, sizeof(*t->standings));
	for (size_t i = 0; i < j->n_operations; i++)
		t->standings[i] = operation_standing(&t->media,
						     &j->operations[i]);
}

static void conclude(struct trial *t)
{
	const char *fault = strchr(t->q->state, '+');

	if (fault && say_fault(t, fault))
		return;
	if (!t->media.guest_ns) {
		say_nothing(t, "the cut cannot be placed on the guest's clock");
		return;
	}
	if (!names_unpromised(t))
		t->broken = find_promise(t);
	if (!t->broken && !find_torn(t) && !find_disorder(t))
		t->broken = last_that(t, promise_unknown);
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
	judge_operations(&t);
	t.n_promises = promises_until(t.j, m.position, &t.promises);
	conclude(&t);
	if (t.j->doubt)
		ret->doubt = xstrdup(t.j->doubt);
	free(t.standings);
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
