/* A run's summary for a terminal: plain, 80 columns, commands on one line. */
#include "report.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "clean.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "summary.h"

#define VALUE_COLUMN 14

static void label(struct buf *b, const char *name)
{
	buf_printf(b, "  %-*s", VALUE_COLUMN - 2, name);
}

static void line(struct buf *b, const char *name, const char *value)
{
	if (!*value)
		return;
	label(b, name);
	clean_wrap(b, value, VALUE_COLUMN, VALUE_COLUMN);
	buf_puts(b, "\n");
}

/* What is not as expected stands out: in capitals. */
static void headline(struct buf *b, const struct summary *s)
{
	const char *verdict = verdict_name(s->verdict);

	clean_add(b, s->scenario, ONE_LINE);
	buf_puts(b, ": ");
	if (s->as_expected) {
		buf_printf(b, "%s, as expected\n", verdict);
	} else {
		for (const char *p = verdict; *p; p++)
			buf_printf(b, "%c", toupper((unsigned char)*p));
		buf_puts(b, ", expected ");
		clean_add(b, s->expect, ONE_LINE);
		buf_puts(b, "\n");
	}
	if (*s->about) {
		clean_wrap(b, s->about, 0, 0);
		buf_puts(b, "\n");
	}
	buf_puts(b, "\n");
}

static void accel(struct buf *b, const struct summary *s)
{
	CLEANUP_BUF struct buf value = BUF_INIT;

	buf_puts(&value, s->accel);
	if (*s->accel_reason)
		buf_printf(&value, " (%s)", s->accel_reason);
	line(b, "accel", buf_text(&value));
	if (!strncmp(s->checked_on, "host", strlen("host")))
		line(b, "checked on", s->checked_on);
}

/* What was covered without a gap. */
static void coverage(struct buf *b, const struct summary *s)
{
	CLEANUP_BUF struct buf value = BUF_INIT;
	const struct store_totals *t = &s->totals;

	if (!t->cuts)
		return;
	if (t->cuts_complete == t->cuts)
		buf_puts(&value, "every legal state of every cut");
	else
		summary_coverage(s, &value);
	line(b, "covered", buf_text(&value));
}

static void reach(struct buf *b, const struct store_totals *t)
{
	CLEANUP_BUF struct buf value = BUF_INIT;

	if (!t->cuts)
		return;
	buf_printf(&value, "%" PRIu64 " begin-ack, %" PRIu64 " write-flush, %"
		   PRIu64 " journal commit, %" PRIu64 " recovery",
		   t->reach[STORE_REACH_BEGIN_ACK],
		   t->reach[STORE_REACH_WRITE_FLUSH],
		   t->reach[STORE_REACH_JOURNAL],
		   t->reach[STORE_REACH_RECOVERY]);
	line(b, "reach", buf_text(&value));
}

/* Only where there is something to say: it skipped states, or it stopped. */
static void equality(struct buf *b, const struct summary *s)
{
	CLEANUP_BUF struct buf value = BUF_INIT;
	const struct store_totals *t = &s->totals;

	if (summary_equal_reads(s) || s->audited) {
		buf_printf(&value, "%" PRIu64 " equal before the mount, %"
			   PRIu64 " after it; %" PRIu64 " audited, %" PRIu64
			   " not equal", t->states_equal_unread,
			   t->states_equal_recovered, s->audited,
			   s->mismatches);
		line(b, "by reads", buf_text(&value));
	}
	if (!strncmp(s->equality, "stopped", strlen("stopped")))
		line(b, "equality", s->equality);
}

static void counts(struct buf *b, const struct summary *s)
{
	const struct store_totals *t = &s->totals;

	label(b, "cuts");
	clean_count(b, t->cuts);
	buf_puts(b, ", ");
	clean_count(b, t->interesting_cuts);
	buf_puts(b, " with data or promises at stake\n");
	label(b, "states");
	clean_legal(b, t->states_legal_log2);
	buf_puts(b, " legal, ");
	clean_count(b, t->states_enumerated);
	buf_puts(b, t->cuts_more ? " or more enumerated: " : " enumerated: ");
	clean_count(b, t->states_checked);
	buf_puts(b, " checked, ");
	clean_count(b, t->states_equal + summary_equal_reads(s));
	buf_puts(b, " equal");
	if (summary_left_out(s)) {
		buf_puts(b, ", ");
		clean_count(b, summary_left_out(s));
		buf_puts(b, " left out");
	}
	buf_puts(b, "\n");
	equality(b, s);
	coverage(b, s);
	reach(b, t);
	label(b, "verdicts");
	clean_count(b, t->held);
	buf_puts(b, " held, ");
	clean_count(b, t->violated);
	buf_puts(b, " violated, ");
	if (t->loses) {
		clean_count(b, t->loses);
		buf_puts(b, " within the documented loss, ");
	}
	clean_count(b, t->unknown);
	buf_puts(b, " unknown\n");
	line(b, "guests", s->guests);
	label(b, "time");
	clean_seconds(b, s->seconds);
	if (s->first_failure_seconds >= 0) {
		buf_puts(b, ", the first failing state after ");
		clean_seconds(b, s->first_failure_seconds);
	}
	buf_puts(b, "\n");
}

static void cause(struct buf *b, const struct store_cause *c)
{
	CLEANUP_FREE char *promise =
		*c->promise ? xasprintf("\"%s\"", c->promise) : xstrdup("");

	line(b, "cause", c->sentence);
	line(b, "missing", c->missing);
	line(b, "promise", promise);
	line(b, "doubt", c->doubt);
}

static void one_finding(struct buf *b, const struct summary *s,
			const struct finding *f)
{
	CLEANUP_FREE char *head =
		xasprintf("%" PRIu64 ". %s: %s", f->number,
			  stage_name(f->stage), f->message);
	CLEANUP_FREE char *excuse = summary_excuse(s, f);
	CLEANUP_FREE char *where = NULL;

	buf_puts(b, "\n");
	clean_wrap(b, head, 0, 3);
	buf_puts(b, "\n");
	line(b, "lost", excuse ? excuse : "");
	line(b, "lost in", f->layer);
	if (f->explained)
		cause(b, &f->cause);
	label(b, "shown by");
	clean_count(b, f->states);
	buf_printf(b, " %s\n", f->states == 1 ? "state" : "states");
	where = f->lost ? xasprintf("%s (%" PRIu64 " lost %s)", f->state,
				    f->lost, f->lost == 1 ? "write" : "writes") :
			  xasprintf("%s (no write lost)", f->state);
	line(b, "smallest", where);
	buf_printf(b, "  %s\n  %s\n  %s\n", f->replay, f->shell, f->image);
}

void summary_text(const struct summary *s, struct buf *b)
{
	headline(b, s);
	line(b, "why", s->reason);
	line(b, "run", s->name);
	line(b, "seed", s->seed);
	accel(b, s);
	counts(b, s);
	if (s->n_findings)
		buf_printf(b, "\n%zu %s\n", s->n_findings,
			   s->n_findings == 1 ? "finding" : "findings");
	for (size_t i = 0; i < s->n_findings; i++)
		one_finding(b, s, &s->findings[i]);
}

int report_text(const char *run_dir, struct buf *ret, struct error *e)
{
	CLEANUP_SUMMARY struct summary s = SUMMARY_INIT;
	int err = summary_load(run_dir, &s, e);

	if (err == 0)
		summary_text(&s, ret);
	return err;
}
