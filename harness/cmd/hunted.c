#include "cmd/hunted.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cmd/minimal.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "results/report/report.h"

/* The state to replay: the minimal one, unless it does not show the finding
 * every time. Caller frees; NULL: nothing was found. */
static char *state_to_replay(const struct hunt_result *r)
{
	if (!r->state)
		return NULL;
	return minimal_name(r->source, r->minimal.stable ? r->minimal.state :
							   r->state);
}

/* ---- as text ---- */

/* What is not as expected stands out: in capitals. */
static void headline(const struct scenario *s, const struct hunt_result *r,
		     struct buf *b)
{
	buf_printf(b, "%s: ", s->name);
	if (r->as_expected)
		buf_printf(b, "%s, as expected\n", verdict_name(r->verdict));
	for (const char *p = verdict_name(r->verdict); *p && !r->as_expected;
	     p++)
		buf_printf(b, "%c", toupper((unsigned char)*p));
	if (!r->as_expected)
		buf_printf(b, ", expected %s\n", expect_name(s->expect));
	buf_puts(b, "\n");
}

static void count(struct buf *b, uint64_t n, const char *what)
{
	if (n)
		buf_printf(b, ", %" PRIu64 " %s", n, what);
}

static void coverage(const struct hunt_result *r, struct buf *b)
{
	const struct hunt_rounds *n = &r->rounds;

	buf_printf(b, "  rounds      %" PRIu64, n->all);
	count(b, n->held, "held");
	count(b, n->vacuous, "vacuous");
	count(b, n->unknown, "unknown");
	count(b, n->failed, "failed");
	count(b, n->unfinished, "not finished");
	buf_printf(b, "\n  states      %" PRIu64 " judged at %" PRIu64 " cuts, "
		   "%s violated\n  time        %.1f s\n", r->states, r->cuts,
		   r->state ? "the last one" : "none", r->seconds);
}

static void put_limit(struct buf *b, const char *what, uint64_t n,
		      uint64_t unit, const char *unit_name,
		      const char *no_limit)
{
	if (n == UINT64_MAX)
		buf_printf(b, ", %s %s", what, no_limit);
	else if (n % unit)
		buf_printf(b, ", %s %" PRIu64, what, n);
	else
		buf_printf(b, ", %s %" PRIu64 "%s", what, n / unit, unit_name);
}

static void drive(const struct cache_model *m, struct buf *b)
{
	buf_printf(b, "  drive       tear %" PRIu32 ", order %s", m->tear,
		   m->order == ORDER_FIFO ? "fifo" : "any");
	put_limit(b, "capacity", m->capacity, 1024, "KiB", "unlimited");
	put_limit(b, "destage", m->destage_ns, 1000000, "ms", "never");
	buf_puts(b, "\n");
}

static void place(const struct hunt_result *r, struct buf *b)
{
	CLEANUP_FREE char *run = r->run ? report_name(r->run) : NULL;

	if (!run)
		return;
	buf_printf(b, "  run         %s\n  seed        %" PRIu64 "\n", run,
		   r->seed);
	drive(&r->cache, b);
}

static void finding(const struct hunt_result *r, struct buf *b)
{
	CLEANUP_FREE char *message = report_clean(r->message);
	CLEANUP_FREE char *state = minimal_name(r->source, r->state);
	CLEANUP_FREE char *minimal =
		r->minimal.state ? minimal_name(r->source, r->minimal.state) :
				   NULL;
	CLEANUP_FREE char *replay = state_to_replay(r);
	CLEANUP_FREE char *check = report_command(r->run, "check", replay);
	CLEANUP_FREE char *why = r->trouble ? report_clean(r->trouble) : NULL;

	buf_printf(b, "\n%s: %s\n  lost in     %s\n  found as    %s (%" PRIu64
		   " lost write%s)\n", stage_name(r->stage), message, r->layer,
		   state, r->lost, r->lost == 1 ? "" : "s");
	if (minimal)
		minimal_text(&r->minimal, minimal, b);
	if (why)
		buf_printf(b, "  minimising  ended early: %s\n", why);
	buf_printf(b, "\nreplay it:\n  %s\n", check);
}

