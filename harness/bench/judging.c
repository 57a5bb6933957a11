/*
 * What judging costs: one checker's rate over the states of a recording, in
 * the whole cycle of a run (find the state, show it, put the promises, mount
 * with the recovery that it needs, check, umount, fsck), beside the least that
 * any loop in a guest must do: mount, check, umount, on one clean state. Both
 * in one guest, in turns. The difference is what is powercut's and what is
 * the crash states' own: recovery and fsck.
 */
#include <errno.h>

#include "bench/parts.h"
#include "check/judge.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "vm/agent.h"
#include "vm/vm.h"

#define STATES 48     /* per round, evenly over the plan */
#define BARE_LOOPS 96 /* per round */

enum { BARE, JUDGED, ROWS };

static const struct bench_row rows[ROWS] = {
	[BARE] = { "bare_loop", "bare mount, check, umount", "1/s", NULL },
	[JUDGED] = { "states", "states judged by one checker", "1/s",
		     "bare_loop" },
};

struct judging {
	struct bench *bench;
	struct bench_subject *subject;
	struct checker *checker;
};

static int must_hold(const struct state *state, const struct judgement *j,
		     struct error *e)
{
	if (j->verdict == VERDICT_HELD)
		return 0;
	return error_set(e, EPROTO, "state %s:%s should hold, but is %s: %s",
			 state->cut.name, state->survivors,
			 verdict_name(j->verdict),
			 j->message ? j->message : "no reason given");
}

static int judge_state(struct judging *g, const struct state *state,
		       struct error *e)
{
	CLEANUP_BUF struct buf acks = BUF_INIT, begun = BUF_INIT;
	struct judgement j = { 0 };
	int err;

	promises_at(g->subject->recorded.history, &state->cut, &acks, &begun);
	err = checker_judge(g->checker, state, &acks, &begun, &j);
	if (err)
		return error_set(e, -err, "interrupted");
	err = must_hold(state, &j, e);
	judgement_release(&j);
	return err;
}

static int judge_item(struct judging *g, const struct item *item,
		      struct error *e)
{
	CLEANUP_FREE char *name =
		xasprintf("%s:%s", item->cut.name, item->survivors);
	struct state state;
	int err = space_state(g->subject->recorded.space, name, &state, e);

	if (err)
		return err;
	err = judge_state(g, &state, e);
	state_free(&state);
	return err;
}

static int measure_states(struct judging *g, struct error *e)
{
	size_t n = g->subject->plan.n_items < STATES ? g->subject->plan.n_items : STATES;
	uint64_t start = now_ns();
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		err = bench_go_on(e);
		if (!err)
			err = judge_item(g, &g->subject->plan.items[i * g->subject->plan.n_items / n],
					 e);
	}
	if (!err)
		bench_add_rate(g->bench, &rows[JUDGED], n, start);
	return err;
}

static int bare_cycle(struct agent *a, const struct scenario *s,
		      struct error *e)
{
	struct agent_result r = { 0 };
	int err = agent_mount(a, JUDGE_DISK, JUDGE_MOUNT, s->filesystem.type,
			      s->filesystem.mount, e);

	if (!err)
		err = judge_run_check(a, s, &r, e);
	if (!err && r.status != 0)
		err = error_set(e, EPROTO, "%s fails on a clean disk",
				s->check.run[0]);
	agent_result_free(&r);
	return err ? err : agent_umount(a, JUDGE_MOUNT, JUDGE_DISK, e);
}

/* Judging the base puts it on the drive, with the promises that it keeps. */
static int show_base(struct judging *g, struct error *e)
{
	struct state base;
	int err = recorded_base(&g->subject->recorded, &base, e);

	if (err)
		return err;
	err = judge_state(g, &base, e);
	state_free(&base);
	return err;
}

static int measure_bare(struct judging *g, struct error *e)
{
	uint64_t start;
	int err = show_base(g, e);

	start = now_ns();
	for (int i = 0; i < BARE_LOOPS && !err; i++) {
		err = bench_go_on(e);
		if (!err)
			err = bare_cycle(vm_agent(checker_vm(g->checker)),
					 g->subject->scenario, e);
	}
	if (!err)
		bench_add_rate(g->bench, &rows[BARE], BARE_LOOPS, start);
	return err;
}

static int take_turns(struct judging *g, struct error *e)
{
	struct bench *b = g->bench;
	int err = 0;

	progress_begin(b->progress, b->rounds, "bench: states");
	for (unsigned i = 0; i < b->rounds && !err; i++) {
		err = measure_bare(g, e);
		if (!err)
			err = measure_states(g, e);
		progress_step(b->progress, 0);
	}
	progress_end(b->progress);
	return err;
}

static int measure(struct bench *b, struct error *e)
{
	struct judging g = { .bench = b };
	struct checker_config c;
	struct subject subject;
	int err = bench_brief(b, &g.subject, e);

	if (err)
		return err;
	c = bench_checker(b, g.subject, "chk0");
	subject = recorded_subject(&g.subject->recorded, g.subject->scenario,
				   &g.subject->workload);
	err = checker_start(&c, &g.checker, e);
	if (!err)
		err = checker_load(g.checker, &subject, e);
	if (!err)
		err = take_turns(&g, e);
	checker_stop(g.checker);
	return err;
}

const struct bench_group bench_judging = { "judging", rows, ROWS, measure };
