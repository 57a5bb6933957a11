/* The object of `run --json`, as results/schema/run.schema.json says. */
#include "report.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "clean.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "summary.h"

/* 2^53: up to here every whole number is a double. */
#define EXACT_LOG2 53

/* A string that JSON can hold; null for none. */
static json_t *text(const char *value)
{
	CLEANUP_FREE char *safe = clean(value, MANY_LINES);

	return *safe ? json_string(safe) : json_null();
}

static json_t *legal(double log2_states)
{
	double n = exp2(log2_states);

	if (log2_states < EXACT_LOG2)
		return json_integer(llround(n));
	return isfinite(n) ? json_real(n) : json_null();
}

static json_t *count_or_null(uint64_t n)
{
	return n ? json_integer((json_int_t)n) : json_null();
}

static json_t *cause(const struct finding *f)
{
	const struct store_cause *c = &f->cause;

	if (!f->explained)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, "
			 "s:o, s:o, s:o}",
			 "layer", count_or_null(c->layer),
			 "sentence", text(c->sentence),
			 "missing", text(c->missing),
			 "file", text(c->file),
			 "offset", c->length ?
				 json_integer((json_int_t)c->offset) :
				 json_null(),
			 "length", (json_int_t)c->length,
			 "operation", text(c->operation),
			 "call", count_or_null(c->call),
			 "program", text(c->program),
			 "thread", count_or_null((uint64_t)c->thread),
			 "promise", text(c->promise),
			 "stack", text(c->stack),
			 "doubt", text(c->doubt));
}

static json_t *one_finding(const struct finding *f)
{
	return json_pack("{s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I, "
			 "s:I, s:o, s:o, s:o, s:o}",
			 "number", (json_int_t)f->number,
			 "verdict", verdict_name(f->verdict),
			 "stage", stage_name(f->stage),
			 "oldest_lost_ack_seconds",
			 f->verdict == VERDICT_LOSES ?
				 json_real((double)f->lost_ns / 1e9) :
				 json_null(),
			 "message", text(f->message),
			 "state", text(f->state),
			 "layer", text(f->layer),
			 "cause", cause(f),
			 "fault", text(f->fault),
			 "states", (json_int_t)f->states,
			 "lost", (json_int_t)f->lost,
			 "replay", text(f->replay),
			 "shell", text(f->shell),
			 "export", text(f->image),
			 "detail", text(f->detail));
}

static json_t *findings(const struct summary *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->n_findings; i++)
		json_array_append_new(list, one_finding(&s->findings[i]));
	return list;
}

static json_t *verdict(const struct summary *s)
{
	return json_pack("{s:o, s:o, s:s, s:o, s:o, s:b, s:o, s:o, s:o, s:o}",
			 "scenario", text(s->scenario),
			 "about", text(s->about),
			 "verdict", verdict_name(s->verdict),
			 "expect", text(s->expect),
			 "window_seconds",
			 s->window_ns ? json_real((double)s->window_ns / 1e9) :
					json_null(),
			 "as_expected", s->as_expected,
			 "reason", text(s->reason),
			 "run", text(s->dir),
			 "run_name", text(s->name),
			 "phase", text(s->phase));
}

static json_t *numbers(const struct summary *s)
{
	const struct store_totals *t = &s->totals;

	return json_pack("{s:I, s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
			 "s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
			 "cuts", (json_int_t)t->cuts,
			 "interesting_cuts", (json_int_t)t->interesting_cuts,
			 "states_legal", legal(t->states_legal_log2),
			 "states_legal_log2",
			 t->cuts ? json_real(t->states_legal_log2) :
				   json_null(),
			 "states_enumerated", (json_int_t)t->states_enumerated,
			 "states_checked", (json_int_t)t->states_checked,
			 "states_equal",
			 (json_int_t)(t->states_equal + summary_equal_reads(s)),
			 "states_left_out", (json_int_t)summary_left_out(s),
			 "held", (json_int_t)t->held,
			 "violated", (json_int_t)t->violated,
			 "unknown", (json_int_t)t->unknown,
			 "loses", (json_int_t)t->loses,
			 "acks", (json_int_t)t->acks,
			 "canaries", (json_int_t)s->canaries,
			 "guests_recycled", (json_int_t)s->guests_recycled,
			 "guests_drifted", (json_int_t)s->guests_drifted,
			 "states_again", (json_int_t)s->states_again,
			 "seconds",
			 s->seconds < 0 ? json_null() : json_real(s->seconds));
}

