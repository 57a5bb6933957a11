/* A state by its name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "states/faults.h"

int cursor_state(struct cursor *c, const struct cut *cut,
		 const char *survivors, struct state *ret, struct error *e)
{
	CLEANUP_FREE uint32_t *pick = NULL;
	const char *fault_text;
	CLEANUP_FREE char *base = fault_split(survivors, &fault_text);
	struct state state = { 0 };
	struct fault_at fault;
	struct view *v;
	int err = view_at(c, cut->position, &v, e);

	if (!err)
		err = pick_parse(v, base, &pick, e);
	if (!err && v->line)
		err = line_check(v, pick, e);
	if (!err && fault_text)
		err = fault_parse(c->space, fault_text, &fault, e);
	if (err)
		return err;
	pick_state(v, cut, pick, &state);
	if (fault_text)
		err = fault_apply(v, pick, &fault, &state, e);
	if (err)
		state_free(&state);
	else
		*ret = state;
	return err;
}

int space_state(struct state_space *s, const char *name, struct state *ret,
		struct error *e)
{
	const char *colon = strchr(name, ':');
	CLEANUP_FREE char *cut_name = NULL;
	struct cut cut;
	int err;

	if (!colon)
		return error_set(e, EINVAL, "'%s' is not a state: expected "
				 "CUT:SURVIVORS, such as w120:all-118", name);
	cut_name = xasprintf("%.*s", (int)(colon - name), name);
	err = cut_parse(s->h, cut_name, &cut, e);
	return err ? err : cursor_state(s->own, &cut, colon + 1, ret, e);
}

void state_copy(const struct state *from, struct state *ret)
{
	size_t size = from->n_differs * sizeof(*from->differs);

	*ret = *from;
	ret->survivors = xstrdup(from->survivors);
	ret->differs = xmalloc(size);
	if (size)
		memcpy(ret->differs, from->differs, size);
}

void state_free(struct state *s)
{
	if (!s)
		return;
	free(s->survivors);
	free(s->differs);
	*s = (struct state){ 0 };
}
