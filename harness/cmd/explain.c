/* powercut explain: what a crash state lost and why, and why it is legal. */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "cmd/commands.h"
#include "cmd/explain-cause.h"
#include "cmd/explain-fix.h"
#include "cmd/explain-minimal.h"
#include "cmd/options.h"
#include "cmd/session.h"
#include "cmd/target.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "explain/legal.h"

struct explain_options {
	struct session_options session;
	int legal, all, minimise, try_fix;
	uint64_t judgements;
};

static const struct option_spec options[] = {
	{ .name = "legal",
	  .help = "Each volatile write: where it stood, whether it survived, "
		  "and the rule and the flush that decided that it may.",
	  .type = OPTION_FLAG,
	  .offset = offsetof(struct explain_options, legal) },
	{ .name = "all", .letter = 'a',
	  .help = "The durable writes, too, each with what made it durable. "
		  "Includes --legal.",
	  .type = OPTION_FLAG,
	  .offset = offsetof(struct explain_options, all) },
	{ .name = "minimise", .letter = 'm',
	  .help = "Judges smaller states until the smallest one is found that "
		  "shows the same: the fewest lost writes, then the earliest "
		  "cut.",
	  .type = OPTION_FLAG,
	  .offset = offsetof(struct explain_options, minimise) },
	{ .name = "try-fix",
	  .help = "Records the workload again with the missing step done for "
		  "it, or an honest drive, or mount options that flush, or the "
		  "scenario's fixed variant: whether the violation "
		  "disappears, and what that costs.",
	  .type = OPTION_FLAG,
	  .offset = offsetof(struct explain_options, try_fix) },
	{ .name = "judgements", .argument = "N",
	  .help = "--minimise judges at most so many states.",
	  .type = OPTION_COUNT, .fallback = "500",
	  .offset = offsetof(struct explain_options, judgements) },
	SESSION_JOBS_OPTION(struct explain_options),
	SESSION_OPTIONS(struct explain_options),
	{ 0 }
};

static const char *const examples[] = {
	"powercut explain append-log@w12:all-11",
	"powercut explain --legal append-log@w12:all-11",
	"powercut explain --minimise append-log@end:none",
	"powercut explain --try-fix append-log-unsynced@m2:all",
	"powercut explain --all --json append-log@live-3/end:none", NULL
};

static const char *type_name(const struct command *c)
{
	switch (c->type) {
	case LOG_ZEROES:
		return "write-zeroes";
	case LOG_DISCARD:
		return "discard";
	default:
		return "write";
	}
}

/* ---- as text ---- */

static void text_write(const struct history *h, const struct legal_write *w,
		       uint64_t position, struct buf *b)
{
	const struct command *c = &h->commands[w->command];

	buf_printf(b, "\nw%" PRIu64 ": %s%s of %" PRIu64 " bytes at %" PRIu64
		   ", submitted at %" PRIu64, c->number, type_name(c),
		   c->fua ? " with FUA" : "", c->length, c->offset, c->submit);
	if (c->complete > position)
		buf_puts(b, ", in flight\n");
	else
		buf_printf(b, ", completed at %" PRIu64 "\n", c->complete);
	buf_puts(b, "  ");
	if (w->fate)
		legal_survival(w->fate, b);
	else
		buf_puts(b, "durable");
	buf_printf(b, "\n  rule %u: ", w->reason.rule);
	legal_sentence(c, &w->reason, b);
	buf_puts(b, "\n");
}

static void print_text(const char *name, const struct history *h,
		       const struct legal *l, const struct explained *x)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	buf_printf(&b, "%s\n", name);
	explained_text(x, &b);

	if (l->fault)
		buf_printf(&b, "%s: beyond the drive's contract (rule 8)\n"
			   "%s\nwithout that fault the state is legal, as "
			   "follows\n", name, l->fault);
	else
		buf_printf(&b, "%s: legal\n", name);
	buf_printf(&b, "power failed at position %" PRIu64 ": %" PRIu64
		   " volatile writes, %" PRIu64 " of them lost in whole or in "
		   "part; %" PRIu64 " durable\n", l->state.cut.position,
		   l->n_volatile, l->state.lost, l->n_durable);
	for (size_t i = 0; i < l->n; i++)
		text_write(h, &l->writes[i], l->state.cut.position, &b);
	fputs(buf_text(&b), stdout);
}

/* ---- as JSON ---- */

static json_t *json_position(uint64_t position, uint64_t cut)
{
	return position > cut ? json_null() : json_integer((json_int_t)position);
}

static json_t *json_flush(const struct command *f, uint64_t cut)
{
	if (!f)
		return json_null();
	return json_pack("{s:I, s:I, s:o}", "number", (json_int_t)f->number,
			 "submit", (json_int_t)f->submit, "complete",
			 json_position(f->complete, cut));
}

static json_t *json_units(const struct write_fate *f)
{
	static const char *const names[] = {
		[UNIT_SURVIVED] = "survived",
		[UNIT_LOST] = "lost",
		[UNIT_OVERWRITTEN] = "overwritten",
		[UNIT_SETTLED] = "settled",
	};
	json_t *units = f ? json_array() : json_null();

	for (uint32_t i = 0; f && i < f->n_units; i++)
		json_array_append_new(units, json_string(names[f->units[i]]));
	return units;
}

