#include "bench/bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/parts.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "lab/interrupt.h"

/* In the order of the table. */
static const struct bench_group *const groups[] = {
	&bench_recording,
	&bench_trace,
	&bench_judging,
	&bench_pools,
	&bench_live,
	&bench_scale,
	&bench_prefixes,
	&bench_host,
	&bench_equality,
	&bench_equality_xfs,
	&bench_equality_btrfs,
	&bench_ace,
};
#define N_GROUPS (sizeof(groups) / sizeof(*groups))

int bench_go_on(struct error *e)
{
	return interrupt_count() ? error_set(e, ECANCELED, "interrupted") : 0;
}

/* ---- figures ---- */

const struct bench_figure *bench_find(const struct bench_result *r,
				      const char *row)
{
	for (size_t i = 0; i < r->n; i++)
		if (!strcmp(r->figures[i].row->name, row))
			return &r->figures[i];
	return NULL;
}

double bench_ratio(const struct bench_result *r, const struct bench_figure *f)
{
	const struct bench_figure *against =
		f->row->against ? bench_find(r, f->row->against) : NULL;

	return against ? series_ratio(&f->series, &against->series) : 0;
}

static struct bench_figure *figure_of(const struct bench *b,
				      const struct bench_row *row)
{
	return (struct bench_figure *)bench_find(b->result, row->name);
}

void bench_add(struct bench *b, const struct bench_row *row, double value)
{
	series_add(&figure_of(b, row)->series, value);
}

void bench_add_rate(struct bench *b, const struct bench_row *row, size_t n,
		    uint64_t start_ns)
{
	bench_add(b, row, (double)n * 1e9 / (double)(now_ns() - start_ns));
}

int bench_wants(const struct bench *b, const struct bench_row *row)
{
	return figure_of(b, row)->wanted;
}

size_t bench_states(const struct bench *b, size_t n, size_t most)
{
	size_t few = b->states < most ? b->states : most;

	return n < few ? n : few;
}

static void list_figures(struct bench_result *r)
{
	for (size_t i = 0; i < N_GROUPS; i++) {
		size_t n = groups[i]->n_rows;

		r->figures = xrealloc(r->figures,
				      (r->n + n) * sizeof(*r->figures));
		for (size_t j = 0; j < n; j++)
			r->figures[r->n++] = (struct bench_figure){
				.row = &groups[i]->rows[j]
			};
	}
}

void bench_result_release(struct bench_result *r)
{
	for (size_t i = 0; i < r->n; i++)
		series_release(&r->figures[i].series);
	free(r->figures);
	*r = (struct bench_result){ 0 };
}

/* ---- which of them ---- */

/* And what it is compared with. */
static void want(struct bench_result *r, const char *row)
{
	struct bench_figure *f = (struct bench_figure *)bench_find(r, row);

	if (!f || f->wanted)
		return;
	f->wanted = 1;
	if (f->row->against)
		want(r, f->row->against);
}

static int want_group(struct bench_result *r, const char *name)
{
	for (size_t i = 0; i < N_GROUPS; i++) {
		if (strcmp(groups[i]->name, name))
			continue;
		for (size_t j = 0; j < groups[i]->n_rows; j++)
			want(r, groups[i]->rows[j].name);
		return 1;
	}
	return 0;
}

static int choose(struct bench_result *r, const char *only, struct error *e)
{
	CLEANUP_FREE char *names = xstrdup(only ? only : "");
	char *save, *name;

	for (size_t i = 0; i < N_GROUPS && !only; i++)
		want_group(r, groups[i]->name);
	for (name = strtok_r(names, ",", &save); name;
	     name = strtok_r(NULL, ",", &save)) {
		if (want_group(r, name))
			continue;
		if (!bench_find(r, name))
			return error_set(e, EINVAL,
					 "there is no figure '%s'", name);
		want(r, name);
	}
	return 0;
}

int bench_check_only(const char *only, struct error *e)
{
	struct bench_result r = { 0 };
	int err;

	list_figures(&r);
	err = choose(&r, only, e);
	bench_result_release(&r);
	return err;
}

static int wants_any(const struct bench *b, const struct bench_group *g)
{
	for (size_t i = 0; i < g->n_rows; i++)
		if (bench_wants(b, &g->rows[i]))
			return 1;
	return 0;
}

/* ---- measuring ---- */

static int make_scratch(struct bench *b, const char *parent, struct error *e)
{
	char *path = xasprintf("%s/.bench-XXXXXX", parent);
	int err = mkdir_p(parent, e);

	if (!err && !mkdtemp(path))
		err = error_errno(e, errno, "cannot make a folder in %s",
				  parent);
	if (err)
		free(path);
	else
		b->scratch = path;
	return err;
}

static void release(struct bench *b)
{
	bench_subject_release(&b->brief);
	if (b->scratch)
		rm_rf(b->scratch, NULL);
	free(b->scratch);
}

int bench(const struct bench_config *c, struct bench_result *ret,
	  struct error *e)
{
	struct bench b = { .lab = c->lab, .progress = c->progress,
			   .rounds = c->rounds, .states = c->states,
			   .result = ret };
	int err;

	*ret = (struct bench_result){ 0 };
	list_figures(ret);
	err = choose(ret, c->only, e);
	if (!err)
		err = make_scratch(&b, c->scratch, e);
	for (size_t i = 0; i < N_GROUPS && !err; i++)
		if (wants_any(&b, groups[i]))
			err = groups[i]->measure(&b, e);
	release(&b);
	return err;
}
