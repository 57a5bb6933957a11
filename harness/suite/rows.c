#include "suite/rows.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "scenario/override.h"

/* ---- which ---- */

static int is_wanted(const struct suite_entry *entry,
		     const struct suite_selection *q)
{
	CLEANUP_FREE char *full =
		xasprintf("%s/%s", entry->system, entry->scenario->name);

	if (q->quick && !entry->quick)
		return 0;
	return !q->only || !fnmatch(q->only, full, 0) ||
	       !fnmatch(q->only, entry->scenario->name, 0);
}

static int has_type(char **types, const char *type)
{
	for (; *types; types++)
		if (!strcmp(*types, type))
			return 1;
	return 0;
}

static void expect_there(struct suite_row *row)
{
	const struct suite_entry *entry = row->entry;

	for (size_t i = 0; i < entry->n_expects; i++) {
		const struct suite_expect *x = &entry->expects[i];

		if (strcmp(x->type, row->scenario.filesystem.type))
			continue;
		row->scenario.expect = x->expect;
		row->scenario.window_ns = x->window_ns;
	}
}

static void choose_seeds(struct suite_row *row,
			 const struct suite_selection *q)
{
	const struct suite_entry *entry = row->entry;
	const struct suite *s = row->suite;

	row->seeds = q->n_seeds	      ? q->seeds :
		     entry->n_seeds   ? entry->seeds :
		     s->n_seeds	      ? s->seeds :
					&row->scenario.seed;
	row->n_seeds = q->n_seeds     ? q->n_seeds :
		       entry->n_seeds ? entry->n_seeds :
		       s->n_seeds     ? s->n_seeds :
					1;
}

static void row_free(struct suite_row *row)
{
	free(row->note);
	free(row);
}

/* That of the rows that are on it already, or the next one. */
static size_t turn_of(const struct suite_rows *rows, const char *type)
{
	size_t next = 0;

	for (size_t i = 0; i < rows->n; i++) {
		const struct suite_row *row = rows->list[i];

		if (!strcmp(row->scenario.filesystem.type, type))
			return row->turn;
		if (row->turn >= next)
			next = row->turn + 1;
	}
	return next;
}

/* type NULL: its own file system, whatever that is. */
static int add_row(struct suite_rows *rows, const struct suite *s,
		   const struct suite_entry *entry, const char *type,
		   const struct suite_selection *q, struct error *e)
{
	struct suite_row *row = xcalloc(1, sizeof(*row));
	CLEANUP_BUF struct buf notes = BUF_INIT;
	int err = 0;

	row->scenario = *entry->scenario;
	if (type)
		err = scenario_on_filesystem(entry->scenario, type,
					     &row->scenario, &notes, e);
	if (err) {
		row_free(row);
		return err;
	}
	row->suite = s;
	row->entry = entry;
	row->turn = type ? turn_of(rows, type) : 0;
	row->note = notes.len ? buf_take(&notes) : NULL;
	expect_there(row);
	choose_seeds(row, q);
	rows->list = xrealloc(rows->list,
			      (rows->n + 1) * sizeof(struct suite_row *));
	rows->list[rows->n++] = row;
	return 0;
}

static int add_entry(struct suite_rows *rows, const struct suite *s,
		     const struct suite_entry *entry,
		     const struct suite_selection *q, struct error *e)
{
	char **types = entry->filesystems ? entry->filesystems :
		       q->filesystems	  ? q->filesystems :
					    s->filesystems;
	int err = 0;

	if (!types)
		return add_row(rows, s, entry, NULL, q, e);
	for (size_t i = 0; types[i] && !err; i++)
		if (!q->filesystems || has_type(q->filesystems, types[i]))
			err = add_row(rows, s, entry, types[i], q, e);
	return err;
}

int suite_rows_add(struct suite_rows *rows, const struct suite *s,
		   const struct suite_selection *q, struct error *e)
{
	int err = 0;

	for (size_t i = 0; i < s->n && !err; i++)
		if (is_wanted(&s->entries[i], q))
			err = add_entry(rows, s, &s->entries[i], q, e);
	return err;
}

/* ---- shards ---- */

static int by_name(const void *a, const void *b)
{
	const struct suite_row *x = *(struct suite_row *const *)a;
	const struct suite_row *y = *(struct suite_row *const *)b;
	int order = strcmp(x->entry->system, y->entry->system);

	if (!order)
		order = strcmp(x->scenario.name, y->scenario.name);
	if (!order)
		order = strcmp(x->scenario.filesystem.type,
			       y->scenario.filesystem.type);
	return order ? order : strcmp(x->scenario.path, y->scenario.path);
}

static int is_among(const struct suite_row *row, struct suite_row **list,
		    size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == row)
			return 1;
	return 0;
}

void suite_rows_shard(struct suite_rows *rows, uint64_t i, uint64_t n)
{
	CLEANUP_FREE struct suite_row **mine = NULL;
	size_t n_mine = 0, kept = 0;

	if (!rows->n)
		return;
	mine = xcalloc(rows->n, sizeof(struct suite_row *));
	memcpy(mine, rows->list, rows->n * sizeof(struct suite_row *));
	qsort(mine, rows->n, sizeof(struct suite_row *), by_name);
	for (size_t k = 0; k < rows->n; k++)
		if (k % n == i - 1)
			mine[n_mine++] = mine[k];
	for (size_t k = 0; k < rows->n; k++) {
		if (is_among(rows->list[k], mine, n_mine))
			rows->list[kept++] = rows->list[k];
		else
			row_free(rows->list[k]);
	}
	rows->n = kept;
}

void suite_rows_release(struct suite_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		row_free(rows->list[i]);
	free(rows->list);
	*rows = (struct suite_rows){ 0 };
}

/* ---- jobs ---- */

static size_t last_turn(const struct suite_rows *rows)
{
	size_t last = 0;

	for (size_t i = 0; i < rows->n; i++)
		if (rows->list[i]->turn > last)
			last = rows->list[i]->turn;
	return last;
}

static void add_jobs(struct suite_row *row, struct suite_job *jobs, size_t *n)
{
	for (size_t i = 0; i < row->n_seeds; i++) {
		struct suite_job *job = &jobs[(*n)++];

		*job = (struct suite_job){ .row = row,
					   .scenario = row->scenario };
		job->scenario.seed = row->seeds[i];
	}
}

struct suite_job *suite_jobs(const struct suite_rows *rows, size_t *ret_n)
{
	size_t all = 0, n = 0;
	struct suite_job *jobs;

	for (size_t i = 0; i < rows->n; i++)
		all += rows->list[i]->n_seeds;
	jobs = xcalloc(all, sizeof(*jobs));
	for (size_t turn = 0; turn <= last_turn(rows); turn++)
		for (size_t i = 0; i < rows->n; i++)
			if (rows->list[i]->turn == turn)
				add_jobs(rows->list[i], jobs, &n);
	*ret_n = n;
	return jobs;
}
