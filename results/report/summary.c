/*
 * A run in a few words.
 *
 * The verdict is the one that was stored, unless the rows say otherwise: a
 * report never says more than what was seen. "held" needs a run that came to
 * its end, states that were checked, and all of them held; a stored violation
 * stands even if the run was stopped after it was found.
 */
#include "summary.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clean.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "report.h"

static char *fact(struct store *s, const char *key)
{
	char *value = store_get(s, key);

	return value ? value : xstrdup("");
}

#define USUAL_PLACE "/results/runs"

/*
 * NAME/UTC-SEED of a run in the usual place, which is where powercut looks for
 * such names; the whole path of one elsewhere.
 */
static char *short_name(const char *dir)
{
	size_t usual = strlen(USUAL_PLACE);
	int slashes = 0;

	for (const char *p = dir + strlen(dir); p > dir; p--) {
		if (p[-1] != '/' || ++slashes < 2)
			continue;
		if ((size_t)(p - 1 - dir) >= usual &&
		    !strncmp(p - 1 - usual, USUAL_PLACE, usual))
			return xstrdup(p);
		break;
	}
	return xstrdup(dir);
}

static char *command(const char *name, const char *verb, const char *state,
		     uint64_t number)
{
	CLEANUP_FREE char *target = xasprintf("%s@%s", name, state);
	struct buf b = BUF_INIT;

	buf_printf(&b, "powercut %s ", verb);
	clean_shell(&b, target);
	if (!strcmp(verb, "export"))
		buf_printf(&b, " finding-%" PRIu64 ".img", number);
	return buf_take(&b);
}

char *summary_command(const struct summary *s, const char *verb,
		      const char *state, uint64_t number)
{
	return command(s->name, verb, state, number);
}

char *report_name(const char *run_dir)
{
	CLEANUP_FREE char *dir = realpath(run_dir, NULL);

	return short_name(dir ? dir : run_dir);
}

char *report_command(const char *run_dir, const char *verb, const char *state)
{
	CLEANUP_FREE char *name = report_name(run_dir);

	return command(name, verb, state, 1);
}

/* The texts of a cause, all of them. */
#define CAUSE_TEXTS 10
static void cause_texts(struct store_cause *c, const char **ret[CAUSE_TEXTS])
{
	const char **const texts[CAUSE_TEXTS] = {
		&c->source,  &c->state,	  &c->sentence,
		&c->missing, &c->file,	  &c->operation,
		&c->program, &c->promise, &c->stack, &c->doubt,
	};

	memcpy(ret, texts, sizeof(texts));
}

static void cause_copy(struct store_cause *to, const struct store_cause *from)
{
	const char **texts[CAUSE_TEXTS];

	*to = *from;
	cause_texts(to, texts);
	for (int i = 0; i < CAUSE_TEXTS; i++)
		*texts[i] = xstrdup(*texts[i]);
}

static void cause_release(struct store_cause *c)
{
	const char **texts[CAUSE_TEXTS];

	cause_texts(c, texts);
	for (int i = 0; i < CAUSE_TEXTS; i++)
		free((char *)*texts[i]);
}

static int add_finding(const struct store_finding *f, void *arg)
{
	struct summary *s = arg;
	struct finding *new;

	s->findings = xrealloc(s->findings,
			       (s->n_findings + 1) * sizeof(*s->findings));
	new = &s->findings[s->n_findings++];
	*new = (struct finding){
		.number = f->number,
		.verdict = f->verdict,
		.lost_ns = f->lost_ns,
		.stage = f->stage,
		.message = xstrdup(f->message),
		.pattern = xstrdup(f->pattern),
		.state = xstrdup(f->state),
		.layer = xstrdup(f->layer),
		.detail = xstrdup(f->detail),
		.fault = xstrdup(f->fault),
		.states = f->states,
		.lost = f->lost,
		.replay = summary_command(s, "check", f->state, f->number),
		.shell = summary_command(s, "shell", f->state, f->number),
		.image = summary_command(s, "export", f->state, f->number),
	};
	if (f->cause) {
		new->explained = true;
		cause_copy(&new->cause, f->cause);
	}
	return 0;
}

