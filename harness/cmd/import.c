/* powercut import: a recording of others becomes a run. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cmd/commands.h"
#include "cmd/options.h"
#include "cmd/session.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "run/run.h"

struct import_options {
	struct session_options session;
	const char *scenario, *format, *name, *base, *from;
};

static const struct option_spec options[] = {
	{ .name = "scenario", .letter = 's', .argument = "FILE",
	  .help = "Says how large the disk was, how to mount it and what to "
		  "check. Its workload is not run. Needed.",
	  .type = OPTION_STRING,
	  .offset = offsetof(struct import_options, scenario) },
	{ .name = "format", .letter = 'f',
	  .argument = "auto|dm-log-writes|blklogwrites",
	  .help = "Who made the log. auto: a log without FUA and without marks "
		  "is taken for blklogwrites.",
	  .type = OPTION_STRING, .fallback = "auto",
	  .offset = offsetof(struct import_options, format) },
	{ .name = "name", .letter = 'n', .argument = "NAME",
	  .help = "The run's name. Default: the scenario's.",
	  .type = OPTION_STRING,
	  .offset = offsetof(struct import_options, name) },
	{ .name = "base", .letter = 'b', .argument = "IMAGE",
	  .help = "The disk as it was before the log. Default: zeroes.",
	  .type = OPTION_STRING,
	  .offset = offsetof(struct import_options, base) },
	{ .name = "from", .argument = "MARK",
	  .help = "The mark that ends the setup: what is before it is durable, "
		  "cuts are made behind it. Default: powercut's own mark, "
		  "else the start of the log.",
	  .type = OPTION_STRING,
	  .offset = offsetof(struct import_options, from) },
	SESSION_RESULTS_OPTION(struct import_options),
	{ 0 }
};

static const char *const examples[] = {
	"powercut import --scenario my-log/scenario.yaml /dev/mapper/log",
	"powercut import -s my-log/scenario.yaml --from mkfs-done log.img",
	"powercut import -s my-log/scenario.yaml -f blklogwrites qemu.log",
	NULL
};

static enum import_format format_of(const char *word)
{
	if (!strcmp(word, "dm-log-writes"))
		return IMPORT_DM_LOG_WRITES;
	if (!strcmp(word, "blklogwrites"))
		return IMPORT_BLKLOGWRITES;
	return IMPORT_AUTO;
}

static int take_name(struct scenario *s, const char *name, struct error *e)
{
	if (!name)
		return 0;
	if (!scenario_name_valid(name))
		return error_set(e, EINVAL, "--name '%s': expected letters a-z, "
				 "digits, '.', '_' and '-', a letter or digit "
				 "first", name);
	free(s->name);
	s->name = xstrdup(name);
	return 0;
}

static void print_done(const struct command_line *line, const char *dir)
{
	CLEANUP_FREE char *replay = xasprintf("%s/replay", dir);
	enum imported what = IMPORTED_NOT;
	const char *caveat;
	json_t *object;

	imported_read(replay, &what, NULL);
	caveat = imported_caveat(what);
	if (!line->json) {
		printf("%s\n%s\n", dir, caveat);
		return;
	}
	object = json_pack("{s:s, s:s, s:s}", "run", dir, "format",
			   what == IMPORTED_FUA ? "dm-log-writes" :
						  "blklogwrites",
			   "caveat", caveat);
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static int import_file(const struct command_line *line,
		       const struct session *paths, struct error *e)
{
	const struct import_options *o = line->options;
	struct import import = { .file = line->args[0],
				 .format = format_of(o->format),
				 .base = o->base,
				 .from = o->from };
	CLEANUP_FREE char *dir = NULL;
	struct scenario *s = NULL;
	int err = scenario_load(o->scenario, &s, e);

	if (err)
		return err;
	/* There is no live cut in what others recorded. */
	s->mode = MODE_REPLAY;
	import.disk_size = s->drive.size;
	import.block_size = s->drive.block;
	err = take_name(s, o->name, e);
	if (!err)
		err = run_import(paths->runs, s, &import, &dir, e);
	if (!err)
		print_done(line, dir);
	scenario_free(s);
	return err;
}

static int is_users(int err)
{
	return err == -EINVAL || err == -EBADMSG || err == -ENOENT;
}

static int import(const struct command_line *line)
{
	const struct import_options *o = line->options;
	struct session paths = { 0 };
	struct error e = { 0 };
	int err;

	if (!o->scenario)
		return command_usage(line, "--scenario is missing: it says how "
				     "to mount the disk and what to check");
	err = session_paths(&o->session, &paths, &e);
	if (!err)
		err = import_file(line, &paths, &e);
	session_close(&paths);
	if (err)
		return command_fail(line, is_users(err) ? EXIT_USAGE :
							  EXIT_HARNESS, &e);
	return EXIT_EXPECTED;
}

const struct subcommand cmd_import = {
	.name = "import",
	.synopsis = "FILE",
	.about = "Makes a run of a recording of dm-log-writes or QEMU's "
		 "blklogwrites. It can be judged, exported and explained like "
		 "any other.",
	.options = options,
	.options_size = sizeof(struct import_options),
	.min_args = 1,
	.max_args = 1,
	.examples = examples,
	.run = import,
};
