#include "run/run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "drive/history.h"
#include "record/record.h"
#include "states/states.h"

/* Live recordings start from the disk that setup left. */
static char *base_of(const char *dir, const char *source)
{
	if (!strcmp(source, "replay"))
		return NULL;
	return xasprintf("%s/base.img", dir);
}

int recorded_open(const char *dir, const char *source,
		  const struct scenario *s, const char *units_path,
		  struct recorded *ret, struct error *e)
{
	struct recorded r = { .base = base_of(dir, source) };
	char *folder = xasprintf("%s/%s", dir, source);
	int err;

	r.log = xasprintf("%s/drive.log", folder);
	r.units = units_path ? xstrdup(units_path) :
			       xasprintf("%s/units.dat", folder);
	err = record_history(folder, &r.history, e);
	if (!err)
		err = space_create(r.history, r.base, r.units,
				   &s->drive.cache, &r.space, e);
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
	history_free(r->history);
	free(r->base);
	free(r->log);
	free(r->units);
	*r = (struct recorded){ 0 };
}