static void unknown(struct summary *s, const char *why)
{
	s->verdict = VERDICT_UNKNOWN;
	if (*s->reason)
		return;
	free(s->reason);
	s->reason = xstrdup(why);
}

static void judge_held(struct summary *s)
{
	CLEANUP_FREE char *why = NULL;

	if (strcmp(s->phase, "done")) {
		why = xasprintf("the run did not come to its end (phase: %s)",
				*s->phase ? s->phase : "none");
		unknown(s, why);
	} else if (s->totals.unknown) {
		why = xasprintf("%" PRIu64 " states could not be judged",
				s->totals.unknown);
		unknown(s, why);
	} else if (!s->totals.states_checked) {
		unknown(s, "no state was checked");
	}
}

static void judge(struct summary *s)
{
	CLEANUP_FREE char *stored = fact(s->store, "verdict");

	if (!strcmp(stored, "violated") || s->totals.violated) {
		s->verdict = VERDICT_VIOLATED;
	} else if (!strcmp(stored, "vacuous")) {
		s->verdict = VERDICT_VACUOUS;
		if (!*s->reason) {
			free(s->reason);
			s->reason = xstrdup("no cut fell where data or a "
					    "promise was at stake");
		}
	} else if (!strcmp(stored, "held") || !strcmp(stored, "loses")) {
		s->verdict = s->totals.loses ? VERDICT_LOSES : VERDICT_HELD;
		judge_held(s);
	} else {
		judge_held(s);
		unknown(s, *stored ? "the run gives no reason" :
				      "the run has no verdict");
	}
	s->as_expected = !strcmp(verdict_name(s->verdict), s->expect);
}

static double seconds(struct store *s)
{
	CLEANUP_FREE char *text = store_get(s, "seconds");
	char *end = NULL;
	double n = text ? strtod(text, &end) : -1;

	return !text || end == text || *end || !(n >= 0 && n < 1e9) ? -1 : n;
}

static uint64_t count_fact(struct store *s, const char *key)
{
	CLEANUP_FREE char *text = store_get(s, key);

	return text ? strtoull(text, NULL, 10) : 0;
}

static double first_failure(struct store *s)
{
	CLEANUP_FREE char *text = store_get(s, "first_failure_ns");

	return text ? (double)strtoull(text, NULL, 10) / 1e9 : -1;
}

static void load_guests(struct summary *s)
{
	s->canaries = count_fact(s->store, "canaries");
	s->guests_recycled = count_fact(s->store, "guests_recycled");
	s->guests_drifted = count_fact(s->store, "guests_drifted");
	s->states_again = count_fact(s->store, "states_again");
	if (!s->guests_recycled) {
		s->guests = xstrdup("");
		return;
	}
	s->guests = xasprintf("%" PRIu64 " replaced, %" PRIu64 " of them since "
			      "a canary told that it had gone bad; %" PRIu64
			      " states judged again", s->guests_recycled,
			      s->guests_drifted, s->states_again);
}

static void load_facts(struct summary *s)
{
	s->distinct = count_fact(s->store, "distinct");
	load_guests(s);
	s->equality = fact(s->store, "equality");
	s->audited = count_fact(s->store, "equality_audited");
	s->mismatches = count_fact(s->store, "equality_mismatches");
	s->scenario = fact(s->store, "scenario");
	s->about = fact(s->store, "about");
	s->expect = fact(s->store, "expect");
	s->accel = fact(s->store, "accel");
	s->checked_on = fact(s->store, "checked_on");
	s->accel_reason = fact(s->store, "accel_reason");
	s->seed = fact(s->store, "seed");
	s->started = fact(s->store, "started");
	s->phase = fact(s->store, "phase");
	s->kernel = fact(s->store, "kernel");
	s->qemu = fact(s->store, "qemu");
	s->libvirt = fact(s->store, "libvirt");
	s->host = fact(s->store, "host");
	s->path = fact(s->store, "path");
	s->reason = fact(s->store, "reason");
	s->seconds = seconds(s->store);
	s->filesystem = fact(s->store, "filesystem");
	s->first_failure_seconds = first_failure(s->store);
	s->window_ns = count_fact(s->store, "window_ns");
	if (!*s->expect) {
		free(s->expect);
		s->expect = xstrdup("held");
	}
	if (!*s->scenario) {
		free(s->scenario);
		s->scenario = xstrdup("(no name)");
	}
}

