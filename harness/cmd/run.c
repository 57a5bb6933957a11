/* powercut run: records scenarios, cuts their power, tells what was lost. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/batch.h"
#include "cmd/commands.h"
#include "cmd/generated.h"
#include "cmd/options.h"
#include "cmd/session.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/text.h"
#include "common/quantity.h"
#include "scenario/override.h"
#include "suite/rows.h"

struct run_options {
	struct session_options session;
	uint64_t seed;
	uint64_t budget;
	const char *mode, *kernel, *seeds, *only, *shard, *suite, *sample;
	struct option_list fs;
	int quick, first, alone, list;
	const char *junit;
};

static const struct option_spec options[] = {
	{ .name = "seed", .letter = 's', .argument = "N",
	  .help = "Decides every random choice. Default: the scenario's.",
	  .type = OPTION_COUNT, .offset = offsetof(struct run_options, seed) },
	{ .name = "seeds", .argument = "N,N,...",
	  .help = "Runs each scenario once with each of these seeds.",
	  .type = OPTION_STRING,
	  .offset = offsetof(struct run_options, seeds) },
	{ .name = "fs", .letter = 'f', .argument = "TYPE",
	  .help = "Runs on this file system in place of the scenario's; may be "
		  "given many times, or with commas.",
	  .type = OPTION_LIST, .offset = offsetof(struct run_options, fs) },
	{ .name = "kernel", .argument = "KERNEL",
	  .help = "Boots guests with this kernel: debian-6.1, debian-6.12, one "
		  "of them with -full, or a path. Default: the scenario's.",
	  .type = OPTION_STRING,
	  .offset = offsetof(struct run_options, kernel) },
	{ .name = "mode", .letter = 'm', .argument = "replay|live|both",
	  .help = "How power is cut. Default: the scenario's.",
	  .type = OPTION_STRING, .offset = offsetof(struct run_options, mode) },
	{ .name = "budget", .letter = 'b', .argument = "N",
	  .help = "At most so many states are judged per recording. Default: "
		  "the scenario's.",
	  .type = OPTION_COUNT,
	  .offset = offsetof(struct run_options, budget) },
	{ .name = "first",
	  .help = "A scenario that expects a violation is judged until one is "
		  "found.",
	  .type = OPTION_FLAG, .offset = offsetof(struct run_options, first) },
	{ .name = "quick", .help = "Only the quick subset of suites.",
	  .type = OPTION_FLAG, .offset = offsetof(struct run_options, quick) },
	{ .name = "only", .argument = "PATTERN",
	  .help = "Only scenarios whose name, or FOLDER/NAME, matches, such "
		  "as 'sqlite/*'.",
	  .type = OPTION_STRING, .offset = offsetof(struct run_options, only) },
	{ .name = "suite", .argument = "ace-seq1|ace-seq2|ace-recipes",
	  .help = "Also runs sequences of file system operations: all of one, a "
		  "sample of those of two, or known ones.",
	  .type = OPTION_STRING,
	  .offset = offsetof(struct run_options, suite) },
	{ .name = "sample", .argument = "N",
	  .help = "So many sequences of --suite, drawn by --seed, or all. "
		  "Default: all of ace-seq1, 100 of ace-seq2.",
	  .type = OPTION_STRING,
	  .offset = offsetof(struct run_options, sample) },
	{ .name = "alone",
	  .help = "Each sequence of --suite is recorded by itself, on a file "
		  "system of its own.",
	  .type = OPTION_FLAG, .offset = offsetof(struct run_options, alone) },
	{ .name = "list", .help = "Prints the sequences of --suite and ends.",
	  .type = OPTION_FLAG, .offset = offsetof(struct run_options, list) },
	{ .name = "shard", .argument = "I/N",
	  .help = "Only the I-th of N shares of all there is to run.",
	  .type = OPTION_STRING,
	  .offset = offsetof(struct run_options, shard) },
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
	"powercut run --fs xfs,btrfs workloads/append-log/scenario.yaml",
	"powercut run --json --junit out.xml workloads/*/scenario.yaml",
	"powercut run --suite ace-seq1 --fs btrfs",
	"powercut run --suite ace-recipes --fs btrfs --kernel debian-6.12",
	"powercut run --shard 3/16 --junit out.xml workloads/suite.yaml",
	NULL
};

