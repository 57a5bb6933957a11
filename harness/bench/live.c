/*
 * How long a live cut takes: a guest boots from the base, runs the workload,
 * loses its power, hands over its trace; the drive writes what it knows. The
 * cuts are the flushes of the workload, spread over the rounds. How long
 * booting takes is taken from there too.
 */
#include "run/live.h"
#include "bench/parts.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"

static int cut_once(struct bench *b, const char *base,
		    const struct cut_trigger *trigger, struct error *e)
{
	CLEANUP_FREE char *dir = NULL;
	struct recording_request r = { .scenario = b->brief,
				       .base = base,
				       .trigger = *trigger };
	struct recording rec = { 0 };
	uint64_t start = now_ns();
	int err = bench_request(b, "live", &r, &dir, e);

	if (!err)
		err = record(b->lab, &r, &rec, e);
	if (!err)
		err = bench_workload_ended(b->brief, &rec, e);
	if (!err) {
		series_add(&b->figures[BENCH_LIVE],
			   (double)(now_ns() - start) / 1e9);
		series_add(&b->figures[BENCH_BOOT],
			   (double)rec.boot_ns / 1e9);
	}
	recording_release(&rec);
	rm_rf(dir, NULL);
	return err;
}

int bench_live(struct bench *b, struct error *e)
{
	CLEANUP_FREE char *base = xasprintf("%s/base.img", b->scratch);
	CLEANUP_FREE struct cut_trigger *triggers = NULL;
	size_t n = 0;
	int err = recorded_export_base(&b->recorded, base, e);

	if (!err)
		err = live_triggers(b->brief, b->recorded.history, &triggers,
				    &n, e);
	progress_begin(b->progress, b->rounds, "bench: live cuts");
	for (size_t i = 0; i < b->rounds && !err; i++) {
		err = cut_once(b, base, &triggers[i * n / b->rounds], e);
		progress_step(b->progress, 0);
	}
	progress_end(b->progress);
	return err;
}
