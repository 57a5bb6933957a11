/* Minimising a state of a run: explain/minimise.c on the checkers of the
 * engine. */
#include "run/steps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"

/* States that are given to a pool at a time, per checker: the more, the less
 * they wait for each other; the fewer, the less is judged in vain. */
#define BATCH 4

struct finder {
	struct engine *engine;
	const struct subject *subject;
	enum imported imported;
	struct judgement *shown; /* by the first state */
	int first_done;
	char *pattern; /* of what it said */
	const struct state *states; /* of the batch */
	int *shows;
	size_t n;
};

static int same_finding(const struct finder *f, const struct judgement *j)
{
	CLEANUP_FREE char *pattern = NULL;

	if ((j->verdict != VERDICT_VIOLATED && j->verdict != VERDICT_LOSES) ||
	    j->verdict != f->shown->verdict || j->stage != f->shown->stage)
		return 0;
	pattern = store_pattern(j->message ? j->message : "");
	return !strcmp(pattern, f->pattern);
}

/* What all others are held against. */
static void keep_first(struct finder *f, const struct state *state,
		       const struct judgement *j)
{
	CLEANUP_FREE char *doubt = run_doubt(f->imported, state, j);

	*f->shown = (struct judgement){
		.verdict = doubt ? VERDICT_UNKNOWN : j->verdict,
		.stage = j->stage,
		.message = doubt ? TAKE(doubt) :
			   j->message ? xstrdup(j->message) : NULL,
		.detail = j->detail ? xstrdup(j->detail) : NULL,
		.elapsed_ns = j->elapsed_ns,
		.lost_ns = j->lost_ns,
	};
	f->pattern = store_pattern(f->shown->message ? f->shown->message : "");
	f->first_done = 1;
}

static void on_candidate(const struct item *item, const struct state *state,
			 const struct judgement *j, void *arg)
{
	struct finder *f = arg;

	if (!f->first_done)
		keep_first(f, state, j);
	for (size_t i = 0; i < f->n; i++)
		if (f->states[i].cut.position == item->cut.position &&
		    !strcmp(f->states[i].survivors, item->survivors))
			f->shows[i] = same_finding(f, j);
	progress_step(f->engine->progress, 0);
}

static int judge_batch(const struct state *states, size_t n, int *shows,
		       void *arg, struct error *e)
{
	struct finder *f = arg;
	CLEANUP_FREE struct item *items = xcalloc(n, sizeof(*items));

	f->states = states;
	f->shows = shows;
	f->n = n;
	for (size_t i = 0; i < n; i++)
		items[i] = (struct item){ .cut = states[i].cut,
					  .survivors = states[i].survivors };
	return pool_judge(f->engine->pool, f->subject, items, n, on_candidate,
			  f, e);
}

static int minimise_recorded(struct engine *en, const struct recorded *recorded,
			     const struct workload *workload,
			     const char *state, const struct scenario *s,
			     uint64_t budget, struct minimised *ret,
			     struct judgement *ret_shown, struct error *e)
{
	struct subject subject = recorded_subject(recorded, s, workload);
	struct finder f = { .engine = en,
			    .subject = &subject,
			    .imported = recorded->imported,
			    .shown = ret_shown };
	struct minimise_request request = {
		.space = recorded->space,
		.history = recorded->history,
		.state = state,
		.window_ns = s->window_ns,
		.budget = budget,
		.batch = BATCH * (size_t)en->checkers,
		.judge = judge_batch,
		.arg = &f,
	};
	int err;

	progress_begin(en->progress, 0, "%s: minimising %s", s->name, state);
	err = minimise(&request, ret, e);
	progress_end(en->progress);
	free(f.pattern);
	return err;
}

int run_minimise(struct engine *en, const char *dir, const char *source,
		 const char *state, const struct scenario *s, uint64_t budget,
		 struct minimised *ret, struct judgement *ret_shown,
		 struct error *e)
{
	CLEANUP_FREE char *units = xasprintf(
		"%s/units.dat", runtime_path(en->lab->runtime));
	struct recorded recorded = { 0 };
	struct workload workload = { 0 };
	int err = engine_ready(en, s, e);

	*ret = (struct minimised){ .reproduced = 0 };
	*ret_shown = (struct judgement){ .verdict = VERDICT_UNKNOWN };
	if (!err)
		err = workload_build(&en->lab->home, s->folder, &workload, e);
	if (!err)
		err = recorded_open(dir, source, s, units, &recorded, e);
	if (!err)
		err = minimise_recorded(en, &recorded, &workload, state, s,
					budget, ret, ret_shown, e);
	recorded_release(&recorded);
	workload_release(&workload);
	return err;
}
