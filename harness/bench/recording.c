/*
 * What recording costs: the same workload where nothing is recorded, where
 * the drive keeps its log, and where the guest is traced too, as in a run.
 * Three guests wait side by side and run it in turns, seconds apart; who goes
 * first changes from round to round. The clock is the guest's agent's.
 */
#include <stdlib.h>

#include "bench/parts.h"
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

/* A guest that waits for its turn. */
struct guest {
	const struct variant *variant;
	struct recording_request request;
	char *dir;
	struct plain_drive *plain;
	struct recording_session *session;
};

static int guest_start(struct guest *g, struct bench *b, struct error *e)
{
	const struct variant *v = g->variant;
	int err = 0;

	g->request.scenario = b->lengthy;
	g->request.untraced = v->untraced;
	if (v->plain)
		err = plain_drive_start(runtime_path(b->lab->runtime), v->name,
					b->lengthy->drive.size, &g->plain, e);
	g->request.plain = g->plain;
	if (!err)
		err = bench_request(b, v->name, &g->request, &g->dir, e);
	return err ? err :
		     recording_open(b->lab, &g->request, &g->session, e);
}

static int guest_run(struct guest *g, struct bench *b, struct error *e)
{
	struct recording rec = { 0 };
	int err = bench_go_on(e);

	if (!err)
		err = recording_run(g->session, &rec, e);
	if (!err)
		err = bench_workload_ended(b->lengthy, &rec, e);
	if (!err)
		series_add(&b->figures[g->variant->figure],
			   (double)rec.run_ns / 1e9);
	recording_release(&rec);
	return err;
}

/* First the guest, then what it stands on. */
static void guest_stop(struct guest *g)
{
	recording_close(g->session);
	plain_drive_stop(g->plain);
	free(g->dir);
}

static int run_in_turns(struct guest guests[], struct bench *b,
			struct error *e)
{
	size_t total = b->rounds * N_VARIANTS;
	int err = 0;

	progress_begin(b->progress, total, "bench: recording");
	for (size_t i = 0; i < total && !err; i++) {
		size_t round = i / N_VARIANTS;

		err = guest_run(&guests[(i + round) % N_VARIANTS], b, e);
		progress_step(b->progress, 0);
	}
	progress_end(b->progress);
	return err;
}

int bench_recording(struct bench *b, struct error *e)
{
	struct guest guests[N_VARIANTS] = { 0 };
	int err = 0;

	progress_begin(b->progress, 0, "bench: guests for recording");
	for (size_t i = 0; i < N_VARIANTS && !err; i++) {
		guests[i].variant = &variants[i];
		err = guest_start(&guests[i], b, e);
	}
	progress_end(b->progress);
	if (!err)
		err = run_in_turns(guests, b, e);
	for (size_t i = 0; i < N_VARIANTS; i++)
		guest_stop(&guests[i]);
	return err;
}
