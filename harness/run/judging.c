#include "run/steps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/equality.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "run/plan.h"
#include "run/reach.h"

/* Of the very violation that the engine waits for. */
static int is_awaited(const struct engine *en, const struct store_state *row)
{
	CLEANUP_FREE char *pattern = NULL;

	if (!en->stop_pattern || row->verdict != VERDICT_VIOLATED ||
	    row->stage != en->stop_stage)
		return 0;
	pattern = store_pattern(row->message ? row->message : "");
	return !strcmp(pattern, en->stop_pattern);
}

/* Whether that is all that the scenario or the engine is asked for. */
static void stop_if_enough(struct run *r, const struct store_state *row)
{
	const struct engine *en = r->engine;

	if (r->stopped || r->time_is_up)
		return;
	if (r->until_ns && now_ns() >= r->until_ns) {
		r->time_is_up = 1;
		pool_enough(en->pool);
	}
	if (en->stop_at_violation && row->verdict == VERDICT_VIOLATED)
		r->stopped = "stopped at the first violated state";
	else if (is_awaited(en, row))
		r->stopped = "stopped at a violation that is known";
	else if (en->stop_at_ns && now_ns() >= en->stop_at_ns)
		r->stopped = "stopped when its time was up";
	if (r->stopped)
		pool_enough(en->pool);
}

static void note_first_failure(struct run *r, const struct store_state *row)
{
	int failed = row->verdict == VERDICT_VIOLATED ||
		     row->verdict == VERDICT_LOSES;

	if (failed && !r->first_failure_ns)
		r->first_failure_ns = now_ns() - r->start_ns;
}

static void on_judged(const struct item *item, const struct state *state,
		      const struct judgement *j, void *arg)
{
	struct run *r = arg;
	char hash[33];
	CLEANUP_FREE char *doubt = run_doubt(r->imported, state, j);
	struct store_state row = {
		.source = r->source,
		.cut = item->cut.name,
		.survivors = item->survivors,
		.hash = hash,
		.lost = state->lost,
		.fault = fault_title(state->fault),
		.verdict = doubt ? VERDICT_UNKNOWN : j->verdict,
		.stage = j->stage,
		.message = doubt ? doubt : j->message,
		.detail = j->detail,
		.elapsed_ns = j->elapsed_ns,
		.lost_ns = j->lost_ns,
		.equal = (enum store_equal)j->equal,
		.equal_to = j->equal_to,
	};

	snprintf(hash, sizeof(hash), "%016" PRIx64 "%016" PRIx64,
		 state->hash.high, state->hash.low);
	if (!r->store_error.message[0])
		store_add_state(r->store, &row, &r->store_error);
	if (plan_judged(r->plan, item, row.verdict != VERDICT_UNKNOWN,
			j->equal != EQUAL_NOT)) {
		r->judged++;
		progress_step(r->engine->progress,
			      row.verdict == VERDICT_VIOLATED);
	}
	note_first_failure(r, &row);
	stop_if_enough(r, &row);
}

_Static_assert((int)EQUAL_RECOVERED == (int)STORE_EQUAL_RECOVERED &&
		       (int)EQUAL_UNREAD == (int)STORE_EQUAL_UNREAD,
	       "the store has the words of the judgement");

/* NULL: every state is judged. */
static struct equality *make_equality(const struct run *r,
				      const struct recorded *rec,
				      const struct subject *subject)
{
	struct equality *q;
	struct state base;

	if (r->scenario->states.equality != EQUAL_BY_READS ||
	    recorded_base(rec, &base, NULL))
		return NULL;
	q = equality_new(subject, &base);
	state_free(&base);
	return q;
}

/* What an audit has refuted does not stand; it was to be judged after all, but
 * there may have been no time left. */
static int settle_equality(struct run *r, struct equality *q, struct error *e)
{
	struct equal_totals t;
	const char *stopped;
	int err = 0;

	if (!q)
		return 0;
	t = equality_totals(q);
	stopped = equality_stopped(q);
	r->audited += t.audited;
	r->mismatches += t.mismatches;
	if (stopped && !r->equality_stopped)
		r->equality_stopped = xstrdup(stopped);
	if (stopped) {
		r->judged -= plan_refuted(r->plan);
		err = store_forget_equal(r->store, r->source, e);
	}
	equality_free(q);
	return err;
}