static json_t *json_write(const struct history *h, const struct legal_write *w,
			  uint64_t cut)
{
	const struct command *c = &h->commands[w->command];
	CLEANUP_BUF struct buf why = BUF_INIT;
	CLEANUP_BUF struct buf survival = BUF_INIT;

	legal_sentence(c, &w->reason, &why);
	if (w->fate)
		legal_survival(w->fate, &survival);
	else
		buf_puts(&survival, "durable");
	return json_pack(
		"{s:I, s:s, s:I, s:I, s:I, s:o, s:b, s:s, s:o, s:i, s:s, s:s, "
		"s:o, s:o}",
		"number", (json_int_t)c->number, "type", type_name(c),
		"offset", (json_int_t)c->offset, "length",
		(json_int_t)c->length, "submit", (json_int_t)c->submit,
		"complete", json_position(c->complete, cut), "fua", c->fua,
		"survival", buf_text(&survival), "units", json_units(w->fate),
		"rule", (int)w->reason.rule, "reason",
		legal_why_name(w->reason.why), "why", buf_text(&why), "flush",
		json_flush(w->reason.flush, cut), "missed_flush",
		json_flush(w->reason.missed, cut));
}

static void print_json(const char *name, const struct history *h,
		       const struct legal *l, const struct explained *x,
		       int writes)
{
	json_t *object = json_pack(
		"{s:s, s:b, s:s?, s:s, s:I, s:I, s:I, s:I}", "state", name,
		"legal", !l->fault, "fault", l->fault, "cut",
		l->state.cut.name, "position",
		(json_int_t)l->state.cut.position, "volatile",
		(json_int_t)l->n_volatile, "lost", (json_int_t)l->state.lost,
		"durable", (json_int_t)l->n_durable);
	json_t *list = json_array();

	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(list, json_write(h, &l->writes[i],
						       l->state.cut.position));
	if (writes)
		json_object_set(object, "writes", list);
	json_decref(list);
	json_object_set_new(object, "cause", explained_json(x));
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

/* ---- the command ---- */

static int explain_state(const struct command_line *line,
			 const struct home *home, const struct target *t,
			 const struct scenario *s, struct error *e)
{
	const struct explain_options *o = line->options;
	struct explained x = { .stack = NULL };
	char units[] = "/tmp/powercut-explain-XXXXXX";
	CLEANUP_CLOSE int fd = mkstemp(units);
	struct recorded recorded = { 0 };
	struct legal legal = { .n = 0 };
	int err;

	if (fd < 0)
		return error_errno(e, errno, "cannot create %s", units);
	err = recorded_open(t->dir, t->source, s, units, &recorded, e);
	if (!err)
		err = legal_explain(recorded.space, recorded.history,
				    &s->drive.cache, t->state, o->all, &legal,
				    e);
	if (!err)
		err = explained_find(home, t, s, &recorded, t->state, NULL,
				     &x, e);
	if (!err && !o->legal && !o->all)
		legal.n = 0;
	if (!err && line->json)
		print_json(line->args[0], recorded.history, &legal, &x,
			   o->legal || o->all);
	else if (!err)
		print_text(line->args[0], recorded.history, &legal, &x);
	unlink(units);
	explained_release(&x);
	legal_release(&legal);
	recorded_release(&recorded);
	return err;
}

/* ---- the options ---- */

static int check_options(const struct command_line *line)
{
	const struct explain_options *o = line->options;

	if (o->minimise && (o->legal || o->all))
		return command_usage(line, "--minimise: not together with "
				     "--legal or --all");
	if (o->try_fix && (o->minimise || o->legal || o->all))
		return command_usage(line, "--try-fix: not together with "
				     "--minimise, --legal or --all");
	if (o->judgements < 2)
		return command_usage(line, "--judgements: expected at least 2");
	return 0;
}

static int explain_target(const struct command_line *line,
			  const struct home *home, const struct target *t,
			  const struct scenario *s, struct error *e)
{
	int err = explain_state(line, home, t, s, e);

	if (!err)
		return EXIT_EXPECTED;
	return command_fail(line, err == -EINVAL ? EXIT_USAGE : EXIT_HARNESS,
			    e);
}

static int explain(const struct command_line *line)
{
	const struct explain_options *o = line->options;
	struct scenario *scenario = NULL;
	struct session paths = { 0 };
	struct target t = { 0 };
	struct error e = { 0 };
	int err, status = check_options(line);

	if (status)
		return status;
	err = session_paths(&o->session, &paths, &e);
	if (!err)
		err = target_find_state(&paths, line->args[0], &t, &e);
	if (!err)
		err = session_scenario(t.dir, NULL, &scenario, &e);
	if (err)
		status = command_fail(line, EXIT_USAGE, &e);
	else if (o->try_fix)
		status = explain_fix(line, &o->session, &t, scenario, &e);
	else if (o->minimise)
		status = explain_minimal(line, &o->session, o->judgements, &t,
					 scenario, &e);
	else
		status = explain_target(line, &paths.lab.home, &t, scenario,
					&e);
	scenario_free(scenario);
	target_release(&t);
	session_close(&paths);
	return status;
}

const struct subcommand cmd_explain = {
	.name = "explain",
	.synopsis = "RUN@CUT:SURVIVORS",
	.about = "Says which write a crash state lost, in which of the six "
		 "layers it was, which promise that breaks and which step was "
		 "missing; and why the state is legal: how many writes were "
		 "volatile at the cut, and with --legal the rule of the crash "
		 "model for each. With --minimise, which of its losses "
		 "matter.",
	.options = options,
	.options_size = sizeof(struct explain_options),
	.min_args = 1,
	.max_args = 1,
	.examples = examples,
	.run = explain,
};
