/* powercut explain --try-fix: whether the missing step is what was missing. */
#include "cmd/explain-fix.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "cmd/explain-cause.h"
#include "cmd/explain-fix-words.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "results/report/report.h"
#include "run/fix.h"

/* What is to disappear, and what may make it. */
struct question {
	char *sentence, *message;
	enum stage stage;
	int mapping; /* it was stored through one */
	struct fixes fixes;
	char *untried; /* what there was to try and why it could not be, or NULL */
};

static void question_release(struct question *q)
{
	free(q->sentence);
	free(q->message);
	free(q->untried);
	fixes_release(&q->fixes);
}

/* The state in the run's store, if it lost something. */
struct looking {
	const struct target *target;
	struct question *q;
	int found;
};

static int look(const struct store_state *st, void *arg)
{
	struct looking *l = arg;
	CLEANUP_FREE char *name = xasprintf("%s:%s", st->cut, st->survivors);

	if (strcmp(st->source, l->target->source) ||
	    strcmp(name, l->target->state) ||
	    (st->verdict != VERDICT_VIOLATED && st->verdict != VERDICT_LOSES))
		return 0;
	l->found = 1;
	l->q->stage = st->stage;
	l->q->message = xstrdup(st->message ? st->message : "");
	return 1;
}

static int find_violation(const struct target *t, struct question *q,
			  struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/results.sqlite", t->dir);
	struct looking l = { .target = t, .q = q };
	struct store *store;
	int err = store_open(path, &store, e);

	if (err)
		return err;
	err = store_bad_states(store, INT64_MAX, look, &l, e);
	store_close(store);
	if (l.found)
		return 0;
	if (err < 0)
		return err;
	return error_set(e, EINVAL, "the run did not find that %s loses anything: there "
			 "is nothing to fix", t->state);
}

/* As the scenario's file names it now, or did when the run was made. */
static void find_variant(const struct target *t, const struct scenario *s,
			 struct question *q)
{
	CLEANUP_FREE char *stored = s->fixed ? NULL :
						store_get_of(t->dir, "fixed");
	const char *path = s->fixed ? s->fixed : stored;
	CLEANUP_FREE char *untried = NULL;
	struct error why = { 0 };

	if (path && *path && access(path, F_OK) < 0)
		untried = xasprintf("the scenario's own fixed variant: %s is "
				    "not there any more; put it back, or run "
				    "the scenario again from where it is now",
				    path);
	else if (path && *path && fix_add_variant(s, path, &q->fixes, &why))
		untried = xasprintf("the scenario's own fixed variant: %s",
				    why.message);
	if (untried)
		q->untried = report_clean(untried);
}

static int find_fixes(struct session *session, const struct target *t,
		      const struct scenario *s, struct question *q,
		      struct error *e)
{
	CLEANUP_FREE char *units = xasprintf(
		"%s/cause.dat", runtime_path(session->lab.runtime));
	struct recorded recorded = { 0 };
	struct explained x = { .stack = NULL };
	int err = find_violation(t, q, e);

	if (!err)
		err = recorded_open(t->dir, t->source, s, units, &recorded, e);
	if (!err)
		err = explained_find(&session->lab.home, t, s, &recorded,
				     t->state, q->message, &x, e);
	if (!err) {
		q->sentence = report_clean(x.cause.sentence);
		q->mapping = x.cause.step == STEP_SYNC_MAPPING;
		fix_candidates(&(struct fix_question){
				       .cause = &x.cause,
				       .scenario = s,
				       .history = recorded.history },
			       &q->fixes);
		find_variant(t, s, q);
		explained_release(&x);
	}
	recorded_release(&recorded);
	unlink(units);
	return err;
}

/* ---- one after the other ---- */

static void tell(const struct command_line *line, const struct fix *f,
		 size_t number, const struct fix_result *r, json_t *list)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	if (line->json) {
		json_array_append_new(list, fix_json(f, r));
		return;
	}
	fix_text(f, number, r, &b);
	fputs(buf_text(&b), stdout);
	fflush(stdout);
}

