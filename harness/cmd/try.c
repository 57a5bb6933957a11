/* powercut try: two commands, and no scenario. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/batch.h"
#include "cmd/commands.h"
#include "cmd/options.h"
#include "cmd/session.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "suite/rows.h"
#include "try/try.h"

struct try_options {
	struct session_options session;
	const char *write, *check, *setup;
	const char *image, *packages, *fs, *name, *keep;
	uint64_t count, seed, budget;
	int always;
};

static const struct option_spec options[] = {
	{ .name = "write", .letter = 'w', .argument = "CMD",
	  .help = "The shell command that writes, in the mounted file system. "
		  "When it ends with status 0 its data is promised.",
	  .type = OPTION_STRING, .offset = offsetof(struct try_options, write) },
	{ .name = "check", .letter = 'k', .argument = "CMD",
	  .help = "The shell command that looks at what is left: status 0 means "
		  "that all is there.",
	  .type = OPTION_STRING, .offset = offsetof(struct try_options, check) },
	{ .name = "setup", .argument = "CMD",
	  .help = "Prepares the file system; what it leaves is durable.",
	  .type = OPTION_STRING, .offset = offsetof(struct try_options, setup) },
	{ .name = "image", .letter = 'i', .argument = "IMAGE",
	  .help = "Where the commands run: micro (busybox) or debian.",
	  .type = OPTION_STRING, .fallback = "micro",
	  .offset = offsetof(struct try_options, image) },
	{ .name = "packages", .letter = 'p', .argument = "NAME,NAME,...",
	  .help = "Debian packages that the image debian has besides.",
	  .type = OPTION_STRING,
	  .offset = offsetof(struct try_options, packages) },
	{ .name = "fs", .letter = 'f', .argument = "TYPE",
	  .help = "The file system.",
	  .type = OPTION_STRING, .fallback = "ext4",
	  .offset = offsetof(struct try_options, fs) },
	{ .name = "count", .letter = 'n', .argument = "N",
	  .help = "Writes so many times, one after another; PC_ROUND counts.",
	  .type = OPTION_COUNT, .fallback = "1",
	  .offset = offsetof(struct try_options, count) },
	{ .name = "always", .letter = 'a',
	  .help = "The check must pass at every cut, also before the writer has "
		  "ended for the first time.",
	  .type = OPTION_FLAG, .offset = offsetof(struct try_options, always) },
	{ .name = "seed", .letter = 's', .argument = "N",
	  .help = "Decides every random choice.",
	  .type = OPTION_COUNT, .fallback = "1",
	  .offset = offsetof(struct try_options, seed) },
	{ .name = "budget", .letter = 'b', .argument = "N",
	  .help = "At most so many states are judged.",
	  .type = OPTION_COUNT, .fallback = "2000",
	  .offset = offsetof(struct try_options, budget) },
	{ .name = "name", .argument = "NAME",
	  .help = "What the run is called.",
	  .type = OPTION_STRING, .fallback = "try",
	  .offset = offsetof(struct try_options, name) },
	{ .name = "keep", .argument = "DIR",
	  .help = "Also writes what it made, a scenario and scripts, to this new "
		  "folder, to go on with.",
	  .type = OPTION_STRING, .offset = offsetof(struct try_options, keep) },
	SESSION_JOBS_OPTION(struct try_options),
	SESSION_OPTIONS(struct try_options),
	{ 0 }
};

static const char *const examples[] = {
	"powercut try --write 'echo hello >a && sync a' --check 'grep -q hello a'",
	"powercut try --image debian --packages zip,unzip \\\n"
	"    --setup 'seq 100000 >numbers' --write 'zip -q a.zip numbers' \\\n"
	"    --check 'unzip -t a.zip'",
	"powercut try --always --setup 'echo 1 >v; sync' \\\n"
	"    --write 'echo 2 >v.new; mv v.new v' --check 'grep -q . v'",
	NULL
};

static struct trial trial_of(const struct command_line *line)
{
	const struct try_options *o = line->options;

	return (struct trial){ .name = o->name,
			       .image = o->image,
			       .packages = o->packages,
			       .filesystem = o->fs,
			       .setup = o->setup,
			       .write = o->write,
			       .check = o->check,
			       .count = o->count,
			       .always = o->always };
}

static int run_in(const struct command_line *line, const char *folder,
		  struct error *e)
{
	const struct try_options *o = line->options;
	CLEANUP_FREE char *path = xasprintf("%s/scenario.yaml", folder);
	const struct suite_selection all = { .only = NULL };
	struct suite *suite = suite_new(NULL, NULL);
	struct suite_rows rows = { 0 };
	struct scenario *s;
	int status, err = scenario_load(path, &s, e);

	if (!err) {
		s->seed = o->seed;
		s->states.budget = o->budget;
		s->embed = 1;
		suite_add(suite, s);
		err = suite_rows_add(&rows, suite, &all, e);
	}
	if (err) {
		status = command_fail(line, EXIT_USAGE, e);
	} else {
		const struct batch_request q = { .line = line,
						 .session = &o->session,
						 .rows = &rows };

		status = batch_run(&q, e);
	}
	suite_rows_release(&rows);
	suite_free(suite);
	return status;
}

/* The run keeps what is in the folder. */
static int run_trial(const struct command_line *line, const struct trial *t,
		     struct error *e)
{
	const char *tmp = getenv("TMPDIR");
	CLEANUP_FREE char *folder = xasprintf("%s/powercut-try.XXXXXX",
					      tmp && *tmp ? tmp : "/tmp");
	int status;

	if (!mkdtemp(folder)) {
		error_errno(e, errno, "cannot make a folder %s", folder);
		return command_fail(line, EXIT_HARNESS, e);
	}
	if (trial_write(t, folder, e))
		status = command_fail(line, EXIT_HARNESS, e);
	else
		status = run_in(line, folder, e);
	rm_rf(folder, NULL);
	return status;
}

static int keep(const struct trial *t, const char *folder, struct error *e)
{
	if (access(folder, F_OK) == 0)
		return error_set(e, EEXIST, "--keep: %s is there already; "
				 "expected a new folder", folder);
	return trial_write(t, folder, e);
}

static int run(const struct command_line *line)
{
	const struct try_options *o = line->options;
	struct trial t = trial_of(line);
	struct error e = { 0 };

	if (!o->write || !o->check)
		return command_usage(line, "expected --write CMD and --check "
				     "CMD");
	if (!o->count || o->count > 100000)
		return command_usage(line, "--count: expected 1 to 100000");
	if (!o->budget)
		return command_usage(line, "--budget: expected at least 1");
	if (trial_check(&t, &e) || (o->keep && keep(&t, o->keep, &e)))
		return command_fail(line, EXIT_USAGE, &e);
	return run_trial(line, &t, &e);
}

const struct subcommand cmd_try = {
	.name = "try",
	.synopsis = "--write CMD --check CMD",
	.about = "Tries whether a command writes safely: records it, cuts power, "
		 "and lets another command look at what is left. No scenario, no "
		 "C: two lines of shell.",
	.options = options,
	.options_size = sizeof(struct try_options),
	.min_args = 0,
	.max_args = 0,
	.examples = examples,
	.run = run,
};