/* All that was named, before anything is started. */
struct plan {
	const struct command_line *line;
	struct suite **suites;
	size_t n;
	char **types;
	uint64_t *seeds;
	size_t n_seeds;
	uint64_t shard, shards; /* 0: no shares */
	int matrix;
	struct suite_rows rows;
};

static void plan_free(struct plan *p)
{
	suite_rows_release(&p->rows);
	for (size_t i = 0; i < p->n; i++)
		suite_free(p->suites[i]);
	free(p->suites);
	for (char **type = p->types; type && *type; type++)
		free(*type);
	free(p->types);
	free(p->seeds);
}

/* ---- options ---- */

static void add_type(struct plan *p, const char *text, size_t len)
{
	size_t n = text_count(p->types);

	p->types = xrealloc(p->types, (n + 2) * sizeof(char *));
	p->types[n] = xasprintf("%.*s", (int)len, text);
	p->types[n + 1] = NULL;
}

static void split_types(struct plan *p, const struct option_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		for (const char *at = list->items[i];; at++) {
			size_t len = strcspn(at, ",");

			add_type(p, at, len);
			at += len;
			if (!*at)
				break;
		}
}

/* "3/16" */
static int parse_shard(const char *text, uint64_t *ret_i, uint64_t *ret_n)
{
	const char *slash = strchr(text, '/');
	CLEANUP_FREE char *i = slash ? xasprintf("%.*s", (int)(slash - text),
						 text) :
				       NULL;

	if (!slash || parse_count(i, ret_i, NULL) ||
	    parse_count(slash + 1, ret_n, NULL))
		return -EINVAL;
	return *ret_i >= 1 && *ret_i <= *ret_n ? 0 : -EINVAL;
}

static int read_options(struct plan *p, struct error *e)
{
	const struct command_line *line = p->line;
	const struct run_options *o = line->options;

	if (option_given(line, "budget") && !o->budget)
		return error_set(e, EINVAL, "--budget: expected at least 1");
	if (o->seeds && option_given(line, "seed"))
		return error_set(e, EINVAL, "--seed and --seeds: expected one "
				 "of them");
	if (o->shard && parse_shard(o->shard, &p->shard, &p->shards))
		return error_set(e, EINVAL, "--shard: '%s' is no share; "
				 "expected I/N, such as 3/16", o->shard);
	if (!o->suite && (o->sample || o->alone || o->list))
		return error_set(e, EINVAL, "--sample, --alone and --list are "
				 "of --suite");
	if (!o->suite && !line->n_args)
		return error_set(e, EINVAL, "expected a scenario, a suite or "
				 "--suite");
	split_types(p, &o->fs);
	if (!o->seeds)
		return 0;
	if (suite_parse_seeds(o->seeds, &p->seeds, &p->n_seeds, e)) {
		error_prefix(e, "--seeds");
		return -EINVAL;
	}
	return 0;
}

/* ---- files ---- */

static enum run_mode mode_of(const char *name)
{
	return !strcmp(name, "live")   ? MODE_LIVE :
	       !strcmp(name, "replay") ? MODE_REPLAY :
					 MODE_BOTH;
}

static int override(const struct command_line *line, struct scenario *s,
		    struct error *e)
{
	const struct run_options *o = line->options;

	if (option_given(line, "budget"))
		s->states.budget = o->budget;
	if (o->mode)
		s->mode = mode_of(o->mode);
	if (!o->kernel || !scenario_set_kernel(s, o->kernel, e))
		return 0;
	error_prefix(e, "--kernel");
	return -EINVAL;
}

static int load_file(const char *path, struct suite **ret, struct error *e)
{
	struct scenario *s;
	int err;

	if (suite_is(path))
		return suite_load(path, ret, e);
	err = scenario_load(path, &s, e);
	if (err)
		return err;
	*ret = suite_new(NULL, NULL);
	suite_add(*ret, s)->quick = 1;
	return 0;
}

static struct generated_options generated(const struct command_line *line)
{
	const struct run_options *o = line->options;

