#include "run/journeys.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "journey/symbols.h"
#include "journey/timeline.h"
#include "run/rundir.h"
#include "run/steps.h"

static int read_base(void *arg, uint64_t offset, void *data, size_t len)
{
	const struct told *t = arg;

	return state_read(t->recorded->space, &t->base, offset, data, len,
			  NULL);
}

/* A recording that began with an image has no BASE: its disk is that at ARM. */
static int find_base(struct told *t)
{
	const struct history *h = t->recorded->history;
	CLEANUP_FREE char *name = xasprintf(
		"p%" PRIu64 ":all", h->base != POSITION_NEVER ? h->base :
								h->arm);

	return space_state(t->recorded->space, name, &t->base, NULL);
}

static int load_traces(struct told *t, const char *dir, const char *source,
		       struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s/trace.bin", dir, source);
	int err;

	if (t->recorded->imported != IMPORTED_NOT || access(path, F_OK))
		return error_set(e, ENODATA, "the recording was made "
				 "elsewhere: it has the drive's commands only");
	err = calls_load(path, &t->calls, e);
	return err ? err : layers_load(path, &t->layers, e);
}

void told_open(const char *dir, const char *source,
	       const struct recorded *recorded, const struct scenario *s,
	       const struct workload *w, struct told *ret)
{
	struct journey_input in = {
		.history = recorded->history,
		.space = recorded->space,
		.model = &s->drive.cache,
		.filesystem = s->filesystem.type,
		.mount_options = s->filesystem.mount,
	};
	struct error e = { 0 };
	int err;

	*ret = (struct told){ .recorded = recorded, .workload = w };
	err = load_traces(ret, dir, source, &e);
	if (!err) {
		ret->has_base = !find_base(ret);
		in.calls = ret->calls;
		in.layers = ret->layers;
		in.base = ret->has_base ? read_base : NULL;
		in.base_arg = ret;
		err = journey_make(&in, &ret->journey, &e);
	}
	ret->made = !err;
	if (err)
		ret->why = xstrdup(e.message);
}

void told_release(struct told *t)
{
	if (t->made)
		journey_release(&t->journey);
	if (t->has_base)
		state_free(&t->base);
	calls_free(t->calls);
	layers_free(t->layers);
	free(t->why);
	*t = (struct told){ .made = 0 };
}

int told_cause(const struct told *t, const char *state, const char *message,
	       struct cause *ret, struct error *e)
{
	const struct cause_question q = { .journey = &t->journey,
					  .state = state,
					  .message = message };

	if (t->made)
		return cause_find(&q, ret, e);
	cause_unknown(t->why, ret);
	return 0;
}

/* ---- stacks ---- */

static const char *find_program(void *arg, const char *object)
{
	const struct workload *w = arg;
	const char *slash = strrchr(object, '/');
	const char *name = slash ? slash + 1 : object;

	for (size_t i = 0; w && i < w->n_programs; i++)
		if (!strcmp(w->programs[i].name, name))
			return w->programs[i].symbols ?
				       w->programs[i].symbols :
				       w->programs[i].path;
	return NULL;
}

char *told_stack(const struct told *t, const struct cause *c)
{
	struct buf stack = BUF_INIT;

	if (c->accused)
		symbols_stack(c->accused->call, find_program,
			      (void *)t->workload, &stack);
	return buf_take(&stack);
}

/* ---- the store ---- */

static char *operation_name(const struct operation *o)
{
	const struct call *c = o->call;
	const char *name = c->name ? c->name : call_kind_name(c->kind);

	if (o->kind == OPERATION_STORE)
		return xasprintf("store of %" PRIu64 " bytes at %" PRIu64,
				 o->length, o->offset);
	if (o->kind == OPERATION_WRITE && o->offset != CALL_NOWHERE)
		return xasprintf("%s of %" PRIu64 " bytes at %" PRIu64, name,
				 o->length, o->offset);
	return xstrdup(name);
}

static void fill_accused(const struct operation *o, struct store_cause *row)
{
	int bytes = (o->kind == OPERATION_WRITE ||
		     o->kind == OPERATION_STORE) &&
		    o->offset != CALL_NOWHERE;

	row->file = o->path;
	row->offset = bytes ? o->offset : 0;
	row->length = bytes ? o->length : 0;
	row->call = o->call->number;
	row->program = o->call->program;
	row->thread = o->call->tid;
}

