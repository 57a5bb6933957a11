/* powercut run: records scenarios, cuts their power, tells what was lost. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cmd/commands.h"
#include "cmd/options.h"
#include "cmd/session.h"
#include "cmd/table.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "results/report/report.h"

struct run_options {
	struct session_options session;
	uint64_t seed;
	uint64_t budget;
	const char *mode;
	const char *junit;
};

static const struct option_spec options[] = {
	{ .name = "seed", .letter = 's', .argument = "N",
	  .help = "Decides every random choice. Default: the scenario's.",
	  .type = OPTION_COUNT, .offset = offsetof(struct run_options, seed) },
	{ .name = "mode", .letter = 'm', .argument = "replay|live|both",
	  .help = "How power is cut. Default: the scenario's.",
	  .type = OPTION_STRING, .offset = offsetof(struct run_options, mode) },
	{ .name = "budget", .letter = 'b', .argument = "N",
	  .help = "At most so many states are judged per recording. Default: "
		  "the scenario's.",
	  .type = OPTION_COUNT,
	  .offset = offsetof(struct run_options, budget) },
	{ .name = "junit", .argument = "FILE",
	  .help = "Also writes one JUnit XML file for all scenarios.",
	  .type = OPTION_STRING,
	  .offset = offsetof(struct run_options, junit) },
	SESSION_JOBS_OPTION(struct run_options),
	SESSION_OPTIONS(struct run_options),
	{ 0 }
};

static const char *const examples[] = {
	"powercut run workloads/append-log/scenario.yaml",
	"powercut run --seed 7 --mode both workloads/sqlite/wal.yaml",
	"powercut run --json --junit out.xml workloads/*/scenario.yaml",
	NULL
};

struct batch {
	const struct command_line *line;
	struct scenario **scenarios;
	struct run_outcome *outcomes;
	size_t n, done;
	int failed; /* the harness did, at least once */
};

static void override(const struct command_line *line, struct scenario *s)
{
	const struct run_options *o = line->options;

	if (option_given(line, "seed"))
		s->seed = o->seed;
	if (option_given(line, "budget"))
		s->states.budget = o->budget;
	if (!o->mode)
		return;
	s->mode = !strcmp(o->mode, "live")   ? MODE_LIVE :
		  !strcmp(o->mode, "replay") ? MODE_REPLAY :
					       MODE_BOTH;
}

/* Nothing is started before every file is valid. */
static int load_all(struct batch *b, struct error *e)
{
	for (size_t i = 0; i < b->n; i++) {
		int err = scenario_load(b->line->args[i], &b->scenarios[i], e);

		if (err)
			return err;
		override(b->line, b->scenarios[i]);
	}
	return 0;
}

/* The harness failed before there was a run: the object says what it can. */
static void print_json_failure(const struct scenario *s,
			       const struct error *why)
{
	json_t *object = json_pack(
		"{s:s, s:s, s:s, s:b, s:s, s:i, s:i, s:i, s:f, s:n, s:[]}",
		"scenario", s->name, "verdict", verdict_name(VERDICT_UNKNOWN),
		"expect", expect_name(s->expect),
		"as_expected", 0, "reason", why->message, "cuts", 0,
		"states_legal", 0, "states_checked", 0, "seconds", 0.0, "run",
		"findings");

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

static void run_one(struct batch *b, struct engine *en)
{
	struct run_outcome *o = &b->outcomes[b->done];
	const struct scenario *s = b->scenarios[b->done];
	struct error e = { 0 };

	if (run_scenario(en, s, o, &e)) {
		b->failed = 1;
		fprintf(stderr, "powercut: %s: %s\n", s->path, e.message);
		if (e.hint[0])
			fprintf(stderr, "  %s\n", e.hint);
	}
	if (b->line->json)
		print_json(s, o, &e);
	else if (b->n > 1)
		print_surprise(o);
	b->done++;
}

static int write_junit(const struct batch *b, const char *path,
		       struct error *e)
{
	CLEANUP_FREE const char **dirs = xcalloc(b->done, sizeof(*dirs));
	CLEANUP_BUF struct buf xml = BUF_INIT;
	size_t n = 0;
	int err;

	for (size_t i = 0; i < b->done; i++)
		if (b->outcomes[i].dir)
			dirs[n++] = b->outcomes[i].dir;
	err = report_junit(dirs, n, &xml, e);
	return err ? err : file_write(path, buf_text(&xml), xml.len, e);
}

static void print_summary(const struct batch *b)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct error e;

	if (b->n == 1) {
		if (b->outcomes[0].dir &&
		    !report_text(b->outcomes[0].dir, &text, &e))
			printf("%s", buf_text(&text));
		return;
	}
	table_runs(b->outcomes, b->done, &text);
	printf("%s", buf_text(&text));
}

/* A loss outranks a failure, a failure outranks doubt. */
static enum exit_status batch_status(const struct batch *b)
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

static int run_batch(struct batch *b, struct error *e)
{
	const struct run_options *o = b->line->options;
	struct session session;
	int err = session_open(&o->session, &session, e);

	if (err)
		return command_fail(b->line, EXIT_HARNESS, e);
	while (b->done < b->n) {
		run_one(b, &session.engine);
		if (b->outcomes[b->done - 1].interrupted)
			break;
	}
	session_close(&session);
	if (!b->line->json)
		print_summary(b);
	if (o->junit && write_junit(b, o->junit, e))
		return command_fail(b->line, EXIT_HARNESS, e);
	return batch_status(b);
}

static int run(const struct command_line *line)
{
	const struct run_options *o = line->options;
	struct batch b = { .line = line, .n = (size_t)line->n_args };
	struct error e = { 0 };
	int status;

	if (option_given(line, "budget") && !o->budget)
		return command_usage(line, "--budget: expected at least 1");
	b.scenarios = xcalloc(b.n, sizeof(struct scenario *));
	b.outcomes = xcalloc(b.n, sizeof(*b.outcomes));
	if (load_all(&b, &e))
		status = command_fail(line, EXIT_USAGE, &e);
	else
		status = run_batch(&b, &e);
	for (size_t i = 0; i < b.n; i++) {
		scenario_free(b.scenarios[i]);
		run_outcome_release(&b.outcomes[i]);
	}
	free(b.scenarios);
	free(b.outcomes);
	return status;
}

const struct subcommand cmd_run = {
	.name = "run",
	.synopsis = "SCENARIO.yaml...",
	.about = "Runs scenarios: records, cuts power, judges what is left. "
		 "Everything found goes to a directory under results/runs.",
	.options = options,
	.options_size = sizeof(struct run_options),
	.min_args = 1,
	.max_args = -1,
	.examples = examples,
	.run = run,
};