/* Cuts that fell there. */
static json_t *reach(const struct store_totals *t)
{
	return json_pack("{s:I, s:I, s:I, s:I}",
			 "between_begin_and_ack",
			 (json_int_t)t->reach[STORE_REACH_BEGIN_ACK],
			 "between_write_and_flush",
			 (json_int_t)t->reach[STORE_REACH_WRITE_FLUSH],
			 "inside_journal_commit",
			 (json_int_t)t->reach[STORE_REACH_JOURNAL],
			 "inside_recovery",
			 (json_int_t)t->reach[STORE_REACH_RECOVERY]);
}

static json_t *coverage(const struct summary *s)
{
	const struct store_totals *t = &s->totals;

	return json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:I, s:I, "
			 "s:I, s:o, s:o}",
			 "states_legal_exact",
			 s->legal ? json_string(s->legal) : json_null(),
			 "states_distinct", (json_int_t)s->distinct,
			 "states_equal_content", (json_int_t)t->states_equal,
			 "states_equal_reads",
			 (json_int_t)summary_equal_reads(s),
			 "states_equal_unread",
			 (json_int_t)t->states_equal_unread,
			 "states_equal_recovered",
			 (json_int_t)t->states_equal_recovered,
			 "equality", text(s->equality),
			 "equality_audited", (json_int_t)s->audited,
			 "equality_mismatches", (json_int_t)s->mismatches,
			 "cuts_complete", (json_int_t)t->cuts_complete,
			 "cuts_over_budget", (json_int_t)t->cuts_more,
			 "covered_losses",
			 t->cuts && t->losses >= 0 ?
				 json_integer((json_int_t)t->losses) :
				 json_null(),
			 "reach", reach(t));
}

static json_t *machine(const struct summary *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
			 "s:o}",
			 "seed", text(s->seed),
			 "filesystem", text(s->filesystem),
			 "first_failure_seconds",
			 s->first_failure_seconds < 0 ?
				 json_null() :
				 json_real(s->first_failure_seconds),
			 "started", text(s->started),
			 "accel", text(s->accel),
			 "accel_reason", text(s->accel_reason),
			 "checked_on", text(s->checked_on),
			 "kernel", text(s->kernel),
			 "qemu", text(s->qemu),
			 "libvirt", text(s->libvirt),
			 "host", text(s->host),
			 "path", text(s->path));
}

int report_json(const char *run_dir, struct buf *ret, struct error *e)
{
	CLEANUP_SUMMARY struct summary s = SUMMARY_INIT;
	CLEANUP_FREE char *line = NULL;
	json_t *object = NULL;
	int err = summary_load(run_dir, &s, e);

	if (err < 0)
		return err;
	object = verdict(&s);
	if (json_object_update_new(object, numbers(&s)) < 0 ||
	    json_object_update_new(object, coverage(&s)) < 0 ||
	    json_object_update_new(object, machine(&s)) < 0 ||
	    json_object_set_new(object, "findings", findings(&s)) < 0 ||
	    !(line = json_dumps(object, JSON_COMPACT)))
		err = error_set(e, ENOMEM, "cannot write the run as JSON");
	json_decref(object);
	if (err < 0)
		return err;
	buf_puts(ret, line);
	buf_puts(ret, "\n");
	return 0;
}
