#include "run/steps.h"

#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"

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

static int judge_all_sources(struct run *r, struct error *e)
{
	int err = 0;

	if (r->scenario->mode != MODE_LIVE)
		err = judge_source(r, "replay", e);
	for (unsigned i = 1; !err; i++) {
		CLEANUP_FREE char *source = xasprintf("live-%u", i);
		CLEANUP_FREE char *path = xasprintf("%s/%s", r->dir, source);

		if (access(path, F_OK) < 0)
			break;
		err = judge_source(r, source, e);
	}
	return err;
}

int run_check_again(struct engine *en, const char *dir,
		    const struct scenario *s, struct run_outcome *ret,
		    struct error *e)
{
	struct run r = { .engine = en, .scenario = s, .start_ns = now_ns() };
	CLEANUP_FREE char *store = xasprintf("%s/results.sqlite", dir);
	int err;

	*ret = (struct run_outcome){ .dir = xstrdup(dir),
				     .verdict = VERDICT_UNKNOWN };
	r.dir = ret->dir;
	err = engine_ready(en, s, e);
	if (!err)
		err = workload_build(&en->lab->home, s->folder, &r.workload, e);
	if (!err)
		err = store_reopen(store, &r.store, e);
	if (!err)
		err = run_store_facts(&r, e);
	if (!err)
		err = store_set(r.store, "phase", "checking", e);
	if (!err)
		err = judge_all_sources(&r, e);
	return run_finish(&r, err, ret, e);
}
