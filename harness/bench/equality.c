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

#include "bench/parts.h"
#include "check/equality.h"
#include "check/pool.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"


/* Per workload these three, one after the other. */
enum { CHECKED, COVERED, MISMATCHES, KINDS };

#define ROWS_OF(id, text)                                                      \
	{ "checked_" id, text ", each checked", "1/s", NULL },           \
	{ "covered_" id, text ", covered", "1/s", "checked_" id },    \
	{ "mismatches_" id, text ", audits failed", "", NULL }

static const struct bench_row rows[] = {
	ROWS_OF("append_log", "append-log"),
	ROWS_OF("replace_file", "replace-file"),
	ROWS_OF("sqlite", "SQLite"),
	ROWS_OF("append_log_xfs", "XFS: append-log"),
	ROWS_OF("replace_file_xfs", "XFS: replace-file"),
	ROWS_OF("sqlite_xfs", "XFS: SQLite"),
	ROWS_OF("append_log_btrfs", "btrfs: append-log"),
	ROWS_OF("replace_file_btrfs", "btrfs: replace-file"),
	ROWS_OF("sqlite_btrfs", "btrfs: SQLite"),
};

static const struct {
	const char *file;
	size_t states; /* per round, at most */
} workloads[] = {
	{ "append-log/scenario.yaml", 240 },
	{ "replace-file/scenario.yaml", 240 },
	{ "sqlite/scenario.yaml", 240 },
	{ "append-log/xfs.yaml", 48 },
	{ "replace-file/xfs.yaml", 48 },
	{ "sqlite/xfs.yaml", 48 },
	{ "append-log/btrfs.yaml", 48 },
	{ "replace-file/btrfs.yaml", 48 },
	{ "sqlite/btrfs.yaml", 48 },
};
#define PER_FILESYSTEM 3

struct covering {
	struct bench *bench;
	const struct bench_row *rows; /* KINDS of them */
	size_t states;
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
	size_t n = bench_states(c->bench, c->subject.plan.n_items, c->states);
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

static int measure_workload(struct bench *b, size_t i, struct error *e)
{
	CLEANUP_FREE char *name = xasprintf("equality-%zu", i);
	struct covering c = { .bench = b,
			      .rows = &rows[KINDS * i],
			      .states = workloads[i].states };
	int err = bench_subject_record(b, workloads[i].file, name, &c.subject,
				       e);

	if (err)
		return err;
	err = bench_pool(b, &c.subject, &checker_in_guest, "chk",
			 bench_cores(), &c.pool, e);
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

static int measure_from(struct bench *b, size_t first, struct error *e)
{
	int err = 0;

	for (size_t i = first; i < first + PER_FILESYSTEM && !err; i++)
		if (wants(b, i))
			err = measure_workload(b, i, e);
	return err;
}

static int measure_ext4(struct bench *b, struct error *e)
{
	return measure_from(b, 0, e);
}

static int measure_xfs(struct bench *b, struct error *e)
{
	return measure_from(b, PER_FILESYSTEM, e);
}

static int measure_btrfs(struct bench *b, struct error *e)
{
	return measure_from(b, 2 * PER_FILESYSTEM, e);
}

#define GROUP_ROWS (KINDS * PER_FILESYSTEM)

const struct bench_group bench_equality = { "equality", rows, GROUP_ROWS,
					    measure_ext4 };
const struct bench_group bench_equality_xfs = { "equality_xfs",
						rows + GROUP_ROWS, GROUP_ROWS,
						measure_xfs };
const struct bench_group bench_equality_btrfs = { "equality_btrfs",
						  rows + 2 * GROUP_ROWS,
						  GROUP_ROWS, measure_btrfs };
