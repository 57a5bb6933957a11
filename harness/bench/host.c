/*
 * What judging on this machine's kernel costs: one worker over states of a
 * recording, in the whole cycle of a run, beside the native floor (floor.c) and
 * a guest, all on the same states, in turns, without fsck. A machine that cannot
 * judge on the host has no figures.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/floor.h"
#include "bench/parts.h"
#include "check/ops.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "host/host.h"

#define STATES 96 /* per round, evenly over the plan */

enum { ROW_FLOOR, ROW_HOST, ROW_GUEST, ROW_HOST_TO_GUEST, ROWS };

static const struct bench_row rows[ROWS] = {
	[ROW_FLOOR] = { "host_floor", "native mount, check, umount", "1/s",
			NULL },
	[ROW_HOST] = { "host_states", "the same states, judged on the host",
		       "1/s", "host_floor" },
	[ROW_GUEST] = { "host_guest", "the same states, judged in a guest",
			"1/s", NULL },
	[ROW_HOST_TO_GUEST] = { "host_to_guest", "judged on the host again",
				"1/s", "host_guest" },
};

struct place {
	const struct checker_ops *ops;
	void *checker; /* NULL: not wanted */
};

struct hosting {
	struct bench *bench;
	struct bench_subject *subject;
	struct scenario scenario; /* without fsck */
	struct subject states;
	struct floor *floor;
	struct place host, guest;
	size_t n; /* states per round */
};

static int state_of(const struct hosting *h, size_t i, struct state *ret,
		    struct error *e)
{
	const struct plan *plan = &h->subject->plan;
	const struct item *item = &plan->items[i * plan->n_items / h->n];
	CLEANUP_FREE char *name =
		xasprintf("%s:%s", item->cut.name, item->survivors);

	return space_state(h->subject->recorded.space, name, ret, e);
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

static int judge_one(struct hosting *h, const struct place *p, size_t i,
		     struct error *e)
{
	CLEANUP_BUF struct buf acks = BUF_INIT, begun = BUF_INIT;
	struct judgement j = { 0 };
	struct state state = { 0 };
	int err = state_of(h, i, &state, e);

	if (err)
		return err;
	h->states.promises(h->states.promises_arg, &state.cut, &acks, &begun);
	err = p->ops->judge(p->checker, &state, &acks, &begun, &j);
	if (err)
		error_set(e, -err, "interrupted");
	else
		err = must_hold(&state, &j, e);
	judgement_release(&j);
	state_free(&state);
	return err;
}

static int measure_place(struct hosting *h, const struct place *p, int row,
			 struct error *e)
{
	uint64_t start = now_ns();
	int err = 0;

	for (size_t i = 0; p->checker && i < h->n && !err; i++) {
		err = bench_go_on(e);
		if (!err)
			err = judge_one(h, p, i, e);
	}
	if (p->checker && !err)
		bench_add_rate(h->bench, &rows[row], h->n, start);
	return err;
}

static int measure_floor(struct hosting *h, struct error *e)
{
	uint64_t ns = 0;
	int err = floor_round(h->floor, &ns, e);

	if (!err)
		bench_add(h->bench, &rows[ROW_FLOOR],
			  (double)h->n * 1e9 / (double)ns);
	return err;
}

/* ---- in turns ---- */

static int measure_pair(struct hosting *h, int floor_first, struct error *e)
{
	int err = 0;

	if (!bench_wants(h->bench, &rows[ROW_FLOOR]))
		return 0;
	if (floor_first)
		err = measure_floor(h, e);
	if (!err)
		err = measure_place(h, &h->host, ROW_HOST, e);
	if (!err && !floor_first)
		err = measure_floor(h, e);
	return err;
}

static int take_turns(struct hosting *h, struct error *e)
{
	struct bench *b = h->bench;
	int err = 0;

	progress_begin(b->progress, b->rounds, "bench: on the host");
	for (unsigned i = 0; i < b->rounds && !err; i++) {
		err = measure_pair(h, i % 2 == 0, e);
		if (!err)
			err = measure_place(h, &h->guest, ROW_GUEST, e);
		if (!err && h->guest.checker)
			err = measure_place(h, &h->host, ROW_HOST_TO_GUEST, e);
		progress_step(b->progress, 0);
	}
	progress_end(b->progress);
	return err;
}

static int start_place(struct hosting *h, struct place *p,
		       const struct checker_ops *ops, const char *name,
		       struct error *e)
{
	struct checker_config c = bench_checker(h->bench, h->subject, name);
	int err = ops->start(&c, &p->checker, e);

	p->ops = ops;
	return err ? err : ops->load(p->checker, &h->states, e);
}

static int prepare_floor(struct hosting *h, struct error *e)
{
	CLEANUP_FREE char *dir = xasprintf("%s/floor", h->bench->scratch);
	int err = floor_create(h->subject, dir, &h->floor, e);

	for (size_t i = 0; i < h->n && !err; i++) {
		struct state state = { 0 };

		err = state_of(h, i, &state, e);
		if (!err)
			err = floor_add(h->floor, &state, e);
		state_free(&state);
	}
	return err ? err : floor_prepare(h->floor, e);
}

static int prepare(struct hosting *h, struct error *e)
{
	int err = 0;

	h->n = bench_states(h->bench, h->subject->plan.n_items, STATES);
	h->scenario = *h->subject->scenario;
	h->scenario.check.fsck = 0;
	h->states = recorded_subject(&h->subject->recorded, &h->scenario,
				     &h->subject->workload);
	if (bench_wants(h->bench, &rows[ROW_FLOOR]))
		err = prepare_floor(h, e);
	if (!err)
		err = start_place(h, &h->host, &checker_on_host, "host0", e);
	if (!err && bench_wants(h->bench, &rows[ROW_GUEST]))
		err = start_place(h, &h->guest, &checker_in_guest, "chk0", e);
	return err;
}

static int measure(struct bench *b, struct error *e)
{
	struct hosting h = { .bench = b };
	struct error why;
	int err = bench_brief(b, &h.subject, e);

	if (err || host_possible(h.subject->scenario->filesystem.type, &why))
		return err;
	err = prepare(&h, e);
	if (!err)
		err = take_turns(&h, e);
	if (h.host.ops)
		h.host.ops->stop(h.host.checker);
	if (h.guest.ops)
		h.guest.ops->stop(h.guest.checker);
	floor_free(h.floor);
	return err;
}

const struct bench_group bench_host = { "host", rows, ROWS, measure };
