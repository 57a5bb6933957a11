/*
 * Crashes while recovering from a crash.
 *
 * For each cut whose rule says `nested: 2`, the crash states "all" and "none"
 * are recovered once more with the drive recording: the kernel mounts (and
 * replays its journal), the check program runs (and the application recovers).
 * That recording is cut again, at every flush, and what its second cut leaves
 * is judged like any state, against the promises of the first cut: a recovery
 * makes none of its own, and must not lose any.
 *
 * A state that the kernel refuses to mount has no recovery; the replayed cut
 * itself is where that is found.
 */
#include "run/steps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check/judge.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "scenario/environment.h"
#include "states/states.h"
#include "vm/agent.h"

static const char *const outer_survivors[] = { "all", "none" };
#define N_OUTER 2

/* The states to recover, each content once. */
struct outer {
	struct state *list;
	size_t n;
};

static void outer_release(struct outer *o)
{
	for (size_t i = 0; i < o->n; i++)
		state_free(&o->list[i]);
	free(o->list);
}

static int seen_before(const struct outer *o, const struct state *s)
{
	for (size_t i = 0; i < o->n; i++)
		if (!strcmp(o->list[i].cut.name, s->cut.name) &&
		    !memcmp(&o->list[i].hash, &s->hash, sizeof(s->hash)))
			return 1;
	return 0;
}

static int add_outer(struct outer *o, const struct recorded *reference,
		     const struct cut *cut, const char *survivors,
		     struct error *e)
{
	CLEANUP_FREE char *name = xasprintf("%s:%s", cut->name, survivors);
	struct state state;
	int err = space_state(reference->space, name, &state, e);

	if (err)
		return err;
	if (seen_before(o, &state)) {
		state_free(&state);
		return 0;
	}
	o->list = xrealloc(o->list, (o->n + 1) * sizeof(*o->list));
	o->list[o->n++] = state;
	return 0;
}

static int add_rule(struct outer *o, const struct run *r,
		    const struct recorded *reference, size_t rule,
		    struct error *e)
{
	const struct scenario *s = r->scenario;
	CLEANUP_FREE struct cut *cuts = NULL;
	size_t n = 0;

	/* A cut that never came is told where the replay expands it. */
	if (cuts_expand(reference->history, &s->cuts[rule], 1,
			scenario_cut_seed(s, rule), &cuts, &n, NULL))
		return 0;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < N_OUTER; k++) {
			int err = add_outer(o, reference, &cuts[i],
					    outer_survivors[k], e);

			if (err)
				return err;
		}
	return 0;
}

static int list_outer(const struct run *r, const struct recorded *reference,
		      struct outer *ret, struct error *e)
{
	const struct scenario *s = r->scenario;
	int err = 0;

	for (size_t i = 0; i < s->n_cuts && !err; i++)
		if (s->cuts[i].nested > 1)
			err = add_rule(ret, r, reference, i, e);
	return err;
}

/* What the recovery starts from: the state, and its promises. */
static int write_start(const struct recorded *reference,
		       const struct state *state, const char *folder,
		       struct error *e)
{
	CLEANUP_FREE char *base = xasprintf("%s/base.img", folder);
	CLEANUP_FREE char *acks_path = xasprintf("%s/acks", folder);
	CLEANUP_FREE char *begun_path = xasprintf("%s/begun", folder);
	CLEANUP_BUF struct buf acks = BUF_INIT, begun = BUF_INIT;
	int err = mkdir_p(folder, e);

	promises_at(reference->history, &state->cut, &acks, &begun);
	if (!err)
		err = state_export(reference->space, state, base, e);
	if (!err)
		err = file_write(acks_path, buf_text(&acks), acks.len, e);
	if (!err)
		err = file_write(begun_path, buf_text(&begun), begun.len, e);
	return err;
}

static int put_file(struct agent *a, const char *from, const char *to,
		    struct error *e)
{
	CLEANUP_BUF struct buf content = BUF_INIT;
	int err = file_read(from, &content, e);

	return err ? err :
		     agent_put(a, to, 0644, buf_text(&content), content.len, e);
}

static int put_promises(struct agent *a, void *arg, struct error *e)
{
	const char *folder = arg;
	CLEANUP_FREE char *acks = xasprintf("%s/acks", folder);
	CLEANUP_FREE char *begun = xasprintf("%s/begun", folder);
	int err = put_file(a, acks, JUDGE_ACKS, e);

	return err ? err : put_file(a, begun, JUDGE_BEGUN, e);
}

static int record_recovery(struct run *r, const char *source, char *folder,
			   struct error *e)
{
	const struct scenario *s = r->scenario;
	CLEANUP_FREE char *base = xasprintf("%s/base.img", folder);
	struct environment env;
	struct recovery recovery = {
		.argv = (const char *const *)s->check.run,
		.env = env.list,
		.timeout_ns = s->check.timeout_ns,
		.prepare = put_promises,
		.arg = folder,
	};
	struct recording_request request = {
		.scenario = s,
		.image = &r->engine->image,
		.workload = &r->workload,
		.dir = folder,
		.name = source,
		.base = base,
		.recovery = &recovery,
		.calls = 1,
		.cures = r->engine->cures,
		.n_cures = r->engine->n_cures,
	};
	struct recording rec = { 0 };
	int err;

	judge_environment(s, &env);
	err = record(r->engine->lab, &request, &rec, e);
	recording_release(&rec);
	return err;
}

static int recover(struct run *r, const struct recorded *reference,
		   const struct state *state, size_t number, size_t total,
		   struct error *e)
{
	CLEANUP_FREE char *source = xasprintf("nested-%zu", number);
	CLEANUP_FREE char *folder = xasprintf("%s/%s", r->dir, source);
	struct recorded recorded = { 0 };
	int err;

	progress_begin(r->engine->progress, 0,
		       "%s: recovery %zu of %zu, from %s:%s",
		       r->scenario->name, number, total, state->cut.name,
		       state->survivors);
	err = write_start(reference, state, folder, e);
	if (!err)
		err = record_recovery(r, source, folder, e);
	progress_end(r->engine->progress);
	if (err == -EUCLEAN)
		return rm_rf(folder, e);
	if (!err)
		err = recorded_open(r->dir, source, r->scenario, NULL,
				    &recorded, e);
	if (!err)
		err = run_judge(r, &recorded, source, e);
	recorded_release(&recorded);
	return err;
}

int run_nested_cuts(struct run *r, const struct recorded *reference,
		    struct error *e)
{
	struct outer outer = { 0 };
	int err = list_outer(r, reference, &outer, e);

	if (!err && outer.n)
		err = run_store_progress(r, "nested", 0, outer.n, e);
	for (size_t i = 0; i < outer.n && !err && !r->stopped; i++) {
		err = recover(r, reference, &outer.list[i], i + 1, outer.n, e);
		if (!err)
			err = run_store_progress(r, "nested", i + 1, outer.n,
						 e);
	}
	outer_release(&outer);
	return err;
}
