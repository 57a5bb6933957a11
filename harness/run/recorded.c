#include "run/run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/window.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "drive/history.h"
#include "record/load.h"
#include "states/states.h"

/* Live recordings start from the disk that setup left, recoveries from the
 * crash state that is recovered. */
static char *base_of(const char *dir, const char *source)
{
	if (!strcmp(source, "replay"))
		return NULL;
	if (!strncmp(source, "nested-", 7))
		return xasprintf("%s/%s/base.img", dir, source);
	return xasprintf("%s/base.img", dir);
}

static int read_promises(const char *folder, struct recorded *r,
			 struct error *e)
{
	CLEANUP_FREE char *acks = xasprintf("%s/acks", folder);
	CLEANUP_FREE char *begun = xasprintf("%s/begun", folder);
	int err;

	r->inherits = access(acks, F_OK) == 0;
	if (!r->inherits)
		return 0;
	err = file_read(acks, &r->acks, e);
	return err ? err : file_read(begun, &r->begun, e);
}

static void promises_of(const void *arg, const struct cut *cut,
			struct buf *ret_acks, struct buf *ret_begun)
{
	const struct recorded *r = arg;

	if (!r->inherits) {
		promises_list(r->promises, cut, ret_acks, ret_begun);
		return;
	}
	buf_add(ret_acks, buf_text(&r->acks), r->acks.len);
	buf_add(ret_begun, buf_text(&r->begun), r->begun.len);
}

/* 0: a log that does not say when it began. */
static uint64_t ended_at(const struct history *h)
{
	uint64_t last = h->end ? h->times[h->end - 1] : 0, t;

	if (!h->started_ns ||
	    __builtin_add_overflow(h->started_ns, last, &t))
		return 0;
	return t;
}

struct subject recorded_subject(const struct recorded *r,
				const struct scenario *s,
				const struct workload *w)
{
	return (struct subject){ .scenario = s,
				 .workload = w,
				 .space = r->space,
				 .base = r->base,
				 .log = r->log,
				 .units = r->units,
				 .clock_ns = ended_at(r->history),
				 .promises = promises_of,
				 .promises_arg = r,
				 .window = r->window };
}

/* Who made a recording elsewhere kept no time that means anything. */
static int make_window(struct recorded *r, const struct scenario *s,
		       struct error *e)
{
	if (!s->window_ns || r->inherits)
		return 0;
	if (r->imported != IMPORTED_NOT)
		return error_set(e, EINVAL, "expect: loses needs to know when "
				 "each promise was made, and an imported log "
				 "does not say; expected held or violated");
	r->window = xcalloc(1, sizeof(*r->window));
	r->window->promises = r->promises;
	r->window->ns = s->window_ns;
	return 0;
}

int recorded_open(const char *dir, const char *source,
		  const struct scenario *s, const char *units_path,
		  struct recorded *ret, struct error *e)
{
	struct recorded r = { .base = base_of(dir, source) };
	struct cache_model model = s->drive.cache;
	char *folder = xasprintf("%s/%s", dir, source);
	int err;

	model.faults.seed = s->seed;
	r.units = units_path ? xstrdup(units_path) :
			       xasprintf("%s/units.dat", folder);
	r.unpacked = xasprintf("%s.log", r.units);
	err = imported_read(folder, &r.imported, e);
	if (!err)
		err = record_log(folder, r.unpacked, &r.log, e);
	if (!err)
		err = record_history(folder, r.log, &r.history, e);
	if (!err)
		err = read_promises(folder, &r, e);
	if (!err)
		r.promises = promises_new(r.history);
	if (!err)
		err = make_window(&r, s, e);
	if (!err)
		err = space_create(r.history, r.base, r.units,
				   &model, &r.space, e);
	free(folder);
	if (err)
		recorded_release(&r);
	else
		*ret = r;
	return err;
}

int recorded_base(const struct recorded *r, struct state *ret,
		  struct error *e)
{
	CLEANUP_FREE char *name =
		xasprintf("p%" PRIu64 ":all", r->history->base);

	return space_state(r->space, name, ret, e);
}

int recorded_export_base(const struct recorded *r, const char *path,
			 struct error *e)
{
	struct state state;
	int err = recorded_base(r, &state, e);

	if (err)
		return err;
	err = state_export(r->space, &state, path, e);
	state_free(&state);
	return err;
}

void recorded_release(struct recorded *r)
{
	space_free(r->space);
	free(r->window);
	promises_free(r->promises);
	history_free(r->history);
	free(r->base);
	free(r->log);
	free(r->units);
	buf_free(&r->acks);
	buf_free(&r->begun);
	if (r->unpacked)
		unlink(r->unpacked);
	free(r->unpacked);
	*r = (struct recorded){ 0 };
}
