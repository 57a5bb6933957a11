#include "run/steps.h"

#include "common/buf.h"
#include "common/cleanup.h"

struct single {
	enum imported imported;
	struct judgement *ret;
	int judged;
};

static void on_single(const struct item *item, const struct state *state,
		      const struct judgement *j, void *arg)
{
	struct single *single = arg;
	char *message = run_doubt(single->imported, state, j);

	(void)item;
	*single->ret = *j;
	if (message)
		single->ret->verdict = VERDICT_UNKNOWN;
	else if (j->message)
		message = xstrdup(j->message);
	single->ret->message = message;
	single->ret->detail = j->detail ? xstrdup(j->detail) : NULL;
	single->judged = 1;
}

/* CUT:SURVIVORS as an item; `state` was parsed from it and is canonical. */
static struct item item_of(const struct state *state)
{
	return (struct item){ .cut = state->cut,
			      .survivors = state->survivors };
}

int run_check_state(struct engine *en, const char *dir, const char *source,
		    const char *state_name, const struct scenario *s,
		    struct judgement *ret, struct error *e)
{
	CLEANUP_FREE char *units = xasprintf(
		"%s/units.dat", runtime_path(en->lab->runtime));
	struct single single = { .ret = ret };
	struct recorded recorded = { 0 };
	struct workload workload = { 0 };
	struct state state = { 0 };
	int err = recorded_open(dir, source, s, units, &recorded, e);

	if (!err)
		err = space_state(recorded.space, state_name, &state, e);
	/* Only for a state that there is: guests take seconds. */
	if (!err)
		err = engine_ready(en, s, e);
	if (!err)
		err = workload_build(&en->lab->home, s->folder, &workload, e);
	if (!err) {
		struct subject subject =
			recorded_subject(&recorded, s, &workload);
		struct item item = item_of(&state);

		single.imported = recorded.imported;
		err = pool_judge(en->pool, &subject, &item, 1, on_single,
				 &single, e);
	}
	state_free(&state);
	recorded_release(&recorded);
	workload_release(&workload);
	return err;
}
