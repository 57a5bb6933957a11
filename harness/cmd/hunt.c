/* powercut hunt: new seeds, cuts and drives until a state is violated. */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/commands.h"
#include "cmd/hunted.h"
#include "cmd/options.h"
#include "cmd/session.h"
#include "common/error.h"

struct hunt_options {
	struct session_options session;
	uint64_t time_ns, rounds, seed, budget, judgements;
	int keep;
};

static const struct option_spec options[] = {
	{ .name = "for", .letter = 't', .argument = "DURATION",
	  .help = "Ends after that long, such as 10min or 8h. Default: when "
		  "something is found, or with Ctrl-C.",
	  .type = OPTION_DURATION,
	  .offset = offsetof(struct hunt_options, time_ns) },
	{ .name = "rounds", .letter = 'n', .argument = "N",
	  .help = "Ends after so many rounds.",
	  .type = OPTION_COUNT,
	  .offset = offsetof(struct hunt_options, rounds) },
	{ .name = "seed", .letter = 's', .argument = "N",
	  .help = "The seed of the first round; each further round takes the "
		  "next number. Default: the scenario's.",
	  .type = OPTION_COUNT, .offset = offsetof(struct hunt_options, seed) },
	{ .name = "budget", .letter = 'b', .argument = "N",
	  .help = "A round judges at most so many states per recording, and "
		  "no more than the scenario says.",
	  .type = OPTION_COUNT, .fallback = "1000",
	  .offset = offsetof(struct hunt_options, budget) },
	{ .name = "judgements", .argument = "N",
	  .help = "Minimising judges at most so many states. 0: the state is "
		  "left as it was found.",
	  .type = OPTION_COUNT, .fallback = "500",
	  .offset = offsetof(struct hunt_options, judgements) },
	{ .name = "keep", .letter = 'k',
	  .help = "Keeps the runs of rounds that found nothing, too.",
	  .type = OPTION_FLAG, .offset = offsetof(struct hunt_options, keep) },
	SESSION_JOBS_OPTION(struct hunt_options),
	SESSION_OPTIONS(struct hunt_options),
	{ 0 }
};

static const char *const examples[] = {
	"powercut hunt --for 10min workloads/hunt/pages.yaml",
	"powercut hunt --rounds 50 --seed 1000 ../my-case/scenario.yaml",
	"powercut hunt --json --for 8h workloads/sqlite/wal.yaml", NULL
};

/* A loss outranks a failure, a failure outranks doubt. */
static enum exit_status status_of(const struct hunt_result *r)
{
	if (r->interrupted)
		return EXIT_INTERRUPTED;
	if (r->verdict == VERDICT_HELD || r->verdict == VERDICT_VIOLATED ||
	    r->verdict == VERDICT_LOSES)
		return r->as_expected ? EXIT_EXPECTED : EXIT_UNEXPECTED;
	return r->rounds.failed ? EXIT_HARNESS : EXIT_UNKNOWN;
}

static int hunt_scenario(const struct command_line *line,
			 const struct scenario *s, struct error *e)
{
	const struct hunt_options *o = line->options;
	struct hunt_request request = {
		.scenario = s,
		.seed = option_given(line, "seed") ? o->seed : s->seed,
		.rounds = o->rounds,
		.time_ns = o->time_ns,
		.budget = o->budget,
		.judgements = o->judgements,
		.keep = o->keep,
	};
	struct hunt_result result = { .verdict = VERDICT_UNKNOWN };
	struct session session = { 0 };
	enum exit_status status;

	if (session_open(&o->session, &session, e))
		return command_fail(line, EXIT_HARNESS, e);
	hunt(&session.engine, &request, &result);
	session_close(&session);
	if (line->json)
		hunted_json(s, &result);
	else
		hunted_text(s, line->args[0], &result);
	status = status_of(&result);
	hunt_result_release(&result);
	return status;
}

static int check_options(const struct command_line *line)
{
	const struct hunt_options *o = line->options;

	if (option_given(line, "for") && !o->time_ns)
		return command_usage(line, "--for: expected more than 0s");
	if (option_given(line, "rounds") && !o->rounds)
		return command_usage(line, "--rounds: expected at least 1");
	if (!o->budget)
		return command_usage(line, "--budget: expected at least 1");
	if (o->judgements == 1)
		return command_usage(line, "--judgements: expected 0, or at "
				     "least 2");
	return 0;
}

static int run(const struct command_line *line)
{
	struct scenario *s = NULL;
	struct error e = { 0 };
	int status = check_options(line);

	if (status)
		return status;
	if (scenario_load(line->args[0], &s, &e))
		return command_fail(line, EXIT_USAGE, &e);
	status = hunt_scenario(line, s, &e);
	scenario_free(s);
	return status;
}

const struct subcommand cmd_hunt = {
	.name = "hunt",
	.synopsis = "SCENARIO.yaml",
	.about = "Looks for a loss: runs a scenario round after round, each "
		 "with another seed, other cuts and another drive within its "
		 "contract, until a state is violated. Then finds the smallest "
		 "state that shows the same, and says the command that "
		 "replays it.",
	.options = options,
	.options_size = sizeof(struct hunt_options),
	.min_args = 1,
	.max_args = 1,
	.examples = examples,
	.run = run,
};
