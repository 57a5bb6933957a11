/* powercut export: a crash state as a disk image, or a whole recording in the
 * format of dm-log-writes. */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "cmd/commands.h"
#include "cmd/export-calls.h"
#include "cmd/options.h"
#include "cmd/session.h"
#include "cmd/target.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "drive/model.h"
#include "interchange/interchange.h"
#include "record/load.h"

struct export_options {
	struct session_options session;
	const char *dm_log_writes, *prefixes;
	int calls;
};

static const struct option_spec options[] = {
	{ .name = "dm-log-writes", .argument = "FILE",
	  .help = "Writes the whole recording of RUN in the format of Linux's "
		  "dm-log-writes, for replay-log and tools like it.",
	  .type = OPTION_STRING,
	  .offset = offsetof(struct export_options, dm_log_writes) },
	{ .name = "prefixes", .argument = "FILE",
	  .help = "With --dm-log-writes: which states the log goes through. "
		  "Lines of N and CUT: the first N entries are CUT:none.",
	  .type = OPTION_STRING,
	  .offset = offsetof(struct export_options, prefixes) },
	{ .name = "calls",
	  .help = "Prints the system calls that the workload made on the test "
		  "file system while RUN was recorded, and its marks, in their "
		  "order.",
	  .type = OPTION_FLAG,
	  .offset = offsetof(struct export_options, calls) },
	SESSION_RESULTS_OPTION(struct export_options),
	{ 0 }
};