static int store_plan(struct run *r, const struct plan *plan, struct error *e)
{
	for (size_t i = 0; i < plan->n_cuts; i++) {
		const struct plan_cut *c = &plan->cuts[i];
		struct store_cut row = {
			.source = r->source,
			.name = c->cut.name,
			.position = c->cut.position,
			.volatile_writes = c->volatile_writes,
			.legal_log2 = c->legal_log2,
			.acks = c->acks,
			.begun = c->begun,
			.states = c->states,
			.equal = c->equal,
			.left_out = c->left_out,
			.more = c->more,
			.legal = c->legal,
			.complete = c->complete,
			.losses = c->losses,
			.reach = c->reach,
		};
		int err = store_add_cut(r->store, &row, e);

		if (err)
			return err;
	}
	return store_commit(r->store, e);
}

/* Of all recordings of the run together. */
static int store_watch(struct run *r, struct error *e)
{
	struct pool_watch *all = &r->watch, one;
	int err;

	pool_watch(r->engine->pool, &one);
	all->canaries += one.canaries;
	all->counts.recycled += one.counts.recycled;
	all->counts.drifted += one.counts.drifted;
	all->counts.again += one.counts.again;
	if (!*all->unsure)
		memcpy(all->unsure, one.unsure, sizeof(all->unsure));
	err = store_setf(r->store, e, "canaries", "%" PRIu64, all->canaries);
	if (!err)
		err = store_setf(r->store, e, "guests_recycled", "%" PRIu64,
				 all->counts.recycled);
	if (!err)
		err = store_setf(r->store, e, "guests_drifted", "%" PRIu64,
				 all->counts.drifted);
	return err ? err : store_setf(r->store, e, "states_again", "%" PRIu64,
				      all->counts.again);
}

/* What the plan has room for in the scenario's time is what had to be judged. */
static int judge_plan(struct run *r, const struct recorded *rec,
		      struct plan *plan, struct error *e)
{
	uint64_t time_ns = r->scenario->states.time_ns;
	struct subject subject = recorded_subject(rec, r->scenario,
						  &r->workload);
	int err, settled;

	progress_begin(r->engine->progress, plan->n_items, "%s: states%s%s",
		       r->scenario->name,
		       strcmp(r->source, "replay") ? " of " : "",
		       strcmp(r->source, "replay") ? r->source : "");
	r->plan = plan;
	r->judged = 0;
	r->time_is_up = 0;
	r->until_ns = time_ns ? now_ns() + time_ns : 0;
	subject.equality = make_equality(r, rec, &subject);
	err = pool_judge(r->engine->pool, &subject, plan->items, plan->n_items,
			 on_judged, r, e);
	progress_end(r->engine->progress);
	settled = settle_equality(r, subject.equality, err ? NULL : e);
	r->planned += r->time_is_up ? r->judged : plan->n_items;
	if (r->store_error.message[0]) {
		*e = r->store_error;
		return -EIO;
	}
	if (!err)
		err = settled;
	return err ? err : store_watch(r, e);
}

/* What was covered in the end, also where the user said stop (err). */
static int store_coverage(struct run *r, struct plan *plan, int err,
			  struct error *e)
{
	struct error other;
	int failed = plan_conclude(plan, err ? &other : e);

	if (!failed)
		failed = store_plan(r, plan, err ? &other : e);
	return err ? err : failed;
}

static int by_position(const void *a, const void *b)
{
	const struct cut *x = a, *y = b;

	return x->position < y->position ? -1 : x->position > y->position;
}

static size_t sort_and_merge(struct cut *cuts, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(cuts, n, sizeof(*cuts), by_position);
	for (size_t i = 0; i < n; i++)
		if (!kept || cuts[i].position != cuts[kept - 1].position)
			cuts[kept++] = cuts[i];
	return kept;
}