int summary_load(const char *run_dir, struct summary *ret, struct error *e)
{
	CLEANUP_SUMMARY struct summary s = SUMMARY_INIT;
	CLEANUP_FREE char *path = NULL;
	int err;

	s.dir = realpath(run_dir, NULL);
	if (!s.dir) {
		err = error_errno(e, errno, "cannot find the run %s", run_dir);
		error_hint(e, "powercut list shows the runs that there are");
		return err;
	}
	s.name = short_name(s.dir);
	path = xasprintf("%s/results.sqlite", s.dir);
	err = store_open(path, &s.store, e);
	if (err == 0)
		err = store_snapshot(s.store, e);
	if (err == 0)
		err = store_totals(s.store, &s.totals, e);
	if (err == 0)
		err = store_legal(s.store, &s.legal, e);
	if (err == 0)
		err = store_findings(s.store, add_finding, &s, e);
	if (err < 0)
		return err;
	load_facts(&s);
	judge(&s);
	*ret = s;
	s = (struct summary)SUMMARY_INIT;
	return 0;
}

static void finding_release(struct finding *f)
{
	free(f->message);
	free(f->pattern);
	free(f->state);
	free(f->layer);
	free(f->detail);
	free(f->fault);
	cause_release(&f->cause);
	free(f->replay);
	free(f->shell);
	free(f->image);
}

void summary_release(struct summary *s)
{
	char *const texts[] = { s->dir, s->name, s->scenario, s->about,
				s->expect, s->accel, s->accel_reason, s->seed,
				s->checked_on, s->started, s->phase, s->kernel, s->qemu,
				s->libvirt, s->host, s->path, s->reason,
				s->guests, s->equality, s->filesystem };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
	for (size_t i = 0; i < s->n_findings; i++)
		finding_release(&s->findings[i]);
	free(s->findings);
	free(s->legal);
	store_close(s->store);
	*s = (struct summary)SUMMARY_INIT;
}

char *summary_excuse(const struct summary *s, const struct finding *f)
{
	if (f->verdict != VERDICT_LOSES)
		return NULL;
	return xasprintf("within the documented window of %g s: the oldest "
			 "lost ack was %.3f s old",
			 (double)s->window_ns / 1e9, (double)f->lost_ns / 1e9);
}

uint64_t summary_equal_reads(const struct summary *s)
{
	return s->totals.states_equal_unread +
	       s->totals.states_equal_recovered;
}

uint64_t summary_left_out(const struct summary *s)
{
	const struct store_totals *t = &s->totals;
	uint64_t accounted = t->states_checked + t->states_equal +
			     summary_equal_reads(s);

	return t->states_enumerated > accounted ?
		       t->states_enumerated - accounted : 0;
}

void summary_coverage(const struct summary *s, struct buf *b)
{
	const struct store_totals *t = &s->totals;

	buf_printf(b, "every legal state at %" PRIu64 " of %" PRIu64 " cuts",
		   t->cuts_complete, t->cuts);
	if (t->losses < 0 || !t->cuts)
		return;
	buf_puts(b, "; at all cuts every state that loses ");
	if (!t->losses)
		buf_puts(b, "no write");
	else
		buf_printf(b, "at most %" PRId64 " whole write%s", t->losses,
			   t->losses == 1 ? "" : "s");
}
