/*
 * What judging costs: the rate of one checker over states of a recording, in
 * the whole cycle of a run (find the state, show it, hand over the promises,
 * mount with the recovery that it needs, check, unmount), beside the least that
 * any loop in a guest must do for the same states: guest/bare. Both in one
 * guest, in turns. The two pairs differ in fsck. What of powercut is in the way
 * of a state is the distance from 1 of the ratio.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/parts.h"
#include "check/judge.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "drive/drive.h"
#include "vm/agent.h"
#include "vm/vm.h"

#define STATES 96 /* per round, evenly over the plan */
#define BARE "/pc/bare/bare"
#define BARE_TIMEOUT_NS 120000000000ULL

enum { ROW_BARE, ROW_STATES, ROW_BARE_FSCK, ROW_STATES_FSCK, ROWS };

static const struct bench_row rows[ROWS] = {
	[ROW_BARE] = { "bare_loop", "bare mount, check, umount", "1/s", NULL },
	[ROW_STATES] = { "states", "the same states, judged", "1/s",
			 "bare_loop" },
	[ROW_BARE_FSCK] = { "bare_fsck", "bare mount, check, umount, fsck",
			    "1/s", NULL },
	[ROW_STATES_FSCK] = { "states_fsck", "the same states, judged, fsck",
			      "1/s", "bare_fsck" },
};

struct judging {
	struct bench *bench;
	struct bench_subject *subject;
	struct checker *checker;
	struct scenario scenarios[2]; /* without and with fsck */
	size_t n;		      /* states per round */
};

static const struct item *item_of(const struct judging *g, size_t i)
{
	const struct plan *plan = &g->subject->plan;

	return &plan->items[i * plan->n_items / g->n];
}

static int state_of(const struct judging *g, size_t i, struct state *ret,
		    struct error *e)
{
	const struct item *item = item_of(g, i);
	CLEANUP_FREE char *name =
		xasprintf("%s:%s", item->cut.name, item->survivors);

	return space_state(g->subject->recorded.space, name, ret, e);
}

/* The checker begins anew: what is on the drive is forgotten. */
static int load(struct judging *g, struct subject *subject, int fsck,
		struct error *e)
{
	*subject = recorded_subject(&g->subject->recorded,
				    &g->scenarios[fsck],
				    &g->subject->workload);
	return checker_load(g->checker, subject, e);
}

/* ---- judged ---- */

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

static int judge_state(struct judging *g, const struct subject *subject,
		       const struct state *state, struct error *e)
{
	CLEANUP_BUF struct buf acks = BUF_INIT, begun = BUF_INIT;
	struct judgement j = { 0 };
	int err;

	subject->promises(subject->promises_arg, &state->cut, &acks, &begun);
	err = checker_judge(g->checker, state, &acks, &begun, &j);
	if (err)
		return error_set(e, -err, "interrupted");
	err = must_hold(state, &j, e);
	judgement_release(&j);
	return err;
}

static int judge_item(struct judging *g, const struct subject *subject,
		      size_t i, struct error *e)
{
	struct state state;
	int err = state_of(g, i, &state, e);

	if (err)
		return err;
	err = judge_state(g, subject, &state, e);
	state_free(&state);
	return err;
}

static int measure_states(struct judging *g, int fsck, struct error *e)
{
	struct subject subject;
	uint64_t start;
	int err = load(g, &subject, fsck, e);

	start = now_ns();
	for (size_t i = 0; i < g->n && !err; i++) {
		err = bench_go_on(e);
		if (!err)
			err = judge_item(g, &subject, i, e);
	}
	if (!err)
		bench_add_rate(g->bench,
			       &rows[fsck ? ROW_STATES_FSCK : ROW_STATES],
			       g->n, start);
	return err;
}

/* ---- bare ---- */

static int put_program(struct judging *g, struct agent *a, struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/bare", g->bench->lab->home.lib);
	CLEANUP_BUF struct buf program = BUF_INIT;
	int err = file_read(path, &program, e);

	return err ? err : agent_put_fresh(a, BARE, 0755, program.data,
					   program.len, e);
}

static int put_promises(struct judging *g, struct agent *a,
			const struct subject *subject, size_t i,
			struct error *e)
{
	CLEANUP_FREE char *acks_path = xasprintf("/pc/bare/%zu.acks", i);
	CLEANUP_FREE char *begun_path = xasprintf("/pc/bare/%zu.begun", i);
	CLEANUP_BUF struct buf acks = BUF_INIT, begun = BUF_INIT;
	int err;

