#include "hunt/hunt.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "hunt/vary.h"
#include "lab/interrupt.h"
#include "run/rundir.h"

/* So many rounds in a row that cannot tell end a hunt: what is wrong is not the
 * luck of one round. */
#define GIVE_UP_AFTER 3

struct hunt_state {
	struct engine *engine;
	const struct hunt_request *request;
	struct hunt_result *result;
	uint64_t stop_at_ns; /* 0: never */
	unsigned doubts_in_a_row;
	uint64_t unknown_states; /* in this round */
	int over;
};

/* ---- what a round says ---- */

static int open_store(const char *dir, struct store **ret)
{
	CLEANUP_FREE char *path = xasprintf("%s/results.sqlite", dir);

	return store_open(path, ret, NULL);
}

static void count_states(struct hunt_state *h, const char *dir)
{
	struct hunt_result *r = h->result;
	struct store_totals t = { 0 };
	struct store *store;

	if (open_store(dir, &store))
		return;
	if (!store_totals(store, &t, NULL)) {
		r->cuts += t.cuts;
		r->states += t.states_checked;
		h->unknown_states = t.unknown;
	}
	store_close(store);
}

/* The first finding; there are no others to look at before it. */
static int take_finding(const struct store_finding *f, void *arg)
{
	struct hunt_result *r = arg;
	CLEANUP_FREE char *text = xasprintf("%s@%s", r->run, f->state);
	CLEANUP_FREE char *run = NULL;

	r->stage = f->stage;
	r->message = xstrdup(f->message);
	r->layer = xstrdup(f->layer);
	r->lost = f->lost;
	return rundir_split(text, &run, &r->source, &r->state, NULL) ? -EBADMSG :
									1;
}

static int load_finding(struct hunt_result *r, struct error *e)
{
	struct store *store;
	int err = open_store(r->run, &store);

	if (!err) {
		err = store_findings(store, take_finding, r, e);
		store_close(store);
	}
	return err == 1 ? 0 : error_set(e, EBADMSG, "the store of %s has no "
					"finding", r->run);
}

/* ---- minimising ---- */

static void trouble(struct hunt_result *r, const char *why)
{
	free(r->trouble);
	r->trouble = xstrdup(why);
}

static void minimise_finding(struct hunt_state *h, const struct scenario *s)
{
	struct hunt_result *r = h->result;
	struct judgement shown = { 0 };
	struct error e = { 0 };
	int err = load_finding(r, &e);

	if (!err && h->request->judgements < 2)
		return;
	if (!err)
		err = run_minimise(h->engine, r->run, r->source, r->state, s,
				   h->request->judgements, &r->minimal, &shown,
				   &e);
	if (err == -ECANCELED)
		r->interrupted = 1;
	if (err)
		trouble(r, e.message);
	judgement_release(&shown);
}

/* ---- rounds ---- */

static void keep_run(struct hunt_result *r, char *dir,
		     const struct scenario *varied)
{
	r->run = dir;
	r->seed = varied->seed;
	r->cache = varied->drive.cache;
}

/* The first reason is the one that is told, with its run. */
static void doubt(struct hunt_state *h, struct run_outcome *o,
		  const struct scenario *varied, const char *why)
{
	struct hunt_result *r = h->result;

	if (++h->doubts_in_a_row == GIVE_UP_AFTER)
		h->over = 1;
	if (r->reason)
		return;
	r->reason = xasprintf("round %" PRIu64 " could not tell: %s",
			      r->rounds.all, why);
	keep_run(r, TAKE(o->dir), varied);
}

static char *reason_of(const char *dir)
{
	struct store *store;
	char *reason;

	if (open_store(dir, &store))
		return xstrdup("its store cannot be read");
	reason = store_get(store, "reason");
	store_close(store);
	return reason ? reason : xstrdup("no reason was given");
}

static void found(struct hunt_state *h, struct run_outcome *o,
		  const struct scenario *varied)
{
	struct hunt_result *r = h->result;

	free(TAKE(r->run));
	free(TAKE(r->reason));
	keep_run(r, TAKE(o->dir), varied);
	r->verdict = VERDICT_VIOLATED;
	r->interrupted |= o->interrupted;
	h->over = 1;
	minimise_finding(h, varied);
}

