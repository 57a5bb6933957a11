/* powercut bench: what powercut's own parts cost on this machine, today. */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "bench/bench.h"
#include "cmd/commands.h"
#include "cmd/options.h"
#include "cmd/session.h"
#include "common/cleanup.h"
#include "common/error.h"

#define MAX_ROUNDS 100

struct bench_options {
	struct session_options session;
	uint64_t rounds;
	uint64_t states;
	const char *only;
};

static const struct option_spec options[] = {
	{ .name = "rounds", .letter = 'n', .argument = "N",
	  .help = "How often each figure is measured.",
	  .type = OPTION_COUNT, .fallback = "5",
	  .offset = offsetof(struct bench_options, rounds) },
	{ .name = "states", .argument = "N",
	  .help = "At most so many states for a figure in a round.",
	  .type = OPTION_COUNT, .fallback = "10000",
	  .offset = offsetof(struct bench_options, states) },
	{ .name = "only", .letter = 'o', .argument = "NAME[,NAME]",
	  .help = "Only these figures or groups of figures, and those that "
		  "they are compared with.",
	  .type = OPTION_STRING,
	  .offset = offsetof(struct bench_options, only) },
	SESSION_OPTIONS(struct bench_options),
	{ 0 }
};

static const char *const examples[] = { "powercut bench",
					"powercut bench --rounds 9 --json",
					"powercut bench --only judging",
					NULL };

/* Where the figures come from. */
struct machine {
	char *accel; /* owned */
	long cpus;
	double load_before, load_after; /* of the last minute */
};

static double load(void)
{
	double average;

	return getloadavg(&average, 1) == 1 ? average : 0;
}

/* Of the live cuts; 0: not measured. */
static double per_minute(const struct bench_result *r)
{
	const struct bench_figure *f = bench_find(r, "live_cut");
	double seconds = f ? series_median(&f->series) : 0;

	return seconds > 0 ? 60 / seconds : 0;
}

static void print_figure(const struct bench_result *r,
			 const struct bench_figure *f)
{
	const struct bench_row *row = f->row;
	const struct bench_figure *against =
		row->against ? bench_find(r, row->against) : NULL;
	const struct series *s = &f->series;

	if (!s->n) {
		printf("%-36s not measured\n", row->text);
		return;
	}
	printf("%-36s %8.2f %8.2f %8.2f %-4s %4zu", row->text,
	       series_median(s), series_min(s), series_max(s), row->unit,
	       s->n);
	if (against)
		printf("  %.2f x %s", bench_ratio(r, f), against->row->text);
	putchar('\n');
}

static void print_text(const struct bench_result *r, const struct machine *m,
		       unsigned rounds)
{
	printf("%u rounds; %s, %ld CPUs, load %.2f before and %.2f after\n\n",
	       rounds, m->accel, m->cpus, m->load_before, m->load_after);
	printf("%-36s %8s %8s %8s %-4s %4s  %s\n", "", "median", "min", "max",
	       "", "n", "ratio");
	for (size_t i = 0; i < r->n; i++)
		if (r->figures[i].wanted)
			print_figure(r, &r->figures[i]);
	if (per_minute(r) > 0)
		printf("%-36s %8.2f\n", "live cuts per minute",
		       per_minute(r));
}

static json_t *figure_json(const struct bench_result *r,
			   const struct bench_figure *f)
{
	const struct series *s = &f->series;
	json_t *values = json_array();
	json_t *object;

	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(values, json_real(s->values[i]));
	object = json_pack("{s:s, s:f, s:f, s:f, s:o}", "unit", f->row->unit,
			   "median", series_median(s), "min", series_min(s),
			   "max", series_max(s), "values", values);
	if (!f->row->against)
		return object;
	json_object_set_new(object, "against", json_string(f->row->against));
	json_object_set_new(object, "ratio", json_real(bench_ratio(r, f)));
	return object;
}

static void print_json(const struct bench_result *r, const struct machine *m,
		       unsigned rounds)
{
	json_t *figures = json_object();
	json_t *all;

	for (size_t i = 0; i < r->n; i++)
		if (r->figures[i].wanted)
			json_object_set_new(figures, r->figures[i].row->name,
					    figure_json(r, &r->figures[i]));
	all = json_pack("{s:i, s:s, s:I, s:f, s:f, s:o}", "rounds",
			(int)rounds, "accel", m->accel, "cpus",
			(json_int_t)m->cpus, "load_before", m->load_before,
			"load_after", m->load_after, "figures", figures);
	if (per_minute(r) > 0)
		json_object_set_new(all, "live_cuts_per_minute",
				    json_real(per_minute(r)));
	json_dumpf(all, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(all);
}

static int measure(const struct command_line *line, struct session *s,
		   struct bench_result *ret, struct machine *m,
		   struct error *e)
{
	const struct bench_options *o = line->options;
	const struct bench_config c = {
		.lab = &s->lab,
		.progress = s->engine.progress,
		.rounds = (unsigned)o->rounds,
		.states = (size_t)o->states,
		.only = o->only,
		.scratch = s->runs,
	};
	int err;

	m->accel = lab_accel(&s->lab);
	m->cpus = sysconf(_SC_NPROCESSORS_ONLN);
	m->load_before = load();
	err = bench(&c, ret, e);
	m->load_after = load();
	return err;
}

static int run_bench(const struct command_line *line)
{
	const struct bench_options *o = line->options;
	struct bench_result result = { 0 };
	struct machine machine = { 0 };
	struct session session;
	struct error e = { 0 };
	int err;

	if (!o->rounds || o->rounds > MAX_ROUNDS)
		return command_usage(line, "--rounds: expected 1 to %d",
				     MAX_ROUNDS);
	if (!o->states)
		return command_usage(line, "--states: expected 1 or more");
	if (bench_check_only(o->only, &e))
		return command_usage(line, "--only: %s", e.message);
	err = session_open(&o->session, &session, &e);
	if (err)
		return command_fail(line, EXIT_HARNESS, &e);
	err = measure(line, &session, &result, &machine, &e);
	session_close(&session);
	if (err)
		command_fail(line, EXIT_HARNESS, &e);
	else if (line->json)
		print_json(&result, &machine, (unsigned)o->rounds);
	else
		print_text(&result, &machine, (unsigned)o->rounds);
	bench_result_release(&result);
	free(machine.accel);
	if (err)
		return err == -ECANCELED ? EXIT_INTERRUPTED : EXIT_HARNESS;
	return EXIT_EXPECTED;
}

const struct subcommand cmd_bench = {
	.name = "bench",
	.synopsis = "",
	.about = "Measures boot, recording, judging and live cuts on this "
		 "machine, side by side.",
	.options = options,
	.options_size = sizeof(struct bench_options),
	.examples = examples,
	.run = run_bench,
};
