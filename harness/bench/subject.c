/* Scenarios made ready for measuring: loaded, built, recorded, planned. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/parts.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"

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

int bench_request(const struct bench *b, const struct bench_subject *s,
		  const char *name, struct recording_request *r,
		  char **ret_dir, struct error *e)
{
	char *dir = xasprintf("%s/%s", b->scratch, name);
	int err = bench_go_on(e);

	r->scenario = s->scenario;
	r->image = &s->image;
	r->workload = &s->workload;
	r->dir = dir;
	r->name = name;
	*ret_dir = dir;
	return err ? err : mkdir_p(dir, e);
}

int bench_subject_load(struct bench *b, const char *file,
		       struct bench_subject *ret, struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/workloads/%s",
					    b->lab->home.path, file);
	struct bench_subject s = { 0 };
	int err = scenario_load(path, &s.scenario, e);

	/* All rows but those that measure it: whatever explains more of a
	 * finding tomorrow, their figures stay comparable. */
	if (!err)
		s.scenario->guest.trace = GUEST_TRACE_COMMANDS;
	if (!err)
		err = lab_image(b->lab, s.scenario, &s.image, e);
	if (!err)
		err = workload_build(&b->lab->home, s.scenario->folder,
				     &s.workload, e);
	if (err)
		bench_subject_release(&s);
	else
		*ret = s;
	return err;
}

static int record_it(struct bench *b, const struct bench_subject *s,
		     const char *name, struct error *e)
{
	CLEANUP_FREE char *dir = NULL, *replay = NULL;
	struct recording_request r = { 0 };
	struct recording rec = { 0 };
	int err = bench_request(b, s, name, &r, &dir, e);

	r.dir = replay = xasprintf("%s/replay", dir);
	if (!err)
		err = mkdir_p(replay, e);
	if (!err)
		err = record(b->lab, &r, &rec, e);
	if (!err)
		err = bench_workload_ended(s->scenario, &rec, e);
	recording_release(&rec);
	return err;
}

/* As a run without the key `cuts` does. */
static int make_plan(struct bench_subject *s, struct error *e)
{
	struct plan_config config = plan_config_of(s->scenario);
	struct recorded *r = &s->recorded;
	CLEANUP_FREE struct cut *cuts = NULL;
	size_t n;
	int err = cuts_expand(r->history, NULL, 0, 1, &cuts, &n, e);

	return err ? err : plan_make(r->space, r->history, cuts, n,
				     &config, &s->plan, e);
}

int bench_subject_record(struct bench *b, const char *file, const char *name,
			 struct bench_subject *ret, struct error *e)
{
	CLEANUP_FREE char *dir = xasprintf("%s/%s", b->scratch, name);
	struct bench_subject s = { 0 };
	int err = bench_subject_load(b, file, &s, e);

	progress_begin(b->progress, 0, "bench: recording %s", file);
	if (!err)
		err = record_it(b, &s, name, e);
	progress_end(b->progress);
	if (!err)
		err = recorded_open(dir, "replay", s.scenario, NULL,
				    &s.recorded, e);
	if (!err)
		err = make_plan(&s, e);
	if (err)
		bench_subject_release(&s);
	else
		*ret = s;
	return err;
}

void bench_subject_release(struct bench_subject *s)
{
	plan_release(&s->plan);
	recorded_release(&s->recorded);
	workload_release(&s->workload);
	guest_image_release(&s->image);
	scenario_free(s->scenario);
	*s = (struct bench_subject){ 0 };
}

int bench_brief(struct bench *b, struct bench_subject **ret, struct error *e)
{
	int err = b->brief.scenario ?
			  0 :
			  bench_subject_record(b, "append-log/scenario.yaml",
					       "brief", &b->brief, e);

	if (!err)
		*ret = &b->brief;
	return err;
}

struct checker_config bench_checker(const struct bench *b,
				    const struct bench_subject *s,
				    const char *name)
{
	return (struct checker_config){
		.lab = b->lab,
		.image = &s->image,
		.memory = s->scenario->guest.memory,
		.disk_size = s->scenario->drive.size,
		.disk_block = s->scenario->drive.block,
		.bus = s->scenario->drive.bus,
		.name = name,
		.dir = b->scratch,
		.scratch = b->scratch,
	};
}

unsigned bench_cores(void)
{
	return (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
}

int bench_pool(const struct bench *b, const struct bench_subject *s,
	       const struct checker_ops *ops, const char *name,
	       unsigned checkers, struct pool **ret, struct error *e)
{
	struct checker_config c = bench_checker(b, s, "");
	struct pool_config pc = {
		.ops = ops,
		.lab = c.lab,
		.image = c.image,
		.memory = c.memory,
		.disk_size = c.disk_size,
		.disk_block = c.disk_block,
		.bus = c.bus,
		.dir = c.dir,
		.scratch = c.scratch,
		.checkers = checkers,
		.name = name,
	};

	return pool_start(&pc, ret, e);
}
