#include "run/steps.h"

#include <stdlib.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "run/live.h"

/* A workload that failed leaves a recording that proves nothing. */
static void note_failure(struct run *r, const struct recording *rec)
{
	const char *program = r->scenario->workload.run[0];
	const char *said = rec->complaint ? rec->complaint : "it said nothing";

	if (r->unknown || rec->cut)
		return;
	if (rec->timed_out)
		r->unknown = xasprintf("the workload %s did not end within its "
				       "time limit: %s", program, said);
	else if (rec->exit_signal)
		r->unknown = xasprintf("the workload %s died of signal %d: %s",
				       program, rec->exit_signal, said);
	else if (rec->exit_status != 0)
		r->unknown = xasprintf("the workload %s ended with status %d: "
				       "%s", program, rec->exit_status, said);
}

static int make_recording(struct run *r, const char *source, const char *base,
			  const struct cut_trigger *trigger,
			  struct recording *ret, struct error *e)
{
	CLEANUP_FREE char *folder = xasprintf("%s/%s", r->dir, source);
	struct recording_request request = {
		.scenario = r->scenario,
		.image = &r->engine->image,
		.workload = &r->workload,
		.dir = folder,
		.name = source,
		.base = base,
		.calls = 1,
		.cures = r->engine->cures,
		.n_cures = r->engine->n_cures,
	};
	int err = mkdir_p(folder, e);

	if (trigger)
		request.trigger = *trigger;
	if (!err)
		err = record(r->engine->lab, &request, ret, e);
	if (err)
		return err;
	note_failure(r, ret);
	return run_store_doubt(r, e);
}

/* The reference recording: runs to its end. Kept open for live cuts. */
int run_record_reference(struct run *r, struct recorded *ret,
			    struct error *e)
{
	struct recording rec = { 0 };
	int err;

	progress_begin(r->engine->progress, 0, "%s: recording",
		       r->scenario->name);
	err = make_recording(r, "replay", NULL, NULL, &rec, e);
	progress_end(r->engine->progress);
	if (err)
		return err;
	err = recorded_open(r->dir, "replay", r->scenario, NULL, ret, e);
	if (!err)
		err = run_store_counts(r, &rec, ret->history, e);
	recording_release(&rec);
	return err;
}

static int live_cut(struct run *r, const struct cut_trigger *trigger,
		    size_t number, size_t total, struct error *e)
{
	CLEANUP_FREE char *base = xasprintf("%s/base.img", r->dir);
	CLEANUP_FREE char *source = xasprintf("live-%zu", number);
	struct recording rec = { 0 };
	struct recorded recorded = { 0 };
	int err;

	progress_begin(r->engine->progress, 0, "%s: live cut %zu of %zu",
		       r->scenario->name, number, total);
	err = make_recording(r, source, base, trigger, &rec, e);
	progress_end(r->engine->progress);
	if (!err)
		err = recorded_open(r->dir, source, r->scenario, NULL,
				    &recorded, e);
	if (!err)
		err = run_cross_check(r, &recorded, source, e);
	if (!err)
		err = run_judge(r, &recorded, source, e);
	recorded_release(&recorded);
	recording_release(&rec);
	return err;
}

int run_live_cuts(struct run *r, const struct recorded *reference,
		     struct error *e)
{
	CLEANUP_FREE char *base = xasprintf("%s/base.img", r->dir);
	CLEANUP_FREE struct cut_trigger *triggers = NULL;
	size_t n = 0;
	int err = recorded_export_base(reference, base, e);

	if (!err)
		err = live_triggers(r->scenario, reference->history, &triggers,
				    &n, e);
	if (!err)
		err = run_store_progress(r, "live", 0, n, e);
	for (size_t i = 0; i < n && !err && !r->stopped; i++) {
		err = live_cut(r, &triggers[i], i + 1, n, e);
		if (!err)
			err = run_store_progress(r, "live", i + 1, n, e);
	}
	return err;
}
