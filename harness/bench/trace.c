/*
 * What an explanation costs: the same workload where only that is traced which
 * every verdict needs, and where all of the data's way is (guest.trace: full).
 * For each workload two guests run it in turns. Then it is recorded as a run
 * does it, from the guest's start to the recording's end, in turns as well.
 */
#include <stdlib.h>

#include "bench/turns.h"
#include "common/cleanup.h"
#include "common/files.h"

enum variant { COMMANDS, FULL, VARIANTS };

/* Rows of one workload, beside each other: those of the program's own time, then
 * those of the whole recording; in each the variants. */
enum { OWN, WHOLE = OWN + VARIANTS, LOG = 0, SQLITE = WHOLE + VARIANTS,
       ROWS = 2 * SQLITE };

/* Own times by the guest's clock, whole recordings by this machine's. */
static const struct bench_row rows[ROWS] = {
	[LOG + OWN + COMMANDS] = { "log_commands",
				   "append-log, commands traced", "s", NULL },
	[LOG + OWN + FULL] = { "log_full", "append-log, all traced", "s",
			       "log_commands" },
	[LOG + WHOLE + COMMANDS] = { "log_whole_commands",
				     "append-log recorded, commands", "s",
				     NULL },
	[LOG + WHOLE + FULL] = { "log_whole_full", "append-log recorded, all",
				 "s", "log_whole_commands" },
	[SQLITE + OWN + COMMANDS] = { "sqlite_commands",
				      "sqlite, commands traced", "s", NULL },
	[SQLITE + OWN + FULL] = { "sqlite_full", "sqlite, all traced", "s",
				  "sqlite_commands" },
	[SQLITE + WHOLE + COMMANDS] = { "sqlite_whole_commands",
					"sqlite recorded, commands", "s",
					NULL },
	[SQLITE + WHOLE + FULL] = { "sqlite_whole_full",
				    "sqlite recorded, all", "s",
				    "sqlite_whole_commands" },
};

static const struct {
	const char *name;
	enum guest_trace trace;
} variants[VARIANTS] = {
	[COMMANDS] = { "commands", GUEST_TRACE_COMMANDS },
	[FULL] = { "full", GUEST_TRACE_FULL },
};

static int load(struct bench *b, const char *file,
		struct bench_subject subjects[VARIANTS], struct error *e)
{
	int err = 0;

	for (size_t i = 0; i < VARIANTS && !err; i++) {
		err = bench_subject_load(b, file, &subjects[i], e);
		if (!err)
			subjects[i].scenario->guest.trace = variants[i].trace;
	}
	return err;
}

static int start(struct bench_guest guests[VARIANTS], struct bench *b,
		 const struct bench_subject subjects[VARIANTS], int first,
		 struct error *e)
{
	int err = 0;

	progress_begin(b->progress, 0, "bench: guests for tracing");
	for (size_t i = 0; i < VARIANTS && !err; i++) {
		guests[i].row = &rows[first + OWN + (int)i];
		guests[i].name = variants[i].name;
		guests[i].request.calls = 1; /* as in a run */
		err = bench_guest_open(&guests[i], b, &subjects[i], e);
	}
	progress_end(b->progress);
	return err;
}

static int measure_own(struct bench *b,
		       const struct bench_subject subjects[VARIANTS],
		       int first, struct error *e)
{
	struct bench_guest guests[VARIANTS] = { 0 };
	int err;

	if (!bench_wants(b, &rows[first + OWN]))
		return 0;
	err = start(guests, b, subjects, first, e);
	if (!err)
		err = bench_turns(guests, VARIANTS, b, "tracing", e);
	for (size_t i = 0; i < VARIANTS; i++)
		bench_guest_close(&guests[i]);
	return err;
}

static int record_whole(struct bench *b, const struct bench_subject *s,
			const struct bench_row *row, struct error *e)
{
	struct recording_request r = { .calls = 1 };
	CLEANUP_FREE char *dir = NULL;
	struct recording rec = { 0 };
	int err = bench_request(b, s, row->name, &r, &dir, e);
	uint64_t start_ns = now_ns();

	if (!err)
		err = record(b->lab, &r, &rec, e);
	if (!err)
		err = bench_workload_ended(s->scenario, &rec, e);
	if (!err)
		bench_add(b, row, (double)(now_ns() - start_ns) / 1e9);
	recording_release(&rec);
	return err;
}

static int measure_whole(struct bench *b,
			 const struct bench_subject subjects[VARIANTS],
			 int first, struct error *e)
{
	size_t total = b->rounds * VARIANTS;
	int err = 0;

	if (!bench_wants(b, &rows[first + WHOLE]))
		return 0;
	progress_begin(b->progress, total, "bench: traced recordings");
	for (size_t i = 0; i < total && !err; i++) {
		size_t v = (i + i / VARIANTS) % VARIANTS;

		err = record_whole(b, &subjects[v],
				   &rows[first + WHOLE + (int)v], e);
		progress_step(b->progress, 0);
	}
	progress_end(b->progress);
	return err;
}

static int measure_one(struct bench *b, const char *file, int first,
		       struct error *e)
{
	struct bench_subject subjects[VARIANTS] = { 0 };
	int err;

	if (!bench_wants(b, &rows[first + OWN]) &&
	    !bench_wants(b, &rows[first + WHOLE]))
		return 0;
	err = load(b, file, subjects, e);
	if (!err)
		err = measure_own(b, subjects, first, e);
	if (!err)
		err = measure_whole(b, subjects, first, e);
	for (size_t i = 0; i < VARIANTS; i++)
		bench_subject_release(&subjects[i]);
	return err;
}

static int measure(struct bench *b, struct error *e)
{
	int err = measure_one(b, "append-log/bench.yaml", LOG, e);

	return err ? err : measure_one(b, "sqlite/bench.yaml", SQLITE, e);
}

const struct bench_group bench_trace = { "trace", rows, ROWS, measure };
