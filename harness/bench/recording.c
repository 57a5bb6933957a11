/*
 * What recording costs: the same workload where nothing is recorded, where
 * the drive keeps its log, and where the guest is traced too, as far as every
 * verdict needs it. Three guests run it in turns.
 */
#include "bench/turns.h"
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

static int start(struct bench_guest *g, int variant, struct bench *b,
		 const struct bench_subject *s, struct plain_drive **plain,
		 struct error *e)
{
	const struct variant *v = &variants[variant];
	int err = 0;

	g->row = &rows[variant];
	g->name = v->name;
	g->request.untraced = v->untraced;
	if (v->plain)
		err = plain_drive_start(runtime_path(b->lab->runtime), v->name,
					s->scenario->drive.size, plain, e);
	g->request.plain = v->plain ? *plain : NULL;
	return err ? err : bench_guest_open(g, b, s, e);
}

static int measure(struct bench *b, struct error *e)
{
	struct bench_guest guests[ROWS] = { 0 };
	struct plain_drive *plain = NULL;
	struct bench_subject s = { 0 };
	int err = bench_subject_load(b, "append-log/bench.yaml", &s, e);

	progress_begin(b->progress, 0, "bench: guests for recording");
	for (int i = 0; i < ROWS && !err; i++)
		err = start(&guests[i], i, b, &s, &plain, e);
	progress_end(b->progress);
	if (!err)
		err = bench_turns(guests, ROWS, b, "recording", e);
	/* First the guests, then what they stand on. */
	for (int i = 0; i < ROWS; i++)
		bench_guest_close(&guests[i]);
	plain_drive_stop(plain);
	bench_subject_release(&s);
	return err;
}

const struct bench_group bench_recording = { "recording", rows, ROWS,
					     measure };
