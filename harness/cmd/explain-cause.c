#include "cmd/explain-cause.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "record/workload.h"
#include "results/report/report.h"

/* ---- what the check said ---- */

struct looking {
	const struct target *target;
	const char *state;
	char *message;
};

static int look(const struct store_state *st, void *arg)
{
	struct looking *l = arg;
	CLEANUP_FREE char *name = xasprintf("%s:%s", st->cut, st->survivors);

	if (strcmp(st->source, l->target->source) || strcmp(name, l->state))
		return 0;
	l->message = st->message ? xstrdup(st->message) : NULL;
	return 1;
}

/* NULL: the run did not judge that state, or it held. */
static char *stored_message(const struct target *t, const char *state)
{
	CLEANUP_FREE char *path = xasprintf("%s/results.sqlite", t->dir);
	struct looking l = { t, state, NULL };
	struct store *store;

	if (store_open(path, &store, NULL))
		return NULL;
	store_bad_states(store, INT64_MAX, look, &l, NULL);
	store_close(store);
	return l.message;
}

int explained_find(const struct home *home, const struct target *t,
		   const struct scenario *s, const struct recorded *recorded,
		   const char *state, const char *message,
		   struct explained *ret, struct error *e)
{
	CLEANUP_FREE char *stored = message ? NULL : stored_message(t, state);
	struct state parsed;
	int err = space_state(recorded->space, state, &parsed, e);

	if (err)
		return err;
	*ret = (struct explained){ .stack = NULL };
	if (workload_build(home, s->folder, &ret->workload, NULL))
		ret->workload = (struct workload){ 0 };
	told_open(t->dir, t->source, recorded, s, &ret->workload, &ret->told);
	err = told_cause(&ret->told, state, message ? message : stored,
			 &ret->cause, e);
	if (!err) {
		path_find(&ret->told.journey, &ret->cause,
			  parsed.cut.position, &ret->path);
		ret->stack = told_stack(&ret->told, &ret->cause);
	}
	state_free(&parsed);
	if (err)
		explained_release(ret);
	return err;
}

void explained_release(struct explained *x)
{
	path_release(&x->path);
	free(x->stack);
	cause_release(&x->cause);
	told_release(&x->told);
	workload_release(&x->workload);
	*x = (struct explained){ .stack = NULL };
}

/* ---- as text ---- */

static void row(struct buf *b, const char *label, const char *text)
{
	CLEANUP_FREE char *clean = report_clean(text);

	buf_printf(b, "  %-9s %s\n", label, clean);
}

static void stack_text(const char *stack, struct buf *b)
{
	CLEANUP_FREE char *lines = xstrdup(stack);
	const char *label = "stack";
	char *save, *line;

	for (line = strtok_r(lines, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		row(b, label, line);
		label = "";
	}
}

static const char *lane(unsigned layer)
{
	return layer == 0 ? "cut" :
	       layer == 7 ? "media" :
			    layer_words(layer);
}

static void path_text(const struct path *p, struct buf *b)
{
	uint64_t start = p->n ? p->steps[0].time_ns : 0;

	if (!p->n)
		return;
	buf_puts(b, "  journey\n");
	for (size_t i = 0; i < p->n; i++) {
		const struct path_step *s = &p->steps[i];
		CLEANUP_FREE char *clean = report_clean(s->text);

		buf_printf(b, "    %+12.6f s  %-23s %s\n",
			   (double)(int64_t)(s->time_ns - start) / 1e9,
			   lane(s->layer), clean);
	}
}

void explained_text(const struct explained *x, struct buf *ret)
{
	const struct cause *c = &x->cause;

	row(ret, "cause", c->sentence);
	if (c->layer) {
		CLEANUP_FREE char *layer = xasprintf(
			"%u, %s", c->layer, layer_words(c->layer));

		row(ret, "layer", layer);
	}
	if (*c->missing)
		row(ret, "missing", c->missing);
	if (c->doubt)
		row(ret, "doubt", c->doubt);
	if (x->stack)
		stack_text(x->stack, ret);
	path_text(&x->path, ret);
}

/* ---- as JSON ---- */

static json_t *json_lines(const char *text)
{
	CLEANUP_FREE char *lines = xstrdup(text ? text : "");
	json_t *list = json_array();
	char *save, *line;

	for (line = strtok_r(lines, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		json_array_append_new(list, json_string(line));
	return list;
}

static json_t *json_path(const struct path *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->n; i++) {
		const struct path_step *s = &p->steps[i];
		CLEANUP_FREE char *clean = report_clean(s->text);

		json_array_append_new(
			list, json_pack("{s:I, s:s, s:s}", "time_ns",
					(json_int_t)s->time_ns, "layer",
					lane(s->layer), "text", clean));
	}
	return list;
}

static void add_accused(const struct cause *c, json_t *object)
{
	const struct operation *o = c->accused;
	int bytes = (o->kind == OPERATION_WRITE ||
		     o->kind == OPERATION_STORE) &&
		    o->offset != CALL_NOWHERE;
	CLEANUP_FREE char *file = report_clean(o->path ? o->path : "");
	CLEANUP_FREE char *program = report_clean(o->call->program);

	json_object_set_new(object, "file", json_string(file));
	if (bytes) {
		json_object_set_new(object, "offset",
				    json_integer((json_int_t)o->offset));
		json_object_set_new(object, "length",
				    json_integer((json_int_t)o->length));
	}
	json_object_set_new(object, "call",
			    json_integer((json_int_t)o->call->number));
	json_object_set_new(object, "operation",
			    json_string(o->call->name ? o->call->name : ""));
	json_object_set_new(object, "program", json_string(program));
	json_object_set_new(object, "thread", json_integer(o->call->tid));
}

json_t *explained_json(const struct explained *x)
{
	const struct cause *c = &x->cause;
	CLEANUP_FREE char *sentence = report_clean(c->sentence);
	CLEANUP_FREE char *missing = report_clean(c->missing);
	json_t *object = json_pack(
		"{s:i, s:s, s:s, s:s, s:s?, s:o, s:o}", "layer",
		(int)c->layer, "layer_name", layer_words(c->layer), "sentence",
		sentence, "missing", missing, "doubt", c->doubt, "stack",
		json_lines(x->stack), "journey", json_path(&x->path));

	json_object_set_new(object, "cut_ns",
			    json_integer((json_int_t)c->cut_ns));
	if (c->accused)
		add_accused(c, object);
	if (c->promise) {
		CLEANUP_FREE char *text = report_clean(c->promise->mark->text);

		json_object_set_new(object, "promise", json_string(text));
		json_object_set_new(object, "promise_mark", json_integer(
			(json_int_t)c->promise->mark->number));
	}
	return object;
}
