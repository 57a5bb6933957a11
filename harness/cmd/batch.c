#include "cmd/batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "cmd/table.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "results/report/report.h"
#include "suite/matrix.h"

struct batch {
	const struct batch_request *request;
	struct suite_job *jobs;
	struct suite_result *results;
	struct run_outcome *outcomes;
	size_t n, done;
	int failed; /* the harness did, at least once */
};

/* ---- what is printed of one ---- */

/* The harness failed before there was a run: the object says what it can. */
static void print_json_failure(const struct scenario *s,
			       const struct error *why)
{
	CLEANUP_FREE char *seed =
		xasprintf("%llu", (unsigned long long)s->seed);
	json_t *object = json_pack(
		"{s:s, s:s, s:s, s:b, s:s, s:i, s:i, s:i, s:f, s:n, s:s, s:s, "
		"s:n, s:[]}",
		"scenario", s->name, "verdict", verdict_name(VERDICT_UNKNOWN),
		"expect", expect_name(s->expect),
		"as_expected", 0, "reason", why->message, "cuts", 0,
		"states_legal", 0, "states_checked", 0, "seconds", 0.0, "run",
		"seed", seed, "filesystem", s->filesystem.type,
		"first_failure_seconds", "findings");

	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static void print_json(const struct scenario *s, const struct run_outcome *o,
		       const struct error *why)
{
	CLEANUP_BUF struct buf json = BUF_INIT;
	struct error e = *why;

	if (o->dir && report_json(o->dir, &json, &e) == 0)
		printf("%s", buf_text(&json));
	else
		print_json_failure(s, &e);
	fflush(stdout);
}

/* A surprise is shown at once, in full; what is expected waits for the table. */
static void print_surprise(const struct run_outcome *o)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct error e;

	if (o->as_expected || !o->dir || report_text(o->dir, &text, &e))
		return;
	printf("%s\n", buf_text(&text));
	fflush(stdout);
}

static void print_trouble(const struct scenario *s, const struct error *e)
{
	fprintf(stderr, "powercut: %s: %s\n", s->path, e->message);
	if (e->hint[0])
		fprintf(stderr, "  %s\n", e->hint);
}

/* ---- running ---- */

static void keep_result(struct batch *b, int err)
{
	const struct run_outcome *o = &b->outcomes[b->done];
	struct suite_result *r = &b->results[b->done];

	if (o->dir)
		suite_result_load(o->dir, r);
	r->done = 1;
	r->failed = err != 0;
	r->verdict = o->verdict;
	r->as_expected = o->as_expected;
	b->failed |= r->failed;
}

static int stops_at_violation(const struct batch *b,
			      const struct suite_job *job)
{
	return job->scenario.expect == EXPECT_VIOLATED &&
	       (b->request->first || job->row->suite->stop_first);
}

static void run_one(struct batch *b, struct engine *en)
{
	const struct suite_job *job = &b->jobs[b->done];
	struct run_outcome *o = &b->outcomes[b->done];
	struct error e = { 0 };
	int err;

	if (b->n > 1)
		progress_job(en->progress, b->done + 1, b->n,
			     "%s on %s, seed %" PRIu64, job->scenario.name,
			     job->scenario.filesystem.type, job->scenario.seed);
	en->stop_at_violation = stops_at_violation(b, job);
	err = run_scenario(en, &job->scenario, o, &e);
	if (err)
		print_trouble(&job->scenario, &e);
	keep_result(b, err);
	if (b->request->line->json)
		print_json(&job->scenario, o, &e);
	else if (b->n > 1)
		print_surprise(o);
	b->done++;
}

/* ---- the end ---- */

static int write_junit(const struct batch *b, struct error *e)
{
	CLEANUP_FREE const char **dirs = xcalloc(b->done + 1, sizeof(*dirs));
	CLEANUP_BUF struct buf xml = BUF_INIT;
	size_t n = 0;
	int err;

	for (size_t i = 0; i < b->done; i++)
		if (b->outcomes[i].dir)
			dirs[n++] = b->outcomes[i].dir;
	err = report_junit(dirs, n, &xml, e);
	return err ? err : file_write(b->request->junit, buf_text(&xml),
				      xml.len, e);
}

static void print_summary(const struct batch *b)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct error e;

	if (b->request->matrix)
		suite_matrix(b->request->rows, b->jobs, b->results, b->n,
			     &text);
	else if (b->n > 1)
		table_runs(b->outcomes, b->done, &text);
	else if (b->outcomes[0].dir)
		report_text(b->outcomes[0].dir, &text, &e);
	printf("%s", buf_text(&text));
}

/* A loss outranks a failure, a failure outranks doubt. */
static enum exit_status status_of(const struct batch *b)
{
	int unexpected = 0, doubt = 0;

	for (size_t i = 0; i < b->done; i++) {
		const struct run_outcome *o = &b->outcomes[i];

		if (o->interrupted)
			return EXIT_INTERRUPTED;
		if (o->verdict == VERDICT_UNKNOWN ||
		    o->verdict == VERDICT_VACUOUS)
			doubt = 1;
		else if (!o->as_expected)
			unexpected = 1;
	}
	if (unexpected)
		return EXIT_UNEXPECTED;
	if (b->failed)
		return EXIT_HARNESS;
	return doubt ? EXIT_UNKNOWN : EXIT_EXPECTED;
}

static int run_all(struct batch *b, struct error *e)
{
	const struct command_line *line = b->request->line;
	struct session session;

	if (session_open(b->request->session, &session, e))
		return command_fail(line, EXIT_HARNESS, e);
	while (b->done < b->n) {
		run_one(b, &session.engine);
		if (b->outcomes[b->done - 1].interrupted)
			break;
	}
	session_close(&session);
	if (!line->json)
		print_summary(b);
	if (b->request->junit && write_junit(b, e))
		return command_fail(line, EXIT_HARNESS, e);
	return status_of(b);
}

int batch_run(const struct batch_request *q, struct error *e)
{
	struct batch b = { .request = q };
	int status;

	b.jobs = suite_jobs(q->rows, &b.n);
	b.results = xcalloc(b.n, sizeof(*b.results));
	b.outcomes = xcalloc(b.n, sizeof(*b.outcomes));
	status = run_all(&b, e);
	for (size_t i = 0; i < b.n; i++)
		run_outcome_release(&b.outcomes[i]);
	free(b.outcomes);
	free(b.results);
	free(b.jobs);
	return status;
}
