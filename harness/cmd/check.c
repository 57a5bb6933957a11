/* powercut check: judges the states of a run again, without recording. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cmd/commands.h"
#include "cmd/options.h"
#include "cmd/session.h"
#include "cmd/target.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "results/report/report.h"

struct check_options {
	struct session_options session;
	const char *scenario;
};

static const struct option_spec options[] = {
	{ .name = "scenario", .letter = 's', .argument = "FILE",
	  .help = "Takes the check from this scenario. Default: from the file "
		  "that the run was made from, as it is now.",
	  .type = OPTION_STRING,
	  .offset = offsetof(struct check_options, scenario) },
	SESSION_JOBS_OPTION(struct check_options),
	SESSION_OPTIONS(struct check_options),
	{ 0 }
};

static const char *const examples[] = {
	"powercut check append-log",
	"powercut check append-log/20260102T030405Z-1",
	"powercut check append-log@w12:all-11",
	NULL
};

static enum exit_status status_of(enum verdict v, int as_expected)
{
	if (v == VERDICT_UNKNOWN || v == VERDICT_VACUOUS)
		return EXIT_UNKNOWN;
	return as_expected ? EXIT_EXPECTED : EXIT_UNEXPECTED;
}

static int check_run(const struct command_line *line, struct session *s,
		     const char *dir, const struct scenario *scenario,
		     struct error *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct run_outcome o = { 0 };
	enum exit_status status;
	int err = run_check_again(&s->engine, dir, scenario, &o, e);

	if (!err)
		err = line->json ? report_json(dir, &text, e) :
				   report_text(dir, &text, e);
	if (err) {
		run_outcome_release(&o);
		return command_fail(line, err == -EBUSY ? EXIT_USAGE :
							  EXIT_HARNESS, e);
	}
	printf("%s", buf_text(&text));
	status = o.interrupted ? EXIT_INTERRUPTED :
				 status_of(o.verdict, o.as_expected);
	run_outcome_release(&o);
	return status;
}

static void print_state_json(const char *name, const struct judgement *j)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:s?, s:o, s:s?}", "state",
				   name, "verdict", verdict_name(j->verdict),
				   "stage", stage_name(j->stage), "message",
				   j->message, "oldest_lost_ack_seconds",
				   j->verdict == VERDICT_LOSES ?
					   json_real((double)j->lost_ns / 1e9) :
					   json_null(),
				   "detail", j->detail);

	if (!object)
		return;
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static void print_state(const char *name, const struct judgement *j)
{
	printf("%s: %s", name, verdict_name(j->verdict));
	if (j->message)
		printf(" (%s): %s", stage_name(j->stage), j->message);
	putchar('\n');
	if (j->verdict == VERDICT_LOSES)
		printf("lost within the documented window: the oldest lost "
		       "ack was %.3f s old\n", (double)j->lost_ns / 1e9);
	if (j->detail)
		printf("%s\n", j->detail);
}

static int check_state(const struct command_line *line, struct session *s,
		       const struct target *t, const struct scenario *scenario,
		       struct error *e)
{
	struct judgement j = { 0 };
	enum exit_status status;
	int err = run_check_state(&s->engine, t->dir, t->source, t->state,
				  scenario, &j, e);

	if (err)
		return command_fail(line,
				    err == -ECANCELED ? EXIT_INTERRUPTED :
				    err == -EINVAL    ? EXIT_USAGE :
							EXIT_HARNESS, e);
	if (line->json)
		print_state_json(line->args[0], &j);
	else
		print_state(line->args[0], &j);
	status = status_of(j.verdict, j.verdict != VERDICT_VIOLATED);
	judgement_release(&j);
	return status;
}

/* Without guests nobody needs libvirt. */
static int open_session(const struct check_options *o,
			const struct scenario *scenario, struct session *ret,
			struct error *e)
{
	if (scenario->check.on == CHECK_ON_HOST)
		return session_open_alone(&o->session, ret, e);
	return session_open(&o->session, ret, e);
}

/* Which run and scenario are meant: all that is the user's to get right. */
static int prepare(const struct command_line *line, struct target *t,
		   struct scenario **scenario, struct error *e)
{
	const struct check_options *o = line->options;
	struct session paths;
	int err = session_paths(&o->session, &paths, e);

	if (!err)
		err = target_find(&paths, line->args[0], t, e);
	if (!err)
		err = session_scenario(t->dir, o->scenario, scenario, e);
	session_close(&paths);
	return err;
}

static int check(const struct command_line *line)
{
	const struct check_options *o = line->options;
	struct scenario *scenario = NULL;
	struct target t = { 0 };
	struct session session = { 0 };
	struct error e = { 0 };
	int status;

	if (prepare(line, &t, &scenario, &e))
		status = command_fail(line, EXIT_USAGE, &e);
	else if (open_session(o, scenario, &session, &e))
		status = command_fail(line, EXIT_HARNESS, &e);
	else if (t.state)
		status = check_state(line, &session, &t, scenario, &e);
	else
		status = check_run(line, &session, t.dir, scenario, &e);
	session_close(&session);
	scenario_free(scenario);
	target_release(&t);
	return status;
}

const struct subcommand cmd_check = {
	.name = "check",
	.synopsis = "RUN | RUN@CUT:SURVIVORS",
	.about = "Judges the crash states of a run again, with the check as "
		 "it is now. Nothing is recorded. With a state's name, only "
		 "that state: the way to replay a finding.",
	.options = options,
	.options_size = sizeof(struct check_options),
	.min_args = 1,
	.max_args = 1,
	.examples = examples,
	.run = check,
};