	subject->promises(subject->promises_arg, &item_of(g, i)->cut, &acks,
			  &begun);
	err = agent_put(a, acks_path, 0644, buf_text(&acks), acks.len, e);
	return err ? err : agent_put(a, begun_path, 0644, buf_text(&begun),
				     begun.len, e);
}

/* Queues all states; each one's patches are on top of the one before. */
static int queue_states(struct judging *g, struct error *e)
{
	struct state before = { 0 }, state;
	int err = 0;

	for (size_t i = 0; i < g->n && !err; i++) {
		CLEANUP_FREE struct patch *patches = NULL;
		size_t n;

		err = state_of(g, i, &state, e);
		if (err)
			break;
		n = state_patches(g->subject->recorded.space,
				  i ? &before : NULL, &state, &patches);
		err = drive_queue_state(checker_drive(g->checker), patches, n,
					e);
		state_free(&before);
		before = state;
	}
	state_free(&before);
	return err;
}

static int prepare_bare(struct judging *g, struct error *e)
{
	struct agent *a = vm_agent(checker_vm(g->checker));
	struct subject subject;
	int err = load(g, &subject, 0, e);

	if (!err)
		err = put_program(g, a, e);
	for (size_t i = 0; i < g->n && !err; i++)
		err = put_promises(g, a, &subject, i, e);
	return err ? err : queue_states(g, e);
}

static int take_time(struct judging *g, size_t row,
		     const struct agent_result *r, struct error *e)
{
	uint64_t ns = 0;

	if (r->status != 0 ||
	    sscanf(buf_text(&r->out), "%" SCNu64, &ns) != 1 || !ns)
		return error_set(e, EPROTO, "the bare loop failed: %s",
				 buf_text(&r->err));
	bench_add(g->bench, &rows[row], (double)g->n * 1e9 / (double)ns);
	return 0;
}

static int measure_bare(struct judging *g, int fsck, struct error *e)
{
	const struct scenario *s = g->subject->scenario;
	CLEANUP_FREE char *count = xasprintf("%zu", g->n);
	const char *argv[32] = { BARE, count, JUDGE_DISK, JUDGE_MOUNT,
				 s->filesystem.type, "", "/pc/bare",
				 fsck ? "1" : "0" };
	struct agent_run run = { .argv = argv, .timeout_ns = BARE_TIMEOUT_NS };
	struct agent_result r;
	int err = prepare_bare(g, e);

	for (size_t i = 0; s->check.run[i] && i < 20; i++)
		argv[8 + i] = s->check.run[i];
	if (!err)
		err = agent_run(vm_agent(checker_vm(g->checker)), &run, &r, e);
	if (err)
		return err;
	err = take_time(g, fsck ? ROW_BARE_FSCK : ROW_BARE, &r, e);
	agent_result_free(&r);
	return err;
}

/* ---- in turns ---- */

static int measure_pair(struct judging *g, int fsck, int bare_first,
			struct error *e)
{
	int err = bench_go_on(e);

	if (!bench_wants(g->bench, &rows[fsck ? ROW_BARE_FSCK : ROW_BARE]))
		return err;
	if (!err && bare_first)
		err = measure_bare(g, fsck, e);
	if (!err)
		err = measure_states(g, fsck, e);
	if (!err && !bare_first)
		err = measure_bare(g, fsck, e);
	return err;
}

static int take_turns(struct judging *g, struct error *e)
{
	struct bench *b = g->bench;
	int err = 0;

	progress_begin(b->progress, b->rounds, "bench: states");
	for (unsigned i = 0; i < b->rounds && !err; i++) {
		err = measure_pair(g, 0, i % 2 == 0, e);
		if (!err)
			err = measure_pair(g, 1, i % 2 == 0, e);
		progress_step(b->progress, 0);
	}
	progress_end(b->progress);
	return err;
}

static int measure(struct bench *b, struct error *e)
{
	struct judging g = { .bench = b };
	struct checker_config c;
	int err = bench_brief(b, &g.subject, e);

	if (err)
		return err;
	g.n = bench_states(b, g.subject->plan.n_items, STATES);
	for (int fsck = 0; fsck < 2; fsck++) {
		g.scenarios[fsck] = *g.subject->scenario;
		g.scenarios[fsck].check.fsck = fsck;
	}
	c = bench_checker(b, g.subject, "chk0");
	err = checker_start(&c, &g.checker, e);
	if (!err)
		err = take_turns(&g, e);
	checker_stop(g.checker);
	return err;
}

const struct bench_group bench_judging = { "judging", rows, ROWS, measure };
