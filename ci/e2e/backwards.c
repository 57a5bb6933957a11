/*
 * Judges states of a run in one guest from the newest to the oldest. What a
 * kernel remembers of a newer state (btrfs: generations
 * of devices; any: pages, threads that still write) must not show in an older
 * one: all must hold.
 *
 *	POWERCUT_HOME=. backwards RUN-FOLDER      exit 1 if one does not hold
 */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/session.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "run/plan.h"
#include "run/run.h"
#include "states/states.h"

static void __attribute__((noreturn)) fail(const struct error *e)
{
	fprintf(stderr, "backwards: %s\n", e->message);
	exit(2);
}

static void on_judged(const struct item *item, const struct state *state,
		      const struct judgement *j, void *arg)
{
	int *bad = arg;

	(void)state;
	*bad += j->verdict != VERDICT_HELD;
	printf("%s:%s %s%s%s\n", item->cut.name, item->survivors,
	       verdict_name(j->verdict), j->message ? ": " : "",
	       j->message ? j->message : "");
}

static void turn_round(struct plan *p)
{
	for (size_t i = 0; i < p->n_items / 2; i++) {
		struct item swapped = p->items[i];

		p->items[i] = p->items[p->n_items - 1 - i];
		p->items[p->n_items - 1 - i] = swapped;
	}
}

static int judge_all(struct engine *en, const char *dir,
		     const struct scenario *s, int *ret_bad, struct error *e)
{
	CLEANUP_FREE char *units = xasprintf("%s/backwards.units",
					     runtime_path(en->lab->runtime));
	CLEANUP_FREE struct cut *cuts = NULL;
	struct plan_config config = plan_config_of(s);
	struct workload workload = { 0 };
	struct recorded r = { 0 };
	struct plan plan = { 0 };
	size_t n;
	int err = engine_ready(en, s, e);

	config.budget = 24;
	if (!err)
		err = workload_build(&en->lab->home, s->folder, &workload, e);
	if (!err)
		err = recorded_open(dir, "replay", s, units, &r, e);
	if (!err)
		err = cuts_expand(r.history, NULL, 0, 1, &cuts, &n, e);
	if (!err)
		err = plan_make(r.space, r.history, cuts, n, &config, &plan,
				e);
	if (!err) {
		struct subject subject = recorded_subject(&r, s, &workload);

		turn_round(&plan);
		err = pool_judge(en->pool, &subject, plan.items, plan.n_items,
				 on_judged, ret_bad, e);
	}
	plan_release(&plan);
	recorded_release(&r);
	workload_release(&workload);
	return err;
}

int main(int argc, char **argv)
{
	struct session_options o = { .jobs = 1, .quiet = 1 };
	struct session session = { 0 };
	struct scenario *s = NULL;
	struct error e = { 0 };
	int bad = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: backwards RUN-FOLDER\n");
		return 4;
	}
	if (session_scenario(argv[1], NULL, &s, &e) ||
	    session_open(&o, &session, &e))
		fail(&e);
	if (judge_all(&session.engine, argv[1], s, &bad, &e)) {
		session_close(&session);
		fail(&e);
	}
	session_close(&session);
	scenario_free(s);
	return bad != 0;
}
