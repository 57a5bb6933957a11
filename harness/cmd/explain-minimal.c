/* powercut explain --minimise: which losses of a state matter. */
#include "cmd/explain-minimal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "cmd/explain-cause.h"
#include "cmd/minimal.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "results/report/report.h"

static void print_minimal(const struct command_line *line,
			  const struct target *t, const struct minimised *m,
			  const struct judgement *shown,
			  const struct explained *x)
{
	CLEANUP_FREE char *name = minimal_name(t->source, m->state);
	CLEANUP_FREE char *message =
		report_clean(shown->message ? shown->message : "");
	CLEANUP_FREE char *check = report_command(t->dir, "check", name);
	CLEANUP_BUF struct buf b = BUF_INIT;

	buf_printf(&b, "%s: %s", line->args[0], verdict_name(shown->verdict));
	if (*message)
		buf_printf(&b, " (%s): %s", stage_name(shown->stage), message);
	buf_puts(&b, "\n");
	minimal_text(m, name, &b);
	explained_text(x, &b);
	if (m->stable)
		buf_printf(&b, "\nreplay it:\n  %s\n", check);
	fputs(buf_text(&b), stdout);
}

static void print_minimal_json(const struct command_line *line,
			       const struct target *t,
			       const struct minimised *m,
			       const struct judgement *shown,
			       const struct explained *x)
{
	CLEANUP_FREE char *name = minimal_name(t->source, m->state);
	CLEANUP_FREE char *message =
		report_clean(shown->message ? shown->message : "");
	CLEANUP_FREE char *check = report_command(t->dir, "check", name);
	json_t *object = json_pack(
		"{s:s, s:s, s:s, s:s, s:I, s:s?}", "state", line->args[0],
		"verdict", verdict_name(shown->verdict), "stage",
		stage_name(shown->stage), "message", message, "lost",
		(json_int_t)m->lost_before, "command",
		m->stable ? check : NULL);

	minimal_json(m, name, object);
	json_object_set_new(object, "cause", explained_json(x));
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

/* err: of the search; it goes before what goes wrong here. */
static int explain_and_print(const struct command_line *line,
			     struct session *session, const struct target *t,
			     const struct scenario *s,
			     const struct minimised *m,
			     const struct judgement *shown, int err,
			     struct error *e)
{
	CLEANUP_FREE char *units = xasprintf(
		"%s/cause.dat", runtime_path(session->lab.runtime));
	struct recorded recorded = { 0 };
	struct explained x = { .stack = NULL };
	int failed = recorded_open(t->dir, t->source, s, units, &recorded,
				   err ? NULL : e);

	if (!failed)
		failed = explained_find(&session->lab.home, t, s, &recorded,
					m->state, shown->message, &x,
					err ? NULL : e);
	if (!failed && line->json)
		print_minimal_json(line, t, m, shown, &x);
	else if (!failed)
		print_minimal(line, t, m, shown, &x);
	explained_release(&x);
	recorded_release(&recorded);
	unlink(units);
	return err ? err : failed;
}

static int minimise_state(const struct command_line *line,
			  struct session *session, uint64_t judgements,
			  const struct target *t, const struct scenario *s,
			  struct error *e)
{
	struct judgement shown = { 0 };
	struct minimised m = { .reproduced = 0 };
	int status, err = run_minimise(&session->engine, t->dir, t->source,
				       t->state, s, judgements, &m, &shown,
				       e);

	if (m.state)
		err = explain_and_print(line, session, t, s, &m, &shown, err,
					e);
	status = err == -ECANCELED ? EXIT_INTERRUPTED :
		 err == -EINVAL	   ? EXIT_USAGE :
		 err		   ? EXIT_HARNESS :
		 m.stable	   ? EXIT_EXPECTED :
				     EXIT_UNKNOWN;
	minimised_release(&m);
	judgement_release(&shown);
	return err ? command_fail(line, (enum exit_status)status, e) : status;
}

int explain_minimal(const struct command_line *line,
		    const struct session_options *o, uint64_t judgements,
		    const struct target *t, const struct scenario *s,
		    struct error *e)
{
	struct session session = { 0 };
	int status;

	if (session_open(o, &session, e))
		return command_fail(line, EXIT_HARNESS, e);
	status = minimise_state(line, &session, judgements, t, s, e);
	session_close(&session);
	return status;
}
