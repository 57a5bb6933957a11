#include "check/equality.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/cleanup.h"
#include "equal/journal.h"
#include "scenario/scenario.h"

struct equality {
	const struct subject *subject;
	struct equal *equal;
	int asks; /* also once a state is mounted, about this range: */
	struct unit_run range;
};

/* ---- where the journal lies ---- */

struct disk {
	const struct subject *subject;
	const struct state *state;
};

static int read_disk(void *arg, uint64_t offset, void *data, size_t len)
{
	const struct disk *d = arg;

	return state_read(d->subject->space, d->state, offset, data, len,
			  NULL);
}

static void find_journal(const struct subject *s, const struct state *any,
			 struct unit_run runs[JOURNAL_PIECES],
			 struct equal_config *c)
{
	struct disk disk = { s, any };
	struct journal journal;

	journal_find(s->scenario->filesystem.type, read_disk, &disk, &journal);
	c->journal = runs;
	c->n_journal = journal_units(&journal, s->scenario->drive.cache.tear,
				     runs, &c->anchor);
}

struct equality *equality_new(const struct subject *s,
			      const struct state *any)
{
	struct equality *q = xcalloc(1, sizeof(*q));
	size_t n = space_units(s->space);
	CLEANUP_FREE uint64_t *varying = xcalloc(n, sizeof(*varying));
	struct unit_run runs[JOURNAL_PIECES];
	struct equal_config c = {
		.varying = varying,
		.n_varying = n,
		.seed = s->scenario->seed,
		.audit = (double)s->scenario->states.audit_ppm / 1e6,
	};

	for (size_t i = 0; i < n; i++)
		varying[i] = space_unit_index(s->space, i);
	find_journal(s, any, runs, &c);
	q->subject = s;
	q->equal = equal_new(&c);
	q->asks = equal_asks_mounted(q->equal, &q->range);
	return q;
}

void equality_free(struct equality *q)
{
	if (!q)
		return;
	equal_free(q->equal);
	free(q);
}

struct equal_totals equality_totals(struct equality *q)
{
	return equal_totals(q->equal);
}

void equality_doubt(struct equality *q, const char *why)
{
	equal_stop(q->equal, why);
}

const char *equality_stopped(struct equality *q)
{
	return equal_stopped(q->equal);
}

/* ---- one state ---- */

/* The patches of a state name each content by where it stands, and each stands
 * in one place (states/contents.c). */
static uint64_t content_of(void *arg, uint64_t unit)
{
	const struct inquiry *i = arg;

	return state_source(i->equality->subject->space, i->state, unit);
}

/* By what the check is given to read. */
static uint64_t promises_of(const struct buf *acks, const struct buf *begun)
{
	const uint64_t key[3] = {
		acks->len,
		XXH3_64bits(buf_text(acks), acks->len),
		XXH3_64bits(buf_text(begun), begun->len),
	};

	return XXH3_64bits(key, sizeof(key));
}

static void say_equal(const struct inquiry *i, enum equal_how how,
		      struct judgement *j)
{
	const struct equal_judged *to = i->answer.to;

	*j = (struct judgement){
		.verdict = to->verdict,
		.stage = to->stage,
		.message = to->message ? xstrdup(to->message) : NULL,
		.equal = how,
		.equal_to = xstrdup(to->name),
		.elapsed_ns = j->elapsed_ns,
	};
}

/* 1: the guest need not go on. */
static int on_mounted(void *arg, const struct drive_written *w)
{
	struct inquiry *i = arg;

	if (i->answer.to)
		return 0; /* it is audited */
	i->answer = equal_recovered(i->equality->equal, &i->asked, w);
	return i->answer.to && !i->answer.audit;
}

int inquiry_begin(struct equality *q, const struct state *state,
		  const struct buf *acks, const struct buf *begun,
		  struct inquiry *ret, struct judgement *ret_judgement)
{
	*ret = (struct inquiry){
		.equality = q,
		.state = state,
		.name = xasprintf("%s:%s", state->cut.name, state->survivors),
		.asked = { .promises = promises_of(acks, begun),
			   .lost = state->lost,
			   .hash = state->hash.low,
			   .content = content_of,
			   .arg = ret },
		.watch = { .range = q->range,
			   .mounted = q->asks ? on_mounted : NULL,
			   .arg = ret },
	};
	ret->answer = equal_unread(q->equal, &ret->asked);
	if (!ret->answer.to || ret->answer.audit)
		return 0;
	*ret_judgement = (struct judgement){ 0 };
	say_equal(ret, EQUAL_UNREAD, ret_judgement);
	inquiry_abandon(ret);
	return 1;
}

/* A guest that was lost, or a drive: no word about what was read. */
static int decides(const struct inquiry *i, const struct judgement *j)
{
	return i->watch.complete && (j->verdict == VERDICT_HELD ||
				     j->verdict == VERDICT_VIOLATED);
}

static void conclude(const struct inquiry *i, const struct judgement *j)
{
	const struct watch *w = &i->watch;
	const struct equal_judged judged = {
		.name = i->name,
		.verdict = j->verdict,
		.stage = j->stage,
		.message = j->message,
		.lost = i->state->lost,
	};
	int failed_by_us = j->verdict == VERDICT_UNKNOWN &&
			   j->stage == STAGE_NONE;

	if (i->answer.to && !failed_by_us &&
	    equal_compare(i->equality->equal, &i->answer, &judged))
		return;
	if (decides(i, j))
		equal_remember(i->equality->equal, &i->asked, &w->reads,
			       w->was_mounted ? &w->written : NULL, &judged);
}

void inquiry_end(struct inquiry *i, struct judgement *j)
{
	if (i->watch.skipped) {
		free(j->message);
		free(j->detail);
		say_equal(i, EQUAL_RECOVERED, j);
	} else {
		conclude(i, j);
	}
	inquiry_abandon(i);
}

void inquiry_abandon(struct inquiry *i)
{
	drive_reads_release(&i->watch.reads);
	free(i->name);
	*i = (struct inquiry){ 0 };
}
