#include "run/steps.h"

#include <errno.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "run/rundir.h"

static int judge_source(struct run *r, const char *source, struct error *e)
{
	struct recorded recorded = { 0 };
	int err = recorded_open(r->dir, source, r->scenario, NULL, &recorded,
				e);

	if (!err)
		err = run_judge(r, &recorded, source, e);
	recorded_release(&recorded);
	return err;
}

/* prefix-1 .. prefix-n. One that was not made (a state that could not be
 * mounted has no recovery) has no folder. */
static int judge_numbered(struct run *r, const char *prefix, size_t n,
			  struct error *e)
{
	int err = 0;

	for (size_t i = 1; i <= n && !err; i++) {
		CLEANUP_FREE char *source = xasprintf("%s-%zu", prefix, i);
		CLEANUP_FREE char *folder = xasprintf("%s/%s", r->dir, source);

		if (access(folder, F_OK) == 0)
			err = judge_source(r, source, e);
	}
	return err;
}

static int judge_all_sources(struct run *r, struct error *e)
{
	size_t live = 0, nested = 0;
	int err = 0;

	if (run_load_doubts(r, &live, &nested))
		return error_set(e, EBADMSG, "the store of %s is damaged",
				 r->dir);
	if (r->scenario->mode != MODE_LIVE)
		err = judge_source(r, "replay", e);
	if (!err)
		err = judge_numbered(r, "nested", nested, e);
	return err ? err : judge_numbered(r, "live", live, e);
}

static int reopen(struct run *r, struct error *e)
{
	CLEANUP_FREE char *store = xasprintf("%s/results.sqlite", r->dir);
	int err;

	r->lock = rundir_lock(r->dir, e);
	if (r->lock < 0)
		return r->lock;
	err = engine_ready(r->engine, r->scenario, e);
	if (!err)
		err = workload_build(&r->engine->lab->home,
				     r->scenario->folder, &r->workload, e);
	if (!err)
		err = store_reopen(store, &r->store, e);
	if (!err)
		err = run_store_expect(r->store, r->scenario, e);
	return err ? err : run_store_machine(r, e);
}

int run_check_again(struct engine *en, const char *dir,
		    const struct scenario *s, struct run_outcome *ret,
		    struct error *e)
{
	struct run r = { .engine = en, .scenario = s, .start_ns = now_ns(),
			 .lock = -1 };
	int err;

	*ret = (struct run_outcome){ .dir = xstrdup(dir),
				     .verdict = VERDICT_UNKNOWN };
	r.dir = ret->dir;
	err = reopen(&r, e);
	if (!err)
		err = judge_all_sources(&r, e);
	return run_finish(&r, err, ret, e);
}
