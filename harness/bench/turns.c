#include "bench/turns.h"

#include <stdlib.h>

int bench_guest_open(struct bench_guest *g, const struct bench *b,
		     const struct bench_subject *s, struct error *e)
{
	int err = bench_request(b, s, g->name, &g->request, &g->dir, e);

	return err ? err :
		     recording_open(b->lab, &g->request, &g->session, e);
}

static int run(struct bench_guest *g, struct bench *b, struct error *e)
{
	struct recording rec = { 0 };
	int err = bench_go_on(e);

	if (!err)
		err = recording_run(g->session, &rec, e);
	if (!err)
		err = bench_workload_ended(g->request.scenario, &rec, e);
	if (!err)
		bench_add(b, g->row, (double)rec.run_ns / 1e9);
	recording_release(&rec);
	return err;
}

int bench_turns(struct bench_guest guests[], size_t n, struct bench *b,
		const char *what, struct error *e)
{
	size_t total = b->rounds * n;
	int err = 0;

	progress_begin(b->progress, total, "bench: %s", what);
	for (size_t i = 0; i < total && !err; i++) {
		size_t round = i / n;

		err = run(&guests[(i + round) % n], b, e);
		progress_step(b->progress, 0);
	}
	progress_end(b->progress);
	return err;
}

void bench_guest_close(struct bench_guest *g)
{
	recording_close(g->session);
	free(g->dir);
}
