/*
 * What a second guest is worth: states per second of one checker guest and of
 * two, on the same states, judged as in a run with canaries and fsck, in turns.
 */
#include <errno.h>

#include "bench/parts.h"
#include "common/error.h"
#include "common/files.h"

enum { ROW_ONE, ROW_TWO, ROWS };

static const struct bench_row rows[ROWS] = {
	[ROW_ONE] = { "one_guest", "states judged by one guest", "1/s", NULL },
	[ROW_TWO] = { "two_guests", "the same states, by two", "1/s",
		      "one_guest" },
};

struct guests {
	struct bench *bench;
	struct subject subject;
	const struct plan *plan;
	struct pool *pools[ROWS];
	uint64_t held;
};

static void count_held(const struct item *item, const struct state *state,
		       const struct judgement *j, void *arg)
{
	struct guests *g = arg;

	(void)item;
	(void)state;
	g->held += j->verdict == VERDICT_HELD;
}

/* row NULL: warms up. */
static int judge_all(struct guests *g, int pool, size_t n,
		     const struct bench_row *row, struct error *e)
{
	uint64_t start = now_ns();
	int err;

	g->held = 0;
	err = pool_judge(g->pools[pool], &g->subject, g->plan->items, n,
			 count_held, g, e);
	if (!err && g->held != n)
		err = error_set(e, EPROTO, "only %llu of %zu states held",
				(unsigned long long)g->held, n);
	if (!err && row)
		bench_add_rate(g->bench, row, n, start);
	return err;
}

static int take_turns(struct guests *g, struct error *e)
{
	struct bench *b = g->bench;
	size_t n = bench_states(b, g->plan->n_items, g->plan->n_items);
	int err = 0;

	for (int i = 0; i < ROWS && !err; i++)
		err = judge_all(g, i, n / 4, NULL, e);
	progress_begin(b->progress, b->rounds, "bench: one guest and two");
	for (unsigned i = 0; i < b->rounds && !err; i++) {
		err = bench_go_on(e);
		for (int k = 0; k < ROWS && !err; k++)
			err = judge_all(g, k, n, &rows[k], e);
		progress_step(b->progress, 0);
	}
	progress_end(b->progress);
	return err;
}

static int measure(struct bench *b, struct error *e)
{
	static const char *const names[ROWS] = { "one", "two" };
	struct guests g = { .bench = b };
	struct bench_subject *s;
	int err = bench_brief(b, &s, e);

	if (err)
		return err;
	g.plan = &s->plan;
	g.subject = recorded_subject(&s->recorded, s->scenario, &s->workload);
	for (unsigned i = 0; i < ROWS && !err; i++)
		err = bench_pool(b, s, &checker_in_guest, names[i], i + 1,
				 &g.pools[i], e);
	if (!err)
		err = take_turns(&g, e);
	for (int i = 0; i < ROWS; i++)
		pool_stop(g.pools[i]);
	return err;
}

const struct bench_group bench_pools = { "pool", rows, ROWS, measure };
