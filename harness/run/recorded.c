#include "run/run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
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

	r.units = units_path ? xstrdup(units_path) :
			       xasprintf("%s/units.dat", folder);
	r.unpacked = xasprintf("%s.log", r.units);
	err = imported_read(folder, &r.imported, e);
	if (!err)
		err = record_log(folder, r.unpacked, &r.log, e);
	if (!err)
		err = record_history(folder, r.log, &r.history, e);
	if (!err)
		err = space_create(r.history, r.base, r.units,
				   s->drive.cache.tear, &r.space, e);
	free(folder);
	if (err)
		recorded_release(&r);
	else
		*ret = r;
	return err;
}

void recorded_release(struct recorded *r)
{
	space_free(r->space);
	history_free(r->history);
	free(r->base);
	free(r->log);
	free(r->units);
	if (r->unpacked)
		unlink(r->unpacked);
	free(r->unpacked);
	*r = (struct recorded){ 0 };
}
