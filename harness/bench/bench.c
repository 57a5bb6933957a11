#include "bench/bench.h"

#include <errno.h>
#include <stdlib.h>

#include "bench/parts.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "lab/interrupt.h"

const struct bench_kind bench_kinds[BENCH_FIGURES] = {
	[BENCH_BOOT] = { "boot", "boot, libvirt call to ready agent", "s", -1 },
	[BENCH_PLAIN] = { "workload_plain", "workload, plain memory disk", "s",
			  -1 },
	[BENCH_UNTRACED] = { "workload_untraced",
			     "workload, recorded without trace", "s",
			     BENCH_PLAIN },
	[BENCH_TRACED] = { "workload_recorded", "workload, recorded", "s",
			   BENCH_PLAIN },
	[BENCH_BARE] = { "bare_loop", "bare mount, check, umount", "1/s", -1 },
	[BENCH_JUDGED] = { "states", "states judged by one checker", "1/s",
			   BENCH_BARE },
	[BENCH_LIVE] = { "live_cut", "live cut, boot to power off", "s", -1 },
};

int bench_go_on(struct error *e)
{
	return interrupt_count() ? error_set(e, ECANCELED, "interrupted") : 0;
}

int bench_workload_ended(const struct scenario *s,
			 const struct recording *rec, struct error *e)
{
	if (rec->cut || rec->exit_status == 0)
		return 0;
	return error_set(e, EPROTO, "the workload %s %s %d: %s",
			 s->workload.run[0],
			 rec->timed_out	  ? "timed out, killed by signal" :
			 rec->exit_signal ? "died of signal" :
					    "ended with status",
			 rec->exit_signal ? rec->exit_signal :
					    rec->exit_status,
			 rec->complaint ? rec->complaint : "it said nothing");
}

int bench_request(const struct bench *b, const char *name,
		  struct recording_request *r, char **ret_dir, struct error *e)
{
	char *dir = xasprintf("%s/%s", b->scratch, name);
	int err = bench_go_on(e);

	r->image = &b->image;
	r->workload = &b->workload;
	r->dir = dir;
	r->name = name;
	*ret_dir = dir;
	return err ? err : mkdir_p(dir, e);
}

/* The recording whose states are judged, and whose cuts are made live. */
static int record_brief(struct bench *b, struct error *e)
{
	CLEANUP_FREE char *dir = NULL;
	struct recording_request r = { .scenario = b->brief };
	struct recording rec = { 0 };
	int err;

	progress_begin(b->progress, 0, "bench: preparing");
	err = bench_request(b, "replay", &r, &dir, e);
	if (!err)
		err = record(b->lab, &r, &rec, e);
	if (!err)
		err = bench_workload_ended(b->brief, &rec, e);
	progress_end(b->progress);
	recording_release(&rec);
	return err ? err : recorded_open(b->scratch, "replay", b->brief, NULL,
					 &b->recorded, e);
}

static int load(const struct bench *b, const char *name, struct scenario **ret,
		struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/workloads/append-log/%s",
					    b->lab->home.path, name);

	return scenario_load(path, ret, e);
}

static int make_scratch(struct bench *b, const char *parent, struct error *e)
{
	char *path = xasprintf("%s/.bench-XXXXXX", parent);
	int err = mkdir_p(parent, e);

	if (!err && !mkdtemp(path))
		err = error_errno(e, errno, "cannot make a folder in %s",
				  parent);
	if (err)
		free(path);
	else
		b->scratch = path;
	return err;
}

static int prepare(struct bench *b, const char *parent, struct error *e)
{
	int err = load(b, "scenario.yaml", &b->brief, e);

	if (!err)
		err = load(b, "bench.yaml", &b->lengthy, e);
	if (!err)
		err = lab_image(b->lab, b->brief, &b->image, e);
	if (!err)
		err = workload_build(&b->lab->home, b->brief->folder,
				     &b->workload, e);
	return err ? err : make_scratch(b, parent, e);
}

static int measure(struct bench *b, struct error *e)
{
	int err = bench_recording(b, e);

	if (!err)
		err = record_brief(b, e);
	if (!err)
		err = bench_judging(b, e);
	return err ? err : bench_live(b, e);
}

static void release(struct bench *b)
{
	recorded_release(&b->recorded);
	workload_release(&b->workload);
	guest_image_release(&b->image);
	scenario_free(b->brief);
	scenario_free(b->lengthy);
	if (b->scratch)
		rm_rf(b->scratch, NULL);
	free(b->scratch);
}

int bench(struct lab *lab, struct progress *progress, unsigned rounds,
	  const char *scratch_parent, struct bench_result *ret,
	  struct error *e)
{
	struct bench b = { .lab = lab, .progress = progress, .rounds = rounds,
			   .figures = ret->figures };
	int err;

	*ret = (struct bench_result){ 0 };
	err = prepare(&b, scratch_parent, e);
	if (!err)
		err = measure(&b, e);
	release(&b);
	return err;
}

void bench_result_release(struct bench_result *r)
{
	for (int i = 0; i < BENCH_FIGURES; i++)
		series_release(&r->figures[i]);
}