void hunted_text(const struct scenario *s, const char *path,
		 const struct hunt_result *r)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	CLEANUP_FREE char *reason = r->reason ? report_clean(r->reason) : NULL;

	headline(s, r, &b);
	if (reason)
		buf_printf(&b, "  why         %s\n", reason);
	coverage(r, &b);
	place(r, &b);
	if (r->state)
		finding(r, &b);
	else
		buf_printf(&b, "\ngo on with:\n  powercut hunt --seed %" PRIu64
			   " %s\n", r->next_seed, path);
	fputs(buf_text(&b), stdout);
}

/* ---- as JSON ---- */

static json_t *text(const char *value)
{
	CLEANUP_FREE char *safe = value ? report_clean(value) : NULL;

	return safe ? json_string(safe) : json_null();
}

/* All 64 bits of it, as run --json says it. */
static json_t *seed(uint64_t n)
{
	CLEANUP_FREE char *digits = xasprintf("%" PRIu64, n);

	return json_string(digits);
}

static json_t *limit(uint64_t n)
{
	return n == UINT64_MAX ? json_null() : json_integer((json_int_t)n);
}

static json_t *verdict(const struct scenario *s, const struct hunt_result *r)
{
	const struct hunt_rounds *n = &r->rounds;

	return json_pack("{s:o, s:s, s:s, s:b, s:o, s:b, s:I, s:I, s:I, s:I, "
			 "s:I, s:I, s:I, s:I, s:I, s:f, s:o}",
			 "scenario", text(s->name), "verdict",
			 verdict_name(r->verdict), "expect", expect_name(s->expect),
			 "as_expected", r->as_expected, "reason",
			 text(r->reason), "interrupted", r->interrupted,
			 "rounds", (json_int_t)n->all, "rounds_held",
			 (json_int_t)n->held, "rounds_loses",
			 (json_int_t)n->loses, "rounds_vacuous",
			 (json_int_t)n->vacuous, "rounds_unknown",
			 (json_int_t)n->unknown, "rounds_failed",
			 (json_int_t)n->failed, "rounds_unfinished",
			 (json_int_t)n->unfinished, "cuts",
			 (json_int_t)r->cuts, "states_checked",
			 (json_int_t)r->states, "seconds", r->seconds,
			 "next_seed", seed(r->next_seed));
}

static void put_run(json_t *object, const struct hunt_result *r)
{
	const struct cache_model *m = &r->cache;

	json_object_set_new(object, "run", text(r->run));
	if (!r->run) {
		json_object_set_new(object, "seed", json_null());
		json_object_set_new(object, "drive", json_null());
		return;
	}
	json_object_set_new(object, "seed", seed(r->seed));
	json_object_set_new(
		object, "drive",
		json_pack("{s:I, s:s, s:o, s:o}", "tear", (json_int_t)m->tear,
			  "order", m->order == ORDER_FIFO ? "fifo" : "any",
			  "capacity", limit(m->capacity), "destage_ns",
			  limit(m->destage_ns)));
}

static void put_finding(json_t *object, const struct hunt_result *r)
{
	CLEANUP_FREE char *found =
		r->state ? minimal_name(r->source, r->state) : NULL;
	CLEANUP_FREE char *minimal =
		r->minimal.state ? minimal_name(r->source, r->minimal.state) :
				   NULL;
	CLEANUP_FREE char *replay = state_to_replay(r);
	CLEANUP_FREE char *check =
		replay ? report_command(r->run, "check", replay) : NULL;

	json_object_set_new(object, "stage",
			    r->state ? json_string(stage_name(r->stage)) :
				       json_null());
	json_object_set_new(object, "message", text(r->message));
	json_object_set_new(object, "layer", text(r->layer));
	json_object_set_new(object, "state", text(found));
	json_object_set_new(object, "lost",
			    r->state ? json_integer((json_int_t)r->lost) :
				       json_null());
	minimal_json(&r->minimal, minimal, object);
	json_object_set_new(object, "trouble", text(r->trouble));
	json_object_set_new(object, "command", text(check));
}

void hunted_json(const struct scenario *s, const struct hunt_result *r)
{
	json_t *object = verdict(s, r);

	put_run(object, r);
	put_finding(object, r);
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}