	return (struct generated_options){
		.suite = o->suite,
		.sample = o->sample,
		.alone = o->alone,
		.list = o->list,
		.seed = option_given(line, "seed") ? o->seed : 1,
	};
}

static int take_suite(struct plan *p, struct suite *s, struct error *e)
{
	int err = 0;

	p->suites[p->n++] = s;
	p->matrix |= s->name != NULL;
	for (size_t i = 0; i < s->n && !err; i++)
		err = override(p->line, s->entries[i].scenario, e);
	return err;
}

static int load_all(struct plan *p, struct error *e)
{
	const struct command_line *line = p->line;
	const struct generated_options g = generated(line);
	struct suite *s;
	int err = 0;

	p->suites = xcalloc((size_t)line->n_args + 1, sizeof(struct suite *));
	for (int i = 0; i < line->n_args && !err; i++) {
		err = load_file(line->args[i], &s, e);
		if (!err)
			err = take_suite(p, s, e);
	}
	if (err || !g.suite)
		return err;
	err = generated_suite(&g, &s, e);
	return err ? err : take_suite(p, s, e);
}

static int print_list(const struct plan *p, struct error *e)
{
	const struct generated_options g = generated(p->line);
	CLEANUP_BUF struct buf text = BUF_INIT;
	int err = generated_list(&g, &text, e);

	if (!err)
		printf("%s", buf_text(&text));
	return err;
}

static int select_rows(struct plan *p, struct error *e)
{
	const struct run_options *o = p->line->options;
	int one_seed = option_given(p->line, "seed");
	const struct suite_selection q = {
		.filesystems = p->types,
		.seeds = one_seed ? &o->seed : p->seeds,
		.n_seeds = one_seed ? 1 : p->n_seeds,
		.only = o->only,
		.quick = o->quick,
	};
	int err = 0;

	p->matrix |= p->types || p->seeds;
	for (size_t i = 0; i < p->n && !err; i++)
		err = suite_rows_add(&p->rows, p->suites[i], &q, e);
	if (err)
		return err;
	if (!p->rows.n)
		return error_set(e, EINVAL, "nothing is left to run; expected "
				 "--only, --fs and --quick to leave something");
	if (p->shards > p->rows.n)
		return error_set(e, EINVAL, "--shard %s: there are only %zu "
				 "shares to be had; expected at most %zu",
				 o->shard, p->rows.n, p->rows.n);
	if (p->shards)
		suite_rows_shard(&p->rows, p->shard, p->shards);
	return 0;
}

static void print_notes(const struct plan *p)
{
	for (size_t i = 0; i < p->rows.n; i++) {
		const struct suite_row *row = p->rows.list[i];

		if (row->note)
			fprintf(stderr, "powercut: %s on %s: %s\n",
				row->scenario.name,
				row->scenario.filesystem.type, row->note);
	}
}

static int run(const struct command_line *line)
{
	const struct run_options *o = line->options;
	struct plan p = { .line = line };
	struct error e = { 0 };
	int status;

	if (read_options(&p, &e) || (o->list && print_list(&p, &e)) ||
	    (!o->list && (load_all(&p, &e) || select_rows(&p, &e)))) {
		status = command_fail(line, EXIT_USAGE, &e);
	} else if (o->list) {
		status = EXIT_EXPECTED;
	} else {
		const struct batch_request q = { .line = line,
						 .session = &o->session,
						 .rows = &p.rows,
						 .matrix = p.matrix,
						 .first = o->first,
						 .junit = o->junit };

		if (!o->session.quiet)
			print_notes(&p);
		status = batch_run(&q, &e);
	}
	plan_free(&p);
	return status;
}

const struct subcommand cmd_run = {
	.name = "run",
	.synopsis = "[SCENARIO.yaml | SUITE.yaml]...",
	.about = "Runs scenarios, or suites of them: records, cuts power, judges "
		 "what is left. Everything found goes to a directory under "
		 "results/runs.",
	.options = options,
	.options_size = sizeof(struct run_options),
	.min_args = 0,
	.max_args = -1,
	.examples = examples,
	.run = run,
};
