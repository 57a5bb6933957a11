#include "run/steps.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "drive/pack.h"
#include "results/report/report.h"
#include "run/journeys.h"

/* What the first state that could not be judged says, as a reason. */
static int first_unknown(const struct store_state *st, void *arg)
{
	struct run *r = arg;

	r->unknown = xasprintf("some states could not be judged; the first, "
			       "%s:%s: %s", st->cut, st->survivors,
			       st->message ? st->message : "no reason given");
	return 1;
}

/* Sets r->unknown when there is a reason not to believe what was judged. */
static int find_doubt(struct run *r, const struct store_totals *t,
		      struct error *e)
{
	uint64_t judged = t->states_checked + t->states_equal_unread +
			  t->states_equal_recovered;
	int err = 0;

	if (r->interrupted && !r->unknown)
		r->unknown = xstrdup("interrupted before all states were "
				     "judged");
	if (r->stopped && !r->unknown)
		r->unknown = xstrdup(r->stopped);
	if (*r->watch.unsure && !r->unknown)
		r->unknown = xstrdup(r->watch.unsure);
	if (judged < r->planned && !r->unknown)
		r->unknown = xasprintf("only %" PRIu64 " of %" PRIu64 " planned "
				       "states were judged", judged,
				       r->planned);
	if (t->unknown && !t->violated && !r->unknown)
		err = store_bad_states(r->store, 1, first_unknown, r, e);
	return err < 0 ? err : 0;
}

/* Whether a cut fell wherever the scenario requires; *ret_reason where none did,
 * caller frees. */
static int reached_all(const struct run *r, const struct store_totals *t,
		       char **ret_reason)
{
	CLEANUP_BUF struct buf names = BUF_INIT;

	for (int kind = 0; kind < REACH_KINDS; kind++)
		if (r->scenario->require & 1u << kind && !t->reach[kind])
			buf_printf(&names, "%s%s", names.len ? ", " : "",
				   reach_name(kind));
	if (!names.len)
		return 1;
	free(*ret_reason);
	*ret_reason = xasprintf("no cut fell where the scenario requires one: "
				"%s", buf_text(&names));
	return 0;
}

/* Nothing is violated, and nothing is in doubt. */
static enum verdict kept(const struct run *r, const struct store_totals *t,
			 const char **ret_reason)
{
	if (t->loses)
		return VERDICT_LOSES;
	if (r->scenario->expect == EXPECT_LOSES && !*ret_reason)
		*ret_reason = "no state lost anything: the run does not show "
			      "the loss that the scenario documents";
	return VERDICT_HELD;
}

/* A violated state is a proof whatever else went wrong; held needs all. */
static enum verdict verdict_of(struct run *r,
			       const struct store_totals *t,
			       const char **ret_reason)
{
	*ret_reason = r->stopped ? r->stopped : r->caveat;
	if (t->violated)
		return VERDICT_VIOLATED;
	*ret_reason = r->unknown;
	if (r->unknown)
		return VERDICT_UNKNOWN;
	*ret_reason = r->caveat;
	if (r->imported == IMPORTED_NO_FUA)
		return VERDICT_UNKNOWN;
	if (t->interesting_cuts && t->states_checked) {
		if (reached_all(r, t, &r->missed))
			return kept(r, t, ret_reason);
		*ret_reason = r->missed;
		return VERDICT_VACUOUS;
	}
	*ret_reason = t->interesting_cuts ?
			      "no state was judged" :
			      "no cut fell where a write was volatile or a "
			      "promise at stake";
	return VERDICT_VACUOUS;
}

static int write_report(const char *dir, const char *name,
			const struct buf *text, struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", dir, name);

	return file_write(path, buf_text(text), text->len, e);
}

static int write_reports(const char *dir, struct error *e)
{
	CLEANUP_BUF struct buf json = BUF_INIT, junit = BUF_INIT,
			       html = BUF_INIT;
	int err = report_json(dir, &json, e);

	if (!err)
		err = write_report(dir, "report.json", &json, e);
	if (!err)
		err = report_junit(&dir, 1, &junit, e);
	if (!err)
		err = write_report(dir, "junit.xml", &junit, e);
	if (!err)
		err = report_html(dir, &html, e);
	if (!err)
		err = write_report(dir, "report.html", &html, e);
	return err;
}

