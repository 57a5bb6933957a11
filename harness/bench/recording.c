/*
 * What recording costs: the same workload where nothing is recorded, where
 * the drive keeps its log, and where the guest is traced too, as in a run.
 * Each in a fresh guest with a fresh file system, timed by the guest's agent;
 * who goes first changes from round to round. Booting is measured on the way.
 */
#include "bench/parts.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "drive/plain.h"

struct variant {
	enum bench_figure figure;
	const char *name;
	int plain, untraced;
};

static const struct variant variants[] = {
	{ BENCH_PLAIN, "plain", 1, 1 },
	{ BENCH_UNTRACED, "untraced", 0, 1 },
	{ BENCH_TRACED, "traced", 0, 0 },
};
#define N_VARIANTS (sizeof(variants) / sizeof(*variants))

static int record_on(struct bench *b, const struct variant *v,
		     const struct plain_drive *plain, struct error *e)
{
	CLEANUP_FREE char *dir = xasprintf("%s/%s", b->scratch, v->name);
	struct recording_request r = { .scenario = b->lengthy,
				       .untraced = v->untraced,
				       .plain = plain };
	struct recording rec = { 0 };
	int err = bench_record(b, &r, v->name, &rec, e);

	rm_rf(dir, NULL);
	if (err)
		return err;
	series_add(&b->figures[BENCH_BOOT], (double)rec.boot_ns / 1e9);
	series_add(&b->figures[v->figure], (double)rec.run_ns / 1e9);
	recording_release(&rec);
	return 0;
}

static int measure(struct bench *b, const struct variant *v, struct error *e)
{
	struct plain_drive *plain = NULL;
	int err = 0;

	if (v->plain)
		err = plain_drive_start(runtime_path(b->lab->runtime), v->name,
					b->lengthy->drive.size, &plain, e);
	if (!err)
		err = record_on(b, v, plain, e);
	plain_drive_stop(plain);
	return err;
}

int bench_recording(struct bench *b, struct error *e)
{
	size_t total = b->rounds * N_VARIANTS;
	int err = 0;

	progress_begin(b->progress, total, "bench: boot and recording");
	for (size_t i = 0; i < total && !err; i++) {
		size_t round = i / N_VARIANTS;

		err = measure(b, &variants[(i + round) % N_VARIANTS], e);
		progress_step(b->progress, 0);
	}
	progress_end(b->progress);
	return err;
}