int told_store_cause(const struct told *t, struct store *store,
		     const char *source, const char *state,
		     const struct cause *c, struct error *e)
{
	CLEANUP_FREE char *stack = told_stack(t, c);
	CLEANUP_FREE char *operation = c->accused ?
					       operation_name(c->accused) :
					       NULL;
	struct store_cause row = {
		.source = source,
		.state = state,
		.layer = c->layer,
		.sentence = c->sentence,
		.missing = c->missing,
		.operation = operation,
		.stack = stack,
		.doubt = c->doubt,
		.cut_ns = c->cut_ns,
	};

	if (c->accused)
		fill_accused(c->accused, &row);
	if (c->promise) {
		row.promise = c->promise->mark->text;
		row.promise_mark = c->promise->mark->number;
	}
	return store_add_cause(store, &row, e);
}

/* ---- a run ---- */

/* A finding's smallest state. */
struct asked {
	char *source, *state, *message;
};

struct asking {
	struct run *run;
	struct asked *asked;
	size_t n;
};

static int note_finding(const struct store_finding *f, void *arg)
{
	struct asking *a = arg;
	struct asked one = { .message = xstrdup(f->message) };

	rundir_split_state(f->state, &one.source, &one.state);
	a->asked = xrealloc(a->asked, (a->n + 1) * sizeof(*a->asked));
	a->asked[a->n++] = one;
	return 0;
}

static int was_asked(const struct asking *a, const char *source)
{
	for (size_t i = 0; i < a->n; i++)
		if (!strcmp(a->asked[i].source, source))
			return 1;
	return 0;
}

static int explain_all(struct asking *a, const char *source,
		       const struct told *t, struct error *e)
{
	int err = 0;

	for (size_t i = 0; i < a->n && !err; i++) {
		const struct asked *q = &a->asked[i];
		struct cause c;

		if (strcmp(q->source, source))
			continue;
		err = told_cause(t, q->state, q->message, &c, e);
		if (err)
			return err;
		err = told_store_cause(t, a->run->store, source, q->state, &c,
				       e);
		cause_release(&c);
	}
	return err;
}

/* A recording that cannot be read, as when it was interrupted, explains nothing;
 * that is no failure of the run. */
static int explain_nothing(struct asking *a, const char *source,
			   const char *why, struct error *e)
{
	struct told t = { .why = xstrdup(why) };
	int err = explain_all(a, source, &t, e);

	told_release(&t);
	return err;
}

static int explain_source(struct asking *a, const char *source,
			  struct error *e)
{
	struct run *r = a->run;
	CLEANUP_FREE char *units = xasprintf("%s/%s/units.explain", r->dir,
					     source);
	struct recorded recorded = { 0 };
	struct error why = { 0 };
	struct told t;
	int err = recorded_open(r->dir, source, r->scenario, units, &recorded,
				&why);

	if (err) {
		unlink(units);
		return explain_nothing(a, source, why.message, e);
	}
	told_open(r->dir, source, &recorded, r->scenario, &r->workload, &t);
	err = explain_all(a, source, &t, e);
	if (!err && t.made && !strcmp(source, "replay"))
		err = timeline_store(&t.journey, r->store, source, e);
	told_release(&t);
	recorded_release(&recorded);
	unlink(units);
	return err;
}

static void asking_release(struct asking *a)
{
	for (size_t i = 0; i < a->n; i++) {
		free(a->asked[i].source);
		free(a->asked[i].state);
		free(a->asked[i].message);
	}
	free(a->asked);
}

static int explain_others(struct asking *a, struct error *e)
{
	int err = 0;

	for (size_t i = 0; i < a->n && !err; i++) {
		size_t k = 0;

		while (strcmp(a->asked[k].source, a->asked[i].source))
			k++;
		if (k == i && strcmp(a->asked[i].source, "replay"))
			err = explain_source(a, a->asked[i].source, e);
	}
	return err;
}

/* Of the reference, where more was traced than what the join needs. */
static int has_timeline(const struct scenario *s)
{
	return s->mode != MODE_LIVE && s->guest.trace == GUEST_TRACE_FULL;
}

int run_store_causes(struct run *r, struct error *e)
{
	struct asking a = { .run = r };
	int err = store_findings(r->store, note_finding, &a, e);

	if (!err && (was_asked(&a, "replay") || has_timeline(r->scenario)))
		err = explain_source(&a, "replay", e);
	if (!err)
		err = explain_others(&a, e);
	if (!err && a.n)
		err = store_find(r->store, e);
	asking_release(&a);
	return err;
}
