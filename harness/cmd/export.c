/* powercut export: writes a crash state as a disk image. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "cmd/commands.h"
#include "cmd/options.h"
#include "cmd/session.h"
#include "cmd/target.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"

struct export_options {
	struct session_options session;
};

static const struct option_spec options[] = {
	SESSION_RESULTS_OPTION(struct export_options),
	{ 0 }
};

static const char *const examples[] = {
	"powercut export append-log@w12:all-11 /tmp/state.img",
	"powercut export append-log@live-3/end:none /tmp/state.img",
	NULL
};

/* Composed units go to a scratch file beside the image, not into the run. */
static int export_state(const struct target *t, const struct scenario *s,
			const char *path, struct error *e)
{
	CLEANUP_FREE char *units = xasprintf("%s.units.%d", path,
					     (int)getpid());
	CLEANUP_FREE char *tmp = xasprintf("%s.tmp.%d", path, (int)getpid());
	struct recorded recorded = { 0 };
	struct state state = { 0 };
	int err = recorded_open(t->dir, t->source, s, units, &recorded, e);

	if (!err)
		err = space_state(recorded.space, t->state, &state, e);
	if (!err)
		err = state_export(recorded.space, &state, tmp, e);
	if (!err && rename(tmp, path) < 0)
		err = error_errno(e, errno, "cannot write %s", path);
	if (err)
		unlink(tmp);
	unlink(units);
	state_free(&state);
	recorded_release(&recorded);
	return err;
}

static void print_done(const struct command_line *line)
{
	json_t *object;

	if (!line->json) {
		printf("%s: %s\n", line->args[1], line->args[0]);
		return;
	}
	object = json_pack("{s:s, s:s}", "state", line->args[0], "file",
			   line->args[1]);
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static int export(const struct command_line *line)
{
	const struct export_options *o = line->options;
	struct scenario *scenario = NULL;
	struct session paths = { 0 };
	struct target t = { 0 };
	struct error e = { 0 };
	enum exit_status status = EXIT_USAGE;
	int err = session_paths(&o->session, &paths, &e);

	if (!err)
		err = target_find_state(&paths, line->args[0], &t, &e);
	if (!err)
		err = session_scenario(t.dir, NULL, &scenario, &e);
	if (!err) {
		err = export_state(&t, scenario, line->args[1], &e);
		status = err == -EINVAL ? EXIT_USAGE : EXIT_HARNESS;
	}
	if (err)
		status = (enum exit_status)command_fail(line, status, &e);
	else
		status = EXIT_EXPECTED;
	if (!err)
		print_done(line);
	scenario_free(scenario);
	target_release(&t);
	session_close(&paths);
	return status;
}

const struct subcommand cmd_export = {
	.name = "export",
	.synopsis = "RUN@CUT:SURVIVORS FILE.img",
	.about = "Writes a crash state as a sparse disk image. What any "
		 "machine would find on the drive after that power cut.",
	.options = options,
	.options_size = sizeof(struct export_options),
	.min_args = 2,
	.max_args = 2,
	.examples = examples,
	.run = export,
};