/* A recovery is cut at every flush, and where it ends. */
static const struct cut_rule recovery_cuts[] = {
	{ .kind = CUTS_EVERY_FLUSH },
	{ .kind = CUTS_END },
};

/*
 * One after the other, since a cut that never came (a mark that the workload
 * did not send) must not keep the others from being judged. It leaves the run
 * unknown if nothing else is found.
 */
static int expand_cuts(struct run *r, const struct recorded *rec,
		       struct cut **ret, size_t *ret_n, struct error *e)
{
	const struct scenario *s = r->scenario;
	const struct history *h = rec->history;
	struct cut *all = NULL;
	size_t n = 0;

	if (rec->inherits)
		return cuts_expand(h, recovery_cuts, 2, s->seed, ret, ret_n, e);
	if (!s->n_cuts || h->cut != POSITION_NEVER)
		return cuts_expand(h, NULL, 0, s->seed, ret, ret_n, e);
	for (size_t i = 0; i < s->n_cuts; i++) {
		CLEANUP_FREE struct cut *some = NULL;
		size_t n_some = 0;

		if (cuts_expand(h, &s->cuts[i], 1, scenario_cut_seed(s, i),
				&some, &n_some, e)) {
			if (!r->unknown)
				r->unknown = xasprintf("a cut of the scenario "
						       "never came: %s",
						       e->message);
			continue;
		}
		all = xrealloc(all, (n + n_some) * sizeof(*all));
		memcpy(all + n, some, n_some * sizeof(*all));
		n += n_some;
	}
	*ret = all;
	*ret_n = sort_and_merge(all, n);
	return 0;
}

_Static_assert((int)REACH_KINDS == (int)STORE_REACH_KINDS,
	       "the store has the scenario's words for reach");

static int find_reach(const struct run *r, const struct recorded *rec,
		      struct plan *plan, struct error *e)
{
	struct reach_map *reach;
	int err = reach_new(rec->history, rec->space,
			    r->scenario->filesystem.type, &reach, e);

	for (size_t i = 0; i < plan->n_cuts && !err; i++)
		plan->cuts[i].reach = reach_at(reach, &plan->cuts[i],
					       rec->inherits);
	if (!err)
		reach_free(reach);
	return err;
}

/* A recovery's promises were made before its own log began. */
static void inherit_promises(const struct recorded *rec, struct plan *plan)
{
	uint64_t acks = 0, begun = 0;

	for (size_t i = 0; i < rec->acks.len; i++)
		acks += rec->acks.data[i] == '\n';
	for (size_t i = 0; i < rec->begun.len; i++)
		begun += rec->begun.data[i] == '\n';
	for (size_t i = 0; rec->inherits && i < plan->n_cuts; i++) {
		plan->cuts[i].acks = acks;
		plan->cuts[i].begun = begun;
	}
}

/* Takes a recording through its plan; `source` is its folder in the run. */
int run_judge(struct run *r, const struct recorded *rec,
			   const char *source, struct error *e)
{
	struct plan_config config = plan_config_of(r->scenario);
	CLEANUP_FREE struct cut *cuts = NULL;
	struct plan plan = { 0 };
	size_t n_cuts = 0;
	int err;

	r->source = source;
	r->imported = rec->imported;
	r->caveat = imported_caveat(rec->imported);
	err = expand_cuts(r, rec, &cuts, &n_cuts, e);
	if (!err)
		err = plan_make(rec->space, rec->history, cuts, n_cuts,
				&config, &plan, e);
	if (err)
		return err;
	inherit_promises(rec, &plan);
	r->distinct += plan.distinct;
	err = find_reach(r, rec, &plan, e);
	if (!err)
		err = run_store_marks(r, rec->history, e);
	if (!err)
		err = store_plan(r, &plan, e);
	if (!err)
		err = judge_plan(r, rec, &plan, e);
	if (!err || err == -ECANCELED)
		err = store_coverage(r, &plan, err, e);
	plan_release(&plan);
	return err;
}
