#include "cmd/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "run/rundir.h"

static int find_source(const struct target *t, struct error *e)
{
	CLEANUP_FREE char *folder = xasprintf("%s/%s", t->dir, t->source);

	if (access(folder, F_OK) == 0)
		return 0;
	return error_set(e, ENOENT, "the run %s has no recording '%s'", t->dir,
			 t->source);
}

int target_find_state(const struct session *s, const char *text,
		      struct target *ret, struct error *e)
{
	CLEANUP_FREE char *run = NULL;
	int err = rundir_split(text, &run, &ret->source, &ret->state, e);

	if (!err)
		err = rundir_find(s->runs, run, &ret->dir, e);
	return err ? err : find_source(ret, e);
}

int target_find(const struct session *s, const char *text, struct target *ret,
		struct error *e)
{
	if (strchr(text, '@'))
		return target_find_state(s, text, ret, e);
	return rundir_find(s->runs, text, &ret->dir, e);
}

void target_release(struct target *t)
{
	free(t->dir);
	free(t->source);
	free(t->state);
	*t = (struct target){ 0 };
}