static void not_found(struct hunt_state *h, struct run_outcome *o, int err,
		      const struct scenario *varied, const struct error *e)
{
	struct hunt_rounds *n = &h->result->rounds;
	CLEANUP_FREE char *why = NULL;

	if (o->interrupted || (o->stopped && !h->unknown_states)) {
		h->result->interrupted |= o->interrupted;
		n->unfinished++;
		h->over = 1;
	} else if (err) {
		n->failed++;
		doubt(h, o, varied, e->message);
	} else if (o->verdict == VERDICT_UNKNOWN) {
		n->unknown++;
		why = reason_of(o->dir);
		doubt(h, o, varied, why);
	} else {
		n->held += o->verdict == VERDICT_HELD;
		n->loses += o->verdict == VERDICT_LOSES;
		n->vacuous += o->verdict == VERDICT_VACUOUS;
		h->doubts_in_a_row = 0;
	}
}

static void one_round(struct hunt_state *h)
{
	const struct hunt_request *q = h->request;
	struct hunt_result *r = h->result;
	struct scenario varied;
	struct run_outcome o = { 0 };
	struct error e = { 0 };
	int err;

	hunt_vary(q->scenario, r->next_seed++, q->budget, &varied);
	r->rounds.all++;
	h->unknown_states = 0;
	progress_round(h->engine->progress, r->rounds.all, h->stop_at_ns);
	err = run_scenario(h->engine, &varied, &o, &e);
	if (o.dir)
		count_states(h, o.dir);
	if (!err && o.verdict == VERDICT_VIOLATED)
		found(h, &o, &varied);
	else
		not_found(h, &o, err, &varied, &e);
	if (o.dir && !q->keep)
		rundir_remove(o.dir, NULL);
	run_outcome_release(&o);
	hunt_vary_release(&varied);
}

static int goes_on(const struct hunt_state *h)
{
	const struct hunt_request *q = h->request;

	if (interrupt_count())
		h->result->interrupted = 1;
	return !h->over && !h->result->interrupted &&
	       !(q->rounds && h->result->rounds.all == q->rounds) &&
	       !(h->stop_at_ns && now_ns() >= h->stop_at_ns);
}

/* ---- the end ---- */

/* Held needs every round that was begun to say so, but for the last one when
 * time was up, and those in which nothing was at stake. */
static void conclude(struct hunt_result *r)
{
	const struct hunt_rounds *n = &r->rounds;
	const char *why = NULL;

	if (r->verdict == VERDICT_VIOLATED)
		return;
	r->verdict = VERDICT_UNKNOWN;
	if (r->interrupted) {
		why = "interrupted";
	} else if (!n->unknown && !n->failed) {
		if (n->loses)
			r->verdict = VERDICT_LOSES;
		else if (n->held)
			r->verdict = VERDICT_HELD;
		else if (n->vacuous)
			r->verdict = VERDICT_VACUOUS;
		why = n->held || n->loses ? NULL :
		      n->vacuous ? "in no round was data or a promise at "
				   "stake" :
				   "not one round was finished in time";
	}
	if (why && !r->reason)
		r->reason = xstrdup(why);
}

void hunt(struct engine *en, const struct hunt_request *q,
	  struct hunt_result *ret)
{
	uint64_t start = now_ns();
	struct hunt_state h = { .engine = en, .request = q, .result = ret };

	*ret = (struct hunt_result){ .verdict = VERDICT_UNKNOWN,
				     .next_seed = q->seed };
	if (q->time_ns && __builtin_add_overflow(start, q->time_ns,
						 &h.stop_at_ns))
		h.stop_at_ns = 0;
	en->stop_at_violation = 1;
	en->stop_at_ns = h.stop_at_ns;
	while (goes_on(&h))
		one_round(&h);
	en->stop_at_violation = 0;
	en->stop_at_ns = 0;
	progress_round(en->progress, 0, 0);
	conclude(ret);
	ret->as_expected = run_is_expected(q->scenario, ret->verdict);
	ret->seconds = (double)(now_ns() - start) / 1e9;
}

void hunt_result_release(struct hunt_result *r)
{
	minimised_release(&r->minimal);
	free(r->reason);
	free(r->run);
	free(r->message);
	free(r->layer);
	free(r->source);
	free(r->state);
	free(r->trouble);
	*r = (struct hunt_result){ .verdict = VERDICT_UNKNOWN };
}
