/*
 * What equality by reads is worth: states covered per second (checked, or equal
 * to one that was checked in all that was read, with the audit that a run does)
 * beside the same states when each is checked. All checkers together, one per
 * processor, the first states of a run's plan, in turns. An audited state that
 * is not what its equal is would make the figure worthless: how many there were
 * is a figure of its own, and must be 0.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "bench/parts.h"
#include "check/equality.h"
#include "check/pool.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"

#define STATES 240 /* per round, at most */

/* Per workload these three, one after the other. */
enum { CHECKED, COVERED, MISMATCHES, KINDS };

static const struct bench_row rows[] = {
	{ "checked_append_log", "append-log, each state checked", "1/s", NULL },
	{ "covered_append_log", "append-log, checked or equal", "1/s",
	  "checked_append_log" },
	{ "mismatches_append_log", "append-log, audits that disagree", "", NULL },
	{ "checked_replace_file", "replace-file, each state checked", "1/s",
	  NULL },
	{ "covered_replace_file", "replace-file, checked or equal", "1/s",
	  "checked_replace_file" },
	{ "mismatches_replace_file", "replace-file, audits that disagree", "",
	  NULL },
	{ "checked_sqlite", "SQLite, each state checked", "1/s", NULL },
	{ "covered_sqlite", "SQLite, checked or equal", "1/s",
	  "checked_sqlite" },
	{ "mismatches_sqlite", "SQLite, audits that disagree", "", NULL },
};

static const char *const workloads[] = { "append-log", "replace-file",
					 "sqlite" };
#define N_WORKLOADS (sizeof(workloads) / sizeof(*workloads))

struct covering {
	struct bench *bench;
	const struct bench_row *rows; /* KINDS of them */
	struct bench_subject subject;
	struct pool *pool;
	struct error *failed; /* while judging */
	int err;
};

static void must_hold(const struct item *item, const struct state *state,
		      const struct judgement *j, void *arg)
{
	struct covering *c = arg;

	(void)state;
	if (j->verdict == VERDICT_HELD || c->err)
		return;
	c->err = error_set(c->failed, EPROTO, "a state of %s does not hold "
			   "(%s:%s): %s", c->subject.scenario->name,
			   item->cut.name, item->survivors, j->message);
	pool_enough(c->pool);
}

static int judge_states(struct covering *c, const struct subject *subject,
			int kind, struct error *e)
{
	size_t n = c->subject.plan.n_items < STATES ?
			   c->subject.plan.n_items :
			   STATES;
	uint64_t start = now_ns();
	int err;

	c->failed = e;
	c->err = 0;
	err = pool_judge(c->pool, subject, c->subject.plan.items, n, must_hold,
			 c, e);
	if (!err && !c->err && kind < KINDS)
		bench_add_rate(c->bench, &c->rows[kind], n, start);
	return err ? err : c->err;
}

static int cover(struct covering *c, struct subject subject, struct error *e)
{
	struct state base = { 0 };
	int err = recorded_base(&c->subject.recorded, &base, e);

	if (err)
		return err;
	subject.equality = equality_new(&subject, &base);
	state_free(&base);
	err = judge_states(c, &subject, COVERED, e);
	if (!err)
		bench_add(c->bench, &c->rows[MISMATCHES],
			  (double)equality_totals(subject.equality).mismatches);
	equality_free(subject.equality);
	return err;
}

static int take_turns(struct covering *c, struct error *e)
{
	struct subject subject = recorded_subject(&c->subject.recorded,
						  c->subject.scenario,
						  &c->subject.workload);
	int err = judge_states(c, &subject, KINDS, e); /* warms up */

	progress_begin(c->bench->progress, c->bench->rounds, "bench: states "
		       "of %s", c->subject.scenario->name);
	for (unsigned i = 0; i < c->bench->rounds && !err; i++) {
		err = bench_go_on(e);
		if (!err)
			err = judge_states(c, &subject, CHECKED, e);
		if (!err)
			err = cover(c, subject, e);
		progress_step(c->bench->progress, 0);
	}
	progress_end(c->bench->progress);
	return err;
}

static int start_pool(struct covering *c, struct error *e)
{
	struct checker_config k = bench_checker(c->bench, &c->subject, "");
	struct pool_config pc = {
		.ops = &checker_in_guest,
		.lab = k.lab,
		.image = k.image,
		.memory = k.memory,
		.disk_size = k.disk_size,
		.disk_block = k.disk_block,
		.bus = k.bus,
		.dir = k.dir,
		.scratch = k.scratch,
		.checkers = (unsigned)sysconf(_SC_NPROCESSORS_ONLN),
	};

	return pool_start(&pc, &c->pool, e);
}

static int measure_workload(struct bench *b, size_t i, struct error *e)
{
	CLEANUP_FREE char *file = xasprintf("%s/scenario.yaml", workloads[i]);
	CLEANUP_FREE char *name = xasprintf("equality-%s", workloads[i]);
	struct covering c = { .bench = b, .rows = &rows[KINDS * i] };
	int err = bench_subject_record(b, file, name, &c.subject, e);

	if (err)
		return err;
	err = start_pool(&c, e);
	if (!err)
		err = take_turns(&c, e);
	pool_stop(c.pool);
	bench_subject_release(&c.subject);
	return err;
}

static int wants(const struct bench *b, size_t i)
{
	for (int kind = 0; kind < KINDS; kind++)
		if (bench_wants(b, &rows[KINDS * i + (size_t)kind]))
			return 1;
	return 0;
}

static int measure(struct bench *b, struct error *e)
{
	int err = 0;

	for (size_t i = 0; i < N_WORKLOADS && !err; i++)
		if (wants(b, i))
			err = measure_workload(b, i, e);
	return err;
}

const struct bench_group bench_equality = { "equality", rows,
					    KINDS * N_WORKLOADS, measure };
