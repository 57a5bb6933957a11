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

enum { BOOT, LIVE, ROWS };

static const struct bench_row rows[ROWS] = {
	[BOOT] = { "boot", "boot, libvirt call to ready agent", "s", NULL },
	[LIVE] = { "live_cut", "live cut, boot to power off", "s", NULL },
};

static int cut_once(struct bench *b, const struct bench_subject *s,
		    const char *base, const struct cut_trigger *trigger,
		    struct error *e)
{
	CLEANUP_FREE char *dir = NULL;
	struct recording_request r = { .base = base, .trigger = *trigger };
	struct recording rec = { 0 };
	uint64_t start = now_ns();
	int err = bench_request(b, s, "live", &r, &dir, e);

	if (!err)
		err = record(b->lab, &r, &rec, e);
	if (!err)
		err = bench_workload_ended(s->scenario, &rec, e);
	if (!err) {
		bench_add(b, &rows[LIVE], (double)(now_ns() - start) / 1e9);
		bench_add(b, &rows[BOOT], (double)rec.boot_ns / 1e9);
	}
	recording_release(&rec);
	rm_rf(dir, NULL);
	return err;
}

static int measure(struct bench *b, struct error *e)
{
	CLEANUP_FREE char *base = xasprintf("%s/base.img", b->scratch);
	CLEANUP_FREE struct cut_trigger *triggers = NULL;
	struct bench_subject *s;
	size_t n = 0;
	int err = bench_brief(b, &s, e);

	if (!err)
		err = recorded_export_base(&s->recorded, base, e);
	if (!err)
		err = live_triggers(s->scenario, s->recorded.history,
				    &triggers, &n, e);
	progress_begin(b->progress, b->rounds, "bench: live cuts");
	for (size_t i = 0; i < b->rounds && !err; i++) {
		err = cut_once(b, s, base, &triggers[i * n / b->rounds], e);
		progress_step(b->progress, 0);
	}
	progress_end(b->progress);
	return err;
}

const struct bench_group bench_live = { "live", rows, ROWS, measure };
