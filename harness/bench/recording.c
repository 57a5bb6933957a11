/*
 * What recording costs: the same workload where nothing is recorded, where
 * the drive keeps its log, and where the guest is traced too, as in a run.
 * Three guests wait side by side and run it in turns, seconds apart; who goes
 * first changes from round to round. The clock is the guest's agent's.
 */
#include <stdlib.h>

#include "bench/parts.h"
#include "drive/plain.h"

enum { PLAIN, UNTRACED, TRACED, ROWS };

/* Times by the guest's clock. */
static const struct bench_row rows[ROWS] = {
	[PLAIN] = { "workload_plain", "workload, plain memory disk", "s",
		    NULL },
	[UNTRACED] = { "workload_untraced", "workload, recorded without trace",
		       "s", "workload_plain" },
	[TRACED] = { "workload_recorded", "workload, recorded", "s",
		     "workload_plain" },
};

static const struct variant {
	const char *name;
	int plain, untraced;
} variants[ROWS] = {
	[PLAIN] = { "plain", 1, 1 },
	[UNTRACED] = { "untraced", 0, 1 },
	[TRACED] = { "traced", 0, 0 },
};

/* A guest that waits for its turn. */
struct guest {
	int variant;
	struct recording_request request;
	char *dir;
	struct plain_drive *plain;
	struct recording_session *session;
};

static int guest_start(struct guest *g, struct bench *b,
		       const struct bench_subject *s, struct error *e)
{
	const struct variant *v = &variants[g->variant];
	int err = 0;

	g->request.untraced = v->untraced;
	if (v->plain)
		err = plain_drive_start(runtime_path(b->lab->runtime), v->name,
					s->scenario->drive.size, &g->plain, e);
	g->request.plain = g->plain;
	if (!err)
		err = bench_request(b, s, v->name, &g->request, &g->dir, e);
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
		err = bench_workload_ended(g->request.scenario, &rec, e);
	if (!err)
		bench_add(b, &rows[g->variant], (double)rec.run_ns / 1e9);
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
	size_t total = b->rounds * ROWS;
	int err = 0;

	progress_begin(b->progress, total, "bench: recording");
	for (size_t i = 0; i < total && !err; i++) {
		size_t round = i / ROWS;

		err = guest_run(&guests[(i + round) % ROWS], b, e);
		progress_step(b->progress, 0);
	}
	progress_end(b->progress);
	return err;
}

static int measure(struct bench *b, struct error *e)
{
	struct guest guests[ROWS] = { 0 };
	struct bench_subject s = { 0 };
	int err = bench_subject_load(b, "append-log/bench.yaml", &s, e);

	progress_begin(b->progress, 0, "bench: guests for recording");
	for (int i = 0; i < ROWS && !err; i++) {
		guests[i].variant = i;
		err = guest_start(&guests[i], b, &s, e);
	}
	progress_end(b->progress);
	if (!err)
		err = run_in_turns(guests, b, e);
	for (int i = 0; i < ROWS; i++)
		guest_stop(&guests[i]);
	bench_subject_release(&s);
	return err;
}

const struct bench_group bench_recording = { "recording", rows, ROWS,
					     measure };
