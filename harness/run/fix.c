#include "run/fix.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"

const char *fix_verdict_name(enum fix_verdict v)
{
	static const char *const names[] = {
		[FIX_CURED] = "cured",	 [FIX_OTHER] = "other",
		[FIX_FAILED] = "failed", [FIX_UNUSED] = "unused",
		[FIX_UNKNOWN] = "unknown",
	};

	return names[v];
}

const char *fix_by_name(enum fix_by by)
{
	static const char *const names[] = {
		[FIX_BY_TRACER] = "tracer",
		[FIX_BY_DRIVE] = "drive",
		[FIX_BY_MOUNT] = "mount",
		[FIX_BY_VARIANT] = "variant",
	};

	return names[by];
}

void fix_result_release(struct fix_result *r)
{
	free(r->message);
	free(r->run);
	*r = (struct fix_result){ .verdict = FIX_UNKNOWN };
}

/* ---- what the other run says ---- */

static uint64_t run_time(const char *dir)
{
	CLEANUP_FREE char *text = store_get_of(dir, "record_ns");

	return text ? strtoull(text, NULL, 10) : 0;
}

static void count_in(const char *trace, struct fix_seen *seen)
{
	struct calls *calls;
	int err = calls_load(trace, &calls, NULL);

	if (err) { /* most that is in the folder has none */
		seen->unseen |= err != -ENOENT && err != -ENOTDIR;
		return;
	}
	for (size_t i = 0; i < calls->n; i++) {
		const struct call *c = &calls->calls[i];

		seen->added += c->injected && c->exit_ns && c->result >= 0;
		seen->missed += c->injected && c->exit_ns && c->result < 0;
	}
	seen->unseen |= calls->lost != 0;
	calls_free(calls);
}

/* The calls that the tracer made for the program, and those it could not make: in
 * the recording, the live cuts and the recoveries. */
static void count_added(const char *dir, struct fix_seen *seen)
{
	DIR *folder = opendir(dir);
	struct dirent *entry;

	if (!folder) {
		seen->unseen = 1;
		return;
	}
	while ((entry = readdir(folder))) {
		CLEANUP_FREE char *trace =
			xasprintf("%s/%s/trace.bin", dir, entry->d_name);

		count_in(trace, seen);
	}
	closedir(folder);
}

struct looking {
	enum stage stage;
	const char *pattern;
	int same;
	char *message; /* of that finding, or else of the first */
};

static int look(const struct store_finding *f, void *arg)
{
	struct looking *l = arg;
	int same = f->stage == l->stage && !strcmp(f->pattern, l->pattern);

	if (f->verdict != VERDICT_VIOLATED && f->verdict != VERDICT_LOSES)
		return 0;
	if (!l->message || (same && !l->same)) {
		free(l->message);
		l->message = xstrdup(f->message);
	}
	l->same |= same;
	return 0;
}

enum fix_verdict fix_judge(const struct fix_seen *s)
{
	if (!s->added && !s->changed)
		return s->missed || s->unseen ? FIX_UNKNOWN : FIX_UNUSED;
	if (s->same)
		return s->missed ? FIX_UNKNOWN : FIX_FAILED;
	if (s->other)
		return FIX_OTHER;
	return s->held ? FIX_CURED : FIX_UNKNOWN;
}

/* Why it is not known, unless the run itself says so (NULL). */
static char *why_unknown(const struct fix_seen *s)
{
	if (s->missed)
		return xasprintf("%" PRIu64 " of the calls could not be added",
				 s->missed);
	if (s->unseen && !s->added && !s->changed)
		return xstrdup("the trace is not whole: it is not known whether "
			       "a call was added");
	return NULL;
}

static void conclude(const char *dir, const struct run_outcome *o,
		     struct fix_seen *seen, struct looking *l,
		     struct fix_result *ret)
{
	CLEANUP_FREE char *path = xasprintf("%s/results.sqlite", dir);
	struct store_totals totals;
	struct store *store;

	ret->verdict = FIX_UNKNOWN;
	if (store_open(path, &store, NULL))
		return;
	store_findings(store, look, l, NULL);
	if (store_totals(store, &totals, NULL) == 0) {
		ret->states = totals.held + totals.violated + totals.unknown +
			      totals.loses;
		ret->cuts = totals.cuts;
	}
	seen->same = l->same;
	seen->other = l->message != NULL;
	seen->held = o->verdict == VERDICT_HELD;
	ret->verdict = fix_judge(seen);
	if (ret->verdict == FIX_UNKNOWN)
		ret->message = why_unknown(seen);
	if (!ret->message)
		ret->message =
			l->message ? TAKE(l->message) :
			ret->verdict == FIX_UNKNOWN ?
				     store_get(store, "reason") : NULL;
	store_close(store);
}

/* ---- the run ---- */

/* What is recorded instead of the scenario; all in it is borrowed. */
static int changed(const struct scenario *s, const struct fix *f,
		   struct scenario *ret, struct error *e)
{
	CLEANUP_BUF struct buf notes = BUF_INIT; /* told with the fix */

	if (f->by == FIX_BY_VARIANT)
		return fix_variant(s, f->variant, ret, &notes, e);
	*ret = *s;
	if (f->by == FIX_BY_DRIVE)
		ret->drive.cache = f->drive;
	if (f->by == FIX_BY_MOUNT)
		ret->filesystem.mount = f->mount;
	return 0;
}

static int run_with(struct engine *en, const char *runs,
		    const struct scenario *s, const struct fix *fix,
		    const struct looking *l, struct run_outcome *o,
		    struct error *e)
{
	const char *before = en->runs;
	struct scenario with;
	int err = changed(s, fix, &with, e);

	if (err)
		return err;
	en->runs = runs;
	en->cures = fix->cures;
	en->n_cures = fix->n_cures;
	en->stop_pattern = l->pattern;
	en->stop_stage = l->stage;
	err = run_scenario(en, &with, o, e);
	en->runs = before;
	en->cures = NULL;
	en->n_cures = 0;
	en->stop_pattern = NULL;
	return err;
}

int run_fix(struct engine *en, const char *dir, const struct scenario *s,
	    const struct fix *fix, enum stage stage, const char *message,
	    struct fix_result *ret, struct error *e)
{
	CLEANUP_FREE char *runs = xasprintf("%s/fix", dir);
	CLEANUP_FREE char *pattern = store_pattern(message ? message : "");
	struct looking l = { .stage = stage, .pattern = pattern };
	struct fix_seen seen = { .changed = fix->by != FIX_BY_TRACER };
	struct run_outcome o = { 0 };
	struct error why = { 0 };
	int err = mkdir_p(runs, e);

	*ret = (struct fix_result){ .verdict = FIX_UNKNOWN,
				    .run_before_ns = run_time(dir) };
	if (err)
		return err;
	err = run_with(en, runs, s, fix, &l, &o, &why);
	if (!err && o.interrupted)
		err = -ECANCELED;
	if (o.dir) {
		ret->run = xstrdup(o.dir);
		count_added(o.dir, &seen);
		ret->added = seen.added;
		ret->missed = seen.missed;
		ret->run_ns = run_time(o.dir);
	}
	if (!err)
		conclude(o.dir, &o, &seen, &l, ret);
	else if (err != -ECANCELED)
		ret->message = xstrdup(why.message);
	if (!ret->message)
		ret->message = xstrdup("");
	free(l.message);
	run_outcome_release(&o);
	if (err == -ECANCELED)
		*e = why;
	return err == -ECANCELED ? err : 0;
}