static int store_equality(struct run *r, struct error *e)
{
	const char *now = r->equality_stopped ? r->equality_stopped :
			  r->scenario->states.equality == EQUAL_BY_CONTENT ?
						"content" :
						"reads";
	int err = store_setf(r->store, e, "equality", "%s%s",
			     r->equality_stopped ? "stopped: " : "", now);

	if (!err)
		err = store_setf(r->store, e, "equality_audited", "%" PRIu64,
				 r->audited);
	return err ? err : store_setf(r->store, e, "equality_mismatches",
				      "%" PRIu64, r->mismatches);
}

int run_is_expected(const struct scenario *s, enum verdict verdict)
{
	switch (s->expect) {
	case EXPECT_HELD:
		return verdict == VERDICT_HELD;
	case EXPECT_VIOLATED:
		return verdict == VERDICT_VIOLATED;
	case EXPECT_LOSES:
		return verdict == VERDICT_LOSES;
	}
	return 0;
}

static int conclude(struct run *r, struct run_outcome *ret, struct error *e)
{
	double seconds = (double)(now_ns() - r->start_ns) / 1e9;
	struct store_totals totals;
	const char *reason;
	int err = store_commit(r->store, e);

	if (!err)
		err = store_find(r->store, e);
	if (!err)
		err = run_store_causes(r, e);
	if (!err)
		err = store_totals(r->store, &totals, e);
	if (!err)
		err = find_doubt(r, &totals, e);
	if (err)
		return err;
	ret->verdict = verdict_of(r, &totals, &reason);
	ret->interrupted = r->interrupted;
	ret->stopped = r->stopped != NULL;
	ret->as_expected = run_is_expected(r->scenario, ret->verdict);
	err = store_equality(r, e);
	if (!err)
		err = store_set(r->store, "verdict",
				verdict_name(ret->verdict), e);
	if (!err && reason)
		err = store_set(r->store, "reason", reason, e);
	if (!err)
		err = store_setf(r->store, e, "distinct", "%" PRIu64,
				 r->distinct);
	if (!err)
		err = store_setf(r->store, e, "seconds", "%.3f", seconds);
	if (!err && r->first_failure_ns)
		err = store_setf(r->store, e, "first_failure_ns", "%" PRIu64,
				 r->first_failure_ns);
	if (!err)
		err = store_set(r->store, "phase",
				r->interrupted ? "interrupted" : "done", e);
	if (!err)
		err = store_commit(r->store, e);
	return err ? err : write_reports(r->dir, e);
}

/* What went wrong stays readable in the store. */
static void store_failure(struct run *r, const struct error *e)
{
	if (!r->store)
		return;
	store_set(r->store, "phase", "failed", NULL);
	store_set(r->store, "verdict", verdict_name(VERDICT_UNKNOWN), NULL);
	store_set(r->store, "reason", e->message, NULL);
	store_commit(r->store, NULL);
	/* Those of an earlier judging must not stay and say something else. */
	write_reports(r->dir, NULL);
}

/* Nobody reads the logs any more, of whatever recording. One that cannot be
 * compressed stays as it is. */
static void pack_logs(const char *dir)
{
	CLEANUP_FREE char *pattern = xasprintf("%s/*/drive.log", dir);
	glob_t found;

	if (glob(pattern, GLOB_NOSORT, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		log_pack(found.gl_pathv[i], NULL);
	globfree(&found);
}

/* Turns what the steps returned into the outcome. */
int run_finish(struct run *r, int err, struct run_outcome *ret,
		  struct error *e)
{
	if (err == -ECANCELED) {
		r->interrupted = 1;
		err = 0;
	}
	if (!err)
		err = conclude(r, ret, e);
	if (err)
		store_failure(r, e);
	else
		pack_logs(r->dir);
	store_close(r->store);
	workload_release(&r->workload);
	free(r->unknown);
	free(r->equality_stopped);
	free(r->missed);
	if (r->lock >= 0)
		close(r->lock);
	return err;
}
