/*
 * System, configuration, file system; what was expected and what was found, of all
 * seeds together; states judged and seconds, added up; how long it took from a
 * scenario's start to its first failing state, the median of the seeds that had one.
 * A row that is not as expected begins with "!".
 */
#include "suite/matrix.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/series.h"

struct line {
	const struct suite_row *row;
	size_t done, failed, good, lost;
	size_t of[VERDICT_LOSES + 1];
	uint64_t states;
	double seconds, first_loss;
	char *found, *seeds; /* owned */
};

void suite_result_load(const char *run_dir, struct suite_result *ret)
{
	CLEANUP_FREE char *path = xasprintf("%s/results.sqlite", run_dir);
	CLEANUP_FREE char *seconds = NULL, *first = NULL;
	struct store_totals t = { 0 };
	struct store *store;

	if (store_open(path, &store, NULL))
		return;
	seconds = store_get(store, "seconds");
	first = store_get(store, "first_failure_ns");
	if (!store_totals(store, &t, NULL))
		ret->states = t.states_checked;
	store_close(store);
	ret->seconds = seconds ? strtod(seconds, NULL) : 0;
	ret->lost = first != NULL;
	ret->first_loss = first ? strtod(first, NULL) / 1e9 : 0;
}

/* ---- one line ---- */

static void add_result(struct line *line, const struct suite_result *r)
{
	line->done++;
	line->states += r->states;
	line->seconds += r->seconds;
	if (r->failed)
		line->failed++;
	else
		line->of[r->verdict]++;
	line->good += r->as_expected && !r->failed;
}

/* "held", or of several seeds "held 2, violated 1". */
static char *found(const struct line *line)
{
	struct buf b = BUF_INIT;

	for (int v = 0; v <= VERDICT_LOSES; v++) {
		if (line->of[v] && line->of[v] == line->done)
			return xstrdup(verdict_name((enum verdict)v));
		if (line->of[v])
			buf_printf(&b, "%s%s %zu", b.len ? ", " : "",
				   verdict_name((enum verdict)v), line->of[v]);
	}
	if (line->failed && line->failed == line->done)
		return xstrdup("failed");
	if (line->failed)
		buf_printf(&b, "%sfailed %zu", b.len ? ", " : "",
			   line->failed);
	if (!line->done)
		buf_puts(&b, "not run");
	return buf_take(&b);
}

static void add_seed(struct buf *b, uint64_t seed)
{
	buf_printf(b, "%s%" PRIu64, b->len ? "," : "", seed);
}

static void sum_up(struct line *line, const struct suite_job *jobs,
		   const struct suite_result *results, size_t n)
{
	struct series firsts = { 0 };
	struct buf seeds = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		if (jobs[i].row != line->row || !results[i].done)
			continue;
		add_result(line, &results[i]);
		add_seed(&seeds, jobs[i].scenario.seed);
		if (results[i].lost)
			series_add(&firsts, results[i].first_loss);
	}
	line->lost = firsts.n;
	line->first_loss = series_median(&firsts);
	series_release(&firsts);
	line->found = found(line);
	line->seeds = seeds.len ? buf_take(&seeds) : xstrdup("-");
}

/* ---- all ---- */

struct widths {
	int system, name, found;
};

static void widen(int *width, const char *text)
{
	if ((int)strlen(text) > *width)
		*width = (int)strlen(text);
}

static void print_line(const struct line *line, const struct widths *w,
		       struct buf *b)
{
	const struct scenario *s = &line->row->scenario;
	CLEANUP_FREE char *first = line->lost ?
					   xasprintf("%.2f", line->first_loss) :
					   xstrdup("-");

	buf_printf(b, "%c %-*s  %-*s  %-5s  %-8s  %-*s  %7" PRIu64
		   "  %7.1f  %10s  %s\n",
		   line->good == line->done ? ' ' : '!', w->system,
		   line->row->entry->system, w->name, s->name,
		   s->filesystem.type, expect_name(s->expect), w->found,
		   line->found, line->states, line->seconds, first,
		   line->seeds);
}

static void print_because(const struct line *line, struct buf *b)
{
	const struct suite_entry *entry = line->row->entry;
	const char *type = line->row->scenario.filesystem.type;

	for (size_t i = 0; i < entry->n_expects; i++)
		if (!strcmp(entry->expects[i].type, type))
			buf_printf(b, "  %s on %s: %s\n",
				   entry->scenario->name, type,
				   entry->because ? entry->because : "");
}

static void print_total(const struct suite_result *results, size_t n,
			struct buf *b)
{
	size_t good = 0, done = 0;

	for (size_t i = 0; i < n; i++) {
		done += results[i].done != 0;
		good += results[i].done && results[i].as_expected &&
			!results[i].failed;
	}
	buf_printf(b, "\n%zu of %zu runs as expected", good, n);
	if (done < n)
		buf_printf(b, ", %zu not run", n - done);
	buf_puts(b, "\n");
}

void suite_matrix(const struct suite_rows *rows, const struct suite_job *jobs,
		  const struct suite_result *results, size_t n,
		  struct buf *ret)
{
	CLEANUP_FREE struct line *lines = xcalloc(rows->n, sizeof(*lines));
	struct widths w = { 6, 13, 8 };

	for (size_t i = 0; i < rows->n; i++) {
		lines[i].row = rows->list[i];
		sum_up(&lines[i], jobs, results, n);
		widen(&w.system, rows->list[i]->entry->system);
		widen(&w.name, rows->list[i]->scenario.name);
		widen(&w.found, lines[i].found);
	}
	buf_printf(ret, "  %-*s  %-*s  %-5s  %-8s  %-*s  %7s  %7s  %10s  %s\n",
		   w.system, "system", w.name, "configuration", "fs",
		   "expected", w.found, "found", "states", "seconds",
		   "first loss", "seeds");
	for (size_t i = 0; i < rows->n; i++)
		print_line(&lines[i], &w, ret);
	for (size_t i = 0; i < rows->n; i++)
		print_because(&lines[i], ret);
	print_total(results, n, ret);
	for (size_t i = 0; i < rows->n; i++) {
		free(lines[i].found);
		free(lines[i].seeds);
	}
}