struct outcome {
	enum exit_status status;
	enum fix_by by; /* EXIT_EXPECTED: what cured it */
};

static int try_all(const struct command_line *line, struct session *session,
		   const struct target *t, const struct scenario *s,
		   const struct question *q, json_t *list,
		   struct outcome *ret, struct error *e)
{
	for (size_t i = 0; i < q->fixes.n; i++) {
		const struct fix *f = &q->fixes.list[i];
		struct fix_result r;
		int err = run_fix(&session->engine, t->dir, s, f, q->stage,
				  q->message, &r, e);

		if (!err)
			tell(line, f, i + 1, &r, list);
		if (r.verdict == FIX_CURED)
			*ret = (struct outcome){ EXIT_EXPECTED, f->by };
		else if (r.verdict == FIX_FAILED || r.verdict == FIX_OTHER)
			ret->status = EXIT_UNEXPECTED;
		fix_result_release(&r);
		if (err || ret->status == EXIT_EXPECTED)
			return err;
	}
	return 0;
}

/* Why no call that was added helped, or NULL. */
static const char *note_of(const struct question *q, const struct outcome *o)
{
	if (!q->mapping || o->status == EXIT_UNKNOWN ||
	    (o->status == EXIT_EXPECTED && o->by == FIX_BY_TRACER))
		return NULL;
	return "stores into a mapping are no calls: from outside they can be "
	       "synced, but not put in order; only the program can do that, with "
	       "msync(MS_SYNC) between them";
}

static void print_object(const struct command_line *line,
			 const struct question *q, const struct outcome *o,
			 json_t *list)
{
	json_t *object = json_pack(
		"{s:s, s:s, s:b, s:O, s:s?, s:s?}", "state", line->args[0],
		"cause", q->sentence, "cured", o->status == EXIT_EXPECTED,
		"fixes", list, "note", note_of(q, o), "untried", q->untried);

	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static void print_begin(const struct command_line *line,
			const struct question *q)
{
	printf("%s\n  cause       %s\n", line->args[0], q->sentence);
	if (!q->fixes.n)
		printf("  no fix      there is no step known that could be "
		       "done for the program from outside%s\n",
		       q->untried ? "" : ", and the scenario names no fixed "
					 "variant");
	fflush(stdout);
}

static void print_end(const struct question *q, const struct outcome *o)
{
	const char *note = note_of(q, o);

	if (note)
		printf("  note        %s\n", note);
	if (q->untried && o->status != EXIT_EXPECTED)
		printf("  not tried   %s\n", q->untried);
}

static int ask_and_try(const struct command_line *line,
		       struct session *session, const struct target *t,
		       const struct scenario *s, struct question *q,
		       struct error *e)
{
	struct outcome o = { .status = EXIT_UNKNOWN };
	json_t *list = json_array();
	int err;

	if (!line->json)
		print_begin(line, q);
	err = try_all(line, session, t, s, q, list, &o, e);
	if (!err && line->json)
		print_object(line, q, &o, list);
	else if (!err)
		print_end(q, &o);
	json_decref(list);
	if (!err)
		return o.status;
	return command_fail(line, err == -ECANCELED ? EXIT_INTERRUPTED :
						      EXIT_HARNESS, e);
}

int explain_fix(const struct command_line *line,
		const struct session_options *o, const struct target *t,
		const struct scenario *s, struct error *e)
{
	struct session session = { 0 };
	struct question q = { .sentence = NULL };
	int err, status;

	if (session_open(o, &session, e))
		return command_fail(line, EXIT_HARNESS, e);
	err = find_fixes(&session, t, s, &q, e);
	if (err)
		status = command_fail(line, err == -EINVAL ? EXIT_USAGE :
							     EXIT_HARNESS, e);
	else
		status = ask_and_try(line, &session, t, s, &q, e);
	question_release(&q);
	session_close(&session);
	return status;
}
