/* powercut lint: what was acknowledged before it was durable. */
#include <errno.h>
#include <inttypes.h>
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
#include "journey/lint.h"
#include "results/report/report.h"
#include "run/journeys.h"

struct lint_options {
	struct session_options session;
};

static const struct option_spec options[] = {
	SESSION_RESULTS_OPTION(struct lint_options),
	{ 0 }
};

static const char *const examples[] = { "powercut lint append-log-unsynced",
					"powercut lint --json sqlite", NULL };

/* ---- as text ---- */

static void text_item(const struct lint_item *item, struct buf *b)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	CLEANUP_FREE char *clean = NULL;

	if (item->operation)
		operation_words(item->operation, &line);
	else
		buf_puts(&line, "what it promised");
	buf_printf(&line, ": %s%s", item->operation &&
				     item->standing.at == NOT_KNOWN ?
					     "not known: " : "",
		   item->where);
	if (*item->missing)
		buf_printf(&line, "; %s", item->missing);
	clean = report_clean(buf_text(&line));
	buf_printf(b, "  %s\n", clean);
}

static void text_lint(const char *name, const struct lint *l, struct buf *b)
{
	const struct journey_mark *last = NULL;

	for (size_t i = 0; i < l->n; i++) {
		const struct lint_item *item = &l->items[i];
		CLEANUP_BUF struct buf head = BUF_INIT;
		CLEANUP_FREE char *clean = NULL;

		if (item->promise.ack != last) {
			promise_words(item->promise.ack, &head);
			clean = report_clean(buf_text(&head));
			buf_printf(b, "%s\n", clean);
		}
		last = item->promise.ack;
		text_item(item, b);
	}
	buf_printf(b, "%s: %zu acks, %zu operations not durable when they were "
		   "acknowledged", name, l->acks, l->found);
	if (l->unknown)
		buf_printf(b, ", %zu not known", l->unknown);
	if (l->unseen)
		buf_printf(b, "; %zu acks were not seen by the tracer",
			   l->unseen);
	if (l->opaque)
		buf_printf(b, "; what %zu calls submitted through io_uring or "
			   "aio could not be followed", l->opaque);
	buf_puts(b, "\n");
}

/* ---- as JSON ---- */

static json_t *json_item(const struct lint_item *item)
{
	const struct operation *o = item->operation;
	CLEANUP_FREE char *promise =
		report_clean(item->promise.ack->mark->text);
	CLEANUP_FREE char *file = report_clean(o && o->path ? o->path : "");
	CLEANUP_FREE char *missing = report_clean(item->missing);
	int layer = o ? (int)item->standing.at : 1;
	json_t *object = json_pack(
		"{s:s, s:I, s:i, s:s, s:s, s:s, s:s}", "promise", promise,
		"promise_mark", (json_int_t)item->promise.ack->mark->number,
		"layer", layer, "layer_name", layer_words((unsigned)layer),
		"file", file, "where", item->where, "missing", missing);

	if (!o)
		return object;
	json_object_set_new(object, "call",
			    json_integer((json_int_t)o->call->number));
	json_object_set_new(object, "operation",
			    json_string(o->call->name ? o->call->name : ""));
	if (o->kind == OPERATION_WRITE || o->kind == OPERATION_STORE) {
		json_object_set_new(object, "offset",
				    json_integer((json_int_t)o->offset));
		json_object_set_new(object, "length",
				    json_integer((json_int_t)o->length));
	}
	return object;
}

static void print_json(const char *name, const struct lint *l,
		       const char *doubt)
{
	json_t *list = json_array();
	json_t *object = json_pack(
		"{s:s, s:I, s:I, s:I, s:I, s:I, s:s?, s:o}", "run", name, "acks",
		(json_int_t)l->acks, "found", (json_int_t)l->found, "unknown",
		(json_int_t)l->unknown, "unseen", (json_int_t)l->unseen,
		"opaque", (json_int_t)l->opaque,
		"doubt", doubt, "operations", list);

	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(list, json_item(&l->items[i]));
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

/* ---- the command ---- */

static int status_of(const struct lint *l)
{
	if (l->found)
		return EXIT_UNEXPECTED;
	return l->unknown || l->unseen || l->opaque || !l->acks ?
		       EXIT_UNKNOWN :
		       EXIT_EXPECTED;
}

static void print(const struct command_line *line, const struct told *t,
		  const struct lint *l)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	if (line->json) {
		print_json(line->args[0], l, t->journey.doubt);
		return;
	}
	text_lint(line->args[0], l, &b);
	if (t->journey.doubt)
		buf_printf(&b, "less is known than could be: %s\n",
			   t->journey.doubt);
	fputs(buf_text(&b), stdout);
}

static int lint_recorded(const struct command_line *line,
			 const struct target *t, const struct scenario *s,
			 const struct recorded *recorded)
{
	struct told told;
	struct lint l;
	int status = EXIT_UNKNOWN;

	told_open(t->dir, "replay", recorded, s, NULL, &told);
	if (told.made) {
		lint_find(&told.journey, &l);
		print(line, &told, &l);
		status = status_of(&l);
		lint_release(&l);
	} else {
		struct error e = { 0 };

		error_set(&e, ENODATA, "%s: %s", line->args[0], told.why);
		command_fail(line, EXIT_UNKNOWN, &e);
	}
	told_release(&told);
	return status;
}

static int lint_run(const struct command_line *line, const struct target *t,
		    const struct scenario *s, struct error *e)
{
	char units[] = "/tmp/powercut-lint-XXXXXX";
	CLEANUP_CLOSE int fd = mkstemp(units);
	struct recorded recorded = { 0 };
	int status;

	if (fd < 0) {
		error_errno(e, errno, "cannot create %s", units);
		return command_fail(line, EXIT_HARNESS, e);
	}
	if (recorded_open(t->dir, "replay", s, units, &recorded, e))
		status = command_fail(line, EXIT_HARNESS, e);
	else
		status = lint_recorded(line, t, s, &recorded);
	recorded_release(&recorded);
	unlink(units);
	return status;
}

static int find(const struct command_line *line, struct target *t,
		struct scenario **ret, struct error *e)
{
	const struct lint_options *o = line->options;
	struct session paths;
	int err = session_paths(&o->session, &paths, e);

	if (err)
		return err;
	err = target_find(&paths, line->args[0], t, e);
	if (!err && t->state)
		err = error_set(e, EINVAL, "lint looks at a whole run, not at "
				"the state %s", line->args[0]);
	if (!err)
		err = session_scenario(t->dir, NULL, ret, e);
	session_close(&paths);
	return err;
}

static int lint(const struct command_line *line)
{
	struct scenario *scenario = NULL;
	struct target t = { 0 };
	struct error e = { 0 };
	int status;

	if (find(line, &t, &scenario, &e))
		status = command_fail(line, EXIT_USAGE, &e);
	else
		status = lint_run(line, &t, scenario, &e);
	scenario_free(scenario);
	target_release(&t);
	return status;
}

const struct subcommand cmd_lint = {
	.name = "lint",
	.synopsis = "RUN",
	.about = "Lists what the workload acknowledged before it was durable, "
		 "by ack, file and call, with the layer it was in and the "
		 "step that was missing. From the recording alone: no state "
		 "is judged.",
	.options = options,
	.options_size = sizeof(struct lint_options),
	.min_args = 1,
	.max_args = 1,
	.examples = examples,
	.run = lint,
};
