#include "run/steps.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "run/rundir.h"

static int record_and_judge(struct run *r, struct error *e)
{
	struct recorded reference = { 0 };
	int err;

	err = store_set(r->store, "phase", "recording", e);
	if (!err)
		err = store_commit(r->store, e);
	if (!err)
		err = run_record_reference(r, &reference, e);
	if (!err)
		err = store_set(r->store, "phase", "checking", e);
	if (!err && r->scenario->mode != MODE_LIVE)
		err = run_judge(r, &reference, "replay", e);
	if (!err && r->scenario->mode != MODE_LIVE)
		err = run_nested_cuts(r, &reference, e);
	if (!err && r->scenario->mode != MODE_REPLAY)
		err = run_live_cuts(r, &reference, e);
	recorded_release(&reference);
	return err;
}

static int write_resolved(const struct run *r, struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/scenario.yaml", r->dir);
	CLEANUP_FREE char *text = scenario_resolved(r->scenario);

	return file_write(path, text, strlen(text), e);
}

/* The run is then judged by the copy. */
static int embed_workload(struct run *r, struct error *e)
{
	CLEANUP_FREE char *folder = xasprintf("%s/workload", r->dir);
	CLEANUP_FREE char *path = xasprintf("%s/scenario.yaml", folder);
	int err = copy_folder(r->scenario->folder, folder, e);

	return err ? err : store_set(r->store, "path", path, e);
}

/* The directory comes first: whatever fails later has a place to be told in. */
static int make_place(struct run *r, struct run_outcome *ret, struct error *e)
{
	CLEANUP_FREE char *store = NULL;
	int err = rundir_create(r->engine->runs, r->scenario->name,
				r->scenario->seed, &ret->dir, e);

	if (err)
		return err;
	r->dir = ret->dir;
	store = xasprintf("%s/results.sqlite", r->dir);
	r->lock = rundir_lock(r->dir, e);
	if (r->lock < 0)
		return r->lock;
	err = write_resolved(r, e);
	if (!err)
		err = store_create(store, &r->store, e);
	if (!err)
		err = run_store_origin(r->store, r->scenario, e);
	return err || !r->scenario->embed ? err : embed_workload(r, e);
}

static int make_ready(struct run *r, struct error *e)
{
	int err = engine_ready(r->engine, r->scenario, e);

	if (!err)
		err = workload_build(&r->engine->lab->home,
				     r->scenario->folder, &r->workload, e);
	return err ? err : run_store_machine(r, e);
}

int run_scenario(struct engine *en, const struct scenario *s,
		 struct run_outcome *ret, struct error *e)
{
	struct run r = { .engine = en, .scenario = s, .start_ns = now_ns(),
			 .lock = -1 };
	int err;

	*ret = (struct run_outcome){ .verdict = VERDICT_UNKNOWN };
	err = make_place(&r, ret, e);
	if (!err)
		err = make_ready(&r, e);
	if (!err)
		err = record_and_judge(&r, e);
	return run_finish(&r, err, ret, e);
}

void run_outcome_release(struct run_outcome *o)
{
	free(o->dir);
	*o = (struct run_outcome){ 0 };
}
