/*
 * What an explanation costs: the same workload where only that is traced which
 * every verdict needs, and where all of the data's way is (guest.trace: full).
 * For each workload two guests run it in turns.
 */
#include "bench/turns.h"

enum { LOG_COMMANDS, LOG_FULL, SQLITE_COMMANDS, SQLITE_FULL, ROWS };

/* Times by the guest's clock. */
static const struct bench_row rows[ROWS] = {
	[LOG_COMMANDS] = { "log_commands", "append-log, commands traced", "s",
			   NULL },
	[LOG_FULL] = { "log_full", "append-log, all traced", "s",
		       "log_commands" },
	[SQLITE_COMMANDS] = { "sqlite_commands", "sqlite, commands traced",
			      "s", NULL },
	[SQLITE_FULL] = { "sqlite_full", "sqlite, all traced", "s",
			  "sqlite_commands" },
};

static const struct variant {
	const char *name;
	enum guest_trace trace;
} variants[] = {
	{ "commands", GUEST_TRACE_COMMANDS },
	{ "full", GUEST_TRACE_FULL },
};
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

static int start(struct bench_guest *g, const struct variant *v,
		 struct bench *b, const char *file, struct bench_subject *s,
		 struct error *e)
{
	int err = bench_subject_load(b, file, s, e);

	if (err)
		return err;
	g->name = v->name;
	g->request.calls = 1; /* as in a run */
	s->scenario->guest.trace = v->trace;
	return bench_guest_open(g, b, s, e);
}

/* first: the first of the file's rows, in the order of the variants. */
static int measure_one(struct bench *b, const char *file, int first,
		       struct error *e)
{
	struct bench_guest guests[VARIANTS] = { 0 };
	struct bench_subject subjects[VARIANTS] = { 0 };
	int err = 0;

	if (!bench_wants(b, &rows[first]))
		return 0;
	progress_begin(b->progress, 0, "bench: guests for tracing");
	for (size_t i = 0; i < VARIANTS && !err; i++) {
		guests[i].row = &rows[first + (int)i];
		err = start(&guests[i], &variants[i], b, file, &subjects[i],
			    e);
	}
	progress_end(b->progress);
	if (!err)
		err = bench_turns(guests, VARIANTS, b, "tracing", e);
	for (size_t i = 0; i < VARIANTS; i++) {
		bench_guest_close(&guests[i]);
		bench_subject_release(&subjects[i]);
	}
	return err;
}

static int measure(struct bench *b, struct error *e)
{
	int err = measure_one(b, "append-log/bench.yaml", LOG_COMMANDS, e);

	return err ? err :
		     measure_one(b, "sqlite/bench.yaml", SQLITE_COMMANDS, e);
}

const struct bench_group bench_trace = { "trace", rows, ROWS, measure };
