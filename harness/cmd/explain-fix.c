/* powercut explain --try-fix: whether the missing step is what was missing. */
#include "cmd/explain-fix.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "cmd/explain-cause.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "results/report/report.h"
#include "run/fix.h"

/* What is to disappear, and what may make it. */
struct question {
	char *sentence, *message;
	enum stage stage;
	struct fix *fixes;
	size_t n;
};

static void question_release(struct question *q)
{
	free(q->sentence);
	free(q->message);
	fixes_free(q->fixes, q->n);
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
		q->n = fix_candidates(&x.cause, &q->fixes);
		explained_release(&x);
	}
	recorded_release(&recorded);
	unlink(units);
	return err;
}

/* ---- as text ---- */

static const char *verdict_words(const struct fix_result *r)
{
	switch (r->verdict) {
	case FIX_CURED:
		return "cured: the violation is gone";
	case FIX_OTHER:
		return "the violation is gone, another one is there";
	case FIX_FAILED:
		return "not cured: the violation is still there";
	case FIX_UNUSED:
		return "nothing was tried: no call of the workload matched";
	default:
		return "not known";
	}
}

static void cost_text(const struct fix_result *r, struct buf *b)
{
	double now = (double)r->run_ns / 1e9,
	       before = (double)r->run_before_ns / 1e9;

	if (!r->run_ns || !r->run_before_ns)
		return;
	buf_printf(b, "    cost      the workload took %.3f s instead of %.3f s "
		   "(%+.0f %%), one recording each\n", now, before,
		   100 * (now - before) / before);
}

static void print_text(const struct fix *f, size_t number,
		       const struct fix_result *r)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	CLEANUP_FREE char *words = report_clean(f->words);
	CLEANUP_FREE char *message = report_clean(r->message);

	buf_printf(&b, "  fix %zu       %s\n", number, words);
	buf_printf(&b, "    result    %s\n", verdict_words(r));
	if (*message)
		buf_printf(&b, "    says      %s\n", message);
	buf_printf(&b, "    added     %" PRIu64 " calls, by powercut's tracer "
		   "(PID 1 of the guest, ptrace) while the program stood "
		   "still\n", r->added);
	cost_text(r, &b);
	if (r->run)
		buf_printf(&b, "    run       %s\n", r->run);
	fputs(buf_text(&b), stdout);
	fflush(stdout);
}

/* ---- as JSON ---- */

static json_t *json_fix(const struct fix *f, const struct fix_result *r)
{
	CLEANUP_FREE char *words = report_clean(f->words);
	CLEANUP_FREE char *message = report_clean(r->message);

	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:s?}", "fix", words,
			 "result", fix_verdict_name(r->verdict), "message",
			 message, "added", (json_int_t)r->added, "record_ns",
			 (json_int_t)r->run_ns, "record_ns_before",
			 (json_int_t)r->run_before_ns, "run", r->run);
}

/* ---- one after the other ---- */

static int try_all(const struct command_line *line, struct session *session,
		   const struct target *t, const struct scenario *s,
		   const struct question *q, json_t *list,
		   enum exit_status *ret, struct error *e)
{
	*ret = EXIT_UNKNOWN;
	for (size_t i = 0; i < q->n; i++) {
		struct fix_result r;
		int err = run_fix(&session->engine, t->dir, s, &q->fixes[i],
				  q->stage, q->message, &r, e);

		if (!err && line->json)
			json_array_append_new(list,
					      json_fix(&q->fixes[i], &r));
		else if (!err)
			print_text(&q->fixes[i], i + 1, &r);
		if (r.verdict == FIX_CURED)
			*ret = EXIT_EXPECTED;
		else if (r.verdict == FIX_FAILED || r.verdict == FIX_OTHER)
			*ret = EXIT_UNEXPECTED;
		fix_result_release(&r);
		if (err || *ret == EXIT_EXPECTED)
			return err;
	}
	return 0;
}

static int ask_and_try(const struct command_line *line,
		       struct session *session, const struct target *t,
		       const struct scenario *s, struct question *q,
		       struct error *e)
{
	enum exit_status status;
	json_t *list = json_array(), *object;
	int err;

	if (!line->json) {
		printf("%s\n  cause       %s\n", line->args[0], q->sentence);
		if (!q->n)
			printf("  no fix      no call that could be added to the "
			       "program from outside would help\n");
		fflush(stdout);
	}
	err = try_all(line, session, t, s, q, list, &status, e);
	object = json_pack("{s:s, s:s, s:b, s:o}", "state", line->args[0],
			   "cause", q->sentence, "cured",
			   status == EXIT_EXPECTED, "fixes", list);
	if (!err && line->json) {
		json_dumpf(object, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(object);
	if (!err)
		return status;
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