static const char *const examples[] = {
	"powercut export append-log@w12:all-11 /tmp/state.img",
	"powercut export append-log@live-3/end:none /tmp/state.img",
	"powercut export --dm-log-writes /tmp/log.img append-log",
	"powercut export --calls append-log",
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

static void print_object(json_t *object)
{
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static void print_state(const struct command_line *line)
{
	if (line->json)
		print_object(json_pack("{s:s, s:s}", "state", line->args[0],
				       "file", line->args[1]));
	else
		printf("%s: %s\n", line->args[1], line->args[0]);
}

/* ---- a whole recording ---- */

static int write_prefixes(const struct exported *x, const char *path,
			  struct error *e)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	for (size_t i = 0; i < x->n_prefixes; i++)
		buf_printf(&b, "%" PRIu64 " p%" PRIu64 "\n",
			   x->prefixes[i].entries, x->prefixes[i].position);
	return file_write(path, buf_text(&b), b.len, e);
}

/* Whether p:none is what the kernel would take for durable. */
static int has_prefixes(const struct cache_model *m)
{
	return model_is_volatile(m) && m->capacity == UINT64_MAX &&
	       m->destage_ns == UINT64_MAX && !m->flush_ignored &&
	       !m->fua_ignored;
}

static int write_log(const struct history *h, uint32_t tear, const char *path,
		     struct exported *ret, struct error *e)
{
	CLEANUP_FREE char *tmp = xasprintf("%s.tmp.%d", path, (int)getpid());
	int err = interchange_export(h, tear, tmp, ret, e);

	if (!err && rename(tmp, path) < 0) {
		err = error_errno(e, errno, "cannot write %s", path);
		exported_release(ret);
	}
	if (err)
		unlink(tmp);
	return err;
}

static void print_log(const struct command_line *line, const char *path,
		      const struct exported *x)
{
	if (line->json) {
		print_object(json_pack(
			"{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			"run", line->args[0], "file", path, "entries",
			(json_int_t)x->entries, "writes",
			(json_int_t)x->writes, "fua_writes",
			(json_int_t)x->fua, "write_zeroes",
			(json_int_t)x->zeroes, "discards",
			(json_int_t)x->discards, "flushes",
			(json_int_t)x->flushes, "marks",
			(json_int_t)x->marks, "in_flight",
			(json_int_t)x->in_flight));
		return;
	}
	printf("%s: %" PRIu64 " entries: %" PRIu64 " writes (%" PRIu64
	       " with FUA, %" PRIu64 " of zeroes), %" PRIu64 " discards, %"
	       PRIu64 " flushes, %" PRIu64 " marks\n", path, x->entries,
	       x->writes, x->fua, x->zeroes, x->discards, x->flushes,
	       x->marks);
	if (x->in_flight)
		printf("%" PRIu64 " writes were in flight at the end: the "
		       "format has no place for them\n", x->in_flight);
}

static int export_log(const struct command_line *line, const struct target *t,
		      const struct scenario *s, struct error *e)
{
	const struct export_options *o = line->options;
	CLEANUP_FREE char *folder = xasprintf("%s/replay", t->dir);
	CLEANUP_FREE char *scratch = xasprintf("%s.log.%d", o->dm_log_writes,
					       (int)getpid());
	CLEANUP_FREE char *log = NULL;
	struct history *h = NULL;
	struct exported x;
	int err;

	if (o->prefixes && !has_prefixes(&s->drive.cache))
		return error_set(e, EINVAL, "--prefixes: the states of this "
				 "drive's cache are not those of the log");
	err = record_log(folder, scratch, &log, e);
	if (!err)
		err = record_history(folder, log, &h, e);
	if (!err)
		err = write_log(h, s->drive.cache.tear, o->dm_log_writes, &x,
				e);
	unlink(scratch);
	history_free(h);
	if (err)
		return err;
	if (o->prefixes)
		err = write_prefixes(&x, o->prefixes, e);
	if (!err)
		print_log(line, o->dm_log_writes, &x);
	exported_release(&x);
	return err;
}

/* ---- the command ---- */

/* Of a whole run, not of one of its states. */
static int is_whole(const struct export_options *o)
{
	return o->dm_log_writes || o->calls;
}

static int print_calls(const struct command_line *line, const struct target *t,
		       struct error *e)
{
	CLEANUP_FREE char *folder = xasprintf("%s/replay", t->dir);

	return export_calls(folder, line->json, e);
}

static int find_target(const struct command_line *line,
		       const struct session *paths, struct target *t,
		       struct error *e)
{
	const struct export_options *o = line->options;

	if (!is_whole(o))
		return target_find_state(paths, line->args[0], t, e);
	if (strchr(line->args[0], '@'))
		return error_set(e, EINVAL, "--%s exports a whole run, not the "
				 "state %s",
				 o->calls ? "calls" : "dm-log-writes",
				 line->args[0]);
	return target_find(paths, line->args[0], t, e);
}

static int export_target(const struct command_line *line,
			 const struct target *t, struct error *e)
{
	const struct export_options *o = line->options;
	struct scenario *scenario = NULL;
	int err = session_scenario(t->dir, NULL, &scenario, e);

	if (err)
		return -EINVAL;
	if (o->calls)
		err = print_calls(line, t, e);
	else if (o->dm_log_writes)
		err = export_log(line, t, scenario, e);
	else
		err = export_state(t, scenario, line->args[1], e);
	if (!err && !is_whole(o))
		print_state(line);
	scenario_free(scenario);
	return err;
}

static int export(const struct command_line *line)
{
	const struct export_options *o = line->options;
	struct session paths = { 0 };
	struct target t = { 0 };
	struct error e = { 0 };
	enum exit_status status = EXIT_USAGE;
	int err;

	if (line->n_args != (is_whole(o) ? 1 : 2) ||
	    (o->dm_log_writes && o->calls))
		return command_usage(line, "expected RUN@CUT:SURVIVORS "
				     "FILE.img, or --dm-log-writes FILE RUN, "
				     "or --calls RUN");
	if (o->prefixes && !o->dm_log_writes)
		return command_usage(line, "--prefixes goes with "
				     "--dm-log-writes");
	err = session_paths(&o->session, &paths, &e);
	if (!err)
		err = find_target(line, &paths, &t, &e);
	if (!err) {
		err = export_target(line, &t, &e);
		status = err == -EINVAL ? EXIT_USAGE : EXIT_HARNESS;
	}
	if (err)
		command_fail(line, status, &e);
	target_release(&t);
	session_close(&paths);
	return err ? (int)status : (int)EXIT_EXPECTED;
}

const struct subcommand cmd_export = {
	.name = "export",
	.synopsis = "RUN@CUT:SURVIVORS FILE.img | --dm-log-writes FILE RUN | "
		    "--calls RUN",
	.about = "Writes a crash state as a sparse disk image. What any "
		 "machine would find on the drive after that power cut. Or "
		 "the whole recording as a log of dm-log-writes, or as the "
		 "system calls that made it.",
	.options = options,
	.options_size = sizeof(struct export_options),
	.min_args = 1,
	.max_args = 2,
	.examples = examples,
	.run = export,
};
