/*
 * How many sequences of operations a minute are recorded, cut and judged: a
 * sample of ace-seq1 on ext4 as `powercut run` runs it, boots included. What
 * CrashMonkey's authors report of theirs is 27 a minute on one machine (OSDI
 * 2018: 328 in some 12 minutes), with one crash state each.
 */
#include <errno.h>
#include <stdlib.h>

#include "ace/scenarios.h"
#include "bench/parts.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"

#define SEQUENCES 24

static const struct bench_row rows[] = {
	{ "ace_sequences", "ACE seq-1 workloads", "/min", NULL },
};

static int run_once(struct bench *b, struct engine *en, struct scenario *s,
		    struct error *e)
{
	struct run_outcome o = { 0 };
	uint64_t start = now_ns();
	int err = bench_go_on(e);

	if (!err)
		err = run_scenario(en, s, &o, e);
	if (!err && o.interrupted)
		err = error_set(e, ECANCELED, "interrupted");
	if (!err && o.verdict != VERDICT_HELD)
		err = error_set(e, EPROTO, "%s is %s, not held: its time says "
				"nothing", s->name, verdict_name(o.verdict));
	if (!err)
		bench_add_rate(b, &rows[0], SEQUENCES * 60, start);
	run_outcome_release(&o);
	return err;
}

static int measure(struct bench *b, struct error *e)
{
	CLEANUP_FREE char *folder =
		xasprintf("%s/workloads/ace", b->lab->home.path);
	CLEANUP_FREE char *runs = xasprintf("%s/ace", b->scratch);
	const struct ace_request r = { .suite = "ace-seq1", .folder = folder,
				       .sample = SEQUENCES, .seed = 1 };
	struct engine en = { .lab = b->lab, .progress = b->progress,
			     .checkers = bench_cores(), .runs = runs };
	struct scenario **all;
	size_t n;
	int err = ace_scenarios(&r, &all, &n, e);

	if (err)
		return err;
	for (unsigned i = 0; i < b->rounds && !err; i++)
		err = run_once(b, &en, all[0], e);
	engine_release(&en);
	for (size_t i = 0; i < n; i++)
		scenario_free(all[i]);
	free(all);
	return err;
}

const struct bench_group bench_ace = { "ace", rows, 1, measure };
